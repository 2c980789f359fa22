//! Clients that misbehave, and more of them than usual.
#![allow(missing_docs)]

#[path = "support/child.rs"]
mod child;
#[path = "support/guard.rs"]
mod guard;
#[path = "support/random.rs"]
mod random;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream as Client};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use random::Random;
use seastar::net::{TcpStream, listen};
use seastar::{memory_statistics, sleep, spawn, timeout};
use socket2::SockRef;

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn echo(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return output.close().await;
        }
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}

/// Serves `handler` on all shards; the clients run on a thread and end the service when they are done.
async fn serve_while<H>(handler: H, clients: impl FnOnce(SocketAddr) + Send + 'static)
where
    H: AsyncFn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
{
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let service = spawn(listener.serve(handler));
    let clients = thread::spawn(move || clients(address));
    while !clients.is_finished() {
        sleep(Duration::from_millis(2)).await;
    }
    service.cancel();
    clients.join().unwrap();
}

fn ask(client: &mut Client, message: &[u8]) {
    client.write_all(message).unwrap();
    let mut answer = vec![0; message.len()];
    client.read_exact(&mut answer).unwrap();
    assert!(answer == message);
}

#[seastar::test]
async fn a_read_that_is_raced_against_a_timeout_loses_no_byte() {
    const BYTES: usize = if cfg!(seastar_asan) { 2_000 } else { 20_000 };
    let _guard = guard::guard("a_read_that_is_raced_against_a_timeout_loses_no_byte");
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let client = thread::spawn(move || {
        let mut client = Client::connect(address).unwrap();
        client.set_nodelay(true).unwrap();
        let mut random = Random::new(1);
        for n in 0..BYTES {
            client.write_all(&[n as u8]).unwrap();
            let pause = std::time::Instant::now();
            let micros = random.below(200) as u64;
            while pause.elapsed() < Duration::from_micros(micros) {
                thread::yield_now();
            }
        }
    });
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    let (mut received, mut late) = (0, 0);
    while received < BYTES {
        match timeout(Duration::from_micros(100), input.read()).await {
            Ok(bytes) => {
                for &byte in &*bytes.unwrap() {
                    assert_eq!(byte, received as u8, "byte {received}");
                    received += 1;
                }
            }
            Err(_) => late += 1,
        }
    }
    assert!(late > 0, "no read was ever cut short");
    client.join().unwrap();
}

#[seastar::test]
async fn clients_that_reset_half_close_or_trickle_hurt_nobody() {
    serve_while(echo, |address| {
        let mut steady = Client::connect(address).unwrap();
        for round in 0..50u8 {
            let mut reset = Client::connect(address).unwrap();
            reset.write_all(&[round; 100_000]).unwrap();
            SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
            drop(reset);

            let mut half = Client::connect(address).unwrap();
            half.write_all(b"all of it").unwrap();
            half.shutdown(Shutdown::Write).unwrap();
            let mut rest = Vec::new();
            half.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, b"all of it");

            ask(&mut steady, &[round; 10]);
        }
        for byte in 0..=255 {
            ask(&mut steady, &[byte]);
        }
    })
    .await;
    assert_eq!(seastar::abandoned_failures(), 0, "that a peer has gone is no failure");
}

/// Echoes, but never reads again when a message starts so.
async fn lazy(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        match bytes.first() {
            None => return output.close().await,
            Some(b'!') => std::future::pending().await,
            Some(_) => output.write_buffer(bytes).await?,
        }
        output.flush().await?;
    }
}

/// Together they can hold many more buffers than the shard has.
#[seastar::test(shards = 1, memory = "64M")]
async fn floods_that_nobody_reads_stay_bounded_and_others_are_served() {
    let _guard = guard::guard("floods_that_nobody_reads_stay_bounded_and_others_are_served");
    const FLOODS: usize = if cfg!(seastar_asan) { 100 } else { 300 };
    serve_while(lazy, |address| {
        let mut early = Client::connect(address).unwrap();
        ask(&mut early, b"before");
        let mut floods: Vec<_> = (0..FLOODS).map(|_| Client::connect(address).unwrap()).collect();
        let block = vec![b'!'; 1 << 20];
        for flood in &mut floods {
            flood.set_nonblocking(true).unwrap();
            let _ = flood.write(&block);
        }
        let mut late = Client::connect(address).unwrap();
        for round in 0..200u8 {
            ask(&mut early, &[round | 0x80; 100]);
            ask(&mut late, &[round | 0x80; 30_000]);
        }
        for flood in &mut floods {
            let _ = flood.write(&block);
        }
        ask(&mut Client::connect(address).unwrap(), &[0x80; 100_000]);
    })
    .await;
    let memory = memory_statistics();
    assert!(memory.used <= memory.budget / 2, "{memory:?}");
}

#[seastar::test(shards = 1, memory = "64M")]
async fn a_gigabyte_into_a_handler_that_hardly_reads_stays_bounded_and_arrives() {
    const BYTES: usize = if cfg!(seastar_asan) { 64 << 20 } else { 1 << 30 };
    let _guard = guard::guard("a_gigabyte_into_a_handler_that_hardly_reads_stays_bounded_and_arrives");
    let listener = listen(ANY).unwrap();
    let address = listener.local_address();
    let flood = thread::spawn(move || {
        let mut client = Client::connect(address).unwrap();
        let block: Vec<u8> = (0..1 << 20).map(|n: usize| (n % 251) as u8).collect();
        (0..BYTES >> 20).for_each(|_| client.write_all(&block).unwrap());
    });
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    let (mut received, mut most, mut pauses) = (0, 0, 0);
    while received < BYTES {
        if received >= pauses * (BYTES / 50) {
            pauses += 1;
            sleep(Duration::from_millis(10)).await;
            most = most.max(memory_statistics().used);
        }
        let bytes = input.read().await.unwrap();
        assert_eq!(bytes[0], (received % (1 << 20) % 251) as u8, "at {received}");
        received += bytes.len();
    }
    flood.join().unwrap();
    assert!(most < 8 << 20, "{most} bytes for one connection");
}

