//! What is left out of an entry that is too long for a record.

use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::span::Span;

/// Leaves no more subjects than the largest record has room for beside all its other parts.
pub(super) fn keep_few_subjects(open: &mut Open) {
    let mut room = limits::FEW_SUBJECTS_BYTES;
    let few = open.subjects.iter().take_while(|subject| {
        let length = subject.of(&open.bytes).len() + 1;
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    });
    let few = few.count();
    open.subjects_cut |= few < open.subjects.len();
    open.subjects.truncate(few);
}

pub(super) fn drop_member(open: &mut Open, member: Member) {
    match member {
        Member::Arguments => open.pieces.arguments = Span::default(),
        Member::SessionMetadata => open.metadata.clear(),
        _ => {
            open.subjects.clear();
            open.subjects_cut = true;
        }
    }
    open.shorten(member);
}
