//! What passes where nothing may pass unrecorded.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::origin::Origin;
use super::{Ended, McpSession, message};
use crate::record::{Admission, Commit, Recorder};

/// The error's code, of those that JSON-RPC leaves to servers.
const CODE: i32 = -32000;

/// What a client is told in place of an answer.
#[derive(Debug)]
pub(super) struct Refused {
    /// The ids of the requests that get none; null alone where the message cannot be read.
    pub(super) ids: Vec<Value>,
    pub(super) why: String,
}

impl Refused {
    /// A message that nobody can read, and that so has no id.
    pub(super) fn unreadable(why: impl Into<String>) -> Self {
        Self {
            ids: vec![Value::Null],
            why: why.into(),
        }
    }

    /// A JSON-RPC error for each of the requests.
    pub(super) fn errors(&self) -> impl Iterator<Item = Value> {
        self.ids.iter().map(|id| error(id, &self.why))
    }
}

/// A JSON-RPC error.
pub(super) fn error(id: &Value, why: &str) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": {"code": CODE, "message": why}
    })
}

/// Whether the server may have this message: it can be read, the log can take its calls, and their records of intent
/// are as durable as the policy asks. It is shown to the session.
pub(super) async fn admit(
    recorder: &Recorder,
    session: &Mutex<McpSession>,
    line: &[u8],
    origin: &Origin,
) -> Result<(), Refused> {
    // What is read takes many times the memory of the line: it is not kept while anything is waited for.
    let Some((ids, has_calls)) = message::parse(line).map(|messages| asked(&messages)) else {
        let admission = recorder.admission();
        lock(session).client_unreadable(line.len() as u64, &admission, origin);
        return Err(Refused::unreadable(
            "the message cannot be read, so it cannot be audited",
        ));
    };
    if has_calls && let Err(refusal) = recorder.admit().await {
        let why = refusal.to_string();
        return Err(Refused { ids, why });
    }
    let started = message::parse(line)
        .map(|messages| lock(session).client_messages(&messages, &Admission::Admitted, origin));
    let mut failed = None;
    let mut calls = Vec::new();
    for call in started.unwrap_or_default() {
        calls.push(call.id);
        if let Err(error) = durable(recorder, call.intent).await {
            failed = Some(error);
        }
    }
    let Some(error) = failed else {
        return Ok(());
    };
    // The message is not passed on, so that none of its calls is made.
    for id in &calls {
        lock(session).refuse(id.as_ref(), origin.exchange);
    }
    let why = format!("the call cannot be recorded before it is made: {error}");
    Err(Refused { ids, why })
}

/// What a message of the server's, or a list of several, ends.
#[derive(Debug, Default)]
pub(super) struct Answered {
    calls: Vec<Ended>,
    /// The ids of all answers in it, where a call's is among them.
    ids: Vec<Value>,
}

impl Answered {
    pub(super) fn by(messages: &[Value], calls: Vec<Ended>) -> Self {
        let is_answer = |message: &&Value| !calls.is_empty() && message::method(message).is_none();
        let answers = messages.iter().filter(is_answer);
        let ids = answers.filter_map(message::id).cloned().collect();
        Self { calls, ids }
    }
}

/// Waits until the records of calls that have ended are durable. Where one is not, all that came with it is withheld, and
/// each of the requests that it answered gets an error.
pub(super) async fn recorded(recorder: Recorder, answered: Answered) -> Result<(), Refused> {
    let mut failed = None;
    for call in answered.calls {
        if let Err(error) = durable(&recorder, call.commit).await {
            recorder.count_undurable();
            failed = Some(error);
        }
    }
    let Some(error) = failed else {
        return Ok(());
    };
    let which = if answered.ids.len() > 1 {
        "one answered along with this one"
    } else {
        "it"
    };
    Err(Refused {
        ids: answered.ids,
        why: format!("the tool ran, but the record of {which} is not durable: {error}"),
    })
}

async fn durable(recorder: &Recorder, commit: Commit) -> Result<(), Box<dyn fmt::Display + Send>> {
    if commit.is_done() {
        return Ok(());
    }
    let wait = recorder.max_wait();
    match tokio::time::timeout(wait, commit).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Box::new(error)),
        Err(_) => Err(Box::new(format!(
            "the audit log did not say so within {wait:?}"
        ))),
    }
}

/// The ids of all requests, so that none waits for its answer for ever, and whether there are calls of tools among them.
fn asked(messages: &[Value]) -> (Vec<Value>, bool) {
    let requests = messages
        .iter()
        .filter(|message| message::method(message).is_some());
    let ids = requests.filter_map(message::id).cloned().collect();
    (ids, message::tool_calls(messages).next().is_some())
}

pub(super) fn lock(session: &Mutex<McpSession>) -> MutexGuard<'_, McpSession> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}
