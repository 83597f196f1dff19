//! What a record keeps of an answer (FORMAT section 5).

mod common;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tool_audit::{
    AuditEntry, MemorySink, Outcome, OutcomeBuilder, Policy, Recorder, Results, Sanitizer,
};

use common::{call, only};

/// The record of a call with this answer, under the default policy.
fn answered(answer: &Value) -> AuditEntry {
    with_policy(Policy::new(), answer)
}

fn with_policy(policy: Policy, answer: &Value) -> AuditEntry {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    drop(recorder.start_call(&call()).response(answer));
    only(&sink)
}

fn summary(answer: &Value) -> Value {
    serde_json::to_value(answered(answer).result_summary).expect("a summary")
}

#[test]
fn identifiers_of_an_answer_are_kept_and_other_values_are_not() {
    assert_eq!(
        summary(&json!({
            "order_id": "ORD-1", "ORDER_id": 7, "id": 12, "status": true, "valid": false, "note": "x",
            "old_status": null, "customer_id": {"nested": 1}, "count": 3, "error": null,
        })),
        json!({
            "success": true, "ORDER_id": 7, "order_id": "ORD-1", "id": 12, "status": true, "count": 3,
            "fields": [
                "ORDER_id", "count", "customer_id", "customer_id.nested", "error", "id", "note",
                "old_status", "order_id", "status", "valid",
            ],
        })
    );
    let kept = with_policy(Policy::new().identifiers(["note"]), &json!({"note": "x"}));
    assert_eq!(
        kept.result_summary.expect("a summary").identifiers["note"],
        json!("x")
    );
}

#[test]
fn identifiers_stand_in_the_order_of_all_members_of_a_large_answer() {
    // Upper-case letters and digits sort before the underscore, and some names behind it.
    let entry = answered(&json!({
        "ORDER_id": 1, "0_id": 2, "_a_id": 3, "_s_id": 4, "_z_id": 5, "d_id": 6, "err_id": 7, "error_id": 8,
        "error_z_id": 9, "f_id": 10, "g_id": 11, "z_id": 12, "é_id": 13, "padding": "x".repeat(1000),
    }));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(summary.identifiers.len(), 13);
    assert_eq!((summary.truncated, summary.fields.len()), (true, 14));
}

#[test]
fn identifiers_are_sanitized_and_bounded() {
    let entry = answered(&json!({"order_id": "token=abc", "status": "s".repeat(5000)}));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(
        summary.identifiers["order_id"],
        json!("token=[REDACTED:token]")
    );
    assert!(
        summary.identifiers["status"]
            .as_str()
            .is_some_and(|text| text.len() < 256)
    );
    assert_eq!(
        (entry.redactions, entry.shortened),
        (1, vec!["result_summary".to_owned()])
    );
    let many: Map<String, Value> = (0..100)
        .map(|at| (format!("n{at:03}_id"), json!(at)))
        .collect();
    let entry = answered(&Value::Object(many));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!((summary.identifiers.len(), summary.fields.len()), (32, 64));
    assert_eq!(entry.shortened, ["result_summary"]);
}

#[test]
fn rows_are_counted_where_the_answer_is_or_holds_one_list() {
    for (answer, count) in [
        (json!([1, 2, 3]), Some(3)),
        (json!([]), Some(0)),
        (json!({"rows": [1, 2], "next": null}), Some(2)),
        (json!({"content": []}), Some(0)),
        (json!({"rows": [1, 2], "columns": ["a"]}), None),
        (json!({"rows": [1, 2], "count": 900}), Some(900)),
        (json!({"page": {"rows": [1]}}), None),
        (json!("text"), None),
        (json!(7), None),
        (json!("[1,2]"), Some(2)),
    ] {
        assert_eq!(
            summary(&answer).get("count"),
            count.map(|count: u64| json!(count)).as_ref(),
            "{answer}"
        );
    }
}

