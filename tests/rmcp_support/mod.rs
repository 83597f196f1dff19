//! A server with a tool for each way in which a call may end, a sink that tells what it gets, and the ways to reach
//! the server.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, ClientRequest,
    ContentBlock, CreateTaskResult, InputRequiredResult, ServerCapabilities, ServerConfig, Task,
    TaskStatus,
};
use rmcp::service::{PeerRequestOptions, RequestContext, RequestHandle, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{
    ErrorData, RoleClient, RoleServer, ServerHandler, ServiceExt, schemars, tool, tool_handler,
    tool_router,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tool_audit::adapt::rmcp::{LayeredHandler, audit};
use tool_audit::{
    AuditEntry, AuditSink, Outcome, Recorder, RecorderBuilder, SanitizedEntry, SinkError, Ticket,
};
use tower::ServiceBuilder;

/// How long a test waits for what has to come: only a failure lasts that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// What has to come.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing came in {PATIENCE:?}"),
    }
}

/// A sink that sends on what it gets.
struct Telling(mpsc::UnboundedSender<AuditEntry>);

impl AuditSink for Telling {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let entry = serde_json::from_str(entry.as_json()).expect("an entry");
        drop(self.0.send(entry));
        Ticket::DONE
    }
}

/// A sink that can take nothing.
pub struct Full;

impl AuditSink for Full {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        Ticket::LOST
    }

    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Err(SinkError::closed()))
    }
}

/// The entries as they come.
pub struct Entries(mpsc::UnboundedReceiver<AuditEntry>);

impl Entries {
    pub async fn next(&mut self) -> AuditEntry {
        soon(self.0.recv()).await.expect("a recorder")
    }

    /// The next entry, which is a call's end: its tool, outcome and type of error.
    pub async fn end(&mut self) -> (String, Outcome, String) {
        end_of(&self.next().await)
    }

    /// Nothing more is there.
    pub fn assert_none(&mut self) {
        if let Ok(entry) = self.0.try_recv() {
            panic!("one entry more: {}", entry.to_json());
        }
    }
}

pub fn end_of(entry: &AuditEntry) -> (String, Outcome, String) {
    let summary = entry.result_summary.as_ref();
    let kind = summary.and_then(|summary| summary.error_type.clone());
    let outcome = entry.outcome.expect("a call's end");
    (entry.tool_name.clone(), outcome, kind.unwrap_or_default())
}

pub fn end(tool: &str, outcome: Outcome, kind: &str) -> (String, Outcome, String) {
    (tool.to_owned(), outcome, kind.to_owned())
}

pub fn recorder() -> (Recorder, Entries) {
    recorder_with(|builder| builder)
}

pub fn recorder_with(
    build: impl FnOnce(RecorderBuilder) -> RecorderBuilder,
) -> (Recorder, Entries) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let recorder = build(Recorder::builder(Telling(sender))).build();
    (recorder, Entries(receiver))
}

/// A tool for each way in which a call may end.
#[derive(Clone)]
pub struct Tools {
    /// One permit for each call of a waiting tool that has begun.
    pub begun: Arc<Semaphore>,
    /// One permit lets one waiting tool go on.
    pub go_on: Arc<Semaphore>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            begun: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
        }
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
pub struct Order {
    pub order_id: String,
}

fn done() -> CallToolResult {
    CallToolResult::structured(json!({"order_id": "ORD-1", "status": "done"}))
}

#[tool_router]
impl Tools {
    #[tool(annotations(read_only_hint = true))]
    async fn works(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        done()
    }

    #[tool(annotations(destructive_hint = true))]
    async fn destroys(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        done()
    }

    #[tool(annotations(read_only_hint = false))]
    async fn changes(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        done()
    }

    #[tool(annotations(read_only_hint = false, destructive_hint = false))]
    async fn adds(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        done()
    }

