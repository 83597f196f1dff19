use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::callbacks::INTENT;
use super::service::{Entrance, Recorded, call_recorded};
use super::{AuditFuture, Callbacks, OnEmergency, OnUnavailable, OnUndurable};
use crate::call::{Classify, Describe};
use crate::record::{CommitInTime, Recording};
use crate::sink::SinkError;

/// Like [`AuditLayer`](super::AuditLayer), for tools that must not act before their record of intent is
/// durable. Made by [`AuditLayerBuilder::build_durable`](super::AuditLayerBuilder::build_durable).
///
/// The inner service is called only when the record of intent is as durable as the policy asks for the
/// tool; for tools without a record of intent it is called at once. The service has to be [`Clone`]: the one
/// that is ready moves into the future.
pub struct DurableAuditLayer<K> {
    pub(super) callbacks: Arc<K>,
}

impl<S, K> Layer<S> for DurableAuditLayer<K> {
    type Service = DurableAuditService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        DurableAuditService {
            inner,
            entrance: Entrance::new(Arc::clone(&self.callbacks)),
        }
    }
}

/// Records every call of the service inside, and calls it only after its record of intent is durable; made
/// by [`DurableAuditLayer`].
///
/// Where the record of intent does not become durable within the policy's `max_wait`,
/// [`OnUnavailable`] answers in place of the tool, and the call ends as `rejected`; with
/// [`GoOn`](super::GoOn) the tool is called all the same.
///
/// # Clone
///
/// A clone waits at the gate by itself: readiness is not cloned.
pub struct DurableAuditService<S, K> {
    inner: S,
    entrance: Entrance<K>,
}

impl<S, K> DurableAuditService<S, K> {
    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, without the audit.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, Request, D, C, U, N, G> Service<Request>
    for DurableAuditService<S, Callbacks<D, C, U, N, G>>
where
    S: Service<Request> + Clone,
    D: Describe<Request>,
    C: Classify<S::Response, S::Error>,
    U: OnUnavailable<S::Response, S::Error>,
    N: OnUndurable<S::Response, S::Error>,
    G: OnEmergency<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = DurableAuditFuture<
        S,
        Request,
        S::Future,
        Result<S::Response, S::Error>,
        Callbacks<D, C, U, N, G>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.entrance.poll_ready(cx));
        let ready = self.inner.poll_ready(cx);
        self.entrance.holds_inner(&ready);
        ready
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let mut recording = match self.entrance.enter(&mut request) {
            Ok(recording) => recording,
            Err(answer) => {
                let future = AuditFuture::refused(answer);
                return DurableAuditFuture {
                    state: State::Called { future },
                };
            }
        };
        let callbacks = Arc::clone(&self.entrance.callbacks);
        let intent = CommitInTime::new(recording.intent());
        // The clone takes the place; the one that was polled ready is the one that is called.
        let clone = self.inner.clone();
        let service = std::mem::replace(&mut self.inner, clone);
        let call = Mutex::new(Some((service, request)));
        let waiting = Waiting {
            call,
            recording: Some(recording),
            intent,
        };
        DurableAuditFuture {
            state: State::Intending { waiting, callbacks },
        }
    }
}

pin_project! {
    /// The future of a [`DurableAuditService`].
    #[must_use = "futures do nothing unless polled; dropped, this one records the call as never polled"]
    pub struct DurableAuditFuture<S, Request, F, R, K> {
        #[pin]
        state: State<S, Request, F, R, K>,
    }

    impl<S, Request, F, R, K> PinnedDrop for DurableAuditFuture<S, Request, F, R, K> {
        fn drop(this: Pin<&mut Self>) {
            // The tool has not been called: a panic that is under way is somebody else's, and the time until
            // now was the log's.
            if let StateProjection::Intending { waiting, .. } = this.project().state.project()
                && let Some(recording) = &mut waiting.recording
            {
                recording.restart_timer();
                recording.unwinds_anyway();
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Request, F, R, K> {
        Intending { waiting: Waiting<S, Request>, callbacks: Arc<K> },
        Called { #[pin] future: AuditFuture<F, R, K> },
    }
}

struct Waiting<S, Request> {
    /// Never locked: the mutex makes the future `Sync` whether or not service and request are.
    call: Mutex<Option<(S, Request)>>,
    recording: Option<Recording>,
    intent: CommitInTime,
}

impl<S, Request, D, C, U, N, G> Future
    for DurableAuditFuture<
        S,
        Request,
        S::Future,
        Result<S::Response, S::Error>,
        Callbacks<D, C, U, N, G>,
    >
where
    S: Service<Request>,
    C: Classify<S::Response, S::Error>,
    U: OnUnavailable<S::Response, S::Error>,
    N: OnUndurable<S::Response, S::Error>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            let called = match this.state.as_mut().project() {
                StateProjection::Called { future } => return future.poll(cx),
                StateProjection::Intending { waiting, callbacks } => {
                    let intent = &mut waiting.intent;
                    let committed = ready!(intent.poll(&callbacks.recorder, INTENT, cx));
                    let call = waiting
                        .call
                        .get_mut()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    let (Some((service, request)), Some(recording)) =
                        (call, waiting.recording.take())
                    else {
                        panic!("`DurableAuditFuture` polled after it was ready");
                    };
                    let callbacks = Arc::clone(callbacks);
                    act(service, request, recording, committed, callbacks)
                }
            };
            this.state.set(State::Called { future: called });
        }
    }
}

/// Calls the tool, or answers in its place because its record of intent is not durable.
fn act<S, Request, D, C, U, N, G>(
    mut service: S,
    request: Request,
    recording: Recording,
    intent: Result<(), SinkError>,
    callbacks: Arc<Callbacks<D, C, U, N, G>>,
) -> Recorded<S, Request, Callbacks<D, C, U, N, G>>
where
    S: Service<Request>,
    U: OnUnavailable<S::Response, S::Error>,
{
    match callbacks.after_intent(recording, intent) {
        Ok(recording) => call_recorded(&mut service, request, recording, callbacks),
        Err(answer) => AuditFuture::refused(answer),
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<S: Clone, K> Clone for DurableAuditService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            entrance: self.entrance.clone(),
        }
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<K> Clone for DurableAuditLayer<K> {
    fn clone(&self) -> Self {
        Self {
            callbacks: Arc::clone(&self.callbacks),
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for DurableAuditLayer<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DurableAuditLayer")
            .field("callbacks", &self.callbacks)
            .finish()
    }
}

impl<S: fmt::Debug, K: fmt::Debug> fmt::Debug for DurableAuditService<S, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DurableAuditService")
            .field("inner", &self.inner)
            .field("entrance", &self.entrance)
            .finish()
    }
}

impl<S, Request, F, R, K> fmt::Debug for DurableAuditFuture<S, Request, F, R, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Intending { .. } => "Intending",
            State::Called { .. } => "Called",
        };
        formatter
            .debug_struct("DurableAuditFuture")
            .field("state", &state)
            .finish()
    }
}
