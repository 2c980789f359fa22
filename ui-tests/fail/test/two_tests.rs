// It would run twice, once without a runtime.
#[seastar::test]
#[test]
async fn adds() {}

fn main() {}
