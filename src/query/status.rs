use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use memchr::memmem;
use serde::{Deserialize, Serialize, Serializer};

use super::cursor::LogCursor;
use super::fields::Fields;
use super::own::Own;
use super::scan::shared;
use super::{LogSnapshot, PassedOver, QueryError, instant, reviews};
use crate::log::lock;

/// How the logs at a place are doing.
///
/// It reads every record once; memory is that of a scan, of the `call_id`s of calls without an end, and of
/// one number for each hour of the last week of the log.
///
/// # Errors
///
/// As for [`scan`](super::scan()).
pub fn status(path: &Path) -> Result<StoreStatus, QueryError> {
    let mut status = StoreStatus::default();
    let snapshots = shared(LogSnapshot::find(path)?);
    let reviewed = reviews::of(&snapshots)?;
    for snapshot in snapshots {
        let mut cursor = LogCursor::new(Arc::clone(&snapshot));
        let log = read(&mut cursor, &reviewed)?;
        status.passed.add(cursor.passed_over());
        status.logs.push(log);
    }
    Ok(status)
}

/// How the logs at a place are doing; made by [`status`].
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Each log by itself.
    pub logs: Vec<LogSummary>,
    #[serde(skip)]
    passed: PassedOver,
}

impl StoreStatus {
    /// When the newest of the logs' last records was made, those of `admin` aside: that somebody reads a log is no
    /// sign that it is written.
    #[must_use]
    pub fn last_record(&self) -> Option<DateTime<Utc>> {
        let calls = self.logs.iter().filter(|log| !log.admin);
        calls.filter_map(|log| log.last_record).max()
    }

    /// Whether the last record of a log lies in the future.
    #[must_use]
    pub fn is_clock_ahead(&self) -> bool {
        self.logs
            .iter()
            .any(|log| log.clock_ahead_seconds.is_some())
    }

    /// How many entries were lost.
    #[must_use]
    pub fn lost_entries(&self) -> u64 {
        self.logs
            .iter()
            .fold(0, |sum, log| sum.saturating_add(log.lost_entries))
    }

    /// How many calls have no recorded end: those that a restart found, and, where no writer holds the log,
    /// those that were started and not ended.
    #[must_use]
    pub fn unknown_outcomes(&self) -> u64 {
        self.logs.iter().map(|log| log.unknown_outcomes).sum()
    }

    /// How many calls with a break-glass declaration nobody has looked at.
    #[must_use]
    pub fn unreviewed_emergencies(&self) -> u64 {
        self.logs.iter().map(|log| log.unreviewed_emergencies).sum()
    }

    /// The size of all segments in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.logs.iter().map(|log| log.bytes).sum()
    }

    /// By how many bytes the logs grow a day, where that is known of one at least.
    #[must_use]
    pub fn bytes_a_day(&self) -> Option<u64> {
        self.logs
            .iter()
            .filter_map(|log| log.bytes_a_day)
            .reduce(|sum, one| sum + one)
    }

    /// True where one of the logs was made by replaying recorded calls.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.logs.iter().any(|log| log.replayed)
    }

    /// What was passed over.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }
}

/// How one log is doing.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LogSummary {
    /// Its folder.
    pub folder: PathBuf,
    /// How many records it holds, superseded ones aside.
    pub records: u64,
    /// When its last record was made: its `timestamp` plus `duration_ms`. Records that lie in the future of whoever reads
    /// them, by more than five minutes, are passed over.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_instant"
    )]
    pub last_record: Option<DateTime<Utc>>,
    /// How many seconds its last record lies in the future of whoever reads it, where that is more than five minutes: a
    /// clock was wrong, and the age of the log is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
    /// How many entries its `entries_lost` records count.
    pub lost_entries: u64,
    /// How many calls have no recorded end.
    pub unknown_outcomes: u64,
    /// How many calls were started and not ended while a writer holds the log: they may be running.
    pub running_calls: u64,
    /// How many calls with a break-glass declaration no `reviewed` record names.
    pub unreviewed_emergencies: u64,
    /// The size of its segments in bytes.
    pub bytes: u64,
    /// By how many bytes it grew a day in the week before its newest record, or since its first; none
    /// where that is less than an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_a_day: Option<u64>,
    /// Whether a writer holds it; none where the operating system does not let this be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<bool>,
    /// True where it was made by replaying recorded calls.
    pub replayed: bool,
    /// The number of the first record that is left, where retention removed those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned_before: Option<u64>,
    /// True for the log of acts upon the store.
    pub admin: bool,
}

