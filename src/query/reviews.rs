//! Which calls somebody has looked at: the `reviewed` records of a store's `admin` (FORMAT section 4).

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::filter::ALERT;
use super::own::Own;
use super::{Filter, LogSnapshot, QueryError};
use crate::log::segment;

/// The folder of a store in which acts upon it are recorded.
pub(crate) const ADMIN: &str = "admin";

/// The `call_id`s that the `reviewed` records name in the stores to which these logs belong.
pub(crate) fn of(snapshots: &[Arc<LogSnapshot>]) -> Result<HashSet<String>, QueryError> {
    let mut reviewed = HashSet::new();
    let filter = Compiled::new(Filter::new().kind("reviewed"));
    for folder in admin_folders(snapshots) {
        let mut cursor = LogCursor::new(Arc::new(LogSnapshot::open(&folder)?));
        while let Some(record) = cursor.next_match(&filter)? {
            let own = Own {
                line: record.line().as_bytes(),
                members_at: record.place.members_at,
            };
            reviewed.extend(own.texts("call_ids"));
        }
    }
    Ok(reviewed)
}

/// Whether a record is an alert or an emergency that nobody has looked at.
pub(crate) fn is_unreviewed(
    reviewed: &HashSet<String>,
    kind: &str,
    call_id: Option<&str>,
    own: Own<'_>,
) -> bool {
    let is_new = |call: &str| !reviewed.contains(call);
    if kind == ALERT {
        let calls = own.texts("call_ids");
        return calls.is_empty() || calls.iter().any(|call| is_new(call));
    }
    own.is_emergency() && call_id.is_none_or(is_new)
}

fn admin_folders(snapshots: &[Arc<LogSnapshot>]) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    for snapshot in snapshots {
        if snapshot.is_admin() {
            folders.insert(snapshot.folder().to_owned());
            continue;
        }
        let admin = snapshot.folder().with_file_name(ADMIN);
        // A folder of that name is a log of the store only where it holds one.
        if segment::list(&admin).is_ok_and(|segments| !segments.is_empty()) {
            folders.insert(admin);
        }
    }
    folders
}
