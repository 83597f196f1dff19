//! A server that says what a test makes it say, byte for byte, and a client that hears it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tool_audit::adapt::mcp::http::{Proxy, ProxyBuilder};
use tool_audit::{AuditEntry, CallContext, MemorySink, Outcome, Recorder};

/// What one side of a connection has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection of HTTP/1.1, read by hand.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
    /// The chunk that ends a body has come.
    has_last_chunk: bool,
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
            has_last_chunk: false,
        }
    }

    /// Reads more; false at the end of the stream.
    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.unwrap_or(0) > 0
    }

    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = self.read.split_off(at + 4);
                let head = std::mem::replace(&mut self.read, rest);
                return Some(String::from_utf8(head[..at].to_vec()).unwrap());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The next bytes of a body in chunks, as they stand in one of them; none at its end, or where it breaks off.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = loop {
            if let Some(at) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line = String::from_utf8(self.read[..at].to_vec()).unwrap();
                self.read.drain(..at + 2);
                break usize::from_str_radix(&line, 16).unwrap();
            }
            if !self.more().await {
                return None;
            }
        };
        while self.read.len() < length + 2 {
            if !self.more().await {
                return None;
            }
        }
        let rest = self.read.split_off(length + 2);
        let mut chunk = std::mem::replace(&mut self.read, rest);
        chunk.truncate(length);
        self.has_last_chunk = length == 0;
        (length > 0).then_some(chunk)
    }

    /// Reads a body in chunks until it holds so many bytes.
    pub(crate) async fn chunks(&mut self, length: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < length {
            match self.chunk().await {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        body
    }

    /// The rest of a body in chunks, and whether it is said to be at its end.
    pub(crate) async fn rest_of_chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await {
            body.extend_from_slice(&chunk);
        }
        (body, self.has_last_chunk)
    }

    /// A whole request or answer.
    pub(crate) async fn said(&mut self) -> Option<Said> {
        let head = self.head().await?;
        let mut said = Said {
            head,
            body: Vec::new(),
        };
        if said.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                said.body.extend_from_slice(&chunk);
            }
        } else if let Some(length) = said.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.read.len() < length {
                if !self.more().await {
                    return None;
                }
            }
            let rest = self.read.split_off(length);
            said.body = std::mem::replace(&mut self.read, rest);
        } else if said.head.starts_with("HTTP/") && !matches!(said.status(), 202 | 204) {
            while self.more().await {}
            said.body = std::mem::take(&mut self.read);
        }
        Some(said)
    }

    /// Whether the other side is gone.
    pub(crate) async fn is_gone(&mut self) -> bool {
        while self.more().await {}
        true
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub(crate) async fn write_chunk(&mut self, bytes: &[u8]) {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.write(&chunk).await;
    }

    /// Answers with a head whose body is to come in chunks.
    pub(crate) async fn begin(&mut self, head: &str) {
        let head = format!("{head}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
        self.write(head.as_bytes()).await;
    }

    pub(crate) async fn begin_events(&mut self) {
        self.begin("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream")
            .await;
    }

    pub(crate) async fn answer(&mut self, status: &str, headers: &str, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        self.write(&[head.as_bytes(), body].concat()).await;
    }

    pub(crate) async fn answer_json(&mut self, body: &Value) {
        let body = body.to_string();
        self.answer(
            "200 OK",
            "content-type: application/json\r\n",
            body.as_bytes(),
        )
        .await;
    }
}

/// A request that has come to the server, and the connection that it is to answer on.
pub(crate) struct Asked {
    pub(crate) said: Said,
    pub(crate) line: Line,
}

/// The proxy, with a server behind it.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) proxy: Proxy,
    pub(crate) sink: MemorySink,
    pub(crate) recorder: Recorder,
    asked: mpsc::UnboundedReceiver<Asked>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<()>,
}

/// A server whose requests come out of the channel.
pub(crate) async fn upstream() -> (SocketAddr, mpsc::UnboundedReceiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (to_test, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let to_test = to_test.clone();
            tokio::spawn(async move {
                let mut line = Line::new(stream);
                if let Some(said) = line.said().await {
                    let _ = to_test.send(Asked { said, line });
                }
            });
        }
    });
    (address, asked)
}

