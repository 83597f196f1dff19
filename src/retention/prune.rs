use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::clock_check::Newest;
use super::keep::Keep;
use super::report::{LogPrune, Plan, PruneReport};
use super::segments::{FolderSegments, Segments};
use super::sweep::{Rules, sweep};
use super::{PruneOptions, RetentionError};
use crate::admin::act::{self, AdminLock};
use crate::clock::civil;
use crate::log::read::{Line, LineReader};
use crate::log::{
    Access, FolderStorage, LogError, LogOptions, LogWriter, RecordHead, Source, Storage, lock,
};
use crate::query::LogSnapshot;

const HELD: &str = "a writer holds it, and prunes it itself where it was told to (`HashChainBuilder::prune`): \
                    tell it, or wait until it has ended";

/// What of the logs at `path` would go now, and what keeps segments that have expired. Nothing is changed or locked.
///
/// # Errors
///
/// The logs or what is held cannot be read, or the clock is far from the newest record: see [`RetentionError`].
pub fn plan_prune(path: &Path, options: &PruneOptions) -> Result<PruneReport, RetentionError> {
    let mut report = PruneReport::default();
    let stores = logs_at(path)?;
    for (store, folders) in &stores {
        check_clock(store, options)?;
        let keep = Keep::of_store(store)?;
        report.logs.extend(plan(folders, &keep, options)?);
    }
    Ok(report)
}

/// Removes from the logs at `path` what has expired and nothing keeps; a second time it removes nothing.
///
/// `path` is a log of a store, a store, or a folder of stores. While segments go, nobody can set a hold. A log that a
/// writer holds is left as it is, and the report says so.
///
/// # Errors
///
/// As [`plan_prune`], and where `admin` cannot be locked. What one log gives stands in the report, and the others are
/// pruned.
pub fn prune(path: &Path, options: &PruneOptions) -> Result<PruneReport, RetentionError> {
    let stores = logs_at(path)?;
    for store in stores.keys() {
        check_clock(store, options)?;
    }
    let mut report = PruneReport::default();
    for (store, folders) in &stores {
        let (_lock, plans) = planned(store, folders, options)?;
        for mut log in plans {
            if let Err(error) = execute(&mut log, store, options) {
                if matches!(log.plan, Plan::Prune(_) | Plan::Finish(..)) {
                    log.took_nothing();
                }
                log.error = Some(error);
            }
            report.logs.push(log);
        }
    }
    Ok(report)
}

/// Prunes a log by the one who writes it, as [`prune`] does from outside.
///
/// Holds and reviews are those of `store`, which is where the log stands; a log that stands in none has none. The clock
/// is compared with the log's own records.
///
/// ```
/// use tool_audit::log::{LogOptions, LogWriter, MemoryStorage};
/// use tool_audit::retention::{PruneOptions, prune_log};
///
/// let mut log = LogWriter::open(MemoryStorage::new(), LogOptions::new("general"))?;
/// log.append("tool_call", br#""retain_until":"2021-01-01","timestamp":"2020-01-01T00:00:00.000000Z""#)?;
/// log.flush()?;
/// let options = PruneOptions::new("records manager").clock_checked_by("operator");
/// // The newest segment stays.
/// assert_eq!(prune_log(&mut log, None, &options)?.records, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`prune`]. A prune that fails in the middle is finished by the next one, or when the log is opened again.
pub fn prune_log<S: Storage>(
    log: &mut LogWriter<S>,
    store: Option<&Path>,
    options: &PruneOptions,
) -> Result<LogPrune, RetentionError> {
    let place = log.place().to_owned();
    Newest::of(log)?.check(store.unwrap_or(&place), options)?;
    let _lock = store.map(AdminLock::acquire).transpose()?;
    let keep = store.map(Keep::of_store).transpose()?.unwrap_or_default();
    let swept = sweep(log, rules(&keep, options))?;
    let mut report = LogPrune::of(place, swept);
    take(log, &mut report, &keep, options)?;
    Ok(report)
}

/// The logs at `path` by their stores, those of acts upon a store aside.
fn logs_at(path: &Path) -> Result<BTreeMap<PathBuf, Vec<PathBuf>>, RetentionError> {
    let mut stores = BTreeMap::<_, Vec<_>>::new();
    for log in LogSnapshot::find(path)? {
        if log.is_admin() {
            continue;
        }
        let store = act::store_of(log.folder(), path)?;
        stores
            .entry(store)
            .or_default()
            .push(log.folder().to_owned());
    }
    Ok(stores)
}

