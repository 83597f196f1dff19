use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use hyper::StatusCode;
use sse_parse::Event;

use super::super::admit::Answered;
use super::super::message;
use super::super::origin::{Heard, Origin, Room};
use super::proxy::Shared;
use super::sessions::{Session, SessionKey};
use crate::call::Outcome;

/// One request and its answer, as both bodies know it.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) session: Arc<Session>,
    /// The session that the client says.
    pub(super) session_key: Option<SessionKey>,
    pub(super) origin: Origin,
    /// The version of the protocol, as the client says it, has sessions.
    pub(super) may_have_session: bool,
    /// The request's body is not compressed, is in UTF-8, and so can be looked into.
    pub(super) can_be_read: bool,
    /// A body that cannot be read is a message that cannot be read; else it is said to be a form.
    is_for_messages: bool,
    /// The client asks to go on with a stream that it has lost.
    resumes: bool,
    /// How its calls ended that had no answer; none while it goes on. Written and read under the session's lock.
    over: OnceLock<(Outcome, String, String)>,
    /// The server knows the exchange's session, so that an answer may come in another exchange.
    has_session: AtomicBool,
    fault: OnceLock<BodyFault>,
}

/// Why the client's body did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    TooLong,
    TooSlow,
    Broken,
}

/// How the calls of an exchange end that have no answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    /// So, whatever comes.
    So(Outcome, &'a str, &'a str),
    /// As their answer says, if it comes in another exchange of the session.
    Elsewhere,
}

impl Exchange {
    pub(super) fn new(
        shared: Arc<Shared>,
        session: Arc<Session>,
        session_key: Option<SessionKey>,
        origin: Origin,
        [may_have_session, can_be_read, is_for_messages, resumes]: [bool; 4],
    ) -> Self {
        Self {
            shared,
            session,
            has_session: AtomicBool::new(session_key.is_some()),
            session_key,
            origin,
            may_have_session,
            can_be_read,
            is_for_messages,
            resumes,
            over: OnceLock::new(),
            fault: OnceLock::new(),
        }
    }

    /// Shows the session what the client sent, before the server has all of it.
    pub(super) fn show_request(&self, body: &[u8]) {
        let admission = self.shared.recorder.admission();
        match message::parse(body) {
            Some(messages) => {
                self.give_tasks(&messages);
                let origin = self.origin_of(body.len(), messages.len());
                let mut session = self.session.lock();
                drop(session.client_messages(&messages, &admission, &origin));
                // The server may have answered before it had the whole body.
                if let Some((how, error_type, why)) = self.over.get() {
                    session.end_exchange(self.origin.exchange, *how, error_type, why);
                }
            }
            None if self.may_be_message(body) => self.request_unreadable(body.len() as u64),
            None => {}
        }
    }

    /// Whether a body that is no JSON may be a message to the server all the same. A form has no quotes.
    pub(super) fn may_be_message(&self, body: &[u8]) -> bool {
        self.is_for_messages || body.contains(&b'"')
    }

    /// The client sent so many bytes that cannot be looked into.
    pub(super) fn request_unreadable(&self, bytes: u64) {
        if bytes > 0 {
            let admission = self.shared.recorder.admission();
            let mut session = self.session.lock();
            session.client_unreadable(bytes, &admission, &self.origin);
        }
    }

    /// Shows the session a message of the server's, or several, before the client has them. None where it cannot be read.
    pub(super) fn show_answer(&self, body: &[u8]) -> Option<Answered> {
        let Some(messages) = message::parse(body) else {
            return self.answer_unreadable();
        };
        let mut session = self.session.lock();
        let heard = Heard {
            exchange: self.origin.exchange,
            resumes: self.resumes,
        };
        let calls = session.server_messages(&messages, heard);
        Some(Answered::by(&messages, calls))
    }

    /// Messages are events of one type; of others, and of those without data, clients take no notice.
    pub(super) fn show_event(&self, event: &Event) -> Option<Answered> {
        if event.event == "message" {
            self.show_answer(event.data.as_bytes())
        } else {
            Some(Answered::default())
        }
    }

    /// The server said something that nobody can read.
    pub(super) fn answer_unreadable(&self) -> Option<Answered> {
        self.session.lock().server_unreadable();
        None
    }

    /// Whether a call's answer may come in this exchange: one of its own, or one that any of the session's may bring.
    pub(super) fn awaits(&self) -> bool {
        let session = self.session.lock();
        session.awaits(self.origin.exchange) || (self.has_session() && session.awaits_anywhere())
    }

