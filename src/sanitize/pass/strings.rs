use serde_json::Value;

use super::{LEAST_LIMIT, MAX_NESTING, MAX_SCANNED, Original, Overflow, Pass, Written};
use crate::sanitize::Sanitized;
use crate::sanitize::bounded::{self, Cut};
use crate::sanitize::detect;
use crate::sanitize::marker;
use crate::sanitize::path::Trail;
use crate::sanitize::sweep::{self, Counts, sweep};
use crate::sanitize::text::{self, Span};
use crate::tree::Tree;

/// The least room in which the beginning of a string is worth writing.
const LEAST_ROOM: usize = 16;
/// How often a text is searched in which something was found.
pub(super) const MAX_SEARCHES: usize = 8;

/// How many bytes at the end of a text that was not searched whole are not written.
const UNCERTAIN: usize = 16 * 1024;

impl Pass<'_> {
    /// Writes a string that no rule names: its text may hold what a rule does name.
    #[inline(always)]
    pub(super) fn text(&mut self, text: &str, depth: usize) -> Written {
        if is_short_and_harmless(text) && self.writes_harmless(text) {
            // The greater part of all strings.
            return Ok(());
        }
        self.longer_text(text, depth)
    }

    #[inline(never)]
    fn longer_text(&mut self, text: &str, depth: usize) -> Written {
        let seen = sweep(text.as_bytes());
        if is_harmless(text, seen) && self.writes_harmless(text) {
            return Ok(());
        }
        self.searched(text, seen, depth)
    }

    /// Writes a text in which no detector finds anything; false where it does not fit, or patterns may find something.
    #[inline(always)]
    fn writes_harmless(&mut self, text: &str) -> bool {
        let is_written = text.len() + 2 <= self.room() && self.rules.additions.patterns.is_empty();
        if is_written {
            write_unescaped(self.out, text);
        }
        is_written
    }

    #[inline(never)]
    fn searched(&mut self, text: &str, seen: u8, depth: usize) -> Written {
        if text.len() > MAX_SCANNED {
            return self.beginning(text);
        }
        if begins_like_json(text)
            && self.nesting < MAX_NESTING
            && let Some(written) = self.nested(text, depth)
        {
            return written;
        }
        let spans = detect::find_swept(self.rules, text, 0, seen);
        if !spans.is_empty() {
            return self.with_spans(text, &spans);
        }
        if seen & sweep::ESCAPE == 0 && text.len() + 2 <= self.room() {
            write_unescaped(self.out, text);
            return Ok(());
        }
        self.cut_to_room(text)
    }

    /// Writes the beginning of a text that is too long to be searched whole.
    ///
    /// What stands at the end of what was searched may be half of something: it is not written.
    #[cold]
    #[inline(never)]
    fn beginning(&mut self, text: &str) -> Written {
        self.done.shortened = true;
        let searched = bounded::prefix(text, MAX_SCANNED);
        let mut spans = detect::find(self.rules, searched, 0);
        let mut end = bounded::prefix(text, MAX_SCANNED - UNCERTAIN).len();
        spans.retain(|span| span.range.start < end);
        if let Some(last) = spans.last() {
            end = end.max(last.range.end);
        }
        self.with_spans(searched.get(..end).unwrap_or_default(), &spans)
    }

    /// Writes a text with what stands for the spans in it.
    fn with_spans(&mut self, text: &str, spans: &[Span<'_>]) -> Written {
        let mut replaced = self.replace(text, spans);
        // What was replaced may have hidden what stood beside it.
        for _ in 1..MAX_SEARCHES {
            let spans = detect::find(self.rules, &replaced, 0);
            if spans.is_empty() {
                break;
            }
            replaced = self.replace(&replaced, &spans);
        }
        self.cut_to_room(&replaced)
    }

    fn replace(&mut self, text: &str, spans: &[Span<'_>]) -> String {
        let rules: Vec<_> = spans.iter().map(|span| span.rule).collect();
        self.count(&rules, Original::Text(text));
        if let Some(echo) = &mut self.echo {
            echo.remember_spans(self.rules, text, spans);
        }
        text::replace(self.rules, text, spans)
    }

    /// Opens a string that holds an object, a list or a string; `None` where it holds none.
    fn nested(&mut self, text: &str, depth: usize) -> Option<Written> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut inner_out = Vec::with_capacity(text.len());
        let mut inner = Pass {
            nodes: self.nodes,
            nesting: self.nesting + 1,
            trail: self.trail.as_ref().map(Trail::here),
            hits: self.hits.as_ref().map(|_| Vec::new()),
            echo: self.echo.as_deref_mut(),
            ..Pass::new(self.rules, &mut inner_out, usize::MAX)
        };
        let written = Tree::with(&value, |tree| inner.value(tree, None, depth + 1));
        let (nodes, members, mut done) = (inner.nodes, inner.members, inner.done);
        let hits = inner.hits.unwrap_or_default();
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
            self.count(&[], Original::Text(text));
        }
        self.done.add(done);
        if let Some(all) = &mut self.hits {
            all.extend(hits);
        }
        Some(match String::from_utf8(inner_out) {
            Ok(sanitized) => self.cut_to_room(&sanitized),
            Err(_) => self.plain(marker::FAILED),
        })
    }

    /// Writes a text that was searched, as much of it as there is room for.
    pub(super) fn cut_to_room(&mut self, text: &str) -> Written {
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

    #[inline(always)]
    fn room(&self) -> usize {
        self.end
            .saturating_sub(self.out.len())
            .min(bounded::MAX_STRING)
    }
}

