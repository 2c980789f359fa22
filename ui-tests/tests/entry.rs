//! Tests that are started by `#[seastar::test]`, to see that they are what they say they are.

use std::fmt::Error;

#[seastar::test]
async fn may_return_nothing() {}

#[seastar::test(shards = 1, memory = "64M", overprovisioned)]
async fn may_return_a_result() -> Result<(), Error> {
    let answer: Result<u8, Error> = async { Ok(42) }.await;
    assert_eq!(answer?, 42);
    Ok(())
}

#[seastar::test(shards = 1)]
#[should_panic(expected = "as it should")]
async fn may_panic() {
    panic!("as it should");
}

#[seastar::test(shards = 1)]
#[should_panic]
async fn fails_with_an_error() -> Result<(), Error> {
    Err(Error)
}

#[seastar::test]
#[ignore = "must not run"]
async fn is_ignored() {
    unreachable!();
}

#[seastar::test]
#[cfg(any())]
async fn is_not_there() {
    does_not_exist();
}

mod nested {
    #[seastar::test(shards = 1)]
    pub(super) async fn r#try() {}
}
