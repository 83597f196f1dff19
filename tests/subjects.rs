//! About whom a call is: from what is declared, from arguments and from results.

use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::sanitize::{Action, PseudonymKey, SanitizerBuilder};
use tool_audit::{AuditEntry, CallContext, MemorySink, Policy, Recorder, Sanitizer, ToolCall};

fn recorded(policy: Policy, sanitizer: Sanitizer, call: &ToolCall, answer: &Value) -> AuditEntry {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .sanitizer(sanitizer)
        .build();
    drop(recorder.start_call(call).success(answer));
    sink.entries().remove(0)
}

fn subjects(arguments: &Value, answer: &Value) -> Vec<String> {
    let call = ToolCall::new("t", arguments.clone());
    recorded(Policy::new(), Sanitizer::default(), &call, answer).subjects
}

fn with_key() -> Sanitizer {
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).unwrap();
    Sanitizer::builder().pseudonym_key(key).build().unwrap()
}

#[test]
fn subjects_come_from_arguments_and_results_at_any_depth_once_each() {
    let found = subjects(
        &json!({"patient_id": "P-1", "filter": {"patientIds": ["P-2", "P-1", 3]}, "order_id": "O-1"}),
        &json!({"rows": [{"patient_id": "P-2"}, {"chart": {"Patient-ID": "P-4"}}], "patient_id": null}),
    );
    assert_eq!(found, ["P-2", "P-1", "3", "P-4"]);
    assert!(
        subjects(
            &json!({"patient": "P-1", "patient_id_type": "x"}),
            &json!(["P-2"])
        )
        .is_empty()
    );
    assert!(
        subjects(
            &json!({"patient_id": ["", true, {"id": "P-1"}, ["P-2"]]}),
            &Value::Null
        )
        .is_empty()
    );
}

#[test]
fn a_search_that_returned_fifty_patients_names_fifty_subjects() {
    let rows: Vec<Value> = (0..50)
        .map(|at| json!({"patient_id": format!("P-{at}")}))
        .collect();
    let expected: Vec<String> = (0..50).map(|at| format!("P-{at}")).collect();
    assert_eq!(
        subjects(&json!({"ward": 3}), &json!({"rows": rows})),
        expected
    );
    // As an MCP tool answers: JSON in a text, in one item or in each.
    let text = serde_json::to_string(&rows).unwrap();
    let whole = json!({"content": [{"type": "text", "text": text}]});
    assert_eq!(subjects(&json!({}), &whole), expected);
    let items: Vec<Value> = rows
        .iter()
        .map(|row| json!({"type": "text", "text": row.to_string()}))
        .collect();
    assert_eq!(subjects(&json!({}), &json!({"content": items})), expected);
    assert_eq!(subjects(&json!(text), &Value::Null), expected);
}

#[test]
fn a_text_answer_that_is_json_names_subjects_too() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let texts = [
        r#" {"patient_id":"P-1"}"#,
        r#"{"id":"P-2"}"#,
        "patient_id: P-3",
    ];
    for text in texts {
        let recording = recorder.start_call(&ToolCall::new("t", Value::Null));
        drop(recording.finish(|outcome| {
            outcome.result_text(text);
        }));
    }
    let found: Vec<Vec<String>> = sink
        .entries()
        .into_iter()
        .map(|entry| entry.subjects)
        .collect();
    assert_eq!(found, [vec!["P-1".to_owned()], vec![], vec![]]);
}

#[test]
fn at_most_a_thousand_subjects_stand_in_a_record_and_it_says_so() {
    let rows = |count: usize| -> Value {
        (0..count)
            .map(|at| json!({"mrn": format!("MRN{at:06}")}))
            .collect()
    };
    let call = ToolCall::new("t", json!({}));
    let whole = recorded(Policy::new(), with_key(), &call, &rows(1000));
    assert_eq!(
        (whole.subjects.len(), whole.subjects_truncated),
        (1000, false)
    );
    assert!(
        whole
            .subjects
            .iter()
            .all(|subject| subject.starts_with("pn:mrn:k1:"))
    );
    let cut = recorded(Policy::new(), with_key(), &call, &rows(1001));
    assert_eq!((cut.subjects.len(), cut.subjects_truncated), (1000, true));
    let long = json!(format!("[{{\"mrn\":\"1\"}},\"{}\"]", "x".repeat(2_000_000)));
    let unread = recorded(Policy::new(), with_key(), &call, &long);
    assert_eq!(
        (unread.subjects.len(), unread.subjects_truncated),
        (0, true)
    );
}

