// All are told at once, next to those of the options and those of the compiler.
#[seastar::main(shard = 2)]
async fn main() {
    std::thread::sleep(std::time::Duration::ZERO);
    let wrong: u8 = "2";
    println!("{wrong}");
    loop {}
}
