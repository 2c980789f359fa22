//! How fibers start, and the ways in which they end.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use seastar::{JoinHandle, sleep, spawn, yield_now};

use super::run::run;
use super::{Dropped, Token};

#[seastar::test]
async fn a_fiber_begins_after_its_spawner_has_suspended() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let of_fiber = log.clone();
    let fiber = spawn(async move { of_fiber.borrow_mut().push("fiber") });
    log.borrow_mut().push("spawner");
    fiber.await.unwrap();
    log.borrow_mut().push("spawner again");
    assert_eq!(*log.borrow(), ["spawner", "fiber", "spawner again"]);
}

#[seastar::test]
async fn a_handle_knows_whether_its_fiber_has_ended() {
    let fiber = spawn(async {
        yield_now().await;
        String::from("result")
    });
    assert!(!fiber.is_finished());
    yield_now().await;
    assert!(!fiber.is_finished());
    yield_now().await;
    assert!(fiber.is_finished());
    assert_eq!(fiber.await.unwrap(), "result");
}

#[seastar::test]
async fn a_fiber_without_a_handle_runs_to_its_end() {
    let dropped = Dropped::default();
    let token = dropped.token();
    drop(spawn(async move {
        sleep(Duration::from_millis(1)).await;
        token
    }));
    assert_eq!(dropped.count(), 0);
    while dropped.count() == 0 {
        yield_now().await;
    }
}

#[seastar::test]
async fn a_result_that_nobody_reads_is_dropped_once() {
    let dropped = Dropped::default();
    for early in [true, false] {
        let token = dropped.token();
        let fiber = spawn(async move { token });
        if early {
            drop(fiber);
            yield_now().await;
        } else {
            yield_now().await;
            drop(fiber);
        }
    }
    assert_eq!(dropped.count(), 2);
    let read = spawn({
        let token = dropped.token();
        async move { token }
    });
    drop(read.await.unwrap());
    assert_eq!(dropped.count(), 3);
}

#[seastar::test]
async fn several_handles_are_joined_in_any_order() {
    let fibers: Vec<_> = (0..100u64)
        .map(|n| {
            spawn(async move {
                sleep(Duration::from_micros(n * 37 % 100)).await;
                n
            })
        })
        .collect();
    for (n, fiber) in fibers.into_iter().enumerate().rev() {
        assert_eq!(fiber.await.unwrap(), n as u64);
    }
}

/// Cancels `fiber` and checks that its future goes at once.
async fn cancelled(fiber: JoinHandle<()>, dropped: &Dropped) {
    let before = dropped.count();
    assert!(!fiber.is_finished());
    fiber.cancel();
    assert!(fiber.is_finished());
    assert_eq!(dropped.count(), before + 1, "the future is dropped by the cancel itself");
    fiber.cancel();
    let error = fiber.await.unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert_eq!(error.to_string(), "the fiber was cancelled");
    assert_eq!(dropped.count(), before + 1);
}

#[seastar::test]
async fn a_fiber_can_be_cancelled_in_every_state() {
    let dropped = Dropped::default();
    let wait = |token: Token| async move {
        let _token = token;
        pending().await
    };
    // Not begun.
    cancelled(spawn(wait(dropped.token())), &dropped).await;
    // Waiting.
    let waiting = spawn(wait(dropped.token()));
    yield_now().await;
    cancelled(waiting, &dropped).await;
    // Ready to go on.
    let token = dropped.token();
    let ready = spawn(async move {
        let _token = token;
        loop {
            yield_now().await;
        }
    });
    yield_now().await;
    cancelled(ready, &dropped).await;
    // Ended: keeps its result.
    let ended = spawn(async { 7 });
    yield_now().await;
    ended.cancel();
    assert_eq!(ended.await.unwrap(), 7);
}

/// A fiber that has its own handle in its hands.
fn with_own_handle<T, F>(
    body: impl FnOnce(Rc<RefCell<Option<JoinHandle<T>>>>) -> F,
) -> Rc<RefCell<Option<JoinHandle<T>>>>
where
    T: std::fmt::Debug + 'static,
    F: Future<Output = T> + 'static,
{
    let place = Rc::new(RefCell::new(None));
    let fiber = spawn(body(place.clone()));
    *place.borrow_mut() = Some(fiber);
    place
}

#[seastar::test]
async fn a_fiber_that_cancels_itself_ends_where_it_waits_next() {
    let dropped = Dropped::default();
    let token = dropped.token();
    let reached = Rc::new(Cell::new(0));
    let steps = reached.clone();
    let place = with_own_handle(|own| async move {
        let _token = token;
        own.borrow().as_ref().unwrap().cancel();
        steps.set(1);
        yield_now().await;
        steps.set(2);
    });
    yield_now().await;
    assert_eq!((reached.get(), dropped.count()), (1, 1));
    let fiber = place.borrow_mut().take().unwrap();
    assert!(fiber.await.unwrap_err().is_cancelled());
}

