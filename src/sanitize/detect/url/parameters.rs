//! Parameters of the query and the fragment whose names say that they are secrets.

use std::borrow::Cow;
use std::ops::Range;

use super::{MAX_NAME, Url, is_marker, is_reference};
use crate::sanitize::detect::encoded::percent_decoded;
use crate::sanitize::detect::shape::{self, Made};
use crate::sanitize::detect::{Detected, Detector};
use crate::sanitize::marker;
use crate::sanitize::rule::Treatment;

/// How much of a value tells whether it is a token, where its name alone does not. A longer one is neither a reference nor
/// spared: it would be read with all that stands behind it for each name in it.
const MAX_JUDGED: usize = 1024;

impl Url<'_, '_> {
    /// Finds parameters between `from` and `end`, be they in the query, the fragment or the path.
    pub(super) fn parameters(&self, from: usize, end: usize, found: &mut Vec<Detected>) {
        let bytes = self.text.as_bytes();
        let mut name_start = from;
        // Where the values end that begin before it: none is looked through twice.
        let mut values_end = from;
        let mut at = from;
        while at < end {
            let rest = &bytes[at..];
            let sign = match rest {
                [b'=', ..] => 1,
                [b'\\', ..] if is_escape_of(rest, b'=') => 6,
                _ => 0,
            };
            if sign > 0 {
                let name = &bytes[name_start.max(at.saturating_sub(MAX_NAME))..at];
                at += sign;
                name_start = at;
                let end_of_marker = marker::length_at(bytes, at).map_or(at, |length| at + length);
                if values_end <= end_of_marker {
                    values_end = value_end(bytes, at, end);
                }
                if let Some(range) = self.secret(name, at..values_end) {
                    at = range.end;
                    found.push(Detected {
                        range,
                        detector: Detector::UrlSecret,
                    });
                }
                continue;
            }
            at += match rest {
                [b'\\', b'u', ..] => 6,
                _ => 1,
            };
            if matches!(rest[0], b'&' | b';' | b'?' | b'#' | b'/' | b'\\') {
                name_start = at;
            }
        }
    }

    /// The range of a parameter's value, where its name says that it is a secret.
    fn secret(&self, name: &[u8], value: Range<usize>) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let whole = &bytes[value.clone()];
        let name = match std::str::from_utf8(name) {
            Ok(text) if name.contains(&b'%') => Cow::Owned(percent_decoded(text)),
            Ok(text) => Cow::Borrowed(text),
            Err(_) => return None,
        };
        let name = name.trim_end_matches(['[', ']']);
        let may_be_passed_over = |value: &[u8]| value.len() <= MAX_JUDGED;
        let is_secret = match self.rules.for_name_at_end(name.as_bytes()) {
            Some((_, true, _)) if whole.iter().all(u8::is_ascii_digit) => false,
            Some((rule, _, _)) => {
                let is_other = || {
                    may_be_passed_over(whole)
                        && std::str::from_utf8(whole).is_ok_and(|value| rule.spares(value))
                        && !signs(&folded(name))
                };
                matches!(rule.treatment, Treatment::Redact | Treatment::Drop)
                    && !(rule.judges_values() && is_other())
            }
            None => grants_access(name, &whole[..whole.len().min(MAX_JUDGED)]),
        };
        if !is_secret || is_marker(whole) {
            return None;
        }
        // What closes a sentence or a bracket around the URL is none of it.
        let closes = |byte: &&u8| {
            matches!(
                byte,
                b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}'
            )
        };
        let closing = match whole.first() {
            Some(b'{' | b'$') => 0,
            _ => whole.iter().rev().take_while(closes).count(),
        };
        let end = value.end - closing;
        let given = &bytes[value.start..end];
        let is_exempt = given.is_empty()
            || may_be_passed_over(given) && is_reference(self.rules, given)
            || is_marker(given);
        (!is_exempt && self.text.is_char_boundary(end)).then_some(value.start..end)
    }
}

/// Where a parameter's value ends that begins at `start`.
fn value_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    // A marker may hold what ends a value.
    if let Some(length) = marker::length_at(bytes, at) {
        at += length;
    }
    while at < end {
        match bytes[at] {
            b'&' | b'#' | b';' => break,
            b'\\' if is_escape_of(&bytes[at..], b'&') => break,
            _ => at += 1,
        }
    }
    at.min(end)
}

