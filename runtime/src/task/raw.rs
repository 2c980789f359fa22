//! A task in memory, and the four things that depend on its type.
//!
//! ```text
//!            spawn              poll: ready, panic or cancel         handle read or dropped
//!   (free) ---------> LIVE ------------------------------------> DONE ---------------------> (free)
//!                      |                                           \__ no handle: at once
//!                      +--> QUEUED, set by a wake: in the run queue, cleared when its turn comes
//! ```
//!
//! State and marks are bytes of their own, so that a wake compares the state with one value.
//!
//! The first word of a header and its number stay readable in a free slot: the number is how a late
//! waker finds out that it is late.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::fmt::Debug;
use std::future::Future;
use std::mem::{ManuallyDrop, forget, needs_drop, offset_of};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::outcome::Outcome;
use super::slot::WakerSlot;
use super::waker::Number;
use crate::mem::class;

/// State: holds a future or a result, so the slot is not free.
pub(super) const LIVE: u8 = 1 << 0;
/// State: in the run queue.
pub(super) const QUEUED: u8 = 1 << 1;
/// State: the future is gone; the result, if there is one, waits for the handle.
pub(super) const DONE: u8 = 1 << 2;
/// State: no fiber, but polled by the future that it is a part of, see `children`.
pub(super) const CHILD: u8 = 1 << 3;

/// Mark: a join handle exists.
pub(super) const HANDLE: u8 = 1 << 0;
/// Mark: its future is being dropped.
pub(super) const DROPPING: u8 = 1 << 1;
/// Mark: with DONE, the future panicked, and the stage holds what it panicked with.
pub(super) const PANICKED: u8 = 1 << 2;
/// Mark: with DONE, there is no result, or it was taken. Before: cancel it as soon as it was polled.
pub(super) const CANCELLED: u8 = 1 << 3;
/// Mark: a service has it for itself, and ends it.
pub(super) const DAEMON: u8 = 1 << 4;

/// The state of a task, or its marks.
pub(super) struct Flags(Cell<u8>);

impl Flags {
    /// Whether these are set and no others.
    #[inline]
    pub(super) fn are(&self, flags: u8) -> bool {
        self.0.get() == flags
    }

    /// Whether any of these is set.
    #[inline]
    pub(super) fn has(&self, flags: u8) -> bool {
        self.0.get() & flags != 0
    }

    /// Sets these and no others.
    #[inline]
    pub(super) fn put(&self, flags: u8) {
        self.0.set(flags);
    }

    #[inline]
    pub(super) fn set(&self, flags: u8) {
        self.0.set(self.0.get() | flags);
    }

    #[inline]
    pub(super) fn clear(&self, flags: u8) {
        self.0.set(self.0.get() & !flags);
    }
}

/// What all tasks have in common. Written by the shard that owns it and by nobody else.
#[repr(C)]
pub(super) struct Header {
    /// The next task in the run queue, or the next free slot.
    pub(super) next: Cell<Option<NonNull<Header>>>,
    number: Cell<u64>,
    vtable: Cell<Option<&'static VTable>>,
    pub(super) spawned_at: Cell<Option<&'static Location<'static>>>,
    /// Who waits for the result.
    pub(super) joiner: WakerSlot,
    pub(super) state: Flags,
    pub(super) marks: Flags,
}

impl Header {
    #[inline]
    pub(super) fn number(&self) -> Number {
        Number(self.number.get())
    }

    #[inline]
    pub(super) fn set_number(&self, number: Number) {
        self.number.set(number.0);
    }

    /// # Safety
    ///
    /// The task is live, and no child.
    #[inline]
    pub(super) unsafe fn vtable(&self) -> &'static VTable {
        // SAFETY: `begin` has set it.
        unsafe { self.vtable.get().unwrap_unchecked() }
    }

    #[inline]
    fn begin(&self, vtable: &'static VTable, marks: u8, spawned_at: &'static Location<'static>) {
        self.vtable.set(Some(vtable));
        self.spawned_at.set(Some(spawned_at));
        self.state.put(LIVE | QUEUED);
        self.marks.put(marks);
    }

    /// Makes what is in use a free slot again, under its next number.
    #[inline]
    pub(super) fn end(&self) {
        self.state.put(0);
        self.marks.put(0);
        self.set_number(self.number().next());
    }
}

