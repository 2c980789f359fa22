//! The epoll driver: performs operations itself, once they need not wait.
//!
//! Seen from above it is a ring: operations are queued, begun by `enter`, and end in completions; some complete many
//! times. An operation is tried when it is begun. One that would wait is kept with its descriptor, which is watched
//! by its edges, so that a descriptor costs one `epoll_ctl` for as long as something waits for it.

mod perform;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use self::perform::{Begun, Outcome};
use self::waiting::{Events, Waiting};
use super::buffers::Supply;
use super::driver::Wait;
use super::op::{Completion, Op};
use super::socket;

/// Descriptors of which one `epoll_wait` tells.
const EVENTS: usize = 256;
/// Room that queues have from the start.
const QUEUE: usize = 1024;
/// Token of operations whose completion nobody waits for.
const IGNORED: u64 = 0;

/// One epoll, owned and entered by one thread.
pub(crate) struct Driver {
    epoll: OwnedFd,
    submissions: Vec<(Op, u64)>,
    completions: VecDeque<Completion>,
    waiting: Waiting,
    /// Descriptors that may have more than was taken from them at once.
    again: Vec<RawFd>,
    /// The same while they are gone through; kept for its memory.
    visited: Vec<RawFd>,
    supply: Option<Supply>,
    events: Vec<libc::epoll_event>,
    /// The kernel was not asked by the last [`enter`](Self::enter).
    skipped: bool,
    /// The kernel takes timeouts in nanoseconds only.
    coarse: bool,
}

