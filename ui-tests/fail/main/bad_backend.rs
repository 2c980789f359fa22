// A name that is nearly right.
#[seastar::main(reactor_backend = "iouring")]
async fn main() {}
