//! One call to another shard, in memory.
//!
//! ```text
//! caller:  new ---> sent ............................................> returned ---> freed
//! callee:           run: closure -> future -> result, then sent back
//! ```
//!
//! Who has the parcel is who may touch its stage. The caller's part (who waits, whether anybody still
//! does) is never touched by the callee.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::mesh;
use crate::mem::{self, class};
use crate::reactor;
use crate::task::{self, WakerSlot};

/// What the stage holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Closure,
    Future,
    Output,
    Panic,
    /// Dropped on the callee, which stops, before its end; or taken by the caller.
    Nothing,
    /// Dropped on the callee, which has no memory for it.
    Refused,
}

/// What all parcels have in common.
#[repr(C)]
pub(super) struct Header {
    vtable: &'static VTable,
    pub(super) called_at: &'static Location<'static>,
    pub(super) caller: u32,
    pub(super) stage: Cell<Stage>,
    /// Caller's: the answer is here.
    pub(super) returned: Cell<bool>,
    /// Caller's: nobody waits any more.
    pub(super) abandoned: Cell<bool>,
    /// Caller's: who waits.
    pub(super) waker: WakerSlot,
    /// Caller's: `link` is for whoever is told when calls return.
    pub(super) is_told: Cell<bool>,
    /// Caller's: the next of the calls that were made together, or a word that is told when this returns.
    pub(super) link: Cell<Option<NonNull<()>>>,
}

/// Bytes that a call to another shard may take: in turn for what it captures, its future, and its result.
pub const CALL_SIZE_MAX: usize = class::BLOCK_SIZE_MAX - size_of::<Header>();

/// What depends on the types of a call.
struct VTable {
    class: usize,
    /// Makes the future if there is none yet, and polls it; `true` when the stage is at its end.
    poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> bool,
    /// Drops what the stage holds.
    clear: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Parcel<F, R: Future> {
    header: Header,
    contents: UnsafeCell<Contents<F, R>>,
}

/// One place for what a parcel holds, one after the other.
union Contents<F, R: Future> {
    closure: ManuallyDrop<F>,
    future: ManuallyDrop<R>,
    output: ManuallyDrop<R::Output>,
    panic: ManuallyDrop<Box<dyn Any + Send>>,
}

impl<F: FnOnce() -> R, R: Future> Parcel<F, R> {
    const CLASS: usize = {
        assert!(
            size_of::<Parcel<F, R>>() <= class::BLOCK_SIZE_MAX,
            "a call to another shard takes one block of memory for what it captures, its future and its result, \
             and this one is larger than the largest block (1 MiB); box the large part"
        );
        class::class_of(size_of::<Parcel<F, R>>())
    };

    const VTABLE: VTable = {
        assert!(align_of::<Parcel<F, R>>() <= class::BLOCK_ALIGN);
        VTable { class: Self::CLASS, poll: Self::poll, clear: Self::clear }
    };

    unsafe fn poll(header: NonNull<Header>, context: &mut Context<'_>) -> bool {
        // SAFETY: the caller has the parcel, and it is of this type.
        let parcel = unsafe { header.cast::<Parcel<F, R>>().as_ref() };
        let contents = parcel.contents.get();
        let stage = &parcel.header.stage;
        // SAFETY: `stage` always says what the contents hold, also when something here unwinds; the
        // future is not moved between its making and its drop.
        let polled = catch_unwind(AssertUnwindSafe(|| unsafe {
            if stage.get() == Stage::Closure {
                let closure = ManuallyDrop::take(&mut (*contents).closure);
                stage.set(Stage::Nothing);
                let future = closure();
                (*contents).future = ManuallyDrop::new(future);
                stage.set(Stage::Future);
            }
            let polled = Pin::new_unchecked(&mut *(*contents).future).poll(context);
            if polled.is_ready() {
                stage.set(Stage::Nothing);
                ManuallyDrop::drop(&mut (*contents).future);
            }
            polled
        }));
        match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(output)) => {
                // SAFETY: the contents hold nothing any more.
                unsafe { (*contents).output = ManuallyDrop::new(output) };
                stage.set(Stage::Output);
            }
            Err(panic) => {
                report(&parcel.header, &*panic);
                // SAFETY: clears what is left, after which the contents hold nothing.
                unsafe {
                    let _ = catch_unwind(AssertUnwindSafe(|| Self::clear(header)));
                    (*contents).panic = ManuallyDrop::new(panic);
                }
                stage.set(Stage::Panic);
            }
        }
        true
    }

    unsafe fn clear(header: NonNull<Header>) {
        // SAFETY: the caller has the parcel, and it is of this type; `stage` says what it holds.
        unsafe {
            let parcel = header.cast::<Parcel<F, R>>().as_ref();
            let contents = parcel.contents.get();
            match parcel.header.stage.replace(Stage::Nothing) {
                Stage::Closure => ManuallyDrop::drop(&mut (*contents).closure),
                Stage::Future => ManuallyDrop::drop(&mut (*contents).future),
                Stage::Output => ManuallyDrop::drop(&mut (*contents).output),
                Stage::Panic => ManuallyDrop::drop(&mut (*contents).panic),
                Stage::Nothing | Stage::Refused => {}
            }
        }
    }
}

