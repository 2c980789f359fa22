//! A TLS session on a stream: what its two halves share.
//!
//! The halves may be used by different fibers, of which the stream below wakes one when there is room. So who reads sends nothing while
//! another fiber waits to write: alerts and answers to the peer go out with what is written next.

use std::cell::{Ref, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Poll, RawWakerVTable, Waker, ready};

use rustls::CommonState;

use super::engine::{Engine, FRAGMENT_MAX, Progress, RECORD_MAX, Side};
use super::failure::truncated;
use crate::net::{Channel, InputStream, OutputStream, Transport};
use crate::reactor::{Filling, View};

/// What carries the bytes of a [`TlsStream`](super::TlsStream): a session on streams over `T`.
///
/// ```
/// use seastar::net::{InputStream, Plain};
/// use seastar::tls::Tls;
///
/// /// For a connection over TLS and nothing else; what has `T: Transport` instead takes all.
/// struct Client {
///     input: InputStream<Tls<Plain>>,
/// }
/// # let _ = |client: Client| client.input;
/// ```
pub struct Tls<T: Transport>(Rc<RefCell<Session<T>>>);

struct Session<T: Transport> {
    engine: Engine,
    /// The streams below; none once the user has dropped that half.
    input: Option<InputStream<T>>,
    output: Option<OutputStream<T>>,
    /// Written, and not encrypted yet.
    gathered: Option<Filling>,
    /// Encrypted, and not with the stream below yet.
    sealed: Option<View>,
    /// Who waits to write, or did and gave up: the stream below wakes it.
    writer: Option<Who>,
    /// Nothing more is read.
    is_over: bool,
    /// The peer was told, or will be with what is encrypted, that no more comes.
    is_closing: bool,
}

impl<T: Transport> Tls<T> {
    pub(super) fn new(side: Side, input: InputStream<T>, output: OutputStream<T>) -> Tls<T> {
        Tls(Rc::new(RefCell::new(Session {
            engine: Engine::new(side),
            input: Some(input),
            output: Some(output),
            gathered: None,
            sealed: None,
            writer: None,
            is_over: false,
            is_closing: false,
        })))
    }

    /// Ready when the session stands.
    pub(super) fn poll_handshake(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_handshake(context)
    }

    /// What carries the records; there as long as the input is.
    #[cfg(feature = "hyper")]
    pub(super) fn below(&self) -> Option<T> {
        self.0.borrow().input.as_ref().map(|input| input.transport().clone())
    }

    /// What rustls knows of it.
    pub(super) fn state(&self) -> Ref<'_, CommonState> {
        Ref::map(self.0.borrow(), |session| session.engine.state())
    }
}

