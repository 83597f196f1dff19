//! The pass: writes a value in canonical form and replaces what the rules name, in one go.

mod containers;
mod strings;

use serde_json::{Number, Value};

pub(super) use self::strings::{fits_harmless, write_unescaped};
use super::Sanitized;
use super::marker;
use super::path::Trail;
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
    /// Where the pass stands, if there are rules for places.
    trail: Option<Trail<'a>>,
    /// A bound was reached: containers close, nothing more is begun.
    full: bool,
    done: Sanitized,
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
            trail: rules.additions.paths.trail(),
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

    /// Writes a value as that of the member at `path`.
    pub(super) fn whole_value_at(mut self, path: &[&str], value: &Value) -> Sanitized {
        let start = self.out.len();
        let written = match path.split_last() {
            None => self.value(value, None, 0),
            Some((name, before)) => {
                if let Some(trail) = &mut self.trail {
                    for name in before {
                        trail.enter(Some(name));
                    }
                }
                self.member_value(name, value, None, 0)
            }
        };
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
                None if self.rules.additions.patterns.is_empty() => {
                    canonical::write_number(self.out, number);
                    self.fits()
                }
                _ => self.ruled_number(number, under),
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
        if self.trail.is_some() {
            return self.placed_value(Some(name), value, under, depth);
        }
        self.named_value(name, value, under, depth)
    }

    #[inline(always)]
    fn named_value(
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

    /// Writes the value of a member, or of an item where there is no name, where there are rules for places.
    #[cold]
    #[inline(never)]
    fn placed_value(
        &mut self,
        name: Option<&str>,
        value: &Value,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let rule = self.trail.as_mut().and_then(|trail| trail.enter(name));
        let written = match (rule, name) {
            (Some(rule), _) => match rule.treatment {
                Treatment::Keep => self.value(value, None, depth),
                // Who names a place means its true and false too.
                Treatment::Redact | Treatment::Drop if value.is_boolean() => {
                    self.replacement(rule.marker())
                }
                _ => self.ruled_value(rule, false, value, under, depth),
            },
            (None, Some(name)) => self.named_value(name, value, under, depth),
            (None, None) => self.value(value, under, depth),
        };
        if let Some(trail) = &mut self.trail {
            trail.leave();
        }
        written
    }

    /// Writes a number that a rule names or a pattern may match.
    #[inline(never)]
    fn ruled_number(&mut self, number: &Number, under: Option<&'a Rule>) -> Written {
        let text = number_text(number);
        let rule = under.or_else(|| self.rules.additions.patterns.for_number(&text));
        let shown = rule.map(|rule| replacement(self.rules, rule, &text));
        match shown.filter(|shown| *shown != text) {
            Some(shown) => self.replacement(&shown),
            None => {
                canonical::write_number(self.out, number);
                self.fits()
            }
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
            Treatment::Pseudonymize { .. } | Treatment::Mask | Treatment::Generalize(_) => {
                self.value(value, Some(rule), depth)
            }
            Treatment::Keep => self.value(value, None, depth),
            Treatment::Redact | Treatment::Drop => match value {
                Value::String(text) if marker::is_whole(text) => self.plain(text),
                _ => self.replacement(rule.marker()),
            },
        }
    }

    #[inline(never)]
    fn pseudonym(&mut self, rule: &Rule, value: &str) -> Written {
        let text = replacement(self.rules, rule, value);
        if text == value {
            return self.plain(&text);
        }
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
