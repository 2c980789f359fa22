//! Where the kernel refuses io_uring, the program says so in one line, and what to do about it.

use std::io;

use super::program::{TWO_SHARDS, program};

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

#[test]
fn io_uring_refused_is_told_in_one_line() {
    const ERROR: &str = "SEASTAR_TEST_ERROR";
    if let Ok(error) = std::env::var(ERROR) {
        refuse_io_uring(error.parse().unwrap());
    }
    let program = program(async || -> () { unreachable!("there is no io_uring") });
    let forbidden = "a container's seccomp profile or `sysctl kernel.io_uring_disabled` forbids it";
    for (error, remedy) in [(libc::EPERM, forbidden), (libc::ENOSYS, "Linux 6.1 or newer is needed")] {
        for arguments in [&["-c1"], &TWO_SHARDS[..]] {
            let mut command = program.command(arguments);
            command.env(ERROR, error.to_string());
            let ended = super::program::Running::start(command).finish();
            ended.assert_code(1);
            let says = io::Error::from_raw_os_error(error);
            let start = format!("Could not initialize seastar: io_uring refused: {says}; {remedy}");
            assert!(ended.stderr.starts_with(&start), "{} and not {start}", ended.stderr);
            assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        }
    }
}
