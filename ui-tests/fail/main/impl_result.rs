// `impl Trait` hides how the program ends.
#[seastar::main]
async fn main() -> Result<impl Sized, std::fmt::Error> {
    Ok(())
}
