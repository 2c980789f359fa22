//! Panics, failures, and who hears of them.
//!
//! Every test begins with `capture`, before a runtime brings a logger of its own. None is a `seastar::test`, which
//! would fail for the failures.

#[path = "support/log.rs"]
mod log;
#[path = "support/run.rs"]
mod run;

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::time::Duration;

use seastar::{abandoned_failures, sleep, spawn, submit_to, yield_now};

use self::log::{capture, logged};
use self::run::{options, run};

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// The text of a panic.
fn text(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<&str>() {
        Ok(text) => text.to_string(),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
}

/// Where the caller stands, as reports show it.
#[track_caller]
fn here(lines_below: u32) -> String {
    let here = std::panic::Location::caller();
    format!("{}:{}", here.file(), here.line() + lines_below)
}

#[test]
fn a_panic_reaches_the_handle_and_the_shard_lives_on() {
    capture();
    run(1, async || {
        let place = here(1);
        let fiber = spawn(async move {
            yield_now().await;
            panic!("number {}", 5);
        });
        let error = fiber.await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.to_string(), "the fiber panicked: number 5");
        assert_eq!(text(error.try_into_panic().unwrap()), "number 5");
        assert_eq!(logged(&format!("A fiber panicked: the one spawned at {place}")).len(), 1);
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
        let error = spawn(async { panic_any(7u8) }).await.unwrap_err();
        assert_eq!(error.to_string(), "the fiber panicked: (not a text)");
        assert_eq!(*error.try_into_panic().unwrap().downcast::<u8>().unwrap(), 7);
    });
}

#[test]
fn a_panic_in_a_destructor_is_a_panic_of_its_fiber() {
    capture();
    run(1, async || {
        let at_the_end = spawn(async {
            let _bomb = Bomb("at the end");
        });
        assert_eq!(at_the_end.await.unwrap_err().to_string(), "the fiber panicked: at the end");
        let bomb = Bomb("of what the future holds");
        let held = spawn(async move {
            let _held = &bomb;
            yield_now().await;
        });
        assert_eq!(held.await.unwrap_err().to_string(), "the fiber panicked: of what the future holds");
        let cancelled = spawn(async {
            let _bomb = Bomb("when cancelled");
            std::future::pending::<()>().await;
        });
        yield_now().await;
        cancelled.cancel();
        assert_eq!(cancelled.await.unwrap_err().to_string(), "the fiber panicked: when cancelled");
        let unpolled = Bomb("not begun");
        let fiber = spawn(async move { drop(unpolled) });
        fiber.cancel();
        assert_eq!(fiber.await.unwrap_err().to_string(), "the fiber panicked: not begun");
        assert_eq!(abandoned_failures(), 0);
    });
}

#[test]
fn a_panic_drops_what_the_fiber_had() {
    capture();
    run(1, async || {
        struct Count(Rc<Cell<u32>>);
        impl Drop for Count {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let drops = Rc::new(Cell::new(0));
        let (held, local) = (Count(drops.clone()), Count(drops.clone()));
        let fiber = spawn(async move {
            let _held = &held;
            let _local = local;
            yield_now().await;
            panic!("with both");
        });
        assert!(fiber.await.is_err());
        assert_eq!(drops.get(), 2);
    });
}

/// Fails as long as it is asked, and cannot say what.
struct Unspeakable;

impl fmt::Debug for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("cannot be shown");
    }
}

#[test]
fn what_goes_wrong_with_a_result_that_nobody_reads_stays_with_its_fiber() {
    capture();
    let failures = run(1, async || {
        drop(spawn(async { Bomb("an output nobody read") }));
        drop(spawn(async { Err::<(), _>(Unspeakable) }));
        drop(spawn(async { panic_any(Bomb("a payload nobody read")) }));
        let late = spawn(async { Bomb("an output dropped unread") });
        yield_now().await;
        drop(spawn(async move { drop(late) }));
        yield_now().await;
        assert_eq!(spawn(async { 7 }).await.unwrap(), 7, "the shard lives on");
        abandoned_failures()
    });
    assert_eq!(failures, 4);
}

