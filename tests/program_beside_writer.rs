//! The program, in processes of its own, beside a service that writes.
#![cfg(unix)]

mod prune_support;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use prune_support::{Calendar, add, call, close, open, segments, verdict};
use serde_json::{Value, json};
use tool_audit::clock::SystemClock;
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::retention::PruneOptions;
use tool_audit::{CallContext, HashChainSink, Recorder, ToolCall};

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap()
}

fn done(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Segments 0, 4, 8, 12 and 16, of which those before the last have expired. In the first is an emergency that nobody has
/// reviewed, in the third the calls of `refund`.
fn store(folder: &Path) {
    let begin = Utc::now() - TimeDelta::days(60);
    let calendar = Calendar::at(&begin.to_rfc3339());
    let mut log = open(folder, &calendar);
    for number in 0..12 {
        let mut members = call(&format!("old-{number}"), &calendar, 30);
        if number == 0 {
            members["emergency"] = json!({"reason": "chest pain", "declared_by": "usr_9"});
        }
        if (6..9).contains(&number) {
            members["tool_name"] = json!("refund");
        }
        members["subjects"] = json!(["P-7"]);
        add(&mut log, "tool_call", &members);
    }
    log.flush().unwrap();
    calendar.advance(TimeDelta::days(60));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    assert_eq!(segments(folder)[..5], [0, 4, 8, 12, 16]);
}

/// All readings, from several processes at a time.
fn read_all(log: &str) {
    let verbs: [&[&str]; 5] = [
        &[
            "report",
            "access",
            log,
            "--subject",
            "P-7",
            "--format",
            "json",
        ],
        &["report", "summary", log, "--format", "json"],
        &["stats", log, "--json"],
        &["query", log, "--json"],
        &["verify", log, "--json"],
    ];
    thread::scope(|scope| {
        for verb in verbs {
            scope.spawn(move || {
                for line in done(&program(verb)).lines() {
                    let answer: Value = serde_json::from_str(line).unwrap();
                    if verb[0] == "report" {
                        assert_eq!(answer["integrity_verified"], true, "{answer}");
                        assert_eq!(answer["reading_recorded"], true);
                    }
                }
            });
        }
    });
}

#[test]
fn hold_review_report_and_prune_of_other_processes_work_beside_a_service_that_writes_and_prunes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let log = path.to_str().unwrap();
    let sink = HashChainSink::builder(&path)
        .clock(Arc::new(SystemClock))
        .segment_records(50)
        .prune(Duration::from_millis(100), PruneOptions::new("orders"))
        .build()
        .unwrap();
    let recorder = Recorder::new(sink.clone());
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stopped.load(Ordering::SeqCst) {
                let call = ToolCall::new("get_patient", json!({"patient_id": "P-7"}))
                    .context(CallContext::new("conv_2", "usr_9"));
                drop(recorder.start_call(&call).success(&json!({})));
                thread::sleep(Duration::from_millis(1));
            }
        });
        let others = scope.spawn(|| {
            read_all(log);
            // The unreviewed emergency keeps all of it.
            assert_eq!(segments(&path)[0], 0);
            let hold = done(&program(&[
                "hold", "set", log, "--reason", "claim", "--tool", "refund",
            ]));
            let refused = program(&["prune", log]);
            let error = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(2));
            assert!(error.contains("a writer holds it"), "{error}");
            done(&program(&[
                "review",
                log,
                "--call",
                "old-0",
                "--finding",
                "justified",
            ]));
            read_all(log);
            wait_until("what is not held goes", || segments(&path)[0] == 8);
            let planned = done(&program(&["prune", log, "--dry-run"]));
            assert!(
                planned.contains(&format!("the hold {}", hold.trim())),
                "{planned}"
            );
            let release = ["hold", "release", log, hold.trim(), "--reason", "settled"];
            done(&program(&[&release[..], &["--as", "dpo"]].concat()));
            read_all(log);
            wait_until("what was held goes", || segments(&path)[0] == 16);
            read_all(log);
        });
        let ended = others.join();
        stopped.store(true, Ordering::SeqCst);
        ended.unwrap();
    });
    drop(recorder);
    drop(sink);
    assert!(verify(&path, &VerifyOptions::new()).unwrap().is_intact());
    assert!(verdict(&path.join("general")).intact);
    let of = |kind: &str| scan(&path, &Filter::new().kind(kind)).unwrap().count();
    let acts = ["hold_set", "reviewed", "hold_released", "log_read"].map(of);
    assert_eq!(acts, [1, 1, 1, 20]);
    done(&program(&["prune", log]));
}
