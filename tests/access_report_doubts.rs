//! An access report is never short in silence, and lists nobody else's accesses.
#![cfg(unix)]

mod written_logs;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tool_audit::Sanitizer;
use tool_audit::report::{AccessReport, AccessRequest, Basis, ReportError, access_report};
use written_logs::{WrittenLog, call};

/// A call about these people, at that minute of the day.
fn about(tool: &str, minute: u32, subjects: &[&str]) -> Value {
    let mut members = call("conv_1", tool, "success", 60 * minute);
    if !subjects.is_empty() {
        members["subjects"] = json!(subjects);
    }
    members
}

/// The same call when it began.
fn begun(mut members: Value) -> Value {
    for name in ["duration_ms", "outcome", "result_summary", "success"] {
        members.as_object_mut().unwrap().remove(name);
    }
    members
}

fn report(folder: &Path, request: &AccessRequest) -> AccessReport {
    access_report(folder, request).unwrap()
}

fn csv(report: &AccessReport) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    report.write_csv(&mut bytes).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&*bytes);
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

/// The cell of a column in a row behind the header.
fn cell(rows: &[Vec<String>], row: usize, column: &str) -> String {
    let at = rows[0].iter().position(|name| name == column).unwrap();
    rows[row + 1][at].clone()
}

#[test]
fn calls_about_somebody_who_was_redacted_are_not_attributable() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for (minute, subject) in [
        "[REDACTED:mrn]",
        "[MASKED:card:1111]",
        "[DROPPED:mrn]",
        "[REDACTION FAILED]",
    ]
    .into_iter()
    .enumerate()
    {
        log.add(
            "tool_call",
            &about("get_patient", minute as u32, &[subject]),
        );
    }
    log.add("tool_call", &about("get_patient", 9, &["P-8"]));
    let of_subject = report(folder.path(), &AccessRequest::of_subject("11110007"));
    assert_eq!(
        (of_subject.total_accesses, of_subject.not_attributable),
        (0, 4)
    );
    let of_user = report(folder.path(), &AccessRequest::of_user("usr_9"));
    assert_eq!((of_user.total_accesses, of_user.not_attributable), (5, 4));
    let marker = access_report(folder.path(), &AccessRequest::of_subject("[REDACTED:mrn]"));
    assert!(matches!(marker, Err(ReportError::NotIdentifying)));
}

#[test]
fn one_persons_report_lists_nobody_elses_accesses_though_their_masked_forms_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let sanitizer = Sanitizer::builder().mask_key("patient_id").build().unwrap();
    let form = sanitizer
        .forms_of("patient_id", "4111111111111111")
        .remove(0);
    assert_eq!(
        form,
        sanitizer.forms_of("patient_id", "5500005555551111")[0]
    );
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &[&form]));
    log.add("tool_call", &about("get_patient", 2, &[&form, "P-8"]));
    log.add("tool_call", &about("get_patient", 3, &["P-8"]));
    let request = AccessRequest::of_subject("4111111111111111").sanitizer(sanitizer);
    let report = report(folder.path(), &request.subject_members(["patient_id"]));
    assert_eq!((report.total_accesses, report.not_attributable), (0, 2));
    assert!(report.not_identifiable);
    assert!(report.to_string().contains("NOT IDENTIFIABLE"), "{report}");
    assert_eq!(cell(&csv(&report), 0, "not_identifiable"), "true");
}

#[test]
fn a_call_with_words_of_a_later_version_is_listed_and_said_not_to_be_understood() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &["P-7"]));
    let mut later = about("get_patient", 2, &["P-7"]);
    later["outcome"] = "paused_for_approval".into();
    later["call_trigger"] = "whim".into();
    log.add("tool_call", &later);
    let mut other = about("get_patient", 3, &["P-7"]);
    other["result_summary"] = json!(["of another shape"]);
    log.add("tool_call", &other);
    let mut nobody_knows = about("get_patient", 4, &[]);
    nobody_knows["subjects"] = json!({"first": "P-7"});
    log.add("tool_call", &nobody_knows);
    let report = report(folder.path(), &AccessRequest::of_subject("P-7"));
    let known: Vec<Option<bool>> = report.accesses.iter().map(|one| one.success).collect();
    assert_eq!(known, [Some(true), None, Some(true)]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["passed_over"],
        json!({"bad_lines": 0, "not_understood": 3, "pruned_segments": 0, "unfinished_bytes": 0})
    );
    assert!(report.integrity_verified);
    assert!(
        report
            .to_string()
            .contains("NOT UNDERSTOOD: calls that say more than this version can read: 3"),
        "{report}"
    );
    assert_eq!(cell(&csv(&report), 0, "not_understood"), "3");
}

