//! A second verifier, written from the format page alone in another language, agrees with ours.

// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

mod made_logs;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use made_logs::matrix::cases;
use made_logs::{LOG, MadeLog, OTHER_LOG, Writer};
use serde_json::{Value, json};
use tool_audit::log::segment;
use tool_audit::log::verify::{VerifyOptions, verify};

/// What the second verifier says and its exit status, or none where Python is missing.
fn second(folder: &Path, head: Option<&Path>) -> Option<(Value, i32)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(folder);
    if let Some(head) = head {
        command.arg("--head").arg(head);
    }
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: python3 is missing, so the second verifier was not run");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("Traceback"), "{errors}");
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Some((report, output.status.code().unwrap()))
}

/// Segment, line, `_seq` and name of each fault of a report, ours or the other.
fn faults(report: &Value) -> BTreeSet<(String, u64, Option<u64>, String)> {
    let logs = report["logs"].as_array().unwrap();
    let of_logs = logs
        .iter()
        .flat_map(|log| log["faults"].as_array().unwrap());
    let found: BTreeSet<_> = of_logs
        .chain(report["faults"].as_array().unwrap())
        .map(|fault| {
            (
                fault["segment"].as_str().unwrap_or_default().to_owned(),
                fault["line"].as_u64().unwrap_or_default(),
                fault["seq"].as_u64(),
                fault["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    found
}

/// The figures with which a report of one log ends.
fn figures(report: &Value) -> Vec<Value> {
    let log = &report["logs"][0];
    [
        "log",
        "intact",
        "records",
        "segments",
        "superseded",
        "first_seq",
        "last_seq",
        "last_hash",
        "lost_entries",
        "unknown_outcomes",
        "open_calls",
        "unknown_kinds",
        "damage_acknowledged",
        "uncovered",
    ]
    .map(|name| log[name].clone())
    .to_vec()
}

fn warnings(report: &Value) -> BTreeSet<String> {
    match &report["logs"][0]["warnings"] {
        Value::Object(counts) => counts.keys().cloned().collect(),
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| warning["kind"].as_str().unwrap().to_owned())
            .collect(),
    }
}

#[test]
fn both_verifiers_agree_on_every_good_and_every_tampered_log() {
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        case.log.write(&log);
        let lock = File::options()
            .write(true)
            .open(log.join(segment::LOCK))
            .unwrap();
        if case.held {
            lock.lock().unwrap();
        }
        let mut options = VerifyOptions::new();
        let mut head = None;
        if let Some(text) = &case.head {
            let path = folder.path().join("head");
            fs::write(&path, text).unwrap();
            options = options.head(text.parse().unwrap());
            head = Some(path);
        }
        let Some((second, status)) = second(&log, head.as_deref()) else {
            return;
        };
        let ours = serde_json::to_value(verify(&log, &options).unwrap()).unwrap();
        assert_eq!(faults(&ours), faults(&second), "{}", case.name);
        assert_eq!(figures(&ours), figures(&second), "{}", case.name);
        assert_eq!(warnings(&ours), warnings(&second), "{}", case.name);
        assert_eq!(ours["intact"], second["intact"], "{}", case.name);
        assert_eq!(
            status,
            i32::from(!second["intact"].as_bool().unwrap()),
            "{}",
            case.name
        );
    }
}

#[test]
fn both_verifiers_find_the_logs_of_a_store() {
    let store = tempfile::tempdir().unwrap();
    MadeLog::good(LOG).write(&store.path().join("a/general"));
    MadeLog::good(OTHER_LOG).write(&store.path().join("b/c/admin"));
    MadeLog::good(OTHER_LOG).write(&store.path().join("b/c/d/too_deep"));
    let Some((second, status)) = second(store.path(), None) else {
        return;
    };
    let ours = serde_json::to_value(verify(store.path(), &VerifyOptions::new()).unwrap()).unwrap();
    let folders = |report: &Value| -> Vec<Value> {
        report["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|log| log["folder"].clone())
            .collect()
    };
    assert_eq!(folders(&ours), folders(&second));
    assert_eq!(folders(&ours).len(), 2);
    assert_eq!(status, 0);
}

#[test]
fn both_verifiers_refuse_what_they_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let newer = folder.path().join("newer");
    let mut writer = Writer::new(LOG);
    let line = writer.record("log_created", &json!({"format": 2}));
    MadeLog {
        segments: vec![made_logs::Segment::new(0, vec![line])],
    }
    .write(&newer);
    for path in [&empty, &newer, &folder.path().join("missing")] {
        let Some((_, status)) = second(path, None) else {
            return;
        };
        assert_eq!(status, 2, "{}", path.display());
        assert!(verify(path, &VerifyOptions::new()).is_err());
    }
}

#[test]
fn both_verifiers_take_a_number_of_thousands_of_digits_for_damage() {
    let mut writer = Writer::new(LOG);
    let line = writer.record("log_created", &json!({}));
    let line = String::from_utf8(line).unwrap();
    let line = line.replace("\"_seq\":0", &format!("\"_seq\":{}", "9".repeat(5000)));
    let log = MadeLog {
        segments: vec![made_logs::Segment::new(0, vec![line.into_bytes()])],
    };
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    let ours = verify(folder.path(), &VerifyOptions::new()).unwrap();
    let Some((theirs, status)) = second(folder.path(), None) else {
        return;
    };
    assert_eq!(status, 1);
    assert_eq!(
        faults(&serde_json::to_value(&ours).unwrap()),
        faults(&theirs)
    );
}
