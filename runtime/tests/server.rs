//! Servers with limits.
#![allow(missing_docs)]

#[path = "support/run.rs"]
mod run;

use std::cell::RefCell;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seastar::net::{
    Distribution, InputStream, ListenOptions, ServeOptions, ServeStatistics, Server, TcpStream,
    TemporaryBuffer, connect, connect_unix, listen, listen_unix, listen_with,
};
use seastar::{sleep, spawn, submit_to, this_shard};

const LONG: Duration = Duration::from_secs(3600);

/// Answers each piece until the end of the stream.
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

async fn sum(server: Server) -> ServeStatistics {
    let mut sum = ServeStatistics::default();
    for shard in server.statistics().await.unwrap() {
        sum.accepted += shard.accepted;
        sum.refused += shard.refused;
        sum.idle += shard.idle;
        sum.cut_off += shard.cut_off;
        sum.open += shard.open;
    }
    sum
}

async fn until(condition: impl AsyncFn() -> bool) {
    while !condition().await {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Sends and gets back.
async fn talk(stream: TcpStream) -> io::Result<TcpHalves> {
    let (mut input, mut output) = stream.split();
    output.write(b"ping").await?;
    output.flush().await?;
    let answer = input.read().await?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((input, output))
}

type TcpHalves = (InputStream, seastar::net::OutputStream);

#[seastar::test(shards = 2)]
async fn it_serves_on_every_shard_and_counts() -> io::Result<()> {
    for distribution in [Distribution::Kernel, Distribution::FewestConnections, Distribution::Fixed(1)] {
        let listener = listen_with("127.0.0.1:0", ListenOptions::new().distribution(distribution))?;
        let address = listener.local_address();
        let server = listener.serve_with(ServeOptions::new(), echo).await?;
        let mut open = Vec::new();
        for _ in 0..20 {
            open.push(talk(connect(address).await?).await?);
        }
        assert_eq!(sum(server).await, ServeStatistics { accepted: 20, open: 20, ..Default::default() });
        if distribution == Distribution::Fixed(1) {
            assert_eq!(server.local_statistics().unwrap().accepted, 0);
        }
        open.truncate(5);
        until(async || sum(server).await.open == 5).await;
        drop(open);
        server.stop().await;
        assert!(server.statistics().await.is_err() && server.local_statistics().is_err());
        assert!(connect(address).await.is_err());
    }
    Ok(())
}

#[seastar::test(shards = 2)]
async fn one_connection_too_many_is_closed_at_once() -> io::Result<()> {
    let options = ListenOptions::new().distribution(Distribution::Fixed(1));
    let listener = listen_with("127.0.0.1:0", options)?;
    let address = listener.local_address();
    let server = listener.serve_with(ServeOptions::new().connections_per_shard(2), echo).await?;
    let first = talk(connect(address).await?).await?;
    let _second = talk(connect(address).await?).await?;
    assert!(talk(connect(address).await?).await.is_err());
    assert_eq!(sum(server).await, ServeStatistics { accepted: 2, refused: 1, open: 2, ..Default::default() });
    // Room comes when one leaves.
    drop(first);
    until(async || sum(server).await.open == 1).await;
    let _third = talk(connect(address).await?).await?;
    assert_eq!(sum(server).await.accepted, 3);
    Ok(())
}

#[seastar::test(shards = 2)]
async fn idle_connections_are_closed_and_busy_ones_are_not() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let server =
        listener.serve_with(ServeOptions::new().idle_timeout(Duration::from_millis(200)), echo).await?;
    let (mut idle, _output) = talk(connect(address).await?).await?;
    let busy = spawn(async move {
        let (mut input, mut output) = talk(connect(address).await?).await?;
        // Longer than the idle one lives.
        let mut answers = 0;
        while idle_ends(server).await == 0 {
            output.write(b"ping").await?;
            output.flush().await?;
            answers += usize::from(!input.read().await?.is_empty());
            sleep(Duration::from_millis(5)).await;
        }
        io::Result::Ok(answers)
    });
    assert!(idle.read().await?.is_empty());
    assert!(busy.await.unwrap()? > 0);
    assert_eq!(idle_ends(server).await, 1);
    Ok(())
}

async fn idle_ends(server: Server) -> u64 {
    sum(server).await.idle
}

#[seastar::test(shards = 2)]
async fn a_server_that_stops_lets_connections_come_to_their_end() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let served = Arc::new(AtomicUsize::new(0));
    let counted = served.clone();
    let handler = async move |stream: TcpStream| -> io::Result<()> {
        let (mut input, mut output) = stream.split();
        let question = input.read().await?;
        sleep(Duration::from_millis(20)).await;
        output.write_buffer(question).await?;
        counted.fetch_add(1, Ordering::Relaxed);
        output.close().await
    };
    let server = listener.serve_with(ServeOptions::new().grace_period(LONG), handler).await?;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(spawn(async move { talk(connect(address).await?).await.map(drop) }));
    }
    until(async || sum(server).await.accepted == 10).await;
    server.stop().await;
    assert_eq!(served.load(Ordering::Relaxed), 10);
    for client in clients {
        client.await.unwrap()?;
    }
    Ok(())
}

