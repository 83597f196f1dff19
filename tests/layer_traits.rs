//! What the layer's types can do where their parts can, and what they never ask of them.

mod common;

use std::cell::Cell;
use std::fmt::Debug;
use std::future::Ready;

use serde_json::json;
use tool_audit::layer::Callbacks;
use tool_audit::{
    AuditFuture, AuditLayer, AuditService, CallBuilder, Classify, ClassifyErrors,
    ClassifyResponses, Describe, DescribeToolCall, DurableAuditFuture, DurableAuditLayer,
    DurableAuditService, GoOn, MemorySink, OnUnavailable, OnUndurable, OutcomeBuilder, PassOn,
    Recorder, Recording, Refusal, SinkError, ToolCall, ToolResult,
};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use common::{Answer, call};

type Default = Callbacks<DescribeToolCall, ClassifyResponses, GoOn, PassOn>;

fn send_sync<T: Send + Sync>() {}
fn cloned<T: Clone>() {}
fn shown<T: Debug>() {}

/// Has none of the traits that a caller might want.
struct Bare;

/// A response that is not `Sync`.
type Unsync = Cell<u8>;

#[test]
fn the_types_are_send_sync_and_clone_where_their_parts_are() {
    send_sync::<Recorder>();
    send_sync::<Recording>();
    send_sync::<AuditLayer>();
    send_sync::<AuditService<()>>();
    send_sync::<DurableAuditLayer<Default>>();
    send_sync::<DurableAuditService<(), Default>>();
    send_sync::<AuditFuture<Ready<Answer>, Answer, Default>>();
    send_sync::<AuditFuture<(), Result<Unsync, BoxError>, Default>>();
    send_sync::<DurableAuditFuture<(), ToolCall, Ready<Answer>, Answer, Default>>();
    send_sync::<DurableAuditFuture<Unsync, Unsync, (), Result<Unsync, BoxError>, Default>>();
    cloned::<AuditLayer<Bare>>();
    cloned::<AuditService<(), Bare>>();
    cloned::<DurableAuditLayer<Bare>>();
    cloned::<DurableAuditService<(), Bare>>();
    shown::<AuditService<()>>();
    shown::<DurableAuditService<(), Default>>();
    shown::<AuditFuture<Bare, Bare, Bare>>();
    shown::<DurableAuditFuture<Bare, Bare, Bare, Bare, Bare>>();
    shown::<Callbacks<Bare, Bare, Bare, Bare>>();
}

#[test]
fn the_futures_can_be_moved_where_the_tools_can() {
    fn unpin<T: Unpin>() {}
    unpin::<AuditFuture<Ready<Answer>, Answer, Default>>();
    unpin::<DurableAuditFuture<Bare, Bare, Ready<Answer>, Answer, Default>>();
}

async fn answer(_call: ToolCall) -> Answer {
    Ok(ToolResult::success(json!({"status": "shipped"})))
}

#[tokio::test]
async fn audited_services_work_in_boxes_that_are_clone_and_sync() {
    let sink = MemorySink::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let durable = AuditLayer::builder(Recorder::new(sink.clone())).build_durable();
    let boxed: [BoxCloneSyncService<ToolCall, ToolResult, BoxError>; 4] = [
        BoxCloneSyncService::new(layer.layer(service_fn(answer))),
        BoxCloneSyncService::new(durable.layer(service_fn(answer))),
        ServiceBuilder::new()
            .boxed_clone_sync()
            .layer(layer)
            .service_fn(answer),
        ServiceBuilder::new()
            .boxed_clone_sync()
            .layer(durable)
            .service_fn(answer),
    ];
    for tools in boxed {
        let mut clone = tools.clone();
        let task = tokio::spawn(async move { clone.ready().await?.call(call()).await });
        task.await.expect("no panic").expect("an answer");
    }
    assert_eq!(common::entries(&sink).len(), 4);
}

impl Describe<Bare> for Bare {
    fn describe(&self, _request: &mut Bare, call: &mut CallBuilder<'_>) {
        call.tool_name("bare");
    }
}

impl Classify<Bare, Bare> for Bare {
    fn classify(&self, result: Result<&Bare, &Bare>, outcome: &mut OutcomeBuilder<'_>) {
        if result.is_err() {
            outcome.outcome(tool_audit::Outcome::Denied);
        }
    }
}

impl OnUnavailable<Bare, Bare> for Bare {
    fn on_unavailable(&self, _refusal: &Refusal) -> Option<Result<Bare, Bare>> {
        Some(Err(Bare))
    }
}

impl OnUndurable<Bare, Bare> for Bare {
    fn on_undurable(&self, result: Result<Bare, Bare>, _error: &SinkError) -> Result<Bare, Bare> {
        result
    }
}

#[tokio::test]
async fn requests_responses_errors_and_hooks_need_no_trait_at_all() {
    let sink = MemorySink::new();
    let builder = || {
        AuditLayer::builder(Recorder::new(sink.clone()))
            .describe(Bare)
            .classify(Bare)
            .on_unavailable(Bare)
            .on_undurable(Bare)
    };
    let tools = builder()
        .build()
        .layer(service_fn(|_: Bare| async { Err::<Bare, _>(Bare) }));
    assert!(tools.clone().oneshot(Bare).await.is_err());
    let tools = builder()
        .build_durable()
        .layer(service_fn(|_: Bare| async { Ok::<_, Bare>(Bare) }));
    assert!(tools.clone().oneshot(Bare).await.is_ok());
    let entries = common::entries(&sink);
    assert_eq!(entries[0].outcome, Some(tool_audit::Outcome::Denied));
    assert_eq!(entries[1].tool_name, "bare");
}

#[tokio::test]
async fn an_audited_service_may_borrow() {
    let sink = MemorySink::new();
    let answer = json!({"status": "shipped"});
    let layer = AuditLayer::builder(Recorder::new(sink.clone()))
        .classify(ClassifyErrors)
        .build();
    let mut tools = layer.layer(service_fn(|_: ToolCall| {
        let answer = &answer;
        async move { Ok::<_, std::io::Error>(answer.clone()) }
    }));
    assert_eq!(
        tools
            .ready()
            .await
            .expect("ready")
            .call(call())
            .await
            .expect("an answer"),
        answer
    );
    assert_eq!(
        common::only(&sink).outcome,
        Some(tool_audit::Outcome::Success)
    );
}

#[test]
fn the_service_inside_can_be_reached_and_taken_out() {
    let recorder = Recorder::new(MemorySink::new());
    let mut tools = AuditLayer::new(recorder.clone()).layer(1);
    *tools.get_mut() += 1;
    assert_eq!((*tools.get_ref(), tools.into_inner()), (2, 2));
    let mut tools = AuditLayer::builder(recorder).build_durable().layer(1);
    *tools.get_mut() += 1;
    assert_eq!((*tools.get_ref(), tools.into_inner()), (2, 2));
}
