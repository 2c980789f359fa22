//! A memcached server on every core.

use std::io;

use memcached::server::{Args, serve};

/// A memcached server on every core.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    serve(args).await
}
