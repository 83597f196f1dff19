use super::name::{Name, short_lead};
use super::not_canonical::{NotCanonical, Reason, explain};
use super::number_form::{long_number, short_number};
use crate::canonical::specials::Specials;
use crate::log::record::MAX_DEPTH;

/// The place behind what was scanned, or none where the scan failed.
pub(super) type End = Option<usize>;

/// Every method takes the place where to begin and gives the place behind, so that the place stays in a
/// register; why and where the scan failed is noted here.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    specials: Specials<'a>,
    ascii: bool,
    failure: (Reason, usize),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], from: usize) -> Result<Self, NotCanonical> {
        let ascii = text.is_ascii();
        if !ascii && let Err(error) = std::str::from_utf8(text) {
            return Err(NotCanonical {
                reason: Reason::Utf8,
                offset: error.valid_up_to(),
                json: false,
            });
        }
        Ok(Self {
            text,
            specials: Specials::new(text, from),
            ascii,
            failure: (Reason::Syntax, 0),
        })
    }

    pub(super) fn conclude(&self, end: End) -> Result<(), NotCanonical> {
        match end {
            Some(end) if end == self.text.len() => Ok(()),
            Some(end) => Err(explain(self.text, Reason::TrailingBytes, end)),
            None => Err(explain(self.text, self.failure.0, self.failure.1)),
        }
    }

    /// The byte at a place; zero, which canonical JSON never has, behind the end.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or_default()
    }

    #[cold]
    fn fail(&mut self, reason: Reason, at: usize) -> End {
        self.failure = (reason, at);
        None
    }

    pub(super) fn value(&mut self, at: usize, depth: usize) -> End {
        match self.byte(at) {
            b'"' => self.string(at).map(|(end, _)| end),
            b'{' => self.object(at, depth + 1, &mut ignore_member),
            b'[' => self.array(at, depth + 1),
            b't' => self.word(at, b"true"),
            b'f' => self.word(at, b"false"),
            b'n' => self.word(at, b"null"),
            _ => self.number(at),
        }
    }

    pub(super) fn object(
        &mut self,
        at: usize,
        depth: usize,
        visit: &mut impl FnMut(&'a [u8], &'a [u8]),
    ) -> End {
        if depth > MAX_DEPTH {
            return self.fail(Reason::Depth, at);
        }
        if self.byte(at + 1) == b'}' {
            return Some(at + 2);
        }
        self.members(at, depth, None, visit)
    }

    /// The members behind the opening brace or comma at `at`, and the closing brace.
    #[inline]
    pub(super) fn members(
        &mut self,
        mut at: usize,
        depth: usize,
        mut previous: Option<Name<'a>>,
        visit: &mut impl FnMut(&'a [u8], &'a [u8]),
    ) -> End {
        loop {
            let name_at = at + 1;
            if self.byte(name_at) != b'"' {
                return self.fail(Reason::Syntax, name_at);
            }
            let (colon, escaped) = self.string(name_at)?;
            let name = self.name(name_at + 1, colon - 1, escaped);
            if previous.is_some_and(|previous| !previous.is_before(name, self.ascii)) {
                return self.fail(Reason::KeyOrder, name_at);
            }
            previous = Some(name);
            if self.byte(colon) != b':' {
                return self.fail(Reason::Syntax, colon);
            }
            let value_at = colon + 1;
            at = if self.byte(value_at) == b'"' {
                self.string(value_at)?.0
            } else {
                self.value(value_at, depth)?
            };
            visit(name.text, self.text.get(value_at..at).unwrap_or_default());
            match self.byte(at) {
                b',' => {}
                b'}' => return Some(at + 1),
                _ => return self.fail(Reason::Syntax, at),
            }
        }
    }

    #[inline]
    fn name(&self, start: usize, end: usize, escaped: bool) -> Name<'a> {
        let rest = self.text.get(start..).unwrap_or_default();
        let lead = match rest.first_chunk::<8>() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => short_lead(rest),
        };
        Name {
            text: rest.get(..end - start).unwrap_or_default(),
            lead,
            escaped,
        }
    }

    fn array(&mut self, mut at: usize, depth: usize) -> End {
        if depth > MAX_DEPTH {
            return self.fail(Reason::Depth, at);
        }
        if self.byte(at + 1) == b']' {
            return Some(at + 2);
        }
        loop {
            at = self.value(at + 1, depth)?;
            match self.byte(at) {
                b',' => {}
                b']' => return Some(at + 1),
                _ => return self.fail(Reason::Syntax, at),
            }
        }
    }

    fn word(&mut self, at: usize, word: &[u8]) -> End {
        let rest = self.text.get(at..).unwrap_or_default();
        if rest.starts_with(word) {
            Some(at + word.len())
        } else {
            self.fail(Reason::Syntax, at)
        }
    }

    /// The place behind the string whose opening quote stands at `at`, and whether it holds escapes.
    #[inline]
    fn string(&mut self, at: usize) -> Option<(usize, bool)> {
        let stop = self.specials.next(at + 1);
        if self.byte(stop) == b'"' {
            return Some((stop + 1, false));
        }
        self.string_with_escapes(stop).map(|end| (end, true))
    }

    /// `stop` is the first backslash or control character.
    fn string_with_escapes(&mut self, mut stop: usize) -> End {
        loop {
            match self.text.get(stop) {
                Some(b'"') => return Some(stop + 1),
                Some(b'\\') => match self.escape(stop) {
                    Some(length) => stop = self.specials.next(stop + length),
                    None => return self.fail(Reason::Escape, stop),
                },
                Some(_) => return self.fail(Reason::ControlCharacter, stop),
                None => return self.fail(Reason::Syntax, stop),
            }
        }
    }

    /// The length of an escape, if RFC 8785 section 3.2.2.2 writes it so.
    fn escape(&self, at: usize) -> Option<usize> {
        match self.text.get(at + 1..).unwrap_or_default() {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => Some(2),
            // The control characters 8, 9, a, c and d have short forms; b has none.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => Some(6),
            _ => None,
        }
    }

    fn number(&mut self, at: usize) -> End {
        let rest = self.text.get(at..).unwrap_or_default();
        if let Some(length) = short_number(rest) {
            return Some(at + length);
        }
        match long_number(rest) {
            Ok(length) => Some(at + length),
            Err(reason) => self.fail(reason, at),
        }
    }
}

pub(super) fn ignore_member(_: &[u8], _: &[u8]) {}
