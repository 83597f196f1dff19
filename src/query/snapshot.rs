use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use super::chunks::Chunk;
use super::cursor::LogCursor;
use super::{QueryError, folders, repeats};
use crate::log::read::{Line, LineReader};
use crate::log::record::FORMAT;
use crate::log::{LogId, segment};

/// One log as it stood when it was opened for reading.
///
/// A scan reads each segment up to the length that it had then, so that it ends also where a writer is
/// quicker than the reader.
#[derive(Debug, Clone)]
pub struct LogSnapshot {
    pub(crate) folder: Arc<Path>,
    pub(crate) segments: Vec<Segment>,
    log: Option<LogId>,
    replayed: bool,
    /// Clones have it in common.
    read: Arc<AtomicU64>,
}

/// A segment's file, and how long it was.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) first_seq: u64,
    pub(crate) path: PathBuf,
    pub(crate) length: u64,
}

impl LogSnapshot {
    /// The logs of a store, of a folder of stores, or the one log of a folder.
    ///
    /// # Errors
    ///
    /// [`QueryError::NoLog`] where there is none, [`QueryError::Io`] where one cannot be read, and
    /// [`QueryError::NewerFormat`].
    pub fn find(path: &Path) -> Result<Vec<Self>, QueryError> {
        let mut snapshots = Vec::new();
        for folder in folders::find(path)? {
            match Self::open(&folder) {
                Ok(snapshot) => snapshots.push(snapshot),
                // Another log's reading does not end because this one was moved away just now.
                Err(error) if error.is_not_found() && !folder.exists() => {}
                Err(error) => return Err(error),
            }
        }
        if snapshots.is_empty() {
            return Err(QueryError::NoLog {
                path: path.to_owned(),
            });
        }
        Ok(snapshots)
    }

    pub(crate) fn open(folder: &Path) -> Result<Self, QueryError> {
        let mut snapshot = Self {
            folder: folder.into(),
            segments: segments(folder)?,
            log: None,
            replayed: false,
            read: Arc::default(),
        };
        snapshot.read_opening()?;
        Ok(snapshot)
    }

    /// The folder of the log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log's random name; none where it has no record yet.
    #[must_use]
    pub fn log(&self) -> Option<LogId> {
        self.log
    }

    /// True where the log was made by replaying recorded calls, and is no record of anything that
    /// happened.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// True for the log of acts upon the store, which holds no calls.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.folder.file_name().is_some_and(|name| name == "admin")
    }

    /// The number of the first record that is left, where retention removed those before it.
    #[must_use]
    pub fn pruned_before(&self) -> Option<u64> {
        let first = self.segments.first()?.first_seq;
        (first > 0).then_some(first)
    }

    /// The size of the log's segments in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// How many of these bytes have been gone through until now, by whatever reads this snapshot or a clone of it.
    ///
    /// What reads a log twice, such as [`scan_reverse`](super::scan_reverse) over several logs, counts it twice.
    ///
    /// ```
    /// use tool_audit::query::{Filter, LogSnapshot, scan};
    /// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
    /// # let folder = tempfile::tempdir()?;
    /// # let store = folder.path().join("audit");
    /// # let sink = HashChainSink::in_memory();
    /// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
    /// # sink.to_folder(&store)?;
    ///
    /// let found = scan(&store, &Filter::new().tool("get_order"))?;
    /// // Another thread may look at them while this one searches.
    /// let logs: Vec<LogSnapshot> = found.logs().cloned().collect();
    /// assert_eq!(found.count(), 1);
    /// assert_eq!(logs[0].bytes_read(), logs[0].bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// A chunk was gone through.
    pub(super) fn has_read(&self, chunk: &Chunk) {
        let length = self.segments.get(chunk.segment).map_or(0, |one| one.length);
        let bytes = chunk.end.min(length).saturating_sub(chunk.start);
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The same log from this segment on.
    pub(crate) fn beginning_with(mut self, index: usize) -> Self {
        self.segments.drain(..index.min(self.segments.len()));
        self
    }

    /// The first line of a segment; empty where it has none.
    pub(crate) fn first_line(&self, index: usize) -> Result<Vec<u8>, QueryError> {
        let Some(segment) = self.segments.get(index) else {
            return Ok(Vec::new());
        };
        let mut lines = LineReader::new(read_from(segment, 0)?);
        let line = lines
            .next_line()
            .map_err(|error| QueryError::io("reading", &segment.path, error))?;
        Ok(match line {
            Some(Line::Whole(line)) => line.to_vec(),
            _ => Vec::new(),
        })
    }

    /// The last segment that may hold the record of this number, by its name.
    pub(crate) fn segment_of(&self, seq: u64) -> usize {
        let begun = self.segments.iter().take_while(|one| one.first_seq <= seq);
        begun.count().saturating_sub(1)
    }

    /// The first segment that may hold a record behind the one of this number.
    pub(crate) fn segment_behind(&self, seq: u64) -> usize {
        let mut at = self.segment_of(seq);
        // What a segment repeats counts where it stands first. Where that cannot be told, all is read.
        while at > 0
            && repeats::of_segment(&self.segments, at).map_or(true, |found| !found.is_empty())
        {
            at -= 1;
        }
        at
    }

    /// What the log says of itself, in its first record or, where old segments were pruned, in the first
    /// that opens a segment.
    fn read_opening(&mut self) -> Result<(), QueryError> {
        // Before a segment's opening there are superseded records at most, and no batch holds more.
        const MOST_BEFORE: usize = 16 * 1024;
        let mut cursor = LogCursor::new(Arc::new(self.clone()));
        for _ in 0..MOST_BEFORE {
            if !cursor.advance()? {
                break;
            }
            let Some(place) = cursor.place() else { break };
            self.log.get_or_insert(place.log);
            if let Some(opening) = Opening::of(&cursor) {
                self.replayed = opening.source.as_deref() == Some("replay");
                break;
            }
        }
        Ok(())
    }
}

