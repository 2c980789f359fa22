//! All tasks of one shard: their slots, how they are spawned and woken, and the run queue.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::task::Waker;

use super::children;
use super::inbox::Inbox;
use super::join::JoinHandle;
use super::outcome::Outcome;
use super::raw::{self, CHILD, DONE, DROPPING, HANDLE, Header, LIVE, QUEUED};
use super::running;
use super::waker::{self, CHUNKS_MAX, Number, SLOTS_MAX};
use crate::mem::{self, Lane, class};

thread_local! {
    /// Null on threads that are no shard.
    static TASKS: Cell<*const Inner> = const { Cell::new(ptr::null()) };
}

/// The tasks of one shard. While it lives, this thread can spawn and run them.
pub(crate) struct Tasks {
    inner: NonNull<Inner>,
}

pub(super) struct Inner {
    inbox: &'static Inbox,
    /// The number of the inbox, which every wake compares.
    pub(super) uid: usize,
    pub(super) head: Cell<Option<NonNull<Header>>>,
    pub(super) tail: Cell<Option<NonNull<Header>>>,
    /// The task that is being polled.
    pub(super) running: Cell<Option<NonNull<Header>>>,
    live: Cell<usize>,
    pub(super) abandoned: Cell<u64>,
    lanes: [Lane; class::CLASSES],
    chunks: UnsafeCell<Vec<Chunk>>,
}

impl Inner {
    /// The slot in a place, if there is one.
    #[inline]
    fn slot(&self, chunk: usize, slot: usize) -> Option<NonNull<Header>> {
        // SAFETY: only this thread comes here, and the reference ends with the expression, which calls
        // nothing that adds chunks.
        unsafe { &*self.chunks.get() }.get(chunk)?.slot(slot)
    }
}

/// Slots of one class in a row.
struct Chunk {
    base: NonNull<u8>,
    slot_size: u32,
    /// Slots that have a number, and so may be looked at.
    used: u32,
}

impl Tasks {
    pub(crate) fn enter(inbox: &'static Inbox) -> Tasks {
        let inner = Box::new(Inner {
            inbox,
            uid: inbox.uid(),
            head: Cell::new(None),
            tail: Cell::new(None),
            running: Cell::new(None),
            live: Cell::new(0),
            abandoned: Cell::new(0),
            lanes: [const { Lane::new() }; class::CLASSES],
            chunks: UnsafeCell::new(Vec::with_capacity(1024)),
        });
        let inner = NonNull::from(Box::leak(inner));
        TASKS.set(inner.as_ptr());
        Tasks { inner }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        running::cancel_all();
        TASKS.set(ptr::null());
        // SAFETY: `enter` leaked this box, and only this value knows it; the pointer above is gone.
        let inner = unsafe { Box::from_raw(self.inner.as_ptr()) };
        inner.inbox.close();
        if inner.live.get() > 0 {
            // Join handles outlive the shard, so the slots they look at must stay, and so must the number
            // by which those are told from the slots of a later shard.
            mem::keep();
        } else {
            inner.inbox.retire();
        }
    }
}

#[inline]
pub(super) fn current<'a>() -> Option<&'a Inner> {
    // SAFETY: set by `enter` and cleared before the box is freed; the reference does not leave the
    // calls of this module and of `running`, which cannot end the shard.
    unsafe { TASKS.get().as_ref() }
}

/// Starts a fiber on this shard and returns a handle to its result.
///
/// The fiber runs for the first time after the caller has suspended. Its memory is a block of the
/// shard's arena: nothing is allocated once the arena has seen the size.
///
/// # Panics
///
/// Off a shard, and when the shard's memory budget (`-m`) is used up; [`try_spawn`] returns that
/// as a value.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let squares: Vec<_> = (1..4).map(|n| seastar::spawn(async move { n * n })).collect();
///     let mut sum = 0;
///     for square in squares {
///         sum += square.await.unwrap();
///     }
///     assert_eq!(sum, 14);
/// }
/// ```
#[inline]
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Outcome> + 'static,
{
    match start(future, HANDLE, Location::caller()) {
        Ok(task) => JoinHandle::new(task),
        Err(busy) => panic!("cannot spawn: {busy}"),
    }
}

/// Starts a fiber like [`spawn`], or says that there is no memory for it.
///
/// The future is dropped in that case.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     match seastar::try_spawn(async { 7 }) {
///         Ok(handle) => assert_eq!(handle.await.unwrap(), 7),
///         Err(busy) => eprintln!("shedding load: {busy}"),
///     }
/// }
/// ```
#[track_caller]
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    spawn_at(future, Location::caller())
}

