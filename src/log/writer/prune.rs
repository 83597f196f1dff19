use std::io::Read;

use super::{Ending, LogError, LogWriter};
use crate::clock::civil;
use crate::log::prune::{Prune, Pruned, PrunedBy};
use crate::log::read::{Line, LineReader};
use crate::log::record::{Previous, RecordHash, RecordHead};
use crate::log::recovery::SegmentReader;
use crate::log::segment;
use crate::log::storage::Storage;
#[cfg(unix)]
use crate::retention::keep::InForce;

/// Whether somebody looked at what is held, and keeps everybody from setting a hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    /// Nothing is in the segments before this one.
    Before(u64),
    /// Nobody did.
    Unknown,
}

/// The removal of segments whose records have expired (FORMAT section 7).
impl<S: Storage> LogWriter<S> {
    /// Says which segments go, brings that onto the disk, and removes them, the oldest first.
    ///
    /// Where this fails in the middle, what is left is removed by [`look_after`](Self::look_after), or when the log is
    /// opened again.
    pub(crate) fn prune(&mut self, prune: &Prune, by: &PrunedBy) -> Result<(), LogError> {
        if self.ending != Ending::Open {
            return Err(LogError::Closed);
        }
        let names = self.segment_names()?;
        let is_unfinished = self.unfinished.as_ref().is_some_and(|former| {
            let first = names.first();
            first.is_some_and(|first| *first <= former.through_seq)
        });
        if is_unfinished {
            // The next plan knows of it, once it is there to read.
            self.sync()?;
        }
        let is_planned = !is_unfinished
            && names.first() == Some(&prune.first_seq)
            && prune.first_seq <= prune.through_seq
            && names.contains(&(prune.through_seq + 1))
            && self.first_links_to(prune.through_seq + 1, prune.through_hash)?;
        if !is_planned {
            return Err(self.not_prunable(
                "it changed since the prune was planned: prune again, and verify it if that stays",
            ));
        }
        if civil::days(civil::micros(self.options.clock.now())) <= prune.latest_retain_until {
            return Err(self.not_prunable(
                "the writer's clock is behind the one by which its records expired",
            ));
        }
        let members = prune.members(&self.policy_id, by);
        let seq = self.append_own(Pruned::KIND, members)?;
        self.unfinished = Some(Pruned {
            seq,
            through_seq: prune.through_seq,
            through_hash: prune.through_hash,
            last_timestamp: prune.last_timestamp.clone(),
            frontier: None,
        });
        self.sync()?;
        self.finish_prune(Held::Before(prune.through_seq + 1))
    }

    /// Goes on with a prune that stands in the log and whose segments were not all removed; those from `kept` on stay.
    pub(crate) fn resume_prune(&mut self, pruned: Pruned, kept: u64) -> Result<(), LogError> {
        self.unfinished = Some(pruned);
        if self.durable != self.newest() {
            self.sync()?;
        }
        self.finish_prune(Held::Before(kept))
    }

    /// Brings the record of a prune onto the disk, where that is not done, and removes its segments.
    pub(super) fn go_on_with_prune(&mut self) -> Result<(), LogError> {
        if self.unfinished.is_some() && self.durable != self.newest() {
            self.sync()?;
        }
        self.finish_prune(Held::Unknown)
    }

    /// Removes the segments of a prune whose record is on the disk.
    pub(super) fn finish_prune(&mut self, held: Held) -> Result<(), LogError> {
        let Some(pruned) = &self.unfinished else {
            return Ok(());
        };
        if self.durable.is_none_or(|(seq, _)| seq < pruned.seq) {
            return Ok(());
        }
        let (kept, hash) = (pruned.through_seq + 1, pruned.through_hash);
        let names = self.segment_names()?;
        let gone = names.iter().take_while(|name| **name < kept).count();
        if gone > 0 && (names.get(gone) != Some(&kept) || !self.first_links_to(kept, hash)?) {
            self.unfinished = None;
            return Err(self.not_prunable(
                "it does not fit the prune that it tells of, and nothing is removed: verify it",
            ));
        }
        #[cfg(unix)]
        let holds = match (held, self.storage.store()) {
            // Until the files are gone nobody can set a hold.
            (Held::Unknown, Some(store)) if gone > 0 => Some(InForce::of_store(store)?),
            _ => None,
        };
        for name in names.into_iter().take(gone) {
            if matches!(held, Held::Before(kept) if name >= kept) {
                break;
            }
            #[cfg(unix)]
            if let Some(why) = self.kept_by(holds.as_ref(), name)? {
                tracing::warn!(log = %self.place().display(), segment = name, %why, "a prune of the audit log that was cut off is not finished: its rest goes by the next one, once nothing keeps it");
                break;
            }
            self.storage
                .remove_torn(name)
                .and_then(|()| self.storage.remove(name))
                // One by one onto the disk: a power loss must leave no gap.
                .and_then(|()| self.storage.sync_folder())
                .map_err(|error| self.failed_at("removing", name, error))?;
            self.segments = self.segments.saturating_sub(1);
        }
        self.unfinished = None;
        Ok(())
    }

    /// What keeps a segment, in words.
    #[cfg(unix)]
    fn kept_by(&mut self, holds: Option<&InForce>, name: u64) -> Result<Option<String>, LogError> {
        let mut why = None;
        if let Some(holds) = holds {
            self.read_segment(name, &mut |reader| {
                why = holds.keeps(reader)?;
                Ok(())
            })?;
        }
        Ok(why)
    }

    /// Whether a segment's first record follows the one with this hash.
    fn first_links_to(&mut self, name: u64, hash: RecordHash) -> Result<bool, LogError> {
        let mut links = false;
        self.read_segment(name, &mut |reader| {
            if let Some(Line::Whole(line)) = LineReader::new(reader).next_line()? {
                let head = RecordHead::parse(line);
                links = head.is_some_and(|head| head.previous == Previous::Hash(hash));
            }
            Ok(())
        })?;
        Ok(links)
    }

    /// The segments that are there, by name.
    pub(crate) fn segment_names(&mut self) -> Result<Vec<u64>, LogError> {
        self.storage
            .segments()
            .map_err(|error| LogError::io("listing", self.storage.place(), error))
    }

    /// Shows a segment's bytes from its beginning on.
    pub(crate) fn read_segment(
        &mut self,
        name: u64,
        visit: &mut dyn FnMut(&mut dyn Read) -> std::io::Result<()>,
    ) -> Result<(), LogError> {
        let storage = &mut self.storage;
        storage
            .open(name)
            .and_then(|segment| visit(&mut SegmentReader::new(storage, &segment)))
            .map_err(|error| {
                let path = self.storage.place().join(segment::name(name));
                LogError::io("reading", &path, error)
            })
    }

    /// A segment's length in bytes; 0 where it cannot be told.
    pub(crate) fn segment_length(&mut self, name: u64) -> u64 {
        let storage = &mut self.storage;
        let length = storage.open(name).and_then(|found| storage.length(&found));
        length.unwrap_or_default()
    }

    fn not_prunable(&mut self, why: &'static str) -> LogError {
        let path = self.place().to_owned();
        self.failed(LogError::NotPrunable { path, why })
    }
}
