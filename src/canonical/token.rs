//! Tokens of JSON (RFC 8259), for whoever reads it.

/// What begins like an escape and is none.
pub(crate) struct BadEscape {
    /// How many bytes of it were read.
    pub(crate) at: usize,
    pub(crate) why: &'static str,
}

/// The character for which an escape stands (section 7) whose backslash is before `text`, and how many bytes it takes.
pub(crate) fn escape(text: &[u8]) -> Result<(char, usize), BadEscape> {
    let escape = text.first().copied().unwrap_or_default();
    let character = match escape {
        b'"' | b'\\' | b'/' => char::from(escape),
        b'b' => '\u{8}',
        b't' => '\t',
        b'n' => '\n',
        b'f' => '\u{c}',
        b'r' => '\r',
        b'u' => return unicode_escape(text),
        _ => {
            let why = "an escape that JSON has not";
            return Err(BadEscape { at: 1, why });
        }
    };
    Ok((character, 1))
}

fn unicode_escape(text: &[u8]) -> Result<(char, usize), BadEscape> {
    let first = four_digits(text, 1)?;
    let mut length = 5;
    let mut second = None;
    if (0xD800..0xDC00).contains(&first)
        && text
            .get(length..)
            .is_some_and(|rest| rest.starts_with(b"\\u"))
    {
        second = Some(four_digits(text, length + 2)?);
        length += 6;
    }
    let character = char::decode_utf16(std::iter::once(first).chain(second)).next();
    let why = "half a surrogate pair";
    match character {
        Some(Ok(character)) => Ok((character, length)),
        _ => Err(BadEscape { at: length, why }),
    }
}

fn four_digits(text: &[u8], at: usize) -> Result<u16, BadEscape> {
    let digits = text.get(at..at + 4).and_then(|digits| {
        digits.iter().try_fold(0_u16, |value, digit| {
            Some(value << 4 | char::from(*digit).to_digit(16)? as u16)
        })
    });
    let why = "an escape without four hex digits";
    digits.ok_or(BadEscape { at, why })
}

/// The length of the number (RFC 8259 section 6) with which `text` begins, zero where there is none.
pub(crate) fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole_at = usize::from(text.first() == Some(&b'-'));
    let whole = match text.get(whole_at) {
        Some(b'0') => 1,
        _ => digits(whole_at),
    };
    if whole == 0 {
        return 0;
    }
    let mut at = whole_at + whole;
    if text.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return 0,
            fraction => at += 1 + fraction,
        }
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        match digits(at + 1 + sign) {
            0 => return 0,
            exponent => at += 1 + sign + exponent,
        }
    }
    at
}
