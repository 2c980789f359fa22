//! Calling another thread and waiting for the answer, next to what the machine itself takes to get there and back.

pub mod raw;
mod ring;
pub mod routed;

use crate::affinity::{self, LOAD_CPU, SERVER_CPU};
use crate::meter::{self, First};
use crate::runtimes::Runtime;
use std::marker::PhantomData;
use tokio::sync::{mpsc, oneshot};

const IN_FLIGHT: u64 = 1000;
const CALLS_IN_FLIGHT: f64 = 500_000.0;
const CALLS_POLLING: f64 = 50_000.0;
const CALLS_SLEEPING: f64 = 4_000.0;

/// What a thread without work does.
#[derive(Clone, Copy, PartialEq)]
pub enum Idle {
    Polls,
    AsByDefault,
    Sleeps,
}

/// A way to call a function on another thread: the caller is on CPU 0, the callee on CPU 1.
pub trait Calls: 'static {
    /// Names the callee.
    type Remote: Clone + 'static;
    /// Whether a thread can be kept from sleeping and still notices calls.
    const CAN_POLL: bool;

    /// Starts both threads and runs `main` on the caller's.
    fn run(idle: Idle, main: impl AsyncFnOnce(Self::Remote) + 'static);
    /// Starts a fiber on the caller's thread.
    fn spawn(fiber: impl Future<Output = ()> + 'static) -> impl Future + 'static;
    /// Has the callee add one.
    fn call(remote: &Self::Remote, value: u64) -> impl Future<Output = u64>;
}

/// Measures one way to call.
pub fn measure<C: Calls>(scale: f64) {
    let count = |calls: f64| (calls * scale) as u64;
    let (in_flight, polling, sleeping) =
        (count(CALLS_IN_FLIGHT), count(CALLS_POLLING), count(CALLS_SLEEPING));
    C::run(Idle::AsByDefault, async move |remote| {
        let calls = async |count| concurrently::<C>(&remote, count).await;
        meter::wall_and_cpu("1,000 calls in flight", First::Cpu, in_flight, calls).await;
        let calls = async |count| one_by_one::<C>(&remote, count).await;
        meter::wall_and_cpu("one by one, as configured by default", First::Wall, sleeping, calls).await;
    });
    C::run(Idle::Sleeps, async move |remote| {
        let calls = async |count| one_by_one::<C>(&remote, count).await;
        meter::wall_and_cpu("one by one, both sleeping", First::Wall, sleeping, calls).await;
    });
    if C::CAN_POLL {
        C::run(Idle::Polls, async move |remote| {
            let calls = async |count| one_by_one::<C>(&remote, count).await;
            meter::wall_and_cpu("one by one, both polling", First::Wall, polling, calls).await;
        });
    }
}

async fn one_by_one<C: Calls>(remote: &C::Remote, count: u64) {
    for value in 0..count {
        assert_eq!(C::call(remote, value).await, value + 1);
    }
}

async fn concurrently<C: Calls>(remote: &C::Remote, count: u64) {
    let caller = |remote: C::Remote| async move { one_by_one::<C>(&remote, count / IN_FLIGHT).await };
    let callers: Vec<_> = (0..IN_FLIGHT).map(|_| C::spawn(caller(remote.clone()))).collect();
    for caller in callers {
        caller.await;
    }
}

/// A call is a boxed closure in a channel, its answer comes back through another one: what one writes on a runtime
/// that has nothing for it.
pub struct OverChannels<R>(PhantomData<R>);

/// A closure on its way, and the way back.
type Call = (Box<dyn FnOnce() -> u64 + Send>, oneshot::Sender<u64>);

impl<R: Runtime> Calls for OverChannels<R> {
    type Remote = mpsc::UnboundedSender<Call>;
    const CAN_POLL: bool = R::HEARS_WHILE_BUSY;

    fn run(idle: Idle, main: impl AsyncFnOnce(Self::Remote) + 'static) {
        let (send, mut receive) = mpsc::unbounded_channel::<Call>();
        let serve = async move || {
            while let Some((call, answer)) = receive.recv().await {
                answer.send(call()).expect("the caller waits");
            }
        };
        on_two_threads::<R>(idle, serve, async move { main(send).await });
    }

    fn spawn(fiber: impl Future<Output = ()> + 'static) -> impl Future + 'static {
        R::spawn(fiber)
    }

    async fn call(remote: &Self::Remote, value: u64) -> u64 {
        let (answer, answered) = oneshot::channel();
        remote.send((Box::new(move || value + 1), answer)).expect("the callee runs");
        answered.await.expect("the callee answers")
    }
}

/// Runs `there` on CPU 1 for as long as the process lives, and `here` on CPU 0.
pub fn on_two_threads<R: Runtime>(
    idle: Idle,
    there: impl AsyncFnOnce() + Send + 'static,
    here: impl Future<Output = ()> + 'static,
) {
    std::thread::spawn(move || {
        affinity::pin(LOAD_CPU).expect("the benchmark checked this CPU at its start");
        R::run(async move {
            let _busy = (idle == Idle::Polls).then(|| R::spawn(keep_busy::<R>()));
            there().await;
        });
    });
    affinity::pin(SERVER_CPU).expect("the benchmark checked this CPU at its start");
    R::run(async move {
        let busy = (idle == Idle::Polls).then(|| R::spawn(keep_busy::<R>()));
        here.await;
        drop(busy);
    });
}

/// Keeps a runtime that cannot poll from going to sleep.
async fn keep_busy<R: Runtime>() {
    loop {
        R::yield_now().await;
    }
}
