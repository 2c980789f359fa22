// The expansion does not see what the user calls by the same names.
#![allow(dead_code)]

mod std {}
mod core {}
struct Options;
struct ExitCode;

macro_rules! program {
    ($shards:expr) => {
        #[seastar::main(shards = $shards)]
        async fn main() {}
    };
}

program!(1);
