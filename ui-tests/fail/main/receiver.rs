// `self` is for methods, as the compiler says itself.
#[seastar::main]
async fn main(self) {}
