//! The program as clients see it: over TCP and Unix sockets, on one shard and on two.

// No shard runs this.
#![allow(clippy::disallowed_methods)]

mod support;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use support::conversation;
use support::server::{Client, PATIENCE, Server, command, shards};

fn on_one_and_two_shards(test: impl Fn(&Server)) {
    for count in [1, 2] {
        test(&Server::start(&shards(count)));
    }
}

fn set(key: &str, value: &str) -> String {
    format!("set {key} 0 0 {}\r\n{value}\r\n", value.len())
}

fn value(key: &str, value: &str) -> String {
    format!("VALUE {key} 0 {}\r\n{value}\r\n", value.len())
}

#[test]
fn conversations_are_those_of_memcached() {
    on_one_and_two_shards(|server| {
        for talk in conversation::all().into_iter().chain(conversation::with_server()) {
            let mut client = server.connect();
            client.ask("flush_all\r\n", "OK\r\n");
            client.send(&talk.sent);
            client.expect(&talk.answers);
            if talk.closed {
                assert!(client.is_closed(), "the conversation at line {}", talk.line);
            }
        }
    });
}

#[test]
fn keys_are_found_from_every_connection() {
    on_one_and_two_shards(|server| {
        for round in 0..20 {
            let mut client = server.connect();
            for key in 0..50 {
                client.ask(set(&format!("k{key}"), &format!("{round}")), "STORED\r\n");
            }
            let mut other = server.connect();
            for key in 0..50 {
                let (key, text) = (format!("k{key}"), round.to_string());
                other.ask(format!("get {key}\r\n"), value(&key, &text) + "END\r\n");
            }
        }
    });
}

#[test]
fn many_keys_are_answered_in_the_order_in_which_they_are_asked_for() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        let (mut request, mut answer) = (String::from("get"), String::new());
        for key in 0..500 {
            let (key, text) = (format!("a-key-that-is-not-short-{key}"), "x".repeat(key % 40));
            if key.ends_with('3') {
                write!(request, " missing-{key}").unwrap();
            }
            client.ask(set(&key, &text), "STORED\r\n");
            write!(request, " {key}").unwrap();
            answer += &value(&key, &text);
        }
        client.ask(request + "\r\n", answer + "END\r\n");
    });
}

#[test]
fn answers_larger_than_all_buffers_come_whole_and_in_order() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        let (mut request, mut answer) = (String::from("get"), String::new());
        for key in 0..40 {
            let (key, text) = (format!("k{key}"), format!("{key:06}").repeat(20_000));
            client.ask(set(&key, &text), "STORED\r\n");
            write!(request, " {key}").unwrap();
            answer += &value(&key, &text);
        }
        client.ask(request.clone() + "\r\n", answer.clone() + "END\r\n");
        let (twice, both) =
            (format!("{request}\r\n{request}\r\n"), format!("{answer}END\r\n{answer}END\r\n"));
        client.ask(twice, both);
    });
}

#[test]
fn requests_sent_together_are_answered_in_order() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        let (mut requests, mut answers) = (String::new(), String::new());
        for n in 0..2_000 {
            let key = format!("k{}", n % 7);
            requests += &format!("{}get {key} none\r\nmg {key} v q\r\nmn\r\n", set(&key, &n.to_string()));
            let text = n.to_string();
            answers +=
                &format!("STORED\r\n{}END\r\nVA {}\r\n{text}\r\nMN\r\n", value(&key, &text), text.len());
        }
        let reader = client.stream.get_ref().try_clone().expect("a socket has copies");
        let writer = std::thread::spawn(move || (&reader).write_all(requests.as_bytes()));
        client.expect(answers);
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn what_is_flushed_is_gone_on_all_shards_before_the_next_request() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        let sets: String = (0..50).map(|key| format!("set k{key} 0 0 1 noreply\r\nx\r\n")).collect();
        let gets: String = (0..50).map(|key| format!("get k{key}\r\n")).collect();
        let hits: String = (0..50).map(|key| value(&format!("k{key}"), "x") + "END\r\n").collect();
        let requests = format!("{sets}{gets}flush_all\r\n{gets}{sets}{gets}");
        client.ask(requests, format!("{hits}OK\r\n{}{hits}", "END\r\n".repeat(50)));
    });
}

