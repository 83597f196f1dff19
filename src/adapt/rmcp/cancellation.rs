//! Why a request was cancelled: rmcp tells its handler that it was, and nothing more.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{CancelledNotificationParam, RequestId};
use rmcp::service::{Peer, RequestContext};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::record::OutcomeBuilder;

/// Why nobody waited for a tool's answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancellation {
    /// The client sent `notifications/cancelled`.
    ByClient {
        /// Why, as the client puts it.
        reason: Option<String>,
    },
    /// The HTTP request without a session has ended: the client has left, or the server stops.
    Disconnected,
    /// The session has ended: the client has left it five seconds ago, or the server stops.
    SessionEnded,
}

impl Cancellation {
    /// The name that stands in a record as the type of the error.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::ByClient { .. } => "cancelled_by_client",
            Self::Disconnected => "disconnected",
            Self::SessionEnded => "session_ended",
        }
    }
}

/// Shows nothing of the client's words, which nobody has sanitized yet.
impl fmt::Debug for Cancellation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

pub(super) fn describe(cancellation: &Cancellation, outcome: &mut OutcomeBuilder<'_>) {
    outcome.error_type(cancellation.as_str());
    if let Cancellation::ByClient {
        reason: Some(reason),
    } = cancellation
    {
        outcome.error(reason);
    }
}

/// The header that a session's requests have.
pub(super) const SESSION_ID: &str = "mcp-session-id";

/// How long a call that was cancelled, and has ended, waits for the client's notification: rmcp cancels the request
/// first, and hands the notification over in a task that it begins in the same turn. A layer's timeout may come in between.
const MOST_WAIT: Duration = Duration::from_millis(50);

/// After how long it looks whether the session is gone, with which none comes any more.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How many notifications are kept that no call has asked for: a client may send them for requests that have ended.
const MOST_KEPT: usize = 64;

/// How many characters of a reason are kept.
const MOST_OF_REASON: usize = 1024;

/// What the client of one session has cancelled. An id may be as long as a message: its hash is kept.
#[derive(Debug, Default)]
pub(super) struct Cancellations {
    recent: Mutex<VecDeque<(u64, Option<String>)>>,
    hasher: RandomState,
    arrived: Notify,
}

impl Cancellations {
    pub(super) fn note(&self, notification: &CancelledNotificationParam) {
        let Some(id) = &notification.request_id else {
            return;
        };
        let id = self.hasher.hash_one(id);
        let reason = notification.reason.as_ref();
        let reason = reason.map(|text| text.chars().take(MOST_OF_REASON).collect());
        self.with_recent(|recent| {
            recent.push_back((id, reason));
            if recent.len() > MOST_KEPT {
                recent.pop_front();
            }
        });
        self.arrived.notify_waiters();
    }

    /// The notification that cancelled the request, now or when it comes.
    async fn notification(&self, id: &RequestId) -> Option<String> {
        let id = self.hasher.hash_one(id);
        loop {
            let mut arrived = pin!(self.arrived.notified());
            // Before the look, so that none can come in between.
            arrived.as_mut().enable();
            let taken = self.with_recent(|recent| {
                let place = recent.iter().position(|(other, _)| *other == id)?;
                recent.remove(place)
            });
            if let Some((_, reason)) = taken {
                return reason;
            }
            arrived.await;
        }
    }

    fn with_recent<T>(&self, act: impl FnOnce(&mut VecDeque<(u64, Option<String>)>) -> T) -> T {
        act(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Finds out why a request was cancelled, once it was.
pub(super) struct Inquiry {
    cancellations: Arc<Cancellations>,
    id: RequestId,
    peer: Peer<RoleServer>,
    has_session: bool,
}

impl Inquiry {
    pub(super) fn new(
        cancellations: Arc<Cancellations>,
        context: &RequestContext<RoleServer>,
    ) -> Self {
        let parts = context.extensions.get::<http::request::Parts>();
        Self {
            cancellations,
            id: context.id.clone(),
            peer: context.peer.clone(),
            has_session: parts.is_none_or(|parts| parts.headers.contains_key(SESSION_ID)),
        }
    }

    pub(super) async fn answer(&self) -> Cancellation {
        if !self.has_session {
            return Cancellation::Disconnected;
        }
        let mut notification = pin!(self.cancellations.notification(&self.id));
        let mut waited = Duration::ZERO;
        loop {
            if let Ok(reason) = timeout(LOOK_AGAIN, notification.as_mut()).await {
                return Cancellation::ByClient { reason };
            }
            waited += LOOK_AGAIN;
            if waited >= MOST_WAIT || self.peer.is_transport_closed() {
                return Cancellation::SessionEnded;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_id_that_is_cancelled_is_found_and_takes_no_memory() {
        let cancellations = Cancellations::default();
        let id: Arc<str> = "x".repeat(4 * 1024 * 1024).into();
        let held = Arc::downgrade(&id);
        let reason = Some("too slow".to_owned());
        let id = RequestId::String(id);
        cancellations.note(&CancelledNotificationParam::new(Some(id), reason));
        assert!(held.upgrade().is_none());
        let same = RequestId::String("x".repeat(4 * 1024 * 1024).into());
        let reason = cancellations.notification(&same).await;
        assert_eq!(reason.as_deref(), Some("too slow"));
    }
}