// FUT-9
#[test]
fn only_failures_that_nobody_reads_are_counted() {
    capture();
    run(1, async || {
        let count = async |expected: u64| {
            yield_now().await;
            yield_now().await;
            assert_eq!(abandoned_failures(), expected);
        };
        drop(spawn(async { Ok::<_, String>(1) }));
        drop(spawn(async { Some("Err(") }));
        drop(spawn(std::future::pending::<Result<(), ()>>()));
        assert_eq!(spawn(async { Err::<(), _>("read") }).await.unwrap(), Err("read"));
        assert!(spawn(async { panic!("read as well") }).await.is_err());
        count(0).await;
        let place = here(1);
        drop(spawn(async { Err::<(), _>("nobody reads this") }));
        count(1).await;
        let lines = logged("nobody reads this");
        assert_eq!(lines.len(), 1);
        let words = format!("WARN seastar - Failed fiber ignored: the one spawned at {place}");
        assert!(lines[0].starts_with(&words), "{} and not {words}", lines[0]);
        let finished = spawn(async { Err::<u8, _>(7) });
        yield_now().await;
        drop(finished);
        count(2).await;
        let _: bool = spawn(async { panic!("nobody reads this panic") }).is_finished();
        count(3).await;
        assert_eq!(logged("nobody reads this panic").len(), 1);
        drop(spawn(async { Err::<Infallible, ()>(()) }));
        count(4).await;
    });
}

/// Whether a test with this body fails, and how.
fn fails(shards: u32, body: impl AsyncFnOnce() + 'static) -> Option<String> {
    let test = AssertUnwindSafe(|| seastar::__private::test(options(shards), "the test", body));
    catch_unwind(test).err().map(text)
}

// FUT-9
#[test]
fn a_failure_that_nobody_reads_fails_the_test() {
    capture();
    let expected = "the test: 1 abandoned failed fiber(s) detected; their failures are logged above";
    assert_eq!(fails(1, async || ()), None);
    let here = fails(1, async || {
        drop(spawn(async { Err::<(), _>("here") }));
        yield_now().await;
    });
    assert_eq!(here.as_deref(), Some(expected));
    let there = fails(2, async || {
        submit_to(1, async || {
            drop(spawn(async { Err::<(), _>("there") }));
            yield_now().await;
        })
        .await;
    });
    assert_eq!(there.as_deref(), Some(expected), "on another shard");
    let last = fails(1, async || {
        drop(spawn(async {
            let _bomb = Bomb("when the runtime ends");
            std::future::pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(last.as_deref(), Some(expected), "at the end of the runtime");
    let kept = fails(2, async || {
        submit_to(1, async || {
            let failed = spawn(async { Err::<(), _>("kept until the end") });
            drop(spawn(async move {
                std::future::pending::<()>().await;
                failed.await.unwrap()
            }));
            yield_now().await;
        })
        .await;
    });
    assert_eq!(kept.as_deref(), Some(expected), "with a handle that nobody awaits");
}

#[test]
fn a_test_fails_with_what_its_body_fails_with() {
    let body = async || Err::<(), _>("words");
    let run = AssertUnwindSafe(|| seastar::__private::test(options(1), "the test", body));
    assert_eq!(text(catch_unwind(run).unwrap_err()), "the test failed: &str (words)");
    assert_eq!(fails(1, async || panic!("{} words", 2)).as_deref(), Some("2 words"));
}

#[test]
fn a_thousand_panics_in_a_row_leave_no_trace() {
    capture();
    run(1, async || {
        let before = seastar::memory_statistics().live_blocks;
        for round in 0..1_000 {
            let fiber = spawn(async move {
                let _kept = [round; 50];
                if round % 2 == 0 {
                    sleep(Duration::from_micros(1)).await;
                }
                panic!("again");
            });
            assert!(fiber.await.unwrap_err().is_panic());
        }
        assert_eq!(seastar::memory_statistics().live_blocks, before);
    });
}
