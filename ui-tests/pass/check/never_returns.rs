// Bodies that do not come to their end by themselves, and what is not written yet.
#![deny(warnings)]
#![allow(unreachable_code, unused_variables)]

use std::future::pending;

#[seastar::main(shards = 1)]
async fn main() -> Result<(), String> {
    if seastar::this_shard() > 0 {
        let later = todo!();
        seastar::yield_now().await;
    }
    if seastar::this_shard() > 1 {
        let nothing = return Ok(());
        let failure: u8 = panic!("not here");
        seastar::yield_now().await;
    }
    let fiber = seastar::spawn(async {
        let number = 1;
        pending::<()>().await;
        unreachable!("{number}")
    });
    seastar::yield_now().await;
    fiber.cancel();
    let ended: Result<(), _> = fiber.await;
    assert!(ended.is_err());
    let shard = seastar::this_shard();
    loop {
        seastar::yield_now().await;
        if shard == 0 {
            return Ok(());
        }
    }
}
