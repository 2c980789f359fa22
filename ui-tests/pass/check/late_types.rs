// Types that are only known later, by a use or by the result, stay so.
#![deny(warnings)]

use std::num::ParseIntError;

fn take(_: u8) {}

#[seastar::main(shards = 1)]
async fn main() -> Result<(), ParseIntError> {
    let small = Default::default();
    let parsed = "5".parse()?;
    let mut list = Vec::new();
    let mut none = None;
    let number = 5;
    seastar::yield_now().await;
    take(small);
    list.push(number);
    none.replace(parsed);
    let _: Vec<u8> = list;
    let _: Option<u32> = none;

    // An async block learns from what is done with it.
    let total: u64 = seastar::spawn(async {
        let start = Default::default();
        let mut all = Vec::new();
        let text = "1".parse().unwrap_or_default();
        seastar::yield_now().await;
        all.push(text);
        all.push(start);
        all.into_iter().max().unwrap_or_default()
    })
    .await
    .unwrap();
    assert_eq!(total, 1);
    let collected = seastar::spawn(async {
        let items = (1..4u32).map(Into::into).collect();
        seastar::yield_now().await;
        items
    });
    let collected: Vec<u64> = collected.await.unwrap();
    assert_eq!(collected, [1, 2, 3]);
    Ok(())
}
