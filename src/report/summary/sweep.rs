//! One pass over the logs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::super::access::Period;
use super::super::integrity::Integrity;
use super::super::times::Times;
use super::attention::{AlertCounts, EmergencyCall, EmergencyCounts, EntriesLost};
use super::durations::{Bands, Durations};
use super::leaders::{Leaders, Numbers};
use super::volumes::VolumeCounts;
use super::{SummaryReport, SummaryRequest, UserCalls, is_replayed};
use crate::call::{Outcome, UNKNOWN};
use crate::log::lock;
use crate::query::{
    ALERT, Counted, Distinct, Fields, Filter, LogCursor, LogSnapshot, Own, PassedOver, QueryError,
    Tally, instant, members, parts, reviews, says_failure, shared,
};

/// How many tools are counted by themselves: each takes at most 100 KiB.
const MOST_TOOLS: usize = 256;
const MOST_USERS: usize = 16 * 1024;

/// What the pass found.
pub(super) struct Swept {
    counts: Counts,
    unknown_outcomes: u64,
    running_calls: u64,
    passed: PassedOver,
    snapshots: Vec<LogSnapshot>,
}

pub(super) fn sweep(path: &Path, request: &SummaryRequest) -> Result<Swept, QueryError> {
    let snapshots = shared(LogSnapshot::find(path)?);
    let reviewed = Arc::new(reviews::of(&snapshots)?);
    // Asked before the logs are read: what a writer ends meanwhile was running then.
    let held: HashSet<Arc<Path>> = snapshots
        .iter()
        .filter(|snapshot| lock::is_held(snapshot.folder()).unwrap_or(false))
        .map(|snapshot| Arc::clone(&snapshot.folder))
        .collect();
    drop(snapshots);
    let wanted = request.clone();
    let mut whole = Counts::default();
    let mut open: BTreeMap<Arc<Path>, OpenCalls> = BTreeMap::new();
    let read = parts::of(
        path,
        &Filter::new(),
        move |cursor, _| examine(cursor, &wanted, &reviewed),
        |part| {
            open.entry(part.folder).or_default().take(part.calls);
            whole.merge(part.counts);
        },
    )?;
    let mut swept = Swept {
        counts: whole,
        unknown_outcomes: 0,
        running_calls: 0,
        passed: read.passed,
        snapshots: read.snapshots,
    };
    for (folder, calls) in open {
        let is_held = held.contains(&folder);
        for (_, call) in calls.open {
            let may_run = is_held && !call.is_lost;
            swept.running_calls += u64::from(may_run);
            swept.unknown_outcomes += u64::from(!may_run);
            if let Some(emergency) = call.emergency {
                swept.counts.emergencies.add(*emergency);
            }
        }
    }
    Ok(swept)
}

/// What is counted of the records in the range.
struct Counts {
    all: Tally,
    bands: Bands,
    volumes: VolumeCounts,
    failures: u64,
    tools: Leaders<Tally>,
    users: Leaders<UserNumbers>,
    conversations: Distinct,
    alerts: AlertCounts,
    emergencies: EmergencyCounts,
    lost: EntriesLost,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            all: Tally::default(),
            bands: Bands::default(),
            volumes: VolumeCounts::default(),
            failures: 0,
            tools: Leaders::new(MOST_TOOLS),
            users: Leaders::new(MOST_USERS),
            conversations: Distinct::default(),
            alerts: AlertCounts::default(),
            emergencies: EmergencyCounts::default(),
            lost: EntriesLost::default(),
        }
    }
}

#[derive(Debug, Default)]
struct UserNumbers {
    calls: u64,
    failures: u64,
}

impl Numbers for UserNumbers {
    fn calls(&self) -> u64 {
        self.calls
    }

    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
    }
}

impl Numbers for Tally {
    fn calls(&self) -> u64 {
        self.calls()
    }

    fn merge(&mut self, other: Self) {
        self.merge(other);
    }
}

impl Counts {
    fn add_call(&mut self, fields: &Fields<'_>, at: i64) {
        let call = Counted::of(fields);
        let failed = says_failure(call.outcome);
        self.all.add(&call);
        self.bands.add(call.micros);
        self.volumes.add(at, failed);
        self.failures += u64::from(failed);
        let tool = fields.tool().unwrap_or(UNKNOWN);
        self.tools.add(tool, Tally::small, |tally| tally.add(&call));
        self.users.add(call.user, UserNumbers::default, |numbers| {
            numbers.calls += 1;
            numbers.failures += u64::from(failed);
        });
        self.conversations
            .add(fields.conversation().unwrap_or(UNKNOWN));
    }

    fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        self.bands.merge(&other.bands);
        self.volumes.merge(&other.volumes);
        self.failures += other.failures;
        self.tools.merge(other.tools);
        self.users.merge(other.users);
        self.conversations.merge(other.conversations);
        self.alerts.merge(other.alerts);
        self.emergencies.merge(other.emergencies);
        self.lost.merge(&other.lost);
    }
}

/// A part of a log.
struct Part {
    folder: Arc<Path>,
    counts: Counts,
    calls: PartCalls,
}

