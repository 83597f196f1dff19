//! What becomes of a call when its answer's head is there.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::response::Parts;

use super::Answer;
use super::answer::AnswerCopy;
use super::answer_body::{AnswerBody, Streamed, broken};
use super::layer::HttpCallbacks;
use super::open_call::OpenCall;
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
    let mut copy = AnswerCopy::new(head.status, &head.headers, limit);
    let judge = |call: OpenCall, answer: &Answer| {
        call.finish(|outcome| callbacks.classify.0.classify(Ok(answer), outcome))
    };
    if body.is_end_stream() || !has_body(&call, &head) {
        let commit = judge(call, &copy.answer());
        return (Response::from_parts(head, body), commit);
    }
    let exact = body.size_hint().exact();
    // What is there already, and small, is looked at before it goes out: then the record is there first.
    let is_small = exact.is_some_and(|size| size <= limit as u64);
    let mut front = None;
    if is_small {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut body).poll_frame(cx)));
        match polled {
            Err(panic) => {
                call.panicked(&*panic);
                resume_unwind(panic)
            }
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(None)) => {
                let commit = judge(call, &copy.answer());
                return (Response::from_parts(head, body), commit);
            }
            Ok(Poll::Ready(Some(Err(error)))) => {
                let commit = call.finish(|outcome| broken(&copy, &error, outcome));
                front = Some(Err(error));
                return (with_front(head, body, front), commit);
            }
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                if body.is_end_stream() || exact == Some(data.len() as u64) {
                    let commit = judge(call, &copy.of_one_frame(data));
                    return (with_front(head, body, Some(Ok(frame))), commit);
                }
                copy.add(data);
                front = Some(Ok(frame));
            }
        }
    }
    let streamed = Streamed {
        call,
        copy,
        promised: exact.or_else(|| content_length(&head)),
        recorder: callbacks.recorder.clone(),
        callbacks: Arc::clone(callbacks),
        judge: |callbacks: &HttpCallbacks<D, C, U, N, G>, answer, outcome| {
            callbacks.classify.0.classify(Ok::<_, &E>(answer), outcome);
        },
    };
    let body = AnswerBody {
        body,
        front,
        streamed: Some(streamed),
        held: None,
    };
    (Response::from_parts(head, Body::new(body)), Commit::done())
}

/// The answer of a call that has ended, of whose body something was read.
fn with_front(
    head: Parts,
    body: Body,
    front: Option<Result<http_body::Frame<Bytes>, axum::Error>>,
) -> Response {
    let body = AnswerBody::<()> {
        body,
        front,
        streamed: None,
        held: None,
    };
    Response::from_parts(head, Body::new(body))
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
