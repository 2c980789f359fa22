//! Statics of which every shard has its own.

#[path = "support/run.rs"]
mod run;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use seastar::sync::Semaphore;
use seastar::{ShardLocal, invoke_on_all, shard_local, submit_to, this_shard, with_semaphore, yield_now};

use run::run;

#[shard_local]
static COUNT: Cell<u32> = Cell::new(5);

#[shard_local]
static NAMES: RefCell<Vec<String>> = RefCell::new(Vec::new());

#[shard_local]
static SHARED: RefCell<Option<Rc<u32>>> = const { RefCell::new(None) };

#[shard_local]
static TABLE: [u16; 1000] = [7; 1000];

#[shard_local]
static TEXT: &str = "text";

#[shard_local]
static NOTHING: () = ();

/// `Sync`, and still one for each shard.
#[shard_local]
static ATOMIC: AtomicU32 = AtomicU32::new(1);

#[seastar::test(shards = 3)]
async fn every_shard_has_its_own() {
    invoke_on_all(async || {
        for _ in 0..=this_shard() {
            COUNT.set(COUNT.get() + 1);
        }
        NAMES.borrow_mut().push(format!("shard {}", this_shard()));
        ATOMIC.fetch_add(10, Ordering::Relaxed);
    })
    .await;
    for shard in 0..3u32 {
        let seen = submit_to(shard as usize, async || {
            // Nobody drops what a static holds, so the test does.
            (COUNT.get(), NAMES.take().join(","), ATOMIC.load(Ordering::Relaxed))
        });
        assert_eq!(seen.await, (6 + shard, format!("shard {shard}"), 11));
    }
}

#[seastar::test]
async fn what_cannot_be_sent_is_welcome() {
    *SHARED.borrow_mut() = Some(Rc::new(7));
    yield_now().await;
    assert_eq!(SHARED.take().as_deref(), Some(&7));
    assert!(TABLE.iter().all(|entry| *entry == 7));
    assert_eq!((*TEXT, *NOTHING), ("text", ()));
}

#[seastar::test]
async fn the_fibers_of_a_shard_share_it() {
    let fiber = seastar::spawn(async {
        let count: &'static Cell<u32> = &COUNT;
        count.set(100);
        yield_now().await;
        count.get()
    });
    yield_now().await;
    assert_eq!(COUNT.replace(200), 100);
    assert_eq!(fiber.await.unwrap(), 200);
}

#[test]
fn each_run_begins_anew() {
    for _ in 0..3 {
        assert_eq!(run(1, async || COUNT.replace(9)), 5);
    }
}

#[test]
fn other_threads_have_none() {
    assert!(ShardLocal::try_get(&COUNT).is_none());
    run(1, async || {
        assert_eq!(ShardLocal::try_get(&COUNT).map(Cell::get), Some(5));
        assert!(std::thread::spawn(|| ShardLocal::try_get(&COUNT).is_none()).join().unwrap());
    });
    assert!(ShardLocal::try_get(&COUNT).is_none());
    std::panic::catch_unwind(|| COUNT.get()).unwrap_err();
}

struct Leaves(&'static str);

impl Drop for Leaves {
    fn drop(&mut self) {
        COUNT.set(COUNT.get() + 1);
        assert_eq!(self.0, "left");
    }
}

#[test]
fn fibers_that_are_dropped_at_the_end_still_have_it() {
    let count: &'static Cell<u32> = run(1, async || {
        drop(seastar::spawn(async {
            let _leaves = Leaves("left");
            std::future::pending::<()>().await;
        }));
        yield_now().await;
        yield_now().await;
        StaysHere(&COUNT)
    })
    .0;
    assert_eq!(count.get(), 6, "memory of a shard that has ended can still be read by its thread");
}

struct StaysHere(&'static Cell<u32>);

#[shard_local]
static LIMIT: Semaphore<2> = Semaphore::new();

#[seastar::test(shards = 2)]
async fn a_semaphore_limits_its_shard_alone() {
    let here = LIMIT.acquire(2).await.unwrap();
    let there = submit_to(1, async || with_semaphore!(LIMIT, 2 => LIMIT.available_units()).unwrap());
    assert_eq!((there.await, LIMIT.available_units()), (0, 0));
    let waits = seastar::spawn(async { LIMIT.acquire(1).await.map(|units| units.count()) });
    yield_now().await;
    assert!(!waits.is_finished());
    drop(here);
    assert_eq!(waits.await.unwrap().unwrap(), 1);
}
