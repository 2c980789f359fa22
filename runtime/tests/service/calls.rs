//! Calls to one instance, and to all of them.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::poll_once;
use seastar::{NotRunning, Service, Sharded, shard_count, sleep, spawn, this_shard, yield_now};

struct Counter {
    count: Cell<u64>,
    log: RefCell<Vec<u64>>,
}

impl Service for Counter {
    type Stopped = ();
}

impl Counter {
    async fn add(&self, n: u64) -> u64 {
        yield_now().await;
        self.count.set(self.count.get() + n);
        self.log.borrow_mut().push(n);
        self.count.get()
    }
}

async fn counters() -> Sharded<Counter> {
    Sharded::start(async |_| Counter { count: Cell::new(0), log: RefCell::default() }).await
}

#[seastar::test(shards = 3)]
async fn a_call_runs_on_the_instance_of_its_shard() -> Result<(), NotRunning> {
    let counters = counters().await;
    for shard in 0..3 {
        for n in 1..=10 {
            counters.invoke_on(shard, async move |counter: &Counter| counter.add(n).await).await?;
        }
        let (here, sum) =
            counters.invoke_on(shard, async |counter: &Counter| (this_shard(), counter.count.get())).await?;
        assert_eq!((here, sum), (shard, 55));
    }
    assert_eq!(counters.local()?.log.borrow().len(), 10);
    Ok(())
}

#[seastar::test(shards = 3)]
async fn a_call_may_come_from_any_shard_and_go_on_to_another() -> Result<(), NotRunning> {
    let counters = counters().await;
    let sum = counters
        .invoke_on(1, async move |counter: &Counter| {
            counter.add(1).await;
            let there = counters.invoke_on(2, async |counter: &Counter| counter.add(10).await).await;
            let back = counters.invoke_on(0, async |counter: &Counter| counter.add(100).await).await;
            there.unwrap() + back.unwrap() + counter.count.get()
        })
        .await?;
    assert_eq!(sum, 111);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn calls_to_one_instance_start_in_the_order_in_which_they_were_made() -> Result<(), NotRunning> {
    let counters = counters().await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            spawn(counters.invoke_on(1, async move |counter: &Counter| counter.log.borrow_mut().push(n)))
        })
        .collect();
    for call in calls {
        call.await.unwrap()?;
    }
    let log = counters.invoke_on(1, async |counter: &Counter| counter.log.take()).await?;
    assert_eq!(log, (0..100).collect::<Vec<_>>());
    Ok(())
}

#[seastar::test(shards = 3)]
async fn all_others_and_ranges_are_called() -> Result<(), NotRunning> {
    let counters = counters().await;
    let add = async |counter: &Counter| counter.count.set(counter.count.get() + 1);
    counters.invoke_on_all(add).await?;
    counters.invoke_on_others(add).await?;
    counters.invoke_on_range(1..2, add).await?;
    counters.invoke_on_range(2..2, add).await?;
    assert_eq!(counters.map(async |counter: &Counter| counter.count.get()).await?, [1, 3, 2]);
    let others = counters.invoke_on(1, async move |_: &Counter| {
        counters.invoke_on_others(async |counter: &Counter| counter.count.set(10)).await
    });
    others.await??;
    assert_eq!(counters.map(async |counter: &Counter| counter.count.get()).await?, [10, 3, 10]);
    Ok(())
}

#[seastar::test(shards = 3)]
async fn results_come_in_the_order_of_the_shards_whoever_answers_first() -> Result<(), NotRunning> {
    let counters = counters().await;
    let slow_first = async |_: &Counter| {
        for _ in 0..100 * (shard_count() - this_shard()) {
            yield_now().await;
        }
        sleep(Duration::from_millis(5 * (2 - this_shard() as u64))).await;
        this_shard().to_string()
    };
    assert_eq!(counters.map(slow_first).await?, ["0", "1", "2"]);
    let text = counters.map_reduce(slow_first, String::from(">"), |all, one| all + &one).await?;
    assert_eq!(text, ">012");
    Ok(())
}

