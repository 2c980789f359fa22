// There is no unit Q, memory comes in whole bytes, and 64 bits must count them.
#[seastar::main(memory = "10Q", reserve_memory = "1.5G")]
async fn main() {}

#[seastar::test(memory = "16777216T")]
async fn overflows() {}
