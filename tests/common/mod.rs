//! A sink under the test's control, a clock that stands, and looks at what was recorded.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tool_audit::clock::Clock;
use tool_audit::log::record::MAX_RECORD;
use tool_audit::{
    AuditEntry, AuditSink, CallContext, Durability, Loss, MemorySink, PolicyInForce,
    SanitizedEntry, SinkError, Ticket, ToolCall, ToolResult, canonical,
};
use tower::BoxError;

pub type Answer = Result<ToolResult, BoxError>;

/// What a log puts before an entry's own members must fit too.
const HEAD_ROOM: usize = 300;

/// A call with a clean set of facts, some 270 bytes of arguments.
pub fn call() -> ToolCall {
    ToolCall::new(
        "update_order_status",
        json!({"order_id": "ORD-54321", "status": "shipped"}),
    )
    .context(
        CallContext::new("conv_abc123", "usr_98765")
            .turn(3)
            .role("support_agent")
            .model("gpt-4.1"),
    )
}

/// A line read back. It has to be canonical, to leave room for a log's own members, and to come out of
/// its entry byte by byte as it went in.
pub fn read(line: &str) -> AuditEntry {
    canonical::check(line.as_bytes()).unwrap_or_else(|error| panic!("{error} in {line}"));
    assert!(line.len() + HEAD_ROOM <= MAX_RECORD, "{} bytes", line.len());
    let entry: AuditEntry =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    assert_eq!(entry.to_json(), line);
    assert_eq!(
        entry.success,
        entry.outcome == Some(tool_audit::Outcome::Success)
    );
    assert_eq!(entry.attribution.initiator, entry.user_id);
    assert_eq!(entry.attribution.trigger, entry.call_trigger);
    if let Some(summary) = &entry.result_summary {
        assert_eq!(summary.success, entry.success);
    }
    entry
}

/// Reads all lines as [`read`] does.
pub fn entries(sink: &MemorySink) -> Vec<AuditEntry> {
    sink.lines().iter().map(|line| read(line)).collect()
}

/// The only entry that there is.
pub fn only(sink: &MemorySink) -> AuditEntry {
    let mut entries = entries(sink);
    assert_eq!(entries.len(), 1, "{entries:#?}");
    entries.remove(0)
}

/// What is wrong, as the record says it.
pub fn error_of(entry: &AuditEntry) -> (Option<&str>, Option<&str>) {
    entry
        .result_summary
        .as_ref()
        .map_or((None, None), |summary| {
            (summary.error.as_deref(), summary.error_type.as_deref())
        })
}

/// A sink whose gate and whose durability the test opens and closes.
#[derive(Clone, Default)]
pub struct Controlled(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    durabilities: Vec<Durability>,
    full: bool,
    failed: Option<SinkError>,
    holds_commits: bool,
    committed: u64,
    commit_failed: Option<SinkError>,
    closed: bool,
    flushes: u64,
    polls: u64,
    at_gate: Vec<Waker>,
    at_commit: Vec<Waker>,
    losses: Vec<Loss>,
    policy: Option<PolicyInForce>,
}

impl Controlled {
    pub fn new() -> Self {
        Self::default()
    }

