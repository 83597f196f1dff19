//! Whether given bytes are canonical JSON, in one scan and without a tree (FORMAT section 2).

use std::error::Error;
use std::fmt;

use super::number::MAX_SAFE_INTEGER;
use super::order::compare_keys;
use crate::log::record::MAX_DEPTH;

/// Why bytes are not the canonical form of a JSON value, and where that shows first.
///
/// ```
/// let error = tool_audit::canonical::check(br#"{"b":1,"a":2}"#).unwrap_err();
/// assert!(error.is_json());
/// assert_eq!(error.offset(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCanonical {
    reason: Reason,
    offset: usize,
    json: bool,
}

impl NotCanonical {
    /// The byte, counted from 0, at which the text leaves the canonical form.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// True where the text is JSON (RFC 8259) at least, only not in its canonical form.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// What is wrong, in words that hold nothing of the text.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.reason(), self.offset)
    }
}

impl Error for NotCanonical {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Utf8,
    Syntax,
    TrailingBytes,
    Escape,
    ControlCharacter,
    NumberForm,
    NumberSize,
    KeyOrder,
    Depth,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "bytes that are not UTF-8",
            Self::Syntax => "a byte that canonical JSON has not in this place",
            Self::TrailingBytes => "bytes behind the value",
            Self::Escape => "an escape that canonical JSON does not use",
            Self::ControlCharacter => "a control character that is not escaped",
            Self::NumberForm => "a number in another form than ECMAScript's",
            Self::NumberSize => "a number of magnitude 2^53 or more",
            Self::KeyOrder => "a member name that is out of order or stands twice",
            Self::Depth => "nesting deeper than 128",
        }
    }
}

/// Checks that `text` is the canonical form of one JSON value, as FORMAT section 2 demands of a line.
///
/// That is RFC 8785, and besides no number of magnitude 2^53 or more and no nesting deeper than
/// [`MAX_DEPTH`]. The text is scanned once; nothing is allocated unless a member name holds an escape
/// or the answer is no.
///
/// ```
/// use tool_audit::canonical::check;
///
/// assert!(check(br#"{"amount":1,"note":"caf\u00e9"}"#).is_err());
/// assert!(check(r#"{"amount":1,"note":"café"}"#.as_bytes()).is_ok());
/// assert!(check(br#"{"amount":1.0}"#).is_err());
/// ```
///
/// # Errors
///
/// [`NotCanonical`] with the first place that differs; whether the text is JSON at all, it says too.
pub fn check(text: &[u8]) -> Result<(), NotCanonical> {
    check_members(text, ignore_member)
}

/// Like [`check`], and shows each member of the outermost object to `visit`: its name and its value,
/// as they stand in the text, the name without its quotes.
///
/// Members are shown as they are met, so some may have been shown when the answer is an error.
///
/// ```
/// let mut seq = None;
/// tool_audit::canonical::check_members(br#"{"_seq":7,"a":{"_seq":8}}"#, |name, value| {
///     if name == b"_seq" {
///         seq = Some(value.to_vec());
///     }
/// })?;
/// assert_eq!(seq.unwrap(), b"7");
/// # Ok::<(), tool_audit::canonical::NotCanonical>(())
/// ```
///
/// # Errors
///
/// As [`check`].
pub fn check_members<'a>(
    text: &'a [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<(), NotCanonical> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(NotCanonical {
            reason: Reason::Utf8,
            offset: error.valid_up_to(),
            json: false,
        });
    }
    let mut scanner = Scanner { text, at: 0 };
    let scanned = match scanner.peek() {
        b'{' => scanner.object(1, &mut visit),
        _ => scanner.value(0),
    };
    match scanned {
        Ok(()) if scanner.at == text.len() => Ok(()),
        Ok(()) => Err(explain(text, Reason::TrailingBytes, scanner.at)),
        Err(reason) => Err(explain(text, reason, scanner.at)),
    }
}

#[cold]
fn explain(text: &[u8], reason: Reason, offset: usize) -> NotCanonical {
    // IgnoredAny is read without recursion, so any depth can be told from malformed text.
    let json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    NotCanonical {
        reason,
        offset,
        json,
    }
}

fn ignore_member(_: &[u8], _: &[u8]) {}

/// A member name as it stands between its quotes.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a [u8],
    escaped: bool,
}

impl Name<'_> {
    fn is_before(self, next: Name<'_>) -> bool {
        if !self.escaped && !next.escaped {
            // Only lead bytes from 0xEE on sort otherwise than as bytes.
            if let (Some(a), Some(b)) = (self.text.first(), next.text.first())
                && a != b
                && (*a < 0xEE || *b < 0xEE)
            {
                return a < b;
            }
            return is_before(self.text, next.text);
        }
        is_before(&unescape(self.text), &unescape(next.text))
    }
}

fn is_before(left: &[u8], right: &[u8]) -> bool {
    match (std::str::from_utf8(left), std::str::from_utf8(right)) {
        (Ok(left), Ok(right)) => compare_keys(left, right).is_lt(),
        _ => false,
    }
}

