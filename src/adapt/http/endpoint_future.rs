use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::Frame;
use pin_project_lite::pin_project;

use super::answer::AnswerCopy;
use super::future::Waiting;
use super::peek::{self, Peeked};
use super::visit::Visit;
use crate::record::{Commit, CommitInTime};

pin_project! {
    /// The future of an [`EndpointAuditService`](super::EndpointAuditService).
    #[must_use = "futures do nothing unless polled"]
    pub struct EndpointAuditFuture<F, E> {
        #[pin]
        future: F,
        visit: Visit,
        committing: Option<Committing<E>>,
    }
}

struct Committing<E> {
    answer: Waiting<Result<Response, E>>,
    commit: CommitInTime,
}

impl<F, E> EndpointAuditFuture<F, E> {
    pub(super) fn new(future: F, visit: Visit) -> Self {
        Self {
            future,
            visit,
            committing: None,
        }
    }
}

impl<F, A, E> Future for EndpointAuditFuture<F, E>
where
    F: Future<Output = Result<Response<A>, E>>,
    A: HttpBody<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    /// # Panics
    ///
    /// Resumes a panic of the inner future, and panics when it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.committing.is_none() {
            let future = this.future;
            let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(polled) => ready!(polled),
                Err(panic) => {
                    this.visit.panicked(&*panic);
                    resume_unwind(panic)
                }
            };
            let answer = match result {
                Ok(answer) => answer.map(Body::new),
                Err(error) => {
                    this.visit.failed();
                    return Poll::Ready(Err(error));
                }
            };
            if !this.visit.leaves_entry(answer.status()) {
                return Poll::Ready(Ok(answer));
            }
            let (answer, commit) = record(this.visit, answer, cx);
            if commit.is_done() {
                return Poll::Ready(Ok(answer));
            }
            *this.committing = Some(Committing {
                answer: Waiting::new(Ok(answer)),
                commit: CommitInTime::new(commit),
            });
        }
        let answer = this.committing.as_mut().and_then(|waiting| {
            let recorder = this.visit.recorder();
            let what = "making the record durable";
            let committed = waiting.commit.poll(recorder, what, cx);
            if let Poll::Ready(Err(_)) = committed {
                recorder.count_undurable();
            }
            committed
                .is_ready()
                .then(|| waiting.answer.take())
                .flatten()
        });
        answer.map_or(Poll::Pending, Poll::Ready)
    }
}

/// The most bytes of a refusal that are looked at: it says why in few.
const LOOKED_AT: usize = 8 * 1024;

fn record(visit: &Visit, answer: Response, cx: &mut Context<'_>) -> (Response, Commit) {
    let (head, mut body) = answer.into_parts();
    let hint = body.size_hint();
    let copy = AnswerCopy::new(head.status, &head.headers, LOOKED_AT);
    let (front, answer) = match peek::peek(&mut body, LOOKED_AT, cx) {
        Ok(Peeked::Whole(data)) => {
            let answer = copy.of_whole(data.clone());
            (Some(Ok(Frame::data(data))), answer)
        }
        Ok(Peeked::Last(frame)) => {
            let answer = copy.of_last(&frame);
            (Some(Ok(frame)), answer)
        }
        Ok(Peeked::Part(frame)) => (Some(Ok(frame)), copy.answer()),
        Ok(Peeked::Failed(error)) => (Some(Err(error)), copy.answer()),
        Ok(Peeked::Nothing | Peeked::End) => (None, copy.answer()),
        Err(panic) => {
            visit.record_panic(&*panic);
            resume_unwind(panic)
        }
    };
    let commit = visit.answered(&answer);
    (
        Response::from_parts(head, peek::with_front(front, hint, body)),
        commit,
    )
}

impl<F, E> fmt::Debug for EndpointAuditFuture<F, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EndpointAuditFuture")
            .finish_non_exhaustive()
    }
}
