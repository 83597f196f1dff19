//! Short texts that were searched lately, and in which nothing was found.
//!
//! The calls of one conversation bear the same identifiers, model and tool, time after time. What a search finds in a
//! text hangs on nothing but the text and the rules, so that these few need not be searched in every call. Each
//! thread keeps its own, at most [`SLOTS`]; a text in which anything was found is never kept.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::pass;

/// How many texts a thread keeps.
const SLOTS: usize = 32;
/// The most bytes of a text that is kept: with its quotes it fits within the least bound.
const LONGEST: usize = pass::LEAST_LIMIT - 2;

/// Tells the rules of one sanitizer from those of all others in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64);

impl Identity {
    const NONE: Self = Self(0);

    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A text in which these rules find nothing.
#[derive(Clone, Copy)]
struct Kept {
    rules: Identity,
    length: usize,
    text: [u8; LONGEST],
}

impl Kept {
    const NONE: Self = Self {
        rules: Identity::NONE,
        length: 0,
        text: [0; LONGEST],
    };

    #[inline]
    fn is(&self, rules: Identity, text: &[u8]) -> bool {
        self.rules == rules && self.text.get(..self.length) == Some(text)
    }
}

thread_local! {
    static KEPT: RefCell<[Kept; SLOTS]> = const { RefCell::new([Kept::NONE; SLOTS]) };
}

/// True for a text in which `rules` found nothing before, and that needs no escape.
#[inline]
pub(super) fn is_known(rules: Identity, text: &str) -> bool {
    let Some(slot) = slot_of(text.as_bytes()) else {
        return false;
    };
    // A thread that ends has lost them, and searches.
    let known = KEPT.try_with(|kept| {
        let kept = kept.try_borrow().ok()?;
        Some(kept.get(slot)?.is(rules, text.as_bytes()))
    });
    matches!(known, Ok(Some(true)))
}

/// Keeps a text that `rules` wrote as `written`, where that is the text itself.
pub(super) fn keep(rules: Identity, text: &str, written: &[u8]) {
    let Some(slot) = slot_of(text.as_bytes()) else {
        return;
    };
    let plain = written
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    if plain != Some(text.as_bytes()) {
        return;
    }
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        let kept = kept.get_mut(slot)?;
        kept.text
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        kept.length = text.len();
        kept.rules = rules;
        Some(())
    });
}

/// Where a text is kept: identifiers that come together differ in length or in how they begin.
#[inline]
fn slot_of(text: &[u8]) -> Option<usize> {
    let first = usize::from(*text.first()?);
    (text.len() <= LONGEST).then_some((text.len() * 3 + first) % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_to_the_rules_that_searched_it_alone() {
        let (rules, others) = (Identity::new(), Identity::new());
        keep(rules, "conv_7d1f", b"\"conv_7d1f\"");
        assert!(is_known(rules, "conv_7d1f"));
        assert!(!is_known(others, "conv_7d1f"));
        assert!(!is_known(rules, "conv_7d1e"));
        assert!(!is_known(rules, "conv_7d1"));
    }

    #[test]
    fn what_was_changed_escaped_or_is_long_is_not_known() {
        let rules = Identity::new();
        let long = "x".repeat(LONGEST + 1);
        for (text, written) in [
            ("hunter2", "\"[REDACTED:password]\""),
            ("a\"b", "\"a\\\"b\""),
            ("", "\"\""),
            (&long, &format!("\"{long}\"")),
        ] {
            keep(rules, text, written.as_bytes());
            assert!(!is_known(rules, text), "{text}");
        }
    }

    #[test]
    fn a_later_text_takes_the_place_of_an_earlier_one() {
        let rules = Identity::new();
        for text in ["conv_2_is_longer", "conv_1"] {
            keep(rules, text, format!("\"{text}\"").as_bytes());
            assert!(is_known(rules, text));
        }
        let same_slot = format!("conv_1{}", "x".repeat(SLOTS));
        assert_eq!(slot_of(same_slot.as_bytes()), slot_of(b"conv_1"));
        keep(rules, &same_slot, format!("\"{same_slot}\"").as_bytes());
        assert!(is_known(rules, &same_slot) && !is_known(rules, "conv_1"));
        keep(rules, "conv_1", b"\"conv_1\"");
        assert!(is_known(rules, "conv_1") && !is_known(rules, &same_slot));
    }
}
