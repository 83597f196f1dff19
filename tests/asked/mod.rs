//! Random logs and random questions to them, and what a reader without a shortcut answers.
// Each test program uses its own part of it.
#![allow(dead_code, unreachable_pub)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::query::Filter;
use tool_audit::{CallTrigger, Outcome};

use crate::written_logs::{WrittenLog, call};

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What is asked for, in a form that a plain check can read.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub conversations: Vec<&'static str>,
    pub users: Vec<&'static str>,
    pub models: Vec<&'static str>,
    pub tools: Vec<&'static str>,
    pub outcome: Option<Outcome>,
    pub trigger: Option<CallTrigger>,
    pub kind: Option<&'static str>,
    pub failures: bool,
    pub subjects: Vec<&'static str>,
    pub text: Option<&'static str>,
    pub emergency: bool,
    pub unreviewed: bool,
    pub since: Option<u32>,
    pub until: Option<u32>,
}

impl Wanted {
    pub fn filter(&self) -> Filter {
        let mut filter = Filter::new();
        for one in &self.conversations {
            filter = filter.conversation(*one);
        }
        for one in &self.users {
            filter = filter.user(*one);
        }
        for one in &self.models {
            filter = filter.model(*one);
        }
        for one in &self.tools {
            filter = filter.tool(*one);
        }
        if let Some(one) = self.outcome {
            filter = filter.outcome(one);
        }
        if let Some(one) = self.trigger {
            filter = filter.trigger(one);
        }
        if let Some(one) = self.kind {
            filter = filter.kind(one);
        }
        if self.failures {
            filter = filter.failures();
        }
        for one in &self.subjects {
            filter = filter.subject(*one);
        }
        if let Some(text) = self.text {
            filter = filter.contains(text);
        }
        if self.emergency {
            filter = filter.emergency();
        }
        if self.unreviewed {
            filter = filter.unreviewed();
        }
        if let Some(seconds) = self.since {
            filter = filter.since(instant(seconds));
        }
        if let Some(seconds) = self.until {
            filter = filter.until(instant(seconds));
        }
        filter
    }

    /// `reviewed` are the calls that somebody has looked at.
    pub fn takes(&self, line: &str, reviewed: &[&str]) -> bool {
        let record: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| record[name].as_str();
        let timestamp = at(word("timestamp").unwrap());
        let outcome = word("outcome");
        let one_of = |wanted: &[&str], name: &str| {
            wanted.is_empty() || wanted.iter().any(|one| word(name) == Some(one))
        };
        one_of(&self.conversations, "conversation_id")
            && one_of(&self.users, "user_id")
            && one_of(&self.models, "model")
            && one_of(&self.tools, "tool_name")
            && self.outcome.is_none_or(|one| outcome == Some(one.as_str()))
            && self
                .trigger
                .is_none_or(|one| word("call_trigger") == Some(one.as_str()))
            && self.kind.is_none_or(|one| word("_kind") == Some(one))
            && (!self.failures
                || outcome.is_some_and(|one| !matches!(one, "success" | "input_required")))
            && (self.subjects.is_empty()
                || record["subjects"].as_array().is_some_and(|found| {
                    self.subjects.iter().any(|one| found.contains(&json!(one)))
                }))
            && self.text.is_none_or(|text| {
                let members = record.as_object().unwrap();
                let mut own = members.iter().filter(|(name, _)| !name.starts_with('_'));
                own.any(|(name, value)| name.contains(text) || holds(value, text))
            })
            && (!self.emergency || record["emergency"].is_object())
            && (!self.unreviewed || {
                let new = |call: &Value| !reviewed.contains(&call.as_str().unwrap());
                match word("_kind") {
                    Some("alert") => record["call_ids"].as_array().unwrap().iter().any(new),
                    _ => record["emergency"].is_object() && new(&record["call_id"]),
                }
            })
            && self
                .since
                .is_none_or(|seconds| timestamp >= instant(seconds))
            && self
                .until
                .is_none_or(|seconds| timestamp <= instant(seconds))
    }
}

pub fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains(text) || holds(value, text)),
        other => other.to_string().trim_end_matches(".0").contains(text),
    }
}

pub fn instant(seconds: u32) -> DateTime<Utc> {
    at("2025-07-06T00:00:00Z") + chrono::TimeDelta::seconds(i64::from(seconds))
}