#[test]
fn statistics_are_summed_over_the_shards() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in 0..64 {
            client.ask(set(&format!("k{key}"), "x"), "STORED\r\n");
            client.ask(format!("get k{key}\r\n"), value(&format!("k{key}"), "x") + "END\r\n");
        }
        client.ask("get none\r\n", "END\r\n");
        client.ask("incr none 1\r\ntouch none 1\r\ndelete none\r\n", "NOT_FOUND\r\n".repeat(3));
        client.ask("cas k1 0 0 1 999999\r\ny\r\n", "EXISTS\r\n");
        let expected = [
            ("cmd_set", "65"),
            ("cmd_get", "65"),
            ("get_hits", "64"),
            ("get_misses", "1"),
            ("incr_misses", "1"),
            ("touch_misses", "1"),
            ("delete_misses", "1"),
            ("cas_badval", "1"),
            ("curr_items", "64"),
            ("total_items", "64"),
            ("curr_connections", "1"),
            ("evictions", "0"),
        ];
        for (name, count) in expected {
            assert_eq!(client.statistic("", name), count, "{name}");
        }
        assert_eq!(client.statistic("", "pid"), server.pid().to_string());
        let shards: u64 = client.statistic("", "threads").parse().unwrap();
        let of_shards = (0..shards).map(|shard| client.statistic(" shards", &format!("{shard}:cmd_set")));
        assert_eq!(of_shards.map(|count| count.parse::<u64>().unwrap()).sum::<u64>(), 65);
        assert_eq!(client.statistic(" settings", "item_size_max"), "1048576");
        client.ask("stats reset\r\n", "RESET\r\n");
        assert_eq!(client.statistic("", "cmd_set"), "0");
    });
}

#[test]
fn items_and_slabs_are_listed_by_class() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in 0..32 {
            client.ask(set(&format!("k{key}"), "x"), "STORED\r\n");
        }
        client.send("stats items\r\n");
        let line = client.line();
        let class = line.split(':').nth(1).expect("STAT items:CLASS:NAME VALUE").to_owned();
        while client.line() != "END\r\n" {}
        assert_eq!(client.statistic(" items", &format!("items:{class}:number")), "32");
        assert_eq!(client.statistic(" slabs", &format!("{class}:used_chunks")), "32");
        client.send(format!("stats cachedump {class} 10\r\n"));
        for _ in 0..10 {
            let line = client.line();
            assert!(line.starts_with("ITEM k") && line.ends_with(" [1 b; 0 s]\r\n"), "{line}");
        }
        client.expect("END\r\n");
    });
}

#[test]
fn all_keys_can_be_listed() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in 0..1_000 {
            client.ask(set(&format!("k{key}"), "x"), "STORED\r\n");
        }
        client.ask("set a%b 7 0 1\r\nx\r\n", "STORED\r\n");
        client.ask("lru_crawler metadump all\r\n", "OK\r\n");
        let mut lines = Vec::new();
        loop {
            let line = client.line();
            if line == "END\r\n" {
                break;
            }
            lines.push(line);
        }
        assert_eq!(lines.len(), 1_001);
        let odd = lines.iter().find(|line| line.starts_with("key=a%25b exp=-1 la=")).expect("it is there");
        assert!(odd.contains(" fetch=no cls=") && odd.ends_with(" flags=7 \n"), "{odd}");
        client.ask("lru_crawler mgdump all\r\n", "OK\r\n");
        let mut count = 0;
        loop {
            match &*client.line() {
                "EN\r\n" => break,
                line => assert!(line.starts_with("mg ") && line.ends_with("\r\n"), "{line}"),
            }
            count += 1;
        }
        assert_eq!(count, 1_001);
    });
}

