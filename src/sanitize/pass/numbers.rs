//! Numbers: under a rule's name, and those that are card numbers by themselves.

use crate::tree::Number;

use super::{Pass, Written};
use crate::sanitize::detect::{Detector, is_card};
use crate::sanitize::rules::{Rule, Treatment};

/// The least number of 13 digits, with which card numbers begin.
const LEAST_CARD: u64 = 1_000_000_000_000;
/// From here on a double may stand for several whole numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'a> Pass<'a> {
    #[inline(always)]
    pub(super) fn number(&mut self, number: Number<'_>, under: Option<&'a Rule>) -> Written {
        let is_small = number.as_u64().is_some_and(|number| number < LEAST_CARD);
        let is_no_card = is_small || whole(number).is_none();
        if under.is_none() && is_no_card && self.rules.additions.patterns.is_empty() {
            number.write(self.out);
            return self.fits();
        }
        self.examined_number(number, under)
    }

    #[inline(never)]
    fn examined_number(&mut self, number: Number<'_>, under: Option<&'a Rule>) -> Written {
        if let Some(rule) = under {
            let text = text_of(number);
            let as_coarse = match rule.treatment {
                Treatment::Generalize(how) => how.apply(&text).is_some_and(|same| same == text),
                _ => false,
            };
            if !rule.spares(&text) && !as_coarse {
                return self.replaced(rule, &text);
            }
        }
        if !self.rules.additions.patterns.is_empty() {
            let text = text_of(number);
            if let Some(rule) = self.rules.additions.patterns.for_number(&text) {
                return self.replaced(rule, &text);
            }
        }
        if let Some(digits) = whole(number)
            && let Some(rule) = self.rules.for_detector(Detector::Card)
        {
            let digits = digits.to_string();
            if is_card(&digits) {
                return self.replaced(rule, &digits);
            }
        }
        number.write(self.out);
        self.fits()
    }
}

/// The whole number that may be a card's.
#[inline]
fn whole(number: Number<'_>) -> Option<u64> {
    // A sign before it is a dash in a text.
    let whole = match number {
        Number::Unsigned(whole) => whole,
        Number::Negative(negative) => negative.unsigned_abs(),
        Number::Double(_) | Number::Text(_) => {
            let double = number.as_exact_double()?;
            if double.fract() != 0.0 || !(0.0..EXACT).contains(&double) {
                return None;
            }
            double as u64
        }
    };
    (whole >= LEAST_CARD).then_some(whole)
}

/// A number's canonical text, which does not hang on serde_json's features.
fn text_of(number: Number<'_>) -> String {
    let mut text = Vec::new();
    number.write(&mut text);
    let text = String::from_utf8(text).unwrap_or_default();
    text.trim_matches('"').to_owned()
}
