//! One turn of the loop.

use super::sends::QUIET;
use super::state::{Reactor, TOKEN_BITS, TOKEN_EVENT, TOKEN_OWN_MAX, TOKEN_RUNG, TOKEN_SIGNAL};
use super::{preempt, source};
use crate::sys::clock;
use crate::sys::driver::Wait;
use crate::sys::op::{Completion, Op};
use crate::task::{self, Inbox};

/// How often an idle shard looks at its inboxes between two looks at the clock.
const LOOKS: u32 = 32;

/// The shard's messages to and from other shards, as far as the loop has to know them.
pub(crate) trait Exchange {
    /// Takes in what others sent.
    fn receive(&self);
    /// Lets others see what this shard sends them, and rings the bell of those that sleep.
    fn send(&self, reactor: &Reactor);
    /// Whether [`receive`](Self::receive) would find something.
    fn has_news(&self) -> bool;
    /// Whether something could not be sent yet.
    fn has_backlog(&self) -> bool;
    /// Whether anything was sent or received since the last call.
    fn take_activity(&self) -> bool;
}

impl Reactor {
    /// Takes in what came, runs what is ready, and lets other shards see what was made for them.
    pub(crate) fn turn(&self, exchange: &impl Exchange) {
        exchange.receive();
        if self.inbox.has_news() {
            task::drain_inbox();
        }
        self.reap();
        if self.timers.any() {
            self.timers.expire(self.clock.now());
        }
        preempt::begin();
        task::run_ready(preempt::need_preempt);
        self.at_end.tell(self);
        self.queue_sends();
        exchange.send(self);
        let took = self.clock.end_turn();
        if self.timers.any_new() {
            self.timers.settle(self.clock.now(), took);
        }
    }

    /// Ends a turn: hands the kernel what was made for it, and sleeps until there is something to do.
    /// Enters the kernel once, and not at all if neither side has anything for the other.
    pub(crate) fn rest(&self, exchange: &impl Exchange) {
        if task::has_ready() || exchange.has_news() || exchange.has_backlog() {
            self.enter_if_needed();
        } else {
            self.idle(exchange);
            self.clock.forget();
        }
    }

    /// Passes completions on to the objects that they are for, which may enter the kernel.
    fn reap(&self) {
        if self.driver.take_all(|completion| self.complete(completion)) {
            self.end_quiet_sends();
        }
    }

    #[inline]
    fn complete(&self, completion: Completion) {
        if !(TOKEN_OWN_MAX + 1..QUIET).contains(&completion.token) {
            return self.complete_own(completion);
        }
        // SAFETY: all other tokens were made by `submit`, which kept a reference.
        unsafe { source::dispatch(self, completion) };
    }

    /// Of an operation of the reactor itself.
    #[cold]
    #[inline(never)]
    fn complete_own(&self, completion: Completion) {
        match completion.token {
            QUIET.. => self.complete_send(completion),
            TOKEN_EVENT => {
                self.inbox.event.clear();
                self.poll_again(completion, self.inbox.event.fd(), TOKEN_EVENT);
            }
            TOKEN_SIGNAL => self.signalled.set(true),
            token if token & ((1 << TOKEN_BITS) - 1) == TOKEN_RUNG && completion.result() < 0 => {
                // The kernel had no memory for the message, or the ring is gone: the event takes none.
                if let Some(inbox) = Inbox::of((token >> TOKEN_BITS) as usize) {
                    inbox.event.raise();
                }
            }
            _ => {}
        }
    }

    fn poll_again(&self, completion: Completion, fd: i32, token: u64) {
        if !completion.more() {
            let polled = self.push(Op::PollReadable { fd }, token);
            debug_assert!(polled.is_ok());
        }
    }

    /// Enters the kernel if it has something for us or we for it, or that cannot be known otherwise.
    pub(crate) fn enter_if_needed(&self) {
        let driver = &self.driver;
        if driver.has_submissions() || driver.has_news() || driver.has_to_be_asked() {
            self.enter_kernel(Wait::No);
        }
    }

    /// Asks a kernel that does not tell by itself, or did not take all that it was given.
    fn has_answer(&self) -> bool {
        if self.driver.has_to_be_asked() || self.driver.has_submissions() {
            self.enter_kernel(Wait::No);
        }
        self.driver.has_news()
    }

    /// Nothing is ready: looks for work for a while, then sleeps.
    fn idle(&self, exchange: &impl Exchange) {
        if self.sends.take_left_over() {
            return self.enter_kernel(Wait::No);
        }
        if self.wants_to_poll(exchange) && self.poll_for_work(exchange) {
            return;
        }
        self.inbox.sleeper.announce();
        let stay_awake = exchange.has_news() || self.inbox.has_news();
        let wait = match self.next_deadline() {
            _ if stay_awake => Wait::No,
            Some(deadline) => match deadline.saturating_sub(clock::now()) {
                0 => Wait::No,
                nanos => Wait::Nanos(nanos),
            },
            None => Wait::Forever,
        };
        self.enter_kernel(wait);
        self.inbox.sleeper.awake();
    }

    /// When there is something to do even if nothing comes.
    fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline().into_iter().chain(self.alarm.get()).min()
    }

    /// Polling pays where an answer from another shard is to be expected: it takes less time than waking
    /// up. It does not pay for I/O: while a shard sleeps, requests come together, and are served together.
    fn wants_to_poll(&self, exchange: &impl Exchange) -> bool {
        let Some(idle_poll) = self.setup.idle_poll else { return true };
        if exchange.take_activity() && !idle_poll.is_zero() {
            self.poll_until.set(clock::now().saturating_add(clock::duration_nanos(idle_poll)));
            return true;
        }
        match self.poll_until.get() {
            0 => false,
            until if clock::now() < until => true,
            _ => {
                // So that the clock is not read again until there was something.
                self.poll_until.set(0);
                false
            }
        }
    }

    /// Spins until there is work, or it is time to sleep; `true` if there is work.
    fn poll_for_work(&self, exchange: &impl Exchange) -> bool {
        self.enter_if_needed();
        let end = self.setup.idle_poll.map_or(u64::MAX, |_| self.poll_until.get());
        let end = self.next_deadline().map_or(end, |deadline| deadline.min(end));
        loop {
            for _ in 0..LOOKS {
                if self.driver.has_news() {
                    self.enter_kernel(Wait::No);
                    return true;
                }
                if exchange.has_news() || self.inbox.has_news() {
                    return true;
                }
            }
            if self.has_answer() {
                return true;
            }
            std::hint::spin_loop();
            if clock::now() >= end {
                self.poll_until.set(0);
                return self.next_deadline().is_some_and(|deadline| deadline <= end);
            }
        }
    }

    /// An error here means that the driver itself is broken: there is no shard without it.
    fn enter_kernel(&self, wait: Wait) {
        if let Err(error) = self.driver.enter(wait) {
            panic!("the kernel cannot be asked for events: {error}");
        }
        // If the kernel took a part, it did not sleep, and the next enter submits the rest.
        if self.driver.has_submissions() { self.sends.some_left_over() } else { self.sends.all_submitted() }
    }
}
