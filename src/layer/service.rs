use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tower_layer::Layer;
use tower_service::Service;

use super::{
    AuditFuture, Callbacks, DurableAuditLayer, GoOn, LetPass, OnEmergency, OnUnavailable,
    OnUndurable, PassOn,
};
use crate::call::{Classify, ClassifyResponses, Describe, DescribeToolCall};
use crate::record::{Admission, Gate, Recorder, Recording};

type DefaultCallbacks = Callbacks<DescribeToolCall, ClassifyResponses, GoOn, PassOn>;

/// Records every call of the services it wraps.
///
/// A clone, and a service made, costs one count of an [`Arc`]: nothing is opened or started here, since some
/// servers make a service for each request.
pub struct AuditLayer<K = DefaultCallbacks> {
    callbacks: Arc<K>,
}

impl AuditLayer {
    /// Records into `recorder` calls that are [`ToolCall`](crate::ToolCall)s and whose responses are
    /// [`ToolResponse`](crate::ToolResponse)s, such as [`ToolResult`](crate::ToolResult) and
    /// [`serde_json::Value`]. The error may be of any type that can be displayed.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self::builder(recorder).build()
    }

    /// For other requests and responses, and for the hooks.
    ///
    /// ```
    /// use tool_audit::{AuditLayer, CallBuilder, MemorySink, OutcomeBuilder, Recorder};
    ///
    /// struct Request { tool: String }
    /// struct Response { rows: Vec<String> }
    ///
    /// let layer = AuditLayer::builder(Recorder::new(MemorySink::new()))
    ///     .describe(|request: &mut Request, call: &mut CallBuilder<'_>| {
    ///         call.tool_name(&request.tool);
    ///     })
    ///     .classify(|response: &Response, outcome: &mut OutcomeBuilder<'_>| {
    ///         outcome.result(&serde_json::json!({"count": response.rows.len()}));
    ///     })
    ///     .on_unavailable(|refusal: &tool_audit::Refusal| Err::<Response, _>(refusal.to_string()))
    ///     .build();
    /// # let _ = layer;
    /// ```
    pub fn builder(
        recorder: Recorder,
    ) -> AuditLayerBuilder<DescribeToolCall, ClassifyResponses, GoOn, PassOn> {
        AuditLayerBuilder(Callbacks {
            recorder,
            describe: DescribeToolCall,
            classify: ClassifyResponses,
            on_unavailable: GoOn,
            on_undurable: PassOn,
            on_emergency: LetPass,
        })
    }
}

/// Sets the callbacks of an [`AuditLayer`].
#[must_use]
pub struct AuditLayerBuilder<D, C, U, N, G = LetPass>(pub(crate) Callbacks<D, C, U, N, G>);

impl<D, C, U, N, G> AuditLayerBuilder<D, C, U, N, G> {
    /// Tells what requests ask for: a [`Describe`], or a closure over
    /// `(&mut Request, &mut CallBuilder<'_>)` with its types written out.
    pub fn describe<T>(self, describe: T) -> AuditLayerBuilder<T, C, U, N, G> {
        let Callbacks {
            recorder,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
            ..
        } = self.0;
        AuditLayerBuilder(Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        })
    }

    /// Judges how calls ended: a [`Classify`], or a closure over
    /// `(&Response, &mut OutcomeBuilder<'_>)` with its types written out.
    pub fn classify<T>(self, classify: T) -> AuditLayerBuilder<D, T, U, N, G> {
        let Callbacks {
            recorder,
            describe,
            on_unavailable,
            on_undurable,
            on_emergency,
            ..
        } = self.0;
        AuditLayerBuilder(Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        })
    }

    /// Answers calls that the log cannot take, in place of the tool.
    pub fn on_unavailable<T>(self, on_unavailable: T) -> AuditLayerBuilder<D, C, T, N, G> {
        let Callbacks {
            recorder,
            describe,
            classify,
            on_undurable,
            on_emergency,
            ..
        } = self.0;
        AuditLayerBuilder(Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        })
    }

    /// Answers calls whose record is not as durable as the policy asks.
    pub fn on_undurable<T>(self, on_undurable: T) -> AuditLayerBuilder<D, C, U, T, G> {
        let Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_emergency,
            ..
        } = self.0;
        AuditLayerBuilder(Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        })
    }

    /// Looks at calls that declare an emergency, and may answer them in place of the tool: auditing itself
    /// refuses none.
    pub fn on_emergency<T>(self, on_emergency: T) -> AuditLayerBuilder<D, C, U, N, T> {
        let Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            ..
        } = self.0;
        AuditLayerBuilder(Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        })
    }

    /// Makes the layer.
    #[must_use]
    pub fn build(self) -> AuditLayer<Callbacks<D, C, U, N, G>> {
        AuditLayer {
            callbacks: Arc::new(self.0),
        }
    }

    /// Makes the layer whose records of intent are durable before the tool is called.
    #[must_use]
    pub fn build_durable(self) -> DurableAuditLayer<Callbacks<D, C, U, N, G>> {
        DurableAuditLayer {
            callbacks: Arc::new(self.0),
        }
    }
}

