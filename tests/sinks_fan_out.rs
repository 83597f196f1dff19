//! What a fan-out, a filter and the tracing sink promise.

mod sinks_support;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sinks_support::{
    Fail, Scripted, Woken, close, committed, entry, flush, number_of, ready, record,
};
use tokio::time::{Instant, advance};
use tool_audit::Durability::{Buffered, Flushed, Synced};
use tool_audit::{
    AuditSink, EntryBuilder, FanOut, Filter, Loss, Member, MemorySink, Outcome, Queued, Recorder,
    SanitizedEntry, Sanitizer, SinkError, Ticket, TracingSink,
};

/// A sink whose gate, tickets and end a test opens and shuts.
#[derive(Clone, Default)]
struct Gated(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    gate: Gate,
    commits: Gate,
    panics: bool,
    refuses: bool,
    numbers: Vec<usize>,
    losses: Vec<u64>,
    waiting: Vec<Waker>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Gate {
    #[default]
    Open,
    Shut,
    Broken,
}

impl Gated {
    fn gate(&self, gate: Gate) {
        let mut state = self.0.lock().unwrap();
        state.gate = gate;
        state.waiting.drain(..).for_each(Waker::wake);
    }
    fn commits(&self, gate: Gate) {
        let mut state = self.0.lock().unwrap();
        state.commits = gate;
        state.waiting.drain(..).for_each(Waker::wake);
    }
    fn numbers(&self) -> Vec<usize> {
        self.0.lock().unwrap().numbers.clone()
    }
    fn losses(&self) -> Vec<u64> {
        self.0.lock().unwrap().losses.clone()
    }
}

impl State {
    fn poll(&mut self, gate: Gate, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match gate {
            Gate::Open => Poll::Ready(Ok(())),
            Gate::Broken => Poll::Ready(Err(SinkError::other("broken in this test"))),
            Gate::Shut => {
                self.waiting.push(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AuditSink for Gated {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let number = number_of(entry.as_json());
        let mut state = self.0.lock().unwrap_or_else(|error| error.into_inner());
        assert!(!state.panics, "a sink's bug");
        if state.refuses {
            return Ticket::LOST;
        }
        state.numbers.push(number);
        Ticket::number(number as u64)
    }
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut state = self.0.lock().unwrap_or_else(|error| error.into_inner());
        let gate = state.gate;
        state.poll(gate, context)
    }
    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        _ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        let mut state = self.0.lock().unwrap();
        let gate = state.commits;
        state.poll(gate, context)
    }
    fn flush(&self) -> Ticket {
        Ticket::number(u64::MAX)
    }
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_committed(context, &Ticket::DONE)
    }
    fn entries_lost(&self, loss: &Loss) {
        self.0.lock().unwrap().losses.push(loss.count);
    }
}

fn both() -> (Gated, Gated, FanOut) {
    let (log, other) = (Gated::default(), Gated::default());
    let sink = FanOut::new([
        Member::optional("other", other.clone()).deadline(Duration::from_secs(2)),
        Member::required("log", log.clone()),
    ]);
    (log, other, sink)
}

#[tokio::test]
async fn every_member_gets_every_entry_and_its_own_ticket() {
    let (first, second) = (Scripted::new(), Scripted::new());
    let sink = FanOut::new([
        Member::required("first", Queued::new(first.0)),
        Member::required("memory", MemorySink::new()),
        Member::required("second", Queued::new(second.0)),
    ]);
    assert!(record(&sink, 1, Buffered).is_done());
    second.1.fail(&[Fail::Sync]);
    let ticket = record(&sink, 2, Synced);
    committed(&sink, &ticket).await.unwrap();
    flush(&sink).await.unwrap();
    close(&sink).await.unwrap();
    assert_eq!(first.1.numbers(), [1, 2]);
    assert_eq!(second.1.numbers(), [1, 2]);
}

#[tokio::test]
async fn the_gate_waits_for_required_members_alone() {
    let (log, other, sink) = both();
    other.gate(Gate::Broken);
    ready(&sink).await.unwrap();
    other.gate(Gate::Shut);
    ready(&sink).await.unwrap();

    log.gate(Gate::Shut);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let sink = sink.clone();
            tokio::spawn(async move { ready(&sink).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(tasks.iter().all(|task| !task.is_finished()));
    log.gate(Gate::Open);
    for task in tasks {
        task.await.unwrap().unwrap();
    }

    log.gate(Gate::Broken);
    let error = ready(&sink).await.unwrap_err().to_string();
    assert_eq!(error, "log: broken in this test");
}

#[tokio::test(start_paused = true)]
async fn a_required_member_fails_the_gate_after_its_deadline_until_it_opens() {
    let log = Gated::default();
    let limit = Duration::from_secs(3);
    let sink = FanOut::new([Member::required("log", log.clone()).deadline(limit)]);
    for _ in 0..2 {
        log.gate(Gate::Shut);
        let began = Instant::now();
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let sink = sink.clone();
                tokio::spawn(async move { ready(&sink).await })
            })
            .collect();
        for task in tasks {
            let error = task.await.unwrap().unwrap_err();
            assert!(error.is_deadline() && error.to_string().starts_with("log: "));
        }
        assert_eq!(began.elapsed().as_secs(), 3);
        // Nobody waits again for what is known to hang.
        assert!(ready(&sink).await.is_err());
        assert_eq!(began.elapsed().as_secs(), 3);
        log.gate(Gate::Open);
        ready(&sink).await.unwrap();
    }
}

#[test]
fn a_runtime_that_ends_does_not_take_the_deadline_with_it() {
    let log = Gated::default();
    let limit = Duration::from_secs(3);
    let sink = FanOut::new([Member::required("log", log.clone()).deadline(limit)]);
    log.gate(Gate::Shut);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (woken, waker) = Woken::pair();
    let first = runtime();
    first.block_on(async {
        let poll = sink.poll_ready(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    });
    drop(first);
    assert_eq!(woken.times(), 1);
    let error = runtime().block_on(ready(&sink)).unwrap_err();
    assert!(error.is_deadline());
}

#[tokio::test(start_paused = true)]
async fn an_optional_member_is_left_out_after_its_deadline_and_told_its_losses() {
    let (log, other, sink) = both();
    record(&sink, 1, Buffered);
    other.gate(Gate::Shut);
    record(&sink, 2, Buffered);
    advance(Duration::from_millis(1900)).await;
    record(&sink, 3, Buffered);
    advance(Duration::from_millis(200)).await;
    for number in 4..10 {
        let ticket = record(&sink, number, Synced);
        committed(&sink, &ticket).await.unwrap();
    }
    assert_eq!(other.numbers(), [1, 2, 3]);
    let status = &sink.status()[0];
    assert_eq!(
        (&*status.name, status.required, status.lost),
        ("other", false, 6)
    );
    assert!(status.last_error.as_ref().unwrap().is_deadline());

    other.gate(Gate::Open);
    record(&sink, 10, Buffered);
    assert_eq!(other.losses(), [6]);
    assert_eq!(other.numbers(), [1, 2, 3, 10]);
    // A new wait has the whole deadline again.
    other.gate(Gate::Shut);
    record(&sink, 11, Buffered);
    advance(Duration::from_secs(1)).await;
    record(&sink, 12, Buffered);
    assert_eq!(other.numbers(), [1, 2, 3, 10, 11, 12]);
    assert_eq!(log.numbers(), (1..=12).collect::<Vec<_>>());
    assert!(log.losses().is_empty());
}

#[tokio::test]
async fn an_optional_member_that_fails_or_panics_fails_no_call() {
    let (log, other, sink) = both();
    other.gate(Gate::Broken);
    assert!(!record(&sink, 1, Buffered).is_lost());
    other.gate(Gate::Open);
    other.0.lock().unwrap().refuses = true;
    assert!(!record(&sink, 2, Buffered).is_lost());
    other.0.lock().unwrap().panics = true;
    assert!(!record(&sink, 3, Buffered).is_lost());
    assert_eq!(log.numbers(), [1, 2, 3]);
    assert_eq!(sink.status()[0].lost, 3);
}

#[tokio::test]
async fn an_entry_is_committed_when_it_is_with_every_required_member() {
    let (first, second, optional) = (Gated::default(), Gated::default(), Gated::default());
    let sink = FanOut::new([
        Member::required("first", first.clone()),
        Member::optional("optional", optional.clone()),
        Member::required("second", second.clone()),
    ]);
    for gated in [&first, &second, &optional] {
        gated.commits(Gate::Shut);
    }
    let ticket = record(&sink, 1, Flushed);
    let (woken, waker) = Woken::pair();
    let poll = || sink.poll_committed(&mut Context::from_waker(&waker), &ticket);
    assert!(poll().is_pending());
    second.commits(Gate::Open);
    assert_eq!(woken.times(), 1);
    assert!(poll().is_pending());
    first.commits(Gate::Open);
    assert_eq!(woken.times(), 3, "both polls left a waker with the first");
    assert!(matches!(poll(), Poll::Ready(Ok(()))));

    first.commits(Gate::Broken);
    second.commits(Gate::Shut);
    let error = committed(&sink, &ticket).await.unwrap_err();
    assert_eq!(error.to_string(), "first: broken in this test");
}

#[tokio::test]
async fn an_entry_that_one_required_member_lost_is_lost_and_the_others_are_not_told_so() {
    let (first, second) = (Gated::default(), Gated::default());
    let sink = FanOut::new([
        Member::required("first", first.clone()),
        Member::required("second", second.clone()),
    ]);
    let recorder = Recorder::new(sink.clone());
    let call = || {
        drop(recorder.start(|call| {
            call.tool_name("get_order");
        }));
    };
    call();
    second.0.lock().unwrap().refuses = true;
    call();
    call();
    second.0.lock().unwrap().refuses = false;
    call();
    assert_eq!((first.numbers().len(), second.numbers().len()), (4, 2));
    assert_eq!(second.losses(), [1, 1]);
    assert!(first.losses().is_empty());
    assert_eq!(recorder.stats().lost, 2);
    // What nobody took everybody hears of.
    sink.entries_lost(&Loss::new(5, "queue full", std::time::SystemTime::now()));
    assert_eq!(first.losses(), [5]);
    assert_eq!(second.losses(), [1, 1, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_close_gives_an_optional_member_its_deadline_and_tells_its_losses() {
    let (_log, other, sink) = both();
    other.gate(Gate::Broken);
    record(&sink, 1, Buffered);
    other.commits(Gate::Shut);
    let began = Instant::now();
    close(&sink).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(other.losses(), [1]);
    assert!(sink.status()[0].last_error.as_ref().unwrap().is_deadline());
}

#[tokio::test]
async fn a_close_ends_every_member_although_one_fails() {
    let (log, other, sink) = both();
    let queued = Scripted::new();
    let third = Queued::new(queued.0);
    let sink = FanOut::new([
        Member::required("fan-out", sink),
        Member::required("third", third.clone()),
    ]);
    log.commits(Gate::Broken);
    other.commits(Gate::Broken);
    let error = close(&sink).await.unwrap_err();
    assert_eq!(error.to_string(), "fan-out: log: broken in this test");
    assert!(third.status().closed);
    assert!(poll_fn(|context| third.poll_close(context)).await.is_ok());
}

#[test]
fn a_filter_hands_on_what_is_wanted_and_says_so_beforehand() {
    let memory = MemorySink::new();
    let sink = Filter::new(memory.clone(), |head| head.tool_name == "login");
    let sanitizer = Sanitizer::default();
    for tool in ["login", "get_order"] {
        let entry = EntryBuilder::new(tool).build(&sanitizer);
        let entry = entry.as_entry();
        assert_eq!(sink.interested(entry.head()), tool == "login");
        assert!(sink.record(&entry).is_done());
    }
    assert_eq!(memory.entries().len(), 1);
    assert_eq!(memory.entries()[0].tool_name, "login");

    let fan_out = FanOut::new([Member::required("filter", sink)]);
    let other = entry(1, Buffered);
    assert!(!fan_out.interested(other.as_entry().head()));
}

/// What a subscriber sees of an event.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Events {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "tool_audit"
    }
    fn new_span(&self, _span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _span: &tracing::span::Id, _values: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _span: &tracing::span::Id, _follows: &tracing::span::Id) {}
    fn enter(&self, _span: &tracing::span::Id) {}
    fn exit(&self, _span: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!(" {field}={value:?}"));
            }
            fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
                self.0.push_str(&format!(" {field}={value}"));
            }
        }
        let mut text = Text(event.metadata().level().to_string());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
}

#[test]
fn the_tracing_sink_emits_one_event_for_each_entry_at_its_outcomes_level() {
    let events = Events::default();
    tracing::subscriber::with_default(events.clone(), || {
        let sink = TracingSink::new();
        let sanitizer = Sanitizer::default();
        for outcome in [Outcome::Success, Outcome::InputRequired, Outcome::Denied] {
            let entry = EntryBuilder::new("login")
                .outcome(outcome)
                .build(&sanitizer);
            assert!(sink.record(&entry.as_entry()).is_done());
        }
    });
    let events = events.0.lock().unwrap();
    assert_eq!(events.len(), 3);
    assert!(events[0].starts_with("INFO kind=tool_call tool=login outcome=success call_id="));
    assert!(events[0].contains(r#" entry={"_kind":"tool_call","#));
    assert!(events[1].starts_with("INFO "));
    assert!(events[2].starts_with("WARN kind=tool_call tool=login outcome=denied"));
}
