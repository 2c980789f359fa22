//! SIGINT and SIGTERM: the first stops in order, the second kills.

use std::future::pending;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream as Client};
use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use libc::{SIGINT, SIGTERM};
use seastar::net::{TcpStream, connect, listen};
use seastar::{Options, is_stopping, sleep, spawn, stopping, submit_to, timeout};

use super::program::{Running, TWO_SHARDS, child, program};

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// The longest that there is, so that who waits for its end does not end.
const DAY: &str = "--grace-period-ms=86400000";

fn name(signal: i32) -> &'static str {
    if signal == SIGINT { "SIGINT" } else { "SIGTERM" }
}

// SIG-1
#[test]
fn an_idle_server_ends_in_order() {
    let program = program(async || {
        let listener = listen(ANY)?;
        println!("ready");
        listener.serve(async |_| Ok::<_, io::Error>(())).await
    });
    for signal in [SIGINT, SIGTERM] {
        for shards in ["-c1", "-c2"] {
            let mut server = program.start(&[shards, "-m128M", "--overprovisioned"]);
            server.prints("ready");
            server.signal(signal);
            let ended = server.finish();
            ended.assert_code(0);
            let words = "stopping within 2s; send it again to stop at once";
            ended.assert_logged_once(&format!("[shard 0] seastar - {}: {words}", name(signal)));
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        }
    }
}

// SIG-3
#[test]
fn main_may_use_the_grace_period_and_choose_the_exit_code() {
    let program = program(async || {
        println!("ready");
        stopping().await;
        assert!(is_stopping());
        submit_to(1, stopping).await;
        sleep(Duration::from_millis(5)).await;
        7u8
    });
    let mut running = program.start(&[&TWO_SHARDS[..], &[DAY]].concat());
    running.prints("ready");
    running.signal(SIGTERM);
    running.finish().assert_code(7);
}

#[test]
fn fibers_of_all_shards_may_use_the_grace_period() {
    let program = program(async || {
        for shard in 0..2 {
            submit_to(shard, async move || {
                spawn(async move {
                    stopping().await;
                    sleep(Duration::from_millis(5)).await;
                    println!("the fiber on shard {shard} is done");
                })
                .detach();
            })
            .await;
        }
        println!("ready");
        stopping().await;
    });
    let mut running = program.start(&[&TWO_SHARDS[..], &[DAY]].concat());
    running.prints("ready");
    running.signal(SIGINT);
    let ended = running.finish();
    ended.assert_code(0);
    for shard in 0..2 {
        assert!(ended.stdout.contains(&format!("the fiber on shard {shard} is done\n")), "{ended:?}");
    }
}

#[test]
fn reads_end_with_the_program_unless_they_shall_not() {
    let program = program(async || {
        let listener = listen(ANY)?;
        let mut halves = Vec::new();
        for on in [false, true] {
            let client = connect(listener.local_address()).await?;
            client.control().set_read_while_stopping(on);
            halves.push((client.split(), listener.accept().await?.0.split()));
        }
        let [(mut ending, _ends), (mut outlasting, (_, mut output))] = halves.try_into().unwrap();
        let reader = spawn(async move { ending.0.read().await.map(|bytes| bytes.len()) });
        println!("ready");
        stopping().await;
        assert_eq!(reader.await.unwrap()?, 0);
        for round in 0..3u8 {
            assert!(timeout(Duration::from_millis(2), outlasting.0.read()).await.is_err());
            output.write([round; 10]).await?;
            output.flush().await?;
            assert_eq!(&*outlasting.0.read_exactly(10).await?, &[round; 10]);
        }
        output.close().await?;
        assert!(outlasting.0.read().await?.is_empty());
        io::Result::Ok(())
    });
    let mut running = program.start(&["-c1", DAY]);
    running.prints("ready");
    running.signal(SIGINT);
    running.finish().assert_code(0);
}

/// Prints when it is dropped.
struct Goodbye(usize);

impl Drop for Goodbye {
    fn drop(&mut self) {
        println!("goodbye from shard {}", self.0);
    }
}

#[test]
fn what_is_left_after_the_grace_period_is_dropped() {
    let program = program(async || {
        let _goodbye = Goodbye(0);
        submit_to(1, async || {
            let goodbye = Goodbye(1);
            spawn(async move {
                let _goodbye = goodbye;
                pending::<()>().await
            })
            .detach();
        })
        .await;
        println!("ready");
        pending::<()>().await
    });
    for (milliseconds, words) in [("0", "SIGINT: stopping at once"), ("20", "SIGINT: stopping within 20ms;")]
    {
        let mut running = program.start(&[&TWO_SHARDS[..], &["--grace-period-ms", milliseconds]].concat());
        running.prints("ready");
        running.signal(SIGINT);
        let ended = running.finish();
        ended.assert_code(0);
        ended.assert_logged_once(words);
        ended.assert_logged_once("WARN ");
        ended.assert_logged_once("The grace period is over; fibers that are left are dropped");
        for shard in 0..2 {
            assert!(ended.stdout.contains(&format!("goodbye from shard {shard}\n")), "{ended:?}");
        }
    }
}

