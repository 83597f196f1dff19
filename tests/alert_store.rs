//! Alerts of a live store: recorded, told, remembered across a restart; and rules over stored logs.
#![cfg(unix)]

mod common;

use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;
use tool_audit::alert::{Alert, AlertStatus, Alerts, Detector, Rule, Rules, run};
use tool_audit::clock::Clock;
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::{
    AuditSink, CallContext, Emergency, EntryBuilder, HashChainSink, Loss, MemorySink, Outcome,
    Policy, Recorder, RetentionClass, Sanitizer, ToolCall,
};

use common::StandingClock;

const HOUR: Duration = Duration::from_secs(3600);
/// 2025-07-07T09:00:00Z
const NOW: u64 = 1_751_878_800_000_000;

/// Its pseudonyms hold for all openings of a test.
static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(|| {
    let builder = Sanitizer::builder().pseudonymize_key("patient_id", "patient");
    builder.build().unwrap()
});

fn often() -> Rule {
    Rule::same_subject("often", 10, HOUR)
}

fn patient(subject: &str) -> ToolCall {
    ToolCall::new("get_patient", json!({"patient_id": subject}))
        .context(CallContext::new("conv", "usr_9").turn(1))
}

/// A store whose alerts are collected.
struct Service {
    recorder: Recorder,
    clock: StandingClock,
    status: AlertStatus,
    told: mpsc::Receiver<Alert>,
}

impl Service {
    fn open(store: &Path, clock: &StandingClock, rules: impl IntoIterator<Item = Rule>) -> Self {
        Self::open_with(store, clock, rules, u64::MAX)
    }

    /// With so many records in a segment.
    fn open_with(
        store: &Path,
        clock: &StandingClock,
        rules: impl IntoIterator<Item = Rule>,
        segment_records: u64,
    ) -> Self {
        let (sender, told) = mpsc::channel();
        let alerts = Alerts::new(Rules::new(rules).unwrap())
            .callback(move |alert| sender.send(alert.clone()).unwrap());
        let status = alerts.status();
        let sink = HashChainSink::builder(store)
            .clock(Arc::new(clock.clone()))
            .segment_records(segment_records)
            .alerts(alerts)
            .build()
            .unwrap();
        let healthcare = RetentionClass::healthcare().tools(["get_patient"]);
        let recorder = Recorder::builder(sink)
            .sanitizer(SANITIZER.clone())
            .clock(clock.clone())
            .policy(Policy::new().class(healthcare))
            .build();
        Self {
            recorder,
            clock: clock.clone(),
            status,
            told,
        }
    }

    fn call(&self, call: &ToolCall) {
        self.clock.advance(Duration::from_secs(60));
        drop(self.recorder.start_call(call).success(&json!({})));
    }

    fn access(&self, subject: &str, times: usize) {
        for _ in 0..times {
            self.call(&patient(subject));
        }
    }

    /// Ends in good order, and gives what was told.
    async fn close(self) -> Vec<Alert> {
        self.recorder.close().await.unwrap();
        drop(self.recorder);
        self.told.iter().collect()
    }
}

fn store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    (folder, store)
}

/// The records of alerts in a log.
fn recorded(log: &Path) -> Vec<Value> {
    let records = scan(log, &Filter::new().kind("alert")).unwrap();
    records
        .map(|record| serde_json::from_str(record.unwrap().line()).unwrap())
        .collect()
}

fn assert_intact(store: &Path) {
    let report = verify(store, &VerifyOptions::new()).unwrap();
    assert!(report.is_intact(), "{report}");
}

#[tokio::test]
async fn an_alert_is_recorded_in_the_class_that_fired_it_behind_the_call() {
    let (_folder, store) = store();
    let service = Service::open(&store, &StandingClock::at(NOW), [often()]);
    service.access("P-7", 12);
    let status = service.status.clone();
    let told = service.close().await;
    assert_eq!(told.len(), 1);
    assert_eq!((status.get().fired, status.get().recorded), (1, 1));

    let records = recorded(&store.join("healthcare"));
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record["rule"], "often");
    assert_eq!(record["severity"], "high");
    assert_eq!(record["retention_class"], "healthcare");
    assert!(record["retain_until"].is_string());
    assert_eq!(record["call_ids"], json!(told[0].call_ids));
    assert_eq!(told[0].call_ids.len(), 10);
    // The policy's pseudonym stands there, never the number.
    let subject = record["detail"]["subject"].as_str().unwrap();
    assert!(subject.starts_with("pn:"), "{subject}");
    // log_created, ten calls, the alert.
    assert_eq!(record["_seq"], 11);
    assert!(recorded(&store.join("general")).is_empty());
    assert_intact(&store);
    let unreviewed = scan(&store, &Filter::new().unreviewed()).unwrap();
    assert_eq!(unreviewed.count(), 1);
}

