//! Clients of std that misbehave, are slow, or are many.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use seastar::net::listen;
use seastar::{sleep, spawn, timeout};

use super::guard::guard;

// OUT-4
#[seastar::test]
async fn a_peer_that_is_gone_fails_writes_and_close() {
    let listener = listen("127.0.0.1:0").unwrap();
    for _ in 0..20 {
        let client = seastar::blocking_ok!(std::net::TcpStream::connect(listener.local_address()).unwrap());
        let (server, _) = listener.accept().await.unwrap();
        let (mut input, mut output) = server.split();
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        assert_eq!(input.read().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(input.read().await.unwrap().is_empty(), "after an error the stream is at its end");
        let error = loop {
            if let Err(error) = output.write(vec![0; 100_000]).await {
                break error;
            }
        };
        assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
        assert!(output.flush().await.is_err(), "a failure stays");
        assert!(output.close().await.is_err(), "a failure stays");
    }
}

#[seastar::test]
async fn a_write_that_waits_fails_when_the_peer_goes() {
    let listener = listen("127.0.0.1:0").unwrap();
    let client = seastar::blocking_ok!(std::net::TcpStream::connect(listener.local_address()).unwrap());
    let (server, _) = listener.accept().await.unwrap();
    let (_input, mut output) = server.split();
    let writer = spawn(async move { output.write(vec![0; 64 << 20]).await });
    sleep(Duration::from_millis(20)).await;
    assert!(!writer.is_finished());
    drop(client);
    let error = writer.await.unwrap().unwrap_err();
    assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
}

#[seastar::test]
async fn a_slow_client_gets_everything() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let client = std::thread::spawn(move || {
        let mut server = std::net::TcpStream::connect(address).unwrap();
        let (mut all, mut piece) = (0, [0; 10_000]);
        loop {
            match server.read(&mut piece).unwrap() {
                0 => return all,
                read => all += read,
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    });
    let (server, _) = listener.accept().await.unwrap();
    let (_input, mut output) = server.split();
    output.write(vec![0; 10_000_000]).await.unwrap();
    output.close().await.unwrap();
    while !client.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(client.join().unwrap(), 10_000_000);
}

#[seastar::test]
async fn the_end_of_a_connection_is_not_the_end_of_the_next_one() {
    let _guard = guard("the_end_of_a_connection_is_not_the_end_of_the_next_one");
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let client = std::thread::spawn(move || {
        for round in 0..2_000 {
            let mut server = std::net::TcpStream::connect(address).unwrap();
            let mut all = Vec::new();
            server.read_to_end(&mut all).unwrap();
            assert_eq!(all, b"whole", "connection {round}");
        }
    });
    while !client.is_finished() {
        // The descriptor that is closed here is the next one that the kernel gives out.
        if let Ok(accepted) = timeout(Duration::from_millis(50), listener.accept()).await {
            let (_input, mut output) = accepted.unwrap().0.split();
            output.write(b"whole").await.unwrap();
            output.close().await.unwrap();
        }
    }
    client.join().unwrap();
}
