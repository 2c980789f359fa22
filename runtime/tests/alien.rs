//! Calls from threads that are no shard.
#![allow(missing_docs)]

#[path = "support/run.rs"]
mod run;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use seastar::{Alien, AlienError, alien, shard_count, sleep, this_shard, yield_now};

use run::{options, run};

/// Runs `work` on a thread of its own while the shard goes on, and returns what it returns.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce(Alien) -> T + Send + 'static) -> T {
    let alien = alien();
    let thread = thread::spawn(move || work(alien));
    while !thread.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    thread.join().unwrap()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A foreign executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[seastar::test(shards = 2)]
async fn a_call_runs_on_its_shard_and_its_future_may_stay_there() {
    let shards = elsewhere(|alien| {
        let ask = |shard| {
            let call = alien.submit_to(shard, async || {
                let here = Rc::new(this_shard());
                yield_now().await;
                sleep(Duration::from_millis(1)).await;
                (*here, shard_count())
            });
            call.wait().unwrap()
        };
        [ask(0), ask(1)]
    });
    assert_eq!(shards.await, [(0, 2), (1, 2)]);
}

#[seastar::test(shards = 2)]
async fn a_call_can_be_awaited_on_any_executor() {
    let sum = elsewhere(|alien| {
        block_on(async move {
            let mut sum = 0;
            for n in 0..100 {
                sum += alien.submit_to(n % 2, async move || n).await.unwrap();
            }
            sum
        })
    });
    assert_eq!(sum.await, 4950);
    // Also on a shard.
    assert_eq!(alien().submit_to(1, async || this_shard()).await, Ok(1));
}

#[seastar::test(shards = 2)]
async fn calls_of_many_threads_are_all_answered() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    elsewhere(move |alien| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..200 {
                        let counted = counted.clone();
                        let call =
                            alien.submit_to(n % 2, async move || counted.fetch_add(1, Ordering::Relaxed));
                        call.wait().unwrap();
                    }
                });
            }
        });
    })
    .await;
    assert_eq!(count.load(Ordering::Relaxed), 800);
}

#[seastar::test(shards = 1)]
async fn a_panic_goes_on_in_the_thread_that_called() {
    let panic = elsewhere(|alien| {
        let call = alien.submit_to(0, async || -> () { panic!("on a shard") });
        catch_unwind(AssertUnwindSafe(|| call.wait())).unwrap_err()
    });
    assert_eq!(*panic.await.downcast_ref::<&str>().unwrap(), "on a shard");
}

#[seastar::test(shards = 1)]
async fn mistakes_are_told_at_once() {
    let text = elsewhere(|alien| {
        assert_eq!(alien.shard_count(), 1);
        let call = catch_unwind(AssertUnwindSafe(|| drop(alien.submit_to(1, async || ()))));
        call.unwrap_err().downcast_ref::<String>().unwrap().clone()
    });
    assert_eq!(text.await, "shard 1 does not exist; that program has 1, from 0");
    let alien = alien();
    let blocked = catch_unwind(AssertUnwindSafe(|| alien.submit_to(0, async || ()).wait()));
    assert!(blocked.is_err(), "it would wait for itself");
}

#[seastar::test(shards = 1)]
async fn a_dropped_call_finishes_unless_it_was_never_made() {
    let count = Arc::new(AtomicUsize::new(0));
    let (made, never) = (count.clone(), count.clone());
    elsewhere(move |alien| {
        drop(alien.submit_to(0, async move || never.fetch_add(10, Ordering::Relaxed)));
        let mut call = Box::pin(alien.submit_to(0, async move || {
            sleep(Duration::from_millis(1)).await;
            made.fetch_add(1, Ordering::Relaxed)
        }));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    })
    .await;
    while count.load(Ordering::Relaxed) == 0 {
        yield_now().await;
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn what_a_stopped_program_cannot_answer_is_an_error() {
    let (send, receive) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let alien: Alien = receive.recv().unwrap();
        let cut_off = alien.submit_to(1, async move || {
            begun.send(()).unwrap();
            pending::<()>().await;
        });
        let cut_off = cut_off.wait();
        // Whether or not the program has ended by now, it takes nothing more.
        (cut_off, alien.submit_to(0, async || ()).wait(), block_on(alien.submit_to(1, async || ())))
    });
    let alien = run(2, async move || {
        send.send(alien()).unwrap();
        while begins.try_recv().is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        alien()
    });
    let stopped = Err(AlienError::Stopped);
    assert_eq!(waiting.join().unwrap(), (stopped, stopped, stopped));
    assert_eq!(alien.submit_to(0, async || ()).wait(), stopped);
    // A later program is another one.
    run(2, async move || {
        assert_eq!(alien.submit_to(0, async || ()).await, stopped);
    });
    assert_eq!(AlienError::Stopped.to_string(), "the program stopped before it could answer");
}

#[test]
fn a_shard_without_memory_says_so() {
    let answer = seastar::run(options(1).memory(16 << 20), async || {
        let mut fibers = Vec::new();
        while let Ok(fiber) = seastar::try_spawn(async {
            let large = [0_u8; 8000];
            pending::<()>().await;
            assert_eq!(large[0], 0);
        }) {
            fibers.push(fiber);
        }
        // Of a size of its own, for which there is no slot.
        alien()
            .submit_to(0, async || {
                let large = [1_u8; 30_000];
                yield_now().await;
                large.len()
            })
            .await
    });
    assert!(matches!(answer.unwrap(), Err(AlienError::Busy(_))));
}
