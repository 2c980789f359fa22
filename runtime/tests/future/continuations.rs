//! What runs after what, and what comes out.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::{Future, pending};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use seastar::future::{FinallyError, FutureExt};
use seastar::{sleep, yield_now};

use super::Count;

/// E12: a value later.
async fn slow() -> io::Result<u32> {
    sleep(Duration::from_millis(1)).await;
    Ok(3)
}

async fn fails(text: &'static str) -> Result<u32, &'static str> {
    yield_now().await;
    Err(text)
}

async fn gives(value: u32) -> Result<u32, &'static str> {
    yield_now().await;
    Ok(value)
}

#[seastar::test]
async fn a_value_reaches_the_continuation() -> io::Result<()> {
    let sum = slow().then(async |value| Ok(value + 1)).then(async |value| Ok(value * 2)).await?;
    assert_eq!(sum, 8);
    Ok(())
}

/// E19 and FUT-1.
#[seastar::test]
async fn a_failure_skips_what_follows_and_reaches_the_end() {
    let lines = RefCell::new(Vec::new());
    let line = async |n: u32, fails: bool| {
        lines.borrow_mut().push(n);
        if fails { Err("line 2") } else { Ok(()) }
    };
    let output =
        line(1, false).then(|()| line(2, true)).then(|()| line(3, false)).then(|()| line(4, false)).await;
    assert_eq!(output, Err("line 2"));
    assert_eq!(*lines.borrow(), [1, 2]);
}

/// FUT-2, as far as it is promised: what is ready needs no second turn.
#[seastar::test]
async fn a_chain_of_ready_futures_ends_in_one_poll() {
    let mut chain = pin!(
        async { Ok::<_, ()>(1) }
            .then(async |n| Ok(n + 1))
            .then(async |n| Err::<(), _>(()).map(|()| n))
            .handle_error(async |()| Ok(5))
            .finally(async || ())
    );
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(chain.as_mut().poll(&mut context), Poll::Ready(Ok(5)));
}

/// FUT-3.
#[seastar::test]
async fn then_wrapped_sees_values_and_failures() {
    assert_eq!(fails("no").then_wrapped(async |output| output.unwrap_err()).await, "no");
    assert_eq!(gives(7).then_wrapped(async |output| output.unwrap()).await, 7);
    assert_eq!(yield_now().then_wrapped(async |()| 1).await, 1);
}

/// FUT-4: all four outcomes.
#[seastar::test]
async fn finally_waits_and_keeps_what_it_must() {
    let cleaned = Count::default();
    let fine = async || {
        yield_now().await;
        cleaned.add();
        Ok::<_, &str>("ignored")
    };
    let broken = async || {
        yield_now().await;
        cleaned.add();
        Err::<(), _>("clean-up")
    };
    assert_eq!(gives(1).finally(fine).await, Ok(1));
    assert_eq!(fails("work").finally(fine).await, Err(FinallyError::Work("work")));
    assert_eq!(gives(1).finally(broken).await, Err(FinallyError::Cleanup("clean-up")));
    let both = FinallyError::Both { failure: "work", cleanup: "clean-up" };
    assert_eq!(fails("work").finally(broken).await, Err(both));
    assert_eq!(cleaned.get(), 4);
    // A clean-up that cannot fail leaves the type as it is, whatever that is.
    assert_eq!(fails("work").finally(async || cleaned.add()).await, Err("work"));
    assert_eq!(async { 7 }.finally(async || cleaned.add()).await, 7);
    assert_eq!(cleaned.get(), 6);
}

#[test]
fn a_double_failure_tells_both() {
    let text = |text: &'static str| io::Error::other(text);
    let both = FinallyError::Both { failure: text("disk full"), cleanup: text("not closed") };
    assert_eq!(both.to_string(), "disk full; cleaning up failed, too: not closed");
    assert_eq!(both.into_first().to_string(), "disk full");
    let cleanup = FinallyError::<io::Error>::Cleanup(text("not closed"));
    assert_eq!(cleanup.to_string(), "cleaning up failed: not closed");
    assert_eq!(cleanup.into_first().to_string(), "not closed");
}

/// FUT-5.
#[seastar::test]
async fn a_handler_runs_after_failures_only() {
    let handled = Count::default();
    let handler = async |error| {
        handled.add();
        yield_now().await;
        if error == "mild" { Ok(0) } else { Err("worse") }
    };
    assert_eq!(gives(1).handle_error(handler).await, Ok(1));
    assert_eq!(handled.get(), 0);
    assert_eq!(fails("mild").handle_error(handler).await, Ok(0));
    assert_eq!(fails("bad").handle_error(handler).await, Err("worse"));
    assert_eq!(handled.get(), 2);
}