/// What depends on the future's type. All functions want the header of a live task of that type.
pub(super) struct VTable {
    /// The class of its slot, or [`POOLED`].
    pub(super) class: usize,
    stage: usize,
    /// Polls once; ready when the task is DONE. When it unwinds, [`panicked`] has to follow.
    pub(super) poll: unsafe fn(NonNull<Header>) -> Poll<()>,
    /// Drops the future of a task that is not DONE.
    pub(super) drop_future: unsafe fn(NonNull<Header>),
    /// Shows the result of a DONE task to `report` if it is a failure, then drops it. Does not unwind.
    pub(super) discard: unsafe fn(NonNull<Header>, report: Report<'_>),
}

/// In place of a class: the slot is one of a pool.
pub(super) const POOLED: usize = usize::MAX;

/// Called with a failure that nobody read.
type Report<'a> = &'a mut dyn FnMut(Unread<'_>);

/// A failure that nobody read.
pub(super) enum Unread<'a> {
    /// The result was an `Err`.
    Returned(&'a dyn Debug),
    /// The result could not be looked at, or dropped, without this panic.
    Panicked(&'a (dyn Any + Send)),
}

#[repr(C)]
struct Task<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

/// One place for what a task holds, one after the other.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
    panic: ManuallyDrop<Panic>,
}

/// What a panic carries, behind a thin pointer so that it fits the smallest stage.
type Panic = Box<Box<dyn Any + Send>>;

impl<F: Future<Output: Outcome> + 'static> Task<F> {
    const VTABLE: VTable = Self::vtable(class::class_of(size_of::<Task<F>>()));
    const POOLED: VTable = Self::vtable(POOLED);

    const fn vtable(class: usize) -> VTable {
        assert!(
            align_of::<Task<F>>() <= class::BLOCK_ALIGN,
            "a future in a task may be aligned to 32 at most"
        );
        VTable {
            class,
            stage: offset_of!(Task<F>, stage),
            poll: Self::poll,
            drop_future: Self::drop_future,
            discard: Self::discard,
        }
    }

    unsafe fn poll(header: NonNull<Header>) -> Poll<()> {
        // SAFETY: the caller passes a live task of this type.
        let task = unsafe { header.cast::<Task<F>>().as_ref() };
        let waker = ManuallyDrop::new(task.header.number().waker());
        let mut context = Context::from_waker(&waker);
        // SAFETY: the task is not DONE, so the stage holds the future; it never moves from there, and
        // nobody else refers to it while it is polled.
        let polled = unsafe { Pin::new_unchecked(&mut *(*task.stage.get()).future) }.poll(&mut context);
        let Poll::Ready(output) = polled else { return Poll::Pending };
        if needs_drop::<F>() {
            // If dropping the future panics, it is not dropped again.
            task.header.marks.set(DROPPING);
            // SAFETY: the future has ended.
            unsafe { ManuallyDrop::drop(&mut (*task.stage.get()).future) };
            task.header.marks.clear(DROPPING);
        }
        // SAFETY: the future is gone, and makes room for its result.
        unsafe { (*task.stage.get()).output = ManuallyDrop::new(output) };
        Poll::Ready(())
    }

    unsafe fn drop_future(header: NonNull<Header>) {
        // SAFETY: the caller passes a live task of this type whose future has not ended.
        unsafe {
            let task = header.cast::<Task<F>>().as_ref();
            let dropped =
                catch_unwind(AssertUnwindSafe(|| ManuallyDrop::drop(&mut (*task.stage.get()).future)));
            if let Err(panic) = dropped {
                (*task.stage.get()).panic = ManuallyDrop::new(Box::new(panic));
                task.header.marks.set(PANICKED);
            }
        }
    }

    unsafe fn discard(header: NonNull<Header>, report: Report<'_>) {
        // SAFETY: the caller passes a DONE task of this type; the flags say what its stage holds, and
        // the caller does not come back for it.
        unsafe {
            let task = header.cast::<Task<F>>().as_ref();
            if task.header.marks.has(CANCELLED) {
                return;
            }
            if task.header.marks.has(PANICKED) {
                return drop_quietly(ManuallyDrop::take(&mut (*task.stage.get()).panic));
            }
            if !needs_drop::<F::Output>() && !F::Output::may_be_failure() {
                return;
            }
            // Foreign code shows and drops the result, and it runs in nobody's poll.
            let looked_at = catch_unwind(AssertUnwindSafe(|| {
                let output = ManuallyDrop::take(&mut (*task.stage.get()).output);
                if output.is_failure() {
                    report(Unread::Returned(&output));
                }
            }));
            if let Err(panic) = looked_at {
                report(Unread::Panicked(&*panic));
                drop_quietly(panic);
            }
        }
    }
}

/// The vtable of tasks that run an `F`.
pub(super) const fn vtable<F: Future<Output: Outcome> + 'static>() -> &'static VTable {
    const { &Task::<F>::VTABLE }
}

/// Bytes of a slot for an `F`.
pub(super) const fn slot_size<F: Future>() -> usize {
    size_of::<Task<F>>()
}

/// Makes a live task of a free slot, which is to be queued next.
///
/// # Safety
///
/// The slot is free, of the class that [`vtable`] names, and its header has a number.
#[inline]
pub(super) unsafe fn start<F: Future<Output: Outcome> + 'static>(
    slot: NonNull<Header>,
    future: F,
    marks: u8,
    spawned_at: &'static Location<'static>,
) {
    // SAFETY: a slot of this class holds a whole `Task<F>`, and nobody uses it yet.
    unsafe {
        let task = slot.cast::<Task<F>>();
        (&raw mut (*task.as_ptr()).stage).cast::<F>().write(future);
        slot.as_ref().begin(vtable::<F>(), marks, spawned_at);
    }
}