/// True for `\u0026` and its like, the escape of `byte`.
fn is_escape_of(bytes: &[u8], byte: u8) -> bool {
    let escape = match byte {
        b'&' => b"\\u0026",
        _ => b"\\u003d",
    };
    bytes
        .get(..6)
        .is_some_and(|six| six.eq_ignore_ascii_case(escape))
}

/// The last name of a parameter's, in small letters and digits alone.
fn folded(name: &str) -> String {
    let name = name.rsplit([';', '?', '#', '/']).next().unwrap_or(name);
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// Parameters that sign a URL or log in with it, although members of these names may be harmless or none.
fn signs(folded: &str) -> bool {
    const SECRET: &[&str] = &[
        "sig",
        "signature",
        "hmac",
        "xamzsignature",
        "xamzcredential",
        "xamzsecuritytoken",
        "xgoogsignature",
        "xgoogcredential",
        "awsaccesskeyid",
        "googleaccessid",
        "accesskey",
        "authkey",
        "samlresponse",
        "samlrequest",
        "assertion",
        "clientassertion",
        "codeverifier",
        "devicecode",
        "usercode",
        "hapikey",
        "appkey",
        "licensekey",
        "passwd",
        "pwd",
        "pw",
        "pass",
        "auth",
    ];
    SECRET.contains(&folded)
}

/// Parameters that are secrets in a URL although the rules of members do not name them.
fn grants_access(name: &str, value: &[u8]) -> bool {
    let folded = folded(name);
    if signs(&folded) {
        return true;
    }
    match &*folded {
        "code" => {
            let digits = Made::of(value).digits;
            looks_like_token(value) || digits == value.len() && (6..=8).contains(&digits)
        }
        "key" | "t" | "k" | "ticket" | "hash" | "invite" | "session" | "sid" | "magic"
        | "magiclink" | "nonce" => looks_like_token(value),
        _ => false,
    }
}

/// True for what is no word, number, time, path or file.
fn looks_like_token(value: &[u8]) -> bool {
    let made = Made::of(value);
    let is_path = value.contains(&b'/') && !value.starts_with(b"4/")
        || memchr::memmem::find(value, b"%2F").is_some_and(|at| at != 1);
    let has_extension =
        memchr::memrchr(b'.', value).is_some_and(|dot| (1..=4).contains(&(value.len() - dot - 1)));
    made.length >= 8
        && !is_path
        && !has_extension
        && (shape::looks_random(value, 8)
            || made.digits > 0 && made.capitals > 0 && made.small > 0
            || made.digits > 0 && made.digits + made.capitals >= 12 && made.capitals > 0)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::url::testing::found_in;

    #[test]
    fn parameters_are_found_by_their_names() {
        for (text, secret) in [
            (
                "https://h.example/v3?city=Narva&api_key=ah2x&units=metric",
                "ah2x",
            ),
            (
                "https://h.example/cb#access_token=NTuX&expires_in=3599",
                "NTuX",
            ),
            (
                "https://h.example/r.csv?sv=2024&sig=JMwU%3D&se=2026",
                "JMwU%3D",
            ),
            (
                "https://h.example/?X-Amz-Signature=ebbe&X-Amz-Expires=900",
                "ebbe",
            ),
            (
                "https://h.example/cb?hmac=9f86d081884c7d65&shop=x",
                "9f86d081884c7d65",
            ),
            ("https://h.example/?api%5Fkey=ah2x.", "ah2x"),
            ("https://h.example/?user[token]=ah2x&a=b", "ah2x"),
            ("https://h.example/?user%5Btoken%5D=ah2x&a=b", "ah2x"),
            (
                "https://h.example/?next=https://g.example/?token=ah2x&a=b",
                "ah2x",
            ),
            (
                "https:\\/\\/h.example\\/?a=b\\u0026token=ah2x\\u0026c=d",
                "ah2x",
            ),
            (
                "<a href=\"https://h.example/?a=b&amp;token=ah2x&amp;c=d\">",
                "ah2x",
            ),
            (
                "https://h.example/?code=4/0AX4XfWhQ7zk9&scope=x",
                "4/0AX4XfWhQ7zk9",
            ),
            ("https://h.example/verify?code=483920", "483920"),
            ("https://h.example/x?key=AQx9Zk3Lm2Pq", "AQx9Zk3Lm2Pq"),
            ("(https://h.example/x?token=abc123)", "abc123"),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
    }
}
