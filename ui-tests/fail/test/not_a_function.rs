// A module is no test.
#[seastar::test]
mod tests {}

fn main() {}
