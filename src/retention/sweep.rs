//! Which segments of a log may go.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, Read};

use chrono::{Datelike, NaiveDate};

use super::former;
use super::keep::{Keep, Members};
use super::report::{ExpiredSegment, Pin, Plan};
use super::segments::Segments;
use crate::clock::civil;
use crate::log::frontier::Frontier;
use crate::log::prune::{Prune, Pruned};
use crate::log::read::{Line, LineReader};
use crate::log::record::Previous;
use crate::log::{LogError, LogId, RecordHash, RecordHead};
use crate::query::parse_instant;
use crate::record::Policy;

/// So many pins of a segment are kept.
const MOST_PINS: usize = 100;

/// A segment repeats no more records of the one before than a batch holds.
const MOST_REPEATED: usize = 8192;

/// What was found of a log.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) log: Option<LogId>,
    pub(super) plan: Plan,
    /// The segments that go, and their bytes.
    pub(super) segments: Vec<u64>,
    pub(super) bytes: u64,
    pub(super) kept: Vec<ExpiredSegment>,
    /// A former prune did not remove all that it tells of.
    pub(super) unfinished: bool,
}

/// By what a log is swept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) keep: &'a Keep,
    pub(super) policy: Option<&'a Policy>,
    /// Today, in days since 1970.
    pub(super) today: i64,
}

/// Finds the expired segments at the log's beginning, and what of them must stay.
pub(super) fn sweep(log: &mut impl Segments, rules: Rules<'_>) -> Result<Swept, LogError> {
    let names = log.names()?;
    let Some((&first, _)) = names.split_first() else {
        return Ok(Swept::default());
    };
    // Most often nothing has expired, and the first record tells.
    if names.len() < 2 || !begins_expired(log, first, rules)? {
        return Ok(Swept::default());
    }
    let former = former::newest(log, &names)?;
    if let Some(pruned) = &former
        && pruned.through_seq >= first
    {
        return finish(log, &names, pruned, rules.keep);
    }
    let former = former.filter(|pruned| pruned.through_seq + 1 == first);
    let greatest = former
        .as_ref()
        .and_then(|pruned| parse_instant(&pruned.last_timestamp));
    let (link, frontier) = match &former {
        Some(pruned) => (
            Some(Previous::Hash(pruned.through_hash)),
            pruned.frontier.clone(),
        ),
        None if first == 0 => (Some(Previous::Genesis), Some(Frontier::default())),
        None => (None, None),
    };
    let mut sweep = Sweep {
        rules,
        log: None,
        next: first,
        link,
        recent: VecDeque::new(),
        greatest: greatest.unwrap_or(i64::MIN),
        latest: i64::MIN,
        frontier,
        first_timestamp: String::new(),
        through: None,
        starts: HashMap::new(),
        tail: Vec::new(),
        done: Vec::new(),
    };
    let mut read = 0;
    for pair in names.windows(2) {
        let (name, next) = (pair[0], pair[1]);
        let mut end = End::Unexpired;
        log.read(name, &mut |reader| {
            end = sweep.segment(name, next, reader)?;
            Ok(())
        })?;
        match end {
            End::Expired => {
                read += 1;
                if !sweep.tail_is_repeated(log, next)? {
                    break;
                }
            }
            End::Damaged | End::Unexpired => break,
        }
    }
    sweep.find_ends(log, names.get(read..).unwrap_or_default())?;
    Ok(sweep.finish(log))
}

/// What is to be done where a former prune was not finished: what is held since stays, and all behind it.
fn finish(
    log: &mut impl Segments,
    names: &[u64],
    pruned: &Pruned,
    keep: &Keep,
) -> Result<Swept, LogError> {
    let mut swept = Swept {
        unfinished: true,
        ..Swept::default()
    };
    for &name in names.iter().take_while(|name| **name <= pruned.through_seq) {
        let mut pins = BTreeSet::new();
        log.read(name, &mut |reader| {
            pins = keep.holds_of(reader)?;
            Ok(())
        })?;
        if let Some(first) = swept.kept.first() {
            let first_seq = first.first_seq;
            pins.insert(Pin::Behind { first_seq });
        }
        if pins.is_empty() {
            swept.bytes += log.length(name);
            swept.segments.push(name);
        } else {
            swept.kept.push(ExpiredSegment {
                first_seq: name,
                pins: pins.into_iter().collect(),
            });
        }
    }
    if !swept.segments.is_empty() {
        let held = swept.kept.first().map(|segment| segment.first_seq);
        let kept = held.unwrap_or(pruned.through_seq + 1);
        swept.plan = Plan::Finish(pruned.clone(), kept);
    }
    Ok(swept)
}

