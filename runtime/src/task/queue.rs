//! The run queue: tasks in the order of their turns, linked through their headers.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::raw::{Header, LIVE, QUEUED};

type Link = Cell<Option<NonNull<Header>>>;

/// Tasks that wait for their turn. They stay where they are until they are out of it.
pub(super) struct Queue {
    head: Link,
    /// The link behind the last one: so a push is the same whether there are others or not. What it holds says nothing, unless it is
    /// the first.
    end: Cell<*const Link>,
}

impl Queue {
    /// Needs [`clear`](Self::clear) once it is in its place.
    pub(super) const fn new() -> Queue {
        Queue { head: Cell::new(None), end: Cell::new(ptr::null()) }
    }

    /// Forgets all. The queue stays where it is from here on.
    #[inline]
    pub(super) fn clear(&self) {
        self.head.set(None);
        self.end.set(&self.head);
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }

    /// Puts a live task behind the others, which is in no queue.
    #[inline]
    pub(super) fn push(&self, task: &Header) {
        task.state.put(LIVE | QUEUED);
        self.link(task);
    }

    /// Puts a task behind the others, which is in no queue although it is QUEUED.
    #[inline]
    pub(super) fn link(&self, task: &Header) {
        // SAFETY: the link of a task in the queue, which is live, or the first one.
        unsafe { &*self.end.replace(&task.next) }.set(Some(NonNull::from(task)));
    }

    /// Takes the task off whose turn it is. It is still QUEUED.
    #[inline]
    pub(super) fn pop(&self) -> Option<NonNull<Header>> {
        let front = self.head.get()?;
        // SAFETY: tasks in the queue are live.
        let next = unsafe { &front.as_ref().next };
        if ptr::eq(self.end.get(), next) {
            self.clear();
        } else {
            self.head.set(next.get());
        }
        Some(front)
    }
}
