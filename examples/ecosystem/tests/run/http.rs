//! `http_server` and `http_client`: HTTP by hyper, over both of its protocols.

use std::io::{Read, Write};
use std::time::Duration;

use crate::expected::{assert_output, assert_shape};
use crate::program::{Program, run, two_shards};
use crate::server::Server;

const PROTOCOLS: [&[&str]; 2] = [&[], &["--http2"]];

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port)
}

#[test]
fn pages_are_asked_for_and_printed() {
    for shards in [&["-c1"], two_shards()] {
        let server = Server::start("http_server", shards);
        for protocol in PROTOCOLS {
            let printed = run("http_client", &[protocol, &[&address(&server), "/", "/nowhere"]].concat());
            assert_eq!((printed.code, &*printed.stderr), (Some(0), ""));
            let name = if protocol.is_empty() { "http_client" } else { "http_client.http2" };
            assert_output(name, &printed.stdout);
        }
        let finished = server.stop();
        assert_shape("http_server", &finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}

#[test]
fn what_is_posted_comes_back() {
    let server = Server::start("http_server", &["-c1"]);
    let mut client = server.connect();
    let body = "x".repeat(100_000);
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 100000\r\n\r\n";
    client.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&format!("\r\n\r\n{body}")),
        "{answer}"
    );
}

/// The shutdown is over as soon as all requests are.
const PATIENT: [&str; 3] = ["-c1", "--grace-period-ms", "50000"];

#[test]
fn requests_that_came_before_ctrl_c_are_answered() {
    let server = Server::start("http_server", &PATIENT);
    let idle = server.connect();
    let mut client = server.connect();
    // They come in one piece, so the second is there when the first is answered.
    client.write_all(b"GET / HTTP/1.1\r\n\r\nGET /slow HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = [0; 8];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1");
    let finished = server.stop();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("\r\n\r\nThat took a second.\n"), "{rest}");
    assert_eq!((&idle).read(&mut [0]).unwrap(), 0);
}

#[test]
fn http_2_requests_that_came_before_ctrl_c_are_answered() {
    let answered = || {
        let server = Server::start("http_server", &PATIENT);
        let client = Program::start("http_client", &["--http2", &address(&server), "/", "/slow"]);
        client.stdout.wait_for(|text| text.contains("future!\n").then_some(()));
        // The second request is on its way, and takes a second.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(server.stop().code, Some(0));
        client.finish().stdout.ends_with("That took a second.\n")
    };
    // On a busy machine Ctrl-C may have come first.
    assert!((0..5).any(|_| answered()));
}

#[test]
fn a_client_without_a_server_says_so() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let printed = run("http_client", &[&unused.to_string()]);
    assert_eq!((printed.code, &*printed.stdout), (Some(1), ""));
    assert!(
        printed.stderr.contains(&format!("connect to {unused}: Connection refused")),
        "{}",
        printed.stderr
    );
}