#[test]
fn items_expire() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in 0..10 {
            client.ask(
                format!("set k{key} 0 1 1\r\nx\r\nset s{key} 0 1000 1\r\nx\r\n"),
                "STORED\r\nSTORED\r\n",
            );
        }
        let begun = std::time::Instant::now();
        for key in 0..10 {
            loop {
                client.send(format!("get k{key}\r\n"));
                if client.line() == "END\r\n" {
                    break;
                }
                client.expect("x\r\nEND\r\n");
                assert!(begun.elapsed() < PATIENCE);
                std::thread::sleep(Duration::from_millis(20));
            }
            client.ask(format!("get s{key}\r\n"), value(&format!("s{key}"), "x") + "END\r\n");
        }
    });
}

#[test]
fn the_largest_item_is_an_option() {
    let mut arguments = shards(2);
    arguments.push("--max-item-size=4k".into());
    let server = Server::start(&arguments);
    let mut client = server.connect();
    client.ask(set("a", &"x".repeat(4_000)), "STORED\r\n");
    client.ask(set("a", &"x".repeat(4_096)), "SERVER_ERROR object too large for cache\r\n");
    client.ask("get a\r\n", "END\r\n");
    client.ask(set("a", &"x".repeat(2_000)), "STORED\r\n");
    client.ask(format!("append a 0 0 3000\r\n{}\r\n", "y".repeat(3_000)), "NOT_STORED\r\n");
    drop(client);
    let mut client = server.connect();
    client.ask(set("b", "x"), "STORED\r\n");
}

#[test]
fn values_of_a_mebibyte_are_stored() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        for key in ["a", "b", "c", "d"] {
            let text = key.repeat((1 << 20) - 100);
            client.ask(set(key, &text), "STORED\r\n");
            client.ask(format!("get {key}\r\n"), value(key, &text) + "END\r\n");
        }
    });
}

#[test]
fn too_many_connections_are_told_so() {
    let mut arguments = shards(1);
    arguments.push("--conn-limit=2".into());
    let server = Server::start(&arguments);
    let (mut first, mut second) = (server.connect(), server.connect());
    first.ask("mn\r\n", "MN\r\n");
    second.ask("mn\r\n", "MN\r\n");
    let mut third = server.connect();
    third.expect("ERROR Too many open connections\r\n");
    assert!(third.is_closed());
    drop(second);
    let begun = std::time::Instant::now();
    while first.statistic("", "curr_connections") != "1" {
        assert!(begun.elapsed() < PATIENCE);
    }
    server.connect().ask("mn\r\n", "MN\r\n");
    assert_eq!(first.statistic("", "rejected_connections"), "1");
}

#[test]
fn silent_connections_are_closed() {
    let mut arguments = shards(1);
    // Long enough that the second client is not silent for as long, on a machine however busy.
    arguments.push("--idle-timeout=5".into());
    let server = Server::start(&arguments);
    let mut silent = server.connect();
    silent.ask("mn\r\n", "MN\r\n");
    assert!(silent.is_closed());
    assert_ne!(server.connect().statistic("", "idle_kicks"), "0");
}

#[test]
fn a_line_without_an_end_is_given_up() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.send([b' '; 4096]);
        assert!(client.is_closed());
        // A get may be long, and take its time.
        let mut client = server.connect();
        client.send(format!("get {}", "0123456789 ".repeat(400)));
        std::thread::sleep(Duration::from_millis(400));
        client.ask("\r\n", "END\r\n");
    });
}

