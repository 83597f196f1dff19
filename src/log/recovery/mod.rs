//! What a writer does before it goes on in a log (FORMAT section 6).

mod scan;
mod state;

use std::collections::HashSet;
use std::io;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

pub(crate) use self::scan::SegmentReader;
use self::scan::{Bad, Scanned, scan};
use self::state::{Opened, State};
pub(crate) use self::state::{call_id, days_between};
use super::boot;
use super::damage::Damage;
use super::error::LogError;
use super::head::{self, HeadFound};
use super::options::LogOptions;
use super::read::{Line, LineReader};
use super::record::{FORMAT, RecordHash, RecordHead};
use super::storage::Storage;
use super::verify::Head;

/// A torn tail begins within so many bytes of the segment's end: no batch is larger.
const MAX_TORN: u64 = 1024 * 1024;

/// Where and from what a writer goes on.
pub(crate) struct Recovered<G> {
    pub(crate) state: State,
    /// The number of the next record, which may name a segment.
    pub(crate) next_seq: u64,
    /// The segment to go on in; without one, a new one is due.
    pub(crate) segment: Option<Reopened<G>>,
    /// How many segments there are.
    pub(crate) segments: u64,
    pub(crate) torn: Option<Torn>,
    pub(crate) damage: Vec<Damage>,
}

/// The segment in which a writer goes on.
pub(crate) struct Reopened<G> {
    pub(crate) segment: G,
    pub(crate) first_seq: u64,
    pub(crate) length: u64,
    pub(crate) begun: SystemTime,
    /// Whether a record in it says what it is.
    pub(crate) opens: bool,
}

/// What was cut off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Torn {
    pub(crate) bytes: u64,
    pub(crate) sha256: RecordHash,
}

/// Reads the last segment, cuts a torn tail off it, and says where to go on.
pub(crate) fn recover<S: Storage>(
    storage: &mut S,
    options: &LogOptions,
    boot_id: &str,
) -> Result<Recovered<S::Segment>, LogError> {
    Recovery {
        storage,
        options,
        boot_id,
    }
    .run()
}

struct Recovery<'a, S> {
    storage: &'a mut S,
    options: &'a LogOptions,
    boot_id: &'a str,
}

/// The last segment that holds anything.
struct Last<G> {
    segment: G,
    first_seq: u64,
    length: u64,
    opens: bool,
    is_sealed: bool,
}

