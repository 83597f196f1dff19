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

fn write_digits(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}
