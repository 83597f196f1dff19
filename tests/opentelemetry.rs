//! Calls as spans of OpenTelemetry, as a collector gets them over OTLP: one a call, well named, its ids in the record.

mod otlp;

use std::convert::Infallible;
use std::future::pending;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_sdk::trace::SdkTracerProvider;
use otlp::{Collector, attribute, hex};
use serde_json::json;
use tool_audit::adapt::mcp::McpSession;
use tool_audit::{
    Admission, AuditEntry, AuditLayer, CallContext, CallSpans, FanOut, Member, MemorySink, Outcome,
    Policy, Recorder, RecorderBuilder, Results, ToolCall, ToolResult, TracingSink,
};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer as _, SubscriberExt};

/// Spans of this thread go to a collector, until this is dropped.
struct Exporting {
    collector: Collector,
    provider: SdkTracerProvider,
    _subscriber: tracing::subscriber::DefaultGuard,
}

fn export() -> Exporting {
    let collector = Collector::start().unwrap();
    let provider = collector.provider().unwrap();
    let layer = tracing_opentelemetry::layer().with_tracer(otlp::tracer(&provider));
    let subscriber = tracing_subscriber::registry().with(layer);
    Exporting {
        _subscriber: tracing::subscriber::set_default(subscriber),
        collector,
        provider,
    }
}

impl Exporting {
    fn spans(&self) -> Vec<Span> {
        self.provider.force_flush().unwrap();
        self.collector.spans()
    }
}

fn recorder(sink: &MemorySink) -> RecorderBuilder {
    Recorder::builder(sink.clone()).spans(CallSpans::new())
}

fn call(name: &str) -> ToolCall {
    ToolCall::new(
        name,
        json!({"order_id": "ORD-456", "password": "hunter2-secret"}),
    )
    .context(CallContext::new("conv_1", "usr_9"))
    .tool_call_id("call_7")
}

/// That the span is the record's.
fn assert_span_of(span: &Span, entry: &AuditEntry) {
    assert_eq!(entry.span_id.as_deref(), Some(hex(&span.span_id).as_str()));
    assert_eq!(
        entry.trace_id.as_deref(),
        Some(hex(&span.trace_id).as_str())
    );
    let act = attribute(span, "mcp.method.name").unwrap_or("execute_tool");
    assert_eq!(span.name, format!("{act} {}", entry.tool_name));
    let attribute = |name: &str| attribute(span, name).unwrap();
    assert_eq!(attribute("gen_ai.operation.name"), "execute_tool");
    assert_eq!(attribute("gen_ai.tool.name"), entry.tool_name);
    assert_eq!(attribute("gen_ai.conversation.id"), entry.conversation_id);
    assert_eq!(attribute("tool_audit.call_id"), entry.call_id);
    assert_eq!(
        attribute("tool_audit.outcome"),
        entry.outcome.unwrap().as_str()
    );
}

