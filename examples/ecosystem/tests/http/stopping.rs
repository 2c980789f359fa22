//! Servers that stop while requests are on their way.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use seastar::compat::hyper::{Executor, Http};
use seastar::net::{ServeOptions, connect};
use seastar::{sleep, spawn};

use super::{Raw, get, start, start_with};

const LONG: Duration = Duration::from_secs(3600);

#[seastar::test(shards = 2)]
async fn a_stopped_server_answers_what_came_and_closes_what_is_idle() {
    // Nobody waits for the grace period.
    let (server, address) = start_with(Http::new(), ServeOptions::new().grace_period(LONG)).await;
    let mut silent = Raw::connect(address).await;
    let mut idle = Raw::connect(address).await;
    assert_eq!(idle.get("/before").await, "/before");
    let mut busy = Raw::connect(address).await;
    busy.send(get("/slow")).await;
    let mut sending = Raw::connect(address).await;
    sending.send("POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nfive ").await;
    while server.statistics().await.unwrap().iter().map(|shard| shard.accepted).sum::<u64>() < 4 {
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_millis(10)).await;
    let stopping = spawn(server.stop());
    assert_eq!(idle.rest().await.unwrap(), "");
    assert_eq!(silent.rest().await.unwrap(), "");
    let (head, body) = busy.answer().await;
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert_eq!((&*body, &*busy.rest().await.unwrap()), ("at last", ""));
    assert!(!stopping.is_finished());
    sending.send("more.").await;
    assert_eq!(sending.answer().await.1, "10");
    stopping.await.unwrap();
    assert!(connect(address).await.is_err());
}

#[seastar::test]
async fn a_stopped_server_answers_http_2_requests_that_came() {
    let (server, address) = start_with(Http::new(), ServeOptions::new().grace_period(LONG)).await;
    let stream = connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(Executor::new(), stream).await.unwrap();
    let connection = spawn(connection);
    let request = || Request::get("http://test/slow").body(Empty::<Bytes>::new()).unwrap();
    let asked = spawn(sender.send_request(request()));
    sleep(Duration::from_millis(20)).await;
    let stopping = spawn(server.stop());
    let body = asked.await.unwrap().unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "at last");
    // It takes no more.
    assert!(sender.send_request(request()).await.is_err());
    drop(sender);
    connection.await.unwrap().unwrap();
    stopping.await.unwrap();
}

#[seastar::test]
async fn what_is_left_after_the_grace_period_is_shut_down() {
    let grace = Duration::from_millis(50);
    let (server, address) = start_with(Http::new(), ServeOptions::new().grace_period(grace)).await;
    let mut half = Raw::connect(address).await;
    half.send("POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nfive ").await;
    sleep(Duration::from_millis(20)).await;
    server.stop().await;
    assert!(half.rest().await.is_ok_and(|rest| !rest.contains("200 OK")));
}

#[seastar::test]
async fn a_server_that_is_dropped_lets_its_connections_end() {
    use seastar::compat::hyper::serve;
    let listener = seastar::net::listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let server = spawn(serve(listener, super::answer));
    let mut idle = Raw::connect(address).await;
    assert_eq!(idle.get("/before").await, "/before");
    let mut busy = Raw::connect(address).await;
    busy.send(get("/slow")).await;
    sleep(Duration::from_millis(20)).await;
    server.cancel();
    assert_eq!(idle.rest().await.unwrap(), "");
    assert_eq!(busy.answer().await.1, "at last");
    assert_eq!(busy.rest().await.unwrap(), "");
}

#[seastar::test]
async fn a_connection_that_goes_with_its_client_drops_its_requests() {
    let (server, address) = start().await;
    let stream = connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(Executor::new(), stream).await.unwrap();
    let connection = spawn(connection);
    let request = Request::get("http://test/never").body(Empty::<Bytes>::new()).unwrap();
    let asked = spawn(sender.send_request(request));
    sleep(Duration::from_millis(20)).await;
    asked.cancel();
    connection.cancel();
    drop(sender);
    super::nobody_is_left(server).await;
    server.stop().await;
}
