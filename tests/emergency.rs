//! Break-glass: a declared emergency passes, is marked, and goes through where ordinary calls do not.
#![cfg(unix)]

mod common;
mod sinks_support;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tool_audit::{
    Admission, AuditEntry, AuditLayer, CallContext, Durability, Emergency, EntryKind, FanOut,
    HashChainSink, Member, MemorySink, Outcome, Policy, Queued, Recorder, Refusal, ToolCall,
    ToolResult,
};
use tower::{BoxError, Service, ServiceExt, service_fn};

use common::{Answer, StandingClock, error_of, read};
use sinks_support::{Scripted, close, has_begun};

/// 2025-07-06T14:23:01Z
const NOW: u64 = 1_751_811_781_000_000;

fn ordinary() -> ToolCall {
    ToolCall::new("get_patient", json!({"patient_id": "P-7"}))
        .context(CallContext::new("night_1", "dr_9").turn(1))
}

fn declaring(emergency: Emergency) -> ToolCall {
    let context = CallContext::new("night_1", "dr_9").turn(1);
    ToolCall::new("get_patient", json!({"patient_id": "P-7"})).context(context.emergency(emergency))
}

fn emergency() -> ToolCall {
    declaring(Emergency::new("cardiac arrest", "dr_9"))
}

/// Declarations and what is wrong with each.
fn declarations() -> Vec<(Emergency, Option<&'static str>)> {
    let ending = |text: &str| {
        let mut emergency = Emergency::new("cardiac arrest", "dr_9");
        emergency.urgency = Some("immediate".to_owned());
        emergency.expires_at = Some(text.to_owned());
        emergency
    };
    vec![
        (ending("2025-07-06T14:23:02Z"), None),
        (ending("2025-07-06T14:23:00Z"), Some("it had expired")),
        (ending("soon"), Some("its end is no RFC 3339 time")),
        (Emergency::new(" ", "dr_9"), Some("no reason was given")),
        (Emergency::default(), Some("no reason was given")),
        (
            Emergency::new("fire", ""),
            Some("nobody is named who declared it"),
        ),
    ]
}

fn recorder(sink: &MemorySink) -> Recorder {
    Recorder::builder(sink.clone())
        .clock(StandingClock::at(NOW))
        .build()
}

/// A tool that counts how often it runs.
fn tool(
    runs: &Arc<AtomicUsize>,
) -> impl Service<ToolCall, Response = ToolResult, Error = BoxError, Future: Send> + Clone + use<> {
    let runs = Arc::clone(runs);
    service_fn(move |_: ToolCall| {
        runs.fetch_add(1, Ordering::SeqCst);
        std::future::ready::<Answer>(Ok(ToolResult::success(json!({"status": "found"}))))
    })
}

/// Both records of the one call say the same of the emergency, and must be synced.
fn assert_marked(sink: &MemorySink, defect: Option<&str>, outcome: Outcome) {
    let entries: Vec<AuditEntry> = sink.lines().iter().map(|line| read(line)).collect();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["tool_call_started", "tool_call"]);
    for entry in &entries {
        let declared = entry.emergency.as_ref().unwrap();
        assert_eq!(declared.defect.as_deref(), defect);
    }
    assert_eq!(entries[0].call_id, entries[1].call_id);
    assert_eq!(entries[1].outcome, Some(outcome));
}

#[tokio::test]
async fn a_defective_declaration_passes_and_is_marked_through_each_entrance() {
    for (declared, defect) in declarations() {
        let runs = Arc::new(AtomicUsize::new(0));

        let sink = MemorySink::new();
        let layer = AuditLayer::new(recorder(&sink));
        let tools = tower::Layer::layer(&layer, tool(&runs));
        tools.oneshot(declaring(declared.clone())).await.unwrap();
        assert_marked(&sink, defect, Outcome::Success);

        let sink = MemorySink::new();
        let layer = AuditLayer::builder(recorder(&sink)).build_durable();
        let tools = tower::Layer::layer(&layer, tool(&runs));
        tools.oneshot(declaring(declared.clone())).await.unwrap();
        assert_marked(&sink, defect, Outcome::Success);
        assert_eq!(runs.load(Ordering::SeqCst), 2);

        let sink = MemorySink::new();
        let recorder = recorder(&sink);
        let mut recording = recorder.start_call(&declaring(declared.clone()));
        assert_eq!(recording.emergency().unwrap().defect.as_deref(), defect);
        recording.begin();
        recording.success(&json!({})).await.unwrap();
        assert_marked(&sink, defect, Outcome::Success);
        let urgency = sink.entries()[1]
            .emergency
            .as_ref()
            .unwrap()
            .urgency
            .clone();
        assert_eq!(urgency, declared.urgency);
    }
}

