//! The program's reading verbs, as a shell calls them.
#![allow(clippy::print_stderr)]

mod written_logs;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tool_audit::Sanitizer;
use tool_audit::sanitize::PseudonymKey;
use written_logs::{WrittenLog, call};

fn program(arguments: &[&str], log: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg(arguments[0])
        .arg(log)
        .args(&arguments[1..])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// One line on standard error that begins with the program's name.
fn complaint(output: &Output) -> &str {
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    error.strip_prefix("tool-audit: ").unwrap().trim_end()
}

fn store(folder: &Path) -> WrittenLog {
    let mut log = WrittenLog::create(&folder.join("general"), 1);
    for (number, outcome) in ["success", "tool_error", "timed_out", "success"]
        .iter()
        .enumerate()
    {
        let mut members = call("conv_1", "get_order", outcome, 60 * (number as u32 + 1));
        members["turn_number"] = json!(number + 1);
        log.add("tool_call", &members);
    }
    log.add(
        "tool_call",
        &call("conv_2", "cancel_order", "success", 3600),
    );
    log
}

#[test]
fn query_gives_the_records_as_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    let line = log.add("tool_call", &call("conv_3", "get_order", "denied", 7200));
    let output = program(
        &["query", "--conversation", "conv_3", "--json"],
        folder.path(),
    );
    assert_eq!(text(&output.stdout), format!("{line}\n"));
    assert_eq!(status(&output), 0);
    assert!(output.stderr.is_empty());
}

#[test]
fn query_filters_and_counts_from_either_end() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let turns = |arguments: &[&str]| -> Vec<u64> {
        let output = program(arguments, folder.path());
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout)
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["turn_number"]
                    .as_u64()
                    .unwrap()
            })
            .collect()
    };
    assert_eq!(turns(&["query", "--json", "--failures"]), [2, 3]);
    assert_eq!(
        turns(&[
            "query",
            "--json",
            "--outcome",
            "timed_out",
            "--outcome",
            "tool_error"
        ]),
        [2, 3]
    );
    assert_eq!(
        turns(&["query", "--json", "--tool", "get_order", "--limit", "2"]),
        [1, 2]
    );
    assert_eq!(
        turns(&[
            "query",
            "--json",
            "--tool",
            "get_order",
            "--limit",
            "2",
            "--reverse"
        ]),
        [4, 3]
    );
    assert_eq!(
        turns(&[
            "query",
            "--json",
            "--kind",
            "tool_call",
            "--conversation",
            "conv_1",
            "--since",
            "2025-07-06T00:02:00Z",
            "--until",
            "2025-07-06T00:03:00Z"
        ]),
        [2, 3]
    );
    assert_eq!(
        turns(&[
            "query",
            "--json",
            "--kind",
            "tool_call",
            "--since",
            "2025-07-07"
        ]),
        [0; 0]
    );
    assert_eq!(
        turns(&[
            "query",
            "--json",
            "--kind",
            "tool_call",
            "--until",
            "2025-07-06"
        ])
        .len(),
        5
    );
}

#[test]
fn query_finds_subjects_emergencies_texts_and_what_nobody_has_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    for (number, subject) in [(1, "P-7"), (2, "P-8")] {
        let mut members = call("conv_9", "get_patient", "success", 7000 + number);
        members["subjects"] = json!([subject]);
        members["emergency"] = json!({"reason": "cardiac arrest", "declared_by": "usr_9"});
        log.add("tool_call", &members);
    }
    let mut admin = WrittenLog::create(&folder.path().join("admin"), 9);
    admin.add(
        "reviewed",
        &json!({"actor": "dpo", "call_ids": ["call-7001"], "retention_class": "admin",
            "timestamp": "2025-07-06T03:00:00.000000Z"}),
    );
    let calls = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["query", "--json"], arguments].concat();
        let output = program(&arguments, folder.path());
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        let records = text(&output.stdout).lines();
        records
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["call_id"].to_string())
            .collect()
    };
    assert_eq!(calls(&["--subject", "P-8"]), ["\"call-7002\""]);
    assert_eq!(calls(&["--emergency"]).len(), 2);
    assert_eq!(calls(&["--unreviewed"]), ["\"call-7002\""]);
    assert_eq!(
        calls(&["--contains", "cardiac", "--subject", "P-7"]),
        ["\"call-7001\""]
    );
    assert_eq!(calls(&["--contains", "no such text"]).len(), 0);
}

