//! Echo on compio, tuned as far as its interface goes: multishot accept, multishot receive into its buffer pool, and the
//! set-up flags of the floor, which are all off by default.

use compio::driver::ProactorBuilder;
use compio::io::{AsyncReadMulti, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::RuntimeBuilder;
use futures_util::StreamExt;
use std::io;
use std::num::NonZero;

const BUFFERS: NonZero<u16> = NonZero::new(1024).unwrap();
const BUFFER_BYTES: usize = 8192;

/// Serves on the thread that calls.
pub fn serve() -> io::Result<()> {
    let mut driver = ProactorBuilder::new();
    driver.capacity(2048).single_issuer(true).coop_taskrun(true).defer_taskrun(true).taskrun_flag(true);
    driver.buffer_pool_size(BUFFERS).buffer_pool_buffer_len(BUFFER_BYTES);
    RuntimeBuilder::new().with_proactor(driver).build()?.block_on(accept())
}

async fn accept() -> io::Result<()> {
    let listener = TcpListener::from_std(super::listen()?)?;
    let mut incoming = listener.incoming();
    while let Some(stream) = incoming.next().await {
        let stream = stream?;
        stream.set_nodelay(true)?;
        compio::runtime::spawn(echo(stream)).detach();
    }
    Ok(())
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut writer = stream.clone();
    // Zero asks for as much as a buffer of the pool holds.
    let mut received = std::pin::pin!(stream.read_multi(0));
    while let Some(buffer) = received.next().await {
        writer.write_all(buffer?).await.0?;
    }
    Ok(())
}
