use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Sleep;

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
    pub(super) sanitizer: Sanitizer,
    pub(super) policy: CompiledPolicy,
    pub(super) results: Results,
    max_wait: Duration,
    close_wait: Duration,
    sink: Arc<dyn AuditSink>,
    pub(super) clock: Arc<dyn Clock>,
    /// The part of every `call_id` that no other recorder has.
    pub(super) prefix: String,
    next_number: AtomicU64,
    pub(super) triggers: TriggerInference,
    pub(super) counters: Counters,
    closed: AtomicBool,
    /// A call waited for `max_wait` in vain, and the gate has not opened since.
    overdue: AtomicBool,
    idle: Notify,
}

/// Makes a [`Recorder`].
#[derive(Debug)]
pub struct RecorderBuilder {
    sink: Arc<dyn AuditSink>,
    sanitizer: Sanitizer,
    policy: Policy,
    clock: Arc<dyn Clock>,
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

    /// Makes the recorder, and tells the sink which policy is in force.
    #[must_use]
    pub fn build(self) -> Recorder {
        let policy_id = self.policy.id(&self.sanitizer.rules_id());
        self.sink.policy_in_force(&PolicyInForce {
            policy_id,
            pseudonym_key_id: self.sanitizer.pseudonym_key_id().to_owned(),
        });
        Recorder(Arc::new(Inner {
            policy: self.policy.compile(),
            results: self.policy.results,
            max_wait: self.policy.max_wait,
            close_wait: self.policy.close_wait,
            sanitizer: self.sanitizer,
            sink: self.sink,
            clock: self.clock,
            prefix: random_prefix(),
            next_number: AtomicU64::new(1),
            triggers: TriggerInference::new(),
            counters: Counters::default(),
            closed: AtomicBool::new(false),
            overdue: AtomicBool::new(false),
            idle: Notify::new(),
        }))
    }
}

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
        Recording::start(self, Admission::Admitted, describe)
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

    /// Like [`admit`](Self::admit), for callers that go on where the log cannot take the call:
    /// [`start_admitted`](Self::start_admitted) takes the answer.
    pub async fn admit_or_go_on(&self) -> Admission {
        let mut gate = Gate::default();
        poll_fn(|cx| gate.poll(self, cx)).await
    }

    /// Like [`start`](Self::start), for a call that may go on without the log: where the log still cannot
    /// take it at its end, it is counted as lost.
    pub fn start_admitted(
        &self,
        admission: Admission,
        describe: impl FnOnce(&mut CallBuilder<'_>),
    ) -> Recording {
        Recording::start(self, admission, describe)
    }

    /// The gate: pending while the log cannot take more. It has no deadline of its own.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.0.closed.load(Ordering::Acquire) {
            return Poll::Ready(Err(SinkError::closed()));
        }
        let ready = self.0.sink.poll_ready(cx);
        if matches!(ready, Poll::Ready(Ok(()))) && self.0.overdue.load(Ordering::Relaxed) {
            self.0.overdue.store(false, Ordering::Relaxed);
        }
        ready
    }

    /// Everything recorded until now is handed to where it goes, as safely as the sink can.
    ///
    /// # Errors
    ///
    /// What the sink could not do.
    pub async fn flush(&self) -> Result<(), SinkError> {
        Commit::new(self, self.0.sink.flush()).await
    }

    /// Ends in good order: admits no more calls, waits for the open ones for at most the policy's
    /// `close_wait`, then closes the sink. Calls that are still open are counted as lost when they end.
    ///
    /// # Errors
    ///
    /// What the sink could not do; also then nothing more is recorded.
    pub async fn close(&self) -> Result<(), SinkError> {
        self.0.closed.store(true, Ordering::SeqCst);
        let mut deadline = sleep(self.0.close_wait);
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
            deadline
                .as_mut()
                .map_or(Poll::Pending, |deadline| deadline.as_mut().poll(cx))
        })
        .await;
        poll_fn(|cx| self.0.sink.poll_close(cx)).await
    }

    /// What the recorder has done since it was made.
    #[must_use]
    pub fn stats(&self) -> RecorderStats {
        self.0.counters.read()
    }

    /// The name of the sanitizer's key for pseudonyms.
    #[must_use]
    pub fn sanitizer(&self) -> &Sanitizer {
        &self.0.sanitizer
    }

    pub(super) fn sink(&self) -> &dyn AuditSink {
        &*self.0.sink
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn next_number(&self) -> u64 {
        self.0.next_number.fetch_add(1, Ordering::Relaxed)
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
        self.0
            .sink
            .entries_lost(&Loss::new(1, reason, self.0.clock.now()));
    }

    /// A call has ended.
    pub(super) fn ended(&self) {
        self.0.counters.ended.fetch_add(1, Ordering::SeqCst);
        if self.0.closed.load(Ordering::SeqCst) && self.0.counters.open() == 0 {
            self.0.idle.notify_waiters();
        }
    }

    /// Whether the log could take an entry at this moment.
    pub(super) fn is_ready(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        matches!(self.poll_ready(&mut cx), Poll::Ready(Ok(())))
    }

    /// A deadline of the policy's `max_wait` from now.
    pub(crate) fn deadline(&self) -> Option<Pin<Box<Sleep>>> {
        sleep(self.0.max_wait)
    }
}

/// A timer, where there is a runtime to drive it.
fn sleep(wait: Duration) -> Option<Pin<Box<Sleep>>> {
    tokio::runtime::Handle::try_current().ok()?;
    Some(Box::pin(tokio::time::sleep(wait)))
}

/// Whether a log can take a call.
#[derive(Debug, Clone)]
pub enum Admission {
    /// It can.
    Admitted,
    /// It cannot, and did not become able to within the policy's `max_wait`.
    Unavailable(Refusal),
}

/// Why a log cannot take a call.
#[derive(Debug, Clone)]
pub struct Refusal {
    error: SinkError,
}

impl Refusal {
    pub(crate) fn new(error: SinkError) -> Self {
        Self { error }
    }

    /// What the sink said.
    #[must_use]
    pub fn error(&self) -> &SinkError {
        &self.error
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the audit log cannot take this call: {}",
            self.error
        )
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// One caller's wait at the gate.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Gate {
    pub(crate) fn poll(&mut self, recorder: &Recorder, cx: &mut Context<'_>) -> Poll<Admission> {
        let error = match recorder.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                self.deadline = None;
                return Poll::Ready(Admission::Admitted);
            }
            Poll::Ready(Err(error)) => error,
            Poll::Pending => {
                // One call has waited in vain: the others need not, until the gate opens again.
                if !recorder.0.overdue.load(Ordering::Relaxed) {
                    if self.deadline.is_none() {
                        self.deadline = recorder.deadline();
                    }
                    let Some(deadline) = &mut self.deadline else {
                        return Poll::Pending;
                    };
                    if deadline.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    recorder.0.overdue.store(true, Ordering::Relaxed);
                }
                SinkError::deadline("waiting for room in the audit log's queue")
            }
        };
        self.deadline = None;
        Poll::Ready(Admission::Unavailable(Refusal { error }))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recorder")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
