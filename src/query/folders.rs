use std::io;
use std::path::{Path, PathBuf};

use super::QueryError;
use crate::log::store;

/// The logs at a place: the folder itself, or those at most three levels below it, in the order of their
/// paths.
pub(crate) fn find(path: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let no_log = || QueryError::NoLog {
        path: path.to_owned(),
    };
    let logs = store::find_logs(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => no_log(),
        _ => QueryError::io("looking for logs in", path, error),
    })?;
    if logs.is_empty() {
        return Err(no_log());
    }
    Ok(logs)
}
