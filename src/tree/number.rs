use std::sync::LazyLock;

use super::Arena;
use crate::canonical::{self, MAX_SAFE_INTEGER};

/// A number, whatever serde_json keeps of one.
#[derive(Clone, Copy)]
pub(crate) enum Number<'t> {
    Unsigned(u64),
    /// Less than zero.
    Negative(i64),
    /// Neither of both, and not too great to be told exactly.
    Double(f64),
    /// Its text as it came: greater than a double can tell exactly, or any but whole ones where serde_json keeps all
    /// digits (its feature `arbitrary_precision`).
    Text(&'t str),
}

impl<'t> Number<'t> {
    #[inline]
    pub(super) fn of(number: &serde_json::Number, arena: &'t Arena) -> Self {
        if let Some(value) = number.as_u64() {
            Self::Unsigned(value)
        } else if let Some(value) = number.as_i64() {
            Self::of_integer(value)
        } else {
            Self::of_double(number.as_f64())
                .unwrap_or_else(|| Self::Text(arena.text(&number.to_string())))
        }
    }

    /// The number of few digits with which `text` begins, and its length; none where the long way must decide, be it that
    /// no number stands there.
    ///
    /// Two whole numbers that doubles tell exactly are divided by one another with one rounding, so that what comes out is
    /// the double nearest to the decimal.
    #[inline(always)]
    pub(super) fn of_few_digits(text: &[u8]) -> Option<(Self, usize)> {
        let is_negative = text.first() == Some(&b'-');
        let start = usize::from(is_negative);
        let (whole, end) = read_digits(text, start, 0);
        let digits = end - start;
        let has_leading_zero = digits > 1 && text.get(start) == Some(&b'0');
        if digits == 0 || digits > MAX_DIGITS || has_leading_zero {
            return None;
        }
        match text.get(end) {
            Some(b'.') => {
                let (value, end) = read_digits(text, end + 1, whole);
                let decimals = end - start - digits - 1;
                let has_exponent = matches!(text.get(end), Some(b'e' | b'E'));
                let is_exact = digits + decimals <= POWERS_OF_TEN.len();
                if decimals == 0 || has_exponent || !is_exact || keeps_all_digits() {
                    return None;
                }
                let magnitude = value.cast_signed() as f64 / POWERS_OF_TEN.get(decimals)?;
                let value = if is_negative { -magnitude } else { magnitude };
                Some((Self::Double(value), end))
            }
            Some(b'e' | b'E') => None,
            // Negative zero is a double.
            _ if is_negative && whole == 0 => None,
            _ if is_negative => Some((Self::Negative(-whole.cast_signed()), end)),
            _ => Some((Self::Unsigned(whole), end)),
        }
    }

    /// The number that this text is, which is one by RFC 8259.
    pub(super) fn of_text(text: &'t str) -> Self {
        if !text.contains(['.', 'e', 'E']) {
            if let Ok(value) = text.parse() {
                return Self::Unsigned(value);
            }
            if let Ok(value) = text.parse()
                && value < 0
            {
                return Self::Negative(value);
            }
        }
        Self::of_double(text.parse().ok()).unwrap_or(Self::Text(text))
    }

