//! Side by side: Seastar for Rust, its peers, and a bare io_uring loop, in one run.
//!
//! Every server and every measurement is a process of its own: this program, started again as `child`.

mod affinity;
mod allocations;
mod buffers;
mod child;
mod cli;
mod clock;
mod histogram;
mod instructions;
mod libraries;
mod load;
mod machine;
mod memory;
mod meter;
mod order;
mod parts;
mod quoted;
mod report;
mod runtimes;
mod servers;
mod stats;
mod syscalls;

use cli::Options;
use report::Results;
use std::fs::File;
use std::io;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Both ends of 10,000 idle connections are in different processes.
const DESCRIPTORS: u64 = 20_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["child", ref task @ ..] => run_child(task),
        _ if words.iter().any(|word| ["--help", "-h"].contains(word)) => {
            print!("{}", cli::HELP);
            return ExitCode::SUCCESS;
        }
        _ => match Options::parse(arguments.into_iter()) {
            Ok(options) => run(&options),
            Err(text) => Err(io::Error::new(io::ErrorKind::InvalidInput, text)),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    affinity::allow_descriptors(DESCRIPTORS)?;
    // Before the work rather than after it, in case it cannot be done.
    let json = options.json.as_ref().map(|path| {
        let about = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
        };
        File::create(path).map_err(about)
    });
    let json = json.transpose()?;
    let mut results = Results::default();
    println!("{}; {} rounds", machine::describe(), options.rounds);
    for part in &options.parts {
        parts::run(part, options, &mut results)?;
        results.print(part);
    }
    if let Some(file) = json {
        serde_json::to_writer_pretty(file, &results.json(options.rounds))?;
    }
    Ok(())
}

fn run_child(task: &[&str]) -> io::Result<()> {
    child::limit_own_life();
    let number = |text: &str| text.parse::<f64>().map_err(io::Error::other);
    match task {
        ["serve", server, buffer_bytes] => {
            affinity::pin(affinity::SERVER_CPU)?;
            servers::serve(server, number(buffer_bytes)? as usize)
        }
        ["measure", part, runtime, scale] => {
            parts::measure(part, runtime, number(scale)?)?;
            // Without waiting for threads and fibers that never end.
            std::process::exit(0)
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("unknown task `{}`", task.join(" ")))),
    }
}
