//! Statics of which every shard has its own.
//!
//! They lie in a section of the program, which nobody uses but as an image: a shard that starts makes a
//! copy of all of it. The way from a static to the shard's own is one addition, the same for all of them.

use std::cell::{Cell, UnsafeCell};
use std::ops::Deref;
use std::ptr;

use crate::sys::map::Mapping;

thread_local! {
    /// What is added to the address of a static; null on threads that are no shard.
    static DISTANCE: Cell<*mut u8> = const { Cell::new(ptr::null_mut()) };
}

/// The type of a `#[seastar::shard_local]` static: on each shard it is that shard's own `T`.
///
/// Using it is using the `T`: it derefs to one that lives as long as the program. Where a shard's begins is
/// known when the shard starts, so nothing is made at the first use, nothing is locked, and nothing is
/// counted. Each shard finds the initial value when it starts, also the second one of a
/// thread. Like any static it is never dropped.
///
/// # Panics
///
/// When it is used on a thread that is no shard; [`try_get`](Self::try_get) returns that as a value.
///
/// ```
/// use std::cell::Cell;
///
/// #[seastar::shard_local]
/// static SERVED: Cell<u32> = Cell::new(0);
///
/// #[seastar::main(shards = 2, overprovisioned)]
/// async fn main() {
///     SERVED.set(SERVED.get() + 1);
///     assert_eq!(SERVED.get(), 1);
///     assert_eq!(seastar::submit_to(1, async || SERVED.get()).await, 0);
/// }
/// ```
#[repr(transparent)]
pub struct ShardLocal<T: 'static> {
    image: UnsafeCell<T>,
}

// SAFETY: no thread ever uses the value in here. Each shard has a copy, as of a constant: it needs
// not be `Send` either, because it is made where it is used.
unsafe impl<T> Sync for ShardLocal<T> {}

impl<T> ShardLocal<T> {
    /// The image of a static.
    ///
    /// # Safety
    ///
    /// It becomes a static in the section of these statics, and `value` is a constant: any number of copies
    /// of it may be used as if each had been made by itself.
    #[doc(hidden)]
    pub const unsafe fn new(value: T) -> ShardLocal<T> {
        const { assert!(align_of::<T>() <= PAGE, "a shard-local static may be aligned to 4096 at most") };
        ShardLocal { image: UnsafeCell::new(value) }
    }

    /// This shard's own; `None` on a thread that is no shard.
    ///
    /// ```
    /// # use std::cell::Cell;
    /// use seastar::ShardLocal;
    ///
    /// #[seastar::shard_local]
    /// static SERVED: Cell<u32> = Cell::new(0);
    ///
    /// assert!(ShardLocal::try_get(&SERVED).is_none());
    /// ```
    #[inline]
    pub fn try_get(this: &Self) -> Option<&'static T> {
        let distance = DISTANCE.get();
        if distance.is_null() {
            return None;
        }
        let address = ptr::from_ref(this).addr();
        // Both ends are constants of the linker, so this costs no look at memory.
        let (start, stop) = ((&raw const START).addr(), (&raw const STOP).addr());
        if address < start || address + size_of::<T>() > stop {
            elsewhere();
        }
        let own = distance.wrapping_add(address).cast::<T>();
        // SAFETY: the static lies in the section, so this is the shard's copy of it, which is never unmapped
        // and never mutably borrowed.
        Some(unsafe { &*own })
    }

    /// This shard's own.
    #[inline]
    #[track_caller]
    pub(crate) fn get(this: &Self) -> &'static T {
        match ShardLocal::try_get(this) {
            Some(own) => own,
            None => no_shard(),
        }
    }
}

impl<T> Deref for ShardLocal<T> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        ShardLocal::get(self)
    }
}

#[cold]
fn elsewhere() -> ! {
    panic!(
        "a shard-local static of a shared library that does not contain the runtime; link the program in one piece \
         (without `-C prefer-dynamic`)"
    )
}

#[cold]
#[track_caller]
fn no_shard() -> ! {
    panic!(
        "a shard-local static belongs to a shard, and this thread is none; use it within `#[seastar::main]`"
    )
}

