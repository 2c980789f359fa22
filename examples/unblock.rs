//! Computes for a long time, and reads a file, while the shard goes on.

use std::io;
use std::time::Duration;

use seastar::{sleep, spawn, unblock, unblock_statistics};

// ANCHOR: stretch
/// Makes guessing a password expensive. A real program takes argon2 from a library, which blocks as long.
fn stretch(password: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    (0..100_000).fold(0xcbf2_9ce4_8422_2325, |hash, _| password.bytes().fold(hash, step))
}
// ANCHOR_END: stretch

// ANCHOR: main
#[seastar::main(shards = 1, blocking_threads = 2)]
async fn main() -> io::Result<()> {
    let hash = spawn(unblock(|| stretch("correct horse battery staple")));
    let mut beats = 0;
    while !hash.is_finished() {
        sleep(Duration::from_millis(1)).await;
        beats += 1;
    }
    println!("the hash is {:016x}", hash.await.map_err(io::Error::other)??);
    println!("the shard stood still: {}", beats == 0);

    #[expect(clippy::disallowed_methods, reason = "it runs on a thread that may block")]
    let system = unblock(|| std::fs::read_to_string("/proc/sys/kernel/ostype")).await??;
    println!("this is {}", system.trim());

    let failure = unblock(|| "seven".parse::<u8>().expect("a number")).await.unwrap_err();
    println!("{failure}");
    let statistics = unblock_statistics();
    println!("{} calls, of which {} still run", statistics.finished, statistics.running);
    Ok(())
}
// ANCHOR_END: main
