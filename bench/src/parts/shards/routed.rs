//! Calls to a service, whose key says where they run.

use super::{Calls, Idle};
use crate::runtimes::SubmitTo;
use seastar::{Service, Sharded};

/// Calls by [`Sharded`].
pub struct Routed;

/// Adds one.
pub struct Adder;

impl Service for Adder {
    type Stopped = ();
}

impl Adder {
    async fn add(&self, value: u64) -> u64 {
        value + 1
    }
}

/// A service, and a key that belongs to the other shard.
#[derive(Clone, Copy)]
pub struct Other {
    adders: Sharded<Adder>,
    key: u64,
}

impl Calls for Routed {
    type Remote = Other;
    const CAN_POLL: bool = true;

    fn run(idle: Idle, main: impl AsyncFnOnce(Other) + 'static) {
        SubmitTo::run(idle, async move |shard| {
            let adders = Sharded::start(async |_| Adder).await;
            let key = (0..).find(|key| adders.shard_of(key) == shard).expect("every shard has keys");
            main(Other { adders, key }).await;
        });
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        seastar::spawn(fiber)
    }

    async fn call(other: &Other, value: u64) -> u64 {
        // A key that the compiler cannot know.
        let shard = other.adders.shard_of(&std::hint::black_box(other.key));
        let added = other.adders.invoke_on(shard, async move |adder: &Adder| adder.add(value).await);
        added.await.expect("the service runs")
    }
}
