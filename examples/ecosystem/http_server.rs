//! An HTTP server on every shard, by hyper: HTTP/1.1 and HTTP/2, and an end in order.

use std::io;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use seastar::clap;
use seastar::compat::hyper::serve;
use seastar::net::listen;

#[derive(clap::Args)]
struct Args {
    /// Port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

// ANCHOR: main
/// Answers HTTP on every shard.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    let port = listener.local_address().port();
    println!("Listening on port {port} for HTTP. Try: curl http://127.0.0.1:{port}/");
    serve(listener, answer).await
}
// ANCHOR_END: main

// ANCHOR: answer
/// Text, or what the client has sent.
type Body = Either<Full<Bytes>, Incoming>;

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::http::Error> {
    let body = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => Either::Left(Full::from("Seastar is the future!\n")),
        (&Method::GET, "/slow") => {
            seastar::sleep(Duration::from_secs(1)).await;
            Either::Left(Full::from("That took a second.\n"))
        }
        (&Method::POST, "/echo") => Either::Right(request.into_body()),
        _ => {
            let body = Either::Left(Full::from("There is no such page.\n"));
            return Response::builder().status(StatusCode::NOT_FOUND).body(body);
        }
    };
    Ok(Response::new(body))
}
// ANCHOR_END: answer
