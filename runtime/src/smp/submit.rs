//! `submit_to`: running something on another shard.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::mesh;
use super::message::Message;
use super::parcel::{self, Header, Stage};
use crate::task;

/// Runs `call` on `shard` and returns its result.
///
/// The closure travels there, so it has to be `Send`; the future it makes runs there and stays there,
/// so that need not be. On the calling shard itself the future is run in place (SMP-1). Nothing is
/// allocated: closure, future and result share one block of the caller's arena.
///
/// Like all futures it starts when it is first polled. Dropping it afterwards lets the call finish on its shard;
/// the result is dropped here. A panic in the call is logged there and goes on here.
/// Calls from one shard to another start in the order in which they were made.
///
/// ```
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let there = seastar::submit_to(1, async || seastar::this_shard()).await;
///     assert_eq!(there, 1);
/// }
/// ```
///
/// # Panics
///
/// If `shard` does not exist. When polled: on a thread that is no shard, and if this shard's memory budget is
/// used up.
#[track_caller]
#[inline]
pub fn submit_to<F, R>(shard: usize, call: F) -> SubmitTo<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output: Message> + 'static,
{
    // Here, so that it is the caller's line that has panicked.
    mesh::assert_exists(shard);
    submit_at(shard, Location::caller(), call)
}

/// [`submit_to`]; `called_at` stands in reports of its failure.
#[inline]
pub(crate) fn submit_at<F, R>(shard: usize, called_at: &'static Location<'static>, call: F) -> SubmitTo<F, R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output: Message> + 'static,
{
    SubmitTo { shard, called_at, state: State::Start(call) }
}

/// The future of [`submit_to`]. Dropping it lets a call that was made run to its end.
#[must_use = "a call is made when it is awaited"]
pub struct SubmitTo<F, R: Future> {
    shard: usize,
    called_at: &'static Location<'static>,
    state: State<F, R>,
}

enum State<F, R> {
    Start(F),
    Here(R),
    Sent(NonNull<Header>),
    Done,
}

impl<F, R: Future> SubmitTo<F, R> {
    /// What makes the call, for one who makes it in another way.
    #[track_caller]
    pub(crate) fn into_parts(mut self) -> (usize, &'static Location<'static>, F) {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Start(call) => (self.shard, self.called_at, call),
            _ => panic!("limits come before a call, and this one was made"),
        }
    }

    /// Has the shard's [`WhenReturned`](mesh::WhenReturned) told this word when the call returns, also if it is dropped before. Only for
    /// calls that were just sent.
    pub(crate) fn when_returned(&self, word: NonNull<()>) {
        let State::Sent(header) = &self.state else { unreachable!("it was sent") };
        // SAFETY: the caller's part of the parcel is ours.
        let parcel = unsafe { header.as_ref() };
        parcel.link.set(Some(word));
        parcel.is_told.set(true);
    }
}

// What may be sent is asked where one is made, and not here, where a second error would say it again.
impl<F: FnOnce() -> R, R: Future> Future for SubmitTo<F, R> {
    type Output = R::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R::Output> {
        // SAFETY: only `Here` is pinned, and it is not moved once it is there.
        let this = unsafe { self.get_unchecked_mut() };
        if let State::Start(_) = this.state {
            let State::Start(call) = std::mem::replace(&mut this.state, State::Done) else { unreachable!() };
            // SAFETY: `submit_at`, which alone makes these, has asked for that.
            this.state = unsafe { start(this.shard, this.called_at, call) };
        }
        match &mut this.state {
            // SAFETY: it lies in a pinned future, as above.
            State::Here(future) => unsafe { Pin::new_unchecked(future) }.poll(context),
            State::Sent(header) => {
                let header = *header;
                // SAFETY: sent by `start` with these types, and not used after an answer.
                let Poll::Ready(answer) = (unsafe { poll_answer::<F, R>(header, context) }) else {
                    return Poll::Pending;
                };
                this.state = State::Done;
                Poll::Ready(answer.unwrap_or_else(|failure| failure.go_on(this.shard)))
            }
            State::Start(_) | State::Done => panic!("a call was polled after its end"),
        }
    }
}

/// # Safety
///
/// `call` and its result are `Send` and `'static`.
#[inline]
unsafe fn start<F: FnOnce() -> R, R: Future>(
    shard: usize,
    called_at: &'static Location<'static>,
    call: F,
) -> State<F, R> {
    if mesh::is_here(shard) {
        return State::Here(call());
    }
    // SAFETY: promised by the caller.
    match unsafe { parcel::pack(mesh::current_shard().unwrap_or(0), called_at, call) } {
        Ok(header) => {
            mesh::send(shard as u32, header);
            State::Sent(header)
        }
        Err(_) => no_memory(shard),
    }
}

