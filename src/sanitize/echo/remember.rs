//! Which values are kept, and in which spelling.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::{Echo, Form, Needle, Secret, parts, search, spelling, worth};
use crate::sanitize::marker;

/// The most values that are kept.
pub(super) const MAX_VALUES: usize = 32;
/// The most bytes of all values together.
const MAX_BYTES: usize = 8 * 1024;
/// How much of a value is looked for in base64 and in hexadecimal digits.
const ENCODED: usize = 96;
/// A shorter value is one only where no letter or digit stands beside it.
const LEAST_UNBOUNDED: usize = 8;
/// How many digits a number has that is looked for without its punctuation too: fewer are dates.
const LEAST_PUNCTUATED: usize = 9;
const MOST_PUNCTUATED: usize = 20;

impl Echo {
    /// Looks for `value` from now on, for which `replacement` stands.
    ///
    /// A secret is looked for in base64 and hexadecimal digits too.
    pub(crate) fn remember(&mut self, value: &str, replacement: &str, is_secret: bool) {
        self.remember_spelt(value, replacement, is_secret);
        if let Some(digits) = without_punctuation(value) {
            self.remember_spelt(&digits, replacement, is_secret);
        }
        if is_secret {
            if memchr::memchr(b'=', value.as_bytes()).is_some() {
                for cookie in parts::cookies(value) {
                    self.remember_spelt(cookie, replacement, true);
                }
            }
            if let Some(plain) = parts::decoded(without_scheme(value.trim()))
                && let Ok(plain) = std::str::from_utf8(&plain)
            {
                self.remember_spelt(plain, replacement, true);
            }
        } else if let Some(number) = parts::record_number(value.trim()) {
            self.remember_spelt(number, replacement, false);
        }
    }

    fn remember_spelt(&mut self, value: &str, replacement: &str, is_secret: bool) {
        let value = without_scheme(value.trim());
        if self.values >= MAX_VALUES
            || self.bytes + value.len() > MAX_BYTES
            || !worth::is_telling(value)
            || marker::is_whole(value)
        {
            return;
        }
        let Some(spelt) = self.spell(value) else {
            return;
        };
        let known = |needle: &Needle| self.spelt[needle.spelt.clone()] == self.spelt[spelt.clone()];
        if self.needles.iter().any(known) {
            self.spelt[spelt.start..].zeroize();
            self.spelt.truncate(spelt.start);
            return;
        }
        self.values += 1;
        self.bytes += value.len();
        let start = self.replacements.len();
        self.replacements.push_str(replacement);
        let replacement = start..self.replacements.len();
        let bounded = !is_secret
            || value.len() < LEAST_UNBOUNDED
            || value.bytes().all(|byte| byte.is_ascii_digit());
        let form = if bounded { Form::Word } else { Form::Plain };
        self.needles.push(Needle {
            rarest: search::rarest(&self.spelt[spelt.clone()]),
            spelt,
            replacement: replacement.clone(),
            form,
        });
        if is_secret {
            self.remember_secret(value.as_bytes(), replacement);
        }
    }

    /// Adds the one spelling of a value; none of too little.
    fn spell(&mut self, value: &str) -> Option<Range<usize>> {
        self.make_room(spelling::MOST * value.len() + 4);
        let start = self.spelt.len();
        spelling::write(&mut self.spelt, value.as_bytes());
        let spelt = &self.spelt[start..];
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\\');
        let before = spelt.iter().take_while(blank).count();
        let behind = spelt.iter().rev().take_while(blank).count();
        if before + behind + worth::LEAST > spelt.len() {
            self.spelt[start..].zeroize();
            self.spelt.truncate(start);
            return None;
        }
        let end = self.spelt.len() - behind;
        Some(start + before..end)
    }

    /// Looks for the encodings of a value, which are written out once a piece of one of them stands somewhere.
    fn remember_secret(&mut self, value: &[u8], replacement: Range<usize>) {
        let value = &value[..value.len().min(ENCODED)];
        self.make_room(value.len());
        let start = self.spelt.len();
        self.spelt.extend_from_slice(value);
        self.secrets.push(Secret {
            value: start..self.spelt.len(),
            replacement,
        });
    }
}

/// The credentials in the value of a header, which are the secret of it (RFC 9110 section 11.4).
fn without_scheme(value: &str) -> &str {
    let behind = |scheme: &&str| {
        let (begin, rest) = value.split_at_checked(scheme.len())?;
        let rest = rest.strip_prefix(' ')?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let schemes = ["bearer", "basic", "token", "apikey", "negotiate", "dpop"];
    schemes
        .iter()
        .find_map(behind)
        .map_or(value, str::trim_start)
}

/// The digits of a number that is written with punctuation; `None` for what is none, or has none.
fn without_punctuation(value: &str) -> Option<Zeroizing<String>> {
    let (mut digits, mut signs) = (0, 0);
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' => signs += 1,
            _ => return None,
        }
    }
    let is_number = (LEAST_PUNCTUATED..=MOST_PUNCTUATED).contains(&digits) && signs > 0;
    // Of a string that grows a copy would be left behind.
    is_number.then(|| {
        let mut bare = Zeroizing::new(String::with_capacity(value.len()));
        bare.extend(value.chars().filter(char::is_ascii_digit));
        bare
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::echo::testing::{echo, replaced};

    #[test]
    fn a_number_is_found_without_its_punctuation() {
        let mut echo = echo(&["(202) 555-0123", "1961-02-17"]);
        assert_eq!(
            replaced(&mut echo, "dialed 2025550123, 19610217"),
            "dialed [REDACTED:password], 19610217"
        );
    }

    #[test]
    fn the_credentials_of_a_header_are_looked_for_without_their_scheme() {
        let mut echo = echo(&["Bearer abc-def-123"]);
        assert_eq!(
            replaced(&mut echo, "got abc-def-123"),
            "got [REDACTED:password]"
        );
    }

    #[test]
    fn parts_of_a_secret_are_looked_for_too() {
        let mut echo = echo(&[
            "sid=53QSLfA4S4Ce0vr3; lang=et",
            "Basic YWRhOng3VHE5YlB6Mg==",
        ]);
        assert_eq!(
            replaced(
                &mut echo,
                "bad session 53QSLfA4S4Ce0vr3, bad login ada / x7Tq9bPz2"
            ),
            "bad session [REDACTED:password], bad login ada / [REDACTED:password]"
        );
    }

    #[test]
    fn a_record_is_found_by_its_number() {
        let mut echo = Echo::default();
        echo.remember("MRN-771245", "pn:b", false);
        assert_eq!(
            replaced(&mut echo, "chart 771245, order 17712450"),
            "chart pn:b, order 17712450"
        );
    }

    #[test]
    fn values_have_a_bound_and_are_wiped() {
        let mut echo = Echo::default();
        for number in 0..100 {
            echo.remember(&format!("{number:02} a secret"), "[REDACTED:a]", true);
        }
        assert_eq!(echo.values, MAX_VALUES);
        assert!(!echo.occurs_in(b"\"99 a secret\""));
        echo.clear();
        assert!(echo.is_empty() && !echo.occurs_in(b"\"01 a secret\""));
        echo.remember(&"x1y2".repeat(5000), "[REDACTED:a]", true);
        assert!(echo.is_empty());
    }
}
