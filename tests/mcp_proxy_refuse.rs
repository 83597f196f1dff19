//! A proxy that lets nothing pass unrecorded.

mod mcp_proxy_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use mcp_proxy_support::*;
use serde_json::{Value, json};
use tool_audit::adapt::mcp::OnUnrecordable;
use tool_audit::{
    AuditSink, MemorySink, Outcome, Policy, Recorder, SanitizedEntry, SinkError, Ticket,
};

/// Takes nothing while it is full, and never says that what it took is durable once it is broken.
#[derive(Debug, Clone, Default)]
struct Faulty {
    sink: MemorySink,
    is_full: Arc<AtomicBool>,
    is_broken: Arc<AtomicBool>,
}

impl AuditSink for Faulty {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        if self.is_full.load(Ordering::SeqCst) {
            return Ticket::LOST;
        }
        self.sink.record(entry);
        Ticket::number(1)
    }
    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.is_full.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
    fn poll_committed(
        &self,
        _cx: &mut Context<'_>,
        _ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        Poll::Ready(if self.is_broken.load(Ordering::SeqCst) {
            Err(SinkError::other("the disk is gone"))
        } else {
            Ok(())
        })
    }
}

async fn refusing(mode: OnUnrecordable) -> (Stage, Faulty) {
    let faulty = Faulty::default();
    let policy = Policy::new()
        .max_wait(Duration::from_millis(20))
        .intent(["issue_*"]);
    let recorder = Recorder::builder(faulty.clone()).policy(policy).build();
    let sink = faulty.sink.clone();
    let stage = stage_of(recorder, sink, |builder| builder.on_unrecordable(mode)).await;
    (stage, faulty)
}

async fn refused(stage: &mut Stage, message: &Value) -> Said {
    let mut client = stage.post("", message).await;
    let answer = client.said().await.unwrap();
    assert!(!stage.has_been_asked());
    answer
}

#[tokio::test]
async fn a_call_that_the_log_cannot_take_is_refused_and_what_is_no_call_passes() {
    let (mut stage, faulty) = refusing(OnUnrecordable::Refuse).await;
    faulty.is_full.store(true, Ordering::SeqCst);
    let answer = refused(&mut stage, &call(7, "issue_refund")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["id"], 7);
    assert_eq!(answer.json()["error"]["code"], -32000);
    let list = json!([call(1, "a"), {"jsonrpc": "2.0", "id": "p", "method": "ping"}]);
    let answer = refused(&mut stage, &list).await;
    let ids: Vec<Value> = answer
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["id"].clone())
        .collect();
    assert_eq!(ids, [json!(1), json!("p")]);
    let unasked = json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "a"}});
    assert_eq!(refused(&mut stage, &unasked).await.status(), 503);

    let ping = json!({"jsonrpc": "2.0", "id": 8, "method": "ping"});
    let mut client = stage.post("", &ping).await;
    stage.asked().await.line.answer_json(&result(8)).await;
    assert_eq!(client.said().await.unwrap().json(), result(8));
    assert_eq!(stage.recorder.stats().refused, 3);
}

