//! Sessions over HTTP: an answer may come in another request than the call did, and an id is a secret.

mod mcp_proxy_support;

use std::time::Duration;

use mcp_proxy_support::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tool_audit::Outcome;

const SECRET: &str = "s-4f7c1d9e-secret";

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "clientInfo": {"name": "inspector", "version": "1.2"}}})
}

/// Opens a session, in which the server names itself.
async fn open(stage: &mut Stage) {
    let mut client = stage.post("", &initialize()).await;
    let mut asked = stage.asked().await;
    let result = json!({"jsonrpc": "2.0", "id": 0, "result": {"serverInfo": {"name": "orders", "version": "9"}}});
    let headers = format!("content-type: application/json\r\n{}", session(SECRET));
    asked
        .line
        .answer("200 OK", &headers, result.to_string().as_bytes())
        .await;
    let answer = client.said().await.unwrap();
    assert_eq!(answer.header("mcp-session-id"), Some(SECRET));
}

/// Makes a call whose stream of events breaks off after it said where to go on.
async fn broken_call(stage: &mut Stage, id: u64, tool: &str) {
    let mut client = stage.post(&session(SECRET), &call(id, tool)).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked
        .line
        .write_chunk(format!("id: {id}-1\nretry: 10\ndata:\n\n").as_bytes())
        .await;
    asked.line.write(b"0\r\n\r\n").await;
    assert!(!client.said().await.unwrap().body.is_empty());
}

#[tokio::test]
async fn calls_know_their_session_but_not_its_id() {
    let mut stage = stage().await;
    open(&mut stage).await;
    for id in [1, 2] {
        let mut client = stage.post(&session(SECRET), &call(id, "get_order")).await;
        let mut asked = stage.asked().await;
        assert_eq!(asked.said.header("mcp-session-id"), Some(SECRET));
        asked.line.answer_json(&result(id)).await;
        client.said().await.unwrap();
    }
    let entries = stage.entries(2).await;
    let conversation = &entries[0].conversation_id;
    assert!(conversation.starts_with("pn:session:"), "{conversation}");
    assert_eq!(conversation, &entries[1].conversation_id);
    assert_eq!(entries[0].server.as_deref(), Some("orders"));
    let metadata = metadata(&entries[0]);
    assert_eq!(metadata["client_name"], "inspector");
    assert_eq!(metadata["client_version"], "1.2");
    for line in stage.sink.lines() {
        assert!(
            !line.contains(SECRET) && !line.contains("4f7c1d9e"),
            "{line}"
        );
    }
    let shown = format!("{:?}", stage.proxy);
    assert!(!shown.contains("4f7c1d9e"), "{shown}");
}

#[tokio::test]
async fn an_answer_that_comes_when_the_client_asks_again_ends_the_call() {
    let mut stage = stage().await;
    open(&mut stage).await;
    broken_call(&mut stage, 1, "polled").await;
    assert!(stage.sink.entries().is_empty());
    let headers = format!("{}last-event-id: 1-1\r\n", session(SECRET));
    let mut client = stage.ask("GET", &headers, b"").await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.header("last-event-id"), Some("1-1"));
    asked.line.begin_events().await;
    let answer = event(&result(1));
    asked.line.write_chunk(&answer).await;
    client.head().await.unwrap();
    assert_eq!(client.chunks(answer.len()).await, answer);
    assert_eq!(stage.ends(1).await, [end("polled", Outcome::Success, "")]);
}

#[tokio::test]
async fn an_answer_to_another_request_with_the_same_id_is_not_the_calls() {
    let mut stage = stage().await;
    open(&mut stage).await;
    let mut client = stage.post(&session(SECRET), &call(1, "slow")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    client.head().await.unwrap();
    // Another client of the session, that has not heard of the first one's ids.
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let mut other = stage.post(&session(SECRET), &list).await;
    let tools = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}});
    stage.asked().await.line.answer_json(&tools).await;
    other.said().await.unwrap();
    let failed = json!({"jsonrpc": "2.0", "id": 1, "result": {"isError": true, "content": []}});
    asked.line.write_chunk(&event(&failed)).await;
    client.chunk().await.unwrap();
    assert_eq!(
        stage.ends(1).await,
        [end("slow", Outcome::ToolError, "tool_error")]
    );
}

