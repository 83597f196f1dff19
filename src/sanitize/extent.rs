//! Where a value in plain text ends.
//!
//! A secret that goes on after its supposed end would be written, so in doubt a value reaches further:
//! a comma or a closing bracket ends it only where what follows looks like the next thing.

use super::marker;
use super::rules::{Extent, Rules};
use super::text::{self, is_quote};

/// How far ahead the closing bracket of a value may stand.
const MAX_GROUP: usize = 2048;
/// The most bytes of an unquoted phrase.
const MAX_PHRASE: usize = 256;
/// The most bytes of credentials with parameters.
const MAX_CREDENTIALS: usize = 4096;
/// How far a look ahead goes, so that all looks together stay linear in the text.
const LOOK_AHEAD: usize = 64;
/// How many quotes and brackets may close one after the other behind a value.
const MAX_CLOSINGS: usize = 8;

/// The place of a value in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Quotes stand around it.
    pub(super) quoted: bool,
}

/// A place in a text that is being read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    bytes: &'t [u8],
}

/// A quotation mark and the backslashes before it.
#[derive(Clone, Copy)]
struct Quote {
    backslashes: usize,
    mark: u8,
    /// One, or three as Python and TOML have them.
    times: usize,
}

impl Quote {
    fn length(self) -> usize {
        self.backslashes + self.times
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        Self { bytes }
    }

