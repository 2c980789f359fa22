//! Buffers that live as long as a body and no longer, so that the second takes the place of the first.

use std::time::Duration;

use seastar::{do_with, sleep};

const KIB: usize = 1024;

// ANCHOR: fill
/// Fills what somebody else keeps.
async fn fill(buffer: &mut [u8], byte: u8) -> usize {
    sleep(Duration::from_millis(1)).await;
    buffer.fill(byte);
    buffer.len()
}
// ANCHOR_END: fill

// ANCHOR: variables
async fn variables() -> usize {
    let mut first = [0; KIB];
    let filled = fill(&mut first, 1).await;
    let mut second = [0; KIB];
    filled + fill(&mut second, 2).await
}
// ANCHOR_END: variables

// ANCHOR: bodies
async fn bodies() -> usize {
    let filled = do_with!(mut first = [0; KIB] => fill(&mut first, 1).await);
    filled + do_with!(mut second = [0; KIB] => fill(&mut second, 2).await)
}
// ANCHOR_END: bodies

#[seastar::main]
async fn main() {
    // ANCHOR: main
    let (variables, bodies) = (variables(), bodies());
    println!("with variables: {} KiB", size_of_val(&variables) / KIB);
    println!("with bodies: {} KiB", size_of_val(&bodies) / KIB);
    assert_eq!(variables.await, bodies.await);
    // ANCHOR_END: main
}
