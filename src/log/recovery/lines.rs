use std::io;

use crate::log::record::MAX_RECORD;
use crate::log::storage::Storage;

/// Reads a segment line by line, in memory that does not grow with it.
pub(crate) struct Lines<'a, S: Storage> {
    storage: &'a mut S,
    segment: &'a S::Segment,
    buffer: Vec<u8>,
    /// What of the buffer is not yet handed out.
    from: usize,
    to: usize,
    /// Where in the segment `buffer[from]` stands.
    offset: u64,
    ended: bool,
}

/// One line of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Where it begins.
    pub(crate) offset: u64,
    /// Where the next one begins.
    pub(crate) end: u64,
    /// Its bytes without the line feed; none where it has no line feed or is longer than a record.
    pub(crate) text: Option<&'a [u8]>,
}

const BUFFER: usize = 2 * MAX_RECORD;

impl<'a, S: Storage> Lines<'a, S> {
    pub(crate) fn new(storage: &'a mut S, segment: &'a S::Segment) -> Self {
        Self {
            storage,
            segment,
            buffer: vec![0; BUFFER],
            from: 0,
            to: 0,
            offset: 0,
            ended: false,
        }
    }

    /// The next line, or none at the segment's end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let begin = self.offset;
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.from + searched..self.to]) {
                let length = searched + at;
                let text = self.from..self.from + length;
                let whole = self.offset == begin && length <= MAX_RECORD;
                self.advance(length + 1);
                return Ok(Some(Line {
                    offset: begin,
                    end: self.offset,
                    text: whole.then_some(&self.buffer[text]),
                }));
            }
            searched = self.to - self.from;
            if searched > MAX_RECORD {
                // No record is that long: what follows is passed over up to the line feed.
                self.advance(searched);
                searched = 0;
            }
            if self.ended {
                self.advance(searched);
                return Ok((self.offset > begin).then_some(Line {
                    offset: begin,
                    end: self.offset,
                    text: None,
                }));
            }
            self.fill()?;
        }
    }

    fn advance(&mut self, count: usize) {
        self.from += count;
        self.offset += count as u64;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        let at = self.offset + self.to as u64;
        match self
            .storage
            .read_at(self.segment, at, &mut self.buffer[self.to..])
        {
            Ok(0) => self.ended = true,
            Ok(count) => self.to += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