#[test]
fn query_says_where_the_next_page_begins() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    let arguments = ["query", "--json", "--kind", "tool_call", "--limit", "3"];
    let first = program(&arguments, folder.path());
    let cursor = complaint(&first).strip_prefix("--after ");
    let cursor = cursor.unwrap().strip_suffix(" gives what follows").unwrap();
    let second = program(
        &[&arguments[..], &["--after", cursor]].concat(),
        folder.path(),
    );
    assert_eq!(status(&second), 0);
    // Also the last page says how to go on.
    let cursor = complaint(&second).strip_prefix("this is the end so far: --after ");
    let cursor = cursor.unwrap().split(' ').next().unwrap();
    let line = log.add("tool_call", &call("conv_3", "get_order", "success", 7));
    let third = program(
        &[&arguments[..], &["--after", cursor]].concat(),
        folder.path(),
    );
    assert_eq!(text(&third.stdout), format!("{line}\n"));
    let seqs: Vec<Value> = [first.stdout, second.stdout]
        .iter()
        .flat_map(|page| text(page).lines())
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["_seq"].clone())
        .collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    let old = "2025-07-06T14:23:01.456789Z/8f14e45fceea167a5a36dedd4bea2543/17";
    for (wrong, says) in [("page 2", "no cursor"), (old, "of an earlier version")] {
        let wrong = program(&["query", "--after", wrong], folder.path());
        assert_eq!(status(&wrong), 2);
        assert!(
            text(&wrong.stderr).contains(says),
            "{}",
            text(&wrong.stderr)
        );
    }
}

#[test]
fn query_shows_a_started_call_without_an_end_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for seconds in [1, 2] {
        let mut members = call("conv_1", "get_order", "success", seconds);
        for name in ["outcome", "success", "duration_ms", "result_summary"] {
            members.as_object_mut().unwrap().remove(name);
        }
        log.add("tool_call_started", &members);
    }
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    let output = program(&["query", "--tool", "get_order"], folder.path());
    let outcomes: Vec<&str> = text(&output.stdout)
        .lines()
        .map(|line| line.split('\t').nth(5).unwrap())
        .collect();
    assert_eq!(outcomes, ["(started)", "unknown", "success"]);
}

#[test]
fn tail_and_stats_show_a_started_call_without_an_end_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for seconds in [1, 2] {
        let mut members = call("conv_1", "get_order", "success", seconds);
        for name in ["outcome", "success", "duration_ms", "result_summary"] {
            members.as_object_mut().unwrap().remove(name);
        }
        log.add("tool_call_started", &members);
    }
    log.rotate(0);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    let output = program(&["tail", "--tool", "get_order"], folder.path());
    let outcomes = text(&output.stdout)
        .lines()
        .map(|line| line.split('\t').nth(5));
    assert!(outcomes.eq([Some("(started)"), Some("unknown"), Some("success")]));
    let output = program(&["stats", "--json"], folder.path());
    let found: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(found["total_calls"], 2);
    assert_eq!(found["outcomes"], json!({"success": 1, "unknown": 1}));
    assert_eq!(
        (&found["success_rate"], &found["p99"]),
        (&json!(1.0), &json!(12.5))
    );
}

#[test]
fn a_reading_is_recorded_however_the_log_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("store/general");
    let written =
        WrittenLog::create_as(&log, 1, &json!({"format": 1, "retention_class": "general"}));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&written.folder, &link).unwrap();
    for (at, path) in [
        (log.as_path(), "."),
        (&log, "../general"),
        (folder.path(), "link"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .args(["query", path])
            .current_dir(at)
            .output()
            .unwrap();
        assert_eq!((status(&output), text(&output.stderr)), (0, ""), "{path}");
    }
    let output = program(
        &["query", "--kind", "log_read"],
        &folder.path().join("store"),
    );
    assert_eq!(text(&output.stdout).lines().count(), 3);
    assert!(!folder.path().join("admin").exists());
}

