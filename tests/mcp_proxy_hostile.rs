//! Peers that mean harm: bounded memory, no panic, and nothing goes round the log.

mod mcp_proxy_support;

use std::alloc::System;
use std::task::{Context, Poll};

use mcp_proxy_support::*;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::sync::mpsc;
use tool_audit::adapt::mcp::http::ProxyBuilder;
use tool_audit::adapt::mcp::{MAX_MESSAGE, OnUnrecordable};
use tool_audit::{
    AuditSink, MemorySink, Outcome, Policy, Recorder, SanitizedEntry, SinkError, Ticket,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is allocated is the whole process's: one test at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Bytes that are allocated at this moment.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Bytes more than `before`; none where another test's were still freed since.
fn held_since(before: usize) -> usize {
    held().saturating_sub(before)
}

const PIECE: usize = 1 << 20;

/// Passes so many pieces of one MiB from the server to the client, and says how much was held at most.
async fn flood(server: &mut Line, client: &mut Line, piece: &[u8], pieces: usize) -> usize {
    let mut most = 0;
    for _ in 0..pieces {
        let written = server.write_chunk(piece);
        let read = client.chunks(piece.len());
        let ((), came) = tokio::join!(written, read);
        assert!(came == piece);
        most = most.max(held());
    }
    most
}

/// What the whole of a call's memory may take here, with copies of a message in several places.
const MOST_HELD: usize = 6 * MAX_MESSAGE;

#[tokio::test]
async fn a_line_of_a_gigabyte_passes_in_bounded_memory_and_what_follows_it_is_read() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "t")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    client.head().await.unwrap();
    asked.line.write_chunk(b"data: \"").await;
    client.chunks(7).await;
    let before = held();
    let piece = vec![b'x'; PIECE];
    let most = flood(&mut asked.line, &mut client, &piece, 1024).await;
    assert!(most.saturating_sub(before) < MOST_HELD, "{most}");
    let rest = [b"\"\n\n".to_vec(), event(&result(1))].concat();
    asked.line.write_chunk(&rest).await;
    client.chunks(rest.len()).await;
    assert_eq!(stage.ends(1).await, [end("t", Outcome::Success, "")]);
    let more = held_since(before);
    assert!(more < MAX_MESSAGE, "{more}");
    drop((client, asked));
    while stage.proxy.stats().sessions.unreadable_from_server < 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn events_without_end_pass_in_bounded_memory() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "t")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    client.head().await.unwrap();
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    let event = [b"id: 1\n".to_vec(), event(&progress)].concat();
    let piece = event.repeat(1000);
    let before = held();
    let most = flood(&mut asked.line, &mut client, &piece, 100).await;
    assert!(most - before < MAX_MESSAGE, "{}", most - before);
    drop(client);
    assert!(asked.line.is_gone().await);
    assert_eq!(
        stage.ends(1).await,
        [end("t", Outcome::Cancelled, "client_left")]
    );
}

