//! Starts the shards itself, without `#[seastar::main]`, and so has its own word to say when they do not start.

use std::process::ExitCode;

// ANCHOR: main
fn main() -> ExitCode {
    match seastar::run(options(), async || println!("{}", seastar::shard_count())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Couldn't start application: {error}");
            ExitCode::FAILURE
        }
    }
}
// ANCHOR_END: main

// ANCHOR: options
/// What the code wants, and then what the command line says, which goes over it.
fn options() -> seastar::Options {
    seastar::Options::new().about("Prints the number of shards").grace_period_ms(500).from_args()
}
// ANCHOR_END: options
