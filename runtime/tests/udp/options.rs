//! Options and groups.

use std::net::{Ipv4Addr, UdpSocket as StdSocket};

use seastar::blocking_ok;
use seastar::net::{UdpOptions, UdpSocket};

use super::ANY;

#[seastar::test]
async fn options_can_be_set_and_are_kept() {
    let socket = UdpSocket::bind(ANY).unwrap();
    for on in [true, false] {
        socket.set_broadcast(on).unwrap();
        socket.set_multicast_loop_v4(on).unwrap();
        assert_eq!((socket.broadcast().unwrap(), socket.multicast_loop_v4().unwrap()), (on, on));
    }
    socket.set_ttl(7).unwrap();
    socket.set_tos(0x10).unwrap();
    socket.set_multicast_ttl_v4(3).unwrap();
    let asked = (socket.ttl().unwrap(), socket.tos().unwrap(), socket.multicast_ttl_v4().unwrap());
    assert_eq!(asked, (7, 0x10, 3));
    socket.set_receive_buffer_size(10_000).unwrap();
    socket.set_send_buffer_size(9_000).unwrap();
    assert_eq!(socket.receive_buffer_size().unwrap(), 20_000);
    assert_eq!(socket.send_buffer_size().unwrap(), 18_000);
    let socket = UdpSocket::bind("[::1]:0").unwrap();
    socket.set_multicast_loop_v6(false).unwrap();
    assert!(!socket.multicast_loop_v6().unwrap());
}

#[seastar::test]
async fn options_of_the_bind_are_set_before_it() {
    let options = UdpOptions::new().receive_buffer(30_000).send_buffer(20_000);
    let socket = UdpSocket::bind_with(ANY, options).unwrap();
    let sizes = (socket.receive_buffer_size().unwrap(), socket.send_buffer_size().unwrap());
    assert_eq!(sizes, (60_000, 40_000));
    let shared = UdpOptions::new().reuse_port(true);
    let first = UdpSocket::bind_with(ANY, shared).unwrap();
    let second = UdpSocket::bind_with(first.local_address().unwrap(), shared).unwrap();
    assert_eq!(first.local_address().unwrap(), second.local_address().unwrap());
    assert!(UdpSocket::bind(first.local_address().unwrap()).is_err());
}

#[seastar::test]
async fn members_of_a_group_get_what_is_sent_to_it() {
    let group = Ipv4Addr::new(239, 255, 77, 7);
    let options = UdpOptions::new().reuse_address(true);
    let first = UdpSocket::bind_with("0.0.0.0:0", options).unwrap();
    let port = first.local_address().unwrap().port();
    let second = UdpSocket::bind_with(("0.0.0.0", port), options).unwrap();
    first.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
    second.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
    let sender = blocking_ok!(StdSocket::bind(ANY).unwrap());
    socket2::SockRef::from(&sender).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    blocking_ok!(sender.send_to(b"members", (group, port)).unwrap());
    assert_eq!(&*first.recv_from().await.unwrap(), b"members");
    assert_eq!(&*second.recv_from().await.unwrap(), b"members");
    first.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
    assert!(first.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err(), "it was left");
}
