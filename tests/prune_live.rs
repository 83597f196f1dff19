//! Holds, reviews and prunes while a service writes.
#![cfg(unix)]

mod prune_support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use prune_support::{BEGIN, Calendar, add, call, close, expired_store, open, segments, verdict};
use serde_json::json;
use tool_audit::admin::{NewHold, Review, holds, record_review, release_hold, set_hold};
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::retention::{PruneOptions, prune};
use tool_audit::{CallContext, Emergency, HashChainSink, Recorder, ToolCall};

const HOUR: Duration = Duration::from_secs(3600);

fn writer(store: &Path, calendar: &Calendar) -> HashChainSink {
    HashChainSink::builder(store)
        .segment_records(4)
        .clock(Arc::new(calendar.clone()))
        .prune(HOUR, PruneOptions::new("orders"))
        .build()
        .unwrap()
}

/// Until `done`, or long enough to say that it never will be.
fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_writer_prunes_its_own_logs_while_it_records() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("audit");
    let calendar = expired_store(store);
    let sink = writer(store, &calendar);
    let recorder = Recorder::builder(sink.clone())
        .clock(calendar.clone())
        .build();
    wait_until("the expired segments go", || {
        let call = ToolCall::new("get_order", json!({"order_id": "ORD-1"}));
        drop(recorder.start_call(&call).success(&json!({})));
        segments(store)[0] == 16
    });
    assert_eq!(
        sink.status()
            .queue
            .unwrap()
            .last_error
            .map(|error| error.to_string()),
        None
    );
    recorder.close().await.unwrap();
    drop(recorder);
    drop(sink);
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn a_writer_keeps_what_is_held_and_prunes_it_once_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("audit");
    let calendar = expired_store(store);
    let hold = set_hold(store, &NewHold::new("legal", "claim").user("usr_9")).unwrap();
    let _sink = writer(store, &calendar);
    assert_eq!(segments(store)[0], 0);
    release_hold(store, &hold, "dpo", "settled").unwrap();
    // The next look is due, whether or not the first one found the hold.
    calendar.advance(TimeDelta::hours(2));
    wait_until("the released segments go", || segments(store)[0] == 16);
}

#[test]
fn a_prune_that_is_refused_shows_in_the_sinks_status() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("audit");
    let calendar = expired_store(store);
    calendar.advance(TimeDelta::days(3000));
    let sink = writer(store, &calendar);
    wait_until("the refusal shows", || {
        let queue = sink.status().queue.unwrap();
        queue
            .last_error
            .is_some_and(|error| error.to_string().contains("seven days"))
    });
    assert_eq!(segments(store)[0], 0);
}

#[test]
fn holds_reviews_and_prunes_of_others_leave_a_log_that_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let calendar = Calendar::at(BEGIN);
    let mut log = open(&store, &calendar);
    let mut emergency = call("glass", &calendar, 30);
    emergency["emergency"] = json!({"reason": "chest pain", "declared_by": "usr_9"});
    add(&mut log, "tool_call", &emergency);
    close(log);
    let sink = HashChainSink::builder(&store)
        .segment_records(50)
        .build()
        .unwrap();
    let recorder = Recorder::new(sink.clone());
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stopped.load(Ordering::SeqCst) {
                let context = CallContext::new("conv_1", "usr_9")
                    .emergency(Emergency::new("chest pain", "usr_9"));
                let call = ToolCall::new("get_patient", json!({"patient_id": "P-7"}));
                drop(
                    recorder
                        .start_call(&call.context(context))
                        .success(&json!({})),
                );
                // Enough for some segments, and not so many that they take long to verify.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let others: Vec<_> = (0..3)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..4 {
                        let hold = NewHold::new(format!("legal_{number}"), "claim")
                            .tool("get_*")
                            .hold_id(format!("matter-{number}-{round}"));
                        let hold_id = set_hold(store, &hold).unwrap();
                        record_review(
                            store,
                            &Review::new(format!("dpo_{number}"), "justified").call("glass"),
                        )
                        .unwrap();
                        let options =
                            PruneOptions::new("records manager").clock_checked_by("operator");
                        let refused = prune(store, &options).unwrap();
                        let error = refused.failed().unwrap().error.as_ref().unwrap();
                        assert!(error.to_string().contains("a writer holds it"), "{error}");
                        release_hold(store, &hold_id, "dpo", "settled").unwrap();
                        let report = verify(store, &VerifyOptions::new()).unwrap();
                        assert!(report.is_intact(), "{report}");
                    }
                })
            })
            .collect();
        let ended: Vec<_> = others.into_iter().map(|other| other.join()).collect();
        stopped.store(true, Ordering::SeqCst);
        for other in ended {
            other.unwrap();
        }
    });
    drop(recorder);
    drop(sink);
    assert!(holds(&store).unwrap().is_empty());
    let of = |kind| scan(&store, &Filter::new().kind(kind)).unwrap().count();
    assert_eq!(
        (of("hold_set"), of("reviewed"), of("hold_released")),
        (12, 12, 12)
    );
    let unreviewed = scan(&store, &Filter::new().unreviewed()).unwrap();
    assert!(
        unreviewed
            .map(|record| record.unwrap().entry().unwrap())
            .all(|entry| entry.call_id != "glass")
    );
    assert!(verify(&store, &VerifyOptions::new()).unwrap().is_intact());
}
