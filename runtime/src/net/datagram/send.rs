//! Sending datagrams.
//!
//! By a call, which takes the bytes from where they are and tells at once what is wrong with them. Only where the kernel has no room a copy
//! waits in the ring.

use std::io;
use std::os::fd::RawFd;

use socket2::SockAddr;

use super::{Address, Datagrams};
use crate::reactor::{self, Payload, Shared, Single, View};
use crate::sys::datagram::{self, Message};
use crate::sys::op::Op;

/// Sends `bytes`, as datagrams of `segment` bytes if that is said, to where the socket is connected if not elsewhere.
pub(in crate::net) async fn send<A: Address>(
    datagrams: &Shared<Datagrams<A>>,
    bytes: &[u8],
    to: Option<SockAddr>,
    segment: Option<u16>,
) -> io::Result<()> {
    // A call never waits, so a loop that sends would keep all others from running.
    reactor::maybe_yield().await;
    let message = Message::new(to, segment);
    match datagram::send(datagrams.fd(), bytes, &message) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let bytes = View::copy_of(bytes).ok_or(io::ErrorKind::OutOfMemory)?;
            Single::submit(Sending { datagrams: datagrams.clone(), bytes, message })?.await.map(drop)
        }
        sent => sent,
    }
}

/// What the kernel needs until there is room for it.
struct Sending<A: Address> {
    /// Keeps the descriptor open.
    datagrams: Shared<Datagrams<A>>,
    bytes: View,
    message: Message,
}

impl<A: Address> Payload for Sending<A> {
    fn op(&self) -> Op {
        let fd: RawFd = self.datagrams.fd();
        Op::SendDatagram { fd, message: self.message.prepare(self.bytes.as_ptr(), self.bytes.len()) }
    }
}
