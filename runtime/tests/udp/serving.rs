//! One socket for each shard.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::time::Duration;

use seastar::net::UdpSocket;
use seastar::{JoinHandle, blocking_ok, sleep, spawn, submit_to, this_shard, timeout, try_spawn};

use super::ANY;

/// Answers each datagram with the number of the shard.
async fn tell_shard(socket: UdpSocket) -> io::Result<()> {
    loop {
        let datagram = socket.recv_from().await?;
        if &*datagram == b"fail" {
            return Err(io::Error::other("a handler's own failure"));
        }
        socket.send_to([this_shard() as u8], datagram.source()).await?;
    }
}

fn serve() -> (SocketAddr, JoinHandle<io::Result<()>>) {
    let socket = UdpSocket::bind(ANY).unwrap();
    let address = socket.local_address().unwrap();
    (address, spawn(socket.serve(tell_shard)))
}

/// Asks from a port of its own, until there is an answer: what a shard had not received yet when its socket went is lost.
async fn asked(address: SocketAddr, question: &'static [u8]) -> Option<usize> {
    let client = UdpSocket::bind(ANY).unwrap();
    client.connect(address).unwrap();
    client.send(question).await.ok()?;
    let answer = timeout(Duration::from_secs(10), client.recv()).await.ok()?.ok()?;
    Some(answer[0] as usize)
}

/// Waits until the address can be used again: sockets close as soon as the kernel has let go of their receives.
async fn free(address: SocketAddr) {
    let free = async {
        while UdpSocket::bind(address).is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), free).await.expect("somebody still has the address");
}

#[seastar::test(shards = 2)]
async fn the_kernel_spreads_senders_over_all_shards() {
    let (address, _service) = serve();
    while asked(address, b"?").await == Some(0) {}
    let mut seen = [0; 2];
    for _ in 0..200 {
        if let Some(shard) = asked(address, b"?").await {
            seen[shard] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    // One sender stays on its shard.
    let client = UdpSocket::bind(ANY).unwrap();
    client.connect(address).unwrap();
    let mut shards = Vec::new();
    for _ in 0..20 {
        client.send(b"?").await.unwrap();
        shards.push(client.recv().await.unwrap()[0]);
    }
    assert!(shards.iter().all(|shard| *shard == shards[0]), "{shards:?}");
}

#[seastar::test(shards = 2)]
async fn a_second_server_on_the_address_fails() {
    let (address, _service) = serve();
    asked(address, b"?").await;
    assert_eq!(UdpSocket::bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);
    let theirs = blocking_ok!(StdSocket::bind(address));
    assert_eq!(theirs.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[seastar::test(shards = 2)]
async fn a_service_that_is_dropped_frees_its_address() {
    for _ in 0..20 {
        let (address, service) = serve();
        asked(address, b"?").await;
        service.cancel();
        free(address).await;
    }
}

#[seastar::test(shards = 2)]
async fn a_handler_that_fails_ends_the_service_on_all_shards() {
    for shard in 0..2 {
        let (address, service) = serve();
        // Senders whose datagrams come to this shard.
        let client = loop {
            let client = UdpSocket::bind(ANY).unwrap();
            client.connect(address).unwrap();
            client.send(b"?").await.unwrap();
            if client.recv().await.unwrap()[0] as usize == shard {
                break client;
            }
        };
        client.send(b"fail").await.unwrap();
        let error = timeout(Duration::from_secs(30), service).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "a handler's own failure");
        free(address).await;
    }
}

#[test]
fn a_shard_that_cannot_serve_ends_the_service() {
    let options = seastar::Options::new().shards(2).overprovisioned(true).memory(32 << 20);
    let served = seastar::run(options, async || {
        submit_to(1, async || {
            let large = || async {
                let large = [1_u8; 8000];
                pending::<()>().await;
                assert_eq!(large[0], 1);
            };
            while try_spawn(large()).map(JoinHandle::detach).is_ok() {}
            let small = || async { pending::<()>().await };
            while try_spawn(small()).map(JoinHandle::detach).is_ok() {}
        })
        .await;
        timeout(Duration::from_secs(30), UdpSocket::bind(ANY).unwrap().serve(tell_shard)).await
    });
    let error = served.unwrap().expect("it has ended").unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
}

#[test]
fn a_service_ends_when_the_program_stops() {
    let options = seastar::Options::new().shards(2).overprovisioned(true).memory(128 << 20);
    let address = seastar::run(options, async || {
        let (address, service) = serve();
        service.detach();
        asked(address, b"?").await;
        address
    });
    StdSocket::bind(address.unwrap()).unwrap();
}
