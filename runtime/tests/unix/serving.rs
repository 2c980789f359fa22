//! Serving connections on all shards.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seastar::net::{Distribution, ListenOptions, UnixStream, listen_unix_with};
use seastar::{JoinHandle, sleep, spawn, this_shard};

use super::path;

/// A connection that was told which shard has it.
struct Served {
    shard: usize,
    stream: StdStream,
}

/// Connects and asks; off the shard, which serves meanwhile.
async fn asked(path: &Path) -> Served {
    let path = path.to_owned();
    let thread = std::thread::spawn(move || {
        let mut stream = StdStream::connect(path).unwrap();
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
async fn tell_shard(stream: UnixStream) -> std::io::Result<()> {
    let (mut input, mut output) = stream.split();
    while input.read_exactly(1).await?.len() == 1 {
        output.write([this_shard() as u8]).await?;
        output.flush().await?;
    }
    output.close().await
}

fn serve(distribution: Distribution) -> (PathBuf, JoinHandle<std::io::Result<()>>) {
    let path = path();
    let listener = listen_unix_with(&path, ListenOptions::new().distribution(distribution)).unwrap();
    (path, spawn(listener.serve(tell_shard)))
}

// NET-2
#[seastar::test(shards = 2)]
async fn the_shard_with_the_fewest_connections_gets_the_next_one() {
    for distribution in [Distribution::default(), Distribution::FewestConnections, Distribution::Port] {
        let (path, _service) = serve(distribution);
        let mut held = Vec::new();
        for n in 0..20 {
            held.push(asked(&path).await);
            assert_eq!(held[n].shard, n % 2, "{distribution:?}: ties go to the lowest shard");
        }
        for Served { mut stream, .. } in held {
            stream.write_all(b"?").unwrap();
        }
    }
}

// NET-3
#[seastar::test(shards = 2)]
async fn a_fixed_shard_gets_all() {
    for shard in 0..2 {
        let (path, _service) = serve(Distribution::Fixed(shard));
        for _ in 0..10 {
            assert_eq!(asked(&path).await.shard, shard);
        }
    }
    let (path, service) = serve(Distribution::Fixed(2));
    assert_eq!(service.await.unwrap().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(!path.exists());
}

#[seastar::test(shards = 2)]
async fn a_service_that_is_dropped_listens_nowhere() {
    let (path, service) = serve(Distribution::default());
    let mut before = asked(&path).await;
    service.cancel();
    while path.exists() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(seastar::blocking_ok!(StdStream::connect(&path)).unwrap_err().kind(), ErrorKind::NotFound);
    // Connections that are served go on.
    before.stream.write_all(b"?").unwrap();
    let answered = std::thread::spawn(move || before.stream.read_exact(&mut [0]).unwrap());
    while !answered.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    answered.join().unwrap();
}
