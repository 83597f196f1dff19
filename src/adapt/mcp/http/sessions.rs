use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::super::admit::lock;
use super::super::open_call::OpenCall;
use super::super::{McpSession, McpStats, message};
use crate::call::{CallContext, Outcome};
use crate::record::Recorder;

/// How many sessions are remembered. Beyond it, the one that was used longest ago is forgotten; its calls end as
/// `cancelled`, of error type `unanswered`.
const MOST_SESSIONS: usize = 4096;

/// All sessions that servers have opened, by what their ids hash to: an id is a secret, and is kept nowhere.
pub(super) struct Sessions {
    recorder: Recorder,
    /// What is known of every call.
    context: CallContext,
    open: Mutex<HashMap<SessionKey, Entry>>,
    /// Tasks that no exchange waits for, of servers that have no sessions.
    tasks: Arc<Session>,
    /// Seen by sessions that are no more.
    seen: Arc<Mutex<McpStats>>,
}

/// How many hold a session that one exchange alone goes on with.
const OWN_AND_ASKER: usize = 2;

/// What the id of a session hashes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SessionKey([u8; 32]);

impl SessionKey {
    pub(super) fn of(id: &str) -> Self {
        Self(Sha256::digest(id.as_bytes()).into())
    }
}

struct Entry {
    session: Arc<Session>,
    used: Instant,
    /// The server has said that it knows the session.
    is_known: bool,
}

/// One session, or one exchange of a server that has none.
pub(super) struct Session {
    messages: Mutex<McpSession>,
    seen: Arc<Mutex<McpStats>>,
}

impl Session {
    pub(super) fn messages(&self) -> &Mutex<McpSession> {
        &self.messages
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, McpSession> {
        lock(&self.messages)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let own = self.lock().stats();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.add(own);
    }
}

impl Sessions {
    pub(super) fn new(recorder: Recorder, context: CallContext) -> Self {
        let seen = Arc::default();
        Self {
            tasks: new_session(&recorder, &context, &seen),
            recorder,
            context,
            open: Mutex::default(),
            seen,
        }
    }

    /// A session for one exchange alone.
    pub(super) fn alone(&self) -> Arc<Session> {
        new_session(&self.recorder, &self.context, &self.seen)
    }

    /// The session of this id, which a client claims to have.
    pub(super) fn of(&self, id: &str) -> Arc<Session> {
        let key = SessionKey::of(id);
        let mut open = self.lock();
        if let Some(entry) = open.get_mut(&key) {
            entry.used = Instant::now();
            return Arc::clone(&entry.session);
        }
        let session = self.alone();
        session.lock().set_conversation(self.name(id));
        self.insert(&mut open, key, &session, false);
        session
    }

    /// The server has opened a session of this id in the exchange that had this session for itself.
    pub(super) fn opened(&self, id: &str, session: &Arc<Session>) {
        session.lock().set_conversation(self.name(id));
        self.known(SessionKey::of(id), session);
    }

    /// The server has answered a request of the session: it knows the session, or it does not.
    pub(super) fn answered(&self, key: SessionKey, session: &Arc<Session>, is_known: bool) {
        if is_known {
            self.known(key, session);
            return;
        }
        let mut open = self.lock();
        // Whoever makes ids up fills no memory with them; one that another exchange goes on with may still be known.
        let is_made_up =
            |entry: &Entry| !entry.is_known && Arc::strong_count(&entry.session) <= OWN_AND_ASKER;
        if open.get(&key).is_some_and(is_made_up) {
            open.remove(&key);
        }
    }

    /// The server knows the session. Where it was known before, its calls stay with the session that they have.
    fn known(&self, key: SessionKey, session: &Arc<Session>) {
        let mut open = self.lock();
        match open.get_mut(&key) {
            Some(entry) => entry.is_known = true,
            None => self.insert(&mut open, key, session, true),
        }
    }

    /// The session is no more.
    pub(super) fn ended(&self, key: SessionKey, how: Outcome, why: &str) {
        let entry = self.lock().remove(&key);
        if let Some(entry) = entry {
            entry.session.lock().end_all(how, "session_ended", why);
        }
    }

    /// Forgets the sessions that were not used for so long.
    pub(super) fn forget(&self, idle: Duration) {
        let old: Vec<Entry> = {
            let mut open = self.lock();
            // An exchange that goes on uses its session, however long ago it began.
            for entry in open.values_mut().filter(|entry| !entry.is_idle()) {
                entry.used = Instant::now();
            }
            let is_old = |entry: &Entry| entry.is_idle() && entry.used.elapsed() >= idle;
            let keys: Vec<SessionKey> = open
                .iter()
                .filter(|(_, entry)| is_old(entry))
                .map(|(key, _)| *key)
                .collect();
            keys.iter().filter_map(|key| open.remove(key)).collect()
        };
        for entry in old {
            entry.forget();
        }
    }

    /// All calls that are still open have ended, as the proxy has.
    pub(super) fn end_all(&self) {
        let all: Vec<Entry> = self.lock().drain().map(|(_, entry)| entry).collect();
        let sessions = all.iter().map(|entry| &entry.session);
        for session in sessions.chain([&self.tasks]) {
            let why = "the proxy was stopped before the call had its answer";
            session
                .lock()
                .end_all(Outcome::Cancelled, super::STOPPED, why);
        }
    }

    /// Gives back the tasks that nobody waits for in an exchange that is over.
    pub(super) fn keep_tasks(&self, tasks: VecDeque<OpenCall>) {
        if !tasks.is_empty() {
            self.tasks.lock().adopt(tasks);
        }
    }

