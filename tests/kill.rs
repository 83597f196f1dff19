//! Processes that are killed at any instant, and processes that want the same log.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "what a run did is worth a line")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tool_audit::log::LogError;
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::record::Policy;
use tool_audit::{Durability, HashChainSink, Recorder, ToolCall};

/// Tells this program that it is the child, and which store to write to.
const STORE: &str = "TOOL_AUDIT_KILL_STORE";
const DURABILITY: &str = "TOOL_AUDIT_KILL_DURABILITY";

fn child(test: &str, store: &Path, durability: Durability) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(DURABILITY, format!("{durability:?}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Records calls without end, and tells each one's id once it is committed.
fn record_until_killed(store: &str) {
    let durability = match std::env::var(DURABILITY).unwrap().as_str() {
        "Flushed" => Durability::Flushed,
        "Synced" => Durability::Synced,
        other => unreachable!("{other}"),
    };
    let sink = HashChainSink::builder(store)
        .head(format!("{store}.head"))
        .segment_bytes(40_000)
        .build();
    let sink = match sink {
        Ok(sink) => sink,
        Err(error) => {
            tell(&format!("error {error}"));
            return;
        }
    };
    if sink.status().is_damaged() {
        tell(&format!("damaged {:?}", sink.status()));
    }
    let recorder = Recorder::builder(sink)
        .policy(
            Policy::new()
                .durability(durability)
                .intent(["charge_payment"]),
        )
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let calls = (0..4).map(|task| {
            let recorder = recorder.clone();
            async move {
                let tool = ["get_order", "charge_payment"][task % 2];
                loop {
                    recorder.admit().await.unwrap();
                    let arguments = serde_json::json!({"filler": "x".repeat(task * 300)});
                    let call = ToolCall::new(tool, arguments);
                    let mut recording = recorder.start_call(&call);
                    let id = recording.call_id();
                    recording.intent().await.unwrap();
                    recording.success(&serde_json::Value::Null).await.unwrap();
                    tell(&format!("ack {id}."));
                }
            }
        });
        let mut tasks = tokio::task::JoinSet::new();
        calls.for_each(|call| {
            tasks.spawn(call);
        });
        tasks.join_next().await
    });
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n{line}");
    let _ = out.flush();
}

/// The same sequence of instants in each run.
struct Instants(u64);

impl Instants {
    fn next_below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Kills the same store's writers again and again, and looks for what they acknowledged.
fn kill_again_and_again(test: &str, durability: Durability, seed: u64) {
    if let Ok(store) = std::env::var(STORE) {
        return record_until_killed(&store);
    }
    const KILLS: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let mut instants = Instants(seed);
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let mut child = child(test, &store, durability);
        let (first, began) = mpsc::channel();
        let out = child.stdout.take().unwrap();
        let reader = thread::spawn(move || {
            let lines = BufReader::new(out).lines();
            let mut told = Vec::new();
            for line in lines.map_while(Result::ok) {
                let id = line.strip_prefix("ack ");
                // A line that the kill cut in two has no end.
                if let Some(id) = id.and_then(|id| id.strip_suffix('.')) {
                    let _ = first.send(());
                    told.push(id.to_owned());
                }
                assert!(
                    !line.starts_with("damaged") && !line.starts_with("error"),
                    "{line}"
                );
            }
            told
        });
        // Every fourth dies around its start, while it recovers; the others while they write.
        if kill % 4 != 0 {
            began
                .recv_timeout(Duration::from_secs(60))
                .expect("a child that records");
        }
        thread::sleep(Duration::from_micros(instants.next_below(30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = reader.join().unwrap();
        acknowledged.extend(told);
    }
    assert!(acknowledged.len() > KILLS, "{}", acknowledged.len());

    let sink = HashChainSink::builder(&store)
        .head(store.with_extension("head"))
        .build()
        .unwrap();
    assert!(!sink.status().is_damaged(), "{:?}", sink.status());
    drop(sink);
    let report = verify(&store, &VerifyOptions::new()).unwrap();
    assert!(report.is_intact(), "{report}");
    let mut there = BTreeSet::new();
    for (_, segment) in tool_audit::log::segment::list(&store.join("general")).unwrap() {
        for line in std::fs::read_to_string(segment).unwrap().lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            if record["_kind"] == "tool_call" {
                there.insert(record["call_id"].as_str().unwrap().to_owned());
            }
        }
    }
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    eprintln!(
        "{durability:?}: {KILLS} kills, {} calls acknowledged, {} records, {} unknown outcomes",
        acknowledged.len(),
        report.records(),
        report.logs[0].unknown_outcomes
    );
}

#[test]
fn no_flushed_record_is_lost_by_a_kill() {
    kill_again_and_again(
        "no_flushed_record_is_lost_by_a_kill",
        Durability::Flushed,
        20_250_706,
    );
}

#[test]
fn no_synced_record_is_lost_by_a_kill() {
    kill_again_and_again(
        "no_synced_record_is_lost_by_a_kill",
        Durability::Synced,
        14_230_145,
    );
}

#[test]
fn two_processes_never_write_one_store() {
    let test = "two_processes_never_write_one_store";
    if let Ok(store) = std::env::var(STORE) {
        return record_until_killed(&store);
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let mut other = child(test, &store, Durability::Flushed);
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let began = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.starts_with("ack "));
    assert!(began, "a child that records");
    let mine = || {
        HashChainSink::builder(&store)
            .lock_wait(Duration::from_millis(30))
            .build()
    };
    let error = mine().unwrap_err();
    assert!(matches!(error, LogError::Locked { .. }), "{error}");
    other.kill().unwrap();
    other.wait().unwrap();
    // The lock goes with its process.
    mine().unwrap();
    verify(&store, &VerifyOptions::new()).unwrap();
}
