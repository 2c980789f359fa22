//! In which order addresses should be tried.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Those first that the machine has a route to, and the families by turns, IPv6 first (RFC 6724, rule 1, and RFC 8305, section 4).
pub(super) fn sorted(ips: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    sorted_by(ips, port, has_route)
}

fn sorted_by(ips: Vec<IpAddr>, port: u16, has_route: impl Fn(SocketAddr) -> bool) -> Vec<SocketAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = ips.into_iter().partition(IpAddr::is_ipv6);
    // One route speaks for its family: that is nearly always so, and asking costs system calls.
    let with_route = |family: Vec<IpAddr>| {
        let addresses: Vec<SocketAddr> = family.into_iter().map(|ip| (ip, port).into()).collect();
        let usable = addresses.first().is_some_and(|address| has_route(*address));
        if usable { (addresses, Vec::new()) } else { (Vec::new(), addresses) }
    };
    let ((six, six_last), (four, four_last)) = (with_route(six), with_route(four));
    let mut all = by_turns(six, four);
    all.extend(by_turns(six_last, four_last));
    all
}

fn by_turns(first: Vec<SocketAddr>, second: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::with_capacity(first.len() + second.len());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return all,
            (one, other) => all.extend(one.into_iter().chain(other)),
        }
    }
}

/// Whether the machine has a route. A datagram socket that is connected sends nothing.
fn has_route(address: SocketAddr) -> bool {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).is_ok_and(|socket| socket.connect(address).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn order(has_route: impl Fn(SocketAddr) -> bool) -> Vec<String> {
        let ips = ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"]);
        sorted_by(ips, 80, has_route).iter().map(|address| address.ip().to_string()).collect()
    }

    #[test]
    fn families_take_turns() {
        assert_eq!(order(|_| true), ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"]);
    }

    #[test]
    fn what_has_no_route_comes_last() {
        let only_four = order(|address| address.is_ipv4());
        assert_eq!(only_four, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"]);
        assert_eq!(order(|_| false).len(), 5);
    }
}
