//! Calls from threads that are no shard.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::dock::Docks;
use super::{Message, mesh};
use crate::task::{self, Busy};

/// A handle to the program of this shard, for threads that are none: [`Alien`] shows it in use.
///
/// # Panics
///
/// On a thread that is no shard.
#[track_caller]
pub fn alien() -> Alien {
    let docks = mesh::with_docks(|docks, _| docks.clone());
    Alien { docks: docks.expect("a handle to a program is made on one of its shards") }
}

/// Lets threads that are no shard call a program's shards: those of another runtime, of a library, or one that blocks.
///
/// Made by [`alien`] on a shard; clones may go anywhere. Holding one keeps neither the shards nor the program. Unlike
/// calls between shards, these lock and allocate: they are for work that comes now and then.
///
/// ```
/// use std::thread;
///
/// #[seastar::main(shards = 2, overprovisioned = true)]
/// async fn main() {
///     let alien = seastar::alien();
///     let thread = thread::spawn(move || alien.submit_to(1, async || seastar::this_shard()).wait());
///     // The shard is not blocked meanwhile.
///     while !thread.is_finished() {
///         seastar::sleep(std::time::Duration::from_millis(1)).await;
///     }
///     assert_eq!(thread.join().unwrap(), Ok(1));
/// }
/// ```
#[derive(Clone)]
pub struct Alien {
    docks: Docks,
}

impl Alien {
    /// Runs `call` on a shard, as [`submit_to`](crate::submit_to) does, and returns its result to this thread.
    ///
    /// The call is made when it is [waited](AlienCall::wait) for or awaited. Dropping it afterwards lets the call finish
    /// on its shard. Calls of one thread to one shard start in the order in which they were made.
    ///
    /// # Panics
    ///
    /// If the program does not have such a shard.
    #[track_caller]
    pub fn submit_to<F, R>(&self, shard: usize, call: F) -> AlienCall<F, R::Output>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output: Message> + 'static,
    {
        let count = self.docks.len();
        assert!(shard < count, "shard {shard} does not exist; that program has {count}, from 0");
        let state = State::Start { docks: self.docks.clone(), shard, call };
        AlienCall { state, called_at: Location::caller() }
    }

    /// How many shards the program has.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     assert_eq!(seastar::alien().shard_count(), seastar::shard_count());
    /// }
    /// ```
    pub fn shard_count(&self) -> usize {
        self.docks.len()
    }
}

impl fmt::Debug for Alien {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alien").field("shards", &self.shard_count()).finish_non_exhaustive()
    }
}

/// Why a call from a thread that is no shard has no result.
///
/// ```
/// use seastar::{AlienError, Options};
///
/// let outside = seastar::run(Options::new().shards(1), async || seastar::alien()).unwrap();
/// // The program is over.
/// let late = outside.submit_to(0, async || 7).wait();
/// assert_eq!(late, Err(AlienError::Stopped));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlienError {
    /// The program has stopped, or did so before the call was at its end.
    Stopped,
    /// The shard has no memory for another fiber.
    Busy(Busy),
}

impl fmt::Display for AlienError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlienError::Stopped => f.write_str("the program stopped before it could answer"),
            AlienError::Busy(busy) => busy.fmt(f),
        }
    }
}

impl std::error::Error for AlienError {}

/// A call from a thread that is no shard: a future for any executor, or something to [`wait`](Self::wait) for. Made by [`Alien::submit_to`].
///
/// Dropping it before it was polled makes no call; afterwards the call runs to its end on its shard.
#[must_use = "a call is made when it is waited for or awaited"]
pub struct AlienCall<F, T> {
    state: State<F, T>,
    called_at: &'static Location<'static>,
}

enum State<F, T> {
    Start { docks: Docks, shard: usize, call: F },
    Sent(Arc<Answer<T>>),
    Done,
}

/// Where the two threads meet.
struct Answer<T> {
    slot: Mutex<Slot<T>>,
    came: Condvar,
    /// The fiber of the call is being made; whoever does it tells if that fails. Only used on the call's shard.
    beginning: AtomicBool,
}

enum Slot<T> {
    Awaited(Option<Waker>),
    Came(Result<T, Failure>),
}

enum Failure {
    Error(AlienError),
    Panicked(Box<dyn Any + Send>),
}

impl<F, T> Unpin for AlienCall<F, T> {}

