use serde::Serialize;

use crate::query::ToolStatistics;

/// How long calls took, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Durations {
    /// The mean, to three decimals.
    pub avg_ms: f64,
    /// The median, by the nearest rank. Percentiles are exact up to 4,096 calls, from then on within 0.4 %.
    pub p50: f64,
    /// What 95 of 100 calls do not exceed.
    pub p95: f64,
    /// What 99 of 100 calls do not exceed.
    pub p99: f64,
    /// The longest.
    pub max_ms: f64,
    /// How many calls took how long, the shortest first; bands at either end without a call are left out.
    pub bands: Vec<DurationBand>,
}

/// How many calls took as long.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DurationBand {
    /// Calls that took this many milliseconds or longer.
    pub from_ms: u64,
    /// And less than this; none in the last band.
    pub below_ms: Option<u64>,
    /// How many.
    pub calls: u64,
}

/// Where bands end, in milliseconds.
const EDGES: [u64; 12] = [
    1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000,
];

#[derive(Debug, Default)]
pub(super) struct Bands([u64; EDGES.len() + 1]);

impl Bands {
    pub(super) fn add(&mut self, micros: i64) {
        let milliseconds = u64::try_from(micros).unwrap_or_default() / 1000;
        let band = EDGES.partition_point(|edge| *edge <= milliseconds);
        if let Some(count) = self.0.get_mut(band) {
            *count += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, other) in self.0.iter_mut().zip(other.0) {
            *mine += other;
        }
    }

    fn named(&self) -> Vec<DurationBand> {
        let edge = |band: usize| EDGES.get(band).copied();
        let from = |band: usize| band.checked_sub(1).and_then(edge).unwrap_or(0);
        let mut named: Vec<DurationBand> = (0..)
            .zip(self.0)
            .map(|(band, calls)| DurationBand {
                from_ms: from(band),
                below_ms: edge(band),
                calls,
            })
            .skip_while(|band| band.calls == 0)
            .collect();
        while named.last().is_some_and(|band| band.calls == 0) {
            named.pop();
        }
        named
    }
}

impl Durations {
    pub(super) fn of(all: &ToolStatistics, bands: &Bands) -> Option<Self> {
        Some(Self {
            avg_ms: all.avg_duration_ms?,
            p50: all.p50?,
            p95: all.p95?,
            p99: all.p99?,
            max_ms: all.max_duration_ms?,
            bands: bands.named(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_band_that_begins_with_it() {
        let mut bands = Bands::default();
        for micros in [2_999, 3_000, 29_999, 30_000] {
            bands.add(micros);
        }
        let counts: Vec<(u64, Option<u64>, u64)> = bands
            .named()
            .iter()
            .map(|band| (band.from_ms, band.below_ms, band.calls))
            .collect();
        let expected = [
            (1, Some(3), 1),
            (3, Some(10), 1),
            (10, Some(30), 1),
            (30, Some(100), 1),
        ];
        assert_eq!(counts, expected);
        let mut ends = Bands::default();
        ends.add(-5);
        ends.add(i64::MAX);
        let ends = ends.named();
        assert_eq!(
            (ends.len(), ends[0].from_ms, ends[12].below_ms),
            (13, 0, None)
        );
    }
}
