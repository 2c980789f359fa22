//! Echo on glommio.

use futures_util::{AsyncReadExt, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutorBuilder, Placement};
use std::io;

/// Serves on the thread that calls.
pub fn serve(buffer_bytes: usize) -> io::Result<()> {
    LocalExecutorBuilder::new(Placement::Unbound).make()?.run(accept(buffer_bytes))
}

async fn accept(buffer_bytes: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    super::announce(listener.local_addr()?.port())?;
    loop {
        let stream = listener.accept().await?;
        stream.set_nodelay(true)?;
        glommio::spawn_local(echo(stream, buffer_bytes)).detach();
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
