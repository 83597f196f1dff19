//! Looking at stretches of files without holding them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

const PIECE: u64 = 64 * 1024;

/// A stretch of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Span {
    /// All bytes of the stretch, which the caller knows to be few.
    pub(super) fn read(self, file: &File) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.end.saturating_sub(self.start) as usize];
        file.read_exact_at(&mut bytes, self.start)?;
        Ok(bytes)
    }

    /// Reads the stretch piece by piece; it is an error if the file ends before.
    pub(super) fn reader(self, file: &File) -> SpanReader<'_> {
        SpanReader { file, span: self }
    }

    fn first_piece(self) -> Self {
        Self {
            start: self.start,
            end: self.end.min(self.start.saturating_add(PIECE)),
        }
    }

    fn last_piece(self) -> Self {
        Self {
            start: self.start.max(self.end.saturating_sub(PIECE)),
            end: self.end,
        }
    }

    fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// See [`Span::reader`].
#[derive(Debug)]
pub(super) struct SpanReader<'a> {
    file: &'a File,
    span: Span,
}

impl Read for SpanReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.span.end.saturating_sub(self.span.start);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.file.read_at(&mut buffer[..most], self.span.start)?;
        if read == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.span.start += read as u64;
        Ok(read)
    }
}

/// Some whole lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) count: u64,
    /// Their bytes, line feeds included.
    pub(super) length: u64,
}

/// Where the last line feed of the file's first `length` bytes ends a line.
pub(crate) fn whole_lines_end(file: &File, length: u64) -> io::Result<u64> {
    let mut left = Span {
        start: 0,
        end: length,
    };
    while !left.is_empty() {
        let piece = left.last_piece();
        if let Some(at) = memchr::memrchr(b'\n', &piece.read(file)?) {
            return Ok(piece.start + at as u64 + 1);
        }
        left.end = piece.start;
    }
    Ok(0)
}

/// The last `wanted` lines between two line ends, or as many as there are.
pub(super) fn last_lines(file: &File, start: u64, end: u64, wanted: u64) -> io::Result<Lines> {
    // The line feed at the end closes the last line; each one before it closes the line before that.
    let mut left = Span {
        start,
        end: end.saturating_sub(1),
    };
    let mut count = 0;
    if wanted == 0 || start >= end {
        return Ok(Lines { count, length: 0 });
    }
    while !left.is_empty() {
        let piece = left.last_piece();
        for at in memchr::memrchr_iter(b'\n', &piece.read(file)?) {
            count += 1;
            if count == wanted {
                let length = end - (piece.start + at as u64 + 1);
                return Ok(Lines { count, length });
            }
        }
        left.end = piece.start;
    }
    Ok(Lines {
        count: count + 1,
        length: end - start,
    })
}

/// The first `wanted` lines of a file whose whole lines end at `end`, or as many as there are.
pub(super) fn lines_length(file: &File, end: u64, wanted: u64) -> io::Result<Lines> {
    let mut left = Span { start: 0, end };
    let mut count = 0;
    while !left.is_empty() {
        let piece = left.first_piece();
        for at in memchr::memchr_iter(b'\n', &piece.read(file)?) {
            count += 1;
            if count == wanted {
                let length = piece.start + at as u64 + 1;
                return Ok(Lines { count, length });
            }
        }
        left.start = piece.end;
    }
    Ok(Lines { count, length: end })
}

/// How far two stretches are the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Difference {
    /// Whether they differ within the length of the shorter one.
    pub(super) differs: bool,
    /// Line feeds in what is the same.
    pub(super) lines: u64,
}

/// Compares two stretches byte by byte, as far as both reach.
pub(super) fn first_difference(
    left: &File,
    left_span: Span,
    right: &File,
    right_span: Span,
) -> io::Result<Difference> {
    let (mut a, mut b) = (left_span, right_span);
    let mut lines = 0;
    while !a.is_empty() && !b.is_empty() {
        let length = PIECE.min(a.end - a.start).min(b.end - b.start);
        let piece = |span: Span| Span {
            start: span.start,
            end: span.start + length,
        };
        let (x, y) = (piece(a).read(left)?, piece(b).read(right)?);
        let same = x.iter().zip(&y).take_while(|(x, y)| x == y).count();
        lines += memchr::memchr_iter(b'\n', &x[..same]).count() as u64;
        if same < x.len() {
            return Ok(Difference {
                differs: true,
                lines,
            });
        }
        a.start += length;
        b.start += length;
    }
    Ok(Difference {
        differs: false,
        lines,
    })
}
