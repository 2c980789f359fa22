//! Synchronisation never allocates, from the very first operation on: each primitive, counted.

#[path = "support/counting.rs"]
mod counting;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use seastar::sync::{AbortSource, Barrier, Condvar, Gate, Limit, Mutex, Queue, RwLock, Semaphore, pipe};
use seastar::time::sleep_abortable;
use seastar::{spawn, yield_now};

use counting::{allocated, allocations};

/// Polls a future that has to wait.
async fn waits<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

const NEVER: Duration = Duration::from_secs(3600);

#[seastar::test]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

#[seastar::test]
async fn a_semaphore() {
    let work = async || {
        let (semaphore, source) = (Semaphore::<3>::new().named("three"), AbortSource::new());
        let mut units = semaphore.acquire(3).await.unwrap();
        let mut first = pin!(semaphore.acquire(1));
        let mut second = pin!(semaphore.acquire_timeout(1, NEVER));
        let mut third = pin!(semaphore.acquire_abortable(1, &source));
        {
            let mut dropped = pin!(semaphore.acquire(1).within(NEVER).unless(&source));
            waits(dropped.as_mut()).await;
        }
        waits(first.as_mut()).await;
        waits(second.as_mut()).await;
        waits(third.as_mut()).await;
        assert!(semaphore.acquire_timeout(1, Duration::from_micros(1)).await.is_err());
        drop(units.split(1).unwrap());
        drop(units);
        let held = [first.await.unwrap(), second.await.unwrap(), third.await.unwrap()];
        assert!(semaphore.acquire(4).await.is_err() && semaphore.try_acquire(1).is_none());
        let mut refused = pin!(semaphore.acquire(1).unless(&source));
        waits(refused.as_mut()).await;
        source.abort();
        assert!(refused.await.is_err());
        semaphore.broken();
        drop(held);
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn units_of_a_shared_semaphore() {
    let semaphore = std::rc::Rc::new(Semaphore::with_units(1));
    let work = async || {
        let held = semaphore.acquire_owned(1).await.unwrap();
        let mut second = pin!(semaphore.acquire_owned(1));
        waits(second.as_mut()).await;
        drop(held);
        drop(second.await.unwrap());
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_gate() {
    let gate = std::rc::Rc::new(Gate::new());
    let work = async || {
        let (one, two) = (gate.hold().unwrap(), gate.hold_owned().unwrap());
        let mut closing = pin!(gate.close().within(NEVER));
        waits(closing.as_mut()).await;
        assert!(gate.hold().is_err());
        drop((one.clone(), one, two));
        closing.await.unwrap();
        gate.close().await;
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn an_abort_source() {
    let work = async || {
        let source = AbortSource::new();
        let mut listens = pin!(source.aborted());
        let subscription = pin!(source.on_abort(|| ()));
        assert!(subscription.as_ref().subscribe());
        waits(listens.as_mut()).await;
        let mut sleeps = pin!(sleep_abortable(NEVER, &source));
        waits(sleeps.as_mut()).await;
        source.abort();
        listens.await;
        assert!(sleeps.await.is_err() && source.check().is_err());
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_mutex() {
    let work = async || {
        let mutex = Mutex::new(0);
        let guard = mutex.lock().await;
        let mut second = pin!(mutex.lock());
        let mut third = pin!(mutex.lock().within(NEVER));
        waits(second.as_mut()).await;
        waits(third.as_mut()).await;
        drop(guard);
        *second.await += 1;
        *third.await.unwrap() += 1;
        assert_eq!(*mutex.lock().await, 2);
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_lock_for_readers_and_writers() {
    let work = async || {
        let lock = RwLock::new(0);
        let (one, two) = (lock.read().await, lock.read().await);
        let mut write = pin!(lock.write());
        let mut read = pin!(lock.read().within(NEVER));
        waits(write.as_mut()).await;
        waits(read.as_mut()).await;
        drop((one, two));
        *write.await += 1;
        assert_eq!(*read.await.unwrap(), 1);
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_condition_variable_and_a_barrier() {
    let work = async || {
        let condvar = Condvar::new();
        let mut one = pin!(condvar.wait());
        let mut ready = false;
        let mut two = pin!(condvar.wait_until(|| std::mem::replace(&mut ready, true)));
        waits(one.as_mut()).await;
        waits(two.as_mut()).await;
        condvar.signal();
        condvar.broadcast();
        one.await.unwrap();
        two.await.unwrap();
        let barrier = Barrier::new(2);
        let mut first = pin!(barrier.wait());
        waits(first.as_mut()).await;
        assert!(barrier.wait().await && !first.await);
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_queue() {
    let queue = Queue::new(2);
    let work = async || {
        let mut first = pin!(queue.pop());
        waits(first.as_mut()).await;
        queue.push(1).await.unwrap();
        assert_eq!(first.await, Ok(1));
        queue.try_push(2).unwrap();
        queue.push(3).await.unwrap();
        let mut third = pin!(queue.push(4).within(NEVER));
        waits(third.as_mut()).await;
        assert!(queue.try_push(5).is_err());
        assert_eq!(queue.pop().await, Ok(2));
        third.await.unwrap();
        queue.not_empty().await.unwrap();
        assert_eq!((queue.try_pop(), queue.pop().await), (Ok(3), Ok(4)));
        queue.abort();
        assert!(queue.pop().await.is_err());
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_pipe_between_two_fibers() {
    let (mut reader, mut writer) = pipe(3);
    // The block of a fiber comes from the arena, which may have to map memory, but allocates nothing.
    let fiber = spawn(async move {
        for n in 0..1_000 {
            writer.write(n).await.unwrap();
        }
    });
    let work = async || {
        for n in 0..1_000 {
            assert_eq!(reader.read().await, Some(n));
        }
        assert_eq!(reader.read().await, None);
    };
    assert_eq!(allocated(work).await, 0);
    fiber.await.unwrap();
}

#[seastar::test]
async fn a_pipe_with_many_writers() {
    let (mut reader, writer) = pipe(1);
    let work = async || {
        let (mut one, mut two, mut three) = (writer.clone(), writer.clone(), writer.clone());
        one.write(1).await.unwrap();
        let mut second = pin!(two.write(2));
        waits(second.as_mut()).await;
        {
            let mut dropped = pin!(three.write(3));
            waits(dropped.as_mut()).await;
        }
        assert_eq!(reader.read().await, Some(1));
        second.await.unwrap();
        assert_eq!(reader.read().await, Some(2));
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn handing_over_between_two_fibers() {
    let shared = std::rc::Rc::new((Semaphore::<1>::new(), Mutex::new(())));
    let fibers = [0; 2].map(|_| {
        let shared = shared.clone();
        spawn(async move {
            let before = allocations();
            for _ in 0..1_000 {
                let units = shared.0.acquire(1).await.unwrap();
                yield_now().await;
                drop(units);
                let guard = shared.1.lock().await;
                yield_now().await;
                drop(guard);
            }
            allocations() - before
        })
    });
    for fiber in fibers {
        assert_eq!(fiber.await.unwrap(), 0);
    }
}
