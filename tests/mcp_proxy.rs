//! MCP over HTTP through the proxy: every `tools/call` one entry with the right end, and bodies unchanged and at once.

mod mcp_proxy_support;

use mcp_proxy_support::*;
use serde_json::{Value, json};
use tool_audit::Outcome;

#[tokio::test]
async fn an_answer_in_json_passes_unchanged_and_its_call_is_recorded() {
    let mut stage = stage().await;
    let mut client = stage
        .post("user-agent: tests/1\r\nmcp-protocol-version: 2025-11-25\r\nauthorization: Bearer sk-very-secret\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n", &call(7, "get_order"))
        .await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.body, call(7, "get_order").to_string().as_bytes());
    assert!(asked.said.head.starts_with("POST /mcp HTTP/1.1\r\n"));
    assert_eq!(
        asked.said.header("authorization"),
        Some("Bearer sk-very-secret")
    );
    assert_eq!(asked.said.header("via"), Some("1.1 tool-audit"));
    assert_ne!(
        asked.said.header("host"),
        Some(stage.address.to_string().as_str())
    );
    // Spaces and the order of members are the server's.
    let body = br#"{ "result":{"content":[ ]}, "id":7,"jsonrpc":"2.0" }"#;
    asked
        .line
        .answer(
            "200 OK",
            "content-type: application/json\r\nx-own: 1\r\n",
            body,
        )
        .await;
    let answer = client.said().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body, body);
    assert_eq!(answer.header("x-own"), Some("1"));
    assert_eq!(
        answer.header("content-length"),
        Some(body.len().to_string().as_str())
    );
    assert_eq!(
        stage.ends(1).await,
        [end("get_order", Outcome::Success, "")]
    );
    let entry = stage.sink.entries().remove(0);
    assert_eq!(entry.tool_call_id.as_deref(), Some("7"));
    assert_eq!(
        entry.trace_id.as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    let metadata = metadata(&entry);
    assert_eq!(metadata["client_ip"], "127.0.0.1");
    assert_eq!(metadata["user_agent"], "tests/1");
    assert_eq!(metadata["protocol_version"], "2025-11-25");
    assert_eq!(metadata["transport"], "http");
    assert!(!stage.sink.lines()[0].contains("very-secret"));
}

#[tokio::test]
async fn events_pass_at_once_and_the_one_with_the_answer_ends_the_call() {
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "slow")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 200 OK"));
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    let pieces: [&[u8]; 4] = [
        b"id: 1\ndata:\n\n",
        b": still there\n\n",
        &event(&progress),
        &event(&result(1)),
    ];
    for piece in pieces {
        assert!(stage.sink.entries().is_empty());
        // Each comes before the server says more, in two halves.
        for half in [&piece[..piece.len() / 2], &piece[piece.len() / 2..]] {
            asked.line.write_chunk(half).await;
            assert_eq!(client.chunks(half.len()).await, half);
        }
    }
    assert_eq!(stage.ends(1).await, [end("slow", Outcome::Success, "")]);
    asked.line.write(b"0\r\n\r\n").await;
    assert_eq!(client.chunk().await, None);
    assert_eq!(stage.sink.entries().len(), 1);
}

#[tokio::test]
async fn what_the_server_says_of_a_call_is_its_end() {
    let mut stage = stage().await;
    let error =
        |code: i64| json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no"}});
    let failed = json!({"jsonrpc": "2.0", "id": 1, "result": {"isError": true, "content": []}});
    let other = json!({"jsonrpc": "2.0", "id": 2, "result": {}});
    let cases: [(&str, Value, Outcome, &str); 12] = [
        ("200 OK", failed, Outcome::ToolError, "tool_error"),
        ("200 OK", error(-32602), Outcome::ServiceError, "-32602"),
        (
            "400 Bad Request",
            error(-32020),
            Outcome::ServiceError,
            "-32020",
        ),
        (
            "404 Not Found",
            error(-32601),
            Outcome::ServiceError,
            "-32601",
        ),
        ("401 Unauthorized", Value::Null, Outcome::Denied, "http_401"),
        ("403 Forbidden", error(-1), Outcome::Denied, "http_403"),
        (
            "429 Too Many Requests",
            Value::Null,
            Outcome::Rejected,
            "http_429",
        ),
        (
            "503 Service Unavailable",
            Value::Null,
            Outcome::Rejected,
            "http_503",
        ),
        (
            "500 Internal Server Error",
            Value::Null,
            Outcome::ServiceError,
            "http_500",
        ),
        (
            "307 Temporary Redirect",
            Value::Null,
            Outcome::ServiceError,
            "http_307",
        ),
        (
            "202 Accepted",
            Value::Null,
            Outcome::Cancelled,
            "unanswered",
        ),
        ("200 OK", other, Outcome::ServiceError, "server_ended"),
    ];
    for (number, (status, body, outcome, error_type)) in cases.into_iter().enumerate() {
        let mut client = stage.post("", &call(1, "t")).await;
        let mut asked = stage.asked().await;
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = "content-type: application/json\r\n";
        asked.line.answer(status, headers, body.as_bytes()).await;
        let answer = client.said().await.unwrap();
        assert_eq!(answer.body, body.as_bytes(), "{status}");
        let ends = stage.ends(number + 1).await;
        assert_eq!(ends.len(), number + 1, "{status}");
        assert_eq!(ends[number], end("t", outcome, error_type), "{status}");
    }
}
