//! Exit codes and last words: the table 2.13 of the project's semantics, row by row.
//!
//! What differs from C++ Seastar: failures are told on stderr and not on stdout, and a main function that panics
//! ends with Rust's 101.

use std::future::pending;
use std::io;
use std::process::ExitCode;

use seastar::{clap, invoke_on_all, spawn, submit_to, yield_now};

use super::program::{Finished, TWO_SHARDS, program, program_with};

/// A program that does not start: its code, nothing but words on stderr.
#[track_caller]
fn assert_refused(ended: &Finished, code: i32, words: &str) {
    ended.assert_code(code);
    assert!(ended.stderr.starts_with(words), "{}", ended.stderr);
    assert!(!ended.stdout.contains("main runs"), "{}", ended.stdout);
}

// APP-1
#[test]
fn main_runs_once_on_the_first_shard_and_returns_nothing() {
    let program = program(async || println!("main runs on shard {}", seastar::this_shard()));
    let ended = program.run(&TWO_SHARDS);
    ended.assert_code(0);
    assert_eq!(ended.stdout.matches("main runs on shard 0\n").count(), 1, "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_number_is_the_exit_code() {
    #[derive(clap::Args)]
    struct Args {
        #[arg(long)]
        number: i32,
    }
    let program = program_with(async |args: Args| args.number);
    for (number, code) in [("0", 0), ("1", 1), ("42", 42), ("255", 255), ("256", 0), ("-1", 255)] {
        program.run(&["-c1", &format!("--number={number}")]).assert_code(code);
    }
}

#[test]
fn an_exit_code_is_the_exit_code() {
    program(async || ExitCode::from(9)).run(&["-c1"]).assert_code(9);
}

#[test]
fn a_failure_is_logged_once_and_is_1() {
    let program = program(async || {
        yield_now().await;
        Err::<u8, _>(io::Error::other("the disk\nis full"))
    });
    let ended = program.run(&["-c1"]);
    ended.assert_code(1);
    ended.assert_logged_once("ERROR ");
    ended.assert_logged_once(
        "[shard 0] seastar - Exiting on unhandled error: std::io::error::Error (the disk",
    );
}

#[test]
fn a_main_that_panics_is_101() {
    let program = program(async || -> () {
        yield_now().await;
        panic!("the words of the panic");
    });
    let ended = program.run(&["-c1"]);
    ended.assert_code(101);
    ended.assert_logged_once("[shard 0] seastar - A fiber panicked: the one spawned at");
}

#[test]
fn a_call_to_another_shard_that_panics_goes_on_in_main() {
    let program = program(async || -> () {
        submit_to(1, async || {
            yield_now().await;
            panic!("far away");
        })
        .await
    });
    let ended = program.run(&TWO_SHARDS);
    ended.assert_code(101);
    ended.assert_logged_once("[shard 1] seastar - ");
    assert!(ended.stderr.contains("far away"), "{}", ended.stderr);
}

#[test]
fn a_call_to_no_shard_panics_where_it_is_made() {
    const LINE: u32 = line!() + 1;
    let program = program(async || submit_to(2, async || ()).await);
    let ended = program.run(&TWO_SHARDS);
    ended.assert_code(101);
    ended.assert_logged_once(&format!("panicked at {}:{LINE}:", file!()));
    ended.assert_logged_once("A fiber panicked: ");
    assert!(
        ended.stderr.contains("\nshard 2 does not exist; this program has 2, from 0\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn fibers_that_panic_end_alone() {
    let program = program(async || {
        let all = invoke_on_all(async || {
            spawn(async { panic!("on shard {}", seastar::this_shard()) }).detach();
            yield_now().await;
            yield_now().await;
            Ok::<_, ()>(())
        });
        all.await.unwrap();
        println!("main runs on");
        5u8
    });
    let ended = program.run(&TWO_SHARDS);
    ended.assert_code(5);
    assert!(ended.stdout.contains("main runs on\n"), "{}", ended.stdout);
    for shard in 0..2 {
        ended.assert_logged_once(&format!("[shard {shard}] seastar - A fiber panicked: the one spawned at "));
    }
}

#[test]
fn options_that_cannot_be_read_are_2() {
    let program = program(async || println!("main runs"));
    for arguments in [&["--unknown"][..], &["-c", "two"], &["-m1X"], &["stray"], &["--smp"]] {
        let ended = program.run(arguments);
        assert_refused(&ended, 2, "error: ");
        assert!(ended.stderr.contains("try '--help'"), "{}", ended.stderr);
    }
}

#[test]
fn an_option_that_is_missing_is_1() {
    #[derive(clap::Args)]
    struct Args {
        /// Where the data is
        #[arg(long, required = true)]
        folder: String,
    }
    let program = program_with(async |args: Args| println!("main runs in {}", args.folder));
    let ended = program.run(&["-c1"]);
    assert_refused(&ended, 1, "error: the following required arguments were not provided:");
    assert!(ended.stderr.contains("--folder <FOLDER>"), "{}", ended.stderr);
    program.run(&["-c1", "--folder=/"]).assert_code(0);
}

#[test]
fn helps_are_0() {
    let program = program(async || println!("main runs"));
    for (help, words) in
        [("--help", "Seastar options:"), ("-h", "--smp"), ("--help-seastar", "--task-quota-ms")]
    {
        let ended = program.run(&[help]);
        assert_refused(&ended, 0, "");
        assert!(ended.stdout.contains(words) && ended.stderr.is_empty(), "{ended:?}");
    }
}

#[test]
fn a_bad_configuration_of_the_log_is_1() {
    let program = program(async || println!("main runs"));
    for arguments in [["--default-log-level", "loud"], ["--logger-log-level", "echo"]] {
        assert_refused(&program.run(&arguments), 1, "logging configuration error: ");
    }
}

#[test]
fn what_the_machine_does_not_have_is_1() {
    let program = program(async || println!("main runs"));
    for (arguments, words) in [
        (&["-c1025"][..], "insufficient processing units: needed 1025 available "),
        (&["-c0"], "number of processing units must be positive"),
        (&["-c1", "-m100000T"], "insufficient physical memory: needed "),
        (&["-c1", "-m1M"], "insufficient physical memory: needed "),
        (&["-c1", "--cpuset", "4000"], "Bad value for --cpuset: 4000 not allowed. Shutting down."),
    ] {
        let ended = program.run(arguments);
        assert_refused(&ended, 1, &format!("Could not initialize seastar: {words}"));
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

/// Takes this thread's ring away from it.
fn lose_the_ring() {
    const UNREGISTER_RING_FDS: usize = 21;
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let rings =
        entries.filter(|path| std::fs::read_link(path).is_ok_and(|to| to.ends_with("anon_inode:[io_uring]")));
    let fds = rings.map(|path| path.file_name().unwrap().to_str().unwrap().parse::<i32>().unwrap());
    // The first ring of a thread; that of another thread refuses.
    let first = [0u64; 2];
    // SAFETY: reads one entry, of 16 bytes.
    let mut lost = fds.map(|fd| unsafe {
        libc::syscall(libc::SYS_io_uring_register, fd, UNREGISTER_RING_FDS, first.as_ptr(), 1)
    });
    assert!(lost.any(|result| result == 1));
}

#[test]
fn a_loop_that_fails_is_1() {
    let program = program(async || {
        submit_to(1, async || {
            lose_the_ring();
            pending::<()>().await
        })
        .await
    });
    let ended = program.run(&[&TWO_SHARDS[..], &["--reactor-backend=io_uring"]].concat());
    ended.assert_code(1);
    ended.assert_logged_once("The loop of shard 1 failed; this is the end");
}

#[test]
fn an_abort_ends_with_its_signal() {
    let program = program(async || -> () { submit_to(1, async || std::process::abort()).await });
    program.run(&TWO_SHARDS).assert_killed_by(libc::SIGABRT);
}

#[test]
fn the_start_is_traced() {
    let program = program(async || ());
    let ended = program.run(&[&TWO_SHARDS[..], &["--default-log-level=trace"]].concat());
    ended.assert_code(0);
    for shard in 0..2 {
        let words = format!("[shard {shard}] seastar - Started not bound to CPU ");
        ended.assert_logged_once(&words);
    }
    let drivers = [", with 64M and an io_uring with ", ", with 64M and epoll"];
    assert!(drivers.iter().any(|driver| ended.stderr.contains(driver)), "{}", ended.stderr);
}
