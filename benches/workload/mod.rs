//! The call that every contestant makes, and the tool that answers it.
#![allow(dead_code, reason = "no bench uses all of it")]

pub(crate) mod audited;
pub(crate) mod contestant;
pub(crate) mod machine;
pub(crate) mod pipeline;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::{Value, json};
use tool_audit::{CallContext, CallTrigger, ToolCall};
use tower::Service;

/// A tool that answers at once, with 200 bytes of JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool;

impl Service<ToolCall> for Tool {
    type Response = Value;
    type Error = Infallible;
    type Future = Ready<Result<Value, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: ToolCall) -> Self::Future {
        ready(Ok(result()))
    }
}

/// A call with 271 bytes of nested arguments, one of them a password.
pub(crate) fn call() -> ToolCall {
    let context = CallContext::new("conv_7d1f0a92c4", "usr_98765")
        .turn(3)
        .role("support_agent")
        .model("gpt-4.1");
    ToolCall::new("update_order_status", arguments())
        .context(Arc::new(context))
        .trigger(CallTrigger::UserRequest)
}

pub(crate) fn arguments() -> Value {
    json!({
        "order_id": "ORD-54321",
        "customer": {"id": "CUS-10442", "login": "j.smith", "password": "correct horse battery"},
        "items": [
            {"sku": "SKU-88121", "quantity": 2, "price": 49.5},
            {"sku": "SKU-90233", "quantity": 1, "price": 30.95}
        ],
        "note": "Leave it with a neighbour if need be",
        "express": true
    })
}

pub(crate) fn result() -> Value {
    json!({
        "order_id": "ORD-54321",
        "status": "shipped",
        "old_status": "processing",
        "carrier": "DHL Express",
        "tracking": "JD014600003828771",
        "items": [{"sku": "SKU-88121", "quantity": 2}, {"sku": "SKU-90233", "quantity": 1}]
    })
}
