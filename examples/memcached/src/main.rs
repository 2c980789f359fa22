//! A memcached server on every core.

use std::io;
use std::process::ExitCode;

use memcached::server::{Args, Server, VERSION};
use seastar::{Options, StartError};

/// A plain `-m 64` is 64 MiB, as for memcached.
const MEMORY_UNIT: u64 = 1 << 20;

/// Not `#[seastar::main]`, because some of memcached's options say how the shards run, and because privileges go before they do.
fn main() -> ExitCode {
    let options = Options::new().about("A memcached server on every core.").version(VERSION);
    let (options, args) = options.memory_unit(MEMORY_UNIT).from_args_with::<Args>();
    if args.wants_version() {
        println!("memcached {VERSION}");
        return ExitCode::SUCCESS;
    }
    let options = match args.prepare(options) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("error: {text}");
            return ExitCode::from(2);
        }
    };
    match seastar::run(options, async move || serve(&args).await) {
        Ok(Ok(())) | Err(StartError::Stopped) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("Could not initialize seastar: {error}{}", remedy(&error));
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &Args) -> io::Result<()> {
    let server = Server::start(args).await?;
    server.announce()?;
    server.serve().await
}

/// What those hear who have taken their options from memcached.
fn remedy(error: &StartError) -> &'static str {
    match error {
        StartError::InsufficientProcessingUnits { .. } => {
            "; -c is the number of shards here: memcached's -c is --conn-limit"
        }
        _ => "",
    }
}
