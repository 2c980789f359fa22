//! What the kernel may lack: io_uring does without each of its newer features, and epoll without all of them.
//!
//! Each test runs one exercise, of everything that goes through the driver, in a process of its own.

use std::time::Duration;

use seastar::net::{TcpStream, UdpSocket, connect, listen};
use seastar::{shard_count, sleep, spawn, submit_to, this_shard, timeout};

#[path = "support/child.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod child;
#[path = "support/guard.rs"]
mod guard;
#[path = "support/run.rs"]
#[allow(dead_code, reason = "others use more of it")]
mod run;

use guard::guard;

const BACKEND: &str = "SEASTAR_REACTOR_BACKEND";
const WITHOUT: &str = "SEASTAR_URING_WITHOUT";

/// Runs the exercise where these features are missing; `test` is the one that calls this.
fn exercise_without(test: &'static str, names: &str) {
    if child::is_child(test) {
        let _guard = guard(test);
        let options = run::options(2).default_log_level("trace");
        return seastar::run(options, exercise).unwrap();
    }
    let output = child::again(test).env(WITHOUT, names).env_remove(BACKEND).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{names}: {}\n{stderr}", String::from_utf8_lossy(&output.stdout));
    let Some((_, features)) = stderr.split_once("and an io_uring with ") else {
        // Where io_uring is missing altogether.
        return assert!(stderr.contains(" and epoll"), "{stderr}");
    };
    let features = features.lines().next().unwrap();
    let left: Vec<_> = names.split(',').filter(|name| features.split(", ").any(|has| has == *name)).collect();
    assert!(left.is_empty(), "{left:?} of {features}");
}

#[test]
fn without_multishot() {
    exercise_without("without_multishot", "multishot");
}

#[test]
fn without_buffer_rings() {
    exercise_without("without_buffer_rings", "buffer_rings");
}

#[test]
fn without_msg_ring() {
    exercise_without("without_msg_ring", "msg_ring");
}

#[test]
fn without_ring_fd() {
    exercise_without("without_ring_fd", "ring_fd");
}

#[test]
fn without_no_sqarray() {
    exercise_without("without_no_sqarray", "no_sqarray");
}

#[test]
fn without_defer_taskrun() {
    exercise_without("without_defer_taskrun", "defer_taskrun");
}

#[test]
fn without_single_issuer() {
    exercise_without("without_single_issuer", "single_issuer,defer_taskrun");
}

#[test]
fn without_coop_taskrun() {
    exercise_without("without_coop_taskrun", "defer_taskrun,coop_taskrun");
}

#[test]
fn without_any() {
    let all = "multishot,buffer_rings,msg_ring,ring_fd,single_issuer,defer_taskrun,coop_taskrun,no_sqarray";
    exercise_without("without_any", all);
}

