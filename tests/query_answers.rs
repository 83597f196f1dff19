//! Statistics, timelines, status and following, as a log's readers see them.

mod written_logs;

use std::collections::BTreeMap;
use std::fs::{self, File};

use serde_json::{Value, json};
use tool_audit::query::{
    Filter, Follow, QueryError, Statistics, scan, statistics, status, timeline, timeline_line,
};
use tool_audit::{AuditEntry, CallContext, HashChainSink, Outcome, Recorder, ToolCall};

use written_logs::{WrittenLog, call};

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(word, count)| ((*word).to_owned(), *count))
        .collect()
}

#[test]
fn statistics_count_each_tool_and_leave_interim_answers_out_of_the_rate() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    let outcomes = [
        "success",
        "success",
        "tool_error",
        "input_required",
        "timed_out",
        "success",
    ];
    for (number, outcome) in outcomes.iter().enumerate() {
        let mut members = call("conv_1", "get_order", outcome, 1);
        members["duration_ms"] = json!((number + 1) as f64 * 10.0);
        members["user_id"] = format!("usr_{}", number % 4).into();
        members["call_trigger"] = if number == 5 { "retry" } else { "user_request" }.into();
        log.add("tool_call", &members);
    }
    // A record of intent is no call of its own where the call has an end.
    log.add(
        "tool_call_started",
        &json!({"call_id": "call-9", "tool_name": "get_order",
        "retention_class": "general", "timestamp": "2025-07-06T00:00:00.000000Z"}),
    );
    let mut last = call("conv_1", "get_order", "success", 9);
    last["duration_ms"] = json!(70);
    log.add("tool_call", &last);
    let mut other = WrittenLog::create(&store.path().join("financial"), 2);
    other.add("tool_call", &call("conv_1", "refund", "input_required", 2));

    let found = statistics(store.path(), &Filter::new()).unwrap();
    let order = found.tool("get_order");
    assert_eq!(order.total_calls, 7);
    assert_eq!(order.success_rate, Some(0.667));
    assert_eq!(order.avg_duration_ms, Some(40.0));
    assert_eq!(order.max_duration_ms, Some(70.0));
    assert_eq!(
        (order.p50, order.p95, order.p99),
        (Some(40.0), Some(70.0), Some(70.0))
    );
    assert_eq!(order.unique_users, Some(5));
    assert_eq!(
        order.outcomes,
        counts(&[
            ("success", 4),
            ("tool_error", 1),
            ("input_required", 1),
            ("timed_out", 1)
        ])
    );
    assert_eq!(
        order.by_trigger,
        counts(&[("user_request", 6), ("retry", 1)])
    );
    let refund = serde_json::to_value(found.tool("refund")).unwrap();
    assert_eq!(refund.get("success_rate"), None);
    assert_eq!(refund["total_calls"], 1);
    let tools: Vec<String> = found.tools().map(|tool| tool.tool).collect();
    assert_eq!(tools, ["get_order", "refund"]);
    let unknown = serde_json::to_string(&found.tool("no_such")).unwrap();
    assert_eq!(unknown, r#"{"tool":"no_such","total_calls":0}"#);

    let mut in_memory = Statistics::new();
    for record in scan(store.path(), &Filter::new()).unwrap() {
        in_memory.add(&record.unwrap().entry().unwrap());
    }
    assert_eq!(in_memory.tool("get_order"), order);
}

#[test]
fn statistics_of_a_filter_count_what_it_wants() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    for (tool, outcome) in [("a", "success"), ("a", "denied"), ("b", "denied")] {
        log.add("tool_call", &call("conv_1", tool, outcome, 1));
    }
    let found = statistics(folder.path(), &Filter::new().failures().tool("a")).unwrap();
    assert_eq!(found.tool("a").total_calls, 1);
    assert_eq!(found.tool("a").success_rate, Some(0.0));
    assert_eq!(found.tool("b").total_calls, 0);
}

