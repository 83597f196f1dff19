//! The sink that keeps entries in hash-chained logs.

mod log_support;
mod sinks_support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use log_support::{Checked, HandClock, check};
use sinks_support::{close, committed, flush, ready, record};
use tool_audit::log::verify::{Report, VerifyOptions, verify};
use tool_audit::log::{LogError, Source};
use tool_audit::sink::{ChainSegment, HashChainBuilder};
use tool_audit::{
    AuditSink, Durability, EntryBuilder, EntryKind, HashChainSink, Loss, PolicyInForce, Sanitizer,
};

fn verified(path: &Path) -> Report {
    let report = verify(path, &VerifyOptions::new()).unwrap();
    assert!(report.is_intact(), "{report}");
    report
}

/// The logs in memory, each checked.
fn logs(segments: Vec<ChainSegment>) -> BTreeMap<String, Checked> {
    let mut logs: BTreeMap<String, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
    for segment in segments {
        let log = logs.entry(segment.retention_class).or_default();
        log.push((segment.first_seq, segment.bytes));
    }
    logs.into_iter()
        .map(|(class, segments)| {
            let checked = check(&segments);
            assert!(checked.faults.is_empty(), "{class}: {:?}", checked.faults);
            (class, checked)
        })
        .collect()
}

/// The lines of all segments below `path`.
fn lines(path: &Path) -> Vec<serde_json::Value> {
    let mut lines = Vec::new();
    for (_, segment) in tool_audit::log::segment::list(path).unwrap() {
        let text = std::fs::read_to_string(segment).unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    lines
}

fn in_class(class: &str, days: Option<u32>) -> tool_audit::EntryBuf {
    EntryBuilder::new("issue_refund")
        .retention(class, days)
        .started(SystemTime::UNIX_EPOCH + Duration::from_micros(log_support::START))
        .build(&Sanitizer::default())
}

fn steady(builder: HashChainBuilder) -> HashChainBuilder {
    builder
        .service("orders")
        .instance("tools-0")
        .clock(Arc::new(HandClock::new()))
        .lock_wait(Duration::ZERO)
}

#[tokio::test]
async fn entries_of_every_durability_are_in_the_log_when_they_are_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::open(&path).unwrap();
    for number in 0..300 {
        let durability = match number % 3 {
            0 => Durability::Buffered,
            1 => Durability::Flushed,
            _ => Durability::Synced,
        };
        ready(&sink).await.unwrap();
        let ticket = record(&sink, number, durability);
        committed(&sink, &ticket).await.unwrap();
        if durability != Durability::Buffered && number % 50 < 3 {
            let report = verified(&path);
            assert!(report.records() >= number as u64 + 2);
        }
    }
    close(&sink).await.unwrap();
    assert_eq!(verified(&path).records(), 302);
    let numbers: Vec<u64> = lines(&path.join("general"))
        .iter()
        .filter_map(|line| line["turn_number"].as_u64())
        .collect();
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_goes_on_after_it_was_closed_and_after_it_was_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    for round in 0..3 {
        let sink = HashChainSink::open(&path).unwrap();
        record(&sink, round, Durability::Buffered);
        if round == 0 {
            close(&sink).await.unwrap();
        }
        drop(sink);
    }
    verified(&path);
    let kinds: Vec<String> = lines(&path.join("general"))
        .iter()
        .map(|line| line["_kind"].as_str().unwrap().to_owned())
        .collect();
    let round = ["log_resumed", "tool_call", "log_closed"];
    assert_eq!(kinds[0], "log_created");
    assert_eq!(kinds[3..], [round, round].concat());
}

