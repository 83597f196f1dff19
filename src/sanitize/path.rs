//! Rules for places: `arguments.user.*.note`.
//!
//! A path is followed while the pass goes down a value, one step at a time and for all rules at once, so that no
//! value is looked at twice, however many `**` a path has.

use super::SanitizerError;
use super::rule::{Rule, Treatment};

/// The most rules for places.
pub(super) const MAX_PATHS: usize = 64;
/// The most steps of one path: places in it are kept as the bits of a number.
const MAX_STEPS: usize = 32;
/// The longest path, in bytes.
const MAX_LENGTH: usize = 1024;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The member of this name, or an item of a list where it is `None`.
    Member(Box<str>),
    Item,
    /// One member or item.
    Any,
    /// Any number of members and items, none among them.
    AnyNumber,
}

/// A path and what becomes of the values there.
#[derive(Debug)]
struct Path {
    steps: Vec<Step>,
    rule: Rule,
}

/// All rules for places, those that were added last first.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<Path>);

/// How far each path is followed to where the pass stands.
pub(super) struct Trail<'a> {
    paths: &'a Paths,
    /// For each container that is open and each path: the steps that may come next, one bit each.
    states: Vec<u64>,
}

impl Paths {
    pub(super) fn add(&mut self, text: &str, treatment: Treatment) -> Result<(), SanitizerError> {
        let steps = parse(text).map_err(|problem| SanitizerError::InvalidPath {
            path: super::error::quotable(text),
            problem,
        })?;
        if self.0.len() >= MAX_PATHS {
            return Err(SanitizerError::TooMany {
                what: "paths",
                most: MAX_PATHS,
            });
        }
        let name = steps.iter().rev().find_map(|step| match step {
            Step::Member(name) => super::rule::fold_rule_name(name),
            _ => None,
        });
        let rule = Rule::added(name.as_deref().unwrap_or("path"), treatment);
        // Where two paths lead to one value, the one that was said last holds.
        self.0.insert(0, Path { steps, rule });
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where one of them is called `name`.
    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.0.iter().any(|path| path.rule.name() == name)
    }

    /// What names these rules among others.
    pub(super) fn describe(&self, text: &mut String) {
        use std::fmt::Write;
        for path in &self.0 {
            let _ = write!(text, "\npath {:?} {:?}", path.steps, path.rule.treatment);
        }
    }

    /// Where a pass begins; `None` where there are no rules for places.
    pub(super) fn trail(&self) -> Option<Trail<'_>> {
        if self.is_empty() {
            return None;
        }
        let states = self.0.iter().map(|path| path.closed(1)).collect();
        Some(Trail {
            paths: self,
            states,
        })
    }
}

impl Path {
    /// With every `**` also the step behind it may come next.
    fn closed(&self, mut state: u64) -> u64 {
        for (at, step) in self.steps.iter().enumerate() {
            if *step == Step::AnyNumber && state & (1 << at) != 0 {
                state |= 1 << (at + 1);
            }
        }
        state
    }

    fn advance(&self, mut state: u64, member: Option<&str>) -> u64 {
        let mut next = 0;
        while state != 0 {
            let at = state.trailing_zeros() as usize;
            state &= state - 1;
            next |= match self.steps.get(at) {
                Some(Step::AnyNumber) => 1 << at,
                Some(Step::Any) => 1 << (at + 1),
                Some(Step::Item) if member.is_none() => 1 << (at + 1),
                Some(Step::Member(name)) if member == Some(name) => 1 << (at + 1),
                _ => 0,
            };
        }
        self.closed(next)
    }

    fn is_reached(&self, state: u64) -> bool {
        state & (1 << self.steps.len()) != 0
    }
}

impl<'a> Trail<'a> {
    /// For a pass over what stands here.
    pub(super) fn here(&self) -> Self {
        let from = self.states.len() - self.paths.0.len();
        Self {
            paths: self.paths,
            states: self.states[from..].to_vec(),
        }
    }

    /// Goes down to a member, or to an item where there is no name; gives the rule for that place.
    pub(super) fn enter(&mut self, member: Option<&str>) -> Option<&'a Rule> {
        let paths = self.paths.0.as_slice();
        let from = self.states.len() - paths.len();
        let mut rule = None;
        for (at, path) in paths.iter().enumerate() {
            let state = path.advance(self.states[from + at], member);
            if rule.is_none() && path.is_reached(state) {
                rule = Some(&path.rule);
            }
            self.states.push(state);
        }
        rule
    }

    /// Goes back up.
    pub(super) fn leave(&mut self) {
        let length = self.states.len().saturating_sub(self.paths.0.len());
        self.states.truncate(length.max(self.paths.0.len()));
    }
}

