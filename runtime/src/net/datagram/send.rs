//! Sending datagrams.
//!
//! By a call, which takes the bytes from where they are, and tells at once what is wrong with them. Only where the kernel has no room
//! this waits, and then calls again. (The ring's own send would lose the bytes of some that have to wait: the kernel counts what it has
//! looked at as sent.)

use std::io;
use std::time::Duration;

use socket2::SockAddr;

use super::{Address, Datagrams};
use crate::reactor::{self, Payload, Shared, Single};
use crate::sys::datagram;
use crate::sys::op::Op;
use crate::time;

/// How long to wait before trying again where nothing tells when there is room.
const PAUSE_FIRST: Duration = Duration::from_micros(50);
const PAUSE_MAX: Duration = Duration::from_millis(5);

/// Sends `bytes`, as datagrams of `segment` bytes if that is said, to where the socket is connected if not elsewhere.
pub(in crate::net) async fn send<A: Address>(
    datagrams: &Shared<Datagrams<A>>,
    bytes: &[u8],
    to: Option<&SockAddr>,
    segment: Option<u16>,
) -> io::Result<()> {
    // A call never waits, so a loop that sends would keep all others from running.
    reactor::maybe_yield().await;
    let mut pause = PAUSE_FIRST;
    loop {
        match datagram::send(datagrams.fd(), bytes, to, segment) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return sent,
        }
        if A::ROOM_IS_TOLD || to.is_none() {
            Single::submit(Room { datagrams: datagrams.clone() })?.await?;
        } else {
            time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

/// Waiting for room.
struct Room<A: Address> {
    /// Keeps the descriptor open.
    datagrams: Shared<Datagrams<A>>,
}

impl<A: Address> Payload for Room<A> {
    fn op(&self) -> Op {
        Op::AwaitWritable { fd: self.datagrams.fd() }
    }
}
