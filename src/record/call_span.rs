use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing::field::Empty;
use tracing::span::Entered;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::echoes;
use super::open::Open;
use super::pieces::Member;
use super::span::Span as Piece;
use crate::call::Outcome;
use crate::sanitize::{Sanitized, Sanitizer};

/// Makes a `tracing` span of each call, with the attribute names of OpenTelemetry's conventions for generative AI.
///
/// The span is called `execute_tool {tool}`, over MCP `tools/call {tool}`, without a tool's name where a server says that it
/// has no such tool. It lies under the target `tool_audit::call` at the level `INFO`, and is open from the call's beginning
/// to its record. What the tool does while its future is polled by the layer lies in it, and so does the event of a
/// [`TracingSink`](crate::TracingSink). It has what the conventions ask for:
///
/// - `gen_ai.operation.name`, `gen_ai.tool.name`, `gen_ai.tool.call.id` and `gen_ai.conversation.id`
/// - over MCP `mcp.method.name`, `jsonrpc.request.id` in place of `gen_ai.tool.call.id`, `mcp.session.id` in a session of
///   HTTP (a pseudonym, as in the record), and `rpc.response.status_code` where the answer was an error of JSON-RPC
/// - where the call failed `error.type`, which is that code or else the record's, and the status `ERROR`
///
/// `tool_audit.call_id` and `tool_audit.outcome` say which record is the span's.
///
/// A request that a layer for HTTP begins a span for, and an MCP server's layer inside records, leaves the outer span
/// too, which is called `request` and has none of these attributes.
///
/// All of it is as sanitized as the record, so it is told at the end: only the name that the span begins with, which
/// samplers see and events in it show, has nothing but what was known to be secret at the beginning taken out. Arguments
/// and results are left out unless they are asked for.
///
/// A subscriber that panics costs a call its span, not its record.
///
/// Where `tracing-opentelemetry` makes a span of OpenTelemetry of it, its trace and span ids stand in the record. It is
/// then a child of the trace context that came with the request, where that is another trace than the current one, and
/// counts as sampled where it does not say otherwise; else of the current span.
///
/// ```
/// use tool_audit::{CallSpans, MemorySink, Recorder};
///
/// let recorder = Recorder::builder(MemorySink::new())
///     .spans(CallSpans::new().arguments(true))
///     .build();
/// # drop(recorder);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallSpans {
    arguments: bool,
    results: bool,
}

impl CallSpans {
    /// Spans without arguments and results.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the sanitized arguments stand in `gen_ai.tool.call.arguments`, as JSON; at first they do not.
    #[must_use]
    pub fn arguments(mut self, wanted: bool) -> Self {
        self.arguments = wanted;
        self
    }

    /// Whether the preview of the result that the record has stands in `gen_ai.tool.call.result`, as JSON; at first it
    /// does not. The record has one where the policy asks for it ([`Results`](super::Results)).
    #[must_use]
    pub fn results(mut self, wanted: bool) -> Self {
        self.results = wanted;
        self
    }
}

/// The span of one call: it goes where its recording goes, and ends with it.
#[derive(Debug, Default)]
pub(super) struct CallSpan {
    span: Option<Span>,
    spans: CallSpans,
}

impl CallSpan {
    /// Begins the span where spans are wanted, and lets the record say in which span the call is made.
    pub(super) fn begin(open: &mut Open, spans: Option<CallSpans>, sanitizer: &Sanitizer) -> Self {
        caught(|| Self::new(open, spans, sanitizer)).unwrap_or_default()
    }

    fn new(open: &mut Open, spans: Option<CallSpans>, sanitizer: &Sanitizer) -> Self {
        let current = context_of(&Span::current());
        let given = given_context(open);
        let Some(spans) = spans else {
            write_ids_unless_given(open, &current);
            return Self::default();
        };
        // What a name says must not be what an argument of a secret name says.
        echoes::remove(open, sanitizer);
        let made = Self {
            span: Some(new_span(open)),
            spans,
        };
        made.join(open, given, &current);
        made
    }

    /// Makes the span a child of what the request came with, and the record the span's.
    fn join(&self, open: &mut Open, given: Option<SpanContext>, current: &SpanContext) {
        let Some(span) = &self.span else { return };
        if let Some(given) = given.filter(|given| given.trace_id() != current.trace_id()) {
            let parent = opentelemetry::Context::new().with_remote_span_context(given);
            // Where nothing makes spans of OpenTelemetry, there is nothing to be a child.
            let _ = span.set_parent(parent);
            if current.is_valid() {
                span.add_link(current.clone());
            }
        }
        let own = context_of(span);
        if own.is_valid() {
            write_ids(open, &own);
        } else {
            // A filter has left the span out.
            write_ids_unless_given(open, current);
        }
    }

