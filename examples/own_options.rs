//! Options of a program's own: a flag, a number with a default, and names without an option.

use seastar::clap;

// ANCHOR: all
#[derive(clap::Args)]
struct Args {
    /// Say that the flag is there
    #[arg(long)]
    flag: bool,
    /// Size of something
    #[arg(short, long, default_value_t = 100)]
    size: u32,
    /// Files to read
    files: Vec<String>,
}

/// Tells what it was started with.
#[seastar::main]
async fn main(args: Args) {
    if args.flag {
        println!("The flag is there");
    }
    println!("The size is {}", args.size);
    for file in &args.files {
        println!("A file: {file}");
    }
}
// ANCHOR_END: all
