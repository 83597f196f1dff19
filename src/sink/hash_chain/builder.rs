use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(unix)]
use super::logs::FolderLogs;
use super::logs::MemoryLogs;
use super::space::Gate;
#[cfg(unix)]
use super::space::{Bounds, Space};
use super::status::Statuses;
use super::writer::ChainWriter;
use super::{HashChainSink, Inner};
use crate::alert::Alerts;
use crate::clock::Clock;
#[cfg(unix)]
use crate::log::Access;
use crate::log::{LogError, LogOptions, Retention, Source};
#[cfg(unix)]
use crate::retention::PruneOptions;
#[cfg(unix)]
use crate::retention::schedule::Pruner;
#[cfg(unix)]
use crate::sink::Queued;

/// How old a segment gets where retention removes segments.
#[cfg(unix)]
const PRUNED_SEGMENT_AGE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Sets a [`HashChainSink`] up.
///
/// ```
/// use tool_audit::HashChainSink;
///
/// let folder = tempfile::tempdir()?;
/// let sink = HashChainSink::builder(folder.path().join("audit"))
///     .service("orders")
///     .instance("tools-0")
///     .head(folder.path().join("general.head"))
///     .class("financial", Some(2557))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct HashChainBuilder {
    path: Option<PathBuf>,
    options: LogOptions,
    classes: Vec<(String, Retention)>,
    alerts: Option<Alerts>,
    #[cfg(unix)]
    access: Access,
    #[cfg(unix)]
    prune: Option<(Duration, PruneOptions)>,
    #[cfg(unix)]
    max_queued_bytes: Option<usize>,
    #[cfg(unix)]
    close_timeout: Option<Duration>,
    #[cfg(unix)]
    emergency_bytes: Option<usize>,
    #[cfg(unix)]
    bounds: Bounds,
}

