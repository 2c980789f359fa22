//! What is sent when the turn ends, and nobody waits for.
//!
//! A flush leaves its bytes here. Until the turn ends they can be taken back, to go out together with more. The kernel sends them within
//! the enter that takes them, and tells of those that failed or were cut short only, so that the others end no sleep: once all that it
//! tells has been taken, those are known to have sent everything.

use std::cell::Cell;
use std::mem;
use std::os::fd::RawFd;
use std::ptr::NonNull;

use super::source::{Header, Shared, Source, release};
use super::state::Reactor;
use super::view::{Filling, View};
use crate::sys::op::{Completion, SendNow};

/// In the token of such a send, above its number. No address has it.
pub(super) const QUIET: u64 = 1 << 63;

/// More of them at once are not kept; a power of two.
const SENDS_MAX: u32 = 512;

/// Where one source stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing of it is here.
    None,
    /// Something is, and nobody waits for it.
    Kept,
    /// The same, but the source wants to know when it is over.
    Awaited,
}

struct Entry {
    /// A reference.
    source: NonNull<Header>,
    view: View,
    /// What could have been gathered in place of the view.
    capacity: u32,
    fd: RawFd,
}

/// The sends from the flush to the end, in that order, by numbers that come round.
pub(super) struct Sends {
    /// Nothing where one was taken back, or the kernel told of it.
    sends: Box<[Cell<Option<Entry>>; SENDS_MAX as usize]>,
    /// How many are kept at once; none where the driver tells of all.
    room: u32,
    first: Cell<u32>,
    /// From here on they are not with the kernel yet.
    submitted: Cell<u32>,
    /// From here on they can be taken back.
    queued: Cell<u32>,
    end: Cell<u32>,
    /// The kernel took only a part of what was queued. By the time that it takes the rest, somebody may wait for it, whom
    /// a sleep would keep waiting.
    left_over: Cell<bool>,
}

impl Sends {
    pub(super) fn new(quiet: bool) -> Sends {
        Sends {
            sends: Box::new([const { Cell::new(None) }; SENDS_MAX as usize]),
            room: if quiet { SENDS_MAX } else { 0 },
            first: Cell::new(0),
            submitted: Cell::new(0),
            queued: Cell::new(0),
            end: Cell::new(0),
            left_over: Cell::new(false),
        }
    }

    #[inline]
    fn at(&self, number: u32) -> &Cell<Option<Entry>> {
        &self.sends[(number % SENDS_MAX) as usize]
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.end.get().wrapping_sub(self.first.get()) < self.room
    }

    #[inline]
    fn push(&self, send: Entry) -> u32 {
        let number = self.end.get();
        self.end.set(number.wrapping_add(1));
        // There is none.
        mem::forget(self.at(number).replace(Some(send)));
        number
    }

    /// The kernel has taken all that was queued.
    #[inline]
    pub(super) fn all_submitted(&self) {
        self.submitted.set(self.queued.get());
    }

    #[cold]
    pub(super) fn some_left_over(&self) {
        self.left_over.set(true);
    }

    /// Whether the kernel did not take all that was queued, since the last call.
    #[inline]
    pub(super) fn take_left_over(&self) -> bool {
        self.left_over.take()
    }

    /// Sends of which it is not known yet that they are over.
    pub(super) fn in_flight(&self) -> usize {
        self.queued.get().wrapping_sub(self.first.get()) as usize
    }

    /// Forgets all, when nothing is with the kernel.
    pub(super) fn clear(&self, reactor: &Reactor) {
        while self.first.get() != self.end.get() {
            if let Some(send) = self.next() {
                send.view.release(reactor);
                // SAFETY: the reference of the send.
                unsafe {
                    send.source.as_ref().take_mark();
                    release(send.source);
                }
            }
        }
    }

    #[inline]
    fn next(&self) -> Option<Entry> {
        let number = self.first.get();
        self.first.set(number.wrapping_add(1));
        self.at(number).take()
    }
}

