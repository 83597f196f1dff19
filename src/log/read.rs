//! Reading lines and records, streaming, in bounded memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::record::{MAX_RECORD, RecordHead};
use super::segment;

const PIECE: usize = 64 * 1024;

/// One line of a segment, without its line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line that may be a record.
    Whole(&'a [u8]),
    /// A line of more than [`MAX_RECORD`] bytes, which is passed over without being held.
    TooLong,
    /// The bytes behind the last line feed: torn, or still being written. At most [`MAX_RECORD`] of them are shown.
    Unfinished(&'a [u8]),
}

/// Splits a segment at line feeds, and at nothing else.
///
/// ```
/// use tool_audit::log::read::{Line, LineReader};
///
/// let mut lines = LineReader::new(&b"one\r\ntwo\nthr"[..]);
/// assert_eq!(lines.next_line()?, Some(Line::Whole(b"one\r")));
/// assert_eq!(lines.next_line()?, Some(Line::Whole(b"two")));
/// assert_eq!(lines.next_line()?, Some(Line::Unfinished(b"thr")));
/// assert_eq!(lines.next_line()?, None);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    number: u64,
    offset: u64,
    at_end: bool,
}

impl<R: Read> LineReader<R> {
    /// Reads lines from where `reader` stands.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            number: 0,
            offset: 0,
            at_end: false,
        }
    }

    /// The number of the line that came last, counted from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes the lines that came have taken, line feeds included.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line, or none at the end.
    ///
    /// # Errors
    ///
    /// What the reader gives; interruptions are tried again.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = self.start;
        loop {
            let unread = self.buffer.get(searched..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', unread) {
                let end = searched + length;
                let line = self.start..end;
                self.pass(end + 1);
                let bytes = self.buffer.get(line).unwrap_or_default();
                return Ok(Some(if bytes.len() > MAX_RECORD {
                    Line::TooLong
                } else {
                    Line::Whole(bytes)
                }));
            }
            if self.buffer.len() - self.start > MAX_RECORD {
                return self.pass_long_line().map(Some);
            }
            let searched_length = self.buffer.len() - self.start;
            if !self.fill()? {
                if searched_length == 0 {
                    return Ok(None);
                }
                let line = self.start..self.buffer.len();
                self.pass(self.buffer.len());
                return Ok(Some(Line::Unfinished(
                    self.buffer.get(line).unwrap_or_default(),
                )));
            }
            searched = self.start + searched_length;
        }
    }

    fn pass(&mut self, to: usize) {
        self.offset += (to - self.start) as u64;
        self.start = to;
        self.number += 1;
    }

    fn pass_long_line(&mut self) -> io::Result<Line<'_>> {
        let shown = self.buffer.get(self.start..self.start + MAX_RECORD);
        let shown = shown.unwrap_or_default().to_vec();
        loop {
            let unread = self.buffer.get(self.start..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', unread) {
                self.pass(self.start + length + 1);
                return Ok(Line::TooLong);
            }
            self.offset += unread.len() as u64;
            self.buffer.clear();
            self.start = 0;
            if !self.fill()? {
                self.number += 1;
                self.buffer = shown;
                self.start = self.buffer.len();
                return Ok(Line::Unfinished(&self.buffer));
            }
        }
    }

    /// Reads more behind what is there; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let filled = self.buffer.len();
        self.buffer.resize(filled + PIECE, 0);
        let read = loop {
            match self.reader.read(&mut self.buffer[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
        let read = read?;
        self.at_end = read == 0;
        Ok(read > 0)
    }
}

/// One record as it stands in its segment.
#[derive(Debug, Clone, Copy)]
pub struct StoredRecord<'a> {
    /// The segment that holds it.
    pub segment: &'a Path,
    /// Its line in the segment, counted from 1.
    pub line: u64,
    /// Its head.
    pub head: RecordHead<'a>,
    /// Its bytes, without the line feed.
    pub bytes: &'a [u8],
}

/// The records of one log in the order of their `_seq`, as they stand: nothing is verified.
///
/// Superseded records (FORMAT section 6), lines that do not begin like a record, and what stands behind
/// the last line feed are passed over; the verifier is what tells of damage.
///
/// ```no_run
/// let mut records = tool_audit::log::read::LogReader::open("audit/general".as_ref())?;
/// while let Some(record) = records.next_record()? {
///     println!("{} {}", record.head.seq, record.head.kind);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LogReader {
    segments: std::vec::IntoIter<(u64, PathBuf)>,
    open: Option<OpenSegment>,
    /// The `_seq` behind the last line read, counted in lines: a forged `_seq` must not hide what follows.
    next_seq: u64,
    passed_over: u64,
}

#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    first_seq: u64,
    superseded: u64,
    lines: LineReader<File>,
}

impl LogReader {
    /// Opens the log in `folder`, as it is now: segments that appear later are not read.
    ///
    /// # Errors
    ///
    /// What reading the folder gives.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            segments: segment::list(folder)?.into_iter(),
            open: None,
            next_seq: 0,
            passed_over: 0,
        })
    }

    /// How many lines were passed over because they do not begin like a record.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The next record, or none at the end.
    ///
    /// # Errors
    ///
    /// What opening or reading a segment gives.
    pub fn next_record(&mut self) -> io::Result<Option<StoredRecord<'_>>> {
        let Some(length) = self.advance()? else {
            return Ok(None);
        };
        // advance left the line just before the place that the reader stands at.
        let found = self.open.as_ref().and_then(|segment| {
            let lines = &segment.lines;
            let bytes = lines
                .buffer
                .get(lines.start - 1 - length..lines.start - 1)?;
            Some(StoredRecord {
                segment: &segment.path,
                line: lines.number,
                head: RecordHead::parse(bytes)?,
                bytes,
            })
        });
        Ok(found)
    }

    /// Goes to the next line that is a record, and gives its length.
    fn advance(&mut self) -> io::Result<Option<usize>> {
        loop {
            let Some(segment) = &mut self.open else {
                let Some((first_seq, path)) = self.segments.next() else {
                    return Ok(None);
                };
                let lines = LineReader::new(File::open(&path)?);
                self.open = Some(OpenSegment {
                    path,
                    first_seq,
                    superseded: self.next_seq.saturating_sub(first_seq),
                    lines,
                });
                continue;
            };
            let length = match segment.lines.next_line()? {
                Some(Line::Whole(bytes)) => RecordHead::parse(bytes).map(|_| bytes.len()),
                Some(Line::TooLong) => None,
                Some(Line::Unfinished(_)) => continue,
                None => {
                    self.open = None;
                    continue;
                }
            };
            let number = segment.lines.number;
            self.next_seq = self.next_seq.max(segment.first_seq.saturating_add(number));
            if number <= segment.superseded {
                continue;
            }
            match length {
                Some(length) => return Ok(Some(length)),
                None => self.passed_over += 1,
            }
        }
    }
}
