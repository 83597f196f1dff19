//! Numbers: under a rule's name, and those that are card numbers by themselves.

use crate::tree::Number;

use super::{Pass, Written};
use crate::sanitize::detect::{Detector, is_card};
use crate::sanitize::rule::{Rule, Treatment};

/// The least number of 13 digits, with which card numbers begin.
const LEAST_CARD: u64 = 1_000_000_000_000;
/// The most digits that a number has which may be a card's.
const MOST_DIGITS: usize = 19;

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

/// The whole number that may be a card's, however it is spelled.
#[inline]
fn whole(number: Number<'_>) -> Option<u64> {
    // A sign before it is a dash in a text.
    let whole = match number {
        Number::Unsigned(whole) => whole,
        Number::Negative(negative) => negative.unsigned_abs(),
        // One that is kept as a double is told by it exactly.
        Number::Double(double) => {
            let magnitude = double.abs();
            if magnitude < LEAST_CARD as f64 || magnitude.fract() != 0.0 {
                return None;
            }
            magnitude as u64
        }
        Number::Text(text) => whole_of_decimal(text)?,
    };
    (whole >= LEAST_CARD).then_some(whole)
}

/// The whole number that a decimal is, less its sign; none for a fraction and for one of too many digits.
#[inline(never)]
fn whole_of_decimal(text: &str) -> Option<u64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (decimal, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((decimal, exponent)) => (decimal, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (before, behind) = decimal.split_once('.').unwrap_or((decimal, ""));
    let digits = || before.bytes().chain(behind.bytes());
    let leading = digits().take_while(|digit| *digit == b'0').count();
    let point = i64::try_from(before.len()).ok()?.checked_add(exponent)?;
    let length = usize::try_from(point).ok()?.checked_sub(leading)?;
    if length > MOST_DIGITS || !digits().skip(leading + length).all(|digit| digit == b'0') {
        return None;
    }
    let zeros = std::iter::repeat(b'0');
    let written = digits().skip(leading).chain(zeros).take(length);
    written.into_iter().try_fold(0_u64, |whole, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        whole.checked_mul(10)?.checked_add(digit)
    })
}

/// A number's canonical text, which does not hang on serde_json's features.
fn text_of(number: Number<'_>) -> String {
    let mut text = Vec::new();
    number.write(&mut text);
    let text = String::from_utf8(text).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_the_whole_number_that_it_spells() {
        for text in [
            "4000000000000000006",
            "-4000000000000000006",
            "4000000000000000006.0",
            "4000000000000000006.000",
            "4000000000000000006e0",
            "4000000000000000006E+0",
            "4.000000000000000006e18",
            "-4.000000000000000006e18",
            "4000000000000000006000e-3",
            "0.004000000000000000006e21",
            "400000000000000000.6e1",
        ] {
            assert_eq!(
                whole_of_decimal(text),
                Some(4_000_000_000_000_000_006),
                "{text}"
            );
        }
        assert_eq!(whole_of_decimal("4e15"), Some(4_000_000_000_000_000));
    }

    #[test]
    fn a_fraction_and_what_is_too_long_are_no_whole_number() {
        for text in [
            "4000000000000000006.5",
            "4000000000000000006e-1",
            "4000000000000000006e1",
            "1e999999999999999999999",
            "1e9223372036854775807",
            "1e-9223372036854775808",
            "12345678901234567890",
            "0.5",
        ] {
            assert_eq!(whole_of_decimal(text), None, "{text}");
        }
    }
}