#[seastar::test]
async fn a_fiber_that_cancels_itself_and_ends_keeps_its_result() {
    let place = with_own_handle(|own| async move {
        own.borrow().as_ref().unwrap().cancel();
        7
    });
    yield_now().await;
    let fiber = place.borrow_mut().take().unwrap();
    assert_eq!(fiber.await.unwrap(), 7);
}

#[seastar::test]
async fn a_fiber_that_cancels_itself_and_panics_has_panicked() {
    let place = with_own_handle(|own| async move {
        own.borrow().as_ref().unwrap().cancel();
        panic!("after the cancel");
    });
    yield_now().await;
    let fiber: JoinHandle<()> = place.borrow_mut().take().unwrap();
    let error = fiber.await.unwrap_err();
    assert_eq!(error.to_string(), "the fiber panicked: after the cancel");
}

#[seastar::test]
async fn a_fiber_may_drop_its_own_handle() {
    let dropped = Dropped::default();
    for waits in [true, false] {
        let token = dropped.token();
        with_own_handle(|own| async move {
            let _token = token;
            if waits {
                yield_now().await;
            }
            drop(own.borrow_mut().take());
        });
    }
    for _ in 0..3 {
        yield_now().await;
    }
    assert_eq!(dropped.count(), 2);
}

/// Calls a function when it is dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0.take().unwrap()();
    }
}

#[seastar::test]
async fn a_destructor_may_cancel_its_own_fiber_and_spawn_others() {
    let spawned = Rc::new(Cell::new(0));
    for cancelled in [true, false] {
        let count = spawned.clone();
        let place = with_own_handle(|own| async move {
            let _last = OnDrop(Some(move || {
                own.borrow().as_ref().unwrap().cancel();
                drop(spawn(async move { count.set(count.get() + 1) }));
            }));
            if cancelled {
                pending().await
            }
        });
        yield_now().await;
        let fiber = place.borrow_mut().take();
        // The destructor looks for its handle here.
        *place.borrow_mut() = fiber;
        if cancelled {
            let borrowed = place.borrow();
            borrowed.as_ref().unwrap().cancel();
        }
        yield_now().await;
        assert!(place.borrow().as_ref().unwrap().is_finished());
    }
    assert_eq!(spawned.get(), 2);
}

#[test]
fn what_destructors_spawn_at_the_end_of_a_runtime_is_dropped_too() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    run(2, async || {
        seastar::invoke_on_all(async || {
            drop(spawn(async {
                let _first = OnDrop(Some(|| {
                    drop(spawn(async {
                        let _second = OnDrop(Some(|| _ = DROPS.fetch_add(1, Ordering::Relaxed)));
                        pending::<()>().await
                    }));
                    DROPS.fetch_add(1, Ordering::Relaxed);
                }));
                pending::<()>().await
            }));
            yield_now().await;
        })
        .await;
    });
    // The second one is only there if its fiber has run, which the end does not promise.
    assert!(DROPS.load(Ordering::Relaxed) >= 2);
}

#[seastar::test]
async fn a_handle_may_be_awaited_from_fiber_to_fiber() {
    let mut fiber = spawn(async {
        sleep(Duration::from_millis(2)).await;
        "moved"
    });
    // Polled here first, and then by somebody else, who is the one to be woken.
    poll_fn(|context| {
        assert!(pin!(&mut fiber).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(spawn(fiber).await.unwrap().unwrap(), "moved");
}

#[test]
fn a_handle_outlives_its_runtime() {
    let dropped = Dropped::default();
    let (done, waiting, queued) = run(1, {
        let dropped = dropped.clone();
        async move || {
            let (first, second, third) = (dropped.token(), dropped.token(), dropped.token());
            let done = spawn(async move { first });
            let waiting = spawn(async move {
                let _token = second;
                pending::<()>().await
            });
            yield_now().await;
            let queued = spawn(async move { drop(third) });
            (done, waiting, queued)
        }
    });
    assert_eq!(dropped.count(), 2, "fibers that are left are dropped with their runtime");
    assert!(done.is_finished() && waiting.is_finished() && queued.is_finished());
    waiting.cancel();
    run(1, async move || {
        // In a later runtime of the same thread, with fibers of its own.
        let others: Vec<_> = (0..100).map(|n| spawn(async move { n })).collect();
        assert!(waiting.await.unwrap_err().is_cancelled());
        // It may still have run, in the turn in which the main function ended.
        assert!(queued.await.map_or_else(|error| error.is_cancelled(), |()| true));
        drop(done.await.unwrap());
        for (n, other) in others.into_iter().enumerate() {
            assert_eq!(other.await.unwrap(), n);
        }
    });
    assert_eq!(dropped.count(), 3);
}