#[test]
fn an_answer_of_mcp_is_opened() {
    let structured = json!({"content": [{"type": "text", "text": "{\"id\":1}"}], "structuredContent": {"order_id": "ORD-1", "rows": [1]}});
    assert_eq!(
        summary(&structured),
        json!({"success": true, "order_id": "ORD-1", "count": 1, "fields": ["order_id", "rows"]})
    );
    let text = json!({"content": [{"type": "text", "text": " {\"order_id\": \"ORD-2\"}"}], "structuredContent": null, "isError": false});
    assert_eq!(
        summary(&text),
        json!({"success": true, "order_id": "ORD-2", "fields": ["order_id"]})
    );
    let rows = json!({"content": [{"type": "text", "text": "[{\"a\":1},{\"b\":2}]"}]});
    assert_eq!(
        summary(&rows),
        json!({"success": true, "count": 2, "fields": ["a", "b"]})
    );
    let prose = json!({"content": [{"type": "text", "text": "shipped"}]});
    assert_eq!(
        summary(&prose),
        json!({"success": true, "fields": ["content", "content.text", "content.type"]})
    );
    let two = json!({"content": [{"type": "text", "text": "{\"id\":1}"}, {"type": "text", "text": "{}"}]});
    assert_eq!(summary(&two).get("id"), None);
    // What the envelope says of an identifier counts.
    let both = json!({"id": 1, "content": [{"type": "text", "text": "{\"id\":2}"}]});
    assert_eq!(summary(&both)["id"], json!(1));
}

#[test]
fn fields_are_names_of_two_levels_each_once_at_most_64_and_never_values() {
    let answer = json!({
        "customer": {"name": "Ada Lovelace", "address": {"city": "London"}},
        "rows": [{"b": 1, "a": 2}, {"a": 3, "c": 4}, 5],
    });
    assert_eq!(
        summary(&answer)["fields"],
        json!([
            "customer",
            "customer.address",
            "customer.name",
            "rows",
            "rows.a",
            "rows.b",
            "rows.c"
        ])
    );
    let line = serde_json::to_string(&summary(&answer)).expect("JSON");
    assert!(!line.contains("Ada") && !line.contains("city"));
    let wide: Map<String, Value> = (0..40)
        .map(|at| (format!("n{at:02}"), json!({"x": 1, "y": 2})))
        .collect();
    assert_eq!(
        summary(&Value::Object(wide))["fields"]
            .as_array()
            .map(Vec::len),
        Some(64)
    );
    let hostile = json!({"a\"b": {"c\\": 1, "\u{1}": 2, "\u{2028}": 3}, "": {"": 4}});
    let fields = summary(&hostile)["fields"].clone();
    assert_eq!(
        fields,
        json!(["", ".", "a\"b", "a\"b.\u{1}", "a\"b.c\\", "a\"b.\u{2028}"])
    );
    let long = json!({"n".repeat(5000): {"m".repeat(5000): 1}});
    let fields = summary(&long)["fields"].clone();
    assert!(fields.as_array().is_some_and(|fields| {
        fields
            .iter()
            .all(|name| name.as_str().is_some_and(|name| name.len() <= 256))
    }));
}

#[test]
fn the_size_of_an_answer_is_said_over_1000_bytes() {
    for (length, said) in [(998, false), (999, true), (5000, true)] {
        let answer = json!("x".repeat(length));
        let entry = answered(&answer);
        let summary = entry.result_summary.expect("a summary");
        assert_eq!(summary.result_size, said.then_some(length as u64 + 2));
        assert_eq!(summary.truncated, said);
        assert!(entry.shortened.is_empty());
    }
}

#[test]
fn a_preview_is_sanitized_and_cut_to_1_kib_and_its_cut_is_named() {
    let preview = |answer: &Value| with_policy(Policy::new().results(Results::Preview), answer);
    let entry = preview(&json!({"status": "ok", "password": "hunter2"}));
    assert_eq!(
        entry.result,
        Some(json!({"status": "ok", "password": "[REDACTED:password]"}))
    );
    assert!(entry.shortened.is_empty());
    let entry = preview(&json!({"text": "x".repeat(5000)}));
    let json = serde_json::to_string(&entry.result).expect("JSON");
    assert!(json.len() <= 1024 && json.len() > 900, "{}", json.len());
    assert_eq!(entry.shortened, ["result"]);
    assert_eq!(preview(&Value::Null).result, None);
    assert_eq!(answered(&json!({"status": "ok"})).result, None);

    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().results(Results::Preview))
        .build();
    drop(recorder.start_call(&call()).response(&"y".repeat(2000)));
    let entry = only(&sink);
    assert_eq!(entry.shortened, ["result"]);
    assert!(
        entry
            .result
            .is_some_and(|text| text.as_str().is_some_and(|text| text.starts_with("yyy")))
    );
}

