use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::facts::{self, Facts};
use super::rule::{Condition, Grouping, Rule, Rules};
use super::table::{Slot, Table, Window};
use super::{Alert, DetectorStats};
use crate::call::{Outcome, UNKNOWN};
use crate::glob;
use crate::log::LogId;

/// A record's end so much before the newest one means that a clock was set back, and time goes on from there.
const SET_BACK: i64 = 300_000_000;

/// Rules, and what they remember of the records that went by.
///
/// It is given canonical records one after the other, as they are written, as a log holds them, or as several
/// logs merged by time give them, and says which rules fire. Its memory is bounded, as
/// [`Rule::most_keys`] describes. It goes by the records' own time, and reads neither clock nor file.
///
/// ```
/// use std::time::Duration;
/// use tool_audit::alert::{Detector, Rule, Rules};
/// use tool_audit::{CallContext, EntryBuilder, Sanitizer};
///
/// let rules = Rules::new([Rule::same_subject("often", 3, Duration::from_secs(3600))])?;
/// let mut detector = Detector::new(&rules);
/// let call = EntryBuilder::new("get_patient").context(CallContext::new("c", "usr_9").subject("P-7"));
/// let fired: Vec<usize> = (0..5)
///     .map(|_| detector.observe(call.clone().build(&Sanitizer::default()).as_json()).len())
///     .collect();
/// assert_eq!(fired, [0, 0, 1, 0, 0]);
/// # Ok::<(), tool_audit::alert::RuleError>(())
/// ```
#[derive(Debug)]
pub struct Detector {
    watches: Vec<Watch>,
    /// The latest end of a call until now, and the first time that was seen.
    now: i64,
    since: Option<i64>,
    fired: u64,
}

#[derive(Debug)]
struct Watch {
    rule: Arc<Rule>,
    window: i64,
    table: Table,
}

/// What a rule found, before it is known whether it fires.
struct Found<'a> {
    key: &'a [u8],
    call_ids: Vec<String>,
    detail: Map<String, Value>,
}

