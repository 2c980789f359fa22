// Ranges run upwards.
#[seastar::main(cpuset = "0,3-1")]
async fn main() {}
