use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::Value;

use super::assemble::{self, Facts};
use super::open::{self, Member, Open};
use super::recorder::{Admission, Inner, Recorder};
use super::stats::add;
use super::{CallBuilder, Commit, OutcomeBuilder, limits};
use crate::call::{Classify, ClassifyResponses, Outcome, ToolResponse};
use crate::clock::civil;
use crate::entry::{CallKey, CallTrigger, TriggerBasis};
use crate::log::record::MAX_RECORD;
use crate::sink::{Durability, EntryHead, EntryKind, SanitizedEntry, Ticket};

/// The guard of one call: armed before the tool begins, it leaves exactly one end record.
///
/// One of its methods ends it. Dropped instead, it records `panicked` while the thread unwinds, else
/// `never_polled` before [`begin`](Self::begin) and `cancelled` after it.
#[must_use = "a recording that is dropped records the call as never begun"]
pub struct Recording {
    recorder: Recorder,
    /// Taken by whatever ends the recording.
    open: Option<Box<Open>>,
    key: Option<CallKey>,
    begun: bool,
    /// The log could not take the call, and the caller went on.
    bypasses: bool,
    intent: Option<Ticket>,
}

impl Recording {
    pub(super) fn start(
        recorder: &Recorder,
        admission: Admission,
        describe: impl FnOnce(&mut CallBuilder<'_>),
    ) -> Self {
        let inner = recorder.inner();
        let mut open = open::take();
        open.number = recorder.next_number();
        open.started_micros = civil::micros(inner.clock.now());
        inner
            .counters
            .started
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let described = catch_unwind(AssertUnwindSafe(|| {
            describe(&mut CallBuilder::new(&mut open, inner));
        }));
        if described.is_err() {
            tracing::error!(target: "tool_audit", "describing a request panicked: its record says what had been told until then");
        }
        let tool = *open.tool.get_or_insert_with(|| inner.policy.of(""));
        open.durability = if open.is_emergency {
            Durability::Synced
        } else {
            tool.durability
        };
        let key = infer_trigger(&mut open, inner);
        let wants_intent = tool.intent || open.is_emergency;
        let mut recording = Self {
            recorder: recorder.clone(),
            open: Some(open),
            key,
            begun: false,
            bypasses: matches!(admission, Admission::Unavailable(_)),
            intent: None,
        };
        if wants_intent {
            recording.record_intent();
        }
        if let Some(open) = &mut recording.open {
            open.started = recorder.inner().clock.monotonic();
        }
        recording
    }

    /// Says that the tool begins now: its future is polled for the first time.
    ///
    /// Until then the call counts as never begun, should it be dropped.
    pub fn begin(&mut self) {
        self.begun = true;
    }

    /// Says that the tool is called only now: what was waited for until here is not the tool's time.
    pub(crate) fn restart_timer(&mut self) {
        if let Some(open) = &mut self.open {
            open.started = self.recorder.inner().clock.monotonic();
        }
    }

    /// The call's own id, which stands in its records.
    #[must_use]
    pub fn call_id(&self) -> String {
        let mut id = Vec::new();
        if let Some(open) = &self.open {
            assemble::write_call_id(&mut id, &self.recorder.inner().prefix, open.number);
        }
        String::from_utf8(id).unwrap_or_default()
    }

    /// Ready when the record of intent is as durable as the policy asks; at once where there is none.
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
        if let Some(key) = self.key {
            inner.triggers.ended(key, open.number, outcome);
        }
        let ticket = if self.bypasses && !self.recorder.is_ready() {
            self.recorder.lost("queue full");
            Ticket::LOST
        } else {
            let end = (outcome, rounded_micros(duration));
            record(&self.recorder, &mut open, EntryKind::ToolCall, Some(end))
        };
        add(&inner.counters.redactions, u64::from(open.redactions));
        open::give_back(open);
        self.recorder.ended();
        ticket
    }

    fn record_intent(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        if !self.bypasses || self.recorder.is_ready() {
            let kind = EntryKind::ToolCallStarted;
            self.intent = Some(record(&self.recorder, &mut open, kind, None));
        }
        self.open = Some(open);
    }
}

/// Rounded to the next microsecond, at most some 285 years.
fn rounded_micros(duration: Duration) -> u64 {
    u64::try_from((duration.as_nanos() + 500) / 1000).unwrap_or(crate::canonical::MAX_SAFE_INTEGER)
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
        open.forget_result();
        OutcomeBuilder::new(open, inner).error_type("classifier_panicked");
        Outcome::ServiceError
    })
}

