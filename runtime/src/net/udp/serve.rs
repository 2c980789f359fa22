//! A socket for each shard.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use super::options::UdpOptions;
use super::socket::UdpSocket;
use crate::net::serve::lock;
use crate::net::served::{Registered, Served, StopAll};
use crate::sys::datagram::bind_udp;
use crate::sys::socket;
use crate::{smp, task};

impl UdpSocket {
    /// Runs `handler` on every shard, each with a socket of its own on the address of this one.
    ///
    /// The kernel spreads datagrams by a hash of the sender's address, so those of one sender come to one shard, in order. The handler is
    /// copied to each shard. It receives in a loop and leaves it with the error of [`recv_from`](Self::recv_from).
    ///
    /// Returns `Ok` when all handlers have left, which they should when receiving fails with
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted): when the program stops (Ctrl-C), and when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the sockets of the other shards cannot be opened, and when a handler returns any other error; it ends the others.
    ///
    /// ```no_run
    /// #[seastar::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = seastar::net::UdpSocket::bind("0.0.0.0:7777")?;
    ///     socket
    ///         .serve(async |socket| {
    ///             loop {
    ///                 let request = socket.recv_from().await?;
    ///                 socket.send_to(&request, request.source()).await?;
    ///             }
    ///         })
    ///         .await
    /// }
    /// ```
    pub async fn serve<H>(self, handler: H) -> io::Result<()>
    where
        H: AsyncFn(UdpSocket) -> io::Result<()> + Clone + Send + 'static,
    {
        let (here, options) = (smp::this_shard(), self.options);
        let sockets = Arc::new(Mutex::new(self.beside()?));
        let stop = StopAll::new();
        let service = stop.service();
        let there = handler.clone();
        let others = task::spawn(smp::invoke_on_all(async move || {
            // This shard serves already, below.
            let Some(socket) = lock(&sockets)[smp::this_shard()].take() else { return Ok(()) };
            let served = UdpSocket::with_options(socket, options)?.run(there, service).await;
            if served.is_err() {
                drop(StopAll::of(service));
            }
            served
        }));
        debug_assert_eq!(here, smp::this_shard());
        let served = self.run(handler, service).await;
        drop(stop);
        let others = others.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        served.and(others)
    }

    /// Sockets for the other shards, on the same address.
    fn beside(&self) -> io::Result<Vec<Option<OwnedFd>>> {
        let address = self.local_address()?;
        let others = smp::shard_count() > 1;
        if others {
            // Only now, so that a second program fails on the address.
            socket::with(self.datagrams.fd(), |socket| socket.set_reuse_port(true))?;
        }
        let setup = UdpOptions::reuse_port(self.options, true).setup();
        let socket = |shard| (shard != smp::this_shard()).then(|| bind_udp(address, setup)).transpose();
        (0..smp::shard_count()).map(socket).collect()
    }

    async fn run(self, handler: impl AsyncFn(UdpSocket) -> io::Result<()>, service: u64) -> io::Result<()> {
        let _registered = Registered::new(service, Served::Datagrams(self.datagrams.clone()));
        match handler(self).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Ok(()),
            left => left,
        }
    }
}