    pub(super) fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        let entered = self.span.as_ref().and_then(|span| caught(|| span.enter()));
        let _inside = Inside(entered);
        run()
    }

    /// The call is recorded elsewhere, in a span of its own: this one, which cannot be taken back, is no tool's.
    #[cfg(feature = "axum")]
    pub(super) fn withdraw(&self) {
        if let Some(span) = &self.span {
            caught(|| span.context().span().update_name("request"));
        }
    }

    /// Says what the call was and how it ended, as its record does. What an exporter has got of a span it cannot give
    /// back, so names wait until all is known that may not stand in them.
    pub(super) fn end(&self, open: &mut Open, outcome: Outcome, sanitizer: &Sanitizer) {
        caught(|| self.tell(open, outcome, sanitizer));
    }

    fn tell(&self, open: &mut Open, outcome: Outcome, sanitizer: &Sanitizer) {
        let Some(span) = self.span.as_ref().filter(|span| !span.is_disabled()) else {
            return;
        };
        echoes::remove(open, sanitizer);
        let error_type = open.pieces.error_type;
        let error_type = (!error_type.is_empty()).then(|| open.text(error_type));
        // A name that no tool has is whatever the client made up: names of spans are to be few.
        let name = match error_type.as_deref() {
            Some("unknown_tool") => act_of(open).to_owned(),
            _ => name_of(open),
        };
        span.context().span().update_name(name);
        span.record("gen_ai.tool.name", &*open.tool_name());
        span.record("gen_ai.operation.name", "execute_tool");
        if open.is_mcp {
            span.record("mcp.method.name", "tools/call");
        }
        if open.arguments_come_later {
            span.record("tool_audit.call_id", &*open.call_id);
        }
        let (conversation, call) = (open.pieces.conversation_id, open.pieces.tool_call_id);
        let id_of_call = if open.is_mcp {
            "jsonrpc.request.id"
        } else {
            "gen_ai.tool.call.id"
        };
        for (name, piece) in [("gen_ai.conversation.id", conversation), (id_of_call, call)] {
            if !piece.is_empty() {
                span.record(name, &*open.text(piece));
            }
        }
        if !open.session.is_empty() {
            span.record("mcp.session.id", &*open.text(open.session));
        }
        span.record("tool_audit.outcome", outcome.as_str());
        if outcome.is_failure() {
            let code = open.response_code.map(|code| code.to_string());
            if let Some(code) = &code {
                span.record("rpc.response.status_code", code.as_str());
            }
            let said = code.as_deref().or(error_type.as_deref());
            span.record("error.type", said.unwrap_or(outcome.as_str()));
            span.record("otel.status_code", "ERROR");
        }
        let (arguments, result) = (open.pieces.arguments, open.pieces.result);
        for (wanted, name, piece) in [
            (
                self.spans.arguments,
                "gen_ai.tool.call.arguments",
                arguments,
            ),
            (self.spans.results, "gen_ai.tool.call.result", result),
        ] {
            if wanted && !piece.is_empty() {
                span.record(name, json(open, piece));
            }
        }
    }
}

/// A span ends with its last handle: a subscriber hears of it.
impl Drop for CallSpan {
    fn drop(&mut self) {
        caught(|| drop(self.span.take()));
    }
}

/// A span that is left again with this, also where what runs in it panics.
struct Inside<'a>(Option<Entered<'a>>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        caught(|| drop(self.0.take()));
    }
}

/// Somebody else's code hears of spans: its panic must not reach a tool's caller, let alone a `Drop` that runs while the
/// thread unwinds. Nothing is logged: the same code would hear of it.
fn caught<T>(tell: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(tell)).ok()
}

/// What the conventions call the act: MCP's method where it is one.
fn act_of(open: &Open) -> &'static str {
    if open.is_mcp {
        "tools/call"
    } else {
        "execute_tool"
    }
}

fn name_of(open: &Open) -> String {
    format!("{} {}", act_of(open), open.tool_name())
}

fn new_span(open: &Open) -> Span {
    // A call of HTTP, whose arguments come later, may turn out to be another span's: its id is in no record then.
    let call_id = Some(open.call_id.as_str()).filter(|_| !open.arguments_come_later);
    tracing::info_span!(
        target: "tool_audit::call",
        "execute_tool",
        otel.name = name_of(open).as_str(),
        otel.kind = if open.is_mcp { "server" } else { "internal" },
        otel.status_code = Empty,
        gen_ai.operation.name = Empty,
        gen_ai.tool.name = Empty,
        gen_ai.tool.call.id = Empty,
        gen_ai.tool.call.arguments = Empty,
        gen_ai.tool.call.result = Empty,
        gen_ai.conversation.id = Empty,
        mcp.method.name = Empty,
        mcp.session.id = Empty,
        jsonrpc.request.id = Empty,
        "error.type" = Empty,
        rpc.response.status_code = Empty,
        tool_audit.call_id = call_id,
        tool_audit.outcome = Empty,
    )
}

fn json(open: &Open, piece: Piece) -> &str {
    str::from_utf8(piece.of(&open.bytes)).unwrap_or_default()
}

fn context_of(span: &Span) -> SpanContext {
    if span.is_none() {
        return SpanContext::NONE;
    }
    span.context().span().span_context().clone()
}

/// The W3C trace context that the request came with.
fn given_context(open: &Open) -> Option<SpanContext> {
    let hex = |piece, length| {
        let id = json(open, piece).trim_matches('"');
        let is_id = id.len() == length && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then_some(id)
    };
    let trace_id = TraceId::from_hex(hex(open.pieces.trace_id, 32)?).ok()?;
    let span_id = SpanId::from_hex(hex(open.pieces.span_id, 16)?).ok()?;
    let flags = match open.is_sampled {
        Some(false) => TraceFlags::default(),
        Some(true) | None => TraceFlags::SAMPLED,
    };
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

/// Ids that the request came with stand, whether or not they are W3C's.
fn write_ids_unless_given(open: &mut Open, context: &SpanContext) {
    if open.pieces.trace_id.is_empty() && open.pieces.span_id.is_empty() {
        write_ids(open, context);
    }
}

fn write_ids(open: &mut Open, context: &SpanContext) {
    if !context.is_valid() {
        return;
    }
    let mut write = |member, id: String| {
        open.piece(member, |out, _| {
            out.push(b'"');
            out.extend_from_slice(id.as_bytes());
            out.push(b'"');
            Sanitized::default()
        })
    };
    let trace_id = write(Member::TraceId, context.trace_id().to_string());
    let span_id = write(Member::SpanId, context.span_id().to_string());
    open.pieces.trace_id = trace_id;
    open.pieces.span_id = span_id;
}