pub const CONVERSATIONS: [&str; 4] = ["conv_1", "conv_11", "a\"b\\\n\u{1f600}é", "unknown"];
pub const TOOLS: [&str; 3] = ["get_order", "cancel", "x\",\"conversation_id\":\"conv_1"];
pub const USERS: [&str; 3] = ["usr_9", "usr_8", "usr_7"];
pub const MODELS: [&str; 2] = ["gpt-4.1", "a\"b"];
pub const KINDS: [&str; 5] = [
    "tool_call",
    "tool_call_started",
    "entries_lost",
    "alert",
    "of_a_later_version",
];
pub const SUBJECTS: [&str; 3] = ["P-7", "P-77", "a\"b\\\n"];
pub const TEXTS: [&str; 7] = ["ORD", "n", "\\", "99", "\"", "order_id", ":"];

/// A record of some kind; arguments repeat the names of members that are searched for.
pub fn record() -> impl Strategy<Value = (&'static str, Value)> {
    let words = (
        prop::sample::select(&CONVERSATIONS[..]),
        prop::sample::select(&TOOLS[..]),
        prop::sample::select(&USERS[..]),
        prop::sample::select(&Outcome::ALL[..]),
        prop::sample::select(&CallTrigger::ALL[..]),
    );
    let rest = (
        prop::sample::select(&KINDS[..]),
        0..600_u32,
        0..200_000_u32,
        prop::option::of(prop::sample::select(&CONVERSATIONS[..])),
        any::<bool>(),
        prop::collection::vec(prop::sample::select(&SUBJECTS[..]), 0..3),
        prop::bool::weighted(0.3),
        prop::sample::select(&MODELS[..]),
    );
    (words, rest).prop_map(
        |(
            (conversation, tool, user, outcome, trigger),
            (kind, seconds, tenths, decoy, braces, subjects, emergency, model),
        )| {
            if kind == "entries_lost" {
                return (
                    kind,
                    json!({"count": 3, "reason": "full", "retention_class": "general",
                        "timestamp": instant(seconds).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()}),
                );
            }
            if kind == "alert" {
                let calls = [seconds, tenths].map(|number| format!("call-{}", number % 600));
                return (
                    kind,
                    json!({"call_ids": calls, "rule": "burst", "retention_class": "general",
                        "timestamp": instant(seconds).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()}),
                );
            }
            let mut members = call(conversation, tool, outcome.as_str(), seconds);
            if !subjects.is_empty() {
                members["subjects"] = json!(subjects);
                members["purpose"] = "treatment".into();
            }
            if emergency {
                members["emergency"] = json!({"reason": "ORD", "declared_by": "usr_8"});
            }
            members["user_id"] = user.into();
            members["model"] = model.into();
            members["call_trigger"] = trigger.as_str().into();
            members["duration_ms"] = json!(f64::from(tenths) / 10.0);
            if let Some(decoy) = decoy {
                members["arguments"] = json!({
                    "conversation_id": decoy, "duration_ms": 99999, "outcome": "denied",
                    "timestamp": "2030-01-01T00:00:00.000000Z",
                    "deeper": [{"tool_name": "get_order", "user_id": "usr_9", "model": "gpt-4.1"}],
                    "emergency": {"reason": "none"}, "subjects": ["P-7"],
                });
            }
            if braces {
                members["writer"] = json!({"timestamp": "2031-01-01T00:00:00.000000Z"});
            }
            if kind == "tool_call_started" {
                for name in ["outcome", "success", "duration_ms", "result_summary"] {
                    members.as_object_mut().unwrap().remove(name);
                }
            }
            (kind, members)
        },
    )
}

