//! The state of one shard's loop, and how operations and timers enter it.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use super::buffers::Buffers;
use super::sends::Sends;
use super::source::{Line, Shared, Source};
use super::timers::{Entry, Timers};
use super::turn_clock::TurnClock;
use crate::sys::clock;
use crate::sys::driver::{Backend, Driver};
use crate::sys::op::Op;
use crate::task::{self, Inbox};

/// Token of operations whose completion nobody waits for.
pub(super) const TOKEN_IGNORED: u64 = 0;
/// Token of the message with which another shard ends this one's sleep.
pub(super) const TOKEN_BELL: u64 = 1;
/// Token of the poll that sees the inbox's event raised.
pub(super) const TOKEN_EVENT: u64 = 2;
/// Token of the poll that sees a stop signal.
pub(super) const TOKEN_SIGNAL: u64 = 3;
/// Token of a bell that was rung; the number of the inbox of the shard that should have heard it follows above.
pub(super) const TOKEN_RUNG: u64 = 4;
/// Bits of a token below the number in it.
pub(super) const TOKEN_BITS: u32 = 3;
/// Larger tokens are addresses, those of [`submit`](Reactor::submit): no memory lies so low.
pub(super) const TOKEN_OWN_MAX: u64 = 0xFFFF;

thread_local! {
    /// Null on threads that are no shard.
    static REACTOR: Cell<*const Reactor> = const { Cell::new(ptr::null()) };
}

/// What a reactor has to know before it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// How to talk to the kernel.
    pub(crate) backend: Backend,
    /// How long tasks run before the kernel is asked for news.
    pub(crate) task_quota: Duration,
    /// How long after the last message from or to another shard an idle one looks for more before it
    /// sleeps; it never sleeps with `None`.
    pub(crate) idle_poll: Option<Duration>,
}

/// An operation that the kernel did not take, and what it would have been for.
pub(crate) struct Refused<T: Source> {
    pub(crate) error: io::Error,
    pub(crate) source: Shared<T>,
}

impl<T: Source> From<Refused<T>> for io::Error {
    fn from(refused: Refused<T>) -> io::Error {
        refused.error
    }
}

/// The loop of one shard.
pub(crate) struct Reactor {
    /// Before the buffers, which it uses to its end.
    pub(super) driver: Driver,
    pub(super) buffers: Buffers,
    pub(super) timers: Timers,
    pub(super) inbox: &'static Inbox,
    pub(super) setup: Setup,
    /// Operations whose last completion is still to come.
    pub(super) in_flight: Cell<usize>,
    /// Objects that want to know when the turn ends.
    pub(super) at_end: Line,
    pub(super) sends: Sends,
    pub(super) clock: TurnClock,
    /// Until when an idle shard polls; 0 when it sleeps at once.
    pub(super) poll_until: Cell<u64>,
    /// When to wake up even if no timer says so.
    pub(super) alarm: Cell<Option<u64>>,
    /// Set when a stop signal came.
    pub(super) signalled: Cell<bool>,
    /// Set when a fiber asked to stop the program.
    asked_to_stop: Cell<bool>,
    /// Set once fibers should come to an end.
    stopping: Cell<bool>,
    /// Set once no operation may begin that has no end of its own.
    ending: Cell<bool>,
    /// Who waits for that, as for a time that nobody knows yet.
    stop: Timers,
}

impl Reactor {
    /// Sets up the driver and the buffers of this thread's shard.
    pub(crate) fn enter(setup: Setup, inbox: &'static Inbox) -> io::Result<Box<Reactor>> {
        let driver = Driver::new(setup.backend)?;
        // SAFETY: fields are dropped in order, and the driver's comes first; here, it is the later variable.
        let buffers = unsafe { Buffers::new(&driver)? };
        let sends = Sends::new(driver.keeps_quiet());
        let reactor = Box::new(Reactor {
            driver,
            buffers,
            timers: Timers::new(clock::now()),
            inbox,
            setup,
            in_flight: Cell::new(0),
            at_end: Line::new(),
            sends,
            clock: TurnClock::new(),
            poll_until: Cell::new(0),
            alarm: Cell::new(None),
            signalled: Cell::new(false),
            asked_to_stop: Cell::new(false),
            stopping: Cell::new(false),
            ending: Cell::new(false),
            stop: Timers::new(0),
        });
        inbox.event.clear();
        reactor.push(Op::PollReadable { fd: inbox.event.fd() }, TOKEN_EVENT)?;
        REACTOR.set(&*reactor);
        Ok(reactor)
    }

    /// Submits an operation for `source`, which will see its completions under `tag`.
    ///
    /// Fails only when the kernel takes no operations at all; nothing is in flight then, and the reference
    /// comes back.
    ///
    /// # Safety
    ///
    /// Memory that `op` points to lies in `source`, or is kept by it, until the last completion.
    #[inline(always)]
    pub(crate) unsafe fn submit<T: Source>(
        &self,
        op: Op,
        source: Shared<T>,
        tag: u8,
    ) -> Result<(), Refused<T>> {
        if let Err(error) = self.push(op, source.token(tag)) {
            return Err(Refused { error, source });
        }
        // The last completion takes it back.
        source.into_header();
        self.in_flight.set(self.in_flight.get() + 1);
        Ok(())
    }

    /// The last completion of an operation came.
    #[inline]
    pub(super) fn ended(&self) {
        self.in_flight.set(self.in_flight.get() - 1);
    }

    /// Asks the kernel to end an operation of `source` early. Its completion tells how it ended.
    pub(crate) fn cancel<T: Source>(&self, source: &Shared<T>, tag: u8) {
        self.push_ignored(Op::Cancel { token: source.token(tag) });
    }

