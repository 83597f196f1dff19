use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Threads that take work from one queue. Dropped, they end after what they are at.
pub(crate) struct Workers {
    queue: Sender<Job>,
    threads: usize,
    stopped: Arc<AtomicBool>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Workers {
    /// A thread for each processor; none where there is one processor or no thread can be had.
    pub(crate) fn for_all_processors() -> Option<Self> {
        let wanted = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::of(if wanted == 1 { 0 } else { wanted })
    }

    /// So many threads; none where that is none or no thread can be had.
    pub(crate) fn of(wanted: usize) -> Option<Self> {
        let (queue, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let stopped = Arc::new(AtomicBool::new(false));
        let mut threads = 0;
        for _ in 0..wanted {
            let (jobs, stopped) = (Arc::clone(&jobs), Arc::clone(&stopped));
            let named = thread::Builder::new().name("tool-audit-scan".to_owned());
            if named.spawn(move || work(&jobs, &stopped)).is_ok() {
                threads += 1;
            }
        }
        (threads > 0).then_some(Self {
            queue,
            threads,
            stopped,
        })
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Where the answer will come. None comes where the work panicked.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Receiver<T> {
        let (answer, answers) = mpsc::sync_channel(1);
        // Where nobody takes the work or waits for the answer, there is nothing to do.
        let _ = self.queue.send(Box::new(move || {
            let _ = answer.send(work());
        }));
        answers
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, stopped: &AtomicBool) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) if !stopped.load(Ordering::Relaxed) => job(),
            _ => return,
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Workers")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
