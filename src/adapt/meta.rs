//! What an MCP request says of its call, and of who makes it. None of it is more than a claim.

use serde_json::{Map, Value};

use crate::adapt::trace_context;
use crate::call::CallContext;

/// Where clients assert why a model made a call, and which.
const AI_INVOCATION: &str = "io.modelcontextprotocol/aiInvocation";
/// Who the client is, from protocol version 2026-07-28 on.
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// Who the server is, from then on.
#[cfg(feature = "mcp")]
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What is known of a call, and what the request's `_meta` adds to it.
pub(super) fn context(mut context: CallContext, meta: Option<&Map<String, Value>>) -> CallContext {
    let Some(meta) = meta else {
        return context;
    };
    let traceparent = meta.get("traceparent").and_then(Value::as_str);
    if let Some((trace_id, span_id)) = traceparent.and_then(trace_context::parse) {
        context = context.trace(trace_id, span_id);
    }
    if let Some(token) = meta.get("progressToken")
        && (token.is_string() || token.is_number())
    {
        context = context.metadata("progress_token", token.clone());
    }
    if let Some(client) = meta.get(CLIENT_INFO) {
        context = with_client(context, short(client, "name"), short(client, "version"));
    }
    let Some(invocation) = meta.get(AI_INVOCATION) else {
        return context;
    };
    if context.model.is_none()
        && let Some(model) = invocation
            .get("model")
            .and_then(|model| text(model, "name"))
    {
        context = context.model(model);
    }
    for (name, member) in [
        ("invocation_reason", "invocationReason"),
        ("turn_id", "turnId"),
    ] {
        if let Some(text) = text(invocation, member) {
            context = context.metadata(name, text);
        }
    }
    context
}

/// The name that a server gives itself: in its answer to `initialize`, and from version 2026-07-28 on in any.
#[cfg(feature = "mcp")]
pub(super) fn server(result: &Value) -> Option<&str> {
    let of_any = || result.get("_meta")?.get(SERVER_INFO);
    short(result.get("serverInfo").or_else(of_any)?, "name")
}

/// A text that is kept as long as the session; a very long one is no name.
pub(super) fn short<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    text(value, member).filter(|text| text.len() <= 4096)
}

/// Adds what a client says of itself.
pub(super) fn with_client(
    mut context: CallContext,
    name: Option<&str>,
    version: Option<&str>,
) -> CallContext {
    for (member, text) in [("client_name", name), ("client_version", version)] {
        if let Some(text) = text {
            context = context.metadata(member, text);
        }
    }
    context
}

pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
