use serde_json::Number;

use super::{Pass, Written, number_text};
use crate::canonical;
use crate::sanitize::detect::{self, Detector};

/// The least number with as many digits as a card has.
const LEAST: u64 = 1_000_000_000_000;
/// Whole doubles from here on have no place for every digit.
const MOST: f64 = 1e19;

impl Pass<'_> {
    /// Writes a number that no rule names: its digits may be those of a card.
    #[inline]
    pub(super) fn number(&mut self, number: &Number) -> Written {
        let is_long = match number.as_u64() {
            Some(whole) => whole >= LEAST,
            None => number
                .as_f64()
                .is_some_and(|real| (LEAST as f64..MOST).contains(&real)),
        };
        if is_long
            && let Some(rule) = self.rules.for_detector(Detector::Card)
            && let text = number_text(number)
            && detect::is_card(&text)
        {
            return self.pseudonym(rule, &text);
        }
        canonical::write_number(self.out, number);
        self.fits()
    }
}