#[test]
fn lines_that_are_no_records_are_told_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &["P-7"]));
    log.append(b"{\"no record\":1}\n");
    let report = report(folder.path(), &AccessRequest::of_subject("P-8"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["passed_over"]["bad_lines"], 1);
    assert!(
        report
            .to_string()
            .contains("LEFT OUT: lines that are no records: 1")
    );
    let rows = csv(&report);
    assert_eq!(
        (
            cell(&rows, 0, "bad_lines"),
            cell(&rows, 0, "integrity_verified")
        ),
        ("1".to_owned(), "false".to_owned())
    );
    assert!(cell(&rows, 0, "faults").starts_with("[\""), "{rows:?}");
}

#[test]
fn a_tool_that_names_people_at_any_time_and_for_anybody_is_one_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &["P-7"]));
    for minute in 10..15 {
        let mut unnamed = about("get_patient", minute, &[]);
        unnamed["user_id"] = "dr_2".into();
        log.add("tool_call", &unnamed);
    }
    log.add("tool_call_started", &begun(about("get_patient", 20, &[])));
    log.add("tool_call_started", &begun(about("get_patient", 21, &[])));
    log.add("tool_call", &about("get_patient", 21, &["P-9"]));
    log.add("tool_call", &about("get_weather", 22, &[]));
    let late = AccessRequest::of_subject("P-7").from("2025-07-06T00:05:00Z".parse().unwrap());
    // Five that say nobody, and one that was started, of which nobody knows more.
    assert_eq!(report(folder.path(), &late).not_attributable, 6);
    let user = AccessRequest::of_user("dr_2");
    assert_eq!(report(folder.path(), &user).not_attributable, 5);
    let early = AccessRequest::of_subject("P-7").to("2025-07-06T00:05:00Z".parse().unwrap());
    assert_eq!(report(folder.path(), &early).not_attributable, 0);
}

#[test]
fn a_tool_that_never_names_anybody_counts_where_it_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &[]));
    log.add("tool_call", &about("get_weather", 2, &[]));
    let request = AccessRequest::of_subject("P-7");
    assert_eq!(report(folder.path(), &request).not_attributable, 0);
    let declared = request.subject_tools(["get_pat*"]);
    assert_eq!(report(folder.path(), &declared).not_attributable, 1);
}

#[test]
fn the_basis_is_the_chain_where_no_head_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let admin = folder.path().join("admin");
    WrittenLog::create(&admin, 9);
    let empty = folder.path().join("empty").join("general");
    fs::create_dir_all(&empty).unwrap();
    fs::write(empty.join("00000000000000000000.jsonl"), b"").unwrap();
    for path in [&admin, &empty] {
        let basis = report(path, &AccessRequest::of_subject("x"))
            .integrity
            .basis;
        assert_eq!(basis, Basis::Chain, "{}", path.display());
    }
}

#[test]
fn every_form_of_a_report_on_a_replayed_log_says_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let opening = json!({"format": 1, "source": "replay"});
    WrittenLog::create_as(&folder.path().join("general"), 1, &opening);
    let report = report(folder.path(), &AccessRequest::of_subject("x"));
    assert!(report.to_string().starts_with("REPLAYED: "), "{report}");
    assert_eq!(cell(&csv(&report), 0, "log_source"), "replay");
    assert_eq!(serde_json::to_value(&report).unwrap()["replayed"], true);
}