pub(crate) async fn stage() -> Stage {
    stage_with(|builder| builder).await
}

pub(crate) async fn stage_with(build: impl FnOnce(ProxyBuilder) -> ProxyBuilder) -> Stage {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    stage_of(recorder, sink, build).await
}

pub(crate) async fn stage_of(
    recorder: Recorder,
    sink: MemorySink,
    build: impl FnOnce(ProxyBuilder) -> ProxyBuilder,
) -> Stage {
    let (server, asked) = upstream().await;
    let context = CallContext::default().role("agent");
    let builder = Proxy::builder(recorder.clone(), format!("http://{server}/mcp")).context(context);
    let proxy = build(builder).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn({
        let proxy = proxy.clone();
        async move {
            let stopped = async {
                let _ = stopped.await;
            };
            proxy.serve(listener, stopped).await.unwrap();
        }
    });
    Stage {
        address,
        proxy,
        sink,
        recorder,
        asked,
        stop: Some(stop),
        served,
    }
}

impl Stage {
    pub(crate) async fn line(&self) -> Line {
        Line::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends a request, whose answer comes on the line.
    pub(crate) async fn ask(&self, method: &str, headers: &str, body: &[u8]) -> Line {
        self.ask_for(method, "/mcp", headers, body).await
    }

    /// Sends a body to this path and query.
    pub(crate) async fn post_to(&self, target: &str, headers: &str, body: &[u8]) -> Line {
        self.ask_for("POST", target, headers, body).await
    }

    async fn ask_for(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Line {
        let mut line = self.line().await;
        let length = match body.len() {
            0 => String::new(),
            length => format!("content-length: {length}\r\n"),
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\n{headers}{length}connection: close\r\n\r\n",
            self.address
        );
        line.write(&[head.as_bytes(), body].concat()).await;
        line
    }

    pub(crate) async fn post(&self, headers: &str, message: &Value) -> Line {
        let headers = format!("content-type: application/json\r\n{headers}");
        self.ask("POST", &headers, message.to_string().as_bytes())
            .await
    }

    /// The next request that comes to the server.
    pub(crate) async fn asked(&mut self) -> Asked {
        let patience = std::time::Duration::from_secs(30);
        let asked = tokio::time::timeout(patience, self.asked.recv()).await;
        asked.expect("no request has come").unwrap()
    }

    pub(crate) fn has_been_asked(&mut self) -> bool {
        self.asked.try_recv().is_ok()
    }

    /// Tells the proxy to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for the record of the so many-th call.
    pub(crate) async fn entries(&self, count: usize) -> Vec<AuditEntry> {
        for _ in 0..20_000 {
            if self.sink.entries().len() >= count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let entries = self.sink.entries();
        assert!(entries.len() >= count, "{} of {count}", entries.len());
        entries
    }

    pub(crate) async fn ends(&self, count: usize) -> Vec<(String, Outcome, Option<String>)> {
        self.entries(count).await.iter().map(end_of).collect()
    }
}

pub(crate) fn end_of(entry: &AuditEntry) -> (String, Outcome, Option<String>) {
    let summary = entry.result_summary.as_ref();
    (
        entry.tool_name.clone(),
        entry.outcome.unwrap(),
        summary.and_then(|summary| summary.error_type.clone()),
    )
}

pub(crate) fn end(
    tool: &str,
    outcome: Outcome,
    error_type: &str,
) -> (String, Outcome, Option<String>) {
    let error_type = (!error_type.is_empty()).then(|| error_type.to_owned());
    (tool.to_owned(), outcome, error_type)
}

pub(crate) fn call(id: u64, tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {"order_id": format!("ORD-{id}")}});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

pub(crate) fn result(id: u64) -> Value {
    let content = json!([{"type": "text", "text": "done"}]);
    json!({"jsonrpc": "2.0", "id": id, "result": {"content": content}})
}

pub(crate) fn event(message: &Value) -> Vec<u8> {
    format!("event: message\ndata: {message}\n\n").into_bytes()
}

/// The session's id in a header.
pub(crate) fn session(id: &str) -> String {
    format!("mcp-session-id: {id}\r\n")
}

pub(crate) fn metadata(entry: &AuditEntry) -> HashMap<String, Value> {
    entry.session_metadata.clone().into_iter().collect()
}
