//! 100 MB through the audit, in either direction: unchanged, never piled up, and one entry each.

mod http_support;

use std::alloc::System;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::DefaultBodyLimit;
use axum::routing::{get as on_get, post as on_post};
use axum::{BoxError, Router};
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Frame;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{Outcome, Recorder};

use http_support::server::{Client, serve, told};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LENGTH: u64 = 100 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;
/// What may lie between the two ends: buffers of the server, of the client and of the kernel.
const UNDER_WAY: u64 = 24 * 1024 * 1024;
/// What may be allocated at once.
const MEMORY: usize = 8 * 1024 * 1024;

/// How long it takes until the bytes repeat: a prime, so that no part that is lost or changes its place goes unseen.
const PERIOD: usize = 65_521;

/// What stands from a place on. It takes no memory of its own.
fn pattern(from: u64, length: usize) -> Bytes {
    static REPEATED: OnceLock<Bytes> = OnceLock::new();
    let of_one_period = |at: usize| (at.wrapping_mul(0x9E37_79B1) >> 13) as u8;
    let repeated = REPEATED.get_or_init(|| {
        let one: Vec<u8> = (0..PERIOD).map(of_one_period).collect();
        one.repeat(4).into()
    });
    let start = (from % PERIOD as u64) as usize;
    repeated.slice(start..start + length)
}

/// 100 MB that are made as they are asked for.
struct Long {
    made: Arc<AtomicU64>,
}

impl HttpBody for Long {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let from = self.made.load(Ordering::SeqCst);
        if from >= LENGTH {
            return Poll::Ready(None);
        }
        self.made.fetch_add(CHUNK as u64, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(pattern(from, CHUNK)))))
    }
}

fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Reads to the end, and looks at every byte, and at what is made and allocated meanwhile.
async fn check(mut body: Body, made: &AtomicU64) {
    let before = allocated();
    let mut at = 0_u64;
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.expect("no error").into_data().expect("data");
        at += data.len() as u64;
        assert!(made.load(Ordering::SeqCst) <= at + UNDER_WAY);
        assert!(
            allocated() <= before + MEMORY,
            "{} bytes",
            allocated() - before
        );
        rest.extend_from_slice(&data);
        let whole = rest.len() / CHUNK * CHUNK;
        let from = at - rest.len() as u64;
        for (number, chunk) in rest[..whole].chunks(CHUNK).enumerate() {
            assert!(*chunk == pattern(from + (number * CHUNK) as u64, CHUNK)[..]);
        }
        rest.drain(..whole);
        // Slower than the server: it has the processor before the next frame is taken.
        tokio::task::yield_now().await;
    }
    assert_eq!((at, rest.len()), (LENGTH, 0));
}

#[tokio::test]
async fn streams_of_100_mb_pass_in_constant_memory() {
    let made = Arc::new(AtomicU64::new(0));
    let (sink, mut entries) = told();
    let down = {
        let made = Arc::clone(&made);
        async move || Body::new(Long { made })
    };
    let up = {
        let made = Arc::clone(&made);
        async move |body: Body| check(body, &made).await
    };
    let app = Router::new()
        .route("/down", on_get(down))
        .route("/up", on_post(up))
        .layer(DefaultBodyLimit::disable())
        .layer(HttpAuditLayer::new(Recorder::new(sink)));
    let address = serve(app).await;
    for is_http2 in [false, true] {
        let mut client = if is_http2 {
            Client::http2(address).await
        } else {
            Client::http1(address).await
        };
        made.store(0, Ordering::SeqCst);
        let request = Request::get("http://tools.example/down").body(Body::empty());
        let answer = client.send(request.expect("a request")).await;
        check(answer.into_body(), &made).await;
        let entry = entries.next().await;
        assert_eq!(entry.tool_name, "down");
        assert_eq!(entry.outcome, Some(Outcome::Success));
        let size = entry.result_summary.and_then(|summary| summary.result_size);
        assert_eq!(size, Some(LENGTH));

        made.store(0, Ordering::SeqCst);
        let long = Body::new(Long {
            made: Arc::clone(&made),
        });
        let request = Request::post("http://tools.example/up")
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(long);
        let answer = client.send(request.expect("a request")).await;
        assert!(answer.status().is_success());
        let entry = entries.next().await;
        assert_eq!(entry.outcome, Some(Outcome::Success));
        assert_eq!(entry.arguments["_body"], "cut");
        assert_eq!(entry.arguments["_body_bytes"], LENGTH);
        assert!(entries.is_empty());
    }
}