/// Whether this shard stops, and the others with it.
fn stops() -> bool {
    reactor::with(|reactor| reactor.is_stopping()).unwrap_or(true)
}

fn report(header: &Header, panic: &(dyn Any + Send)) {
    let message = task::panic_message(panic);
    say!(Error, "A call from shard {}, made at {}, panicked: {message}", header.caller, header.called_at,);
}

/// Packs a call; gives the closure back when there is no memory.
///
/// # Safety
///
/// The closure and the future's output are `Send`, and all three types are `'static`: it is unpacked on another thread.
#[inline]
pub(super) unsafe fn pack<F: FnOnce() -> R, R: Future>(
    caller: u32,
    called_at: &'static Location<'static>,
    closure: F,
) -> Result<NonNull<Header>, F> {
    let Some(block) = mem::take(Parcel::<F, R>::CLASS) else { return Err(closure) };
    let parcel = block.cast::<Parcel<F, R>>();
    let header = Header {
        vtable: const { &Parcel::<F, R>::VTABLE },
        called_at,
        caller,
        stage: Cell::new(Stage::Closure),
        returned: Cell::new(false),
        abandoned: Cell::new(false),
        waker: WakerSlot::new(),
        is_told: Cell::new(false),
        link: Cell::new(None),
    };
    let contents = UnsafeCell::new(Contents { closure: ManuallyDrop::new(closure) });
    // SAFETY: a fresh block of the class that holds a whole parcel of these types.
    unsafe { parcel.write(Parcel { header, contents }) };
    Ok(parcel.cast())
}

/// Takes the result out of a parcel that came back with one.
///
/// # Safety
///
/// The parcel is the caller's again and was packed with these types.
pub(super) unsafe fn take<F, R: Future>(header: NonNull<Header>) -> Result<R::Output, Box<dyn Any + Send>> {
    // SAFETY: promised by the caller; `stage` says what the contents hold.
    unsafe {
        let parcel = header.cast::<Parcel<F, R>>().as_ref();
        let contents = parcel.contents.get();
        match parcel.header.stage.replace(Stage::Nothing) {
            Stage::Output => Ok(ManuallyDrop::take(&mut (*contents).output)),
            Stage::Panic => Err(ManuallyDrop::take(&mut (*contents).panic)),
            other => unreachable!("a parcel came back in stage {other:?}"),
        }
    }
}

/// Drops what a parcel of the caller holds, and frees it.
///
/// # Safety
///
/// The parcel is the caller's, who does not use it any more.
pub(super) unsafe fn free(header: NonNull<Header>) {
    // SAFETY: promised by the caller.
    unsafe {
        let vtable = header.as_ref().vtable;
        let block = GiveBack { class: vtable.class, block: header.cast() };
        (vtable.clear)(header);
        header.as_ref().waker.clear();
        drop(block);
    }
}

/// Gives a block back to the arena, also when what was in it panics.
struct GiveBack {
    class: usize,
    block: NonNull<u8>,
}

impl Drop for GiveBack {
    fn drop(&mut self) {
        // SAFETY: made by `free` only, whose caller does not use the parcel any more.
        unsafe { mem::give(self.class, self.block) };
    }
}

/// A parcel on the shard that it was sent to: the fiber that runs it. Sends it back when dropped.
pub(super) struct Visit {
    header: NonNull<Header>,
}

impl Visit {
    /// # Safety
    ///
    /// The parcel was sent to this shard, which has it from now on.
    pub(super) unsafe fn new(header: NonNull<Header>) -> Visit {
        Visit { header }
    }

    pub(super) fn called_at(&self) -> &'static Location<'static> {
        // SAFETY: the visit has the parcel.
        unsafe { self.header.as_ref() }.called_at
    }
}

impl Future for Visit {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the visit has the parcel.
        match unsafe { (self.header.as_ref().vtable.poll)(self.header, context) } {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // SAFETY: the visit has the parcel until it is sent back, which is the last thing done with it.
        let header = unsafe { self.header.as_ref() };
        if matches!(header.stage.get(), Stage::Closure | Stage::Future) {
            // SAFETY: as above.
            let cleared = catch_unwind(AssertUnwindSafe(|| unsafe { (header.vtable.clear)(self.header) }));
            if let Err(panic) = cleared {
                report(header, &*panic);
            }
            if !stops() {
                header.stage.set(Stage::Refused);
            }
        }
        mesh::send_back(self.header);
    }
}