#[test]
fn a_feature_that_does_not_exist_is_refused() {
    const TEST: &str = "a_feature_that_does_not_exist_is_refused";
    if child::is_child(TEST) {
        let error = seastar::run(run::options(1), async || ()).unwrap_err().to_string();
        let start =
            "Bad value for SEASTAR_URING_WITHOUT: io_uring has no feature `sqpoll` that can be left out";
        return assert!(error.starts_with(start), "{error}");
    }
    let output = child::again(TEST).env(WITHOUT, "sqpoll").env_remove(BACKEND).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A thread has 16 places for rings that are registered.
#[test]
fn programs_that_have_ended_leave_no_ring_behind() {
    const TEST: &str = "programs_that_have_ended_leave_no_ring_behind";
    const PROGRAMS: usize = 20;
    if child::is_child(TEST) {
        let _guard = guard(TEST);
        let trace = || run::options(1).default_log_level("trace");
        return (0..PROGRAMS).for_each(|_| seastar::run(trace(), async || ()).unwrap());
    }
    let output = child::again(TEST).env_remove(WITHOUT).env_remove(BACKEND).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let started: Vec<_> = stderr.lines().filter(|line| line.contains("Started ")).collect();
    assert_eq!(started.len(), PROGRAMS, "{stderr}");
    let words = |line: &str| line.split_once("and ").map(|(_, words)| words.to_owned());
    assert_eq!(words(started[0]), words(started[PROGRAMS - 1]));
}

/// Everything that a driver does.
async fn exercise() {
    streams().await;
    a_slow_reader().await;
    a_read_that_is_given_up().await;
    datagrams().await;
    calls_that_wake().await;
}

async fn echo(stream: TcpStream) -> std::io::Result<()> {
    let (mut input, mut output) = stream.split();
    loop {
        let bytes = input.read().await?;
        if bytes.is_empty() {
            return output.close().await;
        }
        output.write_buffer(bytes).await?;
        output.flush().await?;
    }
}

/// Many connections at once, small and large messages, ends of streams; more than the buffers of a shard hold.
async fn streams() {
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let server = spawn(async move { listener.serve(echo).await });
    let clients: Vec<_> = (0..40u8)
        .map(|client| {
            spawn(async move {
                let (mut input, mut output) = connect(address).await.unwrap().split();
                for size in [1usize, 100, 8192, 8193, 100_000] {
                    let message: Vec<u8> = (0..size).map(|at| (at as u8).wrapping_add(client)).collect();
                    output.write(&message).await.unwrap();
                    output.flush().await.unwrap();
                    let answer = input.read_exactly(size).await.unwrap();
                    assert!(*answer == *message, "{size} bytes of client {client}");
                }
                output.close().await.unwrap();
                assert!(input.read().await.unwrap().is_empty());
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    server.cancel();
}

/// A peer that sends faster than it is read loses nothing.
async fn a_slow_reader() {
    const SIZE: usize = 3 << 20;
    let listener = listen("127.0.0.1:0").unwrap();
    let address = listener.local_address();
    let sender = spawn(async move {
        let (_, mut output) = connect(address).await.unwrap().split();
        output.write(&vec![7; SIZE]).await.unwrap();
        output.close().await.unwrap();
    });
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    let (mut received, mut reads) = (0, 0);
    loop {
        let bytes = input.read().await.unwrap();
        if bytes.is_empty() {
            break;
        }
        assert!(bytes.iter().all(|byte| *byte == 7));
        received += bytes.len();
        reads += 1;
        if reads % 16 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(received, SIZE);
    sender.await.unwrap();
}

/// What arrives after a read was dropped is there for the next one.
async fn a_read_that_is_given_up() {
    let listener = listen("127.0.0.1:0").unwrap();
    let (_, mut far) = connect(listener.local_address()).await.unwrap().split();
    let (mut input, _output) = listener.accept().await.unwrap().0.split();
    timeout(Duration::from_millis(5), input.read()).await.unwrap_err();
    far.write(b"late").await.unwrap();
    far.flush().await.unwrap();
    assert_eq!(*input.read_exactly(4).await.unwrap(), *b"late");
    timeout(Duration::from_millis(5), listener.accept()).await.unwrap_err();
    let another = connect(listener.local_address()).await.unwrap();
    listener.accept().await.unwrap();
    drop(another);
}

async fn datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_address().unwrap();
    let server = spawn(async move {
        loop {
            let datagram = socket.recv_from().await.unwrap();
            let source = *datagram.source();
            socket.send_to(&datagram.into_bytes(), source).await.unwrap();
        }
    });
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    for size in [0, 1, 1400, 8000] {
        let message = vec![size as u8; size];
        client.send_to(&message, address).await.unwrap();
        let answer = client.recv_from().await.unwrap();
        assert_eq!((answer.source(), &*answer), (&address, &*message));
    }
    server.cancel();
}

/// Calls to a shard that sleeps.
async fn calls_that_wake() {
    for call in 0..20u32 {
        let there = submit_to(shard_count() - 1, async move || (this_shard(), call * call)).await;
        assert_eq!(there, (1, call * call));
        sleep(Duration::from_micros(500)).await;
    }
}