#[tokio::test]
async fn nine_accesses_before_a_restart_and_one_after_fire() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    let service = Service::open(&store, &clock, [often()]);
    service.access("P-7", 9);
    assert_eq!(service.close().await.len(), 0);

    let service = Service::open(&store, &clock, [often()]);
    service.access("P-7", 1);
    let told = service.close().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].call_ids.len(), 10);
    assert_eq!(recorded(&store).len(), 1);
    assert_intact(&store);
}

#[tokio::test]
async fn an_alert_on_record_does_not_fire_again_within_its_window_after_a_restart() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    for (accesses, expected) in [(10, 1), (5, 0), (5, 0), (40, 0), (10, 1), (5, 0)] {
        let service = Service::open(&store, &clock, [often()]);
        service.access("P-7", accesses);
        assert_eq!(service.close().await.len(), expected, "{accesses}");
    }
    assert_eq!(recorded(&store).len(), 2);
}

#[tokio::test]
async fn accesses_older_than_the_window_are_not_remembered() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    let service = Service::open(&store, &clock, [often()]);
    service.access("P-7", 9);
    service.close().await;
    clock.advance(HOUR);
    let service = Service::open(&store, &clock, [often()]);
    service.access("P-7", 1);
    assert_eq!(service.close().await.len(), 0);
}

#[tokio::test]
async fn a_past_that_was_not_watched_is_told_at_the_opening_as_far_as_it_matters() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    let service = Service::open(&store, &clock, [often()]);
    service.access("P-7", 8);
    service.close().await;
    let rules = || {
        [
            Rule::same_subject("newer", 4, HOUR),
            Rule::first_use("first", 24 * HOUR),
        ]
    };
    let told = Service::open(&store, &clock, rules()).close().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].rule, "newer");
    assert_eq!(recorded(&store)[0]["retention_class"], "healthcare");
    // By now it stands on record.
    let service = Service::open(&store, &clock, rules());
    service.access("P-7", 1);
    assert_eq!(service.close().await.len(), 0);
}

#[tokio::test]
async fn memory_is_rebuilt_from_many_segments_and_classes() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    let write = async |accesses: usize, rules: Vec<Rule>| {
        let (sender, told) = mpsc::channel();
        let alerts = Alerts::new(Rules::new(rules).unwrap())
            .callback(move |alert| sender.send(alert.clone()).unwrap());
        let sink = HashChainSink::builder(&store)
            .clock(Arc::new(clock.clone()))
            .segment_records(7)
            .alerts(alerts)
            .build()
            .unwrap();
        for number in 0..accesses {
            clock.advance(Duration::from_secs(30));
            let class = ["healthcare", "financial"][number % 2];
            let entry = EntryBuilder::new("get_patient")
                .context(CallContext::new("c", "usr_9").subject("P-7"))
                .retention(class, Some(2190))
                .started(clock.now());
            sink.record(&entry.build(&SANITIZER).as_entry());
            // What the log says of itself has the time of its writer, which must not run ahead.
            let flushed = sink.flush();
            poll_fn(|cx| sink.poll_committed(cx, &flushed))
                .await
                .unwrap();
        }
        (sink, told)
    };
    let close = async |(sink, told): (HashChainSink, mpsc::Receiver<Alert>)| {
        poll_fn(|cx| sink.poll_close(cx)).await.unwrap();
        drop(sink);
        told.iter().count()
    };
    let rule = || vec![Rule::same_subject("often", 100, HOUR)];
    assert_eq!(close(write(250, Vec::new()).await).await, 0);
    // The last 120 of those 250 are within an hour: the rule would have fired at the hundredth of them, and is quiet
    // for an hour from there.
    assert_eq!(close(write(0, rule()).await).await, 1);
    assert_eq!(close(write(99, rule()).await).await, 0);
    assert_eq!(close(write(1, rule()).await).await, 1);
}

#[tokio::test]
async fn an_alert_older_than_its_window_still_keeps_quiet_about_what_followed_it() {
    let (_folder, store) = store();
    let clock = StandingClock::at(NOW);
    let open = || Service::open_with(&store, &clock, [often()], 7);
    let service = open();
    let access = async |subject: &str, times: usize| {
        for _ in 0..times {
            service.access(subject, 1);
            // A segment has the time of its writer, which must not run behind.
            service.recorder.flush().await.unwrap();
        }
    };
    // Fires at the tenth minute, and is quiet for the hour in which it would fire again.
    access("P-7", 10).await;
    access("P-9", 8).await;
    clock.advance(HOUR / 2);
    access("P-7", 10).await;
    clock.advance(HOUR / 2);
    access("P-8", 1).await;
    assert_eq!(service.close().await.len(), 1);
    // Of the last hour are the second ten alone; the alert stands segments before them.
    assert_eq!(open().close().await.len(), 0);
    assert_eq!(recorded(&store).len(), 1);
}

