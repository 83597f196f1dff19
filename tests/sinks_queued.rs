//! What a queue before a writer promises its callers.

mod sinks_support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, SystemTime};

use sinks_support::{
    Act, Fail, Scripted, Woken, close, committed, entry, flush, has_begun, number_of, ready, record,
};
use tool_audit::Durability::{Buffered, Flushed, Synced};
use tool_audit::{AuditSink, EntryWriter, Loss, Queued, SanitizedEntry};

#[tokio::test]
async fn entries_come_to_the_writer_in_the_order_they_were_recorded() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    for number in 0..5000 {
        assert!(record(&sink, number, Buffered).is_done());
    }
    close(&sink).await.unwrap();
    assert_eq!(heard.numbers(), (0..5000).collect::<Vec<_>>());
    assert_eq!(heard.acts().last(), Some(&Act::Closed));
}

#[tokio::test]
async fn eight_threads_lose_nothing_and_each_keeps_its_order() {
    const ROUND: usize = 100;
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    thread::scope(|scope| {
        for worker in 0..8 {
            let sink = &sink;
            scope.spawn(move || {
                let numbers = worker * ROUND..(worker + 1) * ROUND;
                let entries: Vec<_> = numbers.map(|number| entry(number, Buffered)).collect();
                for entry in entries.iter().cycle().take(10_000) {
                    assert!(!sink.record(&entry.as_entry()).is_lost());
                }
            });
        }
    });
    close(&sink).await.unwrap();
    let numbers = heard.numbers();
    assert_eq!(numbers.len(), 80_000);
    let mut taken = [0; 8];
    for number in numbers {
        let worker = number / ROUND;
        assert_eq!(number % ROUND, taken[worker] % ROUND);
        taken[worker] += 1;
    }
    assert_eq!(taken, [10_000; 8]);
    let status = sink.status();
    assert_eq!((status.written, status.lost), (80_000, 0));
}

#[tokio::test]
async fn buffered_entries_come_to_the_writer_without_anybody_asking() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    for number in 0..3 {
        record(&sink, number, Buffered);
    }
    while heard.numbers().len() < 3 || sink.status().queued_entries > 0 {
        tokio::task::yield_now().await;
    }
    assert!(heard.count(&Act::Flushed) > 0);
    assert_eq!(heard.count(&Act::Synced), 0);
}

