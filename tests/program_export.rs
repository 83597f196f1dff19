//! The verb `export`, as a shell calls it.
#![allow(clippy::print_stderr)]

mod written_logs;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use written_logs::{WrittenLog, call};

const FORMATS: [&str; 5] = ["fhir-r4", "fhir-r5", "ocsf", "csv", "jsonl"];

fn export(log: &Path, format: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("export")
        .arg(log)
        .args(["--format", format])
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn complaint(output: &Output) -> &str {
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    error.strip_prefix("tool-audit: ").unwrap().trim_end()
}

fn lines(output: &Output) -> Vec<Value> {
    assert_eq!(status(output), 0, "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Four calls of two conversations.
fn store(folder: &Path) -> WrittenLog {
    let mut log = WrittenLog::create(&folder.join("general"), 1);
    log.add("tool_call", &call("conv_1", "get_order", "success", 60));
    log.add("tool_call", &call("conv_1", "get_order", "timed_out", 120));
    log.add("tool_call", &call("conv_2", "cancel_order", "denied", 180));
    log.add("tool_call", &call("conv_2", "get_order", "success", 240));
    log
}

fn started(seconds: u32) -> Value {
    let mut members = call("conv_1", "get_order", "success", seconds);
    for member in ["outcome", "success", "duration_ms", "result_summary"] {
        members.as_object_mut().unwrap().remove(member);
    }
    members
}

#[test]
fn each_format_has_one_line_a_call_and_json_lines_are_the_records_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    let last = log.add("tool_call", &call("conv_3", "get_order", "success", 300));
    for format in FORMATS {
        let output = export(folder.path(), format, &["--kind", "tool_call"]);
        assert_eq!((status(&output), text(&output.stderr)), (0, ""), "{format}");
        let header = usize::from(format == "csv");
        assert_eq!(text(&output.stdout).lines().count(), 5 + header, "{format}");
    }
    let output = export(folder.path(), "jsonl", &["--conversation", "conv_3"]);
    assert_eq!(text(&output.stdout), format!("{last}\n"));
}

#[test]
fn the_filters_of_query_and_a_limit_choose_the_records() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let codes = |more: &[&str]| -> Vec<Value> {
        lines(&export(folder.path(), "ocsf", more))
            .iter()
            .map(|event| event["status_code"].clone())
            .collect()
    };
    assert_eq!(codes(&["--failures"]), ["timed_out", "denied"]);
    assert_eq!(codes(&["--conversation", "conv_2"]), ["denied", "success"]);
    assert_eq!(codes(&["--limit", "1", "--tool", "get_order"]), ["success"]);
    assert_eq!(
        codes(&["--kind", "tool_call", "--since", "2025-07-07"]),
        [""; 0]
    );
    let table = export(folder.path(), "csv", &["--limit", "2"]);
    assert_eq!(text(&table.stdout).lines().count(), 3);
}

#[test]
fn a_tool_that_is_declared_is_exported_as_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let declared = ["--action", "read=get_*", "--action", "delete=cancel_order"];
    let mut arguments = vec!["--kind", "tool_call"];
    arguments.extend(declared);
    let found: Vec<Value> = lines(&export(folder.path(), "fhir-r4", &arguments))
        .iter()
        .map(|event| event["action"].clone())
        .collect();
    assert_eq!(found, ["R", "R", "D", "R"]);
    for wrong in ["read", "read=", "look=get_order", "=x"] {
        let output = export(folder.path(), "fhir-r4", &["--action", wrong]);
        assert_eq!(status(&output), 2);
        assert!(text(&output.stderr).contains("read=get_patient"), "{wrong}");
    }
}

#[test]
fn records_that_are_no_calls_are_counted_where_a_format_has_no_form_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    log.add(
        "entries_lost",
        &json!({"count": 3, "reason": "full", "since": "2025-07-06T00:05:00.000000Z",
            "retention_class": "general", "timestamp": "2025-07-06T00:06:00.000000Z"}),
    );
    let output = export(folder.path(), "fhir-r5", &[]);
    assert_eq!(lines(&output).len(), 4);
    assert_eq!(
        complaint(&output),
        "left out, since fhir-r5 has a form for calls alone: 1 entries_lost, 1 log_created"
    );
    let table = export(folder.path(), "csv", &["--kind", "entries_lost"]);
    assert_eq!(text(&table.stderr), "");
    let mut rows = csv::Reader::from_reader(&table.stdout[..]);
    let last = rows.records().last().unwrap().unwrap();
    assert_eq!(&last[1], "entries_lost");
    assert_eq!(
        last.iter().next_back(),
        Some(r#"{"count":3,"reason":"full","since":"2025-07-06T00:05:00.000000Z"}"#)
    );
}

