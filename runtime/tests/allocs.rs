//! Nothing allocates once it is warm: each operation of the core, counted.
//!
//! Allocations are counted for each thread, so that the clients, on threads of their own, do not matter.

#[path = "support/counting.rs"]
mod counting;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use seastar::net::{Distribution, ListenOptions, TcpStream, connect, listen, listen_with};
use seastar::{sleep, spawn, submit_to, timeout, yield_now};

use counting::allocations;

// ANCHOR: counted
/// What `work` allocates on this thread when it is done for the fourth time.
async fn allocated(mut work: impl AsyncFnMut()) -> usize {
    for _ in 0..3 {
        work().await;
    }
    let before = allocations();
    work().await;
    allocations() - before
}
// ANCHOR_END: counted

#[seastar::test]
async fn the_counter_counts() {
    assert_eq!(allocated(async || drop(std::hint::black_box(Box::new(7)))).await, 1);
}

// ANCHOR: fiber
#[seastar::test]
async fn a_fiber_spawned_and_joined() {
    let one_by_one = allocated(async || {
        for n in 0..1_000 {
            assert_eq!(spawn(async move { n }).await.unwrap(), n);
        }
    });
    assert_eq!(one_by_one.await, 0);
    let mut handles = Vec::with_capacity(1_000);
    let in_a_batch = allocated(async || {
        handles.extend((0..1_000).map(|n| spawn(async move { [n; 10] })));
        for (n, handle) in handles.drain(..).enumerate() {
            assert_eq!(handle.await.unwrap(), [n; 10]);
        }
    });
    assert_eq!(in_a_batch.await, 0);
}
// ANCHOR_END: fiber

