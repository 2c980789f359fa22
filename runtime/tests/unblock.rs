//! Code that blocks, on helper threads.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use seastar::{
    invoke_on_all, memory_statistics, sleep, spawn, this_shard, unblock, unblock_statistics, yield_now,
};

#[path = "support/guard.rs"]
mod guard;
#[path = "support/run.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod run;

use guard::guard;

/// A call that blocks until it is told to go on, and the way to tell it.
fn blocked() -> (impl FnOnce() + Send, Sender<()>) {
    let (go_on, wait) = mpsc::channel::<()>();
    let work = move || {
        let _ = wait.recv();
    };
    (work, go_on)
}

/// Tells where it was dropped.
#[derive(Debug)]
struct Dropped(Sender<ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(thread::current().id());
    }
}

fn dropped() -> (Dropped, Receiver<ThreadId>) {
    let (tell, told) = mpsc::channel();
    (Dropped(tell), told)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[seastar::test]
async fn a_call_runs_on_another_thread_and_returns() {
    let here = thread::current().id();
    let text = String::from("moved there");
    let (there, text) = unblock(move || (thread::current().id(), text + " and back")).await.unwrap();
    assert_eq!((there == here, &*text), (false, "moved there and back"));
    assert_eq!(unblock(|| [7u8; 10_000]).await.unwrap(), [7; 10_000]);
}

#[seastar::test]
async fn the_shard_goes_on_meanwhile() {
    let _guard = guard("the_shard_goes_on_meanwhile");
    let (work, go_on) = blocked();
    let call = spawn(unblock(work));
    for _ in 0..10 {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(!call.is_finished());
    go_on.send(()).unwrap();
    call.await.unwrap().unwrap();
}

#[seastar::test]
async fn a_panic_is_an_error() {
    let error = unblock(|| -> u8 { panic!("what for? {}", 7) }).await.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "what was unblocked panicked: what for? 7");
    let io: io::Error = unblock(|| -> u8 { panic!("again") }).await.unwrap_err().into();
    assert_eq!(io.to_string(), "what was unblocked panicked: again");
    assert_eq!(unblock(|| 7).await.unwrap(), 7);
}

#[seastar::test(blocking_threads = 2)]
async fn there_are_no_more_threads_than_allowed() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            spawn(unblock(|| {
                MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                NOW.fetch_sub(1, Ordering::SeqCst);
            }))
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let statistics = unblock_statistics();
    assert!(MOST.load(Ordering::SeqCst) <= 2 && statistics.threads <= 2, "{statistics:?}");
    assert_eq!((statistics.queued, statistics.running, statistics.finished), (0, 0, 20));
    assert!(statistics.longest_wait > Duration::ZERO);
}

#[seastar::test(blocking_threads = 1)]
async fn calls_begin_in_order_however_many_there_are() {
    let _guard = guard("calls_begin_in_order_however_many_there_are");
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls: Vec<_> = (0..1000)
        .map(|number| {
            let order = order.clone();
            spawn(unblock(move || order.lock().unwrap().push(number)))
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(order.lock().unwrap().iter().copied().eq(0..1000));
}

#[seastar::test(blocking_threads = 1)]
async fn a_call_that_is_dropped_before_it_begins_never_does() {
    let _guard = guard("a_call_that_is_dropped_before_it_begins_never_does");
    static RAN: AtomicBool = AtomicBool::new(false);
    let (work, go_on) = blocked();
    let first = spawn(unblock(work));
    until(|| unblock_statistics().running == 1).await;
    let (captured, told) = dropped();
    let second = spawn(unblock(move || {
        RAN.store(true, Ordering::SeqCst);
        drop(captured);
    }));
    let third = spawn(unblock(|| 3));
    until(|| unblock_statistics().queued == 2).await;
    second.cancel();
    assert_eq!(told.try_recv(), Ok(thread::current().id()), "at once, and here");
    assert_eq!(unblock_statistics().queued, 1);
    go_on.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(third.await.unwrap().unwrap(), 3);
    assert!(!RAN.load(Ordering::SeqCst));
}

#[seastar::test(blocking_threads = 1)]
async fn a_call_that_is_dropped_while_it_runs_ends_by_itself() {
    let _guard = guard("a_call_that_is_dropped_while_it_runs_ends_by_itself");
    unblock(|| ()).await.unwrap();
    let blocks = memory_statistics().live_blocks;
    let (work, go_on) = blocked();
    let (result, told) = dropped();
    let call = spawn(unblock(move || {
        work();
        result
    }));
    until(|| unblock_statistics().running == 1).await;
    call.cancel();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(told.try_recv().is_err());
    go_on.send(()).unwrap();
    until(|| unblock_statistics().running == 0).await;
    let there = unblock(|| thread::current().id()).await.unwrap();
    assert_eq!(told.recv(), Ok(there), "its result goes where it came about");
    unblock(|| ()).await.unwrap();
    assert_eq!(memory_statistics().live_blocks, blocks);
}

#[seastar::test]
async fn a_result_that_nobody_takes_is_dropped() {
    let blocks = memory_statistics().live_blocks;
    let (result, told) = dropped();
    let (work, go_on) = blocked();
    let mut call = Box::pin(unblock(move || {
        work();
        result
    }));
    // Polled once, then left until it is done.
    let pending =
        std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending()));
    assert!(pending.await);
    go_on.send(()).unwrap();
    until(|| unblock_statistics().finished == 1).await;
    drop(call);
    assert_eq!(told.try_recv(), Ok(thread::current().id()));
    assert_eq!(memory_statistics().live_blocks, blocks);
}

