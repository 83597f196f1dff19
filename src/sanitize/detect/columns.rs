//! The columns that a statement puts values into: `INSERT INTO u (login, password) VALUES (…)`, in the spellings of
//! the common databases.

use std::ops::Range;

use crate::sanitize::places::{caseless, is_word_byte};

/// How far before its last word such a statement begins.
const MAX_VERB: usize = 32;
/// How far apart the words of a clause may stand.
const MAX_CLAUSE: usize = 96;
/// The most bytes of a list of columns.
const MAX_COLUMNS: usize = 8192;

/// What such a statement begins with.
const VERBS: &[&[u8]] = &[b"insert", b"replace", b"upsert", b"merge"];

/// The names of columns, and where their values begin.
pub(super) struct Columns {
    pub(super) names: Vec<Range<usize>>,
    pub(super) values: usize,
    /// A `SELECT` gives the values, without brackets around them.
    pub(super) is_selected: bool,
}

/// The last words before the name of the table.
pub(super) const BEFORE_TABLE: [&[u8]; 2] = [b"into", b"overwrite"];

/// The places behind such a `word`, in order.
pub(super) fn tables<'t>(bytes: &'t [u8], word: &'t [u8]) -> impl Iterator<Item = usize> {
    caseless(bytes, word)
        .map(|at| at + word.len())
        .filter(|end| begins_statement(bytes, *end))
}

/// True where one of the verbs stands shortly before the word that ends at `end`.
fn begins_statement(bytes: &[u8], end: usize) -> bool {
    let least = end.saturating_sub(MAX_VERB);
    let is_word = bytes.get(end).is_some_and(|byte| !is_word_byte(*byte));
    is_word
        && bytes[least..end]
            .rsplit(|byte| !is_word_byte(*byte))
            .skip(1)
            .any(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
}

/// The columns of the table that is named at `from`.
pub(super) fn columns_after(bytes: &[u8], from: usize) -> Option<Columns> {
    let near = |from: usize, most: usize| &bytes[from..bytes.len().min(from + most)];
    let open = from + memchr::memchr(b'(', near(from, MAX_CLAUSE))?;
    let close = open + memchr::memchr(b')', near(open, MAX_COLUMNS))?;
    let clause = near(close, MAX_CLAUSE);
    let behind = |word: &[u8]| Some(close + caseless(clause, word).next()? + word.len());
    let (values, is_selected) = match behind(b"values") {
        Some(values) => (values, false),
        None => (behind(b"select")?, true),
    };
    let mut at = open + 1;
    let names = bytes[open + 1..close]
        .split(|byte| *byte == b',')
        .map(|name| {
            let start = at;
            at += name.len() + 1;
            start..start + name.len()
        })
        .collect();
    Some(Columns {
        names,
        values,
        is_selected,
    })
}

/// The name of a column without the blanks and the marks around it.
pub(super) fn bare(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii();
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'`' | b']');
    let end = name.iter().rposition(|byte| !is_mark(byte));
    &name[..end.map_or(0, |end| end + 1)]
}
