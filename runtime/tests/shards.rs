//! Calls between shards.
#![allow(missing_docs)]

#[path = "support/child.rs"]
mod child;

use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seastar::{
    Options, invoke_on_all, shard_count, sleep, spawn, submit_to, this_shard, try_spawn, yield_now,
};

/// Counts drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn dropped(count: &Arc<AtomicUsize>) -> usize {
    count.load(Ordering::Relaxed)
}

#[seastar::test(shards = 2)]
async fn a_call_runs_where_it_is_sent() {
    assert_eq!((this_shard(), shard_count()), (0, 2));
    assert_eq!(submit_to(0, async || this_shard()).await, 0);
    assert_eq!(submit_to(1, async || this_shard()).await, 1);
    // There, back and there again.
    assert_eq!(
        submit_to(1, async || submit_to(0, async || this_shard() + 10).await + this_shard()).await,
        11
    );
}

#[seastar::test(shards = 2)]
async fn the_future_need_not_be_send_and_may_wait() {
    let sum = submit_to(1, async || {
        let local = Rc::new(Cell::new(1));
        for _ in 0..10 {
            local.set(local.get() * 2);
            yield_now().await;
        }
        sleep(Duration::from_millis(1)).await;
        local.get()
    });
    assert_eq!(sum.await, 1024);
}

#[seastar::test(shards = 2)]
async fn closure_and_result_are_dropped_once() {
    let (there, back) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (argument, result) = (Counted(there.clone()), Counted(back.clone()));
    let result = submit_to(1, async move || {
        drop(argument);
        result
    })
    .await;
    assert_eq!((dropped(&there), dropped(&back)), (1, 0));
    drop(result);
    assert_eq!((dropped(&there), dropped(&back)), (1, 1));
}

#[seastar::test(shards = 2)]
async fn a_dropped_call_finishes_and_its_result_is_dropped() {
    let (count, finished) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for pause in [false, true] {
        let (result, done) = (Counted(count.clone()), finished.clone());
        let call = submit_to(1, async move || {
            if pause {
                sleep(Duration::from_millis(2)).await;
            }
            done.fetch_add(1, Ordering::Relaxed);
            result
        });
        let call = spawn(async move { drop(call.await) });
        yield_now().await;
        call.cancel();
    }
    while dropped(&count) < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(dropped(&finished), 2);
}

#[seastar::test(shards = 2)]
async fn a_panic_crosses_and_the_other_shard_lives_on() {
    let call = spawn(submit_to(1, async || -> u8 { panic!("over there") }));
    let error = call.await.unwrap_err();
    assert_eq!(error.to_string(), "the fiber panicked: over there");
    let late = spawn(submit_to(1, async || -> u8 {
        yield_now().await;
        panic!("later")
    }));
    assert!(late.await.unwrap_err().is_panic());
    assert_eq!(submit_to(1, async || 7).await, 7);
}

#[seastar::test(shards = 2)]
async fn a_shard_that_does_not_exist_is_named() {
    let error = spawn(async { submit_to(7, async || ()).await }).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("shard 7 does not exist; this program has 2"), "{text}");
}

#[seastar::test(shards = 2)]
async fn calls_of_one_shard_start_in_order() {
    let seen = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = (0..5_000)
        .map(|n| {
            let seen = seen.clone();
            // More than a ring holds, all made before any is sent.
            spawn(submit_to(1, async move || assert_eq!(seen.fetch_add(1, Ordering::Relaxed), n)))
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(dropped(&seen), 5_000);
}

#[seastar::test(shards = 2)]
async fn a_thousand_calls_in_flight_in_both_directions_all_return() {
    const CALLS: usize = if cfg!(debug_assertions) { 20 } else { 100 };
    async fn load(to: usize) -> usize {
        let fibers: Vec<_> = (0..1_000)
            .map(|n| {
                spawn(async move {
                    for call in 0..CALLS {
                        assert_eq!(submit_to(to, async move || n * call + to).await, n * call + to);
                    }
                })
            })
            .collect();
        let mut done = 0;
        for fiber in fibers {
            fiber.await.unwrap();
            done += CALLS;
        }
        done
    }
    let there = spawn(submit_to(1, async || load(0).await));
    assert_eq!(load(1).await, 1_000 * CALLS);
    assert_eq!(there.await.unwrap(), 1_000 * CALLS);
}

#[seastar::test(shards = 2, idle_poll_time_us = 0)]
async fn a_sleeping_shard_is_woken_each_time() {
    for n in 0..2_000u64 {
        assert_eq!(submit_to(1, async move || n).await, n);
        if n % 10 == 0 {
            // Both sleep now.
            sleep(Duration::from_micros(n % 300)).await;
        }
    }
}

#[seastar::test(shards = 3)]
async fn all_shards_run_a_call_and_the_lowest_failure_is_told() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = visits.clone();
    invoke_on_all(async move || {
        counted.fetch_add(1 << (8 * this_shard()), Ordering::Relaxed);
    })
    .await;
    assert_eq!(dropped(&visits), 0x01_01_01);

    let result = invoke_on_all(async || if this_shard() == 0 { Ok(()) } else { Err(this_shard()) }).await;
    assert_eq!(result, Err(1));

    let panicked = spawn(invoke_on_all(async || assert_ne!(this_shard(), 2))).await.unwrap_err();
    assert!(panicked.to_string().starts_with("the fiber panicked: assertion"), "{panicked}");
    assert_eq!(seastar::abandoned_failures(), 0, "it was read");
}

#[seastar::test(shards = 3)]
async fn a_call_of_all_shards_that_is_dropped_goes_on_on_the_others() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static GO_ON: AtomicBool = AtomicBool::new(false);
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let all = spawn(invoke_on_all(async || {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        while !GO_ON.load(Ordering::Relaxed) {
            yield_now().await;
        }
        ENDED.fetch_add(1 << (8 * this_shard()), Ordering::Relaxed);
    }));
    while BEGUN.load(Ordering::Relaxed) < 3 {
        yield_now().await;
    }
    all.cancel();
    assert!(all.await.unwrap_err().is_cancelled());
    GO_ON.store(true, Ordering::Relaxed);
    while ENDED.load(Ordering::Relaxed) != 0x01_01_00 {
        yield_now().await;
    }
}

