//! MCP over HTTP through the proxy: every `tools/call` one entry with the right end, and bodies unchanged and at once.

mod mcp_proxy_support;

use std::time::Duration;

use mcp_proxy_support::*;
use serde_json::{Value, json};
use tool_audit::Outcome;
use tool_audit::adapt::mcp::http::ProxyError;

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

#[tokio::test]
async fn a_client_that_leaves_has_cancelled_its_call_and_the_server_is_told() {
    let mut stage = stage().await;
    // Before the answer has begun, in the middle of events, and in the middle of JSON.
    let client = stage.post("", &call(1, "no_head")).await;
    let mut asked = stage.asked().await;
    drop(client);
    assert!(asked.line.is_gone().await);

    let mut client = stage.post("", &call(2, "events")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(b"id: 1\ndata:\n\n").await;
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    drop(client);
    assert!(asked.line.is_gone().await);

    let mut client = stage.post("", &call(3, "json")).await;
    let mut asked = stage.asked().await;
    asked
        .line
        .begin("HTTP/1.1 200 OK\r\ncontent-type: application/json")
        .await;
    asked.line.write_chunk(br#"{"jsonrpc":"2.0","id":3,"#).await;
    client.head().await.unwrap();
    client.chunk().await.unwrap();
    drop(client);
    assert!(asked.line.is_gone().await);

    let left = |tool| end(tool, Outcome::Cancelled, "client_left");
    assert_eq!(
        stage.ends(3).await,
        [left("no_head"), left("events"), left("json")]
    );
}

#[tokio::test]
async fn a_client_that_leaves_with_its_whole_answer_has_it() {
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "t")).await;
    let mut asked = stage.asked().await;
    asked
        .line
        .begin("HTTP/1.1 200 OK\r\ncontent-type: application/json")
        .await;
    let body = result(1).to_string();
    asked.line.write_chunk(body.as_bytes()).await;
    client.head().await.unwrap();
    assert_eq!(client.chunks(body.len()).await, body.as_bytes());
    drop(client);
    assert_eq!(stage.ends(1).await, [end("t", Outcome::Success, "")]);
}

