use std::iter::Peekable;
use std::slice;

use super::limits;
use super::open::{Open, Span};
use crate::call::{Outcome, UNKNOWN};
use crate::canonical;
use crate::clock::civil;
use crate::sink::EntryKind;

/// What is known only when the entry is put together.
pub(super) struct Facts<'a> {
    pub(super) kind: EntryKind,
    /// The recorder's part of every `call_id`.
    pub(super) prefix: &'a str,
    pub(super) class: &'a str,
    /// The last day on which the record is kept, in days since 1970; none for ever.
    pub(super) until: Option<i64>,
    /// The end, and how long the call took in microseconds; none in a record of intent.
    pub(super) end: Option<(Outcome, u64)>,
}

/// A member's name with all that stands about it, so that it is written in one go.
#[derive(Clone, Copy)]
struct Name(&'static str);

impl Name {
    /// The name itself.
    fn text(self) -> &'static str {
        &self.0[2..self.0.len() - 2]
    }
}

/// The name of a member of our own, which needs no escape.
macro_rules! name {
    ($name:literal) => {
        Name(concat!(",\"", $name, "\":"))
    };
}

/// Writes members in the order of their names, with the commas between them.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    #[inline(always)]
    fn name(&mut self, name: Name) -> &mut Vec<u8> {
        let first = usize::from(std::mem::take(&mut self.empty));
        self.out.extend_from_slice(&name.0.as_bytes()[first..]);
        self.out
    }

    #[inline(always)]
    fn json(&mut self, name: Name, json: &[u8]) {
        if !json.is_empty() {
            self.name(name).extend_from_slice(json);
        }
    }

    /// `text` needs no escape.
    #[inline(always)]
    fn word(&mut self, name: Name, text: &str) {
        let out = self.name(name);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }

    fn boolean(&mut self, name: Name, value: bool) {
        self.name(name)
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn number(&mut self, name: Name, value: u64) {
        canonical::write_u64(self.name(name), value);
    }

    fn list<'s>(&mut self, name: Name, items: impl Iterator<Item = &'s [u8]>) {
        let out = self.name(name);
        out.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        out.push(b']');
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

/// Puts the entry together in `line`, as FORMAT section 5 orders its members.
pub(super) fn assemble(line: &mut Vec<u8>, open: &Open, facts: &Facts<'_>) {
    line.clear();
    let bytes = open.bytes.as_slice();
    let pieces = &open.pieces;
    let user_id = or_unknown(pieces.user_id, bytes);
    let user_role = pieces.user_role.of(bytes);
    let tool_name = or_unknown(pieces.tool_name, bytes);
    let model = or_unknown(pieces.model, bytes);
    let trigger = open.trigger.as_str();

    let mut entry = Object::new(line);
    entry.word(name!("_kind"), facts.kind.as_str());
    let arguments = pieces.arguments.of(bytes);
    entry.json(
        name!("arguments"),
        if arguments.is_empty() {
            b"{}"
        } else {
            arguments
        },
    );

    entry.name(name!("attribution"));
    let mut attribution = Object::new(entry.out);
    attribution.json(name!("approved_by"), pieces.approved_by.of(bytes));
    attribution.json(name!("initiator"), user_id);
    attribution.json(name!("initiator_role"), user_role);
    attribution.json(name!("model"), model);
    attribution.json(name!("rule"), pieces.rule.of(bytes));
    attribution.json(name!("tool_name"), tool_name);
    attribution.word(name!("trigger"), trigger);
    if !open.verified.is_empty() || !open.found[0].is_empty() {
        write_verified(attribution.name(name!("verified")), open);
    }
    let via = pieces.via.of(bytes);
    if !via.is_empty() {
        attribution.list(name!("via"), std::iter::once(via));
    }
    if pieces.via_cut {
        attribution.boolean(name!("via_cut"), true);
    }
    attribution.end();

    entry.word(name!("call_id"), &open.call_id);
    entry.word(name!("call_trigger"), trigger);
    write_link(
        &mut entry,
        name!("continues"),
        pieces.continues.of(bytes),
        open.inferred_continues,
        facts,
    );
    entry.json(
        name!("conversation_id"),
        or_unknown(pieces.conversation_id, bytes),
    );
    if let Some((_, micros)) = facts.end {
        write_millis(entry.name(name!("duration_ms")), micros);
    }
    entry.json(name!("emergency"), pieces.emergency.of(bytes));
    entry.json(name!("model"), model);
    if let Some((outcome, _)) = facts.end {
        entry.word(name!("outcome"), outcome.as_str());
    }
    let purpose = pieces.purpose.of(bytes);
    if purpose.is_empty() && !open.subjects.is_empty() {
        entry.word(name!("purpose"), "unspecified");
    } else {
        entry.json(name!("purpose"), purpose);
    }
    entry.number(name!("redactions"), u64::from(open.redactions));
    if let Some((outcome, _)) = facts.end {
        entry.json(name!("result"), pieces.result.of(bytes));
        entry.name(name!("result_summary"));
        write_summary(entry.out, open, outcome);
    }
    if let Some(until) = facts.until {
        let out = entry.name(name!("retain_until"));
        out.push(b'"');
        civil::write_date(out, until);
        out.push(b'"');
    }
    canonical::write_string(entry.name(name!("retention_class")), facts.class);
    write_link(
        &mut entry,
        name!("retry_of"),
        pieces.retry_of.of(bytes),
        open.inferred_retry_of,
        facts,
    );
    entry.json(name!("server"), pieces.server.of(bytes));
    entry.name(name!("session_metadata"));
    write_metadata(entry.out, open);
    let mut shortened = open.shortened().peekable();
    if shortened.peek().is_some() {
        let out = entry.name(name!("shortened"));
        let mut separator = b'[';
        for name in shortened {
            out.push(separator);
            separator = b',';
            canonical::write_string(out, name);
        }
        out.push(b']');
    }
    entry.json(name!("span_id"), pieces.span_id.of(bytes));
    if !open.subjects.is_empty() {
        entry.list(
            name!("subjects"),
            open.subjects.iter().map(|subject| subject.of(bytes)),
        );
    }
    if open.subjects_cut {
        entry.boolean(name!("subjects_truncated"), true);
    }
    if let Some((outcome, _)) = facts.end {
        entry.boolean(name!("success"), outcome.is_success());
    }
    let out = entry.name(name!("timestamp"));
    out.push(b'"');
    civil::write_instant(out, open.started_micros);
    out.push(b'"');
    entry.json(name!("tool_call_id"), pieces.tool_call_id.of(bytes));
    entry.json(name!("tool_name"), tool_name);
    entry.json(name!("trace_id"), pieces.trace_id.of(bytes));
    entry.word(name!("trigger_basis"), open.basis.as_str());
    entry.number(name!("turn_number"), open.turn_number);
    entry.json(name!("user_id"), user_id);
    entry.end();
}

pub(super) const UNKNOWN_JSON: &[u8] = b"\"unknown\"";

fn or_unknown(span: Span, bytes: &[u8]) -> &[u8] {
    debug_assert_eq!(&UNKNOWN_JSON[1..8], UNKNOWN.as_bytes());
    if span.is_empty() {
        UNKNOWN_JSON
    } else {
        span.of(bytes)
    }
}

pub(super) fn write_call_id(out: &mut String, prefix: &str, number: u64) {
    out.push_str(prefix);
    out.push('-');
    // By hand: every call has an id, and the formatting machinery takes five times as long.
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

fn write_link(
    entry: &mut Object<'_>,
    name: Name,
    declared: &[u8],
    inferred: Option<u64>,
    facts: &Facts<'_>,
) {
    if !declared.is_empty() {
        entry.json(name, declared);
    } else if let Some(number) = inferred {
        let out = entry.name(name);
        out.push(b'"');
        out.extend_from_slice(facts.prefix.as_bytes());
        out.push(b'-');
        canonical::write_u64(out, number);
        out.push(b'"');
    }
}

/// Milliseconds with at most three decimals, in the form of RFC 8785.
fn write_millis(out: &mut Vec<u8>, micros: u64) {
    canonical::write_u64(out, micros / 1000);
    let mut fraction = micros % 1000;
    if fraction == 0 {
        return;
    }
    let mut digits = 3;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    out.push(b'.');
    let mut divisor = 10_u64.pow(digits - 1);
    while divisor > 0 {
        out.push(b'0' + (fraction / divisor % 10) as u8);
        divisor /= 10;
    }
}

fn write_verified(out: &mut Vec<u8>, open: &Open) {
    let mut separator = b'[';
    for name in open.found.iter().filter(|name| !name.is_empty()) {
        out.push(separator);
        separator = b',';
        canonical::write_string(out, name);
    }
    for name in &open.verified {
        out.push(separator);
        separator = b',';
        out.extend_from_slice(name.of(&open.bytes));
    }
    out.push(b']');
}

/// Members whose names came from outside, to be written between an object's own in the order of all names.
struct Foreign<'a> {
    open: &'a Open,
    members: Peekable<slice::Iter<'a, (Span, Span)>>,
}

impl<'a> Foreign<'a> {
    fn new(open: &'a Open, members: &'a [(Span, Span)]) -> Self {
        Self {
            open,
            members: members.iter().peekable(),
        }
    }

    /// Writes those that stand before `own`.
    fn before(&mut self, own: Name, object: &mut Object<'_>) {
        let Self { open, members } = self;
        while let Some(member) = members.next_if(|(name, _)| open.is_before(*name, own.text())) {
            write_foreign(member, open, object);
        }
    }

    fn rest(self, object: &mut Object<'_>) {
        for member in self.members {
            write_foreign(member, self.open, object);
        }
    }
}

fn write_foreign((name, value): &(Span, Span), open: &Open, object: &mut Object<'_>) {
    // The name is JSON already.
    if !std::mem::take(&mut object.empty) {
        object.out.push(b',');
    }
    object.out.extend_from_slice(name.of(&open.bytes));
    object.out.push(b':');
    object.out.extend_from_slice(value.of(&open.bytes));
}

/// `user_role` stands among what the caller adds.
const USER_ROLE_NAME: Name = name!("user_role");

fn write_metadata(out: &mut Vec<u8>, open: &Open) {
    let mut metadata = Object::new(out);
    let mut members = Foreign::new(open, &open.metadata);
    members.before(USER_ROLE_NAME, &mut metadata);
    metadata.json(USER_ROLE_NAME, open.pieces.user_role.of(&open.bytes));
    members.rest(&mut metadata);
    metadata.end();
}

/// The members of a summary that are its own, in order; identifiers stand between them.
fn write_summary(out: &mut Vec<u8>, open: &Open, outcome: Outcome) {
    let bytes = open.bytes.as_slice();
    let mut summary = Object::new(out);
    let mut identifiers = Foreign::new(open, &open.identifiers);
    if open.result_size > limits::RESULT_SIZE {
        identifiers.before(name!("_result_size"), &mut summary);
        summary.number(name!("_result_size"), open.result_size);
        identifiers.before(name!("_truncated"), &mut summary);
        summary.boolean(name!("_truncated"), true);
    }
    identifiers.before(name!("count"), &mut summary);
    let counts_itself = open
        .identifiers
        .iter()
        .any(|(name, _)| name.of(bytes) == b"\"count\"");
    if let (Some(rows), false) = (open.rows, counts_itself) {
        summary.number(name!("count"), rows);
    }
    identifiers.before(name!("error"), &mut summary);
    summary.json(name!("error"), open.pieces.error.of(bytes));
    identifiers.before(name!("error_type"), &mut summary);
    summary.json(name!("error_type"), open.pieces.error_type.of(bytes));
    identifiers.before(name!("fields"), &mut summary);
    let fields = open.pieces.fields.of(bytes);
    if !fields.is_empty() {
        summary.list(name!("fields"), std::iter::once(fields));
    }
    identifiers.before(name!("success"), &mut summary);
    summary.boolean(name!("success"), outcome.is_success());
    identifiers.rest(&mut summary);
    summary.end();
}