fn options(shards: u32) -> Options {
    Options::new()
        .shards(shards)
        .overprovisioned(true)
        .memory(u64::from(shards) * (64 << 20))
        .handle_interrupt(false)
}

#[test]
fn programs_run_one_after_another_and_side_by_side() {
    let run = || seastar::run(options(2), async || submit_to(1, async || this_shard()).await).unwrap();
    for _ in 0..20 {
        assert_eq!(run(), 1);
    }
    let threads: Vec<_> =
        (0..4).map(|_| std::thread::spawn(move || (0..5).map(|_| run()).sum::<usize>())).collect();
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>(), 20);
}

#[test]
fn calls_that_are_away_when_the_program_ends_are_dropped_with_it() {
    let count = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let counted = count.clone();
        seastar::run(options(4), async move || {
            for shard in 0..4 {
                let (argument, result) = (Counted(counted.clone()), Counted(counted.clone()));
                drop(spawn(async move {
                    let call = submit_to(shard, async move || {
                        let _argument = argument;
                        std::future::pending::<()>().await;
                        result
                    });
                    drop(call.await);
                }));
            }
            yield_now().await;
        })
        .unwrap();
    }
    assert_eq!(dropped(&count), 20 * 4 * 2);
}

#[test]
fn a_panic_of_the_main_function_ends_all_shards_and_goes_on() {
    let ended = catch_unwind(AssertUnwindSafe(|| {
        seastar::run(options(2), async || {
            drop(spawn(submit_to(1, async || std::future::pending::<()>().await)));
            yield_now().await;
            panic!("main is done")
        })
    }));
    assert_eq!(*ended.unwrap_err().downcast::<&str>().unwrap(), "main is done");
}

#[test]
fn a_call_that_the_stop_leaves_unanswered_is_no_failure() {
    const TEST: &str = "a_call_that_the_stop_leaves_unanswered_is_no_failure";
    if child::is_child(TEST) {
        for _ in 0..20 {
            let options = Options::new().shards(3).memory(192 << 20).overprovisioned(true);
            let ran = seastar::run(options, async || {
                for shard in [1, 2] {
                    let call = submit_to(shard, async || {
                        drop(spawn(submit_to(0, pending::<()>)));
                        // Calls start in order: the one before has begun when this one has.
                        submit_to(0, async || ()).await;
                    });
                    call.await;
                }
            });
            ran.unwrap();
        }
        return;
    }
    let output = child::pass_in_child(TEST);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn programs_that_have_ended_leave_no_descriptors_behind() {
    const TEST: &str = "programs_that_have_ended_leave_no_descriptors_behind";
    if !child::is_child(TEST) {
        child::pass_in_child(TEST);
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let run = |programs: usize| {
        for _ in 0..programs {
            seastar::run(options(1), async || ()).unwrap();
        }
        open()
    };
    // Some are kept for later shards.
    let before = run(100);
    assert_eq!(run(100), before);
}

#[seastar::test(shards = 2, memory = "64M")]
async fn a_shard_without_memory_refuses_calls_in_words() {
    submit_to(1, async || {
        while let Ok(fiber) = try_spawn(async {
            let large = [0u8; 60_000];
            pending::<()>().await;
            std::hint::black_box(large);
        }) {
            drop(fiber);
        }
    })
    .await;
    // What is left of the chunk of small fibers is used up first.
    let refused = loop {
        drop(spawn(submit_to(1, pending::<()>)));
        if let Err(refused) = spawn(submit_to(1, async || ())).await {
            break refused;
        }
    };
    let text = "the fiber panicked: shard 1 refused a call: its memory budget is used up (see --memory)";
    assert_eq!(refused.to_string(), text);
}
