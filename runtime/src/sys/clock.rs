//! The monotonic clock, as nanoseconds that fit a register.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds since the system's monotonic epoch.
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec; CLOCK_MONOTONIC cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The same point in time as `instant`, which std takes from the same clock.
pub(crate) fn from_instant(instant: Instant) -> u64 {
    let (base, nanos) = base();
    match instant.checked_duration_since(*base) {
        Some(later) => nanos.saturating_add(duration_nanos(later)),
        None => nanos.saturating_sub(duration_nanos(*base - instant)),
    }
}

/// `duration` in nanoseconds; what does not fit is as good as forever (584 years).
pub(crate) fn duration_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// One point in time on both scales.
fn base() -> &'static (Instant, u64) {
    static BASE: OnceLock<(Instant, u64)> = OnceLock::new();
    // The instant is read first: a converted time is then never too early.
    BASE.get_or_init(|| (Instant::now(), now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_converted_time_is_never_too_early() {
        for _ in 0..100 {
            let before = now();
            assert!(from_instant(Instant::now()) >= before);
        }
    }

    #[test]
    fn instants_convert_in_both_directions_of_the_base() {
        let early = Instant::now();
        let base = from_instant(Instant::now());
        let later = from_instant(Instant::now() + Duration::from_secs(1));
        assert!(from_instant(early) <= base);
        assert!(later - base >= 1_000_000_000 && later - base < 60_000_000_000);
        assert!(now() >= base.saturating_sub(1_000_000));
    }
}
