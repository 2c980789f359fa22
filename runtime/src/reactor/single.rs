//! Operations that complete once, as futures.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::source::{Shared, Source};
use super::state::{self, Reactor};
use crate::sys::op::{Completion, Op};
use crate::task::WakerSlot;

/// What an operation needs until its completion, and nobody else may touch.
pub(crate) trait Payload: 'static {
    /// The operation on it.
    ///
    /// Called once, when the payload lies where it will stay. Pointers go into the payload or to what it owns.
    fn op(&self) -> Op;
}

/// An operation in flight. Dropping the future cancels it; the payload stays until the kernel is done.
pub(crate) struct Single<P: Payload> {
    state: Shared<State<P>>,
}

struct State<P> {
    result: Cell<Option<i32>>,
    waker: WakerSlot,
    payload: P,
}

impl<P: Payload> Source for State<P> {
    fn complete(this: &Shared<Self>, _: &Reactor, _tag: u8, completion: Completion) {
        this.result.set(Some(completion.result()));
        this.waker.wake();
    }
}

impl<P: Payload> Single<P> {
    /// Submits the operation. Fails when there is no memory, or off a shard.
    pub(crate) fn submit(payload: P) -> io::Result<Single<P>> {
        let state = State { result: Cell::new(None), waker: WakerSlot::new(), payload };
        let Ok(state) = Shared::new(state) else { return Err(io::ErrorKind::OutOfMemory.into()) };
        let op = state.payload.op();
        // SAFETY: by the contract of `Payload`, pointers lead into the payload or to what it owns, and
        // the state lives until the completion.
        let submitted = state::with(|reactor| unsafe { reactor.submit(op, state.share(), 0) });
        submitted.ok_or(io::ErrorKind::Unsupported)??;
        Ok(Single { state })
    }

    pub(crate) fn payload(&self) -> &P {
        &self.state.payload
    }
}

impl<P: Payload> Future for Single<P> {
    type Output = io::Result<i32>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<i32>> {
        match self.state.result.get() {
            Some(result) if result < 0 => Poll::Ready(Err(io::Error::from_raw_os_error(-result))),
            Some(result) => Poll::Ready(Ok(result)),
            None => {
                self.state.waker.set(context.waker());
                Poll::Pending
            }
        }
    }
}

impl<P: Payload> Drop for Single<P> {
    fn drop(&mut self) {
        if self.state.result.get().is_none() {
            state::with(|reactor| reactor.cancel(&self.state, 0));
        }
    }
}
