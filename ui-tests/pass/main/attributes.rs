// Attributes reach the function that they are about; a lint is not reported for what the macro adds.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, unused_results)]

//! Documented.

/// Only one of the two is compiled.
#[seastar::main(shards = 1)]
#[cfg(all())]
#[expect(unused_variables)]
#[inline(never)]
async fn main() {
    let unused = 1;
}

#[seastar::main(shards = 2)]
#[cfg(any())]
async fn main() {
    does_not_exist();
}
