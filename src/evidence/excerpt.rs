//! Which files of the logs belong to a range of time, fixed before the first is packed: a log may grow meanwhile.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::Archive;
use super::{EvidenceError, EvidenceRequest};
use crate::log::record::{MAX_RECORD, Previous, RecordHead};
use crate::log::verify::whole_lines_end;
use crate::log::{LogId, RecordHash, lock, segment};
use crate::query::{LogCursor, LogSnapshot, QueryError, Segment, members, shared};

pub(super) struct Excerpt {
    pub(super) logs: Vec<LogExcerpt>,
    /// Logs of which the range touches nothing, by their names in the archive.
    pub(super) left_out: Vec<PathBuf>,
    pub(super) replayed: bool,
}

/// What is packed of one log.
pub(super) struct LogExcerpt {
    folder: PathBuf,
    /// Where it stands in the archive.
    pub(super) name: PathBuf,
    pub(super) segments: Vec<PackedSegment>,
}

pub(super) struct PackedSegment {
    path: PathBuf,
    pub(super) name: String,
    pub(super) length: u64,
}

/// The folders of a log whose files belong to it.
const BESIDE: [&str; 2] = ["checkpoints", segment::TORN];

impl Excerpt {
    pub(super) fn of(path: &Path, request: &EvidenceRequest) -> Result<Self, EvidenceError> {
        let mut excerpt = Self {
            logs: Vec::new(),
            left_out: Vec::new(),
            replayed: false,
        };
        let mut any_record = false;
        for folder in crate::query::find_logs(path)? {
            // Where a writer may have been at it, the last line may be half of one.
            let (snapshot, is_written) = lock::held_around(&folder, || LogSnapshot::open(&folder));
            let Some(snapshot) = shared(vec![snapshot?]).pop() else {
                continue;
            };
            let name = name_of(&folder, path);
            // What was done to the store belongs to what stands in it.
            let touched = if snapshot.is_admin() {
                Some(0..snapshot.segments.len())
            } else {
                touched(&snapshot, request)?
            };
            let Some(touched) = touched else {
                excerpt.left_out.push(name);
                continue;
            };
            any_record |= !snapshot.is_admin();
            excerpt.replayed |= snapshot.is_replayed();
            let last = snapshot.segments.len();
            let mut segments = Vec::new();
            for index in touched {
                if let Some(segment) = snapshot.segments.get(index) {
                    let is_open = is_written && index + 1 == last;
                    segments.push(PackedSegment::of(segment, is_open)?);
                }
            }
            excerpt.logs.push(LogExcerpt {
                folder,
                name,
                segments,
            });
        }
        any_record.then_some(excerpt).ok_or(EvidenceError::Nothing)
    }

    pub(super) fn segments(&self) -> u64 {
        let segments = self.logs.iter().map(|log| log.segments.len() as u64);
        segments.sum()
    }
}

/// `store`, and the log's folder below the path that was given.
fn name_of(folder: &Path, path: &Path) -> PathBuf {
    // The folders of logs that were found are canonical; the path may be relative, or lead through a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let below = folder.strip_prefix(path).ok();
    let below = below.filter(|below| !below.as_os_str().is_empty());
    let own = || folder.file_name().unwrap_or("log".as_ref()).as_ref();
    Path::new("store").join(below.unwrap_or_else(own))
}

/// From the first segment that the range touches to the last: between them nothing may be missing.
fn touched(
    snapshot: &Arc<LogSnapshot>,
    request: &EvidenceRequest,
) -> Result<Option<std::ops::Range<usize>>, QueryError> {
    let mut touched: Option<std::ops::Range<usize>> = None;
    for index in 0..snapshot.segments.len() {
        if touches(snapshot, index, request)? {
            let first = touched.map_or(index, |touched| touched.start);
            touched = Some(first..index + 1);
        }
    }
    Ok(touched)
}

/// A line whose time cannot be told may be of the range.
fn touches(
    snapshot: &Arc<LogSnapshot>,
    index: usize,
    request: &EvidenceRequest,
) -> Result<bool, QueryError> {
    let mut cursor = LogCursor::of_segments(Arc::clone(snapshot), index..index + 1, None);
    while cursor.advance()? {
        let at = cursor
            .place()
            .and_then(|place| members::timestamp(cursor.line(), place.members_at));
        if at.is_none_or(|at| request.covers(at)) {
            return Ok(true);
        }
    }
    Ok(cursor.passed_over().bad_lines > 0)
}

