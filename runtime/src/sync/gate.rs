//! Counting work in flight, to wait for its end and to let no more begin.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::limit::Why;
use super::list::{Host, List, State, Waiter};
use super::wait::{GaveUp, Request, Wait};

/// The lowest bit says that the gate is closed; the others count who is inside.
const CLOSED: usize = 1;
const ONE: usize = 2;

/// A gate that work passes through, and that closes when all work inside is done (GATE-1).
///
/// Whoever starts work holds the gate while the work runs; whoever stops a service closes the gate: from then on nothing
/// enters, and the future of [`close`](Gate::close) is done when the last one has left.
///
/// ```
/// use seastar::sync::Gate;
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let gate = Rc::new(Gate::new().named("requests"));
///     let holder = gate.hold_owned().unwrap();
///     drop(seastar::spawn(async move {
///         seastar::yield_now().await;
///         drop(holder);
///     }));
///     gate.close().await;
///     assert_eq!(gate.hold().unwrap_err().to_string(), "requests gate closed");
/// }
/// ```
#[doc(alias("TaskTracker", "WaitGroup"))]
pub struct Gate {
    state: Cell<usize>,
    name: Option<&'static str>,
    daemon: bool,
    closing: List<()>,
}

impl Gate {
    /// An open gate.
    pub const fn new() -> Gate {
        Gate { state: Cell::new(0), name: None, daemon: false, closing: List::new() }
    }

    /// The gate with a name that its errors tell (GATE-7).
    pub const fn named(mut self, name: &'static str) -> Gate {
        self.name = Some(name);
        self
    }

    /// A gate of a service, which closes it in its [`stop`](crate::Service::stop): fibers that [`background!`](crate::background) starts behind it
    /// are [daemons](crate::JoinHandle::daemon), and do not keep the services of a program that stops from being told.
    ///
    /// ```
    /// use seastar::sync::Gate;
    /// use seastar::{Service, Sharded, background, sleep};
    /// use std::{rc::Rc, time::Duration};
    ///
    /// struct Index {
    ///     work: Rc<Gate>,
    /// }
    ///
    /// impl Index {
    ///     fn start() -> Index {
    ///         let work = Rc::new(Gate::new().named("index").daemon());
    ///         let gate = work.clone();
    ///         let tidy = async move {
    ///             while gate.check().is_ok() {
    ///                 sleep(Duration::from_millis(1)).await;
    ///             }
    ///         };
    ///         background!(gate = work, on_error = log => tidy).expect("the gate is open");
    ///         Index { work }
    ///     }
    /// }
    ///
    /// impl Service for Index {
    ///     type Stopped = ();
    ///
    ///     async fn stop(&self) {
    ///         self.work.close().await;
    ///     }
    /// }
    ///
    /// #[seastar::main(shards = 2, overprovisioned = true)]
    /// async fn main() {
    ///     Sharded::start(async |_| Index::start()).await;
    /// }
    /// ```
    pub const fn daemon(mut self) -> Gate {
        self.daemon = true;
        self
    }

    /// Whether it is one of a service.
    pub(crate) fn is_daemon(&self) -> bool {
        self.daemon
    }

    /// Enters the gate until the holder is dropped.
    ///
    /// # Errors
    ///
    /// [`GateClosed`] once the gate is closed.
    ///
    /// ```
    /// let gate = seastar::sync::Gate::new();
    /// let holder = gate.hold().unwrap();
    /// assert_eq!(gate.count(), 1);
    /// drop(holder);
    /// assert_eq!(gate.count(), 0);
    /// ```
    #[inline]
    pub fn hold(&self) -> Result<GateHolder<'_>, GateClosed> {
        self.enter()?;
        Ok(Holder { gate: self })
    }

    /// [`hold`](Self::hold) for work that lives longer than a borrow: a fiber takes the holder along.
    ///
    /// # Errors
    ///
    /// [`GateClosed`] once the gate is closed.
    #[inline]
    pub fn hold_owned(self: &Rc<Self>) -> Result<OwnedGateHolder, GateClosed> {
        self.enter()?;
        Ok(Holder { gate: self.clone() })
    }

    /// [`hold`](Self::hold) that says nothing about why not.
    ///
    /// ```
    /// let gate = seastar::sync::Gate::new();
    /// let holder = gate.try_hold().unwrap();
    /// drop(gate.close());
    /// assert!(gate.try_hold().is_none());
    /// assert_eq!(gate.count(), 1); // who was inside still is
    /// drop(holder);
    /// ```
    #[inline]
    #[must_use = "the gate is left at once when nobody keeps the holder"]
    pub fn try_hold(&self) -> Option<GateHolder<'_>> {
        self.hold().ok()
    }

    /// An error once the gate is closed, for long work to leave early by `?` (GATE-4).
    ///
    /// ```
    /// use seastar::sync::{Gate, GateClosed};
    ///
    /// fn sum(numbers: &[u32], gate: &Gate) -> Result<u32, GateClosed> {
    ///     let mut sum = 0;
    ///     for number in numbers {
    ///         gate.check()?;
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// let gate = Gate::new();
    /// assert_eq!(sum(&[1, 2], &gate), Ok(3));
    /// drop(gate.close());
    /// assert!(sum(&[1, 2], &gate).is_err());
    /// ```
    #[inline]
    pub fn check(&self) -> Result<(), GateClosed> {
        if self.is_closed() { Err(GateClosed { name: self.name }) } else { Ok(()) }
    }

    /// Closes the gate with this very call; the future is done when nobody is inside (GATE-2).
    ///
    /// May be called again, also while another call waits: each future waits for the same moment. Dropping the
    /// future stops waiting; the gate stays closed.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let gate = seastar::sync::Gate::new();
    ///     gate.close().await;
    ///     gate.close().await;
    ///     assert!(gate.is_closed());
    /// }
    /// ```
    #[must_use = "the gate is closed now, but those inside are not waited for until this is awaited"]
    pub fn close(&self) -> Wait<Closing<'_>> {
        self.state.set(self.state.get() | CLOSED);
        Wait::new(Closing(self), ())
    }

    /// Whether [`close`](Self::close) was called.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.state.get() & CLOSED != 0
    }

    /// How many are inside.
    #[inline]
    pub fn count(&self) -> usize {
        self.state.get() / ONE
    }

    #[inline]
    fn enter(&self) -> Result<(), GateClosed> {
        self.check()?;
        self.state.set(self.state.get() + ONE);
        Ok(())
    }

    #[inline]
    fn leave(&self) {
        self.state.set(self.state.get() - ONE);
        if self.state.get() == CLOSED {
            self.empty();
        }
    }

    #[cold]
    fn empty(&self) {
        self.closing.wake_all(State::Told);
    }
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Gate");
        if let Some(name) = self.name {
            debug.field("name", &name);
        }
        debug.field("count", &self.count()).field("closed", &self.is_closed()).finish()
    }
}