/// Makes a live task of a free slot of a pool, which is to be queued next, and its future right there.
///
/// # Safety
///
/// The slot is free, has at least [`slot_size`] bytes, and its header has a number.
#[inline]
pub(super) unsafe fn start_pooled<F: Future<Output: Outcome> + 'static>(
    slot: NonNull<Header>,
    make: impl FnOnce() -> F,
    marks: u8,
    spawned_at: &'static Location<'static>,
) {
    // SAFETY: the slot is large enough, and nobody uses it yet.
    unsafe {
        let task = slot.cast::<Task<F>>();
        (&raw mut (*task.as_ptr()).stage).cast::<F>().write(make());
        slot.as_ref().begin(const { &Task::<F>::POOLED }, marks, spawned_at);
    }
}

/// Puts what a poll panicked with in the place of the future.
///
/// # Safety
///
/// The task's `poll` has just unwound with `panic`.
pub(super) unsafe fn panicked(header: NonNull<Header>, panic: Box<dyn Any + Send>) {
    // SAFETY: live; its future is there unless its drop was what panicked.
    unsafe {
        let task = header.as_ref();
        if task.marks.has(DROPPING) {
            task.marks.clear(DROPPING);
        } else {
            // A destructor that cancels its own task must not drop the future again.
            task.marks.set(DROPPING);
            (task.vtable().drop_future)(header);
            task.marks.clear(DROPPING);
            // A second panic, in the drop, says less than the first.
            if task.marks.has(PANICKED) {
                drop_quietly(header.as_ptr().byte_add(task.vtable().stage).cast::<Panic>().read());
            }
        }
        header.as_ptr().byte_add(task.vtable().stage).cast::<Panic>().write(Box::new(panic));
        task.marks.set(PANICKED);
    }
}

/// Drops what somebody panicked with, and what that panics with in turn; what is left after the third is leaked.
pub(super) fn drop_quietly<P>(panic: P) {
    fn caught<P>(panic: P) -> Result<(), Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(|| drop(panic)))
    }
    if let Err(last) = caught(panic).or_else(caught).or_else(caught) {
        forget(last);
    }
}

/// What a task panicked with.
///
/// # Safety
///
/// The task is PANICKED, and not CANCELLED; the reference ends before that changes.
pub(super) unsafe fn panic_of(header: &Header) -> &(dyn Any + Send) {
    // SAFETY: the vtable knows where the stage is, and the flags say that it holds a panic.
    unsafe {
        let stage = NonNull::from(header).as_ptr().byte_add(header.vtable().stage);
        &**(*stage.cast::<Panic>())
    }
}

/// Takes the result, or what the task panicked with, out of its place.
///
/// # Safety
///
/// The task is DONE and not CANCELLED, its future's output is `T`, and the result was not taken before.
pub(super) unsafe fn take_output<T>(header: NonNull<Header>) -> Result<T, Box<dyn Any + Send>> {
    // SAFETY: the vtable knows where the stage is, and the flags say what it holds.
    unsafe {
        let task = header.as_ref();
        let stage = header.as_ptr().byte_add(task.vtable().stage);
        if task.marks.has(PANICKED) {
            Err(*stage.cast::<Panic>().read())
        } else {
            Ok(stage.cast::<T>().read())
        }
    }
}