fn read(cursor: &mut LogCursor, reviewed: &HashSet<String>) -> Result<LogSummary, QueryError> {
    let snapshot = Arc::clone(cursor.snapshot());
    let writer = lock::is_held(snapshot.folder()).ok();
    let mut records = 0;
    let mut last = None;
    let mut ahead = None;
    let now = Utc::now().timestamp_micros();
    let mut lost = 0_u64;
    let mut unknown = 0;
    let mut open = HashSet::new();
    let mut growth = Growth::default();
    let declared = memmem::Finder::new(b"\"emergency\":{");
    let mut emergencies = HashSet::new();
    while cursor.advance()? {
        let read = cursor.place().map(|place| {
            let line = cursor.line();
            let (fields, text) = Fields::parse(line)?;
            let begin = fields.timestamp()?;
            let end = instant::clamp(begin.saturating_add(fields.duration()));
            if end > now.saturating_add(CLOCKS_DIFFER) {
                ahead = Some((end - now) / 1_000_000);
            } else {
                last = Some(end);
                ahead = None;
            }
            growth.add(begin, line.len() as u64 + 1);
            let own = Own {
                line,
                members_at: place.members_at,
            };
            if declared.find(line).is_some()
                && own.is_emergency()
                && let Some(call) = fields.call_id().filter(|call| !reviewed.contains(*call))
            {
                emergencies.insert(call.to_owned());
            }
            match (text.get(place.kind.clone()), fields.call_id()) {
                (Some("entries_lost"), _) => {
                    let loss: Lost = serde_json::from_str(text).unwrap_or_default();
                    lost = lost.saturating_add(loss.count);
                }
                (Some("outcome_unknown"), call) => {
                    unknown += 1;
                    call.map(|call| open.remove(call));
                }
                (Some("tool_call_started"), Some(call)) => {
                    open.insert(call.to_owned());
                }
                (Some("tool_call"), Some(call)) => {
                    open.remove(call);
                }
                _ => {}
            }
            Ok(())
        });
        match read {
            Some(Err(reason)) => cursor.bad(reason),
            _ => records += 1,
        }
    }
    let open = open.len() as u64;
    let running = if writer == Some(true) { open } else { 0 };
    Ok(LogSummary {
        folder: snapshot.folder().to_owned(),
        records,
        last_record: last.and_then(instant::to_date_time),
        clock_ahead_seconds: ahead,
        lost_entries: lost,
        unknown_outcomes: unknown + open - running,
        running_calls: running,
        unreviewed_emergencies: emergencies.len() as u64,
        bytes: snapshot.bytes(),
        bytes_a_day: growth.bytes_a_day(),
        writer,
        replayed: snapshot.is_replayed(),
        pruned_before: snapshot.pruned_before(),
        admin: snapshot.is_admin(),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lost {
    count: u64,
}

/// Bytes by the hour, of the week before the newest record.
#[derive(Default)]
struct Growth {
    first: Option<i64>,
    newest: i64,
    hours: BTreeMap<i64, u64>,
}

/// By how much the clocks of a writer and a reader may differ, in microseconds.
const CLOCKS_DIFFER: i64 = 5 * 60 * 1_000_000;

const HOUR: i64 = 3_600_000_000;
const WEEK_OF_HOURS: i64 = 7 * 24;

impl Growth {
    fn add(&mut self, at: i64, bytes: u64) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.newest = self.newest.max(at);
        *self.hours.entry(at.div_euclid(HOUR)).or_default() += bytes;
        let oldest = self.newest.div_euclid(HOUR) - WEEK_OF_HOURS;
        while self
            .hours
            .first_key_value()
            .is_some_and(|(hour, _)| *hour <= oldest)
        {
            self.hours.pop_first();
        }
    }

    fn bytes_a_day(&self) -> Option<u64> {
        let begin = self.first?.max(self.newest - WEEK_OF_HOURS * HOUR);
        let span = self.newest - begin;
        let bytes: u64 = self.hours.values().sum();
        (span >= HOUR).then(|| (bytes as f64 * (24 * HOUR) as f64 / span as f64).round() as u64)
    }
}

fn write_instant<S: Serializer>(
    instant: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => {
            serializer.serialize_str(&instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
        }
        None => serializer.serialize_none(),
    }
}