impl Detector {
    /// Watches for these rules, and remembers nothing yet.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        let watch = |rule: &Rule| Watch {
            rule: Arc::new(rule.clone()),
            window: i64::try_from(rule.window.as_micros()).unwrap_or(i64::MAX),
            table: Table::new(rule.most_keys),
        };
        Self {
            watches: rules.iter().map(watch).collect(),
            now: i64::MIN,
            since: None,
            fired: 0,
        }
    }

    /// Looks at one record, or at an entry that no log holds yet, as canonical JSON; gives the alerts of the rules that
    /// fire, in the order of the rules.
    ///
    /// What is no record is passed over, and so are records of kinds that no rule is about, `alert` among them.
    pub fn observe(&mut self, record: &str) -> Vec<Alert> {
        self.observe_bytes(record.as_bytes())
    }

    /// What it remembers, and what it had to forget.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        DetectorStats {
            keys: self.watches.iter().map(|watch| watch.table.len()).sum(),
            forgotten: self.watches.iter().map(|watch| watch.table.forgotten).sum(),
            fired: self.fired,
        }
    }

    pub(crate) fn observe_bytes(&mut self, record: &[u8]) -> Vec<Alert> {
        let facts = Facts::of(record);
        facts.map_or_else(Vec::new, |facts| self.observe_facts(&facts))
    }

    fn observe_facts(&mut self, facts: &Facts<'_>) -> Vec<Alert> {
        match facts.kind {
            "tool_call" | "tool_call_started" => self.observe_call(facts),
            "entries_lost" => {
                let count = serde_json::from_slice(facts.count).unwrap_or(0);
                let reason = facts::text(facts.reason);
                let class = facts::text(facts.retention_class);
                self.observe_loss(facts.log, &class, (count, &reason), facts.end)
            }
            _ => Vec::new(),
        }
    }

    /// A log could not take `count` entries; `at` in microseconds since 1970.
    pub(crate) fn observe_loss(
        &mut self,
        log: Option<LogId>,
        class: &str,
        (count, reason): (u64, &str),
        at: i64,
    ) -> Vec<Alert> {
        self.move_on(at);
        let mut detail = Map::new();
        detail.insert("count".to_owned(), json!(count));
        detail.insert("reason".to_owned(), json!(reason));
        let is_about = |on: &Condition| matches!(on, Condition::EntriesLost);
        self.about_log(is_about, log, class, &detail, at)
    }

    /// A log was found damaged; `damage` says in a word or two how.
    pub(crate) fn observe_damage(
        &mut self,
        log: Option<LogId>,
        class: &str,
        damage: &str,
        at: i64,
    ) -> Vec<Alert> {
        self.move_on(at);
        let mut detail = Map::new();
        detail.insert("damage".to_owned(), json!(damage));
        let is_about = |on: &Condition| matches!(on, Condition::ChainDamaged);
        self.about_log(is_about, log, class, &detail, at)
    }

    /// Takes a record of the past into memory: nothing comes of it here. The alerts that the rules would have
    /// given stay in `missed` until a record says that they were given.
    pub(super) fn remember(&mut self, record: &[u8], missed: &mut Missed) {
        let Some(facts) = Facts::of(record) else {
            return;
        };
        if facts.kind == "alert" {
            self.remember_alert(&facts, missed);
            return;
        }
        let fired = self.fired;
        for alert in self.observe_facts(&facts) {
            if missed.is_full() {
                missed.alerts.retain(|_, alert| self.is_due(alert));
            }
            if self.is_due(&alert) {
                missed.add(alert);
            }
        }
        self.fired = fired;
    }

    fn remember_alert(&mut self, facts: &Facts<'_>, missed: &mut Missed) {
        let id = facts::text(facts.rule);
        let detail: Map<String, Value> = serde_json::from_slice(facts.detail).unwrap_or_default();
        missed.forget(&id, &detail);
        let at = detail.get("at").and_then(Value::as_str);
        let at = at.and_then(crate::query::instant::parse);
        let at = at.unwrap_or(facts.begin);
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.rule.id == id) else {
            return;
        };
        if let Some(key) = watch.rule.condition.key_of(&detail) {
            let oldest = at.saturating_sub(watch.window);
            watch.table.with(&key, at, oldest, |slot| {
                slot.fired = slot.fired.max(Some(at));
            });
        }
    }

    /// Whether an alert of the past still matters: not after its window, and a first use of long ago never.
    fn is_due(&self, alert: &Alert) -> bool {
        let watch = self.watches.iter().find(|one| one.rule.id == alert.rule);
        watch.is_some_and(|watch| {
            !matches!(watch.rule.condition, Condition::FirstUse { .. })
                && watch.window_at(self.now).holds(alert.at.timestamp_micros())
        })
    }

    /// Those of the missed alerts that still matter, the oldest first; they count as given.
    pub(super) fn give_missed(&mut self, missed: Missed) -> Vec<Alert> {
        let mut due: Vec<Alert> = missed.alerts.into_values().collect();
        due.retain(|alert| self.is_due(alert));
        due.sort_by(|left, right| (left.at, &left.rule).cmp(&(right.at, &right.rule)));
        self.fired += due.len() as u64;
        due
    }

    fn move_on(&mut self, at: i64) {
        self.since.get_or_insert(at);
        if at > self.now || at < self.now.saturating_sub(SET_BACK) {
            self.now = at;
        }
    }

    fn observe_call(&mut self, facts: &Facts<'_>) -> Vec<Alert> {
        self.move_on(facts.end);
        let tool = facts::text(facts.tool_name);
        let learned_for = facts.end.saturating_sub(self.since.unwrap_or(facts.end));
        let mut alerts = Vec::new();
        for watch in &mut self.watches {
            if watch.is_about(&tool) {
                let window = watch.window_at(self.now);
                watch.observe_call(facts, window, learned_for, &mut alerts);
            }
        }
        self.fired += alerts.len() as u64;
        alerts
    }

    fn about_log(
        &mut self,
        is_about: impl Fn(&Condition) -> bool,
        log: Option<LogId>,
        class: &str,
        detail: &Map<String, Value>,
        at: i64,
    ) -> Vec<Alert> {
        let log = log.map(|log| log.to_string());
        let key = key_text(log.as_deref().unwrap_or(class));
        let mut alerts = Vec::new();
        for watch in &mut self.watches {
            if !is_about(&watch.rule.condition) {
                continue;
            }
            let window = watch.window_at(self.now);
            let mut detail = detail.clone();
            let name = log.as_deref().unwrap_or(class);
            detail.insert("log".to_owned(), json!(name));
            let found = Found {
                key: &key,
                call_ids: Vec::new(),
                detail,
            };
            alerts.extend(watch.fire(found, window, at, class));
        }
        self.fired += alerts.len() as u64;
        alerts
    }
}

