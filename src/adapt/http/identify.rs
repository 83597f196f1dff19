use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::AuditHandle;
use crate::call::Identity;

/// Tells the audit outside who the caller is, from what an authentication layer put into the request's extensions.
///
/// It stands inside that layer; a handler or a layer of one's own can do the same by [`AuditHandle::identify`].
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use tool_audit::adapt::http::{HttpAuditLayer, IdentifyLayer};
/// use tool_audit::{Identity, MemorySink, Recorder};
/// # use axum::body::Body;
/// # use tower::ServiceExt;
///
/// #[derive(Clone)]
/// struct CurrentUser { id: String, role: String }
///
/// # tokio_test::block_on(async {
/// # let user = CurrentUser { id: "usr_9".to_owned(), role: "nurse".to_owned() };
/// # let authentication = Extension(user);
/// let sink = MemorySink::new();
/// let app: Router = Router::new()
///     .route("/tools/ping", get(async || "pong"))
///     .layer(IdentifyLayer::new(|user: &CurrentUser| Identity::user(&user.id).role(&user.role)))
///     .layer(authentication) // puts a `CurrentUser` into the extensions, or answers 401
///     .layer(HttpAuditLayer::new(Recorder::new(sink.clone())));
/// # app.oneshot(http::Request::get("/tools/ping").body(Body::empty()).unwrap()).await.unwrap();
///
/// let entry = &sink.entries()[0];
/// assert_eq!(entry.user_id, "usr_9");
/// assert_eq!(entry.attribution.verified, ["user_id", "user_role"]);
/// # });
/// ```
pub struct IdentifyLayer<T, F> {
    identity: Arc<F>,
    extension: PhantomData<fn(&T)>,
}

impl<T, F> IdentifyLayer<T, F>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> Identity,
{
    /// Takes the identity from the extension of type `T`; a request without one passes as it is.
    pub fn new(identity: F) -> Self {
        Self {
            identity: Arc::new(identity),
            extension: PhantomData,
        }
    }
}

impl<S, T, F> Layer<S> for IdentifyLayer<T, F> {
    type Service = IdentifyService<S, T, F>;

    fn layer(&self, inner: S) -> Self::Service {
        IdentifyService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that an [`IdentifyLayer`] makes.
pub struct IdentifyService<S, T, F> {
    inner: S,
    layer: IdentifyLayer<T, F>,
}

impl<S, B, T, F> Service<Request<B>> for IdentifyService<S, T, F>
where
    S: Service<Request<B>>,
    T: Send + Sync + 'static,
    F: Fn(&T) -> Identity,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let extensions = request.extensions();
        if let (Some(handle), Some(found)) =
            (extensions.get::<AuditHandle>(), extensions.get::<T>())
        {
            handle.identify((self.layer.identity)(found));
        }
        self.inner.call(request)
    }
}

/// By hand: neither extension nor closure need be `Clone`.
impl<T, F> Clone for IdentifyLayer<T, F> {
    fn clone(&self) -> Self {
        Self {
            identity: Arc::clone(&self.identity),
            extension: PhantomData,
        }
    }
}

impl<S: Clone, T, F> Clone for IdentifyService<S, T, F> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<T, F> fmt::Debug for IdentifyLayer<T, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdentifyLayer")
    }
}

impl<S: fmt::Debug, T, F> fmt::Debug for IdentifyService<S, T, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdentifyService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
