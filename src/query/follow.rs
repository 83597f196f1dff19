use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compiled::Compiled;
use super::cursor::{self, Found, NO_LINE_FEED, TOO_LONG};
use super::lines::{Lines, Step};
use super::own::Own;
use super::record::Place;
use super::reverse::ReverseScan;
use super::scan::shared;
use super::snapshot::{self, Segment};
use super::{Filter, LogSnapshot, PassedOver, QueryError, Record, folders, repeats, timeline};
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;

/// The newest records of the logs at a place, and then those that are added.
///
/// ```no_run
/// use std::time::Duration;
/// use tool_audit::query::{Filter, Follow};
///
/// let (newest, mut follow) = Follow::open("/var/audit".as_ref(), &Filter::new().failures(), 10)?;
/// for record in newest {
///     println!("{}", record.line());
/// }
/// loop {
///     for record in follow.poll()? {
///         println!("{}", record.line());
///     }
///     std::thread::sleep(Duration::from_millis(200));
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), tool_audit::query::QueryError>(())
/// ```
pub struct Follow {
    path: PathBuf,
    filter: Compiled,
    logs: Vec<FollowedLog>,
    replayed: bool,
    without_end: HashSet<String>,
    passed: PassedOver,
}

impl Follow {
    /// Gives the newest `count` records, oldest of them first, and what follows them.
    ///
    /// What is [`unreviewed`](Filter::unreviewed) is so when it is opened: a review that comes later hides nothing.
    ///
    /// The records are kept in memory: at most `count`.
    ///
    /// # Errors
    ///
    /// As for [`scan`](super::scan()).
    pub fn open(
        path: &Path,
        filter: &Filter,
        count: usize,
    ) -> Result<(Vec<Record>, Self), QueryError> {
        let snapshots = shared(LogSnapshot::find(path)?);
        let mut newest = Vec::new();
        let mut scan = ReverseScan::over(snapshots.clone(), filter)?;
        while newest.len() < count {
            match scan.next() {
                Some(record) => newest.push(record?),
                None => break,
            }
        }
        newest.reverse();
        let without_end = without_end(&newest, &snapshots)?;
        let mut logs = Vec::with_capacity(snapshots.len());
        for snapshot in &snapshots {
            logs.push(FollowedLog::at_end(snapshot)?);
        }
        Ok((
            newest,
            Self {
                path: path.to_owned(),
                filter: Compiled::over(filter, &snapshots)?,
                logs,
                replayed: snapshots.iter().any(|snapshot| snapshot.is_replayed()),
                without_end,
                passed: scan.passed_over(),
            },
        ))
    }

