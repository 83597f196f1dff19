//! The pass: writes a value in canonical form and replaces what the rules name, in one go.

use serde_json::{Map, Value};

use super::Sanitized;
use super::bounded::{self, Cut};
use super::marker;
use super::names;
use super::rules::{Rule, Rules, Treatment};
use super::sweep::{self, sweep};
use super::text;
use crate::canonical::{self, compare_keys};

/// How deep containers may stand in each other, JSON inside strings included.
const MAX_DEPTH: usize = 64;
/// The most values in one pass.
const MAX_NODES: usize = 10_000;
/// How many levels of JSON inside strings are opened.
const MAX_NESTING: usize = 4;
/// The most bytes of one string that are looked at; none behind them is written.
const MAX_SCANNED: usize = 1024 * 1024;
/// The least bound: markers and placeholders fit in it.
const LEAST_LIMIT: usize = 64;
/// The least room in which the beginning of a string is worth writing.
const LEAST_ROOM: usize = 16;

/// The value did not fit: the container that holds it takes back what it wrote for it.
struct Overflow;

type Written = Result<(), Overflow>;

/// One pass over one value.
pub(super) struct Pass<'a> {
    rules: &'a Rules,
    out: &'a mut Vec<u8>,
    /// The greatest length that `out` may reach, less what the open containers need to be closed.
    end: usize,
    nodes: usize,
    /// How many members were met, to find out whether JSON inside a string has one twice.
    members: usize,
    nesting: usize,
    /// A bound was reached: containers close, nothing more is begun.
    full: bool,
    done: Sanitized,
}

/// A state to return to.
#[derive(Clone, Copy)]
struct Checkpoint {
    length: usize,
    nodes: usize,
    members: usize,
    done: Sanitized,
}

/// What an item that does not fit is taken back to.
#[derive(Clone, Copy)]
struct Before {
    length: usize,
    redactions: u32,
}

impl<'a> Pass<'a> {
    /// A pass that appends at most `limit` bytes to `out`, a limit below 64 being taken for 64.
    pub(super) fn new(rules: &'a Rules, out: &'a mut Vec<u8>, limit: usize) -> Self {
        let end = out.len().saturating_add(limit.max(LEAST_LIMIT));
        Self {
            rules,
            out,
            end,
            nodes: 0,
            members: 0,
            nesting: 0,
            full: false,
            done: Sanitized::default(),
        }
    }

    /// Writes a value that stands alone.
    pub(super) fn whole_value(mut self, value: &Value) -> Sanitized {
        let start = self.out.len();
        let written = self.value(value, None, 0);
        self.finish(start, &written)
    }

    /// Writes a value as that of the member `name`.
    pub(super) fn whole_member_value(mut self, name: &str, value: &Value) -> Sanitized {
        let start = self.out.len();
        let written = self.member_value(name, value, None, 0);
        self.finish(start, &written)
    }

    /// Writes a text as a string.
    pub(super) fn whole_text(mut self, text: &str) -> Sanitized {
        let start = self.out.len();
        let written = self.text(text, 0);
        self.finish(start, &written)
    }

    fn finish(mut self, start: usize, written: &Written) -> Sanitized {
        if written.is_err() {
            self.out.truncate(start);
            canonical::write_string(self.out, marker::TOO_LARGE);
            self.done.shortened = true;
        }
        self.done
    }

