//! Datagrams: as the kernel sends and receives them, and as they lie in the ring's buffers.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;

use io_uring::types::RecvMsgOut;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// The longest address of a sender.
pub(crate) const SOURCE_MAX: usize = size_of::<libc::sockaddr_un>();
/// Bytes of the kernel's own before everything else: four numbers.
const HEADER: usize = 16;
/// Room for one control message that holds a number.
const CONTROL: usize = 24;

/// What precedes a datagram in a buffer of the ring: a header and the address of its sender.
#[repr(transparent)]
pub(crate) struct Shape(libc::msghdr);

/// A datagram within its buffer.
pub(crate) struct Found {
    pub(crate) source: Range<usize>,
    pub(crate) bytes: Range<usize>,
    /// Whether it was longer than what there is of it.
    pub(crate) is_cut: bool,
}

impl Shape {
    /// For addresses of up to `source` bytes.
    pub(crate) fn new(source: usize) -> Shape {
        // SAFETY: null pointers and zero lengths are what a message without buffers has.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_namelen = source as libc::socklen_t;
        Shape(header)
    }

    /// How many bytes of a datagram fit a buffer of `size` bytes, behind an address of up to `source`.
    pub(crate) const fn room(size: usize, source: usize) -> usize {
        size - HEADER - source
    }

    /// Receives the next datagram into a buffer of `len` bytes at `base`, as the ring does; the number of bytes written, or -1.
    ///
    /// # Safety
    ///
    /// The buffer may be written.
    pub(super) unsafe fn receive(&self, fd: RawFd, base: NonNull<u8>, len: usize) -> isize {
        let source = self.0.msg_namelen as usize;
        let mut header = self.0;
        // SAFETY: the parts lie one after the other in the buffer, which is longer than the first two.
        unsafe {
            let mut bytes = libc::iovec {
                iov_base: base.add(HEADER + source).as_ptr().cast(),
                iov_len: Shape::room(len, source),
            };
            header.msg_name = base.add(HEADER).as_ptr().cast();
            header.msg_iov = &mut bytes;
            header.msg_iovlen = 1;
            let received = libc::recvmsg(fd, &mut header, libc::MSG_DONTWAIT);
            if received < 0 {
                return received;
            }
            let numbers = [header.msg_namelen, 0, received as u32, header.msg_flags.cast_unsigned()];
            base.cast::<[u32; 4]>().write_unaligned(numbers);
            received + (HEADER + source) as isize
        }
    }

    /// Where things are in a buffer; `None` if it does not have this shape.
    pub(crate) fn find(&self, buffer: &[u8]) -> Option<Found> {
        let found = RecvMsgOut::parse(buffer, &self.0).ok()?;
        let within = |part: &[u8]| {
            let start = part.as_ptr().addr() - buffer.as_ptr().addr();
            start..start + part.len()
        };
        let (source, bytes) = (within(found.name_data()), within(found.payload_data()));
        Some(Found { source, bytes, is_cut: found.is_payload_truncated() })
    }
}

