/// Appends a finite double as ECMAScript's `Number::toString` prints it (RFC 8785, section 3.2.2.3), whatever its
/// magnitude; a value that is no number as `null`.
///
/// For a record use [`write_f64`](super::write_f64), which makes strings of what is too large.
///
/// ```
/// let mut out = Vec::new();
/// tool_audit::canonical::write_es6_number(&mut out, 1e21);
/// assert_eq!(out, b"1e+21");
/// ```
pub fn write_es6_number(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}
