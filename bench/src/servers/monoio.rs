//! Echo on monoio's io_uring driver.

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::{IoUringDriver, RuntimeBuilder};
use std::io;

/// Serves on the thread that calls.
pub fn serve(buffer_bytes: usize) -> io::Result<()> {
    RuntimeBuilder::<IoUringDriver>::new().build()?.block_on(accept(buffer_bytes))
}

async fn accept(buffer_bytes: usize) -> io::Result<()> {
    let listener = TcpListener::from_std(super::listen()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        monoio::spawn(echo(stream, buffer_bytes));
    }
}

async fn echo(mut stream: TcpStream, buffer_bytes: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(buffer_bytes);
    loop {
        let (count, filled) = stream.read(buffer).await;
        if count? == 0 {
            return Ok(());
        }
        let (written, sent) = stream.write_all(filled).await;
        written?;
        buffer = sent;
        buffer.clear();
    }
}
