//! Loops under random schedules: wakes in any order, polls without reason, drops at any point.
//!
//! The seed of a schedule that fails is part of the message.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Poll, Waker};

use seastar::future::{
    map_reduce, max_concurrent_for_each, parallel_for_each, when_all, when_all_succeed, when_any,
};
use seastar::{memory_statistics, yield_now};

use super::Count;
use super::random::Random;

const ITEMS: usize = 12;
const SCHEDULES: u64 = 2_000;

/// What all iterations of one schedule look at.
struct World {
    random: RefCell<Random>,
    /// Everybody who ever waited, so that some wakes come too late, and some twice.
    wakers: RefCell<Vec<(usize, Waker)>>,
    /// How many polls were not asked for.
    unasked: Cell<usize>,
    woken: [Cell<bool>; ITEMS],
    running: Cell<usize>,
    most: Cell<usize>,
    started: Count,
    dropped: Count,
    ended: Count,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            random: RefCell::new(Random::new(seed)),
            wakers: RefCell::default(),
            unasked: Cell::new(0),
            woken: [const { Cell::new(true) }; ITEMS],
            running: Cell::new(0),
            most: Cell::new(0),
            started: Count::default(),
            dropped: Count::default(),
            ended: Count::default(),
        }
    }

    fn below(&self, limit: usize) -> usize {
        self.random.borrow_mut().below(limit)
    }

    /// Wakes some of those who wait or have waited.
    fn wake_some(&self, most: usize) {
        for _ in 0..self.below(most + 1) {
            let some = {
                let wakers = self.wakers.borrow();
                if wakers.is_empty() {
                    return;
                }
                wakers[self.below(wakers.len())].clone()
            };
            self.woken[some.0].set(true);
            some.1.wake();
        }
    }

    /// One iteration: waits a few times, wakes others meanwhile, and fails now and then.
    async fn iteration(&self, n: usize) -> Result<usize, usize> {
        self.started.add();
        self.running.set(self.running.get() + 1);
        self.most.set(self.most.get().max(self.running.get()));
        let _dropped = (self.dropped.on_drop(), WakesSome(self));
        let mut waits = self.below(4);
        poll_fn(|context| {
            if !self.woken[n].replace(false) {
                self.unasked.set(self.unasked.get() + 1);
            }
            self.wake_some(2);
            if waits == 0 {
                return Poll::Ready(());
            }
            waits -= 1;
            self.wakers.borrow_mut().push((n, context.waker().clone()));
            if self.below(4) == 0 {
                self.woken[n].set(true);
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
        self.running.set(self.running.get() - 1);
        self.ended.add();
        if self.below(10) == 0 { Err(n) } else { Ok(n) }
    }
}

/// Wakes others while it is dropped.
struct WakesSome<'a>(&'a World);

impl Drop for WakesSome<'_> {
    fn drop(&mut self) {
        self.0.wake_some(3);
    }
}

/// Polls a loop until it ends, or drops it somewhere before; `true` if it ended.
async fn drive(world: &World, mut all: Pin<Box<dyn Future<Output = ()> + '_>>) -> bool {
    let patience = if world.below(3) == 0 { world.below(10) } else { usize::MAX };
    for _ in 0..patience {
        if poll_fn(|context| Poll::Ready(all.as_mut().poll(context))).await.is_ready() {
            return true;
        }
        world.wake_some(4);
        if world.below(3) == 0 {
            yield_now().await;
        }
    }
    false
}

async fn schedule(seed: u64) {
    let world = &World::new(seed);
    let max = 1 + world.below(ITEMS);
    let iterations = || (0..ITEMS).map(|n| world.iteration(n));
    let kind = world.below(6);
    let all: Pin<Box<dyn Future<Output = ()>>> = match kind {
        0 => Box::pin(async {
            let _ = parallel_for_each(0..ITEMS, async |n| world.iteration(n).await.map(|_| ())).await;
        }),
        1 => Box::pin(async move {
            let _ =
                max_concurrent_for_each(0..ITEMS, max, async |n| world.iteration(n).await.map(|_| ())).await;
            assert!(world.most.get() <= max);
        }),
        2 => Box::pin(async {
            let order = map_reduce(
                0..ITEMS,
                async |n| world.iteration(n).await,
                Vec::new(),
                |mut order, n| {
                    order.push(n.unwrap_or_else(|n| n));
                    order
                },
            );
            assert!(order.await.into_iter().eq(0..ITEMS));
        }),
        3 => Box::pin(async move {
            let outputs = when_all(iterations()).await;
            assert!(outputs.map(|n| n.unwrap_or_else(|n| n)).eq(0..ITEMS));
        }),
        4 => Box::pin(async move {
            if let Ok(values) = when_all_succeed(iterations()).await {
                assert!(values.eq(0..ITEMS));
            }
        }),
        _ => Box::pin(async move {
            let (position, output) = when_any(iterations()).await.unwrap();
            assert_eq!(output.unwrap_or_else(|n| n), position);
        }),
    };
    let ended = drive(world, all).await;
    if ended && kind < 5 {
        assert_eq!(world.ended.get(), ITEMS);
    }
    assert_eq!(world.dropped.get(), world.started.get());
    assert_eq!(world.unasked.get(), 0, "polls of what was not woken");
}

#[seastar::test(shards = 1)]
async fn random_schedules_leave_nothing_behind() {
    let mut used = 0;
    for seed in 0..SCHEDULES {
        let mut one = Box::pin(schedule(seed));
        poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| one.as_mut().poll(context)))
                .unwrap_or_else(|_| panic!("schedule {seed}"))
        })
        .await;
        if seed == SCHEDULES / 2 {
            used = memory_statistics().used;
        }
    }
    assert_eq!(memory_statistics().used, used);
}