/// What a layer inside found out outweighs what the request claimed.
fn take_identity(open: &mut Open, inner: &Inner) {
    let Some(identity) = open.identity.get() else {
        return;
    };
    let sanitizer = &inner.sanitizer;
    if let Some(user_id) = &identity.user_id {
        open.pieces.user_id = open.piece(Member::UserId, |out| {
            sanitizer.write_text(out, user_id, limits::NAME)
        });
    }
    if let Some(role) = &identity.user_role {
        open.pieces.user_role = open.piece(Member::SessionMetadata, |out| {
            sanitizer.write_text(out, role, limits::NAME)
        });
    }
    open.found = match (&identity.user_id, &identity.user_role) {
        (Some(_), Some(_)) => br#""user_id","user_role""#,
        (Some(_), None) => br#""user_id""#,
        (None, Some(_)) => br#""user_role""#,
        (None, None) => b"",
    };
}

/// Decides why the call is made. Nothing is inferred where conversation or turn are unknown.
fn infer_trigger(open: &mut Open, inner: &Inner) -> Option<CallKey> {
    let known = |span: open::Span| {
        let json = span.of(&open.bytes);
        (json.len() > 2 && json != assemble::UNKNOWN_JSON).then_some(json)
    };
    let key = known(open.pieces.conversation_id)
        .filter(|_| open.turn_number > 0)
        .map(|id| {
            inner.triggers.key(
                id,
                open.turn_number,
                known(open.pieces.tool_name),
                open.pieces.arguments.of(&open.bytes),
                open.unsanitized_arguments,
            )
        });
    let inferred = key.map(|key| inner.triggers.infer(key)).unwrap_or_default();
    (open.trigger, open.basis) = match open.declared {
        Some(declared) => (declared, TriggerBasis::Declared),
        None => (inferred.trigger, inferred.basis),
    };
    open.inferred_retry_of = inferred
        .retry_of
        .filter(|_| open.trigger == CallTrigger::Retry);
    open.inferred_continues = inferred.continues;
    key
}

/// Puts the entry together and gives it to the sink. Runs in `Drop` too, so nothing here may unwind.
fn record(
    recorder: &Recorder,
    open: &mut Open,
    kind: EntryKind,
    end: Option<(Outcome, u64)>,
) -> Ticket {
    let given = catch_unwind(AssertUnwindSafe(|| {
        let inner = recorder.inner();
        let tool = open.tool.unwrap_or_else(|| inner.policy.of(""));
        let (class, days) = inner
            .policy
            .classes
            .get(tool.class)
            .map_or(("general", None), |(name, days)| (name, *days));
        let facts = Facts {
            kind,
            prefix: &inner.prefix,
            class,
            days,
            end,
        };
        let mut call_id_at = assemble::assemble(open, &facts);
        let mut dropped =
            [Member::Arguments, Member::SessionMetadata, Member::Subjects].into_iter();
        while open.line.len() + HEAD_ROOM > MAX_RECORD
            && let Some(member) = dropped.next()
        {
            drop_member(open, member);
            call_id_at = assemble::assemble(open, &facts);
        }
        let json = std::str::from_utf8(&open.line).unwrap_or_default();
        let tool_name = if open.pieces.tool_name.is_empty() {
            crate::call::UNKNOWN.into()
        } else {
            open.text(open.pieces.tool_name)
        };
        let head = EntryHead {
            kind,
            tool_name: &tool_name,
            retention_class: class,
            call_id: json.get(call_id_at).unwrap_or_default(),
            outcome: end.map(|(outcome, _)| outcome),
            durability: open.durability,
        };
        let sink = recorder.sink();
        if sink.interested(&head) {
            sink.record(&SanitizedEntry::new(head, json))
        } else {
            Ticket::DONE
        }
    }));
    let is_end = end.is_some();
    match given {
        Ok(ticket) if !ticket.is_lost() => {
            if is_end {
                add(&recorder.inner().counters.recorded, 1);
            }
            ticket
        }
        Ok(_) => {
            if is_end {
                recorder.lost("log closed");
            }
            Ticket::LOST
        }
        Err(_) => {
            tracing::error!(target: "tool_audit", "the sink panicked: an entry is lost");
            if is_end {
                recorder.lost("sink panicked");
            }
            Ticket::LOST
        }
    }
}

/// What a log puts before an entry's own members: hashes, log, number.
const HEAD_ROOM: usize = 512;

/// Leaves a part out of an entry that is still too long. The limits of the parts make this rare.
fn drop_member(open: &mut Open, member: Member) {
    match member {
        Member::Arguments => open.pieces.arguments = open::Span::default(),
        Member::SessionMetadata => {
            open.pieces.metadata_before = open::Span::default();
            open.pieces.metadata_after = open::Span::default();
        }
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
        let outcome = if std::thread::panicking() {
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
