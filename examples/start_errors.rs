//! Starts the shards itself, without `#[seastar::main]`, and so has its own word to say when they do not start.

use std::process::ExitCode;

use seastar::clap::{self, Parser};

// `seastar::run` does not look at the command line. The names are those that its errors speak of.
#[derive(Parser)]
struct Args {
    /// Shards to start
    #[arg(short = 'c', long = "smp")]
    shards: Option<u32>,
    /// Memory for all of them, such as 512M or 2G
    #[arg(short, long, value_parser = bytes)]
    memory: Option<u64>,
}

// ANCHOR: main
fn main() -> ExitCode {
    let args = Args::parse();
    match seastar::run(options(args), async || println!("{}", seastar::shard_count())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Couldn't start application: {error}");
            ExitCode::FAILURE
        }
    }
}
// ANCHOR_END: main

// ANCHOR: options
fn options(args: Args) -> seastar::Options {
    let mut options = seastar::Options::new();
    if let Some(shards) = args.shards {
        options = options.shards(shards);
    }
    if let Some(bytes) = args.memory {
        options = options.memory(bytes);
    }
    options
}
// ANCHOR_END: options

fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(char::is_alphabetic);
    let unit: u64 = match &text[number.len()..] {
        "" => 1,
        "k" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        other => return Err(format!("`{other}` is no unit; write k, M, G or T")),
    };
    let number: u64 = number.parse().map_err(|error| format!("{error}"))?;
    number.checked_mul(unit).ok_or_else(|| "that is more than there are addresses".to_owned())
}
