//! Many datagrams by one call: cut by the kernel, put together by it, or neither.

use std::io::ErrorKind;
use std::net::UdpSocket as StdSocket;
use std::time::Duration;

use seastar::net::{UdpOptions, UdpSocket};
use seastar::{blocking_ok, spawn, timeout};

use super::random::Random;
use super::{ANY, peers};

#[seastar::test]
async fn segments_arrive_as_datagrams_of_their_own() {
    let (ours, _, theirs) = blocking_ok!(peers());
    let to = theirs.local_addr().unwrap();
    let mut random = Random::new(1);
    // Among them sizes above what a packet of the loopback holds as one segment, and more segments than go at once.
    for (len, size) in [(0, 7), (7, 7), (20, 7), (1_000, 1_400), (14_000, 1_400), (200, 1), (40_000, 20_000)]
    {
        let sent = random.bytes(len);
        ours.send_segments_to(&sent, size, to).await.unwrap();
        let mut received = vec![0; 65_536];
        for expected in sent.chunks(size) {
            let len = blocking_ok!(theirs.recv(&mut received).unwrap());
            assert!(received[..len] == *expected, "{len} of {size} bytes");
        }
    }
    let error = ours.send_segments_to(b"x", 0, to).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = ours.send_segments_to(vec![0; 140_000], 70_000, to).await.unwrap_err();
    assert!(error.to_string().contains("Message too long"), "{error}");
}

#[seastar::test]
async fn what_comes_together_is_received_one_by_one() {
    const SIZE: usize = 1_000;
    for options in [UdpOptions::new().gro(true), UdpOptions::new()] {
        let receiver = UdpSocket::bind_with(ANY, options.receive_buffer(1 << 20)).unwrap();
        let to = receiver.local_address().unwrap();
        let sender = UdpSocket::bind(ANY).unwrap();
        let from = sender.local_address().unwrap();
        let sent = Random::new(2).bytes(30 * SIZE + 77);
        for _ in 0..5 {
            sender.send_segments_to(&sent, SIZE, to).await.unwrap();
            for expected in sent.chunks(SIZE) {
                let datagram = timeout(Duration::from_secs(60), receiver.recv_from()).await.unwrap().unwrap();
                assert!(*datagram == *expected && *datagram.source() == from);
                assert!(!datagram.is_truncated());
            }
            // And one that comes alone, also one that is waited for.
            let other = blocking_ok!(StdSocket::bind(ANY).unwrap());
            blocking_ok!(other.send_to(b"alone", to).unwrap());
            let datagram = receiver.recv_from().await.unwrap();
            assert_eq!((&*datagram, *datagram.source()), (&b"alone"[..], other.local_addr().unwrap()));
            assert!(timeout(Duration::from_millis(1), receiver.recv_from()).await.is_err());
        }
    }
}

#[seastar::test]
async fn a_socket_may_go_while_datagrams_that_came_together_are_left() {
    let receiver = UdpSocket::bind_with(ANY, UdpOptions::new().gro(true)).unwrap();
    let sender = UdpSocket::bind(ANY).unwrap();
    sender.connect(receiver.local_address().unwrap()).unwrap();
    sender.send_segments([7; 10_000], 1_000).await.unwrap();
    let first = receiver.recv_from().await.unwrap();
    let second = spawn(async move { receiver.recv_from().await.map(|datagram| datagram.into_bytes()) });
    let second = second.await.unwrap().unwrap();
    assert_eq!((&*first, &*second), (&[7; 1_000][..], &[7; 1_000][..]));
}
