use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::QueryError;
use crate::log::segment;

/// How many folders a log may lie below the one that is given (FORMAT section 1).
const DEPTH: usize = 3;

/// The logs at a place: the folder itself, or those at most three levels below it, in the order of their
/// paths.
pub(crate) fn find(path: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let mut logs = Vec::new();
    descend(path, DEPTH, &mut BTreeSet::new(), &mut logs)?;
    if logs.is_empty() {
        return Err(QueryError::NoLog {
            path: path.to_owned(),
        });
    }
    logs.sort_unstable();
    Ok(logs)
}

/// `seen` keeps a link to a folder above from giving every log twice.
fn descend(
    folder: &Path,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    logs: &mut Vec<PathBuf>,
) -> Result<(), QueryError> {
    let canonical = fs::canonicalize(folder).map_err(|error| reading(folder, error))?;
    if !seen.insert(canonical) {
        return Ok(());
    }
    if !fs::metadata(folder)
        .map_err(|error| reading(folder, error))?
        .is_dir()
    {
        return Err(QueryError::NoLog {
            path: folder.to_owned(),
        });
    }
    let mut below = Vec::new();
    let mut is_log = false;
    for entry in fs::read_dir(folder).map_err(|error| reading(folder, error))? {
        let entry = entry.map_err(|error| reading(folder, error))?;
        let name = entry.file_name();
        if name == segment::LOCK || name.to_str().and_then(segment::first_seq).is_some() {
            is_log = true;
        } else {
            below.push(entry.path());
        }
    }
    if is_log {
        logs.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for path in below {
        // A link that leads nowhere is no log; a folder that cannot be read is an error above.
        if fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            descend(&path, depth - 1, seen, logs)?;
        }
    }
    Ok(())
}

fn reading(folder: &Path, error: io::Error) -> QueryError {
    QueryError::io("reading the folder", folder, error)
}