#[seastar::test]
async fn a_fiber_left_alone_or_cancelled() {
    let work = async || {
        for _ in 0..1_000 {
            drop(spawn(yield_now()));
            let waits = spawn(std::future::pending::<()>());
            yield_now().await;
            waits.cancel();
            assert!(waits.await.unwrap_err().is_cancelled());
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_yield() {
    let work = async || {
        for _ in 0..1_000 {
            yield_now().await;
            seastar::maybe_yield().await;
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_timer_set_and_cancelled() {
    let work = async || {
        for n in 0..1_000 {
            let mut timer = pin!(sleep(Duration::from_micros(n * n)));
            poll_fn(|context| {
                assert!(timer.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            timeout(Duration::from_secs(n), yield_now()).await.unwrap();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_timer_that_fires() {
    let work = async || {
        for n in 0..20 {
            sleep(Duration::from_micros(n * 10)).await;
            timeout(Duration::from_micros(10), std::future::pending::<()>()).await.unwrap_err();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn waiting_for_the_stop_in_vain() {
    let work = async || {
        for _ in 0..5_000 {
            timeout(Duration::ZERO, seastar::stopping()).await.unwrap_err();
            let waits = spawn(seastar::stopping());
            yield_now().await;
            waits.cancel();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_wake_on_the_shard() {
    let place = Rc::new(RefCell::new(None::<Waker>));
    let woken = place.clone();
    let sleeper = spawn(async move {
        loop {
            let mut polled = false;
            poll_fn(|context| {
                *woken.borrow_mut() = Some(context.waker().clone());
                if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    });
    yield_now().await;
    let work = async || {
        for _ in 0..1_000 {
            let waker = place.borrow_mut().take().unwrap();
            let copy = waker.clone();
            copy.wake();
            yield_now().await;
        }
    };
    assert_eq!(allocated(work).await, 0);
    sleeper.cancel();
}

/// Hands wakers to another thread, without a channel: those of std allocate when they first have to wait,
/// which may be late.
#[derive(Default)]
struct Place {
    /// `Some(None)` is the end of a round.
    waker: Mutex<Option<Option<Waker>>>,
    changed: Condvar,
}

impl Place {
    fn put(&self, waker: Option<Waker>) {
        let place = self.waker.lock().unwrap();
        let mut place = self.changed.wait_while(place, |place| place.is_some()).unwrap();
        *place = Some(waker);
        self.changed.notify_all();
    }

    fn take(&self) -> Option<Waker> {
        let place = self.waker.lock().unwrap();
        let mut place = self.changed.wait_while(place, |place| place.is_none()).unwrap();
        self.changed.notify_all();
        place.take().unwrap()
    }
}

#[seastar::test]
async fn a_wake_from_another_thread() {
    let place = Arc::new(Place::default());
    let wakers = place.clone();
    let thread = thread::spawn(move || {
        let mut counts = [0; 4];
        for count in &mut counts {
            let before = allocations();
            while let Some(waker) = wakers.take() {
                waker.wake();
            }
            *count = allocations() - before;
        }
        counts[3]
    });
    let work = async || {
        for _ in 0..200 {
            let mut polled = false;
            poll_fn(|context| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                place.put(Some(context.waker().clone()));
                Poll::Pending
            })
            .await;
        }
        place.put(None);
    };
    assert_eq!(allocated(work).await, 0);
    assert_eq!(thread.join().unwrap(), 0, "on the thread that wakes");
}

/// Calls `shard` from this one, one by one and many at a time.
async fn call(shard: usize) {
    for n in 0..500 {
        assert_eq!(submit_to(shard, async move || n + 1).await, n + 1);
        let text = submit_to(shard, async move || {
            yield_now().await;
            [n; 20]
        });
        assert_eq!(text.await, [n; 20]);
    }
    let mut fibers = [const { None }; 200];
    fibers.fill_with(|| Some(spawn(submit_to(shard, async || seastar::this_shard()))));
    for fiber in fibers.iter_mut().flatten() {
        assert_eq!(fiber.await.unwrap(), shard);
    }
}

async fn allocations_of(shard: usize) -> usize {
    submit_to(shard, async || allocations()).await
}

#[seastar::test(shards = 2)]
async fn a_call_to_another_shard_and_back() {
    for _ in 0..3 {
        call(1).await;
        submit_to(1, async || call(0).await).await;
    }
    let before = [allocations(), allocations_of(1).await];
    call(1).await;
    let there = [allocations(), allocations_of(1).await];
    assert_eq!(there, before, "calls from shard 0 to shard 1");
    submit_to(1, async || call(0).await).await;
    let back = [allocations(), allocations_of(1).await];
    assert_eq!(back, there, "calls from shard 1 to shard 0");
}

#[seastar::test(shards = 2)]
async fn a_call_to_all_shards() {
    let work = async || {
        for _ in 0..100 {
            seastar::invoke_on_all(async || Ok::<(), ()>(())).await.unwrap();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn a_call_to_the_own_shard() {
    let work = async || {
        for n in 0..1_000 {
            assert_eq!(submit_to(0, async move || n).await, n);
        }
    };
    assert_eq!(allocated(work).await, 0);
}

/// Answers requests of `SIZE` bytes with the same bytes; each tells what its shard has allocated so far.
async fn echo<const SIZE: usize>(stream: TcpStream, counts: Rc<RefCell<Vec<usize>>>) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let request = input.read_exactly(SIZE).await?;
        if request.len() < SIZE {
            return output.close().await;
        }
        let (first, second) = request.split_at(SIZE / 3);
        output.write(first).await?;
        output.write(second).await?;
        output.flush().await?;
        counts.borrow_mut().push(allocations());
    }
}

/// Sends a request and waits for its answer, `rounds` times.
fn ask<const SIZE: usize>(server: &mut std::net::TcpStream, rounds: usize) {
    let (request, mut answer) = ([7u8; SIZE], [0u8; SIZE]);
    for _ in 0..rounds {
        server.write_all(&request).unwrap();
        server.read_exact(&mut answer).unwrap();
        assert_eq!(request, answer);
    }
}

async fn requests_on_a_kept_connection<const SIZE: usize>() {
    const ROUNDS: usize = 500;
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let client = thread::spawn(move || {
        let mut server = std::net::TcpStream::connect(address).unwrap();
        server.set_nodelay(true).unwrap();
        ask::<SIZE>(&mut server, ROUNDS);
    });
    let counts = Rc::new(RefCell::new(Vec::with_capacity(ROUNDS)));
    let (stream, _) = listener.accept().await.unwrap();
    echo::<SIZE>(stream, counts.clone()).await.unwrap();
    client.join().unwrap();
    let counts = counts.borrow();
    assert_eq!(counts[ROUNDS - 1] - counts[ROUNDS / 2], 0);
}

#[seastar::test]
async fn a_request_of_64_bytes_on_a_kept_connection() {
    requests_on_a_kept_connection::<64>().await;
}

#[seastar::test]
async fn a_request_of_4_kib_on_a_kept_connection() {
    requests_on_a_kept_connection::<4096>().await;
}

#[seastar::test]
async fn a_request_that_spans_buffers() {
    requests_on_a_kept_connection::<50_000>().await;
}

/// Connects `rounds` times, with one request each.
fn connect_and_ask(address: SocketAddr, rounds: usize) {
    for _ in 0..rounds {
        let mut server = std::net::TcpStream::connect(address).unwrap();
        ask::<64>(&mut server, 1);
        server.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
    }
}

#[seastar::test]
async fn accepting_and_serving_a_connection() {
    const ROUNDS: usize = 200;
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let client = thread::spawn(move || connect_and_ask(address, ROUNDS));
    let counts = Rc::new(RefCell::new(Vec::with_capacity(ROUNDS)));
    let mut last = None;
    for _ in 0..ROUNDS {
        let (stream, _) = listener.accept().await.unwrap();
        last = Some(spawn(echo::<64>(stream, counts.clone())));
    }
    last.unwrap().await.unwrap().unwrap();
    client.join().unwrap();
    let counts = counts.borrow();
    assert_eq!(counts[ROUNDS - 1] - counts[ROUNDS / 2], 0);
}

/// Serves `ROUNDS` connections on shard 0 by `distribution`.
async fn served(distribution: Distribution) {
    const ROUNDS: usize = 200;
    static COUNTS: [AtomicUsize; ROUNDS] = [const { AtomicUsize::new(0) }; ROUNDS];
    let next = Arc::new(AtomicUsize::new(0));
    let listener = listen_with("127.0.0.1:0", ListenOptions::new().distribution(distribution)).unwrap();
    let address = listener.local_address();
    let client = thread::spawn(move || connect_and_ask(address, ROUNDS));
    let served = next.clone();
    let service = spawn(listener.serve(async move |stream: TcpStream| {
        let (mut input, mut output) = stream.split();
        let request = input.read_exactly(64).await?;
        output.write_buffer(request).await?;
        COUNTS[served.fetch_add(1, Ordering::Relaxed)].store(allocations(), Ordering::Relaxed);
        output.close().await
    }));
    // The last answer leaves when the turn ends, so this shard must not block before.
    while next.load(Ordering::Relaxed) < ROUNDS || !client.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    client.join().unwrap();
    service.cancel();
    let count = |round: usize| COUNTS[round].load(Ordering::Relaxed);
    assert_eq!(count(ROUNDS - 1) - count(ROUNDS / 2), 0, "{distribution:?}");
}

#[seastar::test]
async fn a_served_connection() {
    served(Distribution::Kernel).await;
    served(Distribution::FewestConnections).await;
}

#[seastar::test]
async fn connecting() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let work = async || {
        for _ in 0..20 {
            let client = connect(address).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let (_, mut output) = server.split();
            output.write(b"hello").await.unwrap();
            output.close().await.unwrap();
            let (mut input, _output) = client.split();
            assert_eq!(&*input.read_exactly(5).await.unwrap(), b"hello");
        }
    };
    assert_eq!(allocated(work).await, 0);
}
