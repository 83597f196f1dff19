//! MCP connections that are watched: every `tools/call` one entry with the right end, and not a byte changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::task::{Context, Poll};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tool_audit::adapt::mcp::{End, McpSession, OnUnrecordable, Relay};
use tool_audit::{
    Admission, AuditEntry, AuditSink, CallContext, MemorySink, Outcome, Policy, Recorder,
    SanitizedEntry, SinkError, Ticket,
};

fn session() -> (McpSession, MemorySink) {
    let sink = MemorySink::new();
    let context = CallContext::new("session_1", "usr_9");
    (McpSession::new(Recorder::new(sink.clone()), context), sink)
}

/// Shows the session messages, `>` before those of the client.
fn show(session: &mut McpSession, messages: &[(char, Value)]) {
    for (direction, message) in messages {
        let line = message.to_string();
        if *direction == '>' {
            session.client_line(line.as_bytes(), &Admission::Admitted);
        } else {
            session.server_line(line.as_bytes());
        }
    }
}

fn request(id: u64, tool: &str) -> (char, Value) {
    let params = json!({"name": tool, "arguments": {"order_id": "ORD-1"}});
    (
        '>',
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}),
    )
}

fn result(id: u64, result: &Value) -> (char, Value) {
    ('<', json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

fn ends(sink: &MemorySink) -> Vec<(String, Outcome, Option<String>)> {
    let end = |entry: &AuditEntry| {
        let summary = entry.result_summary.as_ref();
        (
            entry.tool_name.clone(),
            entry.outcome.unwrap(),
            summary.and_then(|summary| summary.error_type.clone()),
        )
    };
    sink.entries().iter().map(end).collect()
}

fn end(tool: &str, outcome: Outcome, error_type: &str) -> (String, Outcome, Option<String>) {
    let error_type = (!error_type.is_empty()).then(|| error_type.to_owned());
    (tool.to_owned(), outcome, error_type)
}

#[test]
fn every_end_of_a_call_is_told_apart() {
    let (mut session, sink) = session();
    let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
    let mut failed = text("no such order");
    failed["isError"] = true.into();
    show(
        &mut session,
        &[
            request(1, "works"),
            result(1, &text("done")),
            request(2, "fails"),
            result(2, &failed),
            request(3, "unknown_tool"),
            (
                '<',
                json!({"jsonrpc": "2.0", "id": 3, "error": {"code": -32602, "message": "no such tool"}}),
            ),
            request(4, "asks"),
            result(
                4,
                &json!({"resultType": "input_required", "inputRequests": {}}),
            ),
            request(5, "slow"),
            (
                '>',
                json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5, "reason": "too slow"}}),
            ),
            result(5, &text("too late")),
            request(6, "odd"),
            ('<', json!({"jsonrpc": "2.0", "id": 6})),
            request(7, "left_open"),
        ],
    );
    session.client_left();
    assert_eq!(
        ends(&sink),
        [
            end("works", Outcome::Success, ""),
            end("fails", Outcome::ToolError, "tool_error"),
            end("unknown_tool", Outcome::ServiceError, "-32602"),
            end("asks", Outcome::InputRequired, ""),
            end("slow", Outcome::Cancelled, "cancelled_by_client"),
            end("odd", Outcome::ServiceError, "no_result"),
            end("left_open", Outcome::Cancelled, ""),
        ]
    );
    assert_eq!(sink.entries()[0].tool_call_id.as_deref(), Some("1"));
}

#[test]
fn an_id_that_a_server_of_javascript_writes_otherwise_is_the_same() {
    let (mut session, sink) = session();
    let mut client = |line: &str| {
        session.client_line(line.as_bytes(), &Admission::Admitted);
    };
    for (id, tool) in [
        ("7.0", "c"),
        ("1", "t"),
        ("1e2", "u"),
        ("9007199254740993", "v"),
    ] {
        client(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}"}}}}"#
        ));
    }
    client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#);
    for id in ["1.0", "100", "9007199254740992"] {
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#);
        session.server_line(answer.as_bytes());
    }
    let success = |tool| end(tool, Outcome::Success, "");
    assert_eq!(
        ends(&sink),
        [
            end("c", Outcome::Cancelled, "cancelled_by_client"),
            success("t"),
            success("u"),
            success("v"),
        ]
    );
    // Where there is one that is exactly the same, it is that one.
    show(
        &mut session,
        &[
            request(9_007_199_254_740_992, "even"),
            request(9_007_199_254_740_993, "odd"),
            result(9_007_199_254_740_993, &json!({"content": []})),
        ],
    );
    assert_eq!(ends(&sink)[4], success("odd"));
}

