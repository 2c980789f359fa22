// Nobody passes a value to a test.
#[seastar::test]
async fn adds(one: u8, two: u8) {
    assert_eq!(one + one, two);
}

fn main() {}
