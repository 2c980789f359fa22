//! Time: sleeps are never early, and time limits cancel. Ids are those of the project's semantics: TMO.
//!
//! How late a timer may be is not tested, because that is the machine's affair.

#[path = "support/guard.rs"]
mod guard;
#[allow(dead_code, reason = "other tests want bytes as well")]
#[path = "support/random.rs"]
mod random;
#[path = "support/run.rs"]
mod run;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use seastar::time::{Elapsed, Sleep, sleep_until, timeout_at};
use seastar::{invoke_on_all, sleep, spawn, timeout, yield_now};

use self::guard::guard;
use self::random::Random;
use self::run::run;

const HOUR: Duration = Duration::from_secs(3600);

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Sleeps, and checks that it was long enough.
async fn sleep_checked(duration: Duration) {
    let start = Instant::now();
    sleep(duration).await;
    assert!(start.elapsed() >= duration, "{:?} of {duration:?}", start.elapsed());
}

/// Keeps the core busy, as a computation would.
fn compute(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// Polls `sleep` once.
fn poll_once(sleep: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<Poll<()>> {
    Poll::Ready(sleep.poll(context))
}

// TMO-3
#[seastar::test]
async fn no_sleep_is_early() {
    let _guard = guard("no_sleep_is_early");
    // Around the ticks of the timers (8.192 us) and the ends of their levels (times 64).
    for nanos in
        [0, 1, 8_191, 8_192, 8_193, 16_384, 524_287, 524_288, 524_289, 1_000_000, 33_554_431, 33_554_433]
    {
        sleep_checked(Duration::from_nanos(nanos)).await;
    }
    let mut random = Random::new(1);
    for _ in 0..300 {
        sleep_checked(micros(random.below(500) as u64)).await;
    }
    let fibers: Vec<_> =
        (0..2_000).map(|_| spawn(sleep_checked(micros(random.below(50_000) as u64)))).collect();
    for fiber in fibers {
        fiber.await.unwrap();
    }
}

// TMO-3
#[seastar::test]
async fn no_sleep_is_early_on_a_busy_shard() {
    let _guard = guard("no_sleep_is_early_on_a_busy_shard");
    for asked in [0, 10, 300, 1_000, 3_000].map(micros) {
        // In the same turn: before the call, between the call and the first poll, after it.
        compute(micros(700));
        let start = Instant::now();
        let slept = sleep(asked);
        compute(micros(700));
        slept.await;
        assert!(start.elapsed() >= asked);
        // Called in one turn, awaited in another.
        let start = Instant::now();
        let slept = sleep(asked);
        for _ in 0..3 {
            yield_now().await;
            compute(micros(300));
        }
        slept.await;
        assert!(start.elapsed() >= asked);
        let other = spawn(async {
            for _ in 0..10 {
                compute(micros(200));
                yield_now().await;
            }
        });
        sleep_checked(asked).await;
        other.await.unwrap();
    }
}

#[seastar::test]
async fn a_deadline_in_the_past_is_no_wait() {
    let _guard = guard("a_deadline_in_the_past_is_no_wait");
    let now = Instant::now();
    for ago in [Duration::ZERO, micros(1), HOUR] {
        let Some(deadline) = now.checked_sub(ago) else { continue };
        sleep_until(deadline).await;
        sleep(deadline.saturating_duration_since(now)).await;
        assert_eq!(timeout_at(deadline, pending::<()>()).await, Err(Elapsed));
        assert_eq!(timeout_at(deadline, ready(7)).await, Ok(7));
    }
}

#[seastar::test]
async fn the_far_future_does_not_come() {
    let _guard = guard("the_far_future_does_not_come");
    let far =
        [Duration::MAX, Duration::MAX - micros(1), Duration::from_secs(u64::MAX), HOUR * 1_000_000, HOUR];
    for duration in far {
        assert_eq!(timeout(micros(200), sleep(duration)).await, Err(Elapsed));
        assert_eq!(timeout(duration, sleep(micros(200))).await, Ok(()));
        if let Some(deadline) = Instant::now().checked_add(duration) {
            assert_eq!(timeout(micros(200), sleep_until(deadline)).await, Err(Elapsed));
        }
    }
    // With some that are never dropped, others still fire.
    let waiting: Vec<_> = far.iter().map(|duration| spawn(sleep(*duration))).collect();
    sleep_checked(micros(2_000)).await;
    assert!(waiting.iter().all(|fiber| !fiber.is_finished()));
    waiting.iter().for_each(|fiber| fiber.cancel());
}

#[seastar::test]
async fn timers_fire_in_the_order_of_their_deadlines() {
    let _guard = guard("timers_fire_in_the_order_of_their_deadlines");
    const COUNT: usize = 200;
    let mut random = Random::new(2);
    loop {
        let first = Instant::now() + Duration::from_millis(30);
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut numbers: Vec<usize> = (0..COUNT).collect();
        (1..COUNT).for_each(|n| numbers.swap(n, random.below(n + 1)));
        let fibers: Vec<_> = numbers
            .into_iter()
            .map(|n| {
                let order = order.clone();
                spawn(async move {
                    sleep_until(first + micros(100 * n as u64)).await;
                    order.borrow_mut().push(n);
                })
            })
            .collect();
        yield_now().await;
        yield_now().await;
        // Those that are late already when they are set fire in the order in which they were set.
        let in_time = Instant::now() < first;
        for fiber in fibers {
            fiber.await.unwrap();
        }
        if in_time {
            assert!(order.borrow().is_sorted(), "{:?}", order.borrow());
            break;
        }
    }
}

#[seastar::test]
async fn timers_with_one_deadline_fire_in_the_order_in_which_they_were_set() {
    let _guard = guard("timers_with_one_deadline_fire_in_the_order_in_which_they_were_set");
    let deadline = Instant::now() + Duration::from_millis(5);
    let order = Rc::new(RefCell::new(Vec::new()));
    let fibers: Vec<_> = (0..100)
        .map(|n| {
            let order = order.clone();
            spawn(async move {
                sleep_until(deadline).await;
                order.borrow_mut().push(n);
            })
        })
        .collect();
    for fiber in fibers {
        fiber.await.unwrap();
    }
    assert!(order.borrow().is_sorted(), "{:?}", order.borrow());
}

#[seastar::test]
async fn a_hundred_thousand_timers_at_once() {
    let _guard = guard("a_hundred_thousand_timers_at_once");
    const COUNT: usize = 100_000;
    let mut random = Random::new(3);
    let fired = Rc::new(Cell::new(0));
    let fibers: Vec<_> = (0..COUNT)
        .map(|_| {
            let (fired, duration) = (fired.clone(), micros(random.below(300_000) as u64));
            spawn(async move {
                sleep_checked(duration).await;
                fired.set(fired.get() + 1);
            })
        })
        .collect();
    for fiber in fibers {
        fiber.await.unwrap();
    }
    assert_eq!(fired.get(), COUNT);
}

#[seastar::test]
async fn half_of_a_hundred_thousand_timers_dropped_half_way() {
    let _guard = guard("half_of_a_hundred_thousand_timers_dropped_half_way");
    const COUNT: usize = 100_000;
    let mut random = Random::new(4);
    let start = Instant::now();
    let mut timers: Vec<_> = (0..COUNT)
        .map(|_| {
            let duration = micros(random.below(200_000) as u64);
            Some((start + duration, Box::pin(sleep(duration))))
        })
        .collect();
    // All of them are woken through this fiber, again and again.
    poll_fn(|context| {
        let ready = timers
            .iter_mut()
            .flatten()
            .filter_map(|(_, sleep)| sleep.as_mut().poll(context).is_ready().then_some(()));
        assert_eq!(ready.count(), 0, "a timer fires in a later turn at the earliest");
        Poll::Ready(())
    })
    .await;
    sleep(Duration::from_millis(100)).await;
    let mut dropped = 0;
    for timer in timers.iter_mut() {
        if random.below(2) == 0 {
            *timer = None;
            dropped += 1;
        }
    }
    let mut fired = 0;
    for (deadline, sleep) in timers.into_iter().flatten() {
        sleep.await;
        assert!(Instant::now() >= deadline);
        fired += 1;
    }
    assert_eq!(fired + dropped, COUNT);
    // Nothing of them is left that could disturb others.
    sleep_checked(micros(1_000)).await;
}

#[seastar::test]
async fn a_sleep_that_is_polled_too_often_is_no_shorter() {
    let _guard = guard("a_sleep_that_is_polled_too_often_is_no_shorter");
    let (start, asked) = (Instant::now(), Duration::from_millis(3));
    let mut slept = pin!(sleep(asked));
    loop {
        yield_now().await;
        if poll_fn(|context| poll_once(slept.as_mut(), context)).await.is_ready() {
            break;
        }
    }
    assert!(start.elapsed() >= asked);
    // And is over for good.
    for _ in 0..3 {
        assert!(poll_fn(|context| poll_once(slept.as_mut(), context)).await.is_ready());
    }
}

#[seastar::test]
async fn a_sleep_wakes_who_polled_it_last() {
    let _guard = guard("a_sleep_wakes_who_polled_it_last");
    let mut slept = Box::pin(sleep(Duration::from_millis(2)));
    assert!(poll_fn(|context| poll_once(slept.as_mut(), context)).await.is_pending());
    spawn(slept).await.unwrap();
}

#[test]
fn a_sleep_outlives_its_runtime() {
    let _guard = guard("a_sleep_outlives_its_runtime");
    let (mut soon, late) = run(1, async || {
        // Long enough not to be over before the runtime is.
        let mut sleeps = [Box::pin(sleep(Duration::from_secs(2))), Box::pin(sleep(HOUR))];
        for sleep in &mut sleeps {
            assert!(poll_fn(|context| poll_once(sleep.as_mut(), context)).await.is_pending());
        }
        let [soon, late] = sleeps;
        (soon, late)
    });
    drop(late);
    let off = catch_unwind(AssertUnwindSafe(|| soon.as_mut().poll(&mut Context::from_waker(Waker::noop()))));
    let text = off.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(*text, "sleep on a thread that is no shard; await it within `#[seastar::main]`");
    run(1, async move || soon.await);
}

/// Counts polls and drops, and is ready at the poll with the number `ready_at`.
struct Inner {
    ready_at: usize,
    polls: Rc<Cell<usize>>,
    drops: Rc<Cell<usize>>,
}

impl Future for Inner {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        self.polls.set(self.polls.get() + 1);
        if self.polls.get() >= self.ready_at {
            return Poll::Ready(self.polls.get());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}

/// The future, its polls, its drops.
fn inner(ready_at: usize) -> (Inner, Rc<Cell<usize>>, Rc<Cell<usize>>) {
    let (polls, drops) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    (Inner { ready_at, polls: polls.clone(), drops: drops.clone() }, polls, drops)
}

// TMO-1
#[seastar::test]
async fn a_result_counts_more_than_the_time_limit() {
    let _guard = guard("a_result_counts_more_than_the_time_limit");
    assert_eq!(timeout(Duration::ZERO, ready(7)).await, Ok(7));
    assert_eq!(timeout(Duration::ZERO, inner(1).0).await, Ok(1));
    // Both are ready when it is polled for the second time.
    let mut limited = pin!(timeout(micros(10), inner(2).0));
    assert!(poll_fn(|context| Poll::Ready(limited.as_mut().poll(context))).await.is_pending());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(limited.await, Ok(2));
}

// TMO-2
#[seastar::test]
async fn a_time_limit_drops_what_it_limits() {
    let _guard = guard("a_time_limit_drops_what_it_limits");
    let (future, polls, drops) = inner(usize::MAX);
    let error = timeout(micros(300), future).await.unwrap_err();
    assert_eq!((error.to_string(), drops.get()), ("timed out".to_owned(), 1));
    let polled = polls.get();
    assert!(polled >= 1);
    sleep(micros(300)).await;
    assert_eq!((polls.get(), drops.get()), (polled, 1), "it does no more");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
}

// TMO-2
#[seastar::test]
async fn a_fiber_goes_on_after_the_time_limit_of_who_awaits_it() {
    let _guard = guard("a_fiber_goes_on_after_the_time_limit_of_who_awaits_it");
    let mut fiber = spawn(async {
        sleep(Duration::from_millis(3)).await;
        7
    });
    let joined = loop {
        if let Ok(joined) = timeout(micros(100), &mut fiber).await {
            break joined;
        }
    };
    assert_eq!(joined.unwrap(), 7);
    let ended = spawn(async { 8 });
    yield_now().await;
    assert_eq!(timeout(Duration::ZERO, ended).await.unwrap().unwrap(), 8);
}

#[seastar::test]
async fn the_nearest_of_nested_time_limits_counts() {
    let _guard = guard("the_nearest_of_nested_time_limits_counts");
    let soon = micros(300);
    assert_eq!(timeout(soon, timeout(HOUR, pending::<()>())).await, Err(Elapsed));
    assert_eq!(timeout(HOUR, timeout(soon, pending::<()>())).await, Ok(Err(Elapsed)));
    assert_eq!(timeout(soon, timeout(soon, pending::<()>())).await, Ok(Err(Elapsed)));
    assert_eq!(timeout(soon, timeout(soon, ready(7))).await, Ok(Ok(7)));
    for _ in 0..100 {
        let (future, _, drops) = inner(usize::MAX);
        let result = timeout(micros(150), timeout(micros(150), timeout(micros(151), future))).await;
        // The two inner ones may end in the same tick, in which the innermost is asked first.
        assert!(matches!(result, Ok(Err(Elapsed) | Ok(Err(Elapsed)))));
        assert_eq!(drops.get(), 1);
    }
}

#[seastar::test]
async fn a_time_limit_that_is_not_reached_leaves_nothing() {
    let _guard = guard("a_time_limit_that_is_not_reached_leaves_nothing");
    for round in 0..20_000u64 {
        assert!(timeout(micros(round), inner(1 + round as usize % 2).0).await.is_ok());
    }
    sleep_checked(micros(1_000)).await;
}

#[seastar::test(shards = 3)]
async fn every_shard_has_timers_of_its_own() {
    let _guard = guard("every_shard_has_timers_of_its_own");
    let all = invoke_on_all(async || {
        let mut random = Random::new(seastar::this_shard() as u64);
        let fibers: Vec<_> =
            (0..1_000).map(|_| spawn(sleep_checked(micros(random.below(30_000) as u64)))).collect();
        for fiber in fibers {
            fiber.await.unwrap();
        }
        assert_eq!(timeout(micros(100), pending::<()>()).await, Err(Elapsed));
        Ok::<_, ()>(())
    });
    all.await.unwrap();
    // Limits on calls to others: the call goes on there.
    for shard in 0..3 {
        let call = seastar::submit_to(shard, async move || {
            sleep_checked(micros(500)).await;
            shard
        });
        assert!(timeout(HOUR, call).await.is_ok_and(|there| there == shard));
        let never = seastar::submit_to(shard, async || sleep(Duration::from_millis(20)).await);
        let _ = timeout(micros(100), never).await;
    }
}
