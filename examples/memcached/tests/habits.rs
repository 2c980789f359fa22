//! The options that people bring along from memcached.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use support::server::{Client, PATIENCE, Server, command, shards};

const SETTINGS: &str = " settings";

fn start(more: &[&str]) -> Server {
    Server::start_with(&shards(2), &[&["--port=-1"], more].concat())
}

/// The program with these arguments and no others, and the lines that say where it listens, as many as are asked for.
fn lines(arguments: &[&str], count: usize) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_memcached"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let lines = output.lines().take(count).map(|line| line.expect("stdout is text")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    lines
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("seastar-memcached-{name}-{}", std::process::id()))
}

#[test]
fn a_number_alone_is_of_mebibytes() {
    let server = Server::start_with(&["-m".into(), "96".into(), "-t1".into()], &["-p", "-1"]);
    let mut client = server.connect();
    assert_eq!(client.statistic("", "limit_maxbytes"), (96 << 20).to_string());
    assert_eq!(client.statistic("", "threads"), "1");
}

#[test]
fn who_means_connections_by_c_is_told_how_to_say_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_memcached")).args(["-c", "200"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("needed 200") && text.contains("memcached's -c is --conn-limit"), "{text}");
}

#[test]
fn the_version_has_the_name_of_memcached() {
    for option in ["-V", "--version"] {
        let output = Command::new(env!("CARGO_BIN_EXE_memcached")).arg(option).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("memcached 1.6."), "{output:?}");
    }
}

#[test]
fn a_command_line_of_memcached_is_taken() {
    let line = "-v -U 0 -b 512 -R 20 -n 48 -f 1.25 -I 2m -r -L -W -B ascii \
                -o modern,no_lru_crawler,hashpower=20,idle_timeout=77";
    let server = start(&line.split_whitespace().collect::<Vec<_>>());
    let mut client = server.connect();
    for (name, value) in [
        ("verbosity", "1"),
        ("udpport", "0"),
        ("tcp_backlog", "512"),
        ("item_size_max", "2097152"),
        ("idle_timeout", "77"),
        ("num_threads", "2"),
        ("inter", "127.0.0.1"),
    ] {
        assert_eq!(client.statistic(SETTINGS, name), value, "{name}");
    }
}

#[test]
fn a_user_that_does_not_exist_is_named_to_root() {
    let output = command(&shards(1), &["-p", "-1", "-u", "no-such-user-here"]).arg("-V").output().unwrap();
    assert!(output.status.success(), "the version is told to everybody");
    if nix::unistd::geteuid().is_root() {
        let output = command(&shards(1), &["-p", "-1", "-u", "no-such-user-here"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("there is no such user"), "{text}");
    }
}

#[test]
fn root_becomes_the_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let server = start(&["-u", "nobody"]);
    server.connect().ask("mn\r\n", "MN\r\n");
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert!(of("Uid:").split_whitespace().all(|id| id != "0"), "{}", of("Uid:"));
    assert!(of("Gid:").split_whitespace().all(|id| id != "0"), "{}", of("Gid:"));
    assert!(of("Groups:").split_whitespace().all(|id| id != "0"), "{}", of("Groups:"));
}

#[test]
fn it_listens_on_all_addresses_unless_told_otherwise() {
    let port = free_port();
    let lines = lines(&["-c1", "-m64", "--overprovisioned", "-U0", "-p", &port.to_string()], 1);
    let of = lines[0].strip_prefix(&format!("Listening on port {port} of ")).expect("the port");
    assert!(["::", "0.0.0.0"].iter().any(|all| of.starts_with(all)), "{of}");
}

