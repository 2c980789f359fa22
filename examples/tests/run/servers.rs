//! Programs that listen until they are told to stop.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use crate::expected::{assert_output, assert_shape};
use crate::program::{run, two_shards};
use crate::server::{Server, assert_echoed, noise, read_all};

const SERVERS: [&str; 3] = ["accept", "canned_response", "echo"];
const MIB: usize = 1 << 20;

fn one_and_two_shards() -> [&'static [&'static str]; 2] {
    [&["-c1"], two_shards()]
}

#[test]
fn accept_says_who_connects() {
    for shards in one_and_two_shards() {
        let server = Server::start("accept", shards);
        for _ in 0..2 {
            let client = server.connect();
            assert_eq!(read_all(&client), b"");
            let line = format!("\nAccepted connection from {}\n", client.local_addr().unwrap());
            server.program.stdout.wait_for(|text| text.contains(&line).then_some(()));
        }
        let finished = server.stop();
        assert_shape("accept", &finished.stdout);
        assert_eq!(finished.code, Some(0));
    }
}

#[test]
fn canned_response_answers_every_client() {
    for shards in one_and_two_shards() {
        let server = Server::start("canned_response", shards);
        for _ in 0..500 {
            let answer = String::from_utf8(read_all(&server.connect())).expect("the answer is text");
            assert_output("canned_response.client", &answer);
        }
        let finished = server.stop();
        assert_shape("canned_response", &finished.stdout);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}

#[test]
fn echo_says_where_it_listens() {
    let finished = Server::start("echo", two_shards()).stop();
    assert_shape("echo", &finished.stdout);
    assert!(finished.stdout.contains(" 2 shards"), "{}", finished.stdout);
}

#[test]
fn echo_returns_a_mebibyte_unchanged() {
    for shards in one_and_two_shards() {
        let server = Server::start("echo", shards);
        let client = server.connect();
        let bytes = noise(1, MIB);
        thread::scope(|scope| {
            scope.spawn(|| {
                (&client).write_all(&bytes).expect("the server reads");
                client.shutdown(Shutdown::Write).expect("the connection is open");
            });
            assert!(read_all(&client) == bytes, "the mebibyte came back changed");
        });
        assert_eq!(server.stop().code, Some(0));
    }
}

#[test]
fn echo_serves_clients_in_turns() {
    for shards in one_and_two_shards() {
        let server = Server::start("echo", shards);
        let (first, second) = (server.connect(), server.connect());
        for round in 0..100 {
            assert_echoed(&first, format!("first {round}\n").as_bytes());
            assert_echoed(&second, format!("second {round}\n").as_bytes());
        }
    }
}

#[test]
fn echo_serves_many_clients_at_once() {
    let server = Server::start("echo", two_shards());
    thread::scope(|scope| {
        for seed in 0..16 {
            let server = &server;
            scope.spawn(move || {
                let client = server.connect();
                noise(seed, MIB / 16).chunks(1000).for_each(|chunk| assert_echoed(&client, chunk));
            });
        }
    });
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_client_that_does_not_read_keeps_nobody_waiting() {
    // One shard, which both clients have to share.
    let server = Server::start("echo", &["-c1"]);
    let (slow, other) = (server.connect(), server.connect());
    let chunk = noise(2, MIB);
    let mut sent = Vec::new();
    slow.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    loop {
        // Sooner or later all buffers on the way are full, and the server no longer reads.
        match (&slow).write(&chunk) {
            Ok(written) => sent.extend_from_slice(&chunk[..written]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    for round in 0..100 {
        assert_echoed(&other, format!("{round}\n").as_bytes());
    }
    let mut echoed = vec![0; sent.len()];
    (&slow).read_exact(&mut echoed).expect("all that was sent comes back");
    assert!(echoed == sent, "{} bytes came back changed", sent.len());
}

#[test]
fn a_taken_port_is_an_error() {
    for name in SERVERS {
        for shards in one_and_two_shards() {
            let server = Server::start(name, shards);
            let port = server.port.to_string();
            let second = run(name, &[shards, &["--port", &port]].concat());
            assert_eq!((second.code, &*second.stdout), (Some(1), ""));
            assert!(second.stderr.contains("Address already in use"), "{}", second.stderr);
            assert!(second.stderr.contains(&format!(":{port}: ")), "{}", second.stderr);
            if name == "echo" {
                assert_shape("echo.taken", &second.stderr);
            }
        }
    }
}

#[test]
fn a_server_can_be_restarted_at_once() {
    for name in SERVERS {
        for shards in one_and_two_shards() {
            let server = Server::start(name, shards);
            let port = server.port;
            // An open connection and, where the server closes first, one in TIME_WAIT.
            let client = server.connect();
            if name != "echo" {
                read_all(&server.connect());
            }
            assert_eq!(server.stop().code, Some(0));
            let again = Server::start_on(port, name, shards);
            assert_eq!(again.port, port);
            again.connect();
            assert_eq!(again.stop().code, Some(0));
            drop(client);
        }
    }
}

#[test]
fn signals_stop_servers_in_order() {
    for name in SERVERS {
        for shards in one_and_two_shards() {
            for signal in ["INT", "TERM"] {
                let server = Server::start(name, shards);
                let client = server.connect();
                if name == "echo" {
                    assert_echoed(&client, b"before");
                }
                server.program.signal(signal);
                let finished = server.program.finish();
                assert_eq!(finished.code, Some(0), "{}", finished.stderr);
                assert!(finished.stderr.contains(&format!("SIG{signal}: stopping")), "{}", finished.stderr);
                if name == "echo" {
                    assert_eq!(read_all(&client), b"");
                }
                if (name, signal) == ("echo", "INT") {
                    assert_shape("echo.stop", &finished.stderr);
                }
            }
        }
    }
}

/// Sends `requests`, ends the stream, and returns all that comes back.
fn ask(server: &Server, requests: &str) -> String {
    let mut client = server.connect();
    client.write_all(requests.as_bytes()).expect("the server reads");
    client.shutdown(Shutdown::Write).expect("the connection is open");
    String::from_utf8(read_all(&client)).expect("the answer is text")
}

#[test]
fn a_full_server_sends_clients_away_until_one_leaves() {
    let server = Server::start("limited_echo", &["-c1"]);
    let clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for client in &clients {
        assert_echoed(client, b"in");
    }
    assert_output("limited_echo.full", &String::from_utf8(read_all(&server.connect())).expect("it is text"));
    drop(clients);
    // Their places are free once the server has noticed. Each refusal takes a tenth of a second.
    assert!((0..300).any(|_| is_served(&server)), "the places of those who left are not free");
    assert_eq!(server.stop().code, Some(0));
}

/// Whether a client is echoed to. One that is refused may also see a reset, because nobody reads what it has sent.
fn is_served(server: &Server) -> bool {
    let (mut client, mut echoed) = (server.connect(), [0; 6]);
    client.write_all(b"there?").is_ok() && client.read_exact(&mut echoed).is_ok() && echoed == *b"there?"
}

#[test]
fn a_silent_client_is_sent_away() {
    let server = Server::start("limited_echo", &["-c1", "--patience", "1"]);
    let client = server.connect();
    assert_echoed(&client, b"hello");
    assert_output("limited_echo.quiet", &String::from_utf8(read_all(&client)).expect("it is text"));
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn limits_are_kept_and_counted() {
    let server = Server::start("bounded_echo", &["-c1", "--connections", "2", "--patience", "1"]);
    let clients = [server.connect(), server.connect()];
    for client in &clients {
        assert_echoed(client, b"in");
    }
    assert_eq!(read_all(&server.connect()), b"");
    for client in &clients {
        assert_eq!(read_all(client), b"");
    }
    let finished = server.stop();
    let last_line = finished.stdout.lines().last().expect("it prints");
    assert_output("bounded_echo.end", &format!("{last_line}\n"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

#[test]
fn a_service_counts_what_it_did_and_stops_in_order() {
    for shards in one_and_two_shards() {
        let server = Server::start("service", &[shards, &["--report", "1"]].concat());
        for number in 0..20 {
            let request = format!("request {number:10}");
            assert_eq!(ask(&server, &request), request);
        }
        server.program.stdout.wait_for(|text| text.contains("20 clients so far, 360 bytes\n").then_some(()));
        // One who is still there when the end comes, and whose bytes count too.
        let last = server.connect();
        assert_echoed(&last, &[7; 40]);
        let finished = server.stop();
        let last_line = finished.stdout.lines().last().expect("it prints");
        assert_output("service.end", &format!("{last_line}\n"));
        assert_eq!((finished.code, read_all(&last)), (Some(0), Vec::new()), "{}", finished.stderr);
    }
}

#[test]
fn a_store_finds_each_name_on_the_shard_that_keeps_it() {
    for shards in one_and_two_shards() {
        let server = Server::start("store", shards);
        let requests = "set moon 1738\nset sun 696000\nget moon\nget mars\ncount\nbuy moon\n";
        assert_output("store", &ask(&server, requests));
        let names: Vec<_> = (0..100).map(|number| format!("name{number}")).collect();
        let set: String = names.iter().map(|name| format!("set {name} {name}!\n")).collect();
        assert_eq!(ask(&server, &set), "stored\n".repeat(100));
        // Another client, perhaps on another shard.
        let get: String = names.iter().map(|name| format!("get {name}\n")).collect();
        let values: String = names.iter().map(|name| format!("{name}!\n")).collect();
        assert_eq!(ask(&server, &get), values);
        assert_eq!(ask(&server, "count\nclear\ncount\n"), "102\ncleared\n0\n");
        assert_eq!(server.stop().code, Some(0));
    }
}

#[test]
fn a_line_without_an_end_is_refused() {
    let server = Server::start("store", &["-c1"]);
    assert_eq!(ask(&server, &"x".repeat(2000)), "error: a line of more than 1024 bytes\n");
}

#[test]
fn the_memory_of_a_service_is_known_before_it_starts() {
    let finished = run("service", &["--memory-map"]);
    assert_shape("service.memory_map", &finished.stdout);
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
}
