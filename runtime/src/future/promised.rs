//! What the two ends of a promise share: a block that goes with the second of them.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::Waker;

use crate::mem::{self, class};
use crate::task::WakerSlot;

/// One of the two ends. Each comes to its end once, by one of the methods that say so.
pub(super) struct End<T> {
    shared: NonNull<Shared<T>>,
}

struct Shared<T> {
    /// Who awaits the value.
    waker: WakerSlot,
    /// Whether one end is gone.
    alone: Cell<bool>,
    /// Whether there is a value.
    given: Cell<bool>,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> End<T> {
    const CLASS: usize = {
        assert!(
            align_of::<Shared<T>>() <= class::BLOCK_ALIGN,
            "a promised value may be aligned to 32 at most"
        );
        class::class_of(size_of::<Shared<T>>())
    };

    /// Both ends; `None` without memory for them.
    #[inline]
    pub(super) fn pair() -> Option<(End<T>, End<T>)> {
        let shared = mem::take(Self::CLASS)?.cast::<Shared<T>>();
        let place = shared.as_ptr();
        // Field by field, because a place for a value would be copied as a whole.
        // SAFETY: a fresh block that is large enough.
        unsafe {
            (&raw mut (*place).waker).write(WakerSlot::new());
            (&raw mut (*place).alone).write(Cell::new(false));
            (&raw mut (*place).given).write(Cell::new(false));
        }
        Some((End { shared }, End { shared }))
    }

    #[inline]
    fn shared(&self) -> &Shared<T> {
        // SAFETY: the block stays until both ends are gone, and this is one.
        unsafe { self.shared.as_ref() }
    }

    /// Whether the other end is gone.
    #[inline]
    pub(super) fn is_last(&self) -> bool {
        self.shared().alone.get()
    }

    /// The giving end gives `value` to the other one, which is there, and is gone.
    #[inline]
    pub(super) fn give(&self, value: T) {
        let shared = self.shared();
        debug_assert!(!self.is_last());
        // SAFETY: nobody looks at the place before `given` is set, and it is set once.
        unsafe { (*shared.value.get()).write(value) };
        shared.given.set(true);
        shared.alone.set(true);
        // A foreign waker may drop the other end, and the block with it.
        shared.waker.take().wake();
    }

    /// The giving end is gone without having given anything.
    #[inline]
    pub(super) fn break_off(&self) {
        if self.shared().alone.replace(true) {
            self.free();
        } else {
            self.shared().waker.take().wake();
        }
    }

    /// The value, once.
    #[inline]
    pub(super) fn take(&self) -> Option<T> {
        let shared = self.shared();
        // SAFETY: it was given, and nobody takes it a second time.
        shared.given.replace(false).then(|| unsafe { (*shared.value.get()).assume_init_read() })
    }

    /// The receiving end waits: `waker` is woken when the other one is gone.
    #[inline]
    pub(super) fn wait(&self, waker: &Waker) {
        self.shared().waker.set(waker);
    }

    /// The receiving end is gone.
    #[inline]
    pub(super) fn abandon(&self) {
        // A foreign waker may do anything when it is dropped, such as giving the value.
        self.shared().waker.clear();
        if self.shared().alone.replace(true) {
            // Dropped last, because that may panic.
            let _value = self.take();
            self.free();
        }
    }

    #[inline]
    fn free(&self) {
        // SAFETY: taken for this type, both ends are gone, and what needed a drop was dropped.
        unsafe { mem::give(Self::CLASS, self.shared.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem::{Memory, statistics};
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::task::Wake;

    thread_local! {
        static OTHER: RefCell<Option<End<Rc<()>>>> = const { RefCell::new(None) };
    }

    /// Lets the other end go.
    struct LetGo;

    impl Wake for LetGo {
        fn wake(self: Arc<Self>) {
            OTHER.take().unwrap().abandon();
        }
    }

    #[test]
    fn the_block_goes_with_the_second_end_and_its_value() {
        let _memory = Memory::enter(1 << 20);
        let value = Rc::new(());
        let ends = || End::pair().unwrap();
        let (giving, receiving) = ends();
        giving.give(value.clone());
        assert!(receiving.is_last() && receiving.take().is_some() && receiving.take().is_none());
        receiving.abandon();
        let (giving, receiving) = ends();
        giving.give(value.clone());
        receiving.abandon();
        let (giving, receiving) = ends();
        receiving.abandon();
        assert!(giving.is_last());
        giving.break_off();
        assert_eq!((Rc::strong_count(&value), statistics().live_blocks), (1, 0));
    }

    #[test]
    fn a_waker_may_let_the_other_end_go() {
        let _memory = Memory::enter(1 << 20);
        let value = Rc::new(());
        for give in [true, false] {
            let (giving, receiving) = End::pair().unwrap();
            receiving.wait(&Waker::from(Arc::new(LetGo)));
            OTHER.set(Some(receiving));
            if give {
                giving.give(value.clone())
            } else {
                giving.break_off()
            }
            assert_eq!((Rc::strong_count(&value), statistics().live_blocks), (1, 0));
        }
    }
}