    /// The value that begins at `at`, after spaces. `outer` is the quotation mark before the name.
    pub(super) fn value(
        self,
        rules: &Rules,
        at: usize,
        extent: Extent,
        outer: Option<u8>,
    ) -> Option<Found> {
        let start = self.skip_blanks(at);
        if let Some(quote) = self.opening_quote(start) {
            let start = start + quote.length();
            let end = self.closing_quote(start, quote);
            return Some(Found {
                start,
                end,
                quoted: true,
            });
        }
        let end = match self.marker_end(start, extent) {
            Some(end) => end,
            None => {
                let end = match extent {
                    _ if matches!(self.at(start), Some(b'[' | b'{')) => self.word_end(start),
                    Extent::Word => self.word_end(start),
                    Extent::Credentials => self.credentials_end(start, outer),
                    Extent::Digits => self.digits_end(rules, start),
                    Extent::Phrase => self.phrase_end(rules, start),
                };
                // A pseudonym must be told from what follows it.
                let runs_on = self
                    .at(end)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric());
                if runs_on && end > start {
                    self.word_end(end)
                } else {
                    end
                }
            }
        };
        (end > start).then_some(Found {
            start,
            end,
            quoted: false,
        })
    }

    /// A marker or pseudonym ends where it ends, so that what was sanitized once is left alone; but a
    /// word that only begins like one is a word.
    fn marker_end(self, start: usize, extent: Extent) -> Option<usize> {
        let end = start + marker::length_at(self.bytes, start)?;
        (extent != Extent::Word || self.ends_word(end)).then_some(end)
    }

    fn at(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(super) fn skip_blanks(self, mut at: usize) -> usize {
        while matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }

    fn opening_quote(self, at: usize) -> Option<Quote> {
        let mut mark_at = at;
        while mark_at < at + LOOK_AHEAD && self.at(mark_at) == Some(b'\\') {
            mark_at += 1;
        }
        let mark = self.at(mark_at).filter(|byte| is_quote(*byte))?;
        let backslashes = mark_at - at;
        let triple =
            backslashes == 0 && self.at(at + 1) == Some(mark) && self.at(at + 2) == Some(mark);
        Some(Quote {
            backslashes,
            mark,
            times: if triple { 3 } else { 1 },
        })
    }

    /// Where the text inside `quote` ends: before its like, else at the line's end.
    fn closing_quote(self, start: usize, quote: Quote) -> usize {
        let mut at = start;
        while let Some(offset) = memchr::memchr(quote.mark, &self.bytes[at..]) {
            let mark_at = at + offset;
            let backslashes = self.bytes[start..mark_at]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count();
            // Each level of escaping doubles the backslashes and adds one before a mark.
            let closes = backslashes
                .checked_sub(quote.backslashes)
                .is_some_and(|more| (more / (quote.backslashes + 1)).is_multiple_of(2));
            let repeated =
                (1..quote.times).all(|further| self.at(mark_at + further) == Some(quote.mark));
            if closes && repeated {
                return mark_at - quote.backslashes;
            }
            at = mark_at + 1;
        }
        memchr::memchr2(b'\n', b'\r', &self.bytes[start..])
            .map_or(self.bytes.len(), |offset| start + offset)
    }

    fn word_end(self, start: usize) -> usize {
        let mut at = start;
        let mut balanced = true;
        while !self.ends_word(at) {
            match self.at(at) {
                Some(b'(' | b'[' | b'{') if balanced => match self.group_end(at) {
                    Some(end) => at = end,
                    None => {
                        balanced = false;
                        at += 1;
                    }
                },
                _ => at += 1,
            }
            // `b"…"` and its like: the quote belongs to the word.
            if at - start <= 2
                && self.bytes[start..at].iter().all(u8::is_ascii_alphabetic)
                && let Some(quote) = self.opening_quote(at)
            {
                at = self.closing_quote(at + quote.length(), quote);
                if self.opening_quote(at).is_some() {
                    at += quote.length();
                }
            }
        }
        at
    }

    /// True where a word ends at `at`. It depends on nothing before that place, so a text that was
    /// sanitized ends in the same places.
    fn ends_word(self, at: usize) -> bool {
        self.ends_within(at, MAX_CLOSINGS)
    }

    /// `closings` bounds how many quotes and brackets in a row are looked through.
    fn ends_within(self, at: usize, closings: usize) -> bool {
        let Some(byte) = self.at(at) else {
            return true;
        };
        let next = match byte {
            b',' | b';' | b'&' | b'|' => {
                return self.is_end_or_space(at + 1)
                    || self.opening_quote(at + 1).is_some()
                    || self.assignment_begins(at + 1)
                    || self.option_begins(at + 1);
            }
            b')' | b']' | b'}' | b'>' => at + 1,
            _ => match self.opening_quote(at) {
                Some(quote) => at + quote.length(),
                None => return byte.is_ascii_whitespace(),
            },
        };
        match self.at(next) {
            Some(b'.' | b':') => self.is_end_or_space(next + 1),
            Some(b'/') => self.at(next + 1) == Some(b'>'),
            _ => closings > 0 && self.ends_within(next, closings - 1),
        }
    }

    fn is_end_or_space(self, at: usize) -> bool {
        self.at(at).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// True where, after blanks and a quote, a name and `=` or `:` follow.
    fn assignment_begins(self, at: usize) -> bool {
        let limit = at + LOOK_AHEAD;
        let mut at = at;
        while at < limit && matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        if let Some(quote) = self.opening_quote(at) {
            at += quote.length();
        }
        if !self
            .at(at)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        {
            return false;
        }
        while at < limit && self.at(at).is_some_and(text::is_name_byte) {
            at += 1;
        }
        if let Some(quote) = self.opening_quote(at) {
            at += quote.length();
        }
        while at < limit && matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        matches!(self.at(at), Some(b'=' | b':'))
    }

    /// After the bracket that closes the one at `open`, past quotes, where it is near.
    fn group_end(self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = open;
        while at < open + MAX_GROUP {
            match self.at(at)? {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'"' => {
                    let backslashes = self.bytes[open..at]
                        .iter()
                        .rev()
                        .take_while(|byte| **byte == b'\\')
                        .count();
                    let quote = Quote {
                        backslashes,
                        mark: b'"',
                        times: 1,
                    };
                    at = self.closing_quote(at + 1, quote) + backslashes;
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn credentials_end(self, start: usize, outer: Option<u8>) -> usize {
        let scheme_end = self.word_end(start);
        let scheme = &self.bytes[start..scheme_end];
        let has_one_token = ["bearer", "basic", "token", "negotiate", "apikey", "bot"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()));
        if has_one_token {
            let token = self.skip_blanks(scheme_end);
            return if token > scheme_end && !self.is_end_or_space(token) {
                self.word_end(token)
            } else {
                scheme_end
            };
        }
        // A scheme with parameters, or one of somebody's own: all of the line is theirs.
        let line = self.line_end(start, MAX_CREDENTIALS);
        let end = outer
            .and_then(|mark| {
                (start..line).find(|at| self.bytes[*at] == mark && self.ends_word(*at))
            })
            .unwrap_or(line);
        self.without_blanks_after(start, end)
    }

    fn digits_end(self, rules: &Rules, start: usize) -> usize {
        if !matches!(self.at(start), Some(b'0'..=b'9' | b'+' | b'(')) {
            return self.phrase_end(rules, start);
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
        if self.ends_word(end) || self.bytes[end..at].contains(&b' ') || self.is_end_or_space(at) {
            end
        } else {
            self.word_end(end)
        }
    }

    /// True where, after a blank, three digits or what begins a telephone number follow.
    fn number_begins(self, at: usize) -> bool {
        let at = at + usize::from(self.at(at) == Some(b' '));
        let digit = |at| self.at(at).is_some_and(|byte: u8| byte.is_ascii_digit());
        matches!(self.at(at), Some(b'+' | b'(')) || (at..at + 3).all(digit)
    }

    fn phrase_end(self, rules: &Rules, start: usize) -> usize {
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

    fn option_begins(self, at: usize) -> bool {
        self.bytes
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"--"))
            && self
                .at(at + 2)
                .is_some_and(|byte| byte.is_ascii_alphabetic())
    }

    /// The end of the line, be its end written out or spelled `\n`, but at most `most` bytes on.
    fn line_end(self, start: usize, most: usize) -> usize {
        let limit = self.bytes.len().min(start.saturating_add(most));
        let end = memchr::memchr2(b'\n', b'\r', &self.bytes[start..limit])
            .map_or(limit, |offset| start + offset);
        let spelled = (start..end.saturating_sub(1))
            .find(|at| self.bytes[*at] == b'\\' && matches!(self.bytes[at + 1], b'n' | b'r'));
        spelled.unwrap_or(end)
    }

    fn without_blanks_after(self, start: usize, end: usize) -> usize {
        let last = self.bytes[start..end]
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t' | b','));
        start + last.map_or(0, |last| last + 1)
    }
}
