//! How a UDP socket behaves.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::Socket;

use super::socket::UdpSocket;
use crate::net::datagram::Datagrams;
use crate::net::option::{self, options};
use crate::sys::datagram::UdpSetup;
use crate::sys::socket::with;

/// Options of [`UdpSocket::bind_with`].
///
/// ```
/// use seastar::net::{UdpOptions, UdpSocket};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = UdpOptions::new().datagram_size_max(65_535).receive_buffer(1 << 20);
///     let socket = UdpSocket::bind_with("127.0.0.1:0", options)?;
///     socket.send_to(vec![7; 60_000], socket.local_address()?).await?;
///     assert_eq!(socket.recv_from().await?.len(), 60_000);
///     Ok(())
/// }
/// ```
///
/// One that receives much, from few, and shares its address with other processes:
///
/// ```
/// use seastar::net::{UdpOptions, UdpSocket};
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let options = UdpOptions::new().reuse_port(true).gro(true).send_buffer(1 << 18);
///     let one = UdpSocket::bind_with("127.0.0.1:0", options)?;
///     let _other = UdpSocket::bind_with(one.local_address()?, options)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpOptions {
    reuse_address: bool,
    reuse_port: bool,
    datagram_size_max: usize,
    receive_buffer: Option<usize>,
    send_buffer: Option<usize>,
    gro: bool,
}

const IN_A_BUFFER: usize = Datagrams::<SocketAddr>::IN_A_BUFFER;
/// More than any datagram has.
const SIZE_MAX: usize = 65_535;

impl UdpOptions {
    /// The defaults: see each option.
    pub const fn new() -> UdpOptions {
        UdpOptions {
            reuse_address: false,
            reuse_port: false,
            datagram_size_max: IN_A_BUFFER,
            receive_buffer: None,
            send_buffer: None,
            gro: false,
        }
    }

    /// Whether several sockets may be on one address and all get what is sent to a multicast group (SO_REUSEADDR). Off by default: of other
    /// datagrams only one of them would get any.
    ///
    /// ```no_run
    /// use seastar::net::{UdpOptions, UdpSocket};
    /// use std::net::Ipv4Addr;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     // Other programs may listen to the group as well.
    ///     let socket = UdpSocket::bind_with(5353, UdpOptions::new().reuse_address(true))?;
    ///     socket.join_multicast_v4(Ipv4Addr::new(224, 0, 0, 251), Ipv4Addr::UNSPECIFIED)?;
    ///     println!("{}", socket.recv_from().await?.source());
    ///     Ok(())
    /// }
    /// ```
    pub const fn reuse_address(mut self, on: bool) -> UdpOptions {
        self.reuse_address = on;
        self
    }

    /// Whether several sockets that say so share the datagrams for one address, spread by a hash of the sender's (SO_REUSEPORT). Off by
    /// default; [`serve`](UdpSocket::serve) needs none of it.
    pub const fn reuse_port(mut self, on: bool) -> UdpOptions {
        self.reuse_port = on;
        self
    }

    /// The largest datagram that is received whole; longer ones are cut. 8,148 bytes by default and at least, what one buffer of the shard holds. With more, each
    /// receive costs a call, and a block of this size while it lasts.
    pub const fn datagram_size_max(mut self, bytes: usize) -> UdpOptions {
        self.datagram_size_max = bytes;
        self
    }

    /// How many bytes of datagrams the kernel keeps that nobody has received (SO_RCVBUF); `net.core.rmem_default` by default, and
    /// `net.core.rmem_max` at most. Each datagram counts for more than its own bytes.
    pub const fn receive_buffer(mut self, bytes: usize) -> UdpOptions {
        self.receive_buffer = Some(bytes);
        self
    }

    /// How many bytes may wait to be sent (SO_SNDBUF); `net.core.wmem_default` by default, and `net.core.wmem_max` at most.
    pub const fn send_buffer(mut self, bytes: usize) -> UdpOptions {
        self.send_buffer = Some(bytes);
        self
    }

    /// Whether the kernel may hand over several datagrams of one sender at once (UDP_GRO), which costs less for each where many come. They are
    /// received one by one all the same. Off by default; on, each receive takes a block of 64 KiB while datagrams of it last. Kernels that do not
    /// offer it go on as without.
    pub const fn gro(mut self, on: bool) -> UdpOptions {
        self.gro = on;
        self
    }

    pub(super) const fn setup(&self) -> UdpSetup {
        UdpSetup {
            reuse_address: self.reuse_address,
            reuse_port: self.reuse_port,
            receive_buffer: self.receive_buffer,
            send_buffer: self.send_buffer,
            coalesce: self.gro,
        }
    }

    /// The size of blocks, where the shard's buffers are too small.
    pub(super) fn block(&self) -> Option<usize> {
        let size = if self.gro { SIZE_MAX } else { self.datagram_size_max.min(SIZE_MAX) };
        (size > IN_A_BUFFER).then_some(size)
    }
}

impl Default for UdpOptions {
    fn default() -> UdpOptions {
        UdpOptions::new()
    }
}