#[test]
fn what_is_told_again_and_whole_is_not_called_shortened() {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().results(Results::Preview))
        .build();
    let long = json!({"text": "x".repeat(200_000)});
    let recording = recorder.start(|call| {
        call.tool_name("t")
            .arguments(&long)
            .arguments(&json!({"a": 1}));
    });
    drop(recording.finish(|outcome| {
        outcome.result(&long).result(&json!({"b": 2}));
    }));
    let entry = only(&sink);
    assert_eq!(entry.arguments["a"], 1);
    assert_eq!(entry.result, Some(json!({"b": 2})));
    assert!(entry.shortened.is_empty(), "{:?}", entry.shortened);
}

#[test]
fn of_an_answer_that_is_said_twice_what_was_said_last_is_kept() {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().results(Results::Preview))
        .build();
    let first = json!({"order_id": "O-1", "rows": [1, 2], "text": "x".repeat(900)});
    let says_last: [fn(&mut OutcomeBuilder<'_>); 2] = [
        |outcome| _ = outcome.result(&Value::Null),
        |outcome| _ = outcome.result_bytes(7),
    ];
    for say_last in says_last {
        let ended = |says: &dyn Fn(&mut OutcomeBuilder<'_>)| {
            drop(recorder.start_call(&call()).finish(|outcome| {
                says(outcome);
                say_last(outcome);
            }));
            let entry = sink.entries().pop().expect("an entry");
            (entry.result, entry.result_summary)
        };
        let alone = ended(&|_| {});
        assert_eq!(ended(&|outcome| _ = outcome.result(&first)), alone);
    }
}

#[test]
fn errors_are_sanitized_and_bounded() {
    let sink = MemorySink::new();
    let text = format!(
        "401 for Authorization: Bearer abc.def, {}",
        "x".repeat(20_000)
    );
    drop(
        Recorder::new(sink.clone())
            .start_call(&call())
            .finish(|outcome| {
                outcome
                    .outcome(Outcome::ToolError)
                    .error(&text)
                    .error_type("http");
            }),
    );
    let entry = only(&sink);
    let error = common::error_of(&entry).0.expect("an error");
    assert!(
        error.starts_with("401 for Authorization: [REDACTED:authorization]"),
        "{error}"
    );
    assert!(error.len() < 8 * 1024);
    assert_eq!(entry.shortened, ["result_summary"]);
}

/// The record of a call with this answer, which is the same where a thread answers so again.
fn answered_twice(policy: &Policy, sanitizer: &Sanitizer, answer: &Value) -> AuditEntry {
    let entries = std::thread::scope(|scope| {
        let recorded = scope.spawn(|| {
            let sink = MemorySink::new();
            let recorder = Recorder::builder(sink.clone())
                .policy(policy.clone())
                .sanitizer(sanitizer.clone())
                .build();
            for _ in 0..2 {
                drop(recorder.start_call(&call()).response(answer));
            }
            common::entries(&sink)
        });
        recorded.join().expect("the thread ends well")
    });
    let [first, again] = <[AuditEntry; 2]>::try_from(entries).expect("two entries");
    assert_eq!(first.result_summary, again.result_summary);
    assert_eq!(first.redactions, again.redactions);
    assert_eq!(first.shortened, again.shortened);
    first
}

fn summary_twice(answer: &Value) -> (Value, AuditEntry) {
    let entry = answered_twice(&Policy::new(), &Sanitizer::default(), answer);
    let summary = serde_json::to_value(&entry.result_summary).expect("a summary");
    (summary, entry)
}

#[test]
fn an_identifier_that_repeats_a_secret_beside_it_is_not_shown() {
    let answer = json!({"order_id": "hunter22x", "status": "open", "password": "hunter22x"});
    let (summary, entry) = summary_twice(&answer);
    assert!(!entry.to_json().contains("hunter22x"), "{summary}");
    assert_eq!(summary["status"], "open");
}

