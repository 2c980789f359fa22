//! Unix domain sockets: connections within the machine, by the names of files.

mod address;
mod datagram;
mod listener;
mod stream;

pub use address::{ToUnixAddress, UnixAddress};
pub use datagram::{UnixDatagram, UnixDatagramOptions};
pub use listener::{UnixListener, listen_unix, listen_unix_with};
pub use stream::{Credentials, UnixControl, UnixStream, connect_unix};
