//! A memcached server on every core.

use std::io;

use seastar::clap;
use seastar::net::listen;

#[derive(clap::Args)]
struct Args {
    /// TCP port to listen on; 0 lets the system choose
    #[arg(long, default_value_t = 11211)]
    port: u16,
}

/// A memcached server on every core.
#[seastar::main]
async fn main(args: Args) -> io::Result<()> {
    let listener = listen(args.port)?;
    println!("Listening on port {}", listener.local_address().port());
    listener
        .serve(async |stream| {
            let (_input, mut output) = stream.split();
            output.write(b"SERVER_ERROR nothing is stored here\r\n").await?;
            output.close().await
        })
        .await
}