#[tokio::test]
async fn break_glass_is_told_at_once_before_the_tool_has_answered() {
    let (_folder, store) = store();
    let service = Service::open(
        &store,
        &StandingClock::at(NOW),
        [Rule::break_glass("glass")],
    );
    let declared = Emergency::new("cardiac arrest", "dr_9");
    let context = CallContext::new("night_1", "dr_9").emergency(declared);
    let call = ToolCall::new("get_patient", json!({"patient_id": "P-7"})).context(context);
    let mut recording = service.recorder.start_call(&call);
    recording.intent().await.unwrap();
    let alert = service.told.recv().unwrap();
    assert_eq!(alert.call_ids, [recording.call_id()]);
    recording.begin();
    recording.success(&json!({})).await.unwrap();
    assert_eq!(service.close().await.len(), 0);
    let kinds: Vec<String> = scan(&store.join("healthcare"), &Filter::new())
        .unwrap()
        .map(|record| record.unwrap().kind().to_owned())
        .collect();
    assert_eq!(kinds[1..4], ["tool_call_started", "alert", "tool_call"]);
}

#[tokio::test]
async fn lost_entries_and_damage_are_told_and_recorded() {
    let (_folder, store) = store();
    let rules = || [Rule::entries_lost("lost"), Rule::chain_damaged("damaged")];
    let clock = StandingClock::at(NOW);
    let service = Service::open(&store, &clock, rules());
    service.access("P-7", 3);
    service.recorder.flush().await.unwrap();
    service.close().await;

    let sink = HashChainSink::builder(&store)
        .clock(Arc::new(clock.clone()))
        .alerts(Alerts::new(Rules::new(rules()).unwrap()))
        .build()
        .unwrap();
    sink.entries_lost(&Loss::new(3, "queue full", clock.now()));
    sink.entries_lost(&Loss::new(2, "queue full", clock.now()));
    poll_fn(|cx| sink.poll_close(cx)).await.unwrap();
    drop(sink);
    let records = recorded(&store.join("general"));
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["rule"], "lost");
    assert_eq!(records[0]["detail"]["reason"], "queue full");
    assert_eq!(records[0]["detail"]["log"], records[0]["_log"]);

    // Somebody changes a byte in the middle of what a writer will read.
    let segment = store.join("healthcare/00000000000000000000.jsonl");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let service = Service::open(&store, &clock, rules());
    let told = service.close().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].rule.as_str(), told[0].retention_class.as_str()),
        ("damaged", "healthcare")
    );
    assert_eq!(told[0].detail["damage"], "segment");
    // It is on record, and not said again each time that the service starts.
    let told = Service::open(&store, &clock, rules()).close().await;
    assert_eq!(told.len(), 0, "{told:?}");

    let rules = Rules::new(rules()).unwrap();
    let found: Vec<Alert> = run(&[&store], &rules)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let names: Vec<&str> = found.iter().map(|alert| alert.rule.as_str()).collect();
    assert_eq!(names, ["lost", "damaged"]);
}

#[tokio::test]
async fn a_full_channel_is_not_waited_for_and_what_it_missed_is_counted() {
    let (_folder, store) = store();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(2);
    let alerts =
        Alerts::new(Rules::new([Rule::same_subject("each", 1, HOUR)]).unwrap()).channel(sender);
    let status = alerts.status();
    let sink = HashChainSink::builder(&store)
        .alerts(alerts)
        .build()
        .unwrap();
    let recorder = Recorder::new(sink);
    for number in 0..5 {
        drop(recorder.start_call(&patient(&format!("P-{number}"))));
        recorder
            .start_call(&patient(&format!("P-{number}")))
            .success(&json!({}))
            .await
            .unwrap();
    }
    recorder.close().await.unwrap();
    let stats = status.get();
    assert_eq!((stats.fired, stats.recorded, stats.undelivered), (5, 5, 3));
    assert!(receiver.recv().await.is_some() && receiver.recv().await.is_some());
    drop(recorder);
    assert!(receiver.recv().await.is_none());
}