#[test]
fn the_second_signal_kills() {
    let program = program(async || {
        println!("ready");
        pending::<()>().await
    });
    for (first, second) in [(SIGINT, SIGINT), (SIGTERM, SIGTERM), (SIGINT, SIGTERM), (SIGTERM, SIGINT)] {
        let mut running = program.start(&[&TWO_SHARDS[..], &[DAY]].concat());
        running.prints("ready");
        running.signal(first);
        running.logs(&format!("{}: stopping within 86400s", name(first)));
        running.signal(second);
        running.finish().assert_killed_by(second);
    }
}

#[test]
fn a_shard_that_is_stuck_can_be_killed() {
    let program = program(async || -> () {
        println!("ready");
        loop {
            std::hint::spin_loop();
        }
    });
    let mut running = program.start(&["-c1", "-m64M", DAY]);
    running.prints("ready");
    while !running.has_ended() {
        running.signal(SIGINT);
        thread::sleep(Duration::from_millis(1));
    }
    running.finish().assert_killed_by(SIGINT);
}

#[test]
fn without_the_handler_the_interrupt_kills_and_sigterm_still_stops() {
    let program = program(async || {
        println!("ready");
        stopping().await;
    });
    for signal in [SIGINT, SIGTERM] {
        let mut running = program.start(&[&TWO_SHARDS[..], &["--no-handle-interrupt"]].concat());
        running.prints("ready");
        running.signal(signal);
        let ended = running.finish();
        match signal {
            SIGINT => ended.assert_killed_by(SIGINT),
            _ => ended.assert_code(0),
        }
    }
}

/// Starts a program to which `ignored` does not matter, as `nohup` and shells do.
fn ignoring(mut command: std::process::Command, ignored: i32) -> Running {
    // SAFETY: signal(2) may be called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            libc::signal(ignored, libc::SIG_IGN);
            Ok(())
        });
    }
    Running::start(command)
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let program = program(async || {
        println!("ready");
        stopping().await;
    });
    for (ignored, other) in [(SIGINT, SIGTERM), (SIGTERM, SIGINT)] {
        let mut running = ignoring(program.command(&TWO_SHARDS), ignored);
        running.prints("ready");
        for _ in 0..3 {
            running.signal(ignored);
        }
        running.signal(other);
        let ended = running.finish();
        ended.assert_code(0);
        ended.assert_logged_once(&format!("{}: stopping within", name(other)));
        assert!(!ended.stderr.contains(name(ignored)), "{}", ended.stderr);
    }
}

#[test]
fn afterwards_signals_do_what_they_did_before() {
    const TEST: &str = "signals::afterwards_signals_do_what_they_did_before";
    static CAME: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn count(_: libc::c_int) {
        CAME.fetch_add(1, Ordering::Relaxed);
    }
    if !child::is_child(TEST) {
        child::pass_in_child(TEST);
        return;
    }
    // SAFETY: counting is async-signal-safe, and signal and raise touch no other memory.
    let raise = || unsafe { libc::raise(SIGINT) };
    // SAFETY: as above.
    unsafe { libc::signal(SIGINT, count as *const () as usize) };
    for round in 1..4 {
        let options = Options::new().shards(1).memory(64 << 20);
        let ended = seastar::run(options, async move || {
            raise();
            stopping().await;
            CAME.load(Ordering::Relaxed)
        });
        assert_eq!(ended.unwrap(), round - 1, "the runtime handled it");
        raise();
        assert_eq!(CAME.load(Ordering::Relaxed), round);
    }
}

const REQUEST: usize = 100;
const CLIENTS: usize = 16;
/// Requests of one client that are on their way at once.
const WINDOW: usize = 3;

/// Answers requests, each of which takes a moment, and prints how many there were, and how many after the signal.
async fn work(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.split();
    let (mut answered, mut late) = (0, 0);
    loop {
        let request = input.read_exactly(REQUEST).await?;
        if request.len() < REQUEST {
            println!("answered {answered} late {late}");
            return output.close().await;
        }
        sleep(Duration::from_millis(1)).await;
        output.write_buffer(request).await?;
        output.flush().await?;
        answered += 1;
        late += usize::from(is_stopping());
    }
}