#[test]
fn a_text_that_is_opened_for_subjects_is_whole_and_within_1_mib() {
    let mut text = r#"[{"mrn":"1"},""#.to_owned();
    let rest = 1024 * 1024 - text.len() - 2;
    text += &("x".repeat(rest) + "\"]");
    let call = ToolCall::new("t", json!({}));
    let found = |text: &str| {
        let answer = json!({"mrn": "2", "note": text});
        let entry = recorded(Policy::new(), with_key(), &call, &answer);
        (entry.subjects.len(), entry.subjects_truncated)
    };
    assert_eq!(found(&text), (2, false));
    assert_eq!(found(&text.replace("xx\"]", "xxx\"]")), (1, true));
    // Half of a text is none, and what names no member or is no JSON holds nobody.
    assert_eq!(found(&text[..text.len() - 1]), (1, false));
    assert_eq!(found(&text.replace("mrn", "nmr").repeat(2)), (1, false));
    assert_eq!(found(&("the mrn ".to_owned() + &text)), (1, false));
}

#[test]
fn at_most_56_kib_of_subjects_stand_in_a_record_and_it_says_so() {
    // With quotes and comma each takes 512 bytes.
    let long = |at: usize| {
        format!("{at:03} {}", "of a ward ".repeat(51))
            .split_at(509)
            .0
            .to_owned()
    };
    for (count, kept) in [(112, 112), (113, 112), (200, 112)] {
        let all: Vec<String> = (0..count).map(long).collect();
        let call = ToolCall::new("t", json!({"patient_id": all}));
        let entry = recorded(Policy::new(), Sanitizer::default(), &call, &Value::Null);
        assert_eq!(entry.subjects, all[..kept]);
        assert_eq!(entry.subjects_truncated, count > kept);
    }
}

#[test]
fn what_is_redacted_in_a_subject_counts_once_however_often_it_is_said() {
    let context = CallContext::default().subject("token=abc");
    let of = |context: CallContext| {
        let call = ToolCall::new("t", Value::Null).context(context);
        let entry = recorded(Policy::new(), Sanitizer::default(), &call, &Value::Null);
        (entry.subjects, entry.redactions)
    };
    let expected = (vec!["token=[REDACTED:token]".to_owned()], 1);
    assert_eq!(of(context.clone()), expected);
    assert_eq!(of(context.subject("token=abc")), expected);
}

#[test]
fn the_names_of_members_are_the_policys_and_may_be_none() {
    let call = ToolCall::new("t", json!({"patient_id": "P-1", "chartNo": 7}));
    let of = |policy: Policy| recorded(policy, Sanitizer::default(), &call, &Value::Null);
    assert_eq!(of(Policy::new()).subjects, ["P-1"]);
    assert_eq!(
        of(Policy::new().subject_members(["chart_no"])).subjects,
        ["7"]
    );
    let none = of(Policy::new().subject_members([""; 0]));
    assert!(none.subjects.is_empty() && none.purpose.is_none());
}

#[test]
fn a_subject_stands_as_the_sanitizer_writes_it_where_it_was_found() {
    let sanitizer = with_key();
    let call = ToolCall::new("t", json!({"mrn": "MRN-001234"}));
    let entry = recorded(
        Policy::new(),
        sanitizer.clone(),
        &call,
        &json!({"mrn": "mrn 001234"}),
    );
    assert_eq!(entry.arguments["mrn"], json!(entry.subjects[0]));
    assert!(
        entry
            .subjects
            .iter()
            .all(|subject| subject.starts_with("pn:mrn:k1:"))
    );

    let rules = |rules: fn(SanitizerBuilder) -> SanitizerBuilder| {
        let key = PseudonymKey::from_bytes("k1", &[7; 32]).unwrap();
        rules(Sanitizer::builder().pseudonym_key(key))
            .build()
            .unwrap()
    };
    let of_patient = json!({"patient_id": "P-771"});
    for person in [
        json!({"patient_id": "P-771", "ward": [{"patient_id": "P-772"}]}),
        json!({"ward": {"bed": [of_patient]}}),
        json!({"ward": {"note": of_patient.to_string()}}),
        json!(of_patient.to_string()),
        json!(json!({"ward": of_patient}).to_string()),
    ] {
        let call = ToolCall::new(
            "t",
            json!({"person": person, "zone": {"patient_id": "P-8"}}),
        );
        for (sanitizer, shown) in [
            (rules(|builder| builder.redact_key("person")), "P-8"),
            (
                rules(|builder| builder.path("arguments.person", Action::Redact)),
                "P-8",
            ),
            (
                rules(|builder| builder.redact_key("patient_id")),
                "[REDACTED:patient_id]",
            ),
        ] {
            let entry = recorded(Policy::new(), sanitizer, &call, &Value::Null);
            let json = entry.to_json();
            assert!(!json.contains("P-77"), "{json}");
            // Whoever stands beside what a rule covers is named.
            assert_eq!(entry.subjects, [shown], "{json}");
        }
    }
}