#[test]
fn a_call_is_one_event_whether_or_not_it_was_announced_and_one_without_an_end_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    log.add("tool_call_started", &started(300));
    log.add("tool_call_started", &started(360));
    log.add("tool_call", &call("conv_1", "get_order", "success", 300));
    let calls = ["--kind", "tool_call", "--kind", "tool_call_started"];
    let events = lines(&export(folder.path(), "ocsf", &calls));
    let found: Vec<(&Value, &Value)> = events
        .iter()
        .map(|event| (&event["unmapped"]["call_id"], &event["status"]))
        .collect();
    let expected = [
        ("call-60", "Success"),
        ("call-120", "Failure"),
        ("call-180", "Failure"),
        ("call-240", "Success"),
        ("call-300", "Success"),
        ("call-360", "Unknown"),
    ];
    let mut found: Vec<(&str, &str)> = found
        .into_iter()
        .map(|(id, status)| (id.as_str().unwrap(), status.as_str().unwrap()))
        .collect();
    found.sort_by_key(|(id, _)| id[5..].parse::<u32>().unwrap());
    assert_eq!(found, expected);
    assert_eq!(
        lines(&export(folder.path(), "jsonl", &calls)).len(),
        7,
        "JSON Lines have every record"
    );
}

#[test]
fn a_file_is_for_its_owner_alone_and_nothing_is_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    store(&folder.path().join("store"));
    let file = folder.path().join("july.ndjson");
    let more = ["--output", file.to_str().unwrap(), "--kind", "tool_call"];
    let output = export(&folder.path().join("store"), "fhir-r4", &more);
    assert_eq!(
        (status(&output), text(&output.stdout), text(&output.stderr)),
        (0, "", "")
    );
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written.lines().count(), 4);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = export(&folder.path().join("store"), "ocsf", &more);
    assert_eq!(status(&again), 2);
    assert!(complaint(&again).contains("nothing is overwritten"));
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
    let nowhere = folder.path().join("no/such/folder");
    let nowhere = export(
        &folder.path().join("store"),
        "csv",
        &["--output", nowhere.to_str().unwrap()],
    );
    assert_eq!(status(&nowhere), 2);
    assert!(complaint(&nowhere).contains("a folder that you may write to"));
}

#[test]
fn damage_and_calls_of_a_later_version_are_told_and_the_rest_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = store(folder.path());
    log.append(b"not a record\n");
    let output = export(folder.path(), "fhir-r4", &["--kind", "tool_call"]);
    assert_eq!(status(&output), 1);
    assert_eq!(text(&output.stdout).lines().count(), 4);
    assert!(complaint(&output).contains("line 6"));

    let folder = tempfile::tempdir().unwrap();
    log = store(folder.path());
    let mut members = call("conv_1", "get_order", "success", 300);
    members["turn_number"] = "the first".into();
    log.add("tool_call", &members);
    for (format, expected) in [("ocsf", 4), ("jsonl", 5)] {
        let output = export(folder.path(), format, &["--kind", "tool_call"]);
        assert_eq!(text(&output.stdout).lines().count(), expected);
        assert_eq!(status(&output), i32::from(format == "ocsf"));
        if format == "ocsf" {
            assert!(complaint(&output).starts_with("a call is left out: record 5 of "));
        }
    }
}

#[test]
fn a_word_of_a_later_version_leaves_the_call_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let mut members = call("conv_1", "get_order", "paused_for_approval", 300);
    members["call_trigger"] = "by_a_dream".into();
    members["attribution"]["trigger"] = "by_a_dream".into();
    log.add("tool_call", &members);
    let ocsf = lines(&export(folder.path(), "ocsf", &["--kind", "tool_call"]));
    assert_eq!((ocsf.len(), &ocsf[0]["status_id"]), (1, &json!(0)));
    assert_eq!(ocsf[0]["actor"]["user"]["uid"], "usr_9");
    let fhir = lines(&export(folder.path(), "fhir-r5", &["--kind", "tool_call"]));
    assert_eq!((fhir.len(), fhir[0].get("outcome")), (1, None));
}

