//! Secrets in URLs (RFC 3986): credentials in the authority, parameters of the query and the fragment, and
//! addresses that grant access by themselves, such as those of webhooks.
//!
//! The scheme does not matter. Host, path and harmless parameters stay.

mod capability;
mod credentials;
mod parameters;

use super::{Detected, shape};
use crate::sanitize::marker;
use crate::sanitize::reference;
use crate::sanitize::rules::Rules;

/// The most bytes of a scheme.
const MAX_SCHEME: usize = 32;
/// The most bytes of a parameter's name, and how far behind an authority the sign is looked for that ends credentials.
const MAX_NAME: usize = 128;
/// The most bytes of an authority with its credentials.
const MAX_AUTHORITY: usize = 4096;

/// Finds secrets in URLs, in those within other URLs too.
pub(super) fn find(rules: &Rules, text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    // Parameters are read once, however many URLs stand in each other.
    let mut read = 0;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'/', &bytes[at..]) {
        let slash = at + offset;
        let Some(start) = after_slashes(bytes, slash) else {
            at = slash + 1;
            continue;
        };
        at = start;
        let has_scheme = has_scheme(bytes, slash);
        if !has_scheme && !shape::is_left_edge(bytes, slash) {
            continue;
        }
        let url = Url {
            rules,
            text,
            start,
            authority_end: authority_end(bytes, start),
        };
        let host = url.credentials(has_scheme, found);
        if !has_scheme {
            continue;
        }
        at = at.max(host);
        let end = url_end(bytes, host.max(read));
        capability::find(bytes, host, end, found);
        if end > read {
            url.parameters(host.max(read), end, found);
            read = end;
        }
    }
    signatures(rules, text, found);
    forms(rules, text, found);
}

/// Finds parameters of forms, and of paths without a host, that tell of a login or of a signature:
/// `grant_type=authorization_code&code=…`, `GET /x?signature=…&expires=…`.
fn forms(rules: &Rules, text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut read = 0;
    for sign in memchr::memchr_iter(b'&', bytes) {
        if sign < read {
            continue;
        }
        let before = &bytes[read..sign];
        let start = before.iter().rposition(|byte| ends_url(*byte));
        let start = read + start.map_or(0, |at| at + 1);
        read = url_end(bytes, sign);
        let form = &bytes[start..read];
        if memchr::memchr(b'=', form).is_none() || !tells_of_access(form) {
            continue;
        }
        let url = Url {
            rules,
            text,
            start,
            authority_end: start,
        };
        url.parameters(start, read, found);
    }
}

/// True for a form with a parameter beside which others log in or sign.
fn tells_of_access(form: &[u8]) -> bool {
    const TELLING: &[&[u8]] = &[
        b"grant_type=",
        b"redirect_uri=",
        b"expires=",
        b"expires_at=",
        b"expiry=",
    ];
    let begins = |parameter: &[u8], name: &[u8]| {
        let begin = parameter.get(..name.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name))
    };
    let (mut has_code, mut has_state) = (false, false);
    form.split(|byte| matches!(byte, b'&' | b'?' | b';'))
        .any(|parameter| {
            // Codes of places and currencies stand beside states, too.
            has_code |=
                begins(parameter, b"code=") && !parameter.iter().skip(5).all(u8::is_ascii_digit);
            has_state |= begins(parameter, b"state=");
            has_code && has_state || TELLING.iter().any(|name| begins(parameter, name))
        })
}

/// Finds parameters that are handed on without a URL: `SharedAccessSignature sr=…&sig=…`.
fn signatures(rules: &Rules, text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut read = 0;
    for place in memchr::memmem::find_iter(bytes, SIGNATURE) {
        let after = place + SIGNATURE.len();
        if after < read || !matches!(bytes.get(after), Some(b' ' | b'=' | b':')) {
            continue;
        }
        let start = after + 1;
        let url = Url {
            rules,
            text,
            start,
            authority_end: start,
        };
        read = url_end(bytes, start);
        url.parameters(start, read, found);
    }
}

const SIGNATURE: &[u8] = b"SharedAccessSignature";

/// After the two slashes, escaped or not, of which the first stands at `slash`.
fn after_slashes(bytes: &[u8], slash: usize) -> Option<usize> {
    match &bytes[slash + 1..] {
        [b'/', ..] => Some(slash + 2),
        [b'\\', b'/', ..] => Some(slash + 3),
        _ => None,
    }
}

/// True where a scheme and a colon stand before the slashes.
fn has_scheme(bytes: &[u8], slash: usize) -> bool {
    let before = &bytes[..slash];
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let near = &before[before.len().saturating_sub(MAX_SCHEME)..];
    let length = shape::run_length_back(near, SCHEME);
    near[near.len() - length..]
        .iter()
        .any(u8::is_ascii_alphabetic)
}

const SCHEME: &shape::Class = &shape::class(b"+-.");

