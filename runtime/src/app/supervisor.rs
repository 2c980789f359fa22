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
use crate::service;
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
    /// A signal came, or `failed`.
    draining: bool,
    limits: Option<Limits>,
    services: Services,
}

/// How long a program that stops waits.
#[derive(Clone, Copy)]
struct Limits {
    /// Services stop, though there are fibers that may need them: the other half of the grace period is theirs.
    services: u64,
    /// What is left is dropped.
    fibers: u64,
}

/// How far the services are with stopping.
enum Services {
    Run,
    Stop(JoinHandle<()>),
    Stopped,
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
            draining: false,
            limits: None,
            services: Services::Run,
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
            (true, _) => say!(Info, "{name}: stopping at once"),
            (false, true) => say!(Info, "{name}: stopping within {grace:?}"),
            (false, false) => {
                say!(Info, "{name}: stopping within {grace:?}; send it again to stop at once");
            }
        }
        self.draining = true;
        self.limit(reactor, control);
        control.advance(Phase::Draining);
    }

    /// From now on there is the grace period, and no more.
    fn limit(&mut self, reactor: &Reactor, control: &Control) {
        if self.limits.is_none() {
            let (now, grace) = (clock::now(), clock::duration_nanos(self.grace_period));
            let limits =
                Limits { services: now.saturating_add(grace / 2), fibers: now.saturating_add(grace) };
            reactor.set_alarm(limits.services);
            control.set_deadline(limits.fibers);
            self.limits = Some(limits);
        }
    }

    /// Whether the services have stopped, which begins when nobody needs them any more.
    fn services_have_stopped(&mut self, needed: bool) -> bool {
        match &self.services {
            Services::Run if needed => {}
            Services::Run if !service::has_services() => self.services = Services::Stopped,
            // Without memory for the fiber, the next turn tries again: it comes when something has ended.
            Services::Run => self.services = service::stop_services().map_or(Services::Run, Services::Stop),
            Services::Stop(fiber) if fiber.is_finished() => self.services = Services::Stopped,
            Services::Stop(_) | Services::Stopped => {}
        }
        matches!(self.services, Services::Stopped)
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
            say!(Warn, "SIGINT and SIGTERM are not noticed: {error}");
        }
    }

    fn look(&mut self, reactor: &Reactor, control: &Control) {
        let ended = self.main_has_ended();
        self.failed |= reactor.is_asked_to_stop();
        if !self.draining && !ended && (reactor.take_signal() || self.failed) {
            self.drain(reactor, control);
        }
        if ended {
            self.limit(reactor, control);
        }
        let Some(limits) = self.limits else { return };
        let now = clock::now();
        let draining = self.draining;
        let needs_services = !ended || (draining && !control.is_idle_but_daemons());
        let is_idle = || ended && (!draining || control.is_idle());
        if self.services_have_stopped(now < limits.services && needs_services) && is_idle() {
            return control.advance(Phase::Stopping);
        }
        if now >= limits.services {
            reactor.set_alarm(limits.fibers);
        }
        if now >= limits.fibers {
            say!(Warn, "The grace period is over; fibers that are left are dropped");
            control.advance(Phase::Stopping);
        }
    }

    fn end(&mut self) {
        self.running.take();
        self.services = Services::Stopped;
    }
}
