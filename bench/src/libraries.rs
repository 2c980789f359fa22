//! What `sync` needs of a library, so that each case is written once, and who offers it.

mod async_channel;
mod flume;
mod glommio;
mod kimojio;
mod local_sync;
mod seastar;
mod tokio;

use crate::parts::sync::{channel_between, channel_within, gate, mutex, rw_lock, semaphore};
use crate::runtimes::{Compio, Glommio, Kimojio, Monoio, Runtime, Seastar, Tokio};

/// Everything that `sync` measures of one library.
pub struct Library {
    pub name: &'static str,
    /// Measures on the calling thread, for that share of the usual number of operations.
    pub measure: fn(f64),
}

/// Ours first. Those that belong to no runtime are measured on the one that they are mostly used with.
pub const LIBRARIES: &[Library] = &[
    Library {
        name: "seastar",
        measure: |scale| {
            Seastar::run(async move {
                semaphore::<Seastar, seastar::Units>(scale).await;
                mutex::<seastar::Lock>(scale).await;
                rw_lock::<seastar::ReadWrite>(scale).await;
                channel_within::<seastar::Bounded>(scale).await;
                channel_between::<Seastar, seastar::Bounded>(scale).await;
                gate::<seastar::Door>(scale).await;
            });
        },
    },
    Library {
        name: "seastar-pipe",
        measure: |scale| {
            Seastar::run(async move {
                channel_within::<seastar::Piped>(scale).await;
                channel_between::<Seastar, seastar::Piped>(scale).await;
            });
        },
    },
    Library {
        name: "tokio",
        measure: |scale| {
            Tokio::run(async move {
                semaphore::<Tokio, tokio::Units>(scale).await;
                mutex::<tokio::Lock>(scale).await;
                rw_lock::<tokio::ReadWrite>(scale).await;
                channel_within::<tokio::Bounded>(scale).await;
                channel_between::<Tokio, tokio::Bounded>(scale).await;
            });
        },
    },
    Library {
        name: "glommio",
        measure: |scale| {
            Glommio::run(async move {
                semaphore::<Glommio, glommio::Units>(scale).await;
                rw_lock::<glommio::ReadWrite>(scale).await;
                channel_within::<glommio::Bounded>(scale).await;
                channel_between::<Glommio, glommio::Bounded>(scale).await;
                gate::<glommio::Door>(scale).await;
            });
        },
    },
    Library {
        name: "kimojio",
        measure: |scale| {
            Kimojio::run(async move {
                semaphore::<Kimojio, kimojio::Units>(scale).await;
                mutex::<kimojio::Lock>(scale).await;
                rw_lock::<kimojio::ReadWrite>(scale).await;
                channel_within::<kimojio::Unbounded>(scale).await;
                channel_between::<Kimojio, kimojio::OneByOne>(scale).await;
            });
        },
    },
    Library {
        name: "local-sync",
        measure: |scale| {
            Monoio::run(async move {
                semaphore::<Monoio, local_sync::Units>(scale).await;
                channel_within::<local_sync::Bounded>(scale).await;
                channel_between::<Monoio, local_sync::Bounded>(scale).await;
            });
        },
    },
    Library {
        name: "flume",
        measure: |scale| {
            Compio::run(async move {
                channel_within::<flume::Bounded>(scale).await;
                channel_between::<Compio, flume::Bounded>(scale).await;
            });
        },
    },
    Library {
        name: "async-channel",
        measure: |scale| {
            Monoio::run(async move {
                channel_within::<async_channel::Bounded>(scale).await;
                channel_between::<Monoio, async_channel::Bounded>(scale).await;
            });
        },
    },
];

pub trait Semaphore: 'static {
    fn with_units(units: usize) -> Self;
    /// Acquires a unit and gives it back, as users of the library do.
    fn pass(&self) -> impl Future<Output = ()>;
    /// Takes a unit for good.
    fn take(&self) -> impl Future<Output = ()>;
    /// Adds a unit.
    fn add(&self);
}

pub trait Mutex {
    fn new(value: u64) -> Self;
    /// Adds one to the value under the lock.
    fn increment(&self) -> impl Future<Output = ()>;
}

pub trait RwLock {
    fn new(value: u64) -> Self;
    /// Reads the value under the lock.
    fn read(&self) -> impl Future<Output = u64>;
    /// Adds one to the value under the lock.
    fn increment(&self) -> impl Future<Output = ()>;
}

pub trait Gate {
    fn new() -> Self;
    /// Enters and leaves.
    fn pass(&self);
}

pub trait Channel {
    type Sender: 'static;
    type Receiver: 'static;

    /// For `capacity` items, where the library has a bound.
    fn new(capacity: usize) -> (Self::Sender, Self::Receiver);
    fn send(sender: &mut Self::Sender, item: u64) -> impl Future<Output = ()>;
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = u64>;
}
