//! What a store's `admin` says of holds and reviews.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::AdminError;
use super::hold::Hold;
use super::scope::HoldScope;
use crate::log::segment;
use crate::query::{ADMIN, Compiled, Filter, LogCursor, LogSnapshot};

/// Holds in force, and calls that somebody looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Acts {
    pub(crate) holds: Vec<Hold>,
    pub(crate) reviewed: HashSet<String>,
}

#[derive(Deserialize)]
struct Set {
    hold_id: String,
    reason: String,
    actor: String,
    #[serde(default)]
    actor_asserted: bool,
    timestamp: String,
    scope: HoldScope,
}

#[derive(Deserialize)]
struct Released {
    hold_id: String,
}

#[derive(Deserialize)]
struct Reviewed {
    call_ids: Vec<String>,
}

impl Acts {
    /// What stands in the store, which may have no `admin` yet.
    pub(crate) fn of_store(store: &Path) -> Result<Self, AdminError> {
        Self::read(&store.join(ADMIN))
    }

    /// What stands in the folder of an `admin`.
    pub(super) fn read(folder: &Path) -> Result<Self, AdminError> {
        let mut acts = Self::default();
        if !segment::list(folder).is_ok_and(|segments| !segments.is_empty()) {
            return Ok(acts);
        }
        let filter = Filter::new()
            .kind("hold_set")
            .kind("hold_released")
            .kind("reviewed");
        let filter = Compiled::new(filter);
        let snapshot = LogSnapshot::open(folder).map_err(AdminError::Query)?;
        let mut cursor = LogCursor::new(Arc::new(snapshot));
        while let Some(record) = cursor.next_match(&filter).map_err(AdminError::Query)? {
            let seq = record.seq();
            let unreadable = |_| AdminError::Unreadable {
                log: folder.to_owned(),
                seq,
            };
            match record.kind() {
                "hold_set" => {
                    let set: Set = serde_json::from_str(record.line()).map_err(unreadable)?;
                    let store = folder.parent().unwrap_or(folder).to_owned();
                    acts.holds.retain(|hold| hold.hold_id != set.hold_id);
                    acts.holds.push(Hold {
                        hold_id: set.hold_id,
                        store,
                        reason: set.reason,
                        actor: set.actor,
                        actor_asserted: set.actor_asserted,
                        since: set.timestamp,
                        scope: set.scope,
                    });
                }
                "hold_released" => {
                    let released: Released =
                        serde_json::from_str(record.line()).map_err(unreadable)?;
                    acts.holds.retain(|hold| hold.hold_id != released.hold_id);
                }
                _ => {
                    let reviewed: Reviewed =
                        serde_json::from_str(record.line()).map_err(unreadable)?;
                    acts.reviewed.extend(reviewed.call_ids);
                }
            }
        }
        Ok(acts)
    }

    pub(super) fn hold(&self, hold_id: &str) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.hold_id == hold_id)
    }
}
