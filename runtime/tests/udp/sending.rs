//! Sending.

use std::io::ErrorKind;
use std::net::UdpSocket as StdSocket;
use std::rc::Rc;

use seastar::net::UdpSocket;
use seastar::{blocking_ok, spawn};

use super::random::Random;
use super::{ANY, peers};

#[seastar::test]
async fn datagrams_of_all_sizes_arrive_whole_and_in_order() {
    let (ours, _, theirs) = blocking_ok!(peers());
    let to = theirs.local_addr().unwrap();
    let mut random = Random::new(1);
    let mut received = vec![0; 70_000];
    for size in (0..100).map(|n| n * n * 6).chain([65_507]) {
        let sent = random.bytes(size);
        ours.send_to(&sent, to).await.unwrap();
        let len = blocking_ok!(theirs.recv(&mut received).unwrap());
        assert!(received[..len] == *sent, "{size} bytes");
    }
}

#[seastar::test]
async fn a_connected_socket_needs_no_address_and_hears_nobody_else() {
    let (ours, address, theirs) = blocking_ok!(peers());
    assert!(ours.peer_address().is_err());
    ours.connect(theirs.local_addr().unwrap()).unwrap();
    assert_eq!(ours.peer_address().unwrap(), theirs.local_addr().unwrap());
    ours.send(b"ping").await.unwrap();
    let mut answer = [0; 10];
    assert_eq!(blocking_ok!(theirs.recv(&mut answer).unwrap()), 4);
    let stranger = blocking_ok!(StdSocket::bind(ANY).unwrap());
    blocking_ok!(stranger.send_to(b"strange", address).unwrap());
    blocking_ok!(theirs.send(b"pong").unwrap());
    let datagram = ours.recv().await.unwrap();
    assert_eq!((&*datagram, *datagram.source()), (&b"pong"[..], theirs.local_addr().unwrap()));
    // An address of its own goes before.
    ours.send_to(b"hello", stranger.local_addr().unwrap()).await.unwrap();
    assert_eq!(blocking_ok!(stranger.recv(&mut answer).unwrap()), 5);
}

#[seastar::test]
async fn what_is_too_long_is_an_error_and_sends_nothing() {
    let (ours, _, theirs) = blocking_ok!(peers());
    let to = theirs.local_addr().unwrap();
    let error = ours.send_to(vec![0; 65_508], to).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("send to {to}: Message too long")), "{error}");
    ours.send_to(b"next", to).await.unwrap();
    let mut received = [0; 10];
    assert_eq!(blocking_ok!(theirs.recv(&mut received).unwrap()), 4);
}

#[seastar::test]
async fn without_an_address_there_is_nowhere_to_send() {
    let ours = UdpSocket::bind(ANY).unwrap();
    assert_eq!(ours.send(b"where?").await.unwrap_err().raw_os_error(), Some(libc::EDESTADDRREQ));
    let error = ours.send_to(b"where?", "nowhere:7").await.unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains("`nowhere:7`"), "{error}");
}

#[seastar::test]
async fn fibers_send_and_receive_at_the_same_time() {
    let (one, other) = (UdpSocket::bind(ANY).unwrap(), UdpSocket::bind(ANY).unwrap());
    one.connect(other.local_address().unwrap()).unwrap();
    other.connect(one.local_address().unwrap()).unwrap();
    let (one, other) = (Rc::new(one), Rc::new(other));
    let echo = spawn(async move {
        for _ in 0..500 {
            let datagram = other.recv().await?;
            other.send(&datagram).await?;
        }
        std::io::Result::Ok(())
    });
    let receiver = one.clone();
    let answers = spawn(async move {
        for n in 0..500u32 {
            assert_eq!(*receiver.recv().await?, n.to_le_bytes());
        }
        std::io::Result::Ok(())
    });
    for n in 0..500u32 {
        one.send(n.to_le_bytes()).await.unwrap();
        seastar::yield_now().await;
    }
    echo.await.unwrap().unwrap();
    answers.await.unwrap().unwrap();
}

/// Sends never wait here, and the timer still comes.
#[seastar::test]
async fn a_fiber_that_only_sends_lets_others_run() {
    let (ours, _, theirs) = blocking_ok!(peers());
    let to = theirs.local_addr().unwrap();
    let sender = spawn(async move {
        loop {
            ours.send_to(b"all the time", to).await.unwrap();
        }
    });
    seastar::sleep(std::time::Duration::from_millis(20)).await;
    sender.cancel();
}
