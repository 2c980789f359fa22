//! An HTTP client, by hyper: asks for pages over one connection, and prints them.

use std::error::Error;
use std::io::{self, Write};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use seastar::clap;
use seastar::compat::hyper::{Executor, Timer};
use seastar::net::{TcpStream, connect};

#[derive(clap::Args)]
struct Args {
    /// Speak HTTP/2 from the first byte on
    #[arg(long)]
    http2: bool,
    /// Address and port of the server
    server: String,
    /// Paths of the pages
    #[arg(default_value = "/")]
    pages: Vec<String>,
}

// ANCHOR: main
/// Prints pages of an HTTP server.
#[seastar::main(shards = 1)]
async fn main(args: Args) -> Result<(), Box<dyn Error>> {
    let stream = connect(&*args.server).await?;
    let mut sender = Sender::over(stream, args.http2).await?;
    for page in args.pages {
        let request = Request::get(&page).header("host", &args.server).body(Empty::new())?;
        let mut response = sender.send(request).await?;
        println!("{page}: {}, {:?}", response.status(), response.version());
        while let Some(frame) = response.frame().await {
            if let Ok(data) = frame?.into_data() {
                seastar::blocking_ok!(io::stdout().write_all(&data)?);
            }
        }
    }
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: sender
enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Sender {
    /// Begins to speak HTTP. A fiber does the reading and writing.
    async fn over(stream: TcpStream, http2: bool) -> hyper::Result<Sender> {
        if http2 {
            let (sender, connection) =
                http2::Builder::new(Executor::new()).timer(Timer).handshake(stream).await?;
            seastar::spawn(connection).detach();
            Ok(Sender::Http2(sender))
        } else {
            let (sender, connection) = http1::handshake(stream).await?;
            seastar::spawn(connection).detach();
            Ok(Sender::Http1(sender))
        }
    }

    async fn send(&mut self, request: Request<Empty<Bytes>>) -> hyper::Result<Response<Incoming>> {
        match self {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}
// ANCHOR_END: sender
