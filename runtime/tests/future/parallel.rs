//! Loops whose iterations run at the same time.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use seastar::future::{map_reduce, max_concurrent_for_each, parallel_for_each};
use seastar::{memory_statistics, sleep, spawn, yield_now};

use super::Count;
use super::child::{is_child, pass_in_child};
use super::run::{options, run};

/// LOOP-6: all start, all are waited for, and they may borrow what the caller has.
#[seastar::test]
async fn all_iterations_run_at_the_same_time() {
    let (started, ended) = (Cell::new(0), RefCell::new(Vec::new()));
    let mut items = [30u64, 10, 20];
    parallel_for_each(&mut items, async |item: &mut u64| {
        started.set(started.get() + 1);
        sleep(Duration::from_millis(*item)).await;
        assert_eq!(started.get(), 3);
        ended.borrow_mut().push(*item);
        *item += 1;
    })
    .await;
    assert_eq!(*ended.borrow(), [10, 20, 30]);
    assert_eq!(items, [31, 11, 21]);
    assert_eq!(parallel_for_each([] as [u8; 0], async |_| Err("never")).await, Ok(()));
}

/// LOOP-6: a failure does not end the others, and the one that came first is the result.
#[seastar::test]
async fn a_failure_waits_for_the_others() {
    let ended = Cell::new(0);
    let failed = parallel_for_each([3u32, 1, 2, 4], async |n| {
        for _ in 0..n {
            yield_now().await;
        }
        ended.set(ended.get() + 1);
        if n % 2 == 0 { Err(n) } else { Ok(()) }
    });
    assert_eq!(failed.await, Err(2));
    assert_eq!(ended.get(), 4);
}

/// LOOP-7: never more than so many, and a failure does not keep others from starting.
#[seastar::test]
async fn no_more_than_so_many_iterations_run_at_once() {
    const ITEMS: usize = 100;
    for max in [1, 2, 7, ITEMS, 1000] {
        let (running, most, ended) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let failures = RefCell::new(Vec::new());
        let result = max_concurrent_for_each(0..ITEMS, max, async |n| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            // As many as there may be, or this never ends.
            while most.get() < max.min(ITEMS) {
                yield_now().await;
            }
            for _ in 0..n % 3 {
                yield_now().await;
            }
            running.set(running.get() - 1);
            ended.set(ended.get() + 1);
            if n % 20 < 19 {
                return Ok(());
            }
            failures.borrow_mut().push(n);
            Err(n)
        });
        let failed = result.await;
        assert_eq!(failed.err(), failures.borrow().first().copied(), "the failure that came first");
        assert_eq!((ended.get(), failures.borrow().len()), (ITEMS, 5));
        assert_eq!(most.get(), max.min(ITEMS));
    }
}

/// LOOP-7.
#[test]
#[should_panic(expected = "a concurrency of zero")]
fn a_concurrency_of_zero_is_refused() {
    drop(max_concurrent_for_each(0..3, 0, async |_| ()));
}

/// LOOP-8, ours: in the order of the items, and each as soon as it can be.
#[seastar::test]
async fn results_are_folded_in_order() {
    let order = map_reduce(
        [3u64, 1, 2, 0],
        async |n| {
            sleep(Duration::from_millis(5 * n)).await;
            n
        },
        Vec::new(),
        |mut order, n| {
            order.push(n);
            order
        },
    );
    assert_eq!(order.await, [3, 1, 2, 0]);
    assert_eq!(map_reduce(0..0, async |n: u32| n, 7, |a, b| a + b).await, 7);
    assert_eq!(map_reduce(0..1000u64, async |n| n, 0, |a, b| a + b).await, 499_500);
}

/// LOOP-8: failures are values that the reducer sees; all others run to their end.
#[seastar::test]
async fn a_failure_skips_the_rest_of_the_fold() {
    let (ended, folded) = (Cell::new(0), Cell::new(0));
    let sum = map_reduce(
        0..10,
        async |n| {
            yield_now().await;
            ended.set(ended.get() + 1);
            if n % 4 == 3 { Err(n) } else { Ok(n) }
        },
        Ok(0),
        |sum, n| {
            let sum = sum? + n?;
            folded.set(folded.get() + 1);
            Ok(sum)
        },
    );
    assert_eq!(sum.await, Err(3));
    assert_eq!((ended.get(), folded.get()), (10, 3));
}

