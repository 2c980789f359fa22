//! Waiting until something has changed.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::wait::{Request, Wait};

/// Fibers that wait until another says that something has changed (LOCK-4).
///
/// No mutex belongs to it: what fibers of one shard look at does not change between two awaits.
///
/// ```
/// use seastar::sync::Condvar;
/// use std::{cell::Cell, rc::Rc};
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let shared = Rc::new((Condvar::new(), Cell::new(0)));
///     let copy = shared.clone();
///     let fiber = seastar::spawn(async move {
///         let (changed, count) = &*copy;
///         changed.wait_until(|| count.get() == 3).await.unwrap();
///     });
///     for _ in 0..3 {
///         shared.1.set(shared.1.get() + 1);
///         shared.0.broadcast();
///         seastar::yield_now().await;
///     }
///     fiber.await.unwrap();
/// }
/// ```
#[doc(alias = "Notify")]
pub struct Condvar {
    /// A signal that nobody has waited for yet.
    latched: Cell<bool>,
    broken: Cell<bool>,
    waiters: List<()>,
}

impl Condvar {
    /// A condition variable that nobody waits for.
    pub const fn new() -> Condvar {
        Condvar { latched: Cell::new(false), broken: Cell::new(false), waiters: List::new() }
    }

    /// Waits for a [signal](Self::signal) or a [broadcast](Self::broadcast).
    ///
    /// Dropping the future leaves the line; a signal that it was given goes to the next.
    ///
    /// # Errors
    ///
    /// [`CondvarError::Broken`] once it is [broken](Self::broken), and why the wait was [given up](super::Limit).
    ///
    /// ```
    /// use seastar::sync::{Condvar, CondvarError, Limit};
    /// use std::time::Duration;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let changed = Condvar::new();
    ///     let quiet = changed.wait().within(Duration::from_millis(1)).await;
    ///     assert_eq!(quiet, Err(CondvarError::TimedOut));
    ///     changed.signal(); // nobody waits, so it is kept for the next
    ///     assert_eq!(changed.wait().await, Ok(()));
    /// }
    /// ```
    pub fn wait(&self) -> Wait<Signalled<'_>> {
        Wait::new(Signalled(self), ())
    }

    /// Waits until `condition` holds: looks now, and whenever it is woken. While it does not, it queues again at the end.
    ///
    /// What the condition looks at is in a [`Cell`] or the like, because others change it meanwhile. Dropping the future and errors are as for
    /// [`wait`](Self::wait).
    pub fn wait_until<F: FnMut() -> bool>(&self, condition: F) -> Wait<Holds<'_, F>> {
        Wait::new(Holds(self, RefCell::new(condition)), ())
    }

    /// Wakes the one that has waited longest. If nobody waits, the next to wait need not, once.
    ///
    /// A waiter that is dropped when it was woken but has not run yet passes the signal on.
    pub fn signal(&self) {
        if !self.broken.get() && !self.waiters.wake_front(State::Granted) {
            self.latched.set(true);
        }
    }

    /// Wakes all who wait now; later ones will wait.
    pub fn broadcast(&self) {
        self.waiters.wake_all(State::Told);
    }

    /// Lets all who wait now fail, and everybody later.
    ///
    /// ```
    /// use seastar::sync::{Condvar, CondvarError};
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let changed = Condvar::new();
    ///     changed.broken();
    ///     assert_eq!(changed.wait().await, Err(CondvarError::Broken));
    /// }
    /// ```
    pub fn broken(&self) {
        self.broken.set(true);
        self.waiters.wake_all(State::Refused);
    }

    /// How many wait.
    ///
    /// ```
    /// use seastar::sync::Condvar;
    /// use std::rc::Rc;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let changed = Rc::new(Condvar::new());
    ///     let waiter = changed.clone();
    ///     let fiber = seastar::spawn(async move { waiter.wait().await });
    ///     seastar::yield_now().await;
    ///     assert_eq!(changed.waiters(), 1);
    ///     changed.signal();
    ///     assert_eq!(fiber.await.unwrap(), Ok(()));
    /// }
    /// ```
    pub fn waiters(&self) -> usize {
        self.waiters.len()
    }

    /// What a wait without a condition finds.
    fn take_now(&self) -> Option<Result<(), CondvarError>> {
        if self.broken.get() {
            return Some(Err(CondvarError::Broken));
        }
        self.latched.take().then_some(Ok(()))
    }

    fn hand_on(&self, state: State) {
        if state == State::Granted {
            self.signal();
        }
    }
}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Condvar");
        debug.field("waiters", &self.waiters()).field("broken", &self.broken.get()).finish_non_exhaustive()
    }
}

/// What [`Condvar::wait`] waits for.
pub struct Signalled<'a>(&'a Condvar);

/// What [`Condvar::wait_until`] waits for.
pub struct Holds<'a, F>(&'a Condvar, RefCell<F>);

// SAFETY: a reference.
unsafe impl Host for Signalled<'_> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.0.waiters
    }
}

// SAFETY: a reference.
unsafe impl<F> Host for Holds<'_, F> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.0.waiters
    }
}

impl Request for Signalled<'_> {
    type Output = Result<(), CondvarError>;
    type Limited = Self::Output;

    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        waiter.host().0.take_now()
    }

    fn woken(_: &Waiter<Self>, state: State) -> Option<Self::Output> {
        Some(if state == State::Refused { Err(CondvarError::Broken) } else { Ok(()) })
    }

    fn hand_on(waiter: &Waiter<Self>, state: State) {
        waiter.host().0.hand_on(state);
    }

    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Self::Output {
        Err(why.into())
    }
}

impl<F: FnMut() -> bool> Request for Holds<'_, F> {
    type Output = Result<(), CondvarError>;
    type Limited = Self::Output;

    fn take_now(waiter: &Waiter<Self>) -> Option<Self::Output> {
        let Holds(condvar, condition) = waiter.host();
        loop {
            if (condition.borrow_mut())() {
                return Some(Ok(()));
            }
            match condvar.take_now() {
                Some(Ok(())) => {}
                broken_or_nothing => return broken_or_nothing,
            }
        }
    }

    fn woken(waiter: &Waiter<Self>, _: State) -> Option<Self::Output> {
        Self::take_now(waiter)
    }

    fn hand_on(waiter: &Waiter<Self>, state: State) {
        waiter.host().0.hand_on(state);
    }

    fn granted(output: Self::Output) -> Self::Output {
        output
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Self::Output {
        Err(why.into())
    }
}

/// Why a wait for a [`Condvar`] ended without news. [`Condvar::wait`] shows two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CondvarError {
    /// The time was up first.
    TimedOut,
    /// The [`AbortSource`](super::AbortSource) was aborted first.
    Aborted,
    /// It was [broken](Condvar::broken).
    Broken,
}

impl From<Why> for CondvarError {
    fn from(why: Why) -> CondvarError {
        match why {
            Why::TimedOut => CondvarError::TimedOut,
            Why::Aborted => CondvarError::Aborted,
        }
    }
}

impl fmt::Display for CondvarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CondvarError::TimedOut => "Condition variable timed out",
            CondvarError::Aborted => "Condition variable wait aborted",
            CondvarError::Broken => "Condition variable is broken",
        })
    }
}

impl std::error::Error for CondvarError {}
