//! Calls over time, in steps that people count in and that fit the range that the calls turn out to have.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;

use crate::query::instant;

/// Calls over time, without a gap: a step without calls stands there too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Volumes {
    /// How long each step is: `second`, `10 seconds`, `minute`, `5 minutes`, `15 minutes`, `hour`, `6 hours`, `day`, `week`, `month`, `quarter`,
    /// `year`, `decade`, `century` or `millennium`, in UTC; weeks begin on Monday.
    pub step: &'static str,
    /// The steps, the earliest first, at most 62.
    pub steps: Vec<Volume>,
}

/// The calls that began in one step of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Volume {
    /// When the step begins.
    pub start: String,
    /// How many calls ended, interim answers among them.
    pub calls: u64,
    /// How many of them ended badly.
    pub failures: u64,
}

/// A month in days fits.
const MOST_STEPS: usize = 62;

#[derive(Clone, Copy)]
enum Step {
    Micros(i64),
    Months(i32),
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
const WEEK: i64 = 7 * DAY;
/// 1970 began on a Thursday.
const MONDAY: i64 = -3 * DAY;

/// Each begins where one of those before it begins, but months do not begin with weeks.
const STEPS: [(&str, Step); 15] = [
    ("second", Step::Micros(SECOND)),
    ("10 seconds", Step::Micros(10 * SECOND)),
    ("minute", Step::Micros(MINUTE)),
    ("5 minutes", Step::Micros(5 * MINUTE)),
    ("15 minutes", Step::Micros(15 * MINUTE)),
    ("hour", Step::Micros(60 * MINUTE)),
    ("6 hours", Step::Micros(6 * 60 * MINUTE)),
    ("day", Step::Micros(DAY)),
    ("week", Step::Micros(WEEK)),
    ("month", Step::Months(1)),
    ("quarter", Step::Months(3)),
    ("year", Step::Months(12)),
    ("decade", Step::Months(120)),
    ("century", Step::Months(1200)),
    ("millennium", Step::Months(12_000)),
];

/// In what is counted while the range is not known: second, minute, hour, day, month, year.
const COUNTED_IN: [usize; 6] = [0, 2, 5, 7, 9, 11];

impl Step {
    fn start(self, at: i64) -> i64 {
        match self {
            Self::Micros(WEEK) => (at - MONDAY).div_euclid(WEEK) * WEEK + MONDAY,
            Self::Micros(length) => at.div_euclid(length) * length,
            Self::Months(months) => {
                let month = month_of(at).div_euclid(months) * months;
                start_of_month(month).unwrap_or(at)
            }
        }
    }

    /// Where the step behind the one that begins at `start` begins.
    fn next(self, start: i64) -> Option<i64> {
        match self {
            Self::Micros(length) => start.checked_add(length),
            Self::Months(months) => start_of_month(month_of(start).checked_add(months)?),
        }
    }
}

/// Months since the year 0.
fn month_of(at: i64) -> i32 {
    instant::to_date_time(at).map_or(0, |at| at.year() * 12 + at.month0() as i32)
}

fn start_of_month(month: i32) -> Option<i64> {
    let month0 = u32::try_from(month.rem_euclid(12)).ok()?;
    let day = NaiveDate::from_ymd_opt(month.div_euclid(12), month0 + 1, 1)?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    calls: u64,
    failures: u64,
}

impl Count {
    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
    }
}

/// Counts by time in bounded memory: where they become too many, they are put together in longer steps.
#[derive(Debug, Default)]
pub(super) struct VolumeCounts {
    /// Which of [`COUNTED_IN`].
    counted_in: usize,
    counts: BTreeMap<i64, Count>,
    first: Option<i64>,
    last: Option<i64>,
}

/// Some 300 KiB: an hour in seconds, three days in minutes, half a year in hours.
const MOST_COUNTS: usize = 4096;

impl VolumeCounts {
    pub(super) fn add(&mut self, at: i64, failed: bool) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
        let count = Count {
            calls: 1,
            failures: u64::from(failed),
        };
        self.take(at, count);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
        while self.counted_in < other.counted_in {
            self.lengthen();
        }
        for (at, count) in &other.counts {
            self.take(*at, *count);
        }
    }

    fn take(&mut self, at: i64, count: Count) {
        let (_, step) = STEPS[COUNTED_IN[self.counted_in]];
        self.counts.entry(step.start(at)).or_default().merge(count);
        // There are fewer years than this in the calendar of a record.
        while self.counts.len() > MOST_COUNTS && self.counted_in + 1 < COUNTED_IN.len() {
            self.lengthen();
        }
    }

    fn lengthen(&mut self) {
        self.counted_in += 1;
        for (at, count) in std::mem::take(&mut self.counts) {
            self.take(at, count);
        }
    }

    pub(super) fn first(&self) -> Option<String> {
        as_text(self.first?)
    }

    pub(super) fn last(&self) -> Option<String> {
        as_text(self.last?)
    }

    /// The shortest steps that are not too many, over the range that was asked for, or over the calls alone where they are
    /// in a small part of it.
    pub(super) fn finish(self, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Volumes {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return Volumes::default();
        };
        let from = from.map_or(first, |from| from.timestamp_micros().min(first));
        let to = to.map_or(last, |to| to.min(Utc::now()).timestamp_micros().max(last));
        let is_small = (last - first).saturating_mul(8) < to.saturating_sub(from);
        let (first, last) = if is_small { (first, last) } else { (from, to) };
        let may_be = STEPS.into_iter().skip(COUNTED_IN[self.counted_in]);
        let found = may_be
            .filter_map(|(name, step)| Some((name, step, starts(step, first, last)?)))
            .next();
        let Some((name, step, starts)) = found else {
            return Volumes::default();
        };
        let mut counts: BTreeMap<i64, Count> = BTreeMap::new();
        for (at, count) in self.counts {
            counts.entry(step.start(at)).or_default().merge(count);
        }
        let volume = |start: i64| {
            let count = counts.get(&start).copied().unwrap_or_default();
            Some(Volume {
                start: as_text(start)?,
                calls: count.calls,
                failures: count.failures,
            })
        };
        Volumes {
            step: name,
            steps: starts.into_iter().filter_map(volume).collect(),
        }
    }
}