impl HashChainBuilder {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            options: LogOptions::new(String::new()),
            classes: Vec::new(),
            alerts: None,
            #[cfg(unix)]
            access: Access::owner(),
            #[cfg(unix)]
            prune: None,
            #[cfg(unix)]
            max_queued_bytes: None,
            #[cfg(unix)]
            close_timeout: None,
            #[cfg(unix)]
            emergency_bytes: None,
            #[cfg(unix)]
            bounds: Bounds::default(),
        }
    }

    /// The name of the service whose calls are recorded; `"unknown"` by default.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.options.service = service.into();
        self
    }

    /// Which of the service's processes or machines this is; `"unknown"` by default.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.options.instance = instance.into();
        self
    }

    /// Live calls, or replayed ones. The default is [`Source::Live`]; a store holds one of both for ever.
    pub fn source(mut self, source: Source) -> Self {
        self.options.source = source;
        self
    }

    /// Where to keep the head file of the log `general` (FORMAT section 8), best out of reach of whoever may
    /// write to the store. Other logs keep theirs beside it, with the class behind the name:
    /// `/heads/audit` and `/heads/audit.financial`.
    ///
    /// What is new is synced about once a second, so that the head can move on. On opening, a log that ends
    /// below its head, or contradicts it, is damaged: the old head is kept as `<name>.conflict`.
    pub fn head(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.head = Some(path.into());
        self
    }

    /// After how many bytes a segment is closed; 64 MiB by default.
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.options.segment_bytes = bytes;
        self
    }

    /// After how many records a segment is closed; by default after none.
    pub fn segment_records(mut self, records: u64) -> Self {
        self.options.segment_records = records;
        self
    }

    /// Whether the operating system's page cache keeps what is on the disk; by default it does not, where the system can be
    /// told so: see [`LogOptions::page_cache`](crate::log::LogOptions::page_cache).
    pub fn page_cache(mut self, keeps: bool) -> Self {
        self.options.page_cache = keeps;
        self
    }

    /// After how long a segment is closed, at the next record; by default after 31 days where the sink
    /// [prunes](Self::prune), and never otherwise. Retention removes whole segments: so much longer than they must may
    /// records of a slow log stay.
    pub fn segment_age(mut self, age: Duration) -> Self {
        self.options.segment_age = Some(age);
        self
    }

    /// How long to wait for another writer that holds the store; 1 s by default.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.options.lock_wait = wait;
        self
    }

    /// How many days the records that the class's log writes of itself are kept, none for ever.
    ///
    /// Classes that are not named here get their own logs as well; those take the period from their first
    /// entry.
    pub fn class(mut self, name: impl Into<String>, days: Option<u32>) -> Self {
        let retention = days.map_or(Retention::Forever, Retention::Days);
        self.classes.push((name.into(), retention));
        self
    }

    /// [`class`](Self::class) for several.
    pub fn classes<I, N>(self, classes: I) -> Self
    where
        I: IntoIterator<Item = (N, Option<u32>)>,
        N: Into<String>,
    {
        let each = classes.into_iter();
        each.fold(self, |builder, (name, days)| builder.class(name, days))
    }

    /// Watches what is written, and says when a rule fires; see [`Alerts`]. By default nothing is watched.
    ///
    /// It runs on the writer's thread; a store in memory has none, and watches where it records. Opening reads the logs back as far as the rules' windows reach, which
    /// takes about as long as [`scan`](crate::query::scan()) does for that part.
    pub fn alerts(mut self, alerts: Alerts) -> Self {
        self.alerts = Some(alerts);
        self
    }

    /// Where the logs' own timestamps come from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.options.clock = clock;
        self
    }

    /// Who may read the store; its owner alone by default.
    #[cfg(unix)]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Prunes the store's logs when it is opened and every so often, in the writer: a log that is written cannot be
    /// pruned from outside. By default nothing is pruned.
    ///
    /// What may go is looked for on a thread of its own, and calls are recorded meanwhile. A prune that is refused or
    /// fails shows in the [`status`](HashChainSink::status) of the queue, and is tried again. A store in memory is never
    /// pruned.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tool_audit::HashChainSink;
    /// use tool_audit::retention::PruneOptions;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let sink = HashChainSink::builder(folder.path().join("audit"))
    ///     .prune(Duration::from_secs(24 * 60 * 60), PruneOptions::new("orders"))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(unix)]
    pub fn prune(mut self, every: Duration, options: PruneOptions) -> Self {
        self.prune = Some((every, options));
        self.options.segment_age.get_or_insert(PRUNED_SEGMENT_AGE);
        self
    }

    /// From how many queued bytes on calls wait; see [`Queued`].
    #[cfg(unix)]
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = Some(bytes);
        self
    }

    /// How many bytes of the queue are kept for calls that declare an emergency; see
    /// [`QueuedBuilder::emergency_bytes`](crate::QueuedBuilder::emergency_bytes).
    #[cfg(unix)]
    pub fn emergency_bytes(mut self, bytes: usize) -> Self {
        self.emergency_bytes = Some(bytes);
        self
    }

    /// How many bytes all logs of the store may take, and how many of them are kept for calls that declare
    /// an emergency. By default there is no bound.
    ///
    /// Once they have `most` less `for_emergencies` bytes, the gate gives an error to all calls but those, and
    /// once they have `most` to those too: what becomes of the calls is the policy's to say. Calls that were admitted
    /// before are recorded all the same, so `for_emergencies` is best greater than what may be queued
    /// ([`max_queued_bytes`](Self::max_queued_bytes)). What the logs take is measured about once a second, so the gate
    /// opens again where some of it was freed.
    ///
    /// ```
    /// use tool_audit::HashChainSink;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let sink = HashChainSink::builder(folder.path().join("audit"))
    ///     .disk_budget(20 << 30, 64 << 20)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(unix)]
    pub fn disk_budget(mut self, most: u64, for_emergencies: u64) -> Self {
        self.bounds.budget = Some((most, for_emergencies));
        self
    }

    /// Takes so many bytes of the disk at once, in a file `reserve` beside the logs, and gives them back when
    /// the disk is full: what is queued is written, and from then on emergencies alone are let in, until there is room
    /// for the reserve again, which is tried about once a second. By default nothing is reserved.
    ///
    /// It is best greater than what may be queued ([`max_queued_bytes`](Self::max_queued_bytes)).
    #[cfg(unix)]
    pub fn disk_reserve(mut self, bytes: u64) -> Self {
        self.bounds.reserve = Some(bytes);
        self
    }

    /// How long a closing sink whose disk fails tries on; see [`Queued`].
    #[cfg(unix)]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = Some(timeout);
        self
    }

    /// Opens the store, recovers the logs that are there, and starts the writer's thread.
    ///
    /// # Errors
    ///
    /// As [`HashChainSink::open`].
    pub fn build(self) -> Result<HashChainSink, LogError> {
        match self.path.clone() {
            None => Ok(self.in_memory()),
            #[cfg(unix)]
            Some(path) => {
                let statuses = Statuses::default();
                let gate = Gate::default();
                let logs = FolderLogs::open(path.clone(), self.access)?;
                let pruner = self.prune.map(|(every, options)| {
                    Pruner::new(
                        path.clone(),
                        every,
                        options.default_clock(&self.options.clock),
                    )
                });
                let mut writer =
                    ChainWriter::new(logs, self.options, self.classes, statuses.clone());
                writer.prune_by(pruner);
                writer.keep_to(Space::new(self.bounds, gate.clone()));
                writer.open_existing()?;
                writer.watch(self.alerts, Some(&path));
                let mut queued = Queued::builder(writer);
                if let Some(bytes) = self.max_queued_bytes {
                    queued = queued.max_queued_bytes(bytes);
                }
                if let Some(bytes) = self.emergency_bytes {
                    queued = queued.emergency_bytes(bytes);
                }
                if let Some(timeout) = self.close_timeout {
                    queued = queued.close_timeout(timeout);
                }
                Ok(HashChainSink {
                    inner: Inner::Folder(queued.build()),
                    statuses,
                    gate,
                })
            }
            #[cfg(not(unix))]
            Some(path) => Err(LogError::io(
                "opening",
                &path,
                std::io::Error::from(std::io::ErrorKind::Unsupported),
            )),
        }
    }

    pub(super) fn in_memory(self) -> HashChainSink {
        let statuses = Statuses::default();
        let logs = MemoryLogs::default();
        let mut writer =
            ChainWriter::new(logs.clone(), self.options, self.classes, statuses.clone());
        writer.watch(self.alerts, None);
        HashChainSink {
            inner: Inner::Memory {
                logs,
                writer: Arc::new(Mutex::new(writer)),
            },
            statuses,
            gate: Gate::default(),
        }
    }
}

impl fmt::Debug for HashChainBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HashChainBuilder")
            .field("path", &self.path)
            .field("options", &self.options)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}
