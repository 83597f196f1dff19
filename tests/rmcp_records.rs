//! What the record of an rmcp server's call says, and that the server is the same with and without the audit.

mod rmcp_support;

use std::task::{Context, Poll};

use rmcp::model::{
    CallToolRequest, ClientCapabilities, ClientConfig, ClientRequest, Implementation,
    ProtocolVersion, RequestMetaObject, ServerResult,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, PeerRequestOptions, RunningService, ServiceError,
};
use rmcp::{RoleClient, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tool_audit::adapt::rmcp::{ClassifyTools, DescribeTools, LayeredHandler, ToolRequest, audit};
use tool_audit::{
    AuditLayer, CallBuilder, CallContext, Identity, MemorySink, Outcome, Policy, Recorder,
};
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder};

use rmcp_support::{
    Over, Served, Tools, body, call_of, connect, end, end_of, recorder, router, soon,
};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A call with what clients put into `_meta`.
fn call_with_meta(meta: Value) -> ClientRequest {
    let mut call = CallToolRequest::new(call_of("works"));
    let Value::Object(members) = meta else {
        panic!("no object");
    };
    call.extensions.insert(RequestMetaObject(members.into()));
    ClientRequest::CallToolRequest(call)
}

#[tokio::test]
async fn what_a_request_asserts_is_recorded_and_not_among_what_is_verified() {
    let (recorder, mut entries) = recorder();
    let server = LayeredHandler::audited(Tools::default(), recorder);
    let connected = connect(Over::Duplex, server).await;
    let request = call_with_meta(json!({
        "traceparent": TRACE,
        "io.modelcontextprotocol/aiInvocation": {
            "model": {"name": "gpt-4.1"}, "invocationReason": "the user asked for it", "turnId": "t-3",
        },
    }));
    let sent = connected.client.send_request(request);
    assert!(matches!(
        soon(sent).await,
        Ok(ServerResult::CallToolResult(_))
    ));
    let entry = entries.next().await;
    assert_eq!(entry.model, "gpt-4.1");
    assert_eq!(
        entry.trace_id.as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    assert_eq!(entry.span_id.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!(entry.server.as_deref(), Some("tools"));
    let metadata = Value::Object(entry.session_metadata);
    assert_eq!(metadata["invocation_reason"], "the user asked for it");
    assert_eq!(metadata["turn_id"], "t-3");
    assert_eq!(metadata["client_name"], "rmcp");
    assert!(metadata["client_version"].is_string());
    assert!(metadata["progress_token"].is_number());
    assert_eq!(entry.attribution.verified, Vec::<String>::new());
    assert_eq!(entry.arguments["order_id"], "ORD-1");
}

#[tokio::test]
async fn what_the_server_knows_outweighs_what_a_request_asserts() {
    let (recorder, mut entries) = recorder();
    let context = CallContext::new("desk-7", "usr_9")
        .model("claude")
        .verified("user_id");
    let audit = AuditLayer::builder(recorder)
        .describe(DescribeTools::context(context))
        .classify(ClassifyTools)
        .build();
    let server = LayeredHandler::new(Tools::default(), audit);
    let connected = connect(Over::HttpSession, server).await;
    let request = call_with_meta(json!({
        "io.modelcontextprotocol/aiInvocation": {"model": {"name": "gpt-4.1"}},
    }));
    soon(connected.client.send_request(request))
        .await
        .expect("an answer");
    let entry = entries.next().await;
    assert_eq!(
        (entry.model.as_str(), entry.user_id.as_str()),
        ("claude", "usr_9")
    );
    assert_eq!(entry.conversation_id, "desk-7");
    assert_eq!(entry.attribution.verified, ["user_id"]);
}

#[tokio::test]
async fn a_claim_neither_replaces_nor_crowds_out_what_the_server_knows() {
    let (recorder, mut entries) = recorder();
    let context = CallContext::default()
        .metadata("client_name", "kiosk-4")
        .metadata("zone", "east wing")
        .verified("client_name");
    let audit = AuditLayer::builder(recorder)
        .describe(DescribeTools::context(context))
        .classify(ClassifyTools)
        .build();
    let server = LayeredHandler::new(Tools::default(), audit);
    let connected = connect(Over::Duplex, server).await;
    let long = "because ".repeat(4096);
    let request = call_with_meta(json!({
        "io.modelcontextprotocol/aiInvocation": {"invocationReason": long, "turnId": long},
    }));
    soon(connected.client.send_request(request))
        .await
        .expect("an answer");
    let entry = entries.next().await;
    let metadata = Value::Object(entry.session_metadata);
    assert_eq!(metadata["client_name"], "kiosk-4");
    assert_eq!(metadata["zone"], "east wing");
    // Claims leave each other room too, and the record says that they were longer.
    assert!(metadata["client_version"].is_string());
    assert!(metadata["turn_id"].is_string());
    let reason = metadata["invocation_reason"].as_str().expect("a text");
    assert!(reason.starts_with("because because"), "{reason}");
    assert!(entry.shortened.contains(&"session_metadata".to_owned()));
}

/// Says who the caller is, as a layer that authenticates does.
#[derive(Clone)]
struct Authenticated<S>(S);

impl<S: Service<ToolRequest>> Service<ToolRequest> for Authenticated<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: ToolRequest) -> S::Future {
        request.identity.set(Identity::user("usr_9").role("nurse"));
        self.0.call(request)
    }
}