fn begins_expired(log: &mut impl Segments, first: u64, rules: Rules<'_>) -> Result<bool, LogError> {
    let mut expired = true;
    log.read(first, &mut |reader| {
        // What cannot be read is looked at more closely by the sweep.
        if let Some(Line::Whole(line)) = LineReader::new(reader).next_line()?
            && let Some((members, at)) = Members::read(line)
        {
            expired = rules
                .until(&members, at, at)
                .is_some_and(|until| until < rules.today);
        }
        Ok(())
    })?;
    Ok(expired)
}

impl Rules<'_> {
    /// The last day on which a record made at `at` is kept, counted from `greatest`; none for ever.
    fn until(&self, members: &Members<'_>, at: i64, greatest: i64) -> Option<i64> {
        let date: NaiveDate = members.retain_until.as_deref()?.parse().ok()?;
        let until = i64::from(date.num_days_from_ce()) - DAY_0;
        let (day, from) = (civil::days(at), civil::days(greatest));
        let own = until + (from - day);
        let class = members
            .retention_class
            .as_deref()
            .and_then(|name| self.policy?.class_named(name));
        match class {
            None => Some(own),
            Some(class) => class.period().until_day(from).map(|until| until.max(own)),
        }
    }
}

/// 1970-01-01 in days of the common era.
const DAY_0: i64 = 719_163;

/// How a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Expired,
    /// It holds a record that is kept still.
    Unexpired,
    Damaged,
}

/// A segment of which every record has expired.
struct Done {
    name: u64,
    pins: BTreeSet<Pin>,
    /// What a prune up to the next segment would say.
    prune: Option<Prune>,
}

struct Sweep<'a> {
    rules: Rules<'a>,
    log: Option<LogId>,
    next: u64,
    /// What the next record's `_previous_hash` must say; none where nothing accounts for the log's start.
    link: Option<Previous>,
    /// The last records, which the next segment may repeat.
    recent: VecDeque<(u64, RecordHash)>,
    /// The greatest timestamp until now, in microseconds.
    greatest: i64,
    /// The latest day on which a record until now was kept.
    latest: i64,
    frontier: Option<Frontier>,
    first_timestamp: String,
    /// The last record before the next segment.
    through: Option<(RecordHash, String)>,
    /// Calls that were started and not ended: the segment among those done, and the record.
    starts: HashMap<String, (usize, u64)>,
    /// Bytes behind the last segment's last line feed.
    tail: Vec<u8>,
    done: Vec<Done>,
}

