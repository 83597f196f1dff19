//! The audit behind a real server on loopback, over HTTP/1.1 and HTTP/2.

mod http_support;

use std::io::Write as _;
use std::net::TcpStream;

use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get as on_get, post as on_post};
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{Outcome, Recorder};

use http_support::server::{Client, Entries, serve, told};
use http_support::{Script, answering, post, scripted};

async fn echo(Json(arguments): Json<Value>) -> Json<Value> {
    Json(arguments)
}

/// A router behind the audit, and the entries that it leaves.
fn audited(app: Router) -> (Router, Entries) {
    let (sink, entries) = told();
    (app.layer(HttpAuditLayer::new(Recorder::new(sink))), entries)
}

/// An answer that the test streams.
fn streaming() -> (Script, Router) {
    let (script, body) = scripted();
    let answer = http::Response::new(Body::new(body));
    (script, answering(answer))
}

async fn clients(app: Router) -> [Client; 2] {
    let address = serve(app).await;
    [Client::http1(address).await, Client::http2(address).await]
}

#[tokio::test]
async fn each_call_over_each_protocol_leaves_one_entry_and_the_same_bytes() {
    let app = Router::new().route("/tools/echo", on_post(echo));
    let (app, mut entries) = audited(app);
    for mut client in clients(app).await {
        let arguments = json!({"order_id": "ORD-1"});
        let mut request = post("/tools/echo", &arguments);
        if let Client::Http2(_) = client {
            *request.uri_mut() = "http://tools.example/tools/echo".parse().expect("a URI");
        }
        let answer = client.send(request).await;
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        assert_eq!(body, arguments.to_string());
        let entry = entries.next().await;
        assert_eq!(entry.tool_name, "echo");
        assert_eq!(entry.arguments["order_id"], "ORD-1");
        assert_eq!(entry.session_metadata["client_ip"], "127.0.0.1");
        assert_eq!(entry.outcome, Some(Outcome::Success));
        assert!(entries.is_empty());
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_cancels_the_call_over_each_protocol() {
    for is_http2 in [false, true] {
        let (script, app) = streaming();
        let (app, mut entries) = audited(app);
        let [http1, http2] = clients(app).await;
        let (mut client, uri) = if is_http2 {
            drop(http1);
            (http2, "http://tools.example/t")
        } else {
            drop(http2);
            (http1, "/t")
        };
        let request = Request::get(uri).body(Body::empty()).expect("a request");
        let mut body = client.send(request).await.into_body();
        let frame = |bytes: &'static [u8]| Ok(hyper::body::Frame::data(bytes.into()));
        script.send(frame(b"first")).expect("a reader");
        assert!(body.frame().await.is_some());
        assert!(entries.is_empty());
        drop((body, client));
        // The server may have to write before it sees that nobody reads.
        script.closed_by(frame).await;
        let entry = entries.next().await;
        assert_eq!(entry.outcome, Some(Outcome::Cancelled));
        assert!(entries.is_empty());
    }
}

trait ClosedBy {
    async fn closed_by<T>(self, frame: T)
    where
        T: Fn(&'static [u8]) -> Result<hyper::body::Frame<axum::body::Bytes>, axum::BoxError>;
}

impl ClosedBy for Script {
    /// Writes until nobody takes it.
    async fn closed_by<T>(self, frame: T)
    where
        T: Fn(&'static [u8]) -> Result<hyper::body::Frame<axum::body::Bytes>, axum::BoxError>,
    {
        while self.send(frame(b"more")).is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_upload_over_the_servers_own_limit_is_refused_and_recorded() {
    let app = Router::new()
        .route("/t", on_post(echo))
        .layer(DefaultBodyLimit::max(1000));
    let (app, mut entries) = audited(app);
    let [mut client, _] = clients(app).await;
    let arguments = json!({"order_id": "ORD-1", "note": "x".repeat(10_000)});
    let answer = client.send(post("/t", &arguments)).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let entry = entries.next().await;
    assert_eq!(entry.outcome, Some(Outcome::ServiceError));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(summary.error_type.as_deref(), Some("http_413"));
}

#[tokio::test]
async fn a_client_that_leaves_while_it_sends_its_request_is_recorded() {
    let app = Router::new().route("/t", on_post(async |_: Json<Value>| "ok"));
    let (app, mut entries) = audited(app);
    let address = serve(app).await;
    let mut stream = TcpStream::connect(address).expect("a server");
    let head = "POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    stream
        .write_all(format!("{head}{{\"order_id\":\"ORD-1\",").as_bytes())
        .expect("a server");
    drop(stream);
    let entry = entries.next().await;
    assert!(!entry.success);
    assert_eq!(entry.arguments["order_id"], "ORD-1");
    assert_eq!(entry.shortened, ["arguments"]);
}

#[tokio::test]
async fn a_head_request_over_the_wire_is_a_success() {
    let (app, mut entries) = audited(Router::new().route("/t", on_get(async || "ok")));
    let [mut client, _] = clients(app).await;
    let request = Request::head("/t")
        .header(CONTENT_TYPE, "text/plain")
        .body(Body::empty());
    let answer = client.send(request.expect("a request")).await;
    assert_eq!(answer.headers()["content-length"], "2");
    assert_eq!(entries.next().await.outcome, Some(Outcome::Success));
}