#[tokio::test]
async fn a_layer_inside_says_who_the_caller_is() {
    let (recorder, mut entries) = recorder();
    let stack = ServiceBuilder::new()
        .layer(audit(recorder))
        .layer(layer_fn(Authenticated));
    let server = LayeredHandler::new(Tools::default(), stack);
    let connected = connect(Over::Duplex, server).await;
    soon(connected.client.call_tool(call_of("works")))
        .await
        .expect("an answer");
    let entry = entries.next().await;
    assert_eq!(
        (entry.user_id.as_str(), entry.role()),
        ("usr_9", Some("nurse"))
    );
    assert_eq!(entry.attribution.verified, ["user_id", "user_role"]);
}

#[tokio::test]
async fn what_came_over_http_says_session_user_agent_and_trace() {
    let (recorder, mut entries) = recorder();
    let server = LayeredHandler::audited(Tools::default(), recorder);
    let connected = connect(Over::HttpSession, server).await;
    for _ in 0..2 {
        soon(connected.client.call_tool(call_of("works")))
            .await
            .expect("an answer");
    }
    let (one, other) = (entries.next().await, entries.next().await);
    assert_ne!(one.conversation_id, "unknown");
    assert_eq!(one.conversation_id, other.conversation_id);
    assert_ne!(one.tool_call_id, other.tool_call_id);

    let (recorder, mut entries) = rmcp_support::recorder();
    let server = LayeredHandler::audited(Tools::default(), recorder);
    let served = Served::new(router(server, Over::HttpStatelessJson.config()));
    let headers = format!("User-Agent: by hand\r\nTraceparent: {TRACE}\r\n");
    let _open = served.post(&headers, &body("works")).await;
    let entry = entries.next().await;
    assert_eq!(entry.conversation_id, "unknown");
    assert_eq!(entry.session_metadata["user_agent"], "by hand");
    assert_eq!(entry.span_id.as_deref(), Some("00f067aa0ba902b7"));
}

#[tokio::test]
async fn tools_that_may_destroy_leave_a_record_of_intent() {
    for (tool, is_destructive) in [
        ("works", false),
        ("adds", false),
        ("fails", false),
        ("changes", true),
        ("destroys", true),
    ] {
        for asked_for in [true, false] {
            let sink = MemorySink::new();
            let policy = Policy::new().intent_for_destructive(asked_for);
            let recorder = Recorder::builder(sink.clone()).policy(policy).build();
            let server = LayeredHandler::audited(Tools::default(), recorder);
            let connected = connect(Over::Duplex, server).await;
            soon(connected.client.call_tool(call_of(tool)))
                .await
                .expect("an answer");
            let kinds: Vec<_> = sink.entries().into_iter().map(|entry| entry.kind).collect();
            if is_destructive && asked_for {
                assert_eq!(kinds, ["tool_call_started", "tool_call"], "{tool}");
            } else {
                assert_eq!(kinds, ["tool_call"], "{tool}");
            }
        }
    }
}

#[tokio::test]
async fn a_durable_layer_goes_around_the_tools_too() {
    let sink = MemorySink::new();
    let audit = AuditLayer::builder(Recorder::new(sink.clone()))
        .describe(DescribeTools::new())
        .classify(ClassifyTools)
        .build_durable();
    let server = LayeredHandler::new(Tools::default(), audit);
    let connected = connect(Over::Duplex, server).await;
    let answer = soon(connected.client.call_tool(call_of("destroys"))).await;
    assert_ne!(answer.expect("an answer").is_error, Some(true));
    let kinds: Vec<_> = sink.entries().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["tool_call_started", "tool_call"]);
}

type ModernClient = RunningService<RoleClient, ClientConfig>;

/// A client that speaks protocol version 2026-07-28, and takes tasks in place of results.
async fn modern_client(server: impl ServerHandler + Clone) -> ModernClient {
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        if let Ok(running) = server.serve(near).await {
            drop(running.waiting().await);
        }
    });
    let capabilities = ClientCapabilities::builder().enable_tasks().build();
    let info = ClientConfig::new(capabilities, Implementation::new("modern", "2.0"));
    let lifecycle = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    soon(info.serve_with_lifecycle(far, lifecycle))
        .await
        .expect("a session")
}

