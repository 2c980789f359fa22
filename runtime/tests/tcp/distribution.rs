//! Which shard serves a connection: NET-2, NET-3.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::time::Duration;

use seastar::net::{Distribution, ListenOptions, TcpStream, connect, listen, listen_with};
use seastar::{JoinHandle, shard_count, sleep, spawn, this_shard, timeout};

/// A connection that was told which shard has it.
struct Served {
    shard: usize,
    stream: StdStream,
}

/// Connects and asks; off the shard, which serves meanwhile.
async fn asked(address: SocketAddr) -> Served {
    let thread = std::thread::spawn(move || {
        let mut stream = StdStream::connect(address).unwrap();
        stream.write_all(b"?").unwrap();
        let mut shard = [0];
        stream.read_exact(&mut shard).unwrap();
        Served { shard: shard[0] as usize, stream }
    });
    while !thread.is_finished() {
        sleep(Duration::from_micros(200)).await;
    }
    thread.join().unwrap()
}

/// Answers each byte with the number of the shard.
async fn tell_shard(stream: TcpStream) -> std::io::Result<()> {
    let (mut input, mut output) = stream.split();
    while input.read_exactly(1).await?.len() == 1 {
        output.write([this_shard() as u8]).await?;
        output.flush().await?;
    }
    output.close().await
}

fn serve(distribution: Distribution) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = listen_with("127.0.0.1:0", ListenOptions::new().distribution(distribution)).unwrap();
    (listener.local_address(), spawn(listener.serve(tell_shard)))
}

#[seastar::test(shards = 2)]
async fn the_kernel_spreads_connections_over_all_shards() {
    let (address, _service) = serve(Distribution::Kernel);
    // The other shard listens as soon as the service has begun.
    while asked(address).await.shard == 0 {}
    let mut seen = [0; 2];
    for _ in 0..200 {
        seen[asked(address).await.shard] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

// NET-2
#[seastar::test(shards = 2)]
async fn the_shard_with_the_fewest_connections_gets_the_next_one() {
    let (address, _service) = serve(Distribution::FewestConnections);
    let mut held = Vec::new();
    for n in 0..20 {
        held.push(asked(address).await);
        assert_eq!(held[n].shard, n % 2, "ties go to the lowest shard");
    }
    // Two of shard 1 end: the next two go there.
    let ended: Vec<_> = held.extract_if(.., |served| served.shard == 1).take(2).collect();
    for Served { mut stream, .. } in ended {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        while stream.read(&mut [0]).is_err() {}
    }
    // Until the shards have noticed, the next one may go to either.
    let mut next = Vec::new();
    while next.len() < 2 {
        sleep(Duration::from_millis(20)).await;
        next.push(asked(address).await);
    }
    assert_eq!([next[0].shard, next[1].shard], [1, 1]);
    assert_eq!(asked(address).await.shard, 0);
}

// NET-3
#[seastar::test(shards = 2)]
async fn the_port_says_the_shard() {
    let (address, _service) = serve(Distribution::Port);
    for _ in 0..20 {
        let served = asked(address).await;
        let port = served.stream.local_addr().unwrap().port();
        assert_eq!(served.shard, port as usize % shard_count());
    }
}

// NET-3
#[seastar::test(shards = 2)]
async fn a_fixed_shard_gets_all() {
    for shard in 0..2 {
        let (address, _service) = serve(Distribution::Fixed(shard));
        for _ in 0..10 {
            assert_eq!(asked(address).await.shard, shard);
        }
    }
    let (_, service) = serve(Distribution::Fixed(2));
    let error = service.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("there are 2"), "{error}");
}

#[seastar::test(shards = 2)]
async fn a_service_that_is_dropped_listens_nowhere() {
    let all =
        [Distribution::Kernel, Distribution::FewestConnections, Distribution::Port, Distribution::Fixed(1)];
    for distribution in all {
        let (address, service) = serve(distribution);
        asked(address).await;
        service.cancel();
        // A reset is no refusal: the listener of one shard may end before that of another.
        let is_refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
        let refused = async {
            while !connect(address).await.is_err_and(is_refused) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(30), refused).await.expect("somebody still listens");
        listen(address).unwrap();
    }
}

#[seastar::test(shards = 2)]
async fn a_service_can_be_dropped_as_soon_as_it_has_begun() {
    for _ in 0..50 {
        let (address, service) = serve(Distribution::Kernel);
        seastar::yield_now().await;
        service.cancel();
        let free = async {
            while listen(address).is_err() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(30), free).await.expect("somebody still listens");
    }
}

/// Answers `?` and panics when told to.
async fn excitable(stream: TcpStream) -> Result<(), &'static str> {
    let (mut input, mut output) = stream.split();
    match &*input.read_exactly(1).await.map_err(|_| "not read")? {
        b"!" => panic!("a handler's own panic, which is expected"),
        b"x" => return Err("a handler's own failure, which is expected"),
        _ => {}
    }
    output.write([this_shard() as u8]).await.map_err(|_| "not written")?;
    output.close().await.map_err(|_| "not closed")
}

// Not a `seastar::test`, which would fail for the failures.
#[test]
fn a_handler_that_panics_or_fails_leaves_the_service_alone() {
    let options = seastar::Options::new().shards(2).overprovisioned(true).memory(128 << 20);
    let run = seastar::run(options, async || {
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_address();
        let _service = spawn(listener.serve(excitable));
        for bytes in [b"!", b"x"].repeat(5) {
            let (_input, mut output) = connect(address).await.unwrap().split();
            output.write(bytes).await.unwrap();
            output.close().await.unwrap();
            asked(address).await;
        }
        let counted = async {
            let there = || seastar::submit_to(1, async || seastar::abandoned_failures());
            while seastar::abandoned_failures() + there().await < 10 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(30), counted).await.expect("all failures are counted");
    });
    run.unwrap();
}