    /// The exchange goes on in a session that the server has opened in it.
    pub(super) fn opened_session(&self, id: &str) {
        self.shared.sessions.opened(id, &self.session);
        self.has_session.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_session(&self) -> bool {
        self.has_session.load(Ordering::Relaxed)
    }

    /// The exchange is over, and its calls end so. What is said first holds.
    pub(super) fn end(&self, end: End<'_>) {
        let exchange = self.origin.exchange;
        let mut session = self.session.lock();
        let (how, error_type, why) = match end {
            End::So(how, error_type, why) => (how, error_type, why),
            End::Elsewhere => (Outcome::Cancelled, "unanswered", ""),
        };
        let said = (how, error_type.to_owned(), why.to_owned());
        if self.over.set(said).is_err() {
            return;
        }
        match end {
            End::So(..) => session.end_exchange(exchange, how, error_type, why),
            End::Elsewhere => session.detach_exchange(exchange),
        }
        if !self.has_session() {
            let tasks = session.take_tasks(None);
            drop(session);
            self.shared.sessions.keep_tasks(tasks);
        }
    }

    /// Nobody waits for the answer any more; where the client can ask for it again, it may.
    pub(super) fn left(&self, can_be_resumed: bool) {
        if self.shared.is_stopping() {
            let why = "the proxy was stopped before the call had its answer";
            self.end(End::So(Outcome::Cancelled, super::STOPPED, why));
        } else if can_be_resumed && self.has_session() {
            self.end(End::Elsewhere);
        } else {
            let why = "the client left before it had its answer";
            self.end(End::So(Outcome::Cancelled, "client_left", why));
        }
    }

    /// The answer is at its end, and no call's answer may come in it any more.
    pub(super) fn answered(
        &self,
        status: StatusCode,
        can_be_resumed: bool,
        unread: bool,
        why: Option<&str>,
    ) {
        let is_accepted = status == StatusCode::ACCEPTED || can_be_resumed;
        if !status.is_success() {
            let how = refusal(status).unwrap_or(Outcome::ServiceError);
            let text = format!("HTTP status {}", status.as_u16());
            let error_type = format!("http_{}", status.as_u16());
            self.end(End::So(how, &error_type, why.unwrap_or(&text)));
        } else if is_accepted && self.has_session() {
            self.end(End::Elsewhere);
        } else if status == StatusCode::ACCEPTED {
            let why = "the server accepted the call, and nobody heard how it ended";
            self.end(End::So(Outcome::Cancelled, "unanswered", why));
        } else if unread && why.is_none() {
            let why = "the server's answer cannot be read";
            self.end(End::So(Outcome::ServiceError, "unreadable_answer", why));
        } else {
            let why = why.unwrap_or("the server's answer ended without the call's result");
            self.end(End::So(Outcome::ServiceError, "server_ended", why));
        }
    }

    /// How much of the memory for all a copy takes.
    pub(super) fn room(&self) -> Room {
        self.shared.memory.take(0).0
    }

    /// The client's body did not pass. What is said first holds.
    pub(super) fn set_fault(&self, fault: BodyFault) {
        let _ = self.fault.set(fault);
    }

    pub(super) fn fault(&self) -> Option<BodyFault> {
        self.fault.get().copied()
    }

    /// Tasks of a server without sessions are asked for in any exchange.
    pub(super) fn give_tasks(&self, messages: &[serde_json::Value]) {
        if !self.has_session() {
            self.shared.sessions.give_tasks(messages, &self.session);
        }
    }

    /// The origin of messages in a body of so many bytes.
    pub(super) fn origin_of(&self, bytes: usize, messages: usize) -> Origin {
        let mut origin = self.origin.clone();
        let each = (bytes / messages.max(1)).min(MOST_OF_A_CALL) + LEAST_OF_A_CALL;
        origin.memory = Some((self.shared.memory.clone(), each));
        origin
    }
}

/// What an open call keeps of its arguments, at most, and what it takes beside them.
const MOST_OF_A_CALL: usize = 128 * 1024;
const LEAST_OF_A_CALL: usize = 4 * 1024;

/// A refusal, told by the answer's head.
pub(super) fn refusal(status: StatusCode) -> Option<Outcome> {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(Outcome::Denied),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(Outcome::Rejected),
        _ => None,
    }
}

/// Ends an exchange whose client has left, when it is dropped.
pub(super) struct Running(pub(super) Arc<Exchange>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.left(false);
    }
}