impl Driver {
    pub(crate) fn new() -> io::Result<Driver> {
        // SAFETY: no memory is involved.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Driver {
            // SAFETY: the descriptor is new, so nobody else owns it.
            epoll: unsafe { OwnedFd::from_raw_fd(fd) },
            submissions: Vec::with_capacity(QUEUE),
            completions: VecDeque::with_capacity(QUEUE),
            waiting: Waiting::new(),
            again: Vec::with_capacity(QUEUE),
            visited: Vec::with_capacity(QUEUE),
            supply: None,
            events: Vec::with_capacity(EVENTS),
            skipped: false,
            coarse: false,
        })
    }

    pub(super) fn fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    pub(super) fn register_buffers(&mut self, supply: Supply) {
        self.supply = Some(supply);
    }

    /// # Safety
    ///
    /// As for [`super::driver::Driver::push`].
    #[inline]
    pub(super) unsafe fn push(&mut self, op: Op, token: u64) -> io::Result<()> {
        if let Op::Ring { .. } = op {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.submissions.push((op, token));
        Ok(())
    }

    #[inline]
    pub(super) fn has_news(&self) -> bool {
        !self.completions.is_empty() || !self.again.is_empty()
    }

    #[inline]
    pub(super) fn has_submissions(&self) -> bool {
        !self.submissions.is_empty()
    }

    #[inline]
    pub(super) fn take(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    pub(super) fn enter(&mut self, wait: Wait) -> io::Result<()> {
        self.begin_submissions();
        self.visit_again();
        // What has ended is passed on first, so that answers which were sent at once cost no question; but not twice
        // in a row, or a busy shard would not hear of anything new.
        if !self.completions.is_empty() && !self.skipped {
            self.skipped = true;
            return Ok(());
        }
        self.skipped = false;
        let wait = if self.has_news() { Wait::No } else { wait };
        self.ask(wait)
    }

    fn visit_again(&mut self) {
        std::mem::swap(&mut self.again, &mut self.visited);
        let mut visited = std::mem::take(&mut self.visited);
        visited.drain(..).for_each(|fd| self.go_on(fd, Events::ALL));
        self.visited = visited;
    }

    /// Asks the kernel which descriptors are ready, and goes on with what waits for them.
    fn ask(&mut self, wait: Wait) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        let asked = self.wait(&mut events, wait);
        for event in &events {
            let (fd, events) = (event.u64 as RawFd, event.events);
            self.go_on(fd, Events::of(events));
        }
        self.events = events;
        match asked {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            asked => asked,
        }
    }

    fn wait(&mut self, events: &mut Vec<libc::epoll_event>, wait: Wait) -> io::Result<()> {
        events.clear();
        let (epoll, base, room) = (self.epoll.as_raw_fd(), events.as_mut_ptr(), EVENTS as i32);
        let nanos = match wait {
            Wait::No => Some(0),
            Wait::Nanos(nanos) => Some(nanos),
            Wait::Forever => None,
        };
        let mut count = -1;
        if let (Some(nanos @ 1..), false) = (nanos, self.coarse) {
            let time = libc::timespec {
                tv_sec: (nanos / 1_000_000_000) as libc::time_t,
                tv_nsec: (nanos % 1_000_000_000) as libc::c_long,
            };
            let no_mask = std::ptr::null::<libc::sigset_t>();
            // SAFETY: there is room for so many events, and the time lives during the call.
            let waited = unsafe {
                libc::syscall(libc::SYS_epoll_pwait2, epoll, base, room, &raw const time, no_mask, 0usize)
            };
            // Kernels before 5.11, and profiles older than that.
            let refused = waited < 0
                && matches!(io::Error::last_os_error().raw_os_error(), Some(libc::ENOSYS | libc::EPERM));
            (self.coarse, count) = (refused, waited as i32);
        }
        if nanos.is_none_or(|nanos| nanos == 0) || self.coarse {
            // Rounded up: sleeps may be long, but not short.
            let millis = nanos.map_or(-1, |nanos| nanos.div_ceil(1_000_000).min(i32::MAX as u64) as i32);
            // SAFETY: there is room for so many events.
            count = unsafe { libc::epoll_wait(epoll, base, room, millis) };
        }
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel wrote so many.
        unsafe { events.set_len(count as usize) };
        Ok(())
    }

    fn begin_submissions(&mut self) {
        if self.submissions.is_empty() {
            return;
        }
        let mut submissions = std::mem::take(&mut self.submissions);
        for (op, token) in submissions.drain(..) {
            match op {
                Op::Cancel { token } => self.cancel(token),
                Op::CancelAll => self.waiting.descriptors().for_each(|fd| self.cancel_all_of(fd)),
                Op::Close { fd } => {
                    self.cancel_all_of(fd);
                    self.waiting.forget(fd);
                    socket::close(fd);
                    self.complete(token, 0, false);
                }
                _ => self.begin(Begun::new(op, token)),
            }
        }
        self.submissions = submissions;
    }

    /// The first attempt at an operation.
    fn begin(&mut self, mut begun: Begun) {
        if let Err(error) = perform::prepare(&mut begun) {
            return self.complete(begun.token, -error, false);
        }
        let outcome = self.attempt(&mut begun, Events::ALL);
        if outcome == Outcome::Ended {
            return;
        }
        let (fd, token) = (begun.fd(), begun.token);
        if let Err(error) = self.waiting.add(&self.epoll, begun) {
            return self.complete(token, -error.raw_os_error().unwrap_or(libc::EIO), false);
        }
        if outcome == Outcome::HasMore {
            self.again.push(fd);
        }
    }

    /// Goes on with everything that waits for a descriptor, because it is ready.
    fn go_on(&mut self, fd: RawFd, events: Events) {
        let mut next = self.waiting.first(fd);
        while let Some(slot) = next {
            // Ending removes the slot, but not those behind it.
            next = self.waiting.next(slot);
            let mut begun = *self.waiting.get(slot);
            if !events.concern(begun.direction()) {
                continue;
            }
            let outcome = self.attempt(&mut begun, events);
            match outcome {
                Outcome::Ended => self.waiting.remove(slot),
                Outcome::Waits | Outcome::HasMore => *self.waiting.get_mut(slot) = begun,
            }
            if outcome == Outcome::HasMore && self.again.last() != Some(&fd) {
                self.again.push(fd);
            }
        }
    }

    fn attempt(&mut self, begun: &mut Begun, events: Events) -> Outcome {
        let completions = &mut self.completions;
        let mut complete = |completion: Completion| {
            if completion.token != IGNORED {
                completions.push_back(completion);
            }
        };
        perform::perform(begun, events, self.supply.as_mut(), &mut complete)
    }

    fn cancel(&mut self, token: u64) {
        if let Some(begun) = self.waiting.remove_token(token) {
            self.complete(begun.token, -libc::ECANCELED, false);
        }
    }

    fn cancel_all_of(&mut self, fd: RawFd) {
        while let Some(begun) = self.waiting.remove_one_of(fd) {
            self.complete(begun.token, -libc::ECANCELED, false);
        }
    }

    fn complete(&mut self, token: u64, result: i32, more: bool) {
        if token != IGNORED {
            self.completions.push_back(Completion::made(token, result, more, None));
        }
    }
}
