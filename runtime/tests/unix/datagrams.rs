//! Datagrams.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::rc::Rc;
use std::time::Duration;

use seastar::net::{UnixDatagram, UnixDatagramOptions};
use seastar::{blocking_ok, sleep, spawn, timeout};

use super::guard::guard;
use super::path;
use super::random::Random;

/// The largest datagram that fits a buffer.
const IN_A_BUFFER: usize = 8_066;

#[seastar::test]
async fn a_datagram_says_where_it_came_from() {
    let (server, client, file) = (path(), path(), path());
    let ours = UnixDatagram::bind(&server).unwrap();
    let named = UnixDatagram::bind(&client).unwrap();
    named.send_to(b"named", &server).await.unwrap();
    let datagram = ours.recv_from().await.unwrap();
    assert_eq!((&*datagram, datagram.source().as_path()), (&b"named"[..], Some(&*client)));
    let secret = UnixDatagram::bind(format!("@{}", file.display())).unwrap();
    secret.send_to(b"abstract", &server).await.unwrap();
    let datagram = ours.recv_from().await.unwrap();
    assert_eq!(datagram.source().as_abstract_name(), Some(file.as_os_str().as_encoded_bytes()));
    UnixDatagram::unbound().unwrap().send_to(b"unnamed", &server).await.unwrap();
    assert!(ours.recv_from().await.unwrap().source().is_unnamed());
    let theirs = blocking_ok!(StdDatagram::bind(&file).unwrap());
    blocking_ok!(theirs.send_to(b"std", &server).unwrap());
    let datagram = ours.recv_from().await.unwrap();
    ours.send_to(b"back", datagram.source()).await.unwrap();
    let mut answer = [0; 10];
    assert_eq!(blocking_ok!(theirs.recv(&mut answer).unwrap()), 4);
    blocking_ok!(std::fs::remove_file(&file).unwrap());
    drop((ours, named));
    assert!(!server.exists() && !client.exists());
}

#[seastar::test]
async fn datagrams_of_all_sizes_come_whole_and_longer_ones_say_so() {
    let mut random = Random::new(1);
    let (one, other) = UnixDatagram::pair().unwrap();
    for size in [0, 1, 100, 5_000, IN_A_BUFFER] {
        let sent = random.bytes(size);
        one.send(&sent).await.unwrap();
        let datagram = other.recv().await.unwrap();
        assert!(*datagram == *sent && !datagram.is_truncated(), "{size} bytes");
    }
    one.send(vec![7; IN_A_BUFFER + 1]).await.unwrap();
    let cut = other.recv().await.unwrap();
    assert!(cut.is_truncated() && *cut == [7; IN_A_BUFFER]);
    let path = path();
    let options = UnixDatagramOptions::new().datagram_size_max(100_000).mode(0o600);
    let large = UnixDatagram::bind_with(&path, options).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    for size in [0, 1, IN_A_BUFFER + 1, 100_000] {
        let sent = random.bytes(size);
        sender.send_to(&sent, &path).await.unwrap();
        assert!(*large.recv_from().await.unwrap() == *sent, "{size} bytes");
    }
    let error = sender.send_to(vec![0; 10 << 20], &path).await.unwrap_err();
    assert!(error.to_string().contains("Message too long"), "{error}");
}

/// Many more than the kernel keeps, to a connected peer and to an address.
#[seastar::test]
async fn a_sender_waits_while_nobody_receives_and_nothing_is_lost() {
    const DATAGRAMS: u32 = 2_000;
    let _guard = guard("a_sender_waits_while_nobody_receives_and_nothing_is_lost");
    for by_address in [false, true] {
        let (path, sent) = (path(), Rc::new(std::cell::Cell::new(0)));
        let receiver = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        if !by_address {
            sender.connect(&path).unwrap();
        }
        let count = sent.clone();
        let to = path.clone();
        let sending = spawn(async move {
            for n in 0..DATAGRAMS {
                match by_address {
                    true => sender.send_to(n.to_le_bytes(), &to).await?,
                    false => sender.send(n.to_le_bytes()).await?,
                }
                count.set(n + 1);
            }
            std::io::Result::Ok(())
        });
        sleep(Duration::from_millis(20)).await;
        assert!(sent.get() < DATAGRAMS, "the kernel keeps them all");
        for n in 0..DATAGRAMS {
            let datagram = timeout(Duration::from_secs(60), receiver.recv_from()).await.unwrap().unwrap();
            assert_eq!(*datagram, n.to_le_bytes());
        }
        sending.await.unwrap().unwrap();
    }
}

#[seastar::test]
async fn a_send_that_waits_can_be_given_up() {
    for by_address in [false, true] {
        let path = path();
        let receiver = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        if !by_address {
            sender.connect(&path).unwrap();
        }
        let mut sent = 0;
        loop {
            let late = Duration::from_millis(50);
            let result = match by_address {
                true => timeout(late, sender.send_to([7; 100], &path)).await,
                false => timeout(late, sender.send([7; 100])).await,
            };
            match result {
                Ok(result) => result.unwrap(),
                Err(_) => break,
            }
            sent += 1;
        }
        for _ in 0..sent {
            assert_eq!(*receiver.recv_from().await.unwrap(), [7; 100]);
        }
    }
}

#[seastar::test]
async fn errors_name_the_path() {
    let path = path();
    let sender = UnixDatagram::unbound().unwrap();
    let error = sender.send_to(b"nobody", &path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with(&format!("send to {}: ", path.display())), "{error}");
    let other = blocking_ok!(StdDatagram::bind(&path).unwrap());
    assert_eq!(UnixDatagram::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(other);
    assert_eq!(sender.connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let fresh = UnixDatagram::bind(&path).unwrap();
    sender.connect(&path).unwrap();
    assert_eq!(sender.peer_address().unwrap(), fresh.local_address().unwrap());
    sender.send(b"there").await.unwrap();
    assert_eq!(&*fresh.recv_from().await.unwrap(), b"there");
    drop(fresh);
    assert!(!path.exists());
}

#[seastar::test]
async fn aborting_ends_receives() {
    let (one, _other) = UnixDatagram::pair().unwrap();
    let one = Rc::new(one);
    let receiver = one.clone();
    let pending = spawn(async move { receiver.recv().await.map(drop) });
    sleep(Duration::from_millis(2)).await;
    one.abort_receive();
    assert_eq!(pending.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert!(one.local_address().unwrap().is_unnamed());
}
