//! Where values of several words end: names, addresses, telephone numbers.

use super::Reader;
use crate::sanitize::rules::Rules;
use crate::sanitize::text;

/// The most bytes of an unquoted phrase.
const MAX_PHRASE: usize = 256;

impl Reader<'_> {
    pub(in crate::sanitize) fn digits_end(self, rules: &Rules, start: usize) -> usize {
        if !matches!(self.at(start), Some(b'0'..=b'9' | b'+' | b'(')) {
            let end = self.phrase_end(rules, start);
            return self
                .account_end(start)
                .filter(|at| *at < end && !self.goes_on_with_sign(*at))
                .unwrap_or(end);
        }
        let mut at = start;
        let mut end = start;
        while let Some(byte) = self.at(at) {
            match byte {
                b'0'..=b'9' => end = at + 1,
                b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' => {}
                // A list of numbers goes on; a comma before anything else ends it.
                b',' if self.number_begins(at + 1) => {}
                _ => break,
            }
            at += 1;
        }
        // What begins with a letter behind a comma is another thing.
        let is_listed = at == end
            && self.at(at) == Some(b',')
            && self
                .at(at + 1)
                .is_some_and(|next| next.is_ascii_alphabetic());
        if is_listed
            || self.ends_word(end)
            || self.bytes[end..at].contains(&b' ')
            || self.is_end_or_space(at)
        {
            end
        } else {
            self.word_end(end)
        }
    }

    /// True where a word goes on with a sign that no sentence has behind a number: what stands before only begins like one.
    fn goes_on_with_sign(self, at: usize) -> bool {
        matches!(
            self.at(at),
            Some(b'#' | b'~' | b'@' | b'$' | b'%' | b'^' | b'*' | b'+' | b'=' | b'_' | b'!')
        ) && !self.is_end_or_space(at + 1)
    }

    /// True where, after a blank, three digits or what begins a telephone number follow.
    pub(in crate::sanitize) fn number_begins(self, at: usize) -> bool {
        let at = at + usize::from(self.at(at) == Some(b' '));
        let digit = |at| self.at(at).is_some_and(|byte: u8| byte.is_ascii_digit());
        matches!(self.at(at), Some(b'+' | b'(')) || (at..at + 3).all(digit)
    }

    pub(in crate::sanitize) fn phrase_end(self, rules: &Rules, start: usize) -> usize {
        let line = self.line_end(start, MAX_PHRASE + 1);
        let line = text::next_ruled_name(rules, self.bytes, start, line);
        let mut at = start;
        let mut balanced = true;
        while at < line {
            let byte = self.bytes[at];
            let ends = match byte {
                b';' | b'|' | b'\t' => true,
                b',' | b'&' | b' ' => self.assignment_begins(at + 1) || self.option_begins(at + 1),
                b')' | b']' | b'}' | b'>' | b'"' | b'`' => at > start && self.ends_word(at),
                b'\'' | b'\\' => at > start && self.ends_word(at) && self.at(at + 1) != Some(b' '),
                _ => false,
            };
            if ends {
                break;
            }
            let group = match byte {
                b'(' | b'[' | b'{' if balanced => {
                    let end = self.group_end(at);
                    balanced = end.is_some();
                    end
                }
                _ => None,
            };
            at = group.unwrap_or(at + 1);
        }
        let mut end = at;
        // A group in brackets may reach beyond the line's limit: it is taken whole.
        if end == line && end - start > MAX_PHRASE {
            end = start + MAX_PHRASE;
            while end > start && !self.bytes[end].is_ascii_whitespace() {
                end -= 1;
            }
            if end == start {
                end = self.word_end(start);
            }
        }
        self.without_blanks_after(start, end)
    }

    /// Where a person's name ends that begins at `start`: before what is said of the person, at `end` at the latest.
    pub(in crate::sanitize) fn name_end(self, start: usize, end: usize) -> usize {
        const SAID: &[&[u8]] = &[
            b"not", b"is", b"was", b"has", b"had", b"does", b"did", b"already", b"cannot",
            b"could", b"failed", b"who", b"whose", b"with", b"born", b"aged",
        ];
        let ends = |at: &usize| match &self.bytes[*at..end] {
            // The second part of a name begins with a capital letter.
            [b',', b' ', next, ..] => next.is_ascii_lowercase() || next.is_ascii_digit(),
            [b' ', rest @ ..] => {
                let word = rest.split(|byte| !byte.is_ascii_lowercase()).next();
                SAID.contains(&word.unwrap_or_default())
            }
            _ => false,
        };
        // Written in small letters, the name itself has none.
        let has_capital = self.bytes[start..end]
            .iter()
            .take_while(|byte| **byte != b' ' && **byte != b',')
            .any(|byte| byte.is_ascii_uppercase() || *byte >= 0x80);
        match (start + 1..end).find(ends) {
            Some(at) if has_capital => at,
            _ => end,
        }
    }

    /// The end of the line, be its end written out or spelled `\n`, but at most `most` bytes on.
    pub(in crate::sanitize) fn line_end(self, start: usize, most: usize) -> usize {
        let limit = self.bytes.len().min(start.saturating_add(most));
        let end = memchr::memchr2(b'\n', b'\r', &self.bytes[start..limit])
            .map_or(limit, |offset| start + offset);
        let spelled = (start..end.saturating_sub(1))
            .find(|at| self.bytes[*at] == b'\\' && matches!(self.bytes[at + 1], b'n' | b'r'));
        spelled.unwrap_or(end)
    }

    /// The end of a value of several words on a line of settings, whose first word ends at `first_end`.
    pub(in crate::sanitize) fn line_of_words(
        self,
        rules: &Rules,
        start: usize,
        first_end: usize,
    ) -> usize {
        if self.at(first_end) != Some(b' ') {
            return first_end;
        }
        let line = self.line_end(first_end, MAX_PHRASE);
        if line < self.bytes.len() && !matches!(self.bytes[line], b'\n' | b'\r' | b'\\') {
            return first_end;
        }
        let end = (first_end..line)
            .find(|at| {
                let rest = &self.bytes[*at..line];
                rest.starts_with(b" #")
                    || rest.starts_with(b" //")
                    || rest.starts_with(b" ;")
                    || matches!(rest[0], b'"' | b'\'' | b'`' | b'|')
                    || rest[0] == b' ' && self.assignment_begins(*at + 1)
            })
            .unwrap_or(line);
        let end = text::next_ruled_name(rules, self.bytes, first_end, end).min(end);
        self.without_blanks_after(start, end).max(first_end)
    }

    pub(in crate::sanitize) fn without_blanks_after(self, start: usize, end: usize) -> usize {
        let last = self.bytes[start..end]
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t' | b','));
        start + last.map_or(0, |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::hits;

    #[test]
    fn a_value_that_only_begins_like_an_account_number_goes_whole() {
        hits(&[
            ("n=1&phone=sa00#~aA!&m=2", "n=1&phone=<>&m=2"),
            ("iban: DE89 3704 0044, then", "iban: <>, then"),
        ]);
    }
}