/// What [`Gate::close`] waits for.
pub struct Closing<'a>(&'a Gate);

// SAFETY: a reference.
unsafe impl Host for Closing<'_> {
    type Value = ();

    fn list(&self) -> &List<()> {
        &self.0.closing
    }
}

impl Request for Closing<'_> {
    type Output = ();
    type Limited = Result<(), GaveUp>;

    fn take_now(waiter: &Waiter<Self>) -> Option<()> {
        (waiter.host().0.state.get() == CLOSED).then_some(())
    }

    fn woken(waiter: &Waiter<Self>, _: State) -> Option<()> {
        // Somebody inside may have let another in meanwhile.
        Self::take_now(waiter)
    }

    fn hand_on(_: &Waiter<Self>, _: State) {}

    fn granted((): ()) -> Result<(), GaveUp> {
        Ok(())
    }

    fn given_up(_: &Waiter<Self>, why: Why) -> Result<(), GaveUp> {
        Err(why.into())
    }
}

/// A way to hold on to a gate: a borrow or an [`Rc`].
pub trait Handle: Clone {
    fn gate(&self) -> &Gate;
}

impl Handle for &Gate {
    #[inline]
    fn gate(&self) -> &Gate {
        self
    }
}

impl Handle for Rc<Gate> {
    #[inline]
    fn gate(&self) -> &Gate {
        self
    }
}

/// Somebody inside a [`Gate`], who leaves when this is dropped (GATE-5).
///
/// A clone enters once more, also when the gate is closed: work inside may split up, and the gate waits for all of it.
///
/// ```
/// let gate = seastar::sync::Gate::new();
/// let one = gate.hold().unwrap();
/// drop(gate.close());
/// let two = one.clone();
/// one.release();
/// assert_eq!(gate.count(), 1);
/// drop(two);
/// assert_eq!(gate.count(), 0);
/// ```
#[must_use = "dropping the holder leaves the gate at once"]
pub struct Holder<H: Handle> {
    gate: H,
}

/// A holder that borrows its gate. Made by [`Gate::hold`].
pub type GateHolder<'a> = Holder<&'a Gate>;

/// A holder that keeps its gate alive, for fibers. Made by [`Gate::hold_owned`].
pub type OwnedGateHolder = Holder<Rc<Gate>>;

impl<H: Handle> Holder<H> {
    /// Leaves the gate now.
    ///
    /// ```
    /// let gate = seastar::sync::Gate::new();
    /// gate.hold().unwrap().release();
    /// assert_eq!(gate.count(), 0);
    /// ```
    pub fn release(self) {}

    pub(crate) fn is_daemon(&self) -> bool {
        self.gate.gate().is_daemon()
    }
}

impl<H: Handle> Clone for Holder<H> {
    fn clone(&self) -> Holder<H> {
        let gate = self.gate.gate();
        gate.state.set(gate.state.get() + ONE);
        Holder { gate: self.gate.clone() }
    }
}

impl<H: Handle> Drop for Holder<H> {
    #[inline]
    fn drop(&mut self) {
        self.gate.gate().leave();
    }
}

impl<H: Handle> fmt::Debug for Holder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GateHolder").field(self.gate.gate()).finish()
    }
}

/// The gate is closed, so nothing may begin. What [`Gate::hold`] and [`Gate::check`] say; tells the gate's name if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateClosed {
    name: Option<&'static str>,
}

impl fmt::Display for GateClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.map_or(Ok(()), |name| write!(f, "{name} "))?;
        f.write_str("gate closed")
    }
}

impl std::error::Error for GateClosed {}
