//! Values that a validator refused, and prints beside the name of their field: `on field 'password': rejected value [x]`,
//! `"password" with value "x" fails`, `Value 'x' at 'masterPassword' failed to satisfy constraint`.

use std::ops::Range;

use crate::sanitize::detect::{Detector, account};
use crate::sanitize::extent::Found;
use crate::sanitize::marker;
use crate::sanitize::places::is_word_byte;
use crate::sanitize::reference::{self, is_grammar, looks_secret};
use crate::sanitize::rule::{Extent, Group, Rule, Treatment};
use crate::sanitize::text::Findings;

/// How far from a name its value may stand.
const MAX_REACH: usize = 200;
/// The most bytes of a name.
const MAX_NAME: usize = 64;
/// The most bytes of a value.
const MAX_VALUE: usize = 512;

/// What stands right before the mark of a value that was refused.
const BEFORE: &[&[u8]] = &[
    b" value ",
    b" provided ",
    b" got ",
    b" received ",
    b" but was ",
    b" value was ",
    b" input was ",
    b" given ",
    b" actual ",
    b" entered ",
    b" supplied ",
    b" instead of ",
    b" saw ",
    b" tried ",
    b"(tried ",
    b"input_value=",
    b"invalidvalue=",
    b"rejectedvalue=",
    b" value: ",
    b" choice: ",
    b" valid: ",
    b" invalid: ",
    b" incorrect: ",
    b" wrong: ",
    b" rejected: ",
    b" actual: ",
    b" received: ",
    b" got: ",
    b" input: ",
    b" (value: ",
    b" (was ",
    b" (got ",
    b"` (",
    b"\" (",
];
/// What stands between a value with its mark and the name behind it.
const BETWEEN: &[&[u8]] = &[
    b" at '",
    b" for '",
    b" for \"",
    b" (type string) at path \"",
    b" at path \"",
    b" for field '",
    b" for field \"",
    b" for parameter '",
    b" is not a valid ",
    b" is not valid for ",
    b" is an invalid ",
    b" is invalid for ",
];

/// What is said before a user's name and a secret that were refused.
const REFUSALS: &[&[u8]] = &[
    b"logon denied",
    b"login denied",
    b"access denied",
    b"login failed",
    b"logon failed",
    b"authentication failed",
    b"bind failed",
    b"invalid credentials",
    b"bad credentials",
];

/// Finds refused values.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr3(b'\'', b'"', b'`', &bytes[at..]) {
        let mark = at + offset;
        at = mark + 1;
        if let Some(link) = link_before(&bytes[..mark])
            && let Some(found) = marked(findings, mark, bytes[mark])
            && (!link.ends_with(b" (") || bytes.get(found.end + 1) == Some(&b')'))
            && let Some((rule, name_end)) = rule_before(findings, mark)
            && is_value(findings, rule, &found, || {
                is_refusal(&bytes[name_end..mark], link)
            })
        {
            findings.take(rule, found);
            at = found.end + 1;
        } else if let Some((rule, found)) = named_behind(findings, mark) {
            findings.take(rule, found);
        }
    }
    // `logon denied for scott/x@db`
    for offset in memchr::memmem::find_iter(bytes, b" for ") {
        let is_refusal = REFUSALS.iter().any(|refusal| {
            offset >= refusal.len()
                && bytes[offset - refusal.len()..offset].eq_ignore_ascii_case(refusal)
        });
        if is_refusal
            && let Some(found) = account::secret_at(findings.text, offset + b" for ".len())
            && let Some(rule) = findings.rules.for_detector(Detector::LabelledSecret)
        {
            findings.take(rule, found);
        }
    }
    // `rejected value [x]`, as Spring prints it.
    for offset in memchr::memmem::find_iter(bytes, b"rejected value [") {
        let mark = offset + b"rejected value ".len();
        let name = bytes[..offset].trim_ascii_end();
        let name = name.strip_suffix(b":").unwrap_or(name);
        let name = name.strip_suffix(b"'").unwrap_or(name);
        if let Some(found) = marked(findings, mark, b']')
            && let Some((rule, false, _)) = findings
                .rules
                .for_name_at_end(&name[name.len().saturating_sub(MAX_NAME)..])
        {
            findings.take(rule, found);
        }
    }
}

/// What stands before a mark and says that a refused value follows.
fn link_before(before: &[u8]) -> Option<&'static [u8]> {
    let Some(last @ (b' ' | b'=' | b'(')) = before.last() else {
        return None;
    };
    BEFORE.iter().copied().find(|link| {
        link.ends_with(&[*last])
            && before.len() >= link.len()
            && before[before.len() - link.len()..].eq_ignore_ascii_case(link)
    })
}

