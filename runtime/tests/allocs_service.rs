//! Calls to services allocate nothing.
#![allow(missing_docs)]

#[path = "support/counting.rs"]
mod counting;

use std::cell::Cell;
use std::panic::Location;
use std::time::Duration;

use seastar::net::{Distribution, ListenOptions, ServeOptions, TcpStream, connect, listen_with};
use seastar::{ForeignPtr, NotRunning, Service, Sharded, spawn, submit_to, this_shard, yield_now};

use counting::allocations;

struct Counter {
    count: Cell<u64>,
}

impl Service for Counter {
    type Stopped = ();
}

impl Counter {
    async fn add(&self, n: u64) -> u64 {
        yield_now().await;
        self.count.set(self.count.get() + n);
        n
    }
}

async fn counters() -> Sharded<Counter> {
    Sharded::start(async |_| Counter { count: Cell::new(0) }).await
}

/// Calls the instance of `shard`, one by one and many at a time.
async fn call(counters: Sharded<Counter>, shard: usize) -> Result<(), NotRunning> {
    for n in 0..500 {
        let sum = counters.invoke_on(shard, async move |counter: &Counter| counter.add(n).await).await?;
        assert_eq!(sum, n);
        let large = [n; 20];
        let back = counters.invoke_on(shard, async move |_: &Counter| {
            yield_now().await;
            large
        });
        assert_eq!(back.await?, large);
    }
    let mut fibers = [const { None }; 200];
    fibers.fill_with(|| Some(spawn(counters.invoke_on(shard, async |_: &Counter| this_shard()))));
    for fiber in fibers.iter_mut().flatten() {
        assert_eq!(fiber.await.unwrap()?, shard);
    }
    Ok(())
}

/// What `work` allocates on both shards when it is done for the fourth time.
#[track_caller]
fn none_allocated(
    work: impl AsyncFn() -> Result<(), NotRunning>,
) -> impl Future<Output = Result<(), NotRunning>> {
    let line = Location::caller();
    async move {
        for _ in 0..3 {
            work().await?;
        }
        let there = async || submit_to(1, async || allocations()).await;
        let before = [allocations(), there().await];
        work().await?;
        assert_eq!([allocations(), there().await], before, "{line}");
        Ok(())
    }
}

#[seastar::test(shards = 2)]
async fn a_call_to_the_own_shard_to_another_and_back() -> Result<(), NotRunning> {
    let counters = counters().await;
    none_allocated(async move || call(counters, 0).await).await?;
    none_allocated(async move || call(counters, 1).await).await?;
    none_allocated(async move || submit_to(1, async move || call(counters, 0).await).await).await
}

#[seastar::test(shards = 2)]
async fn calls_to_all_shards() -> Result<(), NotRunning> {
    let counters = counters().await;
    none_allocated(async move || {
        for _ in 0..100 {
            counters.invoke_on_all(async |counter: &Counter| assert_eq!(counter.add(1).await, 1)).await?;
            let ones =
                counters.map_reduce(async |counter: &Counter| counter.add(1).await, 0, |sum, n| sum + n);
            assert_eq!(ones.await?, 2);
        }
        Ok(())
    })
    .await
}

#[seastar::test(shards = 2)]
async fn a_look_at_the_own_instance_and_a_call_that_finds_none() -> Result<(), NotRunning> {
    let (counters, gone) = (counters().await, counters().await);
    gone.stop().await;
    none_allocated(async move || {
        for shard in 0..3 {
            assert!(gone.invoke_on(shard, async |_: &Counter| ()).await.is_err());
            counters.local()?.clone().count.set(1);
        }
        Ok(())
    })
    .await
}

#[seastar::test(shards = 2)]
async fn a_foreign_value_from_its_making_to_its_drop() -> Result<(), NotRunning> {
    none_allocated(async || {
        for n in 0..500 {
            let pointer = submit_to(1, async move || ForeignPtr::new(Cell::new(n))).await;
            assert_eq!(pointer.invoke(async |value: &Cell<u64>| value.get()).await, n);
            drop(pointer.copy().await);
        }
        Ok(())
    })
    .await
}

#[seastar::test(shards = 2)]
async fn a_connection_of_a_server_with_limits() -> Result<(), NotRunning> {
    let options = ListenOptions::new().distribution(Distribution::Fixed(1));
    let listener = listen_with("127.0.0.1:0", options).unwrap();
    let address = listener.local_address();
    let limits = ServeOptions::new().connections_per_shard(10).idle_timeout(Duration::from_secs(60));
    let server = listener.serve_with(limits, async |stream: TcpStream| {
        let (mut input, mut output) = stream.split();
        output.write_buffer(input.read().await?).await?;
        output.close().await
    });
    let server = server.await.unwrap();
    none_allocated(async || {
        for _ in 0..20 {
            let (mut input, mut output) = connect(address).await.unwrap().split();
            output.write(b"ping").await.unwrap();
            output.flush().await.unwrap();
            assert_eq!(*input.read().await.unwrap(), *b"ping");
            assert!(input.read().await.unwrap().is_empty());
        }
        Ok(())
    })
    .await?;
    server.stop().await;
    Ok(())
}
