use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choose::{Chosen, choose};
use super::file::IndexFile;
use super::known::{self, Known, KnownLog, Standing};
use super::{IndexError, IndexWarning};
use crate::query::{
    Filter, LogSnapshot, Piece, PlannedLog, QueryError, ReverseScan, Scan, SegmentPlan, Timeline,
    find_logs, shared,
};

/// A question to the logs at a place, answered through the indexes of their stores: the same records in the same order
/// as without an index.
///
/// An index says where to look. What is given out was read from the log, and the whole filter was applied to it.
/// What is not indexed yet is read whole, as is all of a store without an index, a segment that
/// is not as it was when it was indexed, and a log of which the filter wants more than a quarter. Of a store whose index
/// cannot be used all is read, too, and [`warnings`](Self::warnings) says so.
///
/// An index from which rows were taken gives short answers, and nothing in a look-up can show that:
/// [`check`](super::check()) does. An index is no evidence.
///
/// ```
/// use tool_audit::index::{Index, Lookup};
/// use tool_audit::query::Filter;
/// # use serde_json::json;
/// # use tool_audit::{CallContext, HashChainSink, Recorder, ToolCall};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # let recorder = Recorder::new(sink.clone());
/// # let call = ToolCall::new("get_order", json!({})).context(CallContext::new("conv_1", "usr_9"));
/// # drop(recorder.start_call(&call).success(&json!({})));
/// # sink.to_folder(&store)?;
///
/// Index::open(&store)?.catch_up()?;
/// let lookup = Lookup::open(&store, &Filter::new().conversation("conv_1"))?;
/// assert!(lookup.warnings().is_empty());
/// for record in lookup.scan()? {
///     println!("{}", record?.line());
/// }
/// # assert_eq!(lookup.scan()?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lookup {
    filter: Filter,
    logs: Vec<PlannedLog>,
    warnings: Vec<IndexWarning>,
}

impl Lookup {
    /// Looks up what `filter` wants. `path` is a log, a store, or a folder of stores.
    ///
    /// # Errors
    ///
    /// As for [`scan`](crate::query::scan()). Trouble with an index is none.
    pub fn open(path: &Path, filter: &Filter) -> Result<Self, QueryError> {
        let mut warnings = Vec::new();
        let mut files = BTreeMap::new();
        for store in stores_of(path) {
            match IndexFile::open_to_read(&store) {
                Ok(Some(file)) => {
                    files.insert(store, file);
                }
                Ok(None) => {}
                Err(error) => warnings.push(IndexWarning::Unusable(error)),
            }
        }
        // Looked at before the logs, an index is never ahead of them.
        let mut known = BTreeMap::new();
        for (store, file) in &files {
            match StoreIndex::read(file, filter) {
                Ok(Some(index)) => {
                    known.insert(store.clone(), index);
                }
                Ok(None) => {}
                Err(error) => warnings.push(IndexWarning::Unusable(error)),
            }
        }
        let logs = shared(LogSnapshot::find(path)?);
        let logs = logs
            .into_iter()
            .map(|snapshot| {
                let store = store_of(snapshot.folder());
                match store.and_then(|store| known.get(&store)) {
                    Some(index) => index.plan(snapshot, &mut warnings),
                    None => PlannedLog::whole(snapshot),
                }
            })
            .collect();
        Ok(Self {
            filter: filter.clone(),
            logs,
            warnings,
        })
    }

    /// The wanted records, oldest first; see [`scan`](crate::query::scan()).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn scan(&self) -> Result<Scan, QueryError> {
        Scan::planned(self.logs.clone(), &self.filter)
    }

    /// The wanted records, newest first; see [`scan_reverse`](crate::query::scan_reverse()).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn scan_reverse(&self) -> Result<ReverseScan, QueryError> {
        ReverseScan::planned(self.logs.clone(), &self.filter)
    }

    /// The calls among the wanted records, one line each; see [`timeline`](crate::query::timeline()).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn timeline(&self) -> Result<Timeline, QueryError> {
        Timeline::planned(self.logs.clone(), self.filter.clone())
    }

    /// Why an index, or a part of it, is not used.
    #[must_use]
    pub fn warnings(&self) -> &[IndexWarning] {
        &self.warnings
    }

    /// The same, to be kept.
    #[must_use]
    pub fn into_warnings(self) -> Vec<IndexWarning> {
        self.warnings
    }

    /// How many bytes of the logs are to be read for the answer.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.logs.iter().map(PlannedLog::bytes).sum()
    }
}

