//! Reading from a connection.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll};

use super::buffer::TemporaryBuffer;
use super::transport::{Plain, Transport};
use crate::reactor::{Filling, View};

/// The bytes that a peer sends.
///
/// All reads are cancel-safe unless they say otherwise: a read that is dropped, by a
/// [`timeout`](crate::timeout) for example, has taken nothing, and what arrived is there for the next one.
/// Reads do not take a buffer: they return views of the memory into which the kernel received, so a connection
/// that waits holds none. While nobody reads, only a few buffers are received ahead and then the peer
/// has to wait.
///
/// When the program stops (Ctrl-C), what the peer has sent is still read, and then the stream ends.
///
/// ```
/// # use seastar::net::{connect, listen};
/// use seastar::timeout;
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let (_, mut output) = connect(listener.local_address()).await?.split();
///     let (mut input, _) = listener.accept().await?.0.split();
///     assert!(timeout(Duration::from_millis(1), input.read()).await.is_err()); // nothing has come, and nothing is lost
///     output.write(b"head and body").await?;
///     output.close().await?;
///     assert_eq!(&*input.read_exactly(4).await?, b"head");
///     input.skip(5).await?;
///     assert_eq!(&*input.read().await?, b"body");
///     assert!(input.read().await?.is_empty()); // the end
///     Ok(())
/// }
/// ```
#[doc(alias("AsyncRead", "BufReader"))]
pub struct InputStream<T: Transport = Plain> {
    transport: T,
    /// Bytes that were received and not handed out: the rest of a buffer, or a `read_exactly` on its way.
    kept: Option<Filling>,
}

