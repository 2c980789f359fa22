//! Semaphores, locks, gates and channels, where nobody has to wait and between two fibers.
//!
//! The objects pass through `black_box` in every round of a loop, so that the compiler must assume that somebody else
//! has changed them and cannot fold rounds.

use crate::libraries::{Channel, Gate, LIBRARIES, Mutex, RwLock, Semaphore};
use crate::meter;
use crate::runtimes::Runtime;
use std::hint::black_box;
use std::io;
use std::rc::Rc;

pub const SEMAPHORE: &str = "semaphore, acquire + release";
pub const HAND_OVER: &str = "semaphore, handed to and fro between two fibers";
pub const MUTEX: &str = "mutex, lock + unlock";
pub const READ: &str = "read-write lock, read";
pub const WRITE: &str = "read-write lock, write";
pub const CHANNEL: &str = "channel, send + receive in one fiber";
pub const CHANNEL_BETWEEN: &str = "channel, from one fiber to another";
pub const GATE: &str = "gate, enter + leave";

const OPERATIONS: f64 = 10_000_000.0;
const OPERATIONS_BETWEEN: f64 = 2_000_000.0;
const UNITS: usize = 100;
const CAPACITY: usize = 128;

/// Measures the library of that name.
pub fn measure(library: &str, scale: f64) -> io::Result<()> {
    let found = LIBRARIES.iter().find(|candidate| candidate.name == library);
    let found = found.ok_or_else(|| io::Error::other(format!("there is no library `{library}`")))?;
    (found.measure)(scale);
    Ok(())
}

pub async fn semaphore<R: Runtime, S: Semaphore>(scale: f64) {
    let semaphore = S::with_units(UNITS);
    meter::cpu(SEMAPHORE, (OPERATIONS * scale) as u64, async |count| {
        for _ in 0..count {
            black_box(&semaphore).pass().await;
        }
    })
    .await;
    meter::cpu(HAND_OVER, (OPERATIONS_BETWEEN * scale) as u64, hand_over::<R, S>).await;
}

/// One operation is a round trip: two hand-overs, two fibers that wait and are woken.
async fn hand_over<R: Runtime, S: Semaphore>(count: u64) {
    let (to, fro) = (Rc::new(S::with_units(0)), Rc::new(S::with_units(0)));
    let (their_to, their_fro) = (to.clone(), fro.clone());
    let other = R::spawn(async move {
        for _ in 0..count {
            their_to.take().await;
            their_fro.add();
        }
    });
    let this = R::spawn(async move {
        for _ in 0..count {
            to.add();
            fro.take().await;
        }
    });
    this.await;
    other.await;
}

pub async fn mutex<M: Mutex>(scale: f64) {
    let mutex = M::new(0);
    meter::cpu(MUTEX, (OPERATIONS * scale) as u64, async |count| {
        for _ in 0..count {
            black_box(&mutex).increment().await;
        }
    })
    .await;
}

pub async fn rw_lock<L: RwLock>(scale: f64) {
    let lock = L::new(0);
    let operations = (OPERATIONS * scale) as u64;
    meter::cpu(READ, operations, async |count| {
        for _ in 0..count {
            black_box(black_box(&lock).read().await);
        }
    })
    .await;
    meter::cpu(WRITE, operations, async |count| {
        for _ in 0..count {
            black_box(&lock).increment().await;
        }
    })
    .await;
}

pub async fn gate<G: Gate>(scale: f64) {
    let gate = G::new();
    meter::cpu(GATE, (OPERATIONS * scale) as u64, async |count| {
        for _ in 0..count {
            black_box(&gate).pass();
        }
    })
    .await;
}

pub async fn channel_within<C: Channel>(scale: f64) {
    meter::cpu(CHANNEL, (OPERATIONS * scale) as u64, async |count| {
        let (mut sender, mut receiver) = C::new(CAPACITY);
        for item in 0..count {
            C::send(black_box(&mut sender), item).await;
            black_box(C::receive(black_box(&mut receiver)).await);
        }
    })
    .await;
}

/// One operation is one item.
pub async fn channel_between<R: Runtime, C: Channel>(scale: f64) {
    meter::cpu(CHANNEL_BETWEEN, (OPERATIONS_BETWEEN * scale) as u64, async |count| {
        let (mut sender, mut receiver) = C::new(CAPACITY);
        let source = R::spawn(async move {
            for item in 0..count {
                C::send(&mut sender, item).await;
            }
        });
        let sink = R::spawn(async move {
            for _ in 0..count {
                black_box(C::receive(&mut receiver).await);
            }
        });
        source.await;
        sink.await;
    })
    .await;
}
