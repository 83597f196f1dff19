use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Callbacks, OnUndurable};
use crate::call::Classify;
use crate::record::{Commit, CommitInTime, Recording};

pin_project! {
    /// The future of an [`AuditService`](super::AuditService).
    ///
    /// Dropped before it is ready, it records the call as `cancelled`, or as `never_polled`.
    #[must_use = "futures do nothing unless polled; dropped, this one records the call as never polled"]
    pub struct AuditFuture<F, R, K> {
        #[pin]
        state: State<F, R, K>,
    }

    impl<F, R, K> PinnedDrop for AuditFuture<F, R, K> {
        fn drop(this: Pin<&mut Self>) {
            // A panic of the tool was caught: one that is under way before the tool's future is dropped
            // is somebody else's, and the call is only cancelled by it.
            if std::thread::panicking()
                && let StateProjection::Running { recording: Some(recording), .. } =
                    this.project().state.project()
            {
                recording.unwinds_anyway();
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R, K> {
        /// The recording stands behind the future: fields are dropped in order, so what the tool does when it
        /// is dropped is still inside the measured time.
        Running {
            #[pin]
            future: F,
            recording: Option<Recording>,
            callbacks: Arc<K>,
        },
        Committing {
            waiting: Waiting<R>,
            callbacks: Arc<K>,
        },
        Refused { answer: Answer<R> },
        Done,
    }
}

/// A value that waits to be handed out. The mutex is never locked: it makes the future `Sync` whether or not
/// the response is.
struct Answer<R>(Mutex<Option<R>>);

impl<R> Answer<R> {
    fn new(answer: R) -> Self {
        Self(Mutex::new(Some(answer)))
    }

    fn take(&mut self) -> Option<R> {
        self.0
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

struct Waiting<R> {
    answer: Answer<R>,
    commit: CommitInTime,
}

impl<F, R, K> AuditFuture<F, R, K> {
    pub(super) fn running(future: F, recording: Recording, callbacks: Arc<K>) -> Self {
        Self {
            state: State::Running {
                future,
                recording: Some(recording),
                callbacks,
            },
        }
    }

    pub(super) fn refused(answer: R) -> Self {
        Self {
            state: State::Refused {
                answer: Answer::new(answer),
            },
        }
    }
}

impl<F, T, E, D, C, U, N, G> Future for AuditFuture<F, Result<T, E>, Callbacks<D, C, U, N, G>>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
    N: OnUndurable<T, E>,
{
    type Output = Result<T, E>;

    /// # Panics
    ///
    /// Resumes a panic of the inner future, and panics when it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            match this.state.as_mut().project() {
                StateProjection::Running {
                    future,
                    recording,
                    callbacks,
                } => {
                    if let Some(recording) = recording {
                        recording.begin();
                    }
                    let poll = || match recording {
                        Some(recording) => recording.in_span(|| future.poll(cx)),
                        None => future.poll(cx),
                    };
                    let result = match catch_unwind(AssertUnwindSafe(poll)) {
                        Ok(poll) => ready!(poll),
                        Err(panic) => {
                            if let Some(recording) = recording.take() {
                                // Nobody is left to wait for the record.
                                drop(recording.panicked(&*panic));
                            }
                            this.state.set(State::Done);
                            resume_unwind(panic);
                        }
                    };
                    let callbacks = Arc::clone(callbacks);
                    let commit = recording.take().map_or_else(Commit::done, |recording| {
                        recording
                            .finish(|outcome| callbacks.classify.classify(result.as_ref(), outcome))
                    });
                    if commit.is_done() {
                        this.state.set(State::Done);
                        return Poll::Ready(result);
                    }
                    let waiting = Waiting {
                        answer: Answer::new(result),
                        commit: CommitInTime::new(commit),
                    };
                    this.state.set(State::Committing { waiting, callbacks });
                }
                StateProjection::Committing { waiting, callbacks } => {
                    let what = "making the record durable";
                    let committed = ready!(waiting.commit.poll(&callbacks.recorder, what, cx));
                    let answer = waiting.answer.take();
                    let answer = match (answer, committed) {
                        (Some(answer), Err(error)) => {
                            callbacks.recorder.count_undurable();
                            Some(callbacks.on_undurable.on_undurable(answer, &error))
                        }
                        (answer, _) => answer,
                    };
                    this.state.set(State::Done);
                    return Poll::Ready(handed_out_once(answer));
                }
                StateProjection::Refused { answer } => {
                    let answer = answer.take();
                    this.state.set(State::Done);
                    return Poll::Ready(handed_out_once(answer));
                }
                StateProjection::Done => return Poll::Ready(handed_out_once(None)),
            }
        }
    }
}

/// A future that is polled after it was ready has broken its contract, like any `async` block.
#[track_caller]
fn handed_out_once<R>(answer: Option<R>) -> R {
    match answer {
        Some(answer) => answer,
        None => panic!("`AuditFuture` polled after it was ready"),
    }
}

impl<F, R, K> fmt::Debug for AuditFuture<F, R, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Running { .. } => "Running",
            State::Committing { .. } => "Committing",
            State::Refused { .. } => "Refused",
            State::Done => "Done",
        };
        formatter
            .debug_struct("AuditFuture")
            .field("state", &state)
            .finish()
    }
}