#[inline]
pub(in crate::sanitize) fn write_unescaped(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// True for a text of at most `limit` bytes with its quotes that a pass would write as it is.
#[inline]
pub(in crate::sanitize) fn fits_harmless(text: &str, limit: usize) -> bool {
    text.len() + 2 <= limit.clamp(LEAST_LIMIT, bounded::MAX_STRING)
        && (is_short_and_harmless(text) || is_harmless(text, sweep(text.as_bytes())))
}

/// True for most identifiers, single words and the like: too short for what detectors find in them.
#[inline(always)]
fn is_short_and_harmless(text: &str) -> bool {
    Counts::of(text.as_bytes()).is_some_and(|counts| {
        !counts.has::<{ sweep::ESCAPE | sweep::ASSIGNMENT | sweep::NON_ASCII | sweep::GREATER }>()
            && counts.number(sweep::DASH) < 2
            && !counts.has::<{ sweep::SPACE }>()
            && detect::trigger::is_too_short(text.len(), counts.number(sweep::DIGIT))
            && !matches!(text.as_bytes().first(), Some(b'{' | b'['))
    })
}

/// True where nothing in a text has to be escaped, and nothing can be what a rule names.
#[inline(never)]
pub(super) fn is_harmless(text: &str, seen: u8) -> bool {
    seen & (sweep::ESCAPE | sweep::ASSIGNMENT | sweep::NON_ASCII) == 0
        && !begins_like_json(text)
        && (!detect::is_searched(text.as_bytes(), seen) || is_uuid(text))
}

/// A UUID with letters at both ends, as nearly all have. Each is a new text, and numbers that a card could have stand in some
/// by chance.
pub(in crate::sanitize) fn is_uuid(text: &str) -> bool {
    let Ok(bytes) = <&[u8; 36]>::try_from(text.as_bytes()) else {
        return false;
    };
    let (mut is_one, mut letters) = (true, [0; 5]);
    let mut group = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            is_one &= *byte == b'-';
            group += 1;
        } else {
            is_one &= byte.is_ascii_hexdigit();
            letters[group] += u8::from(byte.is_ascii_alphabetic());
        }
    }
    is_one && letters[0] > 0 && letters[4] > 0
}

pub(super) fn begins_like_json(text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_identifiers_are_short_and_harmless() {
        for text in [
            "",
            "ORD-54321",
            "SKU-88121",
            "CUS-10442",
            "j.smith",
            "EUR",
            "2026-11",
        ] {
            assert!(is_short_and_harmless(text), "{text}");
        }
        for text in [
            "--password",
            "a->b",
            "pin 1234",
            "{}",
            "[1]",
            " {}",
            "a\"b",
            "a=b",
            "12345678",
            "GB12345678",
            "é",
            "abcdefghijklm",
        ] {
            assert!(!is_short_and_harmless(text), "{text}");
        }
    }

    #[test]
    fn a_uuid_is_harmless_whatever_its_digits_are() {
        for text in [
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "019B2D5E-8F3A-7C41-9D02-4A6B8C0D2E1F",
            "be864014-5890-4915-0000-00000a0aaaa0",
        ] {
            assert!(is_harmless(text, sweep(text.as_bytes())), "{text}");
        }
        for text in [
            "41111111-1111-1111-0000-000000000000",
            "f47ac10b-58cc-4372-a567-0e02b2c3d47g",
            "f47ac10b-58cc-4372-a567-0e02b2c3d4790",
            "f47ac10b58cc-4372-a567--0e02b2c3d479",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_short_and_harmless_is_harmless(text in "[ -~\\t\\n\u{e9}]{0,16}|[-A-Z0-9_.>]{0,16}") {
            if is_short_and_harmless(&text) {
                prop_assert!(is_harmless(&text, sweep(text.as_bytes())));
            }
        }
    }
}