/// An iteration is polled when it was woken, not when others are.
#[seastar::test]
async fn only_what_was_woken_is_polled() {
    const ITEMS: usize = 100;
    let polls = RefCell::new([0; ITEMS]);
    let wakers = RefCell::new([const { None::<Waker> }; ITEMS]);
    let go = Cell::new(None);
    let all = parallel_for_each(0..ITEMS, async |n| {
        poll_fn(|context| {
            polls.borrow_mut()[n] += 1;
            wakers.borrow_mut()[n] = Some(context.waker().clone());
            if go.get() == Some(n) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await
    });
    let mut all = pin!(all);
    let mut poll_all = async || poll_fn(|context| Poll::Ready(all.as_mut().poll(context).is_ready())).await;
    while wakers.borrow().iter().any(Option::is_none) {
        assert!(!poll_all().await);
    }
    for n in 0..ITEMS {
        let woken = (n * 37) % ITEMS;
        go.set(Some(woken));
        wakers.borrow()[woken].as_ref().unwrap().wake_by_ref();
        // Once more makes no difference; nor does one that has ended.
        wakers.borrow()[woken].as_ref().unwrap().wake_by_ref();
        if n > 0 {
            wakers.borrow()[0].as_ref().unwrap().wake_by_ref();
        }
        assert_eq!(poll_all().await, n == ITEMS - 1);
    }
    let polls = polls.borrow();
    assert_eq!((polls[1..].iter().min(), polls[1..].iter().max()), (Some(&2), Some(&2)));
}

/// The place of an iteration that ended at once serves the next one, which the wakers of the former do not wake.
#[seastar::test]
async fn wakers_of_iterations_that_have_ended_wake_nobody() {
    let (wakers, polls) = (RefCell::new(Vec::new()), Cell::new(0));
    let mut all = pin!(parallel_for_each(0..4, async |n| {
        poll_fn(|context| {
            if n < 3 {
                wakers.borrow_mut().push(context.waker().clone());
                return Poll::Ready(());
            }
            polls.set(polls.get() + 1);
            Poll::Pending
        })
        .await
    }));
    let mut poll_all = async || poll_fn(|context| Poll::Ready(all.as_mut().poll(context).is_ready())).await;
    while polls.get() == 0 {
        assert!(!poll_all().await);
    }
    wakers.borrow().iter().for_each(Waker::wake_by_ref);
    assert!(!poll_all().await);
    assert_eq!((wakers.borrow().len(), polls.get()), (3, 1));
}

/// Wakers of iterations may go to other threads, and outlive what they wake.
#[seastar::test]
async fn an_iteration_is_woken_from_another_thread() {
    let (sender, wakers) = std::sync::mpsc::channel::<Waker>();
    let thread = thread::spawn(move || {
        let kept: Vec<_> = wakers.iter().inspect(Waker::wake_by_ref).collect();
        kept.into_iter().for_each(Waker::wake);
    });
    for _ in 0..20 {
        parallel_for_each(0..10, async |_| {
            let mut polled = false;
            poll_fn(|context| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                sender.send(context.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
        })
        .await;
    }
    drop(sender);
    thread.join().unwrap();
    yield_now().await;
}

/// Loops within loops, in fibers that are polled by others.
#[seastar::test]
async fn loops_nest() {
    let count = Cell::new(0);
    parallel_for_each(0..10, async |n| {
        max_concurrent_for_each(0..n, 3, async |_| {
            map_reduce(0..n, async |_| yield_now().await, (), |(), ()| ()).await;
            count.set(count.get() + 1);
        })
        .await;
    })
    .await;
    assert_eq!(count.get(), 45);
}

/// Wherever the loop stands, dropping it ends all iterations at once and gives their memory back.
#[seastar::test]
async fn a_loop_dropped_half_way_ends_its_iterations() {
    for polls in 0..6 {
        let (started, dropped) = (Count::default(), Count::default());
        {
            let mut all = pin!(max_concurrent_for_each(0..20u32, 8, async |n| {
                started.add();
                let _token = dropped.on_drop();
                for _ in 0..n % 4 {
                    yield_now().await;
                }
                if n > 10 {
                    pending().await
                }
            }));
            for _ in 0..polls {
                let polled = poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await;
                assert!(polled.is_pending());
                yield_now().await;
            }
            assert_eq!(started.get() > 0, polls > 0);
        }
        assert_eq!(dropped.get(), started.get(), "after {polls} polls");
    }
}

/// The drop of one iteration may wake others.
#[seastar::test]
async fn iterations_that_wake_each_other_while_they_are_dropped() {
    struct WakesAll(Rc<RefCell<Vec<Waker>>>);
    impl Drop for WakesAll {
        fn drop(&mut self) {
            self.0.borrow().iter().for_each(Waker::wake_by_ref);
        }
    }
    let wakers = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..3 {
        let mut all = Box::pin(parallel_for_each(0..10, async |n| {
            let _wakes = WakesAll(wakers.clone());
            poll_fn(|context| {
                wakers.borrow_mut().push(context.waker().clone());
                if n == 3 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await
        }));
        let polled = poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        drop(all);
        yield_now().await;
    }
}

/// An iteration that wakes itself and ends in the same poll.
#[seastar::test]
async fn an_iteration_that_woke_itself_before_its_end() {
    for ordered in [false, true] {
        let wake_and_end = async |_: u32| {
            poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Ready(())
            })
            .await;
        };
        if ordered {
            map_reduce(0..10, wake_and_end, (), |(), ()| ()).await;
        } else {
            parallel_for_each(0..10, wake_and_end).await;
        }
        // The same, but some are still there when the loop is dropped.
        let mut some = Box::pin(map_reduce(
            0..10,
            async |n| {
                wake_and_end(n).await;
                if n == 5 {
                    yield_now().await;
                    pending::<()>().await;
                }
            },
            (),
            |(), ()| (),
        ));
        for _ in 0..3 {
            assert!(poll_fn(|context| Poll::Ready(some.as_mut().poll(context))).await.is_pending());
        }
    }
}

#[seastar::test]
async fn a_panic_in_an_iteration_goes_on_to_the_caller_and_ends_the_others() {
    for panics_at in [0, 1] {
        let (started, dropped) = (Count::default(), Count::default());
        let failed = spawn({
            let (started, dropped) = (started.clone(), dropped.clone());
            async move {
                parallel_for_each(0..10, async |n| {
                    started.add();
                    let _token = dropped.on_drop();
                    if n == 7 {
                        for _ in 0..panics_at {
                            yield_now().await;
                        }
                        panic!("in an iteration");
                    }
                    pending::<()>().await
                })
                .await
            }
        });
        assert!(failed.await.unwrap_err().is_panic());
        assert!(started.get() >= 8);
        assert_eq!(dropped.get(), started.get());
    }
}

/// A panic while one iteration is dropped does not keep the others from being dropped.
#[seastar::test]
async fn a_panic_in_a_drop_leaves_no_iteration_behind() {
    struct Panics(bool, Count);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.1.add();
            assert!(!self.0, "in a drop");
        }
    }
    let (started, dropped) = (Count::default(), Count::default());
    let mut all = Box::pin(parallel_for_each(0..10, async |n| {
        started.add();
        let _token = Panics(n == 4, dropped.clone());
        pending().await
    }));
    while started.get() < 10 {
        let polled = poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await;
        assert_eq!(polled, Poll::<()>::Pending);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(all))).is_err());
    assert_eq!(dropped.get(), 10);
}

