//! Where a value stands in a text of the same spelling.

use std::ops::Range;

use memchr::memmem;

use super::{Form, Needle};

/// Where a needle stands in a text of the same spelling.
pub(super) fn places<'t>(
    text: &'t [u8],
    needle: &'t Needle,
    spelt: &'t [u8],
) -> impl Iterator<Item = Range<usize>> + 't {
    memmem::find_iter(text, spelt)
        .map(|at| at..at + spelt.len())
        .filter(|place| needle.form != Form::Word || stands_alone(text, place, spelt))
}

pub(super) fn stands_alone(text: &[u8], place: &Range<usize>, spelt: &[u8]) -> bool {
    let before = place.start.checked_sub(1).and_then(|at| text.get(at));
    let hangs = |edge: Option<&u8>, beside: Option<&u8>| {
        edge.is_some_and(is_letter) && beside.is_some_and(is_letter)
    };
    !hangs(spelt.first(), before) && !hangs(spelt.last(), text.get(place.end))
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "it looks at what iterators give"
)]
fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80
}

#[cfg(test)]
mod tests {
    use crate::sanitize::echo::testing::{echo, replaced};

    #[test]
    fn a_short_value_is_found_where_it_stands_alone() {
        let mut echo = echo(&["paris", "123456"]);
        assert_eq!(
            replaced(&mut echo, "Paris, comparison, 1234567, 123456, x123456"),
            "[REDACTED:password], comparison, 1234567, [REDACTED:password], x123456"
        );
    }
}
