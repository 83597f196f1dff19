//! What scans find, against a filter over parsed lines that knows no shortcut.

mod written_logs;

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::query::{
    Cursor, Filter, QueryError, Record, scan, scan_memory, scan_memory_reverse, scan_reverse,
};
use tool_audit::{
    AuditEntry, AuditSink, CallContext, CallTrigger, Emergency, EntryBuilder, EntryKind,
    HashChainSink, MemorySink, Outcome, Sanitizer,
};

use written_logs::{WrittenLog, call};

fn lines(path: &Path, filter: &Filter) -> Vec<String> {
    scan(path, filter)
        .unwrap()
        .map(|record| record.unwrap().line().to_owned())
        .collect()
}

fn lines_reversed(path: &Path, filter: &Filter) -> Vec<String> {
    let mut found: Vec<String> = scan_reverse(path, filter)
        .unwrap()
        .map(|record| record.unwrap().line().to_owned())
        .collect();
    found.reverse();
    found
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What is asked for, in a form that a plain check can read.
#[derive(Debug, Clone, Default)]
struct Wanted {
    conversations: Vec<&'static str>,
    users: Vec<&'static str>,
    models: Vec<&'static str>,
    tools: Vec<&'static str>,
    outcome: Option<Outcome>,
    trigger: Option<CallTrigger>,
    kind: Option<&'static str>,
    failures: bool,
    subjects: Vec<&'static str>,
    text: Option<&'static str>,
    emergency: bool,
    unreviewed: bool,
    since: Option<u32>,
    until: Option<u32>,
}

impl Wanted {
    fn filter(&self) -> Filter {
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
    fn takes(&self, line: &str, reviewed: &[&str]) -> bool {
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

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains(text) || holds(value, text)),
        other => other.to_string().trim_end_matches(".0").contains(text),
    }
}

fn instant(seconds: u32) -> DateTime<Utc> {
    at("2025-07-06T00:00:00Z") + chrono::TimeDelta::seconds(i64::from(seconds))
}

const CONVERSATIONS: [&str; 4] = ["conv_1", "conv_11", "a\"b\\\n\u{1f600}é", "unknown"];
const TOOLS: [&str; 3] = ["get_order", "cancel", "x\",\"conversation_id\":\"conv_1"];
const USERS: [&str; 3] = ["usr_9", "usr_8", "usr_7"];
const MODELS: [&str; 2] = ["gpt-4.1", "a\"b"];
const KINDS: [&str; 5] = [
    "tool_call",
    "tool_call_started",
    "entries_lost",
    "alert",
    "of_a_later_version",
];
const SUBJECTS: [&str; 3] = ["P-7", "P-77", "a\"b\\\n"];
const TEXTS: [&str; 7] = ["ORD", "n", "\\", "99", "\"", "order_id", ":"];

/// A record of some kind; arguments repeat the names of members that are searched for.
fn record() -> impl Strategy<Value = (&'static str, Value)> {
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

fn wanted() -> impl Strategy<Value = Wanted> {
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
enum Act {
    Record(&'static str, Value),
    Rotate(usize),
    BadLine(&'static [u8]),
}

fn act() -> impl Strategy<Value = Act> {
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
struct Plain {
    lines: Vec<(i64, String, u64, String)>,
    running: i64,
}

impl Plain {
    fn new() -> Self {
        Self {
            lines: Vec::new(),
            running: i64::MIN,
        }
    }

    fn push(&mut self, line: &str) {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_finds_what_a_plain_filter_over_all_lines_finds(
        logs in prop::collection::vec(prop::collection::vec(act(), 0..30), 1..4),
        wanted in wanted(),
        page in 1..7_usize,
        reviewed in prop::collection::vec(0..600_u32, 0..400),
    ) {
        let folder = tempfile::tempdir().unwrap();
        // The reviews of the first store alone: `admin` is a log like others to a scan.
        let reviewed: Vec<String> = reviewed.iter().map(|number| format!("call-{number}")).collect();
        let reviewed: Vec<&str> = reviewed.iter().map(String::as_str).collect();
        let mut plain = Vec::new();
        let (mut bad, mut superseded) = (0, 0);
        for (number, acts) in logs.iter().enumerate() {
            let mut log = WrittenLog::create(&folder.path().join(format!("store-{number}/general")), number as u8);
            for act in acts {
                match act {
                    Act::Record(kind, members) => { log.add(kind, members); }
                    Act::Rotate(repeats) => log.rotate(*repeats),
                    Act::BadLine(bytes) => log.append(bytes),
                }
            }
            let mut own = Plain::new();
            let mut seen = std::collections::HashSet::new();
            for (_, path) in tool_audit::log::segment::list(&log.folder).unwrap() {
                let bytes = fs::read(path).unwrap();
                for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    match std::str::from_utf8(line) {
                        Ok(line) if !line.starts_with("{\"_hash\":\"00\"") && line.starts_with("{\"_hash\"") => {
                            if seen.insert(line.to_owned()) { own.push(line); } else { superseded += 1; }
                        }
                        _ => bad += 1,
                    }
                }
                bad += bytes.windows(2).filter(|pair| pair == b"\n\n").count();
            }
            plain.extend(own.lines);
        }
        let mut admin = WrittenLog::create(&folder.path().join("store-0/admin"), 99);
        let mut own = Plain::new();
        let review = admin.add("reviewed", &json!({
            "actor": "dpo", "call_ids": reviewed, "retention_class": "admin",
            "timestamp": "2025-07-06T00:05:00.000000Z",
        }));
        own.push(fs::read_to_string(admin.segment()).unwrap().lines().next().unwrap());
        own.push(&review);
        plain.extend(own.lines);
        plain.sort();
        let expected: Vec<String> = plain.into_iter().map(|(_, _, _, line)| line).filter(|line| wanted.takes(line, &reviewed)).collect();
        let filter = wanted.filter();
        prop_assert_eq!(&lines(folder.path(), &filter), &expected);
        prop_assert_eq!(&lines_reversed(folder.path(), &filter), &expected);
        // A page begins in the middle of each log, and the calls of this store end in any order.
        prop_assert_eq!(by_log(&paged(folder.path(), &filter, page)), by_log(&expected));
        prop_assert_eq!(&paged_reversed(folder.path(), &filter, page), &expected);

        let mut all = scan(folder.path(), &Filter::new()).unwrap();
        prop_assert!(all.all(|record| record.is_ok()));
        prop_assert_eq!(all.passed_over().bad_lines, bad as u64);
        prop_assert_eq!(all.passed_over().superseded, superseded);
    }

    #[test]
    fn an_entry_in_memory_is_wanted_where_its_record_is(
        records in prop::collection::vec(record(), 1..20),
        wanted in wanted(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut log = WrittenLog::create(folder.path(), 1);
        for (kind, members) in &records {
            log.add(kind, members);
        }
        // What was reviewed is told to the filter, not found.
        let wanted = Wanted { kind: wanted.kind.filter(|kind| *kind != "alert"), ..wanted };
        let filter = wanted.filter().reviewed(["call-7"]);
        let calls: Vec<Record> = scan(folder.path(), &Filter::new()).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .collect();
        let by_entry: Vec<&str> = calls.iter()
            .filter(|record| filter.matches(&record.entry().unwrap()))
            .map(Record::line)
            .collect();
        let by_scan: Vec<String> = scan(folder.path(), &filter).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .map(|record| record.line().to_owned())
            .collect();
        prop_assert_eq!(by_entry, by_scan);
    }

    #[test]
    fn entries_of_a_sink_in_memory_are_found_as_their_records_are(
        records in prop::collection::vec(record(), 1..20),
        wanted in wanted(),
        page in 1..7_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = HashChainSink::in_memory();
        let sink = MemorySink::new();
        for (kind, members) in &records {
            let entry = entry(kind, members).build(&Sanitizer::default());
            sink.record(&entry.as_entry());
            store.record(&entry.as_entry());
        }
        store.to_folder(folder.path().join("audit")).unwrap();
        let filter = wanted.filter();
        let of_memory: Vec<String> = scan_memory(&sink, &filter).map(|one| own_members(one.line())).collect();
        let of_store: Vec<String> = scan(&folder.path().join("audit"), &filter).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .map(|record| own_members(record.line()))
            .collect();
        prop_assert_eq!(&of_memory, &of_store);
        let plain: Vec<String> = sink.lines().iter()
            .filter(|line| wanted.takes(line, &[]))
            .map(|line| own_members(line))
            .collect();
        prop_assert_eq!(&of_memory, &plain);
        let newest_first: Vec<String> = scan_memory_reverse(&sink, &filter).map(|one| own_members(one.line())).collect();
        prop_assert!(newest_first.iter().rev().eq(of_memory.iter()));
        for newest_first in [false, true] {
            let scan = || if newest_first { scan_memory_reverse(&sink, &filter) } else { scan_memory(&sink, &filter) };
            let mut pages: Vec<Record> = Vec::new();
            let mut cursor: Option<Cursor> = None;
            loop {
                let mut rest = match &cursor {
                    Some(cursor) => scan().after(cursor),
                    None => scan(),
                };
                let found: Vec<Record> = rest.by_ref().take(page).collect();
                if found.is_empty() { break; }
                cursor = Some(rest.cursor());
                pages.extend(found);
            }
            prop_assert!(pages.iter().map(Record::line).eq(scan().map(|one| one.line().to_owned())));
        }
    }
}

/// A record without its place in a log.
fn own_members(line: &str) -> String {
    let mut record: Value = serde_json::from_str(line).unwrap();
    for name in ["_hash", "_log", "_previous_hash", "_seq"] {
        record.as_object_mut().unwrap().remove(name);
    }
    record.to_string()
}

/// An entry of a recorder, made of some of a record's members.
fn entry(kind: &str, members: &Value) -> EntryBuilder {
    let text = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
    let mut context = CallContext::new(text("conversation_id"), text("user_id"));
    for subject in members["subjects"].as_array().into_iter().flatten() {
        context = context.subject(subject.as_str().unwrap());
    }
    context = context.model(text("model"));
    if members["emergency"].is_object() {
        context.emergency = Some(Emergency::new("ORD", "usr_8"));
    }
    let outcome = Outcome::from_name(&text("outcome")).unwrap_or(Outcome::Success);
    let started = at(&text("timestamp"));
    let kind = match kind {
        "tool_call_started" => EntryKind::ToolCallStarted,
        _ => EntryKind::ToolCall,
    };
    EntryBuilder::new(text("tool_name"))
        .arguments(members["arguments"].clone())
        .context(context)
        .outcome(outcome)
        .kind(kind)
        .started(started.into())
}

/// All pages of so many records, one after another; cursors go through their text.
fn paged(path: &Path, filter: &Filter, page: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut rest = scan(path, filter).unwrap();
        if let Some(cursor) = &cursor {
            rest = rest.after(&cursor.parse().unwrap());
        }
        let before = found.len();
        found.extend(
            rest.by_ref()
                .take(page)
                .map(|one| one.unwrap().line().to_owned()),
        );
        if found.len() == before {
            return found;
        }
        cursor = Some(rest.cursor().to_string());
    }
}

fn paged_reversed(path: &Path, filter: &Filter, page: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut rest = scan_reverse(path, filter).unwrap();
        if let Some(cursor) = &cursor {
            rest = rest.after(&cursor.parse().unwrap());
        }
        let before = found.len();
        found.extend(
            rest.by_ref()
                .take(page)
                .map(|one| one.unwrap().line().to_owned()),
        );
        if found.len() == before {
            found.reverse();
            return found;
        }
        cursor = Some(rest.cursor().to_string());
    }
}

/// The lines log by log, each log's in its order.
fn by_log(lines: &[String]) -> Vec<String> {
    let log = |line: &String| serde_json::from_str::<Value>(line).unwrap()["_log"].to_string();
    let mut lines = lines.to_vec();
    lines.sort_by_cached_key(log);
    lines
}

#[test]
fn a_record_gives_its_line_its_head_and_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 7);
    let line = log.add("tool_call", &call("conv_1", "get_order", "timed_out", 61));
    let found: Vec<Record> = scan(folder.path(), &Filter::new().tool("get_order"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), 1);
    let record = &found[0];
    assert_eq!(record.line(), line);
    assert_eq!((record.kind(), record.seq()), ("tool_call", 1));
    assert_eq!(record.head().unwrap().log, record.log());
    assert_eq!(record.timestamp(), at("2025-07-06T00:01:01Z"));
    assert_eq!(record.folder(), folder.path().canonicalize().unwrap());
    let entry: AuditEntry = record.entry().unwrap();
    assert_eq!(
        (entry.outcome, entry.turn_number),
        (Some(Outcome::TimedOut), 1)
    );
}

#[test]
fn a_line_that_is_being_written_is_left_out_and_one_cut_off_before_the_last_segment_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    log.append(br#"{"_hash":"half a rec"#);
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 1);
    assert_eq!(records.passed_over().unfinished_bytes, 20);
    assert_eq!(records.passed_over().bad_lines, 0);

    log.rotate(0);
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 2);
    assert_eq!(records.passed_over().unfinished_bytes, 0);
    assert_eq!(records.passed_over().bad_lines, 1);
    let bad = records.passed_over().first[0].to_string();
    assert!(bad.contains("00000000000000000000.jsonl, line 2"), "{bad}");
}

#[test]
fn a_line_of_any_length_is_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let mut long = vec![b'x'; 3 * 1024 * 1024];
    long.push(b'\n');
    log.append(&long);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 2);
    assert_eq!(records.passed_over().bad_lines, 1);
}