    /// Writes a value; `under` is the rule whose pseudonyms stand for every string and number in it.
    #[inline(always)]
    fn value(&mut self, value: &Value, under: Option<&'a Rule>, depth: usize) -> Written {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.full = true;
            return Err(Overflow);
        }
        match value {
            Value::Null => self.literal(b"null"),
            Value::Bool(true) => self.literal(b"true"),
            Value::Bool(false) => self.literal(b"false"),
            Value::Number(number) => match under {
                None => {
                    canonical::write_number(self.out, number);
                    self.fits()
                }
                Some(rule) => self.pseudonym(rule, &number.to_string()),
            },
            Value::String(text) => match under {
                Some(rule) if !text.trim().is_empty() && !marker::is_whole(text) => {
                    self.pseudonym(rule, text)
                }
                Some(_) => self.cut_to_room(text),
                None => self.text(text, depth),
            },
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
                self.done.shortened = true;
                self.plain(marker::TOO_DEEP)
            }
            Value::Array(items) => self.list(items, under, depth),
            Value::Object(members) => self.object(members, under, depth),
        }
    }

    #[inline(never)]
    fn list(&mut self, items: &[Value], under: Option<&'a Rule>, depth: usize) -> Written {
        self.open(b'[')?;
        for (at, item) in items.iter().enumerate() {
            let before = self.before();
            if at > 0 {
                self.out.push(b',');
            }
            let written = self.value(item, under, depth + 1);
            if !self.goes_on(&written, before, at + 1 < items.len()) {
                break;
            }
        }
        self.close(b']');
        Ok(())
    }

    #[inline(never)]
    fn object(
        &mut self,
        members: &Map<String, Value>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.open(b'{')?;
        let checkpoint = self.checkpoint();
        // Nearly always the members come in order; where they do not, what was written is taken back.
        if !self.members_in_order(members, under, depth) {
            self.restore(checkpoint);
            self.full = false;
            self.members_sorted(members, under, depth);
        }
        self.close(b'}');
        Ok(())
    }

    /// Writes the members as they come; false where that is not the canonical order or a name is too long.
    fn members_in_order(
        &mut self,
        members: &Map<String, Value>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> bool {
        let mut previous: Option<&str> = None;
        for (at, (name, value)) in members.iter().enumerate() {
            let kinds = sweep(name.as_bytes());
            if name.len() > names::MAX_LENGTH
                || (kinds & sweep::HIGH != 0 || !self.rules.maps_are_sorted)
                    && previous.is_some_and(|previous| !compare_keys(previous, name).is_lt())
            {
                return false;
            }
            previous = Some(name);
            let more = at + 1 < members.len();
            if !self.member(at == 0, (name, kinds), name, value, under, depth, more) {
                // Which members are left out must not hang on the order in which they came.
                let rest = || members.keys().skip(at);
                return rest()
                    .zip(rest().skip(1))
                    .all(|(one, next)| compare_keys(one, next).is_lt());
            }
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn members_sorted(
        &mut self,
        members: &Map<String, Value>,
        under: Option<&'a Rule>,
        depth: usize,
    ) {
        let mut sorted: Vec<_> = members
            .iter()
            .map(|(name, value)| (names::shorten(self.rules, name), name, value))
            .collect();
        sorted.sort_by(|a, b| compare_keys(&a.0, &b.0));
        let all = sorted.len();
        sorted.dedup_by(|later, first| later.0 == first.0);
        self.done.shortened |=
            sorted.len() < all || sorted.iter().any(|(shown, name, _)| *shown != **name);
        for (at, (shown, name, value)) in sorted.iter().enumerate() {
            let more = at + 1 < sorted.len();
            if !self.member(
                at == 0,
                (shown, sweep(shown.as_bytes())),
                name,
                value,
                under,
                depth,
                more,
            ) {
                break;
            }
        }
    }

    /// Writes a member; tells whether another one may follow. `shown` is the name as it is written, and
    /// the kinds of byte in it.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    fn member(
        &mut self,
        first: bool,
        shown: (&str, u8),
        name: &str,
        value: &Value,
        under: Option<&'a Rule>,
        depth: usize,
        more: bool,
    ) -> bool {
        let before = self.before();
        self.members += 1;
        if shown.1 & sweep::ESCAPE == 0 {
            if first {
                self.out.push(b'"');
            } else {
                self.out.extend_from_slice(b",\"");
            }
            self.out.extend_from_slice(shown.0.as_bytes());
            self.out.extend_from_slice(b"\":");
        } else {
            if !first {
                self.out.push(b',');
            }
            canonical::write_string(self.out, shown.0);
            self.out.push(b':');
        }
        let written = match self.fits() {
            Ok(()) => self.member_value(name, value, under, depth + 1),
            Err(overflow) => Err(overflow),
        };
        self.goes_on(&written, before, more)
    }

    #[inline(always)]
    fn member_value(
        &mut self,
        name: &str,
        value: &Value,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        match self.rules.for_member(name) {
            None => self.value(value, under, depth),
            Some((rule, plural)) => self.ruled_value(rule, plural, value, under, depth),
        }
    }

    /// Writes the value of a member that a rule names.
    #[inline(never)]
    fn ruled_value(
        &mut self,
        rule: &'a Rule,
        plural: bool,
        value: &Value,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let is_count = plural && value.is_number();
        if is_count || matches!(value, Value::Null | Value::Bool(_)) {
            return self.value(value, under, depth);
        }
        match rule.treatment {
            Treatment::Pseudonymize { .. } => self.value(value, Some(rule), depth),
            Treatment::Redact => match value {
                Value::String(text) if marker::is_whole(text) => self.plain(text),
                _ => self.replacement(rule.marker()),
            },
        }
    }

    #[inline(never)]
    fn pseudonym(&mut self, rule: &Rule, value: &str) -> Written {
        let pseudonym = match &rule.treatment {
            Treatment::Pseudonymize { class } => self.rules.pseudonyms.make(class, value),
            Treatment::Redact => None,
        };
        // Without a key there are no pseudonyms, and the value must not stand there either.
        self.replacement(pseudonym.as_deref().unwrap_or(rule.marker()))
    }

    fn replacement(&mut self, text: &str) -> Written {
        self.done.redactions = self.done.redactions.saturating_add(1);
        self.plain(text)
    }

    fn literal(&mut self, text: &[u8]) -> Written {
        self.out.extend_from_slice(text);
        self.fits()
    }

    /// Writes a short string of the sanitizer's own, or one that was sanitized before.
    fn plain(&mut self, text: &str) -> Written {
        write_plain(self.out, text);
        self.fits()
    }

    /// Writes a string that no rule names: its text may hold what a rule does name.
    #[inline(always)]
    fn text(&mut self, text: &str, depth: usize) -> Written {
        let bytes = text.as_bytes();
        let seen = sweep(bytes);
        let harmless = seen & (sweep::ESCAPE | sweep::ASSIGNMENT) == 0
            && (seen & sweep::DASH == 0 || !sweep::has_option_or_arrow(bytes))
            && !begins_like_json(text);
        if harmless && bytes.len() + 2 <= self.room() {
            // The greater part of all strings.
            write_unescaped(self.out, text);
            return Ok(());
        }
        self.searched(text, seen, depth)
    }

    #[inline(never)]
    fn searched(&mut self, mut text: &str, seen: u8, depth: usize) -> Written {
        if text.len() > MAX_SCANNED {
            text = bounded::prefix(text, MAX_SCANNED);
            self.done.shortened = true;
        }
        if begins_like_json(text)
            && self.nesting < MAX_NESTING
            && let Some(written) = self.nested(text, depth)
        {
            return written;
        }
        if seen & (sweep::ASSIGNMENT | sweep::DASH) != 0 {
            let spans = text::find(self.rules, text);
            if !spans.is_empty() {
                let count = u32::try_from(spans.len()).unwrap_or(u32::MAX);
                self.done.redactions = self.done.redactions.saturating_add(count);
                return self.cut_to_room(&text::replace(self.rules, text, &spans));
            }
        }
        if seen & sweep::ESCAPE == 0 && text.len() + 2 <= self.room() {
            write_unescaped(self.out, text);
            return Ok(());
        }
        self.cut_to_room(text)
    }

    /// Opens a string that holds an object, a list or a string; `None` where it holds none.
    fn nested(&mut self, text: &str, depth: usize) -> Option<Written> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut inner_out = Vec::with_capacity(text.len());
        let mut inner = Pass {
            nodes: self.nodes,
            nesting: self.nesting + 1,
            ..Pass::new(self.rules, &mut inner_out, usize::MAX)
        };
        let written = inner.value(&value, None, depth + 1);
        let (nodes, members, mut done) = (inner.nodes, inner.members, inner.done);
        self.nodes = nodes;
        if written.is_err() {
            return Some(written);
        }
        if done == Sanitized::default() {
            if members == count_members(text) {
                return Some(self.cut_to_room(text));
            }
            // Of members that share a name the tree holds the last one only: the others were not looked at.
            done.redactions = 1;
        }
        self.done.add(done);
        Some(match String::from_utf8(inner_out) {
            Ok(sanitized) => self.cut_to_room(&sanitized),
            Err(_) => self.plain(marker::FAILED),
        })
    }

    /// Writes a text that was searched, as much of it as there is room for.
    fn cut_to_room(&mut self, text: &str) -> Written {
        let room = self.room();
        match bounded::write(self.out, text, room) {
            Cut::Whole => Ok(()),
            Cut::At(length) => {
                self.done.shortened = true;
                if room < bounded::MAX_STRING {
                    self.full = true;
                    if room < LEAST_ROOM || length == 0 {
                        return Err(Overflow);
                    }
                }
                Ok(())
            }
        }
    }

    fn room(&self) -> usize {
        self.end
            .saturating_sub(self.out.len())
            .min(bounded::MAX_STRING)
    }

    fn fits(&self) -> Written {
        if self.out.len() <= self.end {
            Ok(())
        } else {
            Err(Overflow)
        }
    }

    fn open(&mut self, bracket: u8) -> Written {
        self.out.push(bracket);
        // Not less than zero: `out` has a byte, and `end` counts it.
        self.end = self.end.saturating_sub(1);
        let fits = self.fits();
        if fits.is_err() {
            self.end = self.end.saturating_add(1);
        }
        fits
    }

    fn close(&mut self, bracket: u8) {
        self.end = self.end.saturating_add(1);
        self.out.push(bracket);
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            length: self.out.len(),
            nodes: self.nodes,
            members: self.members,
            done: self.done,
        }
    }

    #[inline]
    fn before(&self) -> Before {
        Before {
            length: self.out.len(),
            redactions: self.done.redactions,
        }
    }

    fn restore(&mut self, checkpoint: Checkpoint) {
        self.out.truncate(checkpoint.length);
        self.nodes = checkpoint.nodes;
        self.members = checkpoint.members;
        self.done = checkpoint.done;
    }

    /// After an item or a member: takes it back where it did not fit, and tells whether to go on.
    #[inline]
    fn goes_on(&mut self, written: &Written, before: Before, more: bool) -> bool {
        if written.is_ok() && !self.full {
            return true;
        }
        if written.is_err() {
            self.out.truncate(before.length);
            self.done.redactions = before.redactions;
            self.full = true;
        }
        self.done.shortened |= written.is_err() || more;
        false
    }
}

/// Writes a string that no bound applies to.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    if sweep(text.as_bytes()) & sweep::ESCAPE == 0 {
        write_unescaped(out, text);
    } else {
        canonical::write_string(out, text);
    }
}

#[inline]
fn write_unescaped(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn begins_like_json(text: &str) -> bool {
    match text.as_bytes() {
        [b'{' | b'[' | b'"', ..] => true,
        [first, ..] if first.is_ascii_whitespace() => {
            text.trim_ascii_start().starts_with(['{', '[', '"'])
        }
        _ => false,
    }
}

/// How many members all objects in a JSON text have together: one for each colon outside strings.
fn count_members(json: &str) -> usize {
    let (mut members, mut in_string, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => members += 1,
            _ => {}
        }
    }
    members
}
