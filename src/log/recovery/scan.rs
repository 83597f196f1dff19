use std::io::{self, Read};

use super::state::State;
use crate::canonical;
use crate::log::read::{Line, LineReader};
use crate::log::record::{RecordHash, RecordHead};
use crate::log::storage::Storage;

/// What a segment holds, read from its beginning to its end.
#[derive(Debug)]
pub(super) struct Scanned {
    /// What the good records say, up to the first bad byte.
    pub(super) state: State,
    /// How long the segment is.
    pub(super) length: u64,
    /// The first bad byte and what is behind it.
    pub(super) bad: Option<Bad>,
    /// Whether a good record says what the segment is.
    pub(super) opens: bool,
    /// Where all good records repeat such as stand in the segments before.
    pub(super) repeat: Option<Repeat>,
}

/// Records at a segment's beginning that have the numbers of records before it (FORMAT section 6).
#[derive(Debug)]
pub(super) struct Repeat {
    /// What the segments before say, which is no less.
    pub(super) before: State,
    newest: u64,
    pub(super) records: Vec<(u64, RecordHash)>,
}

/// What begins with a segment's first bad byte.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) offset: u64,
    /// Whether whole records stand there all the same.
    pub(super) holds_records: bool,
    /// Whether it is the segment's first record that is good, and does not belong in this place.
    pub(super) is_misplaced: bool,
    /// What all good records say, also those behind bad ones.
    pub(super) state: State,
}

/// No record is shorter than its five first members.
const MIN_RECORD: u64 = 200;

/// Reads the segment, going on from what the ones before say.
pub(super) fn scan<S: Storage>(
    storage: &mut S,
    segment: &S::Segment,
    first_seq: u64,
    before: State,
) -> io::Result<Scanned> {
    let mut repeat = before.newest.map(|(newest, _)| Repeat {
        before: before.clone(),
        newest,
        records: Vec::new(),
    });
    let mut state = before;
    let mut opens = false;
    let mut bad: Option<Bad> = None;
    let mut first = true;
    let mut lines = LineReader::new(SegmentReader::new(storage, segment));
    loop {
        let offset = lines.offset();
        let Some(line) = lines.next_line()? else {
            break;
        };
        let record = match line {
            Line::Whole(text) => good_record(text).map(|head| (head, text)),
            Line::TooLong | Line::Unfinished(_) => None,
        };
        let Some(bad) = &mut bad else {
            match record {
                Some((head, text))
                    if (!first || head.seq == first_seq) && state.is_followed_by(&head, first) =>
                {
                    state.observe(&head, text);
                    opens |= matches!(head.kind, "log_created" | "segment_opened");
                    match &mut repeat {
                        Some(repeat) if head.seq <= repeat.newest => {
                            repeat.records.push((head.seq, head.hash));
                        }
                        _ => repeat = None,
                    }
                }
                record => {
                    let mut found = Bad {
                        offset,
                        holds_records: false,
                        is_misplaced: first && record.is_some(),
                        state: repeat
                            .as_ref()
                            .map_or(&state, |repeat| &repeat.before)
                            .clone(),
                    };
                    found.take_in(record, first_seq, offset);
                    bad = Some(found);
                }
            }
            first = false;
            continue;
        };
        bad.take_in(record, first_seq, offset);
    }
    let length = lines.offset();
    Ok(Scanned {
        state,
        length,
        bad,
        opens,
        repeat,
    })
}

/// Reads a segment from its beginning on.
pub(crate) struct SegmentReader<'a, S: Storage> {
    storage: &'a mut S,
    segment: &'a S::Segment,
    offset: u64,
}

impl<'a, S: Storage> SegmentReader<'a, S> {
    pub(crate) fn new(storage: &'a mut S, segment: &'a S::Segment) -> Self {
        Self {
            storage,
            segment,
            offset: 0,
        }
    }
}

impl<S: Storage> Read for SegmentReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.storage.read_at(self.segment, self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Bad {
    fn take_in(&mut self, record: Option<(RecordHead<'_>, &[u8])>, first_seq: u64, offset: u64) {
        let Some((head, text)) = record else {
            return;
        };
        self.holds_records = true;
        // Records of other logs, repeated ones, and numbers that so few bytes cannot hold, lead nowhere.
        let ours = self.state.log.is_none_or(|log| log == head.log);
        let newer = self.state.newest.is_none_or(|(seq, _)| head.seq > seq);
        let possible = head.seq <= first_seq.saturating_add(offset / MIN_RECORD);
        if ours && newer && possible {
            self.state.observe(&head, text);
        }
    }
}

/// A line that is a whole record in itself: canonical, and of the hash that it names.
fn good_record(line: &[u8]) -> Option<RecordHead<'_>> {
    let head = RecordHead::parse(line)?;
    (head.hash == RecordHash::of_line(line) && canonical::check(line).is_ok()).then_some(head)
}