/// Sends a datagram to an address, or to where the socket is connected; cut by the kernel into datagrams of `segment` bytes, if that is
/// said. Fails with WouldBlock where there is no room for it.
pub(crate) fn send(fd: RawFd, bytes: &[u8], to: Option<&SockAddr>, segment: Option<u16>) -> io::Result<()> {
    let mut control = [0u64; CONTROL / 8];
    let mut buffer = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: null pointers and zero lengths are what an empty message has.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    if let Some(to) = to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
    }
    header.msg_iov = &mut buffer;
    header.msg_iovlen = 1;
    if let Some(segment) = segment {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = CONTROL as _;
        // SAFETY: the control bytes have room for one message of two bytes, and are aligned for its head.
        unsafe {
            let head = libc::CMSG_FIRSTHDR(&header);
            (*head).cmsg_level = libc::SOL_UDP;
            (*head).cmsg_type = libc::UDP_SEGMENT;
            (*head).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
            libc::CMSG_DATA(head).cast::<u16>().write_unaligned(segment);
        }
    }
    // SAFETY: the header points to memory that may be read and lives during the call.
    let sent = unsafe { libc::sendmsg(fd, &header, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A datagram that was received by a call.
pub(crate) struct Arrived {
    pub(crate) len: usize,
    pub(crate) source: [u8; SOURCE_MAX],
    pub(crate) source_len: usize,
    pub(crate) is_cut: bool,
    /// Of which size the kernel has put several together.
    pub(crate) segment: Option<usize>,
}

/// Receives the next datagram; fails with WouldBlock if there is none.
pub(crate) fn receive(fd: RawFd, into: &mut [MaybeUninit<u8>]) -> io::Result<Arrived> {
    let mut source = [0; SOURCE_MAX];
    let mut control = [0u64; CONTROL / 8];
    let mut buffer = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    // SAFETY: null pointers and zero lengths are what an empty message has.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = source.as_mut_ptr().cast();
    header.msg_namelen = SOURCE_MAX as libc::socklen_t;
    header.msg_iov = &mut buffer;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    // SAFETY: the header points to memory that may be written and lives during the call.
    let len = unsafe { libc::recvmsg(fd, &mut header, libc::MSG_DONTWAIT) };
    if len < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Arrived {
        len: len as usize,
        source,
        source_len: (header.msg_namelen as usize).min(SOURCE_MAX),
        is_cut: header.msg_flags & libc::MSG_TRUNC != 0,
        segment: segment(&header),
    })
}

/// What the kernel says about the size of datagrams that it has put together.
fn segment(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel has written the control messages, and their total length into the header.
    unsafe {
        let head = libc::CMSG_FIRSTHDR(header);
        if head.is_null() || ((*head).cmsg_level, (*head).cmsg_type) != (libc::SOL_UDP, libc::UDP_GRO) {
            return None;
        }
        usize::try_from(libc::CMSG_DATA(head).cast::<libc::c_int>().read_unaligned()).ok()
    }
}

/// The IP address in the bytes that the kernel gives as one.
#[inline]
pub(crate) fn decode(source: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(*source.first_chunk()?);
    let rest = &source[2..];
    let port = u16::from_be_bytes(*rest.first_chunk()?);
    match family as i32 {
        libc::AF_INET => {
            let ip: [u8; 4] = *rest.get(2..)?.first_chunk()?;
            Some(SocketAddrV4::new(Ipv4Addr::from(ip), port).into())
        }
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(*rest.get(2..)?.first_chunk()?);
            let ip: [u8; 16] = *rest.get(6..)?.first_chunk()?;
            let scope = u32::from_ne_bytes(*rest.get(22..)?.first_chunk()?);
            Some(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope).into())
        }
        _ => None,
    }
}

/// How a UDP socket is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UdpSetup {
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
    pub(crate) receive_buffer: Option<usize>,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) coalesce: bool,
}

/// A UDP socket on `address`.
pub(crate) fn bind_udp(address: SocketAddr, setup: UdpSetup) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(setup.reuse_address)?;
    socket.set_reuse_port(setup.reuse_port)?;
    if let Some(bytes) = setup.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = setup.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    if setup.coalesce {
        match set(&socket, libc::SOL_UDP, libc::UDP_GRO, 1) {
            Err(error) if error.raw_os_error() == Some(libc::ENOPROTOOPT) => {}
            set => set?,
        }
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn set(socket: &Socket, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the kernel reads as many bytes as the value has.
    let set = unsafe {
        let len = size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), len)
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How many datagrams the kernel has dropped because its buffer of the socket was full.
pub(crate) fn dropped(fd: RawFd) -> io::Result<u32> {
    const DROPS: usize = 8;
    let mut counts = [0u32; DROPS + 1];
    let mut len = size_of_val(&counts) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, which is the size of what it is given.
    let asked = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_MEMINFO, counts.as_mut_ptr().cast(), &mut len)
    };
    if asked == 0 { Ok(counts[DROPS]) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_were_written() {
        for text in ["127.0.0.1:80", "[::1]:65535", "[fe80::1%7]:1", "0.0.0.0:0"] {
            let address: SocketAddr = text.parse().unwrap();
            let encoded = SockAddr::from(address);
            // SAFETY: the storage holds as many bytes.
            let bytes =
                unsafe { std::slice::from_raw_parts(encoded.as_ptr().cast::<u8>(), encoded.len() as usize) };
            assert_eq!(decode(bytes), Some(address));
            (0..bytes.len().min(8)).for_each(|len| assert_eq!(decode(&bytes[..len]), None));
        }
        assert_eq!(decode(&[0; 28]), None);
    }
}
