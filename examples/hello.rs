//! Prints a line and ends.

#[seastar::main]
async fn main() {
    println!("Hello world");
}