    /// A sink whose gate is shut.
    pub fn full() -> Self {
        let sink = Self::new();
        sink.shut();
        sink
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn shut(&self) {
        self.lock().full = true;
    }

    /// Opens the gate, and wakes all that wait at it.
    pub fn open(&self) {
        let mut state = self.lock();
        state.full = false;
        state.failed = None;
        let wakers = std::mem::take(&mut state.at_gate);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Nothing can be taken, because of `error`.
    pub fn fail(&self, error: SinkError) {
        self.lock().failed = Some(error);
    }

    /// Entries are taken and not yet durable.
    pub fn hold_commits(&self) {
        self.lock().holds_commits = true;
    }

    /// All that was taken until now is durable.
    pub fn commit(&self) {
        let mut state = self.lock();
        state.committed = state.lines.len() as u64 + state.flushes;
        let wakers = std::mem::take(&mut state.at_commit);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What is not durable yet never will be.
    pub fn fail_commits(&self, error: SinkError) {
        let mut state = self.lock();
        state.commit_failed = Some(error);
        let wakers = std::mem::take(&mut state.at_commit);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    pub fn entries(&self) -> Vec<AuditEntry> {
        self.lines().iter().map(|line| read(line)).collect()
    }

    pub fn durabilities(&self) -> Vec<Durability> {
        self.lock().durabilities.clone()
    }

    pub fn losses(&self) -> Vec<Loss> {
        self.lock().losses.clone()
    }

    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub fn flushes(&self) -> u64 {
        self.lock().flushes
    }

    /// How often the gate was asked.
    pub fn polls(&self) -> u64 {
        self.lock().polls
    }

    /// How many tasks wait at the gate.
    pub fn waiting(&self) -> usize {
        self.lock().at_gate.len()
    }

    pub fn policy(&self) -> Option<PolicyInForce> {
        self.lock().policy.clone()
    }
}

fn register(wakers: &mut Vec<Waker>, waker: &Waker) {
    if !wakers.iter().any(|other| other.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}

impl AuditSink for Controlled {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let mut state = self.lock();
        if state.closed {
            return Ticket::LOST;
        }
        state.lines.push(entry.as_json().to_owned());
        state.durabilities.push(entry.head().durability);
        if state.holds_commits && entry.head().durability > Durability::Buffered {
            Ticket::number(state.lines.len() as u64)
        } else {
            Ticket::DONE
        }
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut state = self.lock();
        state.polls += 1;
        if let Some(error) = &state.failed {
            return Poll::Ready(Err(error.clone()));
        }
        if state.full {
            register(&mut state.at_gate, cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_committed(&self, cx: &mut Context<'_>, ticket: &Ticket) -> Poll<Result<(), SinkError>> {
        let mut state = self.lock();
        if ticket
            .as_number()
            .is_none_or(|number| number <= state.committed)
        {
            return Poll::Ready(Ok(()));
        }
        if let Some(error) = &state.commit_failed {
            return Poll::Ready(Err(error.clone()));
        }
        register(&mut state.at_commit, cx.waker());
        Poll::Pending
    }

    fn flush(&self) -> Ticket {
        let mut state = self.lock();
        state.flushes += 1;
        if state.holds_commits {
            Ticket::number(state.lines.len() as u64 + state.flushes)
        } else {
            Ticket::DONE
        }
    }

    fn poll_close(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.lock().closed = true;
        Poll::Ready(Ok(()))
    }

    fn policy_in_force(&self, policy: &PolicyInForce) {
        self.lock().policy = Some(policy.clone());
    }

    fn entries_lost(&self, loss: &Loss) {
        self.lock().losses.push(loss.clone());
    }
}

/// A clock that stands until the test moves it.
#[derive(Debug, Clone)]
pub struct StandingClock(Arc<Mutex<(SystemTime, Duration)>>);

impl StandingClock {
    /// Stands at `micros` microseconds since 1970.
    pub fn at(micros: u64) -> Self {
        let now = UNIX_EPOCH + Duration::from_micros(micros);
        Self(Arc::new(Mutex::new((now, Duration::ZERO))))
    }

    pub fn advance(&self, by: Duration) {
        let mut times = self.0.lock().expect("no test panics while it holds this");
        times.0 += by;
        times.1 += by;
    }
}

impl Clock for StandingClock {
    fn now(&self) -> SystemTime {
        self.0.lock().expect("no test panics while it holds this").0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().expect("no test panics while it holds this").1
    }
}

/// A member of a record as it stands in its line.
pub fn member(line: &str, name: &str) -> Option<Value> {
    let Value::Object(mut members) = serde_json::from_str(line).expect("a line of JSON") else {
        panic!("{line} is no object");
    };
    members.remove(name)
}

/// Text and type of a panic's payload.
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("another payload")
}
