use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;

#[allow(deprecated, reason = "what is deprecated is handed on too")]
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CancelledNotificationParam, CompleteRequestParams, CompleteResult, ContentBlock,
    CustomNotification, CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams,
    GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListSkillsResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProtocolVersion, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tower_layer::Layer;
use tower_service::Service;

use super::cancellation::Cancellations;
use super::delegate::{delegated, hand_on};
use super::request::ToolFacts;
use super::{Audit, HandlerService, ToolFailure, ToolRequest, audit};
#[cfg(feature = "axum")]
use crate::adapt::http::AuditHandle;
use crate::call::IdentitySlot;
use crate::layer::AuditService;
use crate::record::Recorder;

/// A handler whose tool calls go through a tower stack; all else goes straight to it.
///
/// It is a [`ServerHandler`] itself, for every transport of rmcp's.
///
/// ```
/// use std::time::Duration;
///
/// use rmcp::ServerHandler;
/// use tool_audit::adapt::rmcp::{LayeredHandler, audit};
/// use tool_audit::{MemorySink, Recorder};
/// use tower::ServiceBuilder;
///
/// struct Orders;
/// impl ServerHandler for Orders {}
///
/// let recorder = Recorder::new(MemorySink::new());
/// let stack = ServiceBuilder::new()
///     .layer(audit(recorder)) // outermost: it sees what the others refuse
///     .load_shed()
///     .concurrency_limit(16)
///     .timeout(Duration::from_secs(5));
/// let server = LayeredHandler::new(Orders, stack);
/// # let _ = server;
/// ```
///
/// # Clone
///
/// A clone shares the handler, and stands for sessions of its own: what a client has cancelled is known of one session. What
/// rmcp's HTTP service asks for with each session is best a clone.
///
/// # What the client gets
///
/// What the tool answers, unchanged. Where a layer of the stack fails, a [`ToolFailure`] or an [`ErrorData`] goes to the
/// client as the JSON-RPC error that it is, and any other error as a result with `isError` and the error's own text: that is what
/// models get to see.
pub struct LayeredHandler<H, S> {
    handler: Arc<H>,
    service: S,
    server: Arc<str>,
    cancellations: Arc<Cancellations>,
}

impl<H: ServerHandler, S> LayeredHandler<H, S> {
    /// Puts `layer` around the tools of `handler`: a layer, or a tower `ServiceBuilder` with several.
    pub fn new<L>(handler: H, layer: L) -> Self
    where
        L: Layer<HandlerService<H>, Service = S>,
    {
        let server = handler.get_info().server_info.name;
        let handler = Arc::new(handler);
        Self {
            service: layer.layer(HandlerService::new(Arc::clone(&handler))),
            handler,
            server: server.into(),
            cancellations: Arc::default(),
        }
    }

    /// The handler inside.
    #[must_use]
    pub fn get_ref(&self) -> &H {
        &self.handler
    }
}

impl<H: ServerHandler> LayeredHandler<H, AuditService<HandlerService<H>, Audit>> {
    /// Records the handler's tool calls, and does nothing else to them.
    #[must_use]
    pub fn audited(handler: H, recorder: Recorder) -> Self {
        Self::new(handler, audit(recorder))
    }
}

#[allow(deprecated, reason = "what is deprecated is handed on too")]
impl<H, S> ServerHandler for LayeredHandler<H, S>
where
    H: ServerHandler,
    S: Service<ToolRequest, Response: Into<CallToolResponse>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> + Send + '_ {
        let tool = self.handler.get_tool(&request.name);
        let request = ToolRequest {
            tool: ToolFacts::new(tool.as_ref()),
            params: request,
            identity: identity_of(&context),
            context,
            server: Arc::clone(&self.server),
            cancellations: Arc::clone(&self.cancellations),
        };
        let mut service = self.service.clone();
        async move {
            if let Err(error) = poll_fn(|cx| service.poll_ready(cx)).await {
                return for_client(error.into());
            }
            match service.call(request).await {
                Ok(reply) => Ok(reply.into()),
                Err(error) => for_client(error.into()),
            }
        }
    }

    fn on_cancelled(
        &self,
        notification: CancelledNotificationParam,
        context: NotificationContext<RoleServer>,
    ) -> impl Future<Output = ()> + Send + '_ {
        self.cancellations.note(&notification);
        self.handler.on_cancelled(notification, context)
    }

    delegated!(hand_on);
}

/// Where it is written who the caller is: that place which the HTTP layer outside has made for it, or a new one.
fn identity_of(context: &RequestContext<RoleServer>) -> IdentitySlot {
    #[cfg(feature = "axum")]
    {
        let parts = context.extensions.get::<http::request::Parts>();
        let handle = parts.and_then(|parts| parts.extensions.get::<AuditHandle>());
        if let Some(handle) = handle {
            return handle.identity();
        }
    }
    #[cfg(not(feature = "axum"))]
    let _ = context;
    IdentitySlot::new()
}

/// What the client gets where the stack failed.
fn for_client(error: Box<dyn Error + Send + Sync>) -> Result<CallToolResponse, ErrorData> {
    let error = match error.downcast::<ToolFailure>() {
        Ok(failure) => return Err(failure.error),
        Err(error) => error,
    };
    match error.downcast::<ErrorData>() {
        Ok(error) => Err(*error),
        Err(error) => {
            let text = ContentBlock::text(error.to_string());
            Ok(CallToolResult::error(vec![text]).into())
        }
    }
}

/// By hand: the handler need not be `Clone`, and a clone's sessions are not those of the original.
impl<H, S: Clone> Clone for LayeredHandler<H, S> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            service: self.service.clone(),
            server: Arc::clone(&self.server),
            cancellations: Arc::default(),
        }
    }
}

impl<H, S> fmt::Debug for LayeredHandler<H, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LayeredHandler")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
