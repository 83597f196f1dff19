//! What a record says of an HTTP request that a router took, or did not take.

mod common;
mod http_support;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get as on_get, post as on_post};
use axum::{Extension, Json, Router};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use serde_json::{Value, json};
use tool_audit::adapt::http::{
    Answer, AuditHandle, HttpAuditLayer, IdentifyLayer, ToolNaming, TrustedHops,
};
use tool_audit::call::ToolResponse;
use tool_audit::{
    AuditEntry, CallBuilder, CallTrigger, Identity, MemorySink, Outcome, OutcomeBuilder, Recorder,
    TriggerBasis,
};

use common::{entries, error_of, only};
use http_support::{audit, get, head, post, send};

async fn echo(Json(arguments): Json<Value>) -> Json<Value> {
    Json(arguments)
}

fn arguments(entry: &AuditEntry) -> Value {
    Value::Object(entry.arguments.clone())
}

/// One tool at a path, behind the audit.
fn app(sink: &MemorySink, path: &str) -> Router {
    Router::new()
        .route(path, any(async || Json(json!({"ok": true}))))
        .layer(audit(sink))
}

#[tokio::test]
async fn a_json_call_is_recorded_with_its_arguments_and_its_answer() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route("/tools/get_order", on_post(echo))
        .layer(audit(&sink));
    let arguments = json!({"order_id": "ORD-1", "password": "hunter2"});
    let (status, body) = send(&app, post("/tools/get_order", &arguments)).await;
    assert_eq!(
        (status, body),
        (StatusCode::OK, arguments.to_string().into())
    );
    let entry = only(&sink);
    assert_eq!(entry.tool_name, "get_order");
    assert_eq!(entry.arguments["order_id"], "ORD-1");
    assert_eq!(entry.outcome, Some(Outcome::Success));
    assert_eq!(
        entry.session_metadata["http_route"],
        "POST /tools/get_order"
    );
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(summary.identifiers["order_id"], "ORD-1");
    assert!(!sink.lines()[0].contains("hunter2"));
}

#[tokio::test]
async fn a_tool_is_named_by_the_end_of_its_route() {
    for (route, path, expected) in [
        ("/tools/get_order", "/tools/get_order", "get_order"),
        ("/orders/{id}/refund", "/orders/7/refund", "refund"),
        ("/tools/{tool}", "/tools/get_order", "get_order"),
        ("/orders/{id}", "/orders/7", "/orders/{id}"),
        ("/", "/", "/"),
    ] {
        let sink = MemorySink::new();
        send(&app(&sink, route), get(path)).await;
        assert_eq!(only(&sink).tool_name, expected);
    }
}

#[tokio::test]
async fn a_tool_is_named_as_one_says() {
    let header = HeaderName::from_static("x-tool");
    for (naming, expected) in [
        (ToolNaming::whole_route(), "/tools/{tool}"),
        (ToolNaming::header(header), "by_header"),
        (
            ToolNaming::header(HeaderName::from_static("x-other")),
            "get_order",
        ),
        (ToolNaming::path(), "get_order"),
    ] {
        let sink = MemorySink::new();
        let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
            .tool_name(naming)
            .build();
        let app = Router::new()
            .route("/tools/{tool}", on_get(async || "ok"))
            .layer(layer);
        let mut request = get("/tools/get_order");
        request
            .headers_mut()
            .insert("x-tool", "by_header".parse().expect("a value"));
        send(&app, request).await;
        assert_eq!(only(&sink).tool_name, expected);
    }
}

#[tokio::test]
async fn a_name_of_nothing_is_none_and_a_parameter_is_an_argument_where_it_names_no_tool() {
    let header = || ToolNaming::header(HeaderName::from_static("x-tool"));
    let by_parameter = json!({"tool": "get_order"});
    for (naming, path, expected, told) in [
        (header(), "/tools/get_order", "get_order", &by_parameter),
        (ToolNaming::path(), "/", "unknown", &json!({})),
        (
            ToolNaming::path(),
            "/tools/get_order/",
            "get_order",
            &by_parameter,
        ),
        (
            ToolNaming::whole_route(),
            "/tools/get_order",
            "/tools/{tool}",
            &by_parameter,
        ),
        (
            ToolNaming::route(),
            "/tools/get_order",
            "get_order",
            &json!({}),
        ),
    ] {
        let sink = MemorySink::new();
        let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
            .tool_name(naming)
            .build();
        let app = Router::new()
            .route("/", on_get(async || "ok"))
            .route("/tools/{tool}/", on_get(async || "ok"))
            .route("/tools/{tool}", on_get(async || "ok"))
            .layer(layer);
        let mut request = get(path);
        request
            .headers_mut()
            .insert("x-tool", HeaderValue::from_static(""));
        send(&app, request).await;
        let entry = only(&sink);
        assert_eq!(entry.tool_name, expected, "{path}");
        assert_eq!(&arguments(&entry), told, "{path}");
    }
}