/// [`try_spawn`]; `spawned_at` stands in reports of its failure.
pub(crate) fn spawn_at<F>(
    future: F,
    spawned_at: &'static Location<'static>,
) -> Result<JoinHandle<F::Output>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    start(future, HANDLE, spawned_at).map(JoinHandle::new)
}

/// Starts a fiber without a handle; `spawned_at` stands in reports of its failure.
pub(crate) fn spawn_detached<F>(future: F, spawned_at: &'static Location<'static>) -> Result<(), Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    start(future, 0, spawned_at).map(drop)
}

/// There is no memory for another fiber, or whatever else was asked for, on this shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    budget: usize,
}

impl Busy {
    /// Says so of this thread.
    #[cold]
    pub(crate) fn here() -> Busy {
        Busy { budget: mem::statistics().budget }
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.budget {
            0 => f.write_str("this thread is no shard; call it from within `#[seastar::main]`"),
            budget => write!(f, "the memory budget of this shard, {budget} bytes, is used up (see --memory)"),
        }
    }
}

impl std::error::Error for Busy {}

#[inline]
fn start<F>(future: F, state: u8, spawned_at: &'static Location<'static>) -> Result<NonNull<Header>, Busy>
where
    F: Future<Output: Outcome> + 'static,
{
    let class = raw::vtable::<F>().class;
    let tasks = current().ok_or(Busy { budget: 0 })?;
    let slot = take_slot(tasks, class)?;
    // SAFETY: a free slot of the class of `F`; `carve` gave it a number.
    unsafe { raw::start(slot, future, state, spawned_at) };
    tasks.live.set(tasks.live.get() + 1);
    // SAFETY: live since the line above.
    push(tasks, unsafe { slot.as_ref() });
    Ok(slot)
}

#[inline]
fn take_slot(tasks: &Inner, class: usize) -> Result<NonNull<Header>, Busy> {
    match tasks.lanes[class].pop(class) {
        Some(slot) => Ok(slot.cast()),
        None => carve(tasks, class).ok_or_else(Busy::here),
    }
}

/// A slot for a child, which counts as a fiber until [`give_child`].
#[inline]
pub(super) fn take_child(class: usize) -> Result<NonNull<Header>, Busy> {
    let tasks = current().ok_or(Busy { budget: 0 })?;
    let slot = take_slot(tasks, class)?;
    tasks.live.set(tasks.live.get() + 1);
    Ok(slot)
}

/// Gives the slot of a child back. If the shard that it is of has ended, the slot stays as it is.
///
/// # Safety
///
/// It came from `take_child(class)`, and nobody uses it any more.
#[inline]
pub(super) unsafe fn give_child(slot: NonNull<Header>, class: usize) {
    // SAFETY: slots in use are readable.
    let header = unsafe { slot.as_ref() };
    if let Some(tasks) = current().filter(|tasks| tasks.uid == header.number().shard()) {
        // SAFETY: promised by the caller.
        unsafe { release(tasks, slot, class) };
    }
}

/// A slot that was never used, with its first number.
#[cold]
fn carve(tasks: &Inner, class: usize) -> Option<NonNull<Header>> {
    let lane = &tasks.lanes[class];
    // SAFETY: only this thread comes here, and nothing called below looks at the chunks.
    let chunks = unsafe { &mut *tasks.chunks.get() };
    let slot = match lane.carve(class) {
        Some(slot) => slot,
        None => {
            let (slot_size, slots) = (class::size_of_class(class), class::blocks_per_chunk(class));
            debug_assert!(slots <= SLOTS_MAX);
            if chunks.len() == CHUNKS_MAX {
                return None;
            }
            let base = mem::map_chunk(slot_size * slots)?;
            chunks.push(Chunk { base, slot_size: slot_size as u32, used: 0 });
            lane.extend(base, slot_size * slots);
            lane.carve(class)?
        }
    };
    let slot = slot.cast::<Header>();
    // Newest first: a lane only carves from its newest chunk, one slot after the other.
    let (index, chunk) = chunks.iter_mut().enumerate().rev().find(|(_, chunk)| chunk.end() == slot)?;
    // SAFETY: a zeroed slot is a valid header.
    unsafe { slot.as_ref() }.set_number(Number::first(tasks.uid, index, chunk.used as usize));
    chunk.used += 1;
    Some(slot)
}

impl Chunk {
    /// Where the next slot will be, if there is room for one.
    fn end(&self) -> NonNull<Header> {
        let offset = self.used as usize * self.slot_size as usize;
        // SAFETY: inside the chunk, or at its end.
        unsafe { self.base.add(offset).cast() }
    }

    #[inline]
    fn slot(&self, index: usize) -> Option<NonNull<Header>> {
        let offset = index * self.slot_size as usize;
        // SAFETY: in use, so inside the chunk, which stays mapped as long as the shard lives.
        (index < self.used as usize).then(|| unsafe { self.base.add(offset).cast() })
    }
}