impl<S, K> Layer<S> for AuditLayer<K> {
    type Service = AuditService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        AuditService {
            inner,
            entrance: Entrance::new(Arc::clone(&self.callbacks)),
        }
    }
}

/// Records every call of the service inside; made by [`AuditLayer`].
///
/// # Clone
///
/// A clone waits at the gate by itself: readiness is not cloned.
pub struct AuditService<S, K = DefaultCallbacks> {
    inner: S,
    entrance: Entrance<K>,
}

impl<S, K> AuditService<S, K> {
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

/// The callbacks, and where one service stands at the gate.
pub(crate) struct Entrance<K> {
    pub(crate) callbacks: Arc<K>,
    gate: Gate,
    admission: Option<Admission>,
    /// The service inside said that it is ready, and was not called since.
    holds_inner: bool,
}

/// By hand: readiness is not cloned, and the callbacks need not be `Clone`.
impl<K> Clone for Entrance<K> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.callbacks))
    }
}

impl<K> Entrance<K> {
    pub(crate) fn new(callbacks: Arc<K>) -> Self {
        Self {
            callbacks,
            gate: Gate::default(),
            admission: None,
            holds_inner: false,
        }
    }

    /// Keeps what the service inside answered: once it is ready, so is the whole until it is called, since
    /// what it reserved must not wait for the log.
    pub(crate) fn holds_inner<E>(&mut self, ready: &Poll<Result<(), E>>) {
        self.holds_inner = matches!(ready, Poll::Ready(Ok(())));
    }
}

impl<D, C, U, N, G> Entrance<Callbacks<D, C, U, N, G>> {
    /// Ready when it is decided whether the log can take the next call.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.holds_inner {
            return Poll::Ready(());
        }
        // Asked again while the inner service is not ready: the gate may have opened or closed meanwhile.
        match self.gate.poll(&self.callbacks.recorder, cx) {
            Poll::Ready(admission) => self.admission = Some(admission),
            // Who has waited in vain does not wait again.
            Poll::Pending if matches!(self.admission, Some(Admission::Unavailable(_))) => {}
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(())
    }

    /// Begins the recording of the next call, or answers it.
    pub(crate) fn enter<Request, T, E>(
        &mut self,
        request: &mut Request,
    ) -> Result<Recording, Result<T, E>>
    where
        D: Describe<Request>,
        C: Classify<T, E>,
        U: OnUnavailable<T, E>,
        G: OnEmergency<T, E>,
    {
        self.holds_inner = false;
        self.callbacks.enter(self.admission.take(), request)
    }
}

impl<S, Request, D, C, U, N, G> Service<Request> for AuditService<S, Callbacks<D, C, U, N, G>>
where
    S: Service<Request>,
    D: Describe<Request>,
    C: Classify<S::Response, S::Error>,
    U: OnUnavailable<S::Response, S::Error>,
    N: OnUndurable<S::Response, S::Error>,
    G: OnEmergency<S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AuditFuture<S::Future, Result<S::Response, S::Error>, Callbacks<D, C, U, N, G>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The gate first: what the inner service reserves should not be held while waiting for the log.
        ready!(self.entrance.poll_ready(cx));
        let ready = self.inner.poll_ready(cx);
        self.entrance.holds_inner(&ready);
        ready
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let recording = match self.entrance.enter(&mut request) {
            Ok(recording) => recording,
            Err(answer) => return AuditFuture::refused(answer),
        };
        let callbacks = Arc::clone(&self.entrance.callbacks);
        call_recorded(&mut self.inner, request, recording, callbacks)
    }
}

/// The future of a service whose calls are recorded.
pub(super) type Recorded<S, Request, K> = AuditFuture<
    <S as Service<Request>>::Future,
    Result<<S as Service<Request>>::Response, <S as Service<Request>>::Error>,
    K,
>;

/// Calls the tool. The guard is armed before the service sees the request, so that a panic in `call` is recorded.
pub(super) fn call_recorded<S: Service<Request>, Request, K>(
    service: &mut S,
    request: Request,
    recording: Recording,
    callbacks: Arc<K>,
) -> Recorded<S, Request, K> {
    let call = || recording.in_span(|| service.call(request));
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(future) => AuditFuture::running(future, recording, callbacks),
        Err(panic) => {
            drop(recording.panicked(&*panic));
            resume_unwind(panic)
        }
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<S: Clone, K> Clone for AuditService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            entrance: self.entrance.clone(),
        }
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<K> Clone for AuditLayer<K> {
    fn clone(&self) -> Self {
        Self {
            callbacks: Arc::clone(&self.callbacks),
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for AuditLayer<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuditLayer")
            .field("callbacks", &self.callbacks)
            .finish()
    }
}

impl<D, C, U, N, G> fmt::Debug for AuditLayerBuilder<D, C, U, N, G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("AuditLayerBuilder")
            .field(&self.0)
            .finish()
    }
}

impl<K: fmt::Debug> fmt::Debug for Entrance<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Entrance")
            .field("callbacks", &self.callbacks)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, K: fmt::Debug> fmt::Debug for AuditService<S, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuditService")
            .field("inner", &self.inner)
            .field("entrance", &self.entrance)
            .finish()
    }
}
