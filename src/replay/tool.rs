use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::Value;
use tower_service::Service;

use super::{Answer, RecordedCall};
use crate::call::{Describe, ToolCall, ToolResult};
use crate::record::CallBuilder;
use crate::sink::SinkError;

/// A request that carries its own answer.
pub(super) struct Scripted {
    call: ToolCall,
    answer: Answer,
    latency: Option<Duration>,
}

impl Scripted {
    /// The call's latency is slept only in `real_time`.
    pub(super) fn new(recorded: RecordedCall, real_time: bool) -> Self {
        Self {
            call: recorded.call,
            answer: recorded.answer,
            latency: recorded.latency.filter(|_| real_time),
        }
    }
}

/// Describes the call and not the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct DescribeScripted;

impl Describe<Scripted> for DescribeScripted {
    fn describe(&self, request: &mut Scripted, call: &mut CallBuilder<'_>) {
        call.tool_call(&request.call);
    }
}

/// Does what each request says. It returns no error of its own: those are the audit layer's.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScriptedTool;

impl Service<Scripted> for ScriptedTool {
    type Response = ToolResult;
    type Error = SinkError;
    type Future = Pin<Box<dyn Future<Output = Result<ToolResult, SinkError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Scripted) -> Self::Future {
        Box::pin(async move {
            if let Some(latency) = request.latency {
                tokio::time::sleep(latency).await;
            }
            Ok(match request.answer {
                Answer::Nothing => ToolResult::success(Value::Null),
                Answer::Result(result) => ToolResult::success(result),
                Answer::Error(text) => ToolResult::failure(text),
                // A panic that nobody has to hear of: resuming one does not call the panic hook.
                Answer::Panic(text) => resume_unwind(Box::new(text)),
            })
        })
    }
}
