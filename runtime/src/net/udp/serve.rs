//! A socket for each shard.

use std::io;
use std::os::fd::OwnedFd;

use super::options::UdpOptions;
use super::socket::UdpSocket;
use crate::net::served::{self, Served, Together, serve_together};
use crate::smp;
use crate::sys::datagram::bind_udp;
use crate::sys::socket;

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
    /// When the sockets of the other shards cannot be opened or served, and when a handler returns any other error or panics; it ends the others.
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
        let (sockets, options, there) = (self.beside()?, self.options, handler.clone());
        let here = async |together| self.run(handler, together).await;
        let there = async move |socket, together| {
            UdpSocket::with_options(socket, options)?.run(there, together).await
        };
        serve_together(sockets, here, there).await
    }

    /// Sockets for the other shards, on the same address.
    fn beside(&self) -> io::Result<Vec<(usize, OwnedFd)>> {
        let address = self.local_address()?;
        if smp::shard_count() > 1 {
            // Only now, so that a second program fails on the address.
            socket::with(self.datagrams.fd(), |socket| socket.set_reuse_port(true))?;
        }
        let setup = UdpOptions::reuse_port(self.options, true).setup();
        served::sockets(|| bind_udp(address, setup))
    }

    async fn run(
        self,
        handler: impl AsyncFn(UdpSocket) -> io::Result<()>,
        together: Together,
    ) -> io::Result<()> {
        let _registered = together.register(Served::Datagrams(self.datagrams.clone()));
        match handler(self).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Ok(()),
            left => left,
        }
    }
}
