//! Our streams by the traits of others: what reads, writes and closes promise, over TCP and Unix domain sockets.

#[path = "../../../runtime/tests/support/authority.rs"]
mod authority;
#[path = "../../../runtime/tests/support/counting.rs"]
mod counting;

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use authority::Authority;
use seastar::net::{InputStream, OutputStream, TcpStream, UnixStream, connect, listen};
use seastar::tls::{ClientOptions, ServerOptions, TlsAcceptor, TlsConnector, TlsStream};
use seastar::{sleep, spawn, timeout, yield_now};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MIB: usize = 1 << 20;

/// Two ends of one connection, both on this shard.
async fn tcp() -> (TcpStream, TcpStream) {
    let listener = listen("127.0.0.1:0").unwrap();
    let client = connect(listener.local_address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Each end sends to the other, however much its reads take at a time, and ends its direction on its own.
async fn talks_both_ways<R, W>(
    (mut client_in, mut client_out): (R, W),
    (mut server_in, mut server_out): (R, W),
) where
    R: AsyncRead + Unpin + 'static,
    W: AsyncWrite + Unpin + 'static,
{
    let sent = noise(MIB);
    let expected = sent.clone();
    let writer = spawn(async move {
        for chunk in sent.chunks(10_000) {
            client_out.write_all(chunk).await?;
        }
        client_out.shutdown().await
    });
    let (mut read, mut room) = (Vec::new(), vec![0; 20_000]);
    for size in [1, 7, 100, 8_191, 8_192, 20_000].into_iter().cycle() {
        match server_in.read(&mut room[..size]).await.unwrap() {
            0 => break,
            count => read.extend_from_slice(&room[..count]),
        }
    }
    writer.await.unwrap().unwrap();
    assert!(read == expected, "{} bytes came", read.len());
    // The other direction is still open.
    server_out.write_all(b"the answer").await.unwrap();
    server_out.shutdown().await.unwrap();
    let mut answer = String::new();
    client_in.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "the answer");
}

#[seastar::test]
async fn halves_of_both_kinds_talk_both_ways() {
    let (client, server) = tcp().await;
    talks_both_ways(client.split(), server.split()).await;
    let (client, server) = UnixStream::pair().unwrap();
    talks_both_ways(client.split(), server.split()).await;
}

#[seastar::test]
async fn whole_streams_of_both_kinds_talk_both_ways() {
    let (client, server) = tcp().await;
    talks_both_ways(tokio::io::split(client), tokio::io::split(server)).await;
    let (client, server) = UnixStream::pair().unwrap();
    talks_both_ways(tokio::io::split(client), tokio::io::split(server)).await;
}

#[seastar::test]
async fn the_traits_of_futures_io_do_the_same() {
    use futures::io::{AsyncReadExt, AsyncWriteExt};
    let (mut client, server) = tcp().await;
    let (mut server_in, mut server_out) = server.split();
    let sent = noise(MIB);
    let expected = sent.clone();
    let client = spawn(async move {
        AsyncWriteExt::write_all(&mut client, &sent).await?;
        AsyncWriteExt::close(&mut client).await?;
        let mut answer = String::new();
        AsyncReadExt::read_to_string(&mut client, &mut answer).await.map(|_| answer)
    });
    let mut read = Vec::new();
    AsyncReadExt::read_to_end(&mut server_in, &mut read).await.unwrap();
    assert!(read == expected, "{} bytes came", read.len());
    let slices = [IoSlice::new(b"the"), IoSlice::new(b""), IoSlice::new(b" answer")];
    assert_eq!(AsyncWriteExt::write_vectored(&mut server_out, &slices).await.unwrap(), 10);
    AsyncWriteExt::flush(&mut server_out).await.unwrap();
    AsyncWriteExt::close(&mut server_out).await.unwrap();
    assert_eq!(client.await.unwrap().unwrap(), "the answer");
}

#[seastar::test]
async fn reads_leave_what_does_not_fit_to_whoever_reads_next() {
    let (mut client, mut server) = tcp().await;
    client.write_all(b"one two three four five").await.unwrap();
    client.shutdown().await.unwrap();
    let mut room = [0; 4];
    server.read_exact(&mut room).await.unwrap();
    assert_eq!(&room, b"one ");
    assert_eq!(server.read(&mut []).await.unwrap(), 0);
    // The rest goes with the half, ...
    let (mut input, _output) = server.split();
    assert_eq!(&*input.read_exactly(4).await.unwrap(), b"two ");
    // ... of which some is kept, behind a read that returns a view.
    input.read_exact(&mut room).await.unwrap();
    assert_eq!(&room, b"thre");
    assert_eq!(&*input.read_until(b' ', 100).await.unwrap(), b"e ");
    assert_eq!(input.read_into(&mut room).await.unwrap(), 4);
    assert_eq!(&room, b"four");
    assert_eq!(&*input.read().await.unwrap(), b" five");
    assert_eq!(input.read_into(&mut room).await.unwrap(), 0);
}

#[seastar::test]
async fn a_read_that_is_dropped_loses_nothing() {
    let (mut client, mut server) = tcp().await;
    let mut room = [0; 10];
    for round in 0..3u8 {
        assert!(timeout(Duration::from_millis(1), server.read(&mut room)).await.is_err());
        client.write_all(&[round; 10]).await.unwrap();
        server.read_exact(&mut room).await.unwrap();
        assert_eq!(room, [round; 10]);
    }
}

#[seastar::test]
async fn what_is_written_is_sent_without_a_flush_and_in_one_piece() {
    let (mut client, server) = tcp().await;
    let (mut input, _output) = server.split();
    client.write_all(b"one, ").await.unwrap();
    client.write_all(b"two, ").await.unwrap();
    let slices = [IoSlice::new(b"three, "), IoSlice::new(b"four")];
    assert!(client.is_write_vectored());
    assert_eq!(client.write_vectored(&slices).await.unwrap(), 11);
    assert_eq!(&*input.read().await.unwrap(), b"one, two, three, four");
}

/// Writes until it has to wait, and returns how much was taken.
fn fill<W: AsyncWrite + Unpin>(mut stream: W, bytes: &[u8]) -> usize {
    let mut taken = 0;
    let context = &mut Context::from_waker(Waker::noop());
    while let Poll::Ready(written) = Pin::new(&mut stream).poll_write(context, bytes) {
        taken += written.unwrap();
    }
    taken
}

#[seastar::test]
async fn a_writer_whose_peer_does_not_read_has_to_wait() {
    let (mut client, mut server) = tcp().await;
    client.control().set_send_buffer_size(64 << 10).unwrap();
    let bytes = noise(1000);
    // No turn has ended: one buffer is on its way, and one is full.
    let mut taken = fill(&mut client, &bytes);
    assert!((8_000..20_000).contains(&taken), "{taken}");
    // Then the kernel takes what it has room for, and after that nobody does.
    let mut last = 0;
    while taken != last {
        last = taken;
        for _ in 0..50 {
            sleep(Duration::from_millis(1)).await;
            taken += fill(&mut client, &bytes);
        }
    }
    let used = seastar::memory_statistics().used;
    for _ in 0..10 {
        assert_eq!(fill(&mut client, &bytes), 0);
        yield_now().await;
    }
    assert_eq!(seastar::memory_statistics().used, used);
    // A close waits too, and is over when the peer has read.
    let closing = spawn(async move { client.shutdown().await.map(|()| client) });
    sleep(Duration::from_millis(5)).await;
    assert!(!closing.is_finished());
    let mut read = Vec::new();
    server.read_to_end(&mut read).await.unwrap();
    assert_eq!(read.len(), taken);
    closing.await.unwrap().unwrap();
}

/// Two ends of one connection over TLS, with little room on the way.
async fn tls() -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::new([authority.issue(&["server.test"])], ServerOptions::new()).unwrap();
    let connector = TlsConnector::new(ClientOptions::new().roots(authority.roots())).unwrap();
    let (client, server) = tcp().await;
    client.control().set_send_buffer_size(64 << 10).unwrap();
    let accepting = spawn(async move { acceptor.accept(server).await.map_err(|error| error.to_string()) });
    let client = connector.connect("server.test", client).await.unwrap();
    (client, accepting.await.unwrap().unwrap())
}

