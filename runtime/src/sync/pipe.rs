//! A channel to one fiber from others, whose ends learn when the other is gone.

mod waits;

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use self::waits::Closing;
use super::list::{List, State};
use super::ring::Ring;
use super::wait::Wait;
use crate::task::WakerSlot;

pub use self::waits::{Read, Write};

/// Makes a channel for up to `capacity` items on their way, from one fiber to another of the same shard (PIPE-1).
///
/// It ends by dropping one of its sides: the reader gets what is left and then `None`, the writer an error. The reader is a
/// [`Stream`]. Memory is taken here and never again.
///
/// The writer can be cloned (ours; unlike in C++ Seastar). Then items come out in the order in which they were written, those that had to
/// wait for a place included, and the reader's end comes when the last writer is gone.
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
        writes: List::new(),
        closing: List::new(),
        reader_gone: Cell::new(false),
        writers: Cell::new(1),
    });
    (PipeReader { shared: shared.clone(), unread: None }, PipeWriter { shared })
}

struct Shared<T> {
    ring: Ring<T>,
    /// The reader, when it waits for an item.
    reads: WakerSlot,
    /// Those who wait for a place, each with its item.
    writes: List<Option<T>>,
    /// Those who wait for the reader to go.
    closing: List<()>,
    reader_gone: Cell<bool>,
    writers: Cell<usize>,
}

impl<T> Shared<T> {
    /// Whether there is a place that nobody waits for. There is none once the reader is gone.
    #[inline]
    fn has_room(&self) -> bool {
        !self.ring.is_full() && self.writes.is_empty()
    }

    /// Adds an item, and wakes the reader if it waits.
    ///
    /// # Safety
    ///
    /// There is room.
    #[inline]
    unsafe fn add(&self, item: T) {
        #[cold]
        #[inline(never)]
        fn wake(waiting: &WakerSlot) {
            waiting.wake();
        }
        // SAFETY: promised by the caller.
        unsafe { self.ring.push_unchecked(item) };
        if self.reads.is_set() {
            wake(&self.reads);
        }
    }

    /// The oldest item; its place goes to whoever waits for one.
    #[inline]
    fn take(&self) -> Option<T> {
        let item = self.ring.pop()?;
        if !self.writes.is_empty() {
            self.serve_writers();
        }
        Some(item)
    }

    /// Takes in what writers wait with, oldest first, as far as there are places.
    #[cold]
    #[inline(never)]
    fn serve_writers(&self) {
        while !self.ring.is_full()
            && self.writes.replace_front(None, State::Granted, |item| {
                if let Some(item) = item {
                    // There is a place, and nothing has run since that could fill it.
                    _ = self.ring.push(item);
                }
            })
        {}
    }

    fn is_writer_gone(&self) -> bool {
        self.writers.get() == 0
    }
}

/// The end of a [`pipe`] where items come out.
pub struct PipeReader<T> {
    shared: Rc<Shared<T>>,
    unread: Option<T>,
}

impl<T> PipeReader<T> {
    /// Waits for an item; `None` when the last writer is gone and everything was read.
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
        self.shared.take()
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
        if self.shared.is_writer_gone() {
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
        (there, self.shared.is_writer_gone().then_some(there))
    }
}

impl<T> Drop for PipeReader<T> {
    fn drop(&mut self) {
        self.shared.reader_gone.set(true);
        self.shared.reads.clear();
        // Dropped last, because that may run anything.
        let _items = self.shared.ring.close();
        self.shared.writes.wake_all(State::Refused);
        self.shared.closing.wake_all(State::Told);
    }
}

impl<T> fmt::Debug for PipeReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PipeReader");
        debug.field("len", &self.shared.ring.len()).field("writers", &self.shared.writers.get());
        debug.finish_non_exhaustive()
    }
}

/// The end of a [`pipe`] where items go in.
///
/// A clone is another writer of the same pipe, such as for another fiber: the reader's end comes when the last one is gone.
///
/// ```
/// use seastar::sync::pipe;
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     let (mut reader, writer) = pipe(4);
///     for worker in 0..3 {
///         let mut writer = writer.clone();
///         seastar::spawn(async move { writer.write(worker).await }).detach();
///     }
///     drop(writer);
///     let mut workers = Vec::new();
///     while let Some(worker) = reader.read().await {
///         workers.push(worker);
///     }
///     assert_eq!(workers, [0, 1, 2]);
/// }
/// ```
pub struct PipeWriter<T> {
    shared: Rc<Shared<T>>,
}

impl<T> PipeWriter<T> {
    /// Adds `item` as soon as there is a place; fails with the item when the reader is gone. Writers are served in the order in which they came.
    ///
    /// Dropping the future drops the item, unless it is in already.
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
        Write::new(&self.shared, item)
    }

    /// Adds `item` if there is a place, no other writer waits for it, and the reader is there.
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
        if !self.shared.has_room() {
            return Err(item);
        }
        // SAFETY: there is room.
        unsafe { self.shared.add(item) };
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
    pub async fn closed(&self) {
        Wait::new(Closing(&self.shared), ()).await;
    }
}

impl<T> Clone for PipeWriter<T> {
    fn clone(&self) -> PipeWriter<T> {
        self.shared.writers.set(self.shared.writers.get() + 1);
        PipeWriter { shared: self.shared.clone() }
    }
}

impl<T> Drop for PipeWriter<T> {
    fn drop(&mut self) {
        self.shared.writers.set(self.shared.writers.get() - 1);
        if self.shared.is_writer_gone() {
            self.shared.reads.wake();
        }
    }
}

impl<T> fmt::Debug for PipeWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PipeWriter");
        debug.field("len", &self.shared.ring.len()).field("reader_gone", &self.shared.reader_gone.get());
        debug.finish_non_exhaustive()
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