#[tokio::test]
async fn each_retention_class_has_a_log_of_its_own() {
    let sink = steady(HashChainSink::in_memory_builder())
        .class("financial", Some(10))
        .build()
        .unwrap();
    for (class, days) in [
        ("general", Some(365)),
        ("financial", Some(2557)),
        ("healthcare", Some(2190)),
        ("transient", None),
        ("../escape", Some(1)),
        ("admin", Some(1)),
    ] {
        sink.record(&in_class(class, days).as_entry());
    }
    close(&sink).await.unwrap();
    let logs = logs(sink.segments());
    let names: Vec<&str> = logs.keys().map(String::as_str).collect();
    assert_eq!(names, ["financial", "general", "healthcare", "transient"]);
    assert_eq!(logs["general"].of_kind("tool_call").len(), 3);
    // A log keeps its own records as long as was said, or else as long as its first entry.
    let until = |class: &str| logs[class].records[0].get("retain_until").cloned();
    assert_eq!(until("financial"), Some("2025-07-16".into()));
    assert_eq!(until("general"), Some("2026-07-06".into()));
    assert_eq!(until("healthcare"), Some("2031-07-05".into()));
    assert_eq!(until("transient"), None);
    for (class, log) in &logs {
        assert_eq!(log.records[0]["retention_class"], class.as_str());
    }
}

#[tokio::test]
async fn classes_are_folders_and_all_of_them_are_recovered_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let heads = folder.path().join("heads");
    std::fs::create_dir(&heads).unwrap();
    let open = || {
        steady(HashChainSink::builder(&path))
            .head(heads.join("audit"))
            .build()
    };
    let sink = open().unwrap();
    assert!(path.join("general/LOCK").exists());
    let started = EntryBuilder::new("issue_refund")
        .retention("financial", Some(10))
        .kind(EntryKind::ToolCallStarted)
        .build(&Sanitizer::default());
    sink.record(&started.as_entry());
    close(&sink).await.unwrap();
    drop(sink);
    let heads: Vec<_> = std::fs::read_dir(&heads)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(heads, ["audit.financial"]);

    let sink = open().unwrap();
    let status = sink.status();
    let classes: Vec<&str> = status
        .logs
        .iter()
        .map(|log| &*log.retention_class)
        .collect();
    assert_eq!(classes, ["general", "financial"]);
    assert!(!status.is_damaged());
    let financial = lines(&path.join("financial"));
    assert_eq!(financial.last().unwrap()["_kind"], "outcome_unknown");
    assert_eq!(financial.last().unwrap()["started_seq"], 1);
}

#[tokio::test]
async fn the_policy_in_force_and_losses_are_recorded() {
    let sink = HashChainSink::in_memory();
    let mut policy = PolicyInForce::default();
    policy.policy_id = "p-1".to_owned();
    policy.pseudonym_key_id = "k-1".to_owned();
    sink.policy_in_force(&policy);
    assert!(sink.lines().is_empty());
    record(&sink, 0, Durability::Buffered);
    policy.policy_id = "p-2".to_owned();
    sink.policy_in_force(&policy);
    sink.entries_lost(&Loss::new(3, "deadline", SystemTime::UNIX_EPOCH));
    sink.record(&in_class("financial", None).as_entry());
    close(&sink).await.unwrap();
    let logs = logs(sink.segments());
    let general = &logs["general"];
    assert_eq!(general.records[0]["policy_id"], "p-1");
    assert_eq!(general.of_kind("policy_changed")[0]["policy_id"], "p-2");
    assert_eq!(general.of_kind("entries_lost")[0]["count"], 3);
    assert_eq!(logs["financial"].records[0]["policy_id"], "p-2");
}

#[tokio::test]
async fn a_replay_refuses_a_live_store_and_the_reverse() {
    let folder = tempfile::tempdir().unwrap();
    for source in [Source::Live, Source::Replay] {
        let path = folder.path().join(source.as_str());
        let open = |source| steady(HashChainSink::builder(&path)).source(source).build();
        let sink = open(source).unwrap();
        // Not even where the class of the new calls is another one.
        sink.record(&in_class("financial", None).as_entry());
        close(&sink).await.unwrap();
        drop(sink);
        let other = match source {
            Source::Live => Source::Replay,
            Source::Replay => Source::Live,
        };
        let error = open(other).unwrap_err();
        assert!(matches!(error, LogError::OtherSource { .. }), "{error}");
        open(source).unwrap();
        verified(&path);
    }
}

