//! Requests and answers that are made, or left, so that the record would say less than the tool saw.

mod common;
mod http_support;

use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::post as on_post;
use axum::{BoxError, Json, Router};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Frame;
use serde_json::{Value, json};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::sanitize::Action;
use tool_audit::{AuditEntry, MemorySink, Outcome, Recorder, Sanitizer};

use common::{error_of, only};
use http_support::{answering, audit, get, head, scripted, send};

fn data(bytes: &'static [u8]) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(bytes)))
}

fn sent(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header(CONTENT_TYPE, kind);
    request.body(body.into()).expect("a request")
}

/// What is recorded of a tool at `path` that reads its body.
async fn recorded(layer: HttpAuditLayer, sink: &MemorySink, request: Request<Body>) -> AuditEntry {
    let app = Router::new()
        .route("/t", on_post(async |_: Bytes| "ok"))
        .route("/orders/{id}", on_post(async |_: Bytes| "ok"))
        .layer(layer);
    send(&app, request).await;
    only(sink)
}

async fn arguments_of(path: &str, kind: &str, body: &str) -> Value {
    let sink = MemorySink::new();
    let request = sent(path, kind, body.to_owned());
    let entry = recorded(audit(&sink), &sink, request).await;
    serde_json::to_value(&entry.arguments).expect("arguments")
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn of_a_member_that_stands_twice_both_values_are_recorded_under_its_name() {
    for (body, expected) in [
        (r#"{"a":1,"a":"x","a":null}"#, json!({"a": [1, "x", null]})),
        (r#"{"a":[1],"a":[2,3],"a":4}"#, json!({"a": [1, 2, 3, 4]})),
        (
            r#"{"user":{"id":1,"note":"x"},"user":{"id":2}}"#,
            json!({"user": {"id": [1, 2], "note": "x"}}),
        ),
        (r#"{"a":{"b":1},"a":2}"#, json!({"a": [{"b": 1}, 2]})),
    ] {
        assert_eq!(arguments_of("/t", JSON, body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn whom_each_of_two_equal_members_names_is_a_subject() {
    for body in [
        r#"{"patient_id":"P-1","patient_id":"P-7"}"#,
        r#"{"patient_id":["P-1"],"patient_id":["P-7"]}"#,
        r#"{"visit":{"patient_id":"P-1"},"visit":{"patient_id":"P-7"}}"#,
    ] {
        let sink = MemorySink::new();
        let entry = recorded(audit(&sink), &sink, sent("/t", JSON, body)).await;
        assert_eq!(entry.subjects, ["P-1", "P-7"], "{body}");
    }
}

#[tokio::test]
async fn a_rule_for_a_place_holds_for_each_of_two_equal_members() {
    for body in [
        r#"{"note":"plain","note":"kept to oneself"}"#,
        r#"{"user":{"note":"plain"},"user":{"note":"kept to oneself"}}"#,
    ] {
        let sanitizer = Sanitizer::builder()
            .path("arguments.note", Action::Redact)
            .path("arguments.user.note", Action::Redact)
            .build()
            .expect("rules");
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone()).sanitizer(sanitizer).build();
        let layer = HttpAuditLayer::new(recorder);
        recorded(layer, &sink, sent("/t", JSON, body)).await;
        let line = &sink.lines()[0];
        assert!(
            !line.contains("oneself") && !line.contains("plain"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn very_many_equal_members_are_read_like_any_others() {
    let many = 13_000;
    let body = format!("{{{}}}", vec![r#""":1"#; many].join(","));
    let arguments = arguments_of("/t", JSON, &body).await;
    assert!(arguments.get("#2").is_none(), "{arguments}");
    assert!(arguments[""].is_array(), "{arguments}");
}

#[tokio::test]
async fn no_parameter_takes_the_place_of_a_member_of_the_body() {
    let body = r#"{"_parameters":{"account":"X"},"amount":1,"_body":"y"}"#;
    assert_eq!(
        arguments_of("/t?amount=2", JSON, body).await,
        json!({
            "_parameters": {"account": "X"},
            "__parameters": {"amount": "2"},
            "amount": 1,
            "_body": "y",
        })
    );
    let parameters = arguments_of("/orders/7?_query=x&id=9", FORM, "").await;
    assert_eq!(
        parameters,
        json!({"id": "7", "_query": "x", "__query": {"id": "9"}})
    );
    let body = r#"{"_body":"y","_body_bytes":0,"#;
    assert_eq!(
        arguments_of("/t", JSON, body).await,
        json!({
            "_body": "y",
            "_body_bytes": 0,
            "__body": "not_json",
            "__body_bytes": body.len(),
        })
    );
}

#[tokio::test]
async fn of_a_form_that_was_cut_what_is_whole_is_recorded() {
    for (limit, expected) in [
        (16, json!({"name": "x", "_body": "cut", "_body_bytes": 20})),
        (3, json!({"_body": "cut", "_body_bytes": 20})),
        (20, json!({"name": "x", "amount": "10001"})),
    ] {
        let sink = MemorySink::new();
        let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
            .request_limit(limit)
            .build();
        let request = sent("/t", FORM, "name=x&amount=10001&");
        let entry = recorded(layer, &sink, request).await;
        let arguments = serde_json::to_value(&entry.arguments).expect("arguments");
        assert_eq!(arguments, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_body_that_failed_stays_so_though_the_handler_asks_on() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    script.send(data(br#"{"a":1}"#)).expect("a reader");
    script.send(Err("reset".into())).expect("a reader");
    drop(script);
    let asks_on = async |body: Body| {
        let mut body = body;
        while body.frame().await.is_some() {}
    };
    let app = Router::new()
        .route("/t", on_post(asks_on))
        .layer(audit(&sink));
    send(&app, sent("/t", JSON, Body::new(body))).await;
    let entry = only(&sink);
    assert_eq!(entry.arguments["_body"], "failed");
    assert_eq!(entry.arguments["a"], 1);
}

#[tokio::test]
async fn an_upload_that_a_limit_outside_cuts_is_refused_as_without_the_audit() {
    let tool = || Router::new().route("/t", on_post(async |_: Json<Value>| "ok"));
    let sink = MemorySink::new();
    for app in [tool(), tool().layer(audit(&sink))] {
        let (script, body) = scripted();
        script.send(data(&[b' '; 20])).expect("a reader");
        drop(script);
        let request = sent("/t", JSON, Body::new(Limited::new(body, 10)));
        assert_eq!(send(&app, request).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(error_of(&only(&sink)).1, Some("http_413"));
}

#[tokio::test]
async fn an_error_of_a_body_is_found_where_it_is_without_the_audit() {
    #[derive(Debug)]
    struct Gone;
    impl std::fmt::Display for Gone {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("gone")
        }
    }
    impl std::error::Error for Gone {}

    let sink = MemorySink::new();
    let (script, body) = scripted();
    let app = answering(Response::new(Body::new(body))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    script.send(Err(Box::new(Gone))).expect("a reader");
    let error = body.frame().await.expect("a frame").expect_err("an error");
    assert!(error.into_inner().is::<Gone>());
}

#[tokio::test]
async fn whom_a_client_had_seen_before_it_left_is_a_subject_and_more_may_be() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let answer = Response::builder().header(CONTENT_TYPE, JSON);
    let answer = answer.body(Body::new(body)).expect("an answer");
    let mut body = head(&answering(answer).layer(audit(&sink)), get("/t"))
        .await
        .into_body();
    let rows = br#"[{"patient_id":"P-0"},{"patient_id":"P-1"},{"patient"#;
    script.send(data(rows)).expect("a reader");
    assert!(body.frame().await.is_some());
    drop(body);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Cancelled));
    assert_eq!(entry.subjects, ["P-0", "P-1"]);
    assert!(entry.subjects_truncated);
}

#[tokio::test]
async fn a_failure_in_json_is_the_tools_own_though_nobody_read_it_to_its_end() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let answer = Response::builder()
        .status(StatusCode::NOT_FOUND)
        .header(CONTENT_TYPE, JSON);
    let answer = answer.body(Body::new(body)).expect("an answer");
    let mut body = head(&answering(answer).layer(audit(&sink)), get("/t"))
        .await
        .into_body();
    script
        .send(data(br#"{"error":"no such order","more":"#))
        .expect("a reader");
    assert!(body.frame().await.is_some());
    drop(body);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::ToolError));
    assert_eq!(error_of(&entry).0, Some("no such order"));
}

#[tokio::test]
async fn a_text_that_may_have_gone_on_as_json_may_lack_subjects() {
    for (kind, body, expected) in [
        ("text/plain", r#"[{"patient_id":"P-0"}, {"patient"#, true),
        (JSON, r#""[{\"patient_id\":\"P-0\"}, "#, true),
        ("text/plain", "a long report, of which more comes", false),
    ] {
        let sink = MemorySink::new();
        let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
            .answer_limit(20)
            .build();
        let answer = Response::builder().header(CONTENT_TYPE, kind);
        let answer = answer.body(Body::from(body)).expect("an answer");
        send(&answering(answer).layer(layer), get("/t")).await;
        assert_eq!(only(&sink).subjects_truncated, expected, "{kind}: {body}");
    }
}

#[tokio::test]
async fn what_has_members_and_is_not_looked_into_may_lack_subjects() {
    for (kind, expected) in [
        ("multipart/form-data; boundary=x", true),
        ("application/x-ndjson", true),
        ("text/event-stream", true),
        ("image/png", false),
    ] {
        let sink = MemorySink::new();
        let entry = recorded(audit(&sink), &sink, sent("/t", kind, "patient_id")).await;
        assert_eq!(entry.arguments["_body"], "not_recorded");
        assert_eq!(entry.subjects_truncated, expected, "a request of {kind}");

        let sink = MemorySink::new();
        let answer = Response::builder().header(CONTENT_TYPE, kind);
        let answer = answer.body(Body::from("patient_id")).expect("an answer");
        send(&answering(answer).layer(audit(&sink)), get("/t")).await;
        assert_eq!(
            only(&sink).subjects_truncated,
            expected,
            "an answer of {kind}"
        );
    }
}
