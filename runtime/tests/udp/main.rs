//! UDP as programs use it.

#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/random.rs"]
mod random;

mod errors;
mod floods;
mod options;
mod receiving;
mod segments;
mod sending;
mod serving;

use std::net::{SocketAddr, UdpSocket as StdSocket};

use seastar::net::UdpSocket;

const ANY: &str = "127.0.0.1:0";

/// A socket of this shard, and one of std that talks to it.
fn peers() -> (UdpSocket, SocketAddr, StdSocket) {
    let ours = UdpSocket::bind(ANY).unwrap();
    let address = ours.local_address().unwrap();
    let theirs = StdSocket::bind(ANY).unwrap();
    theirs.connect(address).unwrap();
    theirs.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    (ours, address, theirs)
}