#[inline]
fn push(tasks: &Inner, task: &Header) {
    task.set(QUEUED);
    task.next.set(None);
    let this = NonNull::from(task);
    match tasks.tail.replace(Some(this)) {
        // SAFETY: tasks in the queue are live.
        Some(tail) => unsafe { tail.as_ref() }.next.set(Some(this)),
        None => tasks.head.set(Some(this)),
    }
}

/// Whether a task waits to be run.
#[inline]
pub(crate) fn has_ready() -> bool {
    current().is_some_and(|tasks| tasks.head.get().is_some())
}

/// Fibers of this shard whose result is not yet read, and children.
pub(crate) fn live() -> usize {
    current().map_or(0, |tasks| tasks.live.get())
}

/// Puts a slot that nobody refers to back on its lane, under its next number.
#[inline]
pub(super) fn free(tasks: &Inner, task: NonNull<Header>) {
    // SAFETY: a DONE task without a handle, not in the queue.
    let header = unsafe { task.as_ref() };
    debug_assert!(!header.is(QUEUED | HANDLE | DROPPING));
    // SAFETY: the class that it was started with, and nobody refers to it.
    unsafe { release(tasks, task, header.vtable().class) };
}

/// Puts a slot back on its lane under its next number.
///
/// # Safety
///
/// The slot is of that class and in use, and nobody uses it any more.
#[inline]
unsafe fn release(tasks: &Inner, slot: NonNull<Header>, class: usize) {
    // SAFETY: slots in use are readable.
    let header = unsafe { slot.as_ref() };
    header.state.set(0);
    header.set_number(header.number().next());
    tasks.live.set(tasks.live.get() - 1);
    // SAFETY: of this lane, and unused from now on; wakers may still read its header.
    unsafe { tasks.lanes[class].push(class, slot.cast(), size_of::<Header>()) };
}

/// Puts the task behind a number into the run queue of its shard, wherever that is.
#[inline]
pub(super) fn wake_number(number: Number) {
    match current() {
        Some(tasks) if tasks.uid == number.shard() => wake_here(tasks, number),
        _ => wake_there(number),
    }
}

#[cold]
fn wake_there(number: Number) {
    if let Some(inbox) = Inbox::of(number.shard()) {
        inbox.wake(number.0);
    }
}

#[inline]
fn wake_here(tasks: &Inner, number: Number) {
    let Some(slot) = tasks.slot(number.chunk(), number.slot()) else { return };
    // SAFETY: every slot in use is a readable header, free or live.
    let header = unsafe { slot.as_ref() };
    if header.number() == number {
        wake_header(tasks, header);
    }
}

#[inline]
fn wake_header(tasks: &Inner, header: &Header) {
    match header.state() & (LIVE | QUEUED | DONE | CHILD) {
        LIVE => push(tasks, header),
        // SAFETY: live, and a child.
        state if state == LIVE | CHILD => unsafe { children::wake(header) },
        _ => {}
    }
}

/// `waker.wake_by_ref()`, with a short cut where it is the fiber that runs.
#[inline]
pub(super) fn yield_by_ref(waker: &Waker) {
    if waker::is_fiber(waker.vtable())
        && let Some(tasks) = current()
        && let Some(running) = tasks.running.get()
    {
        // SAFETY: the running task is live.
        let task = unsafe { running.as_ref() };
        if task.number() == Number(waker.data() as u64) && !task.is(QUEUED) {
            return push(tasks, task);
        }
    }
    waker.wake_by_ref();
}

/// Queues the tasks that other threads woke.
pub(crate) fn drain_inbox() {
    if let Some(tasks) = current() {
        tasks.inbox.drain(|number| wake_here(tasks, Number(number)));
    }
}

/// Wakes every fiber and every child once, so that each notices that the shard is stopping.
pub(crate) fn wake_all() {
    // SAFETY: `for_each_live` passes live tasks.
    for_each_live(0, |tasks, task| wake_header(tasks, unsafe { task.as_ref() }));
}

/// Calls `each` for all tasks that are neither DONE nor `skipped`; says how many there were.
pub(super) fn for_each_live(skipped: u8, mut each: impl FnMut(&Inner, NonNull<Header>)) -> usize {
    let Some(tasks) = current() else { return 0 };
    let mut found = 0;
    for chunk in 0.. {
        if tasks.slot(chunk, 0).is_none() {
            break;
        }
        for slot in 0.. {
            let Some(task) = tasks.slot(chunk, slot) else { break };
            // SAFETY: every slot in use is a readable header.
            let header = unsafe { task.as_ref() };
            if header.is(LIVE) && !header.is(DONE | skipped) {
                found += 1;
                each(tasks, task);
            }
        }
    }
    found
}
