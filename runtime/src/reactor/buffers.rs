//! The shard's receive buffers: who has them, and what happens when there are none.
//!
//! The kernel fills buffers in the order in which it got them. A filled buffer belongs to whoever holds
//! a [`View`](super::View) into it, and goes back to the kernel with the last one.

use std::cell::Cell;
use std::io;

use super::state;
use super::view::View;
use crate::mem;
use crate::sys::buffers::BufferRing;
use crate::sys::driver::Driver;

/// Buffers that are given to the kernel at once, at start and whenever it runs out.
const GROUP: u16 = 128;
const ENTRIES: usize = BufferRing::ENTRIES as usize;
/// No buffer.
const NONE: u16 = u16::MAX;

/// All receive buffers of one shard.
pub(crate) struct Buffers {
    ring: BufferRing,
    states: Box<[State; ENTRIES]>,
    /// Tells this shard's buffers from those of shards that this thread was before.
    epoch: u32,
    /// Buffers that exist.
    made: Cell<u16>,
    /// Buffers that the kernel can fill.
    available: Cell<u16>,
}

/// What is known of one buffer.
struct State {
    /// Views into it; none while the kernel has it.
    references: Cell<u16>,
    len: Cell<u16>,
    /// The next one that the same socket received.
    next: Cell<u16>,
}

impl Buffers {
    /// # Safety
    ///
    /// They outlive `driver`.
    pub(super) unsafe fn new(driver: &mut Driver) -> io::Result<Buffers> {
        let ring = BufferRing::new()?;
        // SAFETY: promised by the caller: the mapping stays where it is, and as long as what is returned.
        unsafe { driver.register_buffers(&ring)? };
        let state = || State { references: Cell::new(0), len: Cell::new(0), next: Cell::new(NONE) };
        let states: Box<[State]> = (0..ENTRIES).map(|_| state()).collect();
        let Ok(states) = states.try_into() else { unreachable!("as many as there are entries") };
        let buffers =
            Buffers { states, ring, epoch: epochs::take()?, made: Cell::new(0), available: Cell::new(0) };
        if !buffers.grow() {
            return Err(io::Error::new(
                io::ErrorKind::OutOfMemory,
                "the memory budget is too small for the receive buffers of a shard",
            ));
        }
        Ok(buffers)
    }

    /// Gives the kernel buffers that did not exist before; `false` at the limit.
    #[cold]
    fn grow(&self) -> bool {
        let ring = &self.ring;
        let first = self.made.get();
        let budget = mem::statistics();
        let size = GROUP as usize * BufferRing::BUFFER_SIZE;
        // At most a quarter of the shard's memory is for data that nobody has read.
        let fits =
            (first as usize + GROUP as usize) * BufferRing::BUFFER_SIZE <= budget.budget / 4 || first == 0;
        if first + GROUP > BufferRing::ENTRIES || !fits || !mem::charge(size) {
            return false;
        }
        (first..first + GROUP).for_each(|buffer| ring.provide(buffer));
        self.made.set(first + GROUP);
        self.available.set(self.available.get() + GROUP);
        true
    }

    /// The kernel has filled a buffer.
    #[inline]
    pub(crate) fn filled(&self, buffer: u16, len: usize) {
        self.available.set(self.available.get() - 1);
        let state = self.state(buffer);
        state.len.set(len as u16);
        state.references.set(1);
        state.next.set(NONE);
    }

    /// The kernel has filled a buffer with what nobody wants.
    pub(crate) fn discard(&self, buffer: u16) {
        self.ring.provide(buffer);
    }

    /// Whether the kernel can fill a buffer; makes some if there are none and more may be made.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        self.available.get() > 0 || self.grow()
    }

    #[inline]
    fn give_back(&self, buffer: u16) {
        self.available.set(self.available.get() + 1);
        self.ring.provide(buffer);
    }

    #[inline]
    fn state(&self, buffer: u16) -> &State {
        &self.states[buffer as usize & (ENTRIES - 1)]
    }

    #[inline]
    pub(super) fn view(&self, buffer: u16) -> View {
        let len = self.state(buffer).len.get() as u32;
        View::of_buffer(self.ring.address(buffer), len, self.epoch, buffer)
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if self.available.get() != self.made.get() {
            // Views outlive the shard: what they look at stays, unreachable for the kernel.
            self.ring.keep();
        } else {
            epochs::give_back(self.epoch);
        }
    }
}

