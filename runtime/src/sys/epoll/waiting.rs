//! Operations that wait, each with its descriptor.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use super::perform::{Begun, Direction};

const NONE: u32 = u32::MAX;
/// Every descriptor is watched for everything: changes that nobody waits for raise no events of their own.
const WATCHED: u32 =
    (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32;

/// What a descriptor is ready for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Events {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// A short read is not all there is: behind it is the end, an error, or what follows urgent data.
    pub(super) at_end: bool,
}

impl Events {
    /// Of a descriptor of which nothing is known.
    pub(super) const ALL: Events = Events { readable: true, writable: true, at_end: true };

    pub(super) fn of(events: u32) -> Events {
        let any = |flags: i32| events & flags as u32 != 0;
        let broken = any(libc::EPOLLERR | libc::EPOLLHUP);
        let at_end = broken || any(libc::EPOLLRDHUP | libc::EPOLLPRI);
        Events { readable: at_end || any(libc::EPOLLIN), writable: broken || any(libc::EPOLLOUT), at_end }
    }

    pub(super) fn concern(self, direction: Direction) -> bool {
        match direction {
            Direction::Reads => self.readable,
            Direction::Writes => self.writable,
        }
    }
}

/// All operations that wait.
pub(super) struct Waiting {
    slots: Vec<Slot>,
    /// The first slot that is free; the others follow.
    free: u32,
    /// By descriptor number.
    descriptors: Vec<Descriptor>,
    by_token: HashMap<u64, u32>,
}

struct Slot {
    begun: Begun,
    /// The next operation of the same descriptor, or the next free slot.
    next: u32,
}

#[derive(Clone, Copy)]
struct Descriptor {
    first: u32,
    last: u32,
    /// It is watched, unless it was closed by somebody else.
    watched: bool,
}

impl Waiting {
    pub(super) fn new() -> Waiting {
        Waiting {
            slots: Vec::with_capacity(1024),
            free: NONE,
            descriptors: Vec::with_capacity(1024),
            by_token: HashMap::with_capacity(1024),
        }
    }

    /// Lets an operation wait until its descriptor is ready. If it is by now, the kernel tells at the next question.
    pub(super) fn add(&mut self, epoll: &OwnedFd, begun: Begun) -> io::Result<()> {
        let fd = begun.fd();
        let index = fd as usize;
        if index >= self.descriptors.len() {
            self.descriptors.resize(index + 1, Descriptor { first: NONE, last: NONE, watched: false });
        }
        let descriptor = &mut self.descriptors[index];
        if descriptor.first == NONE || begun.wants_to_be_told() {
            watch(epoll, fd, descriptor.watched)?;
            descriptor.watched = true;
        }
        let slot = Slot { begun, next: NONE };
        let number = match self.free {
            NONE => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
            free => {
                self.free = std::mem::replace(&mut self.slots[free as usize], slot).next;
                free
            }
        };
        match std::mem::replace(&mut descriptor.last, number) {
            NONE => descriptor.first = number,
            last => self.slots[last as usize].next = number,
        }
        self.by_token.insert(begun.token, number);
        Ok(())
    }

    /// The operation that has waited longest for a descriptor.
    pub(super) fn first(&self, fd: RawFd) -> Option<u32> {
        let first = self.descriptors.get(fd as usize)?.first;
        (first != NONE).then_some(first)
    }

    /// The one that has waited longest after it.
    pub(super) fn next(&self, slot: u32) -> Option<u32> {
        let next = self.slots[slot as usize].next;
        (next != NONE).then_some(next)
    }

    pub(super) fn get(&self, slot: u32) -> &Begun {
        &self.slots[slot as usize].begun
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Begun {
        &mut self.slots[slot as usize].begun
    }

    /// Takes an operation out. Few wait for one descriptor, so the one before it is looked for.
    pub(super) fn remove(&mut self, slot: u32) {
        let begun = *self.get(slot);
        let descriptor = &mut self.descriptors[begun.fd() as usize];
        let next = self.slots[slot as usize].next;
        if descriptor.first == slot {
            descriptor.first = next;
            if next == NONE {
                descriptor.last = NONE;
            }
        } else {
            let mut before = descriptor.first;
            while self.slots[before as usize].next != slot {
                before = self.slots[before as usize].next;
            }
            self.slots[before as usize].next = next;
            if next == NONE {
                descriptor.last = before;
            }
        }
        self.slots[slot as usize].next = self.free;
        self.free = slot;
        if self.by_token.get(&begun.token) == Some(&slot) {
            self.by_token.remove(&begun.token);
        }
    }

    pub(super) fn remove_token(&mut self, token: u64) -> Option<Begun> {
        let slot = *self.by_token.get(&token)?;
        let begun = *self.get(slot);
        self.remove(slot);
        Some(begun)
    }

    pub(super) fn remove_one_of(&mut self, fd: RawFd) -> Option<Begun> {
        let slot = self.first(fd)?;
        let begun = *self.get(slot);
        self.remove(slot);
        Some(begun)
    }

    /// The descriptor is about to be closed.
    pub(super) fn forget(&mut self, fd: RawFd) {
        if let Some(descriptor) = self.descriptors.get_mut(fd as usize) {
            descriptor.watched = false;
        }
    }

    /// All for which anything may wait.
    pub(super) fn descriptors(&self) -> Range<RawFd> {
        0..self.descriptors.len() as RawFd
    }
}

/// Watches a descriptor, or asks anew what it is ready for. `watched` is a guess: numbers are used again.
fn watch(epoll: &OwnedFd, fd: RawFd, watched: bool) -> io::Result<()> {
    let control = |operation| {
        let mut event = libc::epoll_event { events: WATCHED, u64: fd as u64 };
        // SAFETY: the event lives during the call.
        match unsafe { libc::epoll_ctl(epoll.as_raw_fd(), operation, fd, &raw mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    let guess = if watched { libc::EPOLL_CTL_MOD } else { libc::EPOLL_CTL_ADD };
    match control(guess) {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => control(libc::EPOLL_CTL_ADD),
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => control(libc::EPOLL_CTL_MOD),
        done => done,
    }
}