#[test]
fn an_identifier_is_sanitized_by_its_own_name() {
    let of_all = Sanitizer::builder().redact_key("order_id");
    let of_the_tool =
        Sanitizer::builder().for_tool("update_order_status", |rules| rules.redact_key("order_id"));
    for sanitizer in [of_all, of_the_tool] {
        let answer = json!({"order_id": "O-1", "customer_id": "C-1"});
        let sanitizer = sanitizer.build().expect("rules");
        let entry = answered_twice(&Policy::new(), &sanitizer, &answer);
        let identifiers = entry.result_summary.expect("a summary").identifiers;
        assert_eq!(identifiers["order_id"], json!("[REDACTED:order_id]"));
        assert_eq!(identifiers["customer_id"], json!("C-1"));
    }
}

#[test]
fn names_that_the_sanitizer_changes_count_each_time() {
    let (summary, entry) = summary_twice(&json!({"token=hunter22x, a_id": 1, "order_id": 2}));
    assert!(entry.redactions > 0, "{summary}");
    assert!(!entry.to_json().contains("hunter22x"), "{summary}");
    assert_eq!(summary["order_id"], 2);
}

#[test]
fn an_identifier_with_a_name_of_more_than_42_bytes_is_left_out() {
    let name = |length: usize| "n".repeat(length - 3) + "_id";
    let (summary, entry) = summary_twice(&json!({name(42): 1, "order_id": 2}));
    assert_eq!(
        (&summary[name(42)], &summary["order_id"]),
        (&json!(1), &json!(2))
    );
    assert!(entry.shortened.is_empty());
    let (summary, entry) = summary_twice(&json!({name(43): 1, "order_id": 2}));
    assert_eq!(
        (summary.get(name(43)), &summary["order_id"]),
        (None, &json!(2))
    );
    assert_eq!(entry.shortened, ["result_summary"]);
}

#[test]
fn too_many_identifiers_are_said_to_be_cut_each_time() {
    let many = |count: usize| -> Value {
        let members = (0..count).map(|at| (format!("n{at:03}_id"), json!(at)));
        Value::Object(members.collect())
    };
    assert!(summary_twice(&many(32)).1.shortened.is_empty());
    assert_eq!(summary_twice(&many(33)).1.shortened, ["result_summary"]);
}

#[test]
fn what_a_summary_has_of_its_own_is_no_identifier() {
    let own = [
        "success",
        "error",
        "error_type",
        "fields",
        "_result_size",
        "_truncated",
    ];
    let mut answer = json!({"note": "x".repeat(1000)});
    for name in own {
        answer[name] = json!("told");
    }
    let policy = Policy::new().identifiers(own);
    let entry = answered_twice(&policy, &Sanitizer::default(), &answer);
    let summary = entry.result_summary.expect("a summary");
    assert!(summary.identifiers.is_empty(), "{:?}", summary.identifiers);
    assert!(summary.truncated);
}

#[test]
fn a_fields_name_of_256_bytes_stands_whole_and_each_of_its_parts_of_128() {
    let fields = |answer: Value| summary_twice(&answer).0["fields"].clone();
    let long = |length: usize| "n".repeat(length);
    assert_eq!(fields(json!({long(254): 1})), json!([long(254)]));
    assert_ne!(fields(json!({long(255): 1})), json!([long(255)]));
    let (outer, inner) = (long(126), long(126));
    let both = format!("{outer}.{inner}");
    assert_eq!(
        fields(json!({outer.as_str(): {inner.as_str(): 1}})),
        json!([outer, both])
    );
}

/// What `recorder` notes as the fields of this answer.
fn fields(recorder: &Recorder, sink: &MemorySink, answer: &Value) -> Vec<String> {
    drop(recorder.start_call(&call()).response(answer));
    let entries = sink.entries();
    let last = entries.last().expect("an entry");
    last.result_summary.clone().expect("a summary").fields
}

/// The record of a call with this answer on a thread that has seen no other.
fn alone(answer: &Value) -> AuditEntry {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| answered(answer));
        first.join().expect("the thread ends well")
    })
}