/// Asks until the server closes; says how many answers came, all of them whole.
fn ask(port: u16, answers: &AtomicUsize) {
    let mut server = Client::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (mut asked, mut answered) = (0u64, 0u64);
    loop {
        while asked < answered + WINDOW as u64 {
            let mut request = [0; REQUEST];
            request[..8].copy_from_slice(&asked.to_le_bytes());
            // Fails once the server has gone; what it had answered before is still read below.
            let _ = server.write_all(&request);
            asked += 1;
        }
        let mut answer = [0; REQUEST];
        let mut filled = 0;
        while filled < REQUEST {
            match server.read(&mut answer[filled..]) {
                Ok(len @ 1..) => filled += len,
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error}"),
            }
        }
        if filled == 0 {
            return;
        }
        assert_eq!(filled, REQUEST, "an answer was cut off");
        assert_eq!(answer[..8], answered.to_le_bytes(), "answers come in order");
        answered += 1;
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

// SIG-2
#[test]
fn whatever_was_accepted_is_answered_under_load_and_no_more() {
    let program = program(async || {
        let listener = listen(ANY)?;
        println!("listening on {}", listener.local_address().port());
        listener.serve(work).await
    });
    for signal in [SIGINT, SIGTERM] {
        for shards in ["-c1", "-c2"] {
            let mut server = program.start(&[shards, "-m128M", "--overprovisioned", DAY]);
            let port = server.prints("listening on ").parse().unwrap();
            let answers = [const { AtomicUsize::new(0) }; CLIENTS];
            thread::scope(|scope| {
                for answers in &answers {
                    scope.spawn(move || ask(port, answers));
                }
                while answers.iter().any(|answers| answers.load(Ordering::Relaxed) < 10) {
                    assert!(!server.has_ended());
                    thread::sleep(Duration::from_millis(1));
                }
                server.signal(signal);
            });
            let ended = server.finish();
            ended.assert_code(0);
            let mut served = Vec::new();
            for line in ended.stdout.lines().filter_map(|line| line.strip_prefix("answered ")) {
                let (answered, late) = line.split_once(" late ").unwrap();
                served.push(answered.parse::<usize>().unwrap());
                // The one that was at work, those that had come, and few more while the shard took notice.
                assert!(
                    late.parse::<usize>().unwrap() <= 5 * WINDOW,
                    "clients kept the server from its end: {late}"
                );
            }
            let mut received = answers.map(AtomicUsize::into_inner);
            served.sort();
            received.sort();
            assert_eq!(served, received);
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        }
    }
}

#[test]
fn a_client_that_never_stops_sending_keeps_nobody() {
    static READING: AtomicUsize = AtomicUsize::new(0);
    let program = program(async || {
        let listener = listen(ANY)?;
        println!("listening on {}", listener.local_address().port());
        let swallow = async |stream: TcpStream| -> io::Result<()> {
            let (mut input, _output) = stream.split();
            assert!(!input.read().await?.is_empty());
            if READING.fetch_add(1, Ordering::Relaxed) == 3 {
                println!("all four send");
            }
            while !input.read().await?.is_empty() {}
            // The end is the end, whatever the client still sends.
            for _ in 0..10 {
                sleep(Duration::from_micros(100)).await;
                assert!(input.read().await?.is_empty());
            }
            println!("done");
            Ok(())
        };
        listener.serve(swallow).await
    });
    let mut server = program.start(&["-c1", "-m64M", DAY]);
    let port: u16 = server.prints("listening on ").parse().unwrap();
    let flood = || {
        let mut server = Client::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        while server.write_all(&[7; 50_000]).is_ok() {}
    };
    let ended = thread::scope(move |scope| {
        (0..4).for_each(|_| _ = scope.spawn(flood));
        server.prints("all four send");
        server.signal(SIGTERM);
        server.finish()
    });
    ended.assert_code(0);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stdout.matches("done\n").count(), 4, "{}", ended.stdout);
}

/// Starts another of its kind when it is dropped.
struct Hydra;

impl Drop for Hydra {
    fn drop(&mut self) {
        begin(Hydra);
    }
}

fn begin(hydra: Hydra) {
    spawn(async move {
        let _kept = hydra;
        pending::<()>().await
    })
    .detach();
}

#[test]
fn fibers_that_start_others_when_they_are_dropped_do_not_keep_a_program() {
    let program = program(async || {
        submit_to(1, async || begin(Hydra)).await;
        println!("ready");
        pending::<()>().await
    });
    let mut running = program.start(&[&TWO_SHARDS[..], &["--grace-period-ms", "0"]].concat());
    running.prints("ready");
    running.signal(SIGINT);
    let ended = running.finish();
    ended.assert_code(0);
    ended.assert_logged_once(
        "Fibers go on starting others while they are dropped; the last are left as they are",
    );
}