#[tokio::test]
async fn a_client_that_goes_on_elsewhere_has_its_answer_before_its_old_connection_is_seen_to_end() {
    let mut stage = stage().await;
    open(&mut stage).await;
    let mut client = stage.post(&session(SECRET), &call(1, "polled")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(b"id: 7\ndata:\n\n").await;
    client.head().await.unwrap();
    let headers = format!("{}last-event-id: 7\r\n", session(SECRET));
    let mut again = stage.ask("GET", &headers, b"").await;
    let mut resumed = stage.asked().await;
    resumed.line.begin_events().await;
    resumed.line.write_chunk(&event(&result(1))).await;
    again.head().await.unwrap();
    again.chunk().await.unwrap();
    drop(client);
    assert!(asked.line.is_gone().await);
    assert_eq!(stage.ends(1).await, [end("polled", Outcome::Success, "")]);
}

#[tokio::test]
async fn a_client_that_leaves_may_come_back_for_its_answer_where_it_was_told_how() {
    let mut stage = stage().await;
    open(&mut stage).await;
    for (id, first, tool) in [
        (1, "id: 7\ndata:\n\n", "may"),
        (2, ": hello\n\n", "may_not"),
    ] {
        let mut client = stage.post(&session(SECRET), &call(id, tool)).await;
        let mut asked = stage.asked().await;
        asked.line.begin_events().await;
        asked.line.write_chunk(first.as_bytes()).await;
        client.head().await.unwrap();
        client.chunks(first.len()).await;
        drop(client);
        assert!(asked.line.is_gone().await);
    }
    assert_eq!(
        stage.ends(1).await,
        [end("may_not", Outcome::Cancelled, "client_left")]
    );
    let mut client = stage.ask("GET", &session(SECRET), b"").await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(&event(&result(1))).await;
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    assert_eq!(stage.ends(2).await[1], end("may", Outcome::Success, ""));
}

#[tokio::test]
async fn a_call_is_cancelled_by_another_request_of_its_session_alone() {
    let mut stage = stage().await;
    open(&mut stage).await;
    let _waits = stage.post(&session(SECRET), &call(1, "slow")).await;
    let _asked = stage.asked().await;
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "too slow"}});
    for headers in [session("another"), String::new(), session(SECRET)] {
        assert!(stage.sink.entries().is_empty());
        let mut client = stage.post(&headers, &cancelled).await;
        let mut asked = stage.asked().await;
        asked.line.answer("202 Accepted", "", b"").await;
        assert_eq!(client.said().await.unwrap().status(), 202);
    }
    assert_eq!(
        stage.ends(1).await,
        [end("slow", Outcome::Cancelled, "cancelled_by_client")]
    );
}

#[tokio::test]
async fn the_end_of_a_session_is_the_end_of_its_calls() {
    let mut stage = stage().await;
    for (method, status, outcome) in [
        ("DELETE", "200 OK", Outcome::Cancelled),
        ("POST", "404 Not Found", Outcome::ServiceError),
    ] {
        let before = stage.sink.entries().len();
        open(&mut stage).await;
        broken_call(&mut stage, 1, "waits").await;
        // A server need not let a session be ended.
        let mut client = stage.ask("DELETE", &session(SECRET), b"").await;
        let mut asked = stage.asked().await;
        asked.line.answer("405 Method Not Allowed", "", b"").await;
        client.said().await.unwrap();
        assert_eq!(stage.sink.entries().len(), before);
        let mut client = stage.ask(method, &session(SECRET), b"").await;
        let mut asked = stage.asked().await;
        asked.line.answer(status, "", b"").await;
        client.said().await.unwrap();
        let ends = stage.ends(before + 1).await;
        assert_eq!(ends[before], end("waits", outcome, "session_ended"));
    }
}