/// Undoes the escapes that the scan has let pass.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some((escape, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        out.push(match escape {
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 0x0C,
            b'r' => b'\r',
            b'u' => {
                let (digits, tail) = rest.split_at_checked(4).unwrap_or((rest, &[]));
                rest = tail;
                digits.iter().fold(0, |value: u8, digit| {
                    value.wrapping_shl(4) | hex_value(*digit).unwrap_or_default()
                })
            }
            other => *other,
        });
    }
    out
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The byte at hand; zero, which canonical JSON never has, at the end.
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<(), Reason> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' => self.object(depth + 1, &mut ignore_member),
            b'[' => self.array(depth + 1),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn object(
        &mut self,
        depth: usize,
        visit: &mut impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<(), Reason> {
        if depth > MAX_DEPTH {
            return Err(Reason::Depth);
        }
        self.at += 1;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut previous: Option<Name<'a>> = None;
        loop {
            let name_at = self.at;
            if self.peek() != b'"' {
                return Err(Reason::Syntax);
            }
            let name = self.string()?;
            if previous.is_some_and(|previous| !previous.is_before(name)) {
                self.at = name_at;
                return Err(Reason::KeyOrder);
            }
            previous = Some(name);
            if self.peek() != b':' {
                return Err(Reason::Syntax);
            }
            self.at += 1;
            let value_at = self.at;
            self.value(depth)?;
            visit(
                name.text,
                self.text.get(value_at..self.at).unwrap_or_default(),
            );
            match self.peek() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(Reason::Syntax),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Reason> {
        if depth > MAX_DEPTH {
            return Err(Reason::Depth);
        }
        self.at += 1;
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            match self.peek() {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(Reason::Syntax),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Reason> {
        if self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            self.at += word.len();
            Ok(())
        } else {
            Err(Reason::Syntax)
        }
    }

    fn string(&mut self) -> Result<Name<'a>, Reason> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at += plain_length(self.text.get(at..).unwrap_or_default());
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    let text = self.text.get(start..at).unwrap_or_default();
                    return Ok(Name { text, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at = at;
                    at += self.escape()?;
                }
                Some(_) => {
                    self.at = at;
                    return Err(Reason::ControlCharacter);
                }
                None => {
                    self.at = at;
                    return Err(Reason::Syntax);
                }
            }
        }
    }

    /// The length of the escape at hand, if RFC 8785 section 3.2.2.2 writes it so.
    fn escape(&self) -> Result<usize, Reason> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => Ok(2),
            // The control characters 8, 9, a, c and d have short forms; b has none.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => Ok(6),
            _ => Err(Reason::Escape),
        }
    }

    fn number(&mut self) -> Result<(), Reason> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = match short_number(rest) {
            Some(length) => length,
            None => long_number(rest)?,
        };
        self.at += length;
        Ok(())
    }
}

/// How many bytes stand before the first quote, backslash or control character.
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        // Each term marks every byte that it looks for; a borrow marks others only above the first.
        let found = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let found = found & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = text.get(at..).unwrap_or_default();
    at + tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))
        .unwrap_or(tail.len())
}

/// The length of a number of at most 15 significant digits and without an exponent that is canonical
/// beyond doubt, or none where the long way must decide.
///
/// Two decimals of at most 15 digits never read as the same double, so such a decimal without
/// superfluous zeros is the shortest that reads as its double, which is what ECMAScript prints.
fn short_number(text: &[u8]) -> Option<usize> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole_at = at;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    let whole = at - whole_at;
    let zero = text.get(whole_at) == Some(&b'0');
    if whole == 0 || whole > 15 || (zero && whole > 1) {
        return None;
    }
    match text.get(at) {
        Some(b'.') => {}
        Some(b'e' | b'E') => return None,
        // Negative zero is printed as zero.
        _ if zero && whole_at == 1 => return None,
        _ => return Some(at),
    }
    at += 1;
    let fraction_at = at;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    let fraction = &text[fraction_at..at];
    let leading_zeros = match fraction.iter().position(|digit| *digit != b'0') {
        Some(position) if zero => position,
        Some(_) => 0,
        None => return None,
    };
    // From 1e-7 down ECMAScript prints an exponent.
    let in_range = leading_zeros < 6 && whole + fraction.len() <= 15;
    let ends_well = fraction.last() != Some(&b'0') && !matches!(text.get(at), Some(b'e' | b'E'));
    (in_range && ends_well).then_some(at)
}

/// The length of any other number, if it is printed as it stands.
fn long_number(text: &[u8]) -> Result<usize, Reason> {
    let length = text
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        .unwrap_or(text.len());
    let token = std::str::from_utf8(&text[..length]).unwrap_or_default();
    if token.is_empty() {
        return Err(Reason::Syntax);
    }
    // The standard library rounds correctly. It reads more forms than JSON has, but none of them is printed.
    let value: f64 = token.parse().map_err(|_| Reason::NumberForm)?;
    if !value.is_finite() {
        return Err(Reason::NumberSize);
    }
    if ryu_js::Buffer::new().format_finite(value) != token {
        return Err(Reason::NumberForm);
    }
    if value.abs() > MAX_SAFE_INTEGER as f64 {
        return Err(Reason::NumberSize);
    }
    Ok(length)
}
