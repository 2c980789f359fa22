//! The expansion means its own names, whatever the program calls by them.
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]

mod core {}
mod seastar {}
struct Future;
struct Result;
struct POOL;
fn call() {}
fn __body() {}

#[::seastar::task]
async fn plain(call: u8, args: u8) -> u8 {
    ::seastar::yield_now().await;
    call + args
}

#[::seastar::task(pool = 1, max_size = 512)]
async fn pooled(__args: u8, __all: u8, __never: u8) -> u8 {
    __args + __all + __never
}

#[::seastar::main(shards = 1)]
async fn main() {
    assert_eq!(plain(1, 2).await, 3);
    assert_eq!(pooled(1, 2, 3).unwrap().await.unwrap(), 6);
}
