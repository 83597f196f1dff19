use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::super::origin::Memory;
use super::super::{McpStats, OnUnrecordable};
use super::ProxyError;
use super::answer_body::Stop;
use super::connections::Connections;
use super::foreign::Friends;
use super::sessions::Sessions;
use super::settings::Settings;
use super::upstream::Upstream;
use crate::call::CallContext;
use crate::record::Recorder;

/// Stands between MCP clients and a server that talk over HTTP, passes on what they say, and records each `tools/call`.
///
/// Clones share everything. Bodies are not changed in either direction, and pass as they come.
///
/// ```
/// use tool_audit::adapt::mcp::http::Proxy;
/// use tool_audit::{CallContext, MemorySink, Recorder};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let recorder = Recorder::new(MemorySink::new());
/// let proxy = Proxy::builder(recorder.clone(), "http://127.0.0.1:3001/mcp")
///     .context(CallContext::default().role("agent"))
///     .build()?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// proxy.serve(listener, async { /* until the process is told to stop */ }).await?;
/// recorder.close().await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Proxy(Arc<Shared>);

/// What all exchanges of a proxy share.
pub(super) struct Shared {
    pub(super) recorder: Recorder,
    pub(super) settings: Settings,
    pub(super) friends: Friends,
    pub(super) upstream: Upstream,
    pub(super) sessions: Sessions,
    pub(super) memory: Memory,
    pub(super) turned_away: AtomicU64,
    next_exchange: AtomicU64,
    stopping: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn next_exchange(&self) -> u64 {
        self.next_exchange.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ready when the proxy is to stop.
    pub(super) fn stopped(&self) -> Stop {
        let mut stopping = self.stopping.subscribe();
        Box::pin(async move {
            // Where the sender is gone, so is the proxy.
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        })
    }
}

/// Makes a [`Proxy`].
pub struct ProxyBuilder {
    recorder: Recorder,
    upstream: String,
    context: CallContext,
    settings: Settings,
    friends: Friends,
}

/// What a proxy has seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyStats {
    /// What its sessions have seen.
    pub sessions: McpStats,
    /// Requests that were turned away for their `Host` or `Origin`.
    pub turned_away: u64,
}

/// How much memory copies of messages and open calls take, all together.
const MEMORY: usize = 512 * 1024 * 1024;

impl ProxyBuilder {
    /// What all calls have in common: who uses the clients, in which role.
    #[must_use]
    pub fn context(mut self, context: CallContext) -> Self {
        self.context = context;
        self
    }

    /// What becomes of a call that the log cannot take. By default it is passed on.
    ///
    /// With [`OnUnrecordable::Refuse`] messages pass as wholes, in both directions.
    #[must_use]
    pub fn on_unrecordable(mut self, mode: OnUnrecordable) -> Self {
        self.settings.on_unrecordable = mode;
        self
    }