impl Sweep<'_> {
    fn segment(&mut self, name: u64, next: u64, reader: &mut dyn Read) -> io::Result<End> {
        let mut pins = BTreeSet::new();
        let mut lines = LineReader::new(reader);
        self.through = None;
        let mut is_first = true;
        let mut damaged = None;
        let mut tail = Vec::new();
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_line()? else {
                break;
            };
            let line = match line {
                Line::Whole(line) => line,
                Line::Unfinished(line) => {
                    tail = line.to_vec();
                    break;
                }
                Line::TooLong => {
                    damaged = Some(number);
                    break;
                }
            };
            match self.line(line, next, is_first.then_some(name), &mut pins) {
                End::Expired => is_first = false,
                End::Unexpired => return Ok(End::Unexpired),
                End::Damaged => {
                    damaged = Some(number);
                    break;
                }
            }
        }
        if damaged.is_none() && self.through.is_none() {
            damaged = Some(1);
        }
        self.tail = tail;
        if let Some(line) = damaged {
            pins.insert(Pin::Damaged { line });
            self.done.push(Done {
                name,
                pins,
                prune: None,
            });
            return Ok(End::Damaged);
        }
        let prune = self
            .through
            .take()
            .map(|(through_hash, last_timestamp)| Prune {
                first_seq: 0,
                through_seq: next - 1,
                through_hash,
                first_timestamp: self.first_timestamp.clone(),
                last_timestamp,
                latest_retain_until: self.latest,
                frontier: self.frontier.clone(),
            });
        self.done.push(Done { name, pins, prune });
        Ok(End::Expired)
    }

    /// Takes in a line; `first_of` names the segment that it begins.
    fn line(
        &mut self,
        line: &[u8],
        next: u64,
        first_of: Option<u64>,
        pins: &mut BTreeSet<Pin>,
    ) -> End {
        let Some(head) = RecordHead::parse(line) else {
            return End::Damaged;
        };
        let is_sound = head.hash == RecordHash::of_line(line)
            && self.log.is_none_or(|log| log == head.log)
            && first_of.is_none_or(|name| name == head.seq);
        let is_repeated = head.seq < self.next;
        let follows = if is_repeated {
            self.recent.contains(&(head.seq, head.hash))
        } else {
            head.seq == self.next && self.link == Some(head.previous)
        };
        let Some((members, at)) = Members::read(line).filter(|_| is_sound && follows) else {
            return End::Damaged;
        };
        self.greatest = self.greatest.max(at);
        let until = self.rules.until(&members, at, self.greatest);
        let Some(until) = until.filter(|until| *until < self.rules.today) else {
            return End::Unexpired;
        };
        self.latest = self.latest.max(until);
        if self.first_timestamp.is_empty() {
            self.first_timestamp = members.timestamp.clone().into_owned();
        }
        if let Some(frontier) = &mut self.frontier
            && frontier.size() == head.seq
            && head.seq < next
        {
            frontier.push(head.hash);
        }
        if head.seq + 1 == next {
            self.through = Some((head.hash, members.timestamp.clone().into_owned()));
        }
        if let Some(call_id) = &members.call_id {
            match head.kind {
                "tool_call_started" => {
                    let place = (self.done.len(), head.seq);
                    self.starts.entry(call_id.clone()).or_insert(place);
                }
                "tool_call" => {
                    self.starts.remove(call_id);
                }
                _ => {}
            }
        }
        self.rules.keep.pins(&head, members, at, |pin| {
            let is_known = |other: &Pin| match (other, &pin) {
                (Pin::Hold { hold_id, .. }, Pin::Hold { hold_id: new, .. }) => hold_id == new,
                _ => false,
            };
            if pins.len() < MOST_PINS && !pins.iter().any(is_known) {
                pins.insert(pin);
            }
        });
        if !is_repeated {
            self.log = Some(head.log);
            self.next = head.seq + 1;
            self.link = Some(Previous::Hash(head.hash));
            if self.recent.len() == MOST_REPEATED {
                self.recent.pop_front();
            }
            self.recent.push_back((head.seq, head.hash));
        }
        End::Expired
    }

    /// Whether the next segment repeats what stands behind the last line feed of the one that was read; else that is damaged.
    fn tail_is_repeated(&mut self, log: &mut impl Segments, next: u64) -> Result<bool, LogError> {
        let tail = std::mem::take(&mut self.tail);
        let mut repeated = tail.is_empty();
        if !repeated {
            log.read(next, &mut |reader| {
                let mut lines = LineReader::new(reader);
                while let Some(Line::Whole(line)) = lines.next_line()? {
                    if RecordHead::parse(line).is_none_or(|head| head.seq >= self.next) {
                        repeated = line.starts_with(&tail);
                        break;
                    }
                }
                Ok(())
            })?;
        }
        if let Some(done) = self.done.last_mut().filter(|_| !repeated) {
            done.pins.insert(Pin::Damaged { line: 0 });
        }
        Ok(repeated)
    }

    /// Finds the ends of the calls that were started in what has expired, where later segments tell.
    fn find_ends(&mut self, log: &mut impl Segments, names: &[u64]) -> Result<(), LogError> {
        let keep = self.rules.keep;
        self.starts.retain(|call_id, _| !keep.is_reviewed(call_id));
        let mut unknown = BTreeSet::new();
        for &name in names {
            if self.starts.len() == unknown.len() {
                break;
            }
            let starts = &mut self.starts;
            log.read(name, &mut |reader| {
                let mut lines = LineReader::new(reader);
                while let Some(line) = lines.next_line()? {
                    let Line::Whole(line) = line else { continue };
                    let kind = RecordHead::parse(line).map(|head| head.kind);
                    let Some(kind @ ("tool_call" | "outcome_unknown")) = kind else {
                        continue;
                    };
                    let Some(call_id) =
                        Members::read(line).and_then(|(members, _)| members.call_id)
                    else {
                        continue;
                    };
                    if kind == "tool_call" {
                        starts.remove(&call_id);
                        unknown.remove(&call_id);
                    } else if starts.contains_key(&call_id) {
                        unknown.insert(call_id);
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn finish(mut self, log: &mut impl Segments) -> Swept {
        for (call_id, (segment, seq)) in std::mem::take(&mut self.starts) {
            if let Some(done) = self.done.get_mut(segment)
                && done.pins.len() < MOST_PINS
            {
                done.pins.insert(Pin::UnknownOutcome { call_id, seq });
            }
        }
        let mut swept = Swept {
            log: self.log,
            ..Swept::default()
        };
        let first_seq = self.done.first().map_or(0, |done| done.name);
        let mut blocked_by = None;
        for done in self.done {
            let pins = match blocked_by {
                None if done.pins.is_empty() => {
                    swept.bytes += log.length(done.name);
                    swept.segments.push(done.name);
                    swept.plan = done.prune.map_or(Plan::Nothing, |prune| {
                        Plan::Prune(Prune { first_seq, ..prune })
                    });
                    continue;
                }
                None => {
                    blocked_by = Some(done.name);
                    done.pins
                }
                Some(first_seq) => {
                    let mut pins = done.pins;
                    pins.insert(Pin::Behind { first_seq });
                    pins
                }
            };
            swept.kept.push(ExpiredSegment {
                first_seq: done.name,
                pins: pins.into_iter().collect(),
            });
        }
        swept
    }
}
