use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::Request;
use http::request::Parts;
use tower_service::Service;

use super::Answer;
use super::arguments::Media;
use super::future::{HttpAuditFuture, State};
use super::layer::HttpCallbacks;
use super::open_call::{CopiedRequest, OpenCall};
use super::request::Head;
use super::request_body::{BodyCopy, CopiedBody};
use crate::call::{Classify, Describe};
use crate::layer::{Entrance, OnEmergency, OnUnavailable, OnUndurable};

/// Records every HTTP request of the service inside as a tool's call; made by
/// [`HttpAuditLayer`](super::HttpAuditLayer).
///
/// The service inside gets axum's [`Body`], whatever comes from outside, and its answers go out with one: nothing in
/// them is changed. It has to be [`Clone`], as axum's are: where a durable record of intent is waited for, the one
/// that is ready moves into the future.
///
/// # Clone
///
/// A clone waits at the gate by itself: readiness is not cloned.
pub struct HttpAuditService<S, K> {
    inner: S,
    entrance: Entrance<K>,
}

impl<S, K> HttpAuditService<S, K> {
    pub(super) fn new(inner: S, callbacks: Arc<K>) -> Self {
        Self {
            inner,
            entrance: Entrance::new(callbacks),
        }
    }

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

impl<S, B, A, D, C, U, N, G> Service<Request<B>>
    for HttpAuditService<S, HttpCallbacks<D, C, U, N, G>>
where
    S: Service<Request<Body>, Response = Response<A>> + Clone,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    A: HttpBody<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
    D: Describe<Parts> + Send + Sync + 'static,
    C: Classify<Answer, S::Error> + Send + Sync + 'static,
    U: OnUnavailable<Response, S::Error> + Send + Sync + 'static,
    N: OnUndurable<Response, S::Error> + Send + Sync + 'static,
    G: OnEmergency<Response, S::Error> + Send + Sync + 'static,
    S::Error: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = HttpAuditFuture<S, S::Future, S::Error, HttpCallbacks<D, C, U, N, G>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The gate first: what the inner service reserves should not be held while waiting for the log.
        ready!(self.entrance.poll_ready(cx));
        let ready = self.inner.poll_ready(cx);
        self.entrance.holds_inner(&ready);
        ready
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let callbacks = Arc::clone(&self.entrance.callbacks);
        let settings = &callbacks.describe;
        let (parts, body) = request.into_parts();
        let copies_body = settings.request_limit > 0 && !body.is_end_stream();
        let mut head = Head::new(parts, settings.hops, copies_body);
        let mut recording = match self.entrance.enter(&mut head) {
            Ok(recording) => recording,
            Err(answer) => return HttpAuditFuture::refused(answer),
        };
        let is_head = head.parts.method == http::Method::HEAD;
        let (copied, body) = if head.copies_body {
            let copy = Arc::new(BodyCopy::default());
            let copied = CopiedRequest {
                copy: Arc::clone(&copy),
                media: Media::of(&head.parts.headers),
                parameters: head.parameters,
            };
            let body = Body::new(CopiedBody::new(
                Body::new(body),
                copy,
                settings.request_limit,
            ));
            (Some(copied), body)
        } else {
            (None, Body::new(body))
        };
        let request = Request::from_parts(head.parts, body);
        let intent = settings.durable_intents.then(|| recording.intent());
        let call = OpenCall::new(recording, copied, head.handle, is_head);
        let state = match intent.filter(|intent| !intent.is_done()) {
            None => call_recorded(&mut self.inner, request, call, callbacks),
            Some(intent) => {
                // The clone takes the place; the one that was polled ready is the one that is called.
                let clone = self.inner.clone();
                let service = std::mem::replace(&mut self.inner, clone);
                State::intending(service, request, call, intent, callbacks)
            }
        };
        HttpAuditFuture::new(state)
    }
}

/// Calls the tool. The guard is armed before the service sees the request, so that a panic in `call` is recorded.
pub(super) fn call_recorded<S: Service<Request<Body>>, K>(
    service: &mut S,
    request: Request<Body>,
    call: OpenCall,
    callbacks: Arc<K>,
) -> State<S, S::Future, S::Error, K> {
    let run = || call.in_span(|| service.call(request));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(future) => State::running(future, call, callbacks),
        Err(panic) => {
            call.panicked(&*panic);
            resume_unwind(panic)
        }
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<S: Clone, K> Clone for HttpAuditService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            entrance: self.entrance.clone(),
        }
    }
}

impl<S: fmt::Debug, K: fmt::Debug> fmt::Debug for HttpAuditService<S, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpAuditService")
            .field("inner", &self.inner)
            .field("entrance", &self.entrance)
            .finish()
    }
}