#[test]
fn query_leaves_a_record_of_the_reading_and_says_where_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    program(
        &["query", "--tool", "get_order", "--as", "dpo"],
        folder.path(),
    );
    let one = ["query", "--failures", "--limit", "1", "--reverse"];
    program(&one, folder.path());
    let output = program(&["query", "--json", "--kind", "log_read"], folder.path());
    let reads: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(reads.len(), 2, "a reading does not find itself");
    assert_eq!(
        (
            &reads[0]["actor"],
            &reads[0]["actor_asserted"],
            &reads[0]["filter"]
        ),
        (
            &json!("dpo"),
            &json!(true),
            &json!({"tools": ["get_order"]})
        )
    );
    assert_eq!(
        (&reads[1]["actor_asserted"], &reads[1]["verb"]),
        (&json!(false), &json!("query"))
    );
    assert_eq!(
        reads[1]["filter"],
        json!({"failures": true, "limit": 1, "reverse": true})
    );

    let alone = tempfile::tempdir().unwrap();
    WrittenLog::create(alone.path(), 1);
    let output = program(&["query"], alone.path());
    assert_eq!(
        (status(&output), text(&output.stdout).lines().count()),
        (0, 2)
    );
    assert!(
        complaint(&output).starts_with("NOT RECORDED"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn tail_status_and_verify_leave_a_record_of_the_reading_too() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let verified = program(&["verify", "--json", "--as", "dpo"], folder.path());
    let report: Value = serde_json::from_str(text(&verified.stdout)).unwrap();
    assert_eq!(
        report["logs"].as_array().unwrap().len(),
        1,
        "the log is verified as it was before"
    );
    program(&["status"], folder.path());
    program(&["tail", "-n", "2", "--failures"], folder.path());
    program(&["stats", "--tool", "get_order"], folder.path());
    let again = program(&["verify"], folder.path());
    assert_eq!(status(&again), 0, "{}", text(&again.stdout));
    let output = program(&["query", "--json", "--kind", "log_read"], folder.path());
    let reads: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let verbs: Vec<&Value> = reads.iter().map(|read| &read["verb"]).collect();
    assert_eq!(verbs, ["verify", "status", "tail", "stats", "verify"]);
    assert_eq!(reads[3]["records"], 4);
    assert_eq!(
        (&reads[0]["actor"], &reads[0]["records"]),
        (&json!("dpo"), &json!(6))
    );
    assert_eq!(
        (&reads[2]["filter"], &reads[2]["records"]),
        (&json!({"failures": true}), &json!(2))
    );
}

#[test]
fn a_copy_that_cannot_be_written_is_read_and_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    fs::write(folder.path().join("admin"), b"in the way").unwrap();
    let rules = folder.path().join("rules.toml");
    let rule = "[[rule]]\nid = \"losses\"\nwhen = \"entries_lost\"\n";
    fs::write(&rules, rule).unwrap();
    let rules = ["--rules", rules.to_str().unwrap()];
    for (verb, more) in [
        ("verify", &[][..]),
        ("query", &["--limit", "2"]),
        ("timeline", &["--conversation", "conv_1"]),
        ("stats", &[]),
        ("status", &[]),
        ("tail", &[]),
        ("retention", &[]),
        ("alerts", &rules),
    ] {
        let output = program(&[&[verb], more].concat(), folder.path());
        assert_eq!(status(&output), 0, "{verb}: {}", text(&output.stderr));
        let error = text(&output.stderr);
        assert_eq!(error.matches("NOT RECORDED").count(), 1, "{verb}: {error}");
        let first = text(&output.stdout).lines().next().unwrap();
        assert!(first.starts_with("NOT RECORDED"), "{verb}: {first}");
    }
    for verb in ["verify", "status", "retention"] {
        let output = program(&[verb, "--json"], folder.path());
        let answer: Value = serde_json::from_str(text(&output.stdout)).unwrap();
        assert_eq!(answer["reading_recorded"], false, "{verb}");
    }
    // Records and a standard's forms stand as they are.
    for form in [&["query", "--json"][..], &["export", "--format", "csv"]] {
        let output = program(form, folder.path());
        assert!(complaint(&output).starts_with("NOT RECORDED"));
        assert!(!text(&output.stdout).contains("NOT RECORDED"));
    }
    // A log by itself has no place for it, and to verify it shows nothing of its records.
    let alone = tempfile::tempdir().unwrap();
    WrittenLog::create(alone.path(), 1);
    assert!(program(&["verify"], alone.path()).stderr.is_empty());
}

