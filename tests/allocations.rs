//! What the layer allocates on the caller's path. One test alone: the count is the whole process's.

mod common;

use std::alloc::System;
use std::future::Ready;

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio_test::task::spawn;
use tool_audit::{
    AuditLayer, AuditSink, CallContext, Policy, Recorder, SanitizedEntry, Ticket, ToolCall,
    ToolResult,
};
use tower::{BoxError, Layer, Service, service_fn};

use common::Answer;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Takes everything and keeps nothing.
struct Nothing;

impl AuditSink for Nothing {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        assert!(entry.as_json().ends_with('}'));
        Ticket::DONE
    }
}

/// Arguments of some 270 bytes that the sanitizer leaves as they are.
fn calls(count: usize) -> Vec<ToolCall> {
    let call = ToolCall::new(
        "update_order_status",
        json!({
            "order_id": "ORD-54321",
            "status": "shipped",
            "carrier": "DHL Express",
            "tracking_number": "JD014600003923841234",
            "note": "Left with the neighbour at number twelve, who signed for it on the afternoon of delivery.",
            "items": [{"sku": "A-100", "quantity": 2}, {"sku": "B-200", "quantity": 1}],
        }),
    );
    let context = CallContext::new("conv_abc123", "usr_98765")
        .turn(3)
        .role("support_agent")
        .model("gpt-4.1")
        .metadata("client_ip", "10.0.1.5")
        .metadata("user_agent", "SupportDashboard/2.1");
    vec![call.context(context); count]
}

fn answers(count: usize) -> Vec<ToolResult> {
    let answer = json!({"order_id": "ORD-54321", "old_status": "processing", "status": "shipped"});
    vec![ToolResult::success(answer); count]
}

/// Runs prepared calls whose answers are prepared too, and counts what is allocated for them.
fn count<S>(tools: &mut S, calls: Vec<ToolCall>) -> usize
where
    S: Service<ToolCall, Response = ToolResult, Error = BoxError>,
{
    // The answers, and the task that polls, are the test's own.
    let mut kept = Vec::with_capacity(calls.len());
    let mut task = spawn(());
    let region = Region::new(ALLOCATOR);
    for call in calls {
        let polled = task.enter(|cx, _| {
            assert!(matches!(
                tools.poll_ready(cx),
                std::task::Poll::Ready(Ok(()))
            ));
            let mut future = std::pin::pin!(tools.call(call));
            std::future::Future::poll(future.as_mut(), cx)
        });
        kept.push(polled);
    }
    let change = region.change();
    assert!(
        kept.iter()
            .all(|polled| matches!(polled, std::task::Poll::Ready(Ok(_))))
    );
    change.allocations + change.reallocations
}

fn tool(
    count: usize,
) -> impl Service<ToolCall, Response = ToolResult, Error = BoxError, Future = Ready<Answer>> {
    let mut answers = answers(count);
    service_fn(move |_: ToolCall| {
        let answer = answers.pop().ok_or_else(|| "no more answers".into());
        std::future::ready(answer)
    })
}

/// Calls with a password, which is looked for in all of their records.
fn calls_with_secret(count: usize) -> Vec<ToolCall> {
    let call = ToolCall::new("log_in", json!({"password": "mosaic-pebble-88"}));
    let context = CallContext::new("conv_abc123", "usr_98765").turn(3);
    vec![call.context(context); count]
}

const CALLS: usize = 1000;

#[test]
fn a_call_in_steady_state_allocates_at_most_four_times() {
    let bare = count(&mut tool(CALLS), calls(CALLS));
    assert_eq!(bare, 0, "the test's own path is free of allocations");
    let recorder = Recorder::new(Nothing);
    let mut tools = AuditLayer::new(recorder.clone()).layer(tool(CALLS + 100));
    count(&mut tools, calls_with_secret(100));
    assert_eq!(count(&mut tools, calls_with_secret(CALLS)), 0);
    assert_eq!(recorder.stats().redactions, (CALLS + 100) as u64);
    for policy in [Policy::new(), Policy::new().intent_for_all()] {
        let recorder = Recorder::builder(Nothing).policy(policy).build();
        let mut tools = AuditLayer::new(recorder.clone()).layer(tool(CALLS + 100));
        count(&mut tools, calls(100));
        let allocations = count(&mut tools, calls(CALLS));
        assert!(allocations <= 4 * CALLS, "{allocations} for {CALLS} calls");
        assert_eq!(recorder.stats().recorded, (CALLS + 100) as u64);
    }
}