const PAGE: usize = 4096;

unsafe extern "C" {
    // The linker names the ends of every section whose name could be one in C.
    #[link_name = "__start_seastar_locals"]
    static START: u8;
    #[link_name = "__stop_seastar_locals"]
    static STOP: u8;
}

/// Without a static there would be no section, and no names for its ends.
#[used]
#[unsafe(link_section = "seastar_locals")]
// SAFETY: in the section, and as good as any other byte.
static NONE: ShardLocal<u8> = unsafe { ShardLocal::new(0) };

/// The image, and its length.
fn image() -> (*const u8, usize) {
    // The linker leaves out what nobody mentions.
    std::hint::black_box(&raw const NONE);
    let (start, stop) = (&raw const START, &raw const STOP);
    (start, stop.addr() - start.addr())
}

/// Bytes that the statics take of each shard's budget.
pub(crate) fn locals_size() -> usize {
    let (_, len) = image();
    // One byte is there in every program. One page more, so that the copy can be aligned as the image is.
    if len > 1 { len.next_multiple_of(PAGE) + PAGE } else { 0 }
}

/// This shard's copy of all shard-local statics. While it lives, they can be used on its thread.
pub(crate) struct Locals(());

impl Locals {
    /// `None` if there is no memory for them.
    pub(crate) fn enter() -> Option<Locals> {
        let (start, len) = image();
        let mapping = Mapping::new((len + PAGE).next_multiple_of(PAGE)).ok()?;
        if !super::charge(locals_size()) {
            return None;
        }
        // References to what is in there live as long as the program, for all that anybody knows.
        let copy = mapping.base().as_ptr().wrapping_add(start.addr() % PAGE);
        std::mem::forget(mapping);
        // SAFETY: all of the section, into memory of sufficient length that nobody else knows.
        unsafe { ptr::copy_nonoverlapping(start, copy, len) };
        DISTANCE.set(copy.wrapping_sub(start.addr()));
        Some(Locals(()))
    }
}

impl Drop for Locals {
    fn drop(&mut self) {
        DISTANCE.set(ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::Memory;

    #[used]
    #[unsafe(link_section = "seastar_locals")]
    // SAFETY: in the section, and a constant.
    static COUNT: ShardLocal<Cell<u64>> = unsafe { ShardLocal::new(Cell::new(7)) };

    #[repr(align(256))]
    struct Aligned(Cell<u8>);

    #[used]
    #[unsafe(link_section = "seastar_locals")]
    // SAFETY: as above.
    static ALIGNED: ShardLocal<Aligned> = unsafe { ShardLocal::new(Aligned(Cell::new(1))) };

    #[test]
    fn each_start_finds_the_initial_value() {
        let mut seen: Vec<&'static Cell<u64>> = Vec::new();
        for _ in 0..3 {
            let _memory = Memory::enter(1 << 20);
            let _locals = Locals::enter().unwrap();
            assert_eq!(COUNT.replace(8), 7);
            assert!(!seen.iter().any(|cell| ptr::eq(*cell, &raw const *COUNT)));
            seen.push(&COUNT);
            assert_eq!(ALIGNED.0.replace(2), 1);
            assert_eq!(ptr::from_ref(&*ALIGNED).addr() % 256, 0);
        }
        assert!(seen.iter().all(|cell| cell.get() == 8), "what was borrowed stays");
        assert!(ShardLocal::try_get(&COUNT).is_none());
    }

    #[test]
    fn the_copy_counts_against_the_budget() {
        let memory = Memory::enter(locals_size() - 1);
        assert!(Locals::enter().is_none());
        drop(memory);
        let _memory = Memory::enter(locals_size());
        let _locals = Locals::enter().unwrap();
        assert_eq!(crate::mem::statistics().used, locals_size());
    }

    #[test]
    #[should_panic(expected = "a shard-local static belongs to a shard, and this thread is none")]
    fn a_thread_that_is_no_shard_has_none() {
        COUNT.get();
    }
}
