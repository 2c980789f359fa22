//! Work in the background: who waits for it, and who hears of its failure.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use seastar::sync::Gate;
use seastar::{
    NotStarted, Options, StartError, background, is_stopping, sleep, stopping, submit_to, yield_now,
};

#[seastar::test(shards = 1)]
async fn a_gate_waits_for_the_work() {
    let gate = Rc::new(Gate::new());
    let done = Rc::new(Cell::new(0));
    for n in 1..=3 {
        let done = done.clone();
        let work = async move {
            for _ in 0..n {
                yield_now().await;
            }
            done.set(done.get() + n);
        };
        background!(gate = gate, on_error = log => work).unwrap();
    }
    assert_eq!((gate.count(), done.get()), (3, 0));
    gate.close().await;
    assert_eq!(done.get(), 6);
    let late = background!(gate = gate, on_error = log => async { unreachable!() });
    assert!(matches!(late, Err(NotStarted::GateClosed(_))));
}

#[seastar::test(shards = 1)]
async fn a_gate_may_be_kept_by_any_means() {
    let gate = Rc::new(Gate::new());
    let holder = gate.hold_owned().unwrap();
    background!(gate = &gate, on_error = ignore => async {}).unwrap();
    background!(gate = holder, on_error = ignore => async {}).unwrap();
    drop(holder);
    let leaked: &'static Gate = Box::leak(Box::new(Gate::new()));
    background!(gate = leaked, on_error = ignore => yield_now()).unwrap();
    assert_eq!((gate.count(), leaked.count()), (2, 1));
    gate.close().await;
    leaked.close().await;
}

#[seastar::test(shards = 1)]
async fn a_closure_hears_of_the_failure_before_the_gate_does() {
    let gate = Rc::new(Gate::new());
    let heard = Rc::new(RefCell::new(String::new()));
    let (hears, seen) = (heard.clone(), gate.clone());
    let on_error = move |error: std::num::ParseIntError| {
        assert_eq!(seen.count(), 1);
        hears.borrow_mut().push_str(&error.to_string());
    };
    background!(gate = gate, on_error = on_error => async {
        yield_now().await;
        let _: u8 = "x".parse()?;
        Ok(())
    })
    .unwrap();
    // Without a type, which comes from the future.
    background!(gate = gate, on_error = |error| assert_eq!(error.len(), 4) => async { Err("text") }).unwrap();
    gate.close().await;
    assert_eq!(heard.take(), "invalid digit found in string");
}

/// The failures that are dealt with are no abandoned ones, which would fail this test.
#[seastar::test(shards = 1)]
async fn failures_are_logged_or_ignored() {
    background!(gate = none, on_error = log => async { Err("in the log") }).unwrap();
    background!(gate = none, on_error = ignore => async { Err(()) }).unwrap();
    background!(gate = none, on_error = ignore => async { loop { sleep(Duration::from_secs(1)).await } })
        .unwrap();
    yield_now().await;
    assert_eq!(seastar::abandoned_failures(), 0);
}

#[seastar::test(shards = 1)]
async fn work_that_fails_leaves_the_gate() {
    let gate = Rc::new(Gate::new());
    background!(gate = gate, on_error = log => async { seastar::time::sleep(Duration::ZERO).await; Err(1) })
        .unwrap();
    gate.close().await;
    assert_eq!(Rc::strong_count(&gate), 1);
}

/// A failure on `shard` of two; whether the main function saw the stop.
fn stops_from(shard: usize) {
    let options = Options::new().shards(2).memory(256 << 20).overprovisioned(true);
    let ended = seastar::run(options, async move || {
        submit_to(shard, async || {
            background!(gate = none, on_error = stop => async { yield_now().await; Err::<(), _>("broken") })
                .unwrap();
        })
        .await;
        stopping().await;
        assert!(is_stopping());
    });
    assert!(matches!(ended, Err(StartError::Stopped)), "{ended:?}");
}

#[test]
fn a_failure_stops_the_program() {
    stops_from(0);
    stops_from(1);
}

#[seastar::test(shards = 1)]
#[should_panic(expected = "background work failed")]
async fn a_failure_that_stops_fails_a_test() {
    background!(gate = none, on_error = stop => async { Err("broken") }).unwrap();
    stopping().await;
}