impl Watch {
    fn is_about(&self, tool: &str) -> bool {
        let tools = &self.rule.tools;
        let fits = |pattern: &String| glob::matches(pattern.as_bytes(), tool.as_bytes());
        tools.is_empty() || tools.iter().any(fits)
    }

    fn window_at(&self, now: i64) -> Window {
        Window {
            from: now.saturating_sub(self.window),
            now,
            until: now.saturating_add(SET_BACK),
        }
    }

    fn observe_call(
        &mut self,
        facts: &Facts<'_>,
        window: Window,
        learned_for: i64,
        alerts: &mut Vec<Alert>,
    ) {
        let is_end = facts.kind == "tool_call";
        let at = facts.end;
        let rule = Arc::clone(&self.rule);
        let seconds = rule.window.as_secs();
        match &rule.condition {
            Condition::BreakGlass if facts.is_emergency() => {
                let detail = emergency_detail(facts);
                self.fire_for(facts, facts.call_id, window, detail, alerts);
            }
            _ if !is_end => {}
            Condition::SameSubject { count } if is_access(facts.outcome()) => {
                for subject in facts.each_subject() {
                    let (enough, found) =
                        self.tally(subject, window, at, *count, (None, facts.call_id));
                    if enough {
                        let mut detail = detail(&[("subject", subject)]);
                        detail.insert("accesses".to_owned(), json!(count));
                        detail.insert("window_seconds".to_owned(), json!(seconds));
                        let found = Found {
                            key: subject,
                            call_ids: found,
                            detail,
                        };
                        let class = facts::text(facts.retention_class);
                        alerts.extend(self.fire(found, window, at, &class));
                    }
                }
            }
            Condition::ManySubjects { count } if is_access(facts.outcome()) => {
                let mut enough = false;
                let mut call_ids = Vec::new();
                for subject in facts.each_subject() {
                    let mut hasher = DefaultHasher::new();
                    hasher.write(subject);
                    let mark = Some(hasher.finish());
                    (enough, call_ids) =
                        self.tally(facts.user_id, window, at, *count, (mark, facts.call_id));
                }
                if enough {
                    let mut detail = detail(&[("user_id", facts.user_id)]);
                    detail.insert("subjects".to_owned(), json!(count));
                    detail.insert("window_seconds".to_owned(), json!(seconds));
                    let found = Found {
                        key: facts.user_id,
                        call_ids,
                        detail,
                    };
                    let class = facts::text(facts.retention_class);
                    alerts.extend(self.fire(found, window, at, &class));
                }
            }
            Condition::FailureRate { rate, least_calls } => {
                self.rate(facts, window, (*rate, *least_calls), alerts);
            }
            Condition::FirstUse { learn_for } => {
                let key = pair(facts.user_id, facts.tool_name);
                let is_known = self
                    .table
                    .touched(&key)
                    .is_some_and(|seen| window.holds(seen));
                self.table.with(&key, at, window.from, |_| ());
                let learns = (learned_for as u128) < learn_for.as_micros();
                if !is_known && !learns {
                    let members = [("user_id", facts.user_id), ("tool_name", facts.tool_name)];
                    self.fire_for(facts, &key, window, detail(&members), alerts);
                }
            }
            #[cfg(feature = "time-zones")]
            Condition::OutsideHours(hours) => {
                if let Some(local) = hours.outside(facts.begin) {
                    let members = [("user_id", facts.user_id), ("tool_name", facts.tool_name)];
                    let mut detail = detail(&members);
                    detail.insert("local_time".to_owned(), json!(local));
                    detail.insert("time_zone".to_owned(), json!(hours.time_zone()));
                    self.fire_for(facts, facts.user_id, window, detail, alerts);
                }
            }
            Condition::Burst {
                count,
                outcomes,
                by,
            } if outcomes.iter().any(|one| one.as_str() == facts.outcome()) => {
                let (name, key) = match by {
                    Grouping::User => ("user_id", facts.user_id),
                    Grouping::Tool => ("tool_name", facts.tool_name),
                    Grouping::Everybody => ("", EVERYBODY),
                };
                let (enough, call_ids) = self.tally(key, window, at, *count, (None, facts.call_id));
                if enough {
                    let mut detail = if name.is_empty() {
                        Map::new()
                    } else {
                        detail(&[(name, key)])
                    };
                    detail.insert("calls".to_owned(), json!(count));
                    detail.insert("outcome".to_owned(), json!(facts.outcome()));
                    detail.insert("window_seconds".to_owned(), json!(seconds));
                    let found = Found {
                        key,
                        call_ids,
                        detail,
                    };
                    let class = facts::text(facts.retention_class);
                    alerts.extend(self.fire(found, window, at, &class));
                }
            }
            _ => {}
        }
    }

