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

    /// The number that this text is, which is one by RFC 8259.
    #[inline]
    pub(super) fn of_text(text: &'t str, is_whole: bool) -> Self {
        if is_whole {
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