#[tokio::test]
async fn a_second_sink_on_a_store_is_refused_until_the_first_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let open = || steady(HashChainSink::builder(&path)).build();
    let first = open().unwrap();
    assert!(matches!(open().unwrap_err(), LogError::Locked { .. }));
    close(&first).await.unwrap();
    open().unwrap();
}

#[tokio::test]
async fn damage_shows_in_the_status_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::open(&path).unwrap();
    for number in 0..50 {
        record(&sink, number, Durability::Buffered);
    }
    close(&sink).await.unwrap();
    drop(sink);
    let segment = path.join("general").join(tool_audit::log::segment::name(0));
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();

    let sink = HashChainSink::open(&path).unwrap();
    assert!(sink.status().is_damaged());
    let ticket = record(&sink, 50, Durability::Synced);
    committed(&sink, &ticket).await.unwrap();
    close(&sink).await.unwrap();
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
    let report = verify(&path, &VerifyOptions::new()).unwrap();
    assert!(!report.is_intact());
}

#[tokio::test]
async fn a_folder_removed_under_the_sink_is_told_and_nothing_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::builder(&path)
        .close_timeout(Duration::from_millis(1))
        .build()
        .unwrap();
    let ticket = record(&sink, 0, Durability::Synced);
    committed(&sink, &ticket).await.unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    let ticket = record(&sink, 1, Durability::Synced);
    let error = close(&sink).await.unwrap_err();
    assert!(
        error.to_string().contains("removed, renamed or replaced"),
        "{error}"
    );
    assert!(committed(&sink, &ticket).await.is_err());
}

#[tokio::test]
async fn a_store_in_memory_seals_at_once_and_has_the_bytes_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sink = steady(HashChainSink::in_memory_builder())
        .segment_records(10)
        .build()
        .unwrap();
    for number in 0..25 {
        let ticket = record(&sink, number, Durability::Synced);
        assert!(ticket.is_done());
        assert!(sink.lines().len() > number);
    }
    sink.record(&in_class("financial", None).as_entry());
    flush(&sink).await.unwrap();
    close(&sink).await.unwrap();
    close(&sink).await.unwrap();
    assert!(ready(&sink).await.unwrap_err().is_closed());
    assert!(record(&sink, 25, Durability::Buffered).is_lost());
    logs(sink.segments());

    let path = folder.path().join("copy");
    sink.to_folder(&path).unwrap();
    let report = verified(&path);
    assert_eq!(report.logs.len(), 2);
    assert!(sink.to_folder(&path).is_err());
    // The copy is a store like any other.
    let again = steady(HashChainSink::builder(&path)).build().unwrap();
    assert!(!again.status().is_damaged());
    record(&again, 26, Durability::Buffered);
    close(&again).await.unwrap();
    drop(again);
    verified(&path);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_is_intact_at_any_time_while_many_tasks_write_and_segments_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::builder(&path)
        .segment_bytes(30_000)
        .max_queued_bytes(20_000)
        .build()
        .unwrap();
    let mut tasks = Vec::new();
    for task in 0..8 {
        let sink = sink.clone();
        tasks.push(tokio::spawn(async move {
            for number in 0..150 {
                ready(&sink).await.unwrap();
                let durability = match number % 10 {
                    0 => Durability::Synced,
                    1..5 => Durability::Flushed,
                    _ => Durability::Buffered,
                };
                let ticket = record(&sink, task * 1_000 + number, durability);
                committed(&sink, &ticket).await.unwrap();
            }
        }));
    }
    while tasks.iter().any(|task| !task.is_finished()) {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            if path
                .join("general")
                .join(tool_audit::log::segment::name(0))
                .exists()
            {
                verified(&path);
            }
        })
        .await
        .unwrap();
    }
    for task in tasks {
        task.await.unwrap();
    }
    close(&sink).await.unwrap();
    let report = verified(&path);
    assert!(report.logs[0].segments > 5);
    assert_eq!(sink.status().queue.unwrap().written, 1_200);
    assert_eq!(sink.status().logs[0].segments, report.logs[0].segments);
}
