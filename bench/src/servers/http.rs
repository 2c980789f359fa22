//! HTTP servers by hyper, the same service on both runtimes.

use super::Server;
use crate::affinity::SERVER_CPU;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

pub const SERVERS: &[Server] = &[
    Server { name: "seastar", serve: |_| serve_on_seastar() },
    Server { name: "tokio", serve: |_| super::tokio::on_current_thread(as_ours) },
    Server { name: "tokio-http1", serve: |_| super::tokio::on_current_thread(http1_alone) },
];

/// What every request is answered with.
pub const BODY: &str = "Hello, world!\n";
/// As in `seastar::compat::hyper`.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from(BODY)))
}

fn serve_on_seastar() -> io::Result<()> {
    let options = seastar::Options::new().shards(1).cpuset(SERVER_CPU.to_string());
    seastar::run(options, async || {
        let listener = seastar::net::listen("127.0.0.1:0")?;
        super::announce(listener.local_address().port())?;
        seastar::compat::hyper::serve(listener, answer).await
    })
    .map_err(io::Error::other)?
}

/// With the options that ours has.
async fn as_ours(stream: TcpStream) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).half_close(true);
    builder.http2().timer(TokioTimer::new());
    // A connection that fails shows in the load.
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

/// Without HTTP/2 and without a limit to the time that a head may take: the least that hyper does.
async fn http1_alone(stream: TcpStream) {
    let builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}
