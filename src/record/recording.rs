//! The guard of one call, from its beginning to its end.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::Value;

#[cfg(feature = "opentelemetry")]
use super::call_span::CallSpan;
use super::described::{Described, caught};
use super::hand_over::record;
use super::identity::take_identity;
use super::open::Open;
use super::recorder::{Inner, Recorder};
use super::stats::add;
use super::trigger::{declared, infer_trigger};
use super::{Admission, CallBuilder, Commit, OutcomeBuilder, pool};
use crate::call::{Classify, ClassifyResponses, Emergency, Outcome, ToolResponse};
use crate::entry::CallKey;
use crate::sink::{Durability, EntryKind, Ticket};

/// The guard of one call: armed before the tool begins, it leaves exactly one end record.
///
/// One of its methods ends it. Dropped instead, it records `panicked` where the thread unwinds because of a
/// panic that came after the recording began, else `never_polled` before [`begin`](Self::begin) and
/// `cancelled` after it.
#[must_use = "a recording that is dropped records the call as never begun"]
pub struct Recording {
    recorder: Recorder,
    /// Taken by whatever ends the recording.
    open: Option<Box<Open>>,
    key: Option<CallKey>,
    begun: bool,
    /// The thread unwinds because of a panic that is not the tool's.
    unwinds_anyway: bool,
    /// The log could not take the call, and the caller went on.
    bypasses: bool,
    intent: Option<Ticket>,
    /// A record of intent was given to the sink.
    #[cfg(feature = "axum")]
    has_intent: bool,
    #[cfg(feature = "opentelemetry")]
    span: CallSpan,
}

impl Recording {
    pub(super) fn start(
        recorder: &Recorder,
        admission: &Admission,
        Described(mut open): Described,
    ) -> Self {
        let inner = recorder.inner();
        inner
            .counters
            .started
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let tool = *open.tool.get_or_insert_with(|| inner.policy.of(""));
        open.durability = if open.is_emergency {
            Durability::Synced
        } else {
            tool.durability
        };
        let key = if open.arguments_come_later {
            (open.trigger, open.basis) = declared(&open).unwrap_or_default();
            None
        } else {
            infer_trigger(&mut open, inner)
        };
        let wants_intent = open.wants_intent(&inner.policy);
        #[cfg(feature = "opentelemetry")]
        let span = {
            let own = open.sanitizer.clone();
            let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
            CallSpan::begin(&mut open, inner.spans, sanitizer)
        };
        let mut recording = Self {
            recorder: recorder.clone(),
            open: Some(open),
            key,
            begun: false,
            unwinds_anyway: std::thread::panicking(),
            bypasses: matches!(admission, Admission::Unavailable(_)),
            intent: None,
            #[cfg(feature = "axum")]
            has_intent: wants_intent,
            #[cfg(feature = "opentelemetry")]
            span,
        };
        if wants_intent {
            recording.record_intent();
        }
        if let Some(open) = &mut recording.open {
            let began = open.began;
            open.started = began.unwrap_or_else(|| recorder.inner().clock.monotonic());
        }
        recording
    }

    /// Says that the tool begins now: its future is polled for the first time.
    ///
    /// Until then the call counts as never begun, should it be dropped.
    pub fn begin(&mut self) {
        self.begun = true;
    }

    /// Runs something in the call's span, where it has one: whatever spans and events it makes lie in it.
    ///
    /// The layer runs the tool so; a caller of the recorder does where it wants the same.
    pub fn in_span<T>(&self, run: impl FnOnce() -> T) -> T {
        #[cfg(feature = "opentelemetry")]
        return self.span.in_scope(run);
        #[cfg(not(feature = "opentelemetry"))]
        run()
    }

    /// Says that the tool did not panic: the thread unwinds already, before the tool's future is dropped.
    pub(crate) fn unwinds_anyway(&mut self) {
        self.unwinds_anyway = true;
    }

    /// Says that the call is recorded elsewhere, so that there is none here. It comes back where its record of intent
    /// stands already.
    #[cfg(feature = "axum")]
    pub(crate) fn withdraw(mut self) -> Option<Self> {
        if self.has_intent {
            return Some(self);
        }
        if let Some(open) = self.open.take() {
            #[cfg(feature = "opentelemetry")]
            self.span.withdraw();
            pool::give_back(open);
            self.recorder.withdrawn();
        }
        None
    }

