//! Any JSON text into its canonical form.

use std::error::Error;
use std::fmt;

use super::token::{self, BadEscape};
use super::{compare_keys, write_es6_number, write_string};
use crate::log::record::MAX_DEPTH;

/// Why a text has no canonical form, and where that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CannotCanonicalize {
    reason: &'static str,
    offset: usize,
}

impl CannotCanonicalize {
    /// The byte, counted from 0, at which reading stopped.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong, in words that hold nothing of the text.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for CannotCanonicalize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.reason, self.offset)
    }
}

impl Error for CannotCanonicalize {}

/// Reads any JSON text (RFC 8259) and writes it as RFC 8785 does.
///
/// Numbers are plain RFC 8785: from 2^53 on they stay numbers, and so lose digits that a double does not
/// hold. A record's writer therefore uses [`write_value`](super::write_value), which makes strings of them. It does not go through
/// serde_json, so the features that other crates switch on there do not matter.
///
/// ```
/// let text = br#" { "b" : 1.0, "a" : "\u20ac" } "#;
/// let canonical = tool_audit::canonical::canonicalize(text)?;
/// assert_eq!(canonical, r#"{"a":"€","b":1}"#.as_bytes());
/// # Ok::<(), tool_audit::canonical::CannotCanonicalize>(())
/// ```
///
/// # Errors
///
/// The text is no JSON, is nested deeper than [`MAX_DEPTH`], or has no canonical form: a name that stands
/// twice in one object, half a surrogate pair, a number beyond the doubles.
pub fn canonicalize(text: &[u8]) -> Result<Vec<u8>, CannotCanonicalize> {
    let text = std::str::from_utf8(text).map_err(|error| CannotCanonicalize {
        reason: "bytes that are not UTF-8",
        offset: error.valid_up_to(),
    })?;
    let mut parser = Parser {
        text,
        at: 0,
        out: Vec::with_capacity(text.len()),
    };
    parser.value(0)?;
    if parser.at < text.len() {
        return Err(parser.error("bytes behind the value"));
    }
    Ok(parser.out)
}

type Parsed<T> = Result<T, CannotCanonicalize>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    out: Vec<u8>,
}

impl Parser<'_> {
    fn error(&self, reason: &'static str) -> CannotCanonicalize {
        CannotCanonicalize {
            reason,
            offset: self.at,
        }
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let blanks = self
            .rest()
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += blanks;
    }

    /// Passes over `byte` and the blanks behind it, if it stands here.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.rest().first() == Some(&byte);
        if found {
            self.at += 1;
            self.skip_blanks();
        }
        found
    }

    /// Writes the value at hand and passes over it and the blanks around it.
    fn value(&mut self, depth: usize) -> Parsed<()> {
        self.skip_blanks();
        match self.rest().first() {
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.array(depth + 1)?,
            Some(b'"') => {
                let text = self.string()?;
                write_string(&mut self.out, &text);
            }
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => self.number()?,
        }
        self.skip_blanks();
        Ok(())
    }

    fn word(&mut self, word: &str) -> Parsed<()> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error("a word that JSON has not"));
        }
        self.out.extend_from_slice(word.as_bytes());
        self.at += word.len();
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Parsed<()> {
        if depth > MAX_DEPTH {
            return Err(self.error("nesting deeper than 128"));
        }
        self.take(b'{');
        self.out.push(b'{');
        let start = self.out.len();
        // Each member's name, and where its bytes end in the output.
        let mut members: Vec<(String, usize)> = Vec::new();
        if !self.take(b'}') {
            loop {
                let name = self.string()?;
                self.skip_blanks();
                if !self.take(b':') {
                    return Err(self.error("a name without a colon"));
                }
                write_string(&mut self.out, &name);
                self.out.push(b':');
                self.value(depth)?;
                members.push((name, self.out.len()));
                if !self.take(b',') {
                    break;
                }
            }
            if !self.take(b'}') {
                return Err(self.error("an object without an end"));
            }
        }
        self.sort_members(start, members)?;
        self.out.push(b'}');
        Ok(())
    }

    fn sort_members(&mut self, start: usize, members: Vec<(String, usize)>) -> Parsed<()> {
        let mut from = start;
        let mut spans: Vec<_> = members
            .into_iter()
            .map(|(name, end)| (name, std::mem::replace(&mut from, end)..end))
            .collect();
        spans.sort_by(|a, b| compare_keys(&a.0, &b.0));
        if spans.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(self.error("a member name that stands twice"));
        }
        let unsorted = self.out.split_off(start);
        for (position, (_, span)) in spans.into_iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            let bytes = unsorted.get(span.start - start..span.end - start);
            self.out.extend_from_slice(bytes.unwrap_or_default());
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Parsed<()> {
        if depth > MAX_DEPTH {
            return Err(self.error("nesting deeper than 128"));
        }
        self.take(b'[');
        self.out.push(b'[');
        if !self.take(b']') {
            loop {
                self.value(depth)?;
                if !self.take(b',') {
                    break;
                }
                self.out.push(b',');
            }
            if !self.take(b']') {
                return Err(self.error("an array without an end"));
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn string(&mut self) -> Parsed<String> {
        if self.rest().first() != Some(&b'"') {
            return Err(self.error("no string where one must stand"));
        }
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
            let Some(plain) = plain else {
                return Err(self.error("a string without an end"));
            };
            let stop = rest[plain];
            // The bytes that stop are ASCII, so the cut never falls into a character.
            text.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            match stop {
                b'"' => return Ok(text),
                b'\\' => text.push(self.escape()?),
                _ => return Err(self.error("a control character that is not escaped")),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        match token::escape(self.rest()) {
            Ok((character, length)) => {
                self.at += length;
                Ok(character)
            }
            Err(BadEscape { at, why }) => {
                self.at += at;
                Err(self.error(why))
            }
        }
    }

    fn number(&mut self) -> Parsed<()> {
        let length = token::number_length(self.rest());
        let token = &self.text[self.at..self.at + length];
        match token.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                write_es6_number(&mut self.out, value);
                self.at += length;
                Ok(())
            }
            Ok(_) => Err(self.error("a number beyond the doubles")),
            Err(_) => Err(self.error("no value where one must stand")),
        }
    }
}
