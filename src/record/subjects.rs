//! About whom a call is, as its arguments and its result say it.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::subject_names::{FEW, SubjectNames, may_be_json};
use crate::sanitize::Sanitizer;
use crate::tree::{Seen, Tree, parse, with_arena};

/// How many values of one tree are looked at, and how deep.
const VALUES: u32 = 10_000;
const DEPTH: u32 = 64;

/// Adds somebody or something that the call is about.
pub(super) fn add(open: &mut Open, sanitizer: &Sanitizer, subject: &str) {
    open.add_subject(|open| {
        open.piece(Member::Subjects, |out, echo| {
            sanitizer.write_text_echoing(out, subject, limits::SUBJECT, echo)
        })
    });
}

/// Notes whom `value`, which stands at `place` in the record, names as subjects; `seen` is what was seen of it, where it was
/// read from JSON.
pub(super) fn note(
    open: &mut Open,
    inner: &Inner,
    place: &'static str,
    value: &Tree<'_>,
    seen: Option<&Seen>,
) {
    let names = &inner.policy.subject_names;
    if names.is_empty() || open.subjects_cut || seen.is_some_and(|seen| !names.may_be_among(seen)) {
        return;
    }
    // The greater part of all calls.
    let mut left = FEW;
    if !names.may_be_in(value, &mut left) {
        return;
    }
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    let mut walk = Walk {
        open,
        names,
        sanitizer,
        place,
        is_sanitized: false,
        is_covered: sanitizer.has_places(),
        left: VALUES,
    };
    let is_covered = if walk.is_covered {
        walk.finds_a_name(value, 0).is_break()
    } else {
        walk.down(value, None, 0);
        walk.is_covered
    };
    if is_covered {
        // What becomes of a value depends on the way to it: what the sanitizer makes of the whole is looked at.
        let mut json = Vec::new();
        let did = sanitizer.write_value_at_echoing(
            &mut json,
            &[place],
            value,
            limits::SUBJECT_TREE,
            &mut walk.open.echo,
        );
        walk.is_sanitized = true;
        walk.is_covered = false;
        walk.left = VALUES;
        with_arena(|arena| walk.down(&parse(&json, false, arena).tree, None, 0));
        // Nobody knows whom what was left out would name.
        open.subjects_cut |= did.shortened || did.failed;
    }
}

/// Like [`note`], for a text.
pub(super) fn note_text(open: &mut Open, inner: &Inner, place: &'static str, text: &str) {
    // As a rule it is no JSON, or names nobody.
    if may_be_json(text) && inner.policy.subject_names.may_stand_in(text) {
        note(open, inner, place, &Tree::String(text), None);
    }
}

/// Says that somebody may be missing among the subjects, where the policy looks for any.
pub(super) fn miss(open: &mut Open, inner: &Inner) {
    open.subjects_cut |= !inner.policy.subject_names.is_empty();
}

struct Walk<'a> {
    open: &'a mut Open,
    names: &'a SubjectNames,
    sanitizer: &'a Sanitizer,
    place: &'static str,
    /// The sanitizer has been over the tree already.
    is_sanitized: bool,
    /// A rule for a place, or for a member around it, may hold for a subject.
    is_covered: bool,
    left: u32,
}

/// The members around a value, the innermost first.
#[derive(Clone, Copy)]
struct Around<'a> {
    name: &'a str,
    outer: Option<&'a Self>,
}

impl Walk<'_> {
    fn down(&mut self, value: &Tree<'_>, around: Option<&Around<'_>>, depth: u32) {
        if self.open.subjects_cut || self.is_covered {
            return;
        }
        if self.left == 0 || depth > DEPTH {
            // Nobody knows whom the rest would name.
            self.open.subjects_cut |= self.left == 0 || value.is_object() || value.is_array();
            return;
        }
        self.left -= 1;
        match *value {
            Tree::Object(members) => {
                for (name, value) in members.iter() {
                    if self.names.has(name) {
                        self.is_covered = !self.is_sanitized && self.is_ruled(around);
                        if self.is_covered {
                            return;
                        }
                        self.add(name, value);
                    }
                    let inner = Around {
                        name,
                        outer: around,
                    };
                    self.down(value, Some(&inner), depth + 1);
                }
            }
            Tree::Array(items) => items
                .iter()
                .for_each(|item| self.down(item, around, depth + 1)),
            Tree::String(text) => self.open_text(text, around, depth),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) => {}
        }
    }

    /// Whether one of the members around a value has a rule.
    fn is_ruled(&self, mut around: Option<&Around<'_>>) -> bool {
        while let Some(member) = around {
            if self.sanitizer.names_member(member.name) {
                return true;
            }
            around = member.outer;
        }
        false
    }

    /// Adds what a member that holds subjects holds: a text or a number, or a list of them.
    fn add(&mut self, name: &str, value: &Tree<'_>) {
        let text = match *value {
            Tree::String(text) => Cow::Borrowed(text),
            Tree::Number(number) => Cow::Owned(number.to_text()),
            Tree::Array(items) => {
                let items = items.iter().filter(|item| !item.is_array());
                items.for_each(|item| self.add(name, item));
                return;
            }
            Tree::Null | Tree::Bool(_) | Tree::Object(_) => return,
        };
        if text.trim().is_empty() {
            return;
        }
        let (sanitizer, place, is_sanitized) = (self.sanitizer, self.place, self.is_sanitized);
        self.open.add_subject(|open| {
            open.piece(Member::Subjects, |out, echo| {
                // Twice over it changes nothing more, and texts of its own stay.
                let path: &[&str] = if is_sanitized { &[""] } else { &[place, name] };
                let text = Tree::String(&text);
                sanitizer.write_value_at_echoing(out, path, &text, limits::SUBJECT, echo)
            })
        });
    }

    /// A text may be JSON: that of an MCP tool is.
    fn open_text(&mut self, text: &str, around: Option<&Around<'_>>, depth: u32) {
        if !may_be_json(text) || !self.names.may_stand_in(text) {
            return;
        }
        if text.len() > limits::SUBJECT_TREE {
            self.open.subjects_cut = true;
            return;
        }
        with_arena(|arena| {
            let parsed = parse(text.as_bytes(), false, arena);
            if parsed.is_whole && self.names.may_be_among(&parsed.seen) {
                self.down(&parsed.tree, around, depth + 1);
            }
        });
    }

    /// Breaks where a member that holds subjects may be there.
    fn finds_a_name(&mut self, value: &Tree<'_>, depth: u32) -> ControlFlow<()> {
        if self.left == 0 || depth > DEPTH {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        match *value {
            Tree::Object(members) => members.iter().try_for_each(|(name, value)| {
                if self.names.has(name) {
                    return ControlFlow::Break(());
                }
                self.finds_a_name(value, depth + 1)
            }),
            Tree::Array(items) => items
                .iter()
                .try_for_each(|item| self.finds_a_name(item, depth + 1)),
            Tree::String(text) if self.names.may_stand_in(text) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
