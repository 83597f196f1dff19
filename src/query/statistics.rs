use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::distinct::Distinct;
use super::fields::Fields;
use super::histogram::Histogram;
use super::own::Own;
use super::{Filter, LogSnapshot, PassedOver, QueryError, members, parts};
use crate::call::{Outcome, UNKNOWN};
use crate::entry::AuditEntry;

/// Counts the calls that `filter` wants, tool by tool.
///
/// Only ends of calls (`tool_call`) count. Memory is at most about 600 KiB for each tool, however many calls
/// there are.
///
/// # Errors
///
/// As for [`scan`](super::scan()).
pub fn statistics(path: &Path, filter: &Filter) -> Result<Statistics, QueryError> {
    let mut statistics = Statistics::new();
    let examine = |cursor: &mut LogCursor, filter: &Compiled| {
        let mut part = Statistics::new();
        while cursor.advance_to_candidate(filter)? {
            if let Err(reason) = part.add_line(cursor, filter) {
                cursor.bad(reason);
            }
        }
        Ok(part.tools)
    };
    let read = parts::of(path, filter, examine, |tools| {
        for (tool, tally) in tools {
            statistics.tools.entry(tool).or_default().merge(tally);
        }
    })?;
    statistics.passed = read.passed;
    statistics.snapshots = read.snapshots;
    Ok(statistics)
}

/// Numbers of calls, tool by tool.
///
/// ```
/// use tool_audit::query::Statistics;
/// use tool_audit::{AuditEntry, Outcome};
///
/// let mut statistics = Statistics::new();
/// let mut entry = AuditEntry::default();
/// entry.tool_name = "get_order".into();
/// entry.outcome = Some(Outcome::Success);
/// entry.duration_ms = 12.5;
/// statistics.add(&entry);
///
/// assert_eq!(statistics.tool("get_order").total_calls, 1);
/// let unknown = serde_json::to_string(&statistics.tool("no_such_tool"))?;
/// assert_eq!(unknown, r#"{"tool":"no_such_tool","total_calls":0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    tools: BTreeMap<String, Tally>,
    passed: PassedOver,
    snapshots: Vec<LogSnapshot>,
}

impl Statistics {
    /// No calls yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one call; an entry that is no end of a call does not count.
    pub fn add(&mut self, entry: &AuditEntry) {
        if entry.kind == END_OF_CALL {
            let outcome = entry.outcome.map_or(UNKNOWN, Outcome::as_str);
            let call = Counted {
                user: &entry.user_id,
                outcome,
                trigger: entry.call_trigger.as_str(),
                micros: members::micros(entry.duration_ms),
            };
            self.count(&entry.tool_name, &call);
        }
    }

    fn add_line(&mut self, cursor: &LogCursor, filter: &Compiled) -> Result<(), &'static str> {
        let Some(place) = cursor.place() else {
            return Ok(());
        };
        let (fields, text) = Fields::parse(cursor.line())?;
        let kind = text.get(place.kind.clone()).unwrap_or_default();
        let own = Own {
            line: cursor.line(),
            members_at: place.members_at,
        };
        if kind == END_OF_CALL && filter.confirms(kind, &fields, own, fields.timestamp()?) {
            let call = Counted::of(&fields);
            self.count(fields.tool().unwrap_or(UNKNOWN), &call);
        }
        Ok(())
    }

    fn count(&mut self, tool: &str, call: &Counted<'_>) {
        if let Some(tally) = self.tools.get_mut(tool) {
            tally.add(call);
            return;
        }
        let mut tally = Tally::default();
        tally.add(call);
        self.tools.insert(tool.to_owned(), tally);
    }

    /// The numbers of every tool that was called, in the order of their names.
    pub fn tools(&self) -> impl Iterator<Item = ToolStatistics> {
        self.tools.iter().map(|(name, tally)| tally.numbers(name))
    }

    /// The numbers of one tool; no calls where it was never called.
    #[must_use]
    pub fn tool(&self, name: &str) -> ToolStatistics {
        self.tools.get(name).map_or_else(
            || Tally::default().numbers(name),
            |tally| tally.numbers(name),
        )
    }

    /// What was passed over where a log was read.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// The logs that were read.
    #[must_use]
    pub fn logs(&self) -> &[LogSnapshot] {
        &self.snapshots
    }
}

const END_OF_CALL: &str = "tool_call";

