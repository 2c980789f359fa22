#[seastar::shard_local(crates = seastar)]
#[unsafe(no_mangle)]
static mut COUNT: u32 = "1";

fn main() {
    let count: &u32 = &COUNT;
    println!("{count}");
}
