//! The timer wheel: deadlines in lists, by how far away they are.
//!
//! Nine levels of 64 slots; a slot of level n spans 64^n ticks of 8 us. A timer sits on the level where
//! its deadline first differs from the present, and moves down as time comes near (Varghese and Lauck,
//! "Hashed and hierarchical timing wheels", 1987). Setting and cancelling cost the same however many
//! timers there are. Entries lie in the futures that wait, so a timer takes no memory.
//!
//! New timers gather on one list until the end of the turn, when the clock is read anyway. So a timer
//! that is set and cancelled within a turn, like most timeouts, never sees the wheel, and a sleep
//! counts from a moment after it was asked for: it is never early.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::ptr;
use std::task::Waker;

use crate::task::WakerSlot;

/// Nanoseconds in a tick, as a shift.
const TICK_SHIFT: u32 = 13;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 9;
/// Place of the list of new timers, behind those of the wheel.
const NEW: u16 = (LEVELS * SLOTS) as u16;
/// The last tick that is still a time in nanoseconds, 584 years after the system's start.
const TICK_MAX: u64 = u64::MAX >> TICK_SHIFT;
/// Place of a timer that is on no list.
const NOWHERE: u16 = u16::MAX;

/// One deadline. Part of a pinned future, which unlinks it before it goes.
pub(crate) struct Entry {
    next: Cell<*const Entry>,
    /// The one before; for the first of a list, the last.
    previous: Cell<*const Entry>,
    deadline: Cell<u64>,
    waker: WakerSlot,
    place: Cell<u16>,
    /// Whether the deadline still has to be moved by the length of the turn that set it.
    relative: Cell<bool>,
    fired: Cell<bool>,
    _pinned: PhantomPinned,
}

impl Entry {
    pub(crate) const fn new() -> Entry {
        Entry {
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            deadline: Cell::new(0),
            waker: WakerSlot::new(),
            place: Cell::new(NOWHERE),
            relative: Cell::new(false),
            fired: Cell::new(false),
            _pinned: PhantomPinned,
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.place.get() != NOWHERE
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.fired.get()
    }

    pub(crate) fn remember(&self, waker: &Waker) {
        self.waker.set(waker);
    }
}

/// All timers of one shard.
pub(crate) struct Timers {
    /// First entry of each list; the last list is that of new timers.
    lists: [Cell<*const Entry>; LEVELS * SLOTS + 1],
    /// Which lists of a level are not empty.
    occupied: [Cell<u64>; LEVELS],
    /// The tick up to which all timers have fired.
    elapsed: Cell<u64>,
    count: Cell<usize>,
}

impl Timers {
    pub(crate) fn new(now: u64) -> Timers {
        Timers {
            lists: [const { Cell::new(ptr::null()) }; LEVELS * SLOTS + 1],
            occupied: [const { Cell::new(0) }; LEVELS],
            elapsed: Cell::new(now >> TICK_SHIFT),
            count: Cell::new(0),
        }
    }

    /// Sets a timer. A `relative` deadline counts from the end of this turn instead of its begin.
    ///
    /// # Safety
    ///
    /// The entry stays where it is, and is [`cancel`](Self::cancel)led before it goes.
    #[inline]
    pub(crate) unsafe fn set(&self, entry: &Entry, deadline: u64, relative: bool) {
        debug_assert!(!entry.is_set());
        entry.deadline.set(deadline);
        entry.relative.set(relative);
        entry.fired.set(false);
        self.count.set(self.count.get() + 1);
        self.link(entry, NEW);
    }

    /// Takes a timer off; one that has fired already is left alone.
    #[inline]
    pub(crate) fn cancel(&self, entry: &Entry) {
        if entry.is_set() {
            self.unlink(entry);
            self.count.set(self.count.get() - 1);
        }
    }

    /// Whether there are timers to [`settle`](Self::settle).
    #[inline]
    pub(crate) fn any_new(&self) -> bool {
        !self.lists[NEW as usize].get().is_null()
    }

    /// Sorts the timers of this turn into the wheel; the turn ends `now` and took `turn_nanos`.
    pub(crate) fn settle(&self, now: u64, turn_nanos: u64) {
        if self.next_slot().is_none() {
            // Nobody looked at the time while the wheel was empty.
            self.elapsed.set(self.elapsed.get().max(now >> TICK_SHIFT));
        }
        self.take_list(NEW, |entry| {
            if entry.relative.get() {
                entry.deadline.set(entry.deadline.get().saturating_add(turn_nanos));
            }
            self.place(entry);
        });
    }

