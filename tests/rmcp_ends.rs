//! Each way in which a call of an rmcp server may end, over each transport: one record, with the right end.

mod rmcp_support;

use std::time::Duration;

use rmcp::ServerHandler;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tool_audit::Outcome;

use rmcp_support::{
    Connected, Entries, Over, Served, Tools, begin, body, call_of, connect, end, recorder, router,
    server, soon,
};

const LONG: Duration = Duration::from_secs(3600);

async fn connected(over: Over) -> (Tools, Connected, Entries) {
    let tools = Tools::default();
    let (recorder, entries) = recorder();
    let connected = connect(over, server(&tools, recorder, LONG)).await;
    (tools, connected, entries)
}

#[tokio::test]
async fn answers_failures_and_errors_are_told_apart_over_every_transport() {
    for over in Over::ALL {
        let (_, connected, mut entries) = connected(over).await;
        for (tool, outcome, kind) in [
            ("works", Outcome::Success, ""),
            ("fails", Outcome::ToolError, "tool_error"),
            ("breaks", Outcome::ServiceError, "-32603"),
            ("no_such_tool", Outcome::ServiceError, "unknown_tool"),
        ] {
            let answer = soon(connected.client.call_tool(call_of(tool))).await;
            assert_eq!(
                answer.is_err(),
                outcome == Outcome::ServiceError,
                "{over:?}"
            );
            assert_eq!(entries.end().await, end(tool, outcome, kind), "{over:?}");
        }
        let mut call = call_of("works");
        call.arguments = json!({"order": 7}).as_object().cloned();
        let answer = soon(connected.client.call_tool(call))
            .await
            .expect("an answer");
        assert_eq!(answer.is_error, Some(true), "{over:?}");
        let expected = end("works", Outcome::ToolError, "invalid_arguments");
        assert_eq!(entries.end().await, expected, "{over:?}");
        entries.assert_none();
    }
}

#[tokio::test]
async fn a_panic_is_recorded_though_the_client_never_hears_of_it() {
    for over in Over::ALL {
        let (_, connected, mut entries) = connected(over).await;
        let unanswered = begin(&connected.client, "panics").await;
        let entry = entries.next().await;
        assert_eq!(entry.outcome, Some(Outcome::Panicked), "{over:?}");
        let summary = entry.result_summary.expect("a summary");
        assert_eq!(summary.error.as_deref(), Some("no such index"));
        drop(unanswered);
        assert_no_more(&connected, &mut entries).await;
    }
}

#[tokio::test]
async fn a_timeout_of_the_stack_is_recorded_and_the_model_reads_of_it() {
    for over in Over::ALL {
        let (recorder, mut entries) = recorder();
        let server = server(&Tools::default(), recorder, Duration::from_millis(20));
        let connected = connect(over, server).await;
        let answer = soon(connected.client.call_tool(call_of("never_answers"))).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.is_error, Some(true), "{over:?}");
        let text = answer.content[0].as_text().expect("a text");
        assert_eq!(text.text, "request timed out");
        let expected = end("never_answers", Outcome::TimedOut, "timeout");
        assert_eq!(entries.end().await, expected, "{over:?}");
        assert_no_more(&connected, &mut entries).await;
    }
}

#[tokio::test]
async fn a_tool_that_heeds_a_cancel_notification_was_cancelled() {
    for over in [Over::Duplex, Over::HttpSession] {
        let (tools, connected, mut entries) = connected(over).await;
        let call = begin(&connected.client, "heeds").await;
        soon(tools.begun.acquire()).await.expect("open").forget();
        soon(call.cancel(Some("the user has changed their mind".to_owned())))
            .await
            .expect("sent");
        let entry = entries.next().await;
        let expected = end("heeds", Outcome::Cancelled, "cancelled_by_client");
        assert_eq!(rmcp_support::end_of(&entry), expected, "{over:?}");
        let summary = entry.result_summary.expect("a summary");
        let reason = "the user has changed their mind";
        assert_eq!(summary.error.as_deref(), Some(reason), "{over:?}");
        assert_no_more(&connected, &mut entries).await;
    }
}

