//! An asynchronous function that has its value at once; its caller cannot tell and need not care.

// ANCHOR: all
async fn fast() -> i32 {
    3
}

#[seastar::main]
async fn main() {
    let value = fast().await;
    println!("Got {value}");
}
// ANCHOR_END: all
