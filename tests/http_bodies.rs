//! When a call ends whose answer has a body, and what passes through unchanged.

mod common;
mod http_support;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use axum::routing::post as on_post;
use axum::{BoxError, Json, Router};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use serde_json::{Value, json};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{AuditEntry, Durability, MemorySink, Outcome, Policy, Recorder, SinkError};

use common::{Controlled, StandingClock, entries, error_of, only};
use http_support::{answering, audit, get, head, post, scripted, send};

fn data(bytes: &'static [u8]) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(bytes)))
}

fn size_of(entry: &AuditEntry) -> Option<u64> {
    entry
        .result_summary
        .as_ref()
        .and_then(|summary| summary.result_size)
}

async fn next(body: &mut Body) -> Option<Result<Frame<Bytes>, axum::Error>> {
    body.frame().await
}

#[tokio::test]
async fn an_answer_that_is_there_is_recorded_with_its_head() {
    let sink = MemorySink::new();
    let app = answering(Json(json!({"status": "shipped"})).into_response()).layer(audit(&sink));
    let answer = head(&app, get("/t")).await;
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
    // Who leaves now leaves after the tool has answered.
    drop(answer);
    assert_eq!(entries(&sink).len(), 1);
}

#[tokio::test]
async fn a_streamed_answer_is_recorded_at_its_end() {
    let clock = StandingClock::at(1_700_000_000_000_000);
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    let (script, body) = scripted();
    let app = answering(Response::new(Body::new(body))).layer(HttpAuditLayer::new(recorder));
    let mut body = head(&app, get("/t")).await.into_body();
    script.send(data(b"one")).expect("a reader");
    assert!(next(&mut body).await.is_some());
    assert_eq!(entries(&sink).len(), 0);
    clock.advance(Duration::from_secs(3));
    drop(script);
    assert!(next(&mut body).await.is_none());
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Success));
    assert_eq!(entry.duration_ms, 3000.0);
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_cancels_the_call() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let app = answering(Response::new(Body::new(body))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    let long: &'static [u8] = &[b'x'; 2000];
    script.send(data(long)).expect("a reader");
    assert!(next(&mut body).await.is_some());
    drop(body);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Cancelled));
    assert_eq!(error_of(&entry).1, Some("body_dropped"));
    assert_eq!(size_of(&entry), Some(2000));
    drop(script);
}

#[tokio::test]
async fn a_refusal_whose_text_nobody_reads_is_a_refusal_all_the_same() {
    let sink = MemorySink::new();
    let (_script, body) = scripted();
    let answer = (StatusCode::FORBIDDEN, Body::new(body)).into_response();
    drop(head(&answering(answer).layer(audit(&sink)), get("/t")).await);
    assert_eq!(only(&sink).outcome, Some(Outcome::Denied));
}

#[tokio::test]
async fn a_body_that_fails_is_a_failure_and_its_error_passes() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let app = answering(Response::new(Body::new(body))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    script.send(Err("disk gone".into())).expect("a reader");
    let error = next(&mut body)
        .await
        .expect("a frame")
        .expect_err("an error");
    assert_eq!(error.to_string(), "disk gone");
    drop(body);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::ServiceError));
    assert_eq!(
        error_of(&entry),
        (Some("disk gone"), Some("response_body_failed"))
    );
}

#[tokio::test]
async fn a_promised_length_ends_the_call_though_nobody_asks_for_the_end() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let answer = ([(CONTENT_LENGTH, "6")], Body::new(body)).into_response();
    let mut body = head(&answering(answer).layer(audit(&sink)), get("/t"))
        .await
        .into_body();
    for bytes in [b"abc", b"def"] {
        script.send(data(bytes)).expect("a reader");
        assert!(next(&mut body).await.is_some());
    }
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
    drop((body, script));
    assert_eq!(entries(&sink).len(), 1);
}

#[tokio::test]
async fn a_body_of_which_no_byte_is_promised_is_not_waited_for() {
    let sink = MemorySink::new();
    let (_script, body) = scripted();
    let answer = ([(CONTENT_LENGTH, "0")], Body::new(body)).into_response();
    drop(head(&answering(answer).layer(audit(&sink)), get("/t")).await);
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
}

#[tokio::test]
async fn what_no_server_sends_is_not_waited_for() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 101)] {
        let sink = MemorySink::new();
        let (_script, body) = scripted();
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = (status, Body::new(body)).into_response();
        let request = Request::builder().method(method).uri("/t");
        let request = request.body(Body::empty()).expect("a request");
        drop(head(&answering(answer).layer(audit(&sink)), request).await);
        assert_eq!(
            only(&sink).outcome,
            Some(Outcome::Success),
            "{method} {status}"
        );
    }
}