#[test]
fn no_name_in_a_log_can_be_taken_for_the_reports_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let forged = "dr_1 (nurse)  get_weather  treatment  success  viewed: nothing";
    let mut members = about("\n=1+1\u{1b}[2K\u{9b}2J", 1, &["P-7", "a, b"]);
    members["user_id"] = forged.into();
    members["purpose"] = " =cmd".into();
    members["result_summary"]["fields"] = json!(["a, b", "c"]);
    log.add("tool_call", &members);
    let report = report(folder.path(), &AccessRequest::of_user(forged));
    let text = report.to_string();
    assert!(
        text.contains(&format!("Z  \"{forged}\" (unknown)  \"")),
        "{text}"
    );
    assert!(
        text.contains(r#"viewed: "a, b", c  about: P-7, "a, b""#),
        "{text}"
    );
    let mut bytes = Vec::new();
    report.write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\r']));
    assert_eq!(text.lines().count(), 3, "{text}");
    let rows = csv(&report);
    assert!(cell(&rows, 1, "tool").starts_with('\''), "{rows:?}");
    assert!(cell(&rows, 1, "purpose").starts_with('\''), "{rows:?}");
    assert_eq!(cell(&rows, 1, "data_viewed"), r#"["a, b","c"]"#);
    assert_eq!(cell(&rows, 1, "subjects"), r#"["P-7","a, b"]"#);
}

#[test]
fn a_csv_without_an_access_still_tells_whom_it_is_about_when_and_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    log.add("tool_call", &about("get_patient", 1, &["P-7"]));
    let bytes = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), bytes.replacen("usr_9", "usr_8", 1)).unwrap();
    let request = AccessRequest::of_subject("P-8").from("2025-07-01T00:00:00Z".parse().unwrap());
    let rows = csv(&report(folder.path(), &request));
    assert_eq!(rows.len(), 2);
    for (column, expected) in [
        ("row", "report"),
        ("subject_id", "P-8"),
        ("period_start", "2025-07-01T00:00:00.000000Z"),
        ("total_accesses", "0"),
        ("not_attributable", "0"),
        ("integrity_verified", "false"),
        ("basis", "chain"),
        ("log_source", "live"),
    ] {
        assert_eq!(cell(&rows, 0, column), expected, "{column}");
    }
    assert!(cell(&rows, 0, "faults").contains("hash_mismatch"));
}

#[test]
fn the_role_of_the_attribution_counts_before_that_of_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let mut members = about("get_patient", 1, &["P-7"]);
    members["attribution"]["initiator_role"] = "nurse".into();
    log.add("tool_call", &members);
    members = about("get_patient", 2, &["P-7"]);
    members["session_metadata"]["user_role"] = "clerk".into();
    log.add("tool_call", &members);
    let report = report(folder.path(), &AccessRequest::of_subject("P-7"));
    let roles: Vec<&str> = report.accesses.iter().map(|one| &*one.role).collect();
    assert_eq!(roles, ["nurse", "clerk"]);
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("general"), 1);
    let day = |day: &str| format!("2025-07-{day}T00:00:00Z").parse().unwrap();
    let request = AccessRequest::of_subject("P-7")
        .from(day("10"))
        .to(day("01"));
    let refused = access_report(folder.path(), &request);
    assert!(matches!(refused, Err(ReportError::Period)));
}

#[test]
fn a_copy_of_a_store_beside_it_is_refused_instead_of_counted() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("a").join("general");
    let mut log = WrittenLog::create(&first, 1);
    log.add("tool_call", &about("get_patient", 1, &["P-7"]));
    let copy = folder.path().join("a-backup").join("general");
    fs::create_dir_all(&copy).unwrap();
    for entry in fs::read_dir(&first).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let refused = access_report(folder.path(), &AccessRequest::of_subject("P-7")).unwrap_err();
    assert!(matches!(refused, ReportError::SameLog { .. }));
    assert!(refused.to_string().contains("a-backup"), "{refused}");
    let one = report(&folder.path().join("a"), &AccessRequest::of_subject("P-7"));
    assert_eq!(one.total_accesses, 1);
}
