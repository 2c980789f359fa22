// The body may not have run, and that has to be looked at.
#![deny(unused_must_use)]

use seastar::{sync::Semaphore, with_semaphore};

async fn f(reads: &Semaphore<8>) {
    with_semaphore!(reads, 1 => ());
}

fn main() {}
