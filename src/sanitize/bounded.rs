//! Strings that are cut to the room there is.

use super::marker;
use crate::canonical;

/// The most bytes of one string, as it stands in JSON with its quotes.
pub(super) const MAX_STRING: usize = 64 * 1024;

/// What became of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Whole,
    /// This many bytes of its text were written.
    At(usize),
}

/// Appends as much of `text` as a JSON string of at most `room` bytes holds, and at least two quotes.
pub(super) fn write(out: &mut Vec<u8>, text: &str, room: usize) -> Cut {
    let start = out.len();
    if text.len() + 2 <= room {
        canonical::write_string(out, text);
        if out.len() - start <= room {
            return Cut::Whole;
        }
        out.truncate(start);
    }
    let length = without_cut_marker(text, prefix_within(text, room.saturating_sub(2)));
    canonical::write_string(out, text.get(..length).unwrap_or_default());
    Cut::At(length)
}

/// The first `most` bytes of `text`, or a few less so that no character is cut.
pub(super) fn prefix(text: &str, most: usize) -> &str {
    (0..=most.min(text.len()))
        .rev()
        .find_map(|end| text.get(..end))
        .unwrap_or_default()
}

/// How many bytes of `text` have escaped forms of at most `room` bytes together, whole characters only.
fn prefix_within(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..'\u{20}' => 6,
            _ => character.len_utf8(),
        };
        if used > room {
            return at;
        }
    }
    text.len()
}

/// The place at or before `cut` that lies in no marker and no pseudonym.
fn without_cut_marker(text: &str, cut: usize) -> usize {
    let bytes = text.as_bytes();
    (cut.saturating_sub(marker::MAX_LENGTH)..cut)
        .find(|at| marker::length_at(bytes, *at).is_some_and(|length| at + length > cut))
        .unwrap_or(cut)
}