#[test]
fn a_record_that_repeats_a_number_with_other_content_is_not_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let line = log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(1);
    log.append(format!("{}\n", line.replace("get_order", "cancel_it")).as_bytes());
    log.append(format!("{line}\n").as_bytes());
    assert_eq!(
        lines(folder.path(), &Filter::new().tool("cancel_it")).len(),
        1
    );
    assert_eq!(
        lines(folder.path(), &Filter::new().tool("get_order")).len(),
        1
    );
}

#[test]
fn a_scan_reads_the_log_as_it_stood_when_it_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let records = scan(folder.path(), &Filter::new()).unwrap();
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(0);
    assert_eq!(records.count(), 1);
}

#[test]
fn a_deep_record_is_searched_to_its_bottom() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    // Format 1 has no limit of depth below 128; a reader that makes trees stops there.
    let deep = format!(
        "{{\"n\":{}\"nee\\ndle\"{}}}",
        "[".repeat(125),
        "]".repeat(125)
    );
    let line = log.add("tool_call", &members);
    let plain = json!({"order_id": "ORD-1"}).to_string();
    let tampered = line.replace(&plain, &deep);
    assert_ne!(tampered, line);
    log.append(format!("{tampered}\n").as_bytes());
    members["arguments"] = json!({"n": -1.5, "nothing": null});
    log.add("tool_call", &members);
    let found = |text: &str| lines(folder.path(), &Filter::new().contains(text)).len();
    assert_eq!(found("nee\ndle"), 1);
    assert_eq!((found("-1.5"), found("null"), found("nothing")), (1, 1, 1));
    assert_eq!(found("no such text"), 0);
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(folder.path(), 1);
    let filter = Filter::new().since(instant(2)).until(instant(1));
    let refused = [
        scan(folder.path(), &filter).err(),
        scan_reverse(folder.path(), &filter).err(),
        tool_audit::query::statistics(folder.path(), &filter).err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert!(matches!(error, QueryError::Period), "{error}");
        assert!(error.to_string().contains("exchange"), "{error}");
    }
    let instant_alone = Filter::new().since(instant(0)).until(instant(0));
    assert_eq!(lines(folder.path(), &instant_alone).len(), 1);
}

