//! Lists of those who wait: first come, first served, linked through the futures that wait.
//!
//! Waiting takes no memory beyond the future, and a dropped future has left its list. A node that never
//! waits is never initialised, so that what does not have to wait does not pay for the list.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::ptr;
use std::task::Waker;

use crate::task::WakerSlot;

/// Those who wait for one thing, oldest first. What each waits for is a `T`.
pub struct List<T> {
    first: Cell<*const Node<T>>,
    last: Cell<*const Node<T>>,
    len: Cell<usize>,
    /// Goes up whenever all are woken, so that those who come meanwhile are told from those who were there.
    round: Cell<u32>,
    /// How many are left of those who came in earlier rounds; none unless all are being woken.
    stale: Cell<usize>,
}

/// How a waiter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Never waited, or has left.
    Idle,
    /// On the list.
    Queued,
    /// Was given what it waited for. If it goes without taking that, it must hand it on.
    Granted,
    /// Was told something, and owns nothing.
    Told,
    /// Will not get what it waited for.
    Refused,
}

struct Node<T> {
    state: Cell<State>,
    value: Cell<T>,
    /// Initialised while the state is `Queued`.
    links: UnsafeCell<MaybeUninit<Links<T>>>,
    _pinned: PhantomPinned,
}

struct Links<T> {
    next: Cell<*const Node<T>>,
    previous: Cell<*const Node<T>>,
    waker: WakerSlot,
    /// The round in which it came.
    round: u32,
}

impl<T> Node<T> {
    #[inline]
    const fn new(value: T) -> Node<T> {
        let mut node = MaybeUninit::<Node<T>>::uninit();
        let place = node.as_mut_ptr();
        // Field by field, because a constant for the links would be written as so many zeros.
        // SAFETY: within the node, of which all is initialised then that has to be.
        unsafe {
            (&raw mut (*place).state).write(Cell::new(State::Idle));
            (&raw mut (*place).value).write(Cell::new(value));
            node.assume_init()
        }
    }

    /// # Safety
    ///
    /// The node is queued.
    unsafe fn links(&self) -> &Links<T> {
        // SAFETY: initialised while queued, and only changed through cells from there on.
        unsafe { (*self.links.get()).assume_init_ref() }
    }
}

