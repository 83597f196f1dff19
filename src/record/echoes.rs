//! Takes out of a call's pieces what another piece said to be secret.

use std::panic::{AssertUnwindSafe, catch_unwind};

use zeroize::Zeroize;

use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::span::Span;
use crate::sanitize::Sanitizer;

/// Looks for the values that were replaced for their names in all that will stand in the record.
///
/// Pieces that hold one are written anew, and what they were is wiped.
pub(super) fn remove(open: &mut Open, sanitizer: &Sanitizer) {
    if open.echo.is_empty() {
        return;
    }
    // One search through everything: most values stand nowhere else. A fault in it counts as a find.
    let Open { echo, bytes, .. } = open;
    let found = catch_unwind(AssertUnwindSafe(|| echo.occurs_in(bytes))).unwrap_or(true);
    if !found && !open.is_any_shortened() {
        return;
    }
    open.echo.complete();
    let mut pieces = open.pieces;
    for (member, piece) in pieces.each() {
        *piece = rewritten(open, sanitizer, member, *piece);
    }
    open.replace_pieces(pieces);
    for (member, list) in [
        (Member::Attribution, (|open| &mut open.verified) as List),
        (Member::Subjects, |open| &mut open.subjects),
    ] {
        let mut pieces = std::mem::take(list(open));
        for piece in &mut pieces {
            *piece = rewritten(open, sanitizer, member, *piece);
        }
        *list(open) = pieces;
    }
    for (member, list) in [
        (
            Member::SessionMetadata,
            (|open| &mut open.metadata) as Members,
        ),
        (Member::ResultSummary, |open| &mut open.identifiers),
    ] {
        let mut ordered = Vec::new();
        for (name, value) in std::mem::take(list(open)) {
            let name = rewritten(open, sanitizer, member, name);
            let value = rewritten(open, sanitizer, member, value);
            open.insert_member(&mut ordered, name, value);
        }
        *list(open) = ordered;
    }
}

type List = fn(&mut Open) -> &mut Vec<Span>;
type Members = fn(&mut Open) -> &mut Vec<(Span, Span)>;

/// The piece without the values, where it holds one.
fn rewritten(open: &mut Open, sanitizer: &Sanitizer, member: Member, piece: Span) -> Span {
    if piece.is_empty() {
        return piece;
    }
    // What was cut may end within a value.
    let was_cut = open.is_shortened(member);
    let Open { echo, bytes, .. } = &mut *open;
    let found = catch_unwind(AssertUnwindSafe(|| echo.occurs_in(piece.of(bytes)))).unwrap_or(true);
    if !found && !was_cut {
        return piece;
    }
    let is_list = piece == open.pieces.via || piece == open.pieces.fields;
    let mut json = Vec::new();
    if is_list {
        json.push(b'[');
    }
    json.extend_from_slice(piece.of(&open.bytes));
    if is_list {
        json.push(b']');
    }
    let limit = if member == Member::Arguments {
        limits::ARGUMENTS
    } else {
        json.len().max(limits::NAME)
    };
    let mut written = Vec::new();
    let did = sanitizer.write_without_echo(&mut written, &json, limit, &open.echo, was_cut);
    json.zeroize();
    if written.is_empty() {
        return piece;
    }
    piece.of_mut(&mut open.bytes).zeroize();
    open.piece(member, |out, _| {
        match (member, written.as_slice()) {
            // Where nothing could be kept of it, a string stands for an object.
            (Member::Arguments, [first, ..]) if *first != b'{' => {
                wrap(out, b"{\"_value\":", &written);
            }
            (Member::Emergency, [first, ..]) if *first != b'{' => {
                wrap(out, b"{\"reason\":", &written);
            }
            (_, [b'[', items @ .., b']']) if is_list => out.extend_from_slice(items),
            _ => out.extend_from_slice(&written),
        }
        did
    })
}

fn wrap(out: &mut Vec<u8>, opening: &[u8], value: &[u8]) {
    out.extend_from_slice(opening);
    out.extend_from_slice(value);
    out.push(b'}');
}
