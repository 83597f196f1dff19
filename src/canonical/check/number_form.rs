//! Whether a number in a text is printed as ECMAScript prints it.

use super::not_canonical::Reason;
use crate::canonical::number::MAX_SAFE_INTEGER;

/// The length of a number of at most 15 significant digits and without an exponent that is canonical
/// beyond doubt, or none where the long way must decide.
///
/// Two decimals of at most 15 digits never read as the same double, so such a decimal without
/// superfluous zeros is the shortest that reads as its double, which is what ECMAScript prints.
pub(super) fn short_number(text: &[u8]) -> Option<usize> {
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
pub(super) fn long_number(text: &[u8]) -> Result<usize, Reason> {
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
