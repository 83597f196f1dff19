use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::EvidenceError;

/// A tar archive that ends with the SHA-256 sums of all that stands before them.
pub(super) struct Archive<W: Write> {
    tar: Builder<W>,
    at: u64,
    sums: Vec<u8>,
    files: u64,
    bytes: u64,
}

/// The file of the sums, in the form that `sha256sum --check` reads.
const SUMS: &str = "SHA256SUMS";

impl<W: Write> Archive<W> {
    /// `at` is the time of files that are made here.
    pub(super) fn new(out: W, at: DateTime<Utc>) -> Self {
        Self {
            tar: Builder::new(out),
            at: u64::try_from(at.timestamp()).unwrap_or_default(),
            sums: Vec::new(),
            files: 0,
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
        let (name, at) = (Path::new(name), self.at);
        self.append(name, at, bytes.len() as u64, bytes)
            .map_err(|(error, _)| EvidenceError::Write(error))
    }

    /// The first `length` bytes of a file.
    pub(super) fn add_file(
        &mut self,
        name: &Path,
        path: &Path,
        file: &File,
        length: u64,
    ) -> Result<(), EvidenceError> {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let modified = modified.map_err(EvidenceError::read(path))?;
        let modified = DateTime::<Utc>::from(modified).timestamp();
        let modified = u64::try_from(modified).unwrap_or_default();
        self.append(name, modified, length, file)
            .map_err(|(error, in_reading)| {
                if in_reading {
                    EvidenceError::read(path)(error)
                } else {
                    EvidenceError::Write(error)
                }
            })
    }

    /// An error says whether the bytes could not be read.
    fn append(
        &mut self,
        name: &Path,
        modified: u64,
        length: u64,
        bytes: impl Read,
    ) -> Result<(), (io::Error, bool)> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o400);
        header.set_mtime(modified);
        header.set_size(length);
        let mut source = Source {
            bytes: bytes.take(length),
            digest: Sha256::new(),
            left: length,
            failed: false,
        };
        let written = self.tar.append_data(&mut header, name, &mut source);
        written.map_err(|error| (error, source.failed))?;
        self.add_sum(name, &source.digest.finalize());
        self.files += 1;
        self.bytes += length;
        Ok(())
    }

    /// A name with a line feed or a backslash is written as `sha256sum` writes it.
    fn add_sum(&mut self, name: &Path, digest: &[u8]) {
        let name = name.as_os_str().as_encoded_bytes();
        if name
            .iter()
            .any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'))
        {
            self.sums.push(b'\\');
        }
        let mut hex = String::with_capacity(64);
        for byte in digest {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        self.sums.extend_from_slice(hex.as_bytes());
        self.sums.extend_from_slice(b"  ");
        for byte in name {
            match byte {
                b'\\' => self.sums.extend_from_slice(br"\\"),
                b'\n' => self.sums.extend_from_slice(br"\n"),
                b'\r' => self.sums.extend_from_slice(br"\r"),
                byte => self.sums.push(*byte),
            }
        }
        self.sums.push(b'\n');
    }

    /// Writes the sums and the archive's end; gives the number of files and their length.
    pub(super) fn finish(mut self) -> Result<(u64, u64), EvidenceError> {
        let sums = std::mem::take(&mut self.sums);
        self.add(SUMS, &sums)?;
        let ended = self.tar.into_inner().and_then(|mut out| out.flush());
        ended.map_err(EvidenceError::Write)?;
        Ok((self.files, self.bytes))
    }
}

/// Hashes what goes through it, and takes an end that comes too early for an error.
struct Source<R> {
    bytes: R,
    digest: Sha256,
    left: u64,
    failed: bool,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.bytes.read(buffer) {
            Ok(0) if self.left > 0 && !buffer.is_empty() => {
                Err(io::Error::from(io::ErrorKind::UnexpectedEof))
            }
            other => other,
        };
        match read {
            Ok(read) => {
                self.digest.update(buffer.get(..read).unwrap_or_default());
                self.left -= read as u64;
                Ok(read)
            }
            Err(error) => {
                self.failed = error.kind() != io::ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
}
