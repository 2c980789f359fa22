//! Clients of std that misbehave or are slow.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::thread;
use std::time::Duration;

use seastar::net::{UnixStream, listen_unix};
use seastar::{sleep, spawn, timeout};

use super::guard::guard;
use super::path;

/// A client of std and this shard's end of it.
async fn accepted() -> (StdStream, UnixStream) {
    let path = path();
    let listener = listen_unix(&path).unwrap();
    let client = seastar::blocking_ok!(StdStream::connect(&path).unwrap());
    (client, listener.accept().await.unwrap())
}

#[seastar::test]
async fn a_peer_that_is_gone_fails_writes_and_close() {
    for _ in 0..20 {
        let (client, server) = seastar::blocking_ok!(accepted().await);
        let (mut input, mut output) = server.split();
        // What it has not read makes its close a reset.
        output.write(b"unread").await.unwrap();
        output.flush().await.unwrap();
        sleep(Duration::from_millis(1)).await;
        drop(client);
        assert_eq!(input.read().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(input.read().await.unwrap().is_empty(), "after an error the stream is at its end");
        let error = loop {
            if let Err(error) = output.write(vec![0; 100_000]).await {
                break error;
            }
        };
        assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
        assert!(output.flush().await.is_err() && output.close().await.is_err(), "a failure stays");
    }
}

#[seastar::test]
async fn a_write_that_waits_fails_when_the_peer_goes() {
    let (client, server) = seastar::blocking_ok!(accepted().await);
    let (_input, mut output) = server.split();
    let writer = spawn(async move { output.write(vec![0; 64 << 20]).await });
    sleep(Duration::from_millis(20)).await;
    assert!(!writer.is_finished());
    drop(client);
    assert!(timeout(Duration::from_secs(30), writer).await.unwrap().unwrap().is_err());
}

#[seastar::test]
async fn a_slow_client_gets_everything() {
    let (mut client, server) = seastar::blocking_ok!(accepted().await);
    let client = thread::spawn(move || {
        let (mut all, mut piece) = (0, [0; 10_000]);
        loop {
            match client.read(&mut piece).unwrap() {
                0 => return all,
                read => all += read,
            }
            thread::sleep(Duration::from_micros(100));
        }
    });
    let (_input, mut output) = server.split();
    output.write(vec![0; 5_000_000]).await.unwrap();
    output.close().await.unwrap();
    while !client.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(client.join().unwrap(), 5_000_000);
}

#[seastar::test(shards = 1, memory = "64M")]
async fn a_flood_into_a_handler_that_hardly_reads_stays_bounded_and_arrives() {
    const BYTES: usize = 64 << 20;
    let _guard = guard("a_flood_into_a_handler_that_hardly_reads_stays_bounded_and_arrives");
    let (mut client, server) = seastar::blocking_ok!(accepted().await);
    let flood = thread::spawn(move || {
        let block: Vec<u8> = (0..1 << 20).map(|n: usize| (n % 251) as u8).collect();
        (0..BYTES >> 20).for_each(|_| client.write_all(&block).unwrap());
    });
    let (mut input, _output) = server.split();
    let (mut received, mut most, mut pauses) = (0, 0, 0);
    while received < BYTES {
        if received >= pauses * (BYTES / 20) {
            pauses += 1;
            sleep(Duration::from_millis(10)).await;
            most = most.max(seastar::memory_statistics().used);
        }
        let bytes = input.read().await.unwrap();
        assert_eq!(bytes[0], (received % (1 << 20) % 251) as u8, "at {received}");
        received += bytes.len();
    }
    flood.join().unwrap();
    assert!(most < 8 << 20, "{most} bytes for one connection");
}