#[seastar::test]
async fn over_tls_what_was_taken_arrives_while_its_writer_only_reads() {
    const CHUNK: usize = 16 << 10;
    let (mut client, mut server) = tls().await;
    let sent = noise(2 * MIB);
    let bytes = sent.clone();
    let talk = async {
        let client = spawn(async move {
            // Nothing is flushed, and the peer reads more slowly than this writes.
            client.write_all(&bytes).await?;
            let mut answer = [0; 4];
            client.read_exact(&mut answer).await.map(|_| answer)
        });
        let mut read = vec![0; sent.len()];
        for piece in read.chunks_mut(CHUNK) {
            sleep(Duration::from_millis(1)).await;
            server.read_exact(piece).await.unwrap();
        }
        assert!(read == sent, "others came");
        server.write_all(b"done").await.unwrap();
        assert_eq!(&client.await.unwrap().unwrap(), b"done");
    };
    assert!(timeout(Duration::from_secs(60), talk).await.is_ok(), "not all of it arrives");
}

#[seastar::test]
async fn over_tls_what_was_taken_arrives_though_its_writer_gave_up() {
    const CHUNK: usize = 10_000;
    let (mut client, mut server) = tls().await;
    let sent = noise(32 * MIB);
    let mut taken = 0;
    // Until there is no room; then it is left at that.
    poll_fn(|context| {
        while let Poll::Ready(count) = Pin::new(&mut client).poll_write(context, &sent[taken..][..CHUNK]) {
            taken += count.unwrap();
        }
        Poll::Ready(())
    })
    .await;
    let peer = spawn(async move {
        let mut read = vec![0; taken];
        server.read_exact(&mut read).await.unwrap();
        server.write_all(b"done").await.unwrap();
        read
    });
    let mut answer = [0; 4];
    let answered = timeout(Duration::from_secs(60), client.read_exact(&mut answer)).await;
    assert!(answered.is_ok_and(|read| read.is_ok()), "not all of {taken} bytes arrive");
    assert!(peer.await.unwrap() == sent[..taken], "others came");
}

