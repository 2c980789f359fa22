//! More than anybody receives.

use std::net::UdpSocket as StdSocket;
use std::thread;
use std::time::Duration;

use seastar::net::{UdpOptions, UdpSocket};
use seastar::{blocking_ok, memory_statistics, sleep, timeout};

use super::guard::guard;
use super::{ANY, peers};

const FLOOD: u32 = 20_000;

/// Sends numbers without waiting, and then says so.
fn flood(theirs: StdSocket, size: usize) {
    let mut bytes = vec![0; size];
    for n in 0..FLOOD {
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        theirs.send(&bytes).unwrap();
    }
}

#[seastar::test(shards = 1, memory = "64M")]
async fn a_flood_that_nobody_receives_is_dropped_and_counted() {
    let _guard = guard("a_flood_that_nobody_receives_is_dropped_and_counted");
    for size_max in [100, 20_000] {
        let ours = UdpSocket::bind_with(ANY, UdpOptions::new().datagram_size_max(size_max)).unwrap();
        let address = ours.local_address().unwrap();
        let theirs = blocking_ok!(StdSocket::bind(ANY).unwrap());
        blocking_ok!(theirs.connect(address).unwrap());
        assert!(timeout(Duration::from_millis(2), ours.recv_from()).await.is_err());
        assert_eq!(ours.dropped().unwrap(), 0);
        let thread = thread::spawn(move || flood(theirs, 1_000));
        while !thread.is_finished() {
            sleep(Duration::from_millis(1)).await;
        }
        thread.join().unwrap();
        let memory = memory_statistics();
        assert!(memory.used <= memory.budget / 4, "{memory:?}");
        let dropped = ours.dropped().unwrap();
        assert!((1..FLOOD).contains(&dropped), "{dropped}");
        // What was kept comes in order, and all is accounted for.
        let (mut received, mut last) = (0, None);
        while received + dropped < FLOOD {
            let datagram = ours.recv_from().await.unwrap();
            let number = u32::from_le_bytes(*datagram.first_chunk().unwrap());
            assert!(last.is_none_or(|last| last < number));
            last = Some(number);
            received += 1;
        }
        assert!(timeout(Duration::from_millis(5), ours.recv_from()).await.is_err());
        assert_eq!(ours.dropped().unwrap(), dropped);
    }
}

/// Each unread datagram holds a buffer, until there are none; then they are received without.
#[seastar::test(shards = 1, memory = "32M")]
async fn sockets_go_on_when_others_hold_all_buffers() {
    let _guard = guard("sockets_go_on_when_others_hold_all_buffers");
    let (ours, _, theirs) = blocking_ok!(peers());
    assert!(timeout(Duration::from_millis(2), ours.recv_from()).await.is_err());
    let mut hoard = Vec::new();
    let mut number = 0u32;
    // More than there are buffers within a quarter of the memory.
    while hoard.len() < 1_200 {
        blocking_ok!(theirs.send(&number.to_le_bytes()).unwrap());
        let datagram = timeout(Duration::from_secs(30), ours.recv_from()).await.unwrap().unwrap();
        assert_eq!(*datagram, number.to_le_bytes());
        number += 1;
        hoard.push(datagram);
    }
    for (n, datagram) in hoard.iter().enumerate() {
        assert_eq!(**datagram, (n as u32).to_le_bytes());
    }
    drop(hoard);
    for _ in 0..100 {
        blocking_ok!(theirs.send(&number.to_le_bytes()).unwrap());
        assert_eq!(*ours.recv_from().await.unwrap(), number.to_le_bytes());
        number += 1;
    }
}

/// A socket that is flooded leaves time for others.
#[seastar::test]
async fn others_are_served_meanwhile() {
    let _guard = guard("others_are_served_meanwhile");
    for size_max in [100, 20_000] {
        let flooded = UdpSocket::bind_with(ANY, UdpOptions::new().datagram_size_max(size_max)).unwrap();
        let address = flooded.local_address().unwrap();
        let receiver = seastar::spawn(async move {
            let mut received = 0u32;
            while flooded.recv_from().await.is_ok() {
                received += 1;
            }
            received
        });
        let thread = thread::spawn(move || {
            let theirs = StdSocket::bind(ANY).unwrap();
            theirs.connect(address).unwrap();
            flood(theirs, 100);
        });
        let (ours, _, theirs) = blocking_ok!(peers());
        let to = theirs.local_addr().unwrap();
        while !thread.is_finished() {
            ours.send_to(b"ping", to).await.unwrap();
            blocking_ok!(theirs.recv(&mut [0; 4]).unwrap());
            blocking_ok!(theirs.send(b"pong").unwrap());
            assert_eq!(&*ours.recv_from().await.unwrap(), b"pong");
        }
        thread.join().unwrap();
        receiver.cancel();
    }
}