#[tokio::test]
async fn parameters_of_route_and_query_are_arguments() {
    let sink = MemorySink::new();
    let request = get("/orders/ORD%207/items?status=open&tag=a&tag=b&id=9");
    send(&app(&sink, "/orders/{id}/items"), request).await;
    assert_eq!(
        arguments(&only(&sink)),
        json!({
            "id": "ORD 7",
            "status": "open",
            "tag": ["a", "b"],
            "_query": {"id": "9"},
        })
    );
}

#[tokio::test]
async fn a_body_outweighs_parameters_of_the_same_name_and_hides_none() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route(
            "/orders/{id}/refund",
            on_post(async |Path(_): Path<String>, Json(_): Json<Value>| "ok"),
        )
        .layer(audit(&sink));
    let body = json!({"amount": 100});
    send(&app, post("/orders/7/refund?amount=1", &body)).await;
    assert_eq!(
        arguments(&only(&sink)),
        json!({"id": "7", "amount": 100, "_parameters": {"amount": "1"}})
    );
}

#[tokio::test]
async fn bodies_of_other_kinds_are_told_apart() {
    let text = "text/plain; charset=utf-8";
    for (kind, body, expected) in [
        (
            "application/x-www-form-urlencoded",
            "a=1&b=x+y",
            json!({"a": "1", "b": "x y"}),
        ),
        (text, "hello", json!({"_value": "hello"})),
        ("application/json", "[1,2]", json!({"_value": [1, 2]})),
        ("application/vnd.api+json", r#"{"a":1}"#, json!({"a": 1})),
        ("application/json", "null", json!({})),
        (
            "application/json",
            r#"{"a":"#,
            json!({"_body": "not_json", "_body_bytes": 5}),
        ),
        (
            "image/png",
            "\u{89}PNG",
            json!({"_body": "not_recorded", "_body_bytes": 5}),
        ),
    ] {
        let sink = MemorySink::new();
        let app = Router::new()
            .route("/t", on_post(async |_: axum::body::Bytes| "ok"))
            .layer(audit(&sink));
        let request = Request::post("/t")
            .header(CONTENT_TYPE, kind)
            .body(Body::from(body));
        send(&app, request.expect("a request")).await;
        assert_eq!(arguments(&only(&sink)), expected, "{kind}: {body}");
    }
}

#[tokio::test]
async fn each_refusal_and_failure_leaves_an_entry_that_says_what_it_was() {
    for (status, expected) in [
        (400, Outcome::ServiceError),
        (401, Outcome::Denied),
        (403, Outcome::Denied),
        (404, Outcome::ServiceError),
        (408, Outcome::TimedOut),
        (413, Outcome::ServiceError),
        (415, Outcome::ServiceError),
        (429, Outcome::Rejected),
        (500, Outcome::ServiceError),
        (503, Outcome::Rejected),
        (504, Outcome::TimedOut),
    ] {
        let sink = MemorySink::new();
        let status = StatusCode::from_u16(status).expect("a status");
        let app = Router::new()
            .route("/t", on_get(async move || (status, "why it failed")))
            .layer(audit(&sink));
        assert_eq!(send(&app, get("/t")).await.0, status);
        let entry = only(&sink);
        assert_eq!(entry.outcome, Some(expected), "{status}");
        let error_type = format!("http_{}", status.as_u16());
        assert_eq!(
            error_of(&entry),
            (Some("why it failed"), Some(error_type.as_str()))
        );
    }
}

#[tokio::test]
async fn a_failure_in_json_is_the_tools_own() {
    for (status, body, expected) in [
        (200, json!({"error": "no such order"}), "no such order"),
        (
            404,
            json!({"error": {"code": 7, "message": "no such order"}}),
            "no such order",
        ),
        (
            422,
            json!({"title": "Invalid", "detail": "too much"}),
            "too much",
        ),
        (500, json!({"other": 1}), "500 Internal Server Error"),
    ] {
        let sink = MemorySink::new();
        let status = StatusCode::from_u16(status).expect("a status");
        let app = Router::new()
            .route("/t", on_get(async move || (status, Json(body))))
            .layer(audit(&sink));
        send(&app, get("/t")).await;
        let entry = only(&sink);
        assert_eq!(entry.outcome, Some(Outcome::ToolError), "{status}");
        assert_eq!(error_of(&entry).0, Some(expected));
    }
}

#[tokio::test]
async fn what_no_route_takes_leaves_an_entry_around_the_router_and_none_around_its_routes() {
    for (is_around_routes, path, method, expected) in [
        (
            false,
            "/nowhere",
            "GET",
            Some((Outcome::ServiceError, "http_404")),
        ),
        (
            false,
            "/t",
            "POST",
            Some((Outcome::ServiceError, "http_405")),
        ),
        (true, "/nowhere", "GET", None),
        (
            true,
            "/t",
            "POST",
            Some((Outcome::ServiceError, "http_405")),
        ),
    ] {
        let sink = MemorySink::new();
        let app = Router::new().route("/t", on_get(async || "ok"));
        let app = if is_around_routes {
            app.route_layer(audit(&sink))
        } else {
            app.layer(audit(&sink))
        };
        let request = Request::builder().method(method).uri(path);
        send(&app, request.body(Body::empty()).expect("a request")).await;
        let entries = entries(&sink);
        let found = entries.first().map(|entry| {
            (
                entry.outcome.expect("an end"),
                error_of(entry).1.unwrap_or(""),
            )
        });
        assert_eq!(found, expected, "{method} {path}");
        if path == "/nowhere" && !is_around_routes {
            assert_eq!(entries[0].tool_name, "unknown");
            assert_eq!(entries[0].session_metadata["http_path"], "GET /nowhere");
        }
    }
}

#[tokio::test]
async fn a_request_that_an_extractor_refuses_says_what_came_of_its_body() {
    let sink = MemorySink::new();
    let app = Router::new().route("/t", on_post(echo)).layer(audit(&sink));
    let request = Request::post("/t").body(Body::from(r#"{"a":1}"#));
    let (status, _) = send(&app, request.expect("a request")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::ServiceError));
    assert_eq!(
        arguments(&entry),
        json!({"_body": "unread", "_body_bytes": 0})
    );
    assert!(!entry.subjects_truncated);
}

/// Stands for a layer that knows who calls.
async fn authenticate(mut request: Request, next: Next) -> Response {
    match request.headers().get("authorization") {
        Some(token) if token == "Bearer good" => {
            request.extensions_mut().insert(CurrentUser("usr_9"));
            next.run(request).await
        }
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[derive(Clone)]
struct CurrentUser(&'static str);

#[tokio::test]
async fn whom_an_inner_layer_authenticates_is_the_user() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route("/t", on_get(async || "ok"))
        .layer(IdentifyLayer::new(|user: &CurrentUser| {
            Identity::user(user.0).role("nurse")
        }))
        .layer(from_fn(authenticate))
        .layer(
            HttpAuditLayer::builder(Recorder::new(sink.clone()))
                .describe(|_: &mut Parts, call: &mut CallBuilder<'_>| {
                    call.user_id("claimed");
                })
                .build(),
        );
    let mut request = get("/t");
    request
        .headers_mut()
        .insert("authorization", "Bearer good".parse().expect("a value"));
    send(&app, request).await;
    send(&app, get("/t")).await;
    let entries = entries(&sink);
    assert_eq!(entries[0].user_id, "usr_9");
    assert_eq!(
        entries[0].attribution.initiator_role.as_deref(),
        Some("nurse")
    );
    assert_eq!(entries[0].attribution.verified, ["user_id", "user_role"]);
    // Who is refused has only claimed to be somebody.
    assert_eq!(entries[1].outcome, Some(Outcome::Denied));
    assert_eq!(entries[1].user_id, "claimed");
    assert!(entries[1].attribution.verified.is_empty());
}

#[tokio::test]
async fn a_handler_and_an_answer_can_say_who_the_user_is() {
    let sink = MemorySink::new();
    let by_handle = async |Extension(handle): Extension<AuditHandle>| {
        handle.identify(Identity::user("usr_1"));
    };
    let by_answer = async || (Extension(Identity::user("usr_2")), "ok");
    let app = Router::new()
        .route("/handle", on_get(by_handle))
        .route("/answer", on_get(by_answer))
        .layer(audit(&sink));
    send(&app, get("/handle")).await;
    send(&app, get("/answer")).await;
    let users = entries(&sink).into_iter().map(|entry| entry.user_id);
    assert_eq!(users.collect::<Vec<_>>(), ["usr_1", "usr_2"]);
}

#[tokio::test]
async fn where_a_request_comes_from_is_recorded_and_a_claim_is_no_fact() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (hops, address, is_verified) in [
        (0, "10.0.0.1", true),
        (1, "203.0.113.9", true),
        (2, "10.0.0.1", false),
    ] {
        let sink = MemorySink::new();
        let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
            .trusted_hops(TrustedHops::new(hops))
            .build();
        let app = Router::new()
            .route("/t", on_get(async || "ok"))
            .layer(layer);
        let mut request = get("/t");
        let peer: SocketAddr = ([10, 0, 0, 1], 4711).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.9"),
            ("user-agent", "SupportDashboard/2.1"),
            ("traceparent", trace),
            ("x-request-id", "req-1"),
        ] {
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
        send(&app, request).await;
        let entry = only(&sink);
        assert_eq!(entry.session_metadata["client_ip"], address);
        assert_eq!(
            entry.attribution.verified.contains(&"client_ip".to_owned()),
            is_verified
        );
        assert_eq!(entry.session_metadata["user_agent"], "SupportDashboard/2.1");
        assert_eq!(entry.trace_id.as_deref(), Some(&trace[3..35]));
        assert_eq!(entry.span_id.as_deref(), Some(&trace[36..52]));
        assert_eq!(entry.tool_call_id.as_deref(), Some("req-1"));
    }
}

#[tokio::test]
async fn a_closure_says_more_and_may_take_the_arguments_itself() {
    let sink = MemorySink::new();
    let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .describe(|head: &mut Parts, call: &mut CallBuilder<'_>| {
            call.arguments(&json!({"by": "closure"}))
                .metadata("tenant", &json!(head.uri.path()));
        })
        .build();
    let app = Router::new().route("/t", on_post(echo)).layer(layer);
    send(&app, post("/t", &json!({"a": 1}))).await;
    let entry = only(&sink);
    assert_eq!(arguments(&entry), json!({"by": "closure"}));
    assert_eq!(entry.session_metadata["tenant"], "/t");
}

#[tokio::test]
async fn a_classifier_of_ones_own_sees_the_answer() {
    let sink = MemorySink::new();
    let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .classify(|answer: &Answer, outcome: &mut OutcomeBuilder<'_>| {
            answer.describe_outcome(outcome);
            if answer.json().is_some_and(|answer| answer["ok"] == false) {
                outcome.outcome(Outcome::ToolError).error_type("not_ok");
            }
        })
        .build();
    let app = Router::new()
        .route("/t", on_get(async || Json(json!({"ok": false}))))
        .layer(layer);
    send(&app, get("/t")).await;
    assert_eq!(error_of(&only(&sink)).1, Some("not_ok"));
}

