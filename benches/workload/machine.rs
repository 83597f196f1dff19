//! What the operating system says about this process, and where the benches' files lie.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

/// A new folder on the file system of the build, or of `TOOL_AUDIT_BENCH_DIR`; it is removed in the end.
///
/// The system's folder for temporary files is often kept in memory, where a sync costs nothing.
pub(crate) fn folder() -> TempDir {
    let parent = std::env::var_os("TOOL_AUDIT_BENCH_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    tempfile::tempdir_in(parent).expect("the folder for the bench's files can be written")
}

/// The time that all living threads of this process have run, from the scheduler's own books.
///
/// Linux alone has them. A thread that is running is up to one tick behind.
pub(crate) fn cpu_time() -> Duration {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task").expect("this bench needs Linux's /proc") {
        let Ok(task) = task else { continue };
        // A thread may end between the listing and the reading.
        if let Ok(books) = fs::read_to_string(task.path().join("schedstat")) {
            nanoseconds += books
                .split_whitespace()
                .next()
                .and_then(|run| run.parse::<u64>().ok())
                .unwrap_or_default();
        }
    }
    Duration::from_nanos(nanoseconds)
}

/// The most memory that this process ever held, in KiB.
pub(crate) fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this bench needs Linux's /proc");
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kibibytes| kibibytes.parse().ok())
        .expect("the kernel says VmHWM")
}