#[test]
fn several_addresses_have_a_listener_each() {
    let (one, other) = (free_port(), free_port());
    let list = format!("127.0.0.1:{one},127.0.0.2,localhost:{other}");
    let arguments = shards(1);
    let mut child = Command::new(env!("CARGO_BIN_EXE_memcached"))
        .args(&arguments)
        .args(["-p", &free_port().to_string(), "-U0", "-l", &list])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || output.next().unwrap().unwrap();
    assert!(line().contains(&format!("{one} of 127.0.0.1 ")));
    assert!(line().contains(" of 127.0.0.2 "));
    assert!(line().contains(&format!("{other} of ")));
    for port in [one, other] {
        let mut client = Client::new(TcpStream::connect(("localhost", port)).unwrap());
        client.ask("mn\r\n", "MN\r\n");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn udp_is_there_for_this_machine_only_unless_told_otherwise() {
    let asked = |server: &Server| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", server.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send(b"\x00\x07\x00\x00\x00\x01\x00\x00mn\r\n").unwrap();
        let mut answer = [0; 100];
        let length = socket.recv(&mut answer).map_err(|error| error.kind())?;
        Ok::<_, std::io::ErrorKind>(answer[..length].to_vec())
    };
    let server = start(&[]);
    assert_eq!(asked(&server).unwrap(), b"\x00\x07\x00\x00\x00\x01\x00\x00MN\r\n");
    assert_eq!(server.connect().statistic(SETTINGS, "udpport"), server.port.to_string());
    let server = start(&["-U0"]);
    assert_eq!(asked(&server), Err(std::io::ErrorKind::ConnectionRefused));

    let port = free_port().to_string();
    let everywhere = lines(&["-c1", "-m64", "--overprovisioned", "-p", &port], 1);
    assert!(
        everywhere[0].starts_with(&format!("Listening on UDP port {port} of 127.0.0.1 ")),
        "{everywhere:?}"
    );
}

#[test]
fn the_files_say_where_it_is() {
    let (pid, ports) = (temporary("pid"), temporary("ports"));
    let mut child = command(&shards(1), &["-p", "-1", "-U", "-1", "-P", pid.to_str().unwrap()])
        .env("MEMCACHED_PORT_FILENAME", &ports)
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while !ports.exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(std::fs::read_to_string(&pid).unwrap(), format!("{}\n", child.id()));
    let text = std::fs::read_to_string(&ports).unwrap();
    let mut lines = text.lines();
    let tcp = lines.next().and_then(|line| line.strip_prefix("TCP INET: ")).expect("a TCP port");
    assert!(lines.next().is_some_and(|line| line.starts_with("UDP INET: ")), "{text}");
    let mut client = Client::new(TcpStream::connect(("127.0.0.1", tcp.parse().unwrap())).unwrap());
    client.ask("mn\r\n", "MN\r\n");
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert!(!pid.exists());
    std::fs::remove_file(&ports).unwrap();
}

#[test]
fn what_is_disabled_is_refused() {
    let server = start(&["-F", "-X"]);
    let mut client = server.connect();
    client.ask("flush_all\r\nflush_all noreply\r\n", "CLIENT_ERROR flush_all not allowed\r\n");
    client.ask("lru_crawler metadump all\r\n", "ERROR metadump not allowed\r\n");
    client.ask("lru_crawler mgdump all\r\n", "ERROR key dump not allowed\r\n");
    client.ask("stats cachedump 1 1\r\n", "CLIENT_ERROR stats cachedump not allowed\r\n");
    assert_eq!(client.statistic(SETTINGS, "flush_enabled"), "no");
    assert_eq!(client.statistic(SETTINGS, "dump_enabled"), "no");
}

#[test]
fn without_evictions_a_full_server_refuses() {
    let server = start(&["-M"]);
    let mut client = server.connect();
    assert_eq!(client.statistic(SETTINGS, "evictions"), "off");
    let value = "x".repeat(500_000);
    let mut stored = 0;
    loop {
        client.send(format!("set k{stored} 0 0 500000\r\n{value}\r\n"));
        match &*client.line() {
            "STORED\r\n" => stored += 1,
            refused => break assert_eq!(refused, "SERVER_ERROR out of memory storing object\r\n"),
        }
    }
    assert!(stored > 50, "{stored} values");
    assert_eq!(client.statistic("", "evictions"), "0");
    client.ask("get k0\r\n", format!("VALUE k0 0 500000\r\n{value}\r\nEND\r\n"));
    assert_eq!(client.statistic("", "store_no_memory"), "1");
}

#[test]
fn clients_may_stop_it_where_that_is_enabled() {
    for request in ["shutdown\r\n", "shutdown graceful\r\n"] {
        let mut server = start(&["-A"]);
        let mut client = server.connect();
        client.ask("shutdown now\r\n", "CLIENT_ERROR invalid shutdown mode\r\n");
        client.send(request);
        assert!(client.is_closed());
        assert_eq!(server.wait(), Some(0));
    }
}

#[test]
fn clients_may_stop_it_also_where_sigint_is_ignored() {
    // As a shell does for what it starts in the background.
    let plain = command(&shards(1), &["--port=-1", "-A"]);
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' INT; exec \"$@\"", "sh"]).arg(plain.get_program()).args(plain.get_args());
    let mut server = Server::started(ignoring);
    let mut client = server.connect();
    client.send("shutdown\r\n");
    assert!(client.is_closed());
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn beginnings_of_keys_are_counted_up_to_the_delimiter() {
    let server = start(&["-D", "/"]);
    let mut client = server.connect();
    client.ask("get a/1 a/2 b/1 c:1\r\n", "END\r\n");
    client.ask(
        "stats detail dump\r\n",
        "PREFIX a get 2 hit 0 set 0 del 0\r\nPREFIX b get 1 hit 0 set 0 del 0\r\nEND\r\n",
    );
    assert_eq!(client.statistic(SETTINGS, "stat_key_prefix"), "/");
    assert_eq!(client.statistic(SETTINGS, "detail_enabled"), "yes");
}