#[tokio::test]
async fn a_defect_that_the_caller_writes_itself_counts_for_nothing() {
    let sink = MemorySink::new();
    let mut declared = Emergency::new("fire", "dr_9");
    declared.defect = Some("none at all".to_owned());
    recorder(&sink)
        .start_call(&declaring(declared))
        .success(&json!({}))
        .await
        .unwrap();
    assert_marked(&sink, None, Outcome::Success);
}

fn refuse_defects(emergency: &Emergency) -> Option<Answer> {
    Some(Err(emergency.defect.clone()?.into()))
}

#[tokio::test]
async fn the_hook_refuses_what_it_was_installed_for_and_the_tool_does_not_run() {
    for (declared, defect) in declarations() {
        let runs = Arc::new(AtomicUsize::new(0));
        for durable in [false, true] {
            let sink = MemorySink::new();
            let builder = AuditLayer::builder(recorder(&sink)).on_emergency(refuse_defects);
            let answer = if durable {
                let tools = tower::Layer::layer(&builder.build_durable(), tool(&runs));
                tools.oneshot(declaring(declared.clone())).await
            } else {
                let tools = tower::Layer::layer(&builder.build(), tool(&runs));
                tools.oneshot(declaring(declared.clone())).await
            };
            let Some(defect) = defect else {
                answer.unwrap();
                assert_marked(&sink, None, Outcome::Success);
                continue;
            };
            assert_eq!(answer.unwrap_err().to_string(), defect);
            assert_marked(&sink, Some(defect), Outcome::Denied);
            let end = &sink.entries()[1];
            assert_eq!(error_of(end), (Some(defect), Some("emergency_refused")));
        }
        let expected = if defect.is_none() { 2 } else { 0 };
        assert_eq!(runs.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn the_hook_is_not_asked_about_calls_without_an_emergency() {
    let sink = MemorySink::new();
    let refuse_all = |_: &Emergency| Some(Err::<ToolResult, BoxError>("never".into()));
    let layer = AuditLayer::builder(recorder(&sink))
        .on_emergency(refuse_all)
        .build();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = tower::Layer::layer(&layer, tool(&runs));
    tools.ready().await.unwrap().call(ordinary()).await.unwrap();
    tools
        .ready()
        .await
        .unwrap()
        .call(emergency())
        .await
        .unwrap_err();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_panic_of_the_hook_is_the_callers_and_the_call_is_recorded_as_denied() {
    let sink = MemorySink::new();
    let layer = AuditLayer::builder(recorder(&sink))
        .on_emergency(|_: &Emergency| -> Option<Answer> { panic!("the hook broke") })
        .build();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = tower::Layer::layer(&layer, tool(&runs));
    let tools = tools.ready().await.unwrap();
    let called = std::panic::catch_unwind(AssertUnwindSafe(|| drop(tools.call(emergency()))));
    assert!(called.is_err());
    assert_marked(&sink, None, Outcome::Denied);
}

#[test]
fn a_reason_goes_to_the_hook_as_it_goes_to_the_record() {
    let sink = MemorySink::new();
    let declared = Emergency::new("password=hunter2", "dr_9");
    let recording = recorder(&sink).start_call(&declaring(declared));
    let shown = recording.emergency().unwrap();
    drop(recording);
    assert!(!shown.reason.as_deref().unwrap().contains("hunter2"));
    assert_eq!(sink.entries()[1].emergency.as_ref(), Some(&shown));
    let plain = recorder(&sink).start_call(&ordinary());
    assert_eq!(plain.emergency(), None);
}

/// A sink whose writer stands still, and so many bytes of room for ordinary calls.
struct Stuck {
    sink: Queued<Scripted>,
    go_on: std::sync::mpsc::Sender<()>,
    heard: sinks_support::Heard,
}

impl Stuck {
    /// Full for ordinary calls: each of its records is longer than the room.
    fn full(emergency_bytes: usize) -> Self {
        let (writer, heard, begun, go_on) = Scripted::blocked();
        let sink = Queued::builder(writer)
            .max_queued_bytes(100)
            .emergency_bytes(emergency_bytes)
            .build();
        sinks_support::record(&sink, 1, Durability::Flushed);
        has_begun(&begun);
        Self { sink, go_on, heard }
    }

    fn recorder(&self) -> Recorder {
        let policy = Policy::new().max_wait(Duration::from_millis(20));
        Recorder::builder(self.sink.clone()).policy(policy).build()
    }

    async fn let_go(self) -> usize {
        drop(self.go_on);
        close(&self.sink).await.unwrap();
        self.heard.numbers().len()
    }
}

fn refuse(refusal: &Refusal) -> Answer {
    Err(refusal.to_string().into())
}

#[tokio::test]
async fn an_emergency_takes_a_reserved_place_in_a_full_queue() {
    let stuck = Stuck::full(64 * 1024);
    let recorder = stuck.recorder();
    recorder.admit().await.unwrap_err();
    recorder.admit_emergency().await.unwrap();

    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = tower::Layer::layer(&layer, tool(&runs));
    let refused = tools.ready().await.unwrap().call(ordinary()).await;
    refused.unwrap_err();
    let declared = tools.ready().await.unwrap().call(emergency());
    // The tool runs; that its record is not synced in time is the other hook's to say.
    declared.await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.lost, stats.refused), (1, 0, 2));
    // The one that filled the queue, the record of intent, and the end.
    assert_eq!(stuck.let_go().await, 3);
}

#[tokio::test]
async fn the_durable_layer_lets_an_emergency_in_and_waits_for_its_record() {
    let stuck = Stuck::full(64 * 1024);
    let policy = Policy::new().max_wait(Duration::from_secs(60));
    let recorder = Recorder::builder(stuck.sink.clone()).policy(policy).build();
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build_durable();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = tower::Layer::layer(&layer, tool(&runs));
    tokio::time::pause();
    let ready = tools.ready().await.unwrap();
    let mut called = tokio_test::task::spawn(ready.call(emergency()));
    assert!(called.poll().is_pending());
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    tokio::time::resume();
    let Stuck { go_on, heard, sink } = stuck;
    drop(go_on);
    called.await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    close(&sink).await.unwrap();
    assert_eq!(heard.numbers().len(), 3);
}

#[tokio::test]
async fn places_for_emergencies_come_to_an_end_and_are_given_back() {
    let stuck = Stuck::full(100);
    let recorder = stuck.recorder();
    recorder.admit_emergency().await.unwrap_err();
    // Once the writer goes on, who waits at the gate of emergencies is let in.
    let policy = Policy::new().max_wait(Duration::from_secs(60));
    let patient = Recorder::builder(stuck.sink.clone()).policy(policy).build();
    let waiting = tokio::spawn(async move { patient.admit_emergency().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    let sink = stuck.sink.clone();
    drop(stuck.go_on);
    waiting.await.unwrap().unwrap();
    close(&sink).await.unwrap();
}

#[tokio::test]
async fn an_optional_member_whose_queue_is_full_takes_emergencies() {
    let stuck = Stuck::full(64 * 1024);
    let sink = FanOut::new([
        Member::required("log", MemorySink::new()),
        Member::optional("copy", stuck.sink.clone()).deadline(Duration::ZERO),
    ]);
    let recorder = Recorder::new(sink.clone());
    for _ in 0..2 {
        drop(recorder.start_call(&ordinary()));
        std::thread::yield_now();
    }
    drop(recorder.start_call(&emergency()));
    // The first one sets the clock of the deadline.
    assert!(sink.status()[1].lost <= 2);
    let lost = sink.status()[1].lost as usize;
    assert_eq!(stuck.let_go().await, 1 + 2 - lost + 2);
}

#[tokio::test]
async fn a_call_that_goes_on_without_the_log_is_recorded_where_it_is_an_emergency() {
    let stuck = Stuck::full(64 * 1024);
    let recorder = stuck.recorder();
    for call in [ordinary(), emergency()] {
        let admission = recorder.admit_or_go_on().await;
        assert!(matches!(admission, Admission::Unavailable(_)));
        let recording = recorder.start_admitted(&admission, |builder| {
            builder.tool_call(&call);
        });
        drop(recording.success(&json!({})));
    }
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.lost), (1, 1));
    assert_eq!(stuck.let_go().await, 3);
}

/// A store whose budget ordinary calls have used up.
async fn used_up(for_emergencies: u64) -> (TempDir, Recorder) {
    let folder = tempfile::tempdir().unwrap();
    let sink = HashChainSink::builder(folder.path().join("audit"))
        .disk_budget(256 * 1024 + for_emergencies, for_emergencies)
        .build()
        .unwrap();
    let recorder = Recorder::new(sink);
    let call = ordinary();
    while recorder.admit().await.is_ok() {
        drop(recorder.start_call(&call).success(&json!({})));
        recorder.flush().await.unwrap();
    }
    (folder, recorder)
}

#[tokio::test]
async fn an_emergency_goes_through_when_ordinary_calls_have_used_up_the_disk_budget() {
    let (folder, recorder) = used_up(256 * 1024).await;
    let error = recorder.admit().await.unwrap_err();
    assert!(error.to_string().contains("disk budget"), "{error}");
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build_durable();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = tower::Layer::layer(&layer, tool(&runs));
    let refused = tools.ready().await.unwrap().call(ordinary()).await;
    assert!(refused.unwrap_err().to_string().contains("disk budget"));
    tools
        .ready()
        .await
        .unwrap()
        .call(emergency())
        .await
        .unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    recorder.close().await.unwrap();

    // A store that is opened with its budget used up says so at once.
    let sink = HashChainSink::builder(folder.path().join("audit"))
        .disk_budget(512 * 1024, 256 * 1024)
        .build()
        .unwrap();
    let again = Recorder::new(sink);
    again.admit().await.unwrap_err();
    again.admit_emergency().await.unwrap();
    again.close().await.unwrap();
}

#[tokio::test]
async fn emergencies_too_come_to_the_budgets_end() {
    let (_folder, recorder) = used_up(4096).await;
    let call = emergency();
    let mut taken = 0;
    while recorder.admit_emergency().await.is_ok() {
        recorder
            .start_call(&call)
            .success(&json!({}))
            .await
            .unwrap();
        taken += 1;
    }
    assert!((1..=4).contains(&taken), "{taken}");
    let error = recorder.admit_emergency().await.unwrap_err();
    assert!(error.to_string().contains("raise it"), "{error}");
}

#[tokio::test]
async fn a_reserve_on_the_disk_is_a_file_of_the_owners_that_no_reader_minds() {
    use std::os::unix::fs::MetadataExt;

    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    for _ in 0..2 {
        let builder = HashChainSink::builder(&store).disk_reserve(100_000);
        let recorder = Recorder::new(builder.build().unwrap());
        recorder.admit().await.unwrap();
        drop(recorder.start_call(&ordinary()).success(&json!({})));
        recorder.close().await.unwrap();
        let reserve = std::fs::metadata(store.join("reserve")).unwrap();
        assert_eq!((reserve.len(), reserve.mode() & 0o777), (100_000, 0o600));
    }
    let options = tool_audit::log::verify::VerifyOptions::new();
    let report = tool_audit::log::verify::verify(&store, &options).unwrap();
    assert!(report.is_intact(), "{report}");
}

#[test]
fn the_head_of_an_entry_says_that_its_call_is_an_emergency() {
    let sink = MemorySink::new();
    let only_emergencies =
        tool_audit::Filter::new(sink.clone(), |head: &tool_audit::EntryHead<'_>| {
            head.emergency
        });
    let recorder = Recorder::new(only_emergencies);
    drop(recorder.start_call(&ordinary()));
    drop(recorder.start_call(&emergency()));
    let kinds: Vec<String> = sink.entries().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(
        kinds,
        [
            EntryKind::ToolCallStarted.as_str(),
            EntryKind::ToolCall.as_str()
        ]
    );
}