#[test]
fn a_record_that_is_too_deep_for_a_row_is_told_and_no_empty_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let line = log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    let deep = format!("{{\"n\":{}{}}}", "[".repeat(126), "]".repeat(126));
    log.append(format!("{}\n", line.replace(r#"{"order_id":"ORD-1"}"#, &deep)).as_bytes());
    let output = export(folder.path(), "csv", &["--kind", "tool_call"]);
    assert_eq!(status(&output), 1);
    assert_eq!(text(&output.stdout).lines().count(), 2);
    assert!(complaint(&output).starts_with("a call is left out: record 1 of "));
    let whole = export(folder.path(), "jsonl", &["--kind", "tool_call"]);
    assert_eq!(
        (status(&whole), text(&whole.stdout).lines().count()),
        (0, 2)
    );
}

#[test]
fn a_replayed_log_is_marked_in_every_event() {
    let folder = tempfile::tempdir().unwrap();
    let general = folder.path().join("general");
    let mut log = WrittenLog::create_as(&general, 1, &json!({"format": 1, "source": "replay"}));
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    for format in FORMATS {
        let output = export(folder.path(), format, &["--kind", "tool_call"]);
        assert_eq!(status(&output), 0);
        assert!(complaint(&output).starts_with("REPLAYED: "), "{format}");
        let shown = text(&output.stdout);
        let marked = match format {
            "ocsf" => shown.contains(r#""labels":["replayed"]"#),
            "csv" => shown.contains(",replay,"),
            "jsonl" => true,
            _ => shown.contains(r#""security":[{"code":"HTEST""#),
        };
        assert!(marked, "{shown}");
    }
}

#[test]
fn hostile_names_forge_no_line_in_any_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let hostile = "=cmd\u{1b}[2K\r\n\"},{\"x\":\",\u{9b}1A\u{202e}\t</script>".repeat(200);
    let mut members = call("conv_1", &hostile, "tool_error", 1);
    members["user_id"] = hostile.as_str().into();
    members["arguments"] = json!({&hostile: hostile});
    log.add("tool_call", &members);
    for format in FORMATS {
        let output = export(folder.path(), format, &["--kind", "tool_call"]);
        let shown = text(&output.stdout);
        let header = usize::from(format == "csv");
        assert_eq!(shown.lines().count(), 1 + header, "{format}");
        let escapes = |one: char| one < ' ' && one != '\n';
        assert!(!shown.contains(escapes), "{format}");
        if format == "csv" {
            let row = csv::Reader::from_reader(shown.as_bytes())
                .records()
                .next()
                .unwrap()
                .unwrap();
            assert!(row.iter().all(|cell| !cell.starts_with('=')));
            assert!(!shown.contains(['\u{202e}', '\u{9b}']));
        }
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line_with_status_two() {
    let folder = tempfile::tempdir().unwrap();
    let output = export(&folder.path().join("missing"), "csv", &[]);
    assert_eq!(status(&output), 2);
    assert!(complaint(&output).contains("check the path"));
    store(folder.path());
    let output = export(folder.path(), "xml", &[]);
    assert_eq!(status(&output), 2);
    assert!(text(&output.stderr).contains("fhir-r4, fhir-r5, ocsf, csv, jsonl"));
}

#[test]
fn an_export_is_recorded_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    lines(&export(
        folder.path(),
        "ocsf",
        &["--tool", "get_order", "--as", "dpo", "--limit", "7"],
    ));
    let read = export(folder.path(), "jsonl", &["--kind", "log_read"]);
    let [read] = &lines(&read)[..] else {
        panic!("one reading");
    };
    assert_eq!(
        (&read["verb"], &read["actor"], &read["actor_asserted"]),
        (&json!("export"), &json!("dpo"), &json!(true))
    );
    assert_eq!(
        read["filter"],
        json!({"format": "ocsf", "limit": 7, "to_file": false, "tools": ["get_order"]})
    );
}

#[test]
fn a_closed_pipe_ends_an_export_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    members["arguments"] = json!({"text": "x".repeat(100_000)});
    for _ in 0..20 {
        log.add("tool_call", &members);
    }
    for format in FORMATS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .arg("export")
            .arg(folder.path())
            .args(["--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((status(&output), text(&output.stderr)), (0, ""), "{format}");
    }
}
