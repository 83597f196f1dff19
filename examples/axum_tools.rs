//! A small server of tools on axum: behind the audit stand a rate limit, authentication, and the tools.
//!
//! ```text
//! cargo run --all-features --example axum_tools
//! ```
//!
//! starts it on a free port, makes a few requests of its own over loopback, prints the entry of each, and ends. With an
//! address it serves until Ctrl-C, and prints an entry for each request; with `--log FOLDER` they go to a log there too:
//!
//! ```text
//! cargo run --all-features --example axum_tools -- --listen 127.0.0.1:3000
//! curl -s http://127.0.0.1:3000/tools/get_order -H 'authorization: Bearer alice' --json '{"order_id":"ORD-1"}'
//! ```
//!
//! On the server's terminal stands then, among the other members of one line:
//!
//! ```text
//! … "arguments":{"order_id":"ORD-1"} … "outcome":"success" … "tool_name":"get_order" … "user_id":"alice" …
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{BoxError, Extension, Json, Router};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tool_audit::adapt::http::{HttpAuditLayer, IdentifyLayer};
use tool_audit::{
    AuditSink, CallBuilder, FanOut, HashChainSink, Identity, Member, Recorder, SanitizedEntry,
    Ticket,
};
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let (listen, log) = arguments()?;
    let scratch = tempfile::tempdir()?;
    let log = log.unwrap_or_else(|| scratch.path().join("audit"));
    let recorder = Recorder::new(FanOut::new([
        Member::required("log", HashChainSink::open(&log)?),
        Member::required("terminal", Terminal),
    ]));
    let service = app(recorder.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let address = listen.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, service);
    if listen.is_some() {
        println!("listening on http://{address}, Ctrl-C ends it");
        let stopped = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        server.with_graceful_shutdown(stopped).await?;
    } else {
        let server = tokio::spawn(server.into_future());
        visit(address).await?;
        server.abort();
    }
    // Whatever is still open has ended or is counted, and the log says that it was closed.
    recorder.close().await?;
    Ok(())
}

/// What stands further down is further inside: the audit stands around all of it.
fn app(recorder: Recorder) -> Router {
    let mut limit = GovernorConfigBuilder::default();
    // Six at once, and one more every five seconds, for each address.
    let limit = limit.per_second(5).burst_size(6).finish();
    let audit = HttpAuditLayer::builder(recorder)
        .describe(|head: &mut Parts, call: &mut CallBuilder<'_>| {
            // What an agent says of itself is a claim, and recorded as one.
            let header = |name: &str| head.headers.get(name)?.to_str().ok();
            if let Some(conversation) = header("x-conversation-id") {
                call.conversation_id(conversation);
            }
            if let Some(model) = header("x-model") {
                call.model(model);
            }
        })
        .build();
    let router = Router::new()
        .route("/tools/get_order", post(get_order))
        .route("/orders/{order_id}/refund", post(refund))
        .route("/tools/export_orders", get(export_orders))
        .layer(IdentifyLayer::new(|user: &User| {
            Identity::user(&user.id).role(user.role)
        }))
        .layer(from_fn(authenticate));
    let router = match limit {
        Some(limit) => router.layer(GovernorLayer::new(limit)),
        None => router,
    };
    router.layer(audit)
}

// ---- the tools ----

async fn get_order(Json(arguments): Json<Value>) -> Response {
    match arguments["order_id"].as_str() {
        Some(id @ ("ORD-1" | "ORD-2")) => {
            Json(json!({"order_id": id, "status": "shipped"})).into_response()
        }
        _ => (
            StatusCode::NOT_FOUND,
            Json(json!({"error": "no such order"})),
        )
            .into_response(),
    }
}

async fn refund(Path(order_id): Path<String>, Json(arguments): Json<Value>) -> Json<Value> {
    Json(json!({"order_id": order_id, "status": "refunded", "amount": arguments["amount"]}))
}

/// Streams: its call ends when the last line is with the client, or when the client leaves.
async fn export_orders() -> Response {
    let (mut lines, body) = Channel::<Bytes, BoxError>::new(1);
    tokio::spawn(async move {
        for order in ["ORD-1", "ORD-2", "ORD-3"] {
            let line = format!("{}\n", json!({"order_id": order}));
            // Nobody reads on once the client has left.
            if lines.send_data(line.into()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::new(body)).into_response()
}

// ---- who may use them ----

#[derive(Clone)]
struct User {
    id: String,
    role: &'static str,
}

/// Stands for whatever checks tokens: here the token is the name, and only two are known.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let token = request.headers().get(AUTHORIZATION);
    let token = token
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let role = match token {
        Some("alice") => "support_agent",
        Some("bob") => "auditor",
        _ => return StatusCode::UNAUTHORIZED.into_response(),
    };
    let id = token.unwrap_or_default().to_owned();
    if role == "auditor" && request.method() != http::Method::GET {
        let user = Identity::user(id).role(role);
        // Whoever refuses can still say whom: an identity in the answer is read too.
        return (StatusCode::FORBIDDEN, Extension(user), "auditors only read").into_response();
    }
    request.extensions_mut().insert(User { id, role });
    next.run(request).await
}

// ---- what is shown ----

/// A sink that prints each entry.
struct Terminal;

impl AuditSink for Terminal {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        println!("  entry: {}", entry.as_json());
        Ticket::DONE
    }
}

/// A client with a few things to ask for.
async fn visit(address: SocketAddr) -> Result<()> {
    let order = json!({"order_id": "ORD-1", "api_key": "sk-not-to-be-seen"});
    let visits = [
        ("a call", "alice", Some("/tools/get_order"), order),
        (
            "a tool's own failure",
            "alice",
            Some("/tools/get_order"),
            json!({"order_id": "ORD-9"}),
        ),
        (
            "arguments in path and body",
            "alice",
            Some("/orders/ORD-2/refund"),
            json!({"amount": 12.5}),
        ),
        ("a streamed answer", "bob", None, Value::Null),
        (
            "a user who may not",
            "bob",
            Some("/orders/ORD-2/refund"),
            json!({"amount": 12.5}),
        ),
        (
            "nobody that is known",
            "mallory",
            Some("/tools/get_order"),
            json!({"order_id": "ORD-1"}),
        ),
        (
            "a request too many",
            "alice",
            Some("/tools/get_order"),
            json!({"order_id": "ORD-2"}),
        ),
    ];
    for (title, token, post_to, arguments) in visits {
        println!("{title}:");
        let request = match post_to {
            Some(path) => Request::post(path).body(Body::from(arguments.to_string())),
            None => Request::get("/tools/export_orders").body(Body::empty()),
        };
        let mut request = request?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
        headers.insert(CONTENT_TYPE, "application/json".parse()?);
        headers.insert("host", "localhost".parse()?);
        headers.insert("x-conversation-id", "conv_1".parse()?);
        let (status, body) = send(address, request).await?;
        println!("  answer: {status} {}", body.trim_end().replace('\n', " "));
    }
    Ok(())
}

async fn send(address: SocketAddr, request: Request) -> Result<(StatusCode, String)> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// `--listen ADDRESS` and `--log FOLDER`.
fn arguments() -> Result<(Option<SocketAddr>, Option<PathBuf>)> {
    let (mut listen, mut log) = (None, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next();
        match (flag.to_str(), value) {
            (Some("--listen"), Some(value)) => {
                listen = Some(value.to_string_lossy().parse()?);
            }
            (Some("--log"), Some(value)) => log = Some(value.into()),
            _ => return Err("usage: axum_tools [--listen ADDRESS] [--log FOLDER]".into()),
        }
    }
    Ok((listen, log))
}