#[seastar::test(blocking_threads = 1)]
async fn a_result_whose_drop_panics_harms_nobody() {
    let _guard = guard("a_result_whose_drop_panics_harms_nobody");
    #[derive(Debug)]
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a drop, as expected");
        }
    }
    let (work, go_on) = blocked();
    let call = spawn(unblock(move || {
        work();
        Panics
    }));
    until(|| unblock_statistics().running == 1).await;
    call.cancel();
    go_on.send(()).unwrap();
    assert_eq!(unblock(|| 7).await.unwrap(), 7);
}

#[seastar::test(shards = 2, blocking_threads = 3)]
async fn all_shards_share_the_threads() {
    invoke_on_all(async || {
        let calls: Vec<_> = (0..300).map(|number| spawn(unblock(move || number * 2))).collect();
        for (number, call) in (0..).zip(calls) {
            assert_eq!(call.await.unwrap().unwrap(), number * 2);
        }
    })
    .await;
    assert_eq!(this_shard(), 0);
    let statistics = unblock_statistics();
    assert!(statistics.threads <= 3 && statistics.finished == 600, "{statistics:?}");
}

#[seastar::test(memory = "16M", blocking_threads = 1)]
async fn without_memory_nothing_begins() {
    let _guard = guard("without_memory_nothing_begins");
    let (work, go_on) = blocked();
    let first = spawn(unblock(work));
    let large = [1u8; 1 << 16];
    let calls: Vec<_> = (0..250).map(|_| Box::pin(unblock(move || large.len()))).collect();
    let refused = Rc::new(Cell::new(0));
    let calls: Vec<_> = calls
        .into_iter()
        .map(|call| {
            let refused = refused.clone();
            spawn(async move {
                match call.await {
                    Ok(len) => assert_eq!(len, 1 << 16),
                    Err(error) => {
                        assert!(error.to_string().contains("see --memory"), "{error}");
                        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::OutOfMemory);
                        refused.set(refused.get() + 1);
                    }
                }
            })
        })
        .collect();
    yield_now().await;
    go_on.send(()).unwrap();
    first.await.unwrap().unwrap();
    for call in calls {
        call.await.unwrap();
    }
    assert!((1..250).contains(&refused.get()), "{}", refused.get());
}

/// Helpers are started by shards, each of which is bound to a CPU.
#[test]
fn helpers_are_bound_to_no_cpu() {
    let cpus = thread::available_parallelism().unwrap();
    let options = run::options(1).overprovisioned(false);
    let there =
        seastar::run(options, async || unblock(thread::available_parallelism).await.unwrap().unwrap());
    assert_eq!(there.unwrap(), cpus);
}

#[test]
fn a_program_waits_for_what_still_runs() {
    static DONE: AtomicBool = AtomicBool::new(false);
    run::run(2, async || {
        seastar::submit_to(1, async || {
            drop(spawn(unblock(|| {
                thread::sleep(Duration::from_millis(30));
                DONE.store(true, Ordering::SeqCst);
            })));
            until(|| unblock_statistics().running == 1).await;
        })
        .await;
    });
    assert!(DONE.load(Ordering::SeqCst));
}

#[test]
fn a_program_does_not_wait_for_ever() {
    let _guard = guard("a_program_does_not_wait_for_ever");
    let (work, go_on) = blocked();
    let (result, told) = dropped();
    let start = Instant::now();
    let options = run::options(1).grace_period_ms(20);
    let run = async move || {
        drop(spawn(unblock(move || {
            work();
            result
        })));
        until(|| unblock_statistics().running == 1).await;
    };
    seastar::run(options, run).unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
    // It has the memory of its shard, which is kept.
    go_on.send(()).unwrap();
    assert_ne!(told.recv().unwrap(), thread::current().id());
    assert_eq!(run::run(1, async || unblock(|| 7).await.unwrap()), 7);
}

#[test]
#[should_panic(expected = "`unblock` on a thread that is no shard")]
fn there_are_no_helpers_off_a_shard() {
    let mut call = std::pin::pin!(unblock(|| ()));
    let _ = call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
}
