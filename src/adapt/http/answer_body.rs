use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::Answer;
use super::answer::AnswerCopy;
use super::open_call::OpenCall;
use crate::call::Outcome;
use crate::record::{CommitInTime, OutcomeBuilder, Recorder};

pub(super) type Item = Option<Result<Frame<Bytes>, axum::Error>>;

/// An answer's body on its way to the client. Where the call ends with it, it carries the call.
///
/// The frame that ends the call is held back until the record is as durable as the policy asks, at most for `max_wait`.
pub(super) struct AnswerBody<K> {
    pub(super) body: Body,
    pub(super) streamed: Option<Streamed<K>>,
    pub(super) held: Option<Held>,
}

/// A call that ends with its answer's body.
pub(super) struct Streamed<K> {
    pub(super) call: OpenCall,
    pub(super) copy: AnswerCopy,
    /// How many bytes the head has promised: who has taken those does not ask for the end.
    pub(super) promised: Option<u64>,
    pub(super) recorder: Recorder,
    pub(super) callbacks: Arc<K>,
    pub(super) judge: fn(&K, &Answer, &mut OutcomeBuilder<'_>),
}

/// A frame, or the end, that waits for the record.
pub(super) struct Held {
    item: Item,
    commit: CommitInTime,
    recorder: Recorder,
}

/// Whether something may go to the client at once.
enum Passed {
    Now(Item),
    Later(Held),
}

impl<K> AnswerBody<K> {
    /// Notes what goes to the client. Where it was the last, the call ends, and it may have to wait.
    fn pass(&mut self, item: Item) -> Passed {
        let Some(mut streamed) = self.streamed.take() else {
            return Passed::Now(item);
        };
        if let Some(Ok(frame)) = &item
            && !streamed.note(frame, &self.body)
        {
            self.streamed = Some(streamed);
            return Passed::Now(item);
        }
        let Streamed {
            call,
            copy,
            recorder,
            callbacks,
            judge,
            ..
        } = streamed;
        let commit = match &item {
            Some(Err(error)) => call.finish(|outcome| broken(copy, error, outcome)),
            _ => call.finish(|outcome| judge(&callbacks, &copy.answer(), outcome)),
        };
        if commit.is_done() {
            return Passed::Now(item);
        }
        let commit = CommitInTime::new(commit);
        Passed::Later(Held {
            item,
            commit,
            recorder,
        })
    }
}

impl<K> Streamed<K> {
    /// True where nothing comes behind this frame.
    pub(super) fn note(&mut self, frame: &Frame<Bytes>, body: &Body) -> bool {
        if let Some(data) = frame.data_ref() {
            self.copy.add(data);
        }
        let passed = self.copy.passed();
        frame.is_trailers()
            || body.is_end_stream()
            || self.promised.is_some_and(|promised| passed >= promised)
    }
}

/// The body failed: what the client got is not the whole answer.
pub(super) fn broken(copy: AnswerCopy, error: &axum::Error, outcome: &mut OutcomeBuilder<'_>) {
    copy.broken_off().summarize(outcome);
    outcome
        .outcome(Outcome::ServiceError)
        .error_type("response_body_failed")
        .error(error);
}

impl<K> AnswerBody<K> {
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        if self.held.is_none() {
            let body = Pin::new(&mut self.body);
            let run = || match &self.streamed {
                Some(streamed) => streamed.call.in_span(|| body.poll_frame(cx)),
                None => body.poll_frame(cx),
            };
            let item = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(polled) => ready!(polled),
                Err(panic) => {
                    if let Some(streamed) = self.streamed.take() {
                        streamed.call.panicked(&*panic);
                    }
                    resume_unwind(panic)
                }
            };
            match self.pass(item) {
                Passed::Now(item) => return Poll::Ready(item),
                Passed::Later(held) => self.held = Some(held),
            }
        }
        if let Some(Held {
            commit, recorder, ..
        }) = &mut self.held
        {
            let committed = ready!(commit.poll(recorder, "making the record durable", cx));
            if committed.is_err() {
                // The head is with the client: there is no other answer to give.
                recorder.count_undurable();
            }
        }
        Poll::Ready(self.held.take().and_then(|held| held.item))
    }
}

impl<K> HttpBody for AnswerBody<K> {
    type Data = Bytes;
    /// Without axum's wrapping: it wraps it again, and looks for what is in it only so deep.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_item(cx).map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.size_hint();
        let held = self.held.as_ref().and_then(|held| held.item.as_ref());
        let Some(Ok(held)) = held else {
            return body;
        };
        let ahead = held.data_ref().map_or(0, Bytes::len) as u64;
        let mut hint = SizeHint::new();
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(body.lower().saturating_add(ahead));
        hint
    }
}

impl<K> Drop for AnswerBody<K> {
    fn drop(&mut self) {
        let Some(streamed) = self.streamed.take() else {
            return;
        };
        let Streamed {
            call,
            copy,
            callbacks,
            judge,
            ..
        } = streamed;
        let has_ended = ends(&self.body);
        let is_failure = copy.is_failure();
        let committed = call.finish(|outcome| {
            let answer = if has_ended {
                copy.answer()
            } else {
                copy.broken_off()
            };
            if has_ended || is_failure {
                // Nothing came behind it, or how the call ended was said by its head.
                judge(&callbacks, &answer, outcome);
            } else {
                answer.summarize(outcome);
                outcome
                    .outcome(Outcome::Cancelled)
                    .error_type("body_dropped");
            }
        });
        drop(committed);
    }
}

/// Whether nothing comes any more, as may have become known since the last frame. Nothing unwinds out of a drop.
fn ends(body: &Body) -> bool {
    catch_unwind(AssertUnwindSafe(|| body.is_end_stream())).unwrap_or_default()
}

impl<K> fmt::Debug for AnswerBody<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AnswerBody")
            .field("carries_a_call", &self.streamed.is_some())
            .finish_non_exhaustive()
    }
}
