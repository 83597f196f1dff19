//! Calls of an rmcp server as spans of OpenTelemetry, as a collector gets them.

mod otlp;
mod rmcp_support;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::io::AsyncReadExt;
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::adapt::rmcp::{ClassifyTools, DescribeTools, LayeredHandler};
use tool_audit::{AuditEntry, AuditLayer, CallContext, CallSpans};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt};

use otlp::{Collector, attribute, hex};
use rmcp_support::{Over, Served, Tools, body, call_of, connect, recorder_with, router, soon};

/// Spans of this thread go to a collector, until this is dropped.
struct Exporting {
    collector: Collector,
    provider: SdkTracerProvider,
    _subscriber: tracing::subscriber::DefaultGuard,
}

fn export() -> Exporting {
    let collector = Collector::start().expect("a port");
    let provider = collector.provider().expect("an exporter");
    let layer = tracing_opentelemetry::layer().with_tracer(otlp::tracer(&provider));
    // rmcp makes many spans of its own.
    let own = filter_fn(|metadata| metadata.target().starts_with("tool_audit"));
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(own));
    Exporting {
        _subscriber: tracing::subscriber::set_default(subscriber),
        collector,
        provider,
    }
}

impl Exporting {
    /// The spans up to one of this name, and that one.
    async fn until(&self, name: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        let complete = async {
            while !spans.iter().any(|span: &Span| span.name == name) {
                tokio::task::yield_now().await;
                self.provider.force_flush().expect("flushed");
                spans.extend(self.collector.spans());
            }
        };
        soon(complete).await;
        spans
    }
}

/// The spans that say that they are a tool's call, or which record is theirs.
fn calls(spans: &[Span]) -> Vec<&Span> {
    let names = [
        "gen_ai.operation.name",
        "mcp.method.name",
        "tool_audit.call_id",
    ];
    let is_call = |span: &&Span| names.iter().any(|name| attribute(span, name).is_some());
    spans.iter().filter(is_call).collect()
}

fn assert_span_of(span: &Span, entry: &AuditEntry) {
    assert_eq!(entry.span_id.as_deref(), Some(&*hex(&span.span_id)));
    assert_eq!(attribute(span, "tool_audit.call_id"), Some(&*entry.call_id));
}

#[tokio::test]
async fn a_call_that_a_layer_for_http_saw_too_is_one_span_of_a_tool() {
    let exporting = export();
    let (recorder, mut entries) = recorder_with(|builder| builder.spans(CallSpans::new()));
    let server = LayeredHandler::audited(Tools::default(), recorder.clone());
    let router = router(server, Over::HttpStatelessJson.config());
    let served = Served::new(router.layer(HttpAuditLayer::new(recorder)));
    let mut stream = served.post("Connection: close\r\n", &body("works")).await;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer))
        .await
        .expect("an answer");
    let spans = exporting.until("request").await;
    let calls = calls(&spans);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_span_of(calls[0], &entries.next().await);
    entries.assert_none();
}

#[tokio::test]
async fn the_span_of_an_rmcp_servers_call_has_the_protocols_names() {
    let exporting = export();
    let (recorder, mut entries) = recorder_with(|builder| builder.spans(CallSpans::new()));
    let audit = AuditLayer::builder(recorder)
        .describe(DescribeTools::context(CallContext::new("desk-7", "usr_9")))
        .classify(ClassifyTools)
        .build();
    let server = LayeredHandler::new(Tools::default(), audit);
    let connected = connect(Over::HttpSession, server).await;
    soon(connected.client.call_tool(call_of("works")))
        .await
        .expect("an answer");
    let unknown = soon(connected.client.call_tool(call_of("made_up_by_a_client"))).await;
    unknown.expect_err("no such tool");
    let spans = exporting.until("tools/call").await;
    let calls = calls(&spans);
    let [worked, unknown] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_span_of(worked, &entries.next().await);
    assert_eq!(worked.name, "tools/call works");
    assert_eq!(worked.kind(), SpanKind::Server);
    assert_eq!(attribute(worked, "mcp.method.name"), Some("tools/call"));
    assert_eq!(attribute(worked, "gen_ai.conversation.id"), Some("desk-7"));
    // The session is told apart from the conversation that the server names, and by a pseudonym.
    let session = attribute(worked, "mcp.session.id").expect("a session");
    assert!(session.starts_with("pn:session:"), "{session}");
    assert_eq!(attribute(unknown, "mcp.session.id"), Some(session));

    let entry = entries.next().await;
    assert_span_of(unknown, &entry);
    assert_eq!(rmcp_support::end_of(&entry).2, "unknown_tool");
    // Its name is the client's own: names of spans are to be few.
    assert_eq!(unknown.name, "tools/call");
    assert_eq!(attribute(unknown, "error.type"), Some("-32602"));
    let code = attribute(unknown, "rpc.response.status_code");
    assert_eq!(code, Some("-32602"));
}
