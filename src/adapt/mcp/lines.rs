//! Lines out of a stream that comes in pieces.

/// What a piece of the stream brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A line, without its line feed.
    Line(&'a [u8]),
    /// Some of a line that is too long to be kept.
    Piece(&'a [u8]),
    /// The end of such a line, of so many bytes; its line feed is in no piece.
    PiecesEnd(u64),
}

/// Keeps the line that has begun, at most so much of it.
#[derive(Debug)]
pub(super) struct Lines {
    begun: Vec<u8>,
    most: usize,
    /// How many bytes of a line that is too long have gone by.
    gone: Option<u64>,
}

/// A buffer gives back what only one line needed.
const KEPT: usize = 64 * 1024;

impl Lines {
    pub(super) fn new(most: usize) -> Self {
        Self {
            begun: Vec::new(),
            most,
            gone: None,
        }
    }

    /// Gives the parts that `bytes` bring to `each`, in order, as long as it wants more of them.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Part<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            self.add(&bytes[..at], &mut each);
            bytes = &bytes[at + 1..];
            self.end_line(&mut each);
        }
        self.add(bytes, &mut each);
    }

    /// The stream is at its end: true where a line had begun, which is given as if it were whole.
    pub(super) fn end(&mut self, mut each: impl FnMut(Part<'_>)) -> bool {
        let has_begun = self.gone.is_some() || !self.begun.is_empty();
        if has_begun {
            self.end_line(&mut each);
        }
        has_begun
    }

    fn add(&mut self, bytes: &[u8], each: &mut impl FnMut(Part<'_>)) {
        if let Some(gone) = &mut self.gone {
            *gone += bytes.len() as u64;
            each(Part::Piece(bytes));
        } else if self.begun.len() + bytes.len() > self.most {
            self.gone = Some((self.begun.len() + bytes.len()) as u64);
            each(Part::Piece(&self.begun));
            each(Part::Piece(bytes));
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, each: &mut impl FnMut(Part<'_>)) {
        match self.gone.take() {
            Some(gone) => each(Part::PiecesEnd(gone)),
            None => each(Part::Line(&self.begun)),
        }
        self.begun.clear();
        self.begun.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Part};

    /// What comes out, with what of it was a line.
    fn parts(most: usize, pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(most);
        let mut said = Vec::new();
        let mut say = |part: Part<'_>| {
            said.push(match part {
                Part::Line(line) => format!("line {}", String::from_utf8_lossy(line)),
                Part::Piece(piece) => format!("piece {}", String::from_utf8_lossy(piece)),
                Part::PiecesEnd(bytes) => format!("end {bytes}"),
            });
        };
        for piece in pieces {
            lines.feed(piece, &mut say);
        }
        lines.end(&mut say);
        said
    }

    #[test]
    fn lines_are_the_same_in_pieces_of_any_size() {
        let text = b"one\n\ntwo\r\nthree";
        let whole = ["line one", "line ", "line two\r", "line three"];
        for size in 1..=text.len() {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(parts(100, &pieces), whole, "{size}");
        }
        assert_eq!(parts(100, &[b"one\n"]), ["line one"]);
    }

    #[test]
    fn a_line_that_is_too_long_goes_by_in_pieces_and_the_next_is_a_line_again() {
        assert_eq!(
            parts(4, &[b"abc", b"de", b"f\nok\n"]),
            ["piece abc", "piece de", "piece f", "end 6", "line ok"]
        );
    }
}