#[tokio::test]
async fn a_long_answer_in_json_passes_unchanged_in_bounded_memory() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "t")).await;
    let mut asked = stage.asked().await;
    asked
        .line
        .begin("HTTP/1.1 200 OK\r\ncontent-type: application/json")
        .await;
    client.head().await.unwrap();
    let before = held();
    let piece = vec![b' '; PIECE];
    let most = flood(&mut asked.line, &mut client, &piece, 64).await;
    assert!(most - before < MOST_HELD, "{}", most - before);
    asked.line.write(b"0\r\n\r\n").await;
    assert_eq!(client.chunk().await, None);
    assert_eq!(
        stage.ends(1).await,
        [end("t", Outcome::ServiceError, "unreadable_answer")]
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_recorded() {
    let _alone = ALONE.lock().await;
    let mut stage = stage_with(|builder| builder.max_body(1000)).await;
    let mut client = stage.line().await;
    client
        .write(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1001\r\n\r\n")
        .await;
    assert_eq!(client.said().await.unwrap().status(), 413);
    // One that does not say how long it is.
    let mut client = stage.line().await;
    client
        .write(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    client.write_chunk(&[b' '; 600]).await;
    client.write_chunk(&[b' '; 600]).await;
    assert_eq!(client.said().await.unwrap().status(), 413);
    let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
    assert_eq!(stage.ends(2).await, [unread.clone(), unread]);
    assert!(!stage.has_been_asked());
}

#[tokio::test]
async fn a_body_that_stops_or_breaks_off_is_recorded() {
    let pause = std::time::Duration::from_millis(20);
    let mut stage = stage_with(|builder| builder.body_idle(pause)).await;
    let begin = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900\r\n\r\n{\"method\":";
    let mut client = stage.line().await;
    client.write(begin).await;
    assert_eq!(client.said().await.unwrap().status(), 408);
    let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
    assert_eq!(stage.ends(1).await, [unread]);
    let mut client = stage.line().await;
    client.write(begin).await;
    drop(client);
    assert_eq!(stage.ends(2).await.len(), 2);
    assert!(!stage.has_been_asked());
}

#[tokio::test]
async fn what_two_readers_may_read_differently_passes_and_is_recorded_as_unread() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let headers = "content-type: application/json\r\n";
    let bodies: [&[u8]; 4] = [
        br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        b"{\"method\":\"tools/call\",\"params\":{\"name\":\"caf\xC3",
        b"[1]",
        b"\x1f\x8b\x08\x00",
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let mut client = stage.ask("POST", headers, body).await;
        let mut asked = stage.asked().await;
        assert_eq!(asked.said.body, body);
        asked.line.answer("400 Bad Request", "", b"no").await;
        assert_eq!(client.said().await.unwrap().body, b"no");
        assert_eq!(stage.ends(number + 1).await.len(), number + 1);
    }
    // In the charset that it names it is a call.
    let headers = "content-type: application/json; charset=utf-7\r\n";
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"+AHQ-ools/call","params":{"name":"t"}}"#;
    let mut client = stage.ask("POST", headers, body).await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.body, body);
    asked.line.answer_json(&result(1)).await;
    client.said().await.unwrap();
    let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
    assert_eq!(stage.ends(5).await[4], unread);
    // Split in the middle of a character it is one all the same.
    let message =
        json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "café"}});
    let message = message.to_string().into_bytes();
    let middle = message.iter().position(|byte| *byte == 0xC3).unwrap() + 1;
    let mut client = stage.line().await;
    client
        .write(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
        .await;
    client.write_chunk(&message[..middle]).await;
    client.write_chunk(&message[middle..]).await;
    client.write(b"0\r\n\r\n").await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.body, message);
    asked.line.begin_events().await;
    let answer = event(&json!({"jsonrpc": "2.0", "id": 5, "result": {"content": "ça"}}));
    let middle = answer.iter().position(|byte| *byte == 0xC3).unwrap() + 1;
    asked.line.write_chunk(&answer[..middle]).await;
    asked.line.write_chunk(&answer[middle..]).await;
    client.head().await.unwrap();
    client.chunks(answer.len()).await;
    assert_eq!(stage.ends(6).await[5], end("café", Outcome::Success, ""));
}

/// Paths that servers take for `/mcp`, and types that they take for JSON.
const RESPELT: [(&str, &str); 6] = [
    (
        "/MCP",
        "content-type: application/json\r\ncontent-type: application/json\r\n",
    ),
    ("/mcp/", "content-type: application/json-rpc\r\n"),
    ("/%6dcp", "content-type: text/plain\r\n"),
    ("//mcp", ""),
    (
        "/MCP",
        "content-type: application/x-www-form-urlencoded; a=application/json\r\n",
    ),
    (
        "/MCP",
        "content-type: application/x-www-form-urlencoded\r\n",
    ),
];

const TWICE: &[u8] =
    br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"delete"}}"#;

