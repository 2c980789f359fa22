//! Sockets of this shard that belong to a service on all shards, so that it can be ended on each.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use super::accept::Acceptor;
use super::datagram::Datagrams;
use crate::reactor::Shared;
use crate::{smp, task};

thread_local! {
    /// By the number of the service.
    static SERVED: RefCell<Vec<(u64, Served)>> = const { RefCell::new(Vec::new()) };
}

/// A socket, and what ends its waits.
pub(super) enum Served {
    Listener(Shared<Acceptor>),
    Datagrams(Shared<Datagrams<SocketAddr>>),
}

/// A socket that this shard serves; not beyond the fiber that does, however it ends.
pub(super) struct Registered {
    service: u64,
}

impl Registered {
    pub(super) fn new(service: u64, socket: Served) -> Registered {
        SERVED.with_borrow_mut(|served| served.push((service, socket)));
        Registered { service }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        end(self.service);
    }
}

/// Ends a service on all shards when it is dropped.
pub(super) struct StopAll {
    service: u64,
}

impl StopAll {
    /// For a service that begins.
    pub(super) fn new() -> StopAll {
        static SERVICES: AtomicU64 = AtomicU64::new(0);
        StopAll { service: SERVICES.fetch_add(1, Ordering::Relaxed) }
    }

    /// For a service that another one began.
    pub(super) fn of(service: u64) -> StopAll {
        StopAll { service }
    }

    pub(super) fn service(&self) -> u64 {
        self.service
    }
}

impl Drop for StopAll {
    fn drop(&mut self) {
        let service = self.service;
        end(service);
        let stop = smp::invoke_on_all(async move || end(service));
        // Without memory for the fiber the other shards stop with the program.
        let _ = task::spawn_detached(stop, Location::caller());
    }
}

/// Ends a service on this shard.
fn end(service: u64) {
    let served = |served: &mut Vec<(u64, Served)>| {
        served.extract_if(.., |(number, _)| *number == service).collect::<Vec<_>>()
    };
    // A future that its thread keeps to the end may be dropped after what is looked at here.
    let found = SERVED.try_with(|all| served(&mut all.borrow_mut())).unwrap_or_default();
    for (_, socket) in found {
        match socket {
            Served::Listener(acceptor) => Acceptor::abort(&acceptor),
            Served::Datagrams(datagrams) => Datagrams::shut(&datagrams),
        }
    }
}