    /// Serves requests with this name in `Host`, beside those of the loopback.
    #[must_use]
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.friends.hosts.push(name.into());
        self
    }

    /// Serves requests of web pages of this origin, such as `https://app.example`, beside those of the loopback.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.friends.origins.push(origin.into());
        self
    }

    /// Takes connections from other machines too: then anybody who reaches the address can use the server.
    #[must_use]
    pub fn listen_beyond_loopback(mut self) -> Self {
        self.settings.listen_beyond_loopback = true;
        self.friends.any_address = true;
        self
    }

    /// The most bytes of a request's body. A longer one gets status 413, and is an entry. By default [`MAX_MESSAGE`].
    ///
    /// [`MAX_MESSAGE`]: super::super::MAX_MESSAGE
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// The most connections at once; more wait. By default 1024.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections;
        self
    }

    /// How long a request's head may take. By default 30 seconds.
    #[must_use]
    pub fn head_wait(mut self, wait: Duration) -> Self {
        self.settings.head_wait = wait;
        self
    }

    /// How long a request's body may pause; then it gets status 408. By default a minute.
    #[must_use]
    pub fn body_idle(mut self, wait: Duration) -> Self {
        self.settings.body_idle = wait;
        self
    }

    /// How long connecting to the server may take, encryption included. By default 10 seconds.
    #[must_use]
    pub fn connect_wait(mut self, wait: Duration) -> Self {
        self.settings.connect_wait = wait;
        self
    }

    /// How long the server may take until its answer begins; then the client gets status 504, and its call ends as
    /// `timed_out`. By default ten minutes; none is for ever. What comes after the beginning has no deadline.
    #[must_use]
    pub fn answer_wait(mut self, wait: Option<Duration>) -> Self {
        self.settings.answer_wait = wait;
        self
    }

    /// How long open calls may go on after the proxy was told to stop. By default 10 seconds.
    #[must_use]
    pub fn close_wait(mut self, wait: Duration) -> Self {
        self.settings.close_wait = wait;
        self
    }

    /// How long a session that nobody uses is remembered, with its open calls. By default an hour.
    #[must_use]
    pub fn session_idle(mut self, wait: Duration) -> Self {
        self.settings.session_idle = wait;
        self
    }

    /// Makes the proxy. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// The server's URL is not one of `http` or `https`, or the system's certificates cannot be read.
    pub fn build(self) -> Result<Proxy, ProxyError> {
        let context = self.context.metadata("transport", "http");
        Ok(Proxy(Arc::new(Shared {
            upstream: Upstream::new(&self.upstream, self.settings.connect_wait)?,
            sessions: Sessions::new(self.recorder.clone(), context),
            recorder: self.recorder,
            settings: self.settings,
            friends: self.friends,
            memory: Memory::new(MEMORY),
            turned_away: AtomicU64::new(0),
            next_exchange: AtomicU64::new(1),
            stopping: watch::Sender::new(false),
        })))
    }
}

/// Without the server's URL, which may hold a password or a key.
impl fmt::Debug for ProxyBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProxyBuilder")
            .field("context", &self.context)
            .field("settings", &self.settings)
            .field("friends", &self.friends)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy that records into `recorder`, before the server at `upstream`, such as `https://example.com/mcp`.
    #[must_use]
    pub fn builder(recorder: Recorder, upstream: impl Into<String>) -> ProxyBuilder {
        ProxyBuilder {
            recorder,
            upstream: upstream.into(),
            context: CallContext::default(),
            settings: Settings::default(),
            friends: Friends::default(),
        }
    }

    /// Whether it may serve at this address.
    ///
    /// # Errors
    ///
    /// The address is beyond the loopback, and the builder was not told that it may be.
    pub fn check(&self, address: SocketAddr) -> Result<(), ProxyError> {
        if !address.ip().is_loopback() && !self.0.settings.listen_beyond_loopback {
            return Err(ProxyError::BeyondLoopback(address));
        }
        Ok(())
    }

    /// Serves connections until `stop` is ready; then takes no more, and lets open calls end for `close_wait`.
    ///
    /// Closing the recorder is the caller's. A proxy that has stopped serves no more.
    ///
    /// # Errors
    ///
    /// The listener's address is beyond the loopback, and the builder was not told that it may be.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ProxyError> {
        self.check(listener.local_addr().map_err(ProxyError::Listen)?)?;
        let mut connections = Connections::new(Arc::clone(&self.0));
        connections.take(&listener, stop).await;
        drop(listener);
        self.0.stopping.send_replace(true);
        connections.end(self.0.settings.close_wait).await;
        self.0.sessions.end_all();
        Ok(())
    }

    /// What has been seen until now.
    #[must_use]
    pub fn stats(&self) -> ProxyStats {
        ProxyStats {
            sessions: self.0.sessions.stats(),
            turned_away: self.0.turned_away.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("upstream", &self.0.upstream.authority())
            .field("settings", &self.0.settings)
            .field("sessions", &self.0.sessions)
            .finish_non_exhaustive()
    }
}
