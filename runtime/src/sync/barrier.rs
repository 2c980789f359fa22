//! A point that fibers pass together.

use std::fmt;

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::wait::{GaveUp, Request, Wait};

/// A point where so many fibers wait for each other, any number of times.
///
/// A fiber that stops waiting has not arrived.
///
/// ```
/// use seastar::sync::Barrier;
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let barrier = Rc::new(Barrier::new(3));
///     let fibers = [0; 3].map(|_| {
///         let barrier = barrier.clone();
///         seastar::spawn(async move { barrier.wait().await })
///     });
///     let mut leaders = 0;
///     for fiber in fibers {
///         leaders += usize::from(fiber.await.unwrap());
///     }
///     assert_eq!(leaders, 1);
/// }
/// ```
pub struct Barrier {
    fibers: usize,
    waiters: List<()>,
}

impl Barrier {
    /// A barrier for so many `fibers`.
    ///
    /// # Panics
    ///
    /// For none.
    pub const fn new(fibers: usize) -> Barrier {
        assert!(fibers > 0, "a barrier for no fiber at all");
        Barrier { fibers, waiters: List::new() }
    }

    /// Waits until as many wait as the barrier is for. `true` for the one that came last.
    pub fn wait(&self) -> Wait<Arrival<'_>> {
        Wait::new(Arrival(self), ())
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Barrier");
        debug.field("fibers", &self.fibers).field("waiting", &self.waiters.fresh()).finish()
    }
}

/// What [`Barrier::wait`] waits for.
pub struct Arrival<'a>(&'a Barrier);

// SAFETY: a reference.
unsafe impl Host for Arrival<'_> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.0.waiters
    }
}

impl Request for Arrival<'_> {
    type Output = bool;
    type Limited = Result<bool, GaveUp>;

    fn take_now(waiter: &Waiter<Self>) -> Option<bool> {
        let Barrier { fibers, waiters } = waiter.host().0;
        let last = waiters.fresh() + 1 == *fibers;
        last.then(|| waiters.wake_all(State::Told))?;
        Some(true)
    }

    fn woken(_: &Waiter<Self>, _: State) -> Option<bool> {
        Some(false)
    }

    fn hand_on(_: &Waiter<Self>, _: State) {}

    fn granted(last: bool) -> Result<bool, GaveUp> {
        Ok(last)
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Result<bool, GaveUp> {
        Err(why.into())
    }
}
