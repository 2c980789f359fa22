//! Storing: set and its kin.

use super::heap::Heap;
use super::item::{Item, Parts, expires};
use super::key::{KEY_BYTES_MAX, Key};
use super::memory::{At, bits};
use super::reservation::{Filler, Reservation};
use super::{NEVER, Store};

/// When a value is stored, and what becomes of the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Always.
    Set,
    /// If there is none.
    Add,
    /// If there is one.
    Replace,
    /// If there is one with the number [`New::compare`].
    Cas,
    /// Behind the one that is there.
    Append,
    /// Before the one that is there.
    Prepend,
    /// Behind the one that is there, or as it is if there is none.
    AppendOrSet,
    /// Before the one that is there, or as it is if there is none.
    PrependOrSet,
}

/// What is stored beside the value.
#[derive(Clone, Copy, Debug, Default)]
pub struct New {
    /// The client's own.
    pub client_flags: u32,
    /// The second at which the item ends; 0 is never.
    pub exptime: u32,
    /// Whether clients write the key in base64.
    pub binary_key: bool,
    /// The number that the item has to have.
    pub compare: Option<u64>,
    /// Whether an item with a larger number may be overwritten by a stale value.
    pub stale_ok: bool,
    /// The number that the new item gets instead of the next one.
    pub cas: Option<u64>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is there, with this number and so many bytes.
    Stored {
        /// The number of the item.
        cas: u64,
        /// Length of the value.
        value_bytes: usize,
        /// The number of the item's class.
        class_id: u8,
    },
    /// There is one, or there is none.
    NotStored,
    /// The item has another number.
    Exists,
    /// There is no item to compare with.
    NotFound,
    /// Larger than allowed; an older value of the key is gone.
    TooLarge,
    /// No room could be made; an older value of the key is gone.
    OutOfMemory,
}

/// What the rules of a mode say about the item that is there.
enum Verdict {
    Store,
    /// As a stale value, with the old expiry and token.
    StoreStale,
    /// Together with the old value.
    Join,
    Refuse(Stored),
}

impl Store {
    /// Stores `value` if `mode` allows it.
    pub fn set(&mut self, key: Key<'_>, mode: Mode, new: &New, value: &[u8]) -> Stored {
        self.grow_if_wanted();
        if self.is_too_large(key.bytes().len(), value.len()) {
            self.delete(key);
            return Stored::TooLarge;
        }
        let old = self.locate(key);
        match self.judge(old, mode, new) {
            Verdict::Refuse(outcome) => outcome,
            Verdict::Join => {
                self.join(key, old, mode, new, value.len(), |filler, heap| filler.write(heap, value))
            }
            verdict => {
                let stale = self.inherited(old, &verdict);
                if let Some(at) = old
                    && self.overwrite(at, new, value)
                {
                    return self.finish(at, new, stale);
                }
                if let Some(at) = old {
                    self.unlink(at, key.hash());
                }
                match self.allocate(key, new, value.len()) {
                    Err(outcome) => outcome,
                    Ok(at) => {
                        Filler::new(&self.heap, at).write(&self.heap, value);
                        self.link(at, key.hash());
                        self.finish(at, new, stale)
                    }
                }
            }
        }
    }

    /// Memory for a value that is yet to come.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](Stored::TooLarge) and [`OutOfMemory`](Stored::OutOfMemory).
    pub fn reserve(&mut self, key: Key<'_>, value_bytes: usize, new: &New) -> Result<Reservation, Stored> {
        match self.allocate(key, new, value_bytes) {
            Ok(at) => {
                self.heap.pin(at);
                Ok(Reservation::new(&self.heap, at, key.hash(), new))
            }
            Err(outcome) => {
                self.delete(key);
                Err(outcome)
            }
        }
    }

    /// Stores what was reserved if `mode` allows it.
    ///
    /// # Panics
    ///
    /// If something of the value is missing.
    pub fn commit(&mut self, reservation: Reservation, mode: Mode) -> Stored {
        assert_eq!(reservation.remaining(), 0, "a part of the value is missing");
        self.grow_if_wanted();
        let (at, hash) = (reservation.at, reservation.hash);
        let Reservation { compare, stale_ok, cas, .. } = reservation;
        let header = self.heap.header(at);
        let binary_key = header.has(bits::BINARY_KEY);
        let new = New { compare, stale_ok, cas, binary_key, ..New::default() };
        let mut bytes = [0; KEY_BYTES_MAX];
        let bytes = &mut bytes[..header.key_bytes.get().into()];
        self.heap.with_key(at, |key| bytes.copy_from_slice(key));
        let key = Key::with_hash(bytes, hash);
        let old = self.locate(key);
        match self.judge(old, mode, &new) {
            Verdict::Refuse(outcome) => outcome,
            Verdict::Join => {
                let value_bytes = self.heap.header(at).value_bytes.get() as usize;
                self.join(key, old, mode, &new, value_bytes, |filler, heap| {
                    Parts::new(heap, at).for_each(|part| filler.write(heap, part));
                })
            }
            verdict => {
                let stale = self.inherited(old, &verdict);
                if let Some(old) = old {
                    self.unlink(old, hash);
                }
                self.link(at, hash);
                self.finish(at, &new, stale)
            }
        }
    }

