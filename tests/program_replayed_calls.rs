//! Reading recorded calls, and what the layer records of them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tool_audit::replay::{
    Answer, BadCall, Calls, MAX_LINE, Progress, RecordedCall, Replay, ReplayError,
};
use tool_audit::{
    AuditSink, CallTrigger, MemorySink, Outcome, Policy, Results, SanitizedEntry, SinkError,
    Ticket, TriggerBasis,
};

fn parse(line: &str) -> Result<RecordedCall, BadCall> {
    RecordedCall::parse(line.as_bytes(), false)
}

#[test]
fn every_member_of_a_recorded_call_is_read() {
    let recorded = parse(
        r#"{"conversation_id":"conv_1","turn_number":3,"user_id":"usr_9","user_role":"support_agent","model":"gpt-4.1",
        "tool_name":"update_order_status","arguments":{"order_id":"ORD-1"},"result":{"status":"shipped"},
        "call_trigger":"retry","purpose":"treatment","subjects":["P-7"],"tool_call_id":"call_1",
        "session_metadata":{"client_ip":"10.0.1.5"},"emergency":{"reason":"fall","declared_by":"usr_9"},"latency_ms":12.5}"#,
    )
    .unwrap();
    let call = &recorded.call;
    let context = &call.context;
    assert_eq!(call.tool_name, "update_order_status");
    assert_eq!(call.arguments, json!({"order_id": "ORD-1"}));
    assert_eq!(call.trigger, Some(CallTrigger::Retry));
    assert_eq!(call.tool_call_id.as_deref(), Some("call_1"));
    assert_eq!(context.conversation_id.as_deref(), Some("conv_1"));
    assert_eq!(
        (context.turn_number, context.user_id.as_deref()),
        (3, Some("usr_9"))
    );
    assert_eq!(context.user_role.as_deref(), Some("support_agent"));
    assert_eq!(
        (context.model.as_deref(), context.purpose.as_deref()),
        (Some("gpt-4.1"), Some("treatment"))
    );
    assert_eq!(context.subjects, ["P-7"]);
    assert_eq!(context.session_metadata["client_ip"], "10.0.1.5");
    let emergency = context.emergency.as_ref().unwrap();
    assert_eq!(
        (
            emergency.reason.as_deref(),
            emergency.declared_by.as_deref()
        ),
        (Some("fall"), Some("usr_9"))
    );
    assert_eq!(
        recorded.answer,
        Answer::Result(json!({"status": "shipped"}))
    );
    assert_eq!(recorded.latency, Some(Duration::from_micros(12_500)));
}