#[tokio::test]
async fn a_callback_that_panics_or_hangs_holds_up_nobody() {
    let (_folder, store) = store();
    let (go_on, waits) = mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let alerts = Alerts::new(Rules::new([Rule::same_subject("each", 1, HOUR)]).unwrap())
        .callback(|_| panic!("this callback is broken"))
        .callback(move |_| {
            let _gone = waits.lock().unwrap().recv();
        });
    let status = alerts.status();
    let sink = HashChainSink::builder(&store)
        .alerts(alerts)
        .build()
        .unwrap();
    let recorder = Recorder::new(sink);
    for number in 0..3 {
        let call = patient(&format!("P-{number}"));
        recorder
            .start_call(&call)
            .success(&json!({}))
            .await
            .unwrap();
    }
    recorder.close().await.unwrap();
    assert_eq!((status.get().fired, status.get().recorded), (3, 3));
    while status.get().panicked < 3 {
        std::thread::yield_now();
    }
    drop(go_on);
}

#[test]
fn a_sink_without_a_log_watches_on_its_own_thread() {
    let (sender, told) = mpsc::channel();
    let alerts = Alerts::new(Rules::new([often(), Rule::entries_lost("lost")]).unwrap())
        .callback(move |alert| sender.send(alert.rule.clone()).unwrap());
    let sink = alerts.into_sink();
    let recorder = Recorder::new(sink.clone());
    for _ in 0..10 {
        drop(recorder.start_call(&patient("P-7")));
    }
    assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Empty));
    for _ in 0..10 {
        drop(recorder.start_call(&patient("P-7")).success(&json!({})));
    }
    sink.entries_lost(&Loss::new(
        1,
        "queue full",
        UNIX_EPOCH + Duration::from_micros(NOW),
    ));
    drop((recorder, sink));
    assert_eq!(told.iter().collect::<Vec<_>>(), ["often", "lost"]);
}

#[test]
fn a_store_in_memory_records_its_alerts_too() {
    let alerts = Alerts::new(Rules::new([often()]).unwrap());
    let sink = HashChainSink::in_memory_builder()
        .alerts(alerts)
        .build()
        .unwrap();
    let recorder = Recorder::new(sink.clone());
    for _ in 0..10 {
        drop(recorder.start_call(&patient("P-7")).success(&json!({})));
    }
    let lines = sink.lines();
    let last: Value = serde_json::from_slice(lines.last().unwrap()).unwrap();
    assert_eq!(
        (&last["_kind"], &last["rule"]),
        (&json!("alert"), &json!("often"))
    );
}

/// Entries of a few users about a few subjects, at random times that go forward.
fn streams() -> impl Strategy<Value = Vec<(u64, usize, usize, usize)>> {
    prop::collection::vec((0_u64..600, 0_usize..3, 0_usize..3, 0_usize..4), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rules_say_the_same_of_live_entries_a_log_read_back_and_several_stores_merged(
        stream in streams(),
    ) {
        let rules = Rules::new([
            Rule::same_subject("often", 4, HOUR),
            Rule::many_subjects("many", 3, HOUR),
            Rule::failure_rate("fails", 0.5, 3, HOUR),
            Rule::first_use("first", HOUR),
            Rule::burst("burst", 2, HOUR),
        ])
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let memory = MemorySink::new();
        let store = || {
            let clock = Arc::new(StandingClock::at(NOW));
            HashChainSink::in_memory_builder().clock(clock).build().unwrap()
        };
        let stores = [store(), store()];
        let one = store();
        let mut time = NOW;
        for (step, user, subject, end) in stream {
            time += 1 + step * 1_000_000;
            let ends = [Outcome::Success, Outcome::Denied, Outcome::TimedOut, Outcome::Cancelled];
            let context = CallContext::new("c", format!("u{user}")).subject(format!("P-{subject}"));
            let entry = EntryBuilder::new(["get", "put"][subject % 2])
                .context(context)
                .outcome(ends[end])
                .started(UNIX_EPOCH + Duration::from_micros(time))
                .build(&SANITIZER);
            memory.record(&entry.as_entry());
            one.record(&entry.as_entry());
            stores[user % 2].record(&entry.as_entry());
        }
        let mut detector = Detector::new(&rules);
        let live: Vec<Alert> = memory
            .lines()
            .iter()
            .flat_map(|line| detector.observe(line))
            .collect();
        one.to_folder(folder.path().join("one")).unwrap();
        let read = |paths: &[PathBuf]| -> Vec<Alert> {
            run(paths, &rules).unwrap().map(Result::unwrap).collect()
        };
        prop_assert_eq!(&read(&[folder.path().join("one")]), &live);
        let both = [folder.path().join("a"), folder.path().join("b")];
        let mut written = Vec::new();
        for (store, path) in stores.iter().zip(both) {
            // Without an entry there is no log.
            if !store.lines().is_empty() {
                store.to_folder(&path).unwrap();
                written.push(path);
            }
        }
        prop_assert_eq!(&read(&written), &live);
    }
}
