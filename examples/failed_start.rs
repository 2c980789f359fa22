//! A service that cannot start on one shard: it is undone on the others, and the reason is told.

use std::io;

use seastar::{shard_count, this_shard};

// ANCHOR: service
struct Disk;

#[seastar::sharded]
impl Disk {
    async fn start(disks: usize) -> io::Result<Self> {
        if this_shard() >= disks {
            return Err(io::Error::other(format!("no disk for shard {}", this_shard())));
        }
        println!("opened the disk of shard {}", this_shard());
        Ok(Disk)
    }

    #[broadcast]
    async fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    async fn stop(&self) {
        println!("closed the disk of shard {}", this_shard());
    }
}
// ANCHOR_END: service

// ANCHOR: main
#[seastar::main]
async fn main() -> io::Result<()> {
    match Disk::start_sharded(shard_count() - 1).await {
        Ok(_) => unreachable!("a disk is missing"),
        Err(error) => println!("not started: {error}"),
    }
    // Nothing is left of it, and it may be tried again.
    let disks = Disk::start_sharded(shard_count()).await?;
    disks.sync().await??;
    disks.stop().await;
    Ok(())
}
// ANCHOR_END: main
