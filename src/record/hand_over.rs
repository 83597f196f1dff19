//! Putting an entry together and giving it to the sink.

use super::assemble::{self, Facts};
use super::echoes;
use super::entry_class::class_of;
use super::open::Open;
use super::pieces::Member;
use super::recorder::Recorder;
use super::stats::add;
use super::too_long::{drop_member, keep_few_subjects};
use crate::call::Outcome;
use crate::log::record::MAX_RECORD;
use crate::sink::{AuditSink, EntryHead, EntryKind, SanitizedEntry, Ticket};

/// What a log puts before an entry's own members: hashes, log, number.
const HEAD_ROOM: usize = 512;

/// Puts the entry together and gives it to the sink. Runs in `Drop` too, so nothing here may unwind.
pub(super) fn record(
    recorder: &Recorder,
    open: &mut Open,
    kind: EntryKind,
    end: Option<(Outcome, u64)>,
) -> Ticket {
    let inner = recorder.inner();
    let own = open.sanitizer.clone();
    echoes::remove(open, own.as_ref().unwrap_or(&inner.sanitizer));
    let (class, until) = class_of(open, &inner.policy);
    let facts = Facts {
        kind,
        prefix: &inner.prefix,
        class,
        until,
        end,
    };
    let mut line = std::mem::take(&mut open.line);
    let given = recorder.ask(|sink| {
        let tool_name = open.tool_name();
        let head = head(open, &tool_name, &facts);
        if !sink.interested(&head) {
            return Ticket::DONE;
        }
        assemble::assemble(&mut line, open, &facts);
        if line.len() + HEAD_ROOM <= MAX_RECORD {
            sink.record(&SanitizedEntry::new(head, &line))
        } else {
            record_shortened(sink, &mut line, open, &facts)
        }
    });
    open.line = line;
    let ticket = given.clone().unwrap_or(Ticket::LOST);
    if end.is_some() {
        match given {
            Some(ticket) if !ticket.is_lost() => add(&inner.counters.recorded, 1),
            Some(_) => {
                let reason = recorder.unavailable(open.is_emergency);
                recorder.lost(reason.unwrap_or("entry not taken"));
            }
            None => recorder.lost("sink panicked"),
        }
    }
    ticket
}

/// Leaves parts out of an entry that is still too long. The limits of the parts make this rare.
#[cold]
fn record_shortened(
    sink: &dyn AuditSink,
    line: &mut Vec<u8>,
    open: &mut Open,
    facts: &Facts<'_>,
) -> Ticket {
    let fits = |line: &mut Vec<u8>, open: &Open| {
        assemble::assemble(line, open, facts);
        line.len() + HEAD_ROOM <= MAX_RECORD
    };
    keep_few_subjects(open);
    if !fits(line, open) {
        for member in [Member::Arguments, Member::SessionMetadata, Member::Subjects] {
            drop_member(open, member);
            if fits(line, open) {
                break;
            }
        }
    }
    let tool_name = open.tool_name();
    sink.record(&SanitizedEntry::new(head(open, &tool_name, facts), line))
}

fn head<'a>(open: &'a Open, tool_name: &'a str, facts: &Facts<'a>) -> EntryHead<'a> {
    EntryHead {
        kind: facts.kind,
        tool_name,
        retention_class: facts.class.text,
        call_id: &open.call_id,
        outcome: facts.end.map(|(outcome, _)| outcome),
        durability: open.durability,
        emergency: open.is_emergency,
    }
}
