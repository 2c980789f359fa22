//! Serving together: each shard with a socket of its own, all until one of them ends.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::accept::Acceptor;
use super::datagram::Datagrams;
use crate::reactor::Shared;
use crate::{smp, task};

thread_local! {
    /// The sockets of this shard.
    static SERVED: RefCell<Vec<(Together, Served)>> = const { RefCell::new(Vec::new()) };
}

/// A socket, and what ends its waits.
pub(super) enum Served {
    Listener(Shared<Acceptor>),
    Datagrams(Shared<Datagrams<SocketAddr>>),
}

impl Served {
    fn end(&self) {
        match self {
            Served::Listener(acceptor) => Acceptor::abort(acceptor),
            Served::Datagrams(datagrams) => Datagrams::shut(datagrams),
        }
    }
}

/// Shards that serve together, and whether that has ended.
#[derive(Clone)]
pub(super) struct Together(Arc<AtomicBool>);

/// Sockets of the other shards.
pub(super) fn sockets(mut open: impl FnMut() -> io::Result<OwnedFd>) -> io::Result<Vec<(usize, OwnedFd)>> {
    let others = (0..smp::shard_count()).filter(|shard| *shard != smp::this_shard());
    others.map(|shard| Ok((shard, open()?))).collect()
}

/// Serves here and there, until all have left. When one does, the others are ended; the first failure counts.
pub(super) async fn serve_together<F, R>(
    sockets: Vec<(usize, OwnedFd)>,
    here: impl AsyncFnOnce(Together) -> io::Result<()>,
    there: F,
) -> io::Result<()>
where
    F: FnOnce(OwnedFd, Together) -> R + Clone + Send + 'static,
    R: Future<Output = io::Result<()>> + 'static,
{
    let together = Together(Arc::new(AtomicBool::new(false)));
    let ends = EndAll(together.clone());
    let others = sockets.into_iter().map(|(shard, socket)| {
        let (there, together) = (there.clone(), together.clone());
        task::spawn(async move {
            // Also where the shard has no memory for it, or it panics.
            let _ends = EndAll(together.clone());
            smp::submit_to(shard, move || there(socket, together)).await
        })
    });
    let others = others.collect::<Vec<_>>();
    let mut served = here(together).await;
    drop(ends);
    for other in others {
        let other = other.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        served = served.and(other);
    }
    served
}

/// Ends serving together when it is dropped.
struct EndAll(Together);

impl Drop for EndAll {
    fn drop(&mut self) {
        if self.0.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let together = self.0.clone();
        together.end_here();
        let end = smp::invoke_on_all(async move || together.end_here());
        // Without memory for the fiber the other shards stop with the program.
        let _ = task::spawn_detached(end, Location::caller());
    }
}

impl Together {
    fn is(&self, other: &Together) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Ends what this shard serves.
    fn end_here(&self) {
        let take = |all: &mut Vec<(Together, Served)>| {
            all.extract_if(.., |(together, _)| together.is(self)).collect::<Vec<_>>()
        };
        // A future that its thread keeps to the end may be dropped after what is looked at here.
        let found = SERVED.try_with(|all| take(&mut all.borrow_mut())).unwrap_or_default();
        found.iter().for_each(|(_, socket)| socket.end());
    }

    /// This shard serves `socket`, until what this returns is dropped.
    pub(super) fn register(&self, socket: Served) -> Registered {
        SERVED.with_borrow_mut(|served| served.push((self.clone(), socket)));
        // Those who end it may have been here before.
        if self.0.load(Ordering::Relaxed) {
            self.end_here();
        }
        Registered(self.clone())
    }
}

/// A socket that this shard serves; not beyond the fiber that does, however it ends.
pub(super) struct Registered(Together);

impl Drop for Registered {
    fn drop(&mut self) {
        self.0.end_here();
    }
}
