use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::request_body::CopiedBody;
use super::visit::Visit;
use super::{EndpointAuditFuture, TrustedHops};
use crate::call::CallContext;
use crate::record::Recorder;

/// Goes around an endpoint whose calls are recorded further inside, such as an MCP server's over streamable HTTP, and
/// records what never gets there.
///
/// Into every request it puts an [`AuditHandle`](super::AuditHandle), from which what records the calls takes client address, user agent,
/// trace and identity. That claims the request, and no second entry is made of it. An entry is made here of a request
/// that nobody claimed and that was refused or failed: 400, 401, 403, 404, 406, 408, 413, 415, 429 and 5xx, or a
/// panic. One whose client leaves before anybody claims it leaves none.
///
/// ```
/// use axum::{Router, routing::post};
/// use http::StatusCode;
/// use tool_audit::adapt::http::EndpointAuditLayer;
/// use tool_audit::{CallContext, MemorySink, Outcome, Recorder};
/// # use axum::body::Body;
/// # use tower::ServiceExt;
///
/// # tokio_test::block_on(async {
/// let sink = MemorySink::new();
/// let endpoint = post(async || StatusCode::UNAUTHORIZED); // stands for an MCP server
/// let app: Router = Router::new().route("/mcp", endpoint).layer(
///     EndpointAuditLayer::new(Recorder::new(sink.clone()))
///         .context(CallContext::default().server("orders")),
/// );
/// # let request = http::Request::post("/mcp")
/// #     .body(Body::from(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"}}"#)).unwrap();
/// # app.oneshot(request).await.unwrap();
/// assert_eq!(sink.entries()[0].outcome, Some(Outcome::Denied));
/// # });
/// ```
///
/// # What an entry says
///
/// It names the tool where the request was read, or names it in the headers `Mcp-Method` and `Mcp-Name`; else the tool
/// is `unknown`. Arguments are not recorded: the tool did not get them. Whoever refuses requests stands inside this
/// layer, or it cannot see that.
#[derive(Clone)]
pub struct EndpointAuditLayer {
    settings: Arc<Settings>,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) recorder: Recorder,
    pub(super) context: CallContext,
    pub(super) hops: TrustedHops,
}

impl EndpointAuditLayer {
    /// Records into `recorder`, which as a rule is that of the calls further inside.
    #[must_use]
    pub fn new(recorder: Recorder) -> Self {
        Self {
            settings: Arc::new(Settings {
                recorder,
                context: CallContext::default(),
                hops: TrustedHops::default(),
            }),
        }
    }

    /// What all requests have in common, such as the server's name.
    #[must_use]
    pub fn context(mut self, context: CallContext) -> Self {
        Arc::make_mut(&mut self.settings).context = context;
        self
    }

    /// Says how many proxies of one's own stand before the server; by default none does.
    #[must_use]
    pub fn trusted_hops(mut self, hops: TrustedHops) -> Self {
        Arc::make_mut(&mut self.settings).hops = hops;
        self
    }
}

impl<S> Layer<S> for EndpointAuditLayer {
    type Service = EndpointAuditService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        EndpointAuditService {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}

impl fmt::Debug for EndpointAuditLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EndpointAuditLayer")
            .field("recorder", &self.settings.recorder)
            .field("hops", &self.settings.hops)
            .finish_non_exhaustive()
    }
}

/// The most bytes of a request that are looked at for the tool's name.
const LOOKED_AT: usize = 8 * 1024;

/// The service that an [`EndpointAuditLayer`] makes.
///
/// Requests do not wait for the log here: where it cannot take the entry of one, that is counted as lost.
#[derive(Clone)]
pub struct EndpointAuditService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, A> Service<Request<B>> for EndpointAuditService<S>
where
    S: Service<Request<Body>, Response = Response<A>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    A: HttpBody<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = EndpointAuditFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let mut visit = Visit::new(&self.settings, &mut parts);
        let body = if body.is_end_stream() {
            Body::new(body)
        } else {
            Body::new(CopiedBody::new(Body::new(body), visit.copy(), LOOKED_AT))
        };
        let request = Request::from_parts(parts, body);
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => EndpointAuditFuture::new(future, visit),
            Err(panic) => {
                visit.panicked(&*panic);
                resume_unwind(panic)
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for EndpointAuditService<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EndpointAuditService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