impl Reactor {
    /// Whether [`send_at_end`](Self::send_at_end) takes something. It stays there until the shard has slept, so that is
    /// only done while the kernel has plenty of buffers left.
    #[inline]
    pub(crate) fn sends_at_end(&self) -> bool {
        self.sends.has_room() && self.buffers.are_plenty()
    }

    /// Sends what was gathered when the turn ends, as far as there is room for it. [`Source::sent`] is called if that is not all, or if
    /// the source [asks for it](Shared::awaits_send). One at a time for each source.
    #[inline]
    pub(crate) fn send_at_end<T: Source>(&self, source: &Shared<T>, fd: RawFd, filling: Filling) {
        let (view, capacity) = filling.into_parts();
        let header = source.share().into_header();
        let number = self.sends.push(Entry { source: header, view, capacity, fd });
        source.header().keep_send(number as u16);
    }

    /// Takes back what the end of the turn would send; nothing if it has.
    #[cold]
    pub(crate) fn take_back<T: Source>(&self, source: &Shared<T>) -> Option<Filling> {
        let (sends, header) = (&self.sends, source.header());
        if header.mark() == Mark::None {
            return None;
        }
        let number = sends.queued.get();
        let number = number.wrapping_add(header.number().wrapping_sub(number as u16) as u32);
        let waits = sends.end.get().wrapping_sub(sends.queued.get());
        if number.wrapping_sub(sends.queued.get()) >= waits {
            return None;
        }
        let kept = sends.at(number);
        // What outlived another shard of this thread may have a number of that one.
        // SAFETY: the reference ends before anything is called.
        unsafe { &*kept.as_ptr() }.as_ref().filter(|send| send.source == NonNull::from(header))?;
        let send = kept.take()?;
        if number.wrapping_add(1) == sends.end.get() {
            sends.end.set(number);
        }
        header.take_mark();
        // SAFETY: the reference of the send.
        unsafe { release(send.source) };
        Some(Filling::of_parts(send.view, send.capacity))
    }

    /// The turn ends: queues what was kept.
    #[inline(never)]
    pub(super) fn queue_sends(&self) {
        let sends = &self.sends;
        while sends.queued.get() != sends.end.get() {
            let number = sends.queued.get();
            sends.queued.set(number.wrapping_add(1));
            // SAFETY: the reference ends before anything is called.
            let Some(send) = (unsafe { &*sends.at(number).as_ptr() }) else { continue };
            let send = SendNow { fd: send.fd, base: send.view.as_ptr(), len: send.view.len() as u32 };
            // SAFETY: the view stays here until the completion, and keeps the bytes.
            if unsafe { self.driver.push_now(send, QUIET | number as u64) }.is_err() {
                self.complete_send(Completion::new(number as u64, -libc::EIO, 0));
            }
        }
    }

    /// The kernel has told of a send.
    #[cold]
    #[inline(never)]
    pub(super) fn complete_send(&self, completion: Completion) {
        let send = self.sends.at(completion.token as u32).take();
        debug_assert!(send.is_some(), "the kernel told of a send that is over");
        if let Some(send) = send {
            // SAFETY: the reference of the send.
            unsafe { send.source.as_ref() }.take_mark();
            self.end_send(send, completion.result());
        }
    }

    /// All that the kernel tells was taken: sends that it took and did not tell of have succeeded.
    #[inline]
    pub(super) fn end_quiet_sends(&self) {
        let sends = &self.sends;
        while sends.first.get() != sends.submitted.get() {
            let Some(send) = sends.next() else { continue };
            // SAFETY: the reference of the send.
            if unsafe { send.source.as_ref() }.take_mark() == Mark::Awaited {
                let len = send.view.len() as i32;
                self.end_send(send, len);
                continue;
            }
            send.view.release(self);
            // SAFETY: as above.
            unsafe { release(send.source) };
        }
    }

    /// A send is over that has failed, or was cut short, or that somebody waits for.
    #[cold]
    #[inline(never)]
    fn end_send(&self, send: Entry, result: i32) {
        // SAFETY: the reference of the send, which goes with the call.
        unsafe { (send.source.as_ref().vtable().sent)(send.source, self, send.view, result) };
    }
}
