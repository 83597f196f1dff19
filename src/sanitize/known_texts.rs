//! Short texts that were searched lately, and in which nothing was found.
//!
//! The calls of one conversation bear the same identifiers, model and tool, time after time. What a search finds in a
//! text hangs on nothing but the text and the rules, so that these few need not be searched in every call. Each
//! thread keeps its own, at most [`SLOTS`] and [`LONG_SLOTS`] longer ones; a text in which anything was found is never kept.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::pass;

/// How many texts a thread keeps, and the most bytes of one: with its quotes it fits within the least bound.
const SLOTS: usize = 32;
const SHORT: usize = pass::LEAST_LIMIT - 2;
/// The same of longer ones, such as what browsers say that they are.
const LONG_SLOTS: usize = 8;
const LONG: usize = 254;

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
struct Kept<const LONGEST: usize> {
    rules: Identity,
    length: usize,
    text: [u8; LONGEST],
}

impl<const LONGEST: usize> Kept<LONGEST> {
    const NONE: Self = Self {
        rules: Identity::NONE,
        length: 0,
        text: [0; LONGEST],
    };

    #[inline]
    fn is(&self, rules: Identity, text: &[u8]) -> bool {
        self.rules == rules && self.text.get(..self.length) == Some(text)
    }

    fn keep(&mut self, rules: Identity, text: &[u8]) {
        if let Some(place) = self.text.get_mut(..text.len()) {
            place.copy_from_slice(text);
            self.length = text.len();
            self.rules = rules;
        }
    }
}

thread_local! {
    static KEPT: RefCell<[Kept<SHORT>; SLOTS]> = const { RefCell::new([Kept::NONE; SLOTS]) };
    static LONG_KEPT: RefCell<[Kept<LONG>; LONG_SLOTS]> =
        const { RefCell::new([Kept::NONE; LONG_SLOTS]) };
}

/// True for a text in which `rules` found nothing before, that needs no escape, and fits with its quotes in `limit` bytes.
#[inline]
pub(super) fn is_known(rules: Identity, text: &str, limit: usize) -> bool {
    let Some(slot) = slot_of(text.as_bytes()) else {
        return is_known_long(rules, text, limit);
    };
    // A thread that ends has lost them, and searches.
    let known = KEPT.try_with(|kept| {
        let kept = kept.try_borrow().ok()?;
        Some(kept.get(slot)?.is(rules, text.as_bytes()))
    });
    matches!(known, Ok(Some(true)))
}

#[inline(never)]
fn is_known_long(rules: Identity, text: &str, limit: usize) -> bool {
    let Some(slot) = long_slot_of(text.as_bytes()).filter(|_| text.len() + 2 <= limit) else {
        return false;
    };
    let known = LONG_KEPT.try_with(|kept| {
        let kept = kept.try_borrow().ok()?;
        Some(kept.get(slot)?.is(rules, text.as_bytes()))
    });
    matches!(known, Ok(Some(true)))
}

/// Keeps a text that `rules` wrote as `written`, where that is the text itself.
pub(super) fn keep(rules: Identity, text: &str, written: &[u8]) {
    let plain = written
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let text = text.as_bytes();
    if plain != Some(text) {
        return;
    }
    if let Some(slot) = slot_of(text) {
        let _ = KEPT.try_with(|kept| {
            kept.try_borrow_mut().ok()?.get_mut(slot)?.keep(rules, text);
            Some(())
        });
    } else if let Some(slot) = long_slot_of(text) {
        let _ = LONG_KEPT.try_with(|kept| {
            kept.try_borrow_mut().ok()?.get_mut(slot)?.keep(rules, text);
            Some(())
        });
    }
}

/// Where a text is kept: identifiers that come together differ in length or in how they begin.
#[inline]
fn slot_of(text: &[u8]) -> Option<usize> {
    let first = usize::from(*text.first()?);
    (text.len() <= SHORT).then_some((text.len() * 3 + first) % SLOTS)
}

/// Where a longer text is kept: those of one kind begin alike, and end otherwise.
fn long_slot_of(text: &[u8]) -> Option<usize> {
    let [.., before, last] = *text else {
        return None;
    };
    let end = usize::from(before) + usize::from(last);
    (SHORT < text.len() && text.len() <= LONG).then_some((text.len() + end) % LONG_SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_to_the_rules_that_searched_it_alone() {
        let (rules, others) = (Identity::new(), Identity::new());
        keep(rules, "conv_7d1f", b"\"conv_7d1f\"");
        assert!(is_known(rules, "conv_7d1f", 64));
        assert!(!is_known(others, "conv_7d1f", 64));
        assert!(!is_known(rules, "conv_7d1e", 64));
        assert!(!is_known(rules, "conv_7d1", 64));
    }

    #[test]
    fn what_was_changed_escaped_or_is_long_is_not_known() {
        let rules = Identity::new();
        let long = "x".repeat(LONG + 1);
        for (text, written) in [
            ("hunter2", "\"[REDACTED:password]\""),
            ("a\"b", "\"a\\\"b\""),
            ("", "\"\""),
            (&long, &format!("\"{long}\"")),
        ] {
            keep(rules, text, written.as_bytes());
            assert!(!is_known(rules, text, 64), "{text}");
        }
    }

    #[test]
    fn a_longer_text_is_known_where_there_is_room_for_it() {
        let (rules, others) = (Identity::new(), Identity::new());
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        keep(rules, agent, format!("\"{agent}\"").as_bytes());
        assert!(is_known(rules, agent, 1024) && is_known(rules, agent, agent.len() + 2));
        assert!(!is_known(rules, agent, agent.len() + 1));
        assert!(!is_known(others, agent, 1024));
        assert!(!is_known(rules, &agent.replace("140", "141"), 1024));
    }

    #[test]
    fn a_later_text_takes_the_place_of_an_earlier_one() {
        let rules = Identity::new();
        for text in ["conv_2_is_longer", "conv_1"] {
            keep(rules, text, format!("\"{text}\"").as_bytes());
            assert!(is_known(rules, text, 64));
        }
        let same_slot = format!("conv_1{}", "x".repeat(SLOTS));
        assert_eq!(slot_of(same_slot.as_bytes()), slot_of(b"conv_1"));
        keep(rules, &same_slot, format!("\"{same_slot}\"").as_bytes());
        assert!(is_known(rules, &same_slot, 64) && !is_known(rules, "conv_1", 64));
        keep(rules, "conv_1", b"\"conv_1\"");
        assert!(is_known(rules, "conv_1", 64) && !is_known(rules, &same_slot, 64));
    }
}
