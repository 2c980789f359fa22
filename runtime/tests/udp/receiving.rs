//! Receiving: nothing lost, nothing mixed up, ends in order.

use std::io::ErrorKind;
use std::net::UdpSocket as StdSocket;
use std::rc::Rc;
use std::time::Duration;

use seastar::net::{TemporaryBuffer, UdpOptions, UdpSocket};
use seastar::{blocking_ok, sleep, spawn, timeout, yield_now};

use super::guard::guard;
use super::random::Random;
use super::{ANY, peers};

/// The largest datagram that fits a buffer.
const IN_A_BUFFER: usize = 8_148;

#[seastar::test]
async fn a_datagram_says_where_it_came_from() {
    for any in [ANY, "[::1]:0"] {
        let server = UdpSocket::bind(any).unwrap();
        let address = server.local_address().unwrap();
        let clients: Vec<_> = (0..3).map(|_| blocking_ok!(StdSocket::bind(any).unwrap())).collect();
        for (n, client) in clients.iter().enumerate() {
            blocking_ok!(client.send_to(&[n as u8; 100], address).unwrap());
        }
        for (n, client) in clients.iter().enumerate() {
            let datagram = server.recv_from().await.unwrap();
            assert_eq!((&*datagram, *datagram.source()), (&[n as u8; 100][..], client.local_addr().unwrap()));
            assert!(!datagram.is_truncated());
        }
    }
}

#[seastar::test]
async fn datagrams_of_all_sizes_come_whole_and_in_order() {
    let (ours, _, theirs) = blocking_ok!(peers());
    let mut random = Random::new(1);
    let sizes: Vec<_> = (0..200).map(|_| random.below(IN_A_BUFFER)).collect();
    for size in sizes.into_iter().chain([0, 1, IN_A_BUFFER - 1, IN_A_BUFFER]) {
        let sent = random.bytes(size);
        blocking_ok!(theirs.send(&sent).unwrap());
        let datagram = ours.recv_from().await.unwrap();
        assert!(*datagram == *sent && !datagram.is_truncated(), "{size} bytes");
    }
}

#[seastar::test]
async fn what_is_too_long_is_cut_and_says_so() {
    let (ours, _, theirs) = blocking_ok!(peers());
    for size in [IN_A_BUFFER + 1, 20_000, 65_507] {
        blocking_ok!(theirs.send(&vec![7; size]).unwrap());
        blocking_ok!(theirs.send(b"next").unwrap());
        let datagram = ours.recv_from().await.unwrap();
        assert!(datagram.is_truncated(), "{size}");
        assert_eq!(&*datagram, &[7; IN_A_BUFFER]);
        let next = ours.recv_from().await.unwrap();
        assert!(&*next == b"next" && !next.is_truncated());
    }
}

#[seastar::test]
async fn long_ones_come_whole_where_that_is_asked_for() {
    let options = UdpOptions::new().datagram_size_max(30_000);
    let ours = UdpSocket::bind_with(ANY, options).unwrap();
    let theirs = blocking_ok!(StdSocket::bind(ANY).unwrap());
    let address = ours.local_address().unwrap();
    let mut random = Random::new(2);
    for size in [0, 1, 100, 5_000, IN_A_BUFFER + 1, 30_000] {
        let sent = random.bytes(size);
        blocking_ok!(theirs.send_to(&sent, address).unwrap());
        // Also one that is waited for.
        if size == 100 {
            assert_eq!(ours.recv_from().await.unwrap().len(), 100);
            let late = timeout(Duration::from_millis(5), ours.recv_from()).await;
            assert!(late.is_err(), "there was one datagram");
            blocking_ok!(theirs.send_to(&sent, address).unwrap());
        }
        let datagram = ours.recv_from().await.unwrap();
        assert!(*datagram == *sent && !datagram.is_truncated(), "{size} bytes");
        assert_eq!(*datagram.source(), theirs.local_addr().unwrap());
    }
    blocking_ok!(theirs.send_to(&[1; 30_001], address).unwrap());
    let cut = ours.recv_from().await.unwrap();
    assert!(cut.is_truncated() && *cut == [1; 30_000]);
}

#[seastar::test]
async fn a_receive_that_is_dropped_loses_nothing() {
    const DATAGRAMS: u32 = 2_000;
    let _guard = guard("a_receive_that_is_dropped_loses_nothing");
    let (ours, _, theirs) = blocking_ok!(peers());
    let sender = std::thread::spawn(move || {
        for n in 0..DATAGRAMS {
            theirs.send(&n.to_le_bytes()).unwrap();
            // As many as the kernel keeps may be under way.
            if n % 50 == 49 {
                theirs.recv(&mut [0]).unwrap();
                std::thread::sleep(Duration::from_micros(300));
            }
        }
    });
    let (mut next, mut late) = (0, 0);
    while next < DATAGRAMS {
        match timeout(Duration::from_micros(20), ours.recv_from()).await {
            Ok(datagram) => {
                let datagram = datagram.unwrap();
                assert_eq!(*datagram, next.to_le_bytes());
                if next % 50 == 49 {
                    ours.send_to(b".", datagram.source()).await.unwrap();
                }
                next += 1;
            }
            Err(_) => late += 1,
        }
    }
    assert!(late > 0, "no receive was ever cut short");
    sender.join().unwrap();
}

