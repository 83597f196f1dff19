use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

#[cfg(feature = "opentelemetry")]
use super::CallSpans;
use super::described::Described;
use super::gate::{Admission, Deadline, Gate, Refusal};
use super::gate_state::GateState;
use super::policy::{CompiledPolicy, Policy, Results};
use super::recording::Recording;
use super::stats::{Counters, RecorderStats, add};
use super::{CallBuilder, Commit};
use crate::call::ToolCall;
use crate::clock::{Clock, SystemClock};
use crate::entry::TriggerInference;
use crate::sanitize::Sanitizer;
use crate::sink::{AuditSink, Loss, PolicyInForce, SinkError};

/// Records calls into one sink: sanitizer, policy, inference and counters in one.
///
/// Clones share everything. The layer stands on it; without tower it is used by hand:
///
/// ```
/// use serde_json::json;
/// use tool_audit::{CallContext, MemorySink, Recorder, ToolCall};
///
/// # tokio_test::block_on(async {
/// let sink = MemorySink::new();
/// let recorder = Recorder::new(sink.clone());
/// let call = ToolCall::new("get_order", json!({"order_id": "ORD-1"}))
///     .context(CallContext::new("conv_1", "usr_9").turn(1));
///
/// recorder.admit().await?; // the gate: waits while the log cannot take more
/// let mut recording = recorder.start_call(&call);
/// recording.begin();
/// let answer = json!({"order_id": "ORD-1", "status": "shipped"}); // the tool's work
/// recording.response(&answer).await?;
///
/// assert!(sink.entries()[0].success);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

pub(super) struct Inner {
    /// No other recorder of this process has it.
    pub(super) number: u64,
    pub(super) sanitizer: Sanitizer,
    pub(super) policy: CompiledPolicy,
    pub(super) results: Results,
    max_wait: Duration,
    close_wait: Duration,
    sink: Arc<dyn AuditSink>,
    pub(super) clock: Arc<dyn Clock>,
    #[cfg(feature = "opentelemetry")]
    pub(super) spans: Option<CallSpans>,
    /// The part of every `call_id` that no other recorder has.
    pub(super) prefix: String,
    pub(super) triggers: TriggerInference,
    pub(super) counters: Counters,
    closed: AtomicBool,
    gate: GateState,
    idle: Notify,
}

/// When something began.
#[cfg(feature = "axum")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(super) wall_micros: i64,
    pub(super) monotonic: Duration,
}

/// Makes a [`Recorder`].
#[derive(Debug)]
pub struct RecorderBuilder {
    sink: Arc<dyn AuditSink>,
    sanitizer: Sanitizer,
    policy: Policy,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "opentelemetry")]
    spans: Option<CallSpans>,
}

impl RecorderBuilder {
    /// Sanitizes by these rules. By default [`Sanitizer::default`], whose pseudonyms no other process can
    /// match.
    #[must_use]
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = sanitizer;
        self
    }

    /// Records by this policy.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes a span of each call. At first none is made; the record then has the ids of the span of OpenTelemetry in
    /// which the call begins, unless the request came with others.
    #[cfg(feature = "opentelemetry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
    #[must_use]
    pub fn spans(mut self, spans: CallSpans) -> Self {
        self.spans = Some(spans);
        self
    }

    /// Makes the recorder, and tells the sink which policy is in force.
    ///
    /// Where the sanitizer has no key for pseudonyms, the first recorder of a process warns of it.
    #[must_use]
    pub fn build(self) -> Recorder {
        self.sanitizer.warn_of_ephemeral_key();
        let policy_id = self.policy.id(&self.sanitizer.rules_id());
        self.sink.policy_in_force(&PolicyInForce {
            policy_id,
            pseudonym_key_id: self.sanitizer.pseudonym_key_id().to_owned(),
        });
        Recorder(Arc::new(Inner {
            number: RECORDERS.fetch_add(1, Ordering::Relaxed),
            policy: self.policy.compile(&self.sanitizer),
            results: self.policy.results,
            max_wait: self.policy.max_wait,
            close_wait: self.policy.close_wait,
            sanitizer: self.sanitizer,
            sink: self.sink,
            clock: self.clock,
            #[cfg(feature = "opentelemetry")]
            spans: self.spans,
            prefix: random_prefix(),
            triggers: TriggerInference::new(),
            counters: Counters::default(),
            closed: AtomicBool::new(false),
            gate: GateState::default(),
            idle: Notify::new(),
        }))
    }
}

