//! The rings between all pairs of shards, seen from one of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::iter;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::ptr::{self, NonNull};

use super::dock::{self, Dock, Docks};
use super::foreign;
use super::parcel::{Header, Visit};
use super::ring::{self, Consumer, Producer};
use crate::mem::class::BLOCK_ALIGN;
use crate::reactor::{Exchange, Reactor};
use crate::task::{self, Inbox};

/// Parcels that fit a ring; more wait at the sender.
const RING_CAPACITY: usize = 1024;
/// So many for one shard are sent at once; fewer wait for the end of the turn. While the cores take turns with a cache line for each
/// item, neither gets on, and with everything at the end of a turn one of them would wait for the other.
const BATCH: usize = 128;
/// Marks a parcel that comes back. Blocks are aligned, so the bits are free.
const ANSWER: usize = 1;
/// Marks a foreign value that comes home.
const HOME: usize = 2;

thread_local! {
    /// Null on threads that are no shard.
    static MESH: Cell<*const Mesh> = const { Cell::new(ptr::null()) };
    static SHARD: Cell<Option<(u32, u32)>> = const { Cell::new(None) };
}

/// The number of the shard that this runs on, from 0.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert_eq!(seastar::this_shard(), 0);
/// }
/// ```
///
/// # Panics
///
/// On a thread that is no shard.
#[inline]
pub fn this_shard() -> usize {
    SHARD.get().map(|(index, _)| index as usize).expect("this thread is no shard")
}

/// How many shards this program has.
///
/// ```
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     assert_eq!(seastar::shard_count(), 1);
/// }
/// ```
///
/// # Panics
///
/// On a thread that is no shard.
#[inline]
pub fn shard_count() -> usize {
    SHARD.get().map(|(_, count)| count as usize).expect("this thread is no shard")
}

/// The number of this thread's shard, if it is one.
pub(crate) fn current_shard() -> Option<u32> {
    SHARD.get().map(|(index, _)| index)
}

/// Who is told the word of a call that has returned. The words come from
/// [`SubmitTo::when_returned`](super::SubmitTo::when_returned), each once.
pub(crate) type WhenReturned = unsafe fn(NonNull<()>);

/// What one shard needs to take part: its ends of all rings. Made on one thread, used on another.
pub(crate) struct Seat {
    index: u32,
    outgoing: Vec<Producer>,
    incoming: Vec<Consumer>,
    docks: Docks,
}

// SAFETY: the ends of a ring are plain words and counters; a seat is used by one thread at a time.
unsafe impl Send for Seat {}

/// Connects `count` shards, each with each.
pub(crate) fn seats(count: u32) -> Vec<Seat> {
    let docks = dock::docks(count);
    let seat = |index| Seat { index, outgoing: Vec::new(), incoming: Vec::new(), docks: docks.clone() };
    let mut seats: Vec<Seat> = (0..count).map(seat).collect();
    for from in 0..count as usize {
        for to in 0..count as usize {
            // A shard's own ring is never used, and keeps the numbers of the others simple. Nobody looks into it.
            let (producer, consumer) = ring::ring(if from == to { 1 } else { RING_CAPACITY });
            seats[from].outgoing.push(producer);
            if from != to {
                seats[to].incoming.push(consumer);
            }
        }
    }
    seats
}

/// How another shard is woken.
#[derive(Clone, Copy)]
pub(crate) struct Neighbour {
    pub(crate) inbox: &'static Inbox,
    pub(crate) ring: RawFd,
}

/// One shard's place among the others.
pub(crate) struct Mesh {
    index: u32,
    outgoing: Vec<Outgoing>,
    incoming: Vec<Consumer>,
    docks: Docks,
    when_returned: Cell<Option<WhenReturned>>,
    /// Own parcels that are away.
    outstanding: Cell<usize>,
    /// Parcels that are not in a ring yet.
    unsent: Cell<usize>,
    /// Something was made for other shards in this turn.
    is_sending: Cell<bool>,
    /// Something was sent or received.
    active: Cell<bool>,
}

