//! A log's check in few lines, written from the format's page alone, and storages that fail on purpose.
#![allow(dead_code, unreachable_pub)]

pub mod faulty;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tool_audit::clock::Clock;
use tool_audit::log::record::{Previous, RecordHash, RecordHead};
use tool_audit::log::segment;
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::log::{LogOptions, LogWriter, MemoryStorage, Storage};

/// A clock that is moved by hand.
#[derive(Debug, Clone)]
pub struct HandClock {
    micros: Arc<AtomicU64>,
}

pub const START: u64 = 1_751_811_780_000_000;

impl HandClock {
    pub fn new() -> Self {
        Self {
            micros: Arc::new(AtomicU64::new(START)),
        }
    }

    pub fn advance(&self, by: Duration) {
        self.micros
            .fetch_add(by.as_micros() as u64, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.monotonic()
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

/// Options of a small log at a fixed time.
pub fn options() -> LogOptions {
    let mut options = LogOptions::new("general");
    options.service = "orders".to_owned();
    options.instance = "tools-0".to_owned();
    options.clock = Arc::new(HandClock::new());
    options.boot_id = Some("boot-1".to_owned());
    options.lock_wait = Duration::ZERO;
    options
}

pub fn open(storage: &MemoryStorage) -> LogWriter<MemoryStorage> {
    LogWriter::open(storage.clone(), options()).unwrap()
}

/// The members of a record that names itself.
pub fn members(name: &str) -> String {
    format!(r#""call_id":"{name}","timestamp":"2025-07-06T14:23:00.000000Z""#)
}

pub fn append<S: Storage>(log: &mut LogWriter<S>, name: &str) -> u64 {
    log.append("tool_call", members(name).as_bytes()).unwrap()
}

/// What a check of a whole log found, segment by segment.
#[derive(Debug, Default)]
pub struct Checked {
    pub records: Vec<Value>,
    pub superseded: usize,
    pub faults: Vec<String>,
}

impl Checked {
    pub fn kinds(&self) -> Vec<&str> {
        self.records
            .iter()
            .map(|record| record["_kind"].as_str().unwrap())
            .collect()
    }

    /// The names of the calls, in order.
    pub fn calls(&self) -> Vec<&str> {
        self.records
            .iter()
            .filter(|record| record["_kind"] == "tool_call")
            .map(|record| record["call_id"].as_str().unwrap())
            .collect()
    }

    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.records
            .iter()
            .filter(|record| record["_kind"] == kind)
            .collect()
    }
}

pub fn check(segments: &[(u64, Vec<u8>)]) -> Checked {
    let mut checked = Checked::default();
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut newest: Option<(u64, RecordHash)> = None;
    for (segment, (name, bytes)) in segments.iter().enumerate() {
        let mut first = true;
        let mut superseding = false;
        let mut opened = false;
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let mut fault = |what: &str| {
                checked
                    .faults
                    .push(format!("segment {name} line {at}: {what}"));
            };
            let Some(text) = line.strip_suffix(b"\n") else {
                fault("unfinished");
                continue;
            };
            let Some(head) = RecordHead::parse(text) else {
                fault("no record");
                continue;
            };
            if tool_audit::canonical::check(text).is_err() {
                fault("not canonical");
            }
            if RecordHash::of_line(text) != head.hash {
                fault("wrong hash");
                continue;
            }
            if first && head.seq != *name {
                fault("wrong name");
            }
            let opens = matches!(head.kind, "log_created" | "segment_opened");
            if first {
                superseding = newest.is_some_and(|(seq, _)| head.seq <= seq);
            } else if superseding && newest.is_some_and(|(seq, _)| head.seq > seq) {
                superseding = false;
                if head.kind != "segment_opened" {
                    fault("superseded records without segment_opened behind them");
                }
            }
            first = false;
            opened |= opens;
            let value: Value = serde_json::from_slice(text).unwrap();
            if superseding {
                checked.superseded += 1;
                if lines.get(head.seq as usize).map(Vec::as_slice) != Some(text) {
                    fault("superseded record differs");
                }
                continue;
            }
            let expected = match newest {
                None => (0, Previous::Genesis),
                Some((seq, hash)) => (seq + 1, Previous::Hash(hash)),
            };
            if (head.seq, head.previous) != expected {
                fault("does not follow the record before");
            }
            newest = Some((head.seq, head.hash));
            lines.push(text.to_vec());
            checked.records.push(value);
        }
        if !opened && !bytes.is_empty() {
            checked
                .faults
                .push(format!("segment {name} does not say what it is"));
        }
        if bytes.is_empty() && segment + 1 < segments.len() {
            checked.faults.push(format!("segment {name} is empty"));
        }
    }
    checked
}

/// The log in `storage`, which must be intact by the check here: where there are many logs to check.
pub fn whole(storage: &MemoryStorage) -> Checked {
    let checked = check(&storage.segment_bytes());
    assert!(checked.faults.is_empty(), "{:?}", checked.faults);
    checked
}

/// The log in `storage`, which must be intact, by the check here and by the crate's verifier.
pub fn intact(storage: &MemoryStorage) -> Checked {
    let segments = storage.segment_bytes();
    let checked = whole(storage);
    let folder = tempfile::tempdir().unwrap();
    for (first_seq, bytes) in &segments {
        std::fs::write(folder.path().join(segment::name(*first_seq)), bytes).unwrap();
    }
    let report = verify(folder.path(), &VerifyOptions::new().threads(1)).unwrap();
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.records(), checked.records.len() as u64);
    assert_eq!(report.logs[0].superseded, checked.superseded as u64);
    checked
}
