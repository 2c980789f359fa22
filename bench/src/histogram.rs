//! Counts of durations in buckets that are at most 1.6 % wide, so that a percentile costs no sorting.

/// Buckets for each power of two.
const STEPS: usize = 64;
const STEPS_LOG2: u32 = STEPS.trailing_zeros();
/// The largest power of two with buckets of its own: 2^40 ns are 18 minutes.
const POWERS: usize = 40;

/// A histogram of nanoseconds.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { counts: vec![0; STEPS * POWERS], total: 0 }
    }

    /// Counts one duration.
    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[Self::bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The duration below which `share` (0 to 1) of all durations lie, in nanoseconds.
    pub fn percentile(&self, share: f64) -> u64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Self::lower_bound(bucket);
            }
        }
        0
    }

    fn bucket(nanoseconds: u64) -> usize {
        if nanoseconds < STEPS as u64 {
            return nanoseconds as usize;
        }
        let shift = nanoseconds.ilog2() - STEPS_LOG2;
        let within = (nanoseconds >> shift) as usize - STEPS;
        ((shift as usize + 1) * STEPS + within).min(STEPS * POWERS - 1)
    }

    fn lower_bound(bucket: usize) -> u64 {
        if bucket < STEPS {
            return bucket as u64;
        }
        let shift = bucket / STEPS - 1;
        ((STEPS + bucket % STEPS) as u64) << shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_bucket() {
        let mut histogram = Histogram::new();
        for value in 1..=100_000 {
            histogram.record(value);
        }
        for (share, exact) in [(0.5, 50_000.0), (0.99, 99_000.0), (0.0001, 10.0)] {
            let measured = histogram.percentile(share) as f64;
            assert!((measured - exact).abs() <= exact / 60.0, "{share}: {measured} instead of {exact}");
        }
    }

    #[test]
    fn the_largest_value_has_a_bucket() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        assert!(histogram.percentile(1.0) > 1 << 40);
    }
}
