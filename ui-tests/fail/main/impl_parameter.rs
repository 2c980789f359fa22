// `impl Args` does not say what to parse.
#[seastar::main]
async fn main(args: impl seastar::clap::Args) {
    drop(args);
}
