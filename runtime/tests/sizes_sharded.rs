//! The sizes of the futures of calls: an argument lies there once.

use seastar::yield_now;

struct Page([u8; 1024]);

// ANCHOR: service
struct Pages;

#[seastar::sharded]
impl Pages {
    async fn start() -> Self {
        Pages
    }

    #[on(shard)]
    fn first(&self, shard: usize, page: Page) -> u8 {
        page.0[0]
    }

    #[on(shard)]
    #[seastar::task]
    async fn last(&self, shard: usize, page: Page) -> u8 {
        yield_now().await;
        page.0[1023]
    }
}
// ANCHOR_END: service

/// Bytes of a call besides its argument: its shard, what it calls, who waits, and the instance while it runs here.
const OWN: usize = 56;

#[seastar::test]
async fn a_call_holds_its_arguments_once() {
    let pages = Pages::start_sharded().await;
    // ANCHOR: sizes
    assert_eq!(size_of_val(&pages), 8);
    let calls = [size_of_val(&pages.first(0, Page([0; 1024]))), size_of_val(&pages.last(0, Page([0; 1024])))];
    assert!(calls.iter().all(|size| *size <= 1024 + OWN), "{calls:?}");
    // ANCHOR_END: sizes
    assert_eq!(pages.last(0, Page([7; 1024])).await.unwrap(), 7);
    assert_eq!(pages.first(0, Page([8; 1024])).await.unwrap(), 8);
    pages.stop().await;
}