#[tokio::test]
async fn trailers_pass_and_end_the_call() {
    let sink = MemorySink::new();
    let (script, body) = scripted();
    let app = answering(Response::new(Body::new(body))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().expect("a value"));
    script.send(data(b"a")).expect("a reader");
    script
        .send(Ok(Frame::trailers(trailers.clone())))
        .expect("a reader");
    assert!(next(&mut body).await.is_some());
    let frame = next(&mut body).await.expect("a frame").expect("no error");
    assert_eq!(frame.trailers_ref(), Some(&trailers));
    drop(body);
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
}

/// A body of a known size that comes in pieces, with a promise that it keeps.
struct Pieces(Vec<&'static [u8]>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.pop().map(data))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

#[tokio::test]
async fn sizes_and_ends_are_told_as_without_the_audit() {
    for pieces in [vec![], vec![&b"abc"[..]], vec![&b"de"[..], b"abc"]] {
        let whole: usize = pieces.iter().map(|piece| piece.len()).sum();
        let sink = MemorySink::new();
        let answer = Response::new(Body::new(Pieces(pieces)));
        let answer = head(&answering(answer).layer(audit(&sink)), get("/t")).await;
        assert_eq!(answer.headers()[CONTENT_LENGTH], whole.to_string());
        let mut body = answer.into_body();
        let mut left = whole as u64;
        loop {
            assert_eq!(body.size_hint().exact(), Some(left));
            assert_eq!(body.is_end_stream(), left == 0);
            match next(&mut body).await {
                None => break,
                Some(frame) => {
                    left -= frame.expect("no error").into_data().expect("data").len() as u64;
                }
            }
        }
        assert_eq!((left, only(&sink).outcome), (0, Some(Outcome::Success)));
    }
}

/// A body that tells its whole length, however much of it was taken.
struct Told(Pieces, u64);

impl HttpBody for Told {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

#[tokio::test]
async fn a_length_is_told_as_the_body_told_it_before_anybody_looked() {
    for pieces in [vec![&b"abcde"[..]], vec![&b"de"[..], b"abc"]] {
        let sink = MemorySink::new();
        let answer = Response::new(Body::new(Told(Pieces(pieces), 5)));
        let answer = head(&answering(answer).layer(audit(&sink)), get("/t")).await;
        assert_eq!(answer.headers()[CONTENT_LENGTH], "5");
        let body = answer.into_body().collect().await.expect("a whole body");
        assert_eq!(body.to_bytes(), "abcde");
        assert_eq!(only(&sink).outcome, Some(Outcome::Success));
    }
}

#[tokio::test]
async fn a_body_lives_as_long_as_without_the_audit() {
    /// Holds something until the server is done with it.
    struct Guarded(
        Pieces,
        #[expect(dead_code, reason = "it is dropped")] Arc<()>,
    );
    impl HttpBody for Guarded {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Pin::new(&mut self.0).poll_frame(cx)
        }
        fn is_end_stream(&self) -> bool {
            self.0.is_end_stream()
        }
        fn size_hint(&self) -> SizeHint {
            self.0.size_hint()
        }
    }
    let sink = MemorySink::new();
    let held = Arc::new(());
    let guarded = Guarded(Pieces(vec![b"abc"]), held.clone());
    let app = answering(Response::new(Body::new(guarded))).layer(audit(&sink));
    let answer = head(&app, get("/t")).await;
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
    assert_eq!(Arc::strong_count(&held), 2);
    let body = answer.into_body().collect().await.expect("a whole body");
    assert_eq!(body.to_bytes(), "abc");
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test]
async fn what_comes_behind_trailers_counts_all_the_same() {
    /// Says how long it is, and begins with trailers.
    struct Trailing(Vec<Frame<Bytes>>);
    impl HttpBody for Trailing {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Ready(self.0.pop().map(Ok))
        }
        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(3)
        }
    }
    let sink = MemorySink::new();
    let frames = vec![
        Frame::data(Bytes::from_static(b"abc")),
        Frame::trailers(HeaderMap::new()),
    ];
    let app = answering(Response::new(Body::new(Trailing(frames)))).layer(audit(&sink));
    let answer = head(&app, get("/t")).await;
    assert_eq!(entries(&sink).len(), 0, "it has promised three bytes");
    drop(answer.into_body().collect().await);
    assert_eq!(entries(&sink).len(), 1);
}

