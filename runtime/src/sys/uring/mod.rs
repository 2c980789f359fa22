//! The io_uring driver: operations in, completions out, and no idea of futures or fibers.

mod encode;
mod features;
mod setup;

use std::cell::UnsafeCell;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::NonNull;

use io_uring::squeue::Entry;
use io_uring::types::{SubmitArgs, Timespec};
use io_uring::{CompletionQueue, EnterFlags, IoUring, SubmissionQueue, Submitter};

pub(crate) use self::features::{Feature, Features};
use super::buffers::BufferRing;
use super::driver::Wait;
use super::op::{Completion, Op, SendNow};

/// How often the kernel is asked to take operations off a full queue before it has refused: it may have no
/// memory for them.
const ENTERS_MAX: u32 = 1000;

/// What the kernel offers of what is not to be left out. Fails where the driver could not be used.
pub(super) fn probe(without: Features) -> io::Result<Features> {
    setup::probe(without)
}

/// One ring, owned and entered by one thread.
///
/// Nothing in here calls anything but the kernel, so what a method borrows of the queues is never borrowed twice.
pub(crate) struct Driver {
    submitter: ManuallyDrop<Submitter<'static>>,
    submissions: UnsafeCell<ManuallyDrop<SubmissionQueue<'static>>>,
    completions: UnsafeCell<ManuallyDrop<CompletionQueue<'static>>>,
    /// What the three above borrow from; freed after them.
    ring: NonNull<IoUring>,
    /// Completions are only posted by an enter with GETEVENTS, and the kernel flags when one is due.
    deferred: bool,
    features: Features,
}

impl Driver {
    /// Sets up a ring with those of the features that the kernel has.
    pub(crate) fn new(features: Features) -> io::Result<Driver> {
        let (ring, mut features) = setup::build(features)?;
        let ring = NonNull::from(Box::leak(Box::new(ring)));
        // SAFETY: the box is leaked until `drop`, which ends these borrows first, and nobody else has it.
        let (mut submitter, submissions, completions) = unsafe { &mut *ring.as_ptr() }.split();
        if features.has(Feature::RingFd) && submitter.register_ring_fd().is_err() {
            features = features.without_one(Feature::RingFd);
        }
        Ok(Driver {
            submitter: ManuallyDrop::new(submitter),
            submissions: UnsafeCell::new(ManuallyDrop::new(submissions)),
            completions: UnsafeCell::new(ManuallyDrop::new(completions)),
            ring,
            deferred: setup::is_deferred(features),
            features,
        })
    }

    pub(crate) fn features(&self) -> Features {
        self.features
    }

    /// The descriptor to which other rings send [`Op::Ring`].
    pub(crate) fn fd(&self) -> RawFd {
        // SAFETY: the ring lives as long as `self`.
        unsafe { self.ring.as_ref() }.as_raw_fd()
    }

