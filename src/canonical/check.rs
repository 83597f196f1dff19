//! Whether given bytes are canonical JSON, in one scan and without a tree (FORMAT section 2).

use std::error::Error;
use std::fmt;

use super::number::MAX_SAFE_INTEGER;
use super::order::compare_key_bytes;
use super::specials::Specials;
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
    let mut scanner = Scanner::new(text, 0)?;
    let end = match scanner.byte(0) {
        b'{' => scanner.object(0, 1, &mut visit),
        _ => scanner.value(0, 0),
    };
    scanner.conclude(end)
}

/// Like [`check_members`] of a text whose first members are known to be canonical, up to the comma or brace at `from`.
///
/// `last` is the name of the last one of them; it holds no escape.
pub(crate) fn check_members_from<'a>(
    text: &'a [u8],
    from: usize,
    last: &'static [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<(), NotCanonical> {
    let mut scanner = Scanner::new(text, from)?;
    let last = Name {
        text: last,
        lead: short_lead(last),
        escaped: false,
    };
    let end = match scanner.byte(from) {
        b'}' => Some(from + 1),
        _ => scanner.members(from, 1, Some(last), &mut visit),
    };
    scanner.conclude(end)
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

/// A string as it stands between its quotes.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a [u8],
    /// The eight bytes from the name's start on, the first one highest.
    lead: u64,
    escaped: bool,
}

/// The place behind what was scanned, or none where the scan failed.
type End = Option<usize>;

/// Every method takes the place where to begin and gives the place behind, so that the place stays in a
/// register; why and where the scan failed is noted here.
struct Scanner<'a> {
    text: &'a [u8],
    specials: Specials<'a>,
    ascii: bool,
    failure: (Reason, usize),
}

impl<'a> Scanner<'a> {
    fn new(text: &'a [u8], from: usize) -> Result<Self, NotCanonical> {
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

    fn conclude(&self, end: End) -> Result<(), NotCanonical> {
        match end {
            Some(end) if end == self.text.len() => Ok(()),
            Some(end) => Err(explain(self.text, Reason::TrailingBytes, end)),
            None => Err(explain(self.text, self.failure.0, self.failure.1)),
        }
    }

    /// The byte at a place; zero, which canonical JSON never has, behind the end.
    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or_default()
    }

    #[cold]
    fn fail(&mut self, reason: Reason, at: usize) -> End {
        self.failure = (reason, at);
        None
    }

    fn value(&mut self, at: usize, depth: usize) -> End {
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

    fn object(
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
    fn members(
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
            if previous.is_some_and(|previous| !self.ascend(previous, name)) {
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

    #[inline]
    fn ascend(&self, previous: Name<'_>, next: Name<'_>) -> bool {
        // ASCII has the same order in bytes as in UTF-16. Where the names differ within both, the leads tell.
        let same = ((previous.lead ^ next.lead).leading_zeros() / 8) as usize;
        let plain = self.ascii && !previous.escaped && !next.escaped;
        if plain && same < previous.text.len().min(next.text.len()).min(8) {
            return previous.lead < next.lead;
        }
        self.ascend_slowly(previous, next)
    }

    fn ascend_slowly(&self, previous: Name<'_>, next: Name<'_>) -> bool {
        if previous.escaped || next.escaped {
            compare_key_bytes(&unescape(previous.text), &unescape(next.text)).is_lt()
        } else if self.ascii {
            previous.text < next.text
        } else {
            compare_key_bytes(previous.text, next.text).is_lt()
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

/// The lead of a name that begins less than eight bytes before the text's end.
#[cold]
fn short_lead(rest: &[u8]) -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(eight)
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