    /// An empty item where there is none, for a client that is told to fetch the value. Nothing if there is no room.
    pub fn vivify(
        &mut self,
        key: Key<'_>,
        exptime: u32,
        cas: Option<u64>,
        binary_key: bool,
    ) -> Option<Item<'_>> {
        self.clear_value(key, &New { exptime, cas, binary_key, ..New::default() })
    }

    /// Puts an empty item in the place of one, or of none. Nothing if there is no room.
    pub fn clear_value(&mut self, key: Key<'_>, new: &New) -> Option<Item<'_>> {
        match self.set(key, Mode::Set, new, &[]) {
            Stored::Stored { .. } => self.find(key),
            _ => None,
        }
    }

    #[inline]
    fn judge(&self, old: Option<At>, mode: Mode, new: &New) -> Verdict {
        use Mode::*;
        let Some(old) = old else {
            return match mode {
                Set | Add | AppendOrSet | PrependOrSet => Verdict::Store,
                Cas => Verdict::Refuse(Stored::NotFound),
                Replace | Append | Prepend => Verdict::Refuse(Stored::NotStored),
            };
        };
        let old = Item { store: self, at: old };
        match (mode, new.compare) {
            (Set | Replace, _) => Verdict::Store,
            (Add, _) => {
                // Somebody wants it to be there.
                old.mark_used();
                Verdict::Refuse(Stored::NotStored)
            }
            (Cas, Some(compare)) if compare == old.cas() => Verdict::Store,
            (Cas, Some(compare)) if new.stale_ok && compare < old.cas() => Verdict::StoreStale,
            (Cas, _) => Verdict::Refuse(Stored::Exists),
            (_, Some(compare)) if compare != old.cas() => Verdict::Refuse(Stored::Exists),
            _ => Verdict::Join,
        }
    }

    /// What a stale value takes over from the item that it replaces: when it ends, and its bits.
    fn inherited(&self, old: Option<At>, verdict: &Verdict) -> Option<(u32, u16)> {
        let (Some(old), Verdict::StoreStale) = (old, verdict) else { return None };
        let header = self.heap.header(old);
        Some((header.expires.get(), bits::STALE | header.bits.get() & bits::TOKEN_SENT))
    }

    /// Puts a value into the chunk of the one that is there, if it has the same class and nobody reads it.
    #[inline]
    fn overwrite(&mut self, at: At, new: &New, value: &[u8]) -> bool {
        let header = self.heap.header(at);
        let (class, in_pieces) = Heap::class_for(header.key_bytes.get().into(), value.len());
        if in_pieces
            || header.has(bits::IN_PIECES)
            || class != usize::from(header.class.get())
            || header.pins.get() > 0
        {
            return false;
        }
        let before = self.heap.item_bytes(header);
        header.value_bytes.set(value.len() as u32);
        header.client_flags.set(new.client_flags);
        header.expires.set(expires(new.exptime));
        header.accessed.set(self.now);
        // Active, because a new item would be at the head of the list.
        let kept = header.bits.get() & (bits::SEGMENT | bits::LINKED);
        header.bits.set(kept | bits::ACTIVE | if new.binary_key { bits::BINARY_KEY } else { 0 });
        self.heap.expect_expiry(at, header.expires.get());
        self.counters.resized(class, before, self.heap.item_bytes(header));
        self.heap.memory().write(self.heap.value_offset(at), value);
        true
    }

    /// Stores the old value with a new one of `value_bytes`, which `write` writes. The old one stays if there is no room for both.
    fn join(
        &mut self,
        key: Key<'_>,
        old: Option<At>,
        mode: Mode,
        new: &New,
        value_bytes: usize,
        write: impl FnOnce(&mut Filler, &Heap),
    ) -> Stored {
        let Some(old) = old else { return Stored::NotStored };
        let old_item = Item { store: self, at: old };
        let total = old_item.value_bytes() + value_bytes;
        // Flags and expiry are those of the old value.
        let joined = New {
            client_flags: old_item.client_flags(),
            exptime: old_item.exptime(),
            binary_key: old_item.is_binary_key(),
            ..*new
        };
        if !self.heap.pin(old) {
            return Stored::NotStored;
        }
        let allocated = self.allocate(key, &joined, total);
        if let Ok(at) = allocated {
            let (heap, mut filler) = (&self.heap, Filler::new(&self.heap, at));
            let copy_old =
                |filler: &mut Filler| Parts::new(heap, old).for_each(|part| filler.write(heap, part));
            if matches!(mode, Mode::Append | Mode::AppendOrSet) {
                copy_old(&mut filler);
                write(&mut filler, heap);
            } else {
                write(&mut filler, heap);
                copy_old(&mut filler);
            }
        }
        if allocated.is_ok() {
            // Still there: what is pinned is not given up for others.
            self.unlink(old, key.hash());
        }
        self.heap.unpin(old);
        match allocated {
            Ok(at) => {
                self.link(at, key.hash());
                self.finish(at, &joined, None)
            }
            Err(_) => Stored::NotStored,
        }
    }

    /// Gives a linked item its number, and what it inherits.
    #[inline]
    fn finish(&mut self, at: At, new: &New, inherited: Option<(u32, u16)>) -> Stored {
        let cas = new.cas.unwrap_or_else(|| self.next_cas());
        let header = self.heap.header(at);
        header.set_cas(cas);
        if let Some((expires, bits)) = inherited {
            header.expires.set(expires);
            header.set(bits);
            self.heap.expect_expiry(at, expires);
        }
        debug_assert!(header.expires.get() == NEVER || header.expires.get() > 0);
        self.counters.total_items += 1;
        let class_id = Item { store: self, at }.class_id();
        Stored::Stored { cas, value_bytes: header.value_bytes.get() as usize, class_id }
    }
}
