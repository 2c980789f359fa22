//! The sending half of a connection.
//!
//! At most one send is in flight. Meanwhile the next bytes gather in a buffer; when the turn ends, or the send
//! does, they go out together. So a request costs one send however many writes its answer took, and a
//! peer that does not read stops the writer after one buffer in flight and one that is full.
//!
//! What is flushed while nothing is in flight, and nobody waits for, is the reactor's: it sends that when the turn ends, and tells only of
//! what failed or was cut short. More that is written in the same turn takes it back.

use std::cell::Cell;
use std::io;
use std::mem;
use std::task::{Context, Poll};

use super::connection::{Connection, SEND};
use super::place::Place;
use crate::reactor::{self, Filling, Reactor, Refused, Shared, View};
use crate::sys::op::{Completion, Op};
use crate::task::WakerSlot;

/// Bytes that gather before they are sent without a flush (OUT-1): what a whole block holds.
const GATHER_SIZE: usize = Filling::capacity_of(8192);
/// The same for a write that is larger.
const GATHER_SIZE_LARGE: usize = Filling::capacity_of(64 << 10);

/// The bytes gathered should be sent.
const FLUSH: u8 = 1 << 0;
/// Somebody waits for room, or for everything to be sent.
const WAITING: u8 = 1 << 1;
/// Nothing can be sent any more.
const FAILED: u8 = 1 << 2;
/// The user has dropped both halves.
const ABANDONED: u8 = 1 << 3;

pub(super) struct Transmitter {
    state: Cell<u8>,
    error: Cell<i32>,
    /// In flight.
    sending: Place<View>,
    /// To be sent next.
    gathered: Place<Filling>,
    waker: WakerSlot,
}

impl Transmitter {
    pub(super) const fn new() -> Transmitter {
        Transmitter {
            state: Cell::new(0),
            error: Cell::new(0),
            sending: Place::empty(),
            gathered: Place::empty(),
            waker: WakerSlot::new(),
        }
    }

    #[inline]
    fn is(&self, flags: u8) -> bool {
        self.state.get() & flags != 0
    }

    #[inline]
    fn set(&self, flags: u8) {
        self.state.set(self.state.get() | flags);
    }

    #[inline]
    fn clear(&self, flags: u8) {
        self.state.set(self.state.get() & !flags);
    }

    /// Whether a send is in flight, of whose end we hear then.
    #[inline]
    fn is_sending(this: &Shared<Connection>) -> bool {
        !this.transmitter.sending.is_empty() || this.awaits_send()
    }

    /// Whether everything that was flushed is with the kernel, or lost. If not, we hear of it.
    pub(super) fn is_drained(this: &Shared<Connection>) -> bool {
        this.transmitter.gathered.is_empty() && !Transmitter::is_sending(this)
    }

    /// Gathers again what was flushed in this turn. It is sent when that ends all the same, and what comes now with it.
    #[inline]
    fn take_back(this: &Shared<Connection>) {
        if this.has_send()
            && let Some(filling) = reactor::with(|reactor| reactor.take_back(this)).flatten()
        {
            this.transmitter.gathered.put(filling);
            this.transmitter.set(FLUSH);
            Transmitter::tell_at_end(this);
        }
    }

    /// Takes as much of `bytes` as there is room for, at least one unless they are none.
    pub(super) fn poll_write(
        this: &Shared<Connection>,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let transmitter = &this.transmitter;
        transmitter.check()?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Transmitter::take_back(this);
        loop {
            let mut filling = match transmitter.gathered.take() {
                Some(filling) if filling.room() > 0 => filling,
                Some(filling) => match widen(filling) {
                    Ok(wider) => wider,
                    Err(full) => {
                        transmitter.gathered.put(full);
                        if !Transmitter::send_gathered(this) {
                            return transmitter.wait(context);
                        }
                        continue;
                    }
                },
                None => room_for(bytes.len()).ok_or(io::ErrorKind::OutOfMemory)?,
            };
            let taken = filling.push(bytes);
            let is_full = filling.is_full();
            transmitter.gathered.put(filling);
            if is_full {
                transmitter.set(FLUSH);
                Transmitter::send_gathered(this);
            }
            return Poll::Ready(Ok(taken));
        }
    }

