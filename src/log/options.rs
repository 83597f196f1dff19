use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};

/// What a log's calls are: a log holds one or the other, for ever (FORMAT section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Calls as they happened.
    #[default]
    Live,
    /// Recorded calls that were played through the layer.
    Replay,
}

impl Source {
    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replay => "replay",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Live => Self::Replay,
            Self::Replay => Self::Live,
        }
    }
}

/// How long the records that a log writes about itself are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Retention {
    /// As the log's former records say; for ever in a new log.
    #[default]
    AsBefore,
    /// That many days after the day of the record.
    Days(u32),
    /// For ever.
    Forever,
}

/// How a log is written.
///
/// ```
/// use tool_audit::log::{LogOptions, LogWriter, MemoryStorage, Retention};
///
/// let storage = MemoryStorage::new();
/// let mut options = LogOptions::new("financial");
/// options.service = "orders".to_owned();
/// options.retention = Retention::Days(2557);
/// let mut log = LogWriter::open(storage.clone(), options)?;
/// log.append("alert", br#""detail":"try","rule":"first","severity":"low""#)?;
/// log.close()?;
/// assert_eq!(storage.lines().len(), 3);
/// # Ok::<(), tool_audit::log::LogError>(())
/// ```
#[derive(Clone)]
pub struct LogOptions {
    /// The class whose records the log holds, as `retention_class` of its own records.
    pub retention_class: String,
    /// How long the log's own records are kept.
    pub retention: Retention,
    /// The name of the service whose calls are recorded; at most 256 characters of it are kept.
    pub service: String,
    /// Which of the service's processes or machines this is; at most 256 characters of it are kept.
    pub instance: String,
    /// Live or replayed calls.
    pub source: Source,
    /// Where to keep the head file (FORMAT section 8): a file, best on another disk or machine.
    pub head: Option<PathBuf>,
    /// A segment is closed once it has this many bytes; 64 MiB. A segment may be one record longer.
    pub segment_bytes: u64,
    /// A segment is closed once it has this many records; no bound.
    pub segment_records: u64,
    /// A segment is closed at the first record that comes so long after its beginning; no bound. Retention removes whole
    /// segments, so in a log that is written slowly this is how much longer records may stay than they must.
    pub segment_age: Option<Duration>,
    /// Whether the operating system's page cache keeps what is on the disk, and what is not for as long as it likes; no. A
    /// log is written far oftener than it is read: its pages would push out what others read, pages that are used again cost
    /// less than fresh ones, and where much waits for the disk a sync holds up the writer. Readers of what was just written
    /// find more of it in memory where it is kept. Linux alone lets it go.
    pub page_cache: bool,
    /// How long to wait for a writer that holds the log; 1 s.
    pub lock_wait: Duration,
    /// Tells timestamps and when a second is over.
    pub clock: Arc<dyn Clock>,
    /// The name of the machine's current boot; asked of the operating system where it is none.
    pub boot_id: Option<String>,
}

impl LogOptions {
    /// Live calls of an unnamed service, segments of 64 MiB, no head file.
    #[must_use]
    pub fn new(retention_class: impl Into<String>) -> Self {
        Self {
            retention_class: retention_class.into(),
            retention: Retention::AsBefore,
            service: "unknown".to_owned(),
            instance: "unknown".to_owned(),
            source: Source::Live,
            head: None,
            segment_bytes: 64 * 1024 * 1024,
            segment_records: u64::MAX,
            segment_age: None,
            page_cache: false,
            lock_wait: Duration::from_secs(1),
            clock: Arc::new(SystemClock),
            boot_id: None,
        }
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogOptions")
            .field("retention_class", &self.retention_class)
            .field("retention", &self.retention)
            .field("service", &self.service)
            .field("instance", &self.instance)
            .field("source", &self.source)
            .field("head", &self.head)
            .field("segment_bytes", &self.segment_bytes)
            .field("segment_records", &self.segment_records)
            .field("segment_age", &self.segment_age)
            .field("page_cache", &self.page_cache)
            .field("lock_wait", &self.lock_wait)
            .field("boot_id", &self.boot_id)
            .finish_non_exhaustive()
    }
}
