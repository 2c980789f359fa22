// The example in the documentation of the macro.

/// Says hello.
#[seastar::main(shards = 1)]
async fn main() {
    println!("hello");
}
