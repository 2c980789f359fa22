//! Echo on Seastar for Rust.

use crate::affinity::SERVER_CPU;
use seastar::net::TcpStream;
use std::io;

/// Serves on one shard, by io_uring or epoll.
pub fn serve(backend: &'static str) -> io::Result<()> {
    let options = seastar::Options::new().shards(1).cpuset(SERVER_CPU.to_string()).reactor_backend(backend);
    seastar::run(options, async || {
        let listener = seastar::net::listen("127.0.0.1:0")?;
        super::announce(listener.local_address().port())?;
        listener.serve(echo).await
    })
    .map_err(io::Error::other)?
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return output.close().await;
        }
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}
