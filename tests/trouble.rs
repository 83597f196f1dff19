//! The whole way, from layer to disk, while the log cannot be written.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::{
    AuditLayer, Durability, EntryWriter, HashChainSink, Policy, Queued, Recorder, Refusal,
    SanitizedEntry, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

/// Passes entries on only while it is told to.
struct Gated {
    go: Receiver<()>,
    open: bool,
    written: Arc<Mutex<Vec<String>>>,
}

impl EntryWriter for Gated {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        if !self.open {
            // A hung disk: nothing is an error, nothing goes on.
            self.open = self.go.recv().is_ok();
        }
        self.written
            .lock()
            .unwrap()
            .push(entry.as_json().to_owned());
        Ok(())
    }
}

fn gated() -> (Gated, Sender<()>, Arc<Mutex<Vec<String>>>) {
    let (sender, go) = channel();
    let written = Arc::new(Mutex::new(Vec::new()));
    let writer = Gated {
        go,
        open: false,
        written: Arc::clone(&written),
    };
    (writer, sender, written)
}

async fn tool(call: ToolCall) -> Result<ToolResult, BoxError> {
    Ok(ToolResult::success(call.arguments))
}

fn refused(refusal: &Refusal) -> Result<ToolResult, BoxError> {
    Err(refusal.to_string().into())
}