/// The stores of the logs at a place: the folders above them, in which their indexes stand. A log's own folder is no such
/// place.
///
/// # Errors
///
/// [`IndexError::Query`] where there is no log, and [`IndexError::NoStore`].
pub fn stores(path: &Path) -> Result<Vec<PathBuf>, IndexError> {
    let logs = LogSnapshot::find(path)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(log) = logs.iter().find(|log| log.folder() == path) {
        return Err(IndexError::NoStore {
            log: log.folder().to_owned(),
        });
    }
    let stores: BTreeSet<PathBuf> = logs
        .iter()
        .filter_map(|log| store_of(log.folder()))
        .collect();
    Ok(stores.into_iter().collect())
}

/// The same for whoever reads the logs, and says what is wrong with them.
fn stores_of(path: &Path) -> BTreeSet<PathBuf> {
    let logs = find_logs(path).unwrap_or_default();
    logs.iter().filter_map(|log| store_of(log)).collect()
}

fn store_of(log: &Path) -> Option<PathBuf> {
    let store = log.parent()?;
    // Above a log that was named without a folder is the one in which the program runs.
    let here = store.as_os_str().is_empty();
    Some(if here { Path::new(".") } else { store }.to_owned())
}

/// What the index of one store says to a question.
struct StoreIndex {
    logs: Vec<KnownLog>,
    chosen: Chosen,
    index: PathBuf,
}

impl StoreIndex {
    /// None where all had better be read.
    fn read(file: &IndexFile, filter: &Filter) -> Result<Option<Self>, IndexError> {
        let transaction = file.begin_reading()?;
        let read = || {
            let logs = known::logs(&transaction)?;
            let segments = logs.iter().flat_map(|log| log.segments.values());
            let bytes = segments.fold(0_u64, |bytes, known| bytes.saturating_add(known.indexed));
            Ok((choose(&transaction, filter, bytes)?, logs))
        };
        let (chosen, logs) = read().map_err(|error| IndexError::sqlite(file.path(), error))?;
        Ok(chosen.map(|chosen| Self {
            logs,
            chosen,
            index: file.path().to_owned(),
        }))
    }

    fn plan(&self, snapshot: Arc<LogSnapshot>, warnings: &mut Vec<IndexWarning>) -> PlannedLog {
        let of_folder = self
            .logs
            .iter()
            .find(|log| log.stands_in(snapshot.folder()));
        let Some(log) = of_folder else {
            return PlannedLog::whole(snapshot);
        };
        if !log.is(&snapshot) {
            let first = snapshot.segments.first();
            warnings.extend(first.map(|segment| changed(&segment.path)));
            return PlannedLog::whole(snapshot);
        }
        let mut plans = Vec::with_capacity(snapshot.segments.len());
        // What a segment repeats depends on the one before.
        let mut before_is_current = true;
        for (index, segment) in snapshot.segments.iter().enumerate() {
            let is_last = index + 1 == snapshot.segments.len();
            let known = log.segments.get(&segment.first_seq);
            let standing = known.map(|known| known.standing(&segment.path));
            let plan = match (known, standing) {
                (Some(known), Some(Standing::Current | Standing::Behind))
                    if known.indexed <= segment.length =>
                {
                    before_is_current
                        .then(|| self.plan_known(known, segment.length, warnings))
                        .flatten()
                }
                (None, _) => None,
                // A writer that is just about to make it longer is no cause for alarm.
                (_, Some(Standing::Touched)) if is_last => None,
                _ => {
                    warnings.push(changed(&segment.path));
                    None
                }
            };
            before_is_current = plan.is_some() && standing == Some(Standing::Current);
            plans.push(plan.unwrap_or_else(SegmentPlan::whole));
        }
        PlannedLog {
            segments: plans.into(),
            snapshot,
        }
    }

    fn plan_known(
        &self,
        known: &Known,
        length: u64,
        warnings: &mut Vec<IndexWarning>,
    ) -> Option<SegmentPlan> {
        let Some(pieces) = self.chosen.pieces(known) else {
            warnings.push(IndexWarning::Unusable(IndexError::Damaged {
                index: self.index.clone(),
                source: None,
            }));
            return None;
        };
        let unknown = (known.indexed < length).then_some(Piece {
            start: known.indexed,
            end: u64::MAX,
            lines_before: known.lines,
            end_before: known.greatest_end,
        });
        let (greatest_end, may_repeat) = (known.greatest_end, known.may_repeat);
        Some(SegmentPlan::of_known(
            pieces,
            unknown,
            greatest_end,
            may_repeat,
        ))
    }
}

fn changed(segment: &Path) -> IndexWarning {
    IndexWarning::Changed {
        segment: segment.to_owned(),
    }
}