/// Which calls a part of a log starts and ends. Both records of a call stand in one log, its beginning before its end.
#[derive(Default)]
struct PartCalls {
    open: HashMap<String, OpenCall>,
    /// Calls that end here and began before.
    ended: Vec<String>,
    /// Calls whose end a restart found missing.
    lost: Vec<String>,
}

#[derive(Default)]
struct OpenCalls {
    open: HashMap<String, OpenCall>,
}

#[derive(Default)]
struct OpenCall {
    emergency: Option<Box<EmergencyCall>>,
    is_lost: bool,
}

impl OpenCalls {
    fn take(&mut self, part: PartCalls) {
        if !self.open.is_empty() {
            for call in part.ended {
                self.open.remove(&call);
            }
        }
        self.open.extend(part.open);
        for call in part.lost {
            if let Some(open) = self.open.get_mut(&call) {
                open.is_lost = true;
            }
        }
    }
}

fn examine(
    cursor: &mut LogCursor,
    request: &SummaryRequest,
    reviewed: &HashSet<String>,
) -> Result<Part, QueryError> {
    let mut part = Part {
        folder: Arc::clone(&cursor.snapshot().folder),
        counts: Counts::default(),
        calls: PartCalls::default(),
    };
    while cursor.advance()? {
        if let Err(reason) = part.add_line(cursor, request, reviewed) {
            cursor.bad(reason);
        }
    }
    Ok(part)
}

impl Part {
    fn add_line(
        &mut self,
        cursor: &LogCursor,
        request: &SummaryRequest,
        reviewed: &HashSet<String>,
    ) -> Result<(), &'static str> {
        let Some(place) = cursor.place() else {
            return Ok(());
        };
        let line = cursor.line();
        // A restart tells of calls that began before it, however long before.
        let tells_of_another = line.get(place.kind.clone()) == Some(b"outcome_unknown");
        let at = members::timestamp(line, place.members_at);
        if !tells_of_another && at.is_some_and(|at| !request.covers(at)) {
            return Ok(());
        }
        let (fields, text) = Fields::parse(line)?;
        let at = fields.timestamp()?;
        if !tells_of_another && !request.covers(at) {
            return Ok(());
        }
        let own = Own {
            line,
            members_at: place.members_at,
        };
        let kind = text.get(place.kind.clone()).unwrap_or_default();
        let unreviewed = || reviews::is_unreviewed(reviewed, kind, fields.call_id(), own);
        match (kind, fields.call_id()) {
            ("tool_call", call) => {
                self.counts.add_call(&fields, at);
                if let Some(emergency) = EmergencyCall::of(&fields, own, unreviewed) {
                    self.counts.emergencies.add(emergency);
                }
                if let Some(call) = call
                    && self.calls.open.remove(call).is_none()
                {
                    self.calls.ended.push(call.to_owned());
                }
            }
            ("tool_call_started", Some(call)) => {
                let emergency = EmergencyCall::of(&fields, own, unreviewed).map(Box::new);
                let open = OpenCall {
                    emergency,
                    is_lost: false,
                };
                self.calls.open.insert(call.to_owned(), open);
            }
            ("outcome_unknown", Some(call)) => self.calls.lost.push(call.to_owned()),
            ("entries_lost", _) => self.counts.lost.add(text),
            (ALERT, _) => {
                let timestamp = fields.timestamp_text().unwrap_or_default();
                self.counts.alerts.add(text, timestamp, unreviewed());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Swept {
    pub(super) fn snapshots(&self) -> &[LogSnapshot] {
        &self.snapshots
    }

    pub(super) fn into_report(
        self,
        request: &SummaryRequest,
        integrity_verified: bool,
        integrity: Integrity,
    ) -> SummaryReport {
        let counts = self.counts;
        let all = counts.all.numbers("");
        let interim = all.outcomes.get(Outcome::InputRequired.as_str());
        let interim = interim.copied().unwrap_or_default();
        let judged = all.total_calls - interim;
        let (conversations, exact) = counts.conversations.count();
        let rate = counts.failures as f64 / judged as f64;
        SummaryReport {
            report_period: Period {
                start: request.from.map(instant::to_text),
                end: request.to.map(instant::to_text),
            },
            first_call: counts.volumes.first(),
            last_call: counts.volumes.last(),
            total_calls: all.total_calls,
            failures: counts.failures,
            interim_answers: interim,
            failure_rate: (judged > 0).then(|| (rate * 1000.0).round() / 1000.0),
            unknown_outcomes: self.unknown_outcomes,
            running_calls: self.running_calls,
            durations: Durations::of(&all, &counts.bands),
            outcomes: all.outcomes,
            by_trigger: all.by_trigger,
            volumes: counts.volumes.finish(request.from, request.to),
            tools: counts
                .tools
                .ranking(request.shown, |name, tally| tally.numbers(&name)),
            users: counts
                .users
                .ranking(request.shown, |user, numbers| UserCalls {
                    user,
                    total_calls: numbers.calls,
                    failures: numbers.failures,
                }),
            conversations,
            conversations_estimated: !exact,
            alerts: counts.alerts.finish(),
            emergencies: counts.emergencies.finish(),
            entries_lost: counts.lost,
            integrity_verified,
            integrity,
            replayed: is_replayed(&self.snapshots),
            reading_recorded: None,
            asked: request.describe(),
            times: Times::default(),
            passed: self.passed,
        }
    }
}
