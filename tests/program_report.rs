//! The program's reports, as a shell calls them.

mod written_logs;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tool_audit::Sanitizer;
use tool_audit::sanitize::PseudonymKey;
use written_logs::{WrittenLog, call};

fn program(arguments: &[&str], log: &Path, input: &str) -> Output {
    report_of("access", arguments, log, input)
}

fn report_of(report: &str, arguments: &[&str], log: &Path, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("report")
        .arg(report)
        .arg(log)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads no input may be gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn store(folder: &Path, subject: &str) -> WrittenLog {
    let mut log = WrittenLog::create(&folder.join("healthcare"), 1);
    for (number, tool) in [(1, "get_patient"), (2, "=cmd()\u{1b}[31m\u{9b}2J")] {
        let mut members = call("conv_1", tool, "success", 60 * number);
        members["subjects"] = json!([subject]);
        members["purpose"] = "treatment".into();
        log.add("tool_call", &members);
    }
    log
}

#[test]
fn a_report_is_text_json_or_csv_and_forges_nothing() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    let of = |format: &str| {
        let output = program(&["--subject", "P-7", "--format", format], folder.path(), "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let shown = of("text");
    assert!(
        shown.contains("2 accesses by 1 users") && shown.contains("Integrity: VERIFIED"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));
    let report: Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(
        (&report["total_accesses"], &report["integrity_verified"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(report["accesses"][0]["tool"], "get_patient");
    let csv = of("csv");
    assert!(csv.contains(",'=cmd()"), "{csv}");
    for form in [of("csv"), of("json"), of("html")] {
        assert!(!form.contains(['\u{1b}', '\u{9b}']), "{form}");
    }
}

#[test]
fn an_identifier_in_clear_comes_from_standard_input_and_goes_through_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let made = PseudonymKey::create_file(&key, "k1").unwrap();
    let sanitizer = Sanitizer::builder().pseudonym_key(made).build().unwrap();
    let logs = folder.path().join("audit");
    store(&logs, &sanitizer.pseudonym("mrn", "MRN-001234"));
    let arguments = [
        "--subject",
        "-",
        "--format",
        "json",
        "--pseudonym-key",
        key.to_str().unwrap(),
    ];
    let output = program(&arguments, &logs, "P-7\nMRN-001234\n");
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(
        (&report["subject_id"], &report["total_accesses"]),
        (&json!("P-7"), &json!(2))
    );
    let read = fs::read_to_string(logs.join("admin/00000000000000000000.jsonl")).unwrap();
    assert!(
        read.contains(r#""verb":"report access""#) && read.contains("pn:mrn:k1:"),
        "{read}"
    );
    assert!(!read.contains("001234"), "{read}");
    assert_eq!(program(&arguments, &logs, "\n").status.code(), Some(2));
}

#[test]
fn a_changed_log_ends_the_report_with_status_1_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = store(folder.path(), "P-7");
    let bytes = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), bytes.replacen("treatment", "research!", 1)).unwrap();
    let output = program(&["--user", "usr_9", "--format", "json"], folder.path(), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("not as they were written"),
        "{}",
        text(&output.stderr)
    );
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(report["integrity_verified"], false);
    assert!(
        report["integrity"]["faults"][0]
            .as_str()
            .unwrap()
            .contains("hash_mismatch")
    );
}

#[test]
fn a_report_in_a_file_is_its_owners_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    store(&logs, "P-7");
    let file = folder.path().join("report.csv");
    let arguments = [
        "--subject",
        "P-7",
        "--format",
        "csv",
        "--output",
        file.to_str().unwrap(),
    ];
    let first = program(&arguments, &logs, "");
    assert_eq!((first.status.code(), text(&first.stdout)), (Some(0), ""));
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(program(&arguments, &logs, "").status.code(), Some(2));
}

#[test]
fn a_report_needs_somebody() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    assert_eq!(program(&[], folder.path(), "").status.code(), Some(2));
    assert_eq!(
        program(&["--subject", "P-7", "--user", "x"], folder.path(), "")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_summary_is_text_json_or_a_page_and_leaves_a_record_of_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    store(&logs, "P-7");
    let of = |format: &str| {
        let arguments = [
            "--from",
            "2025-07-01",
            "--to",
            "2025-07-31",
            "--format",
            format,
            "--as",
            "dpo",
        ];
        let output = report_of("summary", &arguments, &logs, "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let shown = of("text");
    assert!(
        shown.contains("2 calls, 0 failed") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let report: Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(
        (
            &report["total_calls"],
            &report["volumes"]["step"],
            &report["integrity_verified"]
        ),
        (&json!(2), &json!("second"), &json!(true))
    );
    let page = of("html");
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("<bdi>dpo</bdi> (a claim)"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}'));
    let read = fs::read_to_string(logs.join("admin/00000000000000000000.jsonl")).unwrap();
    assert_eq!(read.matches(r#""verb":"report summary""#).count(), 3);
    assert!(
        read.contains(
            r#""filter":{"format":"text","from":"2025-07-01T00:00:00.000000Z","to":"2025-07-31T23:59:59.999999Z","to_file":false}"#
        ),
        "{read}"
    );
}

#[test]
fn a_summary_of_a_replayed_log_says_so_and_of_a_changed_one_ends_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create_as(
        &folder.path().join("general"),
        1,
        &json!({"format": 1, "source": "replay"}),
    );
    log.add("tool_call", &call("conv_1", "get_order", "success", 60));
    let replayed = report_of("summary", &[], folder.path(), "");
    assert!(text(&replayed.stdout).starts_with("REPLAYED: "));
    let page = report_of("summary", &["--format", "html"], folder.path(), "");
    assert!(text(&page.stdout).contains("REPLAYED") && text(&page.stderr).contains("REPLAYED"));
    let bytes = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), bytes.replacen("get_order", "set_order", 1)).unwrap();
    let changed = report_of("summary", &["--format", "json"], folder.path(), "");
    assert_eq!(changed.status.code(), Some(1));
    assert!(text(&changed.stderr).contains("not as they were written"));
    assert_eq!(
        report_of("summary", &["--most", "0"], folder.path(), "")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_report_in_a_file_on_a_replayed_log_says_replayed_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    let opening = json!({"format": 1, "source": "replay"});
    WrittenLog::create_as(&logs.join("general"), 1, &opening);
    for (format, words) in [
        ("text", "REPLAYED: "),
        ("csv", ",replay,"),
        ("html", "REPLAYED"),
    ] {
        let file = folder.path().join(format!("report.{format}"));
        let name = file.to_str().unwrap();
        let arguments = ["--subject", "x", "--format", format, "--output", name];
        let output = program(&arguments, &logs, "");
        assert!(text(&output.stderr).contains("REPLAYED"));
        assert!(
            fs::read_to_string(&file).unwrap().contains(words),
            "{format}"
        );
        assert!(!folder.path().join(format!("report.{format}.part")).exists());
    }
    let shown = program(&["--subject", "x"], &logs, "");
    assert_eq!(text(&shown.stdout).matches("REPLAYED").count(), 1);
}

#[test]
fn a_file_that_is_there_is_found_before_any_work_and_half_a_file_never_has_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    store(&logs, "P-7");
    let file = folder.path().join("report.txt");
    fs::write(&file, b"before").unwrap();
    let arguments = ["--subject", "P-7", "--output", file.to_str().unwrap()];
    let refused = program(&arguments, &logs, "");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(fs::read(&file).unwrap(), b"before");
    assert!(!logs.join("admin").exists(), "nothing was read");
    fs::remove_file(&file).unwrap();
    let part = folder.path().join("report.txt.part");
    fs::write(&part, b"of a run that was cut off").unwrap();
    let refused = program(&arguments, &logs, "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("report.txt.part"));
    assert!(!file.exists());
}

#[test]
fn a_reader_who_stops_half_way_does_not_hide_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for second in 0..3000 {
        let mut members = call("conv_1", "get_patient", "success", second);
        members["subjects"] = json!(["P-7"]);
        log.add("tool_call", &members);
    }
    let bytes = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), bytes.replacen("usr_9", "usr_8", 1)).unwrap();
    for format in ["text", "json", "csv", "html"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .args(["report", "access"])
            .arg(folder.path())
            .args(["--subject", "P-7", "--format", format])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(
            text(&output.stderr).contains("not as they were written"),
            "{format}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    let period = ["--from", "2025-07-10", "--to", "2025-07-01"];
    let access = program(
        &[&["--subject", "P-7"], &period[..]].concat(),
        folder.path(),
        "",
    );
    let summary = report_of("summary", &period, folder.path(), "");
    for refused in [access, summary] {
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains("ends before it begins"));
    }
}

#[cfg(unix)]
#[test]
fn a_report_that_cannot_be_recorded_says_so_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    fs::write(folder.path().join("admin"), b"in the way").unwrap();
    for report in ["access", "summary"] {
        let whom: &[&str] = if report == "access" {
            &["--subject", "P-7"]
        } else {
            &[]
        };
        for (format, words) in [
            ("text", "NOT RECORDED"),
            ("json", r#""reading_recorded":false"#),
            ("html", "NOT RECORDED"),
        ] {
            let arguments = [whom, &["--format", format]].concat();
            let output = report_of(report, &arguments, folder.path(), "");
            assert_eq!(output.status.code(), Some(0));
            assert!(text(&output.stdout).contains(words), "{report} {format}");
            assert!(text(&output.stderr).contains("NOT RECORDED"));
        }
    }
}

#[cfg(unix)]
fn reads(log: &Path) -> Vec<Value> {
    let read = fs::read_to_string(log.join("admin/00000000000000000000.jsonl")).unwrap();
    let records = read.lines().map(|line| serde_json::from_str(line).unwrap());
    records
        .filter(|record: &Value| record["_kind"] == "log_read")
        .collect()
}

#[cfg(unix)]
#[test]
fn the_record_of_a_report_names_whom_the_log_names_and_nobody_else_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    let arguments = [
        "--subject",
        "P-7",
        "--subject",
        "John Smith",
        "--format",
        "json",
    ];
    let output = program(&arguments, folder.path(), "");
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(report["reading_recorded"], true);
    let filter = json!({"format": "json", "not_found": 1, "subjects": ["P-7"], "to_file": false});
    assert_eq!(reads(folder.path())[0]["filter"], filter);
    assert_eq!(reads(folder.path())[0]["records"], 2);
}

#[cfg(unix)]
#[test]
fn the_record_of_a_report_holds_no_pseudonym_of_a_key_that_nobody_has() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    store(&logs, "[REDACTED:mrn]");
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, "preset = \"default\"\n[keys]\nmask = [\"mrn\"]\n").unwrap();
    let policy = policy.to_str().unwrap();
    for subject in ["11110007", "123-45-6789"] {
        let arguments = ["--subject", subject, "--policy", policy];
        let output = program(&arguments, &logs, "");
        assert!(text(&output.stdout).contains("do not say whom: 2"));
    }
    for read in reads(&logs) {
        assert_eq!(
            (&read["filter"]["subjects"], &read["filter"]["not_found"]),
            (&json!([]), &json!(1))
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_claimed_name_stands_beside_the_operating_systems_user() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), "P-7");
    program(&["--user", "usr_9", "--as", "mallory"], folder.path(), "");
    program(&["--user", "usr_9"], folder.path(), "");
    let reads = reads(folder.path());
    assert_eq!(
        (&reads[0]["actor"], &reads[0]["actor_asserted"]),
        (&json!("mallory"), &json!(true))
    );
    assert_eq!(reads[0]["process_user"], reads[1]["actor"]);
    assert_eq!(reads[1].get("process_user"), None);
}

