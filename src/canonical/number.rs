use serde_json::Number;

/// The greatest magnitude that a number in a record may have: 2^53 − 1.
///
/// Canonical numbers are IEEE doubles, and from 2^53 on two different integers can be one double.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Appends an integer as its decimal digits, or as a string of them from 2^53 on.
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    let quote = value > MAX_SAFE_INTEGER;
    if quote {
        out.push(b'"');
    }
    write_digits(out, value);
    if quote {
        out.push(b'"');
    }
}

/// Appends a double in the form of ECMAScript's `Number::toString` (RFC 8785, section 3.2.2.3).
///
/// A magnitude of 2^53 or more is written as a string of that text, and a value that is no number
/// as `null`: JSON has no other word for it.
///
/// ```
/// let mut out = Vec::new();
/// tool_audit::canonical::write_f64(&mut out, 1e-7);
/// assert_eq!(out, b"1e-7");
/// ```
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    if let Some(hundredths) = as_hundredths(value) {
        write_hundredths(out, hundredths, value < 0.0);
        return;
    }
    let quote = value.abs() > MAX_SAFE_INTEGER as f64;
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format_finite(value);
    if quote {
        out.push(b'"');
    }
    out.extend_from_slice(text.as_bytes());
    if quote {
        out.push(b'"');
    }
}

/// The magnitude of an amount with at most two decimals, in hundredths: the greater part of all doubles in
/// arguments and results.
///
/// A decimal of at most 15 digits is the shortest text of the double nearest to it, for no other decimal of so
/// few digits is near that double: so its digits are what ECMAScript prints.
fn as_hundredths(value: f64) -> Option<u64> {
    const MOST: f64 = 1e12;
    let magnitude = value.abs();
    // Zero has a sign, which is not printed; what is smaller than 1e-6 has an exponent, and is no hundredth.
    if !(0.01..MOST).contains(&magnitude) {
        return None;
    }
    let hundredths = (magnitude * 100.0 + 0.5) as i64;
    (hundredths as f64 / 100.0 == magnitude).then_some(hundredths.cast_unsigned())
}

fn write_hundredths(out: &mut Vec<u8>, hundredths: u64, negative: bool) {
    if negative {
        out.push(b'-');
    }
    write_digits(out, hundredths / 100);
    let (tenths, rest) = (hundredths / 10 % 10, hundredths % 10);
    match (tenths, rest) {
        (0, 0) => {}
        (_, 0) => out.extend_from_slice(&[b'.', b'0' + tenths as u8]),
        (_, _) => out.extend_from_slice(&[b'.', b'0' + tenths as u8, b'0' + rest as u8]),
    }
}

/// How many bytes [`write_f64`] appends for a finite value below 2^53.
pub(crate) fn length_of_f64(value: f64) -> usize {
    match as_hundredths(value) {
        Some(hundredths) => {
            let whole = (hundredths / 100).checked_ilog10().unwrap_or(0) as usize + 1;
            let decimals = match (hundredths / 10 % 10, hundredths % 10) {
                (0, 0) => 0,
                (_, 0) => 2,
                (_, _) => 3,
            };
            usize::from(value < 0.0) + whole + decimals
        }
        None => ryu_js::Buffer::new().format_finite(value).len(),
    }
}

/// Appends a JSON number in its canonical form.
///
/// A magnitude of 2^53 or more becomes a string of the number's own decimal text, so that two
/// different identifiers never become the same record. The result is the same with serde_json's
/// feature `arbitrary_precision` on or off, as far as that feature lets the value through unchanged.
///
/// ```
/// let mut out = Vec::new();
/// tool_audit::canonical::write_number(&mut out, &serde_json::Number::from(u64::MAX));
/// assert_eq!(out, b"\"18446744073709551615\"");
/// ```
pub fn write_number(out: &mut Vec<u8>, number: &Number) {
    if let Some(value) = number.as_u64() {
        write_u64(out, value);
    } else if let Some(value) = number.as_i64().filter(|value| *value < 0) {
        let magnitude = value.unsigned_abs();
        if magnitude > MAX_SAFE_INTEGER {
            out.extend_from_slice(b"\"-");
            write_digits(out, magnitude);
            out.push(b'"');
        } else {
            out.push(b'-');
            write_digits(out, magnitude);
        }
    } else {
        match number.as_f64() {
            Some(value) if value.abs() <= MAX_SAFE_INTEGER as f64 => write_f64(out, value),
            _ => super::write_string(out, &number.to_string()),
        }
    }
}

fn write_digits(out: &mut Vec<u8>, value: u64) {
    match value {
        0..10 => out.push(b'0' + value as u8),
        10..100_000_000 => write_few_digits(out, value as u32),
        _ => write_many_digits(out, value),
    }
}

/// Appends at most eight digits: they are gathered in a word, and all of it is appended at once.
fn write_few_digits(out: &mut Vec<u8>, mut value: u32) {
    let mut digits = 0;
    let mut superfluous = 8;
    loop {
        digits = digits << 8 | u64::from(b'0') | u64::from(value % 10);
        superfluous -= 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits.to_le_bytes());
    out.truncate(out.len() - superfluous);
}

#[inline(never)]
fn write_many_digits(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    while value > 0 {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_f64(&mut out, value);
        assert_eq!(out.len(), length_of_f64(value), "{value}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn amounts_and_their_neighbours_are_written_as_ecmascript_prints_them() {
        let amounts = [
            0.01, 0.02, 0.1, 0.29, 1.0, 1.005, 1.1, 49.5, 30.95, 1.15, 999.99,
        ]
        .into_iter()
        .chain((1_u32..400).map(|n| f64::from(n) * 123_457.0 / 100.0))
        .chain((1_i32..13).map(|exponent| 10_f64.powi(exponent) - 0.01));
        for amount in amounts {
            for value in [
                amount,
                amount.next_up(),
                amount.next_down(),
                -amount,
                amount / 7.0,
            ] {
                let expected = ryu_js::Buffer::new().format_finite(value).to_owned();
                assert_eq!(written(value), expected);
            }
        }
    }

    #[test]
    fn integers_are_written_as_their_digits() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        for value in powers.flat_map(|power| [power - 1, power, power + 1]) {
            let mut out = b"before ".to_vec();
            write_digits(&mut out, value);
            assert_eq!(out, format!("before {value}").as_bytes());
        }
    }

    #[test]
    fn zero_and_what_is_no_amount_are_left_to_the_general_way() {
        for value in [0.0, -0.0, 0.009, 1e-7, 1e12, 9_007_199_254_740_991.0] {
            let expected = ryu_js::Buffer::new().format_finite(value).to_owned();
            assert_eq!(written(value), expected);
        }
    }
}
