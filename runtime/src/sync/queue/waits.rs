//! What is waited for at a queue.

use super::super::limit::Why;
use super::super::list::{Host, List, State, Waiter};
use super::super::queue_error::{QueueError, Rejected};
use super::super::wait::Request;
use super::{Demand, Offer, Queue};

/// What [`Queue::push`] waits for.
pub struct Pushing<'a, T>(pub(super) &'a Queue<T>);

/// What [`Queue::not_full`] waits for.
pub struct Roomy<'a, T>(pub(super) &'a Queue<T>);

/// What [`Queue::pop`] waits for.
pub struct Popping<'a, T>(pub(super) &'a Queue<T>);

/// What [`Queue::not_empty`] waits for.
pub struct Filled<'a, T>(pub(super) &'a Queue<T>);

macro_rules! host {
    ($host:ident, $list:ident, $value:ty) => {
        // SAFETY: a reference.
        unsafe impl<T> Host for $host<'_, T> {
            type Value = $value;

            #[inline]
            fn list(&self) -> &List<$value> {
                &self.0.$list
            }
        }
    };
}

host!(Pushing, pushers, Offer<T>);
host!(Roomy, pushers, Offer<T>);
host!(Popping, poppers, Demand);
host!(Filled, poppers, Demand);

impl<T> Request for Pushing<'_, T> {
    type Output = Result<(), Rejected<T>>;
    type Limited = Self::Output;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        let queue = waiter.host().0;
        if !queue.has_room() {
            return None;
        }
        if let Offer::Item(item) = waiter.replace_value(Offer::Taken) {
            // SAFETY: there is room, and nothing has run since that could fill it.
            unsafe { queue.add(item) };
        }
        Some(Ok(()))
    }

    #[inline]
    fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.aborted.get().then(|| rejected(waiter, QueueError::Closed))
    }

    #[inline]
    fn woken(waiter: &Waiter<Self>, state: State) -> Option<Self::Output> {
        Some(if state == State::Granted { Ok(()) } else { rejected(waiter, QueueError::Closed) })
    }

    fn hand_on(_: &Waiter<Self>, _: State) {}

    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(waiter: &Waiter<Self>, why: Why) -> Self::Output {
        rejected(waiter, why.into())
    }
}

/// The item, unless it is in the queue.
#[cold]
#[inline(never)]
fn rejected<T>(waiter: &Waiter<Pushing<'_, T>>, why: QueueError) -> Result<(), Rejected<T>> {
    match waiter.replace_value(Offer::Taken) {
        Offer::Item(item) => Err(Rejected { item, why }),
        _ => Ok(()),
    }
}

impl<T> Request for Popping<'_, T> {
    type Output = Result<T, QueueError>;
    type Limited = Self::Output;

    #[inline]
    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.take_free().map(Ok)
    }

    #[inline]
    fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.aborted.get().then_some(Err(QueueError::Closed))
    }

    #[inline]
    fn woken(waiter: &Waiter<Self>, _: State) -> Option<Self::Output> {
        let queue = waiter.host().0;
        if queue.aborted.get() {
            return Some(Err(QueueError::Closed));
        }
        queue.promised.set(queue.promised.get() - 1);
        queue.take().map(Ok)
    }

    fn hand_on(waiter: &Waiter<Self>, state: State) {
        let queue = waiter.host().0;
        if state == State::Granted && !queue.aborted.get() {
            queue.promised.set(queue.promised.get() - 1);
            queue.serve_poppers();
        }
    }

    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Self::Output {
        Err(why.into())
    }
}

macro_rules! news {
    ($host:ident, $there:expr) => {
        impl<T> Request for $host<'_, T> {
            type Output = Result<(), QueueError>;
            type Limited = Self::Output;

            fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
                let there: fn(&Queue<T>) -> bool = $there;
                there(waiter.host().0).then_some(Ok(()))
            }

            fn hopeless(waiter: &Waiter<Self>) -> Option<Self::Output> {
                waiter.host().0.aborted.get().then_some(Err(QueueError::Closed))
            }

            fn woken(waiter: &Waiter<Self>, _: State) -> Option<Self::Output> {
                let aborted = waiter.host().0.aborted.get();
                Some(if aborted { Err(QueueError::Closed) } else { Ok(()) })
            }

            fn hand_on(_: &Waiter<Self>, _: State) {}

            fn granted(output: Self::Output) -> Self::Output {
                output
            }

            fn given_up(_: &Waiter<Self>, why: Why) -> Self::Output {
                Err(why.into())
            }
        }
    };
}

news!(Filled, |queue| queue.free_items() > 0);
news!(Roomy, |queue| queue.has_room());