/// Numbers the recorders of this process from 1.
static RECORDERS: AtomicU64 = AtomicU64::new(1);

/// A sink gets so much more than the calls to end in: it writes and syncs what they leave at the last moment.
const SINK_CLOSE_WAIT: Duration = Duration::from_secs(1);

/// 64 random bits in hex: two recorders share them once in billions of years of restarts.
fn random_prefix() -> String {
    let bits = getrandom::u64().unwrap_or_else(|_| {
        // Without the system's source of randomness, the standard library's own keys are the next best.
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::time::SystemTime::now())
    });
    format!("{bits:016x}")
}

impl Recorder {
    /// A recorder with the default rules and policy.
    pub fn new(sink: impl AuditSink) -> Self {
        Self::builder(sink).build()
    }

    /// Sets rules and policy.
    pub fn builder(sink: impl AuditSink) -> RecorderBuilder {
        RecorderBuilder {
            sink: Arc::new(sink),
            sanitizer: Sanitizer::default(),
            policy: Policy::default(),
            clock: Arc::new(SystemClock),
            #[cfg(feature = "opentelemetry")]
            spans: None,
        }
    }

    /// Begins the recording of a call that `describe` describes.
    ///
    /// The call counts as admitted, whatever the gate says: its end will be recorded.
    ///
    /// # Panics
    ///
    /// Not by a panic in `describe`: it is caught, and the record says what had been told until then.
    pub fn start(&self, describe: impl FnOnce(&mut CallBuilder<'_>)) -> Recording {
        self.start_admitted(&Admission::Admitted, describe)
    }

    /// Begins the recording of a [`ToolCall`].
    pub fn start_call(&self, call: &ToolCall) -> Recording {
        self.start(|builder| {
            builder.tool_call(call);
        })
    }

    /// Waits until the log can take a call, at most for the policy's `max_wait`.
    ///
    /// Being admitted reserves nothing.
    ///
    /// # Errors
    ///
    /// The log cannot take the call. The caller does not run the tool then, and the call counts as refused;
    /// [`admit_or_go_on`](Self::admit_or_go_on) is for callers that would rather go on without the log.
    ///
    /// # Panics
    ///
    /// Where it has to wait in a tokio runtime whose time is not enabled. Without any runtime it waits
    /// without a deadline.
    pub async fn admit(&self) -> Result<(), Refusal> {
        match self.admit_or_go_on().await {
            Admission::Admitted => Ok(()),
            Admission::Unavailable(refusal) => {
                self.count_refused();
                Err(refusal)
            }
        }
    }

    /// Like [`admit`](Self::admit), for a call that is going to declare an emergency: it may take the places that
    /// the log keeps for those, and waits only where they are taken too.
    ///
    /// # Errors
    ///
    /// As [`admit`](Self::admit).
    ///
    /// # Panics
    ///
    /// As [`admit`](Self::admit).
    pub async fn admit_emergency(&self) -> Result<(), Refusal> {
        let mut deadline = Deadline::default();
        let admitted = poll_fn(|cx| match self.poll_ready_for_emergency(cx) {
            Poll::Pending => deadline
                .poll(self.0.max_wait, cx)
                .map(|()| Err(Refusal::overdue())),
            ready @ Poll::Ready(_) => ready.map_err(Refusal::new),
        });
        admitted.await.inspect_err(|_| self.count_refused())
    }

    /// Like [`admit`](Self::admit), for callers that go on where the log cannot take the call:
    /// [`start_admitted`](Self::start_admitted) takes the answer.
    pub async fn admit_or_go_on(&self) -> Admission {
        let mut gate = Gate::default();
        poll_fn(|cx| gate.poll(self, cx)).await
    }

    /// Whether the log can take a call at this moment. For callers that wait for nothing.
    #[must_use]
    pub fn admission(&self) -> Admission {
        match self.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Admission::Admitted,
            Poll::Ready(Err(error)) => Admission::Unavailable(Refusal::new(error)),
            Poll::Pending => {
                Admission::Unavailable(Refusal::new(SinkError::other("its queue is full")))
            }
        }
    }

