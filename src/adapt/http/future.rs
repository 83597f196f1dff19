use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Answer;
use super::conclude::conclude;
use super::layer::HttpCallbacks;
use super::open_call::OpenCall;
use super::service::call_recorded;
use crate::call::Classify;
use crate::layer::{INTENT, OnUnavailable, OnUndurable};
use crate::record::{Commit, CommitInTime};

pin_project! {
    /// The future of an [`HttpAuditService`](super::HttpAuditService).
    ///
    /// Dropped before it is ready, it records the call as `cancelled`, or as `never_polled`. Where the call ends with its
    /// answer's body, that body does the same.
    #[must_use = "futures do nothing unless polled; dropped, this one records the call as never polled"]
    pub struct HttpAuditFuture<S, F, E, K> {
        #[pin]
        state: State<S, F, E, K>,
    }

    impl<S, F, E, K> PinnedDrop for HttpAuditFuture<S, F, E, K> {
        fn drop(this: Pin<&mut Self>) {
            // A panic of the tool was caught: one that is under way before the tool's future is dropped is somebody
            // else's. While a record of intent is waited for the tool has not been called, and the time is the log's.
            match this.project().state.project() {
                StateProjection::Running { call: Some(call), .. } if std::thread::panicking() => {
                    call.unwinds_anyway();
                }
                StateProjection::Intending { waiting, .. } => {
                    if let Some(call) = &mut waiting.call {
                        call.restart_timer();
                        call.unwinds_anyway();
                    }
                }
                _ => {}
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    pub(super) enum State<S, F, E, K> {
        Intending { waiting: Intending<S>, callbacks: Arc<K> },
        /// The call stands behind the future: fields are dropped in order, so what the tool does when it is dropped is
        /// still inside the measured time.
        Running {
            #[pin]
            future: F,
            call: Option<OpenCall>,
            callbacks: Arc<K>,
        },
        Committing { waiting: Committing<E>, callbacks: Arc<K> },
        Refused { answer: Waiting<Result<Response, E>> },
        Done,
    }
}

/// A value that waits to be handed out. The mutex is never locked: it makes the future `Sync` whether or not the value
/// is.
pub(super) struct Waiting<T>(Mutex<Option<T>>);

impl<T> Waiting<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    pub(super) fn take(&mut self) -> Option<T> {
        self.0
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

pub(super) struct Intending<S> {
    service: Waiting<(S, Request<Body>)>,
    call: Option<OpenCall>,
    intent: CommitInTime,
}

pub(super) struct Committing<E> {
    answer: Waiting<Result<Response, E>>,
    commit: CommitInTime,
}

impl<S, F, E, K> State<S, F, E, K> {
    pub(super) fn intending(
        service: S,
        request: Request<Body>,
        call: OpenCall,
        intent: Commit,
        callbacks: Arc<K>,
    ) -> Self {
        let waiting = Intending {
            service: Waiting::new((service, request)),
            call: Some(call),
            intent: CommitInTime::new(intent),
        };
        Self::Intending { waiting, callbacks }
    }

    pub(super) fn running(future: F, call: OpenCall, callbacks: Arc<K>) -> Self {
        Self::Running {
            future,
            call: Some(call),
            callbacks,
        }
    }

    fn refused(answer: Result<Response, E>) -> Self {
        Self::Refused {
            answer: Waiting::new(answer),
        }
    }
}

impl<S, F, E, K> HttpAuditFuture<S, F, E, K> {
    pub(super) fn new(state: State<S, F, E, K>) -> Self {
        Self { state }
    }

    pub(super) fn refused(answer: Result<Response, E>) -> Self {
        Self::new(State::refused(answer))
    }
}

impl<S, A, E, D, C, U, N, G> Future
    for HttpAuditFuture<S, S::Future, E, HttpCallbacks<D, C, U, N, G>>
where
    S: Service<Request<Body>, Response = Response<A>, Error = E>,
    A: HttpBody<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
    D: Send + Sync + 'static,
    C: Classify<Answer, E> + Send + Sync + 'static,
    U: OnUnavailable<Response, E> + Send + Sync + 'static,
    N: OnUndurable<Response, E> + Send + Sync + 'static,
    G: Send + Sync + 'static,
    E: 'static,
{
    type Output = Result<Response, E>;

    /// # Panics
    ///
    /// Resumes a panic of the inner future, and panics when it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            let next = match this.state.as_mut().project() {
                StateProjection::Intending { waiting, callbacks } => {
                    let intent = ready!(waiting.intent.poll(&callbacks.recorder, INTENT, cx));
                    let call = waiting.call.take().and_then(|mut call| {
                        let recording = call.take_recording()?;
                        Some((call, recording))
                    });
                    let (Some((mut service, request)), Some((mut call, recording))) =
                        (waiting.service.take(), call)
                    else {
                        return handed_out_once(None);
                    };
                    let callbacks = Arc::clone(callbacks);
                    match callbacks.after_intent(recording, intent) {
                        Ok(recording) => {
                            call.go_on(recording);
                            call_recorded(&mut service, request, call, callbacks)
                        }
                        Err(answer) => State::refused(answer),
                    }
                }
                StateProjection::Running {
                    future,
                    call,
                    callbacks,
                } => {
                    let run = || match call {
                        Some(call) => {
                            call.begin();
                            call.in_span(|| future.poll(cx))
                        }
                        None => future.poll(cx),
                    };
                    let result = match catch_unwind(AssertUnwindSafe(run)) {
                        Ok(poll) => ready!(poll),
                        Err(panic) => {
                            if let Some(call) = call.take() {
                                call.panicked(&*panic);
                            }
                            this.state.set(State::Done);
                            resume_unwind(panic);
                        }
                    };
                    let Some(call) = call.take() else {
                        return handed_out_once(None);
                    };
                    let (result, commit) = match result {
                        Ok(answer) => {
                            let (answer, commit) =
                                conclude::<_, _, _, _, _, _, E>(call, answer, callbacks, cx);
                            (Ok(answer), commit)
                        }
                        Err(error) => {
                            let classify = &callbacks.classify.0;
                            let commit =
                                call.finish(|outcome| classify.classify(Err(&error), outcome));
                            (Err(error), commit)
                        }
                    };
                    if commit.is_done() {
                        this.state.set(State::Done);
                        return Poll::Ready(result);
                    }
                    let waiting = Committing {
                        answer: Waiting::new(result),
                        commit: CommitInTime::new(commit),
                    };
                    State::Committing {
                        waiting,
                        callbacks: Arc::clone(callbacks),
                    }
                }
                StateProjection::Committing { waiting, callbacks } => {
                    let what = "making the record durable";
                    let committed = ready!(waiting.commit.poll(&callbacks.recorder, what, cx));
                    let answer = match (waiting.answer.take(), committed) {
                        (Some(answer), Err(error)) => {
                            callbacks.recorder.count_undurable();
                            Some(callbacks.on_undurable.on_undurable(answer, &error))
                        }
                        (answer, _) => answer,
                    };
                    this.state.set(State::Done);
                    return handed_out_once(answer);
                }
                StateProjection::Refused { answer } => {
                    let answer = answer.take();
                    this.state.set(State::Done);
                    return handed_out_once(answer);
                }
                StateProjection::Done => return handed_out_once(None),
            };
            this.state.set(next);
        }
    }
}

/// A future that is polled after it was ready has broken its contract, like any `async` block.
#[track_caller]
fn handed_out_once<T>(answer: Option<T>) -> Poll<T> {
    match answer {
        Some(answer) => Poll::Ready(answer),
        None => panic!("`HttpAuditFuture` polled after it was ready"),
    }
}

impl<S, F, E, K> fmt::Debug for HttpAuditFuture<S, F, E, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Intending { .. } => "Intending",
            State::Running { .. } => "Running",
            State::Committing { .. } => "Committing",
            State::Refused { .. } => "Refused",
            State::Done => "Done",
        };
        formatter
            .debug_struct("HttpAuditFuture")
            .field("state", &state)
            .finish()
    }
}
