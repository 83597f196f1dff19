//! A user's name and the secret behind it, as people tell them: `login: ada / x`, `router login admin:x`, `credentials ada/x`.

use crate::sanitize::extent::Found;
use crate::sanitize::reference::looks_secret;

/// The most bytes of a user's name.
const MAX_USER: usize = 48;
/// The most bytes of a secret.
const MAX_SECRET: usize = 256;
/// The fewest bytes of a secret.
const LEAST_SECRET: usize = 6;

/// Words before a user's name and a secret.
const LABELS: &[&str] = &[
    "login",
    "logon",
    "signin",
    "sign-in",
    "zugangsdaten",
    "anmeldedaten",
    "logindaten",
    "identifiants",
    "credenciales",
    "credenciais",
    "credenziali",
    "inloggegevens",
    "user/pass",
    "user/password",
    "username/password",
];

/// True for a word behind which a user's name and a secret may stand.
pub(in crate::sanitize) fn is_label(word: &[u8]) -> bool {
    LABELS
        .iter()
        .any(|label| word.eq_ignore_ascii_case(label.as_bytes()))
}

/// True behind `log in with` and `username/password`; the last letter tells most words apart.
#[inline]
pub(in crate::sanitize) fn may_introduce(before: &[u8]) -> bool {
    match before.last() {
        Some(b'h' | b'H') => ends_with_one_of(before, &[" in with", "login with", "logon with"]),
        Some(b'd' | b'D' | b's' | b'S') => {
            ends_with_one_of(before, &["/password", "/pass", "/passwd"])
        }
        _ => false,
    }
}

fn ends_with_one_of(text: &[u8], ends: &[&str]) -> bool {
    ends.iter().any(|end| {
        let start = text.len().checked_sub(end.len());
        start
            .and_then(|start| text.get(start..))
            .is_some_and(|last| last.eq_ignore_ascii_case(end.as_bytes()))
    })
}

/// The secret of `log in with ada / x` and `username/password is ada / x`, where it looks made by chance.
pub(in crate::sanitize) fn introduced(text: &str, at: usize) -> Option<Found> {
    let behind = text.get(at..)?;
    let link = [" is", " are", " =", ":", " was"]
        .iter()
        .find(|link| behind.starts_with(**link));
    let found = secret_at(text, at + link.map_or(0, |link| link.len()))?;
    let secret = text.get(found.start..found.end)?;
    // `google/oauth2`
    let within = secret.trim_end_matches(|last: char| last.is_ascii_digit());
    let is_by_chance = secret.len() >= 8 && within.bytes().any(|byte| byte.is_ascii_digit());
    is_by_chance.then_some(found)
}

/// The secret of `ada / x`, `ada:x` or `ada/x` that begins at `at`, past blanks.
pub(in crate::sanitize) fn secret_at(text: &str, at: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let blanks = bytes
        .get(at..)?
        .iter()
        .take(4)
        .take_while(|byte| **byte == b' ')
        .count();
    let user = at + blanks;
    let length = bytes[user..]
        .iter()
        .take(MAX_USER)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@' | b'\\')
        })
        .count();
    if !bytes.get(user)?.is_ascii_alphabetic() {
        return None;
    }
    let behind = &text[user + length..];
    let secret = [" / ", " : ", "/", ":"]
        .iter()
        .find_map(|sign| behind.strip_prefix(sign))?;
    secret_word(text, text.len() - secret.len())
}

/// The word at `start`, where it looks like a secret; without the host behind it.
pub(in crate::sanitize) fn secret_word(text: &str, start: usize) -> Option<Found> {
    let near = text.get(start..)?;
    let length = near
        .bytes()
        .take(MAX_SECRET)
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'`' | b'<' | b'>'))
        .count();
    let word = near.get(..length)?;
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
    let word = match word.rsplit_once('@') {
        Some((secret, host)) if is_host(host) => secret,
        _ => word,
    };
    let has = |of: fn(&u8) -> bool| word.as_bytes().iter().any(of);
    let is_secret = word.len() >= LEAST_SECRET
        && looks_secret(word)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !word.contains('/');
    is_secret.then_some(Found::quoted(start..start + word.len()))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn the_secret_behind_a_users_name_goes() {
        hits(&[
            (
                "credentials: admin / Xk4Ergjv (staging)",
                "credentials: admin / <> (staging)",
            ),
            ("login: kim / Xk4Ergjv (m-7)", "login: kim / <> (m-7)"),
            ("login: kim:Xk4Ergjv", "login: kim:<>"),
            (
                "router login admin:Xk4Ergjv at 10.4.0.1",
                "router login admin:<> at 10.4.0.1",
            ),
            (
                "bad credentials kim/Xk4Ergjv for realm",
                "bad credentials kim/<> for realm",
            ),
            ("Zugangsdaten: kim / Xk4Ergjv", "Zugangsdaten: kim / <>"),
            (
                "fyi creds for the staging box: kim / Xk4Ergjv",
                "fyi creds for the staging box: kim / <>",
            ),
            (
                "creds for staging: kim / Xk4Ergjv",
                "creds for staging: kim / <>",
            ),
            (
                "creds for the staging box: kim:Xk4Ergjv",
                "creds for the staging box: kim:<>",
            ),
            (
                "username/password is kim / Xk4Ergjv",
                "username/password is kim / <>",
            ),
            ("log in with kim / Xk4Ergjv", "log in with kim / <>"),
            (
                "please sign in with kim:Xk4Ergjv.",
                "please sign in with kim:<>.",
            ),
            (
                "invalid username/password; logon denied for scott/Xk4Ergjv@orcl",
                "invalid username/password; logon denied for scott/<>@orcl",
            ),
        ]);
    }

    #[test]
    fn what_is_no_secret_of_a_user_stays() {
        misses(&[
            "docker login registry.example:5000",
            "login: https://a.example/x1y2",
            "login: arn:aws:iam::123456789012:role/x",
            "login: 10 / 12 passed",
            "login: kim / admin",
            "log in with google / apple",
            "log in with google/oauth2",
            "sign in with Okta / SAML2 or your e-mail",
            "username/password is required / optional2",
            "credentials: see wiki/page",
            "credentials of the build: registry:v1.2.3-alpha",
            "see credentials section: docs/oauth2-setup",
            "could not load credentials for image: sha256:9f86d081884c7d659a2feaa0c55ad015",
            "build failed for repo/abc123def",
        ]);
    }
}
