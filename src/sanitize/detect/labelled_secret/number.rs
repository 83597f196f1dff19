//! Numbers that follow their name without a word between: `SSN 123456789`, `MRN #1234567`, `DOB 1980-01-02`.

use std::ops::Range;

use super::ends_with;
use super::sentence::Sentence;
use crate::sanitize::detect::digits::leading_digits;
use crate::sanitize::detect::phone::{is_owned, is_version};
use crate::sanitize::extent::Found;
use crate::sanitize::rule::{Extent, Treatment};

/// What may stand between a name and its number.
const LINKS: &[&str] = &["is", "number", "no", "no.", "of", "was", "code", "on"];
/// The same in other languages, with their articles: `lautet`, `est le`, `es el`.
#[rustfmt::skip]
const LINKS_ABROAD: &[&str] = &[
    "lautet", "lautete", "ist", "war", "est", "es", "è", "é", "är", "er", "lyder", "luidt", "jest", "brzmi",
    "este", "le", "el", "il", "o",
];
/// How many digits the first of several groups of a number has at most, and a number in groups at least.
const MAX_FIRST_GROUP: usize = 4;
const LEAST_IN_GROUPS: usize = 7;
/// The most groups of a number.
const MAX_GROUPS: usize = 6;

/// The fewest digits of a telephone number behind "cell" alone, which tables have as well.
const LEAST_OF_CELL: usize = 9;
/// How far before a name the word begins that says whose it is.
const MAX_OWNER: usize = 8;

impl Sentence<'_, '_, '_> {
    /// `SSN 078-05-…`, `DOB 1980-01-02`, `CVV 123`, `MRN #1234567`, `MRN (1234567)`.
    pub(super) fn number(&self) -> Option<Found> {
        let bytes = self.bytes();
        let mut at = self.name.range.end;
        let mut is_linked = false;
        for _ in 0..3 {
            at = self.after_signs(at);
            let word = self.word(at);
            let text = self.text(&word);
            let mut links = LINKS.iter().chain(LINKS_ABROAD);
            if text.is_empty() || !links.any(|link| link.eq_ignore_ascii_case(text)) {
                break;
            }
            at = word.end + usize::from(bytes.get(word.end) == Some(&b'.'));
            is_linked = true;
        }
        if at == self.name.range.end {
            // A remark stands between: `MRN (hospital) 1234567`.
            at = self.findings.reader.skip_blanks(self.after_name());
        }
        if at == self.name.range.end {
            return None;
        }
        if self.name.rule.extent == Extent::Date
            && let Some(end) = self.findings.reader.date_end(at)
        {
            return Some(Found::bare(at..end));
        }
        let word = self.word(at);
        let is_number = self.is_number(self.text(&word)) && !self.is_no_phone(&word);
        let end = if is_number {
            word.end
        } else {
            self.groups_end(at).filter(|_| is_linked)?
        };
        Some(Found::bare(at..end))
    }

    /// Where a number of a person or an account ends that is written in groups of digits: `28 1234567840`.
    fn groups_end(&self, start: usize) -> Option<usize> {
        if !matches!(self.name.rule.extent, Extent::Digits | Extent::Identity) {
            return None;
        }
        let bytes = self.bytes();
        let mut digits = 0;
        let mut at = start;
        for group in 0..MAX_GROUPS {
            let length = leading_digits(bytes.get(at..)?);
            if length == 0 || group == 0 && length > MAX_FIRST_GROUP {
                return None;
            }
            digits += length;
            at += length;
            match bytes.get(at..) {
                Some([b' ', next, ..]) if next.is_ascii_digit() => at += 1,
                Some([next, ..]) if next.is_ascii_alphanumeric() => return None,
                _ => return (digits >= LEAST_IN_GROUPS).then_some(at),
            }
        }
        None
    }

    /// True behind a word for a telephone where something else is numbered: `mobile 4.15.6.20200101`, `cell 12345678`.
    fn is_no_phone(&self, word: &Range<usize>) -> bool {
        if self.name.rule.name() != "phone" {
            return false;
        }
        let bytes = self.bytes();
        let text = self.text(word);
        let name = &self.name.range;
        let is_of_table = text.len() < LEAST_OF_CELL
            && bytes[name.clone()].eq_ignore_ascii_case(b"cell")
            && self.findings.reader.skip_blanks(name.end) == word.start
            && !is_owned(&bytes[name.start.saturating_sub(MAX_OWNER)..name.start]);
        is_of_table || is_version(text.as_bytes())
    }

    /// Behind what may stand between a name and its number.
    fn after_signs(&self, at: usize) -> usize {
        let bytes = self.bytes();
        let blanks = self.findings.reader.skip_blanks(at);
        let rest = &bytes[blanks..];
        let signs = match rest {
            [b'.', b'.', b'.', ..] => rest.iter().take_while(|byte| **byte == b'.').count(),
            [b'#', b':', ..] => 2,
            [b'#', ..] => 1,
            [b'(', next, ..] if *next != b' ' => 1,
            // `D.O.B. 03/09/1978`
            [b'.', b' ', ..] if self.is_abbreviated() => 1,
            [b'\'' | b'"', digit, ..] if blanks > at && digit.is_ascii_alphanumeric() => 1,
            [b'-', b' ', ..] if blanks > at => 1,
            [b'-' | b'/', digit, ..] if digit.is_ascii_digit() => 1,
            _ => return blanks,
        };
        self.findings.reader.skip_blanks(blanks + signs)
    }

    /// `D.O.B.`, `Account No.`
    fn is_abbreviated(&self) -> bool {
        let name = &self.bytes()[self.name.range.clone()];
        name.contains(&b'.') || ends_with(name, " no")
    }

    /// Whether a word is the number that the name is for.
    pub(super) fn is_number(&self, text: &str) -> bool {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let numeric = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'/'));
        let is_date = digits >= 6 && text.len() > digits && numeric;
        match self.name.rule.extent {
            Extent::Phrase | Extent::Name | Extent::Date => {
                is_date
                    || digits >= 5
                        && digits == text.len()
                        && !self.name.rule.name().ends_with("address")
            }
            _ if self.name.rule.treatment == Treatment::Drop => digits >= 3 && numeric,
            _ => {
                digits >= 5
                    && (numeric
                        || text
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
                    || is_date
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn numbers_behind_verbs_of_other_languages_go() {
        hits(&[
            (
                "Ihre Steuer-Nummer lautet 21/815/08150.",
                "Ihre Steuer-Nummer lautet <>.",
            ),
            (
                "Personalausweis-Nummer ist L01X00T471",
                "Personalausweis-Nummer ist <>",
            ),
            (
                "Die Reisepassnummer lautet C01X00T478, gültig",
                "Die Reisepassnummer lautet <>, gültig",
            ),
            (
                "Krankenversicherten-Nummer lautet A123456780",
                "Krankenversicherten-Nummer lautet <>",
            ),
            (
                "Ihre Kontonummer lautet 532 013 000.",
                "Ihre Kontonummer lautet <>.",
            ),
            (
                "El número de la seguridad social es el 28 1234567840",
                "El número de la seguridad social es el <>",
            ),
            (
                "Numéro de compte est le 532013000",
                "Numéro de compte est le <>",
            ),
        ]);
    }

    #[test]
    fn what_else_is_said_of_such_numbers_stays() {
        misses(&[
            "Ihre Steuernummer ist 10 Zeichen lang",
            "Die Kontonummer ist 12 34 lang",
            "Ihre Kontonummer lautet anders",
            "Die Reisepassnummer ist ungültig",
            "passnummer: ungültig",
        ]);
    }
}
