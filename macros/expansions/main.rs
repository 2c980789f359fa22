// ANCHOR: written
/// Sends back what it gets.
#[seastar::main(shards = 2, memory = "1G")]
async fn main(args: Args) -> io::Result<()> {
    serve(args.port).await
}
// ANCHOR_END: written

// ANCHOR: becomes
/// Sends back what it gets.
fn main() -> ::std::process::ExitCode {
    // The function, as it was written.
    async fn main(args: Args) -> io::Result<()> {
        serve(args.port).await
    }
    // Reads the command line, starts the shards, runs main on the first, stops them.
    main_with_args::<Args, io::Result<()>, _>(
        ::seastar::Options::new()
            // The doc comment heads `--help`.
            .about("Sends back what it gets.")
            .version(::core::env!("CARGO_PKG_VERSION"))
            .shards(2u32)
            // A gibibyte: sizes are read while compiling.
            .memory(1073741824u64),
        main,
    )
}
// ANCHOR_END: becomes
