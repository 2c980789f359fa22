// A misspelt option, `mut`, and an attribute that would move it; the types are still checked.
#[seastar::shard_local(crates = seastar)]
#[unsafe(no_mangle)]
static mut COUNT: u32 = "1";

fn main() {
    let count: &u32 = &COUNT;
    println!("{count}");
}