#[test]
fn a_server_that_ends_fails_what_it_was_asked() {
    let (mut session, sink) = session();
    show(&mut session, &[request(1, "a"), request(2, "b")]);
    session.server_ended("the server ended: exit status: 3");
    let failed = |tool| end(tool, Outcome::ServiceError, "server_ended");
    assert_eq!(ends(&sink), [failed("a"), failed("b")]);
}

#[test]
fn a_call_that_becomes_a_task_ends_with_the_tasks_result() {
    let (mut session, sink) = session();
    let task =
        |id: u64, name: &str| result(id, &json!({"task": {"taskId": name, "status": "working"}}));
    let of_task = |id: u64, method: &str, task: &str| {
        (
            '>',
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"taskId": task}}),
        )
    };
    let status = |task: &str, status: &str| {
        (
            '<',
            json!({"jsonrpc": "2.0", "method": "notifications/tasks/status", "params": {"taskId": task, "status": status, "statusMessage": "why"}}),
        )
    };
    show(
        &mut session,
        &[
            request(1, "fetched"),
            task(1, "t1"),
            request(2, "cancelled"),
            task(2, "t2"),
            request(3, "failed"),
            task(3, "t3"),
            of_task(4, "tasks/result", "t1"),
            status("t1", "completed"),
            of_task(5, "tasks/cancel", "t2"),
            status("t3", "failed"),
            result(4, &json!({"content": [], "isError": true})),
        ],
    );
    assert_eq!(
        ends(&sink),
        [
            end("cancelled", Outcome::Cancelled, "cancelled_by_client"),
            end("failed", Outcome::ToolError, "task_failed"),
            end("fetched", Outcome::ToolError, "tool_error"),
        ]
    );
}

#[test]
fn a_task_of_the_extension_ends_its_call_where_it_is_said_to_have_ended() {
    let (mut session, sink) = session();
    let task = |name: &str, status: &str, more: Value| {
        let mut task =
            json!({"taskId": name, "status": status, "createdAt": "2026-07-28T00:00:00Z"});
        for (member, value) in more.as_object().unwrap() {
            task[member] = value.clone();
        }
        task
    };
    let begun = |name: &str| task(name, "working", json!({"resultType": "task"}));
    let get = |id: u64, name: &str| {
        (
            '>',
            json!({"jsonrpc": "2.0", "id": id, "method": "tasks/get", "params": {"taskId": name}}),
        )
    };
    let failed = json!({"error": {"code": -32603, "message": "the worker is gone"}});
    show(
        &mut session,
        &[
            request(1, "polled"),
            result(1, &begun("t1")),
            request(2, "told"),
            result(2, &begun("t2")),
            request(3, "fails"),
            result(3, &begun("t3")),
            request(4, "left_open"),
            result(4, &begun("t4")),
            get(5, "t1"),
            result(5, &task("t1", "working", json!({"resultType": "complete"}))),
            get(6, "t1"),
            get(7, "t3"),
            result(
                6,
                &task(
                    "t1",
                    "completed",
                    json!({"result": {"content": [], "isError": true}}),
                ),
            ),
            (
                '<',
                json!({"jsonrpc": "2.0", "method": "notifications/tasks", "params": task("t2", "completed", json!({"result": {"content": []}}))}),
            ),
            result(7, &task("t3", "failed", failed)),
        ],
    );
    session.client_left();
    assert_eq!(
        ends(&sink),
        [
            end("polled", Outcome::ToolError, "tool_error"),
            end("told", Outcome::Success, ""),
            end("fails", Outcome::ServiceError, "-32603"),
            end("left_open", Outcome::Cancelled, ""),
        ]
    );
}

