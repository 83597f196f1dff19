//! Peers that send anything: nothing panics, nothing grows without bound, and every call is recorded.

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tool_audit::adapt::mcp::{McpSession, OnUnrecordable, Relay};
use tool_audit::{Admission, CallContext, MemorySink, Outcome, Recorder};

/// A line, and whether it comes from the client.
type Said = (bool, Vec<u8>);

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (0..4_u8).prop_map(Value::from),
        1 => Just(json!("0")),
        1 => Just(json!(0.0)),
        1 => Just(Value::Null),
        1 => Just(json!([0])),
    ]
}

fn task_state() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec![
        "working",
        "input_required",
        "completed",
        "failed",
        "cancelled",
        "?",
    ]);
    let more = prop::sample::select(vec![
        json!({}),
        json!({"result": {"content": []}}),
        json!({"result": 7, "error": 7}),
        json!({"error": {"code": -1, "message": "m"}}),
        json!({"resultType": "task"}),
        json!({"statusMessage": ["m"]}),
    ]);
    (0..3_u8, status, more).prop_map(|(task, status, more)| {
        let mut state = json!({"taskId": format!("t{task}"), "status": status});
        for (member, value) in more.as_object().unwrap() {
            state[member] = value.clone();
        }
        state
    })
}

fn request() -> impl Strategy<Value = Value> {
    let method = prop::sample::select(vec![
        "tools/call",
        "tools/call",
        "tools/call",
        "tasks/result",
        "tasks/get",
        "tasks/cancel",
        "notifications/cancelled",
        "initialize",
        "ping",
    ]);
    let params = prop_oneof![
        Just(json!({"name": "get_order", "arguments": {"order_id": "ORD-1"}})),
        Just(json!({"name": 7, "arguments": "x", "_meta": []})),
        Just(json!([])),
        Just(
            json!({"clientInfo": {"name": {}}, "_meta": {"traceparent": "00-", "io.modelcontextprotocol/aiInvocation": 1}})
        ),
        id().prop_map(|id| json!({"requestId": id, "reason": 3})),
        task_state(),
    ];
    (method, id(), params).prop_map(
        |(method, id, params)| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}),
    )
}

fn answer() -> impl Strategy<Value = Value> {
    let result = prop_oneof![
        Just(json!({"content": [{"type": "text", "text": "done"}]})),
        Just(json!({"isError": true, "content": 7})),
        Just(json!({"resultType": "input_required"})),
        Just(json!({"serverInfo": {"name": "orders"}, "_meta": {}})),
        Just(Value::Null),
        task_state(),
        task_state().prop_map(|task| json!({"task": task})),
    ];
    let answered = (id(), result).prop_map(|(id, result)| json!({"id": id, "result": result}));
    let failed = id().prop_map(|id| json!({"id": id, "error": {"code": [], "message": 1}}));
    let told = prop::sample::select(vec!["notifications/tasks", "notifications/tasks/status"]);
    let told = (told, task_state())
        .prop_map(|(method, params)| json!({"method": method, "params": params}));
    prop_oneof![4 => answered, 1 => failed, 2 => told]
}

/// A message or several in a list, as a line.
fn line_of(message: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(message, 1..4).prop_map(|messages| {
        let message = match messages.as_slice() {
            [message] => message.clone(),
            _ => Value::Array(messages),
        };
        message.to_string().into_bytes()
    })
}

fn bent(line: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"{}[]\",:\\ 0-.eu".to_vec())
    ];
    let bends = prop::collection::vec((any::<prop::sample::Index>(), byte, 0..3_u8), 1..6);
    (line, bends).prop_map(|(mut line, bends)| {
        for (at, byte, how) in bends {
            let at = at.index(line.len() + 1);
            match how {
                0 => line.insert(at, byte),
                1 if at < line.len() => line[at] = byte,
                // Such as may put a member there twice.
                _ => line.extend_from_within(at..),
            }
        }
        line.retain(|byte| *byte != b'\n');
        line
    })
}