#[test]
fn a_call_without_an_end_is_unknown_whatever_the_filter_sees_of_it() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    let started = |id: &str, tool: &str| {
        json!({"call_id": id, "tool_name": tool, "user_id": "usr_1", "arguments": {"id": "needle"},
            "retention_class": "general", "timestamp": "2025-07-06T00:00:00.000000Z"})
    };
    for id in ["call-1", "call-2", "call-3"] {
        log.add("tool_call_started", &started(id, "kills_itself"));
    }
    // This end says nothing of what the filter asks for.
    log.add("tool_call", &call("conv_1", "kills_itself", "success", 2));
    let unknown = |filter: &Filter| {
        let found = statistics(store.path(), filter)
            .unwrap()
            .tool("kills_itself");
        (found.total_calls, found.outcomes.get("unknown").copied())
    };
    assert_eq!(unknown(&Filter::new()), (3, Some(2)));
    assert_eq!(unknown(&Filter::new().contains("needle")), (2, Some(2)));
    assert_eq!(unknown(&Filter::new().failures()), (0, None));
    let found = statistics(store.path(), &Filter::new().kind("tool_call_started")).unwrap();
    let tools: Vec<String> = found.tools().map(|tool| tool.tool).collect();
    assert_eq!(tools, ["kills_itself"]);
    assert_eq!(found.tool("kills_itself").avg_duration_ms, None);
}

#[test]
fn tools_beyond_a_thousand_are_counted_together() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    for number in 0..1500_u32 {
        let tool = format!("made_up_{number}");
        for _ in 0..2 {
            log.add("tool_call", &call("conv_1", &tool, "success", number));
        }
    }
    let found = statistics(store.path(), &Filter::new()).unwrap();
    assert_eq!(found.tools().count(), Statistics::MOST_TOOLS);
    let others = found.other_tools().unwrap();
    assert_eq!((others.other_tools, others.total_calls), (Some(500), 1000));
    let all: u64 = found.tools().map(|tool| tool.total_calls).sum();
    assert_eq!(all + others.total_calls, 3000);
    let one = statistics(store.path(), &Filter::new().tool("made_up_1499")).unwrap();
    assert_eq!(one.tool("made_up_1499").total_calls, 2);
    assert!(one.other_tools().is_none());
}

#[test]
fn a_mean_and_a_maximum_have_one_decimal() {
    let mut found = Statistics::new();
    for duration in [1.25, 2.333, 4.449] {
        let mut entry = AuditEntry::default();
        entry.tool_name = "t".into();
        entry.outcome = Some(Outcome::Success);
        entry.duration_ms = duration;
        found.add(&entry);
    }
    let found = found.tool("t");
    assert_eq!(
        (found.avg_duration_ms, found.max_duration_ms, found.p50),
        (Some(2.7), Some(4.4), Some(2.333))
    );
}

#[test]
fn a_rate_has_three_decimals() {
    let mut found = Statistics::new();
    for outcome in [Outcome::Success, Outcome::Success, Outcome::Panicked] {
        let mut entry = AuditEntry::default();
        entry.tool_name = "t".into();
        entry.outcome = Some(outcome);
        entry.duration_ms = 0.0004;
        found.add(&entry);
    }
    assert_eq!(found.tool("t").success_rate, Some(0.667));
}

