use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hasher;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::distinct::Distinct;
use super::fields::Fields;
use super::histogram::Histogram;
use super::own::Own;
use super::plan::PlannedLog;
use super::scan::shared;
use super::{Filter, LogSnapshot, PassedOver, QueryError, members, parts, timeline};
use crate::call::{Outcome, UNKNOWN};
use crate::entry::AuditEntry;

/// Counts the calls that `filter` wants, tool by tool.
///
/// A call counts by its end (`tool_call`), and one that was started and has none as `unknown`. Memory is at most some
/// 120 KiB for each of [`Statistics::MOST_TOOLS`] tools and some 100 bytes for each call without an end, however many
/// calls there are.
///
/// # Errors
///
/// As for [`scan`](super::scan()).
pub fn statistics(path: &Path, filter: &Filter) -> Result<Statistics, QueryError> {
    statistics_of(LogSnapshot::find(path)?, filter)
}

/// [`statistics`] of logs as they stood when these snapshots of them were opened.
///
/// How far the work is, a clone of a snapshot tells another thread: see [`LogSnapshot::bytes_read`].
///
/// # Errors
///
/// As for [`statistics`].
pub fn statistics_of(logs: Vec<LogSnapshot>, filter: &Filter) -> Result<Statistics, QueryError> {
    let mut statistics = Statistics::new();
    let examine = |cursor: &mut LogCursor, filter: &Compiled| {
        let mut part = Statistics::new();
        while cursor.advance_to_candidate(filter)? {
            if let Err(reason) = part.add_line(cursor, filter) {
                cursor.bad(reason);
            }
        }
        Ok(part)
    };
    let logs = PlannedLog::all_whole(shared(logs));
    let read = parts::of_planned(logs, filter, examine, |part| statistics.merge(part))?;
    // Where the filter asks for what may stand in one of a call's two records alone, it did not see every end.
    if !statistics.open.is_empty() && filter.may_part_calls() {
        let logs = read.snapshots.iter().cloned().map(Arc::new);
        let without_end = timeline::started_without_end(logs.map(|log| (log, 0)))?;
        let without_end: HashSet<u64> = without_end.iter().map(|call| hash(call)).collect();
        statistics.open.retain(|call, _| without_end.contains(call));
    }
    statistics.ended = Vec::new();
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
    /// Calls of tools that have no place of their own, and the names of these.
    others: Tally,
    other_names: Distinct,
    /// Calls that were started and not ended until now, by the hash of their `call_id`.
    open: HashMap<u64, Started>,
    /// Calls that ended, where they may have been started in a part that comes before.
    ended: Vec<u64>,
    passed: PassedOver,
    snapshots: Vec<LogSnapshot>,
}

/// What is known of a call without an end.
#[derive(Debug, Clone)]
struct Started {
    tool: String,
    user: String,
    trigger: String,
}

impl Statistics {
    /// How many tools have numbers of their own: those that come first. All others, which a model may have made up, are
    /// counted together.
    pub const MOST_TOOLS: usize = 1000;

    /// What stands for the tools without numbers of their own.
    pub const OTHER_TOOLS: &'static str = "(other tools)";

