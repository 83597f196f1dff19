use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::QueryError;
use crate::log::store;

/// The logs at a place: the folder itself, or those at most three levels below it, in the order of their
/// paths.
///
/// The folders are canonical: what is told by a folder's name and its neighbours, such as whether a log is a
/// store's, does not hang on how the place was spelt, nor on a symbolic link to it.
pub(crate) fn find(path: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let no_log = || QueryError::NoLog {
        path: path.to_owned(),
    };
    let found = fs::canonicalize(path).and_then(|canonical| store::find_logs(&canonical));
    let logs = found.map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => no_log(),
        _ => QueryError::io("looking for logs in", path, error),
    })?;
    if logs.is_empty() {
        return Err(no_log());
    }
    Ok(logs)
}
