//! Credentials of HTTP (RFC 9110 section 11) anywhere in a text: the name of a scheme, a blank, a token.
//!
//! Names of schemes are words of prose as well, so what follows must look like a token. The scheme stays.

use super::encoded;
use super::shape::{self, Made};
use super::{Detected, Detector};
use crate::sanitize::marker;
use crate::sanitize::places::{Places, mask};

/// The fewest characters of a token with a digit in it.
const LEAST: usize = 8;
/// The fewest characters of one without.
const LEAST_WITHOUT_DIGIT: usize = 20;
/// The most bytes of credentials with parameters.
const MAX_PARAMETERS: usize = 4096;
/// The most blanks between a scheme and its token.
const MAX_BLANKS: usize = 8;

const TOKEN: &shape::Class = &shape::class(b"-._~+/=:%|!*$@#&");

#[derive(Clone, Copy)]
enum Scheme {
    /// A word of its own: nearly nothing but a token follows it.
    Bearer,
    /// A user and a password in base64 (RFC 7617).
    Basic,
    /// A word of prose.
    Word,
    /// Parameters, of which one is secret.
    Parameters(&'static [u8]),
}

const SCHEMES: &[(&[u8], Scheme)] = &[
    (b"bearer", Scheme::Bearer),
    (b"basic", Scheme::Basic),
    (b"token", Scheme::Word),
    (b"apikey", Scheme::Word),
    (b"negotiate", Scheme::Word),
    (b"ntlm", Scheme::Word),
    (b"ssws", Scheme::Bearer),
    (b"geniekey", Scheme::Bearer),
    (b"digest", Scheme::Parameters(b"response=")),
    (b"hawk", Scheme::Parameters(b"mac=")),
    (b"oauth", Scheme::Parameters(b"oauth_")),
    (b"aws4-hmac-sha256", Scheme::Parameters(b"credential=")),
];

/// True where the last three letters are those of a scheme.
#[inline]
fn may_end_scheme(before: &[u8]) -> bool {
    let before = match before {
        [rest @ .., b':' | b'='] => rest,
        _ => before,
    };
    let Some(last) = before.last_chunk::<3>() else {
        return false;
    };
    let last = last.map(|byte| byte | 0x20);
    matches!(
        &last,
        b"rer"
            | b"sic"
            | b"ken"
            | b"key"
            | b"ate"
            | b"tlm"
            | b"sws"
            | b"est"
            | b"awk"
            | b"uth"
            | b"256"
    )
}

/// Finds tokens behind the names of schemes.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    let blanks = Places::new(bytes, |block, _| {
        mask(block, |byte| {
            (byte == b' ') | (byte == b'\t') | (byte == b'%')
        })
    });
    for blank in blanks {
        if blank < done.max(1) || !may_end_scheme(&bytes[..blank]) {
            continue;
        }
        if bytes[blank] == b'%' && !bytes[blank..].starts_with(b"%20") {
            continue;
        }
        let Some(scheme) = scheme_before(&bytes[..blank]) else {
            continue;
        };
        let start = skip_blanks(bytes, blank);
        let end = match scheme {
            Scheme::Parameters(secret) => parameters_end(bytes, start, secret),
            _ => token_end(bytes, start, scheme),
        };
        if let Some(end) = end
            && marker::length_at(bytes, start).is_none()
        {
            done = end;
            found.push(Detected {
                range: start..end,
                detector: Detector::Authorization,
            });
        }
    }
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..MAX_BLANKS {
        at += match &bytes[at..] {
            [b' ' | b'\t', ..] => 1,
            [b'%', b'2', b'0', ..] => 3,
            _ => break,
        };
    }
    at
}

fn scheme_before(before: &[u8]) -> Option<Scheme> {
    // `Bearer: …`, as people write it.
    let (before, colon) = match before {
        [rest @ .., b':' | b'='] => (rest, true),
        _ => (before, false),
    };
    let (name, scheme) = SCHEMES.iter().find(|(name, _)| {
        let at = before.len().checked_sub(name.len());
        at.is_some_and(|at| {
            before[at..].eq_ignore_ascii_case(name)
                && shape::is_left_edge(before, at)
                && at.checked_sub(1).is_none_or(|last| before[last] != b'_')
        })
    })?;
    (!colon || *name == b"bearer").then_some(*scheme)
}

fn token_end(bytes: &[u8], start: usize, scheme: Scheme) -> Option<usize> {
    let length = shape::run_length(&bytes[start..], TOKEN);
    if length < LEAST {
        return None;
    }
    let end = shape::without_punctuation(bytes, &(start..start + length));
    let token = &bytes[start..end];
    let near = &token[..token.len().min(256)];
    let made = Made::of(near);
    let letters = made.capitals + made.small;
    let is_token = match scheme {
        _ if near.len() < LEAST => false,
        Scheme::Bearer => {
            made.digits > 0 && letters > 0 && !is_words(near)
                || made.digits == near.len()
                || shape::looks_random(near, LEAST)
                || longest_part(near) >= LEAST_WITHOUT_DIGIT
        }
        Scheme::Basic => {
            let base64 = shape::run_length(near, shape::BASE64);
            let plain = encoded::beginning(&near[..base64]);
            plain.is_some_and(|plain| plain.contains(&b':'))
                || base64 >= LEAST_WITHOUT_DIGIT
                    && (shape::looks_random(near, LEAST) || near.ends_with(b"="))
        }
        _ => {
            shape::looks_random(near, LEAST) && !is_time(near)
                || near.len() >= LEAST_WITHOUT_DIGIT && near.ends_with(b"=")
        }
    };
    is_token.then_some(end)
}

