//! What the HTTP layer's types can do, and where they fit in.

mod common;
mod http_support;

use std::convert::Infallible;
use std::fmt::Debug;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get as on_get};
use axum::{Router, middleware};
use http::{Request, StatusCode};
use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use tool_audit::adapt::http::{
    Answer, AuditHandle, EndpointAuditLayer, EndpointAuditService, HeadAlone, HttpAuditFuture,
    HttpAuditLayer, HttpAuditService, HttpCallbacks, HttpOrigin, IdentifyLayer, ToolNaming,
    TrustedHops,
};
use tool_audit::{ClassifyResponses, GoOn, Identity, MemorySink, PassOn, Recorder, Refusal};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt, service_fn};

use common::entries;
use http_support::{audit, get, send};

type Default = HttpCallbacks<HeadAlone, ClassifyResponses, GoOn, PassOn>;

fn send_sync<T: Send + Sync>() {}
fn cloned<T: Clone>() {}
fn shown<T: Debug>() {}

/// Has none of the traits that a caller might want.
struct Bare;

#[test]
fn the_types_are_send_sync_and_clone_where_their_parts_are() {
    send_sync::<HttpAuditLayer>();
    send_sync::<HttpAuditService<(), Default>>();
    send_sync::<HttpAuditFuture<(), (), Infallible, Default>>();
    send_sync::<EndpointAuditLayer>();
    send_sync::<EndpointAuditService<()>>();
    send_sync::<IdentifyLayer<Bare, fn(&Bare) -> Identity>>();
    send_sync::<(Answer, AuditHandle, HttpOrigin, ToolNaming, TrustedHops)>();
    cloned::<HttpAuditLayer<Bare>>();
    cloned::<HttpAuditService<(), Bare>>();
    cloned::<IdentifyLayer<Bare, Bare>>();
    shown::<HttpAuditLayer>();
    shown::<HttpAuditService<(), Default>>();
    shown::<HttpAuditFuture<Bare, Bare, Bare, Bare>>();
    shown::<EndpointAuditService<()>>();
    shown::<IdentifyLayer<Bare, Bare>>();
}

async fn handler(_: Request<Body>) -> Result<Response, Infallible> {
    Ok("ok".into_response())
}

#[tokio::test]
async fn the_layer_fits_wherever_axum_takes_one() {
    let sink = MemorySink::new();
    let routes = || Router::new().route("/t", on_get(async || "ok"));
    let one: MethodRouter = on_get(async || "ok").layer(audit(&sink));
    let passes = async |request, next: middleware::Next| next.run(request).await;
    let apps = [
        routes().layer(audit(&sink)),
        routes().route_layer(audit(&sink)),
        Router::new().route("/t", one),
        Router::new().route_service("/t", audit(&sink).layer(service_fn(handler))),
        Router::new().fallback_service(audit(&sink).layer(routes())),
        // A layer that takes axum's own body alone may stand inside.
        routes().layer(
            ServiceBuilder::new()
                .layer(audit(&sink))
                .layer(middleware::from_fn(passes)),
        ),
        routes().with_state(()).layer(audit(&sink)),
    ];
    for (at, app) in apps.iter().enumerate() {
        assert_eq!(send(app, get("/t")).await.1, "ok");
        assert_eq!(entries(&sink).len(), at + 1);
    }
}

#[tokio::test]
async fn audited_services_work_in_boxes_that_are_clone_and_sync() {
    type Boxed = BoxCloneSyncService<Request<Body>, Response, Infallible>;
    let sink = MemorySink::new();
    let durable = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .durable_intents()
        .build();
    let boxed: [Boxed; 4] = [
        BoxCloneSyncService::new(audit(&sink).layer(service_fn(handler))),
        BoxCloneSyncService::new(durable.layer(service_fn(handler))),
        // It asks for a future that is `Sync`: this one holds nothing.
        ServiceBuilder::new()
            .boxed_clone_sync()
            .layer(audit(&sink))
            .service_fn(|_: Request<Body>| async { Ok("ok".into_response()) }),
        BoxCloneSyncService::new(
            EndpointAuditLayer::new(Recorder::new(sink.clone())).layer(service_fn(handler)),
        ),
    ];
    for service in boxed {
        let Ok(answer) = service.oneshot(get("/t")).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(entries(&sink).len(), 3);
}

#[tokio::test]
async fn bodies_of_other_types_and_services_that_fail_are_taken_too() {
    let sink = MemorySink::new();
    let service = audit(&sink).layer(service_fn(async |request: Request<Body>| {
        match request.uri().path() {
            "/fails" => Err(BoxError::from("broken")),
            _ => Ok(Response::new(Full::new(Bytes::from_static(b"ok")))),
        }
    }));
    for path in ["/works", "/fails"] {
        let request = Request::get(path).body(Empty::<Bytes>::new());
        let request = request.expect("a request");
        let answer = service.clone().oneshot(request).await;
        assert_eq!(answer.is_ok(), path == "/works");
    }
    assert_eq!(entries(&sink).len(), 2);
}

#[tokio::test]
async fn closures_are_taken_as_hooks() {
    let layer = HttpAuditLayer::builder(Recorder::new(MemorySink::new()))
        .on_unavailable(|refusal: &Refusal| {
            Ok::<_, Infallible>(
                (StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()).into_response(),
            )
        })
        .build();
    let app: Router = Router::new().route("/t", any(async || "ok")).layer(layer);
    assert_eq!(send(&app, get("/t")).await.0, StatusCode::OK);
}