struct Outgoing {
    ring: Producer,
    /// What goes into the ring when there is enough of it, or the turn ends.
    unsent: RefCell<VecDeque<NonZeroUsize>>,
    /// Something was put into the ring, and its shard may sleep.
    is_news: Cell<bool>,
    neighbour: Neighbour,
}

impl Mesh {
    /// Takes the seat; from now on this thread is the shard.
    pub(crate) fn enter(seat: Seat, neighbours: &[Neighbour]) -> Box<Mesh> {
        let unsent = || RefCell::new(VecDeque::with_capacity(RING_CAPACITY));
        let outgoing = seat.outgoing.into_iter().zip(neighbours);
        let outgoing = outgoing.map(|(ring, &neighbour)| Outgoing {
            ring,
            unsent: unsent(),
            is_news: Cell::new(false),
            neighbour,
        });
        let mesh = Box::new(Mesh {
            index: seat.index,
            outgoing: outgoing.collect(),
            incoming: seat.incoming,
            docks: seat.docks,
            when_returned: Cell::new(None),
            outstanding: Cell::new(0),
            unsent: Cell::new(0),
            is_sending: Cell::new(false),
            active: Cell::new(false),
        });
        mesh.dock().open(neighbours[mesh.index as usize].inbox);
        SHARD.set(Some((mesh.index, neighbours.len() as u32)));
        MESH.set(&*mesh);
        mesh
    }

    /// Sets who is told.
    pub(crate) fn tell_returns(&self, when_returned: WhenReturned) {
        self.when_returned.set(Some(when_returned));
    }

    fn dock(&self) -> &Dock {
        &self.docks[self.index as usize]
    }

    /// Takes no more work from other threads.
    pub(crate) fn close_dock(&self) {
        self.dock().close();
    }

    #[inline]
    fn send_to<T>(&self, shard: u32, block: NonNull<T>, mark: usize) {
        let item = block.addr() | mark;
        block.as_ptr().expose_provenance();
        self.is_sending.set(true);
        let outgoing = &self.outgoing[shard as usize];
        let count = outgoing.add(item);
        self.unsent.set(self.unsent.get() + 1);
        if count.is_multiple_of(BATCH) {
            self.unsent.set(self.unsent.get() - outgoing.send());
        }
    }

    #[inline]
    fn arrived(&self, item: NonZeroUsize) {
        if item.get() & HOME != 0 {
            let head = ptr::with_exposed_provenance_mut::<foreign::Head>(item.get() & !HOME);
            // SAFETY: the last reference to a value of this shard, which the sender gave up.
            return unsafe { foreign::returned(NonNull::new_unchecked(head)) };
        }
        let header = ptr::with_exposed_provenance_mut::<Header>(item.get() & !ANSWER);
        let Some(header) = NonNull::new(header) else { return };
        if item.get() & ANSWER != 0 {
            self.outstanding.set(self.outstanding.get() - 1);
            // SAFETY: an answer to this shard's own call: it has the parcel again.
            unsafe { super::submit::returned(header) };
            return;
        }
        // SAFETY: a call to this shard: it has the parcel until it sends it back.
        let visit = unsafe { Visit::new(header) };
        let called_at = visit.called_at();
        // Without memory for the fiber the visit is dropped, and so sent back without an answer.
        let _ = task::spawn_detached(visit, called_at);
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        MESH.set(ptr::null());
        SHARD.set(None);
    }
}

impl Exchange for Mesh {
    #[inline]
    fn receive(&self) {
        for ring in &self.incoming {
            // No more, however fast they come: what is here has to run.
            for item in iter::from_fn(|| ring.pop()).take(RING_CAPACITY) {
                self.active.set(true);
                self.arrived(item);
            }
        }
        if self.dock().has_jobs() {
            self.dock().work();
        }
    }