impl<T> List<T> {
    pub(crate) const fn new() -> List<T> {
        List {
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
            len: Cell::new(0),
            round: Cell::new(0),
            stale: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_null()
    }

    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// What the oldest waits for.
    #[inline]
    pub(crate) fn front(&self) -> Option<T>
    where
        T: Copy,
    {
        // SAFETY: nodes on the list are alive, see `Waiter::wait`.
        unsafe { self.first.get().as_ref() }.map(|node| node.value.get())
    }

    /// Wakes the oldest, which finds itself in `state`; `false` if nobody waits.
    ///
    /// Foreign wakers may run anything from within this, so look at the list anew afterwards.
    #[inline]
    pub(crate) fn wake_front(&self, state: State) -> bool {
        let Some((_, waker)) = self.pop(state) else { return false };
        wake(waker);
        true
    }

    /// [`wake_front`](Self::wake_front), with `value` left in place of what the oldest waited with, which is passed to
    /// `take` before anybody is woken.
    #[inline]
    pub(crate) fn replace_front(&self, value: T, state: State, take: impl FnOnce(T)) -> bool {
        let Some((node, waker)) = self.pop(state) else { return false };
        take(node.value.replace(value));
        wake(waker);
        true
    }

    /// How many wait, of those who came since all were woken.
    pub(crate) fn fresh(&self) -> usize {
        self.len.get() - self.stale.get()
    }

    /// Wakes all who wait now; those that come meanwhile stay.
    pub(crate) fn wake_all(&self, state: State) {
        self.round.set(self.round.get().wrapping_add(1));
        self.stale.set(self.len.get());
        // Foreign wakers may drop those who wait, let others come, and wake all of them, which begins another round.
        // SAFETY: as in `front`, and queued.
        while unsafe { self.first.get().as_ref().is_some_and(|node| node.links().round != self.round.get()) }
        {
            self.wake_front(state);
        }
    }

    /// Takes the oldest off, which finds itself in `state`. The node may be gone once other code has run.
    #[inline]
    fn pop(&self, state: State) -> Option<(&Node<T>, WakerSlot)> {
        // SAFETY: as in `front`.
        let node = unsafe { self.first.get().as_ref() }?;
        // SAFETY: it is on this list, and nothing is before the first.
        let waker = unsafe { self.unlink_behind(node, ptr::null()) };
        node.state.set(state);
        Some((node, waker))
    }

    /// # Safety
    ///
    /// The node is not queued, stays where it is, and is unlinked before it goes.
    unsafe fn link(&self, node: &Node<T>, waker: &Waker) {
        // First, because cloning a foreign waker may do anything, such as waiting here or panicking.
        let slot = WakerSlot::of(waker);
        let last = self.last.replace(node);
        let round = self.round.get();
        let links = Links { next: Cell::new(ptr::null()), previous: Cell::new(last), waker: slot, round };
        // SAFETY: nobody looks at the links of a node that is not queued.
        unsafe { (*node.links.get()).write(links) };
        node.state.set(State::Queued);
        self.len.set(self.len.get() + 1);
        if last.is_null() {
            self.first.set(node);
        } else {
            // SAFETY: nodes on the list are alive and queued.
            unsafe { (*last).links() }.next.set(node);
        }
    }

    /// Takes a node off, and its waker out of it. Its state is still to be set.
    ///
    /// # Safety
    ///
    /// The node is on this list.
    #[inline]
    unsafe fn unlink(&self, node: &Node<T>) -> WakerSlot {
        // SAFETY: queued, and the links know what is before it.
        unsafe { self.unlink_behind(node, node.links().previous.get()) }
    }

    /// [`unlink`](Self::unlink), where one knows what is before the node.
    ///
    /// # Safety
    ///
    /// The node is on this list behind `previous`, or the first if that is null.
    #[inline]
    unsafe fn unlink_behind(&self, node: &Node<T>, previous: *const Node<T>) -> WakerSlot {
        // SAFETY: queued, and so are its neighbours.
        unsafe {
            let links = node.links();
            let next = links.next.get();
            match previous.as_ref() {
                Some(previous) => previous.links().next.set(next),
                None => self.first.set(next),
            }
            match next.as_ref() {
                Some(next) => next.links().previous.set(previous),
                None => self.last.set(previous),
            }
            self.len.set(self.len.get() - 1);
            if self.stale.get() > 0 && links.round != self.round.get() {
                self.stale.set(self.stale.get() - 1);
            }
            // The links are not looked at again: the node is no longer queued.
            ptr::read(&links.waker)
        }
    }
}

/// Out of line, so that loops that wake keep few registers.
#[inline(never)]
fn wake(waker: WakerSlot) {
    waker.wake();
}

/// Something with a list that a [`Waiter`] can hold on to.
///
/// # Safety
///
/// [`list`](Self::list) returns the same list in the same place as long as the host lives, wherever the
/// host is moved. So it is for references and for `Rc`.
pub unsafe trait Host {
    type Value;

    fn list(&self) -> &List<Self::Value>;
}

/// One who waits, as part of a pinned future. Leaves the list when it is dropped.
///
/// A future that owns something once it is `Granted` calls [`leave`](Self::leave) in its own drop.
///
/// Values on a list outlive the list (`T` is a parameter of it), also where a future is leaked.
pub struct Waiter<H: Host> {
    host: H,
    node: Node<H::Value>,
}

impl<H: Host> Waiter<H> {
    #[inline]
    pub(crate) const fn new(host: H, value: H::Value) -> Waiter<H> {
        Waiter { host, node: Node::new(value) }
    }

    #[inline]
    pub(crate) fn host(&self) -> &H {
        &self.host
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        self.node.state.get()
    }

    /// What it waits for, or was left in place of that.
    #[inline]
    pub(crate) fn value(&self) -> H::Value
    where
        H::Value: Copy,
    {
        self.node.value.get()
    }

    #[inline]
    pub(crate) fn replace_value(&self, value: H::Value) -> H::Value {
        self.node.value.replace(value)
    }

