//! Sends of whose success the kernel says nothing, so that it ends no sleep.
//!
//! The kernel is done with them when the enter that submits them returns, and tells of those that failed or were cut short. So
//! once all that it tells has been taken, the others are known to have sent everything.

use std::cell::Cell;

use super::super::op::Completion;

/// In the token of such a send. No address has it.
pub(super) const SILENT: u64 = 1 << 63;

/// More of them at once are not kept; a power of two.
const SENDS_MAX: usize = 512;

#[derive(Clone, Copy)]
struct Send {
    /// Zero if the kernel has told of it.
    token: u64,
    len: u32,
}

/// Those that were queued and not taken yet, in that order.
pub(super) struct Silent {
    sends: Box<[Cell<Send>; SENDS_MAX]>,
    first: Cell<u32>,
    /// From here on they may not be with the kernel yet.
    submitted: Cell<u32>,
    end: Cell<u32>,
}

impl Silent {
    pub(super) fn new() -> Silent {
        let sends = Box::new([const { Cell::new(Send { token: 0, len: 0 }) }; SENDS_MAX]);
        Silent { sends, first: Cell::new(0), submitted: Cell::new(0), end: Cell::new(0) }
    }

    #[inline(always)]
    fn at(&self, number: u32) -> &Cell<Send> {
        &self.sends[number as usize % SENDS_MAX]
    }

    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.end.get().wrapping_sub(self.first.get()) < SENDS_MAX as u32
    }

    /// Keeps a send that was queued.
    #[inline(always)]
    pub(super) fn queued(&self, token: u64, len: u32) {
        self.at(self.end.get()).set(Send { token, len });
        self.end.set(self.end.get().wrapping_add(1));
    }

    /// The kernel has taken all that was queued.
    #[inline(always)]
    pub(super) fn all_submitted(&self) {
        self.submitted.set(self.end.get());
    }

    /// The kernel has told of the send with this token: it is none of those that succeeded.
    #[cold]
    #[inline(never)]
    pub(super) fn told(&self, token: u64) {
        let mut number = self.first.get();
        while number != self.end.get() {
            let send = self.at(number);
            if send.get().token == token {
                return send.set(Send { token: 0, ..send.get() });
            }
            number = number.wrapping_add(1);
        }
        debug_assert!(false, "the kernel told of a send that was not queued");
    }

    /// The completion of the oldest that succeeded, once all that the kernel told has been taken.
    #[inline(always)]
    pub(super) fn take(&self) -> Option<Completion> {
        while self.first.get() != self.submitted.get() {
            let send = self.at(self.first.get()).get();
            self.first.set(self.first.get().wrapping_add(1));
            if send.token != 0 {
                return Some(Completion::new(send.token, send.len as i32, 0));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(silent: &Silent) -> Vec<(u64, i32)> {
        std::iter::from_fn(|| silent.take()).map(|done| (done.token, done.result())).collect()
    }

    #[test]
    fn what_the_kernel_took_and_did_not_tell_of_has_succeeded() {
        let silent = Silent::new();
        for number in 1..=3 {
            silent.queued(number, 10);
        }
        assert_eq!(tokens(&silent), [], "nothing is with the kernel");
        silent.told(2);
        silent.all_submitted();
        silent.queued(4, 10);
        assert_eq!(tokens(&silent), [(1, 10), (3, 10)]);
        silent.all_submitted();
        assert_eq!(tokens(&silent), [(4, 10)]);
    }

    #[test]
    fn there_is_room_again_for_as_many_as_were_taken() {
        let silent = Silent::new();
        for number in 0..SENDS_MAX as u64 {
            assert!(silent.has_room());
            silent.queued(number + 1, 1);
        }
        assert!(!silent.has_room());
        silent.all_submitted();
        assert!(silent.take().is_some() && silent.has_room());
    }
}