#[tokio::test]
async fn the_gate_is_pending_above_its_bound_and_wakes_all_when_it_opens() {
    let (writer, _heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::builder(writer).max_queued_bytes(1000).build();
    ready(&sink).await.unwrap();
    record(&sink, 0, Flushed);
    has_begun(&begun);
    let mut number = 1;
    while sink.status().queued_bytes <= 1000 {
        ready(&sink).await.unwrap();
        record(&sink, number, Buffered);
        number += 1;
    }
    let (first, first_waker) = Woken::pair();
    let (second, second_waker) = Woken::pair();
    for waker in [&first_waker, &second_waker, &first_waker] {
        let poll = sink.poll_ready(&mut Context::from_waker(waker));
        assert!(poll.is_pending());
    }
    // A call that was admitted before is taken all the same.
    assert!(!record(&sink, number, Buffered).is_lost());
    assert_eq!((first.times(), second.times()), (0, 0));

    drop(go_on);
    ready(&sink).await.unwrap();
    flush(&sink).await.unwrap();
    assert_eq!((first.times(), second.times()), (1, 1));
    assert_eq!(sink.status().written, number as u64 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_hangs_for_a_minute_costs_bounded_memory_and_no_entry() {
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::builder(writer).max_queued_bytes(10_000).build();
    record(&sink, 0, Flushed);
    has_begun(&begun);
    let (mut admitted, mut refused) = (1, 0);
    for _ in 0..60 {
        let second = tokio::time::Instant::now() + Duration::from_secs(1);
        for _ in 0..100 {
            match tokio::time::timeout_at(second, ready(&sink)).await {
                Ok(gate) => {
                    gate.unwrap();
                    record(&sink, admitted, Buffered);
                    admitted += 1;
                }
                Err(_elapsed) => refused += 1,
            }
        }
    }
    assert_eq!(admitted + refused, 6001);
    assert!(refused > 5000);
    assert!(sink.status().queued_bytes < 10_200);
    drop(go_on);
    close(&sink).await.unwrap();
    assert_eq!(heard.numbers(), (0..admitted).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_ticket_is_ready_when_its_own_durability_is_reached() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    let flushed = record(&sink, 1, Flushed);
    committed(&sink, &flushed).await.unwrap();
    assert_eq!(heard.acts(), [Act::Wrote(1), Act::Flushed]);
    let synced = record(&sink, 2, Synced);
    committed(&sink, &synced).await.unwrap();
    assert_eq!(
        heard.acts()[2..],
        [Act::Wrote(2), Act::Flushed, Act::Synced]
    );
    // And it stays so.
    committed(&sink, &flushed).await.unwrap();
}

#[tokio::test]
async fn entries_that_wait_together_share_one_sync() {
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::new(writer);
    let first = record(&sink, 0, Synced);
    has_begun(&begun);
    let tickets: Vec<_> = (1..100)
        .map(|number| record(&sink, number, Synced))
        .collect();
    drop(go_on);
    committed(&sink, &first).await.unwrap();
    for ticket in &tickets {
        committed(&sink, ticket).await.unwrap();
    }
    assert_eq!(heard.count(&Act::Synced), 2);
}

#[tokio::test]
async fn a_flush_syncs_what_was_there_and_ends_while_entries_keep_coming() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    assert!(sink.flush().is_done());
    record(&sink, 0, Buffered);
    let ticket = sink.flush();
    let mut number = 0;
    poll_fn(|context| {
        number += 1;
        record(&sink, number, Buffered);
        context.waker().wake_by_ref();
        sink.poll_committed(context, &ticket)
    })
    .await
    .unwrap();
    assert!(heard.count(&Act::Synced) >= 1);
    assert_eq!(heard.numbers()[0], 0);
}

#[tokio::test]
async fn what_fails_is_tried_again_until_it_succeeds_and_nobody_is_told_early() {
    for failure in [Fail::Write, Fail::Flush, Fail::Sync] {
        let (writer, heard) = Scripted::new();
        let sink = Queued::new(writer);
        heard.fail_always(Some(failure));
        let ticket = record(&sink, 1, Synced);
        while !sink.status().failing {
            tokio::task::yield_now().await;
        }
        let error = sink.status().last_error.unwrap();
        assert!(error.is_io(), "{error}");
        assert!(error.to_string().contains("fails in this test"));
        let mut waiting = pin!(committed(&sink, &ticket));
        let (_woken, waker) = Woken::pair();
        let poll = waiting.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());

        heard.fail_always(None);
        waiting.await.unwrap();
        assert_eq!(heard.numbers(), [1], "after {failure:?} failed");
        assert_eq!(heard.acts().last(), Some(&Act::Synced));
        let status = sink.status();
        assert!(!status.failing && status.last_error.is_some());
    }
}

/// Does not take entry 2 until it may.
struct RefusesTwo(Arc<AtomicBool>);

impl EntryWriter for RefusesTwo {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> std::io::Result<()> {
        if number_of(entry.as_json()) == 2 && !self.0.load(Ordering::SeqCst) {
            return Err(std::io::Error::other("not yet"));
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_entry_that_fails_does_not_hold_up_the_one_before() {
    let may = Arc::new(AtomicBool::new(false));
    let sink = Queued::new(RefusesTwo(Arc::clone(&may)));
    let tickets = [1, 2, 3].map(|number| record(&sink, number, Flushed));
    committed(&sink, &tickets[0]).await.unwrap();
    assert_eq!(sink.status().written, 1);
    let (_woken, waker) = Woken::pair();
    for ticket in &tickets[1..] {
        let poll = sink.poll_committed(&mut Context::from_waker(&waker), ticket);
        assert!(poll.is_pending());
    }
    may.store(true, Ordering::SeqCst);
    for ticket in &tickets {
        committed(&sink, ticket).await.unwrap();
    }
}

#[tokio::test]
async fn losses_and_policies_keep_their_place_among_the_entries() {
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::new(writer);
    record(&sink, 0, Flushed);
    has_begun(&begun);
    let mut policy = tool_audit::PolicyInForce::default();
    policy.policy_id = "p-1".to_owned();
    record(&sink, 1, Buffered);
    sink.policy_in_force(&policy);
    record(&sink, 2, Buffered);
    sink.entries_lost(&Loss::new(3, "full", SystemTime::now()));
    sink.entries_lost(&Loss::new(4, "full", SystemTime::now()));
    record(&sink, 3, Buffered);
    heard.fail(&[Fail::Write; 4]);
    drop(go_on);
    close(&sink).await.unwrap();
    let acts = heard.acts();
    let told: Vec<_> = acts
        .into_iter()
        .filter(|act| matches!(act, Act::Wrote(_) | Act::Lost(_) | Act::Policy(_)))
        .collect();
    assert_eq!(
        told,
        [
            Act::Wrote(0),
            Act::Wrote(1),
            Act::Policy("p-1".to_owned()),
            Act::Wrote(2),
            Act::Lost(7),
            Act::Wrote(3)
        ]
    );
}

#[tokio::test]
async fn a_closed_sink_takes_nothing_and_says_so_each_time() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    let ticket = record(&sink, 1, Synced);
    close(&sink).await.unwrap();
    close(&sink).await.unwrap();
    assert!(record(&sink, 2, Buffered).is_lost());
    assert!(ready(&sink).await.unwrap_err().is_closed());
    committed(&sink, &ticket).await.unwrap();
    assert!(sink.flush().is_done());
    assert_eq!(heard.count(&Act::Closed), 1);
    let status = sink.status();
    assert_eq!((status.written, status.lost, status.closed), (1, 1, true));
}

#[tokio::test]
async fn tasks_at_the_gate_are_woken_when_the_sink_closes() {
    let (writer, _heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::builder(writer).max_queued_bytes(0).build();
    record(&sink, 0, Flushed);
    has_begun(&begun);
    let waiting = tokio::spawn({
        let sink = sink.clone();
        async move { ready(&sink).await }
    });
    tokio::task::yield_now().await;
    let closing = tokio::spawn({
        let sink = sink.clone();
        async move { close(&sink).await }
    });
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    drop(go_on);
    closing.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_gate_is_shut_from_the_first_close_on_while_the_writer_still_writes() {
    let (writer, _heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::new(writer);
    record(&sink, 0, Flushed);
    has_begun(&begun);
    ready(&sink).await.unwrap();
    let closing = poll_fn(|context| Poll::Ready(sink.poll_close(context))).await;
    assert!(closing.is_pending());
    assert!(ready(&sink).await.unwrap_err().is_closed());
    drop(go_on);
    close(&sink).await.unwrap();
}

#[tokio::test]
async fn a_close_that_cannot_write_counts_the_rest_as_lost_and_says_why() {
    for failure in [Fail::Write, Fail::Flush] {
        let (writer, heard) = Scripted::new();
        let sink = Queued::builder(writer)
            .close_timeout(Duration::from_millis(120))
            .build();
        let kept = record(&sink, 1, Synced);
        committed(&sink, &kept).await.unwrap();
        heard.fail_always(Some(failure));
        // A writer that could not flush cannot close either.
        heard.fail(&[Fail::Close]);
        let lost = record(&sink, 2, Flushed);
        record(&sink, 3, Buffered);
        let error = close(&sink).await.unwrap_err();
        assert!(error.is_io(), "{error}");
        assert_eq!(
            close(&sink).await.unwrap_err().to_string(),
            error.to_string()
        );
        let status = sink.status();
        assert_eq!((status.written, status.lost), (1, 2), "{failure:?}");
        assert_eq!((status.queued_entries, status.queued_bytes), (0, 0));
        assert!(committed(&sink, &lost).await.is_err());
        committed(&sink, &kept).await.unwrap();
    }
}

struct Panics;

impl EntryWriter for Panics {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> std::io::Result<()> {
        assert_ne!(number_of(entry.as_json()), 2, "a writer's bug");
        Ok(())
    }
}

#[tokio::test]
async fn a_writer_that_panics_ends_the_sink_and_tells_everybody() {
    let sink = Queued::new(Panics);
    let first = record(&sink, 1, Synced);
    committed(&sink, &first).await.unwrap();
    let second = record(&sink, 2, Synced);
    let error = committed(&sink, &second).await.unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    assert!(ready(&sink).await.is_err());
    assert!(record(&sink, 3, Buffered).is_lost());
    assert!(close(&sink).await.is_err());
    let status = sink.status();
    assert_eq!((status.written, status.lost), (1, 2));
}

#[test]
fn the_last_handle_brings_everything_to_the_writer() {
    let (writer, heard) = Scripted::new();
    let sink = Queued::new(writer);
    let other = sink.clone();
    for number in 0..1000 {
        record(&sink, number, Buffered);
    }
    drop(sink);
    assert!(!other.status().closed);
    drop(other);
    assert_eq!(heard.numbers().len(), 1000);
    assert_eq!(heard.acts().last(), Some(&Act::Closed));
}

#[test]
fn the_last_handle_leaves_a_writer_behind_that_hangs() {
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::builder(writer)
        .close_timeout(Duration::from_millis(20))
        .build();
    record(&sink, 0, Flushed);
    has_begun(&begun);
    drop(sink);
    assert!(heard.numbers().is_empty());
    drop(go_on);
}

/// A task that is dropped where it is woken, as a runtime does that shuts down.
struct DropsWhenWoken(std::sync::Mutex<Option<Queued<Scripted>>>);

impl std::task::Wake for DropsWhenWoken {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn the_last_handle_may_go_on_the_writers_own_thread() {
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::new(writer);
    let ticket = record(&sink, 0, Flushed);
    has_begun(&begun);
    let task = Arc::new(DropsWhenWoken(std::sync::Mutex::new(None)));
    let waker = std::task::Waker::from(Arc::clone(&task));
    let poll = sink.poll_committed(&mut Context::from_waker(&waker), &ticket);
    assert!(matches!(poll, Poll::Pending));
    *task.0.lock().unwrap() = Some(sink);
    drop(go_on);
    while heard.count(&Act::Closed) == 0 {
        thread::yield_now();
    }
}

#[tokio::test]
async fn nested_calls_come_through_a_full_gate() {
    // An outer call holds no place while its inner calls wait at the same gate.
    let (writer, heard, begun, go_on) = Scripted::blocked();
    let sink = Queued::builder(writer).max_queued_bytes(200).build();
    record(&sink, 100_000, Flushed);
    has_begun(&begun);
    let calls: Vec<_> = (0..200)
        .map(|call| {
            let sink = sink.clone();
            tokio::spawn(async move {
                ready(&sink).await.unwrap();
                for inner in 1..=3 {
                    ready(&sink).await.unwrap();
                    let ticket = record(&sink, call * 10 + inner, Flushed);
                    committed(&sink, &ticket).await.unwrap();
                }
                let ticket = record(&sink, call * 10, Synced);
                committed(&sink, &ticket).await.unwrap();
            })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(go_on);
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(heard.numbers().len(), 801);
}
