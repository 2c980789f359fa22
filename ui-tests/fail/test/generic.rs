// Nobody could say what `T` is, or keep a promise to an unsafe test.
#[seastar::test]
async unsafe fn adds<T>() {}

fn main() {}