#[tokio::test]
async fn a_server_that_breaks_off_has_failed_the_call_and_so_has_one_that_is_not_there() {
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "broken")).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked.line.write_chunk(b": one\n\n").await;
    drop(asked);
    client.head().await.unwrap();
    assert_eq!(client.chunks(100).await, b": one\n\n");

    let mut client = stage.post("", &call(2, "nothing_said")).await;
    drop(stage.asked().await);
    let answer = client.said().await.unwrap();
    assert_eq!(answer.status(), 502);
    assert!(answer.json()["error"]["message"].is_string());
    assert_eq!(
        stage.ends(2).await,
        [
            end("broken", Outcome::ServiceError, "server_ended"),
            end("nothing_said", Outcome::ServiceError, "server_ended"),
        ]
    );

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", nobody.local_addr().unwrap());
    drop(nobody);
    let recorder = stage.recorder.clone();
    let proxy = tool_audit::adapt::mcp::http::Proxy::builder(recorder, url);
    let proxy = proxy.build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    stage.address = listener.local_addr().unwrap();
    tokio::spawn(async move { proxy.serve(listener, std::future::pending()).await });
    let mut client = stage.post("", &call(3, "not_there")).await;
    assert_eq!(client.said().await.unwrap().status(), 502);
    let ends = stage.ends(3).await;
    assert_eq!(
        ends[2],
        end("not_there", Outcome::ServiceError, "unreachable")
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_of_encryption_is_not_waited_for() {
    let mut stage = stage().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/mcp", silent.local_addr().unwrap());
    let proxy = tool_audit::adapt::mcp::http::Proxy::builder(stage.recorder.clone(), url)
        .connect_wait(Duration::from_millis(20))
        .answer_wait(None)
        .build();
    if let Err(ProxyError::Roots(error)) = &proxy {
        eprintln!("SKIPPED: this machine has no certificates of authorities: {error}");
        return;
    }
    let proxy = proxy.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    stage.address = listener.local_addr().unwrap();
    tokio::spawn(async move { proxy.serve(listener, std::future::pending()).await });
    let mut client = stage.post("", &call(1, "silent")).await;
    let limit = Duration::from_secs(30);
    let accepted = tokio::time::timeout(limit, silent.accept()).await;
    let accepted = accepted.unwrap().unwrap();
    let said = tokio::time::timeout(limit, client.said()).await;
    assert_eq!(said.unwrap().unwrap().status(), 502);
    drop(accepted);
    assert_eq!(
        stage.ends(1).await,
        [end("silent", Outcome::ServiceError, "unreachable")]
    );
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_a_time_out() {
    let wait = Some(Duration::from_millis(20));
    let mut stage = stage_with(|builder| builder.answer_wait(wait)).await;
    let mut client = stage.post("", &call(1, "slow")).await;
    let mut asked = stage.asked().await;
    assert_eq!(client.said().await.unwrap().status(), 504);
    assert!(asked.line.is_gone().await);
    assert_eq!(
        stage.ends(1).await,
        [end("slow", Outcome::TimedOut, "no_answer")]
    );
}

#[tokio::test]
async fn lists_of_calls_and_calls_without_an_id_have_an_entry_each() {
    let mut stage = stage().await;
    let list = json!([
        call(1, "a"),
        {"jsonrpc": "2.0", "id": 9, "method": "ping"},
        call(2, "b"),
        {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "unasked"}},
    ]);
    let mut client = stage.post("", &list).await;
    let mut asked = stage.asked().await;
    asked.line.begin_events().await;
    asked
        .line
        .write_chunk(&[event(&result(2)), event(&json!([result(1), result(9)]))].concat())
        .await;
    asked.line.write(b"0\r\n\r\n").await;
    client.said().await.unwrap();
    assert_eq!(
        stage.ends(3).await,
        [
            end("b", Outcome::Success, ""),
            end("a", Outcome::Success, ""),
            end("unasked", Outcome::ServiceError, "server_ended"),
        ]
    );
    let unasked = json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "unasked"}});
    let mut client = stage.post("", &unasked).await;
    let mut asked = stage.asked().await;
    asked.line.answer("202 Accepted", "", b"").await;
    assert_eq!(client.said().await.unwrap().status(), 202);
    let ends = stage.ends(4).await;
    assert_eq!(ends[3], end("unasked", Outcome::Cancelled, "unanswered"));
}

#[tokio::test]
async fn two_clients_with_the_same_ids_do_not_get_in_each_others_way() {
    let mut stage = stage().await;
    let mut first = stage.post("", &call(1, "first")).await;
    let mut to_first = stage.asked().await;
    let mut second = stage.post("", &call(1, "second")).await;
    let mut to_second = stage.asked().await;
    to_second.line.answer_json(&result(1)).await;
    second.said().await.unwrap();
    assert_eq!(stage.ends(1).await, [end("second", Outcome::Success, "")]);
    to_first.line.answer("500 No", "", b"").await;
    first.said().await.unwrap();
    let ends = stage.ends(2).await;
    assert_eq!(ends[1], end("first", Outcome::ServiceError, "http_500"));
}