    fn rate(
        &mut self,
        facts: &Facts<'_>,
        window: Window,
        (rate, least_calls): (f64, u32),
        alerts: &mut Vec<Alert>,
    ) {
        let outcome = facts.outcome();
        if outcome == Outcome::InputRequired.as_str() {
            return;
        }
        let is_failure = outcome != Outcome::Success.as_str();
        let (key, at) = (facts.tool_name, facts.end);
        let (calls, failures, call_ids) = self.table.with(key, at, window.from, |slot| {
            let (calls, failures) = slot.count(window, at, is_failure);
            if is_failure {
                slot.add(window, Alert::MOST_CALLS, at, facts.call_id);
            }
            (calls, failures, named(slot))
        });
        // The failure that makes it so fires, and no success that leaves it so.
        let enough = calls >= u64::from(least_calls) && failures as f64 >= rate * calls as f64;
        if is_failure && enough {
            let mut detail = detail(&[("tool_name", key)]);
            detail.insert("calls".to_owned(), json!(calls));
            detail.insert("failures".to_owned(), json!(failures));
            let seconds = self.rule.window.as_secs();
            detail.insert("window_seconds".to_owned(), json!(seconds));
            let found = Found {
                key,
                call_ids,
                detail,
            };
            let class = facts::text(facts.retention_class);
            alerts.extend(self.fire(found, window, at, &class));
        }
    }

    /// Adds a call to what is remembered of a key; says whether that makes `count` of them, and which.
    fn tally(
        &mut self,
        key: &[u8],
        window: Window,
        at: i64,
        count: u32,
        call: (Option<u64>, &[u8]),
    ) -> (bool, Vec<String>) {
        let count = count as usize;
        self.table.with(key, at, window.from, |slot| {
            let enough = slot.add_distinct(window, count, at, call) >= count;
            let is_quiet = slot.fired.is_some_and(|fired| window.holds(fired));
            let calls = enough && !is_quiet;
            (calls, if calls { named(slot) } else { Vec::new() })
        })
    }

    /// Fires for a key because of the one call.
    fn fire_for(
        &mut self,
        facts: &Facts<'_>,
        key: &[u8],
        window: Window,
        detail: Map<String, Value>,
        alerts: &mut Vec<Alert>,
    ) {
        let found = Found {
            key,
            call_ids: vec![facts::text(facts.call_id)],
            detail,
        };
        let class = facts::text(facts.retention_class);
        alerts.extend(self.fire(found, window, facts.end, &class));
    }

    /// The alert, unless the rule fired for this key within its window.
    fn fire(&mut self, found: Found<'_>, window: Window, at: i64, class: &str) -> Option<Alert> {
        let is_news = self.table.with(found.key, at, window.from, |slot| {
            let is_quiet = slot.fired.is_some_and(|fired| window.holds(fired));
            if !is_quiet {
                slot.fired = Some(at);
            }
            !is_quiet
        });
        is_news.then(|| Alert {
            rule: self.rule.id.clone(),
            severity: self.rule.severity,
            retention_class: class.to_owned(),
            at: Alert::instant(at),
            call_ids: found.call_ids,
            detail: found.detail,
        })
    }
}