pub(super) fn check_clock(store: &Path, options: &PruneOptions) -> Result<(), RetentionError> {
    let mut newest = Newest::default();
    for log in LogSnapshot::find(store)? {
        // Any process may act upon a store, and one whose clock is wrong says nothing of calls.
        if !log.is_admin() {
            newest = newest.and(Newest::of(&mut FolderSegments(log.folder().to_owned()))?);
        }
    }
    newest.check(store, options)
}

fn rules<'a>(keep: &'a Keep, options: &'a PruneOptions) -> Rules<'a> {
    Rules {
        keep,
        policy: options.policy.as_ref(),
        today: civil::days(civil::micros(options.clock.now())),
    }
}

fn plan(
    folders: &[PathBuf],
    keep: &Keep,
    options: &PruneOptions,
) -> Result<Vec<LogPrune>, RetentionError> {
    let mut plans = Vec::with_capacity(folders.len());
    for folder in folders {
        let swept = sweep(&mut FolderSegments(folder.clone()), rules(keep, options))?;
        plans.push(LogPrune::of(folder.clone(), swept));
    }
    Ok(plans)
}

/// Plans, and keeps everybody from acting upon the store where something is to go: what was set while it was planned is
/// looked at before that.
pub(super) fn planned(
    store: &Path,
    folders: &[PathBuf],
    options: &PruneOptions,
) -> Result<(Option<AdminLock>, Vec<LogPrune>), RetentionError> {
    let keep = Keep::of_store(store)?;
    let plans = plan(folders, &keep, options)?;
    if plans.iter().all(|log| matches!(log.plan, Plan::Nothing)) {
        return Ok((None, plans));
    }
    let lock = AdminLock::acquire(store)?;
    let now = Keep::of_store(store)?;
    let plans = if now == keep {
        plans
    } else {
        plan(folders, &now, options)?
    };
    Ok((Some(lock), plans))
}

/// Does what was planned to a log that nobody writes.
fn execute(log: &mut LogPrune, store: &Path, options: &PruneOptions) -> Result<(), LogError> {
    let held = || LogError::NotPrunable {
        path: log.folder.clone(),
        why: HELD,
    };
    let asked = lock::is_held(&log.folder);
    if asked.map_err(|error| LogError::io("asking for the lock of", &log.folder, error))? {
        return Err(held());
    }
    if matches!(log.plan, Plan::Nothing) {
        return Ok(());
    }
    let access = Access {
        allow_others: true,
        ..Access::owner()
    };
    let storage = FolderStorage::open(&log.folder, access)?;
    // What a former prune left goes by the plan, which knows what is held since.
    let mut writer =
        LogWriter::open_quietly(storage, as_before(&log.folder, options)?).map_err(|error| {
            match error {
                LogError::Locked { .. } => held(),
                other => other,
            }
        })?;
    let keep = Keep::of_store(store).map_err(|error| error.of_holds(store))?;
    let taken = take(&mut writer, log, &keep, options);
    writer.close()?;
    taken
}

/// Removes what the plan names; where a former prune was to be finished, what has expired since too.
fn take<S: Storage>(
    writer: &mut LogWriter<S>,
    log: &mut LogPrune,
    keep: &Keep,
    options: &PruneOptions,
) -> Result<(), LogError> {
    let by = options.by();
    if let Plan::Finish(pruned, kept) = &log.plan {
        writer.resume_prune(pruned.clone(), *kept)?;
        let more = LogPrune::of(log.folder.clone(), sweep(writer, rules(keep, options))?);
        log.add(more);
    }
    match &log.plan {
        Plan::Prune(prune) => writer.prune(prune, &by),
        Plan::Nothing | Plan::Finish(..) => Ok(()),
    }
}

/// What the newest segment says of its writer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Opening {
    retention_class: String,
    service: String,
    instance: String,
    source: Source,
}

/// Options that go on in the log as its writer did.
fn as_before(folder: &Path, options: &PruneOptions) -> Result<LogOptions, LogError> {
    let mut log = FolderSegments(folder.to_owned());
    let mut opening: Option<Opening> = None;
    for name in log.names()?.into_iter().rev() {
        log.read(name, &mut |reader| {
            let mut lines = LineReader::new(reader);
            while let Some(line) = lines.next_line()? {
                let Line::Whole(line) = line else { continue };
                let kind = RecordHead::parse(line).map(|head| head.kind);
                if matches!(kind, Some("log_created" | "segment_opened")) {
                    opening = serde_json::from_slice(line).ok();
                    break;
                }
            }
            Ok(())
        })?;
        if opening.is_some() {
            break;
        }
    }
    let opening = opening.unwrap_or_default();
    let mut log = LogOptions::new(opening.retention_class);
    log.service = opening.service;
    log.instance = opening.instance;
    log.source = opening.source;
    log.clock = std::sync::Arc::clone(&options.clock);
    Ok(log)
}
