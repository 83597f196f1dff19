use std::io::{self, Read};

/// Reads lines of bounded length; a longer one is passed over without being kept.
///
/// Lines end at byte 0x0A alone (FORMAT section 2). Memory is one buffer of at most the bound and a
/// chunk.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What of the buffer holds bytes that were read.
    filled: usize,
    /// The line that stands now, without its line feed.
    line: std::ops::Range<usize>,
    /// Where the next line begins in the buffer.
    next: usize,
    /// How far the bytes from `next` on were searched for a line feed.
    searched: usize,
    limit: usize,
    /// Where the line that stands now begins in the file, and how many lines came before it.
    offset: u64,
    next_offset: u64,
    number: u64,
}

/// What [`Lines::advance`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A whole line stands ready.
    Line,
    /// A line was longer than the bound; it was passed over.
    TooLong,
    /// The file ends without a line feed; that many bytes stand behind the last one.
    Unfinished(u64),
    /// The file ends.
    End,
}

const CHUNK: usize = 64 * 1024;

impl<R: Read> Lines<R> {
    /// `offset` is where in its file the reader stands.
    pub(crate) fn new(reader: R, limit: usize, offset: u64) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            filled: 0,
            line: 0..0,
            next: 0,
            searched: 0,
            limit,
            offset,
            next_offset: offset,
            number: 0,
        }
    }

    /// Goes on to the next line.
    pub(crate) fn advance(&mut self) -> io::Result<Step> {
        self.offset = self.next_offset;
        self.line = self.next..self.next;
        self.searched = self.next;
        let mut dropped = 0_u64;
        loop {
            let found = self
                .buffer
                .get(self.searched..self.filled)
                .and_then(|bytes| memchr::memchr(b'\n', bytes));
            if let Some(at) = found {
                let end = self.searched + at;
                let length = end - self.next;
                self.number += 1;
                self.next_offset = self.offset + dropped + length as u64 + 1;
                self.line = self.next..end;
                self.next = end + 1;
                return Ok(if dropped > 0 || length > self.limit {
                    Step::TooLong
                } else {
                    Step::Line
                });
            }
            self.searched = self.filled;
            if self.filled - self.next > self.limit {
                dropped += (self.filled - self.next) as u64;
                self.next = self.filled;
            }
            if self.fill()? == 0 {
                let unfinished = dropped + (self.filled - self.next) as u64;
                self.line = self.next..self.filled;
                return Ok(if unfinished == 0 {
                    Step::End
                } else {
                    Step::Unfinished(unfinished)
                });
            }
        }
    }

    /// Makes room behind what is still needed, and reads once.
    fn fill(&mut self) -> io::Result<usize> {
        if self.next > 0 {
            self.buffer.copy_within(self.next..self.filled, 0);
            self.filled -= self.next;
            self.searched -= self.next;
            self.next = 0;
        }
        if self.buffer.len() < self.filled + CHUNK {
            self.buffer.resize(self.filled + CHUNK, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The line that stands now, without its line feed; after [`Step::Unfinished`] what stands there.
    pub(crate) fn line(&self) -> &[u8] {
        self.buffer.get(self.line.clone()).unwrap_or_default()
    }

    /// Where the line that stands now begins in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the line after it begins.
    pub(crate) fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// The number of the line that stands now, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of the lengths given, over and over.
    struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1[self.2 % self.1.len()]
                .min(self.0.len())
                .min(out.len());
            self.2 += 1;
            let (head, tail) = self.0.split_at(length);
            out[..length].copy_from_slice(head);
            self.0 = tail;
            Ok(length)
        }
    }

    fn all(text: &[u8], limit: usize, pieces: Vec<usize>) -> Vec<(Step, Vec<u8>, u64)> {
        let mut lines = Lines::new(Pieces(text, pieces, 0), limit, 0);
        let mut found = Vec::new();
        loop {
            let step = lines.advance().unwrap();
            let line = match step {
                Step::TooLong => Vec::new(),
                _ => lines.line().to_vec(),
            };
            found.push((step, line, lines.offset()));
            if matches!(step, Step::End | Step::Unfinished(_)) {
                return found;
            }
        }
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_arrive() {
        let text = b"one\n\ntwo and more\nthree is far too long\n4\nrest";
        for pieces in [vec![1], vec![2, 5], vec![100], vec![3, 1, 7]] {
            let found = all(text, 12, pieces);
            let expected: Vec<(Step, Vec<u8>, u64)> = vec![
                (Step::Line, b"one".to_vec(), 0),
                (Step::Line, b"".to_vec(), 4),
                (Step::Line, b"two and more".to_vec(), 5),
                (Step::TooLong, Vec::new(), 18),
                (Step::Line, b"4".to_vec(), 40),
                (Step::Unfinished(4), b"rest".to_vec(), 42),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_line_of_many_chunks_is_passed_over_in_bounded_memory() {
        let mut text = vec![b'x'; CHUNK * 40];
        text.extend_from_slice(b"\nshort\n");
        let mut lines = Lines::new(&text[..], 100, 0);
        assert_eq!(lines.advance().unwrap(), Step::TooLong);
        assert!(lines.buffer.capacity() <= 4 * CHUNK);
        assert_eq!(lines.advance().unwrap(), Step::Line);
        assert_eq!(lines.line(), b"short");
        assert_eq!(lines.advance().unwrap(), Step::End);
    }
}