#[tokio::test]
async fn who_sees_that_a_body_has_ended_need_not_ask_for_its_end() {
    /// Knows only a while after its last frame that it was the last.
    struct KnowsLater(Pieces, Arc<AtomicBool>);
    impl HttpBody for KnowsLater {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Pin::new(&mut self.0).poll_frame(cx)
        }
        fn is_end_stream(&self) -> bool {
            self.1.load(Ordering::Relaxed)
        }
    }
    let sink = MemorySink::new();
    let has_ended = Arc::new(AtomicBool::new(false));
    let pieces = KnowsLater(Pieces(vec![b"abc"]), has_ended.clone());
    let app = answering(Response::new(Body::new(pieces))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    assert!(next(&mut body).await.is_some());
    has_ended.store(true, Ordering::Relaxed);
    assert!(body.is_end_stream());
    drop(body);
    assert_eq!(only(&sink).outcome, Some(Outcome::Success));
}

#[tokio::test]
async fn an_answer_over_the_limit_is_summarized_by_its_beginning() {
    let sink = MemorySink::new();
    let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .answer_limit(64)
        .build();
    let rows: Vec<Value> = (0..100)
        .map(|row| json!({"patient_id": format!("P-{row}")}))
        .collect();
    let answer = json!({"order_id": "ORD-1", "rows": rows});
    let whole = answer.to_string();
    let app = answering(Json(answer).into_response()).layer(layer);
    let (_, body) = send(&app, get("/t")).await;
    assert_eq!(body, whole);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Success));
    assert_eq!(size_of(&entry), Some(whole.len() as u64));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(summary.identifiers.get("order_id"), Some(&json!("ORD-1")));
    assert_eq!(summary.identifiers.get("count"), None);
    assert_eq!(entry.subjects, ["P-0"]);
    assert!(entry.subjects_truncated);
}

#[tokio::test]
async fn a_request_over_the_limit_passes_whole_and_is_recorded_by_its_beginning() {
    let sink = MemorySink::new();
    let layer = HttpAuditLayer::builder(Recorder::new(sink.clone()))
        .request_limit(40)
        .build();
    let app = Router::new()
        .route("/t", on_post(async |body: String| body.len().to_string()))
        .layer(layer);
    let arguments = json!({"a": "x", "note": "y".repeat(100)});
    let (_, length) = send(&app, post("/t", &arguments)).await;
    assert_eq!(length, arguments.to_string().len().to_string());
    let entry = only(&sink);
    assert_eq!(entry.arguments["a"], "x");
    assert_eq!(entry.arguments["_body"], "cut");
    assert_eq!(entry.arguments["_body_bytes"], arguments.to_string().len());
    assert_eq!(entry.shortened, ["arguments"]);
}

#[tokio::test]
async fn a_request_is_read_by_the_handler_alone_and_in_its_own_time() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route(
            "/t",
            on_post(async |body: Body| {
                let mut body = body;
                let first = next(&mut body).await.expect("a frame").expect("no error");
                first.into_data().expect("data")
            }),
        )
        .layer(audit(&sink));
    let (script, body) = scripted();
    let request = Request::post("/t")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::new(body))
        .expect("a request");
    let mut answer = spawn(head(&app, request));
    assert_pending!(answer.poll());
    script.send(data(br#"{"a":1,"b"#)).expect("a reader");
    assert!(answer.is_woken());
    assert_eq!(assert_ready!(answer.poll()).status(), StatusCode::OK);
    let entry = only(&sink);
    assert_eq!(entry.arguments["_body"], "partly_read");
    assert_eq!(entry.arguments["a"], 1);
}

#[tokio::test]
async fn a_dropped_request_is_recorded_with_what_was_read_of_it() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route(
            "/t",
            on_post(async |Json(_): Json<Value>| std::future::pending::<()>().await),
        )
        .layer(audit(&sink));
    let mut answer = spawn(head(&app, post("/t", &json!({"order_id": "ORD-1"}))));
    assert_pending!(answer.poll());
    drop(answer);
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Cancelled));
    assert_eq!(entry.arguments["order_id"], "ORD-1");
}

#[tokio::test]
async fn a_panic_in_a_body_is_recorded_and_goes_on() {
    struct Panics;
    impl HttpBody for Panics {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            panic!("the body broke")
        }
    }
    let sink = MemorySink::new();
    let app = answering(Response::new(Body::new(Panics))).layer(audit(&sink));
    let mut body = head(&app, get("/t")).await.into_body();
    let panicked = tokio::spawn(async move { next(&mut body).await }).await;
    assert!(panicked.expect_err("a panic").is_panic());
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Panicked));
    assert_eq!(error_of(&entry).0, Some("the body broke"));
}