fn entry(value: Value) -> AuditEntry {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_timeline_tells_how_each_call_ended() {
    let line = |outcome: &str, summary: Value, duration: f64| {
        timeline_line(&entry(
            json!({"_kind": "tool_call", "turn_number": 2, "tool_name": "t",
            "outcome": outcome, "result_summary": summary, "duration_ms": duration}),
        ))
    };
    assert_eq!(
        line(
            "success",
            json!({"success": true, "order_id": "ORD-1", "count": 3, "fields": ["a"],
            "_result_size": 2000, "_truncated": true}),
            0.4
        ),
        r#"[Turn 2] ✅ t({}) → {"count":3,"order_id":"ORD-1","success":true} [<1ms]"#
    );
    assert_eq!(
        line("input_required", json!({"success": false}), 1.0),
        r#"[Turn 2] ⏸ t({}) → {"success":false} [1ms]"#
    );
    assert_eq!(
        line(
            "timed_out",
            json!({"success": false, "error_type": "timeout"}),
            30_000.4
        ),
        r#"[Turn 2] ❌ t({}) → {"error_type":"timeout","success":false} [30000ms]"#
    );
    assert_eq!(
        line("cancelled", json!({"success": false}), 7.6),
        r#"[Turn 2] ❌ t({}) → {"outcome":"cancelled","success":false} [8ms]"#
    );
}

#[test]
fn a_timeline_line_cannot_be_forged_by_what_a_call_says() {
    let text = timeline_line(&entry(json!({
        "_kind": "tool_call", "outcome": "denied", "tool_name": "x\n[Turn 9] ✅ paid({}) → {} [1ms]\u{1b}[2K",
        "arguments": {"a\u{202e}b": "\u{9b}1A\u{2028}\u{7f}"},
        "result_summary": {"error": "\r\u{1b}]0;title\u{7}"},
    })));
    assert!(
        !text
            .chars()
            .any(|one| one.is_control() || ('\u{2028}'..='\u{202e}').contains(&one)),
        "{text:?}"
    );
    assert!(text.starts_with(r#"[Turn 0] ❌ "x\n[Turn 9]"#), "{text}");
    assert!(
        text.contains(r#"{"a\u202eb":"\u009b1A\u2028\u007f"}"#),
        "{text}"
    );
}

#[test]
fn a_timeline_cuts_what_is_long() {
    let text = timeline_line(&entry(
        json!({"_kind": "tool_call", "outcome": "success", "tool_name": "t",
        "arguments": {"text": "é".repeat(100_000)}}),
    ));
    assert!(text.chars().count() < 1100);
    assert!(text.contains("…) → "), "{text}");
}

#[test]
fn a_timeline_holds_the_conversations_calls_and_those_without_an_end_where_they_began() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let started = |id: &str, seconds: u32| {
        let mut members = call("conv_1", "slow", "success", seconds);
        for name in ["outcome", "success", "duration_ms", "result_summary"] {
            members.as_object_mut().unwrap().remove(name);
        }
        members["call_id"] = id.into();
        members
    };
    let ended = |id: &str, conversation: &str, seconds: u32| {
        let mut members = call(conversation, "quick", "success", seconds);
        members["call_id"] = id.into();
        members
    };
    log.add("tool_call_started", &started("lost", 1));
    log.add("tool_call_started", &started("a", 2));
    log.add("tool_call", &ended("a", "conv_1", 2));
    log.add("tool_call", &ended("b", "conv_2", 3));
    log.add("tool_call", &ended("c", "conv_1", 4));
    let lines: Vec<String> = timeline(folder.path(), "conv_1")
        .unwrap()
        .map(|call| call.unwrap().to_string())
        .collect();
    let signs: Vec<&str> = lines
        .iter()
        .map(|line| {
            line.strip_prefix("[Turn 1] ")
                .unwrap()
                .split('(')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(signs, ["? slow", "✅ quick", "✅ quick"]);
    assert!(
        lines[0].ends_with("→ outcome unknown [started 2025-07-06T00:00:01.000000Z]"),
        "{}",
        lines[0]
    );
}

#[test]
fn a_timeline_goes_on_behind_a_call_that_it_does_not_understand() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    log.add("tool_call", &call("conv_1", "t", "of_a_later_version", 1));
    log.add("tool_call", &call("conv_1", "t", "success", 2));
    let calls: Vec<_> = timeline(folder.path(), "conv_1").unwrap().collect();
    assert!(matches!(&calls[0], Err(QueryError::Entry { seq: 1, .. })));
    assert!(calls[1].is_ok());
}

#[test]
fn status_counts_losses_unknown_ends_and_size() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    let members = |seconds: u32, more: Value| {
        let mut all = json!({"retention_class": "general",
            "timestamp": format!("2025-07-06T{:02}:00:00.000000Z", seconds)});
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    for id in ["lost", "done", "running"] {
        log.add("tool_call_started", &members(1, json!({"call_id": id})));
    }
    log.add(
        "tool_call",
        &members(2, json!({"call_id": "done", "duration_ms": 1500})),
    );
    log.add(
        "entries_lost",
        &members(3, json!({"count": 7, "reason": "full"})),
    );
    log.add(
        "outcome_unknown",
        &members(3, json!({"call_id": "lost", "started_seq": 1})),
    );
    log.add(
        "entries_lost",
        &members(12, json!({"count": 5, "reason": "full"})),
    );
    // A reader's record does not make the store look alive.
    let mut admin = WrittenLog::create(&store.path().join("admin"), 2);
    admin.add("log_read", &members(23, json!({"actor": "root"})));

    let free = status(store.path()).unwrap();
    assert_eq!(free.lost_entries(), 12);
    assert_eq!(free.unknown_outcomes(), 2);
    assert_eq!(
        free.last_record().unwrap().to_rfc3339(),
        "2025-07-06T12:00:00+00:00"
    );
    let size: u64 = ["general", "admin"]
        .iter()
        .map(|class| {
            fs::metadata(store.path().join(class).join("00000000000000000000.jsonl"))
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(free.bytes(), size);
    let general = free.logs.iter().find(|log| !log.admin).unwrap();
    assert_eq!(general.writer, Some(false));
    assert_eq!(general.records, 8);
    // Twelve hours lie between the first record and the last.
    assert_eq!(general.bytes_a_day, Some(general.bytes * 2));

    let lock = File::options()
        .write(true)
        .open(log.folder.join("LOCK"))
        .unwrap();
    lock.lock().unwrap();
    let held = status(&log.folder).unwrap();
    assert_eq!(held.logs[0].writer, Some(true));
    assert_eq!(
        (held.unknown_outcomes(), held.logs[0].running_calls),
        (1, 1)
    );
}

#[test]
fn following_gives_the_newest_records_and_then_each_new_one_once_across_segments_and_logs() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    for seconds in 1..6 {
        log.add("tool_call", &call("conv_1", "t", "success", seconds));
    }
    let (newest, mut follow) =
        Follow::open(store.path(), &Filter::new().kind("tool_call"), 2).unwrap();
    let seqs = |records: Vec<tool_audit::query::Record>| -> Vec<u64> {
        records.iter().map(tool_audit::query::Record::seq).collect()
    };
    assert_eq!(seqs(newest), [4, 5]);
    assert!(follow.poll().unwrap().is_empty());

    let line = log.add("tool_call", &call("conv_1", "t", "success", 7));
    log.append(b"{\"_hash\":\"");
    assert_eq!(seqs(follow.poll().unwrap()), [6]);
    assert!(follow.poll().unwrap().is_empty());
    assert_eq!(follow.passed_over().bad_lines, 0);

    // The rest of the line arrives, and is no record after all.
    log.append(b"\"}\n");
    log.rotate(1);
    log.add("tool_call", &call("conv_1", "t", "success", 9));
    let mut other = WrittenLog::create(&store.path().join("financial"), 2);
    other.add("tool_call", &call("conv_1", "t", "success", 8));
    let added = follow.poll().unwrap();
    assert!(added.iter().all(|record| record.line() != line));
    assert_eq!(seqs(added), [1, 8]);
    assert_eq!(follow.passed_over().bad_lines, 1);
    assert_eq!(follow.passed_over().superseded, 1);
}

#[test]
fn a_log_that_is_still_empty_is_followed_from_its_first_record() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("LOCK"), b"").unwrap();
    let (newest, mut follow) = Follow::open(folder.path(), &Filter::new(), 10).unwrap();
    assert!(newest.is_empty());
    WrittenLog::create(folder.path(), 1);
    assert_eq!(follow.poll().unwrap().len(), 1);
    assert_eq!(follow.poll().unwrap().len(), 0);
}

#[test]
fn a_log_that_a_sink_holds_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let sink = HashChainSink::open(&store).unwrap();
    let recorder = Recorder::new(sink);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let record = |tool: &str| {
        let call = ToolCall::new(tool, json!({"order_id": "ORD-1"}))
            .context(CallContext::new("conv_1", "usr_9").turn(1));
        runtime.block_on(async {
            let mut recording = recorder.start_call(&call);
            recording.begin();
            recording
                .success(&json!({"status": "shipped"}))
                .await
                .unwrap();
            recorder.flush().await.unwrap();
        });
    };
    record("get_order");
    let (_, mut follow) = Follow::open(&store, &Filter::new(), 0).unwrap();
    record("return_order");
    assert_eq!(
        follow.poll().unwrap()[0].entry().unwrap().tool_name,
        "return_order"
    );
    let held = status(&store).unwrap();
    assert_eq!(
        (held.logs[0].writer, held.passed_over().unfinished_bytes),
        (Some(true), 0)
    );
    assert_eq!(
        statistics(&store, &Filter::new())
            .unwrap()
            .tool("get_order")
            .total_calls,
        1
    );
    runtime.block_on(recorder.close()).unwrap();
    assert_eq!(status(&store).unwrap().logs[0].writer, Some(false));
}
