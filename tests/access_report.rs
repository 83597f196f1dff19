//! Who saw whose records, and whether that is what was written.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tool_audit::log::verify::Head;
use tool_audit::query::QueryError;
use tool_audit::report::{AccessReport, AccessRequest, Basis, ReportError, access_report};
use tool_audit::sanitize::PseudonymKey;
use tool_audit::{
    CallContext, Emergency, HashChainSink, Outcome, Policy, Recorder, RetentionClass, Sanitizer,
    ToolCall,
};

fn key(id: &str, byte: u8) -> PseudonymKey {
    PseudonymKey::from_bytes(id, &[byte; 32]).unwrap()
}

fn sanitizer() -> Sanitizer {
    Sanitizer::builder()
        .pseudonym_key(key("k1", 7))
        .build()
        .unwrap()
}

/// A store with two classes beside `general`, written by `calls`, with its heads.
fn store(
    folder: &Path,
    sanitizer: Sanitizer,
    calls: impl FnOnce(&Recorder),
) -> (PathBuf, Vec<Head>) {
    let path = folder.join("audit");
    let heads = folder.join("heads");
    fs::create_dir_all(&heads).unwrap();
    let sink = HashChainSink::builder(&path)
        .head(heads.join("audit.head"))
        .build()
        .unwrap();
    let policy = Policy::new()
        .intent(["started"])
        .class(
            RetentionClass::new("healthcare")
                .days(2192)
                .tools(["get_patient", "search_patients"]),
        )
        .class(
            RetentionClass::new("financial")
                .days(2557)
                .tools(["charge"]),
        );
    let recorder = Recorder::builder(sink)
        .sanitizer(sanitizer)
        .policy(policy)
        .build();
    calls(&recorder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(recorder.close()).unwrap();
    (path, Head::read_all(&heads.join("audit.head")).unwrap())
}

fn call(tool: &str, user: &str, arguments: Value) -> ToolCall {
    let context = CallContext::new("conv_1", user)
        .role("physician")
        .purpose("treatment");
    ToolCall::new(tool, arguments).context(context)
}

fn few_calls(recorder: &Recorder) {
    let patient = call("get_patient", "dr_9", json!({"patient_id": "P-1"}));
    drop(
        recorder
            .start_call(&patient)
            .success(&json!({"name": "x", "blood": {"type": "0"}})),
    );
    let rows: Vec<Value> = (0..50)
        .map(|at| json!({"patient_id": format!("P-{at}")}))
        .collect();
    let search = call("search_patients", "nurse_2", json!({"ward": 3}));
    drop(recorder.start_call(&search).success(&json!({"rows": rows})));
    drop(recorder.start_call(&search).success(&json!({"rows": []})));
    let mut charge = call(
        "charge",
        "clerk_3",
        json!({"patient_id": "P-1", "amount": 5}),
    );
    charge.context = std::sync::Arc::new({
        let mut context = CallContext::new("conv_2", "clerk_3");
        context.emergency = Some(Emergency::new("arrest", "clerk_3"));
        context
    });
    drop(recorder.start_call(&charge).finish(|outcome| {
        outcome.outcome(Outcome::Denied);
    }));
    drop(
        recorder
            .start_call(&call("get_weather", "dr_9", json!({})))
            .success(&json!({})),
    );
}

fn report(path: &Path, request: &AccessRequest) -> AccessReport {
    access_report(path, request).unwrap()
}

#[test]
fn a_report_names_who_saw_a_person_with_what_tool_and_what_for() {
    let folder = tempfile::tempdir().unwrap();
    let (path, heads) = store(folder.path(), sanitizer(), few_calls);
    let request = AccessRequest::of_subject("P-1").heads(heads);
    let report = report(&path, &request);
    let json = serde_json::to_value(&report).unwrap();
    let mut accesses = json["accesses"].as_array().unwrap().clone();
    for access in &mut accesses {
        assert!(
            access
                .as_object_mut()
                .unwrap()
                .remove("timestamp")
                .is_some()
        );
    }
    assert_eq!(
        accesses,
        [
            json!({"accessed_by": "dr_9", "role": "physician", "tool": "get_patient", "purpose": "treatment",
                "success": true, "emergency": false, "data_viewed": ["blood", "blood.type", "name"]}),
            json!({"accessed_by": "nurse_2", "role": "physician", "tool": "search_patients", "purpose": "treatment",
                "success": true, "emergency": false, "data_viewed": ["rows", "rows.patient_id"]}),
            json!({"accessed_by": "clerk_3", "role": "unknown", "tool": "charge", "purpose": "unspecified",
                "success": false, "emergency": true, "data_viewed": []}),
        ]
    );
    assert_eq!(
        (
            &json["subject_id"],
            &json["total_accesses"],
            &json["unique_users"]
        ),
        (&json!("P-1"), &json!(3), &json!(3))
    );
    // The search that gave nobody; the weather is no tool that names anybody.
    assert_eq!(json["not_attributable"], 1);
    assert_eq!(json["integrity_verified"], true);
    assert_eq!(report.integrity.basis, Basis::Head);
    assert_eq!(
        json["integrity"]["logs"],
        json!(["financial", "general", "healthcare"])
    );
    assert_eq!(
        json["integrity"]["from_seq"],
        json!({"financial": 0, "general": 0, "healthcare": 0})
    );
    assert_eq!(json["integrity"]["faults"], json!([]));
    assert!(
        report
            .to_string()
            .contains("Integrity: VERIFIED (basis: head)"),
        "{report}"
    );
    let mut csv = Vec::new();
    report.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 5);
    let last = csv.lines().nth(4).unwrap();
    assert!(
        last.contains(",clerk_3,unknown,charge,unspecified,false,true,[],,true,live,"),
        "{csv}"
    );
}