#[test]
fn a_pipe_gets_one_line_of_tabs_a_record_without_colour() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["query"], folder.path());
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[0],
        "2025-07-06T00:00:00.000Z\t-\t-\t-\t(log_created)\t-\t-\t-"
    );
    assert_eq!(
        lines[1],
        "2025-07-06T00:01:00.000Z\tusr_9\tconv_1\t1\tget_order\tsuccess\t12.5\t-"
    );
}

#[test]
fn timeline_shows_a_conversation_one_line_a_call() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["timeline", "--conversation", "conv_1"], folder.path());
    assert_eq!(
        text(&output.stdout),
        "[Turn 1] ✅ get_order({\"order_id\":\"ORD-1\"}) → {\"success\":true} [12ms]\n\
         [Turn 2] ❌ get_order({\"order_id\":\"ORD-1\"}) → {\"outcome\":\"tool_error\",\"success\":false} [12ms]\n\
         [Turn 3] ❌ get_order({\"order_id\":\"ORD-1\"}) → {\"outcome\":\"timed_out\",\"success\":false} [12ms]\n\
         [Turn 4] ✅ get_order({\"order_id\":\"ORD-1\"}) → {\"success\":true} [12ms]\n"
    );
    let none = program(
        &["timeline", "--conversation", "conv_\u{1b}[31m"],
        folder.path(),
    );
    assert_eq!(status(&none), 0);
    assert!(complaint(&none).contains(r#"no call of conversation "conv_\u001b[31m""#));
}

#[test]
fn stats_give_a_tools_numbers_and_a_zero_for_one_that_was_never_called() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["stats", "--tool", "get_order", "--json"], folder.path());
    let found: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(
        found,
        json!({"tool": "get_order", "total_calls": 4, "success_rate": 0.5, "avg_duration_ms": 12.5,
            "max_duration_ms": 12.5, "unique_users": 1, "p50": 12.5, "p95": 12.5, "p99": 12.5,
            "outcomes": {"success": 2, "timed_out": 1, "tool_error": 1}, "by_trigger": {"user_request": 4}})
    );
    let none = program(
        &["stats", "--tool", "no_such_tool", "--json"],
        folder.path(),
    );
    assert_eq!(
        text(&none.stdout),
        "{\"tool\":\"no_such_tool\",\"total_calls\":0}\n"
    );
    let all = program(&["stats", "--json"], folder.path());
    assert_eq!(text(&all.stdout).lines().count(), 2);
}

#[test]
fn status_says_how_the_log_is_and_ends_badly_after_silence() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["status"], folder.path());
    assert_eq!(status(&output), 0);
    assert!(text(&output.stdout).contains("last record   2025-07-06T01:00:00Z"));
    let silent = program(&["status", "--json", "--max-silence", "1h"], folder.path());
    assert_eq!(status(&silent), 1);
    let found: Value = serde_json::from_str(text(&silent.stdout)).unwrap();
    assert_eq!(
        (&found["silent_too_long"], &found["lost_entries"]),
        (&json!(true), &json!(0))
    );
    assert!(complaint(&silent).starts_with("nothing was recorded for "));
    assert_eq!(
        status(&program(
            &["status", "--max-silence", "soon"],
            folder.path()
        )),
        2
    );
}

#[test]
fn status_does_not_take_a_clock_that_is_ahead_for_a_sign_of_life() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    let mut members = call("conv_1", "get_order", "success", 1);
    members["timestamp"] = "2999-01-01T00:00:00.000000Z".into();
    log.add("tool_call", &members);
    let output = program(&["status", "--json", "--max-silence", "1h"], folder.path());
    assert_eq!(status(&output), 1);
    let found: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(
        (&found["clock_ahead"], &found["silent_too_long"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        found["logs"][0]["last_record"],
        "2025-07-06T01:00:00.012500Z"
    );
    let errors = text(&output.stderr);
    assert!(
        errors.contains("see whether the clocks are right"),
        "{errors}"
    );
    // A later record with the right time heals it.
    log.add("tool_call", &call("conv_1", "get_order", "success", 7200));
    let output = program(&["status", "--json"], folder.path());
    assert_eq!((status(&output), text(&output.stderr)), (0, ""));
}

#[test]
fn what_the_program_says_of_its_own_is_escaped_in_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{9b}2J\u{202e}");
    let mut log = WrittenLog::create(&path, 1);
    log.add(
        "tool_call",
        &call("conv_1", "x\u{9b}2J\u{202e}", "success", 1),
    );
    for verb in [&["stats", "--json"][..], &["status", "--json"]] {
        let output = program(verb, &path);
        let shown = text(&output.stdout);
        assert!(!shown.contains(['\u{9b}', '\u{202e}']), "{shown:?}");
        assert!(shown.contains("\\u009b2J\\u202e"), "{shown:?}");
        assert!(serde_json::from_str::<Value>(shown).is_ok());
    }
}

