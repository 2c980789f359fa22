//! Echo on kimojio.

use kimojio::operations;
use std::io;
use std::os::fd::OwnedFd;

/// Serves on the thread that calls.
pub fn serve(buffer_bytes: usize) -> io::Result<()> {
    match kimojio::run(0, accept(buffer_bytes)) {
        Some(Ok(result)) => result,
        Some(Err(_)) => Err(io::Error::other("the kimojio server panicked")),
        None => Err(io::Error::other("the kimojio server was shut down")),
    }
}

async fn accept(buffer_bytes: usize) -> io::Result<()> {
    let listener = OwnedFd::from(super::listen()?);
    loop {
        let stream = operations::accept(&listener).await?;
        operations::spawn_task(echo(stream, buffer_bytes));
    }
}

async fn echo(stream: OwnedFd, buffer_bytes: usize) -> io::Result<()> {
    let mut buffer = vec![0; buffer_bytes];
    loop {
        let count = operations::read(&stream, &mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let mut sent = 0;
        while sent < count {
            sent += operations::write(&stream, &buffer[sent..count]).await?;
        }
    }
}