impl<T: Transport> Session<T> {
    fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let progress = match self.engine.shake_hands() {
                Ok(progress) => progress,
                Err(error) => {
                    // The peer is told why, if it can be told at once.
                    let _ = self.poll_pass_on(context);
                    return Poll::Ready(Err(error));
                }
            };
            ready!(self.poll_pass_on(context))?;
            match progress {
                Progress::Open => return Poll::Ready(Ok(())),
                _ if self.engine.is_ended() => return Poll::Ready(Err(gone())),
                _ => {}
            }
            let Some(input) = &mut self.input else { return Poll::Ready(Err(gone())) };
            let view = ready!(input.poll_view(context))?;
            if view.is_empty() {
                return Poll::Ready(Err(gone()));
            }
            self.engine.receive(view)?;
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        loop {
            if let Some(view) = self.engine.take_plain() {
                return Poll::Ready(Ok(view));
            }
            if self.is_over {
                return Poll::Ready(Ok(View::of_static(&[])));
            }
            let progress = self.engine.advance_to_plain();
            self.answer(context);
            match progress {
                Ok(Progress::Plain) => continue,
                Ok(_) if self.engine.is_ended() => {
                    self.is_over = true;
                    continue;
                }
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(self.over(error))),
            }
            let Some(input) = &mut self.input else {
                self.is_over = true;
                continue;
            };
            match ready!(input.poll_view(context)) {
                Ok(view) if !view.is_empty() => {
                    if let Err(error) = self.engine.receive(view) {
                        return Poll::Ready(Err(self.over(error)));
                    }
                }
                Ok(_) if input.transport().is_shut_here() => self.is_over = true,
                Ok(_) => return Poll::Ready(Err(self.over(truncated()))),
                Err(error) => return Poll::Ready(Err(self.over(error))),
            }
        }
    }

    /// A failure is told once, and then the stream is at its end. Without memory, it can be tried again.
    #[cold]
    fn over(&mut self, error: io::Error) -> io::Error {
        self.is_over = error.kind() != io::ErrorKind::OutOfMemory;
        error
    }

    /// Sends what reading gave rise to, and what a writer left that does not wait, unless another fiber does.
    fn answer(&mut self, context: &mut Context<'_>) {
        let is_ours = self.writer.is_none_or(|writer| writer == Who::of(context));
        if is_ours && (self.engine.has_outgoing() || self.sealed.is_some()) {
            // A failure is told by what is written next.
            let _ = self.poll_pass_on(context);
        }
    }

    /// Ready when everything encrypted is with the stream below.
    fn poll_pass(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some(output) = &self.output else { return Poll::Ready(Ok(())) };
            if self.sealed.is_none() {
                self.sealed = self.engine.take_outgoing();
            }
            if self.sealed.is_none() {
                return Poll::Ready(Ok(()));
            }
            ready!(output.transport().poll_write_view(&mut self.sealed, context))?;
            self.sealed = None;
        }
    }

    /// The same, and that will send it.
    fn poll_pass_on(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pass(context))?;
        match &self.output {
            Some(output) => output.transport().poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Encrypts what was gathered.
    fn seal(&mut self) -> io::Result<()> {
        if let Some(gathered) = &self.gathered {
            self.engine.encrypt(gathered.bytes())?;
            self.gathered = None;
        }
        Ok(())
    }

    /// Whether anything can be written.
    fn check(&self) -> io::Result<()> {
        self.engine.check()?;
        if self.is_closing { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn poll_write(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.check()?;
        ready!(self.poll_pass(context))?;
        if self.gathered.is_none() && bytes.len() >= RECORD_MAX {
            let taken = self.engine.encrypt_some(bytes)?;
            return self.poll_sealed(taken, context);
        }
        let mut gathered = match self.gathered.take() {
            Some(gathered) if gathered.room() > 0 || bytes.is_empty() => gathered,
            Some(whole) => match (whole.len() < RECORD_MAX / 2).then(|| whole.wider(RECORD_MAX)).flatten() {
                Some(wider) => wider,
                None => {
                    self.gathered = Some(whole);
                    self.seal()?;
                    ready!(self.poll_pass(context))?;
                    Filling::new(RECORD_MAX).ok_or(io::ErrorKind::OutOfMemory)?
                }
            },
            None => Filling::new(RECORD_MAX).ok_or(io::ErrorKind::OutOfMemory)?,
        };
        let room = RECORD_MAX.saturating_sub(gathered.len());
        let taken = gathered.push(&bytes[..bytes.len().min(room)]);
        let is_full = gathered.len() >= RECORD_MAX;
        self.gathered = Some(gathered);
        if is_full {
            self.seal()?;
            return self.poll_sealed(taken, context);
        }
        Poll::Ready(Ok(taken))
    }

    /// So many bytes were taken, whether or not there is room for them below already.
    fn poll_sealed(&mut self, taken: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self.poll_pass(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_write_view(
        &mut self,
        view: &mut Option<View>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        while let Some(mut bytes) = view.take_if(|view| !view.is_empty()) {
            if self.gathered.is_none() && bytes.len() <= RECORD_MAX {
                self.gathered = Some(Filling::whole(bytes));
                break;
            }
            let taken = self.poll_write(&bytes, context);
            if let Poll::Ready(Ok(taken)) = taken {
                bytes.trim_front(taken);
            }
            *view = Some(bytes).filter(|bytes| !bytes.is_empty());
            ready!(taken)?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.engine.check()?;
        self.seal()?;
        self.poll_pass_on(context)
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.engine.check()?;
        self.seal()?;
        if !self.is_closing {
            self.engine.close()?;
            self.is_closing = true;
        }
        ready!(self.poll_pass(context))?;
        match &self.output {
            Some(output) => output.transport().poll_close(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn drop_output(&mut self) {
        // What finds no room below is lost, as the peer will notice.
        if self.engine.check().is_ok() && self.seal().is_ok() {
            let _ = self.poll_pass_on(&mut Context::from_waker(Waker::noop()));
        }
        (self.output, self.sealed, self.gathered) = (None, None, None);
    }

    /// What the writer's `poll` says, remembering whether it waits.
    fn for_writer<R>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Session<T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let polled = poll(self, context);
        self.writer = polled.is_pending().then(|| Who::of(context));
        polled
    }
}

/// Whom a waker wakes, as `Waker::will_wake` sees it. Not kept as a waker, whose drop may be foreign code.
#[derive(Clone, Copy)]
struct Who(*const (), &'static RawWakerVTable);

impl Who {
    fn of(context: &Context<'_>) -> Who {
        let waker = context.waker();
        Who(waker.data(), waker.vtable())
    }
}

impl PartialEq for Who {
    fn eq(&self, other: &Who) -> bool {
        self.0 == other.0 && ptr::eq(self.1, other.1)
    }
}

#[cold]
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the peer has ended the connection")
}

impl<T: Transport> Clone for Tls<T> {
    fn clone(&self) -> Tls<T> {
        Tls(self.0.clone())
    }
}

impl<T: Transport> Channel for Tls<T> {
    /// What is in the largest record.
    const RECEIVED_MAX: usize = FRAGMENT_MAX;

    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        self.0.borrow_mut().poll_receive(context)
    }

    fn poll_into(&self, room: &mut [MaybeUninit<u8>], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut session = self.0.borrow_mut();
        let mut view = ready!(session.poll_receive(context))?;
        let filled = view.len().min(room.len());
        room[..filled].write_copy_of_slice(&view[..filled]);
        view.trim_front(filled);
        session.engine.put_back(view);
        Poll::Ready(Ok(filled))
    }

    fn poll_write(&self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().for_writer(context, |session, context| session.poll_write(bytes, context))
    }

    fn poll_write_view(&self, view: &mut Option<View>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().for_writer(context, |session, context| session.poll_write_view(view, context))
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().for_writer(context, |session, context| session.poll_flush(context))
    }

    fn flush(&self, context: &mut Context<'_>) -> io::Result<()> {
        let mut session = self.0.borrow_mut();
        session.writer = None;
        match session.poll_flush(context) {
            Poll::Ready(flushed) => flushed,
            // The reader goes on with it.
            Poll::Pending => Ok(()),
        }
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().for_writer(context, |session, context| session.poll_close(context))
    }

    fn drop_input(&self) {
        let input = self.0.borrow_mut().input.take();
        drop(input);
    }

    fn drop_output(&self) {
        self.0.borrow_mut().drop_output();
    }

    fn is_shut_here(&self) -> bool {
        self.0.borrow().input.as_ref().is_none_or(|input| input.transport().is_shut_here())
    }

    fn fd(&self) -> RawFd {
        let session = self.0.borrow();
        let input = session.input.as_ref().map(|input| input.transport().fd());
        input.or_else(|| session.output.as_ref().map(|output| output.transport().fd())).unwrap_or(-1)
    }
}