fn request(tool: &'static str) -> ClientRequest {
    ClientRequest::CallToolRequest(CallToolRequest::new(call_of(tool)))
}

#[tokio::test]
async fn interim_answers_and_tasks_are_told_apart_from_results() {
    let (recorder, mut entries) = recorder();
    let server = LayeredHandler::audited(Tools::default(), recorder);
    let client = modern_client(server).await;
    let answer = soon(client.send_request(request("asks"))).await;
    assert!(
        matches!(answer, Ok(ServerResult::InputRequiredResult(_))),
        "{answer:?}"
    );
    assert_eq!(entries.end().await, end("asks", Outcome::InputRequired, ""));
    let answer = soon(client.send_request(request("hands_over"))).await;
    assert!(
        matches!(answer, Ok(ServerResult::CreateTaskResult(_))),
        "{answer:?}"
    );
    let entry = entries.next().await;
    let expected = end("hands_over", Outcome::InputRequired, "task_created");
    assert_eq!(end_of(&entry), expected);
    assert_eq!(entry.session_metadata["client_name"], "modern");
    assert_eq!(entry.session_metadata["client_version"], "2.0");
}

#[tokio::test]
async fn a_question_that_comes_after_the_call_was_cancelled_says_so() {
    let (recorder, mut entries) = recorder();
    let tools = Tools::default();
    let server = LayeredHandler::audited(tools.clone(), recorder);
    let client = modern_client(server).await;
    let options = PeerRequestOptions::no_options();
    let sent = client.send_cancellable_request(request("asks_too_late"), options);
    let call = soon(sent).await.expect("sent");
    soon(tools.begun.acquire()).await.expect("open").forget();
    soon(call.cancel(None)).await.expect("sent");
    let expected = end(
        "asks_too_late",
        Outcome::InputRequired,
        "cancelled_by_client",
    );
    assert_eq!(entries.end().await, expected);
}

#[tokio::test]
async fn the_code_of_an_error_is_the_one_that_the_client_gets() {
    let (recorder, mut entries) = recorder();
    let client = modern_client(LayeredHandler::audited(Tools::default(), recorder)).await;
    let answer = soon(client.send_request(request("finds_no_resource"))).await;
    let Err(ServiceError::McpError(error)) = answer else {
        panic!("{answer:?}");
    };
    let code = error.code.0.to_string();
    let expected = end("finds_no_resource", Outcome::ServiceError, &code);
    assert_eq!(entries.end().await, expected);
}

#[tokio::test]
async fn a_request_shows_nothing_that_the_client_says() {
    let (recorder, _entries) = recorder();
    let (sender, shown) = std::sync::mpsc::channel();
    let audit = AuditLayer::builder(recorder)
        .describe(move |request: &mut ToolRequest, _: &mut CallBuilder<'_>| {
            sender.send(format!("{request:?}")).expect("a test");
        })
        .classify(ClassifyTools)
        .build();
    let server = LayeredHandler::new(Tools::default(), audit);
    let served = Served::new(router(server, Over::HttpStatelessJson.config()));
    let mut message = body("works");
    message["id"] = "hunter2-secret".into();
    let mut stream = served.post("", &message).await;
    soon(stream.read_u8()).await.expect("an answer");
    let shown = shown.recv().expect("a call");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn an_interim_answer_that_the_client_does_not_understand_is_the_error_that_it_gets() {
    let (recorder, mut entries) = recorder();
    let server = LayeredHandler::audited(Tools::default(), recorder);
    let connected = connect(Over::Duplex, server).await;
    for (tool, code) in [("asks", "-32600"), ("hands_over", "-32021")] {
        let without = connect(Over::Duplex, Tools::default()).await;
        let expected = soon(without.client.send_request(request(tool))).await;
        let answer = soon(connected.client.send_request(request(tool))).await;
        let text = |answer: Result<ServerResult, ServiceError>| {
            answer.expect_err("not understood").to_string()
        };
        assert_eq!(text(answer), text(expected));
        assert_eq!(entries.end().await, end(tool, Outcome::ServiceError, code));
    }
}

#[tokio::test]
async fn a_client_sees_the_same_server_with_and_without_the_audit() {
    for over in Over::ALL {
        let (recorder, _entries) = recorder();
        let bare = connect(over, Tools::default()).await;
        let audited = connect(over, LayeredHandler::audited(Tools::default(), recorder)).await;
        assert_eq!(bare.client.peer_info(), audited.client.peer_info());
        let tools = soon(bare.client.list_all_tools()).await.expect("tools");
        assert_eq!(
            tools,
            soon(audited.client.list_all_tools()).await.expect("tools")
        );
        for tool in ["works", "fails"] {
            let answer = soon(bare.client.call_tool(call_of(tool))).await;
            let same = soon(audited.client.call_tool(call_of(tool))).await;
            assert_eq!(answer.expect("an answer"), same.expect("an answer"));
        }
    }
}
