//! No statement macro allocates, not even the first time.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{Gate, RwLock, Semaphore};
use seastar::{
    background, do_with, sleep, when_all, when_all_succeed, when_any, with_gate, with_lock, with_semaphore,
    with_timeout, yield_now,
};

#[path = "support/counting.rs"]
mod counting;

use counting::allocations;

/// What `work` allocates on this thread when it is done for the first time.
async fn allocated(work: impl AsyncFnOnce()) -> usize {
    let before = allocations();
    work().await;
    allocations() - before
}

#[seastar::test(shards = 1)]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

#[seastar::test(shards = 1)]
async fn a_scope() {
    let work = async || {
        do_with!(mut buffer = [0; 1024], n = 2 => {
            yield_now().await;
            buffer[n] = n;
            std::hint::black_box(&buffer);
        });
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(shards = 1)]
async fn all_and_any() {
    let work = async || {
        when_all!(yield_now(), async { yield_now().await }, std::future::ready(1));
        when_all_succeed!(async { Ok::<_, ()>(1) }, async {
            yield_now().await;
            Err::<u8, _>(())
        })
        .unwrap_err();
        when_any! { _ = pending::<()>() => (), _ = yield_now() => yield_now().await }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(shards = 1)]
async fn a_time_limit() {
    // The wheel of timers takes its memory when the first timer is set.
    sleep(Duration::from_micros(1)).await;
    let work = async || {
        for _ in 0..3 {
            with_timeout!(Duration::from_millis(1) => pending::<()>().await).unwrap_err();
            with_timeout!(Duration::from_secs(1) => { yield_now().await; continue }).unwrap();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(shards = 1)]
async fn what_is_held() {
    sleep(Duration::from_micros(1)).await;
    let (semaphore, gate) = (Semaphore::<2>::new(), Gate::new());
    let work = async || {
        let hold = async || with_gate!(gate => with_semaphore!(semaphore, 2, timeout = Duration::from_secs(9) => yield_now().await));
        // The second one waits.
        let (first, second) = when_all!(hold(), hold());
        assert_eq!((first, second), (Ok(Ok(())), Ok(Ok(()))));
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(shards = 1)]
async fn a_lock() {
    let lock = RwLock::new(0);
    let work = async || {
        let add = async || with_lock!(value = lock.write() => { yield_now().await; *value += 1 });
        when_all!(add(), add(), async { with_lock!(value = lock.read() => *value) });
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test(shards = 1)]
async fn work_in_the_background() {
    let gate = Rc::new(Gate::new());
    // The arena takes its memory in chunks.
    background!(gate = none, on_error = log => yield_now()).unwrap();
    yield_now().await;
    let work = async || {
        for _ in 0..10 {
            background!(gate = gate, on_error = |error: u8| assert_eq!(error, 1) => async { yield_now().await; Err(1) })
                .unwrap();
            background!(gate = none, on_error = ignore => yield_now()).unwrap();
        }
        while gate.count() > 0 {
            yield_now().await;
        }
    };
    assert_eq!(allocated(work).await, 0);
}