#[test]
fn what_is_known_of_a_session_outweighs_what_its_client_claims() {
    let sink = MemorySink::new();
    let context = CallContext::new("session_1", "usr_9")
        .metadata("client_name", "kiosk-4")
        .metadata("zone", "east wing");
    let mut session = McpSession::new(Recorder::new(sink.clone()), context);
    let meta = json!({"io.modelcontextprotocol/aiInvocation": {"invocationReason": "because ".repeat(4096)}});
    show(
        &mut session,
        &[
            (
                '>',
                json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"clientInfo": {"name": "inspector", "version": "1.2"}}}),
            ),
            (
                '>',
                json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_order", "_meta": meta}}),
            ),
            ('<', json!({"jsonrpc": "2.0", "id": 1, "result": {}})),
        ],
    );
    let metadata: BTreeMap<_, _> = sink
        .entries()
        .remove(0)
        .session_metadata
        .into_iter()
        .collect();
    assert_eq!(metadata["client_name"], "kiosk-4");
    assert_eq!(metadata["client_version"], "1.2");
    assert_eq!(metadata["zone"], "east wing");
    assert!(metadata.contains_key("invocation_reason"));
}

#[test]
fn what_the_client_says_of_itself_and_of_the_model_is_kept_as_a_claim() {
    let (mut session, sink) = session();
    let meta = json!({
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "io.modelcontextprotocol/aiInvocation": {"model": {"name": "gpt-4.1"}, "invocationReason": "the user asked", "turnId": "t-3"}
    });
    show(
        &mut session,
        &[
            (
                '>',
                json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"clientInfo": {"name": "inspector", "version": "1.2"}}}),
            ),
            result(
                0,
                &json!({"serverInfo": {"name": "orders", "version": "9"}}),
            ),
            (
                '>',
                json!({"jsonrpc": "2.0", "id": "x-1", "method": "tools/call", "params": {"name": "get_order", "_meta": meta}}),
            ),
            ('<', json!({"jsonrpc": "2.0", "id": "x-1", "result": {}})),
        ],
    );
    let entry = sink.entries().remove(0);
    assert_eq!(entry.conversation_id, "session_1");
    assert_eq!(entry.user_id, "usr_9");
    assert_eq!(entry.model, "gpt-4.1");
    assert_eq!(entry.server.as_deref(), Some("orders"));
    assert_eq!(entry.tool_call_id.as_deref(), Some("x-1"));
    assert_eq!(
        entry.trace_id.as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    assert_eq!(entry.span_id.as_deref(), Some("00f067aa0ba902b7"));
    assert!(entry.attribution.verified.is_empty());
    let metadata: BTreeMap<_, _> = entry.session_metadata.into_iter().collect();
    assert_eq!(metadata["client_name"], "inspector");
    assert_eq!(metadata["client_version"], "1.2");
    assert_eq!(metadata["invocation_reason"], "the user asked");
    assert_eq!(metadata["turn_id"], "t-3");
}

#[test]
fn client_and_server_are_known_without_a_handshake() {
    let (mut session, sink) = session();
    let client =
        json!({"io.modelcontextprotocol/clientInfo": {"name": "inspector", "version": "1.2"}});
    let server = json!({"_meta": {"io.modelcontextprotocol/serverInfo": {"name": "orders", "version": "9"}}});
    let message = |id: u64, method: &str| {
        let params = json!({"name": "get_order", "_meta": client});
        (
            '>',
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}),
        )
    };
    show(
        &mut session,
        &[
            message(0, "server/discover"),
            result(0, &server),
            message(1, "tools/call"),
            result(1, &server),
        ],
    );
    let entry = sink.entries().remove(0);
    assert_eq!(entry.server.as_deref(), Some("orders"));
    let metadata: BTreeMap<_, _> = entry.session_metadata.into_iter().collect();
    assert_eq!(metadata["client_name"], "inspector");
}

