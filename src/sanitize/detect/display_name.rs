//! Names before an address: `Author: Ada Lovelace <ada.lovelace@a.example>`, `From: "Lovelace, Ada" <alovelace@a.example>`
//! (RFC 5322 section 3.4, RFC 3261 section 20.10).
//!
//! Firms and machines have addresses too: a person's says a part of the name.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;
use crate::sanitize::value_shape::{PARTICLES, Shape};

/// The most bytes of a name.
const MAX_NAME: usize = 64;
/// The most bytes before the `@` of an address.
const MAX_LOCAL: usize = 64;
/// The fewest letters that a name and an address must have in common.
const LEAST_COMMON: usize = 3;

/// Who many share an address with: such are no names of people.
const ROLES: &[&str] = &[
    "abuse",
    "account",
    "admin",
    "alert",
    "billing",
    "bot",
    "build",
    "career",
    "contact",
    "customer",
    "deploy",
    "devops",
    "editor",
    "events",
    "facturacion",
    "finance",
    "hello",
    "help",
    "info",
    "invoice",
    "jobs",
    "kontakt",
    "legal",
    "mailer",
    "marketing",
    "news",
    "noreply",
    "notification",
    "notify",
    "office",
    "operations",
    "order",
    "payroll",
    "postmaster",
    "press",
    "privacy",
    "purchasing",
    "recruit",
    "release",
    "report",
    "reservation",
    "robot",
    "root",
    "sales",
    "security",
    "service",
    "shop",
    "status",
    "support",
    "system",
    "team",
    "training",
    "webmaster",
    "welcome",
];

/// Finds the names of people before their addresses.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let Some((rule, _)) = findings.rules.for_member("full_name") else {
        return;
    };
    let text = findings.text;
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let Some(local) = local_part(text.get(at + 1..).unwrap_or_default()) else {
            continue;
        };
        let Some((start, name)) = name_before(text, at) else {
            continue;
        };
        if is_persons(name, local) {
            let end = start + name.len();
            findings.take(rule, Found::quoted(start..end));
        }
    }
}

/// What stands before the `@` of the address that `text` begins with.
fn local_part(text: &str) -> Option<&str> {
    let text = ["mailto:", "sips:", "sip:"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let is_of_local = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-_".contains(byte);
    let length = text
        .bytes()
        .take(MAX_LOCAL + 1)
        .take_while(|byte| is_of_local(byte))
        .count();
    let (local, rest) = text.split_at_checked(length)?;
    rest.starts_with('@').then_some(local)
}

/// The name before the bracket at `at`, and where it begins.
fn name_before(text: &str, at: usize) -> Option<(usize, &str)> {
    let before = text.get(..at)?.trim_end_matches(' ');
    let before = before.strip_suffix('\\').unwrap_or(before);
    let before = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let before = before.strip_suffix('\\').unwrap_or(before);
    let is_of_name = |letter: char| {
        letter.is_alphabetic() || matches!(letter, ' ' | '-' | '\'' | '’' | '.' | ',')
    };
    let mut start = before.len();
    for letter in before.chars().rev() {
        if !is_of_name(letter) || before.len() - start > MAX_NAME {
            break;
        }
        start -= letter.len_utf8();
    }
    // A sentence may go before it, whose words have small letters.
    let (mut from, mut at) = (start, start);
    for word in before.get(start..)?.split(' ') {
        at += word.len();
        if word.starts_with(char::is_lowercase) && !PARTICLES.contains(&word) {
            from = at;
        }
        at += 1;
    }
    let name = before.get(from..)?.trim_start_matches([' ', '.', ',', '-']);
    Some((before.len() - name.len(), name))
}

/// True for a name of which a part stands in the address.
fn is_persons(name: &str, local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    // Letters with marks may be spelt otherwise there.
    let is_in_local = |letters: &str| {
        letters.len() >= LEAST_COMMON && local.contains(&letters.to_ascii_lowercase())
    };
    Shape::PersonName.fits(name)
        && name
            .split(|letter: char| !letter.is_ascii_alphabetic())
            .any(is_in_local)
        && !is_of_many(&local)
}

/// True for an address that several people share.
fn is_of_many(local: &str) -> bool {
    let without_plural = |word: &str| word.strip_suffix('s').unwrap_or(word).len();
    let is_role = |part: &str| {
        let part = &part[..without_plural(part)];
        ROLES
            .iter()
            .any(|role| role[..without_plural(role)] == *part)
    };
    local.starts_with("no-reply")
        || local.starts_with("no_reply")
        || local.split(['.', '+', '-', '_']).any(is_role)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn names_before_peoples_addresses_go() {
        hits(&[
            (
                "Author: Ada Lovelace <ada.lovelace@a.example>",
                "Author: <> <ada.lovelace@a.example>",
            ),
            (
                "From: \"Lovelace, Ada\" <alovelace@a.example>\r\nTo: Brünhild O'Neil <bruenhild.oneil@a.example>, x",
                "From: \"<>\" <alovelace@a.example>\r\nTo: <> <bruenhild.oneil@a.example>, x",
            ),
            (
                "From: \"Ada Lovelace\" <sip:lovelace@a.example>;tag=1",
                "From: \"<>\" <sip:lovelace@a.example>;tag=1",
            ),
            (
                "Pieter Botha <botha.pieter@a.example>, Ada Newsome <newsome@a.example>",
                "<> <botha.pieter@a.example>, <> <newsome@a.example>",
            ),
            (
                "reviewed by Ada van der Lovelace <ada@a.example>",
                "reviewed by <> <ada@a.example>",
            ),
        ]);
        misses(&[
            "Author: Support Team <support@a.example>",
            "From: Example Shop <info@a.example>",
            "Author: dependabot <dependabot@a.example>",
            "Acme Robotics GmbH <acme@a.example>",
            "Author: Ada Lovelace <noreply@a.example>",
            "Example Orders <example.order-updates@a.example>",
            "if Count Items <items.len() {",
            "Vec <String>, Big Number <number",
        ]);
    }
}
