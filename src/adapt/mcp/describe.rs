//! What a request says of its call.

use serde_json::Value;

use crate::adapt::trace_context;
use crate::call::CallContext;

/// Where clients assert why a model made a call, and which.
const AI_INVOCATION: &str = "io.modelcontextprotocol/aiInvocation";
/// Who the client is, from protocol version 2026-07-28 on.
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";

/// What is known of all calls, and what the request's `_meta` adds to it.
pub(super) fn context(common: &CallContext, params: &Value) -> CallContext {
    let mut context = common.clone();
    let Some(meta) = params.get("_meta").filter(|meta| meta.is_object()) else {
        return context;
    };
    if let Some((trace_id, span_id)) = text(meta, "traceparent").and_then(trace_context::parse) {
        context = context.trace(trace_id, span_id);
    }
    if let Some(client) = meta.get(CLIENT_INFO) {
        context = with_client(context, client);
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

/// Adds what a client says of itself.
pub(super) fn with_client(mut context: CallContext, client: &Value) -> CallContext {
    for (name, member) in [("client_name", "name"), ("client_version", "version")] {
        if let Some(text) = text(client, member) {
            context = context.metadata(name, text);
        }
    }
    context
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
