use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::intents::{self, STARTED};
use super::{ExportError, Exporter, Scope};
use crate::query::{Filter, LogSnapshot, PassedOver, QueryError, Record, Scan};

/// The records that a filter wants, in one format, a line at a time.
///
/// Records come oldest first, as [`scan`](crate::query::scan()) gives them, and a live log is read as it stood at the
/// beginning. Memory is that of a [`scan`](crate::query::scan()), however long the logs are, and with a format of scope
/// [`Calls`](Scope::Calls) the ids of the calls that have no end.
pub struct Export<E> {
    exporter: E,
    scan: Scan,
    replayed: HashSet<PathBuf>,
    without_end: HashSet<String>,
    line: Vec<u8>,
    begun: bool,
    left_out: LeftOut,
}

/// Which records an export left out, though the filter wanted them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Records of kinds for which the format has no form, by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Records of intent whose call has an end, which says the same and more.
    pub intents_with_end: u64,
    /// Calls that this version does not understand, and records that are deeper than a row can be made of.
    pub unreadable: u64,
    /// Why the first of them was not understood.
    pub first_unreadable: Option<String>,
}

impl LeftOut {
    /// More kinds than a log can sensibly have are counted as one.
    const MOST_KINDS: usize = 64;
    const OTHER_KINDS: &'static str = "(other)";

    fn add_kind(&mut self, kind: &str) {
        let known = self.kinds.contains_key(kind) || self.kinds.len() < Self::MOST_KINDS;
        let kind = if known { kind } else { Self::OTHER_KINDS };
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
    }
}

impl<E: Exporter> Export<E> {
    /// Opens a log, a store, or a folder of stores.
    ///
    /// # Errors
    ///
    /// As for [`scan`](crate::query::scan()).
    pub fn open(path: &Path, filter: &Filter, exporter: E) -> Result<Self, QueryError> {
        let snapshots: Vec<Arc<LogSnapshot>> =
            LogSnapshot::find(path)?.into_iter().map(Arc::new).collect();
        let without_end = match exporter.scope() {
            Scope::Calls if filter.takes_kind(STARTED) => intents::without_end(&snapshots)?,
            Scope::Calls | Scope::Records => HashSet::new(),
        };
        let replayed = snapshots
            .iter()
            .filter(|log| log.is_replayed())
            .map(|log| log.folder().to_owned())
            .collect();
        Ok(Self {
            exporter,
            scan: Scan::over(snapshots, filter)?,
            replayed,
            without_end,
            line: Vec::new(),
            begun: false,
            left_out: LeftOut::default(),
        })
    }

    /// The next line, with its line feed; none at the end.
    ///
    /// A call that this version does not understand is counted and left out, so that it does not hide the others.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`] where a log cannot be read any further; the export ends there.
    pub fn next_line(&mut self) -> Result<Option<&str>, ExportError> {
        self.line.clear();
        if !self.begun {
            self.begun = true;
            self.exporter.begin(&mut self.line)?;
        }
        while self.line.is_empty() {
            let Some(record) = self.scan.next() else {
                return Ok(None);
            };
            let record = record?;
            if !self.takes(&record) {
                continue;
            }
            let replayed = self.replayed.contains(record.folder());
            let written = self
                .exporter
                .write_record(&record, replayed, &mut self.line);
            match written {
                Err(ExportError::Read(error @ QueryError::Entry { .. })) => {
                    self.line.clear();
                    self.left_out.unreadable += 1;
                    let first = &mut self.left_out.first_unreadable;
                    first.get_or_insert_with(|| error.to_string());
                }
                other => other?,
            }
        }
        let line = std::str::from_utf8(&self.line);
        line.map(Some).map_err(|error| {
            ExportError::Write(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
        })
    }

    /// Writes all lines that are left, and says how many.
    ///
    /// # Errors
    ///
    /// As for [`next_line`](Self::next_line), and what `out` gives.
    pub fn write_to(&mut self, out: &mut impl Write) -> Result<u64, ExportError> {
        let mut lines = 0;
        while let Some(line) = self.next_line()? {
            out.write_all(line.as_bytes())?;
            lines += 1;
        }
        Ok(lines)
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.scan.logs()
    }

    /// Lines that could not be read until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        self.scan.passed_over()
    }

    /// Records that were left out until now.
    #[must_use]
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Whether the format has a form for a record; counts it where not.
    fn takes(&mut self, record: &Record) -> bool {
        if self.exporter.scope() == Scope::Records {
            return true;
        }
        if !record.is_call() {
            self.left_out.add_kind(record.kind());
            return false;
        }
        let has_end = record.kind() == STARTED
            && !intents::call_id(record.line()).is_some_and(|id| self.without_end.contains(&id));
        self.left_out.intents_with_end += u64::from(has_end);
        !has_end
    }
}

impl<E> fmt::Debug for Export<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Export")
            .field("scan", &self.scan)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}