#[test]
fn a_place_with_a_rule_leaves_nobody_out_who_stands_behind_much_else() {
    let sanitizer = Sanitizer::builder().path("arguments.note", Action::Redact);
    let sanitizer = sanitizer.build().unwrap();
    // What the sanitizer leaves out of a very long list may name somebody.
    for (values, is_cut) in [(100, false), (7000, false), (10_000, true)] {
        let call = ToolCall::new("t", json!({"all": vec![7; values], "patient_id": "P-1"}));
        let entry = recorded(Policy::new(), sanitizer.clone(), &call, &Value::Null);
        assert_eq!(entry.subjects.len(), usize::from(!is_cut));
        assert_eq!(entry.subjects_truncated, is_cut);
    }
}

#[test]
fn a_rule_for_a_place_holds_for_no_subject_of_the_same_name_elsewhere() {
    let sanitizer = Sanitizer::builder().path("arguments.patient_id", Action::Redact);
    let call = ToolCall::new("t", json!({"zone": {"patient_id": "P-8"}}));
    let sanitizer = sanitizer.build().unwrap();
    let entry = recorded(Policy::new(), sanitizer.clone(), &call, &Value::Null);
    assert_eq!(entry.subjects, ["P-8"]);
    let in_text = ToolCall::new("t", json!({"text": call.arguments.to_string()}));
    let entry = recorded(Policy::new(), sanitizer, &in_text, &Value::Null);
    assert_eq!(entry.subjects, ["P-8"]);
}

#[test]
fn ten_thousand_values_are_looked_through_and_a_record_says_where_there_are_more() {
    // The list, the object and what is in it are values too.
    for (values, is_found, is_cut) in [(9997, true, false), (9998, true, true), (9999, false, true)]
    {
        let mut all = vec![json!(7); values];
        all.push(json!({"patient_id": "P-1"}));
        let call = ToolCall::new("t", json!({}));
        let entry = recorded(Policy::new(), Sanitizer::default(), &call, &json!(all));
        assert_eq!(entry.subjects.len(), usize::from(is_found), "{values}");
        assert_eq!(entry.subjects_truncated, is_cut, "{values}");
    }
}

#[test]
fn what_lies_deeper_than_64_levels_is_said_to_be_missing() {
    let around = |innermost: Value, depth: usize| {
        let nested = (0..depth).fold(innermost, |inner, _| json!([inner]));
        let call = ToolCall::new("t", json!({}));
        let entry = recorded(Policy::new(), Sanitizer::default(), &call, &nested);
        (entry.subjects.len(), entry.subjects_truncated)
    };
    let patient = || json!({"patient_id": "P-1"});
    assert_eq!(around(patient(), 64), (1, false));
    assert_eq!(around(patient(), 65), (0, true));
    assert_eq!(around(patient(), 66), (0, true));
    assert_eq!(around(json!(7), 65), (0, false));
}

#[test]
fn a_record_says_that_arguments_were_cut_only_where_subjects_are_looked_for() {
    let is_cut = |policy: Policy| {
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        drop(recorder.start(|call| {
            call.arguments_are_cut();
        }));
        sink.entries().remove(0).subjects_truncated
    };
    assert!(is_cut(Policy::new()));
    assert!(!is_cut(Policy::new().subject_members([""; 0])));
}

#[test]
fn purpose_is_unspecified_where_a_subject_is_there_and_nobody_said() {
    let purpose = |context: CallContext, answer: Value| {
        let call = ToolCall::new("t", json!({})).context(context);
        recorded(Policy::new(), Sanitizer::default(), &call, &answer).purpose
    };
    let patient = json!({"patient_id": "P-1"});
    assert_eq!(purpose(CallContext::default(), json!({})), None);
    assert_eq!(
        purpose(CallContext::default(), patient.clone()).as_deref(),
        Some("unspecified")
    );
    let treatment = CallContext::default().purpose("treatment");
    assert_eq!(purpose(treatment, patient).as_deref(), Some("treatment"));
}

proptest! {
    #[test]
    fn every_subject_of_a_tree_is_found_however_it_is_nested(
        ids in prop::collection::vec("[A-Z]{2}-[0-9]{1,4}", 0..40),
        shapes in prop::collection::vec(0..5_u8, 40),
    ) {
        let mut expected: Vec<String> = Vec::new();
        let (mut answer, mut depth) = (json!({}), 0);
        for (id, shape) in ids.iter().zip(shapes) {
            // What lies very deep is not looked through either, and the record says so.
            if depth > 56 { break; }
            // A text in a text grows to twice its length each time, and what is very long is not looked through.
            let shape = if answer.to_string().len() > 8192 { 0 } else { shape };
            answer = match shape {
                0 => json!({"patient_id": id, "rest": answer}),
                1 => json!([{"patientId": id}, answer]),
                2 => json!({"a": [[{"x": {"PATIENT_ID": id}}]], "b": answer}),
                3 => json!({"patient_ids": [id], "text": answer.to_string()}),
                _ => json!({"rows": [answer], "mrn_note": "none", "patient_id": id}),
            };
            depth += if shape < 3 { 1 } else { 2 };
            if !expected.contains(id) { expected.push(id.clone()); }
        }
        let mut found = subjects(&json!({}), &answer);
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}
