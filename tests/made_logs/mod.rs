//! Logs made for tests: good ones, and every kind of tampering with them.

#![allow(dead_code)]

pub(crate) mod matrix;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tool_audit::canonical::write_value;
use tool_audit::log::record::{Previous, seal};
use tool_audit::log::{LogId, RecordHash, segment};

pub(crate) const LOG: LogId = LogId([0x8f; 16]);
pub(crate) const OTHER_LOG: LogId = LogId([0x3c; 16]);

/// 2025-07-06T14:23:00Z, when a log's first record was written.
const BEGIN: i64 = 1_751_811_780;

/// Seals records one after another.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) log: LogId,
    pub(crate) next: u64,
    pub(crate) previous: Previous,
}

impl Writer {
    pub(crate) fn new(log: LogId) -> Self {
        Self {
            log,
            next: 0,
            previous: Previous::Genesis,
        }
    }

    /// Seals one record and gives its line without the line feed.
    pub(crate) fn record(&mut self, kind: &str, members: &Value) -> Vec<u8> {
        let mut text = Vec::new();
        write_value(&mut text, members);
        self.raw(kind, &text[1..text.len() - 1])
    }

    /// Seals a record of members as they stand.
    pub(crate) fn raw(&mut self, kind: &str, members: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        let hash = seal(&mut line, kind, self.log, self.previous, self.next, members);
        line.pop();
        self.previous = Previous::Hash(hash);
        self.next += 1;
        line
    }

    pub(crate) fn created(&mut self) -> Vec<u8> {
        let members = opening(self.next);
        self.record("log_created", &members)
    }

    pub(crate) fn opened(&mut self) -> Vec<u8> {
        let mut members = opening(self.next);
        members["open_calls"] = json!([]);
        self.record("segment_opened", &members)
    }

    pub(crate) fn call(&mut self) -> Vec<u8> {
        let members = call(self.next);
        self.record("tool_call", &members)
    }

    pub(crate) fn prune(
        &mut self,
        through_seq: u64,
        through_hash: &str,
        latest_retain_until: &str,
    ) -> Vec<u8> {
        let members = json!({
            "actor": "retention", "count": through_seq + 1, "first_seq": 0, "first_timestamp": timestamp(0), "frontier": [],
            "last_timestamp": timestamp(through_seq), "latest_retain_until": latest_retain_until, "policy_id": "a3c1",
            "retain_until": "2033-07-06", "retention_class": "general", "through_hash": through_hash, "through_seq": through_seq,
            "timestamp": timestamp(self.next),
        });
        self.record("segments_pruned", &members)
    }
}

/// One second passes from record to record.
pub(crate) fn timestamp(seq: u64) -> String {
    let second = BEGIN + seq as i64;
    let time = chrono::DateTime::from_timestamp(second, 456_789_000).unwrap();
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn opening(seq: u64) -> Value {
    json!({
        "boot_id": "1f6e2d4a", "format": 1, "instance": "tools-0", "policy_id": "a3c1", "pseudonym_key_id": "k1",
        "retain_until": "2026-07-06", "retention_class": "general", "service": "orders", "source": "live",
        "timestamp": timestamp(seq), "writer": "tool-audit/0.1.0",
    })
}

pub(crate) fn call(seq: u64) -> Value {
    json!({
        "arguments": {"note": "café \"x\"\n", "order_id": format!("ORD-{seq}"), "total": 1, "weight": 12.5},
        "call_id": format!("8f14e45f-{seq}"), "call_trigger": "user_request", "conversation_id": "conv_abc123",
        "duration_ms": 145.23, "model": "gpt-4.1", "outcome": "success", "redactions": 0,
        "retain_until": "2026-07-06", "retention_class": "general", "success": true, "timestamp": timestamp(seq),
        "tool_name": "update_order_status", "trigger_basis": "declared", "turn_number": seq, "user_id": "usr_98765",
    })
}

/// A segment: the `_seq` in its name, its lines, and bytes behind the last line feed.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) first_seq: u64,
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) tail: Vec<u8>,
}

impl Segment {
    pub(crate) fn new(first_seq: u64, lines: Vec<Vec<u8>>) -> Self {
        Self {
            first_seq,
            lines,
            tail: Vec::new(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self
            .lines
            .iter()
            .flat_map(|line| [line.as_slice(), b"\n"].concat())
            .collect();
        bytes.extend_from_slice(&self.tail);
        bytes
    }
}

/// A log that is not on the disk yet.
#[derive(Debug, Clone)]
pub(crate) struct MadeLog {
    pub(crate) segments: Vec<Segment>,
}

impl MadeLog {
    /// Twelve records of `log` in three segments of four.
    pub(crate) fn good(log: LogId) -> Self {
        let mut writer = Writer::new(log);
        let mut segments = Vec::new();
        for first_seq in [0, 4, 8] {
            let opening = if first_seq == 0 {
                writer.created()
            } else {
                writer.opened()
            };
            let mut lines = vec![opening];
            lines.extend((0..3).map(|_| writer.call()));
            segments.push(Segment::new(first_seq, lines));
        }
        Self { segments }
    }

    /// The same log with records of few members.
    pub(crate) fn small(log: LogId) -> Self {
        let mut writer = Writer::new(log);
        let mut segment = |first_seq: u64, opening: &str| {
            let opening = writer.record(opening, &json!({"format": 1}));
            let mut lines = vec![opening];
            lines.extend(
                (1..4).map(|line| writer.record("tool_call", &json!({"a": [line, "é\n"]}))),
            );
            Segment::new(first_seq, lines)
        };
        let segments = vec![
            segment(0, "log_created"),
            segment(4, "segment_opened"),
            segment(8, "segment_opened"),
        ];
        Self { segments }
    }

    /// Writes the log into a folder, with a LOCK that nobody holds.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(segment::LOCK), b"").unwrap();
        for segment in &self.segments {
            fs::write(
                folder.join(segment::name(segment.first_seq)),
                segment.bytes(),
            )
            .unwrap();
        }
    }

    pub(crate) fn line(&mut self, segment: usize, line: usize) -> &mut Vec<u8> {
        &mut self.segments[segment].lines[line]
    }

    /// The `_hash` that a record states.
    pub(crate) fn hash(&self, segment: usize, line: usize) -> String {
        stated_hash(&self.segments[segment].lines[line])
    }

    /// The content of a head file of a record.
    pub(crate) fn head(&self, segment: usize, line: usize, log: LogId) -> String {
        let seq = self.segments[segment].first_seq + line as u64;
        format!(
            r#"{{"_hash":"{}","_log":"{log}","_seq":{seq}}}"#,
            self.hash(segment, line)
        )
    }
}

pub(crate) fn stated_hash(line: &[u8]) -> String {
    String::from_utf8(line[10..74].to_vec()).unwrap()
}

/// Replaces the one place where `from` stands in a line.
pub(crate) fn replace(line: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(line.clone()).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    *line = text.replace(from, to).into_bytes();
}

/// Gives a changed line the hash that its bytes have now, as somebody who knows the format would.
pub(crate) fn reseal(line: &mut [u8]) {
    let hash = RecordHash::of_line(line).to_hex();
    line[10..74].copy_from_slice(&hash);
}
