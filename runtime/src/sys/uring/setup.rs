//! Setting a ring up with all that the running kernel offers.
//!
//! The kernel does not tell which flags it knows: one that refuses a ring is asked again without the newest of them.

use std::io;

use io_uring::types::BufRingEntry;
use io_uring::{Builder, IoUring, Probe, opcode};

use super::features::{Feature, Features};
use crate::sys::buffers::GROUP;
use crate::sys::map::Mapping;

/// Operations that fit the queue before it has to be entered.
const SUBMISSIONS: u32 = 1024;
/// Completions that fit before the kernel keeps them on a slower list. More than one for each operation,
/// because a multishot operation completes many times in one enter.
const COMPLETIONS: u32 = 8192;

/// What is asked for by a flag, newest first.
const FLAGS: [Feature; 4] =
    [Feature::NoSqarray, Feature::DeferTaskrun, Feature::SingleIssuer, Feature::CoopTaskrun];

/// A ring with as many of the flags as the kernel takes, and the features without those that it refused.
pub(super) fn build(features: Features) -> io::Result<(IoUring, Features)> {
    build_sized(features, SUBMISSIONS, COMPLETIONS)
}

fn build_sized(
    mut features: Features,
    submissions: u32,
    completions: u32,
) -> io::Result<(IoUring, Features)> {
    if !features.has(Feature::SingleIssuer) {
        features = features.without_one(Feature::DeferTaskrun);
    }
    loop {
        let mut builder = IoUring::builder();
        builder.dontfork().setup_cqsize(completions).setup_clamp().setup_submit_all();
        flags(&mut builder, features);
        let error = match builder.build(submissions) {
            Ok(ring) => return Ok((ring, features)),
            Err(error) => error,
        };
        let newest = FLAGS.into_iter().find(|flag| features.has(*flag));
        match newest {
            Some(newest) if error.raw_os_error() == Some(libc::EINVAL) => {
                features = features.without_one(newest)
            }
            _ => return Err(error),
        }
    }
}

fn flags(builder: &mut Builder, features: Features) {
    if features.has(Feature::SingleIssuer) {
        builder.setup_single_issuer();
    }
    if features.has(Feature::DeferTaskrun) {
        builder.setup_defer_taskrun();
    } else if features.has(Feature::CoopTaskrun) {
        builder.setup_coop_taskrun();
    }
    if is_deferred(features) {
        builder.setup_taskrun_flag();
    }
    if features.has(Feature::NoSqarray) {
        builder.setup_no_sqarray();
    }
}

/// Whether completions wait for an enter, and the kernel flags that there are some.
pub(super) fn is_deferred(features: Features) -> bool {
    features.has(Feature::DeferTaskrun) || features.has(Feature::CoopTaskrun)
}

/// What the kernel offers, less what is not wanted. Fails with ENOSYS where it is too old for what the driver cannot do
/// without, and as the kernel does where it is forbidden.
pub(super) fn probe(without: Features) -> io::Result<Features> {
    let (ring, mut features) = build_sized(Features::ALL.without(without), 2, 4)?;
    let mut probe = Probe::new();
    let mut submitter = ring.submitter();
    submitter.register_probe(&mut probe)?;
    // Receives that go on came with it, in 6.0; before that, much else is missing.
    if !probe.is_supported(opcode::SendZc::CODE) || !ring.params().is_feature_ext_arg() {
        return Err(io::Error::from_raw_os_error(libc::ENOSYS));
    }
    if !probe.is_supported(opcode::MsgRingData::CODE) {
        features = features.without_one(Feature::MsgRing);
    }
    if features.has(Feature::RingFd) && submitter.register_ring_fd().is_err() {
        features = features.without_one(Feature::RingFd);
    }
    if features.has(Feature::BufferRings) && !takes_buffers(&ring) {
        features = features.without_one(Feature::BufferRings);
    }
    // Or else the thread keeps the ring.
    let _ = submitter.unregister_ring_fd();
    Ok(features)
}

fn takes_buffers(ring: &IoUring) -> bool {
    const ENTRIES: u16 = 8;
    let Ok(memory) = Mapping::new(ENTRIES as usize * size_of::<BufRingEntry>()) else { return false };
    let (submitter, address) = (ring.submitter(), memory.base().as_ptr() as u64);
    // SAFETY: the memory holds so many entries, and stays until the ring has forgotten it.
    let taken = unsafe { submitter.register_buf_ring_with_flags(address, ENTRIES, GROUP, 0) };
    taken.is_ok() && submitter.unregister_buf_ring(GROUP).is_ok()
}
