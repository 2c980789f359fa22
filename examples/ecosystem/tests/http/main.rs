//! HTTP by hyper on our streams, fibers and timers: what servers and clients promise, whatever the other end does.

// No shard runs what is in threads here.
#![allow(clippy::disallowed_methods)]

mod client;
mod on_shard;
mod peers;
mod protocols;
mod stopping;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use seastar::compat::hyper::{Http, HttpServer};
use seastar::net::{InputStream, OutputStream, ServeOptions, connect, listen};
use seastar::sleep;

type Answer = Result<Response<Either<Full<Bytes>, Incoming>>, io::Error>;

fn text(text: impl Into<Bytes>) -> Answer {
    Ok(Response::new(Either::Left(Full::new(text.into()))))
}

/// What the servers of these tests answer.
async fn answer(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/echo" => Ok(Response::new(Either::Right(request.into_body()))),
        "/length" => match request.into_body().collect().await {
            Ok(body) => text(body.to_bytes().len().to_string()),
            Err(error) => Err(io::Error::other(error)),
        },
        "/slow" => {
            sleep(Duration::from_millis(100)).await;
            text("at last")
        }
        "/never" => std::future::pending().await,
        "/failure" => Err(io::Error::other("a handler's own failure, which is expected")),
        path => text(path.to_owned()),
    }
}

async fn start() -> (HttpServer, SocketAddr) {
    start_with(Http::new(), ServeOptions::new()).await
}

async fn start_with(http: Http, options: ServeOptions) -> (HttpServer, SocketAddr) {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    (http.serve_with(listener, options, answer).await.unwrap(), address)
}

/// A client that writes and reads by hand.
struct Raw {
    input: InputStream,
    output: OutputStream,
}

impl Raw {
    async fn connect(address: SocketAddr) -> Raw {
        let (input, output) = connect(address).await.unwrap().split();
        Raw { input, output }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.output.write(bytes).await.unwrap();
        self.output.flush().await.unwrap();
    }

    /// An answer whose length its head tells.
    async fn answer(&mut self) -> (String, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let line = self.input.read_until(b'\n', 10_000).await.unwrap();
            assert!(!line.is_empty(), "the connection ended after {head:?}");
            head.push_str(std::str::from_utf8(&line).unwrap());
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let body = self.input.read_exactly(length.map_or(0, |length| length.parse().unwrap())).await.unwrap();
        (head, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&mut self, path: &str) -> String {
        self.send(get(path)).await;
        self.answer().await.1
    }

    /// Until the server closes the connection.
    async fn rest(&mut self) -> io::Result<String> {
        let mut rest = Vec::new();
        loop {
            match self.input.read().await? {
                bytes if bytes.is_empty() => return Ok(String::from_utf8(rest).unwrap()),
                bytes => rest.extend_from_slice(&bytes),
            }
        }
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

async fn until(condition: impl AsyncFn() -> bool) {
    while !condition().await {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn nobody_is_left(server: HttpServer) {
    until(async || server.statistics().await.unwrap().iter().all(|shard| shard.open == 0)).await;
}