#[seastar::test(shards = 2)]
async fn after_the_grace_period_connections_are_shut_down() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let options = ServeOptions::new().grace_period(Duration::from_millis(20));
    let server = listener.serve_with(options, echo).await?;
    let (mut input, _output) = talk(connect(address).await?).await?;
    // Any shard may stop it.
    submit_to(1, async move || server.stop().await).await;
    assert!(input.read().await?.is_empty());
    Ok(())
}

#[seastar::test(shards = 1)]
async fn a_handler_that_hangs_does_not_keep_the_server_from_stopping() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let options = ServeOptions::new().grace_period(Duration::from_millis(5));
    let server = listener.serve_with(options, async |_: TcpStream| pending::<()>().await).await?;
    let _client = connect(address).await?;
    until(async || sum(server).await.open == 1).await;
    server.stop().await;
    assert!(server.local_statistics().is_err());
    Ok(())
}

#[seastar::test(shards = 2)]
async fn the_options_hold_for_unix_sockets_too() -> io::Result<()> {
    let name = format!("@seastar-test-server-{}", std::process::id());
    let options = ServeOptions::new().connections_per_shard(1);
    let handler = async |stream: seastar::net::UnixStream| -> io::Result<()> {
        let (mut input, mut output) = stream.split();
        output.write(this_shard().to_string().into_bytes()).await?;
        output.flush().await?;
        input.read().await.map(drop)
    };
    let server = listen_unix(&name)?.serve_with(options, handler).await?;
    let mut open = Vec::new();
    for _ in 0..2 {
        let (mut input, output) = connect_unix(&name).await?.split();
        assert!(!input.read().await?.is_empty());
        open.push((input, output));
    }
    let (mut refused, _output) = connect_unix(&name).await?.split();
    assert!(refused.read().await.map_or(true, |bytes| bytes.is_empty()));
    assert_eq!(sum(server).await, ServeStatistics { accepted: 2, refused: 1, open: 2, ..Default::default() });
    drop(open);
    server.stop().await;
    assert!(connect_unix(&name).await.is_err());
    Ok(())
}

#[seastar::test(shards = 1)]
async fn a_server_that_cannot_start_says_so_and_leaves_nothing() -> io::Result<()> {
    let listener = listen_with("127.0.0.1:0", ListenOptions::new().distribution(Distribution::Fixed(7)))?;
    let address = listener.local_address();
    let error = listener.serve_with(ServeOptions::new(), echo).await.unwrap_err();
    assert_eq!(error.to_string(), "connections for shard 7, but there are 1, from 0");
    drop(listen(address)?);
    Ok(())
}

/// More than the kernel takes for a peer that does not read.
static ENDLESS: [u8; 32 << 20] = [0; 32 << 20];

/// Leaves an answer that nobody reads, and ends.
async fn answer_and_go(stream: TcpStream) -> io::Result<()> {
    let (_input, mut output) = stream.split();
    output.write_buffer(TemporaryBuffer::from_static(&ENDLESS)).await?;
    output.flush().await
}

/// Reads until the server has closed the connection.
async fn until_closed(input: &mut InputStream) {
    while !input.read().await.map_or(true, |bytes| bytes.is_empty()) {}
}

