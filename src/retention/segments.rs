use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::log::{LogError, LogWriter, Storage, segment};

/// A log's segments, to be read from their beginnings.
pub(super) trait Segments {
    fn names(&mut self) -> Result<Vec<u64>, LogError>;

    fn read(
        &mut self,
        name: u64,
        visit: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), LogError>;

    fn length(&mut self, name: u64) -> u64;
}

/// Those of a folder, which somebody may be writing to.
pub(super) struct FolderSegments(pub(super) PathBuf);

impl Segments for FolderSegments {
    fn names(&mut self) -> Result<Vec<u64>, LogError> {
        let listed = segment::list(&self.0);
        let listed = listed.map_err(|error| LogError::io("listing", &self.0, error))?;
        Ok(listed.into_iter().map(|(name, _)| name).collect())
    }

    fn read(
        &mut self,
        name: u64,
        visit: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), LogError> {
        let path = self.0.join(segment::name(name));
        File::open(&path)
            .and_then(|mut file| visit(&mut file))
            .map_err(|error| LogError::io("reading", &path, error))
    }

    fn length(&mut self, name: u64) -> u64 {
        let path = self.0.join(segment::name(name));
        std::fs::metadata(path).map_or(0, |found| found.len())
    }
}

/// Those of an open log.
impl<S: Storage> Segments for LogWriter<S> {
    fn names(&mut self) -> Result<Vec<u64>, LogError> {
        self.segment_names()
    }

    fn read(
        &mut self,
        name: u64,
        visit: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), LogError> {
        self.read_segment(name, visit)
    }

    fn length(&mut self, name: u64) -> u64 {
        self.segment_length(name)
    }
}