    /// Submits an operation that needs no memory, and whose end interests nobody.
    pub(crate) fn push_ignored(&self, op: Op) {
        let pushed = self.push(op, TOKEN_IGNORED);
        debug_assert!(pushed.is_ok(), "{op:?}: {pushed:?}");
    }

    /// Ends the sleep of the shard that owns `ring` and `inbox`.
    pub(crate) fn ring_bell(&self, ring: RawFd, inbox: &Inbox) {
        let rung =
            self.push(Op::Ring { ring, token: TOKEN_BELL }, (inbox.uid() as u64) << TOKEN_BITS | TOKEN_RUNG);
        if rung.is_err() {
            inbox.event.raise();
        }
    }

    /// Notices when `fd` becomes readable, as the sign that the process should stop.
    pub(crate) fn watch_signal(&self, fd: RawFd) -> io::Result<()> {
        self.push(Op::PollReadable { fd }, TOKEN_SIGNAL)
    }

    /// Whether a stop signal came since the last call.
    pub(crate) fn take_signal(&self) -> bool {
        self.signalled.take()
    }

    /// Asks to stop the program, which is for the first shard to do.
    pub(crate) fn ask_to_stop(&self) {
        self.asked_to_stop.set(true);
    }

    /// Whether a fiber asked to stop the program.
    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.asked_to_stop.get()
    }

    /// Ends any sleep at `deadline`, once.
    pub(crate) fn set_alarm(&self, deadline: u64) {
        self.alarm.set(Some(deadline));
    }

    #[inline(always)]
    pub(super) fn push(&self, op: Op, token: u64) -> io::Result<()> {
        // SAFETY: pointers of operations come through `submit`, whose caller answers for them; the
        // others that are pushed have none.
        unsafe { self.driver.push(op, token) }
    }

    /// Calls [`Source::end_of_turn`] when this turn ends, once; `source` stays alive until then.
    #[inline]
    pub(crate) fn at_end_of_turn<T: Source>(&self, source: &Shared<T>) {
        self.at_end.push(source);
    }

    pub(crate) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// Whether datagrams can be received into the buffers.
    pub(crate) fn receives_datagrams(&self) -> bool {
        self.driver.receives_datagrams()
    }

    /// The descriptor to which other shards' bells go.
    pub(crate) fn ring_fd(&self) -> RawFd {
        self.driver.fd()
    }

    /// What the kernel gave to the driver, for the log.
    pub(crate) fn driver_features(&self) -> impl fmt::Display {
        self.driver.features()
    }

    /// Operations that the kernel has not finished.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.get() + self.sends.in_flight()
    }

    /// A time in this turn that has passed, and the number of the turn.
    #[inline]
    pub(crate) fn now(&self) -> (u64, u32) {
        (self.clock.base(), self.clock.turn())
    }

    /// Sets `entry` for `deadline`. A deadline that was computed from [`now`](Self::now) names the turn
    /// in which that was, and moves so that it counts from a moment after.
    ///
    /// # Safety
    ///
    /// As for [`Timers::set`].
    #[inline]
    pub(crate) unsafe fn set_timer(&self, entry: &Entry, deadline: u64, computed_in: Option<u32>) {
        let (deadline, relative) = match computed_in {
            Some(turn) if turn == self.clock.turn() => (deadline, true),
            Some(turn) => (deadline.saturating_add(self.clock.took(turn)), false),
            None => (deadline, false),
        };
        // SAFETY: promised by the caller.
        unsafe { self.timers.set(entry, deadline, relative) }
    }

    #[inline]
    pub(crate) fn cancel_timer(&self, entry: &Entry) {
        self.timers.cancel(entry);
    }

    /// Whether fibers should come to an end: reads say end of file, accepts are aborted.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Whether the fibers are gone and the ring is about to go.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get()
    }

    /// Asks the kernel to end whatever is in flight.
    pub(crate) fn cancel_everything(&self) {
        self.ending.set(true);
        self.push_ignored(Op::CancelAll);
    }

    /// Leaves the ring and the buffers to the kernel, which still uses them.
    pub(crate) fn abandon(self: Box<Self>) {
        REACTOR.set(ptr::null());
        // Futures may outlive this; they must not unlink themselves from lists that nobody keeps.
        self.timers.forget_all();
        self.stop.forget_all();
        self.at_end.clear();
        self.buffers.keep();
        Box::leak(self);
    }

    /// Asks all fibers of this shard to come to an end: each is polled once, to see for itself.
    pub(crate) fn begin_stopping(&self) {
        if !self.stopping.replace(true) {
            task::wake_all();
            self.stop.settle(0, 0);
            self.stop.expire(u64::MAX);
        }
    }

    /// Sets `entry` for the moment at which the shard begins to stop.
    ///
    /// # Safety
    ///
    /// The entry stays where it is, and [`waits_no_more`](Self::waits_no_more) before it goes.
    pub(crate) unsafe fn wait_for_stop(&self, entry: &Entry) {
        // SAFETY: promised by the caller.
        unsafe { self.stop.set(entry, 0, false) }
    }

    pub(crate) fn waits_no_more(&self, entry: &Entry) {
        self.stop.cancel(entry);
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        REACTOR.set(ptr::null());
        debug_assert_eq!(self.in_flight(), 0);
        self.at_end.clear();
        self.sends.clear(self);
    }
}

/// Calls `act` with the reactor of this thread; nothing on a thread that is no shard.
#[inline]
pub(crate) fn with<R>(act: impl FnOnce(&Reactor) -> R) -> Option<R> {
    // SAFETY: set by `enter` and cleared when the reactor is dropped, which no `act` can do: the box is
    // owned by the function that runs the loop.
    unsafe { REACTOR.get().as_ref() }.map(act)
}