#[tokio::test]
async fn an_accepted_call_is_answered_in_the_sessions_own_stream() {
    let mut stage = stage().await;
    open(&mut stage).await;
    let mut listening = stage.ask("GET", &session(SECRET), b"").await;
    let mut stream = stage.asked().await;
    stream.line.begin_events().await;
    listening.head().await.unwrap();
    let mut client = stage.post(&session(SECRET), &call(1, "later")).await;
    let mut asked = stage.asked().await;
    asked.line.answer("202 Accepted", "", b"").await;
    client.said().await.unwrap();
    stream.line.write_chunk(&event(&result(1))).await;
    listening.chunk().await.unwrap();
    assert_eq!(stage.ends(1).await, [end("later", Outcome::Success, "")]);
}

#[tokio::test]
async fn from_the_version_without_sessions_on_an_id_says_nothing() {
    let mut stage = stage().await;
    let headers = format!("{}mcp-protocol-version: 2026-07-28\r\n", session(SECRET));
    let mut client = stage.post(&headers, &call(1, "t")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(b"id: 1\ndata:\n\n").await;
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    // Closing the stream is how a call is cancelled there.
    drop(client);
    assert_eq!(
        stage.ends(1).await,
        [end("t", Outcome::Cancelled, "client_left")]
    );
    assert_eq!(stage.sink.entries()[0].conversation_id, "unknown");
}

#[tokio::test]
async fn a_task_of_a_server_without_sessions_is_asked_for_in_another_request() {
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "long")).await;
    let mut asked = stage.asked().await;
    let task = json!({"jsonrpc": "2.0", "id": 1, "result": {"task": {"taskId": "t-1", "status": "working"}}});
    asked.line.answer_json(&task).await;
    client.said().await.unwrap();
    let fetch =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tasks/result", "params": {"taskId": "t-1"}});
    // Who asks first leaves before the result is there.
    let client = stage.post("", &fetch).await;
    let mut asked = stage.asked().await;
    drop(client);
    assert!(asked.line.is_gone().await);
    let mut client = stage.post("", &fetch).await;
    let mut asked = stage.asked().await;
    assert!(stage.sink.entries().is_empty());
    asked.line.answer_json(&result(1)).await;
    client.said().await.unwrap();
    assert_eq!(stage.ends(1).await, [end("long", Outcome::Success, "")]);
}

#[tokio::test]
async fn when_it_stops_open_calls_may_end_and_streams_that_wait_for_nothing_do() {
    let mut stage = stage_with(|builder| builder.close_wait(Duration::from_secs(60))).await;
    open(&mut stage).await;
    let mut listening = stage.ask("GET", &session(SECRET), b"").await;
    let mut stream = stage.asked().await;
    stream.line.begin_events().await;
    listening.head().await.unwrap();
    let mut client = stage.post(&session(SECRET), &call(2, "running")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    client.head().await.unwrap();
    stage.stop();
    // The end of the stream that waits for nothing says that it stops.
    assert_eq!(listening.chunk().await, None);
    assert!(tokio::net::TcpStream::connect(stage.address).await.is_err());
    let answer = event(&result(2));
    asked.line.write_chunk(&answer).await;
    assert_eq!(client.chunks(answer.len()).await, answer);
    assert_eq!(client.chunk().await, None);
    (&mut stage.served).await.unwrap();
    assert_eq!(stage.ends(1).await, [end("running", Outcome::Success, "")]);
    stage.recorder.close().await.unwrap();
}

#[tokio::test]
async fn when_it_stops_an_accepted_call_may_still_be_answered_in_the_sessions_own_stream() {
    let mut stage = stage_with(|builder| builder.close_wait(Duration::from_secs(60))).await;
    open(&mut stage).await;
    let mut listening = stage.ask("GET", &session(SECRET), b"").await;
    let mut stream = stage.asked().await;
    stream.line.begin_events().await;
    listening.head().await.unwrap();
    let mut client = stage.post(&session(SECRET), &call(1, "later")).await;
    let mut asked = stage.asked().await;
    asked.line.answer("202 Accepted", "", b"").await;
    client.said().await.unwrap();
    stage.stop();
    let answer = event(&result(1));
    while tokio::net::TcpStream::connect(stage.address).await.is_ok() {}
    stream.line.write_chunk(&answer).await;
    assert_eq!(listening.chunks(answer.len()).await, answer);
    // Nothing else is waited for.
    assert_eq!(listening.chunk().await, None);
    (&mut stage.served).await.unwrap();
    assert_eq!(stage.ends(1).await, [end("later", Outcome::Success, "")]);
}

#[tokio::test]
async fn a_call_that_nobody_asks_for_again_ends_with_the_proxy() {
    let mut stage = stage_with(|builder| builder.close_wait(Duration::ZERO)).await;
    open(&mut stage).await;
    broken_call(&mut stage, 1, "waits").await;
    stage.stop();
    (&mut stage.served).await.unwrap();
    assert_eq!(
        stage.ends(1).await,
        [end("waits", Outcome::Cancelled, "proxy_stopped")]
    );
}

#[tokio::test]
async fn calls_that_do_not_end_in_time_are_broken_off_and_recorded() {
    let mut stage = stage_with(|builder| builder.close_wait(Duration::ZERO)).await;
    let mut client = stage.post("", &call(1, "hangs")).await;
    let mut asked = stage.asked().await;
    stage.stop();
    (&mut stage.served).await.unwrap();
    assert!(asked.line.is_gone().await);
    assert!(client.said().await.is_none());
    assert_eq!(
        stage.ends(1).await,
        [end("hangs", Outcome::Cancelled, "proxy_stopped")]
    );
}

/// The answers that a recorded session's server gave until it answered this request, as a stream of events.
fn answers_to(request: &Value, from_server: &mut std::vec::IntoIter<Value>) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in from_server {
        stream.extend_from_slice(&event(&message));
        if message.get("method").is_none() && message["id"] == request["id"] {
            break;
        }
    }
    stream
}

