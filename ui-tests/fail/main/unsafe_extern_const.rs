// The runtime calls `main`, so none of this means anything.
#[seastar::main]
const unsafe extern "C" fn main() {}