/// The steps from one instant to another; none where they are too many.
fn starts(step: Step, first: i64, last: i64) -> Option<Vec<i64>> {
    let mut starts = vec![step.start(first)];
    while let Some(next) = starts.last().and_then(|start| step.next(*start)) {
        if next > last {
            return Some(starts);
        }
        if starts.len() == MOST_STEPS {
            return None;
        }
        starts.push(next);
    }
    Some(starts)
}

fn as_text(micros: i64) -> Option<String> {
    instant::to_date_time(micros).map(instant::to_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        instant::parse(text).unwrap()
    }

    fn steps(instants: &[&str]) -> (&'static str, Vec<(String, u64)>) {
        let mut counts = VolumeCounts::default();
        for text in instants {
            counts.add(at(text), false);
        }
        let volumes = counts.finish(None, None);
        let steps = volumes.steps.into_iter();
        (
            volumes.step,
            steps.map(|step| (step.start, step.calls)).collect(),
        )
    }

    #[test]
    fn steps_are_as_short_as_the_range_allows_and_have_no_gap() {
        let (step, found) = steps(&["2025-01-30T10:00:00Z", "2025-03-02T09:00:00Z"]);
        assert_eq!((step, found.len()), ("day", 32));
        assert_eq!(found[0], ("2025-01-30T00:00:00.000000Z".to_owned(), 1));
        assert_eq!(found[29], ("2025-02-28T00:00:00.000000Z".to_owned(), 0));
        let (step, found) = steps(&["2024-11-30T10:00:00Z", "2025-06-02T09:00:00Z"]);
        assert_eq!(step, "week");
        assert_eq!(found[0].0, "2024-11-25T00:00:00.000000Z", "a Monday");
        let (step, found) = steps(&["2019-02-03T10:00:00Z", "2032-06-02T09:00:00Z"]);
        assert_eq!(
            (step, &*found[0].0),
            ("quarter", "2019-01-01T00:00:00.000000Z")
        );
        for (last, step) in [
            ("2025-01-01T00:00:30Z", "second"),
            ("2025-01-01T00:05:00Z", "10 seconds"),
            ("2025-01-01T00:30:00Z", "minute"),
            ("2025-01-01T03:00:00Z", "5 minutes"),
            ("2025-01-01T12:00:00Z", "15 minutes"),
            ("2025-01-02T12:00:00Z", "hour"),
            ("2025-01-12T12:00:00Z", "6 hours"),
            ("2028-01-12T12:00:00Z", "month"),
            ("2065-01-12T12:00:00Z", "year"),
            ("2465-01-12T12:00:00Z", "decade"),
            ("7465-01-12T12:00:00Z", "century"),
            ("9999-12-31T23:59:59Z", "millennium"),
        ] {
            let first = if step == "millennium" {
                "0001-01-01T00:00:00Z"
            } else {
                "2025-01-01T00:00:00Z"
            };
            let (found, steps) = steps(&[first, last]);
            assert_eq!(found, step);
            assert_eq!(steps.iter().map(|step| step.1).sum::<u64>(), 2, "{steps:?}");
        }
    }

    #[test]
    fn counts_are_the_same_however_they_were_put_together() {
        let mut whole = VolumeCounts::default();
        let mut parts = VolumeCounts::default();
        for part in 0..40_i64 {
            let mut one = VolumeCounts::default();
            for number in 0..400 {
                let at = at("2025-01-01T00:00:00Z") + (part * 400 + number) * 7 * MINUTE;
                whole.add(at, number % 3 == 0);
                one.add(at, number % 3 == 0);
            }
            parts.merge(&one);
            assert!(parts.counts.len() <= MOST_COUNTS && whole.counts.len() <= MOST_COUNTS);
        }
        let (whole, parts) = (whole.finish(None, None), parts.finish(None, None));
        assert_eq!(whole, parts);
        assert_eq!(
            whole.steps.iter().map(|step| step.calls).sum::<u64>(),
            16_000
        );
    }

    #[test]
    fn quiet_days_at_the_ends_of_the_range_are_shown_where_they_fit() {
        let counts = || {
            let mut counts = VolumeCounts::default();
            counts.add(at("2025-07-08T10:00:00Z"), false);
            counts.add(at("2025-07-20T10:00:00Z"), true);
            counts
        };
        let date = |text: &str| instant::to_date_time(at(text));
        let month = counts().finish(date("2025-07-01T00:00:00Z"), date("2025-07-31T23:59:59Z"));
        assert_eq!((month.step, month.steps.len()), ("day", 31));
        let ever = counts().finish(date("1970-01-01T00:00:00Z"), None);
        assert_eq!((ever.step, ever.steps.len()), ("6 hours", 49));
    }
}