#[test]
fn a_reports_days_and_shown_times_are_those_of_the_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("audit");
    let mut log = WrittenLog::create(&logs.join("healthcare"), 1);
    for (number, time) in ["2025-07-05T21:30:00.000000Z", "2025-07-05T22:30:00.250000Z"]
        .iter()
        .enumerate()
    {
        let mut members = call("conv_1", "get_patient", "success", 60 * (number as u32 + 1));
        members["subjects"] = json!(["P-7"]);
        members["timestamp"] = (*time).into();
        log.add("tool_call", &members);
    }
    let range = [
        "--from",
        "2025-07-06",
        "--to",
        "2025-07-06",
        "--time-zone",
        "Europe/Berlin",
    ];
    let shown = |report: &str, more: &[&str]| {
        let output = report_of(report, &[&range[..], more].concat(), &logs, "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let access = ["--subject", "P-7", "--format"];
    let of_patient = |format: &str| shown("access", &[&access[..], &[format]].concat());
    let written = of_patient("text");
    assert!(
        written
            .contains("from 2025-07-06T00:00:00.000000+02:00 to 2025-07-06T23:59:59.999999+02:00")
            && written.contains("  2025-07-06T00:30:00.250000+02:00  usr_9")
            && written.contains("1 accesses"),
        "{written}"
    );
    // Programs read one form, wherever the reader is.
    let report: Value = serde_json::from_str(&of_patient("json")).unwrap();
    assert_eq!(
        report["report_period"]["start"],
        "2025-07-05T22:00:00.000000Z"
    );
    assert_eq!(
        report["accesses"][0]["timestamp"],
        "2025-07-05T22:30:00.250000Z"
    );
    let page = of_patient("html");
    assert!(
        page.contains(
            "<time datetime=\"2025-07-05T22:30:00.250000Z\">2025-07-06 00:30:00.250+02:00</time>"
        ) && page.contains("When (Europe&#x2f;Berlin)"),
        "{page}"
    );
    let written = shown("summary", &["--format", "text"]);
    assert!(
        written.contains("first call 2025-07-06T00:30:00.250000+02:00")
            && written.contains("1 calls"),
        "{written}"
    );
    let page = shown("summary", &["--format", "html"]);
    assert!(
        page.contains("2025-07-06 00:30:00.250+02:00</time> Europe&#x2f;Berlin."),
        "{page}"
    );
}