#[tokio::test]
async fn what_cannot_be_read_is_recorded_however_its_path_and_type_are_spelt() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    for (number, (target, headers)) in RESPELT.into_iter().enumerate() {
        let mut client = stage.post_to(target, headers, TWICE).await;
        let mut asked = stage.asked().await;
        assert_eq!(asked.said.body, TWICE);
        asked.line.answer_json(&result(1)).await;
        client.said().await.unwrap();
        let ends = stage.ends(number + 1).await;
        let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
        assert_eq!(ends[number], unread, "{target} {headers}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_however_its_path_and_type_are_spelt() {
    let _alone = ALONE.lock().await;
    let mut stage = stage_with(|builder| builder.on_unrecordable(OnUnrecordable::Refuse)).await;
    for (target, headers) in RESPELT {
        let mut client = stage.post_to(target, headers, TWICE).await;
        let answer = client.said().await.unwrap();
        assert_eq!(answer.status(), 400, "{target} {headers}");
    }
    assert!(!stage.has_been_asked());
    assert_eq!(stage.ends(RESPELT.len()).await.len(), RESPELT.len());
    // A login passes.
    let form = "content-type: application/x-www-form-urlencoded;charset=UTF-8\r\n";
    let body = b"grant_type=authorization_code&code=1";
    let mut client = stage.post_to("/token", form, body).await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.body, body);
    asked.line.answer("200 OK", "", b"ok").await;
    assert_eq!(client.said().await.unwrap().body, b"ok");
    assert_eq!(stage.sink.entries().len(), RESPELT.len());
}

#[tokio::test]
async fn ten_thousand_calls_that_nobody_answers_are_bounded_and_all_recorded() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let before = held();
    for number in 0..100 {
        let calls: Vec<_> = (0..100)
            .map(|id| call(number * 100 + id, "hangs"))
            .collect();
        let headers = session(&format!("session-{}", number % 4));
        let mut client = stage.post(&headers, &json!(calls)).await;
        let mut asked = stage.asked().await;
        asked.line.begin_events().await;
        asked.line.write_chunk(b"id: 1\ndata:\n\n").await;
        asked.line.write(b"0\r\n\r\n").await;
        client.said().await.unwrap();
    }
    assert!(stage.sink.entries().is_empty());
    let each = held_since(before) / 10_000;
    assert!(each < 16 * 1024, "{each} bytes a call");
    stage.stop();
    (&mut stage.served).await.unwrap();
    let ends = stage.ends(10_000).await;
    assert_eq!(ends.len(), 10_000);
    let stopped = end("hangs", Outcome::Cancelled, "proxy_stopped");
    assert!(ends.iter().all(|end| *end == stopped));
}

/// Takes nothing, and says when it is asked whether it could.
#[derive(Debug)]
struct Full(mpsc::UnboundedSender<()>);

impl AuditSink for Full {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        Ticket::LOST
    }
    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let _ = self.0.send(());
        Poll::Pending
    }
    fn poll_committed(
        &self,
        _cx: &mut Context<'_>,
        _ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_message_that_waits_for_the_log_takes_no_more_than_its_text() {
    let _alone = ALONE.lock().await;
    let (to_test, mut is_asked) = mpsc::unbounded_channel();
    let policy = Policy::new().max_wait(std::time::Duration::from_secs(600));
    let recorder = Recorder::builder(Full(to_test)).policy(policy).build();
    let refuse = |builder: ProxyBuilder| builder.on_unrecordable(OnUnrecordable::Refuse);
    let stage = stage_of(recorder, MemorySink::new(), refuse).await;
    let values = "0,".repeat(1 << 20);
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":[{values}0]}}}}"#
    );
    let before = held();
    let headers = "content-type: application/json\r\n";
    let _client = stage.ask("POST", headers, message.as_bytes()).await;
    is_asked.recv().await.unwrap();
    let more = held_since(before);
    assert!(more < MAX_MESSAGE, "{more}");
}

#[tokio::test]
async fn sessions_that_clients_make_up_are_not_remembered() {
    let _alone = ALONE.lock().await;
    let mut stage = stage().await;
    let before = held();
    for number in 0..500 {
        let headers = session(&format!("made-up-{number}-{}", "x".repeat(2000)));
        let mut client = stage.ask("GET", &headers, b"").await;
        let mut asked = stage.asked().await;
        asked.line.answer("400 Bad Request", "", b"").await;
        client.said().await.unwrap();
    }
    let shown = format!("{:?}", stage.proxy);
    assert!(shown.contains("Sessions { open: 0"), "{shown}");
    let more = held_since(before);
    assert!(more < 4 << 20, "{more}");
}