#[seastar::test(shards = 3)]
async fn of_several_failures_that_of_the_lowest_shard_is_returned() -> Result<(), NotRunning> {
    let counters = counters().await;
    let failed = counters
        .invoke_on_all(async |counter: &Counter| {
            sleep(Duration::from_millis(3 - this_shard() as u64)).await;
            counter.add(1).await;
            if this_shard() > 0 { Err(this_shard()) } else { Ok(()) }
        })
        .await?;
    assert_eq!(failed, Err(1));
    assert_eq!(counters.map(async |counter: &Counter| counter.count.get()).await?, [1, 1, 1]);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_shard_that_does_not_exist_is_an_error_and_nothing_runs() {
    let counters = counters().await;
    let touch = async |counter: &Counter| counter.count.set(1);
    let error = counters.invoke_on(2, touch).await.unwrap_err();
    assert_eq!((error.shard(), error.service()), (2, std::any::type_name::<Counter>()));
    let text = format!(
        "sharded instance does not exist: {}: shard 2 does not exist; this program has 2, from 0",
        error.service()
    );
    assert_eq!(error.to_string(), text);
    let error = counters.invoke_on_range(0..9, touch).await.unwrap_err();
    assert_eq!(error.shard(), 8);
    assert_eq!(counters.map(async |counter: &Counter| counter.count.get()).await.unwrap(), [0, 0]);
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::NotConnected);
}

#[seastar::test(shards = 2)]
async fn a_panic_goes_on_in_the_caller_and_leaves_the_service_as_it_is() -> Result<(), NotRunning> {
    let counters = counters().await;
    for shard in 0..2 {
        let call = counters.invoke_on(shard, async |_: &Counter| -> u64 { panic!("on {}", this_shard()) });
        let panic = spawn(async move { call.await.is_ok() }).await.unwrap_err().try_into_panic().unwrap();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), &format!("on {shard}"));
    }
    let all = counters.map(async |counter: &Counter| {
        counter.add(1).await;
        assert!(this_shard() != 1, "not here");
    });
    let panic = spawn(async move { all.await.is_ok() }).await.unwrap_err().try_into_panic().unwrap();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "not here");
    assert_eq!(counters.map(async |counter: &Counter| counter.count.get()).await?, [1, 1]);
    counters.stop().await;
    Ok(())
}

#[seastar::test(shards = 2)]
async fn a_dropped_call_finishes_on_its_shard() -> Result<(), NotRunning> {
    let counters = counters().await;
    let mut call = Box::pin(counters.map(async |counter: &Counter| {
        sleep(Duration::from_millis(1)).await;
        counter.add(1).await
    }));
    assert!(poll_once(&mut call).is_none());
    drop(call);
    while counters.invoke_on(1, async |counter: &Counter| counter.count.get()).await? == 0 {
        yield_now().await;
    }
    assert_eq!(counters.local()?.count.get(), 0, "on its own shard it was a part of what was dropped");
    Ok(())
}

#[test]
fn off_a_shard_there_are_no_services() {
    let counters = crate::run::run(1, async || counters().await);
    assert!(counters.local().is_err() && !counters.is_running());
    let call = || drop(counters.invoke_on(0, async |_: &Counter| ()));
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
    // Another program has other services.
    let error = crate::run::run(1, async move || {
        let mine = self::counters().await;
        assert!(mine.is_running() && mine != counters);
        counters.stop().await;
        counters.invoke_on(0, async |_: &Counter| ()).await
    });
    assert!(error.is_err());
}

#[seastar::test(shards = 2)]
async fn a_key_belongs_to_one_shard_wherever_it_is_asked() -> Result<(), NotRunning> {
    let counters = counters().await;
    for n in 0..100_u32 {
        let here = counters.shard_of(&n);
        let there = counters.invoke_on(1, async move |_: &Counter| counters.shard_of(&n)).await?;
        assert_eq!(here, there);
    }
    Ok(())
}
