// The program starts at `main` and nowhere else.
#[seastar::main]
async fn server() {}