impl<F, R, T> AlienCall<F, T>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = T> + 'static,
    T: Message,
{
    /// Makes the call, and blocks this thread until the answer has come.
    ///
    /// # Errors
    ///
    /// [`AlienError`].
    ///
    /// # Panics
    ///
    /// If the call panics, and on a shard: it would be blocked. Await the call there, or use [`submit_to`](crate::submit_to).
    #[track_caller]
    pub fn wait(mut self) -> Result<T, AlienError> {
        assert!(super::current_shard().is_none(), "waiting would block this shard; await the call");
        let answer = self.begin();
        let mut slot = lock(&answer.slot);
        while matches!(*slot, Slot::Awaited(_)) {
            slot = answer.came.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
        settle(slot)
    }

    /// Makes the call if that has not happened yet.
    fn begin(&mut self) -> Arc<Answer<T>> {
        if let State::Sent(answer) = &self.state {
            return answer.clone();
        }
        let State::Start { docks, shard, call } = std::mem::replace(&mut self.state, State::Done) else {
            panic!("a call was polled after its end")
        };
        let slot = Mutex::new(Slot::Awaited(None));
        let answer = Arc::new(Answer { slot, came: Condvar::new(), beginning: AtomicBool::new(false) });
        self.state = State::Sent(answer.clone());
        let (reply, called_at) = (Reply { answer: answer.clone(), done: false }, self.called_at);
        let job = move || {
            let answer = reply.answer.clone();
            answer.beginning.store(true, Ordering::Relaxed);
            // What is dropped when there is no memory may panic, and the other thread waits all the same.
            let begin = || task::spawn_detached(serve(call, reply, called_at), called_at);
            let begun = catch_unwind(AssertUnwindSafe(begin));
            answer.beginning.store(false, Ordering::Relaxed);
            match begun {
                Ok(Ok(())) => {}
                Ok(Err(busy)) => answer.put(Err(Failure::Error(AlienError::Busy(busy)))),
                Err(panic) => answer.put(Err(Failure::Panicked(panic))),
            }
        };
        // What is not taken is dropped, and its reply says so.
        drop(docks[shard].post(Box::new(job)));
        answer
    }
}

/// Runs the call on its shard.
async fn serve<F, R, T>(call: F, reply: Reply<T>, called_at: &'static Location<'static>)
where
    F: FnOnce() -> R,
    R: Future<Output = T>,
{
    let made = async move { call().await };
    let mut made = std::pin::pin!(made);
    let result = std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| made.as_mut().poll(context)));
        polled.map_or_else(|panic| Poll::Ready(Err(panic)), |polled| polled.map(Ok))
    });
    reply.give(result.await.map_err(|panic| {
        let message = task::panic_message(&*panic);
        say!(Error, "A call from another thread, made at {called_at}, panicked: {message}");
        Failure::Panicked(panic)
    }));
}

/// What came, as the caller sees it.
fn settle<T>(mut slot: MutexGuard<'_, Slot<T>>) -> Result<T, AlienError> {
    let Slot::Came(result) = std::mem::replace(&mut *slot, Slot::Awaited(None)) else {
        unreachable!("there is an answer")
    };
    drop(slot);
    result.map_err(|failure| match failure {
        Failure::Error(error) => error,
        Failure::Panicked(panic) => resume_unwind(panic),
    })
}

impl<F, R, T> Future for AlienCall<F, T>
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = T> + 'static,
    T: Message,
{
    type Output = Result<T, AlienError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = self.begin();
        let mut slot = lock(&answer.slot);
        if let Slot::Awaited(waker) = &mut *slot {
            let before = waker.replace(context.waker().clone());
            drop(slot);
            drop(before);
            return Poll::Pending;
        }
        self.state = State::Done;
        Poll::Ready(settle(slot))
    }
}

/// The callee's end. Dropped without an answer, it says that there will be none.
struct Reply<T> {
    answer: Arc<Answer<T>>,
    done: bool,
}

impl<T> Reply<T> {
    fn give(mut self, result: Result<T, Failure>) {
        self.done = true;
        self.answer.put(result);
    }
}

impl<T> Answer<T> {
    fn put(&self, result: Result<T, Failure>) {
        let before = std::mem::replace(&mut *lock(&self.slot), Slot::Came(result));
        self.came.notify_all();
        if let Slot::Awaited(Some(waker)) = before {
            task::wake(waker);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if !self.done && !self.answer.beginning.load(Ordering::Relaxed) {
            self.answer.put(Err(Failure::Error(AlienError::Stopped)));
        }
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F, T> fmt::Debug for AlienCall<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlienCall")
            .field("made", &!matches!(self.state, State::Start { .. }))
            .finish_non_exhaustive()
    }
}