fn call(number: u64) -> ToolCall {
    ToolCall::new(
        "fill",
        json!({"number": number, "filler": "x".repeat(1000)}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_hangs_for_a_minute_bounds_memory_and_loses_no_count() {
    let (writer, go, written) = gated();
    let bound = 64 * 1024;
    let sink = Queued::builder(writer).max_queued_bytes(bound).build();
    let recorder = Recorder::new(sink.clone());
    let mut refusing = AuditLayer::builder(recorder.clone())
        .on_unavailable(refused)
        .build()
        .layer(service_fn(tool));
    let mut going_on = AuditLayer::new(recorder.clone()).layer(service_fn(tool));

    let began = tokio::time::Instant::now();
    let (mut answered, mut turned_away) = (0_u64, 0_u64);
    for number in 0..500 {
        match refusing.ready().await.unwrap().call(call(number)).await {
            Ok(_) => answered += 1,
            Err(_) => turned_away += 1,
        }
    }
    for number in 500..600 {
        going_on
            .ready()
            .await
            .unwrap()
            .call(call(number))
            .await
            .unwrap();
        answered += 1;
    }
    // One call has waited for `max_wait`; the others did not wait each.
    assert_eq!(began.elapsed().as_secs(), 5);
    assert!(
        sink.status().queued_bytes < bound + 4096,
        "{:?}",
        sink.status()
    );
    tokio::time::advance(Duration::from_secs(60)).await;

    go.send(()).unwrap();
    recorder.flush().await.unwrap();
    going_on
        .ready()
        .await
        .unwrap()
        .call(call(600))
        .await
        .unwrap();
    answered += 1;
    // The writer's own thread knows nothing of paused time.
    tokio::time::resume();
    recorder.close().await.unwrap();

    let stats = recorder.stats();
    assert_eq!(stats.refused, turned_away);
    assert_eq!(stats.recorded + stats.lost, answered);
    assert_eq!(stats.lost, 100);
    assert_eq!(stats.recorded + stats.lost + stats.refused, 601);
    assert_eq!(written.lock().unwrap().len() as u64, stats.recorded);
}

#[tokio::test(start_paused = true)]
async fn nested_calls_come_through_a_gate_that_closes_between_them() {
    let (writer, go, written) = gated();
    let sink = Queued::builder(writer).max_queued_bytes(2048).build();
    let recorder = Recorder::new(sink);
    let inner = AuditLayer::new(recorder.clone()).layer(service_fn(tool));
    let nesting = service_fn(move |outer: ToolCall| {
        let mut inner = inner.clone();
        async move {
            let mut last = ToolResult::success(Value::Null);
            for number in 0..10 {
                last = inner.ready().await?.call(call(number)).await?;
            }
            drop(outer);
            Ok::<_, BoxError>(last)
        }
    });
    let mut outer = AuditLayer::new(recorder.clone()).layer(nesting);
    let pending = tokio::spawn(async move {
        for number in 0..10 {
            outer.ready().await?.call(call(number)).await?;
        }
        Ok::<_, BoxError>(())
    });
    go.send(()).unwrap();
    pending.await.unwrap().unwrap();
    tokio::time::resume();
    recorder.close().await.unwrap();
    let stats = recorder.stats();
    assert_eq!(stats.recorded + stats.lost, 110);
    assert_eq!(written.lock().unwrap().len() as u64, stats.recorded);
}

/// Every `tool_call` in a store's log `general`.
fn recorded(store: &Path) -> u64 {
    let mut calls = 0;
    for entry in std::fs::read_dir(store.join("general")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let text = std::fs::read_to_string(path).unwrap();
            calls += text.matches(r#""_kind":"tool_call","#).count() as u64;
        }
    }
    calls
}

#[tokio::test]
async fn a_full_disk_refuses_calls_and_takes_them_again_when_there_is_room() {
    let scratch = tempfile::tempdir().unwrap();
    let mount = scratch.path().join("small");
    std::fs::create_dir(&mount).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .arg(&mount)
            .stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !run(
        "mount",
        &["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"],
    ) {
        eprintln!("SKIPPED: no right to mount a small file system");
        return;
    }
    let store = mount.join("audit");
    let bound = 32 * 1024;
    let sink = HashChainSink::builder(&store)
        .max_queued_bytes(bound)
        .build()
        .unwrap();
    let policy = Policy::new().max_wait(Duration::from_millis(20));
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let mut tools = AuditLayer::builder(recorder.clone())
        .on_unavailable(refused)
        .build()
        .layer(service_fn(tool));
    let ballast = mount.join("ballast");
    std::fs::write(&ballast, vec![0; 128 * 1024]).unwrap();

    let (mut answered, mut turned_away) = (0, 0);
    while turned_away < 50 {
        match tools.ready().await.unwrap().call(call(answered)).await {
            Ok(_) => answered += 1,
            Err(_) => turned_away += 1,
        }
        assert!(answered < 2000, "the disk does not fill");
    }
    std::fs::remove_file(&ballast).unwrap();
    recorder.flush().await.unwrap();
    while tools
        .ready()
        .await
        .unwrap()
        .call(call(answered))
        .await
        .is_err()
    {
        turned_away += 1;
    }
    answered += 1;
    recorder.close().await.unwrap();

    let stats = recorder.stats();
    let report = verify(&store, &VerifyOptions::new());
    let in_the_log = recorded(&store);
    drop((tools, recorder, sink));
    assert!(run("umount", &[]));
    assert!(report.unwrap().is_intact());
    assert_eq!(
        (stats.recorded, stats.refused, stats.lost),
        (answered, turned_away, 0)
    );
    assert_eq!(in_the_log, answered);
}

#[tokio::test]
async fn a_removed_folder_is_noticed_and_no_answer_claims_a_durable_record() {
    let scratch = tempfile::tempdir().unwrap();
    let store = scratch.path().join("audit");
    let sink = HashChainSink::builder(&store)
        .close_timeout(Duration::from_millis(10))
        .build()
        .unwrap();
    let policy = Policy::new()
        .durability(Durability::Synced)
        .max_wait(Duration::from_secs(3));
    let recorder = Recorder::builder(sink).policy(policy).build();
    let mut tools = AuditLayer::builder(recorder.clone())
        .on_undurable(
            |_: Result<ToolResult, BoxError>, error: &tool_audit::SinkError| {
                Err::<ToolResult, BoxError>(error.to_string().into())
            },
        )
        .build()
        .layer(service_fn(tool));
    tools.ready().await.unwrap().call(call(0)).await.unwrap();
    std::fs::remove_dir_all(&store).unwrap();
    let answer = tools.ready().await.unwrap().call(call(1)).await;
    assert!(
        answer.is_err(),
        "an answer went out as if its record were durable"
    );
    assert_eq!(recorder.stats().undurable, 1);
    assert!(recorder.close().await.is_err());
}
