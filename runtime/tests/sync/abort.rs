//! LOCK-5: who is told of an abort, when, and how often.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use seastar::sync::AbortSource;
use seastar::time::{Duration, sleep_abortable};
use seastar::{spawn, yield_now};

use crate::poll::{now, poll};

#[test]
fn lock_5_subscribers_are_called_once_in_order() {
    let source = AbortSource::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    let subscribe = |n: u32| {
        let order = order.clone();
        source.on_abort(move || order.borrow_mut().push(n))
    };
    let mut subscriptions: Vec<_> = (0..5).map(|n| Box::pin(subscribe(n))).collect();
    assert!([3, 0, 1, 4, 2].into_iter().all(|n: usize| subscriptions[n].as_ref().subscribe()));
    drop(subscriptions.remove(1));
    source.abort();
    source.abort();
    assert_eq!(*order.borrow(), [3, 0, 4, 2], "within the call; the dropped one is not called");
}

#[test]
fn lock_5_subscribing_too_late_is_told() {
    let source = AbortSource::new();
    source.abort();
    let late = pin!(source.on_abort(|| panic!("never called")));
    assert!(!late.as_ref().subscribe());
    now(source.aborted());
    assert_eq!(source.check().unwrap_err().to_string(), "abort requested");
}

#[test]
fn a_subscriber_may_abort_subscribe_and_end_itself() {
    let source: &'static AbortSource = Box::leak(Box::default());
    let mut own = Box::pin(source.on_abort(Box::new(|| ()) as Box<dyn FnOnce()>));
    let place = Rc::new(RefCell::new(None));
    let inside = place.clone();
    own.set(source.on_abort(Box::new(move || {
        source.abort();
        assert!(!pin!(source.on_abort(|| ())).as_ref().subscribe());
        drop(inside.borrow_mut().take());
    })));
    assert!(own.as_ref().subscribe());
    *place.borrow_mut() = Some(own);
    source.abort();
    assert!(place.borrow().is_none());
}

#[seastar::test]
async fn fibers_that_listen_are_woken() {
    let source = Rc::new(AbortSource::new());
    let fibers = [0; 3].map(|_| {
        let source = source.clone();
        spawn(async move { source.aborted().await })
    });
    yield_now().await;
    assert!(fibers.iter().all(|fiber| !fiber.is_finished()));
    fibers[1].cancel();
    yield_now().await;
    source.abort();
    yield_now().await;
    assert!(fibers.iter().all(|fiber| fiber.is_finished()));
}

#[test]
fn a_listener_that_goes_leaves_nothing_behind() {
    let source = AbortSource::new();
    {
        let mut listens = pin!(source.aborted());
        assert!(poll(listens.as_mut()).is_pending());
        assert!(format!("{source:?}").contains("listeners: 1"), "{source:?}");
    }
    assert!(format!("{source:?}").contains("listeners: 0"), "{source:?}");
    source.abort();
}

#[seastar::test]
async fn tmo_3_a_sleep_ends_with_an_abort() {
    let source = Rc::new(AbortSource::new());
    assert_eq!(sleep_abortable(Duration::from_millis(1), &source).await, Ok(()));
    let sleeper = source.clone();
    let sleeps = spawn(async move { sleep_abortable(Duration::from_secs(3600), &sleeper).await });
    yield_now().await;
    assert!(!sleeps.is_finished());
    source.abort();
    assert_eq!(sleeps.await.unwrap().unwrap_err().to_string(), "Sleep is aborted");
    assert!(sleep_abortable(Duration::ZERO, &source).await.is_err(), "at once, however short");
}
