//! Requests and answers, by both protocols.

use std::rc::Rc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::{Request, StatusCode, Version};
use seastar::compat::hyper::{Executor, Http};
use seastar::future::when_all;
use seastar::net::{ServeOptions, connect, connect_unix, listen_unix};

use super::{Raw, answer, get, start, start_with};

#[seastar::test]
async fn a_connection_is_kept_and_its_requests_are_answered_in_order() {
    let (server, address) = start().await;
    let mut client = Raw::connect(address).await;
    for round in 0..100 {
        let path = format!("/{round}");
        assert_eq!(client.get(&path).await, path);
    }
    // All at once.
    let many: String = (0..100).map(|round| get(&format!("/{round}"))).collect();
    client.send(many).await;
    for round in 0..100 {
        let (head, body) = client.answer().await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(body, format!("/{round}"));
    }
    assert_eq!(server.local_statistics().unwrap().accepted, 1);
    server.stop().await;
}

#[seastar::test(shards = 2)]
async fn every_shard_serves() {
    let (server, address) = start().await;
    while server.statistics().await.unwrap().iter().any(|shard| shard.accepted == 0) {
        assert_eq!(Raw::connect(address).await.get("/here").await, "/here");
    }
    server.stop().await;
}

#[seastar::test]
async fn bodies_of_any_size_come_back_unchanged() {
    let (server, address) = start().await;
    let mut client = Raw::connect(address).await;
    for size in [0, 1, 8_000, 100_000, 3_000_000] {
        let body: String = (0..size).map(|n| char::from(b'a' + (n % 23) as u8)).collect();
        client
            .send(format!("POST /length HTTP/1.1\r\nhost: test\r\ncontent-length: {size}\r\n\r\n{body}"))
            .await;
        assert_eq!(client.answer().await.1, size.to_string());
        if size > 1_000_000 {
            continue;
        }
        let echo = format!("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {size}\r\n\r\n{body}");
        let Raw { mut input, mut output } = client;
        let writer = seastar::spawn(async move {
            output.write(echo).await.unwrap();
            output.flush().await.unwrap();
            output
        });
        while input.read_until(b'\n', 1000).await.unwrap().len() > 2 {}
        assert_eq!(&*input.read_exactly(size).await.unwrap(), body.as_bytes());
        client = Raw { input, output: writer.await.unwrap() };
    }
    server.stop().await;
}

#[seastar::test]
async fn http_2_requests_of_one_connection_run_at_the_same_time() {
    let (server, address) = start().await;
    let stream = connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(Executor::new(), stream).await.unwrap();
    let connection = seastar::spawn(connection);
    let large = Bytes::from(vec![7; 300_000]);
    // Some are answered only after all others.
    let asked = (0..50).map(|number| {
        let (mut sender, large) = (sender.clone(), large.clone());
        async move {
            let (path, body) = match number % 3 {
                0 => ("/slow", Bytes::new()),
                1 => ("/echo", large),
                _ => ("/fast", Bytes::new()),
            };
            let request = Request::post(format!("http://test{path}")).body(Full::new(body)).unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
            response.into_body().collect().await.unwrap().to_bytes()
        }
    });
    for (number, body) in when_all(asked).await.enumerate() {
        match number % 3 {
            0 => assert_eq!(body, "at last"),
            1 => assert!(body == large),
            _ => assert_eq!(body, "/fast"),
        }
    }
    assert_eq!(server.local_statistics().unwrap().accepted, 1);
    drop(sender);
    connection.await.unwrap().unwrap();
    server.stop().await;
}

#[seastar::test]
async fn http_is_served_over_unix_domain_sockets() {
    let name = format!("@seastar-http-{}", std::process::id());
    let server =
        Http::new().serve_with(listen_unix(&name).unwrap(), ServeOptions::new(), answer).await.unwrap();
    let (input, output) = connect_unix(&name).await.unwrap().split();
    let mut client = Raw { input, output };
    assert_eq!(client.get("/unix").await, "/unix");
    server.stop().await;
    assert_eq!(client.rest().await.unwrap(), "");
}

#[seastar::test]
async fn connections_beyond_the_limit_are_closed() {
    let (server, address) = start_with(Http::new(), ServeOptions::new().connections_per_shard(2)).await;
    let (mut one, mut two) = (Raw::connect(address).await, Raw::connect(address).await);
    assert_eq!((one.get("/1").await, two.get("/2").await), ("/1".to_owned(), "/2".to_owned()));
    assert_eq!(Raw::connect(address).await.rest().await.unwrap(), "");
    assert_eq!(server.local_statistics().unwrap().refused, 1);
    drop(one);
    while server.local_statistics().unwrap().open > 1 {
        seastar::yield_now().await;
    }
    assert_eq!(Raw::connect(address).await.get("/3").await, "/3");
    server.stop().await;
}

#[seastar::test]
async fn handlers_need_not_be_send() {
    let listener = seastar::net::listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let handler = async |request: Request<_>| {
        let path = Rc::new(request.uri().path().to_owned());
        seastar::yield_now().await;
        super::text(path.to_string())
    };
    let server = Http::new().serve_with(listener, ServeOptions::new(), handler).await.unwrap();
    assert_eq!(Raw::connect(address).await.get("/rc").await, "/rc");
    server.stop().await;
}
