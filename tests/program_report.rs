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
    for (number, tool) in [(1, "get_patient"), (2, "=cmd()\u{1b}[31m")] {
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
    assert!(of("csv").contains(",'=cmd()"));
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
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
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
            r#""filter":{"from":"2025-07-01T00:00:00.000000Z","to":"2025-07-31T23:59:59.999999Z"}"#
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