options! {
    /// Options of the socket, as the kernel has them.
    ///
    /// ```
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind("127.0.0.1:0")?;
    ///     socket.set_broadcast(true)?;
    ///     assert!(socket.broadcast()?);
    ///     socket.set_receive_buffer_size(100_000)?;
    ///     socket.set_send_buffer_size(100_000)?;
    ///     assert!(socket.receive_buffer_size()? >= 100_000 && socket.send_buffer_size()? >= 100_000);
    ///     socket.set_ttl(7)?;
    ///     socket.set_tos(0x10)?; // low delay
    ///     assert_eq!((socket.ttl()?, socket.tos()?), (7, 0x10));
    ///     socket.set_multicast_loop_v4(false)?;
    ///     socket.set_multicast_ttl_v4(2)?;
    ///     assert_eq!((socket.multicast_loop_v4()?, socket.multicast_ttl_v4()?), (false, 2));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// What is about IPv6 needs a socket of it:
    ///
    /// ```no_run
    /// use seastar::net::UdpSocket;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind("[::1]:0")?;
    ///     socket.set_multicast_loop_v6(false)?;
    ///     assert!(!socket.multicast_loop_v6()?);
    ///     Ok(())
    /// }
    /// ```
    UdpSocket: |socket| io::Result::Ok(socket.datagrams.fd());

    /// Whether it may send to broadcast addresses (SO_BROADCAST). Off by default.
    broadcast / set_broadcast: bool => Socket::broadcast, Socket::set_broadcast;
    /// Over how many routers its datagrams go (IP_TTL, or IPV6_UNICAST_HOPS).
    ttl / set_ttl: u32 => option::ttl, option::set_ttl;
    /// The type of service of its datagrams (IP_TOS, or IPV6_TCLASS).
    tos / set_tos: u32 => option::tos, option::set_tos;
    /// Whether what it sends to an IPv4 group also comes back to this machine (IP_MULTICAST_LOOP). On by default.
    multicast_loop_v4 / set_multicast_loop_v4: bool => Socket::multicast_loop_v4, Socket::set_multicast_loop_v4;
    /// Over how many routers what it sends to an IPv4 group goes (IP_MULTICAST_TTL). 1 by default, which is none.
    multicast_ttl_v4 / set_multicast_ttl_v4: u32 => Socket::multicast_ttl_v4, Socket::set_multicast_ttl_v4;
    /// Whether what it sends to an IPv6 group also comes back to this machine (IPV6_MULTICAST_LOOP). On by default.
    multicast_loop_v6 / set_multicast_loop_v6: bool => Socket::multicast_loop_v6, Socket::set_multicast_loop_v6;
    /// How many bytes the kernel keeps for it, twice what was asked for (SO_RCVBUF).
    receive_buffer_size / set_receive_buffer_size: usize => Socket::recv_buffer_size, Socket::set_recv_buffer_size;
    /// How many bytes may wait to be sent, twice what was asked for (SO_SNDBUF).
    send_buffer_size / set_send_buffer_size: usize => Socket::send_buffer_size, Socket::set_send_buffer_size;
}

/// Groups.
impl UdpSocket {
    /// Receives what is sent to the group `group`, on the interface with this address; the kernel chooses one for `0.0.0.0`.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2): `No such device` where no interface fits, `Address already in use` for a group that it is in.
    ///
    /// ```no_run
    /// use seastar::net::UdpSocket;
    /// use std::net::Ipv4Addr;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind(7777)?;
    ///     let group = Ipv4Addr::new(239, 1, 2, 3);
    ///     socket.join_multicast_v4(group, Ipv4Addr::UNSPECIFIED)?;
    ///     println!("{} speaks to the group", socket.recv_from().await?.source());
    ///     socket.leave_multicast_v4(group, Ipv4Addr::UNSPECIFIED)
    /// }
    /// ```
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        with(self.datagrams.fd(), |socket| socket.join_multicast_v4(&group, &interface))
    }

    /// Leaves a group that it [joined](Self::join_multicast_v4).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2), above all `Cannot assign requested address` for a group that it is not in.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        with(self.datagrams.fd(), |socket| socket.leave_multicast_v4(&group, &interface))
    }

    /// Receives what is sent to the group `group`, on the interface with this number; the kernel chooses one for 0.
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2), as for [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// ```no_run
    /// use seastar::net::UdpSocket;
    /// use std::net::Ipv6Addr;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let socket = UdpSocket::bind("[::]:7777")?;
    ///     let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3);
    ///     socket.join_multicast_v6(group, 0)?;
    ///     println!("{} speaks to the group", socket.recv_from().await?.source());
    ///     socket.leave_multicast_v6(group, 0)
    /// }
    /// ```
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        with(self.datagrams.fd(), |socket| socket.join_multicast_v6(&group, interface))
    }

    /// Leaves a group that it [joined](Self::join_multicast_v6).
    ///
    /// # Errors
    ///
    /// Those of setsockopt(2), above all `Cannot assign requested address` for a group that it is not in.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        with(self.datagrams.fd(), |socket| socket.leave_multicast_v6(&group, interface))
    }
}
