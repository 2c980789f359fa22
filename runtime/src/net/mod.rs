//! Sockets: TCP, UDP and Unix domain, served from every shard.

mod accept;
mod address;
mod buffer;
mod connect;
mod connection;
mod datagram;
mod given_away;
mod halves;
mod input;
mod listener;
mod listening;
mod option;
mod options;
mod output;
mod place;
#[cfg(feature = "__polled")]
mod polled;
mod proxy;
mod receive;
mod room;
mod serve;
mod served;
mod server;
mod stream;
mod transmit;
mod transport;
mod udp;
mod unix;
mod waiters;
#[cfg(feature = "hyper")]
mod watch;

pub use address::ToAddress;
pub use buffer::TemporaryBuffer;
pub use connect::connect;
pub use datagram::Datagram;
pub use input::InputStream;
pub use listener::{TcpListener, listen, listen_with};
pub use options::{Distribution, ListenOptions};
pub use output::OutputStream;
pub use proxy::ProxyHeader;
pub use server::{ServeOptions, ServeStatistics, Server};
pub use stream::{TcpControl, TcpStream};
pub use transport::{ByteStream, Plain, Transport};
pub use udp::{UdpOptions, UdpSocket};
pub use unix::{
    Credentials, ToUnixAddress, UnixAddress, UnixControl, UnixDatagram, UnixDatagramOptions, UnixListener,
    UnixStream, connect_unix, listen_unix, listen_unix_with,
};

#[cfg(any(feature = "dns", feature = "tls"))]
pub(crate) use connect::Connect;
#[cfg(all(feature = "__polled", feature = "tls"))]
pub(crate) use polled::Written;
#[cfg(feature = "__polled")]
pub(crate) use polled::{PolledRead, PolledWrite};
pub(crate) use transport::Channel;
#[cfg(feature = "hyper")]
pub(crate) use {serve::has_gone, watch::Watch};
