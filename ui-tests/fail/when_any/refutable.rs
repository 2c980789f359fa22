// A pattern that may not fit leaves open what happens then.
async fn f() -> u8 {
    seastar::when_any! { Some(n) = async { Some(1) } => n }
}

fn main() {}