/// What the first record of a log, and that of each segment, says of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Opening {
    format: Option<u64>,
    source: Option<String>,
}

impl Opening {
    /// None where the record that stands now is no opening.
    fn of(cursor: &LogCursor) -> Option<Self> {
        let place = cursor.place()?;
        let line = cursor.line();
        Self::is_one(line.get(place.kind.clone())?)
            .then(|| serde_json::from_slice(line).unwrap_or_default())
    }

    fn is_one(kind: &[u8]) -> bool {
        kind == b"log_created" || kind == b"segment_opened"
    }

    /// The format's number where it is later than the one that is read here.
    pub(crate) fn newer_format(kind: &[u8], line: &[u8]) -> Option<u64> {
        if !Self::is_one(kind) {
            return None;
        }
        let opening: Self = serde_json::from_slice(line).ok()?;
        opening.format.filter(|format| *format > FORMAT)
    }
}

/// The segments of a log's folder with their present lengths.
pub(crate) fn segments(folder: &Path) -> Result<Vec<Segment>, QueryError> {
    segment::list(folder)
        .map_err(|error| QueryError::io("reading the folder", folder, error))?
        .into_iter()
        .filter_map(|(first_seq, path)| {
            let mut segment = Segment {
                first_seq,
                path,
                length: 0,
            };
            match length(&segment.path) {
                Ok(length) => segment.length = length,
                // Pruned since it was listed.
                Err(error) if segment.was_pruned(&error) => return None,
                Err(error) => return Some(Err(error)),
            }
            Some(Ok(segment))
        })
        .collect()
}

impl Segment {
    /// Whether the segment cannot be read because it was pruned, or went with its log: pruning takes the oldest
    /// segments, so one that is missing between others is no pruned one.
    pub(crate) fn was_pruned(&self, error: &QueryError) -> bool {
        let Some(folder) = self.path.parent().filter(|_| error.is_not_found()) else {
            return false;
        };
        match segment::list(folder) {
            Ok(listed) => listed.iter().all(|(first, _)| *first > self.first_seq),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// The length of a segment's file; what is no file is refused, so that no reader waits on a pipe.
pub(crate) fn length(path: &Path) -> Result<u64, QueryError> {
    let metadata = fs::metadata(path).map_err(|error| QueryError::io("opening", path, error))?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        let error = io::Error::other("it has a segment's name and is no file");
        Err(QueryError::io("opening", path, error))
    }
}

/// A segment's bytes from `offset` up to the length that it had.
pub(crate) fn read_from(segment: &Segment, offset: u64) -> Result<io::Take<File>, QueryError> {
    let failed = |error| QueryError::io("opening", &segment.path, error);
    let mut file = File::open(&segment.path).map_err(failed)?;
    if offset > 0 {
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    }
    Ok(file.take(segment.length.saturating_sub(offset)))
}
