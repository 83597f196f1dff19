//! The MCP conformance suite finds the same with and without the audit, and every call that it makes is recorded.
// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

mod conformance_server;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "of the example its server is used"
)]
#[path = "../examples/mcp_server.rs"]
mod mcp_server;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tokio::net::TcpListener;
use tokio::process::Command;
use tool_audit::adapt::rmcp::LayeredHandler;
use tool_audit::{MemorySink, Recorder};

use conformance_server::Everything;

/// The folder that holds the suite and a Node.js that it runs on.
fn modules() -> Option<PathBuf> {
    let modules = std::env::var_os("TOOL_AUDIT_MCP_NODE_MODULES").map(PathBuf::from);
    let modules =
        modules.filter(|modules| modules.join("@modelcontextprotocol/conformance").is_dir());
    if modules.is_none() {
        eprintln!(
            "SKIPPED: TOOL_AUDIT_MCP_NODE_MODULES names no folder with @modelcontextprotocol/conformance and node, so the suite was not run"
        );
    }
    modules
}

/// The lines in which the suite sums up how each scenario went, for a server of its own.
async fn suite(modules: &Path, server: impl ServerHandler + Clone) -> BTreeSet<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = mcp_server::router(server, StreamableHttpServerConfig::default());
    let serving = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("served");
    });
    let output = Command::new(modules.join("node/bin/node"))
        .arg(modules.join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", &format!("http://{address}/mcp")])
        .kill_on_drop(true)
        .output()
        .await
        .expect("Node.js runs");
    serving.abort();
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, summary) = output.split_once("=== SUMMARY ===").expect("a summary");
    let lines = summary.lines().map(|line| line.trim_end().to_owned());
    lines.filter(|line| line.starts_with(['✓', '✗'])).collect()
}

fn passed(lines: &BTreeSet<String>) -> usize {
    lines.iter().filter(|line| line.starts_with('✓')).count()
}

#[tokio::test]
async fn the_suite_passes_with_the_audit_as_without_and_each_of_its_calls_is_recorded() {
    let Some(modules) = modules() else { return };
    let without = suite(&modules, Everything::default()).await;
    let failed: Vec<_> = without
        .iter()
        .filter(|line| !line.starts_with('✓'))
        .collect();
    assert_eq!(failed, Vec::<&String>::new());
    let sink = MemorySink::new();
    let everything = Everything::default();
    let calls = Arc::clone(&everything.calls);
    let server = LayeredHandler::audited(everything, Recorder::new(sink.clone()));
    assert_eq!(suite(&modules, server).await, without);
    let mut calls = calls.lock().expect("no call panics with it").clone();
    calls.sort();
    let entries = sink.entries().into_iter();
    let mut recorded: Vec<String> = entries.map(|entry| entry.tool_name).collect();
    recorded.sort();
    assert_eq!(recorded, calls);
    calls.dedup();
    assert_eq!(calls.len(), 12, "{calls:?}");
}

#[tokio::test]
async fn the_example_passes_what_it_passes_without_the_audit() {
    let Some(modules) = modules() else { return };
    let without = suite(&modules, mcp_server::Shop).await;
    assert!(passed(&without) >= 5, "{without:?}");
    let sink = MemorySink::new();
    let server = mcp_server::audited(Recorder::new(sink.clone()));
    assert_eq!(suite(&modules, server).await, without);
    let entries = sink.entries();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry.is_failure()));
}
