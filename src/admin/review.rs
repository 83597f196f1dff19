use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Map;

use super::AdminError;
use super::act::{self, Actor, Admin};
use crate::query::{Filter, scan};

/// Somebody looked at emergency calls, alerts or calls of unknown outcome.
///
/// ```
/// use tool_audit::admin::{Review, record_review};
/// use tool_audit::query::{Filter, scan};
/// # use serde_json::json;
/// # use tool_audit::{CallContext, Emergency, HashChainSink, Recorder, ToolCall};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # let recorder = Recorder::new(sink.clone());
/// # let context = CallContext::new("conv_1", "dr_9").emergency(Emergency::new("chest pain", "dr_9"));
/// # drop(recorder.start_call(&ToolCall::new("get_patient", json!({})).context(context)).success(&json!({})));
/// # sink.to_folder(&store)?;
///
/// let emergency = scan(&store, &Filter::new().unreviewed())?.next().ok_or("none")??;
/// let call_id = emergency.entry()?.call_id;
/// record_review(&store, &Review::new("dpo", "justified: the patient was unconscious").call(call_id))?;
/// assert!(scan(&store, &Filter::new().unreviewed())?.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Review {
    actor: Actor,
    finding: String,
    call_ids: BTreeSet<String>,
}

impl Review {
    /// By whom the operating system or an application knows, and what was found.
    pub fn new(actor: impl Into<String>, finding: impl Into<String>) -> Self {
        Self {
            actor: Actor {
                name: actor.into(),
                asserted: false,
            },
            finding: finding.into(),
            call_ids: BTreeSet::new(),
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.actor.asserted = true;
        self
    }

    /// A call that was looked at, by its `call_id`; that of an alert counts for the alert.
    pub fn call(mut self, call_id: impl Into<String>) -> Self {
        self.call_ids.insert(call_id.into());
        self
    }
}

/// The members that name calls.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    call_ids: Vec<String>,
}

/// Records a review in the store of each call that it names; it is on the disk when this returns.
///
/// `path` is a log of a store, a store, or a folder of stores. All records at the path are read, so that a call that is not
/// there, as where its name is misspelt, is refused instead of staying unreviewed in silence.
///
/// # Errors
///
/// The review names no call, or one that is not there; the logs cannot be read, or an `admin` cannot be written.
pub fn record_review(path: &Path, review: &Review) -> Result<(), AdminError> {
    let mut missing = review.call_ids.clone();
    if missing.is_empty() {
        return Err(AdminError::NoCall { call_id: None });
    }
    let mut filter = Filter::new()
        .kind("tool_call")
        .kind("tool_call_started")
        .kind("outcome_unknown")
        .kind("alert");
    for call_id in &missing {
        filter = filter.contains(call_id);
    }
    let mut logs = BTreeMap::<_, BTreeSet<String>>::new();
    for record in scan(path, &filter).map_err(AdminError::Query)? {
        let record = record.map_err(AdminError::Query)?;
        let Ok(named) = serde_json::from_str::<Named>(record.line()) else {
            continue;
        };
        for call_id in named.call_id.into_iter().chain(named.call_ids) {
            if review.call_ids.contains(&call_id) {
                missing.remove(&call_id);
                logs.entry(record.folder().to_owned())
                    .or_default()
                    .insert(call_id);
            }
        }
    }
    if let Some(call_id) = missing.pop_first() {
        return Err(AdminError::NoCall {
            call_id: Some(call_id),
        });
    }
    let mut by_store = BTreeMap::<_, BTreeSet<String>>::new();
    for (folder, calls) in logs {
        let store = act::store_of(&folder, path)?;
        by_store.entry(store).or_default().extend(calls);
    }
    for (store, calls) in by_store {
        let mut members = Map::new();
        review.actor.write(&mut members);
        members.insert("call_ids".to_owned(), calls.into_iter().collect());
        members.insert("finding".to_owned(), act::prose(&review.finding).into());
        Admin::open(&store)
            .and_then(|admin| admin.record("reviewed", members))
            .map_err(AdminError::Log)?;
    }
    Ok(())
}
