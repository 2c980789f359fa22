//! Other programs, and signals.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use seastar::process::{Child, Command, Stdio};
use seastar::signal::{self, Signal};
use seastar::{blocking_ok, invoke_on_all, shard_count, sleep, spawn, submit_to, this_shard, timeout};

#[path = "support/child.rs"]
mod child;
#[path = "support/guard.rs"]
mod guard;
#[path = "support/run.rs"]
mod run;

use guard::guard;

fn sh(script: &str) -> Command {
    Command::new("sh").arg("-c").arg(script)
}

/// The letter that /proc has for the state of a process; nothing if there is none.
fn state(id: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Sends a signal to this process, from another one.
async fn send(signal: &str) {
    let kill = Command::new("kill").arg(format!("-{signal}")).arg(std::process::id().to_string());
    assert!(kill.status().await.unwrap().success());
}

#[seastar::test]
async fn a_status_tells_how_a_program_ended() {
    assert_eq!(sh("exit 7").status().await.unwrap().code(), Some(7));
    assert_eq!(sh("kill -9 $$").status().await.unwrap().signal(), Some(9));
    assert!(Command::new("true").status().await.unwrap().success());
}

#[seastar::test]
async fn output_is_collected_from_both_streams() {
    let output =
        sh("cat; for n in 1 2 3; do echo out $n; echo err $n >&2; done; exit 3").output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out 1\nout 2\nout 3\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "err 1\nerr 2\nerr 3\n");
    let large = sh("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2").output().await.unwrap();
    assert_eq!((large.stdout.len(), large.stderr.len()), (1_000_000, 1_000_000));
}

#[seastar::test]
async fn output_has_a_limit() {
    let _guard = guard("output_has_a_limit");
    let error = sh("yes").output_max(100_000).output().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert!(error.to_string().contains("more than 100000 bytes"), "{error}");
    // The other stream is open for long.
    let error = sh("yes | head -c 1000000; exec sleep 1000").output_max(100_000).output().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
}

#[seastar::test]
async fn what_a_program_gets_is_what_was_said() {
    let script = "printf '%s|%s|%s|%s' \"$1\" \"$NAME\" \"$HOME\" \"$(pwd)\"";
    let command = Command::new("/bin/sh").args(["-c", script, "sh", "an argument"]);
    let output = command.env_clear().env("NAME", "a value").current_dir("/").output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "an argument|a value||/");
    let output =
        sh("echo $FIRST$SECOND").env("FIRST", "1").env("SECOND", "2").env_remove("FIRST").output().await;
    assert_eq!(output.unwrap().stdout, b"2\n");
}

#[seastar::test]
async fn a_program_that_does_not_start_is_named() {
    let error = Command::new("/no/such/program").spawn().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("start /no/such/program: "), "{error}");
    let error = Command::new("/etc/passwd").status().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[seastar::test]
async fn a_dialogue_goes_through_pipes() {
    let _guard = guard("a_dialogue_goes_through_pipes");
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().await.unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for line in ["first\n", "second\n", "third\n"] {
        input.write(line).await.unwrap();
        assert_eq!(&*output.read_until(b'\n', 100).await.unwrap(), line.as_bytes());
    }
    assert!(timeout(Duration::from_millis(2), output.read()).await.is_err(), "nothing more was written");
    input.write("after a read that was dropped").await.unwrap();
    input.close().await.unwrap();
    assert_eq!(&*output.read_exactly(100).await.unwrap(), b"after a read that was dropped");
    assert!(output.read().await.unwrap().is_empty());
    assert!(child.wait().await.unwrap().success());
    assert!(child.wait().await.unwrap().success(), "asked again, it says the same");
}

/// More than a pipe holds, both ways at once.
#[seastar::test]
async fn a_full_pipe_makes_the_writer_wait() {
    let _guard = guard("a_full_pipe_makes_the_writer_wait");
    const SIZE: usize = 1 << 20;
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().await.unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let message: Vec<u8> = (0..SIZE).map(|at| (at * 7) as u8).collect();
    let sent = message.clone();
    let writer = spawn(async move {
        input.write(&sent).await?;
        input.close().await
    });
    sleep(Duration::from_millis(20)).await;
    assert!(!writer.is_finished());
    let mut received = Vec::new();
    loop {
        let bytes = output.read().await.unwrap();
        if bytes.is_empty() {
            break;
        }
        received.extend_from_slice(&bytes);
    }
    writer.await.unwrap().unwrap();
    assert!(received == message);
}

