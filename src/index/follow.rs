use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{CaughtUp, Index, IndexError};

impl Index {
    /// Keeps the index where its logs are, on a thread of its own: behind a service that writes them, and never in its way.
    ///
    /// The thread [catches up](Self::catch_up) at once and then every so often. Trouble is told to
    /// `tracing` and tried again; [`IndexFollower::last_error`] gives it. What is not indexed yet is read from the
    /// logs, so that no answer depends on how often it is done.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tool_audit::index::Index;
    /// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
    /// # let folder = tempfile::tempdir()?;
    /// # let store = folder.path().join("audit");
    /// # let sink = HashChainSink::in_memory();
    /// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
    /// # sink.to_folder(&store)?;
    ///
    /// let follower = Index::open(&store)?.follow(Duration::from_secs(10))?;
    /// // The service runs. Where it ends:
    /// follower.stop()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`IndexError::Io`] where no thread can be had.
    pub fn follow(self, every: Duration) -> Result<IndexFollower, IndexError> {
        let path = self.path().to_owned();
        let (running, ended) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let (mut index, own) = (self, Arc::clone(&shared));
        let work = move || {
            loop {
                own.note(index.catch_up_while(|_| !own.is_over.load(Ordering::Relaxed)));
                match ended.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            // What was written meanwhile, where there is time for it.
            if !own.is_over.load(Ordering::Relaxed) {
                own.note(index.catch_up_while(|_| !own.is_over.load(Ordering::Relaxed)));
            }
        };
        let thread = thread::Builder::new()
            .name("tool-audit-index".to_owned())
            .spawn(work)
            .map_err(|error| IndexError::io("starting a thread for", &path, error))?;
        Ok(IndexFollower {
            running: Some(running),
            thread: Some(thread),
            shared,
        })
    }
}

/// A thread that keeps an index where its logs are; made by [`Index::follow`].
///
/// Dropped, it ends after the transaction that it is at.
pub struct IndexFollower {
    /// Dropped to end the thread.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    last_error: Mutex<Option<IndexError>>,
}

impl Shared {
    fn note(&self, caught_up: Result<CaughtUp, IndexError>) {
        let error = caught_up.err();
        if let Some(error) = &error {
            tracing::warn!(%error, "the index of an audit log is behind");
        }
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl IndexFollower {
    /// What went wrong the last time; none where it went well. Taken, it is gone.
    #[must_use]
    pub fn last_error(&self) -> Option<IndexError> {
        self.shared
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Catches up once more, and ends the thread.
    ///
    /// # Errors
    ///
    /// What went wrong with it.
    pub fn stop(mut self) -> Result<(), IndexError> {
        self.end();
        self.last_error().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

impl Drop for IndexFollower {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.end();
    }
}

impl fmt::Debug for IndexFollower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IndexFollower")
            .finish_non_exhaustive()
    }
}