#[tokio::test]
async fn the_same_call_after_a_failure_is_a_retry_and_another_is_none() {
    let sink = MemorySink::new();
    let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .describe(|_: &mut Parts, call: &mut CallBuilder<'_>| {
            call.conversation_id("conv_1").turn_number(1);
        })
        .build();
    let fails = async |_: Json<Value>| StatusCode::INTERNAL_SERVER_ERROR;
    let app = Router::new().route("/t", on_post(fails)).layer(layer);
    for order in ["ORD-1", "ORD-1", "ORD-2"] {
        send(&app, post("/t", &json!({"order_id": order}))).await;
    }
    let triggers = entries(&sink)
        .into_iter()
        .map(|entry| (entry.call_trigger, entry.trigger_basis));
    assert_eq!(
        triggers.collect::<Vec<_>>(),
        [
            (CallTrigger::UserRequest, TriggerBasis::Default),
            (CallTrigger::Retry, TriggerBasis::Inferred),
            (CallTrigger::FollowUp, TriggerBasis::Inferred),
        ]
    );
}

#[tokio::test]
async fn a_panic_in_a_handler_is_recorded_and_goes_on() {
    async fn panics(_: Json<Value>) {
        panic!("password=hunter2 is wrong");
    }
    let sink = MemorySink::new();
    let app = Router::new()
        .route("/t", on_post(panics))
        .layer(audit(&sink));
    let request = post("/t", &json!({"a": 1}));
    let panicked = tokio::spawn(async move { head(&app, request).await }).await;
    assert!(panicked.expect_err("a panic").is_panic());
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Panicked));
    assert_eq!(arguments(&entry), json!({"a": 1}));
    assert!(!sink.lines()[0].contains("hunter2"));
}