/// The key of a burst that is counted over all calls.
const EVERYBODY: &[u8] = b"*";

impl Condition {
    /// The key for which an alert of this detail was given.
    fn key_of(&self, detail: &Map<String, Value>) -> Option<Vec<u8>> {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).map(key_text);
        match self {
            Self::SameSubject { .. } => text("subject"),
            Self::ManySubjects { .. } => text("user_id"),
            #[cfg(feature = "time-zones")]
            Self::OutsideHours(_) => text("user_id"),
            Self::FailureRate { .. } => text("tool_name"),
            Self::FirstUse { .. } => Some(pair(&text("user_id")?, &text("tool_name")?)),
            Self::Burst { by, .. } => match by {
                Grouping::User => text("user_id"),
                Grouping::Tool => text("tool_name"),
                Grouping::Everybody => Some(EVERYBODY.to_vec()),
            },
            Self::BreakGlass => text("call_id"),
            Self::EntriesLost | Self::ChainDamaged => text("log"),
        }
    }
}

/// Alerts of the past that no record says were given, by what identifies them.
#[derive(Debug, Default)]
pub(super) struct Missed {
    alerts: HashMap<Vec<u8>, Alert>,
}

/// So many are kept; the rest of a past that nobody watched is not told.
const MOST_MISSED: usize = 1000;

impl Missed {
    fn is_full(&self) -> bool {
        self.alerts.len() >= MOST_MISSED
    }

    fn add(&mut self, alert: Alert) {
        if !self.is_full() {
            self.alerts
                .insert(identity(&alert.rule, &alert.detail), alert);
        }
    }

    fn forget(&mut self, rule: &str, detail: &Map<String, Value>) {
        self.alerts.remove(&identity(rule, detail));
    }
}

/// What an alert is about: the members of its detail that name somebody or something.
fn identity(rule: &str, detail: &Map<String, Value>) -> Vec<u8> {
    let mut identity = rule.as_bytes().to_vec();
    for name in ["call_id", "log", "subject", "tool_name", "user_id"] {
        identity.push(0);
        let text = detail.get(name).and_then(Value::as_str);
        identity.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
    identity
}

/// A text as it stands in a record, which is what keys are.
fn key_text(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 2);
    crate::canonical::write_string(&mut key, text);
    key
}

fn pair(user: &[u8], tool: &[u8]) -> Vec<u8> {
    [user, b",", tool].concat()
}

fn named(slot: &Slot) -> Vec<String> {
    let calls = slot.call_ids(Alert::MOST_CALLS);
    calls.into_iter().map(facts::text).collect()
}

/// Members of the record, as they stand in it.
fn detail(members: &[(&str, &[u8])]) -> Map<String, Value> {
    let mut detail = Map::new();
    for (name, json) in members {
        let value = serde_json::from_slice(json).unwrap_or_else(|_| json!(UNKNOWN));
        detail.insert((*name).to_owned(), value);
    }
    detail
}

fn emergency_detail(facts: &Facts<'_>) -> Map<String, Value> {
    let mut detail = detail(&[
        ("call_id", facts.call_id),
        ("tool_name", facts.tool_name),
        ("user_id", facts.user_id),
    ]);
    let declared: Map<String, Value> = serde_json::from_slice(facts.emergency).unwrap_or_default();
    for name in ["declared_by", "defect", "reason", "urgency"] {
        if let Some(value) = declared.get(name) {
            detail.insert(name.to_owned(), value.clone());
        }
    }
    detail
}

/// Whether the tool may have shown something: a call that it never saw shows nothing.
fn is_access(outcome: &str) -> bool {
    let no_access = [
        Outcome::Denied,
        Outcome::Rejected,
        Outcome::NeverPolled,
        Outcome::InputRequired,
    ];
    !no_access.iter().any(|one| one.as_str() == outcome)
}
