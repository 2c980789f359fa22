//! The io_uring driver: operations in, completions out, and no idea of futures or fibers.

mod encode;
mod features;
mod setup;
mod silent;

use std::cell::UnsafeCell;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::NonNull;

use io_uring::squeue::Flags;
use io_uring::types::{SubmitArgs, Timespec};
use io_uring::{CompletionQueue, EnterFlags, IoUring, SubmissionQueue, Submitter};

pub(crate) use self::features::{Feature, Features};
use self::silent::{SILENT, Silent};
use super::buffers::BufferRing;
use super::driver::Wait;
use super::op::{Completion, Op};

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
    silent: Silent,
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
            silent: Silent::new(),
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
        if let Op::SendNow { len, .. } = op {
            // SAFETY: promised by the caller.
            return unsafe { self.push_silent(op, len, token) };
        }
        let entry = encode::encode(op, self.features).user_data(token);
        // SAFETY: the only borrow; the caller keeps the memory of the operation valid.
        match unsafe { self.submissions().push(&entry) } {
            Ok(()) => Ok(()),
            // SAFETY: as above.
            Err(_) => unsafe { self.push_to_full(op.copied(), token) },
        }
    }

    /// Queues a send of whose success the kernel says nothing; it says so as ever if too many are under way.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    #[inline(always)]
    unsafe fn push_silent(&self, op: Op, len: u32, token: u64) -> io::Result<()> {
        let mut entry = encode::encode(op, self.features).user_data(token);
        let is_silent = self.silent.has_room();
        if is_silent {
            entry = entry.user_data(token | SILENT).flags(Flags::SKIP_SUCCESS);
        }
        // SAFETY: the only borrow; the caller keeps the memory of the operation valid.
        if unsafe { self.submissions().push(&entry) }.is_err() {
            // SAFETY: as above.
            return unsafe { self.push_to_full(op.copied(), token) };
        }
        if is_silent {
            self.silent.queued(token, len);
        }
        Ok(())
    }

    /// Makes room, then pushes.
    #[cold]
    #[inline(never)]
    unsafe fn push_to_full(&self, op: Op, token: u64) -> io::Result<()> {
        let entry = encode::encode(op, self.features).user_data(token);
        for _ in 0..ENTERS_MAX {
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
    /// Interrupted and timed-out sleeps are ordinary returns.
    pub(crate) fn enter(&self, wait: Wait) -> io::Result<()> {
        // SAFETY: the only borrows.
        let (submissions, completions) = unsafe { (self.submissions(), self.completions()) };
        submissions.sync();
        // What was taken makes room for what comes.
        completions.sync();
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
        completions.sync();
        // If the kernel took a part, it did not sleep, and the next enter submits the rest.
        if submissions.is_empty() {
            self.silent.all_submitted();
        }
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

    /// The oldest completion that was not taken; after all of them, those of which the kernel says nothing.
    #[inline(always)]
    pub(crate) fn take(&self) -> Option<Completion> {
        // SAFETY: the only borrows.
        let (submissions, completions) = unsafe { (self.submissions(), self.completions()) };
        if CompletionQueue::is_empty(completions) {
            completions.sync();
        }
        let Some(entry) = completions.next() else {
            // What the kernel could not post yet may be of those.
            return if submissions.cq_overflow() { None } else { self.silent.take() };
        };
        let token = entry.user_data();
        if token & SILENT != 0 {
            self.silent.told(token & !SILENT);
        }
        Some(Completion::new(token & !SILENT, entry.result(), entry.flags()))
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
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    const SENT: u64 = 1 << 20;
    const SEEN: u64 = 2 << 20;

    fn push(driver: &Driver, op: Op, token: u64) {
        // SAFETY: what is sent is static.
        unsafe { driver.push(op, token) }.unwrap();
    }

    fn results(driver: &Driver) -> Vec<(u64, i32)> {
        std::iter::from_fn(|| driver.take()).map(|done| (done.token, done.result())).collect()
    }

    /// Needs io_uring, without which there is nothing to test.
    #[test]
    fn a_send_of_now_ends_within_its_enter_and_ends_a_sleep_only_if_it_fails() {
        let Ok(driver) = Driver::new(Features::ALL) else { return };
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let send = Op::SendNow { fd: ours.as_raw_fd(), base: b"now".as_ptr(), len: 3 };
        push(&driver, send, SENT);
        push(&driver, Op::AwaitReadable { fd: theirs.as_raw_fd() }, SEEN);
        driver.enter(Wait::Forever).unwrap();
        let mut results_of_both = results(&driver);
        results_of_both.sort();
        assert_eq!(
            results_of_both,
            [(SENT, 3), (SEEN, libc::POLLIN as i32)],
            "it slept until both were there"
        );

        ours.set_nonblocking(true).unwrap();
        while ours.write(&[0; 4096]).is_ok() {}
        push(&driver, send, SENT);
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
        let (fd, base, len) = (ours.as_raw_fd(), BYTES.as_ptr(), BYTES.len() as u32);
        push(&driver, Op::SendNow { fd, base, len }, SENT);
        driver.enter(Wait::Forever).unwrap();
        let results = results(&driver);
        assert!(matches!(results[..], [(SENT, 1..)] if results[0].1 < len as i32), "{results:?}");
        drop(theirs);
    }

    /// Needs io_uring, without which there is nothing to test.
    #[test]
    fn more_sends_than_are_kept_are_all_told_of() {
        let Ok(driver) = Driver::new(Features::ALL) else { return };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut theirs = listener.accept().unwrap().0;
        let send = Op::SendNow { fd: ours.as_raw_fd(), base: b"now".as_ptr(), len: 3 };
        let mut told = Vec::new();
        for round in 0..2 {
            for number in 0..600 {
                push(&driver, send, SENT + 8 * number);
            }
            driver.enter(Wait::No).unwrap();
            told.extend(results(&driver));
            assert_eq!(told.len(), 600 * (round + 1));
            theirs.read_exact(&mut [0; 3 * 600]).unwrap();
        }
        assert!(told.iter().all(|(_, sent)| *sent == 3));
    }
}
