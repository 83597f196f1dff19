use std::time::Duration;

use super::super::{MAX_MESSAGE, OnUnrecordable};

/// How a proxy treats what passes.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) on_unrecordable: OnUnrecordable,
    pub(super) max_body: usize,
    /// How long a connection may take for its first request, and for the head of any.
    pub(super) head_wait: Duration,
    /// How long a request's body may pause.
    pub(super) body_idle: Duration,
    pub(super) connect_wait: Duration,
    pub(super) answer_wait: Option<Duration>,
    pub(super) close_wait: Duration,
    pub(super) session_idle: Duration,
    pub(super) max_connections: usize,
    pub(super) listen_beyond_loopback: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_unrecordable: OnUnrecordable::PassOn,
            max_body: MAX_MESSAGE,
            head_wait: Duration::from_secs(30),
            body_idle: Duration::from_secs(60),
            connect_wait: Duration::from_secs(10),
            answer_wait: Some(Duration::from_secs(600)),
            close_wait: Duration::from_secs(10),
            session_idle: Duration::from_secs(3600),
            max_connections: 1024,
            listen_beyond_loopback: false,
        }
    }
}