#[seastar::test]
async fn a_peer_that_resets_is_an_error_of_reads_and_writes() {
    let (mut client, mut server) = tcp().await;
    client.write_all(b"half a requ").await.unwrap();
    let mut room = [0; 5];
    server.read_exact(&mut room).await.unwrap();
    client.control().set_reset_on_close(true).unwrap();
    drop(client);
    let mut rest = Vec::new();
    let error = server.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    // After the failure, the end.
    assert_eq!(server.read(&mut room).await.unwrap(), 0);
    let error = loop {
        // The first one may be on its way before the kernel tells.
        match server.write_all(b"answer").await {
            Ok(()) => sleep(Duration::from_millis(1)).await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    assert!(server.flush().await.is_err() && server.shutdown().await.is_err());
}

#[seastar::test]
async fn a_stream_that_was_closed_takes_no_more() {
    let (mut client, _server) = tcp().await;
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    let error = loop {
        match client.write_all(b"more").await {
            Ok(()) => yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[seastar::test]
async fn dropped_halves_send_what_was_written() {
    let (client, mut server) = tcp().await;
    let (input, mut output): (InputStream, OutputStream) = client.split();
    output.write(&[7; 100]).await.unwrap();
    // Never polled, it has written nothing.
    drop(Box::pin(AsyncWriteExt::write_all(&mut output, &[8; 100])));
    AsyncWriteExt::write_all(&mut output, &[9; 100]).await.unwrap();
    drop((input, output));
    let mut read = Vec::new();
    server.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, [[7; 100], [9; 100]].concat());
}

#[seastar::test]
async fn requests_allocate_nothing_once_they_are_warm() {
    async fn rounds(mut stream: impl AsyncRead + AsyncWrite + Unpin, count: usize) -> io::Result<()> {
        let mut room = [0; 3_000];
        for _ in 0..count {
            stream.read_exact(&mut room).await?;
            let slices = [IoSlice::new(&room[..1_000]), IoSlice::new(&room[1_000..])];
            assert_eq!(stream.write_vectored(&slices).await?, room.len());
            stream.flush().await?;
        }
        Ok(())
    }
    let (mut client, server) = tcp().await;
    let server = spawn(rounds(server, 400));
    let mut room = [7; 3_000];
    let mut counts = Vec::with_capacity(400);
    for _ in 0..400 {
        client.write_all(&room).await.unwrap();
        client.read_exact(&mut room).await.unwrap();
        counts.push(counting::allocations());
    }
    server.await.unwrap().unwrap();
    assert_eq!(counts[399] - counts[100], 0);
}
