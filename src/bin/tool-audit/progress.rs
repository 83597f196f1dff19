use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