#[test]
fn lists_of_messages_and_calls_without_an_id_are_seen_too() {
    let (mut session, sink) = session();
    let batch = Value::Array([1, 2].map(|id| request(id, "in_a_list").1).to_vec());
    let answers = Value::Array([2, 1].map(|id| result(id, &json!({})).1).to_vec());
    let unasked = json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "unasked"}});
    show(
        &mut session,
        &[('>', batch), ('<', answers), ('>', unasked)],
    );
    session.client_left();
    assert_eq!(
        ends(&sink),
        [
            end("in_a_list", Outcome::Success, ""),
            end("in_a_list", Outcome::Success, ""),
            end("unasked", Outcome::Cancelled, ""),
        ]
    );
}

#[test]
fn requests_of_the_server_are_no_answers() {
    let (mut session, sink) = session();
    show(
        &mut session,
        &[
            request(1, "asks_back"),
            (
                '<',
                json!({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {}}),
            ),
            (
                '>',
                json!({"jsonrpc": "2.0", "id": 1, "result": {"role": "assistant"}}),
            ),
        ],
    );
    assert!(sink.entries().is_empty());
    show(&mut session, &[result(1, &json!({}))]);
    assert_eq!(ends(&sink), [end("asks_back", Outcome::Success, "")]);
}

#[test]
fn nothing_goes_round_the_log_in_a_message_that_cannot_be_read() {
    let (mut session, sink) = session();
    let twice = br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#;
    let deep = format!(
        r#"{{"method":"tools/call","params":{}{}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    session.client_line(twice, &Admission::Admitted);
    session.client_line(deep.as_bytes(), &Admission::Admitted);
    session.client_line(b"", &Admission::Admitted);
    session.server_line(b"starting up...");
    let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
    assert_eq!(ends(&sink), [unread.clone(), unread]);
    assert_eq!(session.stats().unreadable_from_client, 2);
    assert_eq!(session.stats().unreadable_from_server, 1);
}

#[test]
fn ten_thousand_calls_that_nobody_answers_are_bounded_and_all_recorded() {
    let (mut session, sink) = session();
    for id in 0..10_000 {
        show(&mut session, &[request(id, "hangs")]);
    }
    let ended_early = sink.entries().len();
    assert_eq!(ended_early, 10_000 - 4096);
    session.client_left();
    assert_eq!(sink.entries().len(), 10_000);
    assert!(
        ends(&sink)
            .iter()
            .all(|(_, outcome, _)| *outcome == Outcome::Cancelled)
    );
}

// ---- the relay ----

/// A relay with the far ends of its streams.
struct Talk {
    client: DuplexStream,
    server: DuplexStream,
    relayed: tokio::task::JoinHandle<std::io::Result<End>>,
}

fn talk(relay: Relay) -> Talk {
    let (client, near_client) = duplex(1 << 26);
    let (server, near_server) = duplex(1 << 26);
    let relayed = tokio::spawn(async move {
        let (from_client, to_client) = split(near_client);
        let (from_server, to_server) = split(near_server);
        let end = relay
            .run((from_client, to_client), (from_server, to_server))
            .await;
        relay.session().client_left();
        end
    });
    Talk {
        client,
        server,
        relayed,
    }
}

fn relay_into(sink: impl AuditSink, policy: Policy, mode: OnUnrecordable) -> Relay {
    let recorder = Recorder::builder(sink).policy(policy).build();
    let session = McpSession::new(recorder.clone(), CallContext::new("s", "u"));
    Relay::new(recorder, session, mode)
}

/// Writes `line` in pieces of these sizes, in turn, and checks that it comes out at `to` as it is.
async fn carry(from: &mut DuplexStream, to: &mut DuplexStream, line: &[u8], sizes: &[usize]) {
    let mut rest = line;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        from.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
        rest = after;
    }
    let mut came = vec![0; line.len()];
    to.read_exact(&mut came).await.unwrap();
    assert!(came == line, "{:?}", String::from_utf8_lossy(&came));
}

