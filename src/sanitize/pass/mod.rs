//! The pass: writes a value in canonical form and replaces what the rules name, in one go.

mod arguments;
mod changes;
mod containers;
mod descriptions;
mod endings;
mod generated;
mod identifiers;
mod labels;
mod likeness;
mod member_names;
mod numbered;
mod numbers;
mod persons;
mod placeholders;
mod shapes;
mod strings;
mod tables;
mod told;
mod typed;
mod within;

use std::rc::Rc;

use crate::tree::Tree;

use self::arguments::Program;
pub(super) use self::identifiers::name_of_system;
pub(super) use self::strings::{fits_harmless, is_uuid, write_unescaped};
use super::echo::Echo;
use super::known_names::{About, Verdict};
use super::marker;
use super::path::Trail;
use super::pseudonym::Subject;
use super::replace::replacement_for;
use super::rule::{Rule, Treatment};
use super::rule_counts::RuleCounts;
use super::rules::Rules;
use super::sweep::sweep;
use super::{Sanitized, names};
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
pub(super) const LEAST_LIMIT: usize = 64;

/// Room for the greater part of all values.
const USUAL: usize = 512;

/// The value did not fit: the container that holds it takes back what it wrote for it.
struct Overflow;

type Written = Result<(), Overflow>;

/// What a pass has to know of a member's name, for which there is this `rule`.
pub(super) fn verdict(name: &str, rule: Option<(u32, bool)>) -> Verdict {
    let kinds = sweep(name.as_bytes());
    Verdict {
        kinds,
        is_harmless: strings::is_harmless(name, kinds),
        siblings: shapes::siblings(name),
        about: persons::held_by(name).or_else(|| told::told_in(name)),
        may_be_a_persons: persons::has_alias(name),
        rule,
    }
}

/// What stood in the place of what is written.
#[derive(Clone, Copy)]
enum Original<'v> {
    Text(&'v str),
    Value(&'v Tree<'v>),
}

/// One pass over one value.
pub(super) struct Pass<'a> {
    rules: &'a Rules,
    out: &'a mut Vec<u8>,
    /// The greatest length that `out` may reach, less what the open containers need to be closed.
    end: usize,
    nodes: usize,
    /// How many members the objects have that were met, to find out whether JSON inside a string has one twice.
    members: usize,
    nesting: usize,
    /// Where the pass stands, if there are rules for places.
    trail: Option<Trail<'a>>,
    /// A bound was reached: containers close, nothing more is begun.
    full: bool,
    /// To whom the members of the innermost object belong, where the rules ask for it.
    subject: Option<Subject>,
    /// The program whose arguments the list is that comes next.
    program: Option<Program>,
    /// Whom or what the object tells of that comes next.
    about: Option<About>,
    /// What is written stands in the attributes of a password that was made.
    in_password: bool,
    /// The columns of the table whose row the object is that comes next.
    columns: Option<tables::Columns<'a>>,
    /// The placeholders of the statement for which the object has the values that comes next.
    placeholders: Option<Rc<placeholders::Placeholders>>,
    done: Sanitized,
    /// The names of the rules that replaced something, each time anew; none where nobody counts.
    hits: Option<Vec<Box<str>>>,
    counts: Option<&'a mut RuleCounts>,
    /// Where values are kept that are to be looked for elsewhere.
    echo: Option<&'a mut Echo>,
}

