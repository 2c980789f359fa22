//! Wakers, in time and too late; and who runs when.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use seastar::{blocking_ok, sleep, spawn, yield_now};

use super::guard::guard;
use super::run::run;

/// The waker of the fiber that awaits this.
async fn own_waker() -> Waker {
    poll_fn(|context| Poll::Ready(context.waker().clone())).await
}

/// Waits to be woken once by whoever gets the waker.
async fn wake_from(mut hand_out: impl FnMut(&Waker)) {
    let mut handed_out = false;
    poll_fn(|context| {
        if std::mem::replace(&mut handed_out, true) {
            return Poll::Ready(());
        }
        hand_out(context.waker());
        Poll::Pending
    })
    .await
}

#[seastar::test]
async fn a_fiber_is_polled_once_for_any_number_of_wakes() {
    let polls = Rc::new(Cell::new(0));
    let waker = Rc::new(RefCell::new(None));
    let (counted, kept) = (polls.clone(), waker.clone());
    let fiber = spawn(poll_fn(move |context| {
        counted.set(counted.get() + 1);
        *kept.borrow_mut() = Some(context.waker().clone());
        Poll::<()>::Pending
    }));
    yield_now().await;
    for round in 1..10 {
        assert_eq!(polls.get(), round);
        for _ in 0..round {
            waker.borrow().as_ref().unwrap().wake_by_ref();
        }
        yield_now().await;
    }
    // Nobody wakes it, so it is left alone.
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(polls.get(), 10);
    fiber.cancel();
}

#[seastar::test]
async fn a_wake_during_a_poll_makes_another_one() {
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        context.waker().wake_by_ref();
        let copy = context.waker().clone();
        copy.wake();
        if polls < 5 { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    assert_eq!(polls, 5);
}

#[seastar::test]
async fn a_late_waker_wakes_nobody_else() {
    let late = spawn(own_waker()).await.unwrap();
    // In the very same place, most likely.
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let other = spawn(poll_fn(move |_| {
        counted.set(counted.get() + 1);
        Poll::<()>::Pending
    }));
    yield_now().await;
    for _ in 0..100 {
        late.wake_by_ref();
        let also_late = late.clone();
        blocking_ok!(thread::spawn(move || also_late.wake()).join()).unwrap();
        yield_now().await;
    }
    assert_eq!(polls.get(), 1);
    other.cancel();
}

#[test]
fn a_waker_outlives_its_runtime() {
    let late = run(1, async || {
        let fiber = spawn(own_waker());
        vec![own_waker().await, fiber.await.unwrap()]
    });
    for waker in &late {
        waker.wake_by_ref();
    }
    let also_late = late.clone();
    thread::spawn(move || also_late.into_iter().for_each(Waker::wake)).join().unwrap();
    for _ in 0..3 {
        let wakers = late.clone();
        run(2, async move || {
            for _ in 0..100 {
                wakers.iter().for_each(Waker::wake_by_ref);
                assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
            }
        });
    }
}

#[seastar::test]
async fn a_sleeping_shard_is_woken_by_any_thread() {
    const ROUNDS: usize = 5_000;
    let _guard = guard("a_sleeping_shard_is_woken_by_any_thread");
    let (send, wakers) = mpsc::channel::<(usize, Waker)>();
    let thread = thread::spawn(move || {
        for (round, waker) in wakers {
            // So that the shard is sometimes asleep, sometimes about to be, and sometimes not yet.
            match round % 4 {
                0 => {}
                1 => thread::yield_now(),
                2 => (0..round % 1_000).for_each(|_| std::hint::spin_loop()),
                _ => thread::sleep(Duration::from_micros(round as u64 % 100)),
            }
            waker.wake();
        }
    });
    for round in 0..ROUNDS {
        wake_from(|waker| send.send((round, waker.clone())).unwrap()).await;
    }
    drop(send);
    thread.join().unwrap();
}

#[seastar::test]
async fn many_threads_wake_many_fibers() {
    const ROUNDS: usize = 500;
    let _guard = guard("many_threads_wake_many_fibers");
    let mut fibers = Vec::new();
    for _ in 0..8 {
        let (send, wakers) = mpsc::channel::<Waker>();
        let thread = thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        fibers.push(spawn(async move {
            for _ in 0..ROUNDS {
                wake_from(|waker| send.send(waker.clone()).unwrap()).await;
            }
            drop(send);
            thread.join().unwrap();
        }));
    }
    for fiber in fibers {
        fiber.await.unwrap();
    }
}

/// Futures that are polled under wakers of their own, as select and join macros do it.
struct Group<F> {
    #[expect(clippy::type_complexity)]
    members: Vec<(Arc<Member>, Option<Pin<Box<F>>>)>,
    outer: Arc<std::sync::Mutex<Option<Waker>>>,
}

struct Member {
    woken: AtomicBool,
    wakes: AtomicUsize,
    outer: Arc<std::sync::Mutex<Option<Waker>>>,
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        self.wakes.fetch_add(1, Ordering::Relaxed);
        if let Some(outer) = self.outer.lock().unwrap().take() {
            outer.wake();
        }
    }
}

