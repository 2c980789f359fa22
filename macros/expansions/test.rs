// ANCHOR: written
#[seastar::test(shards = 2)]
async fn calls_arrive() {
    call().await
}
// ANCHOR_END: written

// ANCHOR: becomes
#[::core::prelude::v1::test]
fn calls_arrive() {
    async fn calls_arrive() {
        call().await
    }
    // Starts the shards for this test, and fails it if a fiber failed unseen.
    test::<(), _>(
        ::seastar::Options::new().shards(2u32),
        // For the log.
        ::core::concat!(::core::module_path!(), "::", "calls_arrive"),
        calls_arrive,
    )
}
// ANCHOR_END: becomes
