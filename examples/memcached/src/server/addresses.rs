//! Where it listens: which ports, and on which addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::{fs, io};

/// The port that clients expect.
const PORT: u16 = 11211;

/// The ports of the command line: -1 is any, 0 is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) tcp: Option<i32>,
    pub(super) udp: Option<i32>,
    pub(super) has_unix: bool,
}

/// What to do about UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Udp {
    Off,
    /// On the TCP port, for clients on this machine, who need no door that others could misuse.
    Here,
    /// On this port of all addresses; 0 is any.
    On(u16),
}

impl Ports {
    /// The TCP port, 0 for any.
    pub(super) fn tcp(self) -> Option<u16> {
        match (self.tcp, self.udp) {
            // Nobody wants a server that cannot be reached.
            (Some(0), None | Some(0)) if !self.has_unix => Some(0),
            (Some(0), _) => None,
            (Some(port), _) => Some(port.max(0) as u16),
            // As memcached: who names one port means both.
            (None, Some(port)) if port != 0 && !self.has_unix => Some(port.max(0) as u16),
            (None, _) => (!self.has_unix).then_some(PORT),
        }
    }

    pub(super) fn udp(self) -> Udp {
        match self.udp {
            None if self.tcp().is_some() => Udp::Here,
            None | Some(0) => Udp::Off,
            Some(port) => Udp::On(port.max(0) as u16),
        }
    }
}

/// An address or a name of `--listen`, perhaps with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: Option<u16>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// Reads `host`, `host:port`, `1:2::3` and `[1:2::3]:port`.
pub(super) fn parse_place(text: &str) -> Result<Place, String> {
    let wrong =
        || format!("`{text}` is no address; write one such as 127.0.0.1, localhost, [::1] or 10.0.0.1:11311");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or_else(wrong)?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':').ok_or_else(wrong)?) })
        }
        None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|port| port.parse().map_err(|_| wrong())).transpose()?;
    if host.is_empty() || host.contains([':', '/', ' ']) && host.parse::<Ipv6Addr>().is_err() {
        return Err(wrong());
    }
    Ok(Place { host: if host == "*" { "0.0.0.0".to_owned() } else { host.to_owned() }, port })
}

/// The addresses of `places`, which all have to be known; those without a port have this one.
#[allow(clippy::disallowed_methods)] // A name is looked up once, before anybody is served.
pub(super) fn resolve(places: &[Place], port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut all = Vec::new();
    for place in places {
        let port = place.port.unwrap_or(port);
        let found = seastar::blocking_ok!((&*place.host, port).to_socket_addrs());
        let about = |error: io::Error| io::Error::new(error.kind(), format!("--listen {place}: {error}"));
        all.extend(found.map_err(about)?.filter(|address| !all.contains(address)).collect::<Vec<_>>());
    }
    Ok(all)
}

/// Opens something on all addresses of this machine: with IPv6 and IPv4, or with IPv4 where there is nothing else.
pub(super) fn open_everywhere<T>(
    port: u16,
    open: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
    match open(v6) {
        Ok(opened) if v6_is_alone() && port != 0 => Ok(vec![opened, open(v4)?]),
        Ok(opened) => Ok(vec![opened]),
        Err(error) if lacks_address(&error) => Ok(vec![open(v4)?]),
        Err(error) => Err(error),
    }
}

/// The addresses that only this machine reaches, of one that TCP has.
pub(super) fn here(tcp: SocketAddr) -> impl Iterator<Item = SocketAddr> {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let all = match tcp.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => [Some(v4), None],
        IpAddr::V6(ip) if ip.is_unspecified() => [Some(v4), Some(IpAddr::V6(Ipv6Addr::LOCALHOST))],
        ip => [ip.is_loopback().then_some(ip), None],
    };
    all.into_iter().flatten().map(move |ip| SocketAddr::new(ip, tcp.port()))
}

/// Whether an address fails because the machine has none of its kind.
fn lacks_address(error: &io::Error) -> bool {
    let unknown = io::Error::from_raw_os_error(libc::EAFNOSUPPORT).to_string();
    error.kind() == io::ErrorKind::AddrNotAvailable || error.to_string().ends_with(&unknown)
}

/// Whether sockets on `::` refuse IPv4 here.
#[allow(clippy::disallowed_methods)] // A file of the kernel's own, which waits for no disk.
fn v6_is_alone() -> bool {
    let read = seastar::blocking_ok!(fs::read_to_string("/proc/sys/net/ipv6/bindv6only"));
    read.is_ok_and(|text| text.trim() == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(tcp: Option<i32>, udp: Option<i32>, has_unix: bool) -> (Option<u16>, Udp) {
        let ports = Ports { tcp, udp, has_unix };
        (ports.tcp(), ports.udp())
    }

    #[test]
    fn ports_are_those_of_memcached() {
        assert_eq!(ports(None, None, false), (Some(11211), Udp::Here));
        assert_eq!(ports(Some(7), None, false), (Some(7), Udp::Here));
        assert_eq!(ports(Some(7), Some(0), false), (Some(7), Udp::Off));
        assert_eq!(ports(Some(7), Some(8), false), (Some(7), Udp::On(8)));
        assert_eq!(ports(None, Some(8), false), (Some(8), Udp::On(8)));
        assert_eq!(ports(None, Some(0), false), (Some(11211), Udp::Off));
        assert_eq!(ports(Some(-1), Some(-1), false), (Some(0), Udp::On(0)));
        assert_eq!(ports(Some(0), Some(8), false), (None, Udp::On(8)));
        assert_eq!(ports(Some(0), None, false), (Some(0), Udp::Here));
        assert_eq!(ports(Some(0), None, true), (None, Udp::Off));
        assert_eq!(ports(None, None, true), (None, Udp::Off));
        assert_eq!(ports(Some(7), None, true), (Some(7), Udp::Here));
        assert_eq!(ports(None, Some(8), true), (None, Udp::On(8)));
    }

    #[test]
    fn places_are_addresses_and_names_with_ports_or_without() {
        let place = |host: &str, port| Ok(Place { host: host.to_owned(), port });
        assert_eq!(parse_place("127.0.0.1"), place("127.0.0.1", None));
        assert_eq!(parse_place("127.0.0.1:11311"), place("127.0.0.1", Some(11311)));
        assert_eq!(parse_place("localhost"), place("localhost", None));
        assert_eq!(parse_place("a.b:7"), place("a.b", Some(7)));
        assert_eq!(parse_place("::1"), place("::1", None));
        assert_eq!(parse_place("[::1]"), place("::1", None));
        assert_eq!(parse_place("[::1]:7"), place("::1", Some(7)));
        assert_eq!(parse_place("*"), place("0.0.0.0", None));
        for wrong in ["", ":7", "a:b", "[::1", "[::1]7", "a:7:8", "a/b", "notls:127.0.0.1:7"] {
            assert!(parse_place(wrong).is_err(), "{wrong}");
        }
        for text in ["127.0.0.1:11311", "localhost", "[::1]:7"] {
            assert_eq!(parse_place(text).unwrap().to_string(), text);
        }
    }
}