/// True where nothing but words of a refusal stand between a name and the value behind it, which `link` leads to.
///
/// In `password reset failed: expected 'a', got 'b'` the name is one of something else.
fn is_refusal(between: &[u8], link: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "a",
        "actual",
        "an",
        "and",
        "at",
        "be",
        "but",
        "character",
        "characters",
        "choice",
        "contain",
        "contains",
        "digit",
        "digits",
        "does",
        "entered",
        "error",
        "expected",
        "failed",
        "fails",
        "field",
        "for",
        "given",
        "got",
        "has",
        "have",
        "in",
        "incorrect",
        "input",
        "instead",
        "invalid",
        "is",
        "it",
        "least",
        "length",
        "letters",
        "long",
        "longer",
        "match",
        "max",
        "maximum",
        "min",
        "minimum",
        "more",
        "most",
        "must",
        "not",
        "of",
        "or",
        "pattern",
        "provided",
        "received",
        "rejected",
        "required",
        "saw",
        "short",
        "shorter",
        "should",
        "simple",
        "string",
        "supplied",
        "than",
        "the",
        "to",
        "too",
        "tried",
        "type",
        "valid",
        "validation",
        "value",
        "was",
        "weak",
        "with",
        "wrong",
        "you",
    ];
    // A field that has the focus, or another state.
    if link == b" input was " {
        return false;
    }
    link.contains(&b'=')
        || between
            .split(|byte| !byte.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .all(|word| {
                WORDS
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
            })
}

/// What stands behind the mark at `mark`, up to the one that closes it on the same line.
fn marked(findings: &Findings<'_, '_>, mark: usize, close: u8) -> Option<Found> {
    let bytes = findings.bytes();
    let start = mark + 1;
    let near = &bytes[start..bytes.len().min(start + MAX_VALUE)];
    // What was replaced before has brackets of its own.
    if marker::length_at(bytes, start).is_some() {
        return None;
    }
    // The mark may be part of the value where a letter follows it.
    let length = memchr::memchr_iter(close, near)
        .find(|at| !near.get(at + 1).is_some_and(u8::is_ascii_alphanumeric))?;
    let has_line = memchr::memchr(b'\n', &near[..length]).is_some();
    (length > 0 && !has_line).then_some(Found::quoted(start..start + length))
}

/// The rule for the last name before `at`, on its line or the one above, and where the name ends.
fn rule_before<'r>(findings: &Findings<'r, '_>, at: usize) -> Option<(&'r Rule, usize)> {
    let bytes = findings.bytes();
    let least = at.saturating_sub(MAX_REACH);
    let mut lines = 0;
    for end in (least + 1..at).rev() {
        match bytes[end] {
            b'\n' => lines += 1,
            b';' => return None,
            _ => {}
        }
        if lines > 1 {
            return None;
        }
        if !is_word_byte(bytes[end - 1]) || is_word_byte(bytes[end]) {
            continue;
        }
        let name = &bytes[end.saturating_sub(MAX_NAME)..end];
        if !findings.rules.may_name_at_end(name) {
            continue;
        }
        if let Some((rule, false, _)) = findings.rules.for_name_at_end(name) {
            return Some((rule, end));
        }
    }
    None
}

/// Whether what was refused is a value of the rule's, rather than a word about it.
///
/// A plain word is a password where the text between it and the name is a refusal.
fn is_value(
    findings: &Findings<'_, '_>,
    rule: &Rule,
    found: &Found,
    is_refusal: impl Fn() -> bool,
) -> bool {
    let Some(text) = findings.text.get(found.start..found.end) else {
        return false;
    };
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if is_grammar(text)
        || reference::is_type(text)
        || reference::is_own_name(findings.rules, text)
        || matches!(
            text,
            "string" | "number" | "object" | "array" | "boolean" | "integer"
        )
    {
        return false;
    }
    match (rule.group(), rule.extent) {
        (_, Extent::Phrase | Extent::Name) => {
            has_digit || text.bytes().any(|byte| byte.is_ascii_uppercase())
        }
        (Some(Group::Secret), _) if rule.name() == "password" => {
            looks_secret(text) || text.len() >= 3 && !is_status(text) && is_refusal()
        }
        (Some(Group::Secret), _) => looks_secret(text),
        _ => {
            has_digit && (matches!(rule.treatment, Treatment::Drop) || text.len() >= 5)
                || text.contains('@')
        }
    }
}

