//! A user and a password before the host (RFC 3986 section 3.2.1).

use std::ops::Range;

use super::{MAX_NAME, Url, ends_url, is_marker, is_reference};
use crate::sanitize::detect::shape::Made;
use crate::sanitize::detect::{Detected, Detector};
use crate::sanitize::reference;

impl Url<'_, '_> {
    /// Finds a user and a password; gives where the host begins.
    pub(super) fn credentials(&self, has_scheme: bool, found: &mut Vec<Detected>) -> usize {
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
                if self.are_names(user, password) {
                    return at + 1;
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

    /// `postgres://USER:PASSWORD@host`: what is to be filled in.
    fn are_names(&self, user: &[u8], password: &[u8]) -> bool {
        let is_capital = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
        let mut names = [&b"USER"[..], b"USERNAME", b"LOGIN"].into_iter();
        names.any(|name| user.ends_with(name))
            && user.iter().chain(password).all(is_capital)
            && self.rules.for_name_at_end(password).is_some()
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

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::url::testing::found_in;

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
}