/// LOOP-9: starting many and polling many lets others have their turn.
#[seastar::test(memory = "256M")]
async fn others_have_their_turn_beside_many_iterations() {
    let turns = Rc::new(Cell::new(0));
    let counted = turns.clone();
    let other = spawn(async move {
        loop {
            counted.set(counted.get() + 1);
            yield_now().await;
        }
    });
    // Ends by the turns of the other fiber, or never.
    let started = (0..).take_while(|_| turns.get() < 3);
    parallel_for_each(started, async |_| ()).await;
    let before = turns.get();
    parallel_for_each(0..10, async |_| {
        while turns.get() < before + 3 {
            yield_now().await;
        }
    })
    .await;
    other.cancel();
}

/// The loop's future may be polled by one fiber and then by another.
#[seastar::test]
async fn a_loop_wakes_the_fiber_that_polled_it_last() {
    let mut all: Pin<Box<dyn Future<Output = ()>>> =
        Box::pin(parallel_for_each(0..3, async |n| sleep(Duration::from_millis(n + 1)).await));
    let polled = poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await;
    assert!(polled.is_pending());
    spawn(all).await.unwrap();
}

#[test]
fn off_a_shard_nothing_starts() {
    let mut one = pin!(parallel_for_each(0..1, async |_| ()));
    let mut context = Context::from_waker(Waker::noop());
    let panic = catch_unwind(AssertUnwindSafe(|| one.as_mut().poll(&mut context))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("no shard"));
}