#[test]
fn a_search_over_fifty_people_is_in_fifty_reports() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store(folder.path(), sanitizer(), few_calls);
    for at in 0..50 {
        let report = report(&path, &AccessRequest::of_subject(format!("P-{at}")));
        let searches = report
            .accesses
            .iter()
            .filter(|access| access.tool == "search_patients");
        assert_eq!(searches.count(), 1, "P-{at}");
    }
    assert_eq!(
        report(&path, &AccessRequest::of_subject("P-50")).total_accesses,
        0
    );
}

#[test]
fn a_report_on_a_user_tells_what_that_user_saw_and_of_whom() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store(folder.path(), sanitizer(), few_calls);
    let report = report(&path, &AccessRequest::of_user("dr_9"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        (&json["user_id"], json.get("subject_id")),
        (&json!("dr_9"), None)
    );
    let tools: Vec<&str> = report
        .accesses
        .iter()
        .map(|access| access.tool.as_str())
        .collect();
    assert_eq!(tools, ["get_patient", "get_weather"]);
    assert_eq!(json["accesses"][0]["subjects"], json!(["P-1"]));
    assert_eq!(report.not_attributable, 0);
}

#[test]
fn the_period_is_inclusive_and_stands_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store(folder.path(), sanitizer(), few_calls);
    let all = report(&path, &AccessRequest::of_subject("P-1"));
    let at = |access: usize| all.accesses[access].timestamp.parse().unwrap();
    let request = AccessRequest::of_subject("P-1").from(at(1)).to(at(1));
    let one = report(&path, &request);
    assert_eq!(one.accesses, [all.accesses[1].clone()]);
    assert_eq!(
        one.report_period.start.as_deref(),
        Some(all.accesses[1].timestamp.as_str())
    );
    assert!(all.report_period.start.is_none());
}

