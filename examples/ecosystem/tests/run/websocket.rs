//! `websocket_echo`: tokio-tungstenite on our streams, with a client that blocks.

use std::io::{Read, Write};

use tokio_tungstenite::tungstenite::{self, Bytes, Message};

use crate::expected::assert_shape;
use crate::program::two_shards;
use crate::server::Server;

#[test]
fn messages_come_back() {
    for shards in [&["-c1"], two_shards()] {
        let server = Server::start("websocket_echo", shards);
        let url = format!("ws://127.0.0.1:{}/", server.port);
        let mut clients: Vec<_> =
            (0..5).map(|_| tungstenite::client(&url, server.connect()).unwrap().0).collect();
        for size in [0, 1, 125, 126, 65_536, 1_000_000] {
            for client in &mut clients {
                for message in [Message::text("t".repeat(size)), Message::binary(vec![7; size])] {
                    client.send(message.clone()).unwrap();
                    assert!(client.read().unwrap() == message);
                }
            }
        }
        for client in &mut clients {
            client.send(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
            assert_eq!(client.read().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
            client.close(None).unwrap();
            while client.read().is_ok() {}
        }
        let finished = server.stop();
        assert_shape("websocket_echo", &finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert!(!finished.stderr.contains("WARN"), "{}", finished.stderr);
    }
}

#[test]
fn what_is_no_websocket_is_refused_and_what_vanishes_harms_nobody() {
    let server = Server::start("websocket_echo", &["-c1"]);
    let url = format!("ws://127.0.0.1:{}/", server.port);
    let mut client = tungstenite::client(&url, server.connect()).unwrap().0;
    let mut other = server.connect();
    other.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = other.read_to_end(&mut answer);
    drop(tungstenite::client(&url, server.connect()).unwrap());
    client.send(Message::text("still there?")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("still there?"));
    assert_eq!(server.stop().code, Some(0));
}