impl PackedSegment {
    fn of(segment: &Segment, is_open: bool) -> Result<Self, EvidenceError> {
        let mut packed = Self {
            path: segment.path.clone(),
            name: segment::name(segment.first_seq),
            length: segment.length,
        };
        if is_open {
            let end = whole_lines_end(&packed.open()?, segment.length);
            packed.length = end.map_err(EvidenceError::read(&segment.path))?;
        }
        Ok(packed)
    }

    /// Opened anew for each use: of a log of years there are more segments than a process may have files open.
    fn open(&self) -> Result<File, EvidenceError> {
        File::open(&self.path).map_err(EvidenceError::read(&self.path))
    }

    /// The first record's place, and what it names as the record before it.
    fn first(&self) -> Result<Option<(LogId, u64, Previous)>, EvidenceError> {
        let mut line = Vec::new();
        let start = self.open()?.take(self.length.min(MAX_RECORD as u64 + 1));
        BufReader::new(start)
            .read_until(b'\n', &mut line)
            .map_err(EvidenceError::read(&self.path))?;
        line.pop();
        let head = RecordHead::parse(&line);
        Ok(head.map(|head| (head.log, head.seq, head.previous)))
    }

    /// The last whole record.
    fn last(&self) -> Result<Option<(LogId, u64, RecordHash)>, EvidenceError> {
        let failed = EvidenceError::read(&self.path);
        let mut file = self.open()?;
        let end = whole_lines_end(&file, self.length).map_err(&failed)?;
        let Some(before) = end.checked_sub(1) else {
            return Ok(None);
        };
        let start = whole_lines_end(&file, before).map_err(&failed)?;
        if end - start > MAX_RECORD as u64 + 1 {
            return Ok(None);
        }
        let mut line = Vec::new();
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.take(before - start).read_to_end(&mut line))
            .map_err(&failed)?;
        let head = RecordHead::parse(&line);
        Ok(head.map(|head| (head.log, head.seq, head.hash)))
    }
}

impl LogExcerpt {
    /// Packs the log, and gives the files with which the copy is verified: of the record before its first, and of its
    /// last.
    pub(super) fn pack<W: Write>(
        &self,
        archive: &mut Archive<W>,
    ) -> Result<Vec<(String, String)>, EvidenceError> {
        for segment in &self.segments {
            let name = self.name.join(&segment.name);
            archive.add_file(&name, &segment.path, &segment.open()?, segment.length)?;
        }
        for beside in BESIDE {
            self.pack_beside(beside, archive)?;
        }
        let mut heads = Vec::new();
        if let Some(first) = self.segments.first()
            && let Some((log, seq, Previous::Hash(hash))) = first.first()?
            && let Some(before) = seq.checked_sub(1)
        {
            heads.push((format!("heads/start.{log}"), head(log, before, hash)));
        }
        for segment in self.segments.iter().rev() {
            if let Some((log, seq, hash)) = segment.last()? {
                heads.push((format!("heads/head.{log}"), head(log, seq, hash)));
                break;
            }
        }
        Ok(heads)
    }

    fn pack_beside<W: Write>(
        &self,
        beside: &str,
        archive: &mut Archive<W>,
    ) -> Result<(), EvidenceError> {
        let folder = self.folder.join(beside);
        let failed = EvidenceError::read(&folder);
        let mut names = Vec::new();
        match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(&failed)?;
                    // Opening a pipe would wait for whoever writes to it.
                    if entry.file_type().map_err(&failed)?.is_file() {
                        names.push(entry.file_name());
                    }
                }
            }
        }
        names.sort_unstable();
        for name in names {
            let path = folder.join(&name);
            let failed = EvidenceError::read(&path);
            let file = File::open(&path).map_err(&failed)?;
            let length = file.metadata().map_err(&failed)?.len();
            let name = self.name.join(beside).join(name);
            archive.add_file(&name, &path, &file, length)?;
        }
        Ok(())
    }
}

fn head(log: LogId, seq: u64, hash: RecordHash) -> String {
    format!("{{\"_hash\":\"{hash}\",\"_log\":\"{log}\",\"_seq\":{seq}}}\n")
}
