//! Clients that do what they should not.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Response;
use hyper::body::{Body, Bytes, Frame};
use seastar::compat::hyper::Http;
use seastar::net::{InputStream, ServeOptions, UnixStream, connect, connect_unix, listen, listen_unix};
use seastar::{sleep, timeout, yield_now};

use super::{Raw, answer, get, nobody_is_left, start, start_with};

#[seastar::test]
async fn a_client_that_closes_its_side_gets_its_answers() {
    let (server, address) = start().await;
    let Raw { input, mut output } = Raw::connect(address).await;
    output.write(format!("{}{}", get("/slow"), get("/second"))).await.unwrap();
    output.close().await.unwrap();
    let rest = rest(input).await;
    assert!(rest.contains("\r\n\r\nat last") && rest.ends_with("\r\n\r\n/second"), "{rest}");
    nobody_is_left(server).await;
    server.stop().await;
}

#[seastar::test]
async fn a_client_that_closes_its_side_has_gone_where_that_is_asked_for() {
    let mut http = Http::new();
    http.builder().http1().half_close(false);
    let (server, address) = start_with(http, ServeOptions::new()).await;
    let Raw { input, mut output } = Raw::connect(address).await;
    output.write(get("/never")).await.unwrap();
    output.close().await.unwrap();
    assert_eq!(rest(input).await, "");
    nobody_is_left(server).await;
    server.stop().await;
}

async fn rest(input: InputStream) -> String {
    let (_, output) = UnixStream::pair().unwrap().0.split();
    Raw { input, output }.rest().await.unwrap()
}

#[seastar::test]
async fn clients_that_vanish_in_the_middle_of_a_request_harm_nobody() {
    let (server, address) = start().await;
    let mut other = Raw::connect(address).await;
    let requests = [
        "",
        "G",
        "PRI * HTTP/2.0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0",
        "GET /half HTTP/1.1\r\nhost",
        "POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\nsome of it",
        "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsome ",
        "GET /never HTTP/1.1\r\nhost: test\r\n\r\n",
    ];
    for request in requests {
        let stream = connect(address).await.unwrap();
        let control = stream.control();
        let (input, mut output) = stream.split();
        output.write(request).await.unwrap();
        output.flush().await.unwrap();
        // The server has read it.
        sleep(Duration::from_millis(10)).await;
        control.set_reset_on_close(true).unwrap();
        drop((input, output));
        assert_eq!(other.get("/other").await, "/other");
    }
    drop(other);
    nobody_is_left(server).await;
    server.stop().await;
}

#[seastar::test]
async fn a_client_that_sends_one_byte_at_a_time_is_served() {
    let (server, address) = start().await;
    let mut client = Raw::connect(address).await;
    let request = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nbytes";
    for byte in request.bytes() {
        client.send([byte]).await;
        yield_now().await;
    }
    assert_eq!(client.answer().await.1, "bytes");
    server.stop().await;
}

#[seastar::test]
async fn a_client_that_takes_too_long_for_a_head_is_sent_away() {
    let mut http = Http::new();
    http.builder().http1().header_read_timeout(Duration::from_millis(50));
    let (server, address) = start_with(http, ServeOptions::new()).await;
    let mut client = Raw::connect(address).await;
    client.send("GET / HTTP/1.1\r\nho").await;
    assert_eq!(client.rest().await.unwrap(), "");
    // Between requests, too.
    let mut client = Raw::connect(address).await;
    assert_eq!(client.get("/first").await, "/first");
    assert_eq!(client.rest().await.unwrap(), "");
    nobody_is_left(server).await;
    server.stop().await;
}

