//! Echo on tokio, on its current-thread runtime and on its multi-thread runtime with one worker.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Serves on the thread that calls.
pub fn serve_current_thread(buffer_bytes: usize) -> io::Result<()> {
    on_current_thread(move |stream| echo(stream, buffer_bytes))
}

/// Serves on one worker thread; accepts there too.
pub fn serve_multi_thread(buffer_bytes: usize) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async { tokio::spawn(accept(move |stream| echo(stream, buffer_bytes))).await? })
}

/// Serves each connection by a task, on the thread that calls.
pub fn on_current_thread<F>(connection: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output: Send> + Send + 'static,
{
    Builder::new_current_thread().enable_all().build()?.block_on(accept(connection))
}

async fn accept<F>(connection: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = super::listen()?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream));
    }
}

async fn echo(mut stream: TcpStream, buffer_bytes: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer_bytes];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
