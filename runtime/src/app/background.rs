//! Detached work: what `background!` starts.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::mem::ShardLocal;
use crate::reactor;
use crate::smp::{submit_to, this_shard};
use crate::sync::{Gate, GateClosed, Holder, OwnedGateHolder};
use crate::task::{self, Busy};

/// Why detached work was not started. Its future was dropped.
///
/// ```
/// use seastar::sync::Gate;
/// use seastar::{NotStarted, background};
/// use std::rc::Rc;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let gate = Rc::new(Gate::new().named("requests"));
///     gate.close().await;
///     let late = background!(gate = gate, on_error = log => async {});
///     assert!(matches!(late, Err(NotStarted::GateClosed(_))));
///     assert_eq!(late.unwrap_err().to_string(), "requests gate closed");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// Nothing may begin any more.
    GateClosed(GateClosed),
    /// There is no memory for another fiber.
    Busy(Busy),
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotStarted::GateClosed(closed) => closed.fmt(f),
            NotStarted::Busy(busy) => busy.fmt(f),
        }
    }
}

impl std::error::Error for NotStarted {}

impl From<Busy> for NotStarted {
    fn from(busy: Busy) -> NotStarted {
        NotStarted::Busy(busy)
    }
}

/// A gate that outlives whoever starts a fiber.
#[diagnostic::on_unimplemented(
    message = "the fiber outlives this function, and a `{Self}` may not; share the gate as `Rc<Gate>`",
    label = "not a gate that the fiber can keep",
    note = "`Rc<Gate>`, `&'static Gate`, a `#[seastar::shard_local]` gate and `OwnedGateHolder` will do; `gate = none` is for work that nobody waits for"
)]
pub trait Entry {
    /// Keeps the gate from closing.
    type Holder: 'static;
    /// Why work does not start.
    type Refusal: From<Busy>;

    /// Goes in.
    fn enter(&self) -> Result<Self::Holder, Self::Refusal>;

    /// Whether what is inside is a service's own.
    fn is_daemon(&self) -> bool;
}

/// `gate = none`.
pub struct NoGate;

impl Entry for NoGate {
    type Holder = ();
    type Refusal = Busy;

    fn enter(&self) -> Result<(), Busy> {
        Ok(())
    }

    fn is_daemon(&self) -> bool {
        false
    }
}

impl Entry for Rc<Gate> {
    type Holder = OwnedGateHolder;
    type Refusal = NotStarted;

    fn enter(&self) -> Result<OwnedGateHolder, NotStarted> {
        self.hold_owned().map_err(NotStarted::GateClosed)
    }

    fn is_daemon(&self) -> bool {
        Gate::is_daemon(self)
    }
}

impl Entry for &'static Gate {
    type Holder = Holder<&'static Gate>;
    type Refusal = NotStarted;

    fn enter(&self) -> Result<Self::Holder, NotStarted> {
        self.hold().map_err(NotStarted::GateClosed)
    }

    fn is_daemon(&self) -> bool {
        Gate::is_daemon(self)
    }
}

/// The shard's own, which outlives its fibers.
impl Entry for ShardLocal<Gate> {
    type Holder = Holder<&'static Gate>;
    type Refusal = NotStarted;

    fn enter(&self) -> Result<Self::Holder, NotStarted> {
        ShardLocal::get(self).hold().map_err(NotStarted::GateClosed)
    }

    fn is_daemon(&self) -> bool {
        ShardLocal::get(self).is_daemon()
    }
}

impl Entry for OwnedGateHolder {
    type Holder = OwnedGateHolder;
    type Refusal = NotStarted;

    fn enter(&self) -> Result<OwnedGateHolder, NotStarted> {
        Ok(self.clone())
    }

    fn is_daemon(&self) -> bool {
        OwnedGateHolder::is_daemon(self)
    }
}

impl<E: Entry> Entry for &E {
    type Holder = E::Holder;
    type Refusal = E::Refusal;

    fn enter(&self) -> Result<E::Holder, E::Refusal> {
        (**self).enter()
    }

    fn is_daemon(&self) -> bool {
        (**self).is_daemon()
    }
}

/// What to do with the failure of detached work.
pub trait OnError<E> {
    /// The work that was started at a place failed.
    fn failed(self, error: E, started_at: &'static Location<'static>);
}

