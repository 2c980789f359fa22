//! All tasks of one shard: their slots, how they are woken, and the run queue.

use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};
use std::task::Waker;

use super::busy::Busy;
use super::inbox::Inbox;
use super::parent;
use super::pool::{self, PoolLane};
use super::queue::Queue;
use super::raw::{CHILD, DAEMON, DONE, DROPPING, HANDLE, Header, LIVE, POOLED, QUEUED};
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
    /// The number of the first of this shard's chunks among those of all shards.
    first_chunk: u32,
    pub(super) queue: Queue,
    /// The task that is being polled.
    pub(super) running: Cell<Option<NonNull<Header>>>,
    pub(super) live: Cell<usize>,
    /// Some fiber is or was a daemon.
    daemons: Cell<bool>,
    pub(super) abandoned: Cell<u64>,
    /// How often all fibers were dropped, see `cancel_all`.
    pub(super) late_rounds: Cell<u32>,
    lanes: [Lane; class::CLASSES],
    /// In the order of the table of all pools.
    pub(super) pools: Vec<PoolLane>,
    /// The pool that each of the first chunks is a part of.
    pooled: Vec<u32>,
    chunks: UnsafeCell<Vec<Chunk>>,
}

impl Inner {
    /// Whether the number is of this shard, and of a chunk that there is.
    #[inline]
    fn has_chunk(&self, number: Number) -> bool {
        // SAFETY: as in `slot`.
        let chunks = unsafe { &*self.chunks.get() }.len();
        self.chunk(number) < chunks
    }

    /// The chunk of a number of this shard, as an index; of others it is out of bounds.
    #[inline]
    fn chunk(&self, number: Number) -> usize {
        number.chunk_of_all().wrapping_sub(self.first_chunk) as usize
    }

    /// The slot in a place, if there is one.
    #[inline]
    fn slot(&self, chunk: usize, slot: usize) -> Option<NonNull<Header>> {
        // SAFETY: only this thread comes here, and the reference ends with the expression, which calls
        // nothing that adds chunks.
        unsafe { &*self.chunks.get() }.get(chunk)?.slot(slot)
    }
}

/// Slots of one class, or of one pool, in a row.
struct Chunk {
    base: NonNull<u8>,
    slot_size: u32,
    /// Slots that have a number, and so may be looked at.
    used: u32,
}

