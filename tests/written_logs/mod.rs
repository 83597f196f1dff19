//! Logs written record by record with the format's own seal, for tests of what reads them.
// Each test program uses its own part of it.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tool_audit::canonical;
use tool_audit::log::record::{Previous, seal};
use tool_audit::log::segment;
use tool_audit::log::{LogId, RecordHash};

/// A log's folder and where its chain stands.
pub struct WrittenLog {
    pub folder: PathBuf,
    id: LogId,
    previous: Previous,
    seq: u64,
    opening: Value,
    segment: PathBuf,
    /// The records of the segment that is written, each with its line feed.
    lines: Vec<String>,
}

impl WrittenLog {
    /// A log with its first record.
    pub fn create(folder: &Path, id: u8) -> Self {
        Self::create_as(folder, id, &json!({"format": 1, "source": "live"}))
    }

    /// A log whose first record says this.
    pub fn create_as(folder: &Path, id: u8, opening: &Value) -> Self {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("LOCK"), b"").unwrap();
        let mut log = Self {
            folder: folder.to_owned(),
            id: LogId([id; 16]),
            previous: Previous::Genesis,
            seq: 0,
            opening: Value::Null,
            segment: folder.join(segment::name(0)),
            lines: Vec::new(),
        };
        let mut members = json!({
            "boot_id": "b", "retention_class": "general", "timestamp": "2025-07-06T00:00:00.000000Z",
        });
        for (name, value) in opening.as_object().unwrap() {
            members[name] = value.clone();
        }
        log.add("log_created", &members);
        log.opening = members;
        log
    }

    /// Appends a record and gives its line.
    pub fn add(&mut self, kind: &str, members: &Value) -> String {
        let mut text = Vec::new();
        canonical::write_value(&mut text, members);
        let mut line = Vec::new();
        let hash: RecordHash = seal(
            &mut line,
            kind,
            self.id,
            self.previous,
            self.seq,
            &text[1..text.len() - 1],
        );
        self.previous = Previous::Hash(hash);
        self.seq += 1;
        self.append(&line);
        let line = String::from_utf8(line).unwrap();
        self.lines.push(line.clone());
        line.trim_end().to_owned()
    }

    /// Appends bytes that are no record.
    pub fn append(&self, bytes: &[u8]) {
        let mut segment = fs::File::options()
            .create(true)
            .append(true)
            .open(&self.segment)
            .unwrap();
        segment.write_all(bytes).unwrap();
    }

    /// Begins a new segment, with the last `repeats` lines of the one before standing in it again.
    pub fn rotate(&mut self, repeats: usize) {
        let repeats = repeats.min(self.lines.len().saturating_sub(1));
        let repeated = self.lines.split_off(self.lines.len() - repeats);
        self.segment = self.folder.join(segment::name(self.seq - repeats as u64));
        self.append(repeated.concat().as_bytes());
        self.lines = repeated;
        self.add("segment_opened", &self.opening.clone());
    }

    /// The segment that is written.
    pub fn segment(&self) -> &Path {
        &self.segment
    }
}

/// The members of a call, to be changed at will.
pub fn call(conversation: &str, tool: &str, outcome: &str, seconds: u32) -> Value {
    json!({
        "arguments": {"order_id": "ORD-1"},
        "attribution": {"initiator": "usr_9", "model": "gpt-4.1", "tool_name": tool, "trigger": "user_request"},
        "call_id": format!("call-{seconds}"),
        "call_trigger": "user_request",
        "conversation_id": conversation,
        "duration_ms": 12.5,
        "model": "gpt-4.1",
        "outcome": outcome,
        "redactions": 0,
        "result_summary": {"success": outcome == "success"},
        "retention_class": "general",
        "session_metadata": {},
        "success": outcome == "success",
        "timestamp": format!("2025-07-06T{:02}:{:02}:{:02}.000000Z", seconds / 3600, seconds / 60 % 60, seconds % 60),
        "tool_name": tool,
        "trigger_basis": "default",
        "turn_number": 1,
        "user_id": "usr_9",
    })
}