#[test]
fn reviews_of_a_store_are_found_however_its_log_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let mut log = WrittenLog::create(&store.join("general"), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    members["emergency"] = json!({"reason": "cardiac arrest", "declared_by": "usr_9"});
    log.add("tool_call", &members);
    let mut admin = WrittenLog::create(&store.join("admin"), 2);
    admin.add(
        "reviewed",
        &json!({"actor": "dpo", "call_ids": ["call-1"], "retention_class": "admin",
            "timestamp": "2025-07-06T00:05:00.000000Z"}),
    );
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(store.join("general"), &link).unwrap();
    let dotted = store.join("general/../general/.");
    for path in [&store.join("general"), &link, &dotted] {
        let found = lines(path, &Filter::new().unreviewed());
        assert!(found.is_empty(), "{}", path.display());
    }
}

#[test]
fn logs_are_found_three_levels_below_and_no_deeper() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("site/tools-0/general"), 1);
    WrittenLog::create(&folder.path().join("site/tools-1/financial"), 2);
    WrittenLog::create(&folder.path().join("a/b/c/too-deep"), 3);
    // A link to a folder above must not give every log twice.
    std::os::unix::fs::symlink(folder.path(), folder.path().join("site/loop")).unwrap();
    assert_eq!(lines(folder.path(), &Filter::new()).len(), 2);
}

