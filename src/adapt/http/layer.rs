use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::answer::ByHead;
use super::request::DescribeHead;
use super::{HeadAlone, HttpAuditService, ToolNaming, TrustedHops};
use crate::call::ClassifyResponses;
use crate::layer::{AuditLayer, AuditLayerBuilder, Callbacks, GoOn, LetPass, PassOn};
use crate::record::Recorder;

/// The settings and callbacks of an [`HttpAuditLayer`], shared by all of its services and calls.
///
/// It is named only to spell out a service's type: `HttpAuditService<S, HttpCallbacks<D, C, U, N, G>>`.
pub type HttpCallbacks<D, C, U, N, G = LetPass> = Callbacks<DescribeHead<D>, ByHead<C>, U, N, G>;

type DefaultCallbacks = HttpCallbacks<HeadAlone, ClassifyResponses, GoOn, PassOn>;

/// Records every call of tools behind HTTP: a layer for axum's `Router`, or for any service of HTTP requests.
///
/// ```
/// use axum::{Json, Router, routing::post};
/// use serde_json::{Value, json};
/// use tool_audit::adapt::http::HttpAuditLayer;
/// use tool_audit::{MemorySink, Recorder};
/// # use axum::body::Body;
/// # use tower::ServiceExt;
///
/// async fn get_order(Json(arguments): Json<Value>) -> Json<Value> {
///     Json(json!({"order_id": arguments["order_id"], "status": "shipped"}))
/// }
///
/// # tokio_test::block_on(async {
/// let sink = MemorySink::new();
/// let app = Router::new()
///     .route("/tools/get_order", post(get_order))
///     .layer(HttpAuditLayer::new(Recorder::new(sink.clone()))); // last: it stands around all routes
/// # let request = http::Request::post("/tools/get_order")
/// #     .header("content-type", "application/json")
/// #     .body(Body::from(r#"{"order_id":"ORD-1"}"#)).unwrap();
/// # app.oneshot(request).await.unwrap();
///
/// // … and after a POST of {"order_id":"ORD-1"}:
/// let entry = &sink.entries()[0];
/// assert_eq!(entry.tool_name, "get_order");
/// assert_eq!(entry.arguments["order_id"], "ORD-1");
/// # });
/// ```
///
/// A clone, and a service made, costs one count of an [`Arc`]: axum may make one for each request.
pub struct HttpAuditLayer<K = DefaultCallbacks> {
    callbacks: Arc<K>,
}

impl HttpAuditLayer {
    /// Records into `recorder`, with every setting as it is by default.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self::builder(recorder).build()
    }

    /// For other settings, and for the hooks.
    pub fn builder(
        recorder: Recorder,
    ) -> HttpAuditLayerBuilder<HeadAlone, ClassifyResponses, GoOn, PassOn> {
        HttpAuditLayerBuilder {
            naming: ToolNaming::default(),
            hops: TrustedHops::default(),
            request_limit: REQUEST_LIMIT,
            answer_limit: ANSWER_LIMIT,
            durable_intents: false,
            callbacks: AuditLayer::builder(recorder)
                .describe(HeadAlone)
                .classify(ClassifyResponses),
        }
    }
}

/// The most bytes of a request's body that are looked at, where nothing else is said: 64 KiB.
const REQUEST_LIMIT: usize = 64 * 1024;
/// The most bytes of an answer's body that are looked at, where nothing else is said: 256 KiB.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Sets up an [`HttpAuditLayer`].
#[must_use]
pub struct HttpAuditLayerBuilder<D, C, U, N, G = LetPass> {
    naming: ToolNaming,
    hops: TrustedHops,
    request_limit: usize,
    answer_limit: usize,
    durable_intents: bool,
    callbacks: AuditLayerBuilder<D, C, U, N, G>,
}