    /// Whether any timer is set.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.count.get() > 0
    }

    /// Wakes whoever waits for a deadline up to `now`.
    #[inline]
    pub(crate) fn expire(&self, now: u64) {
        let now = now >> TICK_SHIFT;
        while let Some((level, slot, tick)) = self.next_slot()
            && tick <= now
        {
            self.elapsed.set(tick);
            let place = (level * SLOTS + slot) as u16;
            match level {
                0 => self.fire_all(place),
                _ => self.take_list(place, |entry| self.place(entry)),
            }
        }
        self.elapsed.set(self.elapsed.get().max(now));
    }

    /// When [`expire`](Self::expire) has to be called next, in nanoseconds.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        if self.count.get() == 0 {
            return None;
        }
        self.next_slot().map(|(_, _, tick)| tick << TICK_SHIFT)
    }

    /// Fires a list one by one: wakers that are not of fibers run foreign code, which may drop other
    /// timers, of this list too.
    fn fire_all(&self, place: u16) {
        let list = &self.lists[place as usize];
        while !list.get().is_null() {
            // SAFETY: as in `link`.
            let entry = unsafe { &*list.get() };
            self.unlink(entry);
            self.count.set(self.count.get() - 1);
            entry.fired.set(true);
            entry.waker.wake();
        }
    }

    /// Unlinks all timers, none of which fires: the shard ends, and futures may outlive it.
    pub(crate) fn forget_all(&self) {
        for place in 0..self.lists.len() {
            self.take_list(place as u16, |_| {});
        }
        self.count.set(0);
    }

    /// Links an unlinked entry where its deadline belongs.
    fn place(&self, entry: &Entry) {
        // Rounded up: a timer may be late by a tick, never early.
        let tick = entry.deadline.get().div_ceil(1 << TICK_SHIFT).min(TICK_MAX).max(self.elapsed.get() + 1);
        let level = ((tick ^ self.elapsed.get()).ilog2() / SLOT_BITS) as usize;
        let slot = (tick >> (level as u32 * SLOT_BITS)) as usize & (SLOTS - 1);
        self.occupied[level].set(self.occupied[level].get() | 1 << slot);
        self.link(entry, (level * SLOTS + slot) as u16);
    }

    /// The list that comes due first, and its tick.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let elapsed = self.elapsed.get();
        let level = self.occupied.iter().position(|occupied| occupied.get() != 0)?;
        let shift = level as u32 * SLOT_BITS;
        // All entries of a level lie ahead of the present in the same turn of that level.
        let slot = self.occupied[level].get().trailing_zeros() as usize;
        let above = elapsed >> shift >> SLOT_BITS << SLOT_BITS << shift;
        Some((level, slot, above | (slot as u64) << shift))
    }

    #[inline]
    fn link(&self, entry: &Entry, place: u16) {
        let list = &self.lists[place as usize];
        let first = list.get();
        entry.place.set(place);
        entry.next.set(ptr::null());
        if first.is_null() {
            entry.previous.set(entry);
            list.set(entry);
            return;
        }
        // SAFETY: linked entries are pinned and unlinked before they go, so those of a list are alive.
        unsafe {
            let last = (*first).previous.replace(entry);
            (*last).next.set(entry);
            entry.previous.set(last);
        }
    }

    #[inline]
    fn unlink(&self, entry: &Entry) {
        let place = entry.place.replace(NOWHERE);
        let list = &self.lists[place as usize];
        let (next, previous) = (entry.next.get(), entry.previous.get());
        // SAFETY: as in `link`.
        unsafe {
            if ptr::eq(list.get(), entry) {
                list.set(next);
            } else {
                (*previous).next.set(next);
            }
            if !next.is_null() {
                (*next).previous.set(previous);
            } else if !list.get().is_null() {
                (*list.get()).previous.set(previous);
            }
        }
        if list.get().is_null() && place != NEW {
            let (level, slot) = (place as usize / SLOTS, place as usize % SLOTS);
            self.occupied[level].set(self.occupied[level].get() & !(1 << slot));
        }
    }

    /// Empties a list, handing each entry on unlinked. `each` may link it anywhere, and calls no foreign code.
    fn take_list(&self, place: u16, mut each: impl FnMut(&Entry)) {
        let first = self.lists[place as usize].replace(ptr::null());
        if place != NEW {
            let (level, slot) = (place as usize / SLOTS, place as usize % SLOTS);
            self.occupied[level].set(self.occupied[level].get() & !(1 << slot));
        }
        let mut entry = first;
        while !entry.is_null() {
            // SAFETY: as in `link`; nothing here unlinks an entry meanwhile.
            let taken = unsafe { &*entry };
            entry = taken.next.get();
            taken.place.set(NOWHERE);
            each(taken);
        }
    }
}

