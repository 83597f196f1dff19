use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::proxy::Shared;
use super::serve::serve;

/// The connections of clients that are open.
pub(super) struct Connections {
    shared: Arc<Shared>,
    open: JoinSet<()>,
    room: Arc<Semaphore>,
}

/// How often sessions are looked through for those that nobody uses.
const SWEEP: Duration = Duration::from_secs(60);
/// How long no connection is taken after one could not be, for instance for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// The most requests at once in one connection of HTTP/2.
const MOST_STREAMS: u32 = 100;

impl Connections {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            room: Arc::new(Semaphore::new(shared.settings.max_connections)),
            open: JoinSet::new(),
            shared,
        }
    }

    /// Takes connections until `stop` is ready.
    pub(super) async fn take(&mut self, listener: &TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = {
                let mut next = pin!(self.next(listener));
                poll_fn(|cx| {
                    if stop.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(None);
                    }
                    while sweep.poll_tick(cx).is_ready() {
                        self.shared
                            .sessions
                            .forget(self.shared.settings.session_idle);
                    }
                    next.as_mut().poll(cx).map(Some)
                })
                .await
            };
            let Some((stream, peer, permit)) = next else {
                return;
            };
            // Those that have ended are let go of.
            while self.open.try_join_next().is_some() {}
            self.open
                .spawn(connection(Arc::clone(&self.shared), stream, peer, permit));
        }
    }

    async fn next(
        &self,
        listener: &TcpListener,
    ) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
        loop {
            let permit = Arc::clone(&self.room).acquire_owned().await.ok();
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, permit),
                Err(error) => {
                    tracing::warn!(target: "tool_audit", %error, "a connection could not be taken");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits for the open connections for so long, and then breaks them off.
    pub(super) async fn end(mut self, wait: Duration) {
        let all = async { while self.open.join_next().await.is_some() {} };
        let _ = timeout(wait, all).await;
        self.open.shutdown().await;
    }
}

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    _permit: Option<OwnedSemaphorePermit>,
) {
    // Only latency is lost where the system does not do it.
    let _ = stream.set_nodelay(true);
    let head_wait = shared.settings.head_wait;
    let mut stopped = shared.stopped();
    let has_asked = AtomicBool::new(false);
    let service = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let answer = serve(Arc::clone(&shared), peer, request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_wait);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(head_wait)
        .keep_alive_timeout(head_wait);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut overdue = pin!(sleep(head_wait));
    let (mut is_stopping, mut may_be_overdue) = (false, true);
    poll_fn(|cx| {
        if served.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !is_stopping && stopped.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            served.as_mut().graceful_shutdown();
            // It is told of it by being polled.
            return served.as_mut().poll(cx).map(drop);
        }
        // Which protocol it speaks is waited for without a deadline of hyper's.
        if may_be_overdue && overdue.as_mut().poll(cx).is_ready() {
            may_be_overdue = false;
            if !has_asked.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}