fn authority_end(bytes: &[u8], start: usize) -> usize {
    let near = &bytes[start..bytes.len().min(start + MAX_AUTHORITY)];
    let end = near
        .iter()
        .position(|byte| ends_url(*byte) || matches!(byte, b'/' | b'?' | b'#'));
    end.map_or(start + near.len(), |end| start + end)
}

fn ends_url(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || byte.is_ascii_control()
        || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\')
}

/// Where the URL ends that goes on at `at`: escaped slashes and ampersands belong to it.
fn url_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' {
            at += match bytes.get(at + 1..) {
                Some([b'/', ..]) => 2,
                Some([b'u', b'0', b'0', b'2' | b'3', _, ..]) => 6,
                _ => break,
            };
            continue;
        }
        if ends_url(byte) {
            break;
        }
        at += 1;
    }
    at.min(bytes.len())
}

struct Url<'r, 't> {
    rules: &'r Rules,
    text: &'t str,
    start: usize,
    authority_end: usize,
}

/// True for what says where a secret is, not what it is.
fn is_reference(rules: &Rules, value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    };
    let in_braces = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(is_name);
    in_braces
        || !text.is_empty() && text.bytes().all(|byte| byte == b'*')
        || matches!(text, "%s" | "%v" | "{}" | "...")
        || reference::is_exempt(rules, text, false)
}

/// True where a value is what the sanitizer wrote, with no more than punctuation behind it.
fn is_marker(value: &[u8]) -> bool {
    marker::length_at(value, 0)
        .is_some_and(|length| !value[length..].iter().any(u8::is_ascii_alphanumeric))
}

/// What is found in a text.
#[cfg(test)]
mod testing {
    use super::find;
    use crate::sanitize::detect::tests::{found, rules};

    pub(super) fn found_in(text: &str) -> Vec<&str> {
        let rules = rules();
        found(text, |text, all| find(&rules, text, all))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::found_in;

    #[test]
    fn parameters_of_forms_and_of_paths_are_found() {
        for (text, secrets) in [
            (
                "grant_type=authorization_code&code=Vq7rW2xLk9Tz4mBn&redirect_uri=https%3A%2F%2Fa.example%2Fcb",
                &["Vq7rW2xLk9Tz4mBn"][..],
            ),
            (
                "code=Vq7rW2xLk9Tz4mBn&redirect_uri=x&code_verifier=pL8sN3dQ6wZ1yH5k",
                &["Vq7rW2xLk9Tz4mBn", "pL8sN3dQ6wZ1yH5k"],
            ),
            (
                "\"GET /get?f=a.pdf&signature=9c41e07b52fd38a6&expires=1790000000 HTTP/1.1\" 200",
                &["9c41e07b52fd38a6"],
            ),
            (
                "POST /x?Expires=179&hmac=9c41e07b52fd38a6 from 192.0.2.7",
                &["9c41e07b52fd38a6"],
            ),
            (
                "GET /cb?code=Vq7rW2xLk9Tz4mBn&state=ah2x HTTP/1.1",
                &["Vq7rW2xLk9Tz4mBn"],
            ),
        ] {
            assert_eq!(found_in(text), secrets, "{text}");
        }
    }

    #[test]
    fn plain_addresses_stay() {
        for text in [
            "https://docs.example/auth/tokens?lang=en#bearer-tokens",
            "git@git.example:acme/telemetry.git",
            "ssh://git@git.example/acme.git and https://acme@dev.azure.com/x",
            "http://localhost:8080/@scope/pkg@1.2.3",
            "https://h.example/a@b.png?email_count=2&t=120&code=404&key=title",
            "https://h.example/x?key=uploads/2026/report-7.pdf&hash=main",
            "postgres://app:${DB_PASSWORD}@h/db and https://h/?token={token}&a=$TOKEN",
            "https://h.example/?next_page_token=abc&max_tokens=5&tokens=7",
            "http://[::1]:8080/x and file:///etc/hosts // a comment: x@y",
            "https://docs.slack.dev/messaging/webhooks/sending-messages-using-incoming-webhooks",
            "postgres://USER:PASSWORD@localhost:5432/app",
            "https://u:[REDACTED:url_credentials]@h/?token=[REDACTED:url_secret]&a=1",
            "https://[REDACTED:url_credentials]@h/?token=[REDACTED:token]).",
            "https://hooks.slack.com/services/[REDACTED:url_secret]",
            "GET /list?code=404&state=open and a&b=c&&d=e if x&hash=Vq7rW2xLk9Tz4mBn",
            "/x?signature=[REDACTED:url_secret]&expires=179",
            "Q&A: code=main&state=done",
            "GET /x?state=open&hash=Vq7rW2xLk9Tz4mBn HTTP/1.1",
        ] {
            assert_eq!(found_in(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in [
            "a://",
            "a://b:",
            "//@",
            "x://h?a=",
            "a://?",
            "x://a:b/",
            "https://h/webhooks/",
            "&",
            "a=&",
            "state=&code=",
        ] {
            found_in(&piece.repeat((1 << 18) / piece.len()));
        }
    }
}