    /// Says that the tool is called only now: what was waited for until here is not the tool's time.
    pub(crate) fn restart_timer(&mut self) {
        if let Some(open) = &mut self.open {
            open.started = self.recorder.inner().clock.monotonic();
        }
    }

    /// Says more of the call while it runs: what became known only after it had begun, such as arguments that are read
    /// from a stream. What was told before stands where nothing else is said.
    ///
    /// A record of intent is written when the call begins, and has none of it. The tool is to be named before: what
    /// its policy asks for was looked up then.
    ///
    /// ```
    /// use serde_json::json;
    /// use tool_audit::{MemorySink, Recorder};
    ///
    /// let sink = MemorySink::new();
    /// let mut recording = Recorder::new(sink.clone()).start(|call| {
    ///     call.tool_name("import_orders").arguments_come_later();
    /// });
    /// recording.describe(|call| {
    ///     call.arguments(&json!({"file": "orders.csv", "password": "hunter2"}));
    /// });
    /// recording.success(&json!({"count": 3}));
    /// assert_eq!(sink.entries()[0].arguments["file"], "orders.csv");
    /// assert!(!sink.lines()[0].contains("hunter2"));
    /// ```
    ///
    /// # Panics
    ///
    /// Not by a panic in `describe`: it is caught, and the record says what had been told until then.
    pub fn describe(&mut self, describe: impl FnOnce(&mut CallBuilder<'_>)) {
        let Some(open) = &mut self.open else { return };
        let inner = self.recorder.inner();
        let own = open.sanitizer.clone();
        let rules = own.as_ref().unwrap_or(&inner.sanitizer);
        caught(|| describe(&mut CallBuilder::with_rules(open, inner, rules)));
        open.compact();
    }

    /// The call's own id, which stands in its records.
    #[must_use]
    pub fn call_id(&self) -> String {
        self.open
            .as_ref()
            .map(|open| open.call_id.clone())
            .unwrap_or_default()
    }

    /// The declaration of an emergency, where the call made one: sanitized as it stands in the records, with
    /// what is wrong with it in [`defect`](Emergency::defect).
    ///
    /// Whoever decides access can look at it before the tool runs; [`denied`](Self::denied) records that it
    /// did not.
    #[must_use]
    pub fn emergency(&self) -> Option<Emergency> {
        let open = self.open.as_ref().filter(|open| open.is_emergency)?;
        serde_json::from_slice(open.pieces.emergency.of(&open.bytes)).ok()
    }

    /// True where the call declares an emergency.
    pub(crate) fn is_emergency(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_emergency)
    }

