//! Listening, accepting and connecting.

use std::future::Future;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_core::FusedStream;
use seastar::future::StreamExt;
use seastar::net::{ListenOptions, TemporaryBuffer, connect, listen, listen_with};
use seastar::sync::{AbortSource, Limit};
use seastar::{sleep, spawn, timeout, yield_now};

use super::guard::guard;
use super::pair;

/// Sockets that this process has open. Tests that start meanwhile open other descriptors, which stay.
fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let is_socket = |path: std::path::PathBuf| {
        std::fs::read_link(path).is_ok_and(|what| what.to_string_lossy().starts_with("socket:"))
    };
    open.filter(|entry| entry.as_ref().is_ok_and(|entry| is_socket(entry.path()))).count()
}

#[seastar::test]
async fn both_ends_know_each_other() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let listener = listen(any).unwrap();
        let client = connect(listener.local_address()).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert_eq!(client.peer_address().unwrap(), listener.local_address());
        assert_eq!(client.local_address().unwrap(), peer);
        assert_eq!(server.peer_address().unwrap(), peer);
        assert_eq!(server.local_address().unwrap(), listener.local_address());
    }
}

#[seastar::test]
async fn connections_come_as_a_stream_until_the_listener_is_aborted() {
    let listener = Rc::new(listen("127.0.0.1:0").unwrap());
    {
        let mut dropped = pin!(listener.incoming());
        assert!(timeout(Duration::from_millis(1), dropped.next()).await.is_err());
    }
    let clients =
        [connect(listener.local_address()).await.unwrap(), connect(listener.local_address()).await.unwrap()];
    let mut incoming = pin!(listener.incoming());
    for client in &clients {
        let (_, peer) = incoming.next().await.unwrap().unwrap();
        assert_eq!(peer, client.local_address().unwrap(), "none is lost, and they come in order");
    }
    let there = listener.clone();
    let aborting = spawn(async move { there.abort_accept() });
    assert!(incoming.next().await.is_none() && incoming.is_terminated());
    aborting.await.unwrap();
}

#[seastar::test]
async fn options_can_be_set_and_are_inherited() {
    let (client, server) = pair().await;
    for control in [client.control(), server.control()] {
        assert!(control.nodelay().unwrap(), "on by default");
        control.set_nodelay(false).unwrap();
        assert!(!control.nodelay().unwrap());
        assert!(!control.keepalive().unwrap());
        control.set_keepalive(Some(Duration::from_secs(9))).unwrap();
        assert!(control.keepalive().unwrap());
        control.set_keepalive(None).unwrap();
        assert!(!control.keepalive().unwrap());
    }
    let control = client.control();
    assert!(!control.reset_on_close().unwrap() && control.user_timeout().unwrap().is_none());
    control.set_reset_on_close(true).unwrap();
    control.set_user_timeout(Some(Duration::from_secs(7))).unwrap();
    assert!(control.reset_on_close().unwrap());
    assert_eq!(control.user_timeout().unwrap(), Some(Duration::from_secs(7)));
    control.set_receive_buffer_size(20_000).unwrap();
    control.set_send_buffer_size(30_000).unwrap();
    assert_eq!(control.receive_buffer_size().unwrap(), 40_000);
    assert_eq!(control.send_buffer_size().unwrap(), 60_000);
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = listen(address).unwrap();
        let client = connect(listener.local_address()).await.unwrap().control();
        let closed = client.set_ttl(9);
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::NotConnected);
        let client = connect(listener.local_address()).await.unwrap();
        client.control().set_ttl(9).unwrap();
        client.control().set_tos(0x10).unwrap();
        assert_eq!((client.control().ttl().unwrap(), client.control().tos().unwrap()), (9, 0x10));
    }
    let options = ListenOptions::new().nodelay(false).keepalive(Duration::from_secs(60));
    let listener = listen_with("127.0.0.1:0", options).unwrap();
    let _client = connect(listener.local_address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    assert!(!server.control().nodelay().unwrap() && server.control().keepalive().unwrap());
}

