//! Members whose names others chose, in the order in which a record has them.

use std::cmp::Ordering;

use super::escaped::{compare_escaped, is_plain, within_quotes};
use super::open::Open;
use super::span::Span;
use crate::canonical;

impl Open {
    /// Puts a member in its place. Names that are the same once they are sanitized get numbers from 2, which are looked
    /// for one by one: the bound of what holds them lets in few members.
    pub(super) fn insert_member(
        &mut self,
        members: &mut Vec<(Span, Span)>,
        name: Span,
        value: Span,
    ) {
        let mut unique = name;
        let mut number = 2_u32;
        loop {
            match self.place_of(members, unique) {
                Err(place) => return members.insert(place, (unique, value)),
                Ok(_) => {
                    if number > 2 {
                        self.take_back(unique);
                    }
                    let shown = format!("{}#{number}", self.text(name));
                    unique = self.append(|out| canonical::write_string(out, &shown));
                    number += 1;
                }
            }
        }
    }

    /// The place of a name in a list that is in the order of its names, or where it belongs.
    #[inline]
    pub(super) fn place_of(&self, members: &[(Span, Span)], name: Span) -> Result<usize, usize> {
        let name = within_quotes(name.of(&self.bytes));
        let compare =
            |(other, _): &(Span, Span)| compare_escaped(within_quotes(other.of(&self.bytes)), name);
        // Mostly they come in order.
        match members.last().map(compare) {
            None | Some(Ordering::Less) => Err(members.len()),
            Some(_) => members.binary_search_by(compare),
        }
    }

    /// Whether a result has an identifier of this name, which is given as it stands in JSON.
    pub(super) fn has_identifier(&self, name: &[u8]) -> bool {
        self.identifiers
            .iter()
            .any(|(known, _)| known.of(&self.bytes) == name)
    }

    /// Whether the name that a piece is stands before `own`, which needs no escape.
    #[inline]
    pub(super) fn is_before(&self, name: Span, own: &[u8]) -> bool {
        let json = name.of(&self.bytes);
        match (json.get(1), own.first()) {
            // The first letters mostly tell; the quote behind no letters comes before all of ours.
            (Some(one), Some(other)) if one != other && is_plain(*one) => one < other,
            _ => compare_escaped(within_quotes(json), own).is_lt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_stands_before_one_of_ours_as_its_text_does(
            front in "(|c|su|success|fields|_t)",
            back in "[a_s\"\\\\\n\u{1}é\u{FB33}\u{1F600}]{0,3}",
        ) {
            let mut open = Open::new();
            let name = front + &back;
            let piece = open.append(|out| canonical::write_string(out, &name));
            for own in ["_truncated", "count", "fields", "success", "user_role"] {
                prop_assert_eq!(
                    open.is_before(piece, own.as_bytes()),
                    canonical::compare_keys(&name, own).is_lt()
                );
            }
        }
    }
}
