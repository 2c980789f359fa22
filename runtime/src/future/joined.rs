//! Several futures in one: all of them, or the first.
//!
//! `when_all!` and `when_any!` put their futures into pairs of pairs, so that any number of them is one value within
//! the future that waits, and each is polled where it stands. A child whose turn it is not is polled in vain, which
//! costs less than telling the children apart as long as there are few.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Futures that are waited for together: a [`Child`], or a [`Pair`] of these.
pub trait Children {
    /// The output of a child, or a pair of outputs.
    type Outputs;

    /// Polls every child that is not done. Whether all are done now.
    fn poll_all(self: Pin<&mut Self>, context: &mut Context<'_>) -> bool;

    /// The outputs, once all are done.
    fn take(self: Pin<&mut Self>) -> Self::Outputs;
}

/// A future, and then its output in the same place.
pub enum Child<F: Future> {
    /// Not done.
    Running(F),
    /// Done; others are not.
    Done(F::Output),
    /// All are done, and the output was handed out.
    Taken,
}

impl<F: Future> Children for Child<F> {
    type Outputs = F::Output;

    #[inline]
    fn poll_all(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> bool {
        // SAFETY: the future is not moved; it is polled here, and dropped in its place by `set`.
        let Child::Running(future) = (unsafe { self.as_mut().get_unchecked_mut() }) else { return true };
        // SAFETY: it is pinned with `self`, as there is no other way to it.
        match unsafe { Pin::new_unchecked(future) }.poll(context) {
            Poll::Ready(output) => {
                self.set(Child::Done(output));
                true
            }
            Poll::Pending => false,
        }
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> F::Output {
        // SAFETY: only an output is moved out, and outputs are not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        debug_assert!(!matches!(this, Child::Running(_)), "taken too early");
        match mem::replace(this, Child::Taken) {
            Child::Done(output) => output,
            Child::Running(_) | Child::Taken => panic!("polled after it was done"),
        }
    }
}

/// Children side by side.
pub struct Pair<A, B>(pub A, pub B);

impl<A, B> Pair<A, B> {
    #[inline]
    fn project(self: Pin<&mut Self>) -> (Pin<&mut A>, Pin<&mut B>) {
        // SAFETY: both fields are pinned with `self`, and neither is moved out of it.
        unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.0), Pin::new_unchecked(&mut this.1))
        }
    }
}

impl<A: Children, B: Children> Children for Pair<A, B> {
    type Outputs = (A::Outputs, B::Outputs);

    #[inline]
    fn poll_all(self: Pin<&mut Self>, context: &mut Context<'_>) -> bool {
        let (first, others) = self.project();
        // Not `&&`: the others go on while the first one waits.
        first.poll_all(context) & others.poll_all(context)
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> Self::Outputs {
        let (first, others) = self.project();
        (first.take(), others.take())
    }
}

/// Waits until all children are done.
#[must_use = "futures do nothing unless they are awaited"]
pub struct All<C>(pub C);

impl<C: Children> Future for All<C> {
    type Output = C::Outputs;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Outputs> {
        // SAFETY: the field is pinned with `self` and is not moved out of it.
        let mut children = unsafe { self.map_unchecked_mut(|all| &mut all.0) };
        if children.as_mut().poll_all(context) { Poll::Ready(children.take()) } else { Poll::Pending }
    }
}

/// One of two.
#[derive(Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// It is the first.
    First(A),
    /// It is the second, or one of those after it.
    Second(B),
}

/// Waits until one of two futures is done; the first is looked at first.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Race<A, B>(pub A, pub B);

impl<A: Future, B: Future> Future for Race<A, B> {
    type Output = Either<A::Output, B::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both fields are pinned with `self`, and neither is moved out of it.
        let (first, second) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.0), Pin::new_unchecked(&mut this.1))
        };
        match first.poll(context) {
            Poll::Ready(output) => Poll::Ready(Either::First(output)),
            Poll::Pending => second.poll(context).map(Either::Second),
        }
    }
}

impl<C> fmt::Debug for All<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("All").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::future::{pending, poll_fn, ready};
    use std::pin::pin;
    use std::task::Waker;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Ready at the `n`-th poll; writes down each one, and its drop.
    fn ready_at<'a>(n: usize, name: char, log: &'a RefCell<String>) -> impl Future<Output = char> + 'a {
        struct Dropped<'a>(char, &'a RefCell<String>);
        impl Drop for Dropped<'_> {
            fn drop(&mut self) {
                self.1.borrow_mut().push(self.0.to_ascii_uppercase());
            }
        }
        let (dropped, mut polls) = (Dropped(name, log), 0);
        poll_fn(move |_| {
            let Dropped(name, log) = &dropped;
            log.borrow_mut().push(*name);
            polls += 1;
            if polls == n { Poll::Ready(*name) } else { Poll::Pending }
        })
    }

    #[test]
    fn all_are_polled_until_they_are_done_and_then_dropped() {
        let log = RefCell::new(String::new());
        let child = |n, name| Child::Running(ready_at(n, name, &log));
        let mut all = pin!(All(Pair(child(2, 'a'), Pair(child(1, 'b'), child(3, 'c')))));
        assert!(poll(all.as_mut()).is_pending());
        assert_eq!(log.take(), "abBc");
        assert!(poll(all.as_mut()).is_pending());
        assert_eq!(log.take(), "aAc");
        assert_eq!(poll(all.as_mut()), Poll::Ready(('a', ('b', 'c'))));
        assert_eq!(log.take(), "cC");
    }

    #[test]
    fn all_dropped_half_way_drop_what_is_left() {
        let log = RefCell::new(String::new());
        let output = std::rc::Rc::new(());
        {
            let done = Child::Running(ready(output.clone()));
            let mut all = pin!(All(Pair(done, Child::Running(ready_at(2, 'a', &log)))));
            assert!(poll(all.as_mut()).is_pending());
        }
        assert_eq!(log.take(), "aA");
        assert_eq!(std::rc::Rc::strong_count(&output), 1);
    }

    #[test]
    #[should_panic(expected = "polled after it was done")]
    fn all_are_not_polled_again() {
        let mut all = pin!(All(Child::Running(ready(1))));
        assert_eq!(poll(all.as_mut()), Poll::Ready(1));
        let _ = poll(all);
    }

    #[test]
    fn the_first_that_is_ready_wins_and_the_first_written_among_these() {
        let (a, b) = (|| ready('a'), || ready('b'));
        assert_eq!(poll(pin!(Race(a(), b()))), Poll::Ready(Either::First('a')));
        let race = Race(pending::<()>(), Race(a(), b()));
        assert_eq!(poll(pin!(race)), Poll::Ready(Either::Second(Either::First('a'))));
    }
}