#[test]
fn a_kind_that_nobody_knows_is_named_beside_the_empty_answer() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["query", "--kind", "tool_cal"], folder.path());
    assert_eq!((status(&output), text(&output.stdout)), (0, ""));
    assert!(complaint(&output).starts_with("this version knows no records of kind tool_cal"));
}

#[test]
fn tail_gives_the_newest_records_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let output = program(&["tail", "-n", "2", "--json"], folder.path());
    let tools: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["_seq"].clone())
        .collect();
    assert_eq!(tools, [4, 5]);
}

#[test]
fn tail_follows_a_log_and_ends_quietly_when_nobody_reads_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["tail", "-f", "-n", "1", "--json"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut read_line = || {
        let mut line = Vec::new();
        let mut byte = [0];
        while out.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    };
    assert!(read_line().contains("cancel_order"));
    let new = log.add("tool_call", &call("conv_4", "refund", "success", 4000));
    assert_eq!(read_line(), new);
    log.rotate(1);
    assert!(read_line().contains("segment_opened"));
    drop(out);
    log.add("tool_call", &call("conv_4", "refund", "success", 4001));
    let output = child.wait_with_output().unwrap();
    assert_eq!((status(&output), text(&output.stderr)), (0, ""));
}

#[test]
fn a_closed_pipe_ends_a_long_answer_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    members["arguments"] = json!({"text": "x".repeat(100_000)});
    for _ in 0..20 {
        log.add("tool_call", &members);
    }
    for verb in [
        &["query", "--json"][..],
        &["query"],
        &["timeline", "--conversation", "conv_1"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .arg(verb[0])
            .arg(folder.path())
            .args(&verb[1..])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((status(&output), text(&output.stderr)), (0, ""), "{verb:?}");
    }
}

#[test]
fn what_a_log_says_cannot_forge_a_line_or_move_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let hostile = "x\u{1b}[2K\r\n[Turn 1] ✅ paid({}) → {} [1ms]\u{9b}1A\u{202e}\t";
    let mut members = call("conv_1", hostile, "tool_error", 1);
    members["user_id"] = hostile.into();
    members["arguments"] = json!({hostile: hostile});
    members["result_summary"] = json!({"success": false, "error": hostile});
    log.add("tool_call", &members);
    members["conversation_id"] = hostile.into();
    log.add("tool_call", &members);
    log.add(
        hostile.trim_matches(|one: char| !one.is_ascii_lowercase()),
        &members,
    );
    for verb in [
        &["query"][..],
        &["tail"],
        &["stats"],
        &["timeline", "--conversation", "conv_1"],
        &["timeline", "--conversation", hostile],
    ] {
        let output = program(verb, folder.path());
        let shown = text(&output.stdout);
        assert_ne!(shown, "", "{verb:?}");
        let acts =
            |one: char| (one.is_control() && one != '\n' && one != '\t') || one == '\u{202e}';
        assert!(!shown.contains(acts), "{verb:?}: {shown:?}");
        assert!(
            !text(&output.stderr).trim_end().contains(char::is_control),
            "{verb:?}"
        );
        for line in shown.lines() {
            assert!(!line.starts_with("[Turn 1] ✅ paid"), "{shown}");
            if verb[0] == "query" {
                assert_eq!(line.matches('\t').count(), 7, "{line}");
            }
        }
    }
}

#[test]
fn damage_is_told_and_the_rest_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    log.append(b"not a record\n");
    log.add("tool_call", &call("conv_1", "get_order", "success", 5000));
    for verb in [
        &["query", "--json", "--conversation", "conv_1"][..],
        &["timeline", "--conversation", "conv_1"],
        &["tail", "-n", "5"],
    ] {
        let output = program(verb, folder.path());
        assert_eq!(status(&output), 1, "{verb:?}");
        assert_eq!(text(&output.stdout).lines().count(), 5);
        let complaint = complaint(&output);
        assert!(
            complaint.contains("00000000000000000000.jsonl, line 7"),
            "{complaint}"
        );
        assert!(complaint.contains("tool-audit verify"), "{complaint}");
    }
    assert_eq!(status(&program(&["stats"], folder.path())), 1);
    assert_eq!(status(&program(&["status"], folder.path())), 1);
}

