use std::path::Path;

use serde_json::Map;

use super::AdminError;
use super::act::{self, Actor, Admin};
use crate::log::verify::{LogReport, VerifyOptions, verify};

/// Somebody saw that records of a log are damaged (`damage_acknowledged`, FORMAT section 4).
///
/// It mends nothing and changes no verdict: the verifier goes on naming the damage, and counts what was acknowledged.
///
/// ```
/// use tool_audit::admin::{AdminError, DamageSeen, acknowledge_damage};
/// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
/// # sink.to_folder(&store)?;
///
/// let seen = DamageSeen::new("dpo", "the disk failed on the 6th of July", 120, 131);
/// // This log is as it was written.
/// let refused = acknowledge_damage(&store.join("general"), &seen);
/// assert!(matches!(refused, Err(AdminError::NoDamage { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct DamageSeen {
    actor: Actor,
    reason: String,
    from_seq: u64,
    through_seq: u64,
}

impl DamageSeen {
    /// By whom the operating system or an application knows, what became of the records, and which they are: from the first
    /// `_seq` to the last, inclusive.
    pub fn new(
        actor: impl Into<String>,
        reason: impl Into<String>,
        from_seq: u64,
        through_seq: u64,
    ) -> Self {
        Self {
            actor: Actor {
                name: actor.into(),
                asserted: false,
            },
            reason: reason.into(),
            from_seq,
            through_seq,
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.actor.asserted = true;
        self
    }

    /// Whether a fault of the log is among these records, or may be.
    fn covers(&self, log: &LogReport) -> bool {
        let here = self.from_seq..=self.through_seq;
        let seqs = || log.faults.iter().map(|fault| fault.place.as_ref()?.seq);
        // Of some faults nobody knows the number, and of very many not all are kept.
        seqs().any(|seq| seq.is_none_or(|seq| here.contains(&seq)))
            || log.fault_count() > log.faults.len() as u64
    }
}

/// Records in its store that somebody saw the damage of a log; it is on the disk when this returns.
///
/// `path` is the log's own folder. All of it is verified first, so that nobody acknowledges what is not damaged.
///
/// # Errors
///
/// There is not one log at the path, or it stands in no store; none of its faults is among these records; it cannot be
/// read, or the store's `admin` cannot be written.
pub fn acknowledge_damage(path: &Path, seen: &DamageSeen) -> Result<(), AdminError> {
    let mut report = verify(path, &VerifyOptions::new()).map_err(AdminError::Verify)?;
    let log = report.logs.pop().filter(|_| report.logs.is_empty());
    let log = log.ok_or_else(|| AdminError::NotOneLog {
        path: path.to_owned(),
    })?;
    if log.intact || !seen.covers(&log) {
        return Err(AdminError::NoDamage {
            log: log.folder,
            from_seq: seen.from_seq,
            through_seq: seen.through_seq,
        });
    }
    let store = act::store_of(&log.folder, path)?;
    let name = match log.log {
        Some(id) => id.to_string(),
        // No record of it can be read: its folder is all the name it has.
        None => {
            let folder = log.folder.file_name().unwrap_or_default();
            act::name(&folder.to_string_lossy())
        }
    };
    let mut members = Map::new();
    seen.actor.write(&mut members);
    members.insert("from_seq".to_owned(), seen.from_seq.into());
    members.insert("log".to_owned(), name.into());
    members.insert("reason".to_owned(), act::prose(&seen.reason).into());
    members.insert("through_seq".to_owned(), seen.through_seq.into());
    Admin::open(&store)
        .and_then(|admin| admin.record("damage_acknowledged", members))
        .map_err(AdminError::Log)
}