impl Tasks {
    /// Needs the thread's memory, of which the pools take their share: `None` if that is too little.
    pub(crate) fn enter(inbox: &'static Inbox) -> Option<Tasks> {
        let mut chunks = Vec::with_capacity(1024);
        let mut pools = Vec::with_capacity(pool::pools().len());
        let mut pooled = Vec::new();
        for (index, pool) in pool::pools().iter().enumerate() {
            let lane = PoolLane::new(pool, chunks.len())?;
            let slot_size = u32::try_from(pool.slot_size).ok()?;
            chunks.extend(lane.chunks().map(|base| Chunk { base, slot_size, used: 0 }));
            pooled.resize(chunks.len(), index as u32);
            pools.push(lane);
        }
        if chunks.len() > CHUNKS_MAX {
            return None;
        }
        let inner = Box::new(Inner {
            inbox,
            uid: inbox.uid(),
            first_chunk: Number::first(inbox.uid(), 0, 0).chunk_of_all(),
            queue: Queue::new(),
            running: Cell::new(None),
            live: Cell::new(0),
            daemons: Cell::new(false),
            abandoned: Cell::new(0),
            late_rounds: Cell::new(0),
            lanes: [const { Lane::new() }; class::CLASSES],
            pools,
            pooled,
            chunks: UnsafeCell::new(chunks),
        });
        let inner = NonNull::from(Box::leak(inner));
        // SAFETY: leaked, so it stays in its place.
        unsafe { inner.as_ref() }.queue.clear();
        TASKS.set(inner.as_ptr());
        Some(Tasks { inner })
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

/// A free slot with a number.
#[inline]
pub(super) fn take_slot(tasks: &Inner, class: usize) -> Result<NonNull<Header>, Busy> {
    match tasks.lanes[class].pop(class) {
        Some(slot) => Ok(slot.cast()),
        None => carve(tasks, class).ok_or_else(Busy::here),
    }
}

/// A slot for a child, which counts as a fiber until [`give_child`].
#[inline]
pub(super) fn take_child(class: usize) -> Result<NonNull<Header>, Busy> {
    let tasks = current().ok_or_else(Busy::here)?;
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
    let (index, _) = chunks.iter().enumerate().rev().find(|(_, chunk)| chunk.end() == slot)?;
    number(tasks, slot, index);
    Some(slot)
}

/// Gives the next slot of a chunk its first number.
#[cold]
pub(super) fn number(tasks: &Inner, slot: NonNull<Header>, chunk: usize) {
    // SAFETY: only this thread comes here, and callers no longer look at the chunks.
    let used = unsafe { &mut (&mut *tasks.chunks.get())[chunk].used };
    // SAFETY: a zeroed slot is a valid header.
    unsafe { slot.as_ref() }.set_number(Number::first(tasks.uid, chunk, *used as usize));
    *used += 1;
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

/// Whether a task waits to be run.
#[inline]
pub(crate) fn has_ready() -> bool {
    current().is_some_and(|tasks| !tasks.queue.is_empty())
}

/// Fibers of this shard whose result is not yet read, and children.
pub(crate) fn live() -> usize {
    current().map_or(0, |tasks| tasks.live.get())
}

/// A fiber is a daemon.
pub(super) fn expect_daemons() {
    if let Some(tasks) = current() {
        tasks.daemons.set(true);
    }
}

/// [`live`], without daemons.
pub(crate) fn live_but_daemons() -> usize {
    match current() {
        Some(tasks) if tasks.daemons.get() => {
            let mut others = 0;
            for_each_live(CHILD, |_, task| {
                // SAFETY: `for_each_live` passes live tasks.
                others += usize::from(!unsafe { task.as_ref() }.marks.has(DAEMON));
            });
            others
        }
        _ => live(),
    }
}

/// Puts a slot that nobody refers to back on its lane, under its next number.
#[inline]
pub(super) fn free(tasks: &Inner, task: NonNull<Header>) {
    // SAFETY: a DONE task without a handle, not in the queue.
    let header = unsafe { task.as_ref() };
    debug_assert!(!header.state.has(QUEUED) && !header.marks.has(DROPPING));
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
    header.end();
    tasks.live.set(tasks.live.get() - 1);
    // SAFETY: of this lane, and unused from now on; wakers may still read its header.
    unsafe {
        match class {
            POOLED => pool_of(tasks, header).give(slot),
            class => tasks.lanes.get_unchecked(class).push(class, slot.cast(), size_of::<Header>()),
        }
    }
}

/// The pool that a task's slot is one of.
fn pool_of<'a>(tasks: &'a Inner, header: &Header) -> &'a PoolLane {
    &tasks.pools[tasks.pooled[header.number().chunk()] as usize]
}

/// Puts the task behind a number into the run queue of its shard, wherever that is.
#[inline]
pub(super) fn wake_number(number: Number) {
    match current() {
        Some(tasks) if tasks.has_chunk(number) => wake_here(tasks, number),
        _ => wake_there(number),
    }
}

#[cold]
#[inline(never)]
fn wake_there(number: Number) {
    if let Some(inbox) = Inbox::of(number.shard()) {
        inbox.wake(number.0);
    }
}

#[inline]
fn wake_here(tasks: &Inner, number: Number) {
    let Some(slot) = tasks.slot(tasks.chunk(number), number.slot()) else { return };
    // SAFETY: every slot in use is a readable header, free or live.
    let header = unsafe { slot.as_ref() };
    if header.number() == number {
        wake_header(tasks, header);
    }
}

#[inline]
fn wake_header(tasks: &Inner, header: &Header) {
    if header.state.are(LIVE) {
        tasks.queue.push(header);
    } else if header.state.are(LIVE | CHILD) {
        // SAFETY: live, and a child.
        unsafe { parent::wake(header) };
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
        if task.number() == Number(waker.data() as u64) && task.state.are(LIVE) {
            return tasks.queue.push(task);
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

/// Takes tasks that have ended off the run queue, where they would keep their slots until their turn comes.
pub(super) fn forget_ended() {
    let Some(tasks) = current() else { return };
    let rest = Queue::new();
    rest.clear();
    while let Some(task) = tasks.queue.pop() {
        // SAFETY: tasks in the queue are live, and are freed only here until they are in it again.
        let header = unsafe { task.as_ref() };
        header.state.clear(QUEUED);
        if !header.state.has(DONE) {
            rest.push(header);
        } else if !header.marks.has(HANDLE) {
            free(tasks, task);
        }
    }
    while let Some(task) = rest.pop() {
        // SAFETY: as above.
        tasks.queue.push(unsafe { task.as_ref() });
    }
}

/// Calls `each` for all tasks that are neither DONE nor `skipped`; says how many there were.
pub(super) fn for_each_live(skipped: u8, mut each: impl FnMut(&Inner, NonNull<Header>)) -> usize {
    let Some(tasks) = current() else { return 0 };
    let mut found = 0;
    // `each` may add chunks without end, which are not looked at.
    // SAFETY: the reference ends with the expression.
    let chunks = unsafe { &*tasks.chunks.get() }.len();
    for chunk in 0..chunks {
        for slot in 0.. {
            let Some(task) = tasks.slot(chunk, slot) else { break };
            // SAFETY: every slot in use is a readable header.
            let header = unsafe { task.as_ref() };
            if header.state.has(LIVE) && !header.state.has(DONE | skipped) {
                found += 1;
                each(tasks, task);
            }
        }
    }
    found
}