#[test]
fn recorded_traffic_passes_unchanged_in_pieces_of_any_size_and_every_call_is_seen() {
    let Some(shared) = std::env::var_os("TOOL_AUDIT_SHARED") else {
        println!("SKIPPED: TOOL_AUDIT_SHARED is not set, so there is no recorded traffic");
        return;
    };
    let wire = std::fs::read_to_string(PathBuf::from(shared).join("data/mcp_wire.jsonl")).unwrap();
    let messages: Vec<Value> = wire
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let modes = prop_oneof![Just(OnUnrecordable::PassOn), Just(OnUnrecordable::Refuse)];
    let cases = (prop::collection::vec(1_usize..5000, 1..8), modes);
    let mut runner = TestRunner::new(Config::with_cases(24));
    let done = runner.run(&cases, |(sizes, mode)| {
        let sink = MemorySink::new();
        runtime.block_on(async {
            let mut sessions: Vec<&str> = messages
                .iter()
                .map(|message| message["session"].as_str().unwrap())
                .collect();
            sessions.dedup();
            for session in sessions {
                let mut talk = talk(relay_into(sink.clone(), Policy::new(), mode));
                for message in messages
                    .iter()
                    .filter(|message| message["session"] == session)
                {
                    let line = format!("{}\n", message["msg"]);
                    if message["dir"] == "c2s" {
                        carry(&mut talk.client, &mut talk.server, line.as_bytes(), &sizes).await;
                    } else {
                        carry(&mut talk.server, &mut talk.client, line.as_bytes(), &sizes).await;
                    }
                }
                talk.client.shutdown().await.unwrap();
                let mut rest = Vec::new();
                talk.server.read_to_end(&mut rest).await.unwrap();
                drop(talk.server);
                assert_eq!(talk.relayed.await.unwrap().unwrap(), End::ClientLeft);
            }
        });
        let entries = sink.entries();
        prop_assert_eq!(entries.len(), 29);
        prop_assert_eq!(entries.iter().filter(|entry| !entry.success).count(), 7);
        Ok(())
    });
    done.unwrap();
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn bytes_of_any_kind_pass_unchanged_in_both_directions(
        sent in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'{'), Just(b'"')], 0..4000),
        answered in prop::collection::vec(any::<u8>(), 0..4000),
        size in 1_usize..2000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut talk = talk(relay_into(MemorySink::new(), Policy::new(), OnUnrecordable::PassOn));
            carry(&mut talk.client, &mut talk.server, &sent, &[size]).await;
            carry(&mut talk.server, &mut talk.client, &answered, &[size]).await;
            drop(talk.server);
            prop_assert_eq!(talk.relayed.await.unwrap().unwrap(), End::ServerEnded);
            let mut rest = Vec::new();
            talk.client.read_to_end(&mut rest).await.unwrap();
            prop_assert!(rest.is_empty());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_server_that_dies_while_it_is_written_to_has_ended_and_not_the_client() {
    for mode in [OnUnrecordable::PassOn, OnUnrecordable::Refuse] {
        let relay = relay_into(MemorySink::new(), Policy::new(), mode);
        let (mut client, near_client) = duplex(1 << 16);
        let (server, near_server) = duplex(16);
        let (_, message) = request(1, "t");
        client
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
        drop(server);
        let end = relay.run(split(near_client), split(near_server)).await;
        assert_eq!(end.unwrap(), End::ServerEnded, "{mode:?}");
        drop(client);
    }
}

#[tokio::test]
async fn a_line_without_end_passes_in_bounded_memory_and_is_recorded() {
    let sink = MemorySink::new();
    let mut talk = talk(relay_into(
        sink.clone(),
        Policy::new(),
        OnUnrecordable::PassOn,
    ));
    let piece = vec![b'x'; 1 << 20];
    let mut came = vec![0; piece.len()];
    for _ in 0..40 {
        talk.client.write_all(&piece).await.unwrap();
        talk.server.read_exact(&mut came).await.unwrap();
    }
    carry(&mut talk.client, &mut talk.server, b"\n", &[1]).await;
    let (_, next) = request(1, "after");
    let line = format!("{next}\n");
    carry(&mut talk.client, &mut talk.server, line.as_bytes(), &[100]).await;
    drop(talk.server);
    talk.relayed.await.unwrap().unwrap();
    assert_eq!(
        ends(&sink),
        [
            end("unknown", Outcome::ServiceError, "unreadable_message"),
            end("after", Outcome::Cancelled, ""),
        ]
    );
}

/// Takes nothing.
#[derive(Debug)]
struct Full;

