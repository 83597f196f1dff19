//! Memory that fails where a test says so, and knows what of it is on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use tool_audit::log::{MemorySegment, MemoryStorage, Storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Lock,
    List,
    Create,
    Open,
    Look,
    Read,
    Write,
    Sync,
    SyncFolder,
    Cut,
    Seal,
    Remove,
    KeepTorn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    Fail(io::ErrorKind),
    /// A write takes only so many bytes.
    Short(usize),
    /// A write takes so many bytes, and says that it failed.
    FailBehind(usize),
}

type Script = Box<dyn FnMut(usize, Act) -> Fault + Send>;

#[derive(Default)]
struct Disk {
    script: Option<Script>,
    acts: Vec<Act>,
    /// How much of each segment a power loss leaves.
    synced: BTreeMap<u64, usize>,
    /// Segments whose handle failed to sync, and must never be asked again.
    poisoned: BTreeSet<u64>,
    /// Names that a power loss leaves.
    named: BTreeSet<u64>,
    /// What was removed since the folder was synced last: a power loss brings it back.
    removed: BTreeMap<u64, Vec<u8>>,
    /// A handle was synced after it had failed, or bytes were released that are not on the disk.
    misuse: bool,
    /// What was released: segments and ranges.
    released: Vec<(u64, Range<u64>)>,
    /// What was sent to the disk ahead of a sync.
    sent: Vec<(u64, Range<u64>)>,
    /// What the write at hand leaves before it fails.
    leaves: Option<usize>,
}

#[derive(Clone)]
pub struct Faulty {
    memory: MemoryStorage,
    disk: Arc<Mutex<Disk>>,
}

impl Faulty {
    pub fn new() -> Self {
        Self::over(MemoryStorage::new())
    }

