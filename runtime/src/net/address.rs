//! What one may write where a socket address is wanted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// A socket address, or something that spells one.
///
/// Host names are not looked up: that would block the shard.
///
/// ```
/// use seastar::net::ToAddress;
///
/// assert_eq!("127.0.0.1:80".to_address().unwrap(), ([127, 0, 0, 1], 80).to_address().unwrap());
/// assert_eq!("[::1]:80".to_address().unwrap().port(), 80);
/// assert_eq!(1234.to_address().unwrap().to_string(), "0.0.0.0:1234");
/// assert!("localhost:80".to_address().is_err());
/// ```
pub trait ToAddress {
    /// The address, or an [`InvalidInput`](io::ErrorKind::InvalidInput) error that quotes the text.
    fn to_address(&self) -> io::Result<SocketAddr>;
}

impl ToAddress for SocketAddr {
    fn to_address(&self) -> io::Result<SocketAddr> {
        Ok(*self)
    }
}

impl ToAddress for SocketAddrV4 {
    fn to_address(&self) -> io::Result<SocketAddr> {
        Ok((*self).into())
    }
}

impl ToAddress for SocketAddrV6 {
    fn to_address(&self) -> io::Result<SocketAddr> {
        Ok((*self).into())
    }
}

/// A port on all IPv4 addresses of the machine.
impl ToAddress for u16 {
    fn to_address(&self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::UNSPECIFIED, *self).into())
    }
}

impl<I: Into<IpAddr> + Copy> ToAddress for (I, u16) {
    fn to_address(&self) -> io::Result<SocketAddr> {
        Ok((self.0.into(), self.1).into())
    }
}

impl ToAddress for str {
    fn to_address(&self) -> io::Result<SocketAddr> {
        self.parse().map_err(|_| {
            let text = format!("`{self}` is not an IP address and a port, such as 127.0.0.1:80 or [::1]:80");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })
    }
}

impl ToAddress for String {
    fn to_address(&self) -> io::Result<SocketAddr> {
        self.as_str().to_address()
    }
}

impl<T: ToAddress + ?Sized> ToAddress for &T {
    fn to_address(&self) -> io::Result<SocketAddr> {
        (**self).to_address()
    }
}
