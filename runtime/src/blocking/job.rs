//! One call: the closure, then what came of it, in a block of its shard's arena.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::task::Waker;

use crate::mem::{self as arena, class};

/// What a call returned, or its panic.
pub(super) type Ending<T> = Result<T, Box<dyn Any + Send>>;

/// Whose the body of a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the queue: the shard's, which may take it out.
    Queued,
    /// The helper's.
    Running,
    /// The helper's, and nobody waits for it.
    Abandoned,
    /// The shard's, with its result.
    Done,
}

/// The part that does not depend on the types; guarded by the lock of the pool.
pub(super) struct Header {
    vtable: &'static VTable,
    pub(super) shard: usize,
    pub(super) stage: Cell<Stage>,
    pub(super) queued_at: Cell<u64>,
    pub(super) waker: Cell<Option<Waker>>,
    previous: Cell<Option<NonNull<Header>>>,
    next: Cell<Option<NonNull<Header>>>,
}

struct VTable {
    run: unsafe fn(NonNull<Header>),
    discard: unsafe fn(NonNull<Header>),
    free: unsafe fn(NonNull<Header>),
}

enum Body<F, T> {
    Work(F),
    Ended(Ending<T>),
    Empty,
}

#[repr(C)]
pub(super) struct Job<F, T> {
    header: Header,
    body: UnsafeCell<Body<F, T>>,
}

impl<F: FnOnce() -> T + Send + 'static, T: Send + 'static> Job<F, T> {
    const CLASS: usize = {
        assert!(align_of::<Self>() <= class::BLOCK_ALIGN, "what is unblocked may be aligned to 32 at most");
        class::class_of(size_of::<Self>())
    };

    const VTABLE: VTable = VTable { run: Self::run, discard: Self::discard, free: Self::free };

    /// Moves the closure into a block of this shard, if there is one.
    pub(super) fn place(shard: usize, work: F) -> Option<NonNull<Header>> {
        let job = arena::take(Self::CLASS)?.cast::<Self>();
        let header = Header {
            vtable: const { &Self::VTABLE },
            shard,
            stage: Cell::new(Stage::Queued),
            queued_at: Cell::new(0),
            waker: Cell::new(None),
            previous: Cell::new(None),
            next: Cell::new(None),
        };
        // SAFETY: a fresh block of the class that holds a `Self`.
        unsafe { job.write(Job { header, body: UnsafeCell::new(Body::Work(work)) }) };
        Some(job.cast())
    }

    /// Takes what came of it.
    ///
    /// # Safety
    ///
    /// The job is of this type, and DONE.
    pub(super) unsafe fn take(job: NonNull<Header>) -> Option<Ending<T>> {
        // SAFETY: promised by the caller: the body is the shard's.
        match unsafe { Self::replace(job, Body::Empty) } {
            Body::Ended(ending) => Some(ending),
            Body::Work(_) | Body::Empty => None,
        }
    }

    /// # Safety
    ///
    /// The job is of this type and alive, and its body is the caller's.
    unsafe fn replace(job: NonNull<Header>, body: Body<F, T>) -> Body<F, T> {
        // SAFETY: promised by the caller.
        unsafe { mem::replace(&mut *job.cast::<Self>().as_ref().body.get(), body) }
    }

    unsafe fn run(job: NonNull<Header>) {
        // SAFETY: by the contract of `run`, as in the next call.
        if let Body::Work(work) = unsafe { Self::replace(job, Body::Empty) } {
            let ending = catch_unwind(AssertUnwindSafe(work));
            // SAFETY: as above.
            unsafe { Self::replace(job, Body::Ended(ending)) };
        }
    }

    unsafe fn discard(job: NonNull<Header>) {
        // SAFETY: by the contract of `discard`.
        drop(unsafe { Self::replace(job, Body::Empty) });
    }

    unsafe fn free(job: NonNull<Header>) {
        // SAFETY: by the contract of `free`; the block was taken for this type.
        unsafe {
            job.cast::<Self>().drop_in_place();
            arena::give(Self::CLASS, job.cast());
        }
    }
}

/// Runs the closure; its panic becomes its result.
///
/// # Safety
///
/// The job is alive, and its body is the caller's.
pub(super) unsafe fn run(job: NonNull<Header>) {
    // SAFETY: promised by the caller.
    unsafe { (job.as_ref().vtable.run)(job) }
}

/// Drops what is in the body.
///
/// # Safety
///
/// As for [`run`].
pub(super) unsafe fn discard(job: NonNull<Header>) {
    // SAFETY: promised by the caller.
    unsafe { (job.as_ref().vtable.discard)(job) }
}

/// Gives the block back, with what is in it.
///
/// # Safety
///
/// On the thread that made the job, which nobody uses any more.
pub(super) unsafe fn free(job: NonNull<Header>) {
    // SAFETY: promised by the caller.
    unsafe { (job.as_ref().vtable.free)(job) }
}

/// Jobs in a row, oldest first. All methods are called under the lock of the pool, with jobs that are alive.
#[derive(Default)]
pub(super) struct Queue {
    first: Option<NonNull<Header>>,
    last: Option<NonNull<Header>>,
    len: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// # Safety
    ///
    /// The job is alive until it has left, and in no queue.
    pub(super) unsafe fn push(&mut self, job: NonNull<Header>) {
        let last = self.last.replace(job);
        // SAFETY: promised by the caller, as for those that are in the queue.
        unsafe {
            job.as_ref().previous.set(last);
            job.as_ref().next.set(None);
            match last {
                Some(last) => last.as_ref().next.set(Some(job)),
                None => self.first = Some(job),
            }
        }
        self.len += 1;
    }

    pub(super) fn pop(&mut self) -> Option<NonNull<Header>> {
        let first = self.first?;
        // SAFETY: it is in this queue.
        unsafe { self.remove(first) };
        Some(first)
    }

    /// # Safety
    ///
    /// The job is in this queue.
    pub(super) unsafe fn remove(&mut self, job: NonNull<Header>) {
        // SAFETY: promised by the caller; its neighbours are in the queue and thus alive.
        unsafe {
            let (previous, next) = (job.as_ref().previous.take(), job.as_ref().next.take());
            match previous {
                Some(previous) => previous.as_ref().next.set(next),
                None => self.first = next,
            }
            match next {
                Some(next) => next.as_ref().previous.set(previous),
                None => self.last = previous,
            }
        }
        self.len -= 1;
    }
}
