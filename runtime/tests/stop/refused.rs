//! Where the kernel refuses io_uring, the program goes through epoll and says why; if it must have io_uring, it says
//! what to do about that.

use std::io;
use std::os::unix::process::CommandExt;

use super::program::{Finished, Program, Running, TWO_SHARDS, program};

const ERROR: &str = "SEASTAR_TEST_ERROR";
const BACKEND: &str = "SEASTAR_REACTOR_BACKEND";
const FORBIDDEN: &str = "a container's seccomp profile or `sysctl kernel.io_uring_disabled` forbids it";
const TOO_OLD: &str = "Linux 6.0 or newer is needed";

/// Makes io_uring_setup fail with `error` for the calling thread and those that it starts, as the seccomp profile of a
/// container does.
fn refuse_io_uring(error: i32) {
    let jump_if_setup = libc::sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt: 0,
        jf: 1,
        k: libc::SYS_io_uring_setup as u32,
    };
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut filter = [
        // The number of the call is the first word of `seccomp_data`.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        jump_if_setup,
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | error as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the arguments are those of prctl(2), and the filter lives during the calls.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter) == 0
    };
    assert!(installed, "{}", io::Error::last_os_error());
}

/// Runs it where io_uring_setup fails with `error`.
fn run_refused(program: &Program, error: i32, arguments: &[&str]) -> Finished {
    let mut command = program.command(arguments);
    command.env(ERROR, error.to_string()).env_remove(BACKEND);
    Running::start(command).finish()
}

fn refuse_if_asked() {
    if let Ok(error) = std::env::var(ERROR) {
        refuse_io_uring(error.parse().unwrap());
    }
}

#[test]
fn io_uring_refused_is_told_in_one_line() {
    refuse_if_asked();
    let program = program(async || -> () { unreachable!("there is no io_uring") });
    for (error, remedy) in [(libc::EPERM, FORBIDDEN), (libc::ENOSYS, TOO_OLD)] {
        for shards in [&["-c1"], &TWO_SHARDS[..]] {
            let ended = run_refused(&program, error, &[shards, &["--reactor-backend=io_uring"]].concat());
            ended.assert_code(1);
            let says = io::Error::from_raw_os_error(error);
            let start = format!("Could not initialize seastar: io_uring refused: {says}; {remedy}");
            assert!(ended.stderr.starts_with(&start), "{} and not {start}", ended.stderr);
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        }
    }
}

#[test]
fn epoll_stands_in_where_io_uring_is_refused() {
    refuse_if_asked();
    let program = program(async || {
        let there = seastar::submit_to(seastar::shard_count() - 1, async || seastar::this_shard()).await;
        println!("from shard {there}");
    });
    for (error, why) in [(libc::EPERM, FORBIDDEN), (libc::ENOSYS, TOO_OLD)] {
        let ended = run_refused(&program, error, &TWO_SHARDS);
        ended.assert_code(0);
        assert!(ended.stdout.contains("from shard 1"), "{}", ended.stdout);
        let says = io::Error::from_raw_os_error(error);
        ended.assert_logged_once(&format!("Reactor backend: epoll, because io_uring refused: {says}; {why}"));
    }
}

#[test]
fn no_memory_for_a_ring_is_told_with_the_remedy() {
    refuse_if_asked();
    let program = program(async || -> () { unreachable!("there is no io_uring") });
    let ended = run_refused(&program, libc::ENOMEM, &["-c1", "--reactor-backend=io_uring"]);
    ended.assert_code(1);
    ended
        .assert_logged_once("io_uring refused: Cannot allocate memory (os error 12); raise the memory limit");
}

#[test]
fn what_the_machine_offers_is_told_with_the_help() {
    refuse_if_asked();
    let program = program(async || -> () { unreachable!("it only helps") });
    let mut command = program.command(&["--help-seastar"]);
    command.env_remove(BACKEND);
    let ended = Running::start(command).finish();
    ended.assert_code(0);
    for name in ["kernel", "CPUs", "CPU quota", "memory", "open files", "locked memory", "reactor backend"] {
        assert!(ended.stdout.contains(&format!("\n      {name} ")), "{name} in {}", ended.stdout);
    }
    let ended = run_refused(&program, libc::EPERM, &["--help-seastar"]);
    ended.assert_code(0);
    let words = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("seccomp profile there is one, which may forbid io_uring"), "{words}");
    assert!(words.contains(&format!("Operation not permitted (os error 1); {FORBIDDEN}")), "{words}");
    assert!(words.contains("reactor backend epoll, because io_uring is refused"), "{words}");
}

#[test]
fn too_few_open_files_are_told_with_the_remedy() {
    let program = program(async || ());
    let mut refusals = 0;
    for files in 3..24 {
        let mut command = program.command(&TWO_SHARDS);
        // SAFETY: setrlimit(2) is async-signal-safe, and reads a valid limit.
        unsafe {
            command.pre_exec(move || {
                let limit = libc::rlimit { rlim_cur: files, rlim_max: files };
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
                Ok(())
            });
        }
        let ended = Running::start(command).finish();
        if ended.stderr.contains("Could not initialize seastar") {
            ended.assert_code(1);
            let told =
                ended.stderr.contains("Too many open files (os error 24); raise the limit on open files");
            assert!(told, "with {files}: {}", ended.stderr);
            refusals += 1;
        }
    }
    assert!(refusals > 0);
}

/// Which is low for the sake of programs that are no servers.
#[test]
fn the_soft_limit_on_open_files_is_raised() {
    let program = program(async || {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: a valid place for one limit.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
        println!("{} of {}", limit.rlim_cur, limit.rlim_max);
    });
    let mut command = program.command(&["-c1"]);
    // SAFETY: setrlimit(2) is async-signal-safe, and reads a valid limit.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: 100, rlim_max: 120 };
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            Ok(())
        });
    }
    let ended = Running::start(command).finish();
    ended.assert_code(0);
    assert!(ended.stdout.contains("120 of 120"), "{ended:?}");
}

#[test]
fn epoll_can_be_asked_for() {
    let program = program(async || seastar::sleep(std::time::Duration::from_millis(1)).await);
    let ended = program.run(&["-c1", "--reactor-backend=epoll", "--default-log-level=trace"]);
    ended.assert_code(0);
    assert!(ended.stderr.contains(" and epoll"), "{}", ended.stderr);
    let mut command = program.command(&["-c1", "--default-log-level=trace"]);
    command.env(BACKEND, "epoll");
    let ended = Running::start(command).finish();
    ended.assert_code(0);
    assert!(ended.stderr.contains(" and epoll"), "{}", ended.stderr);
}

#[test]
fn a_backend_that_does_not_exist_is_refused() {
    let program = program(async || -> () { unreachable!("it does not start") });
    let ended = program.run(&["-c1", "--reactor-backend=linux-aio"]);
    ended.assert_code(2);
    assert!(ended.stderr.contains("there are auto, io_uring and epoll"), "{}", ended.stderr);
    let mut command = program.command(&["-c1"]);
    command.env(BACKEND, "linux-aio");
    let ended = Running::start(command).finish();
    ended.assert_code(1);
    let start =
        "Could not initialize seastar: Bad value for SEASTAR_REACTOR_BACKEND: there is no reactor backend";
    assert!(ended.stderr.starts_with(start), "{}", ended.stderr);
}
