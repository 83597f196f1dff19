//! An rmcp server with the audit layers for HTTP around it: they tell its records who called, record what never gets
//! to the server, and record nothing twice.

mod rmcp_support;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post as on_post;
use http::StatusCode;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tool_audit::adapt::http::{EndpointAuditLayer, HttpAuditLayer, IdentifyLayer, TrustedHops};
use tool_audit::adapt::rmcp::LayeredHandler;
use tool_audit::{AuditEntry, Identity, Outcome, Recorder};

use rmcp_support::{
    Entries, Over, Served, Tools, body, call_of, connect_to, end, end_of, recorder, router, soon,
};

#[derive(Clone)]
struct User(String);

/// Lets in who names a user.
async fn authenticate(mut request: Request, next: Next) -> Response {
    match request.headers().get("x-user").cloned() {
        Some(user) => {
            let user = User(user.to_str().expect("a name").to_owned());
            request.extensions_mut().insert(user);
            next.run(request).await
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// The server, which knows its users, and has no audit around it yet.
fn endpoint(recorder: &Recorder, config: StreamableHttpServerConfig) -> Router {
    let server = LayeredHandler::audited(Tools::default(), recorder.clone());
    router(server, config)
        .layer(IdentifyLayer::new(|user: &User| {
            Identity::user(&user.0).role("nurse")
        }))
        .layer(from_fn(authenticate))
}

fn with_endpoint_layer(over: Over) -> (Served, Entries) {
    let (recorder, entries) = recorder();
    let config = over.config().with_max_request_body_bytes(4096);
    let layer = EndpointAuditLayer::new(recorder.clone()).trusted_hops(TrustedHops::new(1));
    let served = Served::new(endpoint(&recorder, config).layer(layer));
    (served, entries)
}

const KNOWN: &str = "X-User: usr_9\r\nX-Forwarded-For: 203.0.113.9\r\n";

/// Sends a message, and waits for the end of its answer.
async fn send(served: &Served, headers: &str, message: &Value) -> String {
    let headers = format!("{headers}Connection: close\r\n");
    let mut stream = served.post(&headers, message).await;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer))
        .await
        .expect("an answer");
    answer
}

fn assert_is_of_the_user(entry: &AuditEntry) {
    assert_eq!(
        (entry.user_id.as_str(), entry.role()),
        ("usr_9", Some("nurse"))
    );
    assert_eq!(entry.session_metadata["client_ip"], "203.0.113.9");
    let mut verified = entry.attribution.verified.clone();
    verified.sort();
    assert_eq!(verified, ["client_ip", "user_id", "user_role"]);
}

#[tokio::test]
async fn a_call_is_recorded_once_with_the_user_and_the_address_that_the_http_layer_knows() {
    for over in [Over::HttpStatelessJson, Over::HttpStatelessSse] {
        let (served, mut entries) = with_endpoint_layer(over);
        for (tool, outcome, kind) in [
            ("works", Outcome::Success, ""),
            ("fails", Outcome::ToolError, "tool_error"),
            ("breaks", Outcome::ServiceError, "-32603"),
            ("no_such_tool", Outcome::ServiceError, "unknown_tool"),
        ] {
            let answer = send(&served, KNOWN, &body(tool)).await;
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
            let entry = entries.next().await;
            assert_eq!(end_of(&entry), end(tool, outcome, kind), "{over:?}");
            assert_is_of_the_user(&entry);
            entries.assert_none();
        }
    }
}

#[tokio::test]
async fn a_call_of_a_session_is_recorded_once_too() {
    let (recorder, mut entries) = recorder();
    let known = from_fn(async |mut request: Request, next: Next| {
        let headers = request.headers_mut();
        headers.insert("x-user", "usr_9".parse().expect("a name"));
        headers.insert(
            "x-forwarded-for",
            "203.0.113.9".parse().expect("an address"),
        );
        next.run(request).await
    });
    let layer = EndpointAuditLayer::new(recorder.clone()).trusted_hops(TrustedHops::new(1));
    let router = endpoint(&recorder, Over::HttpSession.config());
    let connected = connect_to(Served::new(router.layer(layer).layer(known))).await;
    for tool in ["works", "no_such_tool"] {
        drop(soon(connected.client.call_tool(call_of(tool))).await);
        let entry = entries.next().await;
        assert_eq!(entry.tool_name, tool);
        assert_is_of_the_user(&entry);
    }
    drop(connected.client.cancel().await);
    entries.assert_none();
}

#[tokio::test]
async fn what_never_gets_to_the_server_is_recorded_by_the_layer_around_it() {
    let (served, mut entries) = with_endpoint_layer(Over::HttpStatelessJson);
    let answer = send(&served, "", &body("works")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(entries.next().await.outcome, Some(Outcome::Denied));

    let mut long = body("works");
    long["params"]["arguments"]["order_id"] = "x".repeat(8192).into();
    let answer = send(&served, KNOWN, &long).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let entry = entries.next().await;
    assert_eq!(entry.outcome, Some(Outcome::ServiceError));
    assert_is_of_the_user(&entry);

    // No call, and answered well.
    let list = json!({"jsonrpc": "2.0", "id": 8, "method": "tools/list"});
    let answer = send(&served, KNOWN, &list).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    entries.assert_none();
}

#[tokio::test]
async fn a_request_whose_head_names_another_tool_than_its_body_is_recorded() {
    let (served, mut entries) = with_endpoint_layer(Over::HttpStatelessJson);
    let version = "2026-07-28";
    let head = format!(
        "{KNOWN}MCP-Protocol-Version: {version}\r\nMcp-Method: tools/call\r\nMcp-Name: works\r\n"
    );
    let mut message = body("destroys");
    message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": version});
    let answer = send(&served, &head, &message).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let entry = entries.next().await;
    assert!(entry.is_failure());
    assert_is_of_the_user(&entry);
    entries.assert_none();
}

#[tokio::test]
async fn a_router_with_routes_of_its_own_beside_the_server_records_each_call_once() {
    let (recorder, mut entries) = recorder();
    let router = endpoint(&recorder, Over::HttpStatelessJson.config())
        .route("/tools/get_order", on_post(async || "shipped"))
        .layer(HttpAuditLayer::new(recorder.clone()));
    let served = Served::new(router);
    send(&served, KNOWN, &body("works")).await;
    assert_eq!(entries.end().await, end("works", Outcome::Success, ""));
    send(&served, KNOWN, &body("breaks")).await;
    assert_eq!(
        entries.end().await,
        end("breaks", Outcome::ServiceError, "-32603")
    );
    entries.assert_none();
    let stats = recorder.stats();
    assert_eq!((stats.started, stats.recorded, stats.open), (2, 2, 0));
    let order = json!({"order_id": "ORD-1"});
    let mut stream = served.send_to("/tools/get_order", KNOWN, &order).await;
    soon(stream.read_u8()).await.expect("an answer");
    assert_eq!(entries.end().await, end("get_order", Outcome::Success, ""));
    entries.assert_none();
}