impl Drop for Timers {
    /// Futures that outlive the shard find their timer unset.
    fn drop(&mut self) {
        self.forget_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    const MS: u64 = 1_000_000;

    fn fired(timers: &Timers, entry: &Entry, now: u64) -> bool {
        timers.expire(now);
        entry.has_fired()
    }

    #[test]
    fn a_timer_fires_at_its_deadline_and_not_before() {
        for distance in [1, 100, 8_192, MS, 70 * MS, 5_000 * MS, 400_000 * MS, 90_000_000 * MS] {
            let start = 123_456_789_012;
            let timers = Timers::new(start);
            let entry = pin!(Entry::new());
            // SAFETY: pinned, and fired below.
            unsafe { timers.set(&entry, start + distance, false) };
            timers.settle(start, 0);
            while let Some(next) = timers.next_deadline()
                && next < start + distance
            {
                assert!(!fired(&timers, &entry, next), "early by {} of {distance}", start + distance - next);
            }
            assert!(!fired(&timers, &entry, start + distance - 1));
            assert!(fired(&timers, &entry, start + distance + (1 << TICK_SHIFT)), "late for {distance}");
            assert_eq!(timers.next_deadline(), None);
        }
    }

    #[test]
    fn a_relative_deadline_moves_with_the_turn() {
        let timers = Timers::new(0);
        let entry = pin!(Entry::new());
        // SAFETY: pinned, and fired below.
        unsafe { timers.set(&entry, MS, true) };
        timers.settle(3 * MS, 3 * MS);
        assert!(!fired(&timers, &entry, 3 * MS));
        assert!(fired(&timers, &entry, 4 * MS + 8_192));
    }

    #[test]
    fn cancelled_timers_leave_no_trace_wherever_they_were_in_a_list() {
        let timers = Timers::new(0);
        let entries: Vec<_> = (0..5).map(|_| Box::pin(Entry::new())).collect();
        for settled in [false, true] {
            for first in 0..5 {
                for entry in &entries {
                    // SAFETY: boxed, and cancelled below.
                    unsafe { timers.set(entry, 50 * MS, false) };
                }
                if settled {
                    timers.settle(0, 0);
                }
                for step in 0..5 {
                    timers.cancel(&entries[(first + step * 2) % 5]);
                }
                assert_eq!(timers.next_deadline(), None);
                assert!(timers.lists.iter().all(|list| list.get().is_null()));
                assert!(timers.occupied.iter().all(|level| level.get() == 0));
            }
        }
    }

    #[test]
    fn deadlines_in_the_past_fire_at_the_next_chance() {
        let timers = Timers::new(100 * MS);
        let entry = pin!(Entry::new());
        // SAFETY: pinned, and fired below.
        unsafe { timers.set(&entry, 1, false) };
        timers.settle(100 * MS, 0);
        assert!(fired(&timers, &entry, 101 * MS));
    }
    #[test]
    fn a_timer_in_the_farthest_future_keeps_nobody_awake() {
        for now in [1, 40_000_000 * MS] {
            let timers = Timers::new(now);
            let entry = pin!(Entry::new());
            // SAFETY: pinned, and cancelled below.
            unsafe { timers.set(&entry, u64::MAX, true) };
            timers.settle(now, MS);
            assert!(timers.next_deadline().unwrap() > now + 365 * 24 * 3_600_000 * MS);
            assert!(!fired(&timers, &entry, now + 1_000_000 * MS));
            timers.cancel(&entry);
            assert_eq!(timers.next_deadline(), None);
        }
    }
}
