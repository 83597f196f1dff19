use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Alert;
use super::facts::{self, Facts};
use super::rule::{Condition, Grouping, Rule};
use super::table::{Slot, Table, Window};
use crate::call::{Outcome, UNKNOWN};
use crate::glob;

/// A record's end so much before the newest one means that a clock was set back, and time goes on from there.
pub(super) const SET_BACK: i64 = 300_000_000;

/// One rule, and what it remembers.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) rule: Arc<Rule>,
    pub(super) window: i64,
    pub(super) table: Table,
}

impl Watch {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            rule: Arc::new(rule.clone()),
            window: i64::try_from(rule.window.as_micros()).unwrap_or(i64::MAX),
            table: Table::new(rule.most_keys),
        }
    }

    pub(super) fn is_about(&self, tool: &str) -> bool {
        let tools = &self.rule.tools;
        let fits = |pattern: &String| glob::matches(pattern.as_bytes(), tool.as_bytes());
        tools.is_empty() || tools.iter().any(fits)
    }

    pub(super) fn window_at(&self, now: i64) -> Window {
        Window {
            from: now.saturating_sub(self.window),
            now,
            until: now.saturating_add(SET_BACK),
        }
    }

    /// Looks at a record of a call; `learned_for` says since when records are seen, in microseconds.
    pub(super) fn observe_call(
        &mut self,
        facts: &Facts<'_>,
        window: Window,
        learned_for: i64,
        alerts: &mut Vec<Alert>,
    ) {
        let is_end = facts.kind == "tool_call";
        let rule = Arc::clone(&self.rule);
        match &rule.condition {
            Condition::BreakGlass if facts.is_emergency() => {
                let detail = emergency_detail(facts);
                alerts.extend(self.fire_at(facts, facts.call_id, window, detail));
            }
            _ if !is_end => {}
            Condition::SameSubject { count } if is_access(facts.outcome()) => {
                for subject in facts.each_subject() {
                    let call = (None, facts.call_id);
                    if let Some(calls) = self.tally(subject, window, facts.end, *count, call) {
                        let mut detail = detail(&[("subject", subject)]);
                        detail.insert("accesses".to_owned(), json!(count));
                        alerts.extend(self.fire_for(facts, subject, window, (calls, detail)));
                    }
                }
            }
            Condition::ManySubjects { count } if is_access(facts.outcome()) => {
                let user = facts.user_id;
                let mut enough = None;
                for subject in facts.each_subject() {
                    let mut hasher = DefaultHasher::new();
                    hasher.write(subject);
                    let call = (Some(hasher.finish()), facts.call_id);
                    enough = self.tally(user, window, facts.end, *count, call);
                }
                if let Some(calls) = enough {
                    let mut detail = detail(&[("user_id", user)]);
                    detail.insert("subjects".to_owned(), json!(count));
                    alerts.extend(self.fire_for(facts, user, window, (calls, detail)));
                }
            }
            Condition::FailureRate { rate, least_calls } => {
                alerts.extend(self.rate(facts, window, *rate, *least_calls));
            }
            Condition::FirstUse { learn_for } => {
                let key = pair(facts.user_id, facts.tool_name);
                let seen = self.table.touched(&key);
                self.table.with(&key, facts.end, window.from, |_| ());
                let learns = (learned_for as u128) < learn_for.as_micros();
                if !seen.is_some_and(|seen| window.holds(seen)) && !learns {
                    alerts.extend(self.fire_at(facts, &key, window, whose(facts)));
                }
            }
            #[cfg(feature = "time-zones")]
            Condition::OutsideHours(hours) => {
                if let Some(local) = hours.outside(facts.begin) {
                    let mut detail = whose(facts);
                    detail.insert("local_time".to_owned(), json!(local));
                    detail.insert("time_zone".to_owned(), json!(hours.time_zone()));
                    alerts.extend(self.fire_at(facts, facts.user_id, window, detail));
                }
            }
            Condition::Burst {
                count,
                outcomes,
                by,
            } if outcomes.iter().any(|one| one.as_str() == facts.outcome()) => {
                let (key, mut detail) = match by {
                    Grouping::User => (facts.user_id, detail(&[("user_id", facts.user_id)])),
                    Grouping::Tool => (facts.tool_name, detail(&[("tool_name", facts.tool_name)])),
                    Grouping::Everybody => (EVERYBODY, Map::new()),
                };
                let call = (None, facts.call_id);
                if let Some(calls) = self.tally(key, window, facts.end, *count, call) {
                    detail.insert("calls".to_owned(), json!(count));
                    detail.insert("outcome".to_owned(), json!(facts.outcome()));
                    alerts.extend(self.fire_for(facts, key, window, (calls, detail)));
                }
            }
            _ => {}
        }
    }

    fn rate(
        &mut self,
        facts: &Facts<'_>,
        window: Window,
        rate: f64,
        least_calls: u32,
    ) -> Option<Alert> {
        let outcome = facts.outcome();
        if outcome == Outcome::InputRequired.as_str() {
            return None;
        }
        let is_failure = outcome != Outcome::Success.as_str();
        let (key, at) = (facts.tool_name, facts.end);
        let (calls, failures, call_ids) = self.table.with(key, at, window.from, |slot| {
            let (calls, failures) = slot.count(window, at, is_failure);
            if is_failure {
                slot.add(window, Alert::MOST_CALLS, at, facts.call_id);
            }
            let enough = calls >= u64::from(least_calls) && failures as f64 >= rate * calls as f64;
            // The failure that makes it so fires, and no success that leaves it so.
            let fires = is_failure && enough && !slot.is_quiet(window);
            (calls, failures, fires.then(|| named(slot)))
        });
        let call_ids = call_ids?;
        let mut detail = detail(&[("tool_name", key)]);
        detail.insert("calls".to_owned(), json!(calls));
        detail.insert("failures".to_owned(), json!(failures));
        self.fire_for(facts, key, window, (call_ids, detail))
    }

    /// Adds a call to what is remembered of a key; where that makes `count` of them, and the rule has not fired
    /// for it within its window, says which.
    fn tally(
        &mut self,
        key: &[u8],
        window: Window,
        at: i64,
        count: u32,
        call: (Option<u64>, &[u8]),
    ) -> Option<Vec<String>> {
        let count = count as usize;
        self.table.with(key, at, window.from, |slot| {
            let enough = slot.add_distinct(window, count, at, call) >= count;
            (enough && !slot.is_quiet(window)).then(|| named(slot))
        })
    }

    /// Fires for a key because of calls within the window.
    fn fire_for(
        &mut self,
        facts: &Facts<'_>,
        key: &[u8],
        window: Window,
        (call_ids, mut detail): (Vec<String>, Map<String, Value>),
    ) -> Option<Alert> {
        let seconds = self.rule.window.as_secs();
        detail.insert("window_seconds".to_owned(), json!(seconds));
        let class = facts::text(facts.retention_class);
        self.fire(key, window, facts.end, &class, (call_ids, detail))
    }

    /// Fires for a key because of the one call.
    fn fire_at(
        &mut self,
        facts: &Facts<'_>,
        key: &[u8],
        window: Window,
        detail: Map<String, Value>,
    ) -> Option<Alert> {
        let call_ids = vec![facts::text(facts.call_id)];
        let class = facts::text(facts.retention_class);
        self.fire(key, window, facts.end, &class, (call_ids, detail))
    }

    /// The alert, unless the rule fired for this key within its window.
    pub(super) fn fire(
        &mut self,
        key: &[u8],
        window: Window,
        at: i64,
        class: &str,
        (call_ids, detail): (Vec<String>, Map<String, Value>),
    ) -> Option<Alert> {
        let is_news = self.table.with(key, at, window.from, |slot| {
            let is_news = !slot.is_quiet(window);
            if is_news {
                slot.fired = Some(at);
            }
            is_news
        });
        is_news.then(|| Alert {
            rule: self.rule.id.clone(),
            severity: self.rule.severity,
            retention_class: class.to_owned(),
            at: Alert::instant(at),
            call_ids,
            detail,
        })
    }
}

/// The key of a burst that is counted over all calls.
const EVERYBODY: &[u8] = b"*";

impl Condition {
    /// The key for which an alert of this detail was given.
    pub(super) fn key_of(&self, detail: &Map<String, Value>) -> Option<Vec<u8>> {
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

/// A text as it stands in a record, which is what keys are.
pub(super) fn key_text(text: &str) -> Vec<u8> {
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

/// Whose call of which tool it is.
fn whose(facts: &Facts<'_>) -> Map<String, Value> {
    detail(&[("user_id", facts.user_id), ("tool_name", facts.tool_name)])
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