    #[tool]
    async fn fails(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text("no such order")])
    }

    #[tool]
    async fn breaks(&self, Parameters(_): Parameters<Order>) -> Result<CallToolResult, ErrorData> {
        Err(ErrorData::internal_error("the database is away", None))
    }

    #[tool]
    async fn panics(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        panic!("no such index")
    }

    #[tool]
    async fn never_answers(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        self.begun.add_permits(1);
        pending().await
    }

    /// Stops when its request is cancelled.
    #[tool]
    async fn heeds(
        &self,
        Parameters(_): Parameters<Order>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        self.begun.add_permits(1);
        context.ct.cancelled().await;
        Err(ErrorData::internal_error("stopped half-way", None))
    }

    /// Does not look whether its request was cancelled.
    #[tool]
    async fn goes_on(&self, Parameters(_): Parameters<Order>) -> CallToolResult {
        self.begun.add_permits(1);
        self.go_on.acquire().await.expect("open").forget();
        done()
    }

    #[tool]
    async fn asks(&self, Parameters(_): Parameters<Order>) -> InputRequiredResult {
        InputRequiredResult::from_request_state("half-way")
    }

    /// Asks once its request is cancelled.
    #[tool]
    async fn asks_too_late(
        &self,
        Parameters(_): Parameters<Order>,
        context: RequestContext<RoleServer>,
    ) -> InputRequiredResult {
        self.begun.add_permits(1);
        context.ct.cancelled().await;
        InputRequiredResult::from_request_state("half-way")
    }

    #[tool]
    async fn finds_no_resource(
        &self,
        Parameters(_): Parameters<Order>,
    ) -> Result<CallToolResult, ErrorData> {
        Err(ErrorData::resource_not_found("no such page", None))
    }

    #[tool]
    async fn hands_over(&self, Parameters(_): Parameters<Order>) -> CallToolResponse {
        let now = "2026-07-28T00:00:00Z";
        let task = Task::new("task-1", TaskStatus::Working, now, now);
        CallToolResponse::Task(CreateTaskResult::new(task))
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tasks();
        let mut info = ServerConfig::new(capabilities.build());
        info.server_info.name = "tools".to_owned();
        info
    }
}

/// The tools behind audit and timeout.
pub fn server(
    tools: &Tools,
    recorder: Recorder,
    timeout: Duration,
) -> impl ServerHandler + Clone + use<> {
    let stack = ServiceBuilder::new()
        .layer(audit(recorder))
        .timeout(timeout);
    LayeredHandler::new(tools.clone(), stack)
}

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Duplex,
    HttpSession,
    HttpStatelessSse,
    HttpStatelessJson,
}

impl Over {
    pub const ALL: [Self; 4] = [
        Self::Duplex,
        Self::HttpSession,
        Self::HttpStatelessSse,
        Self::HttpStatelessJson,
    ];
    pub const HTTP: [Self; 3] = [
        Self::HttpSession,
        Self::HttpStatelessSse,
        Self::HttpStatelessJson,
    ];

    pub fn config(self) -> StreamableHttpServerConfig {
        StreamableHttpServerConfig::default()
            .with_legacy_session_mode(self == Self::HttpSession)
            .with_json_response(self == Self::HttpStatelessJson)
    }
}

pub fn router(server: impl ServerHandler + Clone, config: StreamableHttpServerConfig) -> Router {
    let sessions = LocalSessionManager::default();
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions.into(), config);
    Router::new().nest_service("/mcp", service)
}

/// An HTTP server on a socket in a folder of its own.
pub struct Served {
    pub socket: PathBuf,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Served {
    pub fn new(router: Router) -> Self {
        let folder = TempDir::new().expect("a folder");
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("served");
        });
        Self {
            socket,
            task,
            _folder: folder,
        }
    }

    pub fn transport(
        &self,
    ) -> StreamableHttpClientTransport<rmcp::transport::UnixSocketHttpClient> {
        let socket = self.socket.to_str().expect("a path");
        StreamableHttpClientTransport::from_unix_socket(socket, "http://localhost/mcp")
    }

    /// Sends a message over a connection of its own, and leaves that open.
    pub async fn post(&self, headers: &str, message: &Value) -> UnixStream {
        self.send_to("/mcp", headers, message).await
    }

    pub async fn send_to(&self, path: &str, headers: &str, message: &Value) -> UnixStream {
        let mut stream = UnixStream::connect(&self.socket).await.expect("a server");
        let message = message.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{message}",
            message.len()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub type Client = RunningService<RoleClient, ()>;

/// A client of the server, with all that has to stay while it is used.
pub struct Connected {
    pub client: Client,
    pub served: Option<Served>,
}

pub async fn connect(over: Over, server: impl ServerHandler + Clone) -> Connected {
    if over == Over::Duplex {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            if let Ok(running) = server.serve(near).await {
                drop(running.waiting().await);
            }
        });
        return Connected {
            client: soon(().serve(far)).await.expect("a session"),
            served: None,
        };
    }
    connect_to(Served::new(router(server, over.config()))).await
}

pub async fn connect_to(served: Served) -> Connected {
    Connected {
        client: soon(().serve(served.transport())).await.expect("a session"),
        served: Some(served),
    }
}

pub fn call_of(tool: &'static str) -> CallToolRequestParams {
    let mut call = CallToolRequestParams::new(tool);
    call.arguments = json!({"order_id": "ORD-1"}).as_object().cloned();
    call
}

/// Begins a call, whose answer is not waited for.
pub async fn begin(client: &Client, tool: &'static str) -> RequestHandle<RoleClient> {
    let call = CallToolRequest::new(call_of(tool));
    let request = ClientRequest::CallToolRequest(call);
    let sent = client.send_cancellable_request(request, PeerRequestOptions::no_options());
    soon(sent).await.expect("sent")
}

/// One `tools/call` as a client that speaks HTTP by hand writes it.
pub fn body(tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {"order_id": "ORD-1"}});
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})
}