#[test]
fn what_is_no_log_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = scan(folder.path(), &Filter::new()).unwrap_err();
    assert!(matches!(empty, QueryError::NoLog { .. }), "{empty}");
    assert!(empty.to_string().contains("give the folder"), "{empty}");
    let missing = scan(&folder.path().join("none"), &Filter::new()).unwrap_err();
    assert!(missing.to_string().contains("check the path"), "{missing}");
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(
        scan(&file, &Filter::new()),
        Err(QueryError::NoLog { .. })
    ));
    let not_a_file = folder.path().join("log");
    fs::create_dir_all(not_a_file.join("00000000000000000000.jsonl")).unwrap();
    assert!(matches!(
        scan(&not_a_file, &Filter::new()),
        Err(QueryError::Io { .. })
    ));
}

#[test]
fn a_log_of_a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create_as(folder.path(), 1, &json!({"format": 2}));
    let error = scan(folder.path(), &Filter::new()).unwrap_err();
    assert!(
        matches!(error, QueryError::NewerFormat { format: 2, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("install a newer"), "{error}");
}

#[test]
fn a_log_made_by_replay_says_so_also_when_its_first_segment_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut log =
        WrittenLog::create_as(folder.path(), 1, &json!({"format": 1, "source": "replay"}));
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(1);
    for _ in 0..2 {
        let records = scan(folder.path(), &Filter::new()).unwrap();
        assert!(records.logs().all(|log| log.is_replayed()));
        let _ = fs::remove_file(folder.path().join("00000000000000000000.jsonl"));
    }

    let live = tempfile::tempdir().unwrap();
    WrittenLog::create(live.path(), 1);
    let records = scan(live.path(), &Filter::new()).unwrap();
    assert!(!records.logs().any(|log| log.is_replayed()));
}
