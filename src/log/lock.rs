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