#[test]
fn recorded_traffic_gives_the_same_entries_in_pieces_of_any_size() {
    let Some(shared) = std::env::var_os("TOOL_AUDIT_SHARED") else {
        println!("SKIPPED: TOOL_AUDIT_SHARED is not set, so there is no recorded traffic");
        return;
    };
    let wire = std::path::PathBuf::from(shared).join("data/mcp_wire.jsonl");
    let messages: Vec<Value> = std::fs::read_to_string(wire)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut names: Vec<&str> = messages
        .iter()
        .map(|message| message["session"].as_str().unwrap())
        .collect();
    names.dedup();
    let of = |name: &str, direction: &str| {
        let said: Vec<Value> = messages
            .iter()
            .filter(|message| message["session"] == name && message["dir"] == direction)
            .map(|message| message["msg"].clone())
            .collect();
        said.into_iter()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sizes = prop::collection::vec(1_usize..3000, 1..8);
    let mut runner = TestRunner::new(Config::with_cases(4));
    let done = runner.run(&sizes, |sizes| {
        let entries = runtime.block_on(async {
            let mut stage = stage().await;
            for name in &names {
                let mut from_server = of(name, "s2c");
                for request in of(name, "c2s") {
                    let mut client = stage.post(&session(name), &request).await;
                    let mut asked = stage.asked().await;
                    assert_eq!(asked.said.body, request.to_string().as_bytes());
                    if request.get("id").is_none() || request.get("method").is_none() {
                        asked.line.answer("202 Accepted", "", b"").await;
                        client.said().await.unwrap();
                        continue;
                    }
                    let stream = answers_to(&request, &mut from_server);
                    asked.line.begin_events().await;
                    let mut rest = stream.as_slice();
                    for size in sizes.iter().cycle() {
                        if rest.is_empty() {
                            break;
                        }
                        let (piece, after) = rest.split_at((*size).min(rest.len()));
                        asked.line.write_chunk(piece).await;
                        rest = after;
                    }
                    asked.line.write(b"0\r\n\r\n").await;
                    assert!(client.said().await.unwrap().body == stream);
                }
            }
            stage.entries(29).await
        });
        prop_assert_eq!(entries.len(), 29);
        prop_assert_eq!(entries.iter().filter(|entry| !entry.success).count(), 7);
        Ok(())
    });
    done.unwrap();
}