#[tokio::test]
async fn what_holds_for_one_connection_is_not_passed_on_and_all_else_is() {
    let mut stage = stage().await;
    let headers = "connection: x-mine\r\nx-mine: 1\r\nkeep-alive: timeout=5\r\nproxy-authorization: Basic Zm9v\r\nte: trailers\r\nupgrade: websocket\r\n\
                   mcp-param-region: us\r\naccept-encoding: gzip, br\r\ncookie: a=b\r\n";
    let mut client = stage.post(headers, &call(1, "t")).await;
    let mut asked = stage.asked().await;
    for gone in [
        "x-mine",
        "keep-alive",
        "proxy-authorization",
        "te",
        "upgrade",
    ] {
        assert_eq!(asked.said.header(gone), None, "{gone}");
    }
    assert_eq!(asked.said.header("mcp-param-region"), Some("us"));
    assert_eq!(asked.said.header("cookie"), Some("a=b"));
    // What is compressed could not be looked into.
    assert_eq!(asked.said.header("accept-encoding"), Some("identity"));
    let own = "keep-alive: timeout=9\r\nconnection: x-theirs\r\nx-theirs: 1\r\nset-cookie: c=d\r\nset-cookie: e=f\r\ncontent-type: application/json\r\n";
    asked
        .line
        .answer("200 OK", own, result(1).to_string().as_bytes())
        .await;
    let answer = client.said().await.unwrap();
    assert_eq!(answer.header("keep-alive"), None);
    assert_eq!(answer.header("x-theirs"), None);
    assert!(answer.head.contains("c=d") && answer.head.contains("e=f"));
}

#[tokio::test]
async fn what_is_not_passed_on_says_nothing_of_the_message() {
    let mut stage = stage().await;
    let headers = "connection: content-encoding, mcp-session-id\r\ncontent-encoding: gzip\r\nmcp-session-id: made-up\r\n";
    let mut client = stage.post(headers, &call(1, "t")).await;
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.header("content-encoding"), None);
    assert_eq!(asked.said.header("mcp-session-id"), None);
    let body = result(1).to_string();
    let headers = "content-type: application/json\r\nconnection: content-encoding, mcp-session-id\r\ncontent-encoding: gzip\r\nmcp-session-id: s\r\n";
    asked.line.answer("200 OK", headers, body.as_bytes()).await;
    client.said().await.unwrap();
    assert_eq!(stage.ends(1).await, [end("t", Outcome::Success, "")]);
    assert_eq!(stage.sink.entries()[0].conversation_id, "unknown");
    let shown = format!("{:?}", stage.proxy);
    assert!(shown.contains("Sessions { open: 0"), "{shown}");
}

#[tokio::test]
async fn a_session_or_version_that_is_said_twice_is_not_served() {
    let mut stage = stage().await;
    for headers in [
        "mcp-session-id: a\r\nmcp-session-id: b\r\n",
        "mcp-protocol-version: 2025-11-25\r\nmcp-protocol-version: 2026-07-28\r\n",
    ] {
        let mut client = stage.post(headers, &call(1, "t")).await;
        assert_eq!(client.said().await.unwrap().status(), 400, "{headers}");
    }
    assert!(!stage.has_been_asked());
}

#[tokio::test]
async fn a_redirection_to_the_server_does_not_lead_round_the_proxy() {
    let mut stage = stage().await;
    let mut client = stage.post("", &call(1, "t")).await;
    let mut asked = stage.asked().await;
    let host = asked.said.header("host").unwrap().to_owned();
    let own = format!("location: http://{host}/mcp/?a=1\r\n");
    asked.line.answer("307 Temporary Redirect", &own, b"").await;
    let answer = client.said().await.unwrap();
    assert_eq!(answer.header("location"), Some("/mcp/?a=1"));
    let mut client = stage.post("", &call(2, "t")).await;
    let mut asked = stage.asked().await;
    let other = "location: https://elsewhere.example/mcp\r\n";
    asked
        .line
        .answer("308 Permanent Redirect", other, b"")
        .await;
    let answer = client.said().await.unwrap();
    assert_eq!(
        answer.header("location"),
        Some("https://elsewhere.example/mcp")
    );
}

