//! What holds for every record, whatever a call and its answer say.

mod common;
mod strategies;

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tool_audit::{
    CallContext, Emergency, MemorySink, Outcome, Policy, Recorder, Results, ToolCall,
};

use common::read;
use strategies::{SECRET, text, tool_call, value};

fn recorder(sink: &MemorySink, results: Results) -> Recorder {
    let policy = Policy::new().intent_for_all().results(results);
    Recorder::builder(sink.clone()).policy(policy).build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_is_canonical_within_its_bound_and_reads_back(
        call in tool_call(),
        answer in value(),
        outcome in prop::sample::select(&Outcome::ALL[..]),
        error in option::of((text(), text())),
        preview in any::<bool>(),
    ) {
        let sink = MemorySink::new();
        let results = if preview { Results::Preview } else { Results::Summary };
        let recorder = recorder(&sink, results);
        for _ in 0..2 {
            drop(recorder.start_call(&call).finish(|builder| {
                builder.result(&answer).outcome(outcome);
                if let Some((error, error_type)) = &error {
                    builder.error(error).error_type(error_type);
                }
            }));
        }
        let lines = sink.lines();
        prop_assert_eq!(lines.len(), 4);
        for line in &lines {
            let entry = read(line);
            prop_assert!(!line.contains(SECRET), "{}", line);
            prop_assert!(entry.shortened.is_sorted());
            prop_assert!(entry.attribution.via.len() <= 10);
            prop_assert!(entry.subjects.len() <= 1000);
        }
        prop_assert_eq!(recorder.stats().lost, 0);
    }

    #[test]
    fn an_answer_of_any_form_is_judged_and_summarised(answer in value(), mcp in any::<bool>()) {
        let sink = MemorySink::new();
        let recorder = recorder(&sink, Results::Summary);
        let answer = if mcp {
            json!({"content": [{"type": "text", "text": answer.to_string()}], "isError": answer.is_null()})
        } else {
            answer
        };
        drop(recorder.start_call(&common::call()).response(&answer));
        drop(recorder.start_call(&common::call()).response(&answer.to_string()));
        for line in &sink.lines() {
            let entry = read(line);
            prop_assert!(!line.contains(SECRET), "{}", line);
            if let Some(summary) = entry.result_summary {
                prop_assert!(summary.fields.len() <= 64);
                prop_assert!(summary.identifiers.len() <= 33);
            }
        }
    }

    #[test]
    fn short_and_harmless_calls_are_recorded_whole(
        values in btree_map("[a-z]{1,6}", prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), "[a-z ]{0,20}".prop_map(Value::from)], 0..8),
        names in vec("[a-z]{1,20}", 5),
    ) {
        // Few letters may be a name that a rule knows.
        let values: BTreeMap<String, Value> = values.into_iter().map(|(name, value)| (format!("x_{name}_x"), value)).collect();
        let arguments: Map<String, Value> = values.into_iter().collect();
        let context = CallContext::new(&names[0], &names[1]).role(&names[2]).model(&names[3]);
        let sink = MemorySink::new();
        let call = ToolCall::new(&names[4], arguments.clone()).context(context);
        drop(Recorder::new(sink.clone()).start_call(&call));
        let entry = common::only(&sink);
        prop_assert_eq!(entry.arguments, arguments);
        prop_assert_eq!([&entry.conversation_id, &entry.user_id, &entry.model, &entry.tool_name], [&names[0], &names[1], &names[3], &names[4]]);
        prop_assert!(entry.shortened.is_empty());
        prop_assert_eq!(entry.redactions, 0);
    }
}

/// Everything that a call can say, as long as it can be said.
#[test]
fn the_greatest_record_keeps_within_its_bound_and_names_what_was_shortened() {
    for unit in ["x", "\"", "\u{1}", "é", "𝄞"] {
        let long = |count: usize| unit.repeat(count);
        let mut context = CallContext::new(long(5000), long(5000))
            .turn(1)
            .role(long(5000))
            .model(long(5000))
            .approved_by(long(5000))
            .rule(long(5000))
            .purpose(long(5000))
            .trace(long(5000), long(5000));
        context.server = Some(long(5000));
        context.via = vec![long(5000); 20];
        context.verified = (0..40).map(|at| format!("{at}{}", long(5000))).collect();
        context.subjects = (0..2000).map(|at| format!("{at}{}", long(600))).collect();
        for at in 0..50 {
            context
                .session_metadata
                .insert(format!("m{at}{}", long(20)), json!(long(5000)));
        }
        let mut emergency = Emergency::new(long(5000), long(5000));
        emergency.scope = Some(long(5000));
        emergency.urgency = Some(long(5000));
        emergency.expires_at = Some(long(5000));
        context.emergency = Some(emergency);
        let arguments: Map<String, Value> = (0..1000)
            .map(|at| (format!("a{at}"), json!(long(1000))))
            .collect();
        let mut call = ToolCall::new(long(5000), arguments).context(context);
        call.tool_call_id = Some(long(5000));
        call.retry_of = Some(long(5000));
        call.continues = Some(long(5000));
        let answer: Map<String, Value> = (0..100)
            .map(|at| (format!("{at:02}{}_id", long(10)), json!(long(5000))))
            .collect();
        let sink = MemorySink::new();
        let recorder = recorder(&sink, Results::Preview);
        drop(recorder.start_call(&call).finish(|outcome| {
            outcome
                .result(&Value::Object(answer))
                .error(&long(20_000))
                .error_type(&long(5000))
                .outcome(Outcome::ToolError);
        }));
        let end = read(&sink.lines()[1]);
        assert_eq!(
            end.shortened,
            [
                "arguments",
                "attribution",
                "continues",
                "conversation_id",
                "emergency",
                "model",
                "purpose",
                "result",
                "result_summary",
                "retry_of",
                "server",
                "session_metadata",
                "span_id",
                "subjects",
                "tool_call_id",
                "tool_name",
                "trace_id",
                "user_id",
            ]
        );
        assert!(end.subjects_truncated && end.attribution.via_cut);
        assert!(!end.arguments.is_empty() && !end.subjects.is_empty());
        assert_eq!(read(&sink.lines()[0]).shortened.len(), 16);
    }
}

#[test]
fn arguments_nested_as_deep_as_json_is_read_are_recorded() {
    let depth = 120;
    let text = format!(
        "{}1{}",
        "{\"a\":[".repeat(depth / 2),
        "]}".repeat(depth / 2)
    );
    let arguments: Value = serde_json::from_str(&text).expect("JSON");
    let sink = MemorySink::new();
    let recorder = recorder(&sink, Results::Preview);
    drop(
        recorder
            .start_call(&ToolCall::new("t", arguments.clone()))
            .response(&arguments),
    );
    for line in sink.lines() {
        assert!(read(&line).shortened.contains(&"arguments".to_owned()));
    }
}