#[test]
fn too_many_iterations_for_the_memory_panic_and_give_it_back() {
    let ended = seastar::run(options(1).memory(64 << 20), async || {
        let all = spawn(async { parallel_for_each(0.., async |_: u32| pending::<()>().await).await });
        let panic = all.await.unwrap_err();
        assert!(panic.to_string().contains("memory budget"), "{panic}");
        // All blocks are free again, so this many small ones fit.
        parallel_for_each(0..10_000, async |_| yield_now().await).await;
        memory_statistics()
    });
    assert!(ended.unwrap().used <= 64 << 20);
}

/// What is left over at the end of a shard is dropped with its parent, whenever that is.
#[test]
fn iterations_that_outlive_their_shard_are_dropped_with_their_loop() {
    type Loop = Pin<Box<dyn Future<Output = ()>>>;
    thread_local! {
        static KEPT: RefCell<Option<Loop>> = const { RefCell::new(None) };
        static DROPPED: Count = Count::default();
    }
    thread::spawn(|| {
        run(1, async || {
            let (started, dropped) = (Count::default(), DROPPED.with(Clone::clone));
            let counted = started.clone();
            let mut all: Loop = Box::pin(async move {
                parallel_for_each(0..5, async |_| {
                    counted.add();
                    let _token = dropped.on_drop();
                    pending().await
                })
                .await
            });
            while started.get() < 5 {
                assert!(poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await.is_pending());
            }
            KEPT.set(Some(all));
        });
        let at_the_end = DROPPED.with(Count::get);
        run(1, async || yield_now().await);
        KEPT.take();
        assert_eq!(DROPPED.with(Count::get), 5, "{at_the_end} at the end of the shard");
    })
    .join()
    .unwrap();
}

/// As every fiber, every iteration is polled when the shard begins to stop, to see for itself.
#[test]
fn the_stop_reaches_every_iteration() {
    if !is_child("parallel::the_stop_reaches_every_iteration") {
        pass_in_child("parallel::the_stop_reaches_every_iteration");
        return;
    }
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    let stopped = seastar::run(options(1), async || {
        let signal = spawn(async {
            // SAFETY: the signal has a handler, which does nothing but ask for the stop.
            assert_eq!(unsafe { libc::raise(libc::SIGINT) }, 0);
        });
        parallel_for_each(0..3, async |_| {
            poll_fn(|_| if seastar::is_stopping() { Poll::Ready(()) } else { Poll::Pending }).await;
            ENDED.fetch_add(1, Ordering::Relaxed);
        })
        .await;
        signal.await.unwrap();
    });
    assert_eq!(ENDED.load(Ordering::Relaxed), 3, "{stopped:?}");
}