/// `404`, as HTTP has it.
fn is_status(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value whose closing mark stands at `mark`, where a name follows that it was refused for.
fn named_behind<'r>(findings: &Findings<'r, '_>, mark: usize) -> Option<(&'r Rule, Found)> {
    let bytes = findings.bytes();
    let behind = &bytes[mark + 1..];
    if behind.first() != Some(&b' ') {
        return None;
    }
    let link = BETWEEN.iter().find(|link| behind.starts_with(link))?;
    let name = mark + 1 + link.len();
    let rule = rule_of_words(findings, name)?;
    let least = mark.saturating_sub(MAX_VALUE);
    let before = &bytes[least..mark];
    let open = memchr::memrchr_iter(bytes[mark], before).find(|at| {
        at.checked_sub(1)
            .is_none_or(|at| matches!(before[at], b' ' | b'(' | b':' | b'\n'))
    })?;
    let found = Found::quoted(least + open + 1..mark);
    let has_line = memchr::memchr(b'\n', &bytes[found.start..found.end]).is_some();
    (!has_line && is_value(findings, rule, &found, || true)).then_some((rule, found))
}

/// The rule for the name of up to three words that begins at `at`.
fn rule_of_words<'r>(findings: &Findings<'r, '_>, at: usize) -> Option<&'r Rule> {
    let bytes = findings.bytes();
    let near: Range<usize> = at..bytes.len().min(at + MAX_NAME);
    let is_name = |byte: &u8| is_word_byte(*byte) || matches!(byte, b'-' | b'.' | b'[' | b']');
    let mut end = at;
    for _ in 0..3 {
        let length = bytes[end..near.end]
            .iter()
            .take_while(|byte| is_name(byte))
            .count();
        if length == 0 {
            return None;
        }
        end += length;
        let name = bytes[at..end].strip_suffix(b".").unwrap_or(&bytes[at..end]);
        if let Some((rule, false, _)) = findings.rules.for_name_at_end(name) {
            return Some(rule);
        }
        if bytes.get(end) != Some(&b' ') {
            return None;
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn refused_values_go() {
        hits(&[
            (
                "Field error in object 'f' on field 'password': rejected value [Xk4Ergjv]; codes [Size]",
                "Field error in object 'f' on field 'password': rejected value [<>]; codes [Size]",
            ),
            (
                "password\n  String should have at least 12 characters [type=string_too_short, input_value='Xk4Ergjv', input_type=str]",
                "password\n  String should have at least 12 characters [type=string_too_short, input_value='<>', input_type=str]",
            ),
            (
                "\"password\" with value \"Xk4Ergjv\" fails to match the pattern",
                "\"password\" with value \"<>\" fails to match the pattern",
            ),
            (
                "Argument `password`: Invalid value provided. Expected String, provided \"Xk4Ergjv\"",
                "Argument `password`: Invalid value provided. Expected String, provided \"<>\"",
            ),
            (
                "expected password of length >= 12, got 'Xk4Ergjv'",
                "expected password of length >= 12, got '<>'",
            ),
            ("API key not valid: 'Xk4Ergjv'", "API key not valid: '<>'"),
            (
                "Path `password` (`swordfish`) is shorter than 12",
                "Path `password` (`<>`) is shorter than 12",
            ),
            (
                "Value 'Xk4Ergjv' at 'masterUserPassword' failed to satisfy constraint",
                "Value '<>' at 'masterUserPassword' failed to satisfy constraint",
            ),
            (
                "Cast failed for value \"Xk4Ergjv\" (type string) at path \"password\"",
                "Cast failed for value \"<>\" (type string) at path \"password\"",
            ),
            (
                "spec.password: Invalid value: \"Xk4Ergjv\": too short",
                "spec.password: Invalid value: \"<>\": too short",
            ),
            (
                "error: invalid value 'Xk4Ergjv' for '--password <PASSWORD>'",
                "error: invalid value '<>' for '--password <PASSWORD>'",
            ),
            (
                "expected password of length >= 12, got 'swordfish'",
                "expected password of length >= 12, got '<>'",
            ),
            (
                "'123456789' is not a valid social security number",
                "'<>' is not a valid social security number",
            ),
        ]);
    }

    #[test]
    fn what_was_refused_for_another_field_or_is_no_value_stays() {
        misses(&[
            "Field error in object 'password' on field 'age': rejected value [17]",
            "unexpected token, got 'foo'",
            "password: expected 'string', received 'number'",
            "password is fine; username: got 'kim'",
            "Value 'eu' at 'region' failed to satisfy constraint",
            "the token parser got 'ident' instead of 'number'",
            "Password reset test failed: expected '200', got '404'",
            "assert reset_password status: expected 'OK', got 'redirected to login'",
            "Set the `password` (`bcrypt` hash) column",
            "the password input was \"focused\"",
            "age\n  Input should be less [type=less, input_value='17', input_type=str]",
        ]);
    }
}
