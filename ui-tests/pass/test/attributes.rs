// Nothing is left of tests in a program, and nothing is said about them.
#![deny(warnings)]

/// Waits.
#[seastar::test(shards = 2)]
#[ignore = "slow"]
async fn waits() -> Result<(), std::fmt::Error> {
    Ok(())
}

#[seastar::test]
#[should_panic(expected = "no")]
#[cfg(all())]
async fn panics() {
    panic!("no");
}

fn main() {}
