use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::Value;

use super::assemble::{self, Facts};
#[cfg(feature = "opentelemetry")]
use super::call_span::CallSpan;
use super::open::Open;
use super::pieces::Member;
use super::policy::{ClassName, CompiledPolicy};
use super::recorder::{Inner, Recorder};
use super::span::Span;
use super::stats::add;
use super::{Admission, CallBuilder, Commit, OutcomeBuilder, echoes, limits, people, pool};
use crate::call::{Classify, ClassifyResponses, Emergency, Outcome, ToolResponse};
use crate::clock::civil;
use crate::entry::{CallKey, CallTrigger, TriggerBasis};
use crate::log::record::MAX_RECORD;
use crate::sink::{AuditSink, Durability, EntryHead, EntryKind, SanitizedEntry, Ticket};

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

/// A call as it was described, before anything is recorded of it.
pub(crate) struct Described(Box<Open>);

impl Described {
    pub(super) fn new(recorder: &Recorder, describe: impl FnOnce(&mut CallBuilder<'_>)) -> Self {
        let inner = recorder.inner();
        let mut open = pool::take();
        open.number = recorder.next_number();
        assemble::write_call_id(&mut open.call_id, &inner.prefix, open.number);
        open.started_micros = civil::micros(inner.clock.now());
        caught(|| describe(&mut CallBuilder::new(&mut open, inner)));
        Self(open)
    }

    pub(crate) fn is_emergency(&self) -> bool {
        self.0.is_emergency
    }

    /// There is no such call: it was refused before it began.
    pub(crate) fn discard(self) {
        pool::give_back(self.0);
    }
}

fn caught(describe: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(describe)).is_err() {
        tracing::error!(target: "tool_audit", "describing a request panicked: its record says what had been told until then");
    }
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

/// What a layer inside found out outweighs what the request claimed.
fn take_identity(open: &mut Open, inner: &Inner) {
    let Some(identity) = open.identity.get() else {
        return;
    };
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    if let Some(user_id) = &identity.user_id {
        open.pieces.user_id = open.piece(Member::UserId, |out, echo| {
            people::write_user(sanitizer, out, echo, user_id, limits::NAME)
        });
        open.verify("user_id");
    }
    if let Some(role) = &identity.user_role {
        open.pieces.user_role = open.piece(Member::SessionMetadata, |out, echo| {
            sanitizer.write_text_echoing(out, role, limits::NAME, echo)
        });
        open.verify("user_role");
    }
}

/// Decides why the call is made. Nothing is inferred where conversation or turn are unknown.
fn infer_trigger(open: &mut Open, inner: &Inner) -> Option<CallKey> {
    let told = open.unsanitized_arguments.clone();
    let known = |span: Span| {
        let json = span.of(&open.bytes);
        (json.len() > 2 && json != assemble::UNKNOWN_JSON).then_some(json)
    };
    let key = known(open.pieces.conversation_id)
        .filter(|_| open.turn_number > 0)
        .map(|id| {
            let conversation = (id, open.unsanitized_conversation);
            let arguments = open.pieces.arguments.of(&open.bytes);
            let told = told.map(|mut told| {
                told.add_bytes(arguments);
                told.finish()
            });
            inner.triggers.key(
                conversation,
                open.turn_number,
                known(open.pieces.tool_name),
                (arguments, told),
            )
        });
    let inferred = key.map(|key| inner.triggers.infer(key)).unwrap_or_default();
    (open.trigger, open.basis) = declared(open).unwrap_or((inferred.trigger, inferred.basis));
    open.inferred_retry_of = inferred
        .retry_of
        .filter(|_| open.trigger == CallTrigger::Retry);
    open.inferred_continues = inferred.continues;
    key
}

/// What the caller says of why the call is made. Who names the call that this one repeats has declared it a retry.
fn declared(open: &Open) -> Option<(CallTrigger, TriggerBasis)> {
    let names_former = !open.pieces.retry_of.is_empty();
    let declared = open
        .declared
        .or(names_former.then_some(CallTrigger::Retry))?;
    Some((declared, TriggerBasis::Declared))
}

/// Puts the entry together and gives it to the sink. Runs in `Drop` too, so nothing here may unwind.
fn record(
    recorder: &Recorder,
    open: &mut Open,
    kind: EntryKind,
    end: Option<(Outcome, u64)>,
) -> Ticket {
    let inner = recorder.inner();
    let own = open.sanitizer.clone();
    echoes::remove(open, own.as_ref().unwrap_or(&inner.sanitizer));
    let (class, until) = class_of(open, &inner.policy);
    let facts = Facts {
        kind,
        prefix: &inner.prefix,
        class,
        until,
        end,
    };
    let mut line = std::mem::take(&mut open.line);
    let given = recorder.ask(|sink| {
        let tool_name = open.tool_name();
        let head = head(open, &tool_name, &facts);
        if !sink.interested(&head) {
            return Ticket::DONE;
        }
        assemble::assemble(&mut line, open, &facts);
        if line.len() + HEAD_ROOM <= MAX_RECORD {
            sink.record(&SanitizedEntry::new(head, &line))
        } else {
            record_shortened(sink, &mut line, open, &facts)
        }
    });
    open.line = line;
    let ticket = given.clone().unwrap_or(Ticket::LOST);
    if end.is_some() {
        match given {
            Some(ticket) if !ticket.is_lost() => add(&inner.counters.recorded, 1),
            Some(_) => {
                let reason = recorder.unavailable(open.is_emergency);
                recorder.lost(reason.unwrap_or("entry not taken"));
            }
            None => recorder.lost("sink panicked"),
        }
    }
    ticket
}

/// The name of the class that an entry goes to, and until when it is kept.
fn class_of<'p>(open: &mut Open, policy: &'p CompiledPolicy) -> (ClassName<'p>, Option<i64>) {
    let tool = open.tool.unwrap_or_else(|| policy.of(""));
    let day = civil::days(open.started_micros);
    let has_subject = open.is_emergency
        || !open.subjects.is_empty()
        || open.subjects_cut
        || !open.pieces.purpose.is_empty();
    let index = open.class.unwrap_or(tool.class);
    let Some(class) = policy.classes.get(index) else {
        return (ClassName::GENERAL, None);
    };
    let longer = policy
        .subject_class
        .filter(|_| has_subject)
        .and_then(|index| Some((index, policy.classes.get(index)?)))
        .filter(|(_, longer)| longer.period.is_longer_than(class.period, day));
    match longer {
        // The log that has the call's beginning gets its end.
        Some((_, longer)) if open.class.is_some() => (class.name(), longer.period.until_day(day)),
        Some((index, longer)) => {
            open.class = Some(index);
            open.durability = open.durability.max(longer.durability.unwrap_or_default());
            (longer.name(), longer.period.until_day(day))
        }
        None => {
            open.class = Some(index);
            (class.name(), class.period.until_day(day))
        }
    }
}

