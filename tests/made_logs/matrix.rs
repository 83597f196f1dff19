//! Every good and every tampered log that the verifiers must agree on, with what they must say.

use serde_json::json;
use tool_audit::log::record::{MAX_RECORD, Previous};

use super::{
    LOG, MadeLog, OTHER_LOG, Segment, Writer, call, replace, reseal, stated_hash, timestamp,
};

/// One log and its verdict.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) log: MadeLog,
    /// A head file's content.
    pub(crate) head: Option<String>,
    /// Whether a writer holds the log while it is verified.
    pub(crate) held: bool,
    /// First `_seq` of the segment, line, name of the fault. A fault of no line has line 0.
    pub(crate) faults: Vec<(u64, u64, &'static str)>,
    pub(crate) warnings: Vec<&'static str>,
}

impl Case {
    fn new(name: &'static str, log: MadeLog, faults: &[(u64, u64, &'static str)]) -> Self {
        Self {
            name,
            log,
            head: None,
            held: false,
            faults: faults.to_vec(),
            warnings: Vec::new(),
        }
    }

    fn head(mut self, head: String) -> Self {
        self.head = Some(head);
        self
    }

    fn warnings(mut self, warnings: &[&'static str]) -> Self {
        self.warnings = warnings.to_vec();
        self
    }

    fn held(mut self) -> Self {
        self.held = true;
        self
    }
}

fn good() -> MadeLog {
    MadeLog::good(LOG)
}

fn changed(change: impl FnOnce(&mut MadeLog)) -> MadeLog {
    let mut log = good();
    change(&mut log);
    log
}

/// A line of the second segment is changed.
fn line_changed(from: &str, to: &str) -> MadeLog {
    changed(|log| replace(log.line(1, 2), from, to))
}

/// The same, and whoever did it has given the line its new hash.
fn line_resealed(from: &str, to: &str) -> MadeLog {
    changed(|log| {
        replace(log.line(1, 2), from, to);
        reseal(log.line(1, 2));
    })
}