/// `on_error = log`.
pub struct Log;
/// `on_error = ignore`.
pub struct Ignore;
/// `on_error = stop`.
pub struct Stop;
/// `on_error = closure`.
pub struct Call<C>(pub C);

impl<E: fmt::Debug> OnError<E> for Log {
    fn failed(self, error: E, started_at: &'static Location<'static>) {
        say!(Error, "Background work failed: the one started at {started_at} returned {error:?}");
    }
}

impl<E> OnError<E> for Ignore {
    fn failed(self, _: E, _: &'static Location<'static>) {}
}

impl<E: fmt::Debug> OnError<E> for Stop {
    fn failed(self, error: E, started_at: &'static Location<'static>) {
        say!(
            Error,
            "Stopping, because background work failed: the one started at {started_at} returned {error:?}"
        );
        ask_to_stop();
    }
}

impl<E, C: FnOnce(E)> OnError<E> for Call<C> {
    fn failed(self, error: E, _: &'static Location<'static>) {
        self.0(error);
    }
}

/// Tells the first shard, which decides when the program stops.
fn ask_to_stop() {
    let ask = || reactor::with(|reactor| reactor.ask_to_stop());
    if this_shard() == 0 {
        ask();
        return;
    }
    let tell = async move {
        submit_to(0, async move || {
            ask();
        })
        .await;
    };
    if let Err(busy) = task::spawn_detached(tell, Location::caller()) {
        say!(Error, "The program cannot be stopped from shard {}: {busy}", this_shard());
    }
}

type Never = <fn() -> ! as Returns>::Output;

/// A way to name the type `!`.
trait Returns {
    type Output;
}

impl<R> Returns for fn() -> R {
    type Output = R;
}

/// What detached work may return.
#[diagnostic::on_unimplemented(
    message = "background work returns `()` or `Result<(), E>`, and this returns `{Self}`",
    label = "returns `{Self}`",
    note = "nobody reads its value; `seastar::spawn` gives a handle to read it by"
)]
pub trait Ended<P> {
    /// Does what the policy says, if it failed.
    fn settle(self, policy: P, started_at: &'static Location<'static>);
}

impl<P> Ended<P> for () {
    fn settle(self, _: P, _: &'static Location<'static>) {}
}

#[expect(private_interfaces, reason = "it is `!`")]
impl<P> Ended<P> for Never {
    fn settle(self, _: P, _: &'static Location<'static>) {}
}

impl<E, P: OnError<E>> Ended<P> for Result<(), E> {
    fn settle(self, policy: P, started_at: &'static Location<'static>) {
        if let Err(error) = self {
            policy.failed(error, started_at);
        }
    }
}

/// Detached work. The gate is left last.
struct Background<F, P, H> {
    future: F,
    policy: Option<P>,
    started_at: &'static Location<'static>,
    _holder: H,
}

impl<F: Future<Output: Ended<P>>, P, H> Future for Background<F, P, H> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future is pinned with `self` and never moved; nothing else in there is pinned.
        let (future, policy, started_at) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), &mut this.policy, this.started_at)
        };
        let output = ready!(future.poll(context));
        if let Some(policy) = policy.take() {
            output.settle(policy, started_at);
        }
        Poll::Ready(())
    }
}

/// Starts detached work.
#[track_caller]
pub fn background<G, P, F>(gate: &G, policy: P, future: F) -> Result<(), G::Refusal>
where
    G: Entry,
    P: 'static,
    F: Future<Output: Ended<P>> + 'static,
{
    let started_at = Location::caller();
    let holder = gate.enter()?;
    let work = Background { future, policy: Some(policy), started_at, _holder: holder };
    match gate.is_daemon() {
        true => Ok(task::spawn_daemon(work, started_at)?),
        false => Ok(task::spawn_detached(work, started_at)?),
    }
}

/// [`background`] with a closure, whose parameter has its type from the future.
#[track_caller]
pub fn background_calling<G, E, C, F>(gate: &G, call: C, future: F) -> Result<(), G::Refusal>
where
    G: Entry,
    C: FnOnce(E) + 'static,
    F: Future<Output = Result<(), E>> + 'static,
{
    background(gate, Call(call), future)
}