    /// Takes `view`, without a copy where nothing waits before it.
    #[inline]
    pub(super) fn poll_write_view(
        this: &Shared<Connection>,
        view: &mut Option<View>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let transmitter = &this.transmitter;
        if transmitter.gathered.is_empty() && !transmitter.is(FAILED) && !this.has_send() {
            if let Some(bytes) = view.take().filter(|bytes| !bytes.is_empty()) {
                transmitter.gathered.put(Filling::whole(bytes));
            }
            // There is none, but behind a store the compiler does not know, and would look when the future is dropped.
            mem::forget(view.take());
            return Poll::Ready(Ok(()));
        }
        Transmitter::write_view_behind(this, view, context)
    }

    /// Takes `view` behind what was gathered before.
    #[cold]
    #[inline(never)]
    fn write_view_behind(
        this: &Shared<Connection>,
        view: &mut Option<View>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let transmitter = &this.transmitter;
        transmitter.check()?;
        Transmitter::take_back(this);
        while let Some(bytes) = view.take_if(|view| !view.is_empty()) {
            match transmitter.gathered.take() {
                None => transmitter.gathered.put(Filling::whole(bytes)),
                Some(mut filling) if filling.room() >= bytes.len() => {
                    filling.push(&bytes);
                    transmitter.gathered.put(filling);
                }
                Some(filling) => {
                    let filling = match widen(filling) {
                        Ok(wider) if wider.room() >= bytes.len() => Ok(wider),
                        Ok(other) | Err(other) => Err(other),
                    };
                    *view = Some(bytes);
                    let fits = filling.is_ok();
                    transmitter.gathered.put(filling.unwrap_or_else(|full| full));
                    if !fits && !Transmitter::send_gathered(this) {
                        return transmitter.wait(context);
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what was gathered when the turn ends (OUT-3).
    #[inline]
    pub(super) fn flush(this: &Shared<Connection>) -> io::Result<()> {
        let transmitter = &this.transmitter;
        let kept = transmitter.state.get() == 0
            && reactor::with(|reactor| Transmitter::keep(this, reactor)) == Some(true);
        if kept { Ok(()) } else { Transmitter::flush_otherwise(this) }
    }

    /// Leaves what was gathered to the reactor, if nothing is in flight.
    #[inline]
    fn keep(this: &Shared<Connection>, reactor: &Reactor) -> bool {
        let transmitter = &this.transmitter;
        let keeps = transmitter.sending.is_empty() && !this.has_send() && reactor.sends_at_end();
        if keeps && let Some(filling) = transmitter.gathered.take() {
            this.note_activity();
            reactor.send_at_end(this, this.fd(), filling);
        }
        keeps
    }

    /// Something is in flight, or somebody waits, or the reactor does not keep what was gathered.
    #[cold]
    #[inline(never)]
    fn flush_otherwise(this: &Shared<Connection>) -> io::Result<()> {
        this.transmitter.check()?;
        if !this.transmitter.gathered.is_empty() {
            this.transmitter.set(FLUSH);
            Transmitter::tell_at_end(this);
        }
        Ok(())
    }

    /// Ready when all is sent.
    pub(super) fn poll_drained(this: &Shared<Connection>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        this.transmitter.check()?;
        // Who waits hears of it as soon as it is sent.
        Transmitter::take_back(this);
        if Transmitter::is_drained(this) {
            return Poll::Ready(Ok(()));
        }
        this.transmitter.wait(context)
    }

    #[inline]
    fn tell_at_end(this: &Shared<Connection>) {
        reactor::with(|reactor| reactor.at_end_of_turn(this));
    }

    #[inline]
    pub(super) fn end_of_turn(this: Shared<Connection>, reactor: &Reactor) {
        let transmitter = &this.transmitter;
        // The turn's fibers have run, so nobody comes to wait for the completion before the sleep.
        if transmitter.state.get() == FLUSH && Transmitter::keep(&this, reactor) {
            transmitter.clear(FLUSH);
        } else if transmitter.is(FLUSH) {
            Transmitter::send_gathered_on(this, reactor);
        }
    }

    /// Sends what was gathered, unless a send is in flight: then its completion will.
    #[inline(never)]
    fn send_gathered(this: &Shared<Connection>) -> bool {
        Transmitter::take_back(this);
        let sent = reactor::with(|reactor| Transmitter::send_gathered_on(this.share(), reactor));
        sent.unwrap_or_else(|| {
            if this.transmitter.gathered.take().is_some() {
                this.transmitter.fail(libc::EIO);
            }
            true
        })
    }

    fn send_gathered_on(this: Shared<Connection>, reactor: &Reactor) -> bool {
        let transmitter = &this.transmitter;
        if Transmitter::is_sending(&this) {
            return false;
        }
        transmitter.clear(FLUSH);
        if let Some(filling) = transmitter.gathered.take() {
            Transmitter::send(this, reactor, filling.into_view());
        }
        true
    }

    #[inline]
    fn send(this: Shared<Connection>, reactor: &Reactor, view: View) {
        let op = Op::Send { fd: this.fd(), base: view.as_ptr(), len: view.len() as u32 };
        this.transmitter.sending.put(view);
        // SAFETY: the view stays in `sending` until the completion, and keeps the bytes.
        if let Err(refused) = unsafe { reactor.submit(op, this, SEND) } {
            Transmitter::refused(refused);
        }
    }

    #[cold]
    fn refused(refused: Refused<Connection>) {
        refused.source.transmitter.fail(libc::EIO);
        Transmitter::go_on(&refused.source);
    }

    #[inline(always)]
    pub(super) fn complete(this: &Shared<Connection>, reactor: &Reactor, completion: Completion) {
        let Some(view) = this.transmitter.sending.take() else { return };
        Transmitter::ended(this, reactor, view, completion.result());
    }

    /// A send has ended, with a count or a negated error number.
    #[inline]
    pub(super) fn ended(this: &Shared<Connection>, reactor: &Reactor, view: View, result: i32) {
        if result as usize != view.len() {
            return Transmitter::cut_short(this, reactor, view, result);
        }
        view.release(reactor);
        if this.transmitter.is(FLUSH | WAITING | ABANDONED) {
            Transmitter::go_on(this);
        }
    }

    /// A send has failed, or only sent a part.
    #[cold]
    #[inline(never)]
    fn cut_short(this: &Shared<Connection>, reactor: &Reactor, mut view: View, result: i32) {
        match result {
            error @ ..0 if error != -libc::EAGAIN => {
                this.transmitter.fail(-error);
                Transmitter::go_on(this);
            }
            // A socket that is full, a signal or an error cuts a send short; the next one waits for room, or tells which.
            sent => {
                view.trim_front((sent.max(0) as usize).min(view.len()));
                Transmitter::send(this.share(), reactor, view);
            }
        }
    }

    /// A send has ended, and somebody cares.
    #[inline(never)]
    fn go_on(this: &Shared<Connection>) {
        let transmitter = &this.transmitter;
        if transmitter.is(WAITING) {
            transmitter.clear(WAITING);
            transmitter.waker.wake();
        }
        if transmitter.is(ABANDONED) {
            Transmitter::finish_abandoned(this);
        } else if transmitter.is(FLUSH) {
            Transmitter::tell_at_end(this);
        }
    }

    #[cold]
    #[inline(never)]
    fn finish_abandoned(this: &Shared<Connection>) {
        Transmitter::send_gathered(this);
        Connection::close_when_sent(this);
    }

    /// Nothing can be sent any more.
    fn fail(&self, error: i32) {
        self.error.set(error);
        self.set(FAILED);
        self.sending.take();
        self.gathered.take();
    }

    /// The user has dropped both halves.
    pub(super) fn abandon(&self) {
        self.set(ABANDONED);
    }

    /// The failure of an earlier send. It stays: there is no way to send on.
    #[inline]
    fn check(&self) -> io::Result<()> {
        if self.is(FAILED) { Err(io::Error::from_raw_os_error(self.error.get())) } else { Ok(()) }
    }

    /// Wakes this fiber when a send has ended.
    pub(super) fn wait<T>(&self, context: &mut Context<'_>) -> Poll<T> {
        self.set(WAITING);
        self.waker.set(context.waker());
        Poll::Pending
    }

    /// The user writes no more. What was written and not flushed is sent all the same.
    pub(super) fn drop_half(this: &Shared<Connection>) {
        this.transmitter.waker.clear();
        Transmitter::send_gathered(this);
        // Behind a send in flight, the rest goes out when that completes.
        this.transmitter.set(FLUSH);
        Connection::release_half(this);
    }
}

/// An empty buffer, large for a large write.
#[inline]
fn room_for(len: usize) -> Option<Filling> {
    let large = if len > GATHER_SIZE { Filling::spare(GATHER_SIZE_LARGE) } else { None };
    large.or_else(|| Filling::new(GATHER_SIZE))
}

/// A full buffer that is small, because it came as it is, with room for more; itself if it is large.
fn widen(filling: Filling) -> Result<Filling, Filling> {
    if filling.len() > GATHER_SIZE / 2 {
        return Err(filling);
    }
    filling.wider(GATHER_SIZE).ok_or(filling)
}