#[seastar::test(shards = 1)]
async fn a_connection_counts_until_its_answer_is_sent() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let server =
        listener.serve_with(ServeOptions::new().connections_per_shard(1).linger(LONG), answer_and_go).await?;
    let (mut input, output) = connect(address).await?.split();
    let mut received = input.read().await?.len();
    // The handler has ended, and the peer holds the connection by not reading.
    assert_eq!(sum(server).await.open, 1);
    assert!(talk(connect(address).await?).await.is_err());
    assert_eq!(sum(server).await, ServeStatistics { accepted: 1, refused: 1, open: 1, ..Default::default() });
    // All of it is sent once it reads.
    while received < ENDLESS.len() {
        let bytes = input.read().await?;
        assert!(!bytes.is_empty(), "after {received} bytes: {:?}", sum(server).await);
        received += bytes.len();
    }
    until(async || sum(server).await.open == 0).await;
    drop((input, output));
    let (mut input, _output) = connect(address).await?.split();
    assert!(!input.read().await?.is_empty());
    assert_eq!(sum(server).await.accepted, 2);
    Ok(())
}

#[seastar::test(shards = 1)]
async fn an_answer_that_nobody_reads_lingers_only_so_long() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let options = ServeOptions::new().linger(Duration::from_millis(20));
    let server = listener.serve_with(options, answer_and_go).await?;
    let stuck = [connect(address).await?, connect(address).await?];
    until(async || sum(server).await.cut_off == 2).await;
    until(async || sum(server).await.open == 0).await;
    for client in stuck {
        until_closed(&mut client.split().0).await;
    }
    Ok(())
}

#[seastar::test(shards = 1)]
async fn an_answer_that_nobody_reads_is_idle_too() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    let options = ServeOptions::new().linger(LONG).idle_timeout(Duration::from_millis(20));
    let server = listener.serve_with(options, answer_and_go).await?;
    let stuck = connect(address).await?;
    until(async || sum(server).await.idle == 1).await;
    until(async || sum(server).await.open == 0).await;
    until_closed(&mut stuck.split().0).await;
    Ok(())
}

#[test]
fn a_server_that_stops_cuts_off_what_nobody_reads() {
    for panics in [false, true] {
        run::run(1, async move || {
            let listener = listen("127.0.0.1:0").unwrap();
            let address = listener.local_address();
            let options = ServeOptions::new().linger(LONG).grace_period(Duration::from_millis(20));
            let handler = async move |stream: TcpStream| {
                answer_and_go(stream).await.unwrap();
                assert!(!panics, "after an answer");
            };
            let server = listener.serve_with(options, handler).await.unwrap();
            let (mut input, _output) = connect(address).await.unwrap().split();
            assert!(!input.read().await.unwrap().is_empty());
            assert_eq!(sum(server).await.open, 1);
            server.stop().await;
            until_closed(&mut input).await;
        });
    }
}

#[seastar::test(shards = 1)]
async fn a_stream_that_a_handler_gave_away_counts_until_it_is_closed() -> io::Result<()> {
    let listener = listen("127.0.0.1:0")?;
    let address = listener.local_address();
    thread_local! {
        static GIVEN: RefCell<Vec<TcpStream>> = const { RefCell::new(Vec::new()) };
    }
    let give_away = async |stream: TcpStream| GIVEN.with_borrow_mut(|given| given.push(stream));
    let options = ServeOptions::new().grace_period(Duration::from_millis(20));
    let server = listener.serve_with(options, give_away).await?;
    let _clients = [connect(address).await?, connect(address).await?];
    until(async || GIVEN.with_borrow(|given| given.len() == 2)).await;
    let mut given = GIVEN.take();
    // The handlers have ended.
    sleep(Duration::from_millis(1)).await;
    assert_eq!(sum(server).await.open, 2);
    given.pop();
    until(async || sum(server).await.open == 1).await;
    given.clear();
    server.stop().await;
    Ok(())
}

#[test]
fn a_program_that_ends_stops_its_servers() {
    let address = run::run(2, async || {
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_address();
        listener.serve_with(ServeOptions::new().idle_timeout(LONG), echo).await.unwrap();
        talk(connect(address).await.unwrap()).await.unwrap();
        address
    });
    assert!(std::net::TcpStream::connect(address).is_err());
}
