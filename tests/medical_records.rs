//! The example of an assistant for medical records, held to what it says.
#![cfg(unix)]

#[allow(dead_code)]
#[path = "../examples/medical_records.rs"]
mod example;

use std::fs;
use std::path::{Path, PathBuf};

use example::Assistant;
use tool_audit::query::{Filter, Record, scan};
use tool_audit::report::Basis;

async fn worked(folder: &Path) -> Assistant {
    let assistant = Assistant::new(folder).unwrap();
    assistant.work().await.unwrap();
    assistant
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[tokio::test]
async fn break_glass_is_on_record_as_an_alert_until_somebody_looks_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(folder.path()).await;
    let unreviewed: Vec<Record> = scan(&assistant.store, &Filter::new().unreviewed())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let kinds: Vec<&str> = unreviewed.iter().map(Record::kind).collect();
    assert_eq!(kinds, ["tool_call_started", "alert", "tool_call"]);
    assert!(unreviewed[1].folder().ends_with("healthcare"));
    assert!(unreviewed[1].line().contains(r#""rule":"break-glass""#));
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[tokio::test]
async fn no_name_and_no_number_of_a_patient_stands_in_any_file_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(folder.path()).await;
    let files = files(&assistant.store);
    assert!(files.len() >= 3, "{files:?}");
    let mut text = String::new();
    for file in files {
        text.push_str(&fs::read_to_string(file).unwrap());
    }
    for number in 0..50 {
        let (ssn, phone, mrn) = (
            example::ssn(number),
            example::phone(number),
            example::mrn(number),
        );
        for identifying in [
            example::name(number),
            example::birth_date(number),
            example::address(number),
            digits(&ssn),
            digits(&phone),
            digits(&mrn),
            ssn,
            phone,
            mrn,
        ] {
            assert!(!text.contains(&identifying), "{identifying}");
        }
    }
    for pseudonym in [
        "pn:mrn:k2025:",
        "pn:patient_name:k2025:",
        "pn:ssn:k2025:",
        "pn:phone:k2025:",
        "pn:address:k2025:",
    ] {
        assert!(text.contains(pseudonym), "{pseudonym}");
    }
    assert!(!text.contains("side effects"));
}

#[tokio::test]
async fn the_report_tells_who_saw_the_patient_by_any_identifier_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(folder.path()).await;
    let report = assistant
        .generate_access_report("P-0007", None, None)
        .unwrap();
    let accesses: Vec<(&str, &str, &str, bool)> = report
        .accesses
        .iter()
        .map(|one| {
            (
                one.accessed_by.as_str(),
                one.tool.as_str(),
                one.purpose.as_str(),
                one.emergency,
            )
        })
        .collect();
    assert_eq!(
        accesses,
        [
            ("dr_noether", "get_patient", "TREAT", false),
            ("dr_noether", "update_treatment", "TREAT", false),
            ("nurse_lund", "search_patients", "TREAT", false),
            ("clerk_may", "get_patient", "HPAYMT", false),
            ("dr_franklin", "get_patient", "ETREAT", true),
        ]
    );
    assert!(
        report.accesses[0]
            .data_viewed
            .contains(&"diagnosis".to_owned())
    );
    assert_eq!((report.unique_users, report.not_attributable), (4, 1));
    assert!(report.integrity_verified, "{report}");
    assert_eq!(report.integrity.basis, Basis::Head);
    let read = Filter::new().kind("log_read");
    let read: Vec<Record> = scan(&assistant.store, &read)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.len(), 1, "that somebody asked is on record");
    assert!(
        read[0]
            .line()
            .contains(r#""verb":"generate_access_report""#)
    );
    assert!(read[0].line().contains(r#""records":5"#));
    // By the record number in clear, as its pseudonym stands in the log.
    let by_number = assistant
        .generate_access_report(&example::mrn(7), None, None)
        .unwrap();
    assert_eq!(by_number.total_accesses, 4);
}

#[tokio::test]
async fn a_search_over_fifty_patients_is_in_fifty_reports() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(folder.path()).await;
    for number in 0..50 {
        let patient = format!("P-{number:04}");
        let report = assistant
            .generate_access_report(&patient, None, None)
            .unwrap();
        let searches = report
            .accesses
            .iter()
            .filter(|one| one.tool == "search_patients");
        assert_eq!(searches.count(), 1, "{patient}");
    }
}

#[tokio::test]
async fn every_record_about_a_patient_is_kept_for_six_calendar_years() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(folder.path()).await;
    let calls = scan(&assistant.store, &Filter::new().kind("tool_call")).unwrap();
    let calls: Vec<Record> = calls.map(Result::unwrap).collect();
    assert_eq!(calls.len(), 6);
    for record in calls {
        let entry = record.entry().unwrap();
        let year = |text: &str| text[..4].parse::<i32>().unwrap();
        let until = entry.retain_until.unwrap();
        assert_eq!(entry.retention_class, "healthcare");
        assert!(year(&until) - year(&entry.timestamp) >= 6, "{until}");
        assert!(until[4..] >= entry.timestamp[4..10], "{until}");
    }
}

#[tokio::test]
async fn whatever_is_changed_in_the_store_turns_the_verdict_false() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = worked(&folder.path().join("clinic")).await;
    let verified = || {
        let report = assistant
            .generate_access_report("P-0007", None, None)
            .unwrap();
        report.integrity_verified
    };
    assert!(verified());
    let segment = assistant
        .store
        .join("healthcare/00000000000000000000.jsonl");
    let whole = fs::read(&segment).unwrap();
    for at in (0..whole.len()).step_by(197) {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        fs::write(&segment, changed).unwrap();
        assert!(!verified(), "byte {at}");
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    for gone in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(gone);
        fs::write(&segment, left.concat()).unwrap();
        assert!(!verified(), "record {gone}");
    }
    fs::write(&segment, &whole).unwrap();
    assert!(verified());
    let aside = folder.path().join("aside");
    fs::rename(assistant.store.join("healthcare"), aside).unwrap();
    assert!(!verified(), "the class's folder");
}

#[test]
fn the_example_runs_to_its_end() {
    example::main().unwrap();
}