/// One tool's numbers.
///
/// Of a tool without calls only `tool` and `total_calls` are written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolStatistics {
    /// The tool.
    pub tool: String,
    /// How many calls ended, interim answers among them.
    pub total_calls: u64,
    /// Successes among the calls that ended well or badly, to three decimals; none where there are none.
    /// Interim answers are neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// The calls' mean duration in milliseconds, to three decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_duration_ms: Option<f64>,
    /// The longest call, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<f64>,
    /// How many users called the tool: exact up to 65,536, from then on with a standard error of 0.8 %.
    /// Nobody is known of calls whose user is `"unknown"`: they count as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_users: Option<u64>,
    /// True where `unique_users` is an estimate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique_users_estimated: bool,
    /// The median duration in milliseconds, by the nearest rank. Percentiles are exact up to 4,096 calls,
    /// from then on within 0.4 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// The duration in milliseconds that 95 of 100 calls do not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
    /// The duration in milliseconds that 99 of 100 calls do not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// Calls by how they ended, in the words of the records.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, u64>,
    /// Calls by why they were made.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_trigger: BTreeMap<String, u64>,
}

/// What of a call is counted.
pub(crate) struct Counted<'a> {
    pub(crate) user: &'a str,
    pub(crate) outcome: &'a str,
    pub(crate) trigger: &'a str,
    pub(crate) micros: i64,
}

impl<'a> Counted<'a> {
    pub(crate) fn of(fields: &'a Fields<'_>) -> Self {
        Self {
            user: fields.user().unwrap_or(UNKNOWN),
            outcome: fields.outcome().unwrap_or(UNKNOWN),
            trigger: fields.trigger().unwrap_or(UNKNOWN),
            micros: fields.duration(),
        }
    }
}

/// The numbers of many calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    calls: u64,
    users: Distinct,
    outcomes: BTreeMap<String, u64>,
    triggers: BTreeMap<String, u64>,
    durations: Histogram,
    sum: u128,
    longest: u64,
}

impl Tally {
    /// One of many, in at most 100 KiB: users are an estimate from 1,024 on.
    pub(crate) fn small() -> Self {
        Self {
            users: Distinct::exact_up_to(1024),
            ..Self::default()
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    pub(crate) fn add(&mut self, call: &Counted<'_>) {
        self.calls += 1;
        self.users.add(call.user);
        count(&mut self.outcomes, call.outcome, 1);
        count(&mut self.triggers, call.trigger, 1);
        let micros = u64::try_from(call.micros).unwrap_or_default();
        self.durations.add(micros);
        self.sum += u128::from(micros);
        self.longest = self.longest.max(micros);
    }

    /// Adds what another part of the logs holds.
    pub(crate) fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.users.merge(other.users);
        self.durations.merge(other.durations);
        self.sum += other.sum;
        self.longest = self.longest.max(other.longest);
        for (mine, others) in [
            (&mut self.outcomes, other.outcomes),
            (&mut self.triggers, other.triggers),
        ] {
            for (word, number) in others {
                count(mine, &word, number);
            }
        }
    }

    pub(crate) fn numbers(&self, tool: &str) -> ToolStatistics {
        let any = self.calls > 0;
        let of = |word: Outcome| {
            self.outcomes
                .get(word.as_str())
                .copied()
                .unwrap_or_default()
        };
        let (successes, interim) = (of(Outcome::Success), of(Outcome::InputRequired));
        let judged = self.calls - interim;
        let (users, exact) = self.users.count();
        let percentiles = self
            .durations
            .percentiles([50, 95, 99])
            // A bucket's middle may lie above its longest call.
            .map(|micros| any.then(|| milliseconds(micros.min(self.longest))));
        ToolStatistics {
            tool: tool.to_owned(),
            total_calls: self.calls,
            success_rate: (judged > 0).then(|| rounded(successes as f64 / judged as f64)),
            avg_duration_ms: any.then(|| rounded(self.sum as f64 / self.calls as f64 / 1000.0)),
            max_duration_ms: any.then(|| milliseconds(self.longest)),
            unique_users: any.then_some(users),
            unique_users_estimated: !exact,
            p50: percentiles[0],
            p95: percentiles[1],
            p99: percentiles[2],
            outcomes: self.outcomes.clone(),
            by_trigger: self.triggers.clone(),
        }
    }
}

/// The words of outcomes and triggers are a dozen; a log that makes up more of them gets one place for
/// all others.
pub(crate) fn count(counts: &mut BTreeMap<String, u64>, word: &str, number: u64) {
    const MOST_WORDS: usize = 64;
    if let Some(count) = counts.get_mut(word) {
        *count = count.saturating_add(number);
    } else {
        let word = if counts.len() < MOST_WORDS {
            word
        } else {
            "other"
        };
        let count = counts.entry(word.to_owned()).or_default();
        *count = count.saturating_add(number);
    }
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
