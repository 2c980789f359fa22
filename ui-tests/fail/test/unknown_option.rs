// The options are those of `#[seastar::main]`.
#[seastar::test(shrads = 2)]
async fn adds() {}

fn main() {}