fn synced(sink: &Controlled) -> Recorder {
    let policy = Policy::new().durability(Durability::Synced).intent(["t"]);
    Recorder::builder(sink.clone()).policy(policy).build()
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_an_answer_that_is_there_goes_out_before_its_record_is_durable() {
    let sink = Controlled::new();
    sink.hold_commits();
    let layer = HttpAuditLayer::builder(synced(&sink))
        .on_undurable(|_: Result<Response, _>, _: &SinkError| {
            Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        })
        .build();
    let app = answering(Json(json!({"ok": true})).into_response()).layer(layer.clone());
    let mut answer = spawn(head(&app, get("/t")));
    assert_pending!(answer.poll());
    assert_eq!(sink.lines().len(), 2);
    sink.commit();
    assert!(answer.is_woken());
    assert_eq!(assert_ready!(answer.poll()).status(), StatusCode::OK);

    let app = answering(Json(json!({"ok": true})).into_response()).layer(layer);
    let mut answer = spawn(head(&app, get("/t")));
    assert_pending!(answer.poll());
    sink.fail_commits(SinkError::other("disk gone"));
    let answer = assert_ready!(answer.poll());
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(start_paused = true)]
async fn the_last_frame_of_a_stream_waits_for_the_record() {
    let sink = Controlled::new();
    sink.hold_commits();
    let (script, body) = scripted();
    let app = answering(([(CONTENT_LENGTH, "3")], Body::new(body)).into_response())
        .layer(HttpAuditLayer::new(synced(&sink)));
    let mut body = head(&app, get("/t")).await.into_body();
    script.send(data(b"abc")).expect("a reader");
    let mut frame = spawn(body.frame());
    assert_pending!(frame.poll());
    sink.commit();
    assert!(frame.is_woken());
    let frame = assert_ready!(frame.poll())
        .expect("a frame")
        .expect("no error");
    assert_eq!(frame.into_data().expect("data"), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_hung_log_holds_a_stream_for_max_wait_and_no_longer() {
    let sink = Controlled::new();
    sink.hold_commits();
    let recorder = synced(&sink);
    let (script, body) = scripted();
    let app =
        answering(Response::new(Body::new(body))).layer(HttpAuditLayer::new(recorder.clone()));
    let mut body = head(&app, get("/t")).await.into_body();
    drop(script);
    assert!(next(&mut body).await.is_none());
    assert_eq!(recorder.stats().undurable, 1);
}

#[tokio::test(start_paused = true)]
async fn with_durable_intents_no_tool_runs_before_its_intent_is_committed() {
    let sink = Controlled::new();
    sink.hold_commits();
    let layer = HttpAuditLayer::builder(synced(&sink))
        .durable_intents()
        .build();
    let (ran, mut runs) = tokio::sync::mpsc::unbounded_channel();
    let app = Router::new()
        .route(
            "/t",
            on_post(async move |_: Json<Value>| ran.send(()).expect("a test")),
        )
        .layer(layer);
    let mut answer = spawn(head(&app, post("/t?mode=x", &json!({"a": 1}))));
    assert_pending!(answer.poll());
    assert!(runs.try_recv().is_err());
    let intent = &sink.entries()[0];
    assert_eq!(intent.kind, "tool_call_started");
    assert_eq!(Value::from(intent.arguments.clone()), json!({"mode": "x"}));
    sink.commit();
    assert_pending!(answer.poll());
    assert!(runs.try_recv().is_ok());
    sink.commit();
    assert_ready!(answer.poll());
    let end = &sink.entries()[1];
    assert_eq!(
        Value::from(end.arguments.clone()),
        json!({"mode": "x", "a": 1})
    );
    assert_eq!(end.call_id, intent.call_id);
}

#[tokio::test(start_paused = true)]
async fn an_intent_that_is_not_durable_may_refuse_the_tool() {
    let sink = Controlled::new();
    sink.hold_commits();
    sink.fail_commits(SinkError::other("disk gone"));
    let layer = HttpAuditLayer::builder(synced(&sink))
        .durable_intents()
        .on_unavailable(|_: &tool_audit::Refusal| {
            Ok(StatusCode::SERVICE_UNAVAILABLE.into_response())
        })
        .build();
    let app = Router::new()
        .route(
            "/t",
            on_post(async |_: Json<Value>| -> () { unreachable!("it was refused") }),
        )
        .layer(layer);
    let answer: Response = head(&app, post("/t", &json!({}))).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let end = sink.entries().pop().expect("an end");
    assert_eq!(end.outcome, Some(Outcome::Rejected));
    assert_eq!(error_of(&end).1, Some("audit_log_unavailable"));
}