    /// What is in `memory` counts as synced.
    pub fn over(memory: MemoryStorage) -> Self {
        let mut disk = Disk::default();
        for (name, bytes) in memory.segment_bytes() {
            disk.synced.insert(name, bytes.len());
            disk.named.insert(name);
        }
        Self {
            memory,
            disk: Arc::new(Mutex::new(disk)),
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// Asks `script` before each act, with the act's number from now on.
    pub fn script(&self, script: impl FnMut(usize, Act) -> Fault + Send + 'static) {
        let mut disk = self.disk();
        disk.acts.clear();
        disk.script = Some(Box::new(script));
    }

    pub fn heal(&self) {
        self.disk().script = None;
    }

    pub fn acts(&self) -> Vec<Act> {
        self.disk().acts.clone()
    }

    pub fn memory(&self) -> &MemoryStorage {
        &self.memory
    }

    /// What was released: segments, and ranges of their bytes.
    pub fn released(&self) -> Vec<(u64, Range<u64>)> {
        self.disk().released.clone()
    }

    /// What was sent to the disk ahead of a sync.
    pub fn sent(&self) -> Vec<(u64, Range<u64>)> {
        self.disk().sent.clone()
    }

    /// Whether some handle was synced again after a failure, or something released that was not synced.
    pub fn misused(&self) -> bool {
        self.disk().misuse
    }

    /// What a power loss leaves: nothing but what was synced, and `spared` more bytes of each segment.
    pub fn after_power_loss(&self, spared: usize) -> MemoryStorage {
        let left = MemoryStorage::new();
        let disk = self.disk();
        for (name, bytes) in &disk.removed {
            if disk.named.contains(name) {
                left.set_segment(*name, bytes.clone());
            }
        }
        for (name, bytes) in self.memory.segment_bytes() {
            if disk.named.contains(&name) {
                let synced = disk.synced.get(&name).copied().unwrap_or(0);
                left.set_segment(name, bytes[..(synced + spared).min(bytes.len())].to_vec());
            }
        }
        left
    }

    /// What a kill leaves: everything that was written.
    pub fn after_kill(&self) -> MemoryStorage {
        let left = MemoryStorage::new();
        for (name, bytes) in self.memory.segment_bytes() {
            left.set_segment(name, bytes);
        }
        left
    }

    fn act(&self, act: Act) -> io::Result<Option<usize>> {
        let mut disk = self.disk();
        let number = disk.acts.len();
        disk.acts.push(act);
        match disk.script.as_mut().map(|script| script(number, act)) {
            None | Some(Fault::None) => Ok(None),
            Some(Fault::Short(bytes)) => Ok(Some(bytes)),
            Some(Fault::FailBehind(bytes)) => {
                disk.leaves = Some(bytes);
                Ok(None)
            }
            Some(Fault::Fail(kind)) => Err(io::Error::from(kind)),
        }
    }

    fn name_of(&self, segment: &MemorySegment) -> u64 {
        segment.first_seq()
    }
}

impl Storage for Faulty {
    type Segment = MemorySegment;

    fn place(&self) -> &Path {
        self.memory.place()
    }
    fn try_lock(&mut self) -> io::Result<bool> {
        self.act(Act::Lock)?;
        self.memory.try_lock()
    }
    fn segments(&mut self) -> io::Result<Vec<u64>> {
        self.act(Act::List)?;
        self.memory.segments()
    }
    fn create(&mut self, first_seq: u64) -> io::Result<MemorySegment> {
        self.act(Act::Create)?;
        let segment = self.memory.create(first_seq)?;
        let mut disk = self.disk();
        disk.synced.insert(first_seq, 0);
        disk.poisoned.remove(&first_seq);
        Ok(segment)
    }
    fn open(&mut self, first_seq: u64) -> io::Result<MemorySegment> {
        self.act(Act::Open)?;
        self.memory.open(first_seq)
    }
    fn is_sealed(&mut self, segment: &MemorySegment) -> io::Result<bool> {
        self.act(Act::Look)?;
        self.memory.is_sealed(segment)
    }
    fn length(&mut self, segment: &MemorySegment) -> io::Result<u64> {
        self.act(Act::Look)?;
        self.memory.length(segment)
    }
    fn read_at(
        &mut self,
        segment: &MemorySegment,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let short = self.act(Act::Read)?.unwrap_or(buffer.len());
        let count = short.min(buffer.len());
        self.memory.read_at(segment, offset, &mut buffer[..count])
    }
    fn write(&mut self, segment: &mut MemorySegment, bytes: &[u8]) -> io::Result<usize> {
        let short = self.act(Act::Write)?.unwrap_or(bytes.len());
        let leaves = self.disk().leaves.take();
        if let Some(left) = leaves {
            self.memory.write(segment, &bytes[..left])?;
            return Err(io::Error::other("it failed, and left something"));
        }
        self.memory.write(segment, &bytes[..short.min(bytes.len())])
    }
    fn sync(&mut self, segment: &MemorySegment) -> io::Result<()> {
        let name = self.name_of(segment);
        if self.disk().poisoned.contains(&name) {
            self.disk().misuse = true;
        }
        if let Err(error) = self.act(Act::Sync) {
            self.disk().poisoned.insert(name);
            return Err(error);
        }
        let length = self.memory.length(segment)? as usize;
        self.disk().synced.insert(name, length);
        Ok(())
    }
    fn begin_sync(&mut self, segment: &MemorySegment, from: u64, to: u64) {
        let name = self.name_of(segment);
        self.disk().sent.push((name, from..to));
    }
    fn release(&mut self, segment: &MemorySegment, from: u64, to: u64) {
        let name = self.name_of(segment);
        let mut disk = self.disk();
        let synced = disk.synced.get(&name).copied().unwrap_or(0);
        disk.misuse |= from >= to || to > synced as u64;
        disk.released.push((name, from..to));
    }
    fn sync_folder(&mut self) -> io::Result<()> {
        self.act(Act::SyncFolder)?;
        let names = self.memory.segments()?;
        let mut disk = self.disk();
        disk.named = names.into_iter().collect();
        disk.removed.clear();
        Ok(())
    }
    fn cut(&mut self, segment: &MemorySegment, length: u64) -> io::Result<()> {
        self.act(Act::Cut)?;
        self.memory.cut(segment, length)?;
        let name = self.name_of(segment);
        self.disk().synced.insert(name, length as usize);
        Ok(())
    }
    fn seal(&mut self, segment: &MemorySegment) -> io::Result<()> {
        self.act(Act::Seal)?;
        self.memory.seal(segment)
    }
    fn remove(&mut self, first_seq: u64) -> io::Result<()> {
        self.act(Act::Remove)?;
        let segments = self.memory.segment_bytes();
        let bytes = segments.into_iter().find(|(name, _)| *name == first_seq);
        self.disk().removed.extend(bytes);
        self.memory.remove(first_seq)
    }
    fn keep_torn(&mut self, first_seq: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.act(Act::KeepTorn)?;
        self.memory.keep_torn(first_seq, offset, bytes)
    }
    fn remove_torn(&mut self, first_seq: u64) -> io::Result<()> {
        self.act(Act::Remove)?;
        self.memory.remove_torn(first_seq)
    }
    fn is_in_place(&mut self, first_seq: u64, segment: &MemorySegment) -> io::Result<bool> {
        self.act(Act::Look)?;
        self.memory.is_in_place(first_seq, segment)
    }
    fn holds_place(&mut self) -> io::Result<bool> {
        self.act(Act::Look)?;
        self.memory.holds_place()
    }
}
