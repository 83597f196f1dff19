/// Records that were sealed and are not done with: not yet written, or kept until they are synced.
///
/// Its bytes begin at a record's beginning and end at a record's end.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The first record's number.
    first_seq: u64,
    /// How many of the bytes the open segment has.
    written: usize,
    /// Whether somebody waits until a record in here is synced.
    pub(super) awaited: bool,
}

impl Window {
    /// The buffer to seal the record `seq` into.
    pub(super) fn place_for(&mut self, seq: u64) -> &mut Vec<u8> {
        if self.bytes.is_empty() {
            self.first_seq = seq;
        }
        &mut self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The first record's number, where there is one.
    pub(super) fn first_seq(&self) -> Option<u64> {
        (!self.bytes.is_empty()).then_some(self.first_seq)
    }

    /// What the open segment has not.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    pub(super) fn wrote(&mut self, count: usize) {
        self.written = (self.written + count).min(self.bytes.len());
    }

    /// All of it has to be written again, elsewhere.
    pub(super) fn rewind(&mut self) {
        self.written = 0;
    }

    /// All of it is done with.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
        self.awaited = false;
    }
}
