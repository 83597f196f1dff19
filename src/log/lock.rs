use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::LogError;
use super::segment::LOCK;
use super::storage::Storage;

/// How long a writer that finds the lock held waits before it tries again.
const PAUSE: Duration = Duration::from_millis(15);

/// Takes the log's lock, and waits up to `wait` for another writer to give it back.
pub(crate) fn acquire<S: Storage>(storage: &mut S, wait: Duration) -> Result<(), LogError> {
    let began = Instant::now();
    loop {
        let held = storage
            .try_lock()
            .map_err(|error| LogError::io("locking", &storage.place().join(LOCK), error))?;
        if held {
            return Ok(());
        }
        let left = wait.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(LogError::Locked {
                path: storage.place().join(LOCK),
            });
        }
        thread::sleep(left.min(PAUSE));
    }
}

/// Whether a writer holds the lock of the log in `folder`.
///
/// It asks for a shared lock and gives it back at once, so that two readers do not take each other for a
/// writer; a writer that opens the log in this instant tries again (FORMAT section 6).
pub(crate) fn is_held(folder: &Path) -> io::Result<bool> {
    let path = folder.join(LOCK);
    let found = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    // Opening a pipe would wait for whoever writes to it.
    if !found.is_file() {
        return Err(io::Error::other("the lock is no file"));
    }
    match File::open(&path)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What `look` gives, and whether a writer may have held the log in `folder` while it looked: one may come or go
/// meanwhile. Where that cannot be told, one may.
#[cfg(any(feature = "evidence", test))]
pub(crate) fn held_around<T>(folder: &Path, look: impl FnOnce() -> T) -> (T, bool) {
    let may_be_held = || is_held(folder).unwrap_or(true);
    let was_held = may_be_held();
    let found = look();
    (found, was_held || may_be_held())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(folder: &Path) -> File {
        let file = File::create(folder.join(LOCK)).unwrap();
        file.try_lock().unwrap();
        file
    }

    fn found_held(folder: &Path, look: impl FnOnce()) -> bool {
        held_around(folder, look).1
    }

    #[test]
    fn a_writer_that_comes_or_goes_during_a_look_may_have_written_what_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(!found_held(folder, || {}));
        let writer = hold(folder);
        assert!(found_held(folder, || {}));
        assert!(found_held(folder, || drop(writer)));
        assert!(!found_held(folder, || {}));
        let mut writer = None;
        assert!(found_held(folder, || writer = Some(hold(folder))));
    }

    #[test]
    fn a_lock_that_tells_nothing_may_be_held() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(LOCK)).unwrap();
        assert_eq!(held_around(folder.path(), || 7), (7, true));
    }
}
