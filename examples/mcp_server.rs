//! A small MCP server on rmcp, with every tool call in an audit log.
//!
//! ```text
//! cargo run --features axum,rmcp --example mcp_server                             # asks itself, and prints what it recorded
//! cargo run --features axum,rmcp --example mcp_server -- --http 127.0.0.1:8000
//! cargo run --features axum,rmcp --example mcp_server -- --stdio                  # a client starts it so
//! ```
//!
//! The last two record into the folder `audit`, or into that which `--log FOLDER` names. A client line for each:
//!
//! ```text
//! npx -y @modelcontextprotocol/inspector --cli http://127.0.0.1:8000/mcp --transport http \
//!     --method tools/call --tool-name cancel_order --tool-arg order_id=ORD-456
//! npx -y @modelcontextprotocol/inspector --cli cargo run -q --features axum,rmcp --example mcp_server -- --stdio \
//!     --method tools/call --tool-name get_order --tool-arg order_id=ORD-456
//! ```
//!
//! What they leave: `cargo run --features cli -- query audit`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleClient, ServerHandler, ServiceExt, schemars, tool, tool_handler, tool_router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tool_audit::adapt::http::EndpointAuditLayer;
use tool_audit::adapt::rmcp::{LayeredHandler, audit};
use tool_audit::{AuditEntry, HashChainSink, MemorySink, Recorder};
use tower::{BoxError, ServiceBuilder};

/// The tools of a shop.
#[derive(Clone)]
pub(crate) struct Shop;

#[derive(Deserialize, schemars::JsonSchema)]
struct Order {
    /// The order's number, such as ORD-456.
    order_id: String,
}

#[tool_router]
impl Shop {
    #[tool(description = "Looks an order up", annotations(read_only_hint = true))]
    async fn get_order(&self, Parameters(order): Parameters<Order>) -> CallToolResult {
        match order.order_id.as_str() {
            "ORD-456" => {
                CallToolResult::structured(json!({"order_id": "ORD-456", "status": "paid"}))
            }
            _ => CallToolResult::error(vec![ContentBlock::text("no such order")]),
        }
    }

    // Its record of intent is in the log before it runs.
    #[tool(description = "Cancels an order", annotations(destructive_hint = true))]
    async fn cancel_order(&self, Parameters(order): Parameters<Order>) -> CallToolResult {
        CallToolResult::structured(json!({
            "order_id": order.order_id, "old_status": "paid", "status": "cancelled",
        }))
    }

    #[tool(description = "Asks the carrier, who never answers")]
    async fn track_parcel(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        pending().await
    }
}

#[tool_handler(name = "shop", version = "1.0.0")]
impl ServerHandler for Shop {}

/// The shop behind three layers, outermost first.
pub(crate) fn audited(recorder: Recorder) -> impl ServerHandler + Clone {
    let stack = ServiceBuilder::new()
        .layer(audit(recorder))
        .concurrency_limit(32)
        .timeout(Duration::from_millis(500));
    LayeredHandler::new(Shop, stack)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (mut over_stdio, mut address, mut log) = (false, None, "audit".to_owned());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--stdio" => over_stdio = true,
            "--http" => address = Some(value()?),
            "--log" => log = value()?,
            _ => {
                return Err(
                    format!("{argument} is none of --stdio, --http ADDRESS, --log FOLDER").into(),
                );
            }
        }
    }
    if !over_stdio && address.is_none() {
        return ask_itself().await;
    }
    let recorder = Recorder::new(HashChainSink::open(log)?);
    let server = audited(recorder.clone());
    match address {
        Some(address) => serve_http(server, &address, recorder.clone()).await?,
        None => serve_stdio(server).await?,
    }
    Ok(recorder.close().await?)
}

async fn serve_stdio(server: impl ServerHandler) -> Result<(), BoxError> {
    let transport = (tokio::io::stdin(), tokio::io::stdout());
    server.serve(transport).await?.waiting().await?;
    Ok(())
}

/// Serves `http://ADDRESS/mcp` until it is interrupted. The layer around it knows where calls come from, and records requests
/// that never get to the server.
async fn serve_http(
    server: impl ServerHandler + Clone,
    address: &str,
    recorder: Recorder,
) -> Result<(), BoxError> {
    let listener = TcpListener::bind(address).await?;
    eprintln!("http://{}/mcp", listener.local_addr()?);
    let config = StreamableHttpServerConfig::default();
    let stop = config.cancellation_token.clone();
    let router = router(server, config).layer(EndpointAuditLayer::new(recorder));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.cancel();
            }
        })
        .await?;
    Ok(())
}

/// A clone of the server for each session: they share the handler and the log.
pub(crate) fn router(
    server: impl ServerHandler + Clone,
    config: StreamableHttpServerConfig,
) -> axum::Router {
    let sessions = LocalSessionManager::default();
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions.into(), config);
    axum::Router::new().nest_service("/mcp", service)
}

/// Runs a client against the server, and prints what was recorded.
async fn ask_itself() -> Result<(), BoxError> {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let (near, far) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(audited(recorder.clone()).serve(near));
    let client = ().serve(far).await?;
    let server = server.await??;

    let calls = [
        ("get_order", json!({"order_id": "ORD-456"})),
        ("get_order", json!({"order_id": "ORD-7"})),
        ("get_order", json!({"order": 7})),
        ("cancel_order", json!({"order_id": "ORD-456"})),
        ("track_parcel", json!({"order_id": "ORD-456"})),
        ("refund_order", json!({"order_id": "ORD-456"})),
    ];
    for (tool, arguments) in calls {
        ask(&client, tool, arguments).await;
    }
    drop(client.cancel().await);
    drop(server.cancel().await);
    recorder.close().await?;

    for entry in sink.entries() {
        println!("{}", line(&entry));
    }
    println!("\nThe record of the order that was cancelled:\n");
    let cancelled = |line: &&String| line.contains("old_status");
    let record: Value = serde_json::from_str(
        sink.lines()
            .iter()
            .find(cancelled)
            .ok_or("no such record")?,
    )?;
    println!("{record:#}");
    Ok(())
}

async fn ask(
    client: &rmcp::service::RunningService<RoleClient, ()>,
    tool: &'static str,
    arguments: Value,
) {
    let mut call = CallToolRequestParams::new(tool);
    call.arguments = arguments.as_object().cloned();
    let answer = match client.call_tool(call).await {
        Ok(result) if result.is_error == Some(true) => "the tool failed".to_owned(),
        Ok(_) => "the tool answered".to_owned(),
        Err(error) => error.to_string(),
    };
    println!("asked for {tool}: {answer}");
}

fn line(entry: &AuditEntry) -> String {
    let Some(outcome) = entry.outcome else {
        return format!("{:14} is about to run", entry.tool_name);
    };
    let summary = entry.result_summary.as_ref();
    let kind = summary.and_then(|summary| summary.error_type.as_deref());
    format!(
        "{:14} {:15} {}",
        entry.tool_name,
        outcome.as_str(),
        kind.unwrap_or_default()
    )
}
