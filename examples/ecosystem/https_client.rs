//! An HTTPS client: looks the host up, connects, shakes hands, and asks for a page in the version of HTTP that the server likes best.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use seastar::clap;
use seastar::compat::hyper::{Executor, Timer};
use seastar::dns::connect_host;
use seastar::net::TcpStream;
use seastar::sync::Limit;
use seastar::tls::{ClientOptions, Roots, TlsConnector, TlsStream};

#[derive(clap::Args)]
struct Args {
    /// File with certificates of authorities, in the form PEM, instead of those that the system trusts
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Port of the server
    #[arg(long, default_value_t = 443)]
    port: u16,
    /// Name of the server
    host: String,
    /// Path of the page
    #[arg(default_value = "/")]
    page: String,
}

// ANCHOR: main
/// How long connecting, and shaking hands, may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Prints a page of an HTTPS server.
#[seastar::main(shards = 1)]
async fn main(args: Args) -> Result<(), Box<dyn Error>> {
    let mut options = ClientOptions::new().alpn(["h2", "http/1.1"]);
    if let Some(ca) = args.ca {
        options = options.roots(Roots::from_pem_file(ca)?);
    }
    let connector = TlsConnector::new(options)?;
    let stream = connect_host(&args.host, args.port).within(LIMIT).await?;
    let stream = connector.connect(&args.host, stream).within(LIMIT).await?;

    let mut response = ask(stream, &args.host, &args.page).await?;
    println!("{}, {:?}", response.status(), response.version());
    while let Some(frame) = response.frame().await {
        if let Ok(data) = frame?.into_data() {
            seastar::blocking_ok!(io::stdout().write_all(&data)?);
        }
    }
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: ask
/// One request over a connection of its own. A fiber does the reading and writing.
async fn ask(
    stream: TlsStream<TcpStream>,
    host: &str,
    page: &str,
) -> Result<Response<Incoming>, Box<dyn Error>> {
    let is_http2 = stream.alpn_protocol().as_deref() == Some(b"h2");
    let request = Request::get(if is_http2 { format!("https://{host}{page}") } else { page.to_string() });
    let request = request.header("host", host).body(Empty::<Bytes>::new())?;
    if is_http2 {
        let (mut sender, connection) =
            http2::Builder::new(Executor::new()).timer(Timer).handshake(stream).await?;
        seastar::spawn(connection).detach();
        Ok(sender.send_request(request).await?)
    } else {
        let (mut sender, connection) = http1::handshake(stream).await?;
        seastar::spawn(connection).detach();
        Ok(sender.send_request(request).await?)
    }
}
// ANCHOR_END: ask
