//! Nothing allocates once it is warm: Unix domain sockets and UDP, counted. TCP is in `allocs.rs`.
#![allow(missing_docs)]

#[path = "support/counting.rs"]
mod counting;

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use seastar::net::{UdpOptions, UdpSocket, UnixDatagram, UnixStream, connect_unix, listen_unix};
use seastar::{sleep, spawn, timeout};

use counting::allocations;

/// What `work` allocates on this thread when it is done for the fourth time.
async fn allocated(mut work: impl AsyncFnMut()) -> usize {
    for _ in 0..3 {
        work().await;
    }
    let before = allocations();
    work().await;
    allocations() - before
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("seastar-allocs-{}-{name}.socket", std::process::id()))
}

/// Connects `rounds` times, with one request of 64 bytes each.
fn connect_and_ask(path: &Path, rounds: usize) {
    for _ in 0..rounds {
        let mut server = StdStream::connect(path).unwrap();
        server.write_all(&[7; 64]).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        let mut answer = [0; 64];
        server.read_exact(&mut answer).unwrap();
        assert_eq!((answer, server.read(&mut [0]).unwrap()), ([7; 64], 0));
    }
}

#[seastar::test]
async fn requests_on_a_kept_unix_connection() {
    const ROUNDS: usize = 500;
    let path = path("kept");
    let listener = listen_unix(&path).unwrap();
    let client = thread::spawn(move || {
        let mut server = StdStream::connect(path).unwrap();
        for _ in 0..ROUNDS {
            server.write_all(&[7; 64]).unwrap();
            server.read_exact(&mut [0; 64]).unwrap();
        }
    });
    let mut counts = Vec::with_capacity(ROUNDS);
    let (mut input, mut output) = listener.accept().await.unwrap().split();
    for _ in 0..ROUNDS {
        let request = input.read_exactly(64).await.unwrap();
        output.write_buffer(request).await.unwrap();
        output.flush().await.unwrap();
        counts.push(allocations());
    }
    assert!(input.read().await.unwrap().is_empty());
    client.join().unwrap();
    assert_eq!(counts[ROUNDS - 1] - counts[ROUNDS / 2], 0);
}

#[seastar::test]
async fn a_served_unix_connection() {
    const ROUNDS: usize = 200;
    let path = path("served");
    let counts = Arc::new([const { AtomicUsize::new(0) }; ROUNDS]);
    let next = Arc::new(AtomicUsize::new(0));
    let (served, count) = (next.clone(), counts.clone());
    let service = spawn(listen_unix(&path).unwrap().serve(async move |stream: UnixStream| {
        let (mut input, mut output) = stream.split();
        let request = input.read_exactly(64).await?;
        output.write_buffer(request).await?;
        count[served.fetch_add(1, Ordering::Relaxed)].store(allocations(), Ordering::Relaxed);
        output.close().await
    }));
    let client = thread::spawn(move || connect_and_ask(&path, ROUNDS));
    // The last answer leaves when the turn ends, so this shard must not block before.
    while next.load(Ordering::Relaxed) < ROUNDS || !client.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    client.join().unwrap();
    service.cancel();
    let count = |round: usize| counts[round].load(Ordering::Relaxed);
    assert_eq!(count(ROUNDS - 1) - count(ROUNDS / 2), 0);
}

#[seastar::test]
async fn connecting_to_a_unix_socket() {
    let listener = Rc::new(listen_unix(path("connect")).unwrap());
    let served = Rc::new(RefCell::new(0));
    let work = async || {
        for _ in 0..20 {
            let client = connect_unix(listener.local_address()).await.unwrap();
            let (_, mut output) = listener.accept().await.unwrap().split();
            output.write(b"hello").await.unwrap();
            output.close().await.unwrap();
            let (mut input, _output) = client.split();
            assert_eq!(&*input.read_exactly(5).await.unwrap(), b"hello");
            *served.borrow_mut() += 1;
        }
    };
    assert_eq!(allocated(work).await, 0);
    assert_eq!(*served.borrow(), 80);
}

/// Two sockets of UDP that talk to each other.
fn udp_pair(options: UdpOptions) -> (UdpSocket, UdpSocket) {
    let (one, other) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind_with("127.0.0.1:0", options).unwrap());
    one.connect(other.local_address().unwrap()).unwrap();
    (one, other)
}

#[seastar::test]
async fn datagrams_there_and_back() {
    for options in [UdpOptions::new(), UdpOptions::new().datagram_size_max(20_000)] {
        let (one, other) = udp_pair(options);
        let work = async || {
            for size in 0..500 {
                one.send(&[7; 1_000][..size]).await.unwrap();
                let datagram = other.recv_from().await.unwrap();
                other.send_to(&datagram, datagram.source()).await.unwrap();
                assert_eq!(one.recv().await.unwrap().len(), size);
            }
        };
        assert_eq!(allocated(work).await, 0, "{options:?}");
    }
}

#[seastar::test]
async fn datagrams_in_bursts_and_receives_in_vain() {
    let (one, other) = udp_pair(UdpOptions::new());
    let work = async || {
        for _ in 0..20 {
            for _ in 0..100 {
                one.send([7; 100]).await.unwrap();
            }
            for _ in 0..100 {
                other.recv_from().await.unwrap();
            }
            timeout(Duration::ZERO, other.recv_from()).await.unwrap_err();
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn datagrams_that_go_by_one_call() {
    let (one, other) = udp_pair(UdpOptions::new().gro(true).receive_buffer(1 << 20));
    let work = async || {
        for _ in 0..50 {
            one.send_segments([7; 10_000], 1_000).await.unwrap();
            for _ in 0..10 {
                assert_eq!(other.recv_from().await.unwrap().len(), 1_000);
            }
        }
    };
    assert_eq!(allocated(work).await, 0);
}

#[seastar::test]
async fn datagrams_by_path() {
    let (there, here) = (path("there"), path("here"));
    let (one, other) = (UnixDatagram::bind(&here).unwrap(), UnixDatagram::bind(&there).unwrap());
    let work = async || {
        for size in 0..200 {
            one.send_to(&[7; 1_000][..size], &there).await.unwrap();
            let datagram = other.recv_from().await.unwrap();
            other.send_to(&datagram, datagram.source()).await.unwrap();
            assert_eq!(one.recv_from().await.unwrap().len(), size);
        }
    };
    assert_eq!(allocated(work).await, 0);
}
