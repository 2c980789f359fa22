//! The first shard's extra duty: it runs the main function and decides when the program stops.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::control::{Control, Phase};
use super::shard::Lead;
use crate::reactor::Reactor;
use crate::sys::{clock, signal};
use crate::task::{self, JoinHandle};

/// How the main function ended.
pub(crate) enum Ended<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    /// Dropped, because a signal asked to stop and the grace period was over.
    Stopped,
    /// Stopped, because background work failed whose policy that is.
    Failed,
}

/// Runs `main` and watches it.
pub(super) struct Supervisor<T> {
    main: Option<Pin<Box<dyn Future<Output = ()>>>>,
    started_at: &'static Location<'static>,
    running: Option<JoinHandle<()>>,
    returned: Rc<Cell<Option<T>>>,
    panicked: Option<Box<dyn Any + Send>>,
    handles_signals: bool,
    grace_period: Duration,
    /// Background work asked to stop.
    failed: bool,
    /// When draining ends.
    deadline: Option<u64>,
}

impl<T: 'static> Supervisor<T> {
    pub(super) fn new(
        main: impl AsyncFnOnce() -> T + 'static,
        handles_signals: bool,
        grace_period: Duration,
        started_at: &'static Location<'static>,
    ) -> Supervisor<T> {
        let returned = Rc::new(Cell::new(None));
        let result = returned.clone();
        // Boxed, so that a main function may be as large as it likes.
        let main = Box::pin(async move { result.set(Some(main().await)) });
        Supervisor {
            main: Some(main),
            started_at,
            running: None,
            returned,
            panicked: None,
            handles_signals,
            grace_period,
            failed: false,
            deadline: None,
        }
    }

    /// How it ended.
    pub(super) fn finish(self) -> Ended<T> {
        match (self.panicked, self.returned.take()) {
            (Some(panic), _) => Ended::Panicked(panic),
            (None, _) if self.failed => Ended::Failed,
            (None, Some(output)) => Ended::Returned(output),
            (None, None) => Ended::Stopped,
        }
    }

    /// Reads the result of the main function once it has ended.
    fn main_has_ended(&mut self) -> bool {
        if let Some(main) = self.running.take_if(|main| main.is_finished()) {
            let joined = pin!(main).poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(Err(error)) = joined {
                self.panicked = error.try_into_panic().ok();
            }
        }
        self.running.is_none()
    }

    fn drain(&mut self, reactor: &Reactor, control: &Control) {
        let grace = self.grace_period;
        let name = if self.failed { "Background work failed" } else { signal::raised().unwrap_or("signal") };
        match (grace.is_zero(), self.failed) {
            (true, _) => log::info!(target: "seastar", "{name}: stopping at once"),
            (false, true) => log::info!(target: "seastar", "{name}: stopping within {grace:?}"),
            (false, false) => {
                log::info!(target: "seastar", "{name}: stopping within {grace:?}; send it again to stop at once");
            }
        }
        let deadline = clock::now().saturating_add(clock::duration_nanos(grace));
        self.deadline = Some(deadline);
        reactor.set_alarm(deadline);
        control.advance(Phase::Draining);
    }
}

impl<T: 'static> Lead for Supervisor<T> {
    fn begin(&mut self, reactor: &Reactor) {
        if let Some(main) = self.main.take() {
            self.running = task::spawn_at(main, self.started_at).ok();
        }
        if self.handles_signals
            && let Some(fd) = signal::descriptor()
            && let Err(error) = reactor.watch_signal(fd)
        {
            log::warn!(target: "seastar", "SIGINT and SIGTERM are not noticed: {error}");
        }
    }

    fn look(&mut self, reactor: &Reactor, control: &Control) {
        let ended = self.main_has_ended();
        self.failed |= reactor.is_asked_to_stop();
        match self.deadline {
            None if ended => control.advance(Phase::Stopping),
            None if reactor.take_signal() || self.failed => self.drain(reactor, control),
            None => {}
            Some(_) if ended && control.live() == 0 => control.advance(Phase::Stopping),
            Some(deadline) if clock::now() >= deadline => {
                log::warn!(target: "seastar", "The grace period is over; fibers that are left are dropped");
                control.advance(Phase::Stopping);
            }
            Some(_) => {}
        }
    }

    fn end(&mut self) {
        self.running.take();
    }
}
