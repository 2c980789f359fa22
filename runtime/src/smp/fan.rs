//! Calls to several shards at once, whose answers come in the order of the shards.
//!
//! All are sent when the first answer is asked for. Each keeps its answer in its own parcel until it is its turn, so
//! that no other memory is needed.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::mesh;
use super::parcel::{self, Header};
use super::submit::{CallFailure, abandon, poll_answer};

/// Which shards are called.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    range: Range<usize>,
    except: Option<usize>,
}

impl Targets {
    /// Shards of a range, which all exist.
    pub(crate) fn range(range: Range<usize>) -> Targets {
        Targets { range, except: None }
    }

    /// These, but for one of them.
    pub(crate) fn except(self, shard: Option<usize>) -> Targets {
        Targets { except: shard, ..self }
    }
}

impl Iterator for Targets {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let except = self.except;
        self.range.find(|shard| Some(*shard) != except)
    }
}

/// A shard and what its call came to.
type Answer<T> = (usize, Result<T, CallFailure>);

/// One call to each of several shards.
pub(crate) struct Fan<F, R: Future> {
    call: Option<F>,
    called_at: &'static Location<'static>,
    /// Shards whose answer was not given yet.
    targets: Targets,
    /// The first parcel whose answer was not given yet; the others follow it in the order of their shards.
    away: Option<NonNull<Header>>,
    here: Here<R>,
}

/// The call to the caller's own shard, which is run in place.
enum Here<R: Future> {
    Not,
    Runs(R),
    Done(Result<R::Output, CallFailure>),
}

impl<F, R> Fan<F, R>
where
    F: FnOnce() -> R + Clone + Send + 'static,
    R: Future<Output: Send + 'static> + 'static,
{
    pub(crate) fn new(targets: Targets, called_at: &'static Location<'static>, call: F) -> Fan<F, R> {
        Fan { call: Some(call), called_at, targets, away: None, here: Here::Not }
    }

    /// The next shard and its answer; nothing after the last.
    #[inline]
    pub(crate) async fn next(self: &mut Pin<&mut Self>) -> Option<Answer<R::Output>> {
        poll_fn(|context| self.as_mut().poll_next(context)).await
    }

    pub(super) fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Answer<R::Output>>> {
        // SAFETY: only the future in `here` is pinned, and it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        if let Some(call) = this.call.take() {
            this.launch(call);
        }
        this.here.poll(context);
        let Some(shard) = this.targets.clone().next() else { return Poll::Ready(None) };
        let answer = if shard == mesh::this_shard() {
            match &this.here {
                Here::Runs(_) => return Poll::Pending,
                _ => this.here.take(),
            }
        } else if let Some(header) = this.away {
            // SAFETY: this caller's part of a parcel that is away.
            let next = unsafe { header.as_ref() }.link.get();
            // SAFETY: sent by `launch` with these types, and not used after its answer.
            let Poll::Ready(answer) = (unsafe { poll_answer::<F, R>(header, context) }) else {
                return Poll::Pending;
            };
            this.away = next.map(NonNull::cast);
            answer
        } else {
            Err(CallFailure::NoMemoryHere)
        };
        this.targets.next();
        Poll::Ready(Some((shard, answer)))
    }

    /// Sends all calls, others first: they run while this shard does its own part.
    fn launch(&mut self, call: F) {
        let own = mesh::this_shard();
        let mut last: Option<NonNull<Header>> = None;
        for shard in self.targets.clone() {
            if shard == own {
                continue;
            }
            // SAFETY: the bounds of `new` say that all of it may be sent.
            let packed = unsafe { parcel::pack(own as u32, self.called_at, call.clone()) };
            // Those without a parcel find none when it is their turn.
            let Ok(header) = packed else { break };
            match last.replace(header) {
                // SAFETY: this caller's part of a parcel that is away.
                Some(last) => unsafe { last.as_ref() }.link.set(Some(header.cast())),
                None => self.away = Some(header),
            }
            mesh::send(shard as u32, header);
        }
        if self.targets.clone().any(|shard| shard == own) {
            let made = catch_unwind(AssertUnwindSafe(call));
            self.here = made.map_or_else(|panic| Here::Done(Err(CallFailure::Panicked(panic))), Here::Runs);
        }
    }
}

impl<R: Future> Here<R> {
    fn poll(&mut self, context: &mut Context<'_>) {
        let Here::Runs(future) = self else { return };
        // SAFETY: it lies in a pinned `Fan`, which drops it where it is.
        let future = unsafe { Pin::new_unchecked(future) };
        let done = match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        let dropped = catch_unwind(AssertUnwindSafe(|| *self = Here::Not));
        *self = Here::Done(done.and_then(|output| dropped.map(|()| output)).map_err(CallFailure::Panicked));
    }

    /// The answer, once there is one.
    fn take(&mut self) -> Result<R::Output, CallFailure> {
        match std::mem::replace(self, Here::Not) {
            Here::Done(answer) => answer,
            _ => unreachable!("the answer of the own shard is taken once"),
        }
    }
}

impl<F, R: Future> Drop for Fan<F, R> {
    fn drop(&mut self) {
        while let Some(header) = self.away {
            // SAFETY: this caller's part of a parcel that is away, of which `abandon` is the last use.
            unsafe {
                self.away = header.as_ref().link.get().map(NonNull::cast);
                abandon(header);
            }
        }
    }
}
