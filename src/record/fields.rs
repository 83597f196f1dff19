//! The names of a result's fields: `order_id`, `customer.email` (FORMAT section 5).
//!
//! A tool's answers mostly have the same members, so each thread keeps a few of the lists that it wrote, and which of the
//! members were identifiers.

use std::cell::RefCell;
use std::ops::ControlFlow;

use crate::tree::{Members, Tree, behind_word};

use super::identifiers::{self, Identifiers};
use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::span::Span;
use crate::sanitize::Sanitized;

/// How many rows of a list are asked for the names of their members.
const ROWS_ASKED: usize = 16;
/// How many lists a thread keeps, and the most bytes and steps of names, or bytes of a list, that are worth it.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 2048;
const KEPT_STEPS: usize = 128;

/// What has fields.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Object(Members<'a>),
    Rows(&'a [Tree<'a>]),
}

/// Notes the names of members, and of the members of those.
pub(super) fn note(open: &mut Open, inner: &Inner, source: Source<'_>) {
    // A tool's own rules may show names otherwise.
    let slot = slot_of(source).filter(|_| open.sanitizer.is_none());
    let known = |shape: &mut Shape| {
        let known = shape.recorder == inner.number && shape.is_of(source);
        if known {
            open.append_fields(&shape.list);
        }
        known
    };
    if slot.and_then(|slot| with_shape(slot, known)) == Some(true) {
        return;
    }
    let is_as_told = write(open, inner, source);
    if let Some(slot) = slot.filter(|_| is_as_told) {
        let list = open.pieces.fields.of(&open.bytes);
        with_shape(slot, |shape| shape.keep(inner.number, source, list, None));
    }
}

/// Notes the names of an object's members, and adds those that are identifiers with their values.
pub(super) fn note_with_identifiers(open: &mut Open, inner: &Inner, members: Members<'_>) {
    let source = Source::Object(members);
    // A tool's own rules may show names otherwise.
    let slot = slot_of(source).filter(|_| open.sanitizer.is_none());
    // An envelope's identifiers outweigh those of what lies in it.
    let are_first = open.identifiers.is_empty();
    let known = |shape: &mut Shape| {
        let known = shape.recorder == inner.number && shape.is_of(source);
        if known {
            let kept = shape.identifiers.as_ref().filter(|_| are_first);
            if !kept.is_some_and(|identifiers| identifiers.add(open, inner, members)) {
                let found = identifiers::add(open, inner, members);
                shape.identifiers = found.or(shape.identifiers.take());
            }
            open.append_fields(&shape.list);
        }
        known
    };
    if slot.and_then(|slot| with_shape(slot, known)) == Some(true) {
        return;
    }
    let identifiers = identifiers::add(open, inner, members);
    let is_as_told = write(open, inner, source);
    if let Some(slot) = slot.filter(|_| is_as_told) {
        let list = open.pieces.fields.of(&open.bytes);
        with_shape(slot, |shape| {
            shape.keep(inner.number, source, list, identifiers);
        });
    }
}

/// A list that was written, and what it was made from.
#[derive(Default)]
struct Shape {
    /// Recorders are numbered from 1.
    recorder: u64,
    /// The steps of a walk through the names: the list is made of these alone.
    steps: Vec<KeptStep>,
    /// What the words of the names do not say, one behind the other.
    rests: Vec<u8>,
    list: Vec<u8>,
    /// None where they hang on more than the names, or nobody looked.
    identifiers: Option<Identifiers>,
}

thread_local! {
    static SHAPES: RefCell<[Shape; KEPT]> = RefCell::default();
}

/// None where the thread's locals are gone already.
fn with_shape<T>(slot: usize, act: impl FnOnce(&mut Shape) -> T) -> Option<T> {
    let done = SHAPES.try_with(|shapes| {
        let mut shapes = shapes.try_borrow_mut().ok()?;
        shapes.get_mut(slot).map(act)
    });
    done.ok().flatten()
}

/// Where a list is kept: answers that differ mostly differ in number of members or in the first one's name.
fn slot_of(source: Source<'_>) -> Option<usize> {
    let members = match source {
        Source::Object(members) => members,
        Source::Rows(rows) => rows.first()?.as_object()?,
    };
    let name = members.keys().next()?.as_bytes();
    let letters = name
        .iter()
        .take(4)
        .fold(0_usize, |sum, byte| sum * 3 + usize::from(*byte));
    Some((members.len() * 5 + name.len() + letters) % KEPT)
}

impl Shape {
    /// Whether the list is that of `source`.
    fn is_of(&self, source: Source<'_>) -> bool {
        let (mut steps, mut rests) = (self.steps.iter(), self.rests.as_slice());
        let walked = walk(source, &mut |step| {
            if steps.next() != Some(&step.kept()) {
                return ControlFlow::Break(());
            }
            let rest = behind_word(step.name);
            if !rest.is_empty() {
                let Some(others) = rests.strip_prefix(rest) else {
                    return ControlFlow::Break(());
                };
                rests = others;
            }
            ControlFlow::Continue(())
        });
        walked.is_continue() && steps.len() == 0
    }