#[tokio::test]
async fn a_tool_that_goes_on_after_a_cancel_notification_has_done_what_it_did() {
    for over in [Over::Duplex, Over::HttpSession] {
        let (tools, connected, mut entries) = connected(over).await;
        let call = begin(&connected.client, "goes_on").await;
        soon(tools.begun.acquire()).await.expect("open").forget();
        soon(call.cancel(None)).await.expect("sent");
        // Another call that is answered: the notification came before it.
        soon(connected.client.call_tool(call_of("works")))
            .await
            .expect("an answer");
        assert_eq!(entries.end().await, end("works", Outcome::Success, ""));
        tools.go_on.add_permits(1);
        let expected = end("goes_on", Outcome::Success, "cancelled_by_client");
        assert_eq!(entries.end().await, expected, "{over:?}");
        assert_no_more(&connected, &mut entries).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_pipe_or_a_session_does_not_stop_the_tool() {
    for over in [Over::Duplex, Over::HttpSession] {
        let (tools, connected, mut entries) = connected(over).await;
        let call = begin(&connected.client, "goes_on").await;
        soon(tools.begun.acquire()).await.expect("open").forget();
        drop((call, connected.client.cancel().await));
        tools.go_on.add_permits(1);
        let expected = end("goes_on", Outcome::Success, "");
        assert_eq!(entries.end().await, expected, "{over:?}");
        entries.assert_none();
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_heeds_the_end_of_its_session_was_cancelled_however_soon_a_timeout_comes() {
    let tools = Tools::default();
    let (recorder, mut entries) = recorder();
    // rmcp lets calls go on for five seconds after the client has left.
    let server = server(&tools, recorder, Duration::from_millis(5020));
    let connected = connect(Over::Duplex, server).await;
    let call = begin(&connected.client, "heeds").await;
    soon(tools.begun.acquire()).await.expect("open").forget();
    drop((call, connected.client.cancel().await));
    let expected = end("heeds", Outcome::Cancelled, "session_ended");
    assert_eq!(entries.end().await, expected);
    entries.assert_none();
}

#[tokio::test]
async fn a_tool_that_heeds_the_end_of_its_session_over_http_was_cancelled() {
    let (tools, connected, mut entries) = connected(Over::HttpSession).await;
    let call = begin(&connected.client, "heeds").await;
    soon(tools.begun.acquire()).await.expect("open").forget();
    drop((call, connected.client.cancel().await));
    let expected = end("heeds", Outcome::Cancelled, "session_ended");
    assert_eq!(entries.end().await, expected);
    entries.assert_none();
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_goes_on_after_the_end_of_its_session_has_done_what_it_did() {
    let (tools, connected, mut entries) = connected(Over::Duplex).await;
    let call = begin(&connected.client, "goes_on").await;
    soon(tools.begun.acquire()).await.expect("open").forget();
    drop((call, connected.client.cancel().await));
    tokio::time::sleep(Duration::from_secs(6)).await;
    tools.go_on.add_permits(1);
    let expected = end("goes_on", Outcome::Success, "session_ended");
    assert_eq!(entries.end().await, expected);
    entries.assert_none();
}

/// That a call has left no entry more by the time that the server has answered another request.
async fn assert_no_more(connected: &Connected, entries: &mut Entries) {
    soon(connected.client.list_all_tools())
        .await
        .expect("tools");
    entries.assert_none();
}

fn serve(over: Over, server: impl ServerHandler + Clone) -> Served {
    Served::new(router(server, over.config()))
}

#[tokio::test]
async fn a_client_that_leaves_a_request_without_session_stops_a_tool_that_heeds_it() {
    for over in [Over::HttpStatelessSse, Over::HttpStatelessJson] {
        let tools = Tools::default();
        let (recorder, mut entries) = recorder();
        let served = serve(over, server(&tools, recorder, LONG));
        for tool in ["heeds", "goes_on"] {
            let stream = served.post("", &body(tool)).await;
            soon(tools.begun.acquire()).await.expect("open").forget();
            drop(stream);
            if tool == "heeds" {
                let expected = end("heeds", Outcome::Cancelled, "disconnected");
                assert_eq!(entries.end().await, expected, "{over:?}");
            }
        }
        // Each request has a connection of its own, so nothing says when the server sees that one has ended: a tool
        // that stops for it does.
        let stream = served.post("", &body("heeds")).await;
        soon(tools.begun.acquire()).await.expect("open").forget();
        drop(stream);
        assert_eq!(entries.end().await.0, "heeds");
        tools.go_on.add_permits(1);
        let (tool, outcome, _) = entries.end().await;
        assert_eq!((tool.as_str(), outcome), ("goes_on", Outcome::Success));
        entries.assert_none();
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_answer_of_a_session_does_not_stop_the_tool() {
    let tools = Tools::default();
    let (recorder, mut entries) = recorder();
    let served = serve(Over::HttpSession, server(&tools, recorder, LONG));
    let session = session_of(&served).await;
    let headers = format!("Mcp-Session-Id: {session}\r\n");
    let stream = served.post(&headers, &body("heeds")).await;
    soon(tools.begun.acquire()).await.expect("open").forget();
    drop(stream);
    // The answer may be fetched later: nobody has cancelled.
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    let mut stream = served.post(&headers, &cancel).await;
    let entry = entries.next().await;
    let expected = end("heeds", Outcome::Cancelled, "cancelled_by_client");
    assert_eq!(rmcp_support::end_of(&entry), expected);
    // Whoever has the id can use the session: the record has a pseudonym of it.
    assert!(entry.conversation_id.starts_with("pn:session:"));
    assert!(!entry.to_json().contains(&session));
    assert_eq!(entry.tool_call_id.as_deref(), Some("7"));
    let mut begun = [0; 12];
    soon(stream.read_exact(&mut begun))
        .await
        .expect("an answer");
    assert_eq!(&begun, b"HTTP/1.1 202");
    entries.assert_none();
}

/// Opens a session by hand, and gives its id.
async fn session_of(served: &Served) -> String {
    let params = json!({
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"},
    });
    let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let mut lines = BufReader::new(served.post("", &message).await).lines();
    let mut session = String::new();
    while let Some(line) = soon(lines.next_line()).await.expect("an answer") {
        if let Some(id) = line.strip_prefix("mcp-session-id: ") {
            session = id.to_owned();
        }
        if line.starts_with("data: {") {
            break;
        }
    }
    let message = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let headers = format!("Mcp-Session-Id: {session}\r\n");
    let mut stream = served.post(&headers, &message).await;
    soon(stream.read_u8()).await.expect("an answer");
    session
}
