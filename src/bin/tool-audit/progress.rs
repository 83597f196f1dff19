use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tool_audit::query::LogSnapshot;

/// A line on standard error that says how far the work is, and is written over; on a terminal only.
pub(crate) struct ProgressLine {
    /// When it was last written; none where standard error is no terminal.
    written: Option<Mutex<Written>>,
}

struct Written {
    at: Instant,
    any: bool,
}

/// Work that is done sooner shows nothing.
const INTERVAL: Duration = Duration::from_millis(250);

impl ProgressLine {
    pub(crate) fn new() -> Self {
        let written = || {
            Mutex::new(Written {
                at: Instant::now(),
                any: false,
            })
        };
        Self {
            written: io::stderr().is_terminal().then(written),
        }
    }

    /// Shows how far the work is, four times a second at most.
    pub(crate) fn show(&self, text: impl FnOnce() -> String) {
        let Some(written) = &self.written else { return };
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.at.elapsed() >= INTERVAL {
            written.at = Instant::now();
            written.any = true;
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", text());
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        let Some(written) = &self.written else { return };
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut written.any) {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// Says, while it is there, how far logs are read.
pub(crate) struct ReadingLine {
    ended: Arc<(Mutex<bool>, Condvar)>,
    /// None where nobody looks.
    thread: Option<JoinHandle<()>>,
}

impl ReadingLine {
    /// The snapshots that are read, or clones of them.
    pub(crate) fn of(logs: Vec<LogSnapshot>) -> Self {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let line = ProgressLine::new();
        let watch = {
            let ended = Arc::clone(&ended);
            move || show_until(&ended, &line, &logs)
        };
        let thread = io::stderr().is_terminal().then(|| thread::spawn(watch));
        Self { ended, thread }
    }

    /// Takes the line away, before something else is written.
    pub(crate) fn end(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        let (ended, changed) = &*self.ended;
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        let _ = thread.join();
    }
}

impl Drop for ReadingLine {
    fn drop(&mut self) {
        self.end();
    }
}

fn show_until(ended: &(Mutex<bool>, Condvar), line: &ProgressLine, logs: &[LogSnapshot]) {
    let total: u64 = logs.iter().map(LogSnapshot::bytes).sum();
    let (ended, changed) = ended;
    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
    while !*ended {
        let read: u64 = logs.iter().map(LogSnapshot::bytes_read).sum();
        let percent = read.min(total).saturating_mul(100) / total.max(1);
        line.show(|| format!("{percent} % of {} MiB read", total >> 20));
        ended = changed
            .wait_timeout(ended, INTERVAL)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    line.clear();
}