/// True for words with short numbers between dashes, as names have them.
fn is_words(token: &[u8]) -> bool {
    token
        .split(|byte| !byte.is_ascii_alphanumeric())
        .map(Made::of)
        .all(|made| made.digits == 0 || made.digits == made.length || made.length < 4)
        && token.iter().any(|byte| matches!(byte, b'-' | b'_' | b'.'))
        && Made::of(token).digits <= 4
}

fn longest_part(token: &[u8]) -> usize {
    let parts = token.split(|byte| !byte.is_ascii_alphanumeric());
    parts.map(<[u8]>::len).max().unwrap_or(0)
}

/// True for a date or a time: digits, and between them no more letters than there.
fn is_time(token: &[u8]) -> bool {
    token.first().is_some_and(u8::is_ascii_digit)
        && token.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'+' | b'T' | b'Z')
        })
}

/// Where credentials with parameters end, where the one called `secret` is among them.
fn parameters_end(bytes: &[u8], start: usize, secret: &[u8]) -> Option<usize> {
    let near = &bytes[start..bytes.len().min(start + MAX_PARAMETERS)];
    // Parameters come as `name=value, name="value"`; what has no such form ends them.
    let mut at = 0;
    let mut end = 0;
    let mut has_secret = false;
    loop {
        let name = shape::run_length(&near[at..], NAME);
        if name == 0 || near.get(at + name) != Some(&b'=') {
            break;
        }
        has_secret |= near
            .get(at..at + secret.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(secret));
        at += name + 1;
        let escapes = near[at..].iter().take_while(|byte| **byte == b'\\').count();
        if near.get(at + escapes) == Some(&b'"') {
            let inside = at + escapes + 1;
            let close = memchr::memchr(b'"', &near[inside..]);
            at = close.map_or(near.len(), |close| inside + close + 1);
        } else {
            at += near[at..]
                .iter()
                .take_while(|byte| {
                    !byte.is_ascii_whitespace()
                        && !matches!(byte, b',' | b'"' | b'\'' | b'\\' | b'`')
                })
                .count();
        }
        end = at;
        at += near[at..]
            .iter()
            .take_while(|byte| matches!(byte, b',' | b' ' | b'\t'))
            .count();
    }
    has_secret.then_some(start + end)
}

const NAME: &shape::Class = shape::NAME;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::found;

    #[test]
    fn tokens_behind_schemes_are_found() {
        for (text, secret) in [
            ("got Bearer X3wAMBZhyAsw, then", "X3wAMBZhyAsw"),
            ("bearer abcdefgh1", "abcdefgh1"),
            (
                "header \"authorization: token Y91WmYxddV\" on",
                "Y91WmYxddV",
            ),
            (
                "Authorization: Basic c3ZjOjNONSFub3Q= x",
                "c3ZjOjNONSFub3Q=",
            ),
            ("basic YTpi", ""),
            (
                "curl -H 'Authorization: ApiKey q7Xz2Kf9Wb4=' x",
                "q7Xz2Kf9Wb4=",
            ),
            (
                "Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gMDAu",
                "YIIJvwYGKwYBBQUCoIIJszCCCa+gMDAu",
            ),
            ("Authorization%3A%20Bearer%20X3wAMBZhyAsw", "X3wAMBZhyAsw"),
            ("Bearer: X3wAMBZhyAsw", "X3wAMBZhyAsw"),
            (
                "AWS4-HMAC-SHA256 Credential=AKx/20260311/s3/aws4_request, SignedHeaders=host;x, Signature=ca89 and",
                "Credential=AKx/20260311/s3/aws4_request, SignedHeaders=host;x, Signature=ca89",
            ),
            (
                "Digest username=\"ada\", realm=\"a b\", response=\"6629\"\nx",
                "username=\"ada\", realm=\"a b\", response=\"6629\"",
            ),
        ] {
            let expected: Vec<_> = Some(secret)
                .filter(|secret| !secret.is_empty())
                .into_iter()
                .collect();
            assert_eq!(found(text, find), expected, "{text}");
        }
    }

    #[test]
    fn prose_and_references_stay() {
        for text in [
            "Bearer of bad news: a token gesture",
            "a basic understanding, basic authentication and Basic Requirements",
            "the token classification-v2.1 and token bucket_size_10",
            "token 2026-03-01T00:00:00Z expired",
            "digest sha256:3c39fb97b13c1426208a8abed0e0defeb5f87ed5",
            "Bearer $TOKEN, Bearer ${TOKEN}, Bearer {token}, Bearer <token>",
            "bearer authentication-mechanism and bearer tokens",
            "Bearer [REDACTED:authorization]",
            "the algorithm AWS4-HMAC-SHA256 signs requests",
            "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"",
            "basic configuration=",
        ] {
            assert_eq!(found(text, find), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in [
            "bearer ",
            "token token",
            "digest a=\"",
            "basic aaaaaaaaaa",
            "%20",
            "digest a=b,",
        ] {
            found(&piece.repeat((1 << 20) / piece.len()), find);
        }
    }
}
