//! Secrets in calls whose names do not tell that they take one: `HTTPBasicAuth('ada', 'x')`, `client.login('ada', 'x')`,
//! `querySelector('#password').value = 'x'`, `page.fill('#password', 'x')`.

use super::statement::{password_rule, quoted};
use crate::sanitize::extent::Found;
use crate::sanitize::rule::{Group, Rule};
use crate::sanitize::text::Findings;

/// The most bytes of a function's name.
const MAX_NAME: usize = 64;
/// The most bytes of what names an element of a page.
const MAX_SELECTOR: usize = 96;

/// Functions that take a user and a password, by the last words of their names.
const LOGINS: &[&[u8]] = &[
    b"httpbasicauth",
    b"httpdigestauth",
    b"basicauth",
    b"basic_auth",
    b"digestauth",
    b"login",
    b"logon",
    b"log_in",
    b"signin",
    b"sign_in",
    b"authenticate",
    b"auth",
    b"networkcredential",
    b"usernamepasswordcredentials",
    b"passwordauthentication",
    b"plainauth",
    b"simple_bind",
    b"simple_bind_s",
    b"createuser",
    b"create_user",
];
/// What enters a text where the call before it told.
const ENTERS: &[&[u8]] = &[
    b".value=",
    b".value =",
    b".val(",
    b".type(",
    b".fill(",
    b".send_keys(",
    b".sendKeys(",
    b".setValue(",
    b".set_value(",
    b".clear().type(",
    b".input(",
    b".enterText(",
];
/// Functions that take the place of a text and the text.
const FILLS: &[&[u8]] = &[
    b"fill",
    b"type",
    b"setvalue",
    b"input",
    b"entertext",
    b"enter_text",
    b"fill_in",
    b"sendkeys",
    b"input_text",
    b"inputtext",
    b"setfieldvalue",
    b"presssequentially",
];

/// Finds what such calls are given.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for open in memchr::memchr_iter(b'(', bytes) {
        let Some(first) = first_literal(bytes, open + 1) else {
            continue;
        };
        let least = open.saturating_sub(MAX_NAME);
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = bytes[least..open].iter().rev().take_while(is_name).count();
        let function = bytes[open - length..open].to_ascii_lowercase();
        if function.is_empty() && first.end - first.start > MAX_SELECTOR {
            continue;
        }
        if LOGINS.iter().any(|known| ends_in(&function, known)) {
            if let Some(second) = next_literal(bytes, &first)
                && let Some(rule) = password_rule(findings)
                && !names_a_secret(findings, &second)
            {
                findings.take(rule, second);
            }
            continue;
        }
        let Some(rule) = rule_of_selector(findings, &first) else {
            continue;
        };
        let is_fill = FILLS.iter().any(|known| ends_in(&function, known));
        let value = match next_literal(bytes, &first).filter(|_| is_fill) {
            Some(value) => Some(value),
            None => entered(bytes, first.end + 1),
        };
        if let Some(value) = value {
            findings.take(rule, value);
        }
    }
}

/// The literal with which the arguments begin that stand at a place, but for a constant: `(By.ID, 'x'`.
fn first_literal(bytes: &[u8], at: usize) -> Option<Found> {
    let near = bytes.get(at..bytes.len().min(at + MAX_SELECTOR))?;
    let start = match near {
        [b'B', b'y', b'.', ..] => at + memchr::memchr2(b'\'', b'"', near)?,
        _ => at,
    };
    matches!(bytes.get(start), Some(b'\'' | b'"'))
        .then(|| quoted(bytes, start))
        .flatten()
        .filter(|literal| literal.end < bytes.len())
}

/// The literal behind a comma behind another one.
fn next_literal(bytes: &[u8], literal: &Found) -> Option<Found> {
    let rest = bytes.get(literal.end + 1..)?.strip_prefix(b",")?;
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let at = literal.end + 2 + blanks;
    matches!(bytes.get(at), Some(b'\'' | b'"'))
        .then(|| quoted(bytes, at))
        .flatten()
}

/// The literal that is entered in what the call told that ends at a place.
fn entered(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?.strip_prefix(b")")?;
    let enters = ENTERS.iter().find(|known| rest.starts_with(known))?;
    let behind = &rest[enters.len()..];
    let blanks = behind.iter().take_while(|byte| **byte == b' ').count();
    let at = at + 1 + enters.len() + blanks;
    matches!(bytes.get(at), Some(b'\'' | b'"' | b'`'))
        .then(|| quoted(bytes, at))
        .flatten()
}

/// The rule for a secret that names what a selector finds: `#password`, `input[name=password]`, `user_password`.
fn rule_of_selector<'r>(findings: &Findings<'r, '_>, selector: &Found) -> Option<&'r Rule> {
    let text = findings.text.get(selector.start..selector.end)?;
    if text.len() > MAX_SELECTOR || text.contains(' ') && !text.contains(['#', '.', '[', '>']) {
        return None;
    }
    let end = text.trim_end_matches([']', '"', '\'', ')', '\\']);
    let (rule, plural, _) = findings.rules.for_name_at_end(end.as_bytes())?;
    (!plural && rule.group() == Some(Group::Secret)).then_some(rule)
}

/// True for `'password'`, with which an example says what stands there.
fn names_a_secret(findings: &Findings<'_, '_>, literal: &Found) -> bool {
    let text = findings.text.get(literal.start..literal.end);
    text.is_some_and(|text| findings.rules.for_member(text).is_some())
}

fn ends_in(function: &[u8], word: &[u8]) -> bool {
    function
        .strip_suffix(word)
        .is_some_and(|before| before.last().is_none_or(|byte| *byte == b'_') || before.len() <= 4)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_call_logs_in_with_or_enters_goes() {
        hits(&[
            (
                "HTTPBasicAuth('ada', 'Xk4 y'), timeout=31",
                "HTTPBasicAuth('ada', '<>'), timeout=31",
            ),
            (
                "client.login('ada', \"Xk4\")\nrun('j: 6')",
                "client.login('ada', \"<>\")\nrun('j: 6')",
            ),
            (
                "db.auth('ada','Xk4'); // j = 1",
                "db.auth('ada','<>'); // j = 1",
            ),
            (
                "document.querySelector('#password').value = 'Xk4'; go('x')",
                "document.querySelector('#password').value = '<>'; go('x')",
            ),
            (
                "page.fill('#user_password', 'Xk4'); // = 1",
                "page.fill('#user_password', '<>'); // = 1",
            ),
            (
                "driver.find_element(By.ID, \"password\").send_keys(\"Xk4\") # = 1",
                "driver.find_element(By.ID, \"password\").send_keys(\"<>\") # = 1",
            ),
            (
                "cy.get('input[name=\"password\"]').type('Xk4') // a = 1",
                "cy.get('input[name=\"password\"]').type('<>') // a = 1",
            ),
        ]);
    }

    #[test]
    fn other_calls_stay() {
        misses(&[
            "router.get('/login', 'handler'); a = 1",
            "log('user', 'signed in'); a = 1",
            "page.fill('#city', 'Lund'); a = 1",
            "expect(page.locator('#password')).toBeVisible(); a = 1",
            "$('#password').addClass('wide'); a = 1",
            "author('ada', 'lovel'); a = 1",
            "login('user', 'password'); a = 1",
            "t('token.expired').value = 'Session over'; a = 1",
        ]);
    }
}