#[seastar::test]
async fn what_is_no_http_is_refused() {
    let mut http = Http::new();
    http.builder().http1().max_buf_size(8192);
    let (server, address) = start_with(http, ServeOptions::new()).await;
    let refusal = async |request: String| {
        let mut client = Raw::connect(address).await;
        client.send(request).await;
        // What the server has not read may reset the connection behind its answer.
        match client.input.read().await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => error.to_string(),
        }
    };
    let head = refusal(format!("GET / HTTP/1.1\r\nlong: {}\r\n\r\n", "x".repeat(9_000))).await;
    assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
    let many = "a: b\r\n".repeat(200);
    let head = refusal(format!("GET / HTTP/1.1\r\n{many}\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
    let head = refusal("what is this?\r\n\r\n".to_owned()).await;
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    let head = refusal("\x16\x03\x01\x02\0 a hello of TLS".to_owned()).await;
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    // By frames of HTTP/2.
    let frames = refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frame, but so long".to_owned()).await;
    assert!(!frames.contains("HTTP/1.1"), "{frames}");
    nobody_is_left(server).await;
    server.stop().await;
}

/// A body without an end, which counts how many bytes were taken.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 10_000] = [b'x'; 10_000];
        self.0.fetch_add(CHUNK.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }
}

#[seastar::test]
async fn a_client_that_never_reads_stops_its_answer_and_nobody_elses() {
    let taken = Arc::new(AtomicUsize::new(0));
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let counter = taken.clone();
    let handler = async move |_| Ok::<_, Infallible>(Response::new(Endless(counter.clone())));
    let server = Http::new().serve_with(listener, ServeOptions::new(), handler).await.unwrap();
    let mut client = Raw::connect(address).await;
    client.send(get("/")).await;
    // Until all buffers on the way are full.
    let mut before = 0;
    let mut still = 0;
    while still < 50 {
        sleep(Duration::from_millis(2)).await;
        let now = taken.load(Ordering::Relaxed);
        still = if now == before && now > 0 { still + 1 } else { 0 };
        before = now;
    }
    let mut used = 0;
    for round in 0..3 {
        let mut other = Raw::connect(address).await;
        other.send(get("/")).await;
        assert!(other.input.read_exactly(500_000).await.unwrap().starts_with(b"HTTP/1.1 200 OK\r\n"));
        drop(other);
        while server.local_statistics().unwrap().open > 1 {
            sleep(Duration::from_millis(1)).await;
        }
        let now = seastar::memory_statistics().used;
        assert!(now <= used || round == 0, "{used} bytes became {now}");
        used = now;
    }
    // It goes on when somebody reads.
    client.input.skip(before + 1_000_000).await.unwrap();
    drop(client);
    nobody_is_left(server).await;
    server.stop().await;
}

#[seastar::test]
async fn an_upload_that_the_handler_does_not_read_stops_its_client() {
    // Far less than the buffers of the shard, and more than those of the kernel.
    const MUCH: usize = 4 << 20;
    let name = format!("@seastar-upload-{}", std::process::id());
    let listener = listen_unix(&name).unwrap();
    let server = Http::new()
        .serve_with(listener, ServeOptions::new().grace_period(Duration::ZERO), answer)
        .await
        .unwrap();
    let (input, mut output) = connect_unix(&name).await.unwrap().split();
    output
        .write(&format!("POST /never HTTP/1.1\r\nhost: x\r\ncontent-length: {MUCH}\r\n\r\n"))
        .await
        .unwrap();
    let piece = [b'x'; 8192];
    let mut sent = 0;
    while timeout(Duration::from_millis(200), output.write(&piece)).await.is_ok() {
        sent += piece.len();
        assert!(sent < MUCH, "all was received, and nobody reads it");
    }
    drop((input, output));
    server.stop().await;
}

#[seastar::test]
async fn handlers_that_fail_end_their_connections_only() {
    let (server, address) = start().await;
    let mut other = Raw::connect(address).await;
    let mut client = Raw::connect(address).await;
    client.send(get("/failure")).await;
    assert_eq!(client.rest().await.unwrap(), "");
    assert_eq!(other.get("/other").await, "/other");
    server.stop().await;
}