impl<S: Storage> Recovery<'_, S> {
    fn run(&mut self) -> Result<Recovered<S::Segment>, LogError> {
        let mut names = self.io("listing", Storage::segments)?;
        let mut empty = Vec::new();
        while let Some(name) = names.last().copied() {
            let segment = self.io("opening the last segment of", |at| at.open(name))?;
            if self.io("reading", |at| at.length(&segment))? > 0 {
                break;
            }
            empty.push(name);
            names.pop();
        }
        let head = self.read_head()?;
        let scanned = self.scan_last(&names, head)?;
        let (mut state, mut last, bad) = match scanned {
            Some((scanned, last)) => (scanned.state, Some(last), scanned.bad),
            None => (State::default(), None, None),
        };
        self.check_opened(bad.as_ref().map_or(&state, |bad| &bad.state))?;

        let mut damage = Vec::new();
        let mut torn = None;
        let mut conflict = self.conflict(&names, head, &state)?;
        if let (Some(bad), Some(last)) = (bad, &mut last) {
            let length = last.length;
            // What was sealed was whole and on the disk: nobody may cut it.
            if conflict.is_none() && !last.is_sealed && self.is_torn(&bad, &state, length) {
                torn = Some(self.cut(last, bad.offset)?);
                if last.length == 0 {
                    let name = last.first_seq;
                    self.io("removing an empty segment of", |at| at.remove(name))?;
                    let before = self.run()?;
                    return Ok(Recovered {
                        torn: before.torn.or(torn),
                        ..before
                    });
                }
            } else {
                damage.push(Damage::Segment {
                    first_seq: last.first_seq,
                    offset: bad.offset,
                });
                state = bad.state;
                conflict = self.conflict(&names, head, &state)?;
            }
        }
        if let Some(conflict) = conflict {
            damage.push(self.set_head_aside(conflict, &state)?);
        }
        // Behind damage the numbers may leave a gap: the next segment has to stand behind the last one.
        let behind = |seq: u64| seq.saturating_add(1);
        let next_seq = state.newest.map_or(0, |(seq, _)| behind(seq));
        let next_seq = next_seq.max(names.last().copied().map_or(0, behind));
        // A segment without a record is of no use: the next one may well get its name.
        for name in empty {
            self.io("removing an empty segment of", |at| at.remove(name))?;
        }
        let segment = self.place_to_go_on(&state, next_seq, last, damage.is_empty())?;
        self.find_calls(&names, &mut state)?;
        self.find_starts(&names, &mut state)?;
        Ok(Recovered {
            state,
            next_seq,
            segment,
            segments: names.len() as u64,
            torn,
            damage,
        })
    }

    fn io<T>(
        &mut self,
        doing: &'static str,
        act: impl FnOnce(&mut S) -> io::Result<T>,
    ) -> Result<T, LogError> {
        act(self.storage).map_err(|error| LogError::io(doing, self.storage.place(), error))
    }

    /// Reads the last segment; where it does not say what a writer has to know, those before it too.
    #[allow(clippy::type_complexity)]
    fn scan_last(
        &mut self,
        names: &[u64],
        head: HeadFound,
    ) -> Result<Option<(Scanned, Last<S::Segment>)>, LogError> {
        let Some((&name, earlier)) = names.split_last() else {
            return Ok(None);
        };
        let watching = State {
            watched: match head {
                HeadFound::Head(head) => Some((head.seq, None)),
                HeadFound::Nothing | HeadFound::Unreadable => None,
            },
            ..State::default()
        };
        let segment = self.io("opening the last segment of", |at| at.open(name))?;
        let mut scanned = self.io("reading the last segment of", |at| {
            scan(at, &segment, name, watching.clone())
        })?;
        for from in (0..earlier.len()).rev() {
            if scanned.state.opened.is_some() {
                break;
            }
            let mut before = watching.clone();
            for &name in &earlier[from..] {
                let scanned = self.io("reading a segment of", |at| {
                    let segment = at.open(name)?;
                    scan(at, &segment, name, before)
                })?;
                before = scanned.bad.map_or(scanned.state, |bad| bad.state);
            }
            if before.opened.is_some() || from == 0 {
                scanned = self.io("reading the last segment of", |at| {
                    scan(at, &segment, name, before)
                })?;
            }
        }
        if let Some(repeat) = scanned.repeat.take()
            && self.stand_in(earlier, &repeat.records)?
        {
            // Its writer died before the segment said what it is: all of it stands in those before, and
            // perhaps not all that they hold was repeated.
            let bad = scanned.bad.get_or_insert_with(|| Bad {
                offset: 0,
                holds_records: false,
                is_misplaced: false,
                state: repeat.before.clone(),
            });
            bad.offset = 0;
            scanned.state = repeat.before;
        }
        let is_sealed = self.io("reading", |at| at.is_sealed(&segment))?;
        let last = Last {
            segment,
            first_seq: name,
            length: scanned.length,
            opens: scanned.opens,
            is_sealed,
        };
        Ok(Some((scanned, last)))
    }

    /// Whether all these records stand in the segments.
    fn stand_in(&mut self, names: &[u64], records: &[(u64, RecordHash)]) -> Result<bool, LogError> {
        let mut missing: HashSet<_> = records.iter().copied().collect();
        for &name in names.iter().rev() {
            if missing.is_empty() {
                break;
            }
            self.each_record(name, |record, text| {
                if RecordHash::of_line(text) == record.hash {
                    missing.remove(&(record.seq, record.hash));
                }
                !missing.is_empty()
            })?;
        }
        Ok(missing.is_empty())
    }

    fn check_opened(&self, state: &State) -> Result<(), LogError> {
        let Some(opened) = &state.opened else {
            return Ok(());
        };
        let path = || self.storage.place().to_owned();
        if opened.format != FORMAT {
            return Err(LogError::OtherFormat {
                path: path(),
                format: opened.format,
            });
        }
        match opened.source {
            Some(holds) if holds != self.options.source => Err(LogError::OtherSource {
                path: path(),
                holds,
            }),
            _ => Ok(()),
        }
    }

    fn is_torn(&self, bad: &Bad, state: &State, length: u64) -> bool {
        let before = state.boot_id.as_deref().unwrap_or(boot::UNKNOWN_BOOT);
        length - bad.offset <= MAX_TORN
            && !bad.is_misplaced
            && (!bad.holds_records || boot::has_changed(before, self.boot_id))
    }

    /// Moves what is torn to a place of its own, and cuts the segment.
    fn cut(&mut self, last: &mut Last<S::Segment>, offset: u64) -> Result<Torn, LogError> {
        let mut bytes = vec![0; usize::try_from(last.length - offset).unwrap_or_default()];
        let mut filled = 0;
        while filled < bytes.len() {
            let at = offset + filled as u64;
            match self
                .storage
                .read_at(&last.segment, at, &mut bytes[filled..])
            {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(LogError::io(
                        "reading the torn tail of",
                        self.storage.place(),
                        error,
                    ));
                }
            }
        }
        bytes.truncate(filled);
        self.io("keeping the torn tail of", |at| {
            at.keep_torn(last.first_seq, offset, &bytes)
        })?;
        self.io("cutting the torn tail of", |at| {
            at.cut(&last.segment, offset)
        })?;
        last.length = offset;
        let torn = Torn {
            bytes: bytes.len() as u64,
            sha256: RecordHash(Sha256::digest(&bytes).into()),
        };
        tracing::warn!(log = %self.storage.place().display(), bytes = torn.bytes, "cut a torn tail off the audit log, and kept it");
        Ok(torn)
    }

    fn read_head(&self) -> Result<HeadFound, LogError> {
        match &self.options.head {
            None => Ok(HeadFound::Nothing),
            Some(path) => {
                head::read(path).map_err(|error| LogError::io("reading the head file", path, error))
            }
        }
    }

    /// Whether the log, as `state` has it, contradicts its head file.
    fn conflict(
        &mut self,
        names: &[u64],
        found: HeadFound,
        state: &State,
    ) -> Result<Option<Conflict>, LogError> {
        let head = match found {
            HeadFound::Nothing => return Ok(None),
            HeadFound::Unreadable => return Ok(Some(Conflict::Differs)),
            HeadFound::Head(head) => head,
        };
        if state.log.is_some_and(|log| log != head.log) {
            return Ok(Some(Conflict::Differs));
        }
        if state.newest.is_none_or(|(seq, _)| seq < head.seq) {
            return Ok(Some(Conflict::Below(head.seq)));
        }
        let hash = match state.watched {
            Some((_, Some(hash))) => Some(hash),
            _ => self.find_hash(names, head)?,
        };
        // A record before the log's first one was pruned, and cannot be compared.
        let pruned = names.first().is_none_or(|first| head.seq < *first);
        Ok((hash != Some(head.hash) && !pruned).then_some(Conflict::Differs))
    }

    /// The hash of the head's record, from the segment in which it stands.
    fn find_hash(&mut self, names: &[u64], head: Head) -> Result<Option<RecordHash>, LogError> {
        let at = names.partition_point(|name| *name <= head.seq);
        let Some(&name) = at.checked_sub(1).and_then(|at| names.get(at)) else {
            return Ok(None);
        };
        let mut found = None;
        self.each_record(name, |record, text| {
            if record.seq == head.seq && RecordHash::of_line(text) == record.hash {
                found = Some(record.hash);
            }
            found.is_none()
        })?;
        Ok(found)
    }

    fn set_head_aside(&self, conflict: Conflict, state: &State) -> Result<Damage, LogError> {
        let path = self.options.head.as_deref().unwrap_or(self.storage.place());
        let kept = head::set_aside(path)
            .map_err(|error| LogError::io("keeping the head file", path, error))?;
        Ok(match conflict {
            Conflict::Differs => Damage::HeadDiffers { kept },
            Conflict::Below(head_seq) => Damage::BelowHead {
                head_seq,
                last_seq: state.newest.map(|(seq, _)| seq),
                kept,
            },
        })
    }

    /// The segment to go on in: the last one, where it is whole and has room.
    fn place_to_go_on(
        &mut self,
        state: &State,
        next_seq: u64,
        last: Option<Last<S::Segment>>,
        is_whole: bool,
    ) -> Result<Option<Reopened<S::Segment>>, LogError> {
        let Some(last) = last.filter(|_| is_whole) else {
            return Ok(None);
        };
        // A failed sync is told once; what the system then holds in memory may not be on the disk.
        let synced = state.closed || self.storage.sync(&last.segment).is_ok();
        let begun = state.opened.as_ref().and_then(Opened::at);
        let now = self.options.clock.now();
        let begun = begun.unwrap_or(now);
        let is_young = self
            .options
            .segment_age
            .is_none_or(|age| now.duration_since(begun).is_ok_and(|lived| lived < age));
        let has_room = is_young
            && last.length < self.options.segment_bytes
            && next_seq.saturating_sub(last.first_seq) < self.options.segment_records;
        if synced && has_room && !last.is_sealed && self.is_same_writer(state) {
            return Ok(Some(Reopened {
                segment: last.segment,
                first_seq: last.first_seq,
                length: last.length,
                begun,
                opens: last.opens,
            }));
        }
        // A seal says that all of it is on the disk.
        if synced && !last.is_sealed {
            self.io("sealing a segment of", |at| at.seal(&last.segment))?;
        }
        Ok(None)
    }

    /// Whether the segment's first record says of the writer what it would say now.
    fn is_same_writer(&self, state: &State) -> bool {
        state.opened.as_ref().is_some_and(|opened| {
            opened.service == super::writer::shortened(&self.options.service)
                && opened.instance == super::writer::shortened(&self.options.instance)
                && opened.writer == super::writer::WRITER
        })
    }

    /// Finds the calls that are open, where the last segment had no room to name them all: reads on from a
    /// segment that names all of its own, or from the first one.
    fn find_calls(&mut self, names: &[u64], state: &mut State) -> Result<(), LogError> {
        let mut back = 2;
        while state.misses_calls {
            let from = names.len().saturating_sub(back);
            let mut read = State::default();
            for &name in names.get(from..).unwrap_or_default() {
                self.each_record(name, |record, text| {
                    if RecordHash::of_line(text) == record.hash {
                        read.observe(record, text);
                    }
                    true
                })?;
            }
            state.calls = read.calls;
            state.misses_calls = read.misses_calls && from > 0;
            // Doubled, so that no segment is read more than a few times over.
            back *= 2;
        }
        Ok(())
    }

    /// Finds the records of intent whose number the last segment does not tell.
    fn find_starts(&mut self, names: &[u64], state: &mut State) -> Result<(), LogError> {
        for &name in names.iter().rev() {
            if state.calls.iter().all(|(_, seq)| seq.is_some()) {
                break;
            }
            self.each_record(name, |record, text| {
                if record.kind == "tool_call_started"
                    && let Some(call_id) = state::call_id(text)
                {
                    state.calls.learn(&call_id, record.seq);
                }
                true
            })?;
        }
        Ok(())
    }

    /// Shows each line of a segment that begins like a record, until `visit` has enough.
    fn each_record(
        &mut self,
        name: u64,
        mut visit: impl FnMut(&RecordHead<'_>, &[u8]) -> bool,
    ) -> Result<(), LogError> {
        self.io("reading a segment of", |at| {
            let segment = at.open(name)?;
            let mut lines = LineReader::new(SegmentReader::new(at, &segment));
            while let Some(line) = lines.next_line()? {
                if let Line::Whole(text) = line
                    && let Some(head) = RecordHead::parse(text)
                    && !visit(&head, text)
                {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// How a log contradicts its head file.
#[derive(Debug, Clone, Copy)]
enum Conflict {
    /// It ends before the record of this number.
    Below(u64),
    Differs,
}
