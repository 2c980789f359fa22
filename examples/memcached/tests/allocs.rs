//! Nothing is allocated for a request once it is warm: counted on all shards, while a client on a thread of its own asks.

// The client blocks its own thread, which is no shard.
#![allow(clippy::disallowed_methods)]

#[path = "../../../runtime/tests/support/counting.rs"]
mod counting;
#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memcached::server::{Args, Server};
use seastar::clap::{self, Parser};

use counting::allocations;
use server::Client;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// Rounds before it counts, and while it does.
const WARM_UP: usize = 300;
const COUNTED: usize = 100;

/// How far the client is: warming up, warm, counted, done.
static STAGE: AtomicUsize = AtomicUsize::new(0);

async fn on_all_shards() -> usize {
    let mut sum = 0;
    for shard in 0..seastar::shard_count() {
        sum += seastar::submit_to(shard, async || allocations()).await;
    }
    sum
}

async fn stage(wanted: usize) {
    while STAGE.load(Ordering::Acquire) < wanted {
        seastar::sleep(Duration::from_millis(1)).await;
    }
}

fn wait_for(wanted: usize) {
    while STAGE.load(Ordering::Acquire) < wanted {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// One round of requests and the answers to them.
fn rounds() -> Vec<(&'static str, String, String)> {
    let keys = || (0..50).map(|key| format!("key-{key}"));
    let set = |key: &str, text: &str| format!("set {key} 5 0 {}\r\n{text}\r\n", text.len());
    let value = |key: &str, text: &str| format!("VALUE {key} 5 {}\r\n{text}\r\n", text.len());
    let (small, middle, large) = ("x".repeat(32), "y".repeat(3_000), "z".repeat(100_000));
    let sets: String = keys().map(|key| set(&key, &small)).collect();
    let values: String = keys().map(|key| value(&key, &small)).collect();
    let list = keys().collect::<Vec<_>>().join(" ");
    vec![
        ("sets", sets, "STORED\r\n".repeat(50)),
        (
            "gets",
            keys().map(|key| format!("get {key}\r\n")).collect(),
            keys().map(|key| value(&key, &small) + "END\r\n").collect(),
        ),
        ("a get of many keys", format!("get {list} missing\r\n"), values + "END\r\n"),
        ("misses", "get none\r\ndelete none\r\nmg none v\r\n".into(), "END\r\nNOT_FOUND\r\nEN\r\n".into()),
        ("a value of a page", set("middle", &middle) + "get middle\r\n", {
            format!("STORED\r\n{}END\r\n", value("middle", &middle))
        }),
        ("a value of many pages", set("large", &large) + "get large\r\n", {
            format!("STORED\r\n{}END\r\n", value("large", &large))
        }),
        (
            "changes",
            "set n 0 0 4\r\n1000\r\nincr n 1\r\nincr n 2\r\ntouch n 0\r\ndelete n\r\n".into(),
            "STORED\r\n1001\r\n1003\r\nTOUCHED\r\nDELETED\r\n".into(),
        ),
        (
            "meta commands",
            "ms m 4 T0\r\nabcd\r\nmg m v k Oq\r\nma c N0 q\r\nmd c q\r\nmg dGVzdA== b k\r\nmn\r\n".into(),
            "HD\r\nVA 4 km Oq\r\nabcd\r\nEN kdGVzdA== b\r\nMN\r\n".into(),
        ),
        ("mistakes", "foo\r\nincr n x\r\n".into(), {
            "ERROR\r\nCLIENT_ERROR invalid numeric delta argument\r\n".into()
        }),
    ]
}

fn client(port: u16) {
    let mut client = Client::new(TcpStream::connect(("127.0.0.1", port)).expect("the server accepts"));
    let mut next = 0;
    for (_, request, answer) in rounds() {
        (0..WARM_UP).for_each(|_| client.ask(&request, &answer));
        STAGE.store(next + 1, Ordering::Release);
        wait_for(next + 2);
        (0..COUNTED).for_each(|_| client.ask(&request, &answer));
        STAGE.store(next + 3, Ordering::Release);
        wait_for(next + 4);
        next += 4;
    }
}

async fn nothing_is_allocated() {
    STAGE.store(0, Ordering::Release);
    let cli = Cli::parse_from(["test", "--port=0", "--listen=127.0.0.1"]);
    let server = Server::start(&cli.args).await.expect("it starts");
    let port = server.tcp_address().expect("it listens").port();
    let serving = seastar::spawn(server.serve());
    let client = std::thread::spawn(move || client(port));
    let mut next = 0;
    for (name, ..) in rounds() {
        stage(next + 1).await;
        let before = on_all_shards().await;
        assert_ne!(before, 0, "the counter counts");
        STAGE.store(next + 2, Ordering::Release);
        stage(next + 3).await;
        let counted = on_all_shards().await - before;
        STAGE.store(next + 4, Ordering::Release);
        assert_eq!(counted, 0, "{name}");
        next += 4;
    }
    client.join().expect("the client is content");
    serving.cancel();
}

#[test]
fn requests_allocate_nothing() {
    // One after the other, because they share the stage.
    for shards in [1, 2] {
        let options = seastar::Options::new().shards(shards).overprovisioned(true).memory(256 << 20);
        seastar::run(options, nothing_is_allocated).expect("the shards start");
    }
}
