//! What becomes of a call when its answer's head is there.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::Context;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use http_body::Frame;

use super::Answer;
use super::answer::AnswerCopy;
use super::answer_body::{AnswerBody, Streamed, broken};
use super::layer::HttpCallbacks;
use super::open_call::OpenCall;
use super::peek::{Peeked, peek, with_front};
use crate::call::{Classify, Identity};
use crate::record::Commit;

/// Ends the call, or hands it over to the answer's body, which ends it.
pub(super) fn conclude<A, D, C, U, N, G, E>(
    call: OpenCall,
    answer: Response<A>,
    callbacks: &Arc<HttpCallbacks<D, C, U, N, G>>,
    cx: &mut Context<'_>,
) -> (Response, Commit)
where
    A: HttpBody<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
    D: Send + Sync + 'static,
    C: Classify<Answer, E> + Send + Sync + 'static,
    U: Send + Sync + 'static,
    N: Send + Sync + 'static,
    G: Send + Sync + 'static,
    E: 'static,
{
    let (head, body) = answer.into_parts();
    let mut body = Body::new(body);
    if let Some(identity) = head.extensions.get::<Identity>() {
        call.identify(identity.clone());
    }
    let limit = callbacks.describe.answer_limit;
    let copy = AnswerCopy::new(head.status, &head.headers, limit);
    let judge = |call: OpenCall, answer: &Answer| {
        call.finish(|outcome| callbacks.classify.0.classify(Ok(answer), outcome))
    };
    // How many bytes the client will ask for, where that is known.
    let hint = body.size_hint();
    let promised = hint.exact().or_else(|| content_length(&head));
    if !has_body(&call, &head) || promised == Some(0) {
        let commit = judge(call, &copy.answer());
        return (Response::from_parts(head, body), commit);
    }
    // What is there already, and small, is looked at before it goes out: then the record is there first.
    let (front, ended) = match call.in_span(|| peek(&mut body, limit, cx)) {
        Err(panic) => {
            call.panicked(&*panic);
            resume_unwind(panic)
        }
        Ok(Peeked::Nothing) => (None, Err((call, copy))),
        Ok(Peeked::Part(frame)) => (Some(Ok(frame)), Err((call, copy))),
        Ok(Peeked::End) => (None, Ok(judge(call, &copy.answer()))),
        Ok(Peeked::Whole(data)) => {
            let answer = copy.of_whole(data);
            let commit = judge(call, &answer);
            (Some(Ok(Frame::data(answer.into_kept()))), Ok(commit))
        }
        Ok(Peeked::Last(frame)) => {
            let commit = judge(call, &copy.of_last(&frame));
            (Some(Ok(frame)), Ok(commit))
        }
        Ok(Peeked::Failed(error)) => {
            let commit = call.finish(|outcome| broken(copy, &error, outcome));
            (Some(Err(error)), Ok(commit))
        }
    };
    let body = with_front(front, hint, body);
    let (call, copy) = match ended {
        Ok(commit) => return (Response::from_parts(head, body), commit),
        Err(going_on) => going_on,
    };
    let streamed = Streamed {
        call,
        copy,
        promised,
        recorder: callbacks.recorder.clone(),
        callbacks: Arc::clone(callbacks),
        judge: |callbacks: &HttpCallbacks<D, C, U, N, G>, answer, outcome| {
            callbacks.classify.0.classify(Ok::<_, &E>(answer), outcome);
        },
    };
    let body = AnswerBody {
        body,
        streamed: Some(streamed),
        held: None,
    };
    (Response::from_parts(head, Body::new(body)), Commit::done())
}

/// False where no server sends the body, so that nobody reads it.
fn has_body(call: &OpenCall, head: &Parts) -> bool {
    !call.asks_for_head()
        && !head.status.is_informational()
        && !matches!(
            head.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        )
}

fn content_length(head: &Parts) -> Option<u64> {
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
