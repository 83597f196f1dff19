//! A summary says what happened, in bounded memory, and whether the logs are as they were written.
#![cfg(unix)]

mod busy_store;
mod written_logs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

use busy_store::{busy_store, review};
use serde_json::{Value, json};
use tool_audit::log::verify::Head;
use tool_audit::query::{Filter, scan, statistics};
use tool_audit::report::{Basis, SummaryReport, SummaryRequest, summary_report};
use tool_audit::{HashChainSink, Policy, Recorder, ToolCall};
use written_logs::{WrittenLog, call};

fn summary(path: &Path) -> SummaryReport {
    summary_report(path, &SummaryRequest::new().shown(100)).unwrap()
}

fn calls(path: &Path, filter: &Filter) -> Vec<Value> {
    scan(path, &filter.clone().kind("tool_call"))
        .unwrap()
        .map(|record| serde_json::from_str(record.unwrap().line()).unwrap())
        .collect()
}

fn counted(calls: &[Value], member: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts
            .entry(call[member].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    counts
}

#[test]
fn the_numbers_are_those_of_the_records() {
    let folder = tempfile::tempdir().unwrap();
    busy_store(folder.path());
    for (from, to) in [
        (None, None),
        (Some("2025-07-10T09:00:00Z"), Some("2025-07-20T00:00:00Z")),
    ] {
        let mut request = SummaryRequest::new().shown(100);
        let mut filter = Filter::new();
        if let Some(from) = from {
            request = request.from(from.parse().unwrap());
            filter = filter.since(from.parse().unwrap());
        }
        if let Some(to) = to {
            request = request.to(to.parse().unwrap());
            filter = filter.until(to.parse().unwrap());
        }
        let report = summary_report(folder.path(), &request).unwrap();
        let calls = calls(folder.path(), &filter);
        let failed = |call: &&Value| {
            !["success", "input_required"].contains(&call["outcome"].as_str().unwrap())
        };
        let failures = calls.iter().filter(failed).count() as u64;
        assert_eq!(
            (report.total_calls, report.failures),
            (calls.len() as u64, failures)
        );
        assert_eq!(report.outcomes, counted(&calls, "outcome"));
        assert_eq!(report.by_trigger, counted(&calls, "call_trigger"));
        let tools: BTreeMap<String, u64> = report
            .tools
            .shown
            .iter()
            .map(|tool| (tool.tool.clone(), tool.total_calls))
            .collect();
        assert_eq!(tools, counted(&calls, "tool_name"));
        let users: BTreeMap<String, u64> = report
            .users
            .shown
            .iter()
            .map(|user| (user.user.clone(), user.total_calls))
            .collect();
        assert_eq!(users, counted(&calls, "user_id"));
        let of_users: u64 = report.users.shown.iter().map(|user| user.failures).sum();
        assert_eq!(of_users, failures);
        // Calls without an end are counted by themselves here.
        let expected: Vec<_> = statistics(folder.path(), &filter.clone().kind("tool_call"))
            .unwrap()
            .tools()
            .collect();
        for tool in &report.tools.shown {
            assert!(expected.contains(tool), "{}", tool.tool);
        }
        let conversations: BTreeSet<&str> = calls
            .iter()
            .map(|call| call["conversation_id"].as_str().unwrap())
            .collect();
        assert_eq!(report.conversations, conversations.len() as u64);
        let of_steps: u64 = report.volumes.steps.iter().map(|step| step.calls).sum();
        let failed_in_steps: u64 = report.volumes.steps.iter().map(|step| step.failures).sum();
        assert_eq!((of_steps, failed_in_steps), (report.total_calls, failures));
        let durations = report.durations.unwrap();
        let mut sorted: Vec<f64> = calls
            .iter()
            .map(|call| (call["duration_ms"].as_f64().unwrap() * 1000.0).round() / 1000.0)
            .collect();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(durations.p50, sorted[sorted.len().div_ceil(2) - 1]);
        let longest = sorted.last().map(|longest| (longest * 10.0).round() / 10.0);
        assert_eq!(Some(durations.max_ms), longest);
        let in_bands: u64 = durations.bands.iter().map(|band| band.calls).sum();
        assert_eq!(in_bands, report.total_calls);
    }
}

#[test]
fn what_needs_a_look_is_counted_and_a_review_takes_it_off() {
    let folder = tempfile::tempdir().unwrap();
    busy_store(folder.path());
    let before = summary(folder.path());
    assert_eq!(
        (
            before.emergencies.total,
            before.emergencies.unreviewed,
            before.emergencies.defective
        ),
        (2, 2, 1)
    );
    assert_eq!((before.alerts.total, before.alerts.unreviewed), (14, 14));
    assert_eq!(before.entries_lost.total, 17);
    assert_eq!(
        before.entries_lost.by_reason,
        [("queue_full".to_owned(), 17)].into()
    );
    assert_eq!((before.unknown_outcomes, before.running_calls), (1, 0));
    review(folder.path());
    let after = summary(folder.path());
    assert_eq!(
        (after.emergencies.total, after.emergencies.unreviewed),
        (2, 1)
    );
    assert_eq!((after.alerts.total, after.alerts.unreviewed), (14, 13));
    let shown = &after.emergencies.shown;
    assert_eq!(
        (
            shown[0].reviewed,
            shown[0].defect.as_deref(),
            shown[1].reason.as_deref()
        ),
        (false, Some("no_reason"), Some("cardiac arrest in ward 3"))
    );
    let rule = after
        .alerts
        .by_rule
        .iter()
        .find(|rule| rule.rule == "break_glass")
        .unwrap();
    assert_eq!(
        (&*rule.severity, rule.alerts, rule.unreviewed),
        ("high", 2, 1)
    );
}

#[test]
fn a_call_without_an_end_runs_while_a_writer_holds_the_log_and_is_unknown_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for seconds in 1..=4 {
        let mut started = call("conv_1", "charge", "success", seconds);
        for member in ["outcome", "success", "duration_ms", "result_summary"] {
            started.as_object_mut().unwrap().remove(member);
        }
        started["emergency"] = json!({"reason": "arrest", "declared_by": "dr_9"});
        log.add("tool_call_started", &started);
    }
    let mut ended = call("conv_1", "charge", "success", 1);
    ended["emergency"] = json!({"reason": "arrest", "declared_by": "dr_9"});
    log.add("tool_call", &ended);
    log.rotate(2);
    let unknown = json!({
        "call_id": "call-2", "retention_class": "general", "started_seq": 2,
        "timestamp": "2025-09-01T00:00:00.000000Z",
    });
    log.add("outcome_unknown", &unknown);
    let numbers = |report: &SummaryReport| {
        (
            report.total_calls,
            report.unknown_outcomes,
            report.running_calls,
            report.emergencies.total,
        )
    };
    assert_eq!(numbers(&summary(folder.path())), (1, 3, 0, 4));
    let lock = File::open(folder.path().join("general/LOCK")).unwrap();
    lock.lock().unwrap();
    // What a restart called unknown does not run, though it said so after the range.
    let request = SummaryRequest::new().to("2025-08-01T00:00:00Z".parse().unwrap());
    let running = summary_report(folder.path(), &request).unwrap();
    assert_eq!(numbers(&running), (1, 1, 2, 4));
    assert_eq!(
        running
            .emergencies
            .shown
            .iter()
            .filter(|call| call.outcome == "unknown")
            .count(),
        3
    );
}

