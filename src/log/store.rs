//! Finding logs: in a store, or in any folder above stores (FORMAT section 1).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::segment;

/// How far below a folder logs are looked for: class, or instance and class, and one to spare.
pub const LEVELS: usize = 3;

/// The logs at `path` and at most [`LEVELS`] levels below, in the order of their paths.
///
/// A log is a folder that holds a [`LOCK`](segment::LOCK) file or a segment. Nothing is looked for inside a
/// log, and symbolic links below `path` are not followed, so that no log is found twice.
///
/// # Errors
///
/// What reading a folder gives, with the folder's path where it is one below `path`; also where `path` is no
/// folder. A folder that cannot be read may hold a log, so it is not passed over.
pub fn find_logs(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    collect(path, LEVELS, &mut logs)?;
    logs.sort_unstable();
    Ok(logs)
}

fn collect(folder: &Path, levels: usize, logs: &mut Vec<PathBuf>) -> io::Result<()> {
    // Who asked knows the path that was asked for.
    let named = |error: io::Error| match levels {
        LEVELS => error,
        _ => io::Error::new(error.kind(), format!("{}: {error}", folder.display())),
    };
    let mut below = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        let entry = entry.map_err(named)?;
        let name = entry.file_name();
        let is_segment = name
            .to_str()
            .is_some_and(|name| segment::first_seq(name).is_some());
        if is_segment || name == segment::LOCK {
            logs.push(folder.to_owned());
            return Ok(());
        }
        if levels > 0 && entry.file_type().map_err(named)?.is_dir() {
            below.push(entry.path());
        }
    }
    for folder in below {
        collect(&folder, levels - 1, logs)?;
    }
    Ok(())
}