#[tokio::test]
async fn each_call_through_the_layer_is_one_span_with_the_tools_own_inside() {
    let exporting = export();
    let sink = MemorySink::new();
    let tool = service_fn(|call: ToolCall| async move {
        tokio::task::yield_now().await;
        tracing::info_span!("SELECT orders").in_scope(|| {});
        Ok::<_, Infallible>(match call.tool_name.as_str() {
            "get_order" => ToolResult::success(json!({"status": "shipped"})),
            _ => ToolResult::failure("cannot cancel a shipped order"),
        })
    });
    let mut service = AuditLayer::new(recorder(&sink).build()).layer(tool);
    let agent = tracing::info_span!("invoke_agent");
    for name in ["get_order", "cancel_order"] {
        let answer = agent.in_scope(|| service.call(call(name)));
        // It is not polled where it was made, and the span is the call's all the same.
        tracing::info_span!("elsewhere").in_scope(|| {});
        answer.await.unwrap();
    }
    drop(agent);
    let spans = exporting.spans();
    let named =
        |name: &str| -> Vec<&Span> { spans.iter().filter(|span| span.name == name).collect() };
    let entries = sink.entries();
    let agent = named("invoke_agent")[0];
    for (entry, inside) in entries.iter().zip(named("SELECT orders")) {
        let of_call = named(&format!("execute_tool {}", entry.tool_name));
        assert_eq!(of_call.len(), 1);
        let span = of_call[0];
        assert_span_of(span, entry);
        assert_eq!(span.parent_span_id, agent.span_id);
        assert_eq!(inside.parent_span_id, span.span_id);
        assert_eq!(span.kind(), SpanKind::Internal);
        assert_eq!(attribute(span, "gen_ai.tool.call.id"), Some("call_7"));
        // Nobody asked for them, and nothing came over MCP.
        for name in [
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.call.result",
            "mcp.method.name",
            "jsonrpc.request.id",
        ] {
            assert_eq!(attribute(span, name), None, "{name}");
        }
    }
    let failed = named("execute_tool cancel_order")[0];
    assert_eq!(attribute(failed, "error.type"), Some("tool_error"));
    assert_eq!(failed.status.as_ref().unwrap().code(), StatusCode::Error);
    let worked = named("execute_tool get_order")[0];
    assert_eq!(attribute(worked, "error.type"), None);
    assert_eq!(entries.len(), 2);
    assert_eq!(spans.len(), 7);
}

#[tokio::test]
async fn calls_that_are_dropped_and_tools_that_panic_end_their_spans_too() {
    let exporting = export();
    let sink = MemorySink::new();
    let tool = service_fn(|call: ToolCall| async move {
        assert!(call.tool_name != "panics", "it broke");
        pending::<Result<ToolResult, Infallible>>().await
    });
    let service = AuditLayer::new(recorder(&sink).build()).layer(tool);
    let mut hanging = tokio_test::task::spawn(service.clone().oneshot(call("hangs")));
    assert!(hanging.poll().is_pending());
    drop(hanging);
    let panicked = tokio::spawn(service.clone().oneshot(call("panics"))).await;
    assert!(panicked.is_err());
    let spans = exporting.spans();
    let entries = sink.entries();
    assert_eq!(entries[0].outcome, Some(Outcome::Cancelled));
    assert_eq!(entries[1].outcome, Some(Outcome::Panicked));
    assert_eq!(spans.len(), 2);
    for (span, entry) in spans.iter().zip(&entries) {
        assert_span_of(span, entry);
    }
    assert_eq!(attribute(&spans[1], "error.type"), Some("panic"));
}

#[test]
fn arguments_and_results_are_there_only_where_they_are_asked_for_and_never_unsanitized() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().results(Results::Preview))
        .spans(CallSpans::new().arguments(true).results(true))
        .build();
    let recording = recorder.start_call(&call("login"));
    drop(recording.response(&ToolResult::success(
        json!({"greeting": "hello hunter2-secret"}),
    )));
    let spans = exporting.spans();
    let arguments = attribute(&spans[0], "gen_ai.tool.call.arguments").unwrap();
    let result = attribute(&spans[0], "gen_ai.tool.call.result").unwrap();
    assert!(arguments.contains("ORD-456"), "{arguments}");
    assert!(result.contains("hello"), "{result}");
    for attribute in &spans[0].attributes {
        assert!(
            !format!("{attribute:?}").contains("hunter2"),
            "{attribute:?}"
        );
    }
    let entry = &sink.entries()[0];
    let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments.as_object(), Some(&entry.arguments));
}

#[test]
fn a_secret_in_a_name_does_not_come_out_in_a_span() {
    let exporting = export();
    let sink = MemorySink::new();
    let context = CallContext::new("about hunter2-secret", "usr_9");
    let call = call("login").context(context);
    drop(
        recorder(&sink)
            .build()
            .start_call(&call)
            .success(&json!({})),
    );
    let spans = exporting.spans();
    assert_span_of(&spans[0], &sink.entries()[0]);
    for attribute in &spans[0].attributes {
        assert!(
            !format!("{attribute:?}").contains("hunter2"),
            "{attribute:?}"
        );
    }
}

