//! Seconds, and what clients mean by an expiry time.

/// The largest expiry time that counts from now; larger ones are Unix time.
const RELATIVE_SECONDS_MAX: i64 = 60 * 60 * 24 * 30;

/// Tells the seconds of a server from those of the world. Zero is free to mean never.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Unix time of second zero.
    zero: i64,
}

impl Clock {
    /// The first second of a server.
    pub const START: u32 = 2;

    /// A clock that starts at the Unix time `unix_now`.
    pub fn new(unix_now: u64) -> Clock {
        Clock { zero: unix_now as i64 - i64::from(Clock::START) }
    }

    /// The second of the server at the Unix time `unix_now`, never before the first.
    pub fn now(&self, unix_now: u64) -> u32 {
        (unix_now as i64 - self.zero).clamp(i64::from(Clock::START), i64::from(u32::MAX) - 1) as u32
    }

    /// The Unix time of a second of the server.
    pub fn unix(&self, second: u32) -> i64 {
        self.zero + i64::from(second)
    }

    /// The second at which an item ends that a client gave `exptime`: 0 is never and stays 0, negative is at once, up to
    /// 30 days counts from `now`, and anything larger is Unix time.
    pub fn expiry(&self, exptime: i64, now: u32) -> u32 {
        match exptime {
            0 => 0,
            ..0 => 1,
            1..=RELATIVE_SECONDS_MAX => now.saturating_add(exptime as u32).min(u32::MAX - 1),
            // What has passed is 1, not 0, which would be never.
            _ => (exptime - self.zero).clamp(1, i64::from(u32::MAX) - 1) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_times_are_relative_up_to_thirty_days() {
        let clock = Clock::new(1_700_000_000);
        let now = clock.now(1_700_000_100);
        assert_eq!(now, 102);
        assert_eq!(clock.expiry(0, now), 0);
        assert_eq!(clock.expiry(-1, now), 1);
        assert_eq!(clock.expiry(60, now), 162);
        assert_eq!(clock.expiry(2_592_000, now), 2_592_102);
        assert_eq!(clock.expiry(2_592_001, now), 1, "that is in 1970");
        assert_eq!(clock.expiry(1_700_000_160, now), 162);
        assert_eq!(clock.expiry(i64::MAX / 2, now), u32::MAX - 1);
        assert_eq!(clock.unix(102), 1_700_000_100);
    }

    #[test]
    fn a_clock_that_was_set_back_stays_at_the_start() {
        assert_eq!(Clock::new(1_000).now(10), Clock::START);
    }
}
