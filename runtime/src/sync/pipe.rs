//! A channel from one fiber to another, whose ends learn when the other is gone.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::ring::Ring;
use crate::task::WakerSlot;

/// Makes a channel for up to `capacity` items on their way, from one fiber to another of the same shard (PIPE-1).
///
/// It ends by dropping one of its sides: the reader gets what is left and then `None`, the writer an error. The reader is a
/// [`Stream`]. Memory is taken here and never again.
///
/// # Panics
///
/// For a capacity of zero.
///
/// ```
/// use seastar::sync::pipe;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (mut reader, mut writer) = pipe(4);
///     drop(seastar::spawn(async move {
///         for n in 1..=10 {
///             writer.write(n).await.unwrap();
///         }
///     }));
///     let mut sum = 0;
///     while let Some(n) = reader.read().await {
///         sum += n;
///     }
///     assert_eq!(sum, 55);
/// }
/// ```
#[doc(alias("mpsc", "channel"))]
pub fn pipe<T>(capacity: usize) -> (PipeReader<T>, PipeWriter<T>) {
    let shared = Rc::new(Shared {
        ring: Ring::new(capacity),
        reads: WakerSlot::new(),
        writes: WakerSlot::new(),
        reader_gone: Cell::new(false),
        writer_gone: Cell::new(false),
    });
    (PipeReader { shared: shared.clone(), unread: None }, PipeWriter { shared })
}

struct Shared<T> {
    ring: Ring<T>,
    /// The reader, when it waits for an item.
    reads: WakerSlot,
    /// The writer, when it waits for a place.
    writes: WakerSlot,
    reader_gone: Cell<bool>,
    writer_gone: Cell<bool>,
}

/// Wakes who waits, which is the rare case.
#[inline]
fn tell(waiting: &WakerSlot) {
    #[cold]
    #[inline(never)]
    fn wake(waiting: &WakerSlot) {
        waiting.wake();
    }
    if waiting.is_set() {
        wake(waiting);
    }
}

/// The end of a [`pipe`] where items come out.
pub struct PipeReader<T> {
    shared: Rc<Shared<T>>,
    unread: Option<T>,
}

impl<T> PipeReader<T> {
    /// Waits for an item; `None` when the writer is gone and everything was read.
    ///
    /// Dropping the future loses nothing.
    ///
    /// ```
    /// use seastar::sync::pipe;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (mut reader, mut writer) = pipe(2);
    ///     writer.write("last").await.unwrap();
    ///     drop(writer);
    ///     assert_eq!(reader.read().await, Some("last"));
    ///     assert_eq!(reader.read().await, None);
    /// }
    /// ```
    #[inline]
    pub fn read(&mut self) -> Read<'_, T> {
        Read { reader: self }
    }

    /// The next item if it is there.
    ///
    /// ```
    /// let (mut reader, mut writer) = seastar::sync::pipe(1);
    /// assert_eq!(reader.try_read(), None);
    /// writer.try_write(7).unwrap();
    /// assert_eq!(reader.try_read(), Some(7));
    /// ```
    #[inline]
    pub fn try_read(&mut self) -> Option<T> {
        if self.unread.is_some() {
            return self.unread.take();
        }
        let item = self.shared.ring.pop();
        if item.is_some() {
            tell(&self.shared.writes);
        }
        item
    }

    /// Puts one item back, to be read next; a second one is returned.
    ///
    /// ```
    /// let (mut reader, _writer) = seastar::sync::pipe(1);
    /// reader.unread(1).unwrap();
    /// assert_eq!(reader.unread(2), Err(2));
    /// assert_eq!(reader.try_read(), Some(1));
    /// ```
    pub fn unread(&mut self, item: T) -> Result<(), T> {
        match self.unread {
            Some(_) => Err(item),
            None => {
                self.unread = Some(item);
                Ok(())
            }
        }
    }

    #[inline]
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        match self.try_read() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_empty(context),
        }
    }

    #[cold]
    fn poll_empty(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.shared.writer_gone.get() {
            return Poll::Ready(None);
        }
        self.shared.reads.set(context.waker());
        Poll::Pending
    }
}

impl<T> Unpin for PipeReader<T> {}

impl<T> Stream for PipeReader<T> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().poll_read(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let there = self.shared.ring.len() + usize::from(self.unread.is_some());
        (there, self.shared.writer_gone.get().then_some(there))
    }
}

impl<T> Drop for PipeReader<T> {
    fn drop(&mut self) {
        self.shared.reader_gone.set(true);
        self.shared.reads.clear();
        // Dropped last, because that may run anything.
        let _items = self.shared.ring.close();
        self.shared.writes.wake();
    }
}

