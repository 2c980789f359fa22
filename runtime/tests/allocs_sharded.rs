//! Nothing allocates once it is warm: the calls that `#[seastar::sharded]` declares, by whatever way, from either side.

#[path = "support/counting.rs"]
mod counting;

use std::cell::Cell;
use std::time::Duration;

use seastar::{Call, CallError, NotRunning, ServiceGroup, spawn, submit_to, yield_now};

use counting::allocations;

const LONG: Duration = Duration::from_secs(60);

type Page = [u8; 2040];

struct Service {
    calls: Cell<u64>,
}

#[seastar::sharded]
impl Service {
    async fn start() -> Self {
        Service { calls: Cell::new(0) }
    }

    #[route(key)]
    async fn get(&self, key: u64) -> Option<u64> {
        self.calls.set(self.calls.get() + 1);
        Some(key)
    }

    /// Arguments and result as large as a message may be.
    #[on(shard)]
    async fn swap(&self, shard: usize, first: Page, second: Page) -> (Page, Page) {
        yield_now().await;
        (second, first)
    }

    #[on(shard)]
    fn now(&self, shard: usize) -> u64 {
        self.calls.get()
    }

    #[broadcast]
    async fn reset(&self, calls: u64) -> Result<(), u8> {
        self.calls.set(calls);
        Ok(())
    }

    #[broadcast(reduce = |sum, next| sum + next)]
    fn sum(&self) -> u64 {
        self.calls.get()
    }
}

static LOOKUPS: ServiceGroup = ServiceGroup::new("lookups", 3);

struct Limited;

#[seastar::sharded(group = LOOKUPS)]
impl Limited {
    async fn start() -> Self {
        Limited
    }

    #[route(key)]
    async fn get(&self, key: u64) -> u64 {
        yield_now().await;
        key
    }
}

/// Calls by all ways, one by one and many at a time.
async fn call(service: ServiceHandle, limited: LimitedHandle, shard: usize) -> Result<(), NotRunning> {
    for key in 0..100 {
        assert_eq!(service.get(key).await?, Some(key));
        let (first, second) = service.swap(shard, [1; 2040], [2; 2040]).await?;
        assert_eq!((first[0], second[0]), (2, 1));
        service.now(shard).await?;
        service.reset(key).await?.expect("it cannot fail");
        service.sum().await?;
        service.local()?.get(key).await;
        assert_eq!(service.get(key).within(LONG).await, Ok(Some(key)));
        assert_eq!(limited.get(key).within(LONG).await, Ok(key));
        assert_eq!(service.get(key).within(Duration::ZERO).await, Err(CallError::TimedOut));
    }
    let mut fibers = [const { None }; 100];
    let mut key = 0;
    fibers.fill_with(|| {
        key += 1;
        Some(spawn(service.get(key)))
    });
    for fiber in fibers.iter_mut().flatten() {
        fiber.await.unwrap()?;
    }
    let mut fibers = [const { None }; 100];
    fibers.fill_with(|| {
        key += 1;
        Some(spawn(limited.get(key)))
    });
    for fiber in fibers.iter_mut().flatten() {
        fiber.await.unwrap()?;
    }
    Ok(())
}

async fn allocations_of(shard: usize) -> usize {
    submit_to(shard, async || allocations()).await
}

#[seastar::test(shards = 2)]
async fn calls_from_either_shard() -> Result<(), NotRunning> {
    let service = Service::start_sharded().await;
    let limited = Limited::start_sharded().await;
    for _ in 0..3 {
        call(service, limited, 0).await?;
        call(service, limited, 1).await?;
        submit_to(1, async move || call(service, limited, 0).await).await?;
        submit_to(1, async move || call(service, limited, 1).await).await?;
    }
    let before = [allocations(), allocations_of(1).await];
    call(service, limited, 0).await?;
    let here = [allocations(), allocations_of(1).await];
    assert_eq!(here, before, "from shard 0 to itself");
    call(service, limited, 1).await?;
    let there = [allocations(), allocations_of(1).await];
    assert_eq!(there, here, "from shard 0 to shard 1");
    submit_to(1, async move || call(service, limited, 0).await).await?;
    let back = [allocations(), allocations_of(1).await];
    assert_eq!(back, there, "from shard 1 to shard 0");
    submit_to(1, async move || call(service, limited, 1).await).await?;
    let at_home = [allocations(), allocations_of(1).await];
    assert_eq!(at_home, back, "from shard 1 to itself");
    service.stop().await;
    Ok(())
}

#[seastar::test(shards = 2)]
async fn calls_that_are_refused() {
    let service = Service::start_sharded().await;
    service.stop().await;
    let work = async || {
        for key in 0..100 {
            assert!(service.get(key).await.is_err() && service.now(7).await.is_err());
            assert!(service.sum().await.is_err() && service.local().is_err());
        }
    };
    for _ in 0..3 {
        work().await;
    }
    let before = [allocations(), allocations_of(1).await];
    work().await;
    assert_eq!([allocations(), allocations_of(1).await], before);
}
