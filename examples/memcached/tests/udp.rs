//! Datagrams.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::net::UdpSocket;

use support::server::{PATIENCE, Server, shards};

const DATAGRAM_BYTES_MAX: usize = 1400;

struct Client {
    socket: UdpSocket,
    id: u16,
}

/// A server with a UDP port that was free a moment ago.
fn start(count: usize) -> (Server, Client) {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start_with(&shards(count), &["--port", "-1", "--udp-port", &port.to_string()]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    (server, Client { socket, id: 7 })
}

impl Client {
    fn send_raw(&self, header: [u16; 4], request: impl AsRef<[u8]>) {
        let mut datagram: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
        datagram.extend_from_slice(request.as_ref());
        self.socket.send(&datagram).unwrap();
    }

    fn ask(&mut self, request: &str) -> String {
        self.id = self.id.wrapping_add(12_345);
        self.send_raw([self.id, 0, 1, 0], request);
        let mut parts = Vec::new();
        let mut count = 1;
        while parts.len() < count {
            let mut datagram = [0; 2 * DATAGRAM_BYTES_MAX];
            let len = self.socket.recv(&mut datagram).unwrap();
            assert!((9..=DATAGRAM_BYTES_MAX).contains(&len));
            let word = |at: usize| u16::from_be_bytes([datagram[at], datagram[at + 1]]);
            assert_eq!((word(0), word(6)), (self.id, 0));
            count = word(4).into();
            parts.push((word(2), datagram[8..len].to_vec()));
        }
        parts.sort();
        assert!(parts.iter().enumerate().all(|(place, part)| usize::from(part.0) == place));
        String::from_utf8(parts.into_iter().flat_map(|part| part.1).collect()).unwrap()
    }
}

#[test]
fn datagrams_are_answered_by_datagrams() {
    for count in [1, 2] {
        let (server, mut client) = start(count);
        for key in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(client.ask(&format!("set {key} 0 0 1\r\nx\r\n")), "STORED\r\n");
            assert_eq!(client.ask(&format!("get {key}\r\n")), format!("VALUE {key} 0 1\r\nx\r\nEND\r\n"));
            let mut other = server.connect();
            other.ask(format!("get {key}\r\n"), format!("VALUE {key} 0 1\r\nx\r\nEND\r\n"));
        }
        assert_eq!(
            client.ask("incr none 1\r\nmn\r\nget a none\r\n"),
            "NOT_FOUND\r\nMN\r\nVALUE a 0 1\r\nx\r\nEND\r\n"
        );
        assert_eq!(server.stop(), Some(0));
    }
}

#[test]
fn long_answers_take_several_datagrams() {
    let (_server, mut client) = start(2);
    let text = "0123456789".repeat(400);
    for key in 0..10 {
        assert_eq!(client.ask(&format!("set k{key} 0 0 4000\r\n{text}\r\n")), "STORED\r\n");
    }
    let answer = client.ask("get k0 k1 k2 k3 k4 k5 k6 k7 k8 k9\r\n");
    let expected: String = (0..10).map(|key| format!("VALUE k{key} 0 4000\r\n{text}\r\n")).collect();
    assert!(answer == expected + "END\r\n", "{} bytes came", answer.len());
}

#[test]
fn what_is_no_request_is_dropped() {
    let (_server, mut client) = start(1);
    client.socket.send(&[]).unwrap();
    client.socket.send(&[1, 2, 3]).unwrap();
    client.send_raw([1, 0, 1, 0], "");
    client.send_raw([1, 0, 2, 0], "get a\r\n");
    client.send_raw([1, 0, 1, 0], "set half 0 0 10\r\nxx");
    client.send_raw([1, 0, 1, 0], "set quiet 0 0 1 noreply\r\nx\r\n");
    client.send_raw([1, 0, 1, 0], b"\x80\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    client.send_raw([1, 0, 1, 0], "x".repeat(20_000));
    assert_eq!(client.ask("get quiet half\r\n"), "VALUE quiet 0 1\r\nx\r\nEND\r\n");
}