impl<T> fmt::Debug for PipeReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PipeReader");
        debug.field("len", &self.shared.ring.len()).field("writer_gone", &self.shared.writer_gone.get());
        debug.finish_non_exhaustive()
    }
}

/// The end of a [`pipe`] where items go in.
pub struct PipeWriter<T> {
    shared: Rc<Shared<T>>,
}

impl<T> PipeWriter<T> {
    /// Adds `item` as soon as there is a place; fails with the item when the reader is gone.
    ///
    /// Dropping the future before that drops the item.
    ///
    /// ```
    /// use seastar::sync::pipe;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (reader, mut writer) = pipe(1);
    ///     writer.write("lost").await.unwrap();
    ///     drop(reader);
    ///     let error = writer.write("kept").await.unwrap_err();
    ///     assert_eq!((error.to_string().as_str(), error.0), ("Broken pipe", "kept"));
    /// }
    /// ```
    #[inline]
    pub fn write(&mut self, item: T) -> Write<'_, T> {
        Write { writer: self, item: Some(item) }
    }

    /// Adds `item` if there is a place and the reader is there.
    ///
    /// # Errors
    ///
    /// The item, otherwise.
    ///
    /// ```
    /// let (mut reader, mut writer) = seastar::sync::pipe(1);
    /// writer.try_write(1).unwrap();
    /// assert_eq!(writer.try_write(2), Err(2));
    /// assert_eq!(reader.try_read(), Some(1));
    /// drop(reader);
    /// assert_eq!(writer.try_write(3), Err(3));
    /// ```
    #[inline]
    pub fn try_write(&mut self, item: T) -> Result<(), T> {
        // Without a reader there is no place.
        self.shared.ring.push(item)?;
        tell(&self.shared.reads);
        Ok(())
    }

    /// Waits until the reader is gone. Cancel-safe.
    ///
    /// ```
    /// use seastar::sync::pipe;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let (reader, mut writer) = pipe::<u8>(1);
    ///     seastar::spawn(async move { drop(reader) }).detach();
    ///     writer.closed().await;
    ///     assert!(writer.try_write(7).is_err());
    /// }
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|context| {
            if self.shared.reader_gone.get() {
                return Poll::Ready(());
            }
            self.shared.writes.set(context.waker());
            Poll::Pending
        })
        .await;
    }
}

impl<T> Drop for PipeWriter<T> {
    fn drop(&mut self) {
        self.shared.writer_gone.set(true);
        self.shared.writes.clear();
        self.shared.reads.wake();
    }
}

impl<T> fmt::Debug for PipeWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PipeWriter");
        debug.field("len", &self.shared.ring.len()).field("reader_gone", &self.shared.reader_gone.get());
        debug.finish_non_exhaustive()
    }
}

/// The future of [`PipeReader::read`].
#[must_use = "nothing is read until this is awaited"]
pub struct Read<'a, T> {
    reader: &'a mut PipeReader<T>,
}

impl<T> Future for Read<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.reader.poll_read(context)
    }
}

impl<T> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.reader).finish()
    }
}

/// The future of [`PipeWriter::write`].
#[must_use = "nothing is written until this is awaited"]
pub struct Write<'a, T> {
    writer: &'a mut PipeWriter<T>,
    item: Option<T>,
}

// The item is moved, never pinned.
impl<T> Unpin for Write<'_, T> {}

impl<T> Future for Write<'_, T> {
    type Output = Result<(), BrokenPipe<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.writer.shared.ring.is_full() {
            return self.poll_full(context);
        }
        match self.item.take().map(|item| self.writer.try_write(item)) {
            Some(Err(item)) => Poll::Ready(Err(BrokenPipe(item))),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<T> Write<'_, T> {
    #[cold]
    fn poll_full(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BrokenPipe<T>>> {
        let shared = &*self.writer.shared;
        if !shared.reader_gone.get() {
            shared.writes.set(context.waker());
            return Poll::Pending;
        }
        Poll::Ready(self.item.take().map_or(Ok(()), |item| Err(BrokenPipe(item))))
    }
}

impl<T> fmt::Debug for Write<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.writer).finish()
    }
}

/// The reader of a [`pipe`] is gone; here is what it did not get. What [`PipeWriter::write`] says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BrokenPipe<T>(
    /// What was to be written.
    pub T,
);

impl<T> fmt::Debug for BrokenPipe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrokenPipe")
    }
}

impl<T> fmt::Display for BrokenPipe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broken pipe")
    }
}

impl<T> std::error::Error for BrokenPipe<T> {}