impl AuditSink for Full {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        Ticket::LOST
    }
    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Pending
    }
}

async fn line_from(stream: &mut DuplexStream) -> Value {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await.unwrap() {
            b'\n' => return serde_json::from_slice(&line).unwrap(),
            byte => line.push(byte),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_recorded_is_refused_where_that_is_asked_for() {
    let policy = Policy::new().max_wait(Duration::from_secs(5));
    let mut talk = talk(relay_into(Full, policy, OnUnrecordable::Refuse));
    let line = format!("{}\n", request(7, "issue_refund").1);
    talk.client.write_all(line.as_bytes()).await.unwrap();
    let refused = line_from(&mut talk.client).await;
    assert_eq!(refused["id"], 7);
    assert_eq!(refused["error"]["code"], -32000);
    // What is no call passes, and the refused one never came.
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\"}\n";
    carry(&mut talk.client, &mut talk.server, ping, &[10]).await;
    // Nor does what cannot be read pass.
    talk.client.write_all(b"{\"method\":\n").await.unwrap();
    let refused = line_from(&mut talk.client).await;
    assert_eq!(refused["id"], Value::Null);
    carry(&mut talk.client, &mut talk.server, ping, &[10]).await;
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_passes_at_once_where_nothing_else_is_asked_for() {
    let mut talk = talk(relay_into(Full, Policy::new(), OnUnrecordable::PassOn));
    let line = format!("{}\n", request(7, "issue_refund").1);
    carry(&mut talk.client, &mut talk.server, line.as_bytes(), &[1000]).await;
}

/// Takes entries, and never says that they are durable.
#[derive(Debug)]
struct Undurable(MemorySink);

impl AuditSink for Undurable {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        self.0.record(entry);
        Ticket::number(1)
    }
    fn poll_committed(
        &self,
        _cx: &mut Context<'_>,
        _ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Err(SinkError::other("the disk is gone")))
    }
}

#[tokio::test]
async fn an_answer_whose_record_is_not_durable_is_withheld_where_that_is_asked_for() {
    let sink = MemorySink::new();
    let relay = relay_into(
        Undurable(sink.clone()),
        Policy::new(),
        OnUnrecordable::Refuse,
    );
    let mut talk = talk(relay);
    let line = format!("{}\n", request(7, "issue_refund").1);
    carry(&mut talk.client, &mut talk.server, line.as_bytes(), &[1000]).await;
    let answer = format!("{}\n", result(7, &json!({"done": true})).1);
    talk.server.write_all(answer.as_bytes()).await.unwrap();
    let refused = line_from(&mut talk.client).await;
    assert_eq!(refused["id"], 7);
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("the tool ran"),
        "{refused}"
    );
    assert_eq!(ends(&sink), [end("issue_refund", Outcome::Success, "")]);
    // What is answered in the same line is withheld too, and nobody waits for it for ever.
    let line = format!(
        "{}\n",
        json!([request(8, "a").1, {"jsonrpc": "2.0", "id": 9, "method": "ping"}])
    );
    carry(&mut talk.client, &mut talk.server, line.as_bytes(), &[1000]).await;
    let answers = format!(
        "{}\n",
        json!([result(9, &json!({})).1, result(8, &json!({})).1])
    );
    talk.server.write_all(answers.as_bytes()).await.unwrap();
    for id in [9, 8] {
        assert_eq!(line_from(&mut talk.client).await["id"], id);
    }
}

#[tokio::test]
async fn a_call_whose_intent_is_not_durable_is_not_made_where_that_is_asked_for() {
    let sink = MemorySink::new();
    let policy = Policy::new().intent(["issue_*"]);
    let mut talk = talk(relay_into(
        Undurable(sink.clone()),
        policy,
        OnUnrecordable::Refuse,
    ));
    let line = format!("{}\n", request(7, "issue_refund").1);
    talk.client.write_all(line.as_bytes()).await.unwrap();
    assert_eq!(line_from(&mut talk.client).await["id"], 7);
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\"}\n";
    carry(&mut talk.client, &mut talk.server, ping, &[10]).await;
    let last = sink.entries().pop().unwrap();
    assert_eq!(last.outcome, Some(Outcome::Rejected));
}
