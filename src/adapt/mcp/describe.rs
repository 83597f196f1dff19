//! What a request says of its call.

use serde_json::Value;

use super::origin::Origin;
use crate::call::CallContext;

/// Where clients assert why a model made a call, and which.
const AI_INVOCATION: &str = "io.modelcontextprotocol/aiInvocation";
/// Who the client is, from protocol version 2026-07-28 on.
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// Who the server is, from then on.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What is known of all calls, what is known of the exchange, and what the request's `_meta` adds to it.
pub(super) fn context(common: &CallContext, origin: &Origin, params: &Value) -> CallContext {
    let mut context = common.clone();
    let exchange = &origin.context;
    for (name, value) in &exchange.session_metadata {
        context = context.metadata(name, value.clone());
    }
    if context.server.is_none() {
        context.server.clone_from(&exchange.server);
    }
    if let (Some(trace_id), Some(span_id)) = (&exchange.trace_id, &exchange.span_id) {
        context = context.trace(trace_id, span_id);
    }
    let Some(meta) = params.get("_meta").filter(|meta| meta.is_object()) else {
        return context;
    };
    if let Some((trace_id, span_id)) = text(meta, "traceparent").and_then(trace_context) {
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
        if let Some(text) = short(client, member) {
            context = context.metadata(name, text);
        }
    }
    context
}

/// The name that a server gives itself: in its answer to `initialize`, and from version 2026-07-28 on in any.
pub(super) fn server(result: &Value) -> Option<&str> {
    let of_any = || result.get("_meta")?.get(SERVER_INFO);
    short(result.get("serverInfo").or_else(of_any)?, "name")
}

/// A text that is kept as long as the session; a very long one is no name.
fn short<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    text(value, member).filter(|text| text.len() <= 4096)
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

/// Trace and span of a W3C `traceparent`, version 00 or a later one.
pub(super) fn trace_context(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let is_hex = |part: &&str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    parts
        .next()
        .filter(|version| is_hex(version, 2) && *version != "ff")?;
    let trace_id = parts.next().filter(|part| is_hex(part, 32))?;
    let span_id = parts.next().filter(|part| is_hex(part, 16))?;
    parts.next().filter(|part| is_hex(part, 2))?;
    let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
    (!is_none(trace_id) && !is_none(span_id)).then_some((trace_id, span_id))
}

#[cfg(test)]
mod tests {
    use super::trace_context;

    #[test]
    fn a_trace_context_is_taken_only_where_it_is_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let good = format!("00-{trace}-{span}-01");
        assert_eq!(trace_context(&good), Some((trace, span)));
        for bad in [
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            String::new(),
        ] {
            assert_eq!(trace_context(&bad), None, "{bad}");
        }
    }
}