    /// Gives an exchange the tasks that its messages are about.
    pub(super) fn give_tasks(&self, messages: &[Value], session: &Session) {
        let about = messages.iter().filter_map(|message| {
            message::method(message)?.strip_prefix("tasks/")?;
            message::params(message).get("taskId")?.as_str()
        });
        for task in about {
            let calls = self.tasks.lock().take_tasks(Some(task));
            session.lock().adopt(calls);
        }
    }

    /// What was seen until now, but for exchanges of servers without sessions that are not over.
    pub(super) fn stats(&self) -> McpStats {
        let mut stats = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in self.lock().values() {
            stats.add(entry.session.lock().stats());
        }
        stats
    }

    fn insert(
        &self,
        open: &mut HashMap<SessionKey, Entry>,
        key: SessionKey,
        session: &Arc<Session>,
        is_known: bool,
    ) {
        if open.len() >= MOST_SESSIONS {
            // An id that a client says takes nobody's place before the server has said that it knows it.
            if !is_known {
                return;
            }
            let idle = open.iter().filter(|(_, entry)| entry.is_idle());
            let oldest = idle.min_by_key(|(_, entry)| (entry.is_known, entry.used));
            match oldest
                .map(|(key, _)| *key)
                .and_then(|key| open.remove(&key))
            {
                Some(oldest) => oldest.forget(),
                // All are in use: this one is for its exchange alone.
                None => return,
            }
        }
        let entry = Entry {
            session: Arc::clone(session),
            used: Instant::now(),
            is_known,
        };
        open.insert(key, entry);
    }

    /// What stands in the log for the id.
    fn name(&self, id: &str) -> String {
        self.recorder.sanitizer().pseudonym("session", id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// No exchange of the session is going on.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.session) == 1
    }

    fn forget(self) {
        let why = "nobody asked for the answer any more";
        self.session
            .lock()
            .end_all(Outcome::Cancelled, "unanswered", why);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sessions")
            .field("open", &self.lock().len())
            .finish_non_exhaustive()
    }
}

fn new_session(
    recorder: &Recorder,
    context: &CallContext,
    seen: &Arc<Mutex<McpStats>>,
) -> Arc<Session> {
    Arc::new(Session {
        messages: Mutex::new(McpSession::new(recorder.clone(), context.clone())),
        seen: Arc::clone(seen),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use super::{MOST_SESSIONS, SessionKey, Sessions};
    use crate::adapt::mcp::origin::Origin;
    use crate::call::{CallContext, Outcome};
    use crate::{Admission, MemorySink, Recorder};

    fn sessions() -> (Sessions, MemorySink) {
        let sink = MemorySink::new();
        let recorder = Recorder::new(sink.clone());
        (Sessions::new(recorder, CallContext::default()), sink)
    }

    fn begin_call(session: &super::Session) {
        let call = json!({"id": 1, "method": "tools/call", "params": {"name": "t"}});
        let origin = Origin::default();
        let mut messages = session.lock();
        drop(messages.client_messages(&[call], &Admission::Admitted, &origin));
    }

    #[test]
    fn a_session_that_is_opened_again_keeps_its_calls() {
        let (sessions, sink) = sessions();
        sessions.opened("s", &sessions.alone());
        begin_call(&sessions.of("s"));
        sessions.opened("s", &sessions.alone());
        assert!(sink.entries().is_empty());
        sessions.ended(SessionKey::of("s"), Outcome::Cancelled, "");
        let entry = sink.entries().remove(0);
        let error_type = entry.result_summary.and_then(|summary| summary.error_type);
        assert_eq!(error_type.as_deref(), Some("session_ended"));
    }

    #[test]
    fn a_session_that_is_not_known_yet_stays_while_another_exchange_goes_on_in_it() {
        let (sessions, _) = sessions();
        let first = sessions.of("s");
        let second = sessions.of("s");
        sessions.answered(SessionKey::of("s"), &second, false);
        drop(second);
        assert!(Arc::ptr_eq(&first, &sessions.of("s")));
        sessions.answered(SessionKey::of("s"), &first, false);
        assert!(!Arc::ptr_eq(&first, &sessions.of("s")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_in_use_while_an_exchange_goes_on_in_it() {
        let (sessions, sink) = sessions();
        let hour = Duration::from_secs(3600);
        let session = sessions.alone();
        sessions.opened("s", &session);
        begin_call(&session);
        tokio::time::advance(2 * hour).await;
        sessions.forget(hour);
        drop(session);
        tokio::time::advance(hour / 60).await;
        sessions.forget(hour);
        assert!(sink.entries().is_empty());
        tokio::time::advance(hour).await;
        sessions.forget(hour);
        assert_eq!(sink.entries().len(), 1);
    }

    #[test]
    fn ids_that_clients_make_up_take_no_place_of_a_session() {
        let (sessions, sink) = sessions();
        for number in 0..MOST_SESSIONS {
            sessions.opened(&number.to_string(), &sessions.alone());
        }
        begin_call(&sessions.of("0"));
        let made_up: Vec<_> = (0..3).map(|n| sessions.of(&format!("x{n}"))).collect();
        assert!(sink.entries().is_empty());
        // The server knows one of them: now it takes the place of the one that was used longest ago.
        sessions.answered(SessionKey::of("x0"), &made_up[0], true);
        assert!(Arc::ptr_eq(&made_up[0], &sessions.of("x0")));
        assert_eq!(sessions.lock().len(), MOST_SESSIONS);
        assert!(sink.entries().is_empty());
    }
}