#[seastar::test]
async fn writing_to_a_program_that_is_gone_fails() {
    let _guard = guard("writing_to_a_program_that_is_gone_fails");
    let mut child = Command::new("true").stdin(Stdio::piped()).spawn().await.unwrap();
    let mut input = child.stdin.take().unwrap();
    child.wait().await.unwrap();
    let error = input.write("is anybody there?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[seastar::test]
async fn many_programs_run_at_once() {
    let _guard = guard("many_programs_run_at_once");
    let runs: Vec<_> = (0..20).map(|code| spawn(sh(&format!("exit {code}")).status())).collect();
    for (code, run) in (0..).zip(runs) {
        assert_eq!(run.await.unwrap().unwrap().code(), Some(code));
    }
}

async fn sleeper(kill_on_drop: bool) -> Child {
    Command::new("sleep").arg("1000").kill_on_drop(kill_on_drop).spawn().await.unwrap()
}

#[seastar::test]
async fn a_program_is_killed_or_told() {
    let _guard = guard("a_program_is_killed_or_told");
    let mut child = sleeper(false).await;
    assert_eq!(child.try_wait().unwrap(), None);
    assert!(timeout(Duration::from_millis(2), child.wait()).await.is_err());
    child.kill().unwrap();
    assert_eq!(child.wait().await.unwrap().signal(), Some(libc::SIGKILL));
    child.kill().unwrap();
    assert_eq!(child.try_wait().unwrap().unwrap().signal(), Some(libc::SIGKILL));
    let mut child = sleeper(false).await;
    child.signal(Signal::USR1).unwrap();
    assert_eq!(child.wait().await.unwrap().signal(), Some(libc::SIGUSR1));
}

#[seastar::test]
async fn a_child_that_is_dropped_leaves_no_zombie() {
    let _guard = guard("a_child_that_is_dropped_leaves_no_zombie");
    let child = sleeper(true).await;
    let id = child.id();
    drop(child);
    until(|| state(id).is_none()).await;
    // Not killed, it goes on.
    let child = sleeper(false).await;
    let id = child.id();
    drop(child);
    sleep(Duration::from_millis(5)).await;
    assert!(state(id).is_some_and(|state| state != 'Z'));
    sh(&format!("kill {id}")).status().await.unwrap();
    until(|| state(id).is_none()).await;
    // Nor does one whose start nobody awaits any more.
    for _ in 0..10 {
        let mut start = Box::pin(Command::new("sleep").arg("1000").kill_on_drop(true).spawn());
        let _ = timeout(Duration::from_micros(100), &mut start).await;
    }
    let children = || {
        let all =
            blocking_ok!(std::fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id())));
        all.unwrap_or_default()
    };
    assert!(!children().contains(&id.to_string()));
}

#[test]
fn no_descriptor_is_left_behind_or_handed_on() {
    const TEST: &str = "no_descriptor_is_left_behind_or_handed_on";
    if !child::is_child(TEST) {
        child::pass_in_child(TEST);
        return;
    }
    let _guard = guard(TEST);
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    const LIST: &str = "ls /proc/self/fd | wc -l";
    // Whoever started this may have handed some on.
    let handed_on = std::process::Command::new("sh").args(["-c", LIST]).output().unwrap().stdout;
    run::run(1, async move || {
        let work = async || {
            for _ in 0..5 {
                let mut child = sh("cat >/dev/null; exit 1")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .await
                    .unwrap();
                drop(child.stdout.take());
                child.wait().await.unwrap();
                drop(child);
                drop(sleeper(true).await);
                sh("exit 0").output().await.unwrap();
            }
            sleep(Duration::from_millis(10)).await;
        };
        work().await;
        let before = count();
        work().await;
        let mut tries = 0;
        while count() > before && tries < 1000 {
            sleep(Duration::from_millis(1)).await;
            tries += 1;
        }
        assert_eq!(count(), before);
        let output = sh(LIST).output().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&handed_on));
    });
}

/// Shards are bound to CPUs.
#[test]
fn a_program_gets_all_cpus_and_no_blocked_signals() {
    let cpus = std::thread::available_parallelism().unwrap().to_string();
    let run = seastar::run(run::options(1).overprovisioned(false), async || {
        sh("nproc; grep -E 'SigBlk|SigIgn' /proc/self/status").output().await.unwrap()
    });
    let output = String::from_utf8(run.unwrap().stdout).unwrap();
    let lines: Vec<_> = output.lines().collect();
    assert_eq!((lines[0], lines[1]), (&*cpus, "SigBlk:\t0000000000000000"));
}

