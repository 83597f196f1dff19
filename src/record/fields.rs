//! The names of a result's fields: `order_id`, `customer.email` (FORMAT section 5).
//!
//! A tool's answers mostly have the same members, so each thread keeps a few of the lists that it wrote.

use std::cell::RefCell;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::limits;
use super::open::{Member, Open, Span};
use super::recorder::Inner;
use crate::canonical;
use crate::sanitize::Sanitized;

/// How many rows of a list are asked for the names of their members.
const ROWS_ASKED: usize = 16;
/// How many lists a thread keeps, and the most bytes of names or of a list that are worth it.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 2048;

/// What has fields.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Object(&'a Map<String, Value>),
    Rows(&'a [Value]),
}

/// Notes the names of members, and of the members of those.
pub(super) fn note(open: &mut Open, inner: &Inner, source: Source<'_>) {
    let noted = SHAPES.try_with(|shapes| {
        let mut shapes = shapes.try_borrow_mut().ok()?;
        let tool = open.pieces.tool_name.of(&open.bytes);
        let shape = shapes.get_mut(place_of(tool))?;
        if shape.recorder == inner.number && shape.tool == tool && shape.is_of(source) {
            open.append_fields(&shape.list);
        } else {
            let is_as_told = write(open, inner, source);
            let list = open.pieces.fields.of(&open.bytes);
            if is_as_told && list.len() <= KEPT_BYTES {
                let tool = open.pieces.tool_name.of(&open.bytes);
                shape.keep(inner.number, tool, source, list);
            }
        }
        Some(())
    });
    // The thread's locals may be gone already.
    if !matches!(noted, Ok(Some(()))) {
        write(open, inner, source);
    }
}

/// A list that was written, and what it was made from.
#[derive(Default)]
struct Shape {
    recorder: u64,
    tool: Vec<u8>,
    /// The steps of a walk through the names.
    steps: Vec<u8>,
    list: Vec<u8>,
}

thread_local! {
    static SHAPES: RefCell<[Shape; KEPT]> = RefCell::default();
}

fn place_of(tool: &[u8]) -> usize {
    // Lengths and a few letters tell the tools of a server apart well enough: the name itself is compared.
    let letter = |at: usize| tool.get(at).copied().map_or(0, usize::from);
    (tool.len() + letter(tool.len() / 2) + letter(tool.len().wrapping_sub(2))) % KEPT
}

