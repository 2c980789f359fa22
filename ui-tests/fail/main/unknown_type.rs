// The compiler says it once, although the types stand in the expansion twice.
#[seastar::main]
async fn main(args: Argz) -> Rezult {
    drop(args);
}