    fn keep(
        &mut self,
        recorder: u64,
        source: Source<'_>,
        list: &[u8],
        identifiers: Option<Identifiers>,
    ) {
        self.recorder = 0;
        self.identifiers = identifiers;
        self.steps.clear();
        self.rests.clear();
        let walked = walk(source, &mut |step| {
            self.steps.push(step.kept());
            self.rests.extend_from_slice(behind_word(step.name));
            if self.steps.len() <= KEPT_STEPS && self.rests.len() <= KEPT_BYTES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        if walked.is_continue() && list.len() <= KEPT_BYTES {
            self.recorder = recorder;
            self.list.clear();
            self.list.extend_from_slice(list);
        }
    }
}

/// One step of a walk through the names.
#[derive(Clone, Copy)]
struct Step<'a> {
    kind: StepKind,
    /// The [`first_word`](crate::canonical::first_word) of the name.
    word: u64,
    name: &'a str,
}

/// What is kept of a step beside what its word does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KeptStep {
    word: u64,
    length: usize,
    kind: StepKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum StepKind {
    Outer,
    Inner,
    /// A row begins; it has no name.
    Row,
}

impl Step<'_> {
    const ROW: Self = Step {
        kind: StepKind::Row,
        word: 0,
        name: "",
    };

    #[inline]
    fn kept(self) -> KeptStep {
        KeptStep {
            word: self.word,
            length: self.name.len(),
            kind: self.kind,
        }
    }
}

/// Goes through the names in the order in which the maps have them.
#[inline]
fn walk<'a>(
    source: Source<'a>,
    visit: &mut impl FnMut(Step<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match source {
        Source::Object(members) => {
            for (word, name, value) in members.iter_with_words() {
                visit(Step {
                    kind: StepKind::Outer,
                    word,
                    name,
                })?;
                match *value {
                    Tree::Object(members) => walk_names(members, StepKind::Inner, visit)?,
                    Tree::Array(rows) => walk_rows(rows, StepKind::Inner, visit)?,
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        }
        Source::Rows(rows) => walk_rows(rows, StepKind::Outer, visit),
    }
}

fn walk_rows<'a>(
    rows: &'a [Tree<'a>],
    kind: StepKind,
    visit: &mut impl FnMut(Step<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for members in rows_with_new_names(rows) {
        visit(Step::ROW)?;
        walk_names(members, kind, visit)?;
    }
    ControlFlow::Continue(())
}

fn walk_names<'a>(
    members: Members<'a>,
    kind: StepKind,
    visit: &mut impl FnMut(Step<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    members
        .iter_with_words()
        .try_for_each(|(word, name, _)| visit(Step { kind, word, name }))
}

/// The first rows that are objects, without those that have the same members as the one before.
fn rows_with_new_names<'a>(rows: &'a [Tree<'a>]) -> impl Iterator<Item = Members<'a>> {
    let mut before: Option<Members<'a>> = None;
    rows.iter()
        .take(ROWS_ASKED)
        .filter_map(|row| row.as_object())
        .filter(move |members| {
            let known = before.is_some_and(|before| before.are_named_as(*members));
            before = Some(*members);
            !known
        })
}

/// Writes the list, and says whether all names stand in it as they were told.
fn write(open: &mut Open, inner: &Inner, source: Source<'_>) -> bool {
    let mut list = List {
        start: open.bytes.len(),
        names: Vec::new(),
        is_full: false,
        did: Sanitized::default(),
    };
    match source {
        Source::Object(members) => {
            for (name, value) in members.iter() {
                list.add(open, inner, None, name);
                match *value {
                    Tree::Object(members) => list.add_names(open, inner, Some(name), members),
                    Tree::Array(rows) => list.add_rows(open, inner, Some(name), rows),
                    _ => {}
                }
                if list.is_full {
                    break;
                }
            }
        }
        Source::Rows(rows) => list.add_rows(open, inner, None, rows),
    }
    open.set_fields(list.start);
    !list.is_full && list.did == Sanitized::default()
}

/// A list that is being written at the end of [`Open::bytes`].
struct List {
    start: usize,
    names: Vec<Span>,
    /// A name was left out.
    is_full: bool,
    did: Sanitized,
}

impl List {
    fn add_rows(
        &mut self,
        open: &mut Open,
        inner: &Inner,
        parent: Option<&str>,
        rows: &[Tree<'_>],
    ) {
        for members in rows_with_new_names(rows) {
            self.add_names(open, inner, parent, members);
        }
    }

    fn add_names(
        &mut self,
        open: &mut Open,
        inner: &Inner,
        parent: Option<&str>,
        members: Members<'_>,
    ) {
        for name in members.keys() {
            self.add(open, inner, parent, name);
            if self.is_full {
                break;
            }
        }
    }

    fn add(&mut self, open: &mut Open, inner: &Inner, parent: Option<&str>, name: &str) {
        let before = open.bytes.len();
        self.is_full |=
            self.names.len() >= limits::FIELDS || before - self.start >= limits::FIELDS_BYTES;
        if self.is_full {
            return;
        }
        if !self.names.is_empty() {
            open.bytes.push(b',');
        }
        let own = open.sanitizer.clone();
        let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
        let mut said = Sanitized::default();
        let span = open.piece(Member::ResultSummary, |out, echo| {
            said = match parent {
                None => sanitizer.write_text_echoing(out, name, limits::FIELD, echo),
                Some(parent) => {
                    let mut did =
                        sanitizer.write_text_echoing(out, parent, limits::FIELD / 2, echo);
                    if out.last() == Some(&b'"') {
                        out.pop();
                    }
                    out.push(b'.');
                    let from = out.len();
                    did.add(sanitizer.write_text_echoing(out, name, limits::FIELD / 2, echo));
                    if out.get(from) == Some(&b'"') {
                        out.remove(from);
                    }
                    did
                }
            };
            said
        });
        self.did.add(said);
        let json = span.of(&open.bytes);
        if self.names.iter().any(|other| other.of(&open.bytes) == json) {
            open.bytes.truncate(before);
        } else {
            self.names.push(span);
        }
    }
}