#[test]
fn a_secret_in_a_name_that_becomes_known_at_the_end_does_not_come_out_in_a_span() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = recorder(&sink)
        .policy(Policy::new().results(Results::Preview))
        .build();
    let context = CallContext::new("s-9f8e7d6c5b4a3210", "usr_9");
    let call = ToolCall::new("log in s-9f8e7d6c5b4a3210", json!({}))
        .context(context)
        .tool_call_id("call s-9f8e7d6c5b4a3210");
    let answer = ToolResult::success(json!({"password": "s-9f8e7d6c5b4a3210"}));
    drop(recorder.start_call(&call).response(&answer));
    let spans = exporting.spans();
    assert_span_of(&spans[0], &sink.entries()[0]);
    assert!(!sink.lines()[0].contains("9f8e7d6c"), "{}", sink.lines()[0]);
    assert!(!format!("{:?}", spans[0]).contains("9f8e7d6c"));
}

#[test]
fn a_call_over_mcp_has_the_protocols_names_and_goes_on_with_the_clients_trace() {
    let exporting = export();
    let sink = MemorySink::new();
    let context = CallContext::new("session_1", "usr_9");
    let mut session = McpSession::new(recorder(&sink).build(), context);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let meta = json!({"traceparent": format!("00-{trace}-00f067aa0ba902b7-01")});
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "add", "_meta": meta}});
    session.client_line(request.to_string().as_bytes(), &Admission::Admitted);
    let error = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -32602, "message": "no"}});
    session.server_line(error.to_string().as_bytes());
    let spans = exporting.spans();
    assert_eq!(spans.len(), 1);
    let span = &spans[0];
    assert_span_of(span, &sink.entries()[0]);
    assert_eq!(hex(&span.trace_id), trace);
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(attribute(span, "mcp.method.name"), Some("tools/call"));
    assert_eq!(span.name, "tools/call add");
    // A connection is no session of MCP's.
    assert_eq!(attribute(span, "mcp.session.id"), None);
    assert_eq!(attribute(span, "jsonrpc.request.id"), Some("7"));
    let code = attribute(span, "rpc.response.status_code");
    assert_eq!(code, Some("-32602"));
    assert_eq!(attribute(span, "gen_ai.tool.call.id"), None);
    assert_eq!(attribute(span, "error.type"), Some("-32602"));
}

/// Panics whenever it hears of a span, as a bug in a subscriber does.
struct Broken {
    when: &'static str,
}

impl Broken {
    fn hears(&self, what: &str) {
        assert!(self.when != what, "the subscriber broke");
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Broken {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.hears("new");
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        self.hears("record");
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        self.hears("enter");
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        self.hears("exit");
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        self.hears("close");
    }
}

#[tokio::test]
async fn a_subscriber_that_panics_costs_no_call_its_record_or_its_answer() {
    for when in ["new", "record", "enter", "exit", "close"] {
        let subscriber = tracing_subscriber::registry().with(Broken { when });
        let _default = tracing::subscriber::set_default(subscriber);
        let sink = MemorySink::new();
        let recorder = recorder(&sink).build();
        let tool = service_fn(|call: ToolCall| async move {
            assert!(call.tool_name != "panics", "it broke");
            Ok::<_, Infallible>(ToolResult::success(json!({})))
        });
        let service = AuditLayer::new(recorder.clone()).layer(tool);
        service.clone().oneshot(call("works")).await.unwrap();
        let panicked = tokio::spawn(service.oneshot(call("panics"))).await;
        assert!(panicked.is_err());
        let outcomes: Vec<_> = sink.entries().iter().map(|entry| entry.outcome).collect();
        let expected = [Some(Outcome::Success), Some(Outcome::Panicked)];
        assert_eq!(outcomes, expected, "{when}");
        assert_eq!(recorder.stats().open, 0, "{when}");
    }
}

#[test]
fn the_event_of_an_entry_lies_in_the_calls_span() {
    let exporting = export();
    let sink = MemorySink::new();
    let both = FanOut::new([
        Member::required("memory", sink.clone()),
        Member::required("tracing", TracingSink::new()),
    ]);
    let recorder = Recorder::builder(both).spans(CallSpans::new()).build();
    drop(recorder.start_call(&call("get_order")).success(&json!({})));
    let spans = exporting.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].events.len(), 1);
}