impl<F: Future> Group<F> {
    fn new(futures: impl IntoIterator<Item = F>) -> Group<F> {
        let outer = Arc::default();
        let member = |future| {
            let member = Member { woken: true.into(), wakes: 0.into(), outer: Arc::clone(&outer) };
            (Arc::new(member), Some(Box::pin(future)))
        };
        Group { members: futures.into_iter().map(member).collect(), outer }
    }
}

impl<F: Future> Future for Group<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        *self.outer.lock().unwrap() = Some(context.waker().clone());
        for (member, place) in &mut self.members {
            if let Some(future) = place
                && member.woken.swap(false, Ordering::Relaxed)
                && future.as_mut().poll(&mut Context::from_waker(&Waker::from(member.clone()))).is_ready()
            {
                *place = None;
            }
        }
        if self.members.iter().all(|(_, place)| place.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[seastar::test]
async fn everything_wakes_under_wakers_of_other_kinds_too() {
    let _guard = guard("everything_wakes_under_wakers_of_other_kinds_too");
    let listener = Rc::new(seastar::net::listen("127.0.0.1:0").unwrap());
    let address = listener.local_address();
    let work = |n: u64| {
        let listener = listener.clone();
        async move {
            sleep(Duration::from_micros(n * 10)).await;
            yield_now().await;
            spawn(sleep(Duration::from_micros(50))).await.unwrap();
            let (client, server) = (seastar::net::connect(address), listener.accept());
            let (mut client_input, mut client_output) = client.await.unwrap().split();
            let (mut server_input, mut server_output) = server.await.unwrap().0.split();
            client_output.write(n.to_be_bytes()).await.unwrap();
            client_output.close().await.unwrap();
            let request = server_input.read_exactly(100).await.unwrap();
            server_output.write_buffer(request).await.unwrap();
            server_output.close().await.unwrap();
            assert_eq!(client_input.read_exactly(100).await.unwrap().len(), 8);
        }
    };
    Group::new((0..50).map(work)).await;
}

// PRE-2
#[seastar::test]
async fn fibers_that_yield_take_turns() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let fiber = |n: u32| {
        let order = order.clone();
        spawn(async move {
            for _ in 0..100 {
                order.borrow_mut().push(n);
                yield_now().await;
            }
        })
    };
    let fibers: Vec<_> = (0..5).map(fiber).collect();
    for fiber in fibers {
        fiber.await.unwrap();
    }
    assert!(order.borrow().chunks(5).all(|turn| turn == [0, 1, 2, 3, 4]), "{:?}", order.borrow());
}

// PRE-1
#[seastar::test]
async fn fibers_that_only_yield_hold_up_neither_time_nor_network() {
    let _guard = guard("fibers_that_only_yield_hold_up_neither_time_nor_network");
    let busy: Vec<_> = (0..10)
        .map(|n| {
            spawn(async move {
                loop {
                    if n % 2 == 0 { yield_now().await } else { seastar::maybe_yield().await }
                }
            })
        })
        .collect();
    let (mut client_input, mut client_output, _server) = {
        let listener = seastar::net::listen("127.0.0.1:0").unwrap();
        let client = seastar::net::connect(listener.local_address()).await.unwrap();
        let (mut input, mut output) = listener.accept().await.unwrap().0.split();
        let server = spawn(async move {
            while let Ok(bytes) = input.read().await
                && !bytes.is_empty()
            {
                output.write_buffer(bytes).await.unwrap();
                output.flush().await.unwrap();
            }
        });
        let (input, output) = client.split();
        (input, output, server)
    };
    for _ in 0..100 {
        sleep(Duration::from_micros(10)).await;
        client_output.write(b"ping").await.unwrap();
        client_output.flush().await.unwrap();
        assert_eq!(&*client_input.read_exactly(4).await.unwrap(), b"ping");
    }
    busy.iter().for_each(|fiber| fiber.cancel());
}