#[seastar::test]
async fn what_is_no_address_is_refused_with_its_text() {
    for text in ["localhost:80", "127.0.0.1", "", "127.0.0.1:99999"] {
        let error = listen(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        assert_eq!(connect(text).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

// NET-5
#[seastar::test]
async fn an_address_in_use_is_named() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    for options in [ListenOptions::new(), ListenOptions::new().reuse_address(false)] {
        let error = listen_with(address, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error.to_string().starts_with(&format!("listen on {address}: Address already in use")),
            "{error}"
        );
    }
    drop(listener);
    // The kernel lets go of it as soon as the accept has ended.
    let again = async {
        while listen(address).is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), again).await.unwrap();
}

#[seastar::test]
async fn a_refused_connection_names_the_address() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    drop(listener);
    let refused = async {
        loop {
            match connect(address).await {
                Err(error) => return error,
                Ok(_) => sleep(Duration::from_millis(1)).await,
            }
        }
    };
    let error = timeout(Duration::from_secs(30), refused).await.unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {address}: Connection refused (os error 111)"));
}

/// A listener that takes no more connections, and the connections that fill it.
fn full_listener() -> (std::net::TcpListener, Vec<StdStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let connect = || StdStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let clients = std::iter::from_fn(connect).take(16).collect();
    (listener, clients)
}

// NET-9
#[seastar::test]
async fn a_connect_that_is_dropped_is_given_up() {
    let (listener, _clients) = seastar::blocking_ok!(full_listener());
    let address = listener.local_addr().unwrap();
    let before = sockets();
    for _ in 0..50 {
        assert!(timeout(Duration::from_micros(200), connect(address)).await.is_err());
    }
    let settled = async {
        while sockets() > before {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), settled).await.expect("descriptors of dropped connects stay open");
}

// NET-7
#[seastar::test]
async fn aborting_fails_pending_and_later_accepts() {
    let listener = Rc::new(listen("127.0.0.1:0").unwrap());
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

// NET-7
#[seastar::test]
async fn aborting_drops_connections_that_nobody_took() {
    let listener = listen("127.0.0.1:0").unwrap();
    let first = connect(listener.local_address()).await.unwrap();
    let second = connect(listener.local_address()).await.unwrap();
    let (_server, _) = listener.accept().await.unwrap();
    // Both were accepted by the kernel's operation, one was taken.
    sleep(Duration::from_millis(5)).await;
    listener.abort_accept();
    let (mut input, _output) = second.split();
    let ended = timeout(Duration::from_secs(30), input.read()).await.unwrap();
    assert!(ended.is_err() || ended.is_ok_and(|bytes| bytes.is_empty()));
    drop(first);
}

#[seastar::test]
async fn several_fibers_may_accept_from_one_listener() {
    let _guard = guard("several_fibers_may_accept_from_one_listener");
    let listener = Rc::new(listen("127.0.0.1:0").unwrap());
    let accept = |_| {
        let listener = listener.clone();
        spawn(async move { listener.accept().await.map(|(_, peer)| peer) })
    };
    let fibers: Vec<_> = (0..10).map(accept).collect();
    yield_now().await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(connect(listener.local_address()).await.unwrap());
        sleep(Duration::from_millis(1)).await;
    }
    for fiber in fibers {
        fiber.await.unwrap().unwrap();
    }
}

#[seastar::test]
async fn an_accept_that_is_dropped_loses_no_connection() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let clients = std::thread::spawn(move || {
        (0..500).map(|_| StdStream::connect(address).unwrap()).collect::<Vec<_>>()
    });
    let mut accepted = Vec::new();
    while accepted.len() < 500 {
        if let Ok(connection) = timeout(Duration::from_micros(20), listener.accept()).await {
            accepted.push(connection.unwrap().1);
        }
    }
    let mut clients: Vec<_> =
        clients.join().unwrap().iter().map(|client| client.local_addr().unwrap()).collect();
    clients.sort();
    accepted.sort();
    assert_eq!(accepted, clients);
}

