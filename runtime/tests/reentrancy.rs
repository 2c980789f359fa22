//! User code that runs where the runtime does not expect much: in wakers, destructors and `Debug`.
#![allow(missing_docs)]

#[path = "support/child.rs"]
mod child;
#[path = "support/run.rs"]
mod run;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use seastar::sync::Condvar;
use seastar::time::Sleep;
use seastar::{
    CallOptions, JoinHandle, ServiceGroup, abandoned_failures, sleep, spawn, submit_to, submit_to_with,
    yield_now,
};

thread_local! {
    static SLEEPS: RefCell<Vec<Pin<Box<Sleep>>>> = const { RefCell::new(Vec::new()) };
    static WAKES: Cell<usize> = const { Cell::new(0) };
}

/// A waker that drops all sleeps.
struct Clear;

impl Wake for Clear {
    fn wake(self: Arc<Self>) {
        WAKES.set(WAKES.get() + 1);
        // Dropped after the borrow has ended.
        drop(SLEEPS.take());
    }
}

#[seastar::test]
async fn a_waker_may_drop_other_timers_that_are_due() {
    for _ in 0..10 {
        WAKES.set(0);
        let waker = Waker::from(Arc::new(Clear));
        let mut context = Context::from_waker(&waker);
        for _ in 0..100 {
            let mut one = Box::pin(sleep(Duration::from_millis(1)));
            assert!(one.as_mut().poll(&mut context).is_pending());
            SLEEPS.with_borrow_mut(|sleeps| sleeps.push(one));
        }
        while WAKES.get() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(WAKES.get(), 1, "those that were dropped do not fire");
        assert!(SLEEPS.with_borrow(Vec::is_empty));
    }
}

/// Cancels its own fiber when it is dropped.
struct CancelsItself {
    handle: Rc<RefCell<Option<JoinHandle<()>>>>,
    drops: Rc<Cell<usize>>,
    _text: String,
}

impl Drop for CancelsItself {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        if let Some(handle) = &*self.handle.borrow() {
            handle.cancel();
        }
    }
}

#[seastar::test]
async fn a_destructor_that_cancels_its_panicking_fiber_runs_once() {
    let drops = Rc::new(Cell::new(0));
    let handle = Rc::new(RefCell::new(None));
    let guard =
        CancelsItself { handle: handle.clone(), drops: drops.clone(), _text: String::from("on the heap") };
    // A future that panics without running its destructors, as those by hand do.
    struct Panics(#[allow(dead_code)] CancelsItself);
    impl Future for Panics {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> std::task::Poll<()> {
            panic!("expected")
        }
    }
    *handle.borrow_mut() = Some(spawn(Panics(guard)));
    yield_now().await;
    assert_eq!(drops.get(), 1);
    let ended = handle.take().unwrap();
    assert!(ended.await.unwrap_err().is_panic());
}

/// Panics when it is dropped, unless something panics already.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "expected");
    }
}

struct Unspeakable;

impl fmt::Debug for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("expected")
    }
}

/// What `main` returns, from a process of its own: a shard that fails ends the process.
fn survives(test: &str, main: impl AsyncFnOnce() + 'static) {
    if !child::is_child(test) {
        child::pass_in_child(test);
        return;
    }
    run::run(2, main);
}

#[test]
fn a_result_that_panics_when_it_is_dropped_unread_is_a_failure_of_its_fiber() {
    survives("a_result_that_panics_when_it_is_dropped_unread_is_a_failure_of_its_fiber", async || {
        drop(spawn(async { Bomb }));
        yield_now().await;
        yield_now().await;
        assert_eq!(abandoned_failures(), 1);
        drop(spawn(async { Err::<(), _>(Unspeakable) }));
        yield_now().await;
        yield_now().await;
        assert_eq!(abandoned_failures(), 2);
        drop(spawn(async {
            let _bomb = Bomb;
            pending::<()>().await
        }));
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
    });
}

#[test]
fn an_answer_that_panics_when_it_is_dropped_unread_does_not_end_the_program() {
    survives("an_answer_that_panics_when_it_is_dropped_unread_does_not_end_the_program", async || {
        let call = spawn(async { std::mem::forget(submit_to(1, async || Bomb).await) });
        yield_now().await;
        call.cancel();
        // Later calls come back after earlier ones.
        assert_eq!(submit_to(1, async || 7).await, 7);
    });
}

thread_local! {
    static CALL: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(None) };
}

/// A waker that drops a call.
struct DropCall;

impl Wake for DropCall {
    fn wake(self: Arc<Self>) {
        WAKES.set(WAKES.get() + 1);
        drop(CALL.take());
    }
}

#[seastar::test(shards = 2)]
async fn who_waits_for_a_group_may_drop_the_call_that_makes_room() {
    static ONE: ServiceGroup = ServiceGroup::new("one", 1);
    let options = CallOptions::new().group(&ONE);
    for _ in 0..100 {
        WAKES.set(0);
        let mut first = Box::pin(async move { submit_to_with(options, 1, yield_now).await.unwrap() });
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        CALL.set(Some(first));
        let waker = Waker::from(Arc::new(DropCall));
        let mut second = Box::pin(submit_to_with(options, 1, async || 7));
        assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        while WAKES.get() == 0 {
            sleep(Duration::from_micros(100)).await;
        }
        assert_eq!(second.await, Ok(7));
    }
}

#[seastar::shard_local]
static NEWS: Condvar = Condvar::new();

/// A waker that tells all once more, and then lets somebody else wait.
struct TellsAgain(Waker);

impl Wake for TellsAgain {
    fn wake(self: Arc<Self>) {
        if WAKES.replace(WAKES.get() + 1) > 0 {
            return;
        }
        NEWS.broadcast();
        let mut wait: Late = Box::pin(async { NEWS.wait().await.is_ok() });
        assert!(wait.as_mut().poll(&mut Context::from_waker(&self.0)).is_pending());
        LATE.set(Some(wait));
    }
}

type Late = Pin<Box<dyn Future<Output = bool>>>;

thread_local! {
    static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
}

#[seastar::test(shards = 1)]
async fn who_comes_while_all_are_told_waits_for_the_next_news() {
    WAKES.set(0);
    let own = std::future::poll_fn(|context| std::task::Poll::Ready(context.waker().clone())).await;
    let waker = Waker::from(Arc::new(TellsAgain(own)));
    let mut waits = [const { None }; 3];
    for wait in &mut waits {
        let mut new = Box::pin(NEWS.wait());
        assert!(new.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *wait = Some(new);
    }
    NEWS.broadcast();
    assert_eq!(WAKES.get(), 3, "all who waited are told");
    let mut late = LATE.take().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(late.as_mut().poll(&mut context).is_pending(), "it came later");
    NEWS.broadcast();
    assert!(late.as_mut().poll(&mut context).is_ready());
}
