//! Many connections with random data.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use seastar::net::{connect, listen};
use seastar::tls::{ClientOptions, ServerOptions, TlsAcceptor, TlsConnector};
use seastar::{sleep, spawn, submit_to};

use super::authority::Authority;
use super::guard::guard;
use super::random::Random;
use super::{ANY, NAME, echo, pair, read_to_end, std_client, std_config};

#[seastar::test(shards = 2, memory = "512M")]
async fn random_data_comes_back_intact_over_many_connections() {
    const CLIENTS: u64 = if cfg!(seastar_asan) { 10 } else { 60 };
    let _guard = guard("random_data_comes_back_intact_over_many_connections");
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], ServerOptions::new()).unwrap();
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let service = spawn(listener.serve(acceptor.before(echo)));
    let config = std_config(&authority);
    let clients = thread::spawn(move || {
        let talk = |seed: u64| {
            let config = config.clone();
            thread::spawn(move || {
                let (mut client, mut random) = (std_client(&config, address), Random::new(seed + 1));
                for _ in 0..20 {
                    let len = random.below(30_000) + 1;
                    let data = random.bytes(len);
                    client.write_all(&data).unwrap();
                    let mut answer = vec![0; len];
                    client.read_exact(&mut answer).unwrap();
                    assert!(answer == data, "client {seed}");
                }
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(talk).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
    while !clients.is_finished() {
        sleep(Duration::from_millis(2)).await;
    }
    clients.join().unwrap();
    service.cancel();
    assert_eq!(acceptor.statistics().accepted, CLIENTS);
}

#[seastar::test(shards = 2, memory = "512M")]
async fn megabytes_go_both_ways_at_once_between_shards() {
    const BYTES: usize = if cfg!(seastar_asan) { 1 << 20 } else { 4 << 20 };
    let _guard = guard("megabytes_go_both_ways_at_once_between_shards");
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], ServerOptions::new()).unwrap();
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let service = spawn(listener.serve(acceptor.before(echo)));
    let connector = TlsConnector::new(ClientOptions::new().roots(authority.roots())).unwrap();
    for shard in 0..2 {
        let connector = connector.clone();
        submit_to(shard, async move || {
            let talk = |seed| {
                let connector = connector.clone();
                spawn(async move {
                    let stream = connector.connect(NAME, connect(address).await?).await?;
                    let (mut input, mut output) = stream.split();
                    let data = Random::new(seed).bytes(BYTES);
                    let sent = data.clone();
                    let writer = spawn(async move {
                        output.write(&sent).await?;
                        output.close().await
                    });
                    let received = read_to_end(&mut input).await?;
                    assert!(received == data, "{} of {BYTES} bytes", received.len());
                    writer.await.unwrap()
                })
            };
            for client in [talk(1), talk(2), talk(3)] {
                client.await.unwrap().unwrap();
            }
        })
        .await;
    }
    service.cancel();
}

#[seastar::test]
async fn a_line_behind_a_rest_comes_whole_out_of_the_largest_record() {
    let (client, server) = pair().await;
    let (mut input, mut output) = (client.split().0, server.split().1);
    // A rest that is read with the next record, whose line ends far behind the room that there is beside the rest.
    let mut first = vec![b'a'; 100];
    first.insert(0, b'\n');
    output.write(&first).await.unwrap();
    output.flush().await.unwrap();
    assert_eq!(&*input.read_until(b'\n', 100_000).await.unwrap(), b"\n");
    let mut second: Vec<u8> = (0..16_000u32).map(|n| b'b' + (n % 20) as u8).collect();
    second[12_000] = b'\n';
    output.write(&second).await.unwrap();
    output.flush().await.unwrap();
    let line = input.read_until(b'\n', 100_000).await.unwrap();
    assert_eq!(line.len(), 100 + 12_001);
    assert!(line[..100].iter().all(|byte| *byte == b'a') && line[100..] == second[..=12_000]);
    assert!(*input.read_exactly(3_999).await.unwrap() == second[12_001..]);
    // A line longer than what comes at once.
    let third: Vec<u8> =
        (0..60_000u32).map(|n| if n == 59_999 { b'\n' } else { b'c' + (n % 7) as u8 }).collect();
    spawn(async move {
        output.write(&third[..100]).await?;
        output.flush().await?;
        output.write(&third[100..]).await?;
        output.close().await
    })
    .detach();
    let line = input.read_until(b'\n', 100_000).await.unwrap();
    assert!(
        line.len() == 60_000
            && line.iter().enumerate().all(|(n, byte)| n == 59_999 || *byte == b'c' + (n % 7) as u8)
    );
}