    #[inline]
    fn send(&self, reactor: &Reactor) {
        if !self.is_sending.get() {
            return;
        }
        self.active.set(true);
        for outgoing in &self.outgoing {
            self.unsent.set(self.unsent.get() - outgoing.send());
            if outgoing.is_news.take() && outgoing.neighbour.inbox.sleeper.must_wake() {
                reactor.ring_bell(outgoing.neighbour.ring, outgoing.neighbour.inbox);
            }
        }
        self.is_sending.set(self.unsent.get() > 0);
    }

    #[inline]
    fn has_news(&self) -> bool {
        self.incoming.iter().any(Consumer::has_items) || self.dock().has_jobs()
    }

    fn take_activity(&self) -> bool {
        self.active.take()
    }

    fn has_backlog(&self) -> bool {
        self.unsent.get() > 0
    }
}

impl Outgoing {
    /// Keeps an item, and says how many wait.
    #[inline]
    fn add(&self, item: NonZeroUsize) -> usize {
        let mut unsent = self.unsent.borrow_mut();
        unsent.push_back(item);
        unsent.len()
    }

    /// Puts what fits into the ring and says how much that was.
    #[inline]
    fn send(&self) -> usize {
        let mut unsent = self.unsent.borrow_mut();
        let sent = unsent.iter().take_while(|item| self.ring.push(**item)).count();
        unsent.drain(..sent);
        if sent > 0 {
            self.is_news.set(true);
        }
        sent
    }
}

#[inline]
fn with<R>(act: impl FnOnce(&Mesh) -> R) -> Option<R> {
    // SAFETY: set by `enter` and cleared when the mesh is dropped, which no `act` can do.
    unsafe { MESH.get().as_ref() }.map(act)
}

/// Sends a call to its shard, which has it until it comes back.
#[inline]
pub(super) fn send(shard: u32, header: NonNull<Header>) {
    with(|mesh| {
        mesh.outstanding.set(mesh.outstanding.get() + 1);
        mesh.send_to(shard, header, 0);
    });
}

/// Sends a parcel back to its caller.
pub(super) fn send_back(header: NonNull<Header>) {
    // SAFETY: this shard has the parcel until the next line but one.
    let caller = unsafe { header.as_ref() }.caller;
    with(|mesh| mesh.send_to(caller, header, ANSWER));
}

/// Sends a foreign value to its shard, to be dropped there.
pub(super) fn send_home(shard: u32, head: NonNull<foreign::Head>) {
    with(|mesh| mesh.send_to(shard, head, HOME));
}

/// Tells that a call has returned.
#[cold]
pub(super) fn tell(word: NonNull<()>) {
    if let Some(when_returned) = with(|mesh| mesh.when_returned.get()).flatten() {
        // SAFETY: the word of a call that has just returned.
        unsafe { when_returned(word) };
    }
}

/// Calls of this shard that are not answered yet, and what waits to be sent.
pub(crate) fn outstanding() -> usize {
    with(|mesh| mesh.outstanding.get() + mesh.unsent.get()).unwrap_or(0)
}

/// The docks of this thread's program, and its shard, if it is one.
pub(super) fn with_docks<R>(act: impl FnOnce(&Docks, u32) -> R) -> Option<R> {
    with(|mesh| act(&mesh.docks, mesh.index))
}

/// Asserts that `shard` exists, and says whether it is this one.
#[inline]
pub(super) fn is_here(shard: usize) -> bool {
    let (index, _) = SHARD.get().expect("a call to a shard from a thread that is no shard");
    assert_exists(shard);
    shard == index as usize
}

/// Asserts that `shard` exists, where that is known.
#[inline]
#[track_caller]
pub(crate) fn assert_exists(shard: usize) {
    if let Some((_, count)) = SHARD.get() {
        assert!(shard < count as usize, "shard {shard} does not exist; this program has {count}, from 0");
    }
}

const _: () = assert!(BLOCK_ALIGN > (ANSWER | HOME));
