//! What stays on its shard, in hands that might take it elsewhere.

use std::cell::Cell;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use hyper::rt::Timer as _;
use seastar::compat::OnShard;
use seastar::compat::hyper::Timer;
use seastar::{sleep, yield_now};

/// Tells when it is dropped.
struct Tell(Rc<Cell<bool>>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[seastar::test]
async fn a_future_that_is_dropped_on_another_thread_goes_home() {
    let dropped = Rc::new(Cell::new(false));
    let tell = Tell(dropped.clone());
    let mut future = OnShard::new(async move {
        let _tell = tell;
        sleep(Duration::from_secs(3600)).await;
    });
    // In the list of timers from now on.
    let _ = Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()));
    seastar::blocking_ok!(thread::spawn(move || drop(future)).join().unwrap());
    while !dropped.get() {
        yield_now().await;
    }
}

#[seastar::test]
async fn a_future_that_is_polled_on_another_thread_panics() {
    let mut future = OnShard::new(sleep(Duration::from_secs(3600)));
    let refused = thread::spawn(move || {
        let poll = || Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        catch_unwind(std::panic::AssertUnwindSafe(poll)).unwrap_err()
    });
    let refused = seastar::blocking_ok!(refused.join().unwrap());
    let message = refused.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| refused.downcast_ref::<&str>().copied());
    assert_eq!(message, Some("what stays on a shard is used there, and nowhere else"));
}

#[seastar::test]
async fn timers_of_hyper_can_be_set_anew_and_dropped_anywhere() {
    let mut timer = Timer.sleep(Duration::from_secs(3600));
    assert!(seastar::timeout(Duration::from_millis(1), &mut timer).await.is_err());
    Timer.reset(&mut timer, Timer.now() + Duration::from_millis(1));
    timer.await;
    let mut timer = Timer.sleep_until(Timer.now() + Duration::from_secs(3600));
    assert!(seastar::timeout(Duration::from_millis(1), &mut timer).await.is_err());
    seastar::blocking_ok!(thread::spawn(move || drop(timer)).join().unwrap());
    yield_now().await;
}
