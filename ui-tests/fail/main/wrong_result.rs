// The compiler sees the body as it was written.
#[seastar::main]
async fn main() -> Result<(), std::fmt::Error> {
    42
}