/// Leaves parts out of an entry that is still too long. The limits of the parts make this rare.
#[cold]
fn record_shortened(
    sink: &dyn AuditSink,
    line: &mut Vec<u8>,
    open: &mut Open,
    facts: &Facts<'_>,
) -> Ticket {
    let fits = |line: &mut Vec<u8>, open: &Open| {
        assemble::assemble(line, open, facts);
        line.len() + HEAD_ROOM <= MAX_RECORD
    };
    keep_few_subjects(open);
    if !fits(line, open) {
        for member in [Member::Arguments, Member::SessionMetadata, Member::Subjects] {
            drop_member(open, member);
            if fits(line, open) {
                break;
            }
        }
    }
    let tool_name = open.tool_name();
    sink.record(&SanitizedEntry::new(head(open, &tool_name, facts), line))
}

fn head<'a>(open: &'a Open, tool_name: &'a str, facts: &Facts<'a>) -> EntryHead<'a> {
    EntryHead {
        kind: facts.kind,
        tool_name,
        retention_class: facts.class.text,
        call_id: &open.call_id,
        outcome: facts.end.map(|(outcome, _)| outcome),
        durability: open.durability,
        emergency: open.is_emergency,
    }
}

/// What a log puts before an entry's own members: hashes, log, number.
const HEAD_ROOM: usize = 512;

/// Leaves no more subjects than the largest record has room for beside all its other parts.
fn keep_few_subjects(open: &mut Open) {
    let mut room = limits::FEW_SUBJECTS_BYTES;
    let few = open.subjects.iter().take_while(|subject| {
        let length = subject.of(&open.bytes).len() + 1;
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    });
    let few = few.count();
    open.subjects_cut |= few < open.subjects.len();
    open.subjects.truncate(few);
}

fn drop_member(open: &mut Open, member: Member) {
    match member {
        Member::Arguments => open.pieces.arguments = Span::default(),
        Member::SessionMetadata => open.metadata.clear(),
        _ => {
            open.subjects.clear();
            open.subjects_cut = true;
        }
    }
    open.shorten(member);
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
