//! What goes wrong, and is told.

use std::io::ErrorKind;
use std::time::Duration;

use seastar::net::{UdpOptions, UdpSocket};
use seastar::{blocking_ok, sleep, timeout};

use super::{ANY, peers};

#[seastar::test]
async fn an_address_in_use_is_named() {
    let first = UdpSocket::bind(ANY).unwrap();
    let address = first.local_address().unwrap();
    let error = UdpSocket::bind(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("bind to {address}: Address already in use")), "{error}");
    drop(first);
    // Nothing is received from it, so nothing keeps it open.
    UdpSocket::bind(address).unwrap();
}

#[seastar::test]
async fn what_is_no_address_is_refused_with_its_text() {
    let error = UdpSocket::bind("localhost:53").unwrap_err();
    assert!(
        error.kind() == ErrorKind::InvalidInput && error.to_string().contains("`localhost:53`"),
        "{error}"
    );
    let socket = UdpSocket::bind(ANY).unwrap();
    assert_eq!(socket.connect("localhost:53").unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// By ICMP, for which the socket has to be connected.
#[seastar::test]
async fn that_nobody_listens_is_told_once_and_the_socket_goes_on() {
    for options in [UdpOptions::new(), UdpOptions::new().datagram_size_max(20_000)] {
        let (nobody, address, _) = blocking_ok!(peers());
        drop(nobody);
        let ours = UdpSocket::bind_with(ANY, options).unwrap();
        ours.connect(address).unwrap();
        // Also where the receive waits already.
        assert!(timeout(Duration::from_millis(2), ours.recv()).await.is_err());
        ours.send(b"anybody?").await.unwrap();
        let error = timeout(Duration::from_secs(30), ours.recv()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let somebody = UdpSocket::bind(address).unwrap();
        ours.send(b"now?").await.unwrap();
        let question = somebody.recv_from().await.unwrap();
        somebody.send_to(b"yes", question.source()).await.unwrap();
        assert_eq!(&*ours.recv().await.unwrap(), b"yes");
    }
}

#[seastar::test]
async fn a_send_tells_it_too() {
    let (nobody, address, _) = blocking_ok!(peers());
    drop(nobody);
    let ours = UdpSocket::bind(ANY).unwrap();
    ours.connect(address).unwrap();
    let refused = async {
        loop {
            match ours.send(b"anybody?").await {
                Ok(()) => sleep(Duration::from_millis(1)).await,
                Err(error) => return error,
            }
        }
    };
    let error = timeout(Duration::from_secs(30), refused).await.unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[seastar::test]
async fn a_broadcast_has_to_be_allowed() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let error = socket.send_to(b"all", "255.255.255.255:9").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    socket.set_broadcast(true).unwrap();
    // That of the loopback, which is there where no network is.
    socket.send_to(b"all", "127.255.255.255:9").await.unwrap();
}
