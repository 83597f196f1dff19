/// Durations in whole microseconds, for percentiles in bounded memory.
///
/// Up to [`EXACT`] durations are kept as they are, and percentiles are exact. From then on they are counted
/// in buckets of which 128 lie between a power of two and the next, so a percentile is off by at most 0.4 %.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    exact: Vec<u64>,
    buckets: Vec<u64>,
    count: u64,
}

/// How many durations are kept as they are: 32 KiB, where the buckets take up to 48 KiB.
const EXACT: usize = 4096;

/// A bucket's index holds this many bits of a duration behind its leading one.
const BITS: u32 = 7;

impl Histogram {
    pub(crate) fn add(&mut self, micros: u64) {
        self.count += 1;
        if self.buckets.is_empty() && self.exact.len() < EXACT {
            self.exact.push(micros);
            return;
        }
        for micros in std::mem::take(&mut self.exact) {
            self.add_to_bucket(micros);
        }
        self.add_to_bucket(micros);
    }

    /// Adds the durations that another histogram has.
    pub(crate) fn merge(&mut self, other: Self) {
        if !other.buckets.is_empty() {
            for micros in std::mem::take(&mut self.exact) {
                self.add_to_bucket(micros);
            }
            if self.buckets.len() < other.buckets.len() {
                self.buckets.resize(other.buckets.len(), 0);
            }
            for (mine, other) in self.buckets.iter_mut().zip(&other.buckets) {
                *mine += other;
            }
            self.count += other.count;
            return;
        }
        for micros in other.exact {
            self.add(micros);
        }
    }

    fn add_to_bucket(&mut self, micros: u64) {
        let index = bucket(micros);
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, 0);
        }
        self.buckets[index] += 1;
    }

    /// The durations of these ranks, given in hundredths and in rising order: the smallest duration that is
    /// not below that share of all of them (the nearest rank).
    pub(crate) fn percentiles<const N: usize>(&self, hundredths: [u64; N]) -> [u64; N] {
        let rank = |hundredth: u64| (self.count * hundredth).div_ceil(100).max(1);
        if self.buckets.is_empty() {
            let mut sorted = self.exact.clone();
            sorted.sort_unstable();
            return hundredths.map(|hundredth| {
                let rank = usize::try_from(rank(hundredth)).unwrap_or(usize::MAX);
                sorted.get(rank - 1).copied().unwrap_or_default()
            });
        }
        hundredths.map(|hundredth| {
            let rank = rank(hundredth);
            let mut seen = 0;
            self.buckets
                .iter()
                .position(|count| {
                    seen += count;
                    seen >= rank
                })
                .map(middle)
                .unwrap_or_default()
        })
    }
}

/// Below 2^8 a duration is its own bucket; above, its leading eight bits and their place are.
fn bucket(micros: u64) -> usize {
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(BITS + 1);
    let bucket = (u64::from(shift) << BITS) + (micros >> shift);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// A duration in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> BITS).saturating_sub(1);
    let low = (bucket - (shift << BITS)) << shift;
    low + ((1_u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buckets_middle_is_in_the_bucket_and_within_the_stated_error() {
        for power in 0..53 {
            for step in 0..1000_u64 {
                let micros = (1_u64 << power) + (1_u64 << power) * step / 1000;
                let middle = middle(bucket(micros));
                assert_eq!(bucket(middle), bucket(micros));
                assert!(
                    middle.abs_diff(micros) as f64 <= micros as f64 * 0.004,
                    "{micros}"
                );
            }
        }
    }

    #[test]
    fn percentiles_are_exact_first_and_close_later() {
        let mut histogram = Histogram::default();
        for micros in 1..=100 {
            histogram.add(micros * 1000);
        }
        assert_eq!(
            histogram.percentiles([50, 95, 99]),
            [50_000, 95_000, 99_000]
        );
        for micros in 101..=100_000 {
            histogram.add(micros * 1000);
        }
        for (found, expected) in histogram.percentiles([50, 95, 99]).into_iter().zip([
            50_000_000.0,
            95_000_000.0,
            99_000_000.0,
        ]) {
            assert!((found as f64 / expected - 1.0).abs() <= 0.004, "{found}");
        }
    }

    #[test]
    fn one_duration_is_every_percentile() {
        let mut histogram = Histogram::default();
        histogram.add(7);
        assert_eq!(histogram.percentiles([50, 95, 99]), [7, 7, 7]);
    }
}