#[seastar::test]
async fn a_client_that_never_reads_stops_its_writer() {
    let listener = listen(ANY).unwrap();
    let client = seastar::blocking_ok!(Client::connect(listener.local_address()).unwrap());
    let (_input, mut output) = listener.accept().await.unwrap().0.split();
    let written = Rc::new(Cell::new(0usize));
    let count = written.clone();
    let writer = spawn(async move {
        loop {
            output.write([7; 64 << 10]).await?;
            count.set(count.get() + (64 << 10));
        }
        #[expect(unreachable_code)]
        io::Result::Ok(())
    });
    let mut before = usize::MAX;
    while before != written.get() {
        before = written.get();
        sleep(Duration::from_millis(100)).await;
    }
    assert!(before < 256 << 20, "{before} bytes are nowhere");
    drop(client);
    assert!(writer.await.unwrap().is_err());
}

#[seastar::test(shards = 2, memory = "512M")]
async fn random_data_comes_back_intact_over_many_connections() {
    const CLIENTS: u64 = if cfg!(seastar_asan) { 40 } else { 200 };
    serve_while(echo, |address| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|seed| {
                let talk = move || {
                    let data = Random::new(seed + 1).bytes(1 << 20);
                    let mut client = Client::connect(address).unwrap();
                    let mut sender = client.try_clone().unwrap();
                    let sent = data.clone();
                    let sending = thread::spawn(move || {
                        sender.write_all(&sent).unwrap();
                        sender.shutdown(Shutdown::Write).unwrap();
                    });
                    let mut received = Vec::with_capacity(data.len());
                    client.read_to_end(&mut received).unwrap();
                    sending.join().unwrap();
                    assert!(received == data, "client {seed}: {} of {} bytes", received.len(), data.len());
                };
                thread::Builder::new().stack_size(128 << 10).spawn(talk).unwrap()
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    })
    .await;
}

fn descriptors() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a valid place for one rlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit
}

fn limit_descriptors(count: u64) {
    let limit = libc::rlimit { rlim_cur: count, ..descriptors() };
    // SAFETY: a valid rlimit, below the hard one.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

#[test]
fn a_listener_recovers_from_running_out_of_descriptors() {
    const NAME: &str = "a_listener_recovers_from_running_out_of_descriptors";
    if !child::is_child(NAME) {
        let output = child::pass_in_child(NAME);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("Too many open files") && stderr.contains("`ulimit -Hn`"), "{stderr}");
        return;
    }
    let _guard = guard::guard(NAME);
    let run = async || {
        // Before anybody accepts: io_uring goes by the limit of that time.
        limit_descriptors(100);
        serve_while(echo, |address| {
            // Nothing is left for the server, and the kernel completes these connections all the same.
            let socket = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            let sockets: Vec<_> = std::iter::from_fn(|| socket().ok()).collect();
            assert!(sockets.len() > 20);
            let connected = |socket: socket2::Socket| {
                socket.connect(&address.into()).unwrap();
                Client::from(socket)
            };
            let mut clients: Vec<_> = sockets.into_iter().map(connected).collect();
            thread::sleep(Duration::from_millis(50));
            clients.truncate(5);
            for _ in 0..20 {
                ask(&mut Client::connect(address).unwrap(), b"still there");
            }
            ask(&mut clients[0], b"and the old ones");
        })
        .await;
    };
    seastar::run(seastar::Options::new().shards(1).overprovisioned(true).handle_interrupt(false), run)
        .unwrap();
}

#[test]
fn ten_thousand_idle_connections_are_held_while_others_are_served() {
    const NAME: &str = "ten_thousand_idle_connections_are_held_while_others_are_served";
    const CONNECTIONS: usize = 10_000;
    if let Some(address) = std::env::var("SEASTAR_IDLE_ADDRESS").ok().filter(|_| child::is_child(NAME)) {
        limit_descriptors(descriptors().rlim_max);
        let address: SocketAddr = address.parse().unwrap();
        let mut clients: Vec<_> = (0..CONNECTIONS).map(|_| Client::connect(address).unwrap()).collect();
        for _ in 0..10 {
            ask(&mut Client::connect(address).unwrap(), b"one more");
        }
        for client in clients.iter_mut().step_by(97) {
            ask(client, b"still idle?");
        }
        return;
    }
    if descriptors().rlim_max < CONNECTIONS as u64 + 100 {
        eprintln!("skipped: {} descriptors are not enough (ulimit -Hn)", descriptors().rlim_max);
        return;
    }
    let _guard = guard::guard(NAME);
    limit_descriptors(descriptors().rlim_max);
    let run = async || {
        serve_while(echo, |address| {
            let mut clients = child::again(NAME);
            let output = clients.env("SEASTAR_IDLE_ADDRESS", address.to_string()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        })
        .await;
        let memory = memory_statistics();
        assert!(memory.used < CONNECTIONS * 1_000, "{memory:?}");
    };
    seastar::run(seastar::Options::new().shards(1).overprovisioned(true).handle_interrupt(false), run)
        .unwrap();
}