#[test]
fn tools_and_users_beyond_those_shown_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for number in 0..1500 {
        let tool = if number % 3 == 0 {
            "often".to_owned()
        } else {
            format!("tool_{number}")
        };
        let mut members = call("conv_1", &tool, "success", number);
        members["user_id"] = json!(format!("usr_{}", number % 700));
        log.add("tool_call", &members);
    }
    let report = summary_report(folder.path(), &SummaryRequest::new().shown(3)).unwrap();
    let tools = &report.tools;
    assert_eq!(
        (
            tools.shown.len(),
            &*tools.shown[0].tool,
            tools.shown[0].total_calls
        ),
        (3, "often", 500)
    );
    assert_eq!((tools.others, tools.exact), (1001 - 3, false));
    let of_tools: u64 = tools.shown.iter().map(|tool| tool.total_calls).sum();
    assert_eq!(of_tools + tools.calls_of_others, 1500);
    let users = &report.users;
    assert_eq!(
        (users.shown.len(), users.others, users.exact),
        (3, 697, true)
    );
    assert_eq!(
        (&*users.shown[0].user, users.shown[0].total_calls),
        ("usr_0", 3)
    );
}

#[test]
fn the_verdict_is_the_verifiers_over_every_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let heads = folder.path().join("audit.head");
    let sink = HashChainSink::builder(&store).head(&heads).build().unwrap();
    let recorder = Recorder::builder(sink).policy(Policy::new()).build();
    for _ in 0..3 {
        let call = ToolCall::new("get_order", json!({}));
        drop(recorder.start_call(&call).success(&json!({})));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(recorder.close()).unwrap();
    let request = SummaryRequest::new().heads(Head::read_all(&heads).unwrap());
    let whole = summary_report(&store, &request).unwrap();
    assert!(whole.integrity_verified && whole.integrity.basis == Basis::Head);
    let segment = store.join("general/00000000000000000000.jsonl");
    let text = fs::read_to_string(&segment).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::remove_file(&segment).unwrap();
    fs::write(&segment, lines[..lines.len() - 2].concat()).unwrap();
    let cut = summary_report(&store, &request).unwrap();
    assert!(!cut.integrity_verified && cut.total_calls < whole.total_calls);
    assert!(
        cut.integrity.faults[0].contains("below_head"),
        "{:?}",
        cut.integrity.faults
    );
}

#[test]
fn the_text_names_everything_and_forges_nothing() {
    let folder = tempfile::tempdir().unwrap();
    busy_store(folder.path());
    let text = summary(folder.path()).to_string();
    for words in [
        "865 calls",
        "Calls by the day",
        "UNREVIEWED",
        "Entries lost: 17",
        "Integrity: VERIFIED (basis: chain)",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(
        text.chars()
            .all(|one| one == '\n' || !one.is_control() && one != '\u{202e}')
    );
    assert!(!text.lines().any(|line| line.starts_with("feed")));
}

#[test]
fn a_store_without_calls_has_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("general"), 1);
    let report = summary(folder.path());
    assert_eq!(
        (
            report.total_calls,
            report.failure_rate,
            report.volumes.steps.len()
        ),
        (0, None, 0)
    );
    assert!(report.durations.is_none() && report.integrity_verified);
}