#[tokio::test]
async fn web_pages_of_other_origins_and_names_that_are_not_ours_are_turned_away() {
    let mut stage = stage_with(|builder| {
        builder
            .allow_host("audit.example")
            .allow_origin("https://app.example")
    })
    .await;
    let message = call(1, "t").to_string();
    for (host, origin, status) in [
        ("evil.example", None, 403),
        ("localhost", Some("http://evil.example"), 403),
        ("localhost", Some("null"), 403),
        ("localhost:1", Some("http://localhost:6274"), 200),
        ("audit.example", Some("https://app.example"), 200),
    ] {
        let origin = origin.map_or(String::new(), |origin| format!("origin: {origin}\r\n"));
        let mut client = stage.line().await;
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: {host}\r\n{origin}content-length: {}\r\nconnection: close\r\n\r\n{message}",
            message.len()
        );
        client.write(request.as_bytes()).await;
        if status == 200 {
            stage.asked().await.line.answer_json(&result(1)).await;
        }
        let answer = client.said().await.unwrap();
        assert_eq!(answer.status(), status, "{host} {origin}");
        if status == 403 {
            let error = answer.json();
            assert!(error["error"]["message"].is_string() && error.get("id").is_none());
        }
    }
    assert!(!stage.has_been_asked());
    assert_eq!(stage.proxy.stats().turned_away, 3);
    assert_eq!(stage.ends(2).await.len(), 2);
}

#[tokio::test]
async fn the_servers_url_is_shown_nowhere() {
    let recorder = tool_audit::Recorder::new(tool_audit::MemorySink::new());
    let url = "http://user:hunter2@localhost/mcp?key=sesame";
    let builder = tool_audit::adapt::mcp::http::Proxy::builder(recorder, url);
    let shown = format!("{builder:?}");
    let shown = format!("{shown} {}", builder.build().unwrap_err());
    assert!(
        !shown.contains("hunter2") && !shown.contains("sesame"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_address_that_others_reach_is_not_served_unasked() {
    let stage = stage().await;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = stage.proxy.serve(listener, std::future::pending()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("other machines"), "{refused}");
}

#[tokio::test]
async fn other_paths_are_the_servers_and_what_is_no_message_there_is_no_entry() {
    let mut stage = stage().await;
    for (target, asked_for, body, count) in [
        ("/", "/mcp", "", 0),
        ("/?a=1", "/mcp?a=1", "", 0),
        ("/mcp?b=2", "/mcp?b=2", "", 0),
        (
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource",
            "",
            0,
        ),
        ("/token", "/token", "grant_type=code&code=1", 0),
        ("/other", "/other", &call(1, "elsewhere").to_string(), 1),
        ("/mcp", "/mcp", "grant_type=code&code=1", 2),
    ] {
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let mut client = stage.post_to(target, form, body.as_bytes()).await;
        let mut asked = stage.asked().await;
        assert!(
            asked
                .said
                .head
                .starts_with(&format!("POST {asked_for} HTTP")),
            "{target}"
        );
        assert_eq!(asked.said.body, body.as_bytes());
        asked.line.answer("200 OK", "", b"ok").await;
        assert_eq!(client.said().await.unwrap().body, b"ok");
        assert_eq!(stage.ends(count).await.len(), count, "{target}");
    }
    assert_eq!(
        stage.ends(2).await,
        [
            end("elsewhere", Outcome::ServiceError, "unreadable_answer"),
            end("unknown", Outcome::ServiceError, "unreadable_message"),
        ]
    );
}

#[tokio::test]
async fn http_2_is_spoken_with_clients_that_know_so() {
    let mut stage = stage().await;
    let stream = tokio::net::TcpStream::connect(stage.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::post(format!("http://{}/mcp", stage.address))
        .header("content-type", "application/json")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(call(1, "t").to_string())
        .unwrap();
    let answered = tokio::spawn(async move { sender.send_request(request).await });
    let mut asked = stage.asked().await;
    assert_eq!(asked.said.header("cookie"), Some("a=1; b=2"));
    assert_eq!(asked.said.header("via"), Some("2.0 tool-audit"));
    asked.line.answer_json(&result(1)).await;
    let answer = answered.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(stage.ends(1).await, [end("t", Outcome::Success, "")]);
}