#[test]
fn without_spans_of_its_own_a_record_has_the_ids_of_the_current_one() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    tracing::info_span!("current")
        .in_scope(|| drop(recorder.start_call(&call("get_order")).success(&json!({}))));
    let given = call("get_order").context(
        CallContext::new("conv_1", "usr_9")
            .trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
    );
    tracing::info_span!("current")
        .in_scope(|| drop(recorder.start_call(&given).success(&json!({}))));
    let spans = exporting.spans();
    let entries = sink.entries();
    assert_eq!(spans.len(), 2);
    assert_eq!(
        entries[0].span_id.as_deref(),
        Some(hex(&spans[0].span_id).as_str())
    );
    assert_eq!(entries[1].span_id.as_deref(), Some("00f067aa0ba902b7"));
}

#[test]
fn where_a_filter_leaves_the_calls_span_out_the_record_has_the_ids_of_the_current_one() {
    let collector = Collector::start().unwrap();
    let provider = collector.provider().unwrap();
    let no_calls = filter_fn(|metadata| metadata.target() != "tool_audit::call");
    let layer = tracing_opentelemetry::layer().with_tracer(otlp::tracer(&provider));
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(no_calls));
    let _default = tracing::subscriber::set_default(subscriber);
    let sink = MemorySink::new();
    let recorder = recorder(&sink).build();
    tracing::info_span!("current")
        .in_scope(|| drop(recorder.start_call(&call("get_order")).success(&json!({}))));
    provider.force_flush().unwrap();
    let spans = collector.spans();
    assert_eq!(spans.len(), 1);
    let id = hex(&spans[0].span_id);
    assert_eq!(sink.entries()[0].span_id.as_deref(), Some(id.as_str()));
}

#[test]
fn a_call_of_another_trace_is_linked_to_the_current_span() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = recorder(&sink).build();
    let given = call("get_order").context(
        CallContext::new("conv_1", "usr_9")
            .trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
    );
    tracing::info_span!("current")
        .in_scope(|| drop(recorder.start_call(&given).success(&json!({}))));
    let spans = exporting.spans();
    let [of_call, current] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    assert_span_of(of_call, &sink.entries()[0]);
    assert_eq!(hex(&of_call.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&of_call.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(of_call.links.len(), 1);
    assert_eq!(of_call.links[0].span_id, current.span_id);
}

#[cfg(feature = "axum")]
#[test]
fn a_trace_that_is_not_sampled_gets_no_span_and_its_call_a_record_all_the_same() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = recorder(&sink).build();
    let traceparent =
        |flags| format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
    for flags in ["00", "01"] {
        let headers = http::HeaderMap::from_iter([(
            http::HeaderName::from_static("traceparent"),
            traceparent(flags).parse().unwrap(),
        )]);
        let hops = tool_audit::adapt::http::TrustedHops::default();
        let origin = tool_audit::adapt::http::HttpOrigin::new(None, &headers, hops);
        let given = call("get_order").context(origin.context());
        drop(recorder.start_call(&given).success(&json!({})));
    }
    let spans = exporting.spans();
    let [span] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    let entries = sink.entries();
    let ids = entries.iter().map(|entry| entry.trace_id.as_deref());
    assert!(ids.eq([Some("4bf92f3577b34da6a3ce929d0e0e4736"); 2]));
    assert_eq!(
        entries[1].span_id.as_deref(),
        Some(hex(&span.span_id).as_str())
    );
}

