//! Unix domain sockets as programs use them.

#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/random.rs"]
mod random;

// What is promised of both directions is the same as for TCP.
#[path = "../tcp/closing.rs"]
mod closing;
#[path = "../tcp/input.rs"]
mod input;
#[path = "../tcp/output.rs"]
mod output;

mod datagrams;
mod files;
mod listening;
mod peers;
mod serving;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use seastar::net::{InputStream, OutputStream, UnixStream, connect_unix, listen_unix};

/// A path at which nothing is.
fn path() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("seastar-{}-{}.socket", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    assert!(!path.exists());
    path
}

/// Two ends of one connection, both on this shard.
async fn pair() -> (UnixStream, UnixStream) {
    let listener = listen_unix(path()).unwrap();
    let client = connect_unix(listener.local_address()).await.unwrap();
    let server = listener.accept().await.unwrap();
    (client, server)
}

/// One direction of a connection; the other one stays open as long as both are held.
async fn pipe() -> (OutputStream, InputStream, (InputStream, OutputStream)) {
    let (client, server) = pair().await;
    let (back_input, output) = client.split();
    let (input, back_output) = server.split();
    (output, input, (back_input, back_output))
}

/// Everything up to the end of the stream.
async fn read_to_end(input: &mut InputStream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&bytes);
    }
}
