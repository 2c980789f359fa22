//! Clients that misbehave.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream as Client};
use std::thread;
use std::time::Duration;

use seastar::net::{ServeOptions, listen};
use seastar::tls::{ServerOptions, TlsAcceptor};
use seastar::{memory_statistics, sleep, spawn};
use socket2::SockRef;

use super::authority::Authority;
use super::guard::guard;
use super::random::Random;
use super::{ANY, NAME, StdClient, both, echo, std_client, std_config, tcp_pair};

async fn end_of(thread: thread::JoinHandle<()>) {
    while !thread.is_finished() {
        sleep(Duration::from_millis(2)).await;
    }
    thread.join().unwrap();
}

fn ask(client: &mut StdClient, message: &[u8]) {
    client.write_all(message).unwrap();
    let mut answer = vec![0; message.len()];
    client.read_exact(&mut answer).unwrap();
    assert!(answer == message);
}

#[seastar::test(shards = 1)]
async fn garbage_instead_of_a_hello_is_refused_with_an_alert() {
    let (acceptor, _) = both(ServerOptions::new());
    let (client, server) = tcp_pair().await;
    let (mut input, mut output) = client.split();
    output.write(b"GET / HTTP/1.1\r\nHost: server.test\r\n\r\n").await.unwrap();
    output.flush().await.unwrap();
    let error = acceptor.accept(server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(
        error.to_string().starts_with("TLS handshake with a client: received corrupt message"),
        "{error}"
    );
    let alert = input.read().await.unwrap();
    assert_eq!((alert[0], alert[5]), (21, 2), "a fatal alert");
    assert!(input.read().await.is_ok_and(|end| end.is_empty()));
}

#[seastar::test(shards = 2)]
async fn clients_that_reset_break_off_or_talk_nonsense_hurt_nobody() {
    let _guard = guard("clients_that_reset_break_off_or_talk_nonsense_hurt_nobody");
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], ServerOptions::new()).unwrap();
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let server = listener.serve_with(ServeOptions::new(), acceptor.before(echo)).await.unwrap();
    let config = std_config(&authority);
    const ROUNDS: u64 = 30;
    let clients = thread::spawn(move || {
        let mut steady = std_client(&config, address);
        let mut random = Random::new(3);
        for round in 0..ROUNDS {
            // In the handshake: garbage, a part of a hello, and nothing at all.
            let mut garbage = Client::connect(address).unwrap();
            let _ = garbage.write_all(&random.bytes(500));
            let mut partial = Client::connect(address).unwrap();
            let mut hello = Vec::new();
            let name = NAME.try_into().unwrap();
            let mut unsent = super::ClientConnection::new(config.clone(), name).unwrap();
            unsent.write_tls(&mut hello).unwrap();
            partial.write_all(&hello[..random.below(hello.len())]).unwrap();
            let _silent = Client::connect(address).unwrap();
            SockRef::from(&partial).set_linger(Some(Duration::ZERO)).unwrap();
            drop((garbage, partial));

            // In the data: a reset, an end without a word, garbage between two records.
            let mut reset = std_client(&config, address);
            ask(&mut reset, &random.bytes(1000));
            SockRef::from(&reset.sock).set_linger(Some(Duration::ZERO)).unwrap();
            drop(reset);
            let mut cut = std_client(&config, address);
            ask(&mut cut, &random.bytes(1000));
            cut.sock.shutdown(Shutdown::Write).unwrap();
            assert!(cut.sock.read(&mut [0]).is_ok_and(|read| read == 0), "closed without an answer");
            let mut broken = std_client(&config, address);
            ask(&mut broken, &random.bytes(1000));
            broken.sock.write_all(&random.bytes(100)).unwrap();
            assert!(broken.read(&mut [0]).is_err(), "an alert, or nothing at all");

            ask(&mut steady, &[round as u8; 10_000]);
        }
    });
    end_of(clients).await;
    server.stop().await;
    let statistics = acceptor.statistics();
    assert_eq!(statistics.accepted, 1 + 3 * ROUNDS, "{statistics:?}");
    assert_eq!(statistics.failed, 3 * ROUNDS, "{statistics:?}");
    let failures = async |shard| seastar::submit_to(shard, async || seastar::abandoned_failures()).await;
    assert_eq!(failures(0).await + failures(1).await, 0, "what peers do is no failure of the server");
}

#[seastar::test(shards = 1)]
async fn a_client_that_sends_one_byte_at_a_time_is_served() {
    let _guard = guard("a_client_that_sends_one_byte_at_a_time_is_served");
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], ServerOptions::new()).unwrap();
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let service = spawn(listener.serve(acceptor.before(echo)));
    let config = std_config(&authority);
    let client = thread::spawn(move || {
        /// Writes bytes one by one.
        struct Trickle(Client);

        impl Write for Trickle {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.write(&bytes[..bytes.len().min(1)])
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl Read for Trickle {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(buffer)
            }
        }

        let connection = super::ClientConnection::new(config, NAME.try_into().unwrap()).unwrap();
        let socket = Client::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        let mut client = super::StreamOwned::new(connection, Trickle(socket));
        let data = Random::new(9).bytes(5_000);
        client.write_all(&data).unwrap();
        client.flush().unwrap();
        let mut answer = vec![0; data.len()];
        client.read_exact(&mut answer).unwrap();
        assert!(answer == data);
        client.conn.send_close_notify();
        client.flush().unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "a close_notify comes back");
    });
    end_of(client).await;
    service.cancel();
}

#[seastar::test(shards = 1, memory = "64M")]
async fn peers_that_never_read_stop_their_writers_with_little_memory() {
    let _guard = guard("peers_that_never_read_stop_their_writers_with_little_memory");
    const CLIENTS: usize = 50;
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&[NAME])], ServerOptions::new()).unwrap();
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let service = spawn(listener.serve(acceptor.before(async |stream| {
        let (_input, mut output) = stream.split();
        loop {
            output.write(&[7; 100_000]).await?;
        }
        #[expect(unreachable_code)]
        std::io::Result::Ok(())
    })));
    let config = std_config(&authority);
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let clients = thread::spawn(move || {
        let begin = |_| {
            let mut client = std_client(&config, address);
            client.read_exact(&mut [0; 100]).unwrap();
            client
        };
        let clients: Vec<_> = (0..CLIENTS).map(begin).collect();
        let _ = wait.recv();
        drop(clients);
    });
    while acceptor.statistics().accepted < CLIENTS as u64 {
        sleep(Duration::from_millis(5)).await;
    }
    // Until nobody writes any more.
    let mut before = 0;
    loop {
        let used = memory_statistics().used;
        if used == before {
            break;
        }
        before = used;
        sleep(Duration::from_millis(100)).await;
    }
    assert!(before < CLIENTS * (100 << 10) + (8 << 20), "{:?}", memory_statistics());
    drop(done);
    end_of(clients).await;
    service.cancel();
}