#[test]
fn a_context_without_a_trace_does_not_decide_whether_another_one_is_sampled() {
    let exporting = export();
    let sink = MemorySink::new();
    let recording = recorder(&sink).build().start(|call| {
        call.tool_name("get_order")
            .trace_id("4bf92f3577b34da6a3ce929d0e0e4736")
            .span_id("00f067aa0ba902b7")
            .context(&CallContext::default().sampled(false));
    });
    drop(recording.success(&json!({})));
    let spans = exporting.spans();
    let [span] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    assert_eq!(hex(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn ids_of_another_kind_that_a_request_came_with_are_not_replaced() {
    let exporting = export();
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let given = call("get_order").context(CallContext::default().trace("req-8812", "1"));
    tracing::info_span!("current")
        .in_scope(|| drop(recorder.start_call(&given).success(&json!({}))));
    let entry = &sink.entries()[0];
    assert_eq!(entry.trace_id.as_deref(), Some("req-8812"));
    assert_eq!(entry.span_id.as_deref(), Some("1"));
    drop(exporting);
}

#[test]
fn ids_that_are_too_short_are_nobodys_parent() {
    let exporting = export();
    let sink = MemorySink::new();
    let given = call("get_order").context(CallContext::default().trace("1", "1"));
    drop(
        recorder(&sink)
            .build()
            .start_call(&given)
            .success(&json!({})),
    );
    let span = &exporting.spans()[0];
    assert_eq!(span.parent_span_id, Vec::<u8>::new());
    assert_ne!(hex(&span.trace_id), format!("{:032}", 1));
}

#[test]
fn without_an_exporter_records_are_what_they_were() {
    let sink = MemorySink::new();
    let recorder = recorder(&sink).build();
    drop(recorder.start_call(&call("get_order")).success(&json!({})));
    let given = call("get_order").context(
        CallContext::new("conv_1", "usr_9")
            .trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"),
    );
    drop(recorder.start_call(&given).success(&json!({})));
    let entries = sink.entries();
    assert_eq!(entries[0].trace_id, None);
    assert_eq!(entries[1].span_id.as_deref(), Some("00f067aa0ba902b7"));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn what_a_tool_of_a_route_does_and_what_its_streamed_answer_does_lies_in_the_calls_span() {
    use axum::body::{Body, Bytes, HttpBody};
    use http::Request;
    use http_body_util::BodyExt;
    use hyper::body::Frame;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tool_audit::adapt::http::HttpAuditLayer;

    struct Rows(u8);
    impl HttpBody for Rows {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0 = match self.0.checked_sub(1) {
                Some(left) => left,
                None => return Poll::Ready(None),
            };
            tracing::info_span!("FETCH orders").in_scope(|| {});
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"row")))))
        }
    }
    let exporting = export();
    let sink = MemorySink::new();
    let tool = service_fn(|_: Request<Body>| {
        tracing::info_span!("ROUTE orders").in_scope(|| {});
        async {
            tokio::task::yield_now().await;
            tracing::info_span!("SELECT orders").in_scope(|| {});
            Ok::<_, Infallible>(http::Response::new(Rows(2)))
        }
    });
    let service = HttpAuditLayer::new(recorder(&sink).build()).layer(tool);
    let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    tracing::info_span!("elsewhere").in_scope(|| {});
    answer.into_body().collect().await.unwrap();
    let spans = exporting.spans();
    let entry = &sink.entries()[0];
    let call = spans
        .iter()
        .find(|span| span.name.starts_with("execute_tool"))
        .unwrap();
    assert_eq!(entry.span_id.as_deref(), Some(hex(&call.span_id).as_str()));
    let inside: Vec<&str> = spans
        .iter()
        .filter(|span| span.parent_span_id == call.span_id)
        .map(|span| span.name.as_str())
        .collect();
    let rows = "FETCH orders";
    assert_eq!(inside, ["ROUTE orders", "SELECT orders", rows, rows]);
}