#[seastar::test]
async fn several_fibers_may_receive_from_one_socket() {
    let _guard = guard("several_fibers_may_receive_from_one_socket");
    let (ours, _, theirs) = blocking_ok!(peers());
    let ours = Rc::new(ours);
    let fibers: Vec<_> = (0..10)
        .map(|_| {
            let ours = ours.clone();
            spawn(async move { ours.recv_from().await.map(|datagram| datagram[0]) })
        })
        .collect();
    yield_now().await;
    for n in 0..10 {
        blocking_ok!(theirs.send(&[n]).unwrap());
        sleep(Duration::from_micros(500)).await;
    }
    let mut received = Vec::new();
    for fiber in fibers {
        received.push(fiber.await.unwrap().unwrap());
    }
    received.sort();
    assert_eq!(received, (0..10).collect::<Vec<_>>());
}

#[seastar::test]
async fn what_was_received_outlives_its_socket() {
    let (ours, _, theirs) = blocking_ok!(peers());
    blocking_ok!(theirs.send(b"GET key").unwrap());
    blocking_ok!(theirs.send(b"unread").unwrap());
    let datagram = ours.recv_from().await.unwrap();
    sleep(Duration::from_millis(2)).await;
    drop(ours);
    sleep(Duration::from_millis(2)).await;
    let bytes: TemporaryBuffer = datagram.clone().into_bytes();
    assert_eq!((&*bytes.share(4..), &*datagram), (&b"key"[..], &b"GET key"[..]));
}

#[seastar::test]
async fn aborting_ends_receives_after_what_has_come() {
    for options in [UdpOptions::new(), UdpOptions::new().datagram_size_max(20_000)] {
        let ours = Rc::new(UdpSocket::bind_with(ANY, options).unwrap());
        let receiver = ours.clone();
        let pending = spawn(async move { receiver.recv_from().await.map(drop) });
        sleep(Duration::from_millis(2)).await;
        assert!(!pending.is_finished());
        ours.abort_receive();
        assert_eq!(pending.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(ours.recv_from().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
    let (ours, _, theirs) = blocking_ok!(peers());
    assert!(timeout(Duration::from_millis(2), ours.recv_from()).await.is_err());
    blocking_ok!(theirs.send(b"before").unwrap());
    sleep(Duration::from_millis(5)).await;
    ours.abort_receive();
    assert_eq!(&*ours.recv_from().await.unwrap(), b"before");
    assert_eq!(ours.recv_from().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    // Sending goes on.
    ours.send_to(b"after", theirs.local_addr().unwrap()).await.unwrap();
    let mut answer = [0; 10];
    assert_eq!(blocking_ok!(theirs.recv(&mut answer).unwrap()), 5);
}

/// Where a peer sends for ever, too.
#[test]
fn receives_end_when_the_program_stops() {
    for size in [100, 20_000] {
        let options = seastar::Options::new().shards(1).overprovisioned(true).memory(64 << 20);
        let run = async move || {
            let ours = UdpSocket::bind_with(ANY, UdpOptions::new().datagram_size_max(size)).unwrap();
            let address = ours.local_address().unwrap();
            let flood = std::thread::spawn(move || {
                let theirs = StdSocket::bind(ANY).unwrap();
                theirs.connect(address).unwrap();
                while theirs.send(&[7; 50]).is_ok() {}
            });
            drop(spawn(async move { while ours.recv_from().await.is_ok() {} }));
            sleep(Duration::from_millis(20)).await;
            flood
        };
        let flood = seastar::run(options, run).unwrap();
        // The socket is closed, so its peer is refused.
        flood.join().unwrap();
    }
}

#[test]
fn a_socket_that_outlives_its_runtime_goes_on_in_the_next() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<UdpSocket>> = const { std::cell::RefCell::new(None) };
    }
    let options = || seastar::Options::new().shards(1).overprovisioned(true).memory(64 << 20);
    let (kept, theirs) = seastar::run(options(), async || {
        let (ours, _, theirs) = blocking_ok!(peers());
        theirs.send(b"one").unwrap();
        theirs.send(b"two").unwrap();
        let kept = ours.recv_from().await.unwrap();
        sleep(Duration::from_millis(5)).await;
        KEPT.with_borrow_mut(|place| *place = Some(ours));
        (kept, theirs)
    })
    .unwrap();
    assert_eq!(&*kept, b"one");
    seastar::run(options(), async move || {
        let ours = KEPT.with_borrow_mut(Option::take).unwrap();
        assert_eq!(&*ours.recv_from().await.unwrap(), b"two", "received, or still in the kernel");
        theirs.send(b"three").unwrap();
        assert_eq!(&*ours.recv_from().await.unwrap(), b"three");
        drop((ours, theirs));
    })
    .unwrap();
    assert_eq!(&*kept, b"one");
}
