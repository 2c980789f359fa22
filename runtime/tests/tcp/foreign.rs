//! Sockets that others made.

use std::io::{Read, Write};
use std::net::TcpStream as StdStream;
use std::thread;
use std::time::Duration;

use seastar::net::TcpStream;
use seastar::timeout;

/// As other runtimes leave them.
#[seastar::test]
async fn a_socket_that_does_not_block_waits_all_the_same() {
    let (client, mut peer) = seastar::blocking_ok!({
        let peers = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = StdStream::connect(peers.local_addr().unwrap()).unwrap();
        (client, peers.accept().unwrap().0)
    });
    client.set_nonblocking(true).unwrap();
    let (mut input, mut output) = TcpStream::from_fd(client.into()).unwrap().split();
    let early = timeout(Duration::from_millis(5), input.read()).await;
    assert!(early.is_err(), "{early:?}");
    peer.write_all(b"hello").unwrap();
    assert_eq!(&*input.read_exactly(5).await.unwrap(), b"hello");
    // More than the kernel takes at once.
    const BYTES: usize = 8 << 20;
    let reader = thread::spawn(move || {
        // So long that what was written has to wait.
        thread::sleep(Duration::from_millis(50));
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        all.len()
    });
    for _ in 0..BYTES / 4096 {
        output.write([7; 4096]).await.unwrap();
    }
    output.close().await.unwrap();
    assert_eq!(reader.join().unwrap(), BYTES);
}
