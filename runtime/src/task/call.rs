//! The future of a `#[seastar::task]` function: its arguments until the first poll, then its body.
//!
//! An `async fn` holds its arguments twice, as captures and as the locals that they are bound to, because
//! both are alive. Here the captures are one variant and the body another, in the same place: at the
//! first poll the arguments go by way of the stack into locals of the body, which may then move them on.

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

/// A call that was made: a future of what the function returns.
pub struct Call<A, F, B> {
    state: State<A, F, B>,
}

enum State<A, F, B> {
    /// Never polled. Dropped in this order, as an `async fn` drops: `self`, which only `body` can
    /// hold, then the other arguments.
    Start {
        body: F,
        args: A,
    },
    Running(B),
    /// Between the two. Nobody sees it unless making the body panics.
    Nothing,
}

thread_local! {
    /// The arguments of the call whose body is about to begin. They go this way because what a body
    /// captures it keeps for ever: a pointer would be eight bytes in each future.
    static HANDED_OVER: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Until it is dropped, arguments are handed over; then those are again whose body is about to go on. (What a body drops
/// between two of its arguments may poll another call.)
struct Handing(*const ());

impl Drop for Handing {
    #[inline]
    fn drop(&mut self) {
        HANDED_OVER.set(self.0);
    }
}

/// Where a body finds the arguments of its call.
pub struct Arguments<A>(PhantomData<A>);

impl<A> Arguments<A> {
    /// The arguments, for the body to move them out one by one.
    ///
    /// To be asked for in the body's first poll, before anything else is done. They are there until
    /// that poll ends, and nobody else drops what is not moved out.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const A {
        HANDED_OVER.get().cast()
    }
}

/// A call with `args`, whose `body` begins by moving them out of where it finds them.
#[inline(always)]
pub fn call<A, F, B>(args: A, body: F) -> Call<A, F, B>
where
    F: FnOnce(Arguments<A>) -> B,
    B: Future,
{
    Call { state: State::Start { body, args } }
}

/// [`call`] for a function that only has a size when its type parameters are known.
///
/// Too large is an error when the program is built, and not yet when it is checked.
#[inline(always)]
pub fn call_within<const MAX: usize, A, F, B>(args: A, body: F) -> Call<A, F, B>
where
    F: FnOnce(Arguments<A>) -> B,
    B: Future,
{
    const { super::budget::check(size_of::<Call<A, F, B>>(), MAX) };
    call(args, body)
}

impl<A, F, B> Future for Call<A, F, B>
where
    F: FnOnce(Arguments<A>) -> B,
    B: Future,
{
    type Output = B::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<B::Output> {
        // SAFETY: a body is never moved once it is in its place; what is moved below was not pinned.
        let state = unsafe { &mut self.get_unchecked_mut().state };
        if let State::Start { body, args } = state {
            // SAFETY: the state forgets both at once.
            let (body, args) = unsafe { (ptr::read(body), ManuallyDrop::new(ptr::read(args))) };
            // SAFETY: as above.
            unsafe { ptr::write(state, State::Nothing) };
            *state = State::Running(body(Arguments(PhantomData)));
            let _handing = Handing(HANDED_OVER.replace((&raw const *args).cast()));
            return poll_body(state, context);
        }
        poll_body(state, context)
    }
}

#[inline(always)]
fn poll_body<A, F, B: Future>(state: &mut State<A, F, B>, context: &mut Context<'_>) -> Poll<B::Output> {
    match state {
        // SAFETY: as in `poll`: it stays here until it is dropped.
        State::Running(body) => unsafe { Pin::new_unchecked(body) }.poll(context),
        _ => unreachable!("a call whose body could not be made was polled again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::rc::Rc;
    use std::task::Waker;

    fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn arguments_reach_the_body_at_the_first_poll() {
        let argument = Rc::new(7);
        let double = pin!(call((argument.clone(),), |args| async move {
            // SAFETY: moved out once, at the first poll.
            let argument = unsafe { ptr::read(&raw const (*args.as_ptr()).0) };
            *argument * 2
        }));
        assert_eq!(Rc::strong_count(&argument), 2);
        assert_eq!(poll_once(double), Poll::Ready(14));
        assert_eq!(Rc::strong_count(&argument), 1);
    }

    #[test]
    fn a_call_that_was_never_polled_drops_its_arguments() {
        let argument = Rc::new(7);
        drop(call((argument.clone(),), |_| std::future::pending::<()>()));
        assert_eq!(Rc::strong_count(&argument), 1);
    }

    /// As for a parameter that is named like a unit struct, and so is dropped before the next one is read.
    #[test]
    fn a_call_that_is_polled_between_two_arguments_leaves_the_second_in_place() {
        let outer = pin!(call((1, String::from("second")), |args| async move {
            // SAFETY: each is moved out once, at the first poll.
            let first = unsafe { ptr::read(&raw const (*args.as_ptr()).0) };
            let inner = pin!(call((String::from("inner"),), |args| async move {
                // SAFETY: as above.
                unsafe { ptr::read(&raw const (*args.as_ptr()).0) }
            }));
            assert_eq!(poll_once(inner), Poll::Ready("inner".into()));
            // SAFETY: as above.
            let second = unsafe { ptr::read(&raw const (*args.as_ptr()).1) };
            format!("{first} {second}")
        }));
        assert_eq!(poll_once(outer), Poll::Ready("1 second".into()));
    }
}
