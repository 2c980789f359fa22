//! The PROXY protocol, version 2: who is behind the proxy from which a connection comes.
//!
//! The parser is ours because it is smaller than what a crate for it would bring along.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::buffer::TemporaryBuffer;
use super::input::InputStream;
use crate::time::timeout;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of the header that has a fixed form.
const HEAD: usize = 16;
/// The most that may follow. Proxies that are known send a tenth of that.
const REST_MAX: usize = 4096;

/// What a proxy says of a connection before it passes the client's bytes on.
///
/// Anybody who can connect can send such a header, so only proxies should be able to.
///
/// ```
/// use seastar::net::{ProxyHeader, connect, listen};
/// use std::time::Duration;
///
/// #[seastar::main(shards = 1)]
/// async fn main() -> std::io::Result<()> {
///     let listener = listen("127.0.0.1:0")?;
///     let (_, mut proxy) = connect(listener.local_address()).await?.split();
///     proxy.write(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xcb\x00\x71\x07\xd4\x31\x01\xbbhello").await?;
///     proxy.close().await?;
///     let (mut input, _) = listener.accept().await?.0.split();
///     let header = ProxyHeader::read(&mut input, Duration::from_secs(5)).await?;
///     assert_eq!(header.source().unwrap().to_string(), "192.0.2.1:54321");
///     assert_eq!(header.destination().unwrap().to_string(), "203.0.113.7:443");
///     assert_eq!(&*input.read().await?, b"hello");
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct ProxyHeader {
    addresses: Option<(SocketAddr, SocketAddr)>,
    extensions: TemporaryBuffer,
}

impl ProxyHeader {
    /// Reads the header, which is the first that comes on a connection, and nothing behind it.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) if it is not there within `limit`. [`InvalidData`](io::ErrorKind::InvalidData) for anything that is no header of
    /// version 2, also one of version 1, and for one with more than 4 KiB. [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the
    /// connection ends before. Those of [`InputStream::read`]. The connection should be dropped then: what else comes means nothing.
    pub async fn read(input: &mut InputStream, limit: Duration) -> io::Result<ProxyHeader> {
        let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "no PROXY header within the time limit"));
        timeout(limit, ProxyHeader::read_whole(input)).await.unwrap_or_else(late)
    }

    async fn read_whole(input: &mut InputStream) -> io::Result<ProxyHeader> {
        // First what tells whether there is a header: others may send less than a head, and wait for an answer.
        let signature = exactly(input, SIGNATURE.len()).await?;
        if *signature != *SIGNATURE {
            return Err(invalid("the connection does not begin with a PROXY header of version 2"));
        }
        let head = exactly(input, HEAD - SIGNATURE.len()).await?;
        let len = u16::from_be_bytes([head[2], head[3]]) as usize;
        if len > REST_MAX {
            return Err(invalid("a PROXY header of more than 4 KiB"));
        }
        let rest = exactly(input, len).await?;
        ProxyHeader::parse(head[0], head[1], rest)
    }

    /// `rest` is what follows the head.
    fn parse(version: u8, family: u8, mut rest: TemporaryBuffer) -> io::Result<ProxyHeader> {
        let is_local = match version {
            0x20 => true,
            0x21 => false,
            _ => return Err(invalid("a PROXY header of an unknown version or command")),
        };
        let (addresses, len) = match family >> 4 {
            // The proxy itself speaks, for example to see whether the server is alive.
            _ if is_local => (None, rest.len()),
            1 => (pair::<4>(&rest).map(|(ips, ports)| both(ips.map(Ipv4Addr::from), ports)), 12),
            2 => (pair::<16>(&rest).map(|(ips, ports)| both(ips.map(Ipv6Addr::from), ports)), 36),
            // Paths of Unix domain sockets, which are of another machine.
            3 => (None, 216),
            // Unspecified: what follows is not to be looked at.
            _ => (None, rest.len()),
        };
        if rest.len() < len {
            return Err(invalid("a PROXY header that is too short for its addresses"));
        }
        rest.trim_front(len);
        let header = ProxyHeader { addresses, extensions: rest };
        match header.extensions().map(|(_, value)| value.len() + 3).sum::<usize>() == header.extensions.len()
        {
            true => Ok(header),
            false => Err(invalid("a PROXY header whose extensions do not fill it")),
        }
    }

    /// The address of the client. Nothing if the connection is the proxy's own, or not one of IP: then that of the connection counts.
    pub fn source(&self) -> Option<SocketAddr> {
        self.addresses.map(|(source, _)| source)
    }

    /// The address to which the client has connected.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.addresses.map(|(_, destination)| destination)
    }

    /// What else the proxy says, each with its type: 0x02 is the name of the server that the client asked for.
    ///
    /// ```
    /// use seastar::net::{ProxyHeader, connect, listen};
    /// use std::time::Duration;
    ///
    /// #[seastar::main(shards = 1)]
    /// async fn main() -> std::io::Result<()> {
    ///     let listener = listen("127.0.0.1:0")?;
    ///     let (_, mut proxy) = connect(listener.local_address()).await?.split();
    ///     proxy.write(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x16\xc0\x00\x02\x01\xcb\x00\x71\x07\xd4\x31\x01\xbb").await?;
    ///     proxy.write(b"\x02\x00\x07seastar").await?; // the name that the client asked for
    ///     proxy.close().await?;
    ///     let (mut input, _) = listener.accept().await?.0.split();
    ///     let header = ProxyHeader::read(&mut input, Duration::from_secs(5)).await?;
    ///     assert!(header.extensions().eq([(0x02, &b"seastar"[..])]));
    ///     Ok(())
    /// }
    /// ```
    pub fn extensions(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &*self.extensions;
        std::iter::from_fn(move || {
            let ([kind, len @ ..], after) = rest.split_first_chunk::<3>()?;
            let (value, others) = after.split_at_checked(u16::from_be_bytes(*len) as usize)?;
            rest = others;
            Some((*kind, value))
        })
    }
}

impl fmt::Debug for ProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ProxyHeader");
        debug
            .field("source", &self.source())
            .field("destination", &self.destination())
            .finish_non_exhaustive()
    }
}

/// Two addresses and then two ports.
fn pair<const N: usize>(bytes: &[u8]) -> Option<([[u8; N]; 2], [u16; 2])> {
    let (source, rest) = bytes.split_first_chunk()?;
    let (destination, rest) = rest.split_first_chunk()?;
    let [a, b, c, d] = *rest.first_chunk()?;
    Some(([*source, *destination], [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]))
}

fn both<T: Into<std::net::IpAddr>>(
    [source, destination]: [T; 2],
    ports: [u16; 2],
) -> (SocketAddr, SocketAddr) {
    (SocketAddr::new(source.into(), ports[0]), SocketAddr::new(destination.into(), ports[1]))
}

async fn exactly(input: &mut InputStream, len: usize) -> io::Result<TemporaryBuffer> {
    let read = input.read_exactly(len).await?;
    if read.len() < len {
        let text = "the connection ended within its PROXY header";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
    }
    Ok(read)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
