use rmcp::model::RequestId;
use serde_json::Value;

use super::ToolRequest;
#[cfg(feature = "axum")]
use crate::adapt::http::AuditHandle;
use crate::adapt::{meta, trace_context};
use crate::call::{CallContext, Describe};
use crate::record::CallBuilder;

/// Says of each call what its request says, and what is known of all.
///
/// A server that knows more wraps it in a closure:
///
/// ```
/// use tool_audit::adapt::rmcp::{ClassifyTools, DescribeTools, ToolRequest};
/// use tool_audit::{AuditLayer, CallBuilder, Describe, MemorySink, Recorder};
///
/// #[derive(Clone)]
/// struct User(String); // what a layer of one's own puts into the HTTP request
///
/// let common = DescribeTools::new();
/// let layer = AuditLayer::builder(Recorder::new(MemorySink::new()))
///     .describe(move |request: &mut ToolRequest, call: &mut CallBuilder<'_>| {
///         common.describe(request, call);
///         let user = request.http_parts().and_then(|parts| parts.extensions.get::<User>());
///         if let Some(User(name)) = user {
///             call.user_id(name).verified(&["user_id".to_owned()]);
///         }
///     })
///     .classify(ClassifyTools)
///     .build();
/// # let _ = layer;
/// ```
#[derive(Debug, Clone, Default)]
pub struct DescribeTools {
    common: CallContext,
}

impl DescribeTools {
    /// Says what the requests say.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says of every call what `context` says too: who uses a server over stdio, for instance.
    #[must_use]
    pub fn context(context: CallContext) -> Self {
        Self { common: context }
    }
}

impl Describe<ToolRequest> for DescribeTools {
    fn describe(&self, request: &mut ToolRequest, call: &mut CallBuilder<'_>) {
        call.tool_name(&request.params.name);
        let lent = LentArguments::of(request);
        if let Some(arguments) = &lent.arguments {
            call.arguments(arguments);
        }
        drop(lent);
        match &request.context.id {
            RequestId::String(id) => call.tool_call_id(id),
            RequestId::Number(id) => call.tool_call_id(&id.to_string()),
        };
        if let Some(effect) = request.effect() {
            call.effect(effect);
        }
        call.over_mcp();
        if let Some(session) = request.session_id() {
            call.session(session);
        }
        // A conversation that the server knows outweighs the session.
        meta::describe(call, &self.known_of(request), Some(&request.context.meta));
        if let Some(client) = request.context.client_info() {
            let claims = [client.name.clone(), client.version.clone()].map(Value::from);
            meta::claim_client(call, Some(&claims[0]), Some(&claims[1]));
        }
        if let Some(agent) = request.header("user-agent") {
            call.claim("user_agent", &agent.into());
        }
        call.identity(&request.identity);
    }
}

impl DescribeTools {
    /// What is known of the call, whatever its request claims.
    fn known_of(&self, request: &ToolRequest) -> CallContext {
        let mut context = self.common.clone();
        if context.server.is_none() {
            context = context.server(&*request.server);
        }
        let traceparent = request.header("traceparent");
        if context.trace_id.is_none()
            && let Some(trace) = traceparent.and_then(trace_context::parse)
        {
            context = trace.given_to(context);
        }
        #[cfg(feature = "axum")]
        if let Some(parts) = request.http_parts()
            && let Some(handle) = parts.extensions.get::<AuditHandle>()
        {
            // The HTTP layer outside makes no record of its own then.
            handle.claim();
            if let Some(address) = handle.origin().client_ip() {
                context = context.metadata("client_ip", address.to_string());
            }
            if handle.origin().is_client_ip_verified() {
                context = context.verified("client_ip");
            }
        }
        context
    }
}

/// The arguments as a value, for as long as they are looked at: they are given back also where that panics.
struct LentArguments<'a> {
    request: &'a mut ToolRequest,
    arguments: Option<Value>,
}

impl<'a> LentArguments<'a> {
    fn of(request: &'a mut ToolRequest) -> Self {
        let arguments = request.params.arguments.take().map(Value::Object);
        Self { request, arguments }
    }
}

impl Drop for LentArguments<'_> {
    fn drop(&mut self) {
        if let Some(Value::Object(arguments)) = self.arguments.take() {
            self.request.params.arguments = Some(arguments);
        }
    }
}