impl Shape {
    /// Whether the list is that of `source`: a list is made of the steps alone.
    fn is_of(&self, source: Source<'_>) -> bool {
        let mut rest = self.steps.as_slice();
        let walked = walk(source, &mut |step| {
            let name = step.name.as_bytes();
            match rest.split_first_chunk::<3>() {
                Some((head, after)) if Some(*head) == step.head() && after.starts_with(name) => {
                    rest = &after[name.len()..];
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            }
        });
        walked.is_continue() && rest.is_empty()
    }

    fn keep(&mut self, recorder: u64, tool: &[u8], source: Source<'_>, list: &[u8]) {
        // Recorders are numbered from 1.
        self.recorder = 0;
        self.steps.clear();
        let walked = walk(source, &mut |step| match step.head() {
            Some(head) if self.steps.len() + head.len() + step.name.len() <= KEPT_BYTES => {
                self.steps.extend_from_slice(&head);
                self.steps.extend_from_slice(step.name.as_bytes());
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        });
        if walked.is_break() {
            return;
        }
        self.recorder = recorder;
        self.tool.clear();
        self.tool.extend_from_slice(tool);
        self.list.clear();
        self.list.extend_from_slice(list);
    }
}

/// One step of a walk through the names.
#[derive(Clone, Copy)]
struct Step<'a> {
    kind: StepKind,
    name: &'a str,
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
    /// What is kept of a step beside its name; none where the name is too long for it.
    #[inline]
    fn head(self) -> Option<[u8; 3]> {
        let [low, high] = u16::try_from(self.name.len()).ok()?.to_le_bytes();
        Some([self.kind as u8, low, high])
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
            for (name, value) in members {
                visit(Step {
                    kind: StepKind::Outer,
                    name,
                })?;
                match value {
                    Value::Object(members) => walk_names(members, StepKind::Inner, visit)?,
                    Value::Array(rows) => walk_rows(rows, StepKind::Inner, visit)?,
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        }
        Source::Rows(rows) => walk_rows(rows, StepKind::Outer, visit),
    }
}

fn walk_rows<'a>(
    rows: &'a [Value],
    kind: StepKind,
    visit: &mut impl FnMut(Step<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for members in rows_with_new_names(rows) {
        visit(Step {
            kind: StepKind::Row,
            name: "",
        })?;
        walk_names(members, kind, visit)?;
    }
    ControlFlow::Continue(())
}

fn walk_names<'a>(
    members: &'a Map<String, Value>,
    kind: StepKind,
    visit: &mut impl FnMut(Step<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    members
        .keys()
        .try_for_each(|name| visit(Step { kind, name }))
}

/// The first rows that are objects, without those that have the same members as the one before.
fn rows_with_new_names(rows: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    let mut before: Option<&Map<String, Value>> = None;
    rows.iter()
        .take(ROWS_ASKED)
        .filter_map(Value::as_object)
        .filter(move |members| {
            let known = before.is_some_and(|before| before.keys().eq(members.keys()));
            before = Some(members);
            !known
        })
}

/// Writes the list, and says whether all names stand in it as they were told.
fn write(open: &mut Open, inner: &Inner, source: Source<'_>) -> bool {
    let mut list = List {
        names: Vec::new(),
        bytes: 0,
        is_full: false,
        did: Sanitized::default(),
    };
    match source {
        Source::Object(members) => {
            for (name, value) in in_order(members) {
                list.add(open, inner, None, name);
                match value {
                    Value::Object(members) => list.add_names(open, inner, Some(name), members),
                    Value::Array(rows) => list.add_rows(open, inner, Some(name), rows),
                    _ => {}
                }
            }
        }
        Source::Rows(rows) => list.add_rows(open, inner, None, rows),
    }
    let joined = list.names.iter().map(|name| name.of(&open.bytes));
    let joined = joined.collect::<Vec<_>>().join(&b","[..]);
    open.append_fields(&joined);
    !list.is_full && list.did == Sanitized::default()
}

fn in_order(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| canonical::compare_keys(a.0, b.0));
    sorted
}

/// The names of a list that is being written; each is a piece of its own.
struct List {
    names: Vec<Span>,
    bytes: usize,
    /// A name was left out.
    is_full: bool,
    did: Sanitized,
}

impl List {
    fn add_rows(&mut self, open: &mut Open, inner: &Inner, parent: Option<&str>, rows: &[Value]) {
        for members in rows_with_new_names(rows) {
            self.add_names(open, inner, parent, members);
        }
    }

    fn add_names(
        &mut self,
        open: &mut Open,
        inner: &Inner,
        parent: Option<&str>,
        members: &Map<String, Value>,
    ) {
        for (name, _) in in_order(members) {
            self.add(open, inner, parent, name);
        }
    }

    fn add(&mut self, open: &mut Open, inner: &Inner, parent: Option<&str>, name: &str) {
        self.is_full |= self.names.len() >= limits::FIELDS || self.bytes >= limits::FIELDS_BYTES;
        if self.is_full {
            return;
        }
        let sanitizer = &inner.sanitizer;
        let mut said = Sanitized::default();
        let span = open.piece(Member::ResultSummary, |out| {
            said = match parent {
                None => sanitizer.write_text(out, name, limits::FIELD),
                Some(parent) => {
                    let mut did = sanitizer.write_text(out, parent, limits::FIELD / 2);
                    if out.last() == Some(&b'"') {
                        out.pop();
                    }
                    out.push(b'.');
                    let from = out.len();
                    did.add(sanitizer.write_text(out, name, limits::FIELD / 2));
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
        let known = self.names.iter().any(|other| other.of(&open.bytes) == json);
        if known {
            open.take_back(span);
        } else {
            self.bytes += json.len() + 1;
            self.names.push(span);
        }
    }
}