/// Why a call has no result.
pub(crate) enum CallFailure {
    /// It panicked.
    Panicked(Box<dyn Any + Send>),
    /// Its shard has no memory for a fiber.
    NoMemoryThere,
    /// The caller has no memory for a parcel.
    NoMemoryHere,
}

impl CallFailure {
    /// The failure as a panic of the caller.
    #[cold]
    pub(crate) fn go_on(self, shard: usize) -> ! {
        match self {
            CallFailure::Panicked(panic) => panic::resume_unwind(panic),
            CallFailure::NoMemoryThere => {
                panic!("shard {shard} refused a call: its memory budget is used up (see --memory)")
            }
            CallFailure::NoMemoryHere => no_memory(shard),
        }
    }

    /// What [`go_on`](Self::go_on) panics with.
    pub(crate) fn into_panic(self, shard: usize) -> Box<dyn Any + Send> {
        match self {
            CallFailure::Panicked(panic) => panic,
            other => match panic::catch_unwind(AssertUnwindSafe(|| other.go_on(shard))) {
                Ok(never) => never,
                Err(panic) => panic,
            },
        }
    }
}

#[cold]
fn no_memory(shard: usize) -> ! {
    panic!("cannot call shard {shard}: the memory budget of this one is used up (see --memory)")
}

/// Whether the answer to a call has come; if so, the parcel is gone.
///
/// # Safety
///
/// The parcel is one of this shard that was sent with these types, and is not used after its answer.
#[inline]
pub(super) unsafe fn poll_answer<F, R: Future>(
    header: NonNull<Header>,
    context: &mut Context<'_>,
) -> Poll<Result<R::Output, CallFailure>> {
    // SAFETY: the caller's part of the parcel is ours wherever the parcel is.
    let parcel = unsafe { header.as_ref() };
    if !parcel.returned.get() {
        parcel.waker.set(context.waker());
        return Poll::Pending;
    }
    let refused = match parcel.stage.get() {
        // The other shard stops, and so will this one.
        Stage::Nothing => return Poll::Pending,
        stage => stage == Stage::Refused,
    };
    // SAFETY: it came back with a result or without any, was packed with these types, and is not used after.
    unsafe {
        let answer = (!refused).then(|| parcel::take::<F, R>(header));
        parcel::free(header);
        let answer = answer.map(|answer| answer.map_err(CallFailure::Panicked));
        Poll::Ready(answer.unwrap_or(Err(CallFailure::NoMemoryThere)))
    }
}

/// Nobody waits for the answer to a call any more; the parcel goes when it has returned.
///
/// # Safety
///
/// The parcel is one of this shard whose answer was not taken, and is not used after.
pub(super) unsafe fn abandon(header: NonNull<Header>) {
    // SAFETY: the caller's part of the parcel is ours; after its return all of it is.
    unsafe {
        header.as_ref().abandoned.set(true);
        if header.as_ref().returned.get() {
            parcel::free(header);
        }
    }
}

/// A parcel of this shard has come back.
///
/// # Safety
///
/// This shard has the parcel.
pub(super) unsafe fn returned(header: NonNull<Header>) {
    // SAFETY: promised by the caller.
    let parcel = unsafe { header.as_ref() };
    // Telling runs users' wakers, which may end the call: the parcel is not looked at after that.
    let told = parcel.is_told.get().then(|| parcel.link.get()).flatten();
    parcel.returned.set(true);
    if parcel.abandoned.get() {
        let called_at = parcel.called_at;
        // SAFETY: nobody waits, so this was the last use.
        let free = || unsafe { parcel::free(header) };
        // Nobody is here whom a panic of a result that nobody read could be passed on to.
        task::guarded(format_args!("The answer to a call made at {called_at}"), free);
    } else {
        parcel.waker.wake();
    }
    if let Some(word) = told {
        mesh::tell(word);
    }
}

impl<F, R: Future> Drop for SubmitTo<F, R> {
    fn drop(&mut self) {
        if let State::Sent(header) = self.state {
            // SAFETY: without an answer, and not used after.
            unsafe { abandon(header) };
        }
    }
}

impl<F, R: Future> fmt::Debug for SubmitTo<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitTo").field("shard", &self.shard).finish_non_exhaustive()
    }
}