/// Numbers of the shards' buffers: one that views still bear is not used again.
mod epochs {
    use std::io;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::View;

    /// The next one that was never used, and those that nobody bears any more.
    static EPOCHS: Mutex<(u32, Vec<u32>)> = Mutex::new((0, Vec::new()));

    fn lock() -> MutexGuard<'static, (u32, Vec<u32>)> {
        EPOCHS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take() -> io::Result<u32> {
        let (next, free) = &mut *lock();
        if let Some(epoch) = free.pop() {
            return Ok(epoch);
        }
        if *next > View::EPOCH_MASK {
            return Err(io::Error::other("too many shards of this process left receive buffers in use"));
        }
        *next += 1;
        Ok(*next - 1)
    }

    pub(super) fn give_back(epoch: u32) {
        lock().1.push(epoch);
    }
}

/// One more view into a buffer. Of an earlier shard's buffers nobody counts: they stay for ever.
#[inline]
pub(super) fn retain(epoch: u32, buffer: u16) {
    state::with(|reactor| {
        if reactor.buffers.epoch == epoch {
            let references = &reactor.buffers.state(buffer).references;
            references.set(references.get().checked_add(1).expect("fewer than 65,536 views share a buffer"));
        }
    });
}

/// One view less.
#[inline]
pub(super) fn release(epoch: u32, buffer: u16) {
    state::with(|reactor| {
        let buffers = &reactor.buffers;
        if buffers.epoch == epoch {
            let references = &buffers.state(buffer).references;
            references.set(references.get() - 1);
            if references.get() == 0 {
                buffers.give_back(buffer);
            }
        }
    });
}

/// Filled buffers of one socket, oldest first; the chain runs through the buffers' states.
#[derive(Debug)]
pub(crate) struct Received {
    first: Cell<u16>,
    last: Cell<u16>,
    count: Cell<u16>,
    /// Whose buffers these are.
    epoch: Cell<u32>,
    lost: Cell<bool>,
}

impl Received {
    pub(crate) const fn new() -> Received {
        Received {
            first: Cell::new(NONE),
            last: Cell::new(NONE),
            count: Cell::new(0),
            epoch: Cell::new(0),
            lost: Cell::new(false),
        }
    }

    /// Buffers that were not read.
    #[inline]
    pub(crate) fn count(&self) -> u16 {
        self.count.get()
    }

    #[inline]
    pub(crate) fn push(&self, buffers: &Buffers, buffer: u16) {
        match self.last.replace(buffer) {
            NONE => {
                self.first.set(buffer);
                self.epoch.set(buffers.epoch);
            }
            last => buffers.state(last).next.set(buffer),
        }
        self.count.set(self.count.get() + 1);
    }

    #[inline]
    pub(crate) fn pop(&self, buffers: &Buffers) -> Option<View> {
        let first = self.first.get();
        if first == NONE || self.lose(buffers) {
            return None;
        }
        let next = buffers.state(first).next.get();
        self.first.set(next);
        if next == NONE {
            self.last.set(NONE);
        }
        self.count.set(self.count.get() - 1);
        Some(buffers.view(first))
    }

    /// Forgets buffers of a shard that has ended, about which nobody knows anything any more.
    #[inline]
    fn lose(&self, buffers: &Buffers) -> bool {
        if self.epoch.get() == buffers.epoch {
            return false;
        }
        self.first.set(NONE);
        self.last.set(NONE);
        self.count.set(0);
        self.lost.set(true);
        true
    }

    /// Whether [`pop`](Self::pop) would have had something, had the socket not outlived its shard.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.get()
    }
}
