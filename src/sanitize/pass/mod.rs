//! The pass: writes a value in canonical form and replaces what the rules name, in one go.

mod containers;
mod numbers;
mod strings;

use serde_json::{Number, Value};

pub(super) use self::strings::{fits_harmless, write_unescaped};
use super::Sanitized;
use super::marker;
use super::replace::replacement;
use super::rules::{Rule, Rules, Treatment};
use super::sweep::{self, sweep};
use crate::canonical;

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

/// Room for the greater part of all values.
const USUAL: usize = 512;

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

impl<'a> Pass<'a> {
    /// A pass that appends at most `limit` bytes to `out`, a limit below 64 being taken for 64.
    pub(super) fn new(rules: &'a Rules, out: &'a mut Vec<u8>, limit: usize) -> Self {
        let end = out.len().saturating_add(limit.max(LEAST_LIMIT));
        out.reserve(USUAL.min(limit));
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
                None => self.number(number),
                Some(rule) => self.pseudonym(rule, &number_text(number)),
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
            Treatment::Pseudonymize { .. } | Treatment::Mask => {
                self.value(value, Some(rule), depth)
            }
            Treatment::Redact | Treatment::Drop => match value {
                Value::String(text) if marker::is_whole(text) => self.plain(text),
                _ => self.replacement(rule.marker()),
            },
        }
    }

    #[inline(never)]
    fn pseudonym(&mut self, rule: &Rule, value: &str) -> Written {
        let text = replacement(self.rules, rule, value);
        self.replacement(&text)
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

    fn fits(&self) -> Written {
        if self.out.len() <= self.end {
            Ok(())
        } else {
            Err(Overflow)
        }
    }
}

/// A number's canonical text, which does not hang on serde_json's features.
fn number_text(number: &Number) -> String {
    let mut text = Vec::new();
    canonical::write_number(&mut text, number);
    let text = String::from_utf8(text).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

/// Writes a string that no bound applies to.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    if sweep(text.as_bytes()) & sweep::ESCAPE == 0 {
        write_unescaped(out, text);
    } else {
        canonical::write_string(out, text);
    }
}