impl<T: Transport> InputStream<T> {
    pub(crate) fn new(transport: T) -> InputStream<T> {
        InputStream { transport, kept: None }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn transport(&self) -> &T {
        &self.transport
    }

    /// Some bytes, as many as there are at hand; none at the end of the stream (IN-1). Cancel-safe.
    ///
    /// # Errors
    ///
    /// Those of recv(2), above all [`ConnectionReset`](io::ErrorKind::ConnectionReset). After an error
    /// the stream is at its end.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut output) = connect(listener.local_address()).await?.split();
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await?;
    ///     assert_eq!(&*input.read().await?, b"hello");
    ///     assert!(input.read().await?.is_empty()); // the end
    ///     Ok(())
    /// }
    /// ```
    pub fn read(&mut self) -> impl Future<Output = io::Result<TemporaryBuffer>> {
        poll_fn(move |context| self.poll_view(context).map_ok(TemporaryBuffer))
    }

    /// Between 1 and `len` bytes; none at the end of the stream (IN-2), and if none are asked for. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut output) = connect(listener.local_address()).await?.split();
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await?;
    ///     assert_eq!(&*input.read_up_to(2).await?, b"he");
    ///     assert_eq!(&*input.read_up_to(100).await?, b"llo");
    ///     Ok(())
    /// }
    /// ```
    pub async fn read_up_to(&mut self, len: usize) -> io::Result<TemporaryBuffer> {
        if len == 0 {
            return Ok(TemporaryBuffer::empty());
        }
        poll_fn(|context| {
            self.poll_view(context).map_ok(|mut view| {
                self.keep_behind(&mut view, len);
                TemporaryBuffer(view)
            })
        })
        .await
    }

    /// Copies bytes to `buffer`, as many as there are at hand and fit; none at the end of the stream, and into none.
    ///
    /// For code that has its own memory. What does not fit is there for the next read. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut output) = connect(listener.local_address()).await?.split();
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     output.write(b"hello").await?;
    ///     output.close().await?;
    ///     let mut buffer = [0; 4];
    ///     assert_eq!((input.read_into(&mut buffer).await?, &buffer), (4, b"hell"));
    ///     assert_eq!((input.read_into(&mut buffer).await?, &buffer[..1]), (1, &b"o"[..]));
    ///     assert_eq!(input.read_into(&mut buffer).await?, 0); // the end
    ///     Ok(())
    /// }
    /// ```
    pub fn read_into(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        poll_fn(move |context| {
            // SAFETY: bytes may be looked at as if they were not set, and only such that are set are written.
            let room = unsafe { &mut *(&raw mut *buffer as *mut [MaybeUninit<u8>]) };
            self.poll_into(room, context)
        })
    }

    /// Exactly `len` bytes, or fewer if the stream ends before (IN-2). Cancel-safe: what has come stays for the next read.
    ///
    /// Bytes that lie in one buffer are not copied.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read); [`InvalidInput`](io::ErrorKind::InvalidInput) for more than a megabyte
    /// at a time, and [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut output) = connect(listener.local_address()).await?.split();
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     output.write(b"headbody and more").await?;
    ///     output.close().await?;
    ///     assert_eq!(&*input.read_exactly(4).await?, b"head");
    ///     input.skip(4).await?;
    ///     assert_eq!(&*input.read_exactly(100).await?, b" and more");
    ///     Ok(())
    /// }
    /// ```
    pub async fn read_exactly(&mut self, len: usize) -> io::Result<TemporaryBuffer> {
        if len > Filling::CAPACITY_MAX {
            let text = format!("read_exactly of {len} bytes; {} is the most", Filling::CAPACITY_MAX);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        poll_fn(|context| self.poll_exactly(len, context)).await.map(TemporaryBuffer)
    }

    /// The bytes up to the next `delimiter` and that one too, or those that are left if the stream ends before. Cancel-safe.
    ///
    /// So a line without its delimiter is the last one, or what a peer left of it. Bytes that lie in one buffer are not copied.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read); [`InvalidData`](io::ErrorKind::InvalidData) when `max` bytes have come without a `delimiter` among
    /// them, which are then still there to be read. [`InvalidInput`](io::ErrorKind::InvalidInput) for a `max` of nothing and of
    /// more than a million, and [`OutOfMemory`](io::ErrorKind::OutOfMemory) when the memory budget is used up.
    ///
    /// ```
    /// # use seastar::net::{connect, listen};
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut output) = connect(listener.local_address()).await?.split();
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     output.write(b"get key\r\nquit").await?;
    ///     output.close().await?;
    ///     assert_eq!(input.read_until(b'\n', 1024).await?.trim_ascii_end(), b"get key");
    ///     assert_eq!(&*input.read_until(b'\n', 1024).await?, b"quit"); // and then the end
    ///     assert!(input.read_until(b'\n', 1024).await?.is_empty());
    ///     Ok(())
    /// }
    /// ```
    pub async fn read_until(&mut self, delimiter: u8, max: usize) -> io::Result<TemporaryBuffer> {
        // With room for what comes in one piece with it.
        let most = Filling::CAPACITY_MAX - T::RECEIVED_MAX;
        if !(1..=most).contains(&max) {
            let text = format!("read_until with at most {max} bytes; 1 to {most} can be waited for");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut searched = 0;
        poll_fn(|context| self.poll_until(delimiter, max, &mut searched, context)).await.map(TemporaryBuffer)
    }

    /// Reads `len` bytes and drops them.
    ///
    /// Not cancel-safe: what was skipped before it was dropped is gone.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), "premature end of stream", if there are fewer (IN-2).
    pub async fn skip(&mut self, len: usize) -> io::Result<()> {
        let mut left = len;
        while left > 0 {
            match self.read_up_to(left).await?.len() {
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "premature end of stream")),
                read => left -= read,
            }
        }
        Ok(())
    }

    /// What was kept, or else what the connection has.
    #[inline]
    pub(crate) fn poll_view(&mut self, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        if self.kept.is_some() {
            return Poll::Ready(Ok(self.take_kept()));
        }
        self.transport.poll_receive(context)
    }

    /// Copies what was kept, or else what the connection has.
    pub(crate) fn poll_into(
        &mut self,
        room: &mut [MaybeUninit<u8>],
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.kept.is_none() || room.is_empty() {
            return self.transport.poll_into(room, context);
        }
        let mut view = self.take_kept();
        self.keep_behind(&mut view, room.len());
        room[..view.len()].write_copy_of_slice(&view);
        Poll::Ready(Ok(view.len()))
    }

    #[cold]
    fn take_kept(&mut self) -> View {
        self.kept.take().map_or(View::of_static(&[]), Filling::into_view)
    }

    /// Cuts `view` to `len` bytes and keeps the others for the next read.
    fn keep_behind(&mut self, view: &mut View, len: usize) {
        if view.len() > len {
            let mut rest = view.clone();
            rest.trim_front(len);
            view.trim(len);
            self.kept = Some(Filling::whole(rest));
        }
    }