    /// The records that were added since the last call: those of one log in their order, those of several
    /// by their ends.
    ///
    /// A record that is being written is given out once it is whole. A log that appears under the place is
    /// followed from its beginning, and one that goes is no longer followed; where none is left, nothing comes until one
    /// is there again. Of what is more than some 8 MiB the rest is given by the next call.
    ///
    /// # Errors
    ///
    /// [`QueryError::Io`] and [`QueryError::NewerFormat`]. Records that were read before the error are
    /// given out by the next call.
    pub fn poll(&mut self) -> Result<Vec<Record>, QueryError> {
        let folders = match folders::find(&self.path) {
            Err(error) if error.is_not_found() || matches!(error, QueryError::NoLog { .. }) => {
                Vec::new()
            }
            found => found?,
        };
        self.logs
            .retain(|log| folders.iter().any(|folder| *log.folder == **folder));
        for folder in folders {
            if !self.logs.iter().any(|log| *log.folder == *folder) {
                match LogSnapshot::open(&folder) {
                    Ok(snapshot) => {
                        self.replayed |= snapshot.is_replayed();
                        self.logs.push(FollowedLog::at_start(&snapshot));
                    }
                    // The next call sees what became of it.
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let mut room = AT_ONCE;
        for log in &mut self.logs {
            match log.read_on(&self.filter, &mut self.passed, &mut room) {
                Err(error) if error.is_not_found() && !log.folder.exists() => {}
                read => read?,
            }
        }
        let mut added: Vec<(i64, Record)> = Vec::new();
        for log in &mut self.logs {
            added.append(&mut log.added);
        }
        // Stable, and each log's ends rise, so a log keeps its order.
        added.sort_by_key(|(end, record)| (*end, record.place.log, record.place.seq));
        Ok(added.into_iter().map(|(_, record)| record).collect())
    }

    /// The `call_id`s of those calls among the newest records that were started and had no end when the logs were
    /// opened: they may have been running, or nobody knows how they ended.
    #[must_use]
    pub fn calls_without_end(&self) -> &HashSet<String> {
        &self.without_end
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// True where one of the logs was made by replaying recorded calls.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }
}

/// Those of the calls that are started in these records which have no end in their log.
fn without_end(
    records: &[Record],
    snapshots: &[Arc<LogSnapshot>],
) -> Result<HashSet<String>, QueryError> {
    let started = records
        .iter()
        .filter(|one| one.kind() == "tool_call_started");
    let mut asked = HashSet::new();
    let mut from = vec![None; snapshots.len()];
    for record in started {
        let own = Own {
            line: record.line().as_bytes(),
            members_at: record.place.members_at,
        };
        asked.extend(own.text("call_id"));
        for (snapshot, from) in snapshots.iter().zip(&mut from) {
            if *snapshot.folder == *record.folder {
                // A call's end stands behind its beginning.
                let segment = snapshot.segment_behind(record.seq());
                *from = Some(from.map_or(segment, |from: usize| from.min(segment)));
            }
        }
    }
    let logs = snapshots.iter().zip(from);
    let logs = logs.filter_map(|(snapshot, from)| Some((Arc::clone(snapshot), from?)));
    let mut without_end = timeline::started_without_end(logs)?;
    without_end.retain(|call| asked.contains(call));
    Ok(without_end)
}

/// How many bytes of lines one call reads, but for the last line.
const AT_ONCE: u64 = 8 * 1024 * 1024;

impl fmt::Debug for Follow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Follow")
            .field("path", &self.path)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// One log, and how far it was read.
struct FollowedLog {
    folder: Arc<Path>,
    /// The first `_seq` of the segment that is being read; none before there is one.
    segment: Option<u64>,
    offset: u64,
    lines_before: u64,
    /// The lines of the segment that were read last, the newest last.
    read: VecDeque<ReadLine>,
    repeats: HashSet<(u64, RecordHash)>,
    /// The number behind all records that were read, and what it was when the segment before this one was found pruned:
    /// then nobody can tell by its records which of them stand here again.
    behind: u64,
    superseded_before: u64,
    running_end: i64,
    added: Vec<(i64, Record)>,
}

/// A line that was read, by what tells it from another at its place.
struct ReadLine {
    offset: u64,
    begin: Vec<u8>,
}

/// As much of a line as holds its hash.
const BEGIN: usize = 80;

/// How many lines can be found cut off.
const REMEMBERED: usize = 64;

impl FollowedLog {
    fn at_start(snapshot: &LogSnapshot) -> Self {
        Self {
            folder: Arc::clone(&snapshot.folder),
            segment: None,
            offset: 0,
            lines_before: 0,
            read: VecDeque::new(),
            repeats: HashSet::new(),
            behind: 0,
            superseded_before: 0,
            running_end: i64::MIN,
            added: Vec::new(),
        }
    }

    /// Behind the last whole line that the log had when it was opened.
    fn at_end(snapshot: &LogSnapshot) -> Result<Self, QueryError> {
        let mut log = Self::at_start(snapshot);
        let Some(last) = snapshot.segments.last() else {
            return Ok(log);
        };
        let index = snapshot.segments.len() - 1;
        log.repeats = repeats::of_segment(&snapshot.segments, index)?;
        log.segment = Some(last.first_seq);
        log.offset = last.length;
        let reader = match snapshot::read_from(last, 0) {
            // What stands in later segments comes with the first poll.
            Err(error) if last.was_pruned(&error) => return Ok(log),
            reader => reader?,
        };
        let mut lines = Lines::new(reader, MAX_RECORD, 0);
        loop {
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &last.path, error))?;
            if matches!(step, Step::End | Step::Unfinished(_)) {
                break;
            }
            log.remember(lines.offset(), lines.line());
            if let Some(place) = Place::of(lines.line()) {
                log.behind = log.behind.max(place.seq.saturating_add(1));
            }
        }
        log.offset = lines.offset();
        log.lines_before = lines.number();
        Ok(log)
    }

    fn remember(&mut self, offset: u64, line: &[u8]) {
        if self.read.len() == REMEMBERED {
            self.read.pop_front();
        }
        let begin = line[..line.len().min(BEGIN)].to_vec();
        self.read.push_back(ReadLine { offset, begin });
    }

    /// Goes back where recovery cut lines off that were read, and others may stand in their place since.
    fn go_back(&mut self, segment: &Segment) -> Result<(), QueryError> {
        while let Some(last) = self.read.back() {
            let mut begin = Vec::with_capacity(BEGIN);
            snapshot::read_from(segment, last.offset)?
                .take(last.begin.len() as u64)
                .read_to_end(&mut begin)
                .map_err(|error| QueryError::io("reading", &segment.path, error))?;
            if begin == last.begin && self.offset <= segment.length {
                return Ok(());
            }
            self.offset = last.offset;
            self.lines_before = self.lines_before.saturating_sub(1);
            self.read.pop_back();
        }
        Ok(())
    }

    fn read_on(
        &mut self,
        filter: &Compiled,
        passed: &mut PassedOver,
        room: &mut u64,
    ) -> Result<(), QueryError> {
        // Listed first: a segment that is not the last of this list gets no more lines.
        let segments = snapshot::segments(&self.folder)?;
        let is_listed = |first: u64| segments.iter().any(|segment| segment.first_seq == first);
        if self.segment.is_some_and(|current| !is_listed(current)) && !segments.is_empty() {
            passed.pruned_segments += 1;
        }
        for (index, segment) in segments.iter().enumerate() {
            let last = index + 1 == segments.len();
            match self.segment {
                Some(current) if segment.first_seq < current => continue,
                Some(current) if segment.first_seq == current => {}
                before => {
                    let is_gone = before.is_some_and(|before| !is_listed(before));
                    self.superseded_before = if is_gone { self.behind } else { 0 };
                    self.segment = Some(segment.first_seq);
                    self.offset = 0;
                    self.lines_before = 0;
                    self.read.clear();
                    self.repeats = repeats::of_segment(&segments, index)?;
                }
            }
            match self.read_segment(segment, last, filter, passed, room) {
                Err(error) if segment.was_pruned(&error) => passed.pruned_segments += 1,
                read => read?,
            }
            if *room == 0 {
                break;
            }
        }
        Ok(())
    }

    fn read_segment(
        &mut self,
        segment: &Segment,
        last: bool,
        filter: &Compiled,
        passed: &mut PassedOver,
        room: &mut u64,
    ) -> Result<(), QueryError> {
        if self.offset == segment.length {
            return Ok(());
        }
        self.go_back(segment)?;
        self.offset = self.offset.min(segment.length);
        let reader = snapshot::read_from(segment, self.offset)?;
        let mut lines = Lines::new(reader, MAX_RECORD, self.offset);
        loop {
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &segment.path, error))?;
            let number = self.lines_before + 1;
            match step {
                Step::Line => {
                    let line = lines.line();
                    match cursor::examine(line, &self.repeats, Some(&mut self.running_end)) {
                        Found::Record(place) if place.seq < self.superseded_before => {
                            passed.superseded += 1;
                        }
                        Found::Record(place) => {
                            self.behind = self.behind.max(place.seq.saturating_add(1));
                            let end = self.running_end;
                            match cursor::confirm(filter, line, &place, &self.folder, end) {
                                Ok(Some(record)) => self.added.push((self.running_end, record)),
                                Ok(None) => {}
                                Err(reason) => passed.bad_line(&segment.path, number, reason),
                            }
                        }
                        Found::Superseded => passed.superseded += 1,
                        Found::Bad(reason) => passed.bad_line(&segment.path, number, reason),
                        Found::NewerFormat(format) => {
                            return Err(QueryError::NewerFormat {
                                path: segment.path.clone(),
                                format,
                            });
                        }
                    }
                }
                Step::TooLong => passed.bad_line(&segment.path, number, TOO_LONG),
                Step::Unfinished(_) if last => return Ok(()),
                Step::Unfinished(_) => {
                    passed.bad_line(&segment.path, number, NO_LINE_FEED);
                    self.offset = segment.length;
                    return Ok(());
                }
                Step::End => return Ok(()),
            }
            self.remember(lines.offset(), lines.line());
            self.lines_before += 1;
            self.offset = lines.next_offset();
            *room = room.saturating_sub(lines.next_offset() - lines.offset());
            if *room == 0 {
                return Ok(());
            }
        }
    }
}
