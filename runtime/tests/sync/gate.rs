//! GATE-1 to GATE-8: who enters, who leaves, and when a gate is closed.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use seastar::sync::{AbortSource, Gate, GaveUp, Limit};
use seastar::{spawn, yield_now};

use crate::poll::{now, poll};

#[test]
fn gate_1_nothing_enters_a_closed_gate() {
    let gate = Gate::new();
    assert!(gate.check().is_ok() && gate.try_hold().is_some() && gate.hold().is_ok());
    assert_eq!(gate.count(), 0);
    drop(gate.close());
    assert!(gate.is_closed() && gate.try_hold().is_none());
    assert_eq!(gate.hold().unwrap_err().to_string(), "gate closed");
    assert_eq!(gate.check().unwrap_err(), gate.hold().unwrap_err());
}

#[test]
fn gate_2_closing_takes_effect_at_once_and_ends_with_the_last() {
    let gate = Gate::new();
    let (one, two) = (gate.hold().unwrap(), gate.hold().unwrap());
    let mut closing = pin!(gate.close());
    assert!(gate.is_closed(), "before it is polled");
    assert!(poll(closing.as_mut()).is_pending());
    drop(two);
    assert!(poll(closing.as_mut()).is_pending());
    drop(one);
    assert!(poll(closing.as_mut()).is_ready());
}

/// Unlike in C++ Seastar, where the second call ends the program.
#[test]
fn gate_3_closing_again_waits_for_the_same() {
    let gate = Gate::new();
    let holder = gate.hold().unwrap();
    let (mut one, mut two) = (pin!(gate.close()), pin!(gate.close()));
    assert!(poll(one.as_mut()).is_pending() && poll(two.as_mut()).is_pending());
    drop(holder);
    assert!(poll(two.as_mut()).is_ready() && poll(one.as_mut()).is_ready());
    now(gate.close());
}

#[test]
fn gate_5_a_holder_lets_others_in_even_when_the_gate_is_closed() {
    let gate = Rc::new(Gate::new());
    let one = gate.hold_owned().unwrap();
    let mut closing = pin!(gate.close());
    assert!(poll(closing.as_mut()).is_pending());
    let two = one.clone();
    one.release();
    assert!(poll(closing.as_mut()).is_pending());
    let moved = two;
    drop(moved);
    assert!(poll(closing.as_mut()).is_ready());
}

#[test]
fn gate_7_errors_tell_the_name() {
    let gate = Gate::new().named("foo");
    now(gate.close());
    assert_eq!(gate.hold().unwrap_err().to_string(), "foo gate closed");
}

#[seastar::test]
async fn closing_waits_for_fibers() {
    let gate = Rc::new(Gate::new());
    let fibers: Vec<_> = (0..5)
        .map(|n| {
            let holder = gate.hold_owned().unwrap();
            spawn(async move {
                for _ in 0..n {
                    yield_now().await;
                }
                drop(holder);
            })
        })
        .collect();
    gate.close().await;
    assert_eq!(gate.count(), 0);
    for fiber in fibers {
        fiber.await.unwrap();
    }
}

#[seastar::test]
async fn closing_can_be_given_up() {
    let (gate, source) = (Gate::new(), AbortSource::new());
    let holder = gate.hold().unwrap();
    assert_eq!(gate.close().within(Duration::from_millis(1)).await, Err(GaveUp::TimedOut));
    source.abort();
    assert_eq!(gate.close().unless(&source).await, Err(GaveUp::Aborted));
    drop(holder);
    assert_eq!(gate.close().unless(&source).within(Duration::ZERO).await, Ok(()));
}