    /// # Safety
    ///
    /// No other borrow of the queue is in use.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the cell is of one thread, and callers borrow it once")]
    unsafe fn submissions(&self) -> &mut SubmissionQueue<'static> {
        // SAFETY: promised by the caller.
        unsafe { &mut *self.submissions.get() }
    }

    /// # Safety
    ///
    /// No other borrow of the queue is in use.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the cell is of one thread, and callers borrow it once")]
    unsafe fn completions(&self) -> &mut CompletionQueue<'static> {
        // SAFETY: promised by the caller.
        unsafe { &mut *self.completions.get() }
    }

    /// Queues an operation for the next [`enter`](Self::enter); a full queue is entered at once. Fails when the
    /// kernel takes nothing from it.
    ///
    /// # Safety
    ///
    /// Memory that `op` points to stays valid until the last completion with this token.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, op: Op, token: u64) -> io::Result<()> {
        if let Op::Ring { .. } = op
            && !self.features.has(Feature::MsgRing)
        {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let entry = encode::encode(op, self.features).user_data(token);
        // SAFETY: the only borrow; the caller keeps the memory of the operation valid.
        match unsafe { self.submissions().push(&entry) } {
            Ok(()) => Ok(()),
            // SAFETY: as above.
            Err(_) => unsafe {
                self.push_to_full(encode::encode(op.copied(), self.features).user_data(token))
            },
        }
    }

    /// Queues a send as [`push`](Self::push) does an operation.
    ///
    /// # Safety
    ///
    /// As for that, up to the end of the enter that submits it.
    #[inline(always)]
    pub(crate) unsafe fn push_now(&self, send: SendNow, token: u64) -> io::Result<()> {
        let entry = encode::encode_now(send).user_data(token);
        // SAFETY: as in `push`.
        match unsafe { self.submissions().push(&entry) } {
            Ok(()) => Ok(()),
            // SAFETY: as above.
            Err(_) => unsafe { self.push_to_full(encode::encode_now(send).user_data(token)) },
        }
    }

    /// Makes room, then pushes.
    #[cold]
    #[inline(never)]
    unsafe fn push_to_full(&self, entry: Entry) -> io::Result<()> {
        for _ in 0..ENTERS_MAX {
            // What was taken makes room for what comes.
            // SAFETY: the only borrow.
            unsafe { self.completions() }.sync();
            self.enter(Wait::No)?;
            // SAFETY: the only borrow; the rest is promised by the caller.
            if unsafe { self.submissions().push(&entry) }.is_ok() {
                return Ok(());
            }
        }
        Err(io::Error::from_raw_os_error(libc::EAGAIN))
    }

    /// Whether the kernel has something for us: completions, or work that makes some when we enter.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        // SAFETY: the only borrows.
        let (submissions, completions) = unsafe { (self.submissions(), self.completions()) };
        if (self.deferred && submissions.taskrun()) || submissions.cq_overflow() {
            return true;
        }
        completions.sync();
        !CompletionQueue::is_empty(completions)
    }

    /// Whether operations wait for the next enter.
    pub(crate) fn has_submissions(&self) -> bool {
        // SAFETY: the only borrow.
        !unsafe { self.submissions() }.is_empty()
    }

    /// Submits what is queued, lets the kernel post completions, and sleeps for one as `wait` says.
    ///
    /// Interrupted and timed-out sleeps are ordinary returns. All completions have been taken, or else those that were keep their room.
    pub(crate) fn enter(&self, wait: Wait) -> io::Result<()> {
        // SAFETY: the only borrow.
        let submissions = unsafe { self.submissions() };
        submissions.sync();
        let count = submissions.len() as u32;
        let events = EnterFlags::GETEVENTS.bits();
        // SAFETY: the arguments are those that the flags announce, and live during the call.
        let entered = unsafe {
            match wait {
                Wait::No => self.submitter.enter::<libc::sigset_t>(count, 0, events, None),
                Wait::Forever => self.submitter.enter::<libc::sigset_t>(count, 1, events, None),
                Wait::Nanos(nanos) => {
                    let time =
                        Timespec::new().sec(nanos / 1_000_000_000).nsec((nanos % 1_000_000_000) as u32);
                    let args = SubmitArgs::new().timespec(&time);
                    let flags = events | EnterFlags::EXT_ARG.bits();
                    self.submitter.enter(count, 1, flags, Some(&args))
                }
            }
        };
        submissions.sync();
        match entered {
            Ok(_) => Ok(()),
            // EBUSY: completions overflowed and must be reaped first. EAGAIN: no memory for a request
            // right now. Either way the queue keeps what was not taken, for the next turn.
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// The oldest completion that was not taken.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<Completion> {
        // SAFETY: the only borrow.
        let completions = unsafe { self.completions() };
        if CompletionQueue::is_empty(completions) {
            completions.sync();
        }
        let entry = completions.next()?;
        Some(Completion::new(entry.user_data(), entry.result(), entry.flags()))
    }

    /// Whether the kernel has completions that it could not post yet.
    #[inline]
    pub(crate) fn has_overflow(&self) -> bool {
        // SAFETY: the only borrow.
        unsafe { self.submissions() }.cq_overflow()
    }

    /// Gives the kernel a ring of buffers for [`Op::Receive`]; false if it takes none.
    ///
    /// # Safety
    ///
    /// The buffers outlive the driver.
    pub(super) unsafe fn register_buffers(&self, buffers: &BufferRing) -> io::Result<bool> {
        if !self.features.has(Feature::BufferRings) {
            return Ok(false);
        }
        let (address, entries) = (buffers.ring_address(), BufferRing::ENTRIES);
        // SAFETY: promised by the caller.
        unsafe { self.submitter.register_buf_ring_with_flags(address, entries, buffers.group(), 0)? };
        Ok(true)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Or else the thread keeps the ring until it ends.
        let _ = self.submitter.unregister_ring_fd();
        // SAFETY: the three borrows end here, before the box that they borrow from is freed.
        unsafe {
            ManuallyDrop::drop(self.completions.get_mut());
            ManuallyDrop::drop(self.submissions.get_mut());
            ManuallyDrop::drop(&mut self.submitter);
            drop(Box::from_raw(self.ring.as_ptr()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    const SENT: u64 = 1 << 20;
    const SEEN: u64 = 2 << 20;

    fn push(driver: &Driver, op: Op, token: u64) {
        // SAFETY: it points to no memory.
        unsafe { driver.push(op, token) }.unwrap();
    }

    fn send(driver: &Driver, stream: &UnixStream, bytes: &'static [u8]) {
        let send = SendNow { fd: stream.as_raw_fd(), base: bytes.as_ptr(), len: bytes.len() as u32 };
        // SAFETY: what is sent is static.
        unsafe { driver.push_now(send, SENT) }.unwrap();
    }

    fn results(driver: &Driver) -> Vec<(u64, i32)> {
        std::iter::from_fn(|| driver.take()).map(|done| (done.token, done.result())).collect()
    }

    /// Needs io_uring, without which there is nothing to test.
    #[test]
    fn a_send_of_now_ends_within_its_enter_and_ends_a_sleep_only_if_it_fails() {
        let Ok(driver) = Driver::new(Features::ALL) else { return };
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        send(&driver, &ours, b"now");
        push(&driver, Op::AwaitReadable { fd: theirs.as_raw_fd() }, SEEN);
        driver.enter(Wait::Forever).unwrap();
        let seen = (SEEN, libc::POLLIN as i32);
        assert_eq!(results(&driver), [seen], "it slept until there was something else to tell");

        ours.set_nonblocking(true).unwrap();
        while ours.write(&[0; 4096]).is_ok() {}
        send(&driver, &ours, b"now");
        driver.enter(Wait::Forever).unwrap();
        assert_eq!(results(&driver), [(SENT, -libc::EAGAIN)], "there is no room, so it has to be sent again");
        theirs.set_nonblocking(true).unwrap();
        while theirs.read(&mut [0; 4096]).is_ok() {}
    }

    /// Needs io_uring, without which there is nothing to test.
    #[test]
    fn a_send_of_now_that_is_cut_short_ends_a_sleep() {
        static BYTES: [u8; 1 << 22] = [7; 1 << 22];
        let Ok(driver) = Driver::new(Features::ALL) else { return };
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(&driver, &ours, &BYTES);
        driver.enter(Wait::Forever).unwrap();
        let results = results(&driver);
        assert!(matches!(results[..], [(SENT, 1..)] if results[0].1 < BYTES.len() as i32), "{results:?}");
        drop(theirs);
    }
}