#[seastar::test]
async fn the_backlog_limits_connections_that_wait() {
    let listener = listen_with("127.0.0.1:0", ListenOptions::new().backlog(2)).unwrap();
    let address = listener.local_address();
    let connect = || StdStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let waiting: Vec<_> = std::iter::from_fn(connect).take(20).collect();
    // Linux lets one more in than it was told.
    assert!((2..=3).contains(&waiting.len()), "{} connections wait", waiting.len());
    for _ in &waiting {
        listener.accept().await.unwrap();
    }
}

#[seastar::test]
async fn a_burst_of_connections_is_accepted_whole() {
    let listener = listen("127.0.0.1:0").unwrap();
    let first = connect(listener.local_address()).await.unwrap();
    listener.accept().await.unwrap();
    // More than are accepted ahead.
    let mut clients = vec![first];
    for _ in 0..800 {
        clients.push(connect(listener.local_address()).await.unwrap());
    }
    for _ in 0..800 {
        timeout(Duration::from_secs(30), listener.accept()).await.unwrap().unwrap();
    }
}

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

#[seastar::test]
async fn accepts_that_were_given_up_hold_nothing() {
    let listener = listen("127.0.0.1:0").unwrap();
    let nothing = Arc::new(Nothing);
    let waker = Waker::from(nothing.clone());
    let mut context = Context::from_waker(&waker);
    for _ in 0..10 {
        let (mut first, mut second) = (pin!(listener.accept()), pin!(listener.accept()));
        for _ in 0..2 {
            assert!(first.as_mut().poll(&mut context).is_pending());
            assert!(second.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(Arc::strong_count(&nothing), 2 + 2);
    }
    assert_eq!(Arc::strong_count(&nothing), 2);
}

// NET-9
#[seastar::test]
async fn a_connect_takes_a_limit_and_an_abort() {
    let (listener, _clients) = seastar::blocking_ok!(full_listener());
    let address = listener.local_addr().unwrap();
    let late = connect(address).within(Duration::from_millis(2)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    assert_eq!(late.to_string(), format!("connect to {address}: no answer within the time limit"));
    let abort = Rc::new(AbortSource::new());
    let source = abort.clone();
    let waits = spawn(async move { connect(address).unless(&source).await });
    sleep(Duration::from_millis(2)).await;
    assert!(!waits.is_finished());
    abort.abort();
    let aborted = waits.await.unwrap().unwrap_err();
    assert_eq!(aborted.kind(), ErrorKind::ConnectionAborted);
    // Within them nothing changes.
    let listener = listen("127.0.0.1:0").unwrap();
    let client = connect(listener.local_address()).within(Duration::from_secs(60)).await.unwrap();
    assert_eq!(client.peer_address().unwrap(), listener.local_address());
    let wrong = connect("localhost:80").within(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidInput);
}

#[seastar::test]
async fn a_connection_can_be_reset_in_the_place_of_an_end() {
    let (client, server) = pair().await;
    client.control().set_reset_on_close(true).unwrap();
    drop(client);
    let (mut input, _output) = server.split();
    assert_eq!(input.read().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[seastar::test]
async fn a_dropped_connection_whose_peer_does_not_read_stays_no_longer_than_it_says() {
    static ENDLESS: [u8; 32 << 20] = [0; 32 << 20];
    let (client, server) = pair().await;
    let control = server.control();
    control.set_user_timeout(Some(Duration::from_millis(50))).unwrap();
    let (input, mut output) = server.split();
    output.write_buffer(TemporaryBuffer::from_static(&ENDLESS)).await.unwrap();
    drop((input, output));
    sleep(Duration::from_millis(5)).await;
    assert!(control.peer_address().is_ok(), "it is still being sent");
    while control.peer_address().is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    drop(client);
}
