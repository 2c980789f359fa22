//! Programs that listen on other sockets than those of TCP.

use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::expected::assert_shape;
use crate::program::{Program, run, two_shards};
use crate::server::Server;

/// What the book says instead of the path of a test.
const PATH: &str = "/tmp/echo.socket";

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("seastar-example-{}-{name}.socket", std::process::id()))
}

/// Starts it and waits until it says where it listens.
fn start(path: &Path, shards: &[&str]) -> Program {
    let program = Program::start("unix_echo", &[shards, &["--path", path.to_str().unwrap()]].concat());
    program.stdout.wait_for(|text| text.contains('\n').then_some(()));
    program
}

#[test]
fn unix_echo_greets_and_echoes_and_leaves_no_file() {
    for shards in [&["-c1"], two_shards()] {
        let path = path("echoes");
        let program = start(&path, shards);
        let mut client = UnixStream::connect(&path).unwrap();
        let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
        assert_shape("unix_echo.client", &format!("{}\n", lines.next().unwrap().unwrap()));
        for round in 0..100 {
            writeln!(client, "round {round}").unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), format!("round {round}"));
        }
        drop((client, lines));
        program.signal("INT");
        let finished = program.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let said = finished.stdout.replace(path.to_str().unwrap(), PATH);
        assert_shape("unix_echo", &said);
        assert!(!path.exists());
    }
}

#[test]
fn unix_echo_replaces_what_a_killed_server_left_and_nothing_else() {
    let path = path("killed");
    let first = start(&path, &["-c1"]);
    let taken = run("unix_echo", &["-c1", "--path", path.to_str().unwrap()]);
    assert_eq!((taken.code, &*taken.stdout), (Some(1), ""));
    assert_shape("unix_echo.taken", &taken.stderr.replace(path.to_str().unwrap(), PATH));
    first.signal("KILL");
    first.finish();
    assert!(path.exists());
    // The kernel ends what a killed process had in its ring a moment after the process itself.
    while UnixStream::connect(&path).is_ok() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = start(&path, &["-c1"]);
    UnixStream::connect(&path).unwrap();
    second.signal("TERM");
    assert_eq!(second.finish().code, Some(0));
    assert!(!path.exists());
}

#[test]
fn udp_echo_sends_datagrams_back() {
    for shards in [&["-c1"], two_shards()] {
        let server = Server::start("udp_echo", shards);
        for client in 0..20u8 {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect(("127.0.0.1", server.port)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            for size in [0, 1, 1_000, 8_000] {
                let sent = vec![client; size];
                socket.send(&sent).unwrap();
                let mut echoed = vec![0; 9_000];
                let len = socket.recv(&mut echoed).unwrap();
                assert!(echoed[..len] == *sent, "{size} bytes came back as {len}");
            }
        }
        let finished = server.stop();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_shape("udp_echo", &finished.stdout);
    }
}
