//! Set-up flags, best first; a kernel that does not know one is asked again without it.

use std::io;

use io_uring::{Builder, IoUring, Probe, opcode};

/// Operations that fit the queue before it has to be entered.
const SUBMISSIONS: u32 = 1024;
/// Completions that fit before the kernel keeps them on a slower list. More than one for each operation,
/// because a multishot operation completes many times in one enter.
const COMPLETIONS: u32 = 8192;

/// A set of flags, whether it defers completions to the enter, and how it is called.
type Attempt = (fn(&mut Builder) -> &mut Builder, bool, &'static str);

const ATTEMPTS: [Attempt; 4] = [
    (
        |b| b.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag().setup_no_sqarray(),
        true,
        "SINGLE_ISSUER DEFER_TASKRUN TASKRUN_FLAG NO_SQARRAY",
    ),
    (
        |b| b.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag(),
        true,
        "SINGLE_ISSUER DEFER_TASKRUN TASKRUN_FLAG",
    ),
    (|b| b.setup_coop_taskrun().setup_taskrun_flag(), true, "COOP_TASKRUN TASKRUN_FLAG"),
    (|b| b, false, "no flags"),
];

/// The ring, whether its completions wait for an enter, and its flags in words.
pub(super) fn build() -> io::Result<(IoUring, bool, &'static str)> {
    let mut refused = None;
    for (flags, deferred, words) in ATTEMPTS {
        let mut builder = IoUring::builder();
        builder.dontfork().setup_cqsize(COMPLETIONS).setup_clamp().setup_submit_all();
        match flags(&mut builder).build(SUBMISSIONS) {
            Ok(ring) => return Ok((ring, deferred, words)),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(refused.unwrap_or_else(|| io::ErrorKind::Unsupported.into()))
}

/// Fails with ENOSYS where the kernel is too old for what the driver does, and as the kernel does where it is forbidden.
pub(super) fn probe() -> io::Result<()> {
    let ring = IoUring::new(2)?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    // Receives that go on came with the one, messages between rings before that.
    let since_6_0 = probe.is_supported(opcode::SendZc::CODE) && probe.is_supported(opcode::MsgRingData::CODE);
    if since_6_0 && ring.params().is_feature_ext_arg() {
        return Ok(());
    }
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}