    /// How much memory what is known of the call takes, in bytes.
    #[cfg(feature = "mcp")]
    pub(crate) fn memory(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.memory())
    }

    /// Ready when the record of intent is as durable as the policy asks; at once where it asks for none.
    ///
    /// It gives an error where the log could not take the record of a call that went on without it.
    pub fn intent(&mut self) -> Commit {
        let ticket = self.intent.take();
        ticket.map_or_else(Commit::done, |ticket| Commit::new(&self.recorder, ticket))
    }

    /// Ends the call as `judge` says; a success where it says nothing.
    ///
    /// # Panics
    ///
    /// Not by a panic in `judge`: it is caught, and the call recorded as `service_error` with the error type
    /// `classifier_panicked`.
    pub fn finish(mut self, judge: impl FnOnce(&mut OutcomeBuilder<'_>)) -> Commit {
        let ticket = self.end(judge);
        Commit::new(&self.recorder, ticket)
    }

    /// The tool did what it was asked to.
    pub fn success(self, answer: &Value) -> Commit {
        self.finish(|outcome| {
            outcome.result(answer);
        })
    }

    /// The tool answered; the answer says how the call ended.
    pub fn response<R: ToolResponse>(self, response: &R) -> Commit {
        self.finish(|outcome| response.describe_outcome(outcome))
    }

    /// The tool answered or failed, as [`ClassifyResponses`] judges it.
    pub fn result<R, E>(self, result: Result<&R, &E>) -> Commit
    where
        R: ToolResponse,
        E: fmt::Display + 'static,
    {
        self.finish(|outcome| ClassifyResponses.classify(result, outcome))
    }

    /// The tool was not run, since somebody refused it; `reason` says why, and is sanitized.
    ///
    /// ```
    /// use serde_json::json;
    /// use tool_audit::{CallContext, Emergency, MemorySink, Outcome, Recorder, ToolCall};
    ///
    /// let sink = MemorySink::new();
    /// let recorder = Recorder::new(sink.clone());
    /// let declared = CallContext::new("night_1", "dr_9").emergency(Emergency::new("", "dr_9"));
    /// let call = ToolCall::new("get_patient", json!({"patient_id": "P-7"})).context(declared);
    /// let recording = recorder.start_call(&call);
    /// let emergency = recording.emergency().unwrap();
    /// assert_eq!(emergency.defect.as_deref(), Some("no reason was given"));
    /// recording.denied("an emergency needs a reason");
    /// assert_eq!(sink.entries()[1].outcome, Some(Outcome::Denied));
    /// ```
    pub fn denied(self, reason: &str) -> Commit {
        self.finish(|outcome| {
            outcome.outcome(Outcome::Denied).error_type("denied");
            outcome.error(reason);
        })
    }

    /// The tool panicked with this payload, as `catch_unwind` gives it.
    pub fn panicked(self, payload: &(dyn Any + Send)) -> Commit {
        let text = payload
            .downcast_ref::<&'static str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        self.finish(|outcome| {
            outcome.outcome(Outcome::Panicked).error_type("panic");
            outcome.error(text.unwrap_or("a panic without a message"));
        })
    }

    /// Ends the call and returns the sink's ticket.
    fn end(&mut self, judge: impl FnOnce(&mut OutcomeBuilder<'_>)) -> Ticket {
        let Some(mut open) = self.open.take() else {
            return Ticket::DONE;
        };
        let inner = self.recorder.inner();
        let duration = inner.clock.monotonic().saturating_sub(open.started);
        let outcome = judge_outcome(&mut open, inner, judge);
        take_identity(&mut open, inner);
        if open.arguments_come_later {
            self.key = infer_trigger(&mut open, inner);
        }
        if let Some(key) = self.key {
            inner.triggers.ended(key, open.number, outcome);
        }
        let ticket = if let Some(reason) = self.unavailable(&open) {
            self.recorder.lost(reason);
            Ticket::LOST
        } else {
            let end = (outcome, rounded_micros(duration));
            self.in_span(|| record(&self.recorder, &mut open, EntryKind::ToolCall, Some(end)))
        };
        #[cfg(feature = "opentelemetry")]
        {
            let own = open.sanitizer.clone();
            let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
            self.span.end(&mut open, outcome, sanitizer);
        }
        if open.redactions > 0 {
            add(&inner.counters.redactions, u64::from(open.redactions));
        }
        if open.failures > 0 {
            let failures = u64::from(open.failures);
            add(&inner.counters.sanitizer_failures, failures);
        }
        pool::give_back(open);
        self.recorder.ended();
        ticket
    }

    fn record_intent(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        self.intent = Some(if self.unavailable(&open).is_none() {
            self.in_span(|| record(&self.recorder, &mut open, EntryKind::ToolCallStarted, None))
        } else {
            Ticket::LOST
        });
        self.open = Some(open);
    }

    /// Why the log cannot take an entry of this call; one that was admitted it always takes.
    fn unavailable(&self, open: &Open) -> Option<&'static str> {
        let unavailable = || self.recorder.unavailable(open.is_emergency);
        self.bypasses.then(unavailable).flatten()
    }
}

/// Fifteen digits: as milliseconds with three decimals, every double that has no more keeps them all.
const MAX_MICROS: u128 = 999_999_999_999_999;

/// Rounded to the nearest microsecond, at most some 31 years.
fn rounded_micros(duration: Duration) -> u64 {
    ((duration.as_nanos() + 500) / 1000).min(MAX_MICROS) as u64
}

fn judge_outcome(
    open: &mut Open,
    inner: &Inner,
    judge: impl FnOnce(&mut OutcomeBuilder<'_>),
) -> Outcome {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = OutcomeBuilder::new(open, inner);
        judge(&mut builder);
        builder.said()
    }));
    judged.unwrap_or_else(|_| {
        tracing::error!(target: "tool_audit", "judging a result panicked: the call is recorded as service_error");
        open.forget_end();
        OutcomeBuilder::new(open, inner).error_type("classifier_panicked");
        Outcome::ServiceError
    })
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.open.is_none() {
            return;
        }
        let outcome = if std::thread::panicking() && !self.unwinds_anyway {
            Outcome::Panicked
        } else if self.begun {
            Outcome::Cancelled
        } else {
            Outcome::NeverPolled
        };
        self.end(|builder| {
            builder.outcome(outcome);
            if outcome == Outcome::Panicked {
                builder.error_type("panic");
            }
        });
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recording")
            .field("call_id", &self.call_id())
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}
