//! Whether given bytes are canonical JSON, in one scan and without a tree (FORMAT section 2).

mod name;
mod not_canonical;
mod number_form;
mod scanner;

use self::name::{Name, short_lead};
pub use self::not_canonical::NotCanonical;
use self::scanner::{Scanner, ignore_member};

/// Checks that `text` is the canonical form of one JSON value, as FORMAT section 2 demands of a line.
///
/// That is RFC 8785, and besides no number of magnitude 2^53 or more and no nesting deeper than
/// [`MAX_DEPTH`](crate::log::record::MAX_DEPTH). The text is scanned once; nothing is allocated unless a
/// member name holds an escape or the answer is no.
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