    /// Joins the list at its end, or stays where it is on it; `waker` is woken from now on.
    pub(crate) fn wait(self: Pin<&Self>, waker: &Waker) {
        let Waiter { host, node } = self.get_ref();
        if node.state.get() == State::Queued {
            // SAFETY: queued.
            unsafe { node.links() }.waker.set(waker);
        } else {
            // SAFETY: pinned, and the drop below unlinks it: from this list, as hosts promise, which is in
            // its place as long as the host here lives.
            unsafe { host.list().link(node, waker) };
        }
    }

    /// Has taken what it was given, if anything. It is not on the list.
    #[inline]
    pub(crate) fn set_idle(&self) {
        debug_assert_ne!(self.state(), State::Queued);
        self.node.state.set(State::Idle);
    }

    /// Leaves the list, if it is on it. Returns how it stood; from now on it is idle.
    #[inline]
    pub(crate) fn leave(&self) -> State {
        let state = self.node.state.get();
        if state != State::Idle {
            self.node.state.set(State::Idle);
            if state == State::Queued {
                self.unlink();
            }
        }
        state
    }

    #[cold]
    fn unlink(&self) {
        // SAFETY: it was linked into the list of its host, and nobody has unlinked it since.
        drop(unsafe { self.host.list().unlink(&self.node) });
    }
}

impl<H: Host> Drop for Waiter<H> {
    #[inline]
    fn drop(&mut self) {
        if self.state() == State::Queued {
            self.unlink();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    // SAFETY: a reference.
    unsafe impl Host for &List<u32> {
        type Value = u32;

        fn list(&self) -> &List<u32> {
            self
        }
    }

    fn order(list: &List<u32>) -> Vec<u32> {
        let mut order = Vec::new();
        while let Some(value) = list.front() {
            order.push(value);
            assert!(list.wake_front(State::Granted));
        }
        assert_eq!(list.len(), 0);
        assert!(!list.wake_front(State::Granted));
        order
    }

    #[test]
    fn the_oldest_is_served_first() {
        let list = List::new();
        let (one, two, three) =
            (pin!(Waiter::new(&list, 1)), pin!(Waiter::new(&list, 2)), pin!(Waiter::new(&list, 3)));
        for waiter in [&one, &two, &three, &one] {
            waiter.as_ref().wait(Waker::noop());
        }
        assert_eq!(list.len(), 3);
        assert_eq!(order(&list), [1, 2, 3]);
        assert_eq!([one.state(), two.state(), three.leave()], [State::Granted; 3]);
        assert_eq!(three.state(), State::Idle);
    }

    #[test]
    fn whoever_is_dropped_has_left_from_any_place() {
        for gone in 0..4 {
            let list = List::new();
            let mut waiters: Vec<_> = (0..4).map(|n| Box::pin(Waiter::new(&list, n))).collect();
            for waiter in &waiters {
                waiter.as_ref().wait(Waker::noop());
            }
            drop(waiters.remove(gone as usize));
            assert_eq!(list.len(), 3);
            let expected: Vec<_> = (0..4).filter(|n| *n != gone).collect();
            assert_eq!(order(&list), expected);
        }
    }

    #[test]
    fn a_value_is_exchanged_with_the_wake() {
        let list = List::new();
        let waiter = pin!(Waiter::new(&list, 7));
        assert!(!list.replace_front(8, State::Told, |_| panic!("nobody waits")));
        waiter.as_ref().wait(Waker::noop());
        assert!(list.replace_front(8, State::Told, |value| assert_eq!(value, 7)));
        assert_eq!((waiter.value(), waiter.leave()), (8, State::Told));
        waiter.as_ref().wait(Waker::noop());
        assert_eq!(waiter.leave(), State::Queued);
        assert!(list.is_empty());
    }

    #[test]
    fn all_who_wait_are_woken_at_once() {
        let list = List::new();
        let waiters: Vec<_> = (0..5).map(|n| Box::pin(Waiter::new(&list, n))).collect();
        waiters.iter().for_each(|waiter| waiter.as_ref().wait(Waker::noop()));
        list.wake_all(State::Refused);
        assert!(waiters.iter().all(|waiter| waiter.state() == State::Refused));
    }
}