pub fn wanted() -> impl Strategy<Value = Wanted> {
    let words = (
        prop::collection::vec(prop::sample::select(&CONVERSATIONS[..]), 0..3),
        prop::collection::vec(prop::sample::select(&USERS[..]), 0..3),
        prop::collection::vec(prop::sample::select(&TOOLS[..]), 0..3),
        prop::collection::vec(prop::sample::select(&MODELS[..]), 0..2),
        prop::option::weighted(0.2, prop::sample::select(&Outcome::ALL[..])),
        prop::option::weighted(0.2, prop::sample::select(&CallTrigger::ALL[..])),
        prop::option::weighted(0.3, prop::sample::select(&KINDS[..])),
    );
    let rest = (
        prop::bool::weighted(0.2),
        prop::option::weighted(0.3, 0..600_u32),
        prop::option::weighted(0.3, 0..600_u32),
        prop::collection::vec(prop::sample::select(&SUBJECTS[..]), 0..3),
        prop::option::weighted(0.3, prop::sample::select(&TEXTS[..])),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    (words, rest).prop_map(
        |(
            (conversations, users, tools, models, outcome, trigger, kind),
            (failures, since, until, subjects, text, emergency, unreviewed),
        )| Wanted {
            conversations,
            users,
            models,
            tools,
            outcome,
            trigger,
            kind,
            failures,
            subjects,
            text,
            emergency,
            unreviewed,
            // A period that ends before it begins is refused.
            since: since.map(|since| until.map_or(since, |until| since.min(until))),
            until: until.map(|until| since.map_or(until, |since| since.max(until))),
        },
    )
}

/// What happens to one of the logs.
#[derive(Debug, Clone)]
pub enum Act {
    Record(&'static str, Value),
    Rotate(usize),
    BadLine(&'static [u8]),
}

pub fn act() -> impl Strategy<Value = Act> {
    let bad: [&'static [u8]; 4] = [
        b"\n",
        b"{\"_hash\":\"00\"}\n",
        b"no record \xff\n",
        b"{\"conversation_id\":\"conv_1\"}\n",
    ];
    prop_oneof![
        12 => record().prop_map(|(kind, members)| Act::Record(kind, members)),
        2 => (0..4_usize).prop_map(Act::Rotate),
        1 => prop::sample::select(bad.to_vec()).prop_map(Act::BadLine),
    ]
}

/// Every line of a log with its place in the order of FORMAT section 6, as a reader without a shortcut
/// finds them.
pub struct Plain {
    pub lines: Vec<(i64, String, u64, String)>,
    pub running: i64,
}

impl Plain {
    pub fn new() -> Self {
        Self {
            lines: Vec::new(),
            running: i64::MIN,
        }
    }

    pub fn push(&mut self, line: &str) {
        let record: Value = serde_json::from_str(line).unwrap();
        let begin = at(record["timestamp"].as_str().unwrap()).timestamp_micros();
        let took = record["duration_ms"].as_f64().unwrap_or_default();
        self.running = self.running.max(begin + (took * 1000.0).round() as i64);
        self.lines.push((
            self.running,
            record["_log"].as_str().unwrap().to_owned(),
            record["_seq"].as_u64().unwrap(),
            line.to_owned(),
        ));
    }
}

/// Every record of a store's logs in the order in which scans give them, and how many lines are bad and repeated.
#[derive(Default)]
pub struct Expected {
    records: Vec<(i64, String, u64, String)>,
    pub bad: u64,
    pub superseded: u64,
}

impl Expected {
    /// Reads a log again, line by line.
    pub fn read(&mut self, folder: &Path) {
        let mut own = Plain::new();
        let mut seen = HashSet::new();
        for (_, path) in tool_audit::log::segment::list(folder).unwrap() {
            let bytes = fs::read(path).unwrap();
            for line in bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                match std::str::from_utf8(line) {
                    Ok(line)
                        if !line.starts_with("{\"_hash\":\"00\"")
                            && line.starts_with("{\"_hash\"") =>
                    {
                        if seen.insert(line.to_owned()) {
                            own.push(line);
                        } else {
                            self.superseded += 1;
                        }
                    }
                    _ => self.bad += 1,
                }
            }
            self.bad += bytes.windows(2).filter(|pair| pair == b"\n\n").count() as u64;
        }
        self.records.extend(own.lines);
        self.records.sort();
    }

    pub fn answer(&self, wanted: &Wanted, reviewed: &[&str]) -> Vec<String> {
        let lines = self.records.iter().map(|(_, _, _, line)| line);
        lines
            .filter(|line| wanted.takes(line, reviewed))
            .cloned()
            .collect()
    }
}

impl Act {
    pub fn happen(&self, log: &mut WrittenLog) {
        match self {
            Self::Record(kind, members) => {
                log.add(kind, members);
            }
            Self::Rotate(repeats) => log.rotate(*repeats),
            Self::BadLine(bytes) => log.append(bytes),
        }
    }
}

/// A store's `admin` in which these calls were reviewed.
pub fn review(folder: &Path, reviewed: &[&str]) {
    let mut admin = WrittenLog::create(folder, 99);
    admin.add(
        "reviewed",
        &json!({
            "actor": "dpo", "call_ids": reviewed, "retention_class": "admin",
            "timestamp": "2025-07-06T00:05:00.000000Z",
        }),
    );
}
