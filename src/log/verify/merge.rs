//! Puts the chunks of a log together in their order.

use std::collections::HashSet;
use std::path::Path;

use super::chain::{Chain, Link};
use super::chunk::{ChunkSummary, FirstRecord, NO_END, Rules};
use super::facts::{CallEvent, Prune};
use super::fault::{Fault, FaultKind, Place, Warning, WarningKind};
use super::head_text::PreviousText;
use super::plan::{Interruption, Plan, PlannedSegment};
use super::report::LogReport;
use super::start;
use crate::log::RecordHash;

/// How much earlier than the greatest end so far a record may end, in microseconds: clocks are adjusted.
const TOLERATED_REGRESSION: i64 = 1_000_000;

/// How many open calls are followed; a log with more at one time is not told their number.
const MOST_OPEN_CALLS: usize = 1 << 20;

/// How many `segments_pruned` records are kept that may explain the log's start.
const MOST_PRUNES: usize = 256;

/// A log's state between two chunks.
#[derive(Debug)]
pub(super) struct Merge<'a> {
    plan: &'a Plan,
    rules: &'a Rules,
    report: LogReport,
    /// How many segments were begun, and the lines of the last one so far.
    begun: usize,
    lines: u64,
    chain: Chain,
    /// The first record's `_previous_hash`, where the log begins behind `_seq` 0.
    start_link: Option<[u8; 64]>,
    greatest_end: i64,
    regressed: u64,
    first_regressed: Option<Place>,
    open_calls: Option<HashSet<u64>>,
    replayed: u64,
    first_replayed: Option<Place>,
    /// Records of prunes that go as far as the log's first record, with the place of each.
    prunes: Vec<(Place, Prune)>,
    newer_format: Option<u64>,
    head_found: Option<(Place, bool)>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(folder: &Path, plan: &'a Plan, rules: &'a Rules) -> Self {
        let next = plan.segments.first().map_or(0, |first| first.first_seq);
        let mut report = LogReport::new(folder, plan.log);
        report.segments = plan.segments.len() as u64;
        report.unfinished_bytes = plan.unfinished;
        let bytes = |segment: &PlannedSegment| segment.end - segment.start;
        report.bytes = plan.segments.iter().map(bytes).sum();
        Self {
            plan,
            rules,
            report,
            begun: 0,
            lines: 0,
            chain: Chain {
                next,
                link: Link::Start,
            },
            start_link: None,
            greatest_end: NO_END,
            regressed: 0,
            first_regressed: None,
            open_calls: rules.byte_rule.then(HashSet::new),
            replayed: 0,
            first_replayed: None,
            prunes: Vec::new(),
            newer_format: None,
            head_found: None,
        }
    }

    /// A format number that this crate does not know, from a sound record.
    pub(super) fn newer_format(&self) -> Option<u64> {
        self.newer_format
    }

    /// Whether a prune, or who cut out an excerpt, accounts for where the log begins.
    pub(super) fn start_is_explained(&self) -> Result<bool, Interruption> {
        match self.plan.segments.first() {
            Some(first) if self.is_excerpt_from(first.first_seq) => Ok(true),
            Some(first) => {
                start::is_explained(self.plan, first.first_seq, self.start_link, &self.prunes)
            }
            None => Ok(true),
        }
    }

    fn is_excerpt_from(&self, first_seq: u64) -> bool {
        self.rules.start.is_some_and(|(seq, hash)| {
            seq.checked_add(1) == Some(first_seq) && self.start_link == Some(hash)
        })
    }

    fn fault(&mut self, kind: FaultKind, place: Place, detail: String) {
        let fault = Fault {
            kind,
            place: Some(place),
            detail,
        };
        self.report.add_fault(fault, self.rules.most_faults);
    }

    /// Takes the next chunk, of the segment with this index.
    pub(super) fn take(&mut self, index: usize, chunk: ChunkSummary) {
        self.begin_through(index);
        let Some(segment) = self.plan.segments.get(index) else {
            return;
        };
        let place = |line: u64, seq: Option<u64>, before: u64| Place {
            segment: segment.name.clone(),
            line: before + line + 1,
            seq,
        };
        let before = self.lines;
        self.chain.pass_unreadable(chunk.unreadable_before);
        if let Some(first) = &chunk.first {
            self.link(place(first.line, Some(first.seq), before), first);
        }
        for fault in chunk.faults {
            let place = place(fault.line, fault.seq, before);
            self.report.add_detail(
                Fault {
                    kind: fault.kind,
                    place: Some(place),
                    detail: fault.detail,
                },
                self.rules.most_faults,
            );
        }
        self.report.add_counts(&chunk.counts);
        if let Some(chain) = chunk.chain {
            self.chain = chain;
        }
        if let Some((seq, hash)) = chunk.last {
            self.report.last_seq = Some(seq);
            self.report.last_hash = RecordHash::from_hex(&hash);
        }
        let facts = chunk.facts;
        let report = &mut self.report;
        report.records += chunk.lines;
        report.lost_entries = report.lost_entries.saturating_add(facts.lost_entries);
        report.unknown_outcomes += facts.unknown_outcomes;
        report.unknown_kinds += facts.unknown_kinds;
        report.damage_acknowledged += facts.damage_acknowledged;
        self.newer_format = self.newer_format.max(facts.newer_format);
        self.replayed += facts.replayed;
        if let (None, Some((line, seq))) = (&self.first_replayed, facts.first_replayed) {
            self.first_replayed = Some(place(line, Some(seq), before));
        }
        for prune in facts.prunes {
            self.take_prune(place(prune.line, Some(prune.seq), before), prune);
        }
        self.follow_calls(&facts.calls);
        self.follow_time(&chunk.ends, |line| place(line, None, before));
        if let Some((line, same)) = chunk.at_head
            && (same || self.head_found.is_none())
        {
            let seq = self.rules.head.map(|(seq, _)| seq);
            self.head_found = Some((place(line, seq, before), same));
        }
        self.lines += chunk.lines;
    }

    /// Goes on to the segment with this index, and reports what the plan found of those on the way.
    fn begin_through(&mut self, index: usize) {
        while self.begun <= index {
            self.end_segment();
            let Some(segment) = self.plan.segments.get(self.begun) else {
                return;
            };
            self.begun += 1;
            self.lines = segment.superseded;
            self.begin(segment);
        }
    }

    fn begin(&mut self, segment: &PlannedSegment) {
        let place = |line| Place {
            segment: segment.name.clone(),
            line,
            seq: None,
        };
        self.report.superseded += segment.superseded;
        if let Some(expected) = segment.missing_from {
            let last = segment.first_seq.saturating_sub(1);
            let detail = format!("_seq {expected} to {last} are missing before this segment");
            self.fault(FaultKind::MissingSegment, place(1), detail);
            self.chain = Chain {
                next: segment.first_seq,
                link: Link::Unknown,
            };
        }
        if let Some(line) = segment.differs_at {
            let detail = "the record repeats a _seq with other bytes".to_owned();
            self.fault(FaultKind::SupersededDiffers, place(line), detail);
        }
    }

    fn end_segment(&mut self) {
        let ended = self.begun.checked_sub(1);
        let Some(segment) = ended.and_then(|index| self.plan.segments.get(index)) else {
            return;
        };
        if segment.torn > 0 {
            let place = Place {
                segment: segment.name.clone(),
                line: self.lines + 1,
                seq: None,
            };
            let detail = format!(
                "{} bytes stand behind the last line feed, at byte {}, and no writer holds the log",
                segment.torn, segment.end
            );
            self.fault(FaultKind::TornTail, place, detail);
        }
    }

    /// Links a chunk's first record to what is before it.
    fn link(&mut self, place: Place, first: &FirstRecord) {
        let previous = match &first.previous {
            None => PreviousText::Genesis,
            Some(hash) => PreviousText::Hash(hash),
        };
        self.report.first_seq.get_or_insert(first.seq);
        if let Some((kind, detail)) = self.chain.judge(first.seq, previous) {
            self.fault(kind, place, detail);
        } else if matches!(self.chain.link, Link::Start) {
            if first.seq > 0 {
                self.start_link = first.previous;
            } else if first.previous.is_some() || !first.created {
                let detail =
                    r#"it must be a log_created, with _previous_hash "genesis""#.to_owned();
                self.fault(FaultKind::BadGenesis, place, detail);
            }
        }
    }

    fn take_prune(&mut self, place: Place, prune: Prune) {
        if prune.early {
            let detail =
                "latest_retain_until was not over when the segments were pruned".to_owned();
            self.fault(FaultKind::EarlyPrune, place.clone(), detail);
        }
        let first_seq = self
            .plan
            .segments
            .first()
            .map_or(0, |first| first.first_seq);
        if prune.through_seq.saturating_add(1) >= first_seq && self.prunes.len() < MOST_PRUNES {
            self.prunes.push((place, prune));
        }
    }

    fn follow_calls(&mut self, calls: &[CallEvent]) {
        let Some(open) = &mut self.open_calls else {
            return;
        };
        for call in calls {
            match call {
                CallEvent::Started(id) => {
                    open.insert(*id);
                }
                CallEvent::Ended(id) if !open.is_empty() => {
                    open.remove(id);
                }
                CallEvent::Ended(_) => {}
            }
        }
        if open.len() > MOST_OPEN_CALLS {
            self.open_calls = None;
        }
    }

    fn follow_time(&mut self, ends: &[i64], place: impl Fn(u64) -> Place) {
        for (line, end) in ends.iter().enumerate() {
            if *end == NO_END {
                continue;
            }
            if end.saturating_add(TOLERATED_REGRESSION) < self.greatest_end {
                self.regressed += 1;
                if self.first_regressed.is_none() {
                    self.first_regressed = Some(place(line as u64));
                }
            }
            self.greatest_end = self.greatest_end.max(*end);
        }
    }

    /// Ends the log when every chunk is in. `explained` tells whether a prune accounts for the log's start.
    pub(super) fn finish(mut self, explained: bool) -> LogReport {
        self.begin_through(self.plan.segments.len());
        if !explained && let Some(first) = self.plan.segments.first() {
            let place = Place {
                segment: first.name.clone(),
                line: 1,
                seq: self.report.first_seq,
            };
            let detail = format!(
                "the log begins at _seq {}, and no segments_pruned record accounts for it",
                first.first_seq
            );
            self.fault(FaultKind::UnexplainedStart, place, detail);
        }
        self.compare_head();
        self.warn();
        self.report.open_calls = self.open_calls.map(|open| open.len() as u64);
        self.report.finish();
        self.report
    }

    fn compare_head(&mut self) {
        let Some((seq, hash)) = self.rules.head else {
            return;
        };
        let first = self
            .plan
            .segments
            .first()
            .map_or(0, |first| first.first_seq);
        let last = self.report.last_seq;
        let newer = last.map_or(0, |last| last.saturating_sub(seq));
        let hash = String::from_utf8_lossy(&hash);
        match self.head_found.take() {
            Some((_, true)) => self.report.set_uncovered(newer),
            Some((place, false)) => {
                let detail = format!("the head has _hash {hash} at this _seq");
                self.fault(FaultKind::BelowHead, place, detail);
            }
            // What the head names has been pruned; the log's start is judged by itself.
            None if seq < first => self.report.head_pruned = true,
            None => {
                let (segment, line) = match self.plan.segments.last() {
                    Some(segment) => (segment.name.clone(), self.lines.max(1)),
                    None => (crate::log::segment::name(0), 1),
                };
                let detail = match last {
                    Some(last) if last >= seq => format!("no record has the head's _seq {seq}"),
                    Some(last) => format!("the log ends at _seq {last}, the head is at {seq}"),
                    None => format!("the log has no record, the head is at {seq}"),
                };
                let place = Place {
                    segment,
                    line,
                    seq: last,
                };
                self.fault(FaultKind::BelowHead, place, detail);
            }
        }
    }

    fn warn(&mut self) {
        if self.regressed > 0 {
            self.report.warnings.push(Warning {
                kind: WarningKind::TimeRegressed,
                count: self.regressed,
                place: self.first_regressed.take(),
                detail: format!(
                    "{} records ended more than a second before one that stands in front of them",
                    self.regressed
                ),
            });
        }
        let first_seq = self
            .plan
            .segments
            .first()
            .map_or(0, |first| first.first_seq);
        let unfinished = |(_, prune): &&(Place, Prune)| prune.through_seq >= first_seq;
        let count = self.prunes.iter().filter(unfinished).count() as u64;
        if let Some((place, prune)) = self.prunes.iter().find(unfinished) {
            self.report.warnings.push(Warning {
                kind: WarningKind::PruneUnfinished,
                count,
                place: Some(place.clone()),
                detail: format!(
                    "segments up to _seq {} are to go and still stand; the writer removes them when it opens the log",
                    prune.through_seq
                ),
            });
        }
        if self.replayed > 0 {
            self.report.warnings.push(Warning {
                kind: WarningKind::Replayed,
                count: self.replayed,
                place: self.first_replayed.take(),
                detail: "the calls were replayed from a file, not recorded as they happened"
                    .to_owned(),
            });
        }
    }
}