#[test]
fn a_torn_last_line_is_no_damage_to_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let log = store(folder.path());
    log.append(br#"{"_hash":"torn"#);
    let output = program(&["query", "--json"], folder.path());
    assert_eq!((status(&output), text(&output.stderr)), (0, ""));
    assert_eq!(text(&output.stdout).lines().count(), 6);
}

#[test]
fn what_cannot_be_done_is_said_in_one_line_with_status_two() {
    let folder = tempfile::tempdir().unwrap();
    let verbs = [
        &["query"][..],
        &["timeline", "--conversation", "c"],
        &["stats"],
        &["status"],
        &["tail"],
    ];
    let newer = folder.path().join("newer");
    WrittenLog::create_as(&newer, 1, &json!({"format": 2}));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let not_a_file = folder.path().join("not-a-file");
    fs::create_dir_all(not_a_file.join("00000000000000000000.jsonl")).unwrap();
    for (log, says) in [
        (&newer, "is of format 2"),
        (&empty, "no audit log at"),
        (&not_a_file, "is no file"),
        (&folder.path().join("missing"), "check the path"),
    ] {
        for verb in verbs {
            let output = program(verb, log);
            assert_eq!(status(&output), 2, "{verb:?} {log:?}");
            assert!(complaint(&output).contains(says), "{}", complaint(&output));
            assert!(output.stdout.is_empty());
        }
    }
}

