//! Each call as a span of OpenTelemetry, exported over OTLP, with the span's ids in the record.
//!
//! A collector stands in for the real one in this process; a program of yours exports to its own with an exporter of
//! `opentelemetry-otlp`.

// What an example says is for people.
#![allow(clippy::print_stdout)]

#[path = "../tests/otlp/mod.rs"]
mod otlp;

use serde_json::json;
use tool_audit::{AuditLayer, CallContext, CallSpans, MemorySink, Recorder, ToolCall, ToolResult};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing_subscriber::layer::SubscriberExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let collector = otlp::Collector::start()?;
    let provider = collector.provider()?;
    let exports = tracing_opentelemetry::layer().with_tracer(otlp::tracer(&provider));
    let subscriber = tracing_subscriber::registry().with(exports);
    tracing::subscriber::set_global_default(subscriber)?;

    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .spans(CallSpans::new().arguments(true))
        .build();
    let tool = service_fn(|call: ToolCall| async move {
        tracing::info_span!("SELECT orders").in_scope(|| {});
        let shipped = call.tool_name == "update_order_status";
        Ok::<_, std::convert::Infallible>(if shipped {
            ToolResult::failure("cannot cancel a shipped order")
        } else {
            ToolResult::success(json!({"order_id": "ORD-456", "status": "shipped"}))
        })
    });
    let service = ServiceBuilder::new()
        .layer(AuditLayer::new(recorder))
        .service(tool);
    for (turn, name) in [(1, "get_order"), (2, "update_order_status")] {
        let call = ToolCall::new(name, json!({"order_id": "ORD-456", "password": "hunter2"}))
            .context(CallContext::new("conv_1", "usr_9").turn(turn));
        service.clone().oneshot(call).await?;
    }
    provider.shutdown()?;

    let spans = collector.spans();
    for span in &spans {
        println!("{} {}", otlp::hex(&span.span_id), span.name);
        for name in [
            "gen_ai.tool.name",
            "gen_ai.tool.call.arguments",
            "error.type",
            "tool_audit.outcome",
        ] {
            if let Some(text) = otlp::attribute(span, name) {
                println!("    {name}: {text}");
            }
        }
    }
    for entry in sink.entries() {
        let id = entry.span_id.as_deref().unwrap_or_default();
        println!("record {} has the span {id}", entry.tool_name);
        if !spans.iter().any(|span| otlp::hex(&span.span_id) == id) {
            return Err("a record's span did not come".into());
        }
    }
    Ok(())
}
