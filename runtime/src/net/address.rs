//! What one may write where a socket address is wanted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// A socket address, or something that spells one.
///
/// Host names are not looked up: that would block the shard.
///
/// ```
/// use seastar::net::ToAddress;
///
/// assert_eq!("127.0.0.1:80".to_address().unwrap(), ([127, 0, 0, 1], 80).to_address().unwrap());
/// assert_eq!("[::1]:80".to_address().unwrap().port(), 80);
/// assert_eq!(("::1", 80).to_address().unwrap(), "[::1]:80".to_address().unwrap());
/// assert_eq!(1234.to_address().unwrap().to_string(), "0.0.0.0:1234");
/// assert!("localhost:80".to_address().is_err());
/// assert!(("localhost", 80).to_address().is_err());
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

/// One for each, because a `str` has to be read where the others are converted.
macro_rules! with_a_port {
    ($($ip:ty),*) => {$(
        impl ToAddress for ($ip, u16) {
            fn to_address(&self) -> io::Result<SocketAddr> {
                Ok((IpAddr::from(self.0), self.1).into())
            }
        }
    )*};
}

with_a_port!(IpAddr, Ipv4Addr, Ipv6Addr, [u8; 4], [u8; 16], [u16; 8]);

impl ToAddress for (&str, u16) {
    fn to_address(&self) -> io::Result<SocketAddr> {
        let (text, port) = *self;
        let ip: IpAddr = text.parse().map_err(|_| {
            let text = format!("`{text}` is not an IP address, such as 127.0.0.1 or ::1");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })?;
        Ok((ip, port).into())
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
