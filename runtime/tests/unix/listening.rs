//! Listening, accepting and connecting.

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use seastar::net::{ListenOptions, UnixAddress, UnixStream, connect_unix, listen_unix, listen_unix_with};
use seastar::sync::Limit;
use seastar::{sleep, spawn, timeout};

use super::{pair, path};

#[seastar::test]
async fn both_ends_know_each_other() {
    let path = path();
    let listener = listen_unix(&path).unwrap();
    let client = connect_unix(&path).await.unwrap();
    let server = listener.accept().await.unwrap();
    assert_eq!(client.peer_address().unwrap().as_path(), Some(&*path));
    assert_eq!(server.local_address().unwrap(), *listener.local_address());
    assert!(client.local_address().unwrap().is_unnamed());
    assert!(server.peer_address().unwrap().is_unnamed());
    // SAFETY: the calls only read the process's own numbers.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    for end in [&client, &server] {
        let peer = end.peer_credentials().unwrap();
        assert_eq!((peer.pid, peer.uid, peer.gid), (std::process::id(), uid, gid));
    }
}

#[seastar::test]
async fn an_abstract_name_needs_no_file() {
    let name = format!("@seastar-test-{}", std::process::id());
    let listener = listen_unix(&name).unwrap();
    assert_eq!(listen_unix(&name).unwrap_err().kind(), ErrorKind::AddrInUse);
    let client = connect_unix(&name).await.unwrap();
    assert_eq!(client.peer_address().unwrap().to_string(), name);
    listener.accept().await.unwrap();
    assert!(!std::path::Path::new(&name).exists());
    let bytes = UnixAddress::from_abstract_name(b"\0\xff").unwrap();
    let listener = listen_unix(&bytes).unwrap();
    assert_eq!(*listener.local_address(), bytes);
    connect_unix(&bytes).await.unwrap();
    let longest = UnixAddress::from_abstract_name([b'x'; 107]).unwrap();
    let _listener = listen_unix(&longest).unwrap();
    connect_unix(&longest).await.unwrap();
    assert_eq!(UnixAddress::from_abstract_name([b'x'; 108]).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[seastar::test]
async fn a_refused_connection_names_the_path() {
    let path = path();
    drop(seastar::blocking_ok!(std::os::unix::net::UnixListener::bind(&path).unwrap()));
    let error = connect_unix(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        error.to_string(),
        format!("connect to {}: Connection refused (os error 111)", path.display())
    );
    seastar::blocking_ok!(std::fs::remove_file(&path).unwrap());
}

#[seastar::test]
async fn a_connect_waits_for_room_in_the_backlog_and_can_be_given_up() {
    let listener = listen_unix_with(path(), ListenOptions::new().backlog(0)).unwrap();
    let address = listener.local_address().clone();
    let mut clients = Vec::new();
    // One more than the backlog is let in.
    while let Ok(client) = timeout(Duration::from_millis(50), connect_unix(&address)).await {
        clients.push(client.unwrap());
        assert!(clients.len() < 10);
    }
    let late = connect_unix(&address).within(Duration::from_millis(5)).await.unwrap_err();
    assert_eq!(late.to_string(), format!("connect to {address}: no answer within the time limit"));
    let waits = spawn(async move { connect_unix(&address).await });
    sleep(Duration::from_millis(20)).await;
    assert!(!waits.is_finished());
    for _ in &clients {
        listener.accept().await.unwrap();
    }
    waits.await.unwrap().unwrap();
}

// NET-7
#[seastar::test]
async fn aborting_fails_pending_and_later_accepts() {
    let listener = Rc::new(listen_unix(path()).unwrap());
    let accepting = listener.clone();
    let pending = spawn(async move { accepting.accept().await.map(drop) });
    sleep(Duration::from_millis(2)).await;
    assert!(!pending.is_finished());
    listener.abort_accept();
    let error = pending.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert!(error.to_string().contains(&listener.local_address().to_string()), "{error}");
    assert_eq!(listener.accept().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
}

#[seastar::test]
async fn a_burst_of_connections_is_accepted_whole() {
    let listener = listen_unix(path()).unwrap();
    let mut clients = Vec::new();
    for _ in 0..800 {
        clients.push(connect_unix(listener.local_address()).await.unwrap());
    }
    for _ in 0..800 {
        timeout(Duration::from_secs(30), listener.accept()).await.unwrap().unwrap();
    }
}

#[seastar::test]
async fn a_pair_needs_no_listener() {
    let (one, other) = UnixStream::pair().unwrap();
    assert!(one.local_address().unwrap().is_unnamed() && other.peer_address().unwrap().is_unnamed());
    let (mut input, mut output) = one.split();
    let (mut far_input, mut far_output) = other.split();
    output.write(b"there").await.unwrap();
    output.flush().await.unwrap();
    assert_eq!(&*far_input.read().await.unwrap(), b"there");
    far_output.write(b"back").await.unwrap();
    far_output.close().await.unwrap();
    assert_eq!(&*input.read().await.unwrap(), b"back");
}

#[seastar::test]
async fn a_closed_connection_answers_no_questions() {
    let (client, _server) = pair().await;
    let control = client.control();
    drop(client);
    assert_eq!(control.peer_credentials().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(control.local_address().unwrap_err().kind(), ErrorKind::NotConnected);
}
