//! How connections end: half-close, shutdown, drop.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use seastar::{sleep, spawn};

use super::{pair, pipe, read_to_end};

#[seastar::test]
async fn the_other_direction_stays_open_after_a_close() {
    let (client, server) = pair().await;
    let (mut client_input, client_output) = client.split();
    let (mut server_input, mut server_output) = server.split();
    client_output.close().await.unwrap();
    assert!(server_input.read().await.unwrap().is_empty());
    server_output.write(b"still here").await.unwrap();
    server_output.close().await.unwrap();
    assert_eq!(read_to_end(&mut client_input).await.unwrap(), b"still here");
}

// NET-8
#[seastar::test]
async fn shutting_down_input_ends_a_read_that_waits() {
    let (client, _server) = pair().await;
    let control = client.control();
    let (mut input, _output) = client.split();
    let reader = spawn(async move { input.read().await });
    sleep(Duration::from_millis(5)).await;
    assert!(!reader.is_finished());
    control.shutdown(Shutdown::Read);
    assert!(reader.await.unwrap().unwrap().is_empty());
}

// NET-8
#[seastar::test]
async fn shutting_down_output_fails_a_write_that_waits() {
    let (client, _server) = pair().await;
    let control = client.control();
    let (_input, mut output) = client.split();
    let writer = spawn(async move { output.write(vec![0; 64 << 20]).await });
    sleep(Duration::from_millis(20)).await;
    assert!(!writer.is_finished());
    control.shutdown(Shutdown::Both);
    assert_eq!(writer.await.unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[seastar::test]
async fn dropping_a_connection_closes_it() {
    let (client, server) = pair().await;
    let control = client.control();
    drop(client);
    let (mut input, _output) = server.split();
    assert!(input.read().await.unwrap().is_empty());
    assert_eq!(control.peer_address().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(control.local_address().unwrap_err().kind(), ErrorKind::NotConnected);
    control.shutdown(Shutdown::Both);
}

#[seastar::test]
async fn dropping_one_direction_keeps_the_other() {
    let (client, server) = pair().await;
    let (client_input, mut client_output) = client.split();
    let (mut server_input, server_output) = server.split();
    drop((client_input, server_output));
    client_output.write(b"one way").await.unwrap();
    client_output.close().await.unwrap();
    assert_eq!(read_to_end(&mut server_input).await.unwrap(), b"one way");
}

#[seastar::test]
async fn dropping_the_reader_loses_no_answer() {
    let (mut output, mut input, back) = pipe().await;
    let (mut answer, mut reply) = back;
    output.write(b"request").await.unwrap();
    output.flush().await.unwrap();
    assert_eq!(&*input.read().await.unwrap(), b"request");
    drop(input);
    let closing = spawn(async move {
        reply.write(vec![5; 1 << 20]).await?;
        reply.close().await
    });
    assert_eq!(read_to_end(&mut answer).await.unwrap().len(), 1 << 20);
    closing.await.unwrap().unwrap();
}