fn said(bends: bool) -> impl Strategy<Value = Said> {
    let whole = prop_oneof![
        line_of(request()).prop_map(|line| (true, line)),
        line_of(answer()).prop_map(|line| (false, line)),
    ];
    let other = prop_oneof![
        (any::<bool>(), bent(line_of(request()))),
        (any::<bool>(), bent(line_of(answer()))),
        (any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(
            |(is_client, mut line)| {
                line.retain(|byte| *byte != b'\n');
                (is_client, line)
            }
        ),
    ];
    let often = u32::from(bends);
    prop_oneof![2 => whole, often => other]
}

fn session(sink: &MemorySink) -> McpSession {
    McpSession::new(Recorder::new(sink.clone()), CallContext::new("s", "u"))
}

/// What is recorded of these lines.
fn recorded(lines: &[Said]) -> (Vec<(String, Outcome)>, u64) {
    let sink = MemorySink::new();
    let mut session = session(&sink);
    for (is_client, line) in lines {
        if *is_client {
            session.client_line(line, &Admission::Admitted);
        } else {
            session.server_line(line);
        }
    }
    session.client_left();
    let stats = session.stats();
    (ends(&sink), stats.calls + stats.unreadable_from_client)
}

fn ends(sink: &MemorySink) -> Vec<(String, Outcome)> {
    let entries = sink.entries();
    entries
        .into_iter()
        .map(|entry| (entry.tool_name, entry.outcome.unwrap()))
        .collect()
}

/// How many calls a client asks for in a line that can be read.
fn asked(line: &[u8]) -> u64 {
    let is_call = |message: &&Value| message["method"] == "tools/call";
    match serde_json::from_slice(line).unwrap() {
        Value::Array(messages) => messages.iter().filter(is_call).count() as u64,
        message => u64::from(is_call(&&message)),
    }
}

async fn carry(from: &mut DuplexStream, to: &mut DuplexStream, line: &[u8], size: usize) {
    for piece in line.chunks(size) {
        from.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut came = vec![0; line.len()];
    to.read_exact(&mut came).await.unwrap();
    assert!(came == line, "{}", String::from_utf8_lossy(&came));
}

proptest! {
    #[test]
    fn every_call_among_any_messages_is_one_entry(lines in prop::collection::vec(said(false), 0..40)) {
        let asked: u64 = lines.iter().filter(|(is_client, _)| *is_client).map(|(_, line)| asked(line)).sum();
        let (ends, counted) = recorded(&lines);
        prop_assert_eq!(counted, asked);
        prop_assert_eq!(ends.len() as u64, asked);
    }

    #[test]
    fn every_line_that_cannot_be_read_is_one_entry_too(lines in prop::collection::vec(said(true), 0..40)) {
        let (ends, counted) = recorded(&lines);
        prop_assert_eq!(ends.len() as u64, counted);
    }

    #[test]
    fn a_relay_passes_any_lines_unchanged_and_records_what_a_session_does(
        lines in prop::collection::vec(said(true), 0..20),
        size in 1_usize..400,
    ) {
        let sink = MemorySink::new();
        let recorder = Recorder::new(sink.clone());
        let session = McpSession::new(recorder.clone(), CallContext::new("s", "u"));
        let relay = Relay::new(recorder, session, OnUnrecordable::PassOn);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut client, near_client) = duplex(1 << 16);
            let (mut server, near_server) = duplex(1 << 16);
            let relayed = tokio::spawn(async move {
                relay.run(split(near_client), split(near_server)).await.unwrap();
                relay.session().client_left();
            });
            for (is_client, line) in &lines {
                let line = [line.as_slice(), b"\n"].concat();
                if *is_client {
                    carry(&mut client, &mut server, &line, size).await;
                } else {
                    carry(&mut server, &mut client, &line, size).await;
                }
            }
            drop(server);
            relayed.await.unwrap();
        });
        prop_assert_eq!(ends(&sink), recorded(&lines).0);
    }

    #[test]
    fn where_calls_may_be_refused_a_server_gets_what_can_be_read_and_nothing_else(
        lines in prop::collection::vec(said(true), 0..20),
    ) {
        let sink = MemorySink::new();
        let recorder = Recorder::new(sink.clone());
        let session = McpSession::new(recorder.clone(), CallContext::new("s", "u"));
        let relay = Relay::new(recorder, session, OnUnrecordable::Refuse);
        let from_client: Vec<&[u8]> = lines.iter().filter(|(is_client, _)| *is_client).map(|(_, line)| line.as_slice()).collect();
        let sent: Vec<u8> = from_client.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        let mut passed = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut client, near_client) = duplex(1 << 20);
            let (mut server, near_server) = duplex(1 << 20);
            let relayed = tokio::spawn(async move {
                relay.run(split(near_client), split(near_server)).await.unwrap();
                relay.session().client_left();
            });
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
            server.read_to_end(&mut passed).await.unwrap();
            drop(server);
            relayed.await.unwrap();
        });
        let readable = from_client.into_iter().filter(|line| {
            let mut alone = session_of_one();
            alone.client_line(line, &Admission::Admitted);
            alone.stats().unreadable_from_client == 0
        });
        let readable: Vec<u8> = readable.flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        prop_assert_eq!(String::from_utf8_lossy(&passed), String::from_utf8_lossy(&readable));
    }
}

fn session_of_one() -> McpSession {
    session(&MemorySink::new())
}

fn call(id: &str, arguments: &Value) -> Vec<u8> {
    let params = json!({"name": "hangs", "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
        .to_string()
        .into_bytes()
}

#[test]
fn calls_that_nobody_answers_are_bounded_by_their_size_too() {
    let sink = MemorySink::new();
    let mut session = session(&sink);
    let mebibyte = "x".repeat(1 << 20);
    for number in 0..100 {
        let line = call(&format!("{number}{mebibyte}"), &json!({}));
        session.client_line(&line, &Admission::Admitted);
    }
    let ended = sink.entries().len();
    assert!((100 - 64..100 - 60).contains(&ended), "{ended}");
    session.client_left();
    assert_eq!(sink.entries().len(), 100);
}

#[test]
fn a_task_with_a_very_long_id_is_bounded_too() {
    let sink = MemorySink::new();
    let mut session = session(&sink);
    let mebibyte = "x".repeat(1 << 20);
    for number in 0..100 {
        let id = number.to_string();
        session.client_line(&call(&id, &json!({})), &Admission::Admitted);
        let task = json!({"taskId": format!("{number}{mebibyte}"), "status": "working", "resultType": "task"});
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": task});
        session.server_line(answer.to_string().as_bytes());
    }
    let ended = sink.entries().len();
    assert!((100 - 64..100 - 60).contains(&ended), "{ended}");
}
