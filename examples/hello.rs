//! Prints a line and ends: the smallest program.

// ANCHOR: all
#[seastar::main]
async fn main() {
    println!("Hello world");
}
// ANCHOR_END: all