    fn poll_exactly(&mut self, len: usize, context: &mut Context<'_>) -> Poll<io::Result<View>> {
        loop {
            if self.kept.as_ref().is_some_and(|kept| kept.len() >= len) || len == 0 {
                let mut view = self.kept.take().map_or(View::of_static(&[]), Filling::into_view);
                self.keep_behind(&mut view, len);
                return Poll::Ready(Ok(view));
            }
            self.make_room(len)?;
            let mut view = match self.transport.poll_receive(context)? {
                Poll::Ready(view) => view,
                Poll::Pending => return Poll::Pending,
            };
            if view.is_empty() {
                return Poll::Ready(Ok(self.kept.take().map_or(view, Filling::into_view)));
            }
            let Some(mut kept) = self.kept.take() else {
                self.kept = Some(Filling::whole(view));
                continue;
            };
            let wanted = view.len().min(len - kept.len());
            kept.push(&view[..wanted]);
            view.trim_front(wanted);
            if !view.is_empty() {
                // What was not asked for stays in the buffer in which it came.
                self.kept = Some(Filling::whole(view));
                return Poll::Ready(Ok(kept.into_view()));
            }
            self.kept = Some(kept);
        }
    }

    /// `searched` is how much of what is kept has no delimiter.
    fn poll_until(
        &mut self,
        delimiter: u8,
        max: usize,
        searched: &mut usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<View>> {
        loop {
            let kept = self.kept.as_ref().map_or(&[][..], Filling::bytes);
            let within = &kept[..kept.len().min(max)];
            if let Some(place) = memchr::memchr(delimiter, &within[*searched..]) {
                let mut view = self.take_kept();
                self.keep_behind(&mut view, *searched + place + 1);
                return Poll::Ready(Ok(view));
            }
            *searched = within.len();
            if *searched == max {
                return Poll::Ready(Err(too_long(delimiter, max)));
            }
            self.make_room_for_more()?;
            let mut view = match self.transport.poll_receive(context)? {
                Poll::Ready(view) => view,
                Poll::Pending => return Poll::Pending,
            };
            if view.is_empty() {
                return Poll::Ready(Ok(self.kept.take().map_or(view, Filling::into_view)));
            }
            let Some(mut kept) = self.kept.take() else {
                self.kept = Some(Filling::whole(view));
                continue;
            };
            let wanted = memchr::memchr(delimiter, &view).map(|place| place + 1);
            if let Some(wanted) = wanted.filter(|wanted| kept.len() + wanted <= max) {
                let pushed = kept.push(&view[..wanted]);
                debug_assert_eq!(pushed, wanted);
                view.trim_front(wanted);
                // What stands behind it stays in the buffer in which it came.
                self.kept = (!view.is_empty()).then(|| Filling::whole(view));
                return Poll::Ready(Ok(kept.into_view()));
            }
            let pushed = kept.push(&view);
            debug_assert_eq!(pushed, view.len());
            self.kept = Some(kept);
        }
    }

    /// Makes room behind what is kept for all that may come at once, and more the more has come.
    fn make_room_for_more(&mut self) -> io::Result<()> {
        match &self.kept {
            Some(kept) if kept.room() < T::RECEIVED_MAX => {
                let len = kept.len() + kept.len().max(T::RECEIVED_MAX);
                self.make_room(len.min(Filling::CAPACITY_MAX))
            }
            _ => Ok(()),
        }
    }

    /// Puts what is kept into a block for `len` bytes, before more is received, which would be lost
    /// without one.
    fn make_room(&mut self, len: usize) -> io::Result<()> {
        if let Some(kept) = &self.kept
            && kept.room() < len - kept.len()
        {
            self.kept = Some(kept.wider(len).ok_or(io::ErrorKind::OutOfMemory)?);
        }
        Ok(())
    }
}

#[cold]
fn too_long(delimiter: u8, max: usize) -> io::Error {
    let delimiter = delimiter.escape_ascii();
    io::Error::new(io::ErrorKind::InvalidData, format!("no b'{delimiter}' among {max} bytes"))
}

impl<T: Transport> Drop for InputStream<T> {
    fn drop(&mut self) {
        self.kept.take();
        self.transport.drop_input();
    }
}

impl<T: Transport> fmt::Debug for InputStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputStream").field("fd", &self.transport.fd()).finish_non_exhaustive()
    }
}