#[test]
fn an_identifier_in_clear_is_found_under_the_pseudonyms_of_old_and_new_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mrn = |recorder: &Recorder| {
        let seen = call("get_patient", "dr_9", json!({"mrn": "MRN-001234"}));
        drop(
            recorder
                .start_call(&seen)
                .success(&json!({"ssn": "123-45-6789"})),
        );
    };
    let (old, _) = store(&folder.path().join("old"), sanitizer(), mrn);
    let keys = || Sanitizer::builder().pseudonym_key(key("k2", 8));
    let (new, _) = store(&folder.path().join("new"), keys().build().unwrap(), mrn);
    let both = keys().old_pseudonym_key(key("k1", 7)).build().unwrap();
    for path in [&old, &new] {
        let clear = report(path, &AccessRequest::of_subject("MRN-001234"));
        assert_eq!(clear.total_accesses, 0);
        let request = AccessRequest::of_subject("P-9")
            .identifier("MRN-001234")
            .sanitizer(both.clone());
        assert_eq!(
            report(path, &request).total_accesses,
            1,
            "{}",
            path.display()
        );
    }
    let request = AccessRequest::of_subject("MRN-001234").sanitizer(both);
    assert_eq!(report(folder.path(), &request).total_accesses, 2);
}

#[test]
fn a_started_call_without_an_end_counts_as_an_access_of_unknown_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::in_memory();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().intent_for_all())
        .build();
    let seen = call("get_patient", "dr_9", json!({"patient_id": "P-1"}));
    let running = recorder.start_call(&seen);
    drop(recorder.start_call(&seen).success(&json!({})));
    sink.to_folder(&path).unwrap();
    let report = report(&path, &AccessRequest::of_subject("P-1"));
    let known: Vec<Option<bool>> = report
        .accesses
        .iter()
        .map(|access| access.success)
        .collect();
    assert_eq!(known, [None, Some(true)]);
    drop(running);
}

/// A byte of each member's name and one of its value, of those too that stand deeper, and the line feed.
fn places(line: &str) -> Vec<usize> {
    let members = line.match_indices("\":").map(|(at, _)| at);
    let mut places: Vec<usize> = members
        .flat_map(|colon| [colon - 1, colon + 2])
        .filter(|at| *at < line.len())
        .collect();
    places.push(line.len() - 1);
    places
}

#[test]
fn any_changed_byte_any_missing_record_and_any_missing_log_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (path, heads) = store(folder.path(), sanitizer(), few_calls);
    let request = AccessRequest::of_subject("P-1").heads(heads);
    let verified = |what: &str| {
        let report = match access_report(&path, &request) {
            // A format's number that was made a later one: there is no report at all.
            Err(ReportError::Query(QueryError::NewerFormat { .. })) => return false,
            report => report.unwrap(),
        };
        assert_eq!(
            report.integrity_verified,
            report.integrity.faults.is_empty(),
            "{what}"
        );
        report.integrity_verified
    };
    assert!(verified("untouched"));
    for class in ["general", "healthcare", "financial"] {
        let segment = path.join(class).join("00000000000000000000.jsonl");
        let whole = fs::read(&segment).unwrap();
        let text = std::str::from_utf8(&whole).unwrap();
        let mut begin = 0;
        for line in text.split_inclusive('\n') {
            for at in places(line) {
                let mut changed = whole.clone();
                changed[begin + at] ^= 1 << (at % 7);
                fs::write(&segment, &changed).unwrap();
                assert!(!verified(&format!("byte {at} of {line}")));
            }
            begin += line.len();
        }
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        for gone in 0..lines.len() {
            let mut left = lines.clone();
            left.remove(gone);
            fs::write(&segment, left.concat()).unwrap();
            assert!(!verified(&format!("record {gone} of {class}")));
        }
        fs::write(&segment, &whole).unwrap();
        let aside = folder.path().join("aside");
        fs::rename(path.join(class), &aside).unwrap();
        assert!(!verified(&format!("the folder of {class}")));
        let without = access_report(&path, &AccessRequest::of_subject("P-1")).unwrap();
        assert!(
            without.integrity_verified,
            "without a head nothing tells of a log that is gone"
        );
        let words = without.integrity.not_covered.join("\n");
        assert!(words.contains("removal of a whole log"), "{words}");
        fs::rename(&aside, path.join(class)).unwrap();
    }
    assert!(verified("put back"));
}

#[test]
fn a_request_that_names_nobody_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store(folder.path(), sanitizer(), few_calls);
    assert!(access_report(&path, &AccessRequest::of_subject("")).is_err());
    let debug = format!("{:?}", AccessRequest::of_subject("MRN-001234"));
    assert!(!debug.contains("001234"), "{debug}");
}