/// Setters of callbacks, each of which changes one type.
macro_rules! callbacks {
    ($($(#[$doc:meta])* $method:ident -> <$($type:ident),*>;)*) => {$(
        $(#[$doc])*
        pub fn $method<T>(self, $method: T) -> HttpAuditLayerBuilder<$($type),*> {
            HttpAuditLayerBuilder {
                naming: self.naming,
                hops: self.hops,
                request_limit: self.request_limit,
                answer_limit: self.answer_limit,
                durable_intents: self.durable_intents,
                callbacks: self.callbacks.$method($method),
            }
        }
    )*};
}

impl<D, C, U, N, G> HttpAuditLayerBuilder<D, C, U, N, G> {
    /// Says what tools are called; by default [`ToolNaming::route`].
    pub fn tool_name(mut self, naming: ToolNaming) -> Self {
        self.naming = naming;
        self
    }

    /// Says how many proxies of one's own stand before the server; by default none does.
    pub fn trusted_hops(mut self, hops: TrustedHops) -> Self {
        self.hops = hops;
        self
    }

    /// The most bytes of a request's body that are copied for the arguments: 64 KiB by default. With 0 no body is
    /// looked at, and the arguments are those of route and query.
    ///
    /// A longer body passes all the same; the record has what is whole of its beginning, and says that it was cut.
    pub fn request_limit(mut self, bytes: usize) -> Self {
        self.request_limit = bytes;
        self
    }

    /// The most bytes of an answer's body that are copied for the summary: 256 KiB by default.
    ///
    /// An answer of a known size within it ends its call with its head; the call of any other ends with its body.
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// Calls a tool only after its record of intent is as durable as the policy asks. Without it, that record is written
    /// before the tool is called, and not waited for.
    ///
    /// Where it does not become durable within the policy's `max_wait`, [`OnUnavailable`](crate::OnUnavailable)
    /// decides, as for a [`DurableAuditLayer`](crate::DurableAuditLayer).
    pub fn durable_intents(mut self) -> Self {
        self.durable_intents = true;
        self
    }

    callbacks! {
        /// Says more of a call, by the head of its request: a [`Describe`](crate::Describe) of [`http::request::Parts`],
        /// or a closure.
        ///
        /// It comes after what the head says by itself, and outweighs that. Where it tells arguments, the body is not
        /// looked at.
        ///
        /// ```
        /// use http::request::Parts;
        /// use tool_audit::adapt::http::HttpAuditLayer;
        /// use tool_audit::{CallBuilder, MemorySink, Recorder};
        ///
        /// let layer = HttpAuditLayer::builder(Recorder::new(MemorySink::new()))
        ///     .describe(|head: &mut Parts, call: &mut CallBuilder<'_>| {
        ///         let conversation = head.headers.get("x-conversation-id");
        ///         if let Some(id) = conversation.and_then(|id| id.to_str().ok()) {
        ///             call.conversation_id(id);
        ///         }
        ///     })
        ///     .build();
        /// # let _ = layer;
        /// ```
        describe -> <T, C, U, N, G>;
        /// Judges how calls ended: a [`Classify`](crate::Classify) of [`Answer`](super::Answer), or a closure over
        /// `(&Answer, &mut OutcomeBuilder<'_>)`.
        classify -> <D, T, U, N, G>;
        /// Answers calls that the log cannot take, in place of the tool.
        on_unavailable -> <D, C, T, N, G>;
        /// Answers calls whose record is not as durable as the policy asks.
        ///
        /// An answer that was not recorded with its head is with the client by then: it is not asked for that.
        on_undurable -> <D, C, U, T, G>;
        /// Looks at calls that declare an emergency, and may answer them in place of the tool.
        on_emergency -> <D, C, U, N, T>;
    }

    /// Makes the layer.
    #[must_use]
    pub fn build(self) -> HttpAuditLayer<HttpCallbacks<D, C, U, N, G>> {
        let Callbacks {
            recorder,
            describe,
            classify,
            on_unavailable,
            on_undurable,
            on_emergency,
        } = self.callbacks.0;
        let callbacks = Callbacks {
            recorder,
            describe: DescribeHead {
                naming: self.naming,
                hops: self.hops,
                request_limit: self.request_limit,
                answer_limit: self.answer_limit,
                durable_intents: self.durable_intents,
                more: describe,
            },
            classify: ByHead(classify),
            on_unavailable,
            on_undurable,
            on_emergency,
        };
        HttpAuditLayer {
            callbacks: Arc::new(callbacks),
        }
    }
}

impl<S, K> Layer<S> for HttpAuditLayer<K> {
    type Service = HttpAuditService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpAuditService::new(inner, Arc::clone(&self.callbacks))
    }
}

/// By hand: the callbacks need not be `Clone`.
impl<K> Clone for HttpAuditLayer<K> {
    fn clone(&self) -> Self {
        Self {
            callbacks: Arc::clone(&self.callbacks),
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for HttpAuditLayer<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpAuditLayer")
            .field("callbacks", &self.callbacks)
            .finish()
    }
}

impl<D, C, U, N, G> fmt::Debug for HttpAuditLayerBuilder<D, C, U, N, G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpAuditLayerBuilder")
            .field("naming", &self.naming)
            .field("hops", &self.hops)
            .field("request_limit", &self.request_limit)
            .field("answer_limit", &self.answer_limit)
            .field("durable_intents", &self.durable_intents)
            .finish_non_exhaustive()
    }
}