#[test]
fn garbage_and_broken_connections_harm_nobody_else() {
    on_one_and_two_shards(|server| {
        let mut steady = server.connect();
        steady.ask(set("a", "safe"), "STORED\r\n");
        for round in 0..50u32 {
            let mut garbage = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            let noise: Vec<u8> = (0..3_000u32)
                .map(|n| (n * (round + 3)).wrapping_mul(2_654_435_761).to_be_bytes()[0])
                .collect();
            let _ = garbage.write_all(&noise);
            drop(garbage);
            let mut half = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            let _ = half.write_all(b"set half 0 0 100000\r\nbeginning");
            drop(half);
            let mut binary = Client::new(TcpStream::connect(("127.0.0.1", server.port)).unwrap());
            binary.send([0x80, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            assert!(binary.is_closed());
            steady.ask("get a half\r\n", value("a", "safe") + "END\r\n");
        }
    });
}

#[test]
fn a_client_that_does_not_read_keeps_nobody_waiting() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.ask(set("a", &"x".repeat(100_000)), "STORED\r\n");
        let mut deaf = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        deaf.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        while deaf.write_all("get a\r\n".repeat(1_000).as_bytes()).is_ok() {}
        for _ in 0..20 {
            client.ask("get a\r\n", value("a", &"x".repeat(100_000)) + "END\r\n");
        }
    });
}

#[test]
fn a_client_that_has_said_all_still_gets_its_answers() {
    on_one_and_two_shards(|server| {
        let mut client = server.connect();
        client.send(set("a", "x") + "get a\r\nquit\r\nget a\r\n");
        client.expect(String::from("STORED\r\n") + &value("a", "x") + "END\r\n");
        assert!(client.is_closed());
        let mut client = server.connect();
        client.send("get a\r\n");
        client.stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        client.expect(value("a", "x") + "END\r\n");
        assert!(client.is_closed());
    });
}

#[test]
fn unix_sockets_are_served() {
    for count in [1, 2] {
        let path = std::env::temp_dir().join(format!("seastar-memcached-{}-{count}", std::process::id()));
        let text = path.to_str().unwrap();
        let server = Server::start_with(&shards(count), &["--unix-socket", text, "--unix-mask", "600"]);
        assert_eq!(server.port, 0, "there is no TCP then");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for _ in 0..4 {
            let stream = UnixStream::connect(&path).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut client = Client { stream: std::io::BufReader::new(stream) };
            client.ask(set("a", "x"), "STORED\r\n");
            client.ask("get a\r\n", value("a", "x") + "END\r\n");
        }
        assert_eq!(server.stop(), Some(0));
        assert!(!path.exists());
    }
}

#[test]
fn it_stops_in_order_with_clients_connected() {
    for count in [1, 2] {
        let server = Server::start(&shards(count));
        let mut client = server.connect();
        client.ask("mn\r\n", "MN\r\n");
        assert_eq!(server.stop(), Some(0));
        assert!(client.is_closed());
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_it() {
    let server = Server::start(&shards(1));
    let port = server.port.to_string();
    let output = command(&shards(2), &["--port", &port]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("Address already in use") && text.contains(&format!(":{port}")), "{text}");
}

#[test]
fn wrong_options_are_named() {
    for (option, words) in [
        ("--max-item-size=1", "write a size from 1k to 128m"),
        ("--unix-mask=9", "octal"),
        ("--listen=nowhere", "--listen"),
        ("--port=65536", "--port"),
        ("--listen=1.2.3.4:x", "no address"),
        ("-d", "systemd"),
        ("-S", "binary protocol"),
        ("--enable-ssl", "TLS"),
        ("-Bbinary", "binary protocol"),
        ("-oext_path=/x:1G", "external storage"),
        ("-ofrobnicate", "no such option"),
        ("-t0", "--threads"),
    ] {
        let output = command(&shards(1), &[option]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(words), "{option}: {text}");
    }
}

#[test]
fn a_line_of_statistics_is_printed_each_second() {
    let mut child =
        command(&shards(1), &["--port=0", "--stats"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut text = String::new();
    let mut output = child.stdout.take().expect("stdout is a pipe");
    while text.lines().filter(|line| line.starts_with("gets/s 0, hit rate 0.0 %, sets/s 0")).count() < 2 {
        let mut bytes = [0; 1000];
        let read = output.read(&mut bytes).expect("stdout is open");
        assert!(read > 0, "{text}");
        text += std::str::from_utf8(&bytes[..read]).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
