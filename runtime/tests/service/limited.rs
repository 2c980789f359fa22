//! Calls with a deadline, and calls of a group.

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seastar::{
    CallError, CallOptions, NotRunning, Service, ServiceGroup, Sharded, sleep, spawn, submit_to,
    submit_to_with, this_shard, yield_now,
};

use crate::{Living, poll_once};

const LONG: Duration = Duration::from_secs(60);

/// How many calls run, and how many ran at the same time at most.
struct Busy {
    now: Cell<usize>,
    most: Cell<usize>,
}

impl Service for Busy {
    type Stopped = ();
}

impl Busy {
    async fn work(&self) {
        self.now.set(self.now.get() + 1);
        self.most.set(self.most.get().max(self.now.get()));
        sleep(Duration::from_millis(1)).await;
        self.now.set(self.now.get() - 1);
    }
}

async fn busy() -> Sharded<Busy> {
    Sharded::start(async |_| Busy { now: Cell::new(0), most: Cell::new(0) }).await
}

#[seastar::test(shards = 3)]
async fn a_group_bounds_the_calls_that_run_on_each_other_shard() -> Result<(), CallError> {
    static GROUP: ServiceGroup = ServiceGroup::new("work", 4);
    let (busy, options) = (busy().await, CallOptions::new().group(&GROUP));
    assert_eq!(GROUP.share(), 2);
    // Two shards call the third, many at a time.
    let flood = async move || {
        let call = |_| spawn(busy.invoke_on_with(options, 2, async |busy: &Busy| busy.work().await));
        for call in (0..50).map(call).collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
    };
    let other = spawn(submit_to(1, flood));
    flood().await;
    other.await.unwrap();
    let most = busy.invoke_on(2, async |busy: &Busy| busy.most.get()).await?;
    assert!((1..=4).contains(&most), "{most} at the same time");
    // Calls to the own shard are not limited.
    let own: Vec<_> = (0..10)
        .map(|_| spawn(busy.invoke_on_with(options, 0, async |busy: &Busy| busy.work().await)))
        .collect();
    for call in own {
        call.await.unwrap()?;
    }
    assert_eq!(busy.local()?.most.get(), 10);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_call_that_nobody_waits_for_counts_until_it_has_returned() {
    static GROUP: ServiceGroup = ServiceGroup::new("one at a time", 1);
    let running = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let counted = running.clone();
        let options = CallOptions::new().group(&GROUP);
        let mut call = Box::pin(submit_to_with(options, 1, async move || {
            assert_eq!(counted.fetch_add(1, Ordering::Relaxed), 0);
            sleep(Duration::from_millis(1)).await;
            counted.fetch_sub(1, Ordering::Relaxed);
        }));
        // Sent, or in line.
        assert!(poll_once(&mut call).is_none());
    }
    let last = submit_to_with(CallOptions::new().group(&GROUP), 1, async || ()).await;
    assert_eq!((last, running.load(Ordering::Relaxed)), (Ok(()), 0));
}

#[seastar::test(shards = 2)]
async fn a_call_that_waited_for_its_group_in_vain_was_not_made() {
    static GROUP: ServiceGroup = ServiceGroup::new("stuck", 1);
    let options = CallOptions::new().group(&GROUP);
    let (release, ran) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let released = release.clone();
    let first = spawn(submit_to_with(options, 1, async move || {
        while released.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }));
    yield_now().await;
    let counted = ran.clone();
    let late = submit_to_with(options.timeout(Duration::from_millis(2)), 1, async move || {
        counted.fetch_add(1, Ordering::Relaxed);
    })
    .await;
    assert_eq!(late.unwrap_err().to_string(), "Semaphore timed out: stuck");
    // Others are not held up by it.
    assert_eq!(submit_to(1, async || this_shard()).await, 1);
    release.store(1, Ordering::Relaxed);
    first.await.unwrap().unwrap();
    submit_to_with(options, 1, async || ()).await.unwrap();
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

/// Calls there and back, `depth` times, each call waiting for the next one.
fn nested(
    groups: &'static [ServiceGroup],
    depth: usize,
    deadline: Instant,
) -> std::pin::Pin<Box<dyn Future<Output = Result<(), CallError>>>> {
    Box::pin(async move {
        if depth == 0 {
            return Ok(());
        }
        let options = CallOptions::new().group(&groups[depth % groups.len()]).deadline(deadline);
        submit_to_with(options, 1 - this_shard(), async move || nested(groups, depth - 1, deadline).await)
            .await?
    })
}

#[seastar::test(shards = 2)]
async fn calls_within_calls_of_one_group_can_wait_for_each_other_and_with_two_groups_do_not() {
    static ONE: [ServiceGroup; 1] = [ServiceGroup::new("one", 1)];
    static FOUR: [ServiceGroup; 4] = [
        ServiceGroup::new("a", 1),
        ServiceGroup::new("b", 1),
        ServiceGroup::new("c", 1),
        ServiceGroup::new("d", 1),
    ];
    // Third call: back on the first one's way, whose unit is only given back after it.
    let stuck = nested(&ONE, 3, Instant::now() + Duration::from_millis(20)).await.unwrap_err();
    assert!(matches!(stuck, CallError::TimedOut | CallError::Group(_)), "{stuck}");
    let many = |_| spawn(nested(&FOUR, 4, Instant::now() + LONG));
    for call in (0..20).map(many).collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    // What was given up has given back what it had.
    assert_eq!(nested(&ONE, 2, Instant::now() + LONG).await, Ok(()));
}

#[seastar::test(shards = 2)]
async fn a_deadline_ends_the_call_on_both_sides() -> Result<(), NotRunning> {
    let (busy, living) = (busy().await, Living::default());
    for shard in 0..2 {
        let life = living.one();
        let options = CallOptions::new().timeout(Duration::from_millis(2));
        let late = busy.invoke_on_with(options, shard, async move |_: &Busy| {
            let _life = life;
            pending::<()>().await;
        });
        assert_eq!(late.await, Err(CallError::TimedOut));
        while living.count() > 0 {
            yield_now().await;
        }
    }
    // Nothing holds the instances any more.
    busy.stop().await;
    let late = busy.invoke_on_with(CallOptions::new(), 1, async |_: &Busy| ()).await;
    assert!(matches!(late, Err(CallError::NotRunning(_))));
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_call_that_is_late_does_not_begin() {
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    let options = CallOptions::new().deadline(Instant::now());
    let late = submit_to_with(options, 1, async move || counted.fetch_add(1, Ordering::Relaxed)).await;
    assert_eq!(late, Err(CallError::TimedOut));
    submit_to(1, async || ()).await;
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    assert_eq!(std::io::Error::from(late.unwrap_err()).kind(), std::io::ErrorKind::TimedOut);
}
