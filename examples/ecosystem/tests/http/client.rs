//! Clients whose server does what it should not.

use std::io;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use seastar::compat::hyper::Executor;
use seastar::net::{TcpListener, TcpStream, connect, listen};

fn request() -> Request<Empty<Bytes>> {
    Request::get("/").header("host", "test").body(Empty::new()).unwrap()
}

/// A server that answers one client with `bytes`, and closes the connection.
fn server(bytes: &'static [u8]) -> (TcpListener, impl AsyncFnOnce(TcpListener) -> io::Result<()>) {
    let listener = listen("127.0.0.1:0").unwrap();
    let serve = async move |listener: TcpListener| {
        let (mut input, mut output) = listener.accept().await?.0.split();
        input.read().await?;
        output.write(bytes).await?;
        output.close().await
    };
    (listener, serve)
}

async fn ask(bytes: &'static [u8]) -> hyper::Result<Bytes> {
    let (listener, serve) = server(bytes);
    let stream: TcpStream = connect(listener.local_address()).await.unwrap();
    let serving = seastar::spawn(serve(listener));
    let (mut sender, connection) = http1::handshake(stream).await?;
    let connection = seastar::spawn(connection);
    let response = sender.send_request(request()).await;
    let body = match response {
        Ok(response) => response.into_body().collect().await.map(|body| body.to_bytes()),
        Err(error) => Err(error),
    };
    drop(sender);
    serving.await.unwrap().unwrap();
    // What is wrong is told to who asked.
    let _ = connection.await.unwrap();
    body
}

#[seastar::test]
async fn a_client_is_told_what_its_server_did_wrong() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(ask(answer).await.unwrap(), "hello");
    let cut = ask(&answer[..answer.len() - 2]).await.unwrap_err();
    assert_eq!(cut.to_string(), "error reading a body from connection");
    assert!(ask(b"").await.unwrap_err().is_incomplete_message());
    assert!(ask(&answer[..20]).await.unwrap_err().is_incomplete_message());
    assert!(ask(b"SSH-2.0-OpenSSH\r\n").await.unwrap_err().is_parse());
}

#[seastar::test]
async fn http_2_to_a_server_that_speaks_something_else_is_an_error() {
    let (listener, serve) = server(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let stream = connect(listener.local_address()).await.unwrap();
    let serving = seastar::spawn(serve(listener));
    let (mut sender, connection) = http2::handshake(Executor::new(), stream).await.unwrap();
    let connection = seastar::spawn(connection);
    let asked = sender.send_request(request()).await;
    assert!(asked.is_err());
    assert!(connection.await.unwrap().is_err());
    serving.await.unwrap().unwrap();
}
