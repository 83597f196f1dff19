//! What an MCP request says of its call, and of who makes it. None of it is more than a claim.

use serde_json::{Map, Value};

use crate::adapt::trace_context;
use crate::call::CallContext;
use crate::record::CallBuilder;

/// Where clients assert why a model made a call, and which.
const AI_INVOCATION: &str = "io.modelcontextprotocol/aiInvocation";
/// Who the client is, from protocol version 2026-07-28 on.
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// Who the server is, from then on.
#[cfg(feature = "mcp")]
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Tells of a call what is known, and then what the request's `_meta` claims beside it: a claim neither replaces what is
/// known nor takes its room.
pub(super) fn describe(
    call: &mut CallBuilder<'_>,
    known: &CallContext,
    meta: Option<&Map<String, Value>>,
) {
    call.context(known);
    let Some(meta) = meta else { return };
    let traceparent = meta.get("traceparent").and_then(Value::as_str);
    if let Some(trace) = traceparent.and_then(trace_context::parse) {
        trace.tell(call);
    }
    if let Some(token) = meta.get("progressToken")
        && (token.is_string() || token.is_number())
    {
        call.claim("progress_token", token);
    }
    if let Some(client) = meta.get(CLIENT_INFO) {
        claim_client(call, client.get("name"), client.get("version"));
    }
    let Some(invocation) = meta.get(AI_INVOCATION) else {
        return;
    };
    if known.model.is_none()
        && let Some(model) = invocation
            .get("model")
            .and_then(|model| text(model, "name"))
    {
        call.model(model);
    }
    for (name, member) in [
        ("invocation_reason", "invocationReason"),
        ("turn_id", "turnId"),
    ] {
        if let Some(text) = invocation.get(member).filter(|claim| claim.is_string()) {
            call.claim(name, text);
        }
    }
}

/// The name that a server gives itself: in its answer to `initialize`, and from version 2026-07-28 on in any.
#[cfg(feature = "mcp")]
pub(super) fn server(result: &Value) -> Option<&str> {
    let of_any = || result.get("_meta")?.get(SERVER_INFO);
    short(result.get("serverInfo").or_else(of_any)?, "name")
}

/// A text that is kept as long as the session; a very long one is no name.
#[cfg(feature = "mcp")]
pub(super) fn short<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    text(value, member).filter(|text| text.len() <= 4096)
}

/// Tells what a client says of itself.
pub(super) fn claim_client(
    call: &mut CallBuilder<'_>,
    name: Option<&Value>,
    version: Option<&Value>,
) {
    for (member, claim) in [("client_name", name), ("client_version", version)] {
        if let Some(claim) = claim.filter(|claim| claim.is_string()) {
            call.claim(member, claim);
        }
    }
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