impl<'a> Pass<'a> {
    /// A pass that appends at most `limit` bytes to `out`, a limit below 64 being taken for 64.
    #[inline]
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
            trail: rules.additions.paths.trail(),
            full: false,
            subject: None,
            program: None,
            about: None,
            in_password: false,
            columns: None,
            placeholders: None,
            done: Sanitized::default(),
            hits: None,
            counts: None,
            echo: None,
        }
    }

    /// A pass that adds to `counts` what it does.
    pub(super) fn counting(mut self, counts: &'a mut RuleCounts) -> Self {
        self.hits = Some(Vec::new());
        self.counts = Some(counts);
        self
    }

    /// Keeps what it replaces in `echo`.
    #[inline]
    pub(super) fn echoing(mut self, echo: &'a mut Echo) -> Self {
        self.echo = Some(echo);
        self
    }

    /// Writes a value that stands alone.
    pub(super) fn whole_value(mut self, value: &Tree<'_>) -> Sanitized {
        let start = self.out.len();
        let written = self.value(value, None, 0);
        self.finish(start, &written)
    }

    /// Writes a value as that of the member `name`.
    pub(super) fn whole_member_value(mut self, name: &str, value: &Tree<'_>) -> Sanitized {
        let start = self.out.len();
        let verdict = self.rules.verdict(name);
        let written = self.member_value(name, &verdict, value, None, 0);
        self.finish(start, &written)
    }

    /// Writes a value as that of the member at `path`.
    #[inline]
    pub(super) fn whole_value_at(mut self, path: &[&str], value: &Tree<'_>) -> Sanitized {
        let start = self.out.len();
        let written = match path.split_last() {
            None => self.value(value, None, 0),
            Some((name, before)) => {
                if let Some(trail) = &mut self.trail {
                    for name in before {
                        trail.enter(Some(name));
                    }
                }
                let verdict = self.rules.verdict(name);
                self.member_value(name, &verdict, value, None, 0)
            }
        };
        self.finish(start, &written)
    }

    /// Writes a text as a string, as what stands at `name`.
    pub(super) fn whole_text_at(mut self, name: &str, text: &str) -> Sanitized {
        let rule = self
            .trail
            .as_mut()
            .and_then(|trail| trail.enter(Some(name)));
        let Some(rule) = rule else {
            return self.whole_text(text);
        };
        let start = self.out.len();
        let written = self.ruled_value(rule, false, &Tree::String(text), None, 0);
        self.finish(start, &written)
    }

    /// Writes a text as a string.
    pub(super) fn whole_text(mut self, text: &str) -> Sanitized {
        let start = self.out.len();
        let written = self.text(text, 0);
        self.finish(start, &written)
    }

    /// Writes the name of a member as a string.
    pub(super) fn whole_name(mut self, name: &str) -> Sanitized {
        let replaced = self.replaced_name(name, None);
        let (text, rules) = match &replaced {
            Some((text, rules)) => (text.as_str(), rules.as_slice()),
            None => (name, &[][..]),
        };
        self.count(rules, Original::Text(name));
        let shown = names::shorten(self.rules, text);
        self.done.shortened |= *shown != *text;
        canonical::write_string(self.out, &shown);
        self.done
    }

    fn finish(&mut self, start: usize, written: &Written) -> Sanitized {
        if written.is_err() {
            self.out.truncate(start);
            canonical::write_string(self.out, marker::TOO_LARGE);
            self.done.shortened = true;
        }
        if let (Some(counts), Some(hits)) = (self.counts.take(), self.hits.take()) {
            for rule in hits {
                counts.add_count(&rule, 1);
            }
        }
        self.done
    }

    /// Writes a value; in one `under` a rule, what the rule wants stands for every string and number.
    #[inline(always)]
    fn value(&mut self, value: &Tree<'_>, under: Option<&'a Rule>, depth: usize) -> Written {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.full = true;
            return Err(Overflow);
        }
        match *value {
            Tree::Null => self.literal(b"null"),
            Tree::Bool(true) => self.literal(b"true"),
            Tree::Bool(false) => self.literal(b"false"),
            Tree::Number(number) => self.number(number, under),
            Tree::String(text) => match under {
                Some(rule) => self.leaf(rule, text, depth),
                None => self.text(text, depth),
            },
            Tree::Array(_) | Tree::Object(_) if depth >= MAX_DEPTH => {
                self.done.shortened = true;
                self.plain(marker::TOO_DEEP)
            }
            Tree::Array(items) => self.list(items, under, depth),
            Tree::Object(members) => self.object(members, under, depth),
        }
    }

    #[inline(always)]
    fn member_value(
        &mut self,
        name: &str,
        verdict: &Verdict,
        value: &Tree<'_>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        if self.trail.is_some() {
            return self.placed_member(name, verdict, value, under, depth);
        }
        self.named_value(name, verdict, value, under, depth)
    }

    #[inline(always)]
    fn named_value(
        &mut self,
        name: &str,
        verdict: &Verdict,
        value: &Tree<'_>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        match self.rules.of_verdict(verdict) {
            None => match under {
                None => self.value(value, None, depth),
                Some(rule) => self.value_within(rule, name, value, depth),
            },
            Some((rule, plural)) => self.ruled_value(rule, plural, value, under, depth),
        }
    }

    /// Writes the value of a member where there are rules for places.
    #[cold]
    #[inline(never)]
    fn placed_member(
        &mut self,
        name: &str,
        verdict: &Verdict,
        value: &Tree<'_>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.placed(Some(name), value, depth, |pass| {
            pass.named_value(name, verdict, value, under, depth)
        })
    }

    /// Writes an item of a list where there are rules for places; one without is written by `otherwise`.
    #[cold]
    #[inline(never)]
    fn placed_item(
        &mut self,
        item: &Tree<'_>,
        depth: usize,
        otherwise: impl FnOnce(&mut Self) -> Written,
    ) -> Written {
        self.placed(None, item, depth, otherwise)
    }

    fn placed(
        &mut self,
        name: Option<&str>,
        value: &Tree<'_>,
        depth: usize,
        otherwise: impl FnOnce(&mut Self) -> Written,
    ) -> Written {
        let rule = self.trail.as_mut().and_then(|trail| trail.enter(name));
        let written = match rule {
            None => otherwise(self),
            Some(rule) => match rule.treatment {
                // Who names a place means its true and false too.
                Treatment::Redact | Treatment::Drop if value.is_boolean() => {
                    self.replacement(rule, rule.marker(), Original::Value(value))
                }
                _ => self.ruled_value(rule, false, value, None, depth),
            },
        };
        if let Some(trail) = &mut self.trail {
            trail.leave();
        }
        written
    }

    /// Writes the value of a member that a rule names.
    #[inline(never)]
    fn ruled_value(
        &mut self,
        rule: &'a Rule,
        plural: bool,
        value: &Tree<'_>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let is_count = plural && value.is_number();
        if is_count || matches!(value, Tree::Null | Tree::Bool(_)) {
            return self.value(value, under, depth);
        }
        let is_described = descriptions::describes(value)
            || rule.is_of_schemes() && descriptions::is_settings(value);
        if under.is_none() && (is_described || rule.spares_value(value, plural)) {
            return self.value(value, None, depth);
        }
        match rule.treatment {
            Treatment::Keep => self.value(value, None, depth),
            Treatment::Pseudonymize { .. } | Treatment::Mask | Treatment::Generalize(_) => {
                self.value(value, Some(rule), depth)
            }
            Treatment::Redact | Treatment::Drop => match *value {
                Tree::String(text) if self.rules.may_have_written(text) => self.plain(text),
                // What the rule around it wants stands for it then.
                Tree::String(text) if rule.spares(text) => match under {
                    Some(rule) => self.leaf(rule, text, depth),
                    None => self.text(text, depth),
                },
                Tree::Number(number) if rule.spares(&number.to_text()) => {
                    self.value(value, under, depth)
                }
                Tree::Array(_) | Tree::Object(_) if rule.judges_values() => {
                    self.value(value, Some(rule), depth)
                }
                Tree::Object(_) | Tree::Array(_)
                    if rule.is_opened() && self.tells_more(rule, value) =>
                {
                    self.value(value, Some(rule), depth)
                }
                _ => {
                    if let Some(echo) = &mut self.echo {
                        echo.remember_tree(self.rules, value, rule.marker());
                    }
                    self.replacement(rule, rule.marker(), Original::Value(value))
                }
            },
        }
    }

    /// Writes a string in a value under a rule.
    #[inline(never)]
    fn leaf(&mut self, rule: &'a Rule, text: &str, depth: usize) -> Written {
        if text.trim().is_empty() || self.rules.may_have_written(text) {
            self.cut_to_room(text)
        } else if rule.spares(text) {
            self.text(text, depth)
        } else {
            self.replaced(rule, text)
        }
    }

    /// Writes what stands for `value`.
    #[inline(never)]
    fn replaced(&mut self, rule: &'a Rule, value: &str) -> Written {
        let text = replacement_for(self.rules, rule, value, self.subject.as_ref());
        if text == value {
            return self.plain(&text);
        }
        let may_be_place = rule.judges_capitals() && !value.trim().contains(' ');
        if let Some(echo) = &mut self.echo
            && !may_be_place
        {
            let is_secret = matches!(rule.treatment, Treatment::Redact | Treatment::Drop);
            echo.remember(value, &text, is_secret);
        }
        self.replacement(rule, &text, Original::Text(value))
    }

    fn replacement(&mut self, rule: &'a Rule, text: &str, original: Original<'_>) -> Written {
        self.count(&[rule], original);
        self.plain(text)
    }

    /// Counts what was replaced, and notes what was told instead.
    fn count(&mut self, rules: &[&Rule], original: Original<'_>) {
        if let Some(echo) = &mut self.echo {
            match original {
                Original::Text(text) => echo.note_text(text),
                Original::Value(value) => echo.note_value(value),
            }
        }
        let count = u32::try_from(rules.len()).unwrap_or(u32::MAX);
        self.done.redactions = self.done.redactions.saturating_add(count);
        if let Some(hits) = &mut self.hits {
            hits.extend(rules.iter().map(|rule| rule.name().into()));
        }
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

/// Writes a string that no bound applies to.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    if canonical::has_escapes(text.as_bytes()) {
        canonical::write_string(out, text);
    } else {
        write_unescaped(out, text);
    }
}
