//! The peer: what an application writes today that logs its tool calls with `tracing`.
//!
//! A tower service makes a recursive copy of the arguments without secrets, summarises the result, and
//! emits one event; `tracing-subscriber` formats it as JSON, and `tracing-appender` writes it on a thread of its
//! own, without losing any. It keeps no chain of hashes, which favours it.

use std::convert::Infallible;
use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use serde_json::Value;
use tool_audit::{CallContext, ToolCall};
use tower::Service;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use super::Tool;
use super::contestant::Contestant;

/// A member whose name contains one of these, in any case, is redacted.
const SENSITIVE: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "credential",
    "private_key",
    "session_key",
    "cookie",
    "ssn",
    "credit_card",
    "card_number",
    "cvv",
];

/// How much of a result its preview shows, in bytes.
const PREVIEW: usize = 96;

/// The process's subscriber, with a file behind it.
pub(crate) struct Pipeline {
    made: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    _guard: WorkerGuard,
}

impl Pipeline {
    /// Makes the pipeline the process's default; a process can do so once.
    pub(crate) fn install(folder: &Path) -> Self {
        let written = Arc::new(AtomicU64::new(0));
        let lines = Lines {
            file: File::create(folder.join("pipeline.jsonl")).expect("the bench's folder is ours"),
            written: Arc::clone(&written),
        };
        let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(lines);
        tracing_subscriber::fmt().json().with_writer(writer).init();
        Self {
            made: Arc::default(),
            written,
            _guard: guard,
        }
    }
}

impl Contestant for Pipeline {
    type Service = Logged<Tool>;

    fn service(&self) -> Logged<Tool> {
        Logged {
            inner: Tool,
            made: Arc::clone(&self.made),
        }
    }

    async fn written(&self) {
        while self.written.load(Ordering::Acquire) < self.made.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }
}

/// A file that counts what the pipeline writes: one line a call.
struct Lines {
    file: File,
    written: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = self.file.write(line)?;
        if line[..length].ends_with(b"\n") {
            self.written.fetch_add(1, Ordering::Release);
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Logs the calls of the service inside.
#[derive(Debug, Clone)]
pub(crate) struct Logged<S> {
    inner: S,
    made: Arc<AtomicU64>,
}

impl<S> Service<ToolCall> for Logged<S>
where
    S: Service<ToolCall, Response = Value, Error = Infallible>,
{
    type Response = Value;
    type Error = Infallible;
    type Future = LoggedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: ToolCall) -> Self::Future {
        self.made.fetch_add(1, Ordering::Relaxed);
        let tool_name = request.tool_name.clone();
        let context = Arc::clone(&request.context);
        let arguments = redacted(&request.arguments);
        let began = Instant::now();
        LoggedFuture {
            tool_name,
            context,
            arguments,
            began,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    pub(crate) struct LoggedFuture<F> {
        tool_name: String,
        context: Arc<CallContext>,
        arguments: Value,
        began: Instant,
        #[pin]
        inner: F,
    }
}

impl<F> Future for LoggedFuture<F>
where
    F: Future<Output = Result<Value, Infallible>>,
{
    type Output = Result<Value, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(value) = ready!(this.inner.poll(cx));
        let duration_ms = this.began.elapsed().as_secs_f64() * 1e3;
        let summary = Summary::of(&redacted(&value));
        tracing::info!(
            conversation_id = this.context.conversation_id.as_deref(),
            user_id = this.context.user_id.as_deref(),
            user_role = this.context.user_role.as_deref(),
            model = this.context.model.as_deref(),
            turn_number = this.context.turn_number,
            tool_name = this.tool_name.as_str(),
            arguments = %this.arguments,
            outcome = "success",
            duration_ms,
            result_type = summary.kind,
            result_size = summary.size,
            result_preview = summary.preview.as_str(),
            "tool call"
        );
        Poll::Ready(Ok(value))
    }
}

/// What of a result is logged.
struct Summary {
    kind: &'static str,
    size: usize,
    preview: String,
}

impl Summary {
    fn of(value: &Value) -> Self {
        let text = value.to_string();
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        Self {
            kind,
            size: text.len(),
            preview: text.get(..PREVIEW).unwrap_or(&text).to_owned(),
        }
    }
}

fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.clone(), redacted_member(name, value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(redacted).collect()),
        _ => value.clone(),
    }
}

fn redacted_member(name: &str, value: &Value) -> Value {
    let folded = name.to_lowercase();
    if SENSITIVE.iter().any(|word| folded.contains(word)) {
        Value::String("[REDACTED]".to_owned())
    } else {
        redacted(value)
    }
}