    fn of_integer(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Negative(value), Self::Unsigned)
    }

    /// None where the text has to be kept.
    fn of_double(value: Option<f64>) -> Option<Self> {
        let is_exact = |value: &f64| value.abs() <= MAX_SAFE_INTEGER as f64;
        value
            .filter(|value| is_exact(value) && !keeps_all_digits())
            .map(Self::Double)
    }

    /// The most bytes that it may have more in canonical JSON than where it was read.
    #[inline(always)]
    pub(super) fn growth(self) -> u64 {
        match self {
            // From 2^53 on it stands in quotes.
            Self::Unsigned(value) if value <= MAX_SAFE_INTEGER => 0,
            Self::Negative(value) if value.unsigned_abs() <= MAX_SAFE_INTEGER => 0,
            Self::Unsigned(_) | Self::Negative(_) => 2,
            // Seventeen digits, sign, a zero, point, and five zeros behind it: `-0.0000012345678901234567` is the longest.
            Self::Double(_) | Self::Text(_) => 25,
        }
    }

    #[inline]
    pub(crate) fn as_u64(self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(value),
            _ => None,
        }
    }

    /// As serde_json keeps it; what it cannot keep is zero.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn to_number(self) -> serde_json::Number {
        match self {
            Self::Unsigned(value) => value.into(),
            Self::Negative(value) => value.into(),
            Self::Double(value) => of_double(value),
            Self::Text(text) => text.parse().unwrap_or_else(|_| 0.into()),
        }
    }

    /// Its text as serde_json writes it.
    pub(crate) fn to_text(self) -> String {
        match self {
            Self::Unsigned(value) => value.to_string(),
            Self::Negative(value) => value.to_string(),
            Self::Double(value) => of_double(value).to_string(),
            Self::Text(text) => text.to_owned(),
        }
    }

    /// The double that it is, where that tells it exactly enough to be written as one.
    pub(crate) fn as_exact_double(self) -> Option<f64> {
        let value = match self {
            Self::Double(value) => value,
            Self::Text(text) => text.parse().ok()?,
            Self::Unsigned(_) | Self::Negative(_) => return None,
        };
        (value.abs() <= MAX_SAFE_INTEGER as f64).then_some(value)
    }

    /// True for a number that is written as a string of its text (FORMAT section 2).
    pub(super) fn stands_in_quotes(self) -> bool {
        match self {
            Self::Unsigned(value) => value > MAX_SAFE_INTEGER,
            Self::Negative(value) => value.unsigned_abs() > MAX_SAFE_INTEGER,
            Self::Double(_) | Self::Text(_) => self.as_exact_double().is_none(),
        }
    }

    /// Appends it in its canonical form, as [`canonical::write_number`] does.
    #[inline]
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned(value) => canonical::write_u64(out, value),
            Self::Double(value) => canonical::write_f64(out, value),
            Self::Negative(_) | Self::Text(_) => self.write_other(out),
        }
    }

    #[inline(never)]
    fn write_other(self, out: &mut Vec<u8>) {
        match self {
            Self::Negative(value) => canonical::write_number(out, &value.into()),
            _ => match self.as_exact_double() {
                Some(value) => canonical::write_f64(out, value),
                None => canonical::write_string(out, &self.to_text()),
            },
        }
    }
}

/// So many digits are no more than the integers hold.
const MAX_DIGITS: usize = 18;

/// As many digits as there are of these are a whole number below 2^53.
const POWERS_OF_TEN: [f64; 15] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
];

/// The value of the digits from `at` on as those behind `value`, and the place behind them. It is wrong where they are
/// more than the integers hold.
#[inline]
fn read_digits(text: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(byte) = text.get(at)
        && byte.is_ascii_digit()
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte & 0xF));
        at += 1;
    }
    (value, at)
}

fn of_double(value: f64) -> serde_json::Number {
    serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into())
}

/// Whether serde_json's numbers keep their digits: some crate in the build switched its feature `arbitrary_precision` on.
fn keeps_all_digits() -> bool {
    static KEEPS: LazyLock<bool> = LazyLock::new(|| {
        let number: Result<serde_json::Number, _> = "1.50".parse();
        number.is_ok_and(|number| number.to_string() == "1.50")
    });
    *KEEPS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::token::number_length;

    fn kind_and_bits(number: Number<'_>) -> (u8, u64) {
        match number {
            Number::Unsigned(value) => (0, value),
            Number::Negative(value) => (1, value.cast_unsigned()),
            Number::Double(value) => (2, value.to_bits()),
            Number::Text(_) => (3, 0),
        }
    }

    proptest! {
        #[test]
        fn a_number_of_few_digits_is_what_the_long_way_makes_of_it(
            text in r"-?[0-9]{0,20}(\.[0-9]{0,17})?([eE][+-]?[0-9]{0,2})?[,\]} x.-]?",
        ) {
            if let Some((number, length)) = Number::of_few_digits(text.as_bytes()) {
                prop_assert_eq!(length, number_length(text.as_bytes()));
                let expected = Number::of_text(&text[..length]);
                prop_assert_eq!(kind_and_bits(number), kind_and_bits(expected));
            }
        }

        #[test]
        fn what_tools_mostly_say_is_read_the_short_way(text in r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?|-[1-9][0-9]{0,17}") {
            let expected = (!keeps_all_digits() || !text.contains('.')).then_some(text.len());
            let read = Number::of_few_digits(text.as_bytes());
            prop_assert_eq!(read.map(|(_, length)| length), expected);
        }
    }
}