#[test]
fn only_the_tools_name_is_needed_and_null_is_as_good_as_nothing() {
    let least = parse(r#"{"tool_name":"t"}"#).unwrap();
    assert_eq!(
        (least.answer, least.call.arguments),
        (Answer::Nothing, json!({}))
    );
    let nulls =
        parse(r#"{"tool_name":"t","user_id":null,"error":null,"latency_ms":null,"result":null}"#)
            .unwrap();
    assert_eq!(nulls.answer, Answer::Result(json!(null)));
    assert_eq!(nulls.call.context.user_id, None);
    assert_eq!(
        parse(r#"{"tool_name":"t","error":"no","result":null}"#)
            .unwrap()
            .answer,
        Answer::Error("no".into())
    );
    assert_eq!(
        parse(r#"{"tool_name":"t","tool_call_id":7}"#)
            .unwrap()
            .call
            .tool_call_id
            .as_deref(),
        Some("7")
    );
    assert_eq!(
        parse(r#"{"tool_name":"t","arguments":[1]}"#)
            .unwrap()
            .call
            .arguments,
        json!([1])
    );
}

#[test]
fn a_bad_call_is_refused_by_the_name_of_what_is_wrong() {
    for (line, says) in [
        ("{", "is cut off (column 1)"),
        ("{}", "\"tool_name\" is missing"),
        ("[1]", "no JSON object"),
        (r#"{"tool_name":"t"} x"#, "is not JSON"),
        (
            &format!(
                r#"{{"tool_name":"t","arguments":{}{}}}"#,
                "[".repeat(130),
                "]".repeat(130)
            ),
            "is nested more than 127 deep",
        ),
        (
            r#"{"tool_name":"t","arguments":[1e400]}"#,
            "has a number that is too large",
        ),
        (r#"{"tool_name":"t","tool_name":"u"}"#, "stands twice"),
        (
            r#"{"tool_name":"t","arguments":{"a":1,"b":[{"c":1,"c":2}]}}"#,
            "stands twice",
        ),
        (
            r#"{"tool_name":"t","usr_id":"x"}"#,
            "unknown member \"usr_id\"",
        ),
        (
            r#"{"tool_name":"t","emergency":{"resaon":"x"}}"#,
            "unknown member \"resaon\"",
        ),
        (
            r#"{"tool_name":"t","a\u001b[31m":1}"#,
            "unknown member \"a\\u001b[31m\"",
        ),
        (r#"{"tool_name":7}"#, "\"tool_name\" is not a string"),
        (
            r#"{"tool_name":"t","turn_number":-1}"#,
            "\"turn_number\" is not a whole number",
        ),
        (
            r#"{"tool_name":"t","turn_number":1.5}"#,
            "\"turn_number\" is not a whole number",
        ),
        (
            r#"{"tool_name":"t","subjects":["a",1]}"#,
            "\"subjects\" is not a list of strings",
        ),
        (
            r#"{"tool_name":"t","session_metadata":[]}"#,
            "\"session_metadata\" is not an object",
        ),
        (
            r#"{"tool_name":"t","call_trigger":"because"}"#,
            "\"call_trigger\" is not one of user_request",
        ),
        (
            r#"{"tool_name":"t","latency_ms":-1}"#,
            "\"latency_ms\" is not a number",
        ),
        (
            r#"{"tool_name":"t","latency_ms":1e300}"#,
            "\"latency_ms\" is not a number",
        ),
        (
            r#"{"tool_name":"t","result":1,"error":"e"}"#,
            "\"result\" and \"error\" contradict",
        ),
        (
            r#"{"tool_name":"t","result":1,"panic":"p"}"#,
            "\"result\" and \"panic\" contradict",
        ),
        (
            r#"{"tool_name":"t","panic":"p","error":"e"}"#,
            "\"error\" and \"panic\" contradict",
        ),
    ] {
        let problem = parse(line).unwrap_err().to_string();
        assert!(problem.contains(says), "{line}: {problem}");
    }
    let deep = format!(
        r#"{{"tool_name":"t","arguments":{}{}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert!(parse(&deep).is_err());
    let secret = parse(r#"{"tool_name":{"password":"hunter2"}}"#).unwrap_err();
    assert!(!format!("{secret} {secret:?}").contains("hunter2"));
}

#[test]
fn unknown_members_pass_where_they_may() {
    let line = br#"{"tool_name":"t","note":"x","emergency":{"reason":"r","more":1}}"#;
    assert_eq!(RecordedCall::parse(line, true).unwrap().call.tool_name, "t");
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text =
        "\u{feff}{\"tool_name\":\"a\"}\r\n\n   \n{\"tool_name\":\"b\"}\nbad\n{\"tool_name\":\"c\"}";
    let found: Vec<Result<String, u64>> = Calls::new(text.as_bytes())
        .map(|call| {
            call.unwrap()
                .map(|call| call.call.tool_name)
                .map_err(|bad| bad.line)
        })
        .collect();
    assert_eq!(
        found,
        [Ok("a".into()), Ok("b".into()), Err(5), Ok("c".into())]
    );
}

#[test]
fn a_line_without_an_end_is_bounded() {
    let long = format!(
        "{{\"tool_name\":\"{}\"}}\n{{\"tool_name\":\"next\"}}\n",
        "x".repeat(MAX_LINE)
    );
    let mut calls = Calls::new(long.as_bytes());
    let bad = calls.next().unwrap().unwrap().unwrap_err();
    assert_eq!((bad.line, &bad.problem), (1, &BadCall::TooLong));
    assert_eq!(
        calls.next().unwrap().unwrap().unwrap().call.tool_name,
        "next"
    );
    let mut endless = Calls::new(io::repeat(b'x').take(3 * MAX_LINE as u64));
    assert_eq!(
        endless.next().unwrap().unwrap().unwrap_err().problem,
        BadCall::TooLong
    );
    assert!(endless.next().is_none());
}

#[test]
fn each_call_leaves_one_entry_with_the_end_that_was_recorded() {
    let calls = [
        r#"{"tool_name":"a","conversation_id":"c","turn_number":1,"result":{"order_id":"ORD-1"}}"#,
        r#"{"tool_name":"b","error":"no such order"}"#,
        r#"{"tool_name":"c","panic":"index out of bounds"}"#,
        r#"{"tool_name":"d"}"#,
        r#"{"tool_name":"e","result":{"content":[{"type":"text","text":"bad path"}],"isError":true}}"#,
        r#"{"tool_name":"f","result":{"resultType":"input_required"}}"#,
        r#"{"tool_name":"g","call_trigger":"system","arguments":{"password":"hunter2"}}"#,
    ]
    .join("\n");
    let sink = MemorySink::new();
    let mut sent = 0;
    let summary = Replay::new()
        .run(calls.as_bytes(), sink.clone(), |progress| {
            if let Progress::Sent(count) = progress {
                sent = count;
            }
        })
        .unwrap();
    let entries = sink.entries();
    let ends: Vec<(&str, Option<Outcome>)> = entries
        .iter()
        .map(|entry| (entry.tool_name.as_str(), entry.outcome))
        .collect();
    assert_eq!(
        ends,
        [
            ("a", Some(Outcome::Success)),
            ("b", Some(Outcome::ToolError)),
            ("c", Some(Outcome::Panicked)),
            ("d", Some(Outcome::Success)),
            ("e", Some(Outcome::ToolError)),
            ("f", Some(Outcome::InputRequired)),
            ("g", Some(Outcome::Success)),
        ]
    );
    let error = |index: usize| {
        entries[index]
            .result_summary
            .as_ref()
            .unwrap()
            .error
            .clone()
            .unwrap_or_default()
    };
    assert_eq!(error(1), "no such order");
    assert!(error(2).contains("index out of bounds"));
    assert_eq!(entries[6].trigger_basis, TriggerBasis::Declared);
    assert!(!sink.lines().concat().contains("hunter2"));
    assert_eq!(
        (summary.calls, summary.failures(), summary.redactions, sent),
        (7, 3, 1, 7)
    );
}

#[test]
fn calls_of_one_conversation_keep_their_order_however_many_are_sent_at_once() {
    let calls: String = (0..600)
        .map(|number| {
            let conversation = number % 7;
            format!("{{\"tool_name\":\"t\",\"conversation_id\":\"c{conversation}\",\"turn_number\":{number}}}\n")
        })
        .collect();
    let sink = MemorySink::new();
    let summary = Replay::new()
        .concurrency(5)
        .run(calls.as_bytes(), sink.clone(), |_| {})
        .unwrap();
    assert_eq!(summary.calls, 600);
    let mut last: HashMap<String, u64> = HashMap::new();
    for entry in sink.entries() {
        let before = last.insert(entry.conversation_id, entry.turn_number);
        assert!(before.is_none_or(|before| before < entry.turn_number));
    }
    assert_eq!(last.len(), 7);
}

#[test]
fn a_bad_line_ends_the_run_behind_what_was_recorded() {
    let calls = "{\"tool_name\":\"a\"}\n{\"tool_name\":\"b\"}\n{\"tol_name\":\"c\"}\n{\"tool_name\":\"d\"}\n";
    let sink = MemorySink::new();
    let error = Replay::new()
        .run(calls.as_bytes(), sink.clone(), |_| {})
        .unwrap_err();
    assert!(
        matches!(&error, ReplayError::Line(bad) if bad.line == 3),
        "{error}"
    );
    assert_eq!(sink.entries().len(), 2);

    let sink = MemorySink::new();
    let mut bad = Vec::new();
    let summary = Replay::new()
        .keep_going(true)
        .run(calls.as_bytes(), sink.clone(), |progress| {
            if let Progress::Bad(line) = progress {
                bad.push(line.to_string());
            }
        })
        .unwrap();
    assert_eq!((summary.calls, summary.bad_lines), (3, 1));
    assert_eq!(bad, ["line 3: \"tool_name\" is missing: name the tool"]);
}

#[test]
fn input_that_cannot_be_read_on_names_its_line() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let calls = "{\"tool_name\":\"a\"}\n".as_bytes().chain(Broken);
    let sink = MemorySink::new();
    let error = Replay::new().run(calls, sink.clone(), |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading line 2: gone: see whether it is a file of calls that can be read"
    );
    assert_eq!(sink.entries().len(), 1);
}

#[test]
fn a_sink_that_takes_no_more_ends_the_run() {
    /// Takes three entries and refuses from then on.
    #[derive(Clone, Default)]
    struct Full(MemorySink);
    impl AuditSink for Full {
        fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
            self.0.record(entry)
        }
        fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
            Poll::Ready(if self.0.entries().len() < 3 {
                Ok(())
            } else {
                Err(SinkError::other("the disk is full: free some space"))
            })
        }
    }
    let calls = "{\"tool_name\":\"a\"}\n".repeat(100);
    let sink = Full::default();
    let error = Replay::new()
        .run(calls.as_bytes(), sink.clone(), |_| {})
        .unwrap_err();
    assert_eq!(error.to_string(), "the disk is full: free some space");
    assert_eq!(sink.0.entries().len(), 3);
}

#[test]
fn latency_counts_only_in_real_time() {
    let took = |latency: u64, real_time: bool| {
        let calls = format!("{{\"tool_name\":\"a\",\"latency_ms\":{latency}}}");
        let sink = MemorySink::new();
        Replay::new()
            .real_time(real_time)
            .run(calls.as_bytes(), sink.clone(), |_| {})
            .unwrap();
        sink.entries()[0].duration_ms
    };
    let day = 86_400_000;
    assert!(took(30, true) >= 30.0);
    assert!(took(day, false) < day as f64);
}

#[test]
fn the_policy_is_the_callers() {
    let calls = r#"{"tool_name":"a","result":{"status":"shipped","token":"abc"}}"#;
    let sink = MemorySink::new();
    Replay::new()
        .policy(Policy::new().results(Results::Preview))
        .run(calls.as_bytes(), sink.clone(), |_| {})
        .unwrap();
    let kept = sink.entries()[0].result.clone().unwrap();
    assert_eq!(kept["status"], "shipped");
    assert_ne!(kept["token"], "abc");
}
