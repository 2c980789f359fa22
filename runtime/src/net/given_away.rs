//! Waiting until nobody holds a connection any more, for somebody who is not among those that do.
//!
//! The wakers of a connection belong to who reads and who writes. Few are waited for like this, so those who do stand in a table of their shard, and
//! not in each connection.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use super::connection::Connection;
use crate::reactor::Shared;
use crate::task;

thread_local! {
    /// By the address of the connection, which who waits keeps.
    static WAITING: RefCell<HashMap<usize, Waker>> = RefCell::default();
}

/// Waits until the user has dropped both halves; for one at a time.
pub(super) async fn released(connection: &Shared<Connection>) {
    if !connection.is_held() {
        return;
    }
    let place = Place(address(connection));
    poll_fn(|context| {
        if !connection.is_held() {
            return Poll::Ready(());
        }
        WAITING.with_borrow_mut(|waiting| waiting.insert(place.0, context.waker().clone()));
        connection.tell_release();
        Poll::Pending
    })
    .await;
}

/// The last half was dropped, and somebody may wait for that.
#[cold]
pub(super) fn tell(connection: &Shared<Connection>) {
    // Streams may be dropped when the thread ends.
    let waiting = WAITING.try_with(|waiting| waiting.borrow_mut().remove(&address(connection)));
    waiting.ok().flatten().into_iter().for_each(task::wake);
}

fn address(connection: &Shared<Connection>) -> usize {
    (&raw const **connection).addr()
}

/// Where one waits, which it leaves when it goes.
struct Place(usize);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = WAITING.try_with(|waiting| waiting.borrow_mut().remove(&self.0));
    }
}