pub(crate) fn cases() -> Vec<Case> {
    [
        good_logs(),
        changed_lines(),
        moved_records(),
        segments(),
        pruned(),
        repeated(),
        heads(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A log of one segment, of records that `write` makes behind the first one.
fn one_segment(write: impl FnOnce(&mut Writer) -> Vec<Vec<u8>>) -> MadeLog {
    let mut writer = Writer::new(LOG);
    let mut lines = vec![writer.created()];
    lines.extend(write(&mut writer));
    MadeLog {
        segments: vec![Segment::new(0, lines)],
    }
}

fn good_logs() -> Vec<Case> {
    let example: Vec<Vec<u8>> = include_str!("../../src/docs/format.md")
        .lines()
        .filter(|line| {
            line.starts_with(r#"{"_hash":"f46678ac"#) || line.starts_with(r#"{"_hash":"64b9f62b"#)
        })
        .map(|line| line.as_bytes().to_vec())
        .collect();
    assert_eq!(example.len(), 2);
    let longest = one_segment(|writer| {
        let bare = writer.clone().raw("tool_call", b"\"v\":\"\"").len();
        let text = "x".repeat(MAX_RECORD - bare);
        vec![
            writer.raw("tool_call", format!("\"v\":\"{text}\"").as_bytes()),
            writer.call(),
        ]
    });
    assert_eq!(longest.segments[0].lines[1].len(), MAX_RECORD);
    vec![
        Case::new("three segments", good(), &[]),
        Case::new(
            "the example of the format page",
            MadeLog {
                segments: vec![Segment::new(0, example)],
            },
            &[],
        ),
        Case::new(
            "no segment at all",
            MadeLog {
                segments: Vec::new(),
            },
            &[],
        ),
        Case::new(
            "one empty segment",
            MadeLog {
                segments: vec![Segment::new(0, Vec::new())],
            },
            &[],
        ),
        Case::new(
            "an empty last segment",
            changed(|log| log.segments.push(Segment::new(12, Vec::new()))),
            &[],
        ),
        Case::new("a record of the greatest size", longest, &[]),
        Case::new(
            "a tail that is being written",
            changed(|log| log.segments[2].tail = br#"{"_hash":"00"#.to_vec()),
            &[],
        )
        .held(),
        Case::new(
            "a kind that nobody knows",
            one_segment(|writer| {
                vec![
                    writer.record("kind_of_tomorrow", &json!({"a": [{}]})),
                    writer.call(),
                ]
            }),
            &[],
        ),
        Case::new(
            "calls without an end, losses and unknown outcomes",
            one_segment(|writer| {
                vec![
                    writer.record(
                        "tool_call_started",
                        &json!({"call_id": "a", "timestamp": timestamp(1)}),
                    ),
                    writer.record(
                        "tool_call_started",
                        &json!({"call_id": "b", "timestamp": timestamp(2)}),
                    ),
                    writer.record(
                        "outcome_unknown",
                        &json!({"call_id": "a", "started_seq": 1, "timestamp": timestamp(3)}),
                    ),
                    writer.record(
                        "entries_lost",
                        &json!({"count": 7, "reason": "full", "timestamp": timestamp(4)}),
                    ),
                    writer.record("damage_acknowledged", &json!({"timestamp": timestamp(5)})),
                ]
            }),
            &[],
        ),
        Case::new(
            "a clock that went back",
            one_segment(|writer| {
                let mut late = call(30);
                late["call_id"] = json!("late");
                vec![
                    writer.call(),
                    writer.record("tool_call", &late),
                    writer.call(),
                ]
            }),
            &[],
        )
        .warnings(&["time_regressed"]),
        Case::new(
            "a long call behind a short one that began later",
            one_segment(|writer| {
                let mut long = call(1);
                long["duration_ms"] = json!(5000);
                vec![
                    writer.record("tool_call", &call(4)),
                    writer.record("tool_call", &long),
                ]
            }),
            &[],
        ),
        Case::new(
            "a replayed log",
            MadeLog {
                segments: vec![Segment::new(0, {
                    let mut writer = Writer::new(LOG);
                    vec![writer.record(
                        "log_created",
                        &json!({"format": 1, "source": "replay", "timestamp": timestamp(0)}),
                    )]
                })],
            },
            &[],
        )
        .warnings(&["replayed"]),
    ]
}

fn changed_lines() -> Vec<Case> {
    let line = |fault| vec![(4, 3, fault)];
    let both = |fault| vec![(4, 3, fault), (4, 3, "hash_mismatch")];
    let resealed = |fault| vec![(4, 3, fault), (4, 4, "chain_broken")];
    let first = |faults: &[(u64, u64, &'static str)]| faults.to_vec();
    let cases = [
        (
            "a changed value",
            line_changed("ORD-6", "ORD-7"),
            line("hash_mismatch"),
        ),
        (
            "a changed value, sealed again",
            line_resealed("ORD-6", "ORD-7"),
            vec![(4, 4, "chain_broken")],
        ),
        (
            "blanks added",
            line_changed(r#","outcome":"#, r#", "outcome":"#),
            both("not_canonical"),
        ),
        (
            "blanks added, sealed again",
            line_resealed(r#","outcome":"#, r#", "outcome":"#),
            resealed("not_canonical"),
        ),
        (
            "a blank behind the record",
            changed(|log| log.line(1, 2).push(b' ')),
            both("not_canonical"),
        ),
        (
            "a carriage return",
            changed(|log| log.line(1, 2).push(b'\r')),
            both("not_canonical"),
        ),
        (
            "a byte-order mark",
            changed(|log| {
                log.line(0, 0).splice(0..0, *b"\xef\xbb\xbf");
            }),
            first(&[(0, 1, "not_json")]),
        ),
        (
            "a blank line",
            changed(|log| log.segments[1].lines.insert(2, Vec::new())),
            vec![(4, 3, "not_json"), (4, 4, "sequence_gap")],
        ),
        (
            "keys in another order",
            line_changed(
                r#""model":"gpt-4.1","outcome":"success""#,
                r#""outcome":"success","model":"gpt-4.1""#,
            ),
            both("not_canonical"),
        ),
        (
            "keys in another order, sealed again",
            line_resealed(
                r#""model":"gpt-4.1","outcome":"success""#,
                r#""outcome":"success","model":"gpt-4.1""#,
            ),
            resealed("not_canonical"),
        ),
        (
            "1.0 for 1",
            line_changed(r#""total":1,"#, r#""total":1.0,"#),
            both("not_canonical"),
        ),
        (
            "1.0 for 1, sealed again",
            line_resealed(r#""total":1,"#, r#""total":1.0,"#),
            resealed("not_canonical"),
        ),
        (
            "a neighbouring double's digits",
            line_resealed("145.23", "145.22999999999996"),
            vec![(4, 4, "chain_broken")],
        ),
        (
            "digits that no double has",
            line_resealed("145.23", "145.2300000000000001"),
            resealed("not_canonical"),
        ),
        (
            "a number too large",
            line_resealed(r#""total":1,"#, r#""total":9007199254740992,"#),
            resealed("not_canonical"),
        ),
        (
            "negative zero",
            line_resealed(r#""total":1,"#, r#""total":-0,"#),
            resealed("not_canonical"),
        ),
        (
            "a needless escape",
            line_resealed("café", "caf\\u00e9"),
            resealed("not_canonical"),
        ),
        (
            "an escaped solidus",
            line_resealed("conv_abc123", "conv\\/abc123"),
            resealed("not_canonical"),
        ),
        (
            "half a surrogate pair",
            line_resealed("conv_abc123", "conv\\ud800"),
            resealed("not_canonical"),
        ),
        (
            "a shadowed duplicate key",
            line_changed(
                r#""outcome":"success","#,
                r#""outcome":"success","outcome":"tool_error","#,
            ),
            both("not_canonical"),
        ),
        (
            "a shadowed duplicate key, sealed again",
            line_resealed(
                r#""outcome":"success","#,
                r#""outcome":"success","outcome":"tool_error","#,
            ),
            resealed("not_canonical"),
        ),
        (
            "nesting too deep, sealed again",
            line_resealed(
                r#""total":1,"#,
                &format!(r#""total":{}{},"#, "[".repeat(127), "]".repeat(127)),
            ),
            resealed("not_canonical"),
        ),
        (
            "the deepest nesting, sealed again",
            line_resealed(
                r#""total":1,"#,
                &format!(r#""total":{}{},"#, "[".repeat(126), "]".repeat(126)),
            ),
            vec![(4, 4, "chain_broken")],
        ),
        (
            "nesting that exhausts a stack",
            line_resealed(
                r#""total":1,"#,
                &format!(r#""total":{}{},"#, "[".repeat(100_000), "]".repeat(100_000)),
            ),
            resealed("not_canonical"),
        ),
        (
            "a cut string",
            line_changed("conv_abc123\"", "conv_abc123"),
            both("not_json"),
        ),
        (
            "a raw control character",
            line_changed("conv_abc123", "conv\tabc123"),
            both("not_json"),
        ),
        (
            "bytes that are no UTF-8",
            changed(|log| {
                let line = log.line(1, 2);
                let at = line.windows(4).position(|four| four == b"conv").unwrap();
                line[at] = 0xFF;
            }),
            both("not_json"),
        ),
        (
            "no JSON at all",
            changed(|log| *log.line(1, 2) = b"gone".to_vec()),
            line("not_json"),
        ),
        (
            "zero bytes",
            changed(|log| *log.line(1, 2) = vec![0; 300]),
            line("not_json"),
        ),
        (
            "JSON that is no record",
            changed(|log| *log.line(1, 2) = b"{}".to_vec()),
            line("hash_mismatch"),
        ),
        (
            "another JSON value",
            changed(|log| *log.line(1, 2) = b"[1,2]".to_vec()),
            line("hash_mismatch"),
        ),
        (
            "a head in capitals",
            changed(|log| {
                let line = log.line(1, 2);
                line[10..74].make_ascii_uppercase();
            }),
            line("hash_mismatch"),
        ),
        (
            "a line longer than a record may be",
            changed(|log| {
                *log.line(1, 2) = format!("{{\"v\":\"{}\"}}", "x".repeat(MAX_RECORD)).into_bytes();
            }),
            line("not_canonical"),
        ),
        (
            "a line of three mebibytes at a segment's end",
            changed(|log| *log.line(1, 3) = vec![b'x'; 3 << 20]),
            vec![(4, 4, "not_canonical")],
        ),
        (
            "a changed _hash",
            changed(|log| log.line(1, 2)[10..14].copy_from_slice(b"0000")),
            vec![(4, 3, "hash_mismatch"), (4, 4, "chain_broken")],
        ),
        (
            "a changed _previous_hash",
            changed(|log| {
                let zeros = "0".repeat(64);
                let previous = log.hash(1, 1);
                replace(log.line(1, 2), &previous, &zeros);
            }),
            vec![(4, 3, "hash_mismatch"), (4, 3, "chain_broken")],
        ),
        (
            "a changed kind",
            line_changed(r#""_kind":"tool_call""#, r#""_kind":"tool_called""#),
            line("hash_mismatch"),
        ),
        (
            "a changed _seq",
            line_changed(r#""_seq":6"#, r#""_seq":7"#),
            vec![
                (4, 3, "hash_mismatch"),
                (4, 3, "sequence_gap"),
                (4, 4, "sequence_gap"),
            ],
        ),
        (
            "a _seq with a leading zero",
            line_changed(r#""_seq":6"#, r#""_seq":06"#),
            line("not_json"),
        ),
        (
            "two records on one line",
            changed(|log| {
                let next = log.segments[1].lines.remove(3);
                log.line(1, 2).extend_from_slice(&next);
            }),
            vec![
                (4, 3, "not_json"),
                (4, 3, "hash_mismatch"),
                (8, 1, "missing_segment"),
            ],
        ),
        (
            "the first record is no log_created",
            changed(|log| {
                let mut writer = Writer::new(LOG);
                *log.line(0, 0) = writer.opened();
            }),
            vec![(0, 1, "bad_genesis"), (0, 2, "chain_broken")],
        ),
        (
            "the first record has a predecessor",
            changed(|log| {
                let mut writer = Writer::new(LOG);
                writer.previous = Previous::Hash(tool_audit::log::RecordHash([1; 32]));
                *log.line(0, 0) = writer.created();
            }),
            vec![(0, 1, "bad_genesis"), (0, 2, "chain_broken")],
        ),
        (
            "a second genesis",
            changed(|log| {
                let mut writer = Writer::new(LOG);
                writer.next = 6;
                *log.line(1, 2) = writer.call();
            }),
            vec![(4, 3, "chain_broken"), (4, 4, "chain_broken")],
        ),
    ];
    cases
        .into_iter()
        .map(|(name, log, faults)| Case::new(name, log, &faults))
        .collect()
}

fn moved_records() -> Vec<Case> {
    let spliced = |line: usize| {
        let other = MadeLog::good(OTHER_LOG);
        other.segments[1].lines[line].clone()
    };
    vec![
        Case::new(
            "a record removed",
            changed(|log| {
                log.segments[1].lines.remove(2);
            }),
            &[(4, 3, "sequence_gap")],
        ),
        Case::new(
            "a segment's first record removed",
            changed(|log| {
                log.segments[1].lines.remove(0);
            }),
            &[(4, 1, "sequence_gap")],
        ),
        Case::new(
            "a segment's last record removed",
            changed(|log| {
                log.segments[1].lines.pop();
            }),
            &[(8, 1, "missing_segment")],
        ),
        Case::new(
            "the first record removed",
            changed(|log| {
                log.segments[0].lines.remove(0);
            }),
            &[(0, 1, "sequence_gap")],
        ),
        Case::new(
            "the last record removed",
            changed(|log| {
                log.segments[2].lines.pop();
            }),
            &[],
        ),
        Case::new(
            "two records swapped",
            changed(|log| log.segments[1].lines.swap(1, 2)),
            &[
                (4, 2, "sequence_gap"),
                (4, 3, "sequence_gap"),
                (4, 4, "sequence_gap"),
            ],
        ),
        Case::new(
            "a record twice",
            changed(|log| {
                let line = log.line(1, 2).clone();
                log.segments[1].lines.insert(2, line);
            }),
            &[(4, 4, "sequence_gap")],
        ),
        Case::new(
            "a record of another log put in",
            changed(|log| log.segments[1].lines.insert(2, spliced(2))),
            &[(4, 3, "foreign_record")],
        ),
        Case::new(
            "a record of another log put in place of one",
            changed(|log| *log.line(1, 2) = spliced(2)),
            &[(4, 3, "foreign_record"), (4, 4, "sequence_gap")],
        ),
        Case::new(
            "another log's name on a record",
            changed(|log| {
                let (ours, theirs) = (LOG.to_string(), OTHER_LOG.to_string());
                replace(log.line(1, 2), &ours, &theirs);
            }),
            &[
                (4, 3, "hash_mismatch"),
                (4, 3, "foreign_record"),
                (4, 4, "sequence_gap"),
            ],
        ),
        Case::new(
            "another log's name on the first record",
            changed(|log| {
                let (ours, theirs) = (LOG.to_string(), OTHER_LOG.to_string());
                replace(log.line(0, 0), &ours, &theirs);
            }),
            &[
                (0, 1, "hash_mismatch"),
                (0, 1, "foreign_record"),
                (0, 2, "sequence_gap"),
            ],
        ),
        Case::new(
            "a segment of another log",
            changed(|log| log.segments[1] = MadeLog::good(OTHER_LOG).segments[1].clone()),
            &[
                (4, 1, "foreign_record"),
                (4, 2, "foreign_record"),
                (4, 3, "foreign_record"),
                (4, 4, "foreign_record"),
                (8, 1, "missing_segment"),
            ],
        ),
    ]
}

fn segments() -> Vec<Case> {
    vec![
        Case::new(
            "a torn tail",
            changed(|log| log.segments[2].tail = br#"{"_hash":"00"#.to_vec()),
            &[(8, 5, "torn_tail")],
        ),
        Case::new(
            "the last line feed gone",
            changed(|log| {
                let line = log.segments[2].lines.pop().unwrap();
                log.segments[2].tail = line;
            }),
            &[(8, 4, "torn_tail")],
        ),
        Case::new(
            "a torn tail in the middle",
            changed(|log| log.segments[1].tail = b"{".repeat(20)),
            &[(4, 5, "torn_tail")],
        ),
        Case::new(
            "a torn tail in the middle while a writer is at work",
            changed(|log| log.segments[1].tail = b"{".repeat(20)),
            &[(4, 5, "torn_tail")],
        )
        .held(),
        Case::new(
            "a torn tail alone",
            MadeLog {
                segments: vec![Segment {
                    first_seq: 0,
                    lines: Vec::new(),
                    tail: b"{\"_h".to_vec(),
                }],
            },
            &[(0, 1, "torn_tail")],
        ),
        Case::new(
            "a torn tail of half a mebibyte",
            changed(|log| log.segments[2].tail = vec![b'x'; 1 << 19]),
            &[(8, 5, "torn_tail")],
        ),
        Case::new(
            "a middle segment removed",
            changed(|log| {
                log.segments.remove(1);
            }),
            &[(8, 1, "missing_segment")],
        ),
        Case::new(
            "the first segment removed",
            changed(|log| {
                log.segments.remove(0);
            }),
            &[(4, 1, "unexplained_start")],
        ),
        Case::new(
            "the last segment removed",
            changed(|log| {
                log.segments.pop();
            }),
            &[],
        ),
        Case::new(
            "a middle segment emptied",
            changed(|log| log.segments[1].lines.clear()),
            &[(8, 1, "missing_segment")],
        ),
        Case::new(
            "a segment under a later name",
            changed(|log| log.segments[2].first_seq = 9),
            &[(9, 1, "missing_segment"), (9, 1, "sequence_gap")],
        ),
        Case::new(
            "the first segment under a later name",
            changed(|log| log.segments[0].first_seq = 1),
            &[(1, 1, "sequence_gap"), (1, 1, "unexplained_start")],
        ),
        Case::new(
            "a segment under an earlier name",
            changed(|log| log.segments[2].first_seq = 7),
            &[(7, 1, "superseded_differs"), (7, 2, "sequence_gap")],
        ),
    ]
}

/// A log whose first segment was pruned, `through_hash` and date as given.
fn pruned_log(through_seq: u64, through_hash: Option<&str>, latest_retain_until: &str) -> MadeLog {
    let mut writer = Writer::new(LOG);
    let mut segments = Vec::new();
    let mut hashes = Vec::new();
    for first_seq in [0, 4, 8] {
        let mut lines = vec![if first_seq == 0 {
            writer.created()
        } else {
            writer.opened()
        }];
        lines.extend((0..3).map(|_| writer.call()));
        hashes.extend(lines.iter().map(|line| stated_hash(line)));
        segments.push(Segment::new(first_seq, lines));
    }
    let hash = through_hash.map_or_else(|| hashes[through_seq as usize].clone(), str::to_owned);
    let lines = vec![
        writer.prune(through_seq, &hash, latest_retain_until),
        writer.call(),
    ];
    segments[2].lines.extend(lines);
    MadeLog { segments }
}

fn pruned() -> Vec<Case> {
    let without_first = |log: &MadeLog, count: usize| MadeLog {
        segments: log.segments[count..].to_vec(),
    };
    let zeros = "0".repeat(64);
    let done = pruned_log(3, None, "2025-07-05");
    let wide = pruned_log(7, None, "2025-07-05");
    vec![
        Case::new("a finished prune", without_first(&done, 1), &[]),
        Case::new("a prune that has not begun", done.clone(), &[]).warnings(&["prune_unfinished"]),
        Case::new(
            "a prune that has half finished",
            without_first(&wide, 1),
            &[],
        )
        .warnings(&["prune_unfinished"]),
        Case::new(
            "a wide prune that has finished",
            without_first(&wide, 2),
            &[],
        ),
        Case::new(
            "a prune that names another record",
            without_first(&pruned_log(3, Some(&zeros), "2025-07-05"), 1),
            &[(4, 1, "unexplained_start")],
        ),
        Case::new(
            "a half finished prune that names another record",
            without_first(&pruned_log(7, Some(&zeros), "2025-07-05"), 1),
            &[(4, 1, "unexplained_start")],
        )
        .warnings(&["prune_unfinished"]),
        Case::new(
            "more removed than the prune says",
            without_first(&done, 2),
            &[(8, 1, "unexplained_start")],
        ),
        Case::new(
            "pruned on the day itself",
            without_first(&pruned_log(3, None, "2025-07-06"), 1),
            &[(8, 5, "early_prune")],
        ),
        Case::new(
            "pruned a year early",
            without_first(&pruned_log(3, None, "2026-07-06"), 1),
            &[(8, 5, "early_prune")],
        ),
        Case::new(
            "pruned without a date",
            without_first(&pruned_log(3, None, "soon"), 1),
            &[(8, 5, "early_prune")],
        ),
        Case::new(
            "a damaged record of a prune",
            {
                let mut log = without_first(&done, 1);
                replace(
                    log.line(1, 4),
                    "retention\",\"count\":4",
                    "retention\",\"count\":5",
                );
                log
            },
            &[(4, 1, "unexplained_start"), (8, 5, "hash_mismatch")],
        ),
    ]
}

/// The second segment's last records begin a new segment again, as after a failed sync.
fn repeated_log(records: usize) -> MadeLog {
    changed(|log| {
        let former = &log.segments[1].lines;
        let again = former[former.len() - records..].to_vec();
        log.segments[2].first_seq = 8 - records as u64;
        log.segments[2].lines.splice(0..0, again);
    })
}

fn repeated() -> Vec<Case> {
    let whole = |records: usize| {
        let mut log = repeated_log(records);
        log.segments[2].lines.truncate(records);
        log
    };
    vec![
        Case::new("a repeated record", repeated_log(1), &[]),
        Case::new("three repeated records", repeated_log(3), &[]),
        Case::new("a segment of repeated records alone", whole(2), &[]),
        Case::new(
            "repeated records torn off",
            {
                let mut log = whole(2);
                let line = log.segments[2].lines.pop().unwrap();
                log.segments[2].tail = line[..100].to_vec();
                log
            },
            &[(6, 2, "torn_tail")],
        ),
        Case::new(
            "half a record that stands whole in the next segment",
            {
                let mut log = repeated_log(2);
                log.segments[1].tail = log.segments[2].lines[2][..200].to_vec();
                log
            },
            &[],
        ),
        Case::new(
            "half a record that stands otherwise in the next segment",
            {
                let mut log = repeated_log(2);
                log.segments[1].tail = log.segments[2].lines[2][..200].to_vec();
                log.segments[1].tail[199] ^= 1;
                log
            },
            &[(4, 5, "torn_tail")],
        ),
        Case::new(
            "a repeated record that differs",
            {
                let mut log = repeated_log(3);
                replace(log.line(2, 1), "ORD-6", "ORD-9");
                reseal(log.line(2, 1));
                log
            },
            &[(5, 2, "superseded_differs")],
        ),
        Case::new(
            "a repeated record whose first copy was changed",
            {
                let mut log = repeated_log(3);
                replace(log.line(1, 2), "ORD-6", "ORD-9");
                log
            },
            &[(4, 3, "hash_mismatch"), (5, 2, "superseded_differs")],
        ),
        Case::new(
            "records repeated across two segments",
            {
                let mut log = repeated_log(2);
                let mut lines = log.segments[2].lines.clone();
                lines.truncate(2);
                log.segments.insert(2, Segment::new(6, lines));
                // The third segment repeats one record of the second, and the second is a repetition itself.
                let again = log.segments[1].lines[3].clone();
                log.segments[3].lines.splice(0..2, [again]);
                log.segments[3].first_seq = 7;
                log
            },
            &[],
        ),
    ]
}

fn heads() -> Vec<Case> {
    let log = good();
    let cut = changed(|log| {
        log.segments[2].lines.pop();
    });
    let tail_gone = changed(|log| {
        log.segments.pop();
    });
    let rewritten = {
        let mut writer = Writer::new(LOG);
        writer.created();
        let mut log = good();
        for segment in 0..3 {
            for line in 0..4 {
                if (segment, line) == (0, 0) {
                    continue;
                }
                let seq = segment as u64 * 4 + line as u64;
                let mut members = call(seq);
                members["user_id"] = json!("somebody_else");
                *log.line(segment, line) = writer.record("tool_call", &members);
            }
        }
        log
    };
    let last = log.head(2, 3, LOG);
    let damaged_at_head = {
        let mut log = good();
        *log.line(2, 3) = b"{}".to_vec();
        log
    };
    vec![
        Case::new("the head of the last record", good(), &[]).head(last.clone()),
        Case::new("the head of an earlier record", good(), &[]).head(log.head(1, 2, LOG)),
        Case::new(
            "the last record removed, with a head",
            cut,
            &[(8, 3, "below_head")],
        )
        .head(last.clone()),
        Case::new(
            "the last segment removed, with a head",
            tail_gone,
            &[(4, 4, "below_head")],
        )
        .head(last.clone()),
        Case::new(
            "the whole log rewritten, with a head",
            rewritten.clone(),
            &[(8, 4, "below_head")],
        )
        .head(last.clone()),
        Case::new("the whole log rewritten, without a head", rewritten, &[]),
        Case::new(
            "the head of another log",
            good(),
            &[(0, 0, "foreign_record")],
        )
        .head(log.head(2, 3, OTHER_LOG)),
        Case::new(
            "everything removed, with a head",
            MadeLog {
                segments: vec![Segment::new(0, Vec::new())],
            },
            &[(0, 0, "foreign_record")],
        )
        .head(last.clone()),
        Case::new(
            "the head's record destroyed",
            damaged_at_head,
            &[(8, 4, "hash_mismatch"), (8, 4, "below_head")],
        )
        .head(last),
        Case::new(
            "a head that has been pruned",
            {
                let done = pruned_log(3, None, "2025-07-05");
                MadeLog {
                    segments: done.segments[1..].to_vec(),
                }
            },
            &[],
        )
        .head(log.head(0, 2, LOG)),
    ]
}
