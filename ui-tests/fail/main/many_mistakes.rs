// All are reported at once, and the body is still checked.
#[seastar::main(shard = 2, memory = "10Q", poll_mode = "yes")]
fn main() {
    let shards: u8 = "2";
    println!("{shards}");
}
