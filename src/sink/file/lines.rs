use std::io::{self, ErrorKind, Write};

/// Whole lines that go to a file, of which the first `written` bytes are there.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    written: usize,
}

impl Lines {
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
    }

    pub(super) fn unwritten(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Writes what is left, and knows after an error how much of it was taken.
    pub(super) fn write_to(&mut self, file: &mut impl Write) -> io::Result<()> {
        while let Some(rest) = self
            .bytes
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.clear();
        self.written = 0;
        Ok(())
    }

    /// Begins in another file: first these lines, then what is left, with a line that was begun as a whole.
    pub(super) fn start_again_after(&mut self, first: &[u8]) {
        let written = self.bytes.get(..self.written).unwrap_or_default();
        let line = memchr::memrchr(b'\n', written).map_or(0, |end| end + 1);
        self.bytes.splice(..line, first.iter().copied());
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time, with an error now and then.
    struct Choking {
        taken: Vec<u8>,
        calls: usize,
    }

    impl Write for Choking {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            match self.calls % 4 {
                0 => Err(ErrorKind::StorageFull.into()),
                1 => Err(ErrorKind::Interrupted.into()),
                _ => {
                    let count = bytes.len().min(3);
                    self.taken.extend_from_slice(&bytes[..count]);
                    Ok(count)
                }
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_taken_before_an_error_is_not_written_again() {
        let mut lines = Lines::default();
        let mut file = Choking {
            taken: Vec::new(),
            calls: 0,
        };
        lines.push(b"first line");
        lines.push(b"second");
        let mut errors = 0;
        while let Err(error) = lines.write_to(&mut file) {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            errors += 1;
        }
        assert_eq!(file.taken, b"first line\nsecond\n");
        assert!(errors > 1);
        assert_eq!(lines.unwritten(), 0);
    }

    #[test]
    fn a_line_that_was_begun_goes_to_another_file_as_a_whole() {
        let mut lines = Lines::default();
        for line in ["one", "two", "three"] {
            lines.push(line.as_bytes());
        }
        let mut small = [0; 6];
        let mut full = &mut small[..];
        assert!(lines.write_to(&mut full).is_err());
        lines.start_again_after(b"promised\n");
        let mut file = Vec::new();
        lines.write_to(&mut file).unwrap();
        assert_eq!(file, b"promised\ntwo\nthree\n");
    }
}
