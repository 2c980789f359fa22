//! A value in a block, shared by counted references.

use std::cell::Cell;
use std::ops::Deref;
use std::ptr::NonNull;

use super::{arena, class};

/// A reference to a value in the arena, as `Rc` is to one on the heap. The last one drops the value.
pub(crate) struct Counted<T> {
    inner: NonNull<Inner<T>>,
}

struct Inner<T> {
    references: Cell<usize>,
    value: T,
}

impl<T> Counted<T> {
    const CLASS: usize = {
        assert!(align_of::<Inner<T>>() <= class::BLOCK_ALIGN, "a shared value may be aligned to 32 at most");
        class::class_of(size_of::<Inner<T>>())
    };

    /// Moves `value` into the arena; gives it back when there is no memory.
    #[inline]
    pub(crate) fn new(value: T) -> Result<Counted<T>, T> {
        let Some(block) = arena::take(Self::CLASS) else { return Err(value) };
        let inner = block.cast::<Inner<T>>();
        // SAFETY: a fresh block of the class that holds an `Inner<T>`.
        unsafe { inner.write(Inner { references: Cell::new(1), value }) };
        Ok(Counted { inner })
    }

    #[inline]
    fn inner(&self) -> &Inner<T> {
        // SAFETY: this is a reference, so the block is in use.
        unsafe { self.inner.as_ref() }
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T> Clone for Counted<T> {
    #[inline]
    fn clone(&self) -> Counted<T> {
        let references = &self.inner().references;
        references.set(references.get() + 1);
        Counted { inner: self.inner }
    }
}

impl<T> Drop for Counted<T> {
    #[inline]
    fn drop(&mut self) {
        /// Gives the block back, also when dropping the value panics.
        struct Block<T>(NonNull<Inner<T>>);

        impl<T> Drop for Block<T> {
            #[inline]
            fn drop(&mut self) {
                // SAFETY: taken for this type, and nobody refers to it any more.
                unsafe { arena::give(Counted::<T>::CLASS, self.0.cast()) };
            }
        }

        let references = self.inner().references.get() - 1;
        self.inner().references.set(references);
        if references == 0 {
            let block = Block(self.inner);
            // SAFETY: this was the last reference.
            unsafe { (&raw mut (*block.0.as_ptr()).value).drop_in_place() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::{Memory, statistics};
    use std::rc::Rc;

    #[test]
    fn the_last_reference_drops_the_value_and_frees_the_block() {
        let _memory = Memory::enter(1 << 20);
        let value = Rc::new(7);
        let one = Counted::new(value.clone()).unwrap();
        let other = one.clone();
        drop(one);
        assert_eq!((**other, Rc::strong_count(&value), statistics().live_blocks), (7, 2, 1));
        drop(other);
        assert_eq!((Rc::strong_count(&value), statistics().live_blocks), (1, 0));
    }

    #[test]
    fn without_memory_the_value_comes_back() {
        assert_eq!(Counted::new(7).err(), Some(7));
    }
}
