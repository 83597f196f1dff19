//! Stores whose records expire, and what both verifiers say of them.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::{Value, json};
use tool_audit::canonical;
use tool_audit::clock::Clock;
use tool_audit::log::verify::{LogReport, VerifyOptions, verify};
use tool_audit::log::{
    Access, FolderStorage, LogOptions, LogWriter, MemoryStorage, Retention, Storage, segment,
};

/// A calendar that is turned by hand.
#[derive(Debug, Clone)]
pub struct Calendar(Arc<AtomicI64>);

impl Calendar {
    pub fn at(instant: &str) -> Self {
        let calendar = Self(Arc::default());
        calendar.set(instant);
        calendar
    }

    pub fn set(&self, instant: &str) {
        let instant: DateTime<Utc> = instant.parse().unwrap();
        self.0.store(instant.timestamp_micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    pub fn now_utc(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl Clock for Calendar {
    fn now(&self) -> SystemTime {
        self.now_utc().into()
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

pub const BEGIN: &str = "2025-07-06T14:23:00Z";

/// Four records a segment; the log's own are kept for 30 days.
pub fn options(calendar: &Calendar) -> LogOptions {
    let mut options = LogOptions::new("general");
    options.retention = Retention::Days(30);
    options.segment_records = 4;
    options.clock = Arc::new(calendar.clone());
    options.boot_id = Some("boot-1".to_owned());
    // A program that another test starts holds the lock for a moment, between fork and exec.
    options.lock_wait = Duration::from_secs(5);
    options
}

/// The log `general` of a store.
pub fn open(store: &Path, calendar: &Calendar) -> LogWriter<FolderStorage> {
    let storage = FolderStorage::open(store.join("general"), Access::owner()).unwrap();
    LogWriter::open(storage, options(calendar)).unwrap()
}

/// The members of a call that is kept for so many days.
pub fn call(name: &str, calendar: &Calendar, days: u64) -> Value {
    let now = calendar.now_utc();
    let until = now.date_naive() + Days::new(days);
    json!({
        "call_id": name,
        "conversation_id": "conv_1",
        "outcome": "success",
        "retain_until": until.to_string(),
        "retention_class": "general",
        "timestamp": now.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        "tool_name": "get_order",
        "user_id": "usr_9",
    })
}

/// Ends a log in good order, and gives its lock back.
pub fn close<S: Storage>(mut log: LogWriter<S>) {
    log.close().unwrap();
}

pub fn add<S: Storage>(log: &mut LogWriter<S>, kind: &'static str, members: &Value) {
    let mut text = Vec::new();
    canonical::write_value(&mut text, members);
    log.append(kind, &text[1..text.len() - 1]).unwrap();
}

/// Twelve calls that are kept for 30 days, in four segments and the beginning of a fifth.
pub fn twelve_calls<S: Storage>(log: &mut LogWriter<S>, calendar: &Calendar) {
    for number in 0..12 {
        add(
            log,
            "tool_call",
            &call(&format!("old-{number}"), calendar, 30),
        );
    }
    log.flush().unwrap();
}

/// A store with twelve calls of which the last day of keeping is over, and a call of today.
pub fn expired_store(store: &Path) -> Calendar {
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    twelve_calls(&mut log, &calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    log.close().unwrap();
    calendar
}

pub fn segments(store: &Path) -> Vec<u64> {
    let listed = segment::list(&store.join("general")).unwrap();
    listed.into_iter().map(|(first_seq, _)| first_seq).collect()
}

/// The records of the log `general`, as they stand.
pub fn records(store: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for (_, path) in segment::list(&store.join("general")).unwrap() {
        let text = fs::read_to_string(path).unwrap();
        records.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()),
        );
    }
    records
}

/// The verdict on one log in a folder; both verifiers agree on it.
pub fn verdict(folder: &Path) -> LogReport {
    let report = verify(folder, &VerifyOptions::new().threads(1)).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier.py");
    if let Ok(second) = Command::new("python3").arg(script).arg(folder).output() {
        let second: Value = serde_json::from_slice(&second.stdout).unwrap();
        assert_eq!(second["intact"], report.is_intact(), "{report}\n{second}");
        let warned: Vec<String> = report.logs[0]
            .warnings
            .iter()
            .map(|warning| warning.kind.to_string())
            .collect();
        let theirs = second["logs"][0]["warnings"].as_object().unwrap();
        let theirs: Vec<String> = theirs.keys().cloned().collect();
        assert_eq!(theirs, warned, "{report}");
    }
    report.logs.into_iter().next().unwrap()
}

/// The same of a log in memory.
pub fn verdict_in_memory(storage: &MemoryStorage) -> LogReport {
    let folder = tempfile::tempdir().unwrap();
    for (first_seq, bytes) in storage.segment_bytes() {
        fs::write(folder.path().join(segment::name(first_seq)), bytes).unwrap();
    }
    let report = verify(folder.path(), &VerifyOptions::new().threads(1)).unwrap();
    report.logs.into_iter().next().unwrap()
}
