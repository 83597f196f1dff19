//! One pass over the logs: whose accesses, and how many calls name nobody.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::access::Access;
use super::request::{AccessRequest, Of};
use crate::entry::AuditEntry;
use crate::log::LogId;
use crate::query::parts;
use crate::query::{Compiled, Filter, LogCursor, LogSnapshot, PassedOver, QueryError};

/// What the pass found.
pub(super) struct Swept {
    pub(super) accesses: Vec<Access>,
    pub(super) users: BTreeSet<String>,
    pub(super) not_attributable: u64,
    pub(super) passed: PassedOver,
    pub(super) snapshots: Vec<LogSnapshot>,
}

/// An access, and what orders it and tells its beginning from its end.
struct Found {
    key: (String, LogId, u64),
    call_id: String,
    is_end: bool,
    access: Access,
}

/// How many ended calls of a tool name a subject, and how many name none or not all.
#[derive(Default, Clone, Copy)]
struct Naming {
    some: u64,
    none: u64,
}

#[derive(Default)]
struct Part {
    found: Vec<Found>,
    tools: BTreeMap<String, Naming>,
    /// Calls with more subjects than their records hold, this person not among those.
    cut: u64,
}

pub(super) fn sweep(
    path: &Path,
    request: &AccessRequest,
    names: BTreeSet<String>,
) -> Result<Swept, QueryError> {
    let mut filter = Filter::new().kind(END).kind("tool_call_started");
    if let Some(from) = request.from {
        filter = filter.since(from);
    }
    if let Some(to) = request.to {
        filter = filter.until(to);
    }
    if request.of == Of::User {
        filter = names.iter().fold(filter, |filter, name| filter.user(name));
    }
    let (of, names) = (request.of, Arc::new(names));
    let mut whole = Part::default();
    let read = parts::of(
        path,
        &filter,
        move |cursor, filter| examine(cursor, filter, of, &names),
        |part| {
            whole.found.extend(part.found);
            whole.cut += part.cut;
            for (tool, naming) in part.tools {
                let of_tool = whole.tools.entry(tool).or_default();
                of_tool.some += naming.some;
                of_tool.none += naming.none;
            }
        },
    )?;
    let ends = whole.found.iter().filter(|found| found.is_end);
    let ended: HashSet<String> = ends.map(|found| found.call_id.clone()).collect();
    let mut found = whole.found;
    // A beginning counts where its end is not there: the tool may have answered.
    found.retain(|found| found.is_end || !ended.contains(&found.call_id));
    found.sort_by(|one, other| one.key.cmp(&other.key));
    let tools = whole.tools.values().filter(|naming| naming.some > 0);
    Ok(Swept {
        users: found
            .iter()
            .map(|found| found.access.accessed_by.clone())
            .collect(),
        accesses: found.into_iter().map(|found| found.access).collect(),
        not_attributable: tools.map(|naming| naming.none).sum::<u64>() + whole.cut,
        passed: read.passed,
        snapshots: read.snapshots,
    })
}

const END: &str = "tool_call";

fn examine(
    cursor: &mut LogCursor,
    filter: &Compiled,
    of: Of,
    names: &BTreeSet<String>,
) -> Result<Part, QueryError> {
    let mut part = Part::default();
    while cursor.advance_to_candidate(filter)? {
        let record = match cursor.confirmed(filter) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(reason) => {
                cursor.bad(reason);
                continue;
            }
        };
        let Ok(entry) = record.entry() else {
            cursor.bad("is no call that this version understands");
            continue;
        };
        let is_end = record.kind() == END;
        let is_found = match of {
            Of::User => true,
            Of::Subject => entry.subjects.iter().any(|subject| names.contains(subject)),
        };
        if is_end {
            part.count(&entry, of == Of::Subject && !is_found);
        }
        if is_found {
            part.found.push(Found {
                key: (entry.timestamp.clone(), record.log(), record.seq()),
                call_id: entry.call_id.clone(),
                is_end,
                access: Access::of(entry, of == Of::User),
            });
        }
    }
    Ok(part)
}

impl Part {
    fn count(&mut self, entry: &AuditEntry, may_be_cut: bool) {
        if let Some(naming) = self.tools.get_mut(&entry.tool_name) {
            naming.add(entry);
        } else {
            let mut naming = Naming::default();
            naming.add(entry);
            self.tools.insert(entry.tool_name.clone(), naming);
        }
        self.cut += u64::from(may_be_cut && entry.subjects_truncated && !entry.subjects.is_empty());
    }
}

impl Naming {
    fn add(&mut self, entry: &AuditEntry) {
        if entry.subjects.is_empty() {
            self.none += 1;
            // Whoever was left out was somebody.
            self.some += u64::from(entry.subjects_truncated);
        } else {
            self.some += 1;
        }
    }
}
