//! Where a value in plain text ends.
//!
//! A secret that goes on after its supposed end would be written, so in doubt a value reaches further:
//! a comma or a closing bracket ends it only where what follows looks like the next thing.

mod account;
mod credentials;
mod date;
mod phrase;
mod word;

use std::ops::Range;

use super::marker;
use super::rule::Extent;
use super::rules::Rules;
use super::text::is_quote;

/// How far a look ahead goes, so that all looks together stay linear in the text.
const LOOK_AHEAD: usize = 64;
/// The most templates and commands within a text in marks.
const MAX_TEMPLATES: usize = 8;

/// The place of a value in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Quotes stand around it.
    pub(super) quoted: bool,
}

impl Found {
    /// Quotes stand around it, or it is taken as if they did.
    pub(super) const fn quoted(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
            quoted: true,
        }
    }

    /// No quotes stand around it.
    pub(super) const fn bare(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
            quoted: false,
        }
    }
}

/// A place in a text that is being read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    bytes: &'t [u8],
}

/// A quotation mark and the backslashes before it.
#[derive(Clone, Copy)]
pub(super) struct Quote {
    backslashes: usize,
    mark: u8,
    /// One, or three as Python and TOML have them.
    times: usize,
}

impl Quote {
    pub(super) fn length(self) -> usize {
        self.backslashes + self.times
    }
}

/// True where the mark at `mark_at` is written twice, as SQL and YAML spell one that is part of the text from `start` on.
///
/// Two right at the beginning are an empty text, and behind a backslash the second one closes it.
pub(super) fn is_doubled(bytes: &[u8], start: usize, mark_at: usize) -> bool {
    let is_twice = matches!(
        bytes.get(mark_at..),
        Some([b'\'', b'\'', ..] | [b'"', b'"', ..])
    );
    is_twice && mark_at > start && bytes.get(mark_at - 1) != Some(&b'\\')
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
            let end = self.behind_templates(start, end, quote);
            return Some(Found::quoted(start..end));
        }
        let end = match self.marker_end(start, extent) {
            Some(end) => end,
            None => {
                let end = match extent {
                    _ if self.bytes[start..].starts_with(b"<%") => self.template_end(start),
                    _ if matches!(self.at(start), Some(b'[' | b'{')) => self.word_end(start),
                    Extent::Identity
                        if self.at(start).is_some_and(|byte| byte.is_ascii_digit()) =>
                    {
                        self.digits_end(rules, start)
                    }
                    Extent::Word | Extent::Identity => self.word_end(start),
                    Extent::Credentials => self.credentials_end(start, outer),
                    Extent::Digits => self.digits_end(rules, start),
                    Extent::Phrase => self.phrase_end(rules, start),
                    Extent::Name => self.name_end(start, self.phrase_end(rules, start)),
                    Extent::Date => self
                        .date_end(start)
                        .unwrap_or_else(|| self.phrase_end(rules, start)),
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
        (end > start).then_some(Found::bare(start..end))
    }

    /// A marker or pseudonym ends where it ends, so that what was sanitized once is left alone; but a
    /// word that only begins like one is a word.
    fn marker_end(self, start: usize, extent: Extent) -> Option<usize> {
        let end = start + marker::length_at(self.bytes, start)?;
        (extent != Extent::Word || self.ends_word(end)).then_some(end)
    }

    pub(super) fn at(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(super) fn skip_blanks(self, mut at: usize) -> usize {
        while matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }

    pub(super) fn opening_quote(self, at: usize) -> Option<Quote> {
        let mut mark_at = at;
        while mark_at < at + LOOK_AHEAD && self.at(mark_at) == Some(b'\\') {
            mark_at += 1;
        }
        let mark = self.at(mark_at).filter(|byte| is_quote(*byte))?;
        let backslashes = mark_at - at;
        let triple =
            backslashes == 0 && self.at(at + 1) == Some(mark) && self.at(at + 2) == Some(mark);
        let times = match triple {
            true => 3,
            false if backslashes == 0 && self.opens_twice(at, mark) => 2,
            false => 1,
        };
        Some(Quote {
            backslashes,
            mark,
            times,
        })
    }

    /// True where a mark is written twice before and behind a text, as within a text in the same marks: in a cell of
    /// CSV, in a statement that another one holds.
    fn opens_twice(self, at: usize, mark: u8) -> bool {
        let Some([first, second, third, rest @ ..]) = self.bytes.get(at..) else {
            return false;
        };
        *first == mark
            && *second == mark
            && mark != b'`'
            // Behind an empty text a sign follows.
            && (third.is_ascii_alphanumeric() || matches!(third, b'[' | b'$' | b'/' | b'_' | b'#' | b'*' | b'!' | b'@'))
            // No further than to the next such marks: of many in a line, each would be read to its end.
            && memchr::memchr3_iter(mark, b'\n', b'\r', rest)
                .take_while(|place| rest[*place] == mark)
                .any(|place| rest.get(place + 1) == Some(&mark))
    }

    /// `"{{ .name | default "x" }}"`, `"$(cat "x")"`: what a template or a command has in marks ends no text, nor
    /// does it at `end` where one of them is still open there.
    fn behind_templates(self, start: usize, mut end: usize, quote: Quote) -> usize {
        if quote.mark != b'"' || quote.times != 1 {
            return end;
        }
        let mut at = start;
        for _ in 0..MAX_TEMPLATES {
            let Some(offset) = memchr::memchr2(b'{', b'(', &self.bytes[at..end]) else {
                break;
            };
            let open = at + offset;
            at = open + 1;
            let is_template =
                self.bytes[start..open].ends_with(b"$") || self.bytes[open..end].starts_with(b"{{");
            if !is_template {
                continue;
            }
            let Some(group) = self.group_end(open) else {
                break;
            };
            if group > end {
                let line = memchr::memchr2(b'\n', b'\r', &self.bytes[end..group]);
                if line.is_some() {
                    break;
                }
                end = self.closing_quote(group, quote);
            }
            at = group;
        }
        end
    }

    /// Where the text inside `quote` ends: before its like, else at the line's end.
    pub(super) fn closing_quote(self, start: usize, quote: Quote) -> usize {
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
            let doubled = quote.backslashes == 0
                && quote.times == 1
                && is_doubled(self.bytes, start, mark_at);
            if closes && repeated && doubled {
                at = mark_at + 2;
                continue;
            }
            if closes && repeated {
                return mark_at - quote.backslashes;
            }
            at = mark_at + 1;
        }
        memchr::memchr2(b'\n', b'\r', &self.bytes[start..])
            .map_or(self.bytes.len(), |offset| start + offset)
    }
}
