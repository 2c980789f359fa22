//! A memcached server on every core.

use std::io;

use memcached::server::{Args, Server};

/// A memcached server on every core.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let server = Server::start(&args).await?;
    server.announce();
    server.serve().await
}