    /// Like [`start`](Self::start), for a call that may go on without the log: where the log still cannot
    /// take it at its end, it is counted as lost.
    pub fn start_admitted(
        &self,
        admission: &Admission,
        describe: impl FnOnce(&mut CallBuilder<'_>),
    ) -> Recording {
        self.start_described(admission, self.describe(describe))
    }

    pub(crate) fn describe(&self, describe: impl FnOnce(&mut CallBuilder<'_>)) -> Described {
        Described::new(self, describe)
    }

    pub(crate) fn start_described(&self, admission: &Admission, described: Described) -> Recording {
        Recording::start(self, admission, described)
    }

    /// Now: for a call that is recorded only once it is known that it is one.
    #[cfg(feature = "axum")]
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            wall_micros: crate::clock::civil::micros(self.0.clock.now()),
            monotonic: self.0.clock.monotonic(),
        }
    }

    /// The gate: pending while the log cannot take more. It has no deadline of its own.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.is_closed() {
            return Poll::Ready(Err(SinkError::closed()));
        }
        let ready = self.ask(|sink| sink.poll_ready(cx));
        let ready = ready.unwrap_or_else(|| Poll::Ready(Err(sink_panicked())));
        match ready {
            Poll::Ready(Ok(())) => self.0.gate.found_open(),
            Poll::Pending => self.0.gate.found_shut(),
            Poll::Ready(Err(_)) => {}
        }
        ready
    }

    /// The gate for a call that declares an emergency. It has no deadline of its own.
    pub fn poll_ready_for_emergency(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.is_closed() {
            return Poll::Ready(Err(SinkError::closed()));
        }
        let ready = self.ask(|sink| sink.poll_ready_for_emergency(cx));
        ready.unwrap_or_else(|| Poll::Ready(Err(sink_panicked())))
    }

    /// Everything recorded until now is handed to where it goes, as safely as the sink can.
    ///
    /// # Errors
    ///
    /// What the sink could not do.
    pub async fn flush(&self) -> Result<(), SinkError> {
        let ticket = self.ask(AuditSink::flush).ok_or_else(sink_panicked)?;
        Commit::new(self, ticket).await
    }

    /// Ends in good order: admits no more calls, waits for the open ones for at most the policy's
    /// `close_wait`, then closes the sink, which may take `close_wait` and a second more. Calls that are
    /// still open are counted as lost when they end.
    ///
    /// # Errors
    ///
    /// What the sink could not do, or a deadline where it has not ended in time; also then nothing more is
    /// recorded. A sink that was too slow goes on ending, and may be asked again.
    ///
    /// # Panics
    ///
    /// Where it has to wait in a tokio runtime whose time is not enabled. Without any runtime it waits
    /// without a deadline.
    pub async fn close(&self) -> Result<(), SinkError> {
        self.0.closed.store(true, Ordering::SeqCst);
        let mut deadline = Deadline::default();
        let idle = async {
            loop {
                // Registered before the look, so that a call that ends in between is noticed.
                let notified = self.0.idle.notified();
                if self.0.counters.open() == 0 {
                    return;
                }
                notified.await;
            }
        };
        let mut idle = std::pin::pin!(idle);
        poll_fn(|cx| {
            if idle.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            deadline.poll(self.0.close_wait, cx)
        })
        .await;
        let mut deadline = Deadline::default();
        let patience = self.0.close_wait.saturating_add(SINK_CLOSE_WAIT);
        poll_fn(|cx| {
            let closed = self.ask(|sink| sink.poll_close(cx));
            let closed = closed.unwrap_or_else(|| Poll::Ready(Err(sink_panicked())));
            if closed.is_pending() && deadline.poll(patience, cx).is_ready() {
                return Poll::Ready(Err(SinkError::deadline("closing the audit log")));
            }
            closed
        })
        .await
    }

    /// What the recorder has done since it was made.
    #[must_use]
    pub fn stats(&self) -> RecorderStats {
        self.0.counters.read()
    }

    /// The rules by which it sanitizes.
    #[must_use]
    pub fn sanitizer(&self) -> &Sanitizer {
        &self.0.sanitizer
    }

    /// Asks the sink, and gives none where it panics. Somebody else's code runs in there: its panic must not
    /// reach a tool's caller, let alone a `Drop` that runs while the thread unwinds.
    pub(super) fn ask<T>(&self, ask: impl FnOnce(&dyn AuditSink) -> T) -> Option<T> {
        let answer = catch_unwind(AssertUnwindSafe(|| ask(&*self.0.sink)));
        if answer.is_err() {
            tracing::error!(target: "tool_audit", "the audit sink panicked");
        }
        answer.ok()
    }

    pub(super) fn gate(&self) -> &GateState {
        &self.0.gate
    }

    /// How long a call waits for the log.
    pub(crate) fn max_wait(&self) -> Duration {
        self.0.max_wait
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn next_number(&self) -> u64 {
        self.0.counters.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// True from [`close`](Self::close) on.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    pub(crate) fn count_refused(&self) {
        add(&self.0.counters.refused, 1);
    }

    pub(crate) fn count_undurable(&self) {
        add(&self.0.counters.undurable, 1);
    }

    /// The end of a call that the sink did not take.
    pub(super) fn lost(&self, reason: &'static str) {
        add(&self.0.counters.lost, 1);
        let loss = Loss::new(1, reason, self.0.clock.now());
        // A sink that panics here has its loss in the recorder's own count.
        self.ask(|sink| sink.entries_lost(&loss));
    }

    /// A call has ended.
    pub(super) fn ended(&self) {
        self.0.counters.ended.fetch_add(1, Ordering::SeqCst);
        if self.0.closed.load(Ordering::SeqCst) && self.0.counters.open() == 0 {
            self.0.idle.notify_waiters();
        }
    }

    /// A call that was begun is none.
    #[cfg(feature = "axum")]
    pub(super) fn withdrawn(&self) {
        self.0.counters.started.fetch_sub(1, Ordering::SeqCst);
        if self.0.closed.load(Ordering::SeqCst) && self.0.counters.open() == 0 {
            self.0.idle.notify_waiters();
        }
    }

    pub(crate) fn has_room_for_emergency(&self) -> bool {
        self.unavailable(true).is_none()
    }

    /// Why the log could not take an entry at this moment; none where it could.
    pub(super) fn unavailable(&self, is_emergency: bool) -> Option<&'static str> {
        let mut cx = Context::from_waker(Waker::noop());
        let ready = if is_emergency {
            self.poll_ready_for_emergency(&mut cx)
        } else {
            self.poll_ready(&mut cx)
        };
        match ready {
            Poll::Ready(Ok(())) => None,
            Poll::Ready(Err(error)) if error.is_closed() => Some("log closed"),
            Poll::Ready(Err(_)) => Some("log failed"),
            Poll::Pending => Some("queue full"),
        }
    }
}

pub(super) fn sink_panicked() -> SinkError {
    SinkError::other("the audit log's sink panicked: its message on standard error says where")
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recorder")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
