//! Secrets in URLs (RFC 3986): credentials in the authority, parameters of the query and the fragment, and
//! addresses that grant access by themselves, such as those of webhooks.
//!
//! The scheme does not matter. Host, path and harmless parameters stay.

use std::borrow::Cow;
use std::ops::Range;

use super::encoded::percent_decoded;
use super::shape::{self, Made};
use super::url_capability;
use super::{Detected, Detector};
use crate::sanitize::marker;
use crate::sanitize::reference;
use crate::sanitize::rules::{Rules, Treatment};

/// The most bytes of a scheme.
const MAX_SCHEME: usize = 32;
/// The most bytes of a parameter's name.
const MAX_NAME: usize = 128;
/// The most bytes of an authority with its credentials.
const MAX_AUTHORITY: usize = 4096;
/// How much of a value tells whether it is a token, where its name alone does not.
const MAX_JUDGED: usize = 1024;

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
        url_capability::find(bytes, host, end, found);
        if end > read {
            url.parameters(host.max(read), end, found);
            read = end;
        }
    }
    signatures(rules, text, found);
}

/// Finds parameters that are handed on without a URL: `SharedAccessSignature sr=…&sig=…`.
fn signatures(rules: &Rules, text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    for place in memchr::memmem::find_iter(bytes, SIGNATURE) {
        let after = place + SIGNATURE.len();
        if !matches!(bytes.get(after), Some(b' ' | b'=' | b':')) {
            continue;
        }
        let start = after + 1;
        let url = Url {
            rules,
            text,
            start,
            authority_end: start,
        };
        url.parameters(start, url_end(bytes, start), found);
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

impl Url<'_, '_> {
    /// Finds a user and a password; gives where the host begins.
    fn credentials(&self, has_scheme: bool, found: &mut Vec<Detected>) -> usize {
        let bytes = self.text.as_bytes();
        let Some(at) = self.at_sign() else {
            if let Some(range) = self.cut_password().filter(|_| has_scheme) {
                found.push(Detected {
                    range,
                    detector: Detector::UrlCredentials,
                });
            }
            return self.start;
        };
        let info = &bytes[self.start..at];
        if is_marker(info) {
            return at + 1;
        }
        let colon = memchr::memchr(b':', info);
        let secret = match colon {
            Some(colon) => {
                let (user, password) = (&info[..colon], &info[colon + 1..]);
                if !has_scheme && (user.is_empty() || password.is_empty()) {
                    return self.start;
                }
                if is_reference(self.rules, password) || is_marker(password) {
                    // The user may still be the secret: `https://token:${EMPTY}@host`.
                    if is_harmless_user(user, true)
                        || user.is_empty()
                        || is_reference(self.rules, user)
                        || is_marker(info)
                    {
                        return at + 1;
                    }
                    self.start..self.start + colon
                } else if is_harmless_user(user, true) && !is_filler(password) {
                    self.start + colon + 1..at
                } else if user.is_empty() {
                    self.start + 1..at
                } else {
                    self.start..at
                }
            }
            None => {
                let is_web = bytes[..self.start].ends_with(b"http://")
                    || bytes[..self.start].ends_with(b"https://");
                if !has_scheme
                    || info.is_empty()
                    || is_harmless_user(info, !is_web)
                    || is_reference(self.rules, info)
                    || is_marker(info)
                {
                    return at + 1;
                }
                self.start..at
            }
        };
        if secret.start < secret.end {
            found.push(Detected {
                range: secret,
                detector: Detector::UrlCredentials,
            });
        }
        at + 1
    }

    /// `postgres://ada:x7Tq…`: what stands where a port does and is none, the host being cut off.
    fn cut_password(&self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let authority = &bytes[self.start..self.authority_end];
        let colon = memchr::memchr(b':', authority)?;
        let start = self.start + colon + 1;
        let told = &authority[colon + 1..];
        let length = told
            .iter()
            .position(|byte| matches!(byte, b'.' | b'[' | b'(' | b'{' | b')' | 0x80..))
            .unwrap_or(told.len());
        let word = self.text.get(start..start + length)?;
        let is_last = !matches!(bytes.get(self.authority_end), Some(b'/' | b'?' | b'#'));
        let is_secret = is_harmless_user(&authority[..colon], true)
            && word.len() >= 6
            && Made::of(word.as_bytes()).is_mixed()
            && reference::looks_secret(word);
        (is_last && is_secret).then_some(start..start + length)
    }

    /// The sign behind the credentials, which may hold slashes and question marks that nobody encoded.
    fn at_sign(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let authority = &bytes[self.start..self.authority_end];
        if let Some(at) = memchr::memrchr(b'@', authority) {
            return Some(self.start + at);
        }
        let colon = memchr::memchr(b':', authority)?;
        let after = &authority[colon + 1..];
        // A port, an address of IPv6, or nothing.
        if after.iter().all(u8::is_ascii_digit) || authority.starts_with(b"[") {
            return None;
        }
        let least = self.authority_end;
        let near = &bytes[least..bytes.len().min(least + MAX_NAME)];
        let end = near.iter().position(|byte| ends_url(*byte));
        let near = &near[..end.unwrap_or(near.len())];
        memchr::memchr(b'@', near).map(|at| least + at)
    }

    /// Finds parameters between `from` and `end`, be they in the query, the fragment or the path.
    fn parameters(&self, from: usize, end: usize, found: &mut Vec<Detected>) {
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
                if values_end <= at || marker::length_at(bytes, at).is_some() {
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
        let is_secret = match self.rules.for_name_at_end(name.as_bytes()) {
            Some((_, true, _)) if whole.iter().all(u8::is_ascii_digit) => false,
            Some((rule, _, _)) => matches!(rule.treatment, Treatment::Redact | Treatment::Drop),
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
        let is_exempt = given.is_empty() || is_reference(self.rules, given) || is_marker(given);
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

/// Parameters that are secrets in a URL although the rules of members do not name them.
fn grants_access(name: &str, value: &[u8]) -> bool {
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
    let name = name.rsplit([';', '?', '#', '/']).next().unwrap_or(name);
    let folded: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if SECRET.contains(&&*folded) {
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

/// True for a user's name as people and services have one, which says nothing secret.
fn is_harmless_user(user: &[u8], digits_too: bool) -> bool {
    let made = Made::of(user);
    let is_word = user
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let one_case =
        made.capitals == 0 || made.small == 0 || made.capitals == 1 && user[0].is_ascii_uppercase();
    let digits = if digits_too { 4 } else { 0 };
    !user.is_empty() && is_word && one_case && user.len() <= 24 && made.digits <= digits
}

/// What stands for a password where the user's name is the secret.
fn is_filler(password: &[u8]) -> bool {
    password.len() < 2 || password == b"x-oauth-basic"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::{found, rules};

    fn found_in(text: &str) -> Vec<&str> {
        let rules = rules();
        found(text, |text, all| find(&rules, text, all))
    }

    #[test]
    fn credentials_are_found_and_a_harmless_user_stays() {
        for (text, secret) in [
            ("postgres://etl:Xq7z@pg.example:5432/orders", "Xq7z"),
            (
                "amqps://worker:p%40ss%3A1K@mq.example/%2Fjobs",
                "p%40ss%3A1K",
            ),
            (
                "see rediss://:1KPvx8cPf@cache-1.example:6380/4 (lag)",
                "1KPvx8cPf",
            ),
            ("https://q7Xz2Kf9Wb4@git.example/acme.git", "q7Xz2Kf9Wb4"),
            (
                "https://q7Xz2Kf9Wb4:x-oauth-basic@git.example/",
                "q7Xz2Kf9Wb4:x-oauth-basic",
            ),
            ("mongodb+srv://app:p@ss@a.example,b.example/db?w=1", "p@ss"),
            ("mysql://root:p/a?s#s@db.example/x", "p/a?s#s"),
            ("https:\\/\\/bob:hunter2@h.example\\/x", "hunter2"),
            (
                "ftp://ada%40corp.example:pw12@ftp.example",
                "ada%40corp.example:pw12",
            ),
            ("jdbc:postgresql://svc:pw12@h/db", "pw12"),
            ("clone //svc:pw12@h/db", "pw12"),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
    }

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

    #[test]
    fn addresses_that_grant_access_keep_their_host() {
        let slack = format!("https://hooks.slack.com/{}/T0/B0/pIiSmGCRXk", "services");
        for (text, secret) in [
            (slack.as_str(), "T0/B0/pIiSmGCRXk"),
            (
                "https://discord.com/api/v10/webhooks/123/aBc-9_x?wait=true",
                "123/aBc-9_x",
            ),
            (
                "https://acme.webhook.office.com/webhookb2/a1@b2/IncomingWebhook/c3/d4",
                "a1@b2/IncomingWebhook/c3/d4",
            ),
            (
                "https://api.telegram.org/bot12345:AAx/sendMessage?x=1",
                "12345:AAx",
            ),
            (
                "https://chat.example/hooks/q7xz2kf9wb4vn1hs8ld3rt6aaa",
                "q7xz2kf9wb4vn1hs8ld3rt6aaa",
            ),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
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
            "https://u:[REDACTED:url_credentials]@h/?token=[REDACTED:url_secret]&a=1",
            "https://[REDACTED:url_credentials]@h/?token=[REDACTED:token]).",
            "https://hooks.slack.com/services/[REDACTED:url_secret]",
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
        ] {
            found_in(&piece.repeat((1 << 20) / piece.len()));
        }
    }
}