#[tokio::test]
async fn a_call_that_the_log_cannot_take_passes_at_once_and_is_counted_where_nothing_else_is_asked_for()
 {
    let (mut stage, faulty) = refusing(OnUnrecordable::PassOn).await;
    faulty.is_full.store(true, Ordering::SeqCst);
    let mut client = stage.post("", &call(7, "get_order")).await;
    stage.asked().await.line.answer_json(&result(7)).await;
    assert_eq!(client.said().await.unwrap().json(), result(7));
    assert_eq!(stage.recorder.stats().lost, 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_recorded() {
    let (mut stage, _) = refusing(OnUnrecordable::Refuse).await;
    let json = "content-type: application/json\r\n";
    let utf_7 = br#"{"jsonrpc":"2.0","id":1,"method":"+AHQ-ools/call","params":{"name":"t"}}"#;
    let bodies: [(&[u8], &str, u16); 5] = [
        (br#"{"method":"ping","method":"tools/call"}"#, json, 400),
        (b"\xFF\xFE", json, 400),
        (br#"{"method":"tools/call""#, "", 400),
        (
            b"\x1f\x8b\x08",
            "content-type: application/json\r\ncontent-encoding: gzip\r\n",
            415,
        ),
        (
            utf_7,
            "content-type: application/json; charset=utf-7\r\n",
            415,
        ),
    ];
    for (number, (body, headers, status)) in bodies.into_iter().enumerate() {
        let mut client = stage.ask("POST", headers, body).await;
        let answer = client.said().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json()["id"], Value::Null);
        assert!(!stage.has_been_asked());
        let ends = stage.ends(number + 1).await;
        let unread = end("unknown", Outcome::ServiceError, "unreadable_message");
        assert_eq!(ends[number], unread);
    }
}

#[tokio::test]
async fn an_answer_whose_record_is_not_durable_is_withheld() {
    let (mut stage, faulty) = refusing(OnUnrecordable::Refuse).await;
    faulty.is_broken.store(true, Ordering::SeqCst);
    let mut client = stage.post("", &call(1, "json")).await;
    stage.asked().await.line.answer_json(&result(1)).await;
    let answer = client.said().await.unwrap().json();
    let withheld = |answer: &Value, id: u64| {
        let why = answer["error"]["message"].as_str().unwrap_or_default();
        answer["id"] == id && why.contains("the tool ran")
    };
    assert!(withheld(&answer, 1), "{answer}");

    // Of a stream of events only the answer is.
    let mut client = stage.post("", &call(2, "events")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    let before = [b"id: 1\ndata:\n\n: hello\n".to_vec(), event(&progress)].concat();
    asked.line.write_chunk(&before).await;
    client.head().await.unwrap();
    assert_eq!(client.chunks(before.len()).await, before);
    asked.line.write_chunk(&event(&result(2))).await;
    asked.line.write_chunk(b": bye\n\n").await;
    asked.line.write(b"0\r\n\r\n").await;
    let mut rest = Vec::new();
    while let Some(chunk) = client.chunk().await {
        rest.extend_from_slice(&chunk);
    }
    let rest = String::from_utf8(rest).unwrap();
    let data = rest
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    assert!(withheld(&serde_json::from_str(data).unwrap(), 2), "{rest}");
    assert!(rest.ends_with("\n\n: bye\n\n"), "{rest:?}");
    assert_eq!(
        stage.ends(2).await,
        [
            end("json", Outcome::Success, ""),
            end("events", Outcome::Success, ""),
        ]
    );
    assert_eq!(stage.recorder.stats().undurable, 2);
}

#[tokio::test]
async fn all_that_is_withheld_with_an_answer_is_answered() {
    let (mut stage, faulty) = refusing(OnUnrecordable::Refuse).await;
    faulty.is_broken.store(true, Ordering::SeqCst);
    let tools = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"});
    let list = json!([call(1, "a"), tools]);
    let answers =
        json!([result(3), {"jsonrpc": "2.0", "method": "notifications/message"}, result(1)]);
    let mut client = stage.post("", &list).await;
    stage.asked().await.line.answer_json(&answers).await;
    let errors = client.said().await.unwrap().json();
    let mut client = stage.post("", &list).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(&event(&answers)).await;
    client.head().await.unwrap();
    asked.line.write(b"0\r\n\r\n").await;
    let stream = String::from_utf8(client.rest_of_chunks().await.0).unwrap();
    let mut lines = stream.lines();
    let data = lines.find_map(|line| line.strip_prefix("data: ")).unwrap();
    for errors in [errors, serde_json::from_str(data).unwrap()] {
        let errors = errors.as_array().unwrap();
        assert_eq!(errors.len(), 2);
        for (error, id) in errors.iter().zip([3, 1]) {
            assert_eq!(error["id"], id);
            assert_eq!(error["error"]["code"], -32000);
        }
    }
    assert_eq!(stage.recorder.stats().undurable, 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_whole_one_to_the_client() {
    let (mut stage, _) = refusing(OnUnrecordable::Refuse).await;
    for (number, (kind, begun)) in [
        ("application/json", r#"{"jsonrpc":"2.0","id":1,"#),
        ("text/event-stream", "data: {\"jsonrpc\":\"2.0\",\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = stage.post("", &call(1, "t")).await;
        let mut asked = stage.asked().await;
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: 100\r\n\r\n");
        asked
            .line
            .write(&[head.as_bytes(), begun.as_bytes()].concat())
            .await;
        drop(asked);
        client.head().await.unwrap();
        let (_, is_whole) = client.rest_of_chunks().await;
        assert!(!is_whole, "{kind}");
        let ends = stage.ends(number + 1).await;
        assert_eq!(
            ends[number],
            end("t", Outcome::ServiceError, "server_ended")
        );
    }
}

#[tokio::test]
async fn a_call_whose_record_of_intent_is_not_durable_is_not_made() {
    let (mut stage, faulty) = refusing(OnUnrecordable::Refuse).await;
    faulty.is_broken.store(true, Ordering::SeqCst);
    let answer = refused(&mut stage, &call(7, "issue_refund")).await;
    assert_eq!(answer.json()["id"], 7);
    let last = stage.entries(2).await.pop().unwrap();
    assert_eq!(last.outcome, Some(Outcome::Rejected));
}

#[tokio::test]
async fn what_can_be_recorded_passes_unchanged() {
    let (mut stage, _) = refusing(OnUnrecordable::Refuse).await;
    let body = br#"{ "result":{"content":[ ]}, "id":7,"jsonrpc":"2.0" }"#;
    let mut client = stage.post("", &call(7, "json")).await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.body, call(7, "json").to_string().as_bytes());
    asked
        .line
        .answer("200 OK", "content-type: application/json\r\n", body)
        .await;
    assert_eq!(client.said().await.unwrap().body, body);

    let mut client = stage.post("", &call(8, "events")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    let stream = "\u{feff}: hello\r\nid: 4\r\nretry: 5\r\n\r\ndata: {\"jsonrpc\":\"2.0\",\rdata: \"id\":8,\"result\":{}}\r\n\r\n:\n\ndata: cut off";
    for piece in stream.as_bytes().chunks(7) {
        asked.line.write_chunk(piece).await;
    }
    asked.line.write(b"0\r\n\r\n").await;
    let answer = client.said().await.unwrap();
    assert_eq!(String::from_utf8(answer.body).unwrap(), stream);
    assert_eq!(
        stage.ends(2).await,
        [
            end("json", Outcome::Success, ""),
            end("events", Outcome::Success, ""),
        ]
    );
}