#[test]
fn a_log_without_rights_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let log = WrittenLog::create(&folder.path().join("general"), 1);
    fs::set_permissions(log.segment(), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(log.segment()).is_ok() {
        eprintln!("SKIPPED: this user reads every file");
        return;
    }
    let output = program(&["query"], folder.path());
    assert_eq!(status(&output), 2);
    assert!(
        complaint(&output).contains("run as the log's owner"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn bad_arguments_are_refused_with_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    for (arguments, says) in [
        (&["query", "--since", "yesterday"][..], "RFC 3339"),
        (&["query", "--outcome", "good"], "timed_out"),
        (&["query", "--trigger", "because"], "follow_up"),
        (&["query", "--limit", "0"], "--limit"),
        (
            &["query", "--since", "2025-07-10", "--until", "2025-07-01"],
            "beginning lies behind its end",
        ),
        (
            &["stats", "--since", "2025-07-10", "--until", "2025-07-01"],
            "beginning lies behind its end",
        ),
        (&["query", "--kind", "Tool call"], "lower-case"),
        (&["timeline"], "--conversation"),
        (&["tail", "-n", "many"], "--lines"),
    ] {
        let output = program(arguments, folder.path());
        assert_eq!(status(&output), 2, "{arguments:?}");
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_replayed_log_says_so_before_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create_as(
        &folder.path().join("general"),
        1,
        &json!({"format": 1, "source": "replay"}),
    );
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    for verb in [
        &["query"][..],
        &["query", "--reverse"],
        &["timeline", "--conversation", "conv_1"],
        &["stats"],
        &["status"],
        &["tail"],
    ] {
        let output = program(verb, folder.path());
        assert!(text(&output.stdout).starts_with("REPLAYED: "), "{verb:?}");
        let mut with_json = verb.to_vec();
        with_json.push("--json");
        let output = program(&with_json, folder.path());
        assert!(complaint(&output).starts_with("REPLAYED: "), "{verb:?}");
        for line in text(&output.stdout).lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok());
        }
    }
}

#[test]
fn help_shows_an_example_for_every_verb() {
    for verb in [
        "replay", "verify", "query", "timeline", "stats", "status", "tail", "export", "evidence",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .args([verb, "--help"])
            .output()
            .unwrap();
        assert_eq!(status(&output), 0);
        assert!(
            text(&output.stdout).contains(&format!("tool-audit {verb}")),
            "{verb}"
        );
    }
}

#[test]
fn a_time_zone_says_where_days_begin_and_how_times_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    // 23:30 and 00:30 in Berlin.
    for (number, time) in ["2025-07-05T21:30:00.250000Z", "2025-07-05T22:30:00.000000Z"]
        .iter()
        .enumerate()
    {
        let mut members = call("conv_1", "get_order", "success", 60 * (number as u32 + 1));
        members["timestamp"] = (*time).into();
        log.add("tool_call", &members);
    }
    let mut members = call("conv_2", "get_order", "success", 300);
    members["timestamp"] = "2025-07-05T22:45:00.000000Z".into();
    for name in ["outcome", "success", "duration_ms", "result_summary"] {
        members.as_object_mut().unwrap().remove(name);
    }
    log.add("tool_call_started", &members);
    let berlin = ["--time-zone", "Europe/Berlin"];
    let day = ["--since", "2025-07-06", "--until", "2025-07-06"];
    let shown = |verb: &str, more: &[&str]| {
        let arguments = [&[verb], more, &berlin].concat();
        let output = program(&arguments, folder.path());
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let rows = shown("query", &[&["--tool", "get_order"], &day[..]].concat());
    assert_eq!(rows.lines().count(), 2, "{rows}");
    assert!(
        rows.starts_with("2025-07-06T00:30:00.000+02:00\t"),
        "{rows}"
    );
    let rows = shown("tail", &["--conversation", "conv_1"]);
    assert!(
        rows.starts_with("2025-07-05T23:30:00.250+02:00\t"),
        "{rows}"
    );
    let line = shown("timeline", &["--conversation", "conv_2"]);
    assert!(
        line.contains("[started 2025-07-06T00:45:00.000000+02:00]"),
        "{line}"
    );
    let counted = shown("stats", &[&["--json"], &day[..]].concat());
    assert!(counted.contains("\"total_calls\":2"), "{counted}");
    let format = ["--format", "jsonl", "--kind", "tool_call"];
    let exported = shown("export", &[&format[..], &day].concat());
    assert!(
        exported.lines().count() == 1 && exported.contains("2025-07-05T22:30:00.000000Z"),
        "{exported}"
    );
    // Without one a day is that of UTC.
    let output = program(
        &[&["query", "--tool", "get_order"], &day[..]].concat(),
        folder.path(),
    );
    assert!(output.stdout.is_empty());
    let output = program(&["query", "--time-zone", "Europe/Atlantis"], folder.path());
    assert_eq!(status(&output), 2);
    assert!(text(&output.stderr).contains("give an IANA name"));
}

#[test]
fn a_person_in_clear_is_found_by_pseudonym_and_stands_nowhere_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let made = PseudonymKey::create_file(&key, "k1").unwrap();
    let sanitizer = Sanitizer::builder().pseudonym_key(made).build().unwrap();
    let logs = folder.path().join("audit");
    let mut log = WrittenLog::create(&logs.join("healthcare"), 1);
    for (seconds, subject) in [(1, "MRN-001234"), (2, "MRN-009999")] {
        let mut members = call("conv_1", "get_patient", "success", seconds);
        members["subjects"] = json!([sanitizer.pseudonym("mrn", subject)]);
        log.add("tool_call", &members);
    }
    let key = ["--pseudonym-key", key.to_str().unwrap()];
    let ask = |verb: &str, more: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .arg(verb)
            .arg(&logs)
            .args(["--subject", "-"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"MRN-001234\n").unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout).lines().count()
    };
    let with_key = |more: &[&'static str]| [&key[..], more].concat();
    assert_eq!(ask("query", &with_key(&["--json"])), 1);
    assert_eq!(ask("stats", &with_key(&["--json"])), 1);
    assert_eq!(ask("tail", &with_key(&[])), 1);
    assert_eq!(ask("export", &with_key(&["--format", "jsonl"])), 1);
    // Without the key nothing is found, and what was asked for is counted alone.
    assert_eq!(ask("query", &["--json"]), 0);
    let admin = fs::read_to_string(logs.join("admin/00000000000000000000.jsonl")).unwrap();
    assert!(!admin.contains("001234"), "{admin}");
    let filters: Vec<Value> = admin
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["_kind"] == "log_read")
        .map(|record| record["filter"].clone())
        .collect();
    assert_eq!(filters.len(), 5);
    for filter in &filters[..4] {
        let named = filter["subjects"].to_string();
        assert!(named.contains("pn:mrn:k1:"), "{filter}");
        assert_eq!(filter.get("not_found"), None);
    }
    assert_eq!(filters[4], json!({"subjects": [], "not_found": 1}));
}
