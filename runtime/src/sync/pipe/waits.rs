//! What is waited for at a pipe.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::super::limit::Why;
use super::super::list::{Host, List, State, Waiter};
use super::super::wait::{GaveUp, Request, Wait};
use super::{BrokenPipe, PipeReader, Shared};

/// The future of [`PipeReader::read`].
#[must_use = "nothing is read until this is awaited"]
pub struct Read<'a, T> {
    pub(super) reader: &'a mut PipeReader<T>,
}

impl<T> Future for Read<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.reader.poll_read(context)
    }
}

impl<T> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.reader).finish()
    }
}

/// The future of [`PipeWriter::write`](super::PipeWriter::write).
#[must_use = "nothing is written until this is awaited"]
pub struct Write<'a, T> {
    wait: Wait<Writing<'a, T>>,
}

impl<'a, T> Write<'a, T> {
    #[inline]
    pub(super) fn new(shared: &'a Shared<T>, item: T) -> Write<'a, T> {
        Write { wait: Wait::new(Writing(shared), Some(item)) }
    }
}

impl<T> Future for Write<'_, T> {
    type Output = Result<(), BrokenPipe<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: pinned with `self`, and not moved out of it.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(context)
    }
}

impl<T> fmt::Debug for Write<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.wait).finish()
    }
}

/// A place in a pipe. The value is the item until it is in.
pub(super) struct Writing<'a, T>(&'a Shared<T>);

/// The end of the reader.
pub(super) struct Closing<'a, T>(pub(super) &'a Shared<T>);

// SAFETY: a reference.
unsafe impl<T> Host for Writing<'_, T> {
    type Value = Option<T>;

    #[inline]
    fn list(&self) -> &List<Option<T>> {
        &self.0.writes
    }
}

// SAFETY: a reference.
unsafe impl<T> Host for Closing<'_, T> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.0.closing
    }
}

impl<T> Request for Writing<'_, T> {
    type Output = Result<(), BrokenPipe<T>>;
    type Limited = Self::Output;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        let shared = waiter.host().0;
        if !shared.has_room() {
            return None;
        }
        if let Some(item) = waiter.replace_value(None) {
            // SAFETY: there is room, and nothing has run since that could fill it.
            unsafe { shared.add(item) };
        }
        Some(Ok(()))
    }

    #[inline]
    fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.reader_gone.get().then(|| broken(waiter))
    }

    #[inline]
    fn woken(waiter: &Waiter<Self>, state: State) -> Option<Self::Output> {
        Some(if state == State::Granted { Ok(()) } else { broken(waiter) })
    }

    fn hand_on(_: &Waiter<Self>, _: State) {}

    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(waiter: &Waiter<Self>, _: Why) -> Self::Output {
        broken(waiter)
    }
}

/// The item, unless it is in the pipe.
#[cold]
#[inline(never)]
fn broken<T>(waiter: &Waiter<Writing<'_, T>>) -> Result<(), BrokenPipe<T>> {
    waiter.replace_value(None).map_or(Ok(()), |item| Err(BrokenPipe(item)))
}

impl<T> Request for Closing<'_, T> {
    type Output = ();
    type Limited = Result<(), GaveUp>;

    fn take_now(waiter: &Waiter<Self>) -> Option<()> {
        waiter.host().0.reader_gone.get().then_some(())
    }

    fn woken(_: &Waiter<Self>, _: State) -> Option<()> {
        Some(())
    }

    fn hand_on(_: &Waiter<Self>, _: State) {}

    fn granted((): ()) -> Result<(), GaveUp> {
        Ok(())
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Result<(), GaveUp> {
        Err(why.into())
    }
}