fn parse(text: &str) -> Result<Vec<Step>, &'static str> {
    if text.len() > MAX_LENGTH {
        return Err("is longer than 1 KiB: shorten it");
    }
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        let (step, after) = member(rest)?;
        steps.push(step);
        rest = after;
        while let Some(after) = rest.strip_prefix("[]") {
            steps.push(Step::Item);
            rest = after;
        }
        if rest.is_empty() {
            break;
        }
        rest = rest
            .strip_prefix('.')
            .ok_or("has something else than [] or a dot behind a name: write list[].name")?;
    }
    steps.dedup_by(|next, step| *next == Step::AnyNumber && *step == Step::AnyNumber);
    if steps.len() > MAX_STEPS {
        return Err("has more than 32 steps: use ** for those between");
    }
    if steps.last() == Some(&Step::AnyNumber) {
        return Err("ends in **: name what is meant there, or end before it to mean all in it");
    }
    Ok(steps)
}

/// The first step of a path, and the rest.
fn member(text: &str) -> Result<(Step, &str), &'static str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    let rest = quoted.get(at + 1..).unwrap_or_default();
                    return Ok((Step::Member(name.into()), rest));
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => name.push(escaped),
                    _ => return Err("has an escape that is none: in quotes write \\\" or \\\\"),
                },
                _ => name.push(character),
            }
        }
        return Err("has a quote that is not closed: close it");
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let step = match name {
        "" if rest.starts_with("[]") => {
            return Err("begins a step with []: name the list before it, or write *");
        }
        "" => return Err("has a step without a name: remove a dot, or write *"),
        "*" => Step::Any,
        "**" => Step::AnyNumber,
        _ if name.contains(['*', ']', '"']) => {
            return Err("has *, ] or a quote within a name: put the name in double quotes");
        }
        _ => Step::Member(name.into()),
    };
    Ok((step, rest))
}

#[cfg(test)]
mod tests {
    use super::{Paths, parse};
    use crate::sanitize::rule::Treatment;

    /// A name, or nothing for an item.
    type Steps<'t> = &'t [Option<&'t str>];

    fn reaches(path: &str, steps: Steps<'_>) -> bool {
        let mut paths = Paths::default();
        paths.add(path, Treatment::Redact).expect("a path");
        let mut trail = paths.trail().expect("one rule");
        let mut reached = false;
        for step in steps {
            reached = trail.enter(*step).is_some();
        }
        for _ in steps {
            trail.leave();
        }
        assert_eq!(trail.states.len(), 1);
        reached
    }

    #[test]
    fn a_path_reaches_what_it_names_and_nothing_else() {
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        let item = None;
        let table: &[(&str, Steps<'_>, bool)] = &[
            ("a", &[a], true),
            ("a", &[b], false),
            ("a", &[a, b], false),
            ("a.b", &[a, b], true),
            ("a.*.c", &[a, b, c], true),
            ("a.*.c", &[a, item, c], true),
            ("a.*.c", &[a, c], false),
            ("a.**.c", &[a, c], true),
            ("a.**.c", &[a, b, item, b, c], true),
            ("a.**.c", &[b, c], false),
            ("**.c", &[c], true),
            ("**.c", &[a, b, c], true),
            ("**.c", &[a, c, b], false),
            ("**.a.**.c", &[b, a, b, a, c], true),
            ("a[]", &[a, item], true),
            ("a[][].b", &[a, item, item, b], true),
            ("a[].b", &[a, b], false),
            ("\"a\".\"b\"", &[a, b], true),
        ];
        for (path, steps, expected) in table {
            assert_eq!(reaches(path, steps), *expected, "{path} {steps:?}");
        }
    }

    #[test]
    fn names_with_dots_stand_in_quotes() {
        assert!(reaches(r#"a."b.c[]\"*""#, &[Some("a"), Some("b.c[]\"*")]));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "", ".", "a.", ".a", "a..b", "a[0]", "a[", "a]b", "[]", "a*", "a.b*.c", "\"a",
            "\"a\"b", "a.**", "**", r#""a\n""#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"a.".repeat(600)).is_err());
        assert!(parse(&vec!["a"; 33].join(".")).is_err());
        assert!(parse(&vec!["a"; 32].join(".")).is_ok());
    }
}
