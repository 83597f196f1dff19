//! Numbers that follow their name without a word between: `SSN 123456789`, `MRN #1234567`, `DOB 1980-01-02`.

use std::ops::Range;

use super::ends_with;
use super::sentence::Sentence;
use crate::sanitize::detect::phone::{is_owned, is_version};
use crate::sanitize::extent::Found;
use crate::sanitize::rule::{Extent, Treatment};

/// What may stand between a name and its number.
const LINKS: &[&str] = &["is", "number", "no", "no.", "of", "was", "code", "on"];

/// The fewest digits of a telephone number behind "cell" alone, which tables have as well.
const LEAST_OF_CELL: usize = 9;
/// How far before a name the word begins that says whose it is.
const MAX_OWNER: usize = 8;

impl Sentence<'_, '_, '_> {
    /// `SSN 078-05-…`, `DOB 1980-01-02`, `CVV 123`, `MRN #1234567`, `MRN (1234567)`.
    pub(super) fn number(&self) -> Option<Found> {
        let bytes = self.bytes();
        let mut at = self.name.range.end;
        for _ in 0..3 {
            at = self.after_signs(at);
            let word = self.word(at);
            if !LINKS
                .iter()
                .any(|link| link.eq_ignore_ascii_case(self.text(&word)))
            {
                break;
            }
            at = word.end + usize::from(bytes.get(word.end) == Some(&b'.'));
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
            return Some(Found {
                start: at,
                end,
                quoted: false,
            });
        }
        let word = self.word(at);
        (self.is_number(self.text(&word)) && !self.is_no_phone(&word)).then_some(Found {
            start: at,
            end: word.end,
            quoted: false,
        })
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
