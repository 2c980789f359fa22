//! Reads a file before anybody is connected, when it does no harm that the shard stands still.

use std::io;

use seastar::blocking_ok;

// ANCHOR: main
#[seastar::main]
async fn main() -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "nobody is connected yet")]
    let system = blocking_ok!(std::fs::read_to_string("/proc/sys/kernel/ostype")?);
    println!("serving on {}", system.trim());
    Ok(())
}
// ANCHOR_END: main