/// FUT-5: the type decides.
#[seastar::test]
async fn a_handler_of_a_type_leaves_other_types() {
    async fn parse(text: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
        Ok(text.parse::<u32>()?)
    }
    let chain = |text| {
        parse(text)
            .handle_error_type(async |_: std::num::ParseFloatError| Ok(1))
            .handle_error_type(async |_: std::num::ParseIntError| Ok(2))
    };
    assert_eq!(chain("7").await.unwrap(), 7);
    assert_eq!(chain("x").await.unwrap(), 2);
    let inner = io::Error::other("x".parse::<u32>().unwrap_err());
    let read = async { Err(inner) }.handle_error_type(async |_: std::num::ParseIntError| Ok(2));
    assert_eq!(read.await.unwrap(), 2);
    let plain = async { Err::<u8, _>(io::Error::from(io::ErrorKind::NotFound)) };
    let kept = plain.handle_error_type(async |_: std::num::ParseIntError| Ok(2)).await.unwrap_err();
    assert_eq!(kept.kind(), io::ErrorKind::NotFound);
}

/// TMO-1 and TMO-2 as a method.
#[seastar::test]
async fn a_time_limit_drops_what_is_late() {
    let dropped = Count::default();
    let token = dropped.on_drop();
    let late = async move {
        pending::<()>().await;
        drop(token);
    };
    assert!(late.with_timeout(Duration::from_millis(1)).await.is_err());
    assert_eq!(dropped.get(), 1);
    assert_eq!(gives(1).with_timeout(Duration::from_secs(60)).await, Ok(Ok(1)));
}

#[seastar::test]
async fn a_value_can_be_forgotten() {
    assert_eq!(gives(1).discard_result().await, Ok(()));
    assert_eq!(fails("no").discard_result().await, Err("no"));
}

/// Wherever a chain stands, dropping it drops what is there, once.
#[seastar::test]
async fn a_chain_dropped_half_way_drops_its_parts_once() {
    for polls in 0..5 {
        let [first, next, second] = [const { Cell::new(0) }; 3].map(|_| Count::default());
        let tokens = [first.on_drop(), next.on_drop()];
        {
            let [in_first, in_next] = tokens;
            let second = &second;
            let chain = async move {
                yield_now().await;
                drop(in_first);
                Ok::<_, ()>(())
            }
            .then(async move |()| {
                let _token = (second.on_drop(), in_next);
                yield_now().await;
                Ok(())
            });
            let mut chain = pin!(chain);
            let mut context = Context::from_waker(Waker::noop());
            for poll in 1..=polls.min(3) {
                assert_eq!(chain.as_mut().poll(&mut context).is_ready(), poll == 3);
            }
        }
        assert_eq!([first.get(), next.get()], [1, 1], "after {polls} polls");
        assert_eq!(second.get(), usize::from(polls >= 2), "after {polls} polls");
    }
}

/// The first future is gone before the second is made.
#[seastar::test]
async fn the_first_future_is_dropped_before_the_second_is_made() {
    struct Holds<'a>(&'a Cell<bool>);
    impl Drop for Holds<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    impl Future for Holds<'_> {
        type Output = Result<(), ()>;
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    let held = Cell::new(true);
    let second = async |()| {
        assert!(!held.get());
        Ok(())
    };
    Holds(&held).then(second).await.unwrap();
}

/// FUT-6: a closure that panics leaves a chain that can be dropped, and no more.
#[seastar::test]
async fn a_panic_between_two_futures_leaves_nothing() {
    let dropped = Count::default();
    let (first, next) = (dropped.on_drop(), dropped.on_drop());
    let work = async move {
        drop(first);
        Ok::<_, ()>(())
    };
    let mut chain = Box::pin(work.then(move |()| -> std::future::Ready<_> {
        let _next = next;
        panic!("in the continuation");
    }));
    let mut poll = || {
        let mut context = Context::from_waker(Waker::noop());
        catch_unwind(AssertUnwindSafe(|| -> Poll<Result<(), ()>> { chain.as_mut().poll(&mut context) }))
    };
    assert!(poll().is_err());
    assert_eq!(dropped.get(), 2);
    assert!(poll().is_err(), "there is nothing left to poll");
    drop(chain);
    assert_eq!(dropped.get(), 2);
}
