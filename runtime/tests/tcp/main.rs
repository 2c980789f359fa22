//! TCP as programs use it. Ids are those of the project's semantics: IN, OUT and NET.

#[path = "../support/guard.rs"]
mod guard;
#[path = "../support/random.rs"]
mod random;

mod closing;
mod distribution;
mod foreign;
mod input;
mod listening;
mod outliving;
mod output;
mod peers;
mod proxy;

use std::io;

use seastar::net::{InputStream, OutputStream, TcpStream, connect, listen};

/// Two ends of one connection, both on this shard.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = listen("127.0.0.1:0").unwrap();
    let client = connect(listener.local_address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
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