#[test]
fn a_child_that_nobody_waits_for_does_not_hold_up_the_end() {
    let _guard = guard("a_child_that_nobody_waits_for_does_not_hold_up_the_end");
    let id = run::run(1, async || {
        let child = sleeper(false).await;
        let id = child.id();
        drop(child);
        id
    });
    assert!(state(id).is_some());
    // SAFETY: kill(2) touches no memory; the child is not waited for, so the number is its own.
    unsafe { libc::kill(id as i32, libc::SIGKILL) };
    // Another test may take it along at once.
    while state(id).is_some_and(|state| state != 'Z') {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The next one who has to do with children takes it along.
    run::run(1, async || Command::new("true").status().await.unwrap());
    assert_eq!(state(id), None);
}

#[seastar::test(shards = 2)]
async fn a_signal_is_heard_on_all_shards() {
    let _guard = guard("a_signal_is_heard_on_all_shards");
    let heard = |shard| {
        submit_to(shard, async || {
            let mut signals = signal::listen(Signal::USR1).unwrap();
            let fiber = spawn(async move { signals.recv().await });
            sleep(Duration::from_millis(1)).await;
            FIBER.with(|place| place.replace(Some(fiber)));
        })
    };
    for shard in 0..shard_count() {
        heard(shard).await;
    }
    send("USR1").await;
    invoke_on_all(async || {
        let fiber = FIBER.with(RefCell::take).unwrap();
        assert_eq!(fiber.await.unwrap(), Some(Signal::USR1), "on shard {}", this_shard());
    })
    .await;
}

thread_local! {
    static FIBER: RefCell<Option<seastar::JoinHandle<Option<Signal>>>> = const { RefCell::new(None) };
}

#[seastar::test]
async fn a_signal_that_comes_before_it_is_awaited_is_not_lost() {
    let _guard = guard("a_signal_that_comes_before_it_is_awaited_is_not_lost");
    let mut signals = signal::listen(Signal::USR2).unwrap();
    for _ in 0..3 {
        send("USR2").await;
        assert_eq!(signals.recv().await, Some(Signal::USR2));
    }
    assert!(timeout(Duration::from_millis(2), signals.recv()).await.is_err(), "one is one");
    let fiber = spawn(async move { signals.recv().await });
    sleep(Duration::from_millis(1)).await;
    send("USR2").await;
    assert_eq!(fiber.await.unwrap(), Some(Signal::USR2));
}

#[seastar::test]
async fn some_signals_are_not_to_be_listened_to() {
    for signal in [Signal::KILL, Signal::STOP, Signal::from_number(libc::SIGSEGV).unwrap()] {
        let error = signal::listen(signal).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(&signal.to_string()), "{error}");
    }
    assert_eq!(Signal::from_number(0), None);
    assert_eq!(Signal::from_number(libc::SIGRTMIN()).unwrap().name(), None);
}

/// What the system does by itself is done again when nobody listens any more.
#[test]
fn a_signal_that_nobody_listens_to_any_more_is_as_before() {
    const TEST: &str = "a_signal_that_nobody_listens_to_any_more_is_as_before";
    if child::is_child(TEST) {
        run::run(1, async || {
            let (first, second) =
                (signal::listen(Signal::USR1).unwrap(), signal::listen(Signal::USR1).unwrap());
            drop(first);
            send("USR1").await;
            drop(second);
            send("USR1").await;
            sleep(Duration::from_secs(60)).await;
        });
    }
    let output = child::again(TEST).output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGUSR1), "{output:?}");
}

#[test]
fn signals_that_stop_the_program_are_its_own_and_end_what_listens() {
    const TEST: &str = "signals_that_stop_the_program_are_its_own_and_end_what_listens";
    if child::is_child(TEST) {
        let _guard = guard(TEST);
        let heard = run::run(1, async || {
            for signal in [Signal::INT, Signal::TERM] {
                let error = signal::listen(signal).unwrap_err().to_string();
                assert!(error.ends_with("wait for that by `seastar::stopping()`"), "{error}");
            }
            let mut hangups = signal::listen(Signal::HUP).unwrap();
            drop(spawn(async { send("TERM").await }));
            hangups.recv().await
        });
        return assert_eq!(heard, None);
    }
    child::pass_in_child(TEST);
}