    /// No calls yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one call: by its end, or as unknown by its record of intent as long as no end with its `call_id` comes.
    /// Other entries do not count.
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
            self.open.remove(&hash(&entry.call_id));
        } else if entry.kind == STARTED {
            let started = Started {
                tool: entry.tool_name.clone(),
                user: entry.user_id.clone(),
                trigger: entry.call_trigger.as_str().to_owned(),
            };
            self.open.insert(hash(&entry.call_id), started);
        }
    }

    fn add_line(&mut self, cursor: &LogCursor, filter: &Compiled) -> Result<(), &'static str> {
        let Some(place) = cursor.place() else {
            return Ok(());
        };
        let (fields, text) = Fields::parse(cursor.line())?;
        let kind = text.get(place.kind.clone()).unwrap_or_default();
        if kind != END_OF_CALL && kind != STARTED {
            return Ok(());
        }
        let own = Own {
            line: cursor.line(),
            members_at: place.members_at,
        };
        let call_id = fields.call_id().map(hash);
        if kind == END_OF_CALL
            && let Some(call_id) = call_id
            && self.open.remove(&call_id).is_none()
        {
            self.ended.push(call_id);
        }
        if !filter.confirms(kind, &fields, own, fields.timestamp()?) {
            return Ok(());
        }
        let tool = fields.tool().unwrap_or(UNKNOWN);
        if kind == END_OF_CALL {
            self.count(tool, &Counted::of(&fields));
        } else if let Some(call_id) = call_id {
            let started = Started {
                tool: tool.to_owned(),
                user: fields.user().unwrap_or(UNKNOWN).to_owned(),
                trigger: fields.trigger().unwrap_or(UNKNOWN).to_owned(),
            };
            self.open.insert(call_id, started);
        }
        Ok(())
    }

    fn count(&mut self, tool: &str, call: &Counted<'_>) {
        if let Some(tally) = self.tools.get_mut(tool) {
            tally.add(call);
        } else if self.tools.len() < Self::MOST_TOOLS {
            self.tools.entry(tool.to_owned()).or_default().add(call);
        } else {
            self.others.add(call);
            self.other_names.add(tool);
        }
    }

    /// Adds what the next part of the same log, or one of another log, holds.
    fn merge(&mut self, part: Self) {
        for (tool, tally) in part.tools {
            if let Some(mine) = self.tools.get_mut(&tool) {
                mine.merge(tally);
            } else if self.tools.len() < Self::MOST_TOOLS {
                self.tools.insert(tool, tally);
            } else {
                self.other_names.add(&tool);
                self.others.merge(tally);
            }
        }
        self.others.merge(part.others);
        self.other_names.merge(part.other_names);
        for call in &part.ended {
            self.open.remove(call);
        }
        self.open.extend(part.open);
    }

    /// The numbers of every tool that was called, in the order of their names: of the first
    /// [`MOST_TOOLS`](Self::MOST_TOOLS).
    pub fn tools(&self) -> impl Iterator<Item = ToolStatistics> {
        let open = self.open_by_tool();
        let mut all: BTreeMap<&str, Option<&Tally>> = BTreeMap::new();
        all.extend(
            self.tools
                .iter()
                .map(|(name, tally)| (name.as_str(), Some(tally))),
        );
        for tool in open.keys() {
            if all.len() < Self::MOST_TOOLS {
                all.entry(tool).or_default();
            }
        }
        all.into_iter()
            .map(move |(name, tally)| numbers(name, tally, open.get(name)))
    }

    /// The numbers of all tools without numbers of their own, taken together; none where there are none.
    #[must_use]
    pub fn other_tools(&self) -> Option<ToolStatistics> {
        let mut names = self.other_names.clone();
        let mut open = Vec::new();
        let mut room = Self::MOST_TOOLS - self.tools.len();
        for (tool, calls) in self.open_by_tool() {
            if self.tools.contains_key(tool) {
                continue;
            }
            if room > 0 {
                room -= 1;
                continue;
            }
            names.add(tool);
            open.extend(calls);
        }
        let (count, _) = names.count();
        let mut numbers = numbers(Self::OTHER_TOOLS, Some(&self.others), Some(&open));
        numbers.other_tools = Some(count);
        (count > 0).then_some(numbers)
    }

    /// The numbers of one tool; no calls where it was never called, or has no numbers of its own: ask
    /// [`statistics`] with a filter for it.
    #[must_use]
    pub fn tool(&self, name: &str) -> ToolStatistics {
        let open: Vec<&Started> = self.open.values().filter(|one| one.tool == name).collect();
        numbers(name, self.tools.get(name), Some(&open))
    }

    fn open_by_tool(&self) -> BTreeMap<&str, Vec<&Started>> {
        let mut open: BTreeMap<&str, Vec<&Started>> = BTreeMap::new();
        for call in self.open.values() {
            open.entry(&call.tool).or_default().push(call);
        }
        open
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

fn hash(call_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(call_id.as_bytes());
    hasher.finish()
}

/// A tool's numbers with those of its calls that have no end.
fn numbers(tool: &str, tally: Option<&Tally>, open: Option<&Vec<&Started>>) -> ToolStatistics {
    let open = open.map(Vec::as_slice).unwrap_or_default();
    let of_none = Tally::default();
    let tally = tally.unwrap_or(&of_none);
    let mut numbers = tally.numbers(tool);
    if open.is_empty() {
        return numbers;
    }
    let mut users = tally.users.clone();
    for call in open {
        users.add(&call.user);
        count(&mut numbers.by_trigger, &call.trigger, 1);
    }
    numbers.total_calls += open.len() as u64;
    count(&mut numbers.outcomes, UNKNOWN, open.len() as u64);
    let (users, exact) = users.count();
    numbers.unique_users = Some(users);
    numbers.unique_users_estimated = !exact;
    numbers
}

const END_OF_CALL: &str = "tool_call";
const STARTED: &str = "tool_call_started";

/// One tool's numbers.
///
/// Of a tool without calls only `tool` and `total_calls` are written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolStatistics {
    /// The tool.
    pub tool: String,
    /// How many calls there were: those that ended, interim answers among them, and those that were started and have no
    /// end.
    pub total_calls: u64,
    /// How many tools these numbers are of, where they are those of the tools without numbers of their own; an
    /// estimate from 4,096 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_tools: Option<u64>,
    /// Successes among the calls that ended well or badly, to three decimals; none where there are none.
    /// Interim answers are neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// The mean duration of the calls that ended, in milliseconds to one decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg_duration_ms: Option<f64>,
    /// The longest call, in milliseconds to one decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<f64>,
    /// How many users called the tool: exact up to 4,096, from then on with a standard error of 0.8 %.
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
    /// Calls by how they ended, in the words of the records; `unknown` are those that were started and have no end: they
    /// may be running, or nobody knows how they ended. They are in no rate and no duration.
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
            other_tools: None,
            success_rate: (judged > 0).then(|| rounded(successes as f64 / judged as f64)),
            avg_duration_ms: any.then(|| to_tenths(self.sum as f64 / self.calls as f64 / 1000.0)),
            max_duration_ms: any.then(|| to_tenths(milliseconds(self.longest))),
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

fn to_tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
