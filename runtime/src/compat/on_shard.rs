//! What stays on its shard, for those who ask for `Send`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::ForeignPtr;

/// Lets a future or a stream that stays on this shard pass where `Send` and `Sync` are asked for.
///
/// Many libraries ask for `Send` because their runtime moves work between threads. Ours does not, so what is given to them here comes
/// back here. This promises nothing that would not be kept: used on another thread, it panics, and dropped there, it goes home to be dropped.
///
/// It is pinned in a block of this shard's memory, so that a future in it need not be boxed. A future in it is a future; a stream of
/// bytes in it is one for `futures_io`, `tokio` and `hyper`, with those features.
///
/// ```
/// use seastar::compat::OnShard;
/// use std::time::Duration;
///
/// fn of_a_library(handler: impl Future<Output = u32> + Send) -> impl Future<Output = u32> + Send {
///     handler
/// }
///
/// #[seastar::main(shards = 1)]
/// async fn main() {
///     // A sleep is in a list of its shard, so without this it does not compile.
///     let handler = OnShard::new(async {
///         seastar::sleep(Duration::from_millis(1)).await;
///         7
///     });
///     assert_eq!(of_a_library(handler).await, 7);
/// }
/// ```
pub struct OnShard<T: 'static> {
    value: ForeignPtr<T>,
}

impl<T: 'static> OnShard<T> {
    /// Moves a value into the memory of this shard.
    ///
    /// # Panics
    ///
    /// On a thread that is no shard, and if this shard's memory budget is used up.
    pub fn new(value: T) -> OnShard<T> {
        OnShard { value: ForeignPtr::new(value) }
    }

    /// The value, on its own shard.
    #[cfg(any(feature = "tokio", feature = "hyper"))]
    pub(super) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, pinned.
    ///
    /// ```
    /// #[seastar::main(shards = 1)]
    /// async fn main() {
    ///     let mut count = seastar::compat::OnShard::new(1);
    ///     *count.get_pin_mut() += 1;
    ///     assert_eq!(*count.get_pin_mut(), 2);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// On another thread than that of its shard.
    #[track_caller]
    pub fn get_pin_mut(&mut self) -> Pin<&mut T> {
        let value = self.value.get_mut().expect("what stays on a shard is used there, and nowhere else");
        // SAFETY: the block is not moved, and the value not taken out of it, until it is dropped there.
        unsafe { Pin::new_unchecked(value) }
    }
}

/// It is a pointer, and what it points to stays where it is.
impl<T> Unpin for OnShard<T> {}

impl<F: Future> Future for OnShard<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.get_mut().get_pin_mut().poll(context)
    }
}

impl<T> fmt::Debug for OnShard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnShard").field("shard", &self.value.shard()).finish_non_exhaustive()
    }
}