fn fields_alone(answer: &Value) -> Vec<String> {
    alone(answer).result_summary.expect("a summary").fields
}

#[test]
fn rows_that_differ_in_one_name_give_the_names_of_each() {
    for (one, other) in [
        ("customer1", "customer2"),
        ("customer1", "bustomer1"),
        ("customer1", "customer12"),
        ("a", "a\0"),
        ("a", "b"),
    ] {
        assert_eq!(fields_alone(&json!([{one: 1}, {other: 1}])), [one, other]);
        let wider = json!([{one: 1}, {one: 1, "z": 1}]);
        assert_eq!(fields_alone(&wider), [one, "z"]);
    }
}

#[test]
fn an_answer_that_differs_in_little_from_the_one_before_has_its_own_summary() {
    // Too many names to be kept for the next answer.
    let long: Map<String, Value> = (0..60)
        .map(|at| {
            (
                format!("a name of some length that is number {at:02}"),
                json!(1),
            )
        })
        .collect();
    let answers = [
        json!({"a": 1, "b": long}),
        json!({"a": 1, "x_id": "X"}),
        json!({"a": 1, "y_id": "Y"}),
        json!({"a": 1, "x": 1}),
        json!({"a": 1, "y": 1}),
        json!({"a": 1, "x\0": 1}),
        json!({"a": 1, "customer1": 1}),
        json!({"a": 1, "customer2": 1}),
        json!({"a": 1, "customer12": 1}),
        json!({"a": 1, "b": {"c": 1}}),
        json!({"a": {"b": 1}, "c": 1}),
        json!({"a": 1, "b": {"c": 1, "d": 1}}),
        json!({"a": 1, "b": [{"c": 1}]}),
        json!({"a": 1, "b": [{"c": 1}, {"d": 1}]}),
        json!([{"a": 1, "x": 1}]),
        json!([{"a": 1, "x": 1}, {"y": 1}]),
    ];
    let expected = answers.map(|answer| (alone(&answer).result_summary, answer));
    for (summary, answer) in &expected {
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone()).build();
        let mut summaries = Vec::new();
        for (summary_before, before) in &expected {
            for answer in [before, answer, answer] {
                drop(recorder.start_call(&call()).response(answer));
            }
            summaries.extend([summary_before, summary, summary]);
        }
        for (entry, expected) in sink.entries().iter().zip(summaries) {
            assert_eq!(&entry.result_summary, expected);
        }
    }
}

/// Answers of few shapes, which differ in little.
fn an_answer() -> impl Strategy<Value = Value> {
    // Names that differ behind their eighth byte, before it, or in length alone.
    const NAMES: [&str; 12] = [
        "a",
        "a\0",
        "b",
        "ab",
        "token",
        "é",
        "\u{FB33}",
        "😀",
        "customer1",
        "customer2",
        "customer12",
        "bustomer1",
    ];
    let name = || proptest::sample::select(&NAMES[..]);
    let leaf = || Just(json!(1)).boxed();
    let object = |inner: BoxedStrategy<Value>| {
        proptest::collection::btree_map(name(), inner, 0..4).prop_map(|members| {
            let named = members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            Value::Object(Map::from_iter(named))
        })
    };
    let rows = |inner: BoxedStrategy<Value>| {
        proptest::collection::vec(inner, 0..3)
            .prop_map(Value::Array)
            .boxed()
    };
    let row = || object(leaf()).boxed();
    prop_oneof![
        object(prop_oneof![leaf(), row(), rows(row())].boxed()),
        rows(prop_oneof![leaf(), row()].boxed()),
    ]
}

proptest! {
    #[test]
    fn an_answers_fields_are_its_own_whatever_was_answered_before(
        answers in proptest::collection::vec(an_answer(), 1..8),
        order in proptest::collection::vec(0_usize..8, 1..24),
    ) {
        // Lists are kept by thread: on another one each answer is the first.
        let expected: Vec<_> = answers.iter().map(fields_alone).collect();
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone()).build();
        for at in order {
            let at = at % answers.len();
            for _ in 0..2 {
                prop_assert_eq!(&fields(&recorder, &sink, &answers[at]), &expected[at]);
            }
        }
    }
}
