//! What somebody is told to type: `type x into the password field`, `enter "x" as the PIN`.

use super::noun::belongs_to_password;
use super::statement::quoted;
use crate::sanitize::extent::Found;
use crate::sanitize::places::caseless;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::{Group, Rule};
use crate::sanitize::text::Findings;

/// How far before a place what is typed begins.
const NEAR: usize = 128;
/// How far behind it the name of the field ends.
const MAX_NAME: usize = 48;

/// How many digits a PIN has.
const PIN: std::ops::RangeInclusive<usize> = 4..=8;

const VERBS: &[&[u8]] = &[
    b"type",
    b"types",
    b"typed",
    b"typing",
    b"enter",
    b"enters",
    b"entered",
    b"entering",
    b"input",
    b"fill",
    b"filled",
    b"paste",
    b"pasted",
    b"put",
    b"write",
    b"key",
    b"send",
    b"submit",
    b"use",
];
/// What stands behind the name of a field.
const FIELDS: &[&str] = &[
    "field", "fields", "box", "input", "textbox", "text", "prompt", "form", "element", "line",
    "entry",
];
/// With what a sentence goes on behind the name, though such words often belong to it.
const GOES_ON: &[&str] = &[
    "during",
    "excluding",
    "including",
    "using",
    "second",
    "first",
];

/// Finds what is typed into a field that a secret's name names.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for word in [&b" into "[..], b" in the ", b" as "] {
        for at in caseless(bytes, word) {
            let Some(rule) = rule_of_field(findings, at + word.len()) else {
                continue;
            };
            if let Some(value) = typed_before(findings.text, at, rule) {
                findings.take(rule, value);
            }
        }
    }
}

/// The rule for the field that is named at a place: `the password field`.
fn rule_of_field<'r>(findings: &Findings<'r, '_>, at: usize) -> Option<&'r Rule> {
    let bytes = findings.bytes();
    let near = bytes.get(at..bytes.len().min(at + MAX_NAME))?;
    let end = near.iter().position(|byte| {
        matches!(
            byte,
            b'.' | b',' | b';' | b'\n' | b'"' | b'\'' | b')' | b':'
        )
    });
    let phrase = near[..end.unwrap_or(near.len())].trim_ascii();
    let phrase = std::str::from_utf8(phrase).ok()?;
    // A field's name is a few words, and other words may stand behind it.
    let mut length = 0;
    for word in phrase.split(' ').take(4) {
        length += word.len() + usize::from(length > 0);
        let is_field = FIELDS.contains(&word);
        let name = if is_field {
            phrase.get(..length - word.len())?.trim_end()
        } else {
            phrase.get(..length)?
        };
        let is_whole = is_field || ends_name(phrase.get(length..)?);
        if is_whole
            && let Some((rule, false, _)) = findings.rules.for_name_at_end(name.as_bytes())
            && rule.group() == Some(Group::Secret)
        {
            return Some(rule);
        }
    }
    None
}

/// True where a name ends before `rest`, and is not the beginning of a longer one: `the password hint`.
pub(super) fn ends_name(rest: &str) -> bool {
    let next = rest.strip_prefix(' ').map(|rest| {
        let end = rest.find(|byte: char| !byte.is_alphanumeric());
        &rest[..end.unwrap_or(rest.len())]
    });
    next.is_none_or(|next| {
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(next));
        is_one_of(FIELDS) || is_one_of(GOES_ON) || !belongs_to_password(next)
    })
}

/// What is typed: the word or the quoted text before `end`, with a verb before it.
fn typed_before(text: &str, end: usize, rule: &Rule) -> Option<Found> {
    let bytes = text.as_bytes();
    let least = end.saturating_sub(NEAR);
    let found = match bytes[..end].last()? {
        mark @ (b'"' | b'\'' | b'`') => {
            let open = least + memchr::memrchr(*mark, &bytes[least..end - 1])?;
            let literal = Found::quoted(open + 1..end - 1);
            (*mark == b'`' || quoted(bytes, open).is_some()).then_some(literal)?
        }
        _ => {
            let blank = bytes[least..end].iter().rposition(|byte| *byte == b' ')?;
            let start = least + blank + 1;
            let word = text.get(start..end)?;
            let is_pin = PIN.contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_digit())
                && rule.is_called("pin");
            (is_pin || looks_secret(word)).then_some(Found::bare(start..end))?
        }
    };
    let before = bytes[least..found.start - usize::from(found.quoted)].trim_ascii_end();
    let verb = before.rsplit(|byte| !byte.is_ascii_alphabetic()).next()?;
    VERBS
        .iter()
        .any(|known| verb.eq_ignore_ascii_case(known))
        .then_some(found)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_is_typed_into_a_field_goes() {
        hits(&[
            (
                "type q7Tm2xPw9 into the password field",
                "type <> into the password field",
            ),
            (
                "Enter \"correct horse\" in the login password box, then press Enter",
                "Enter \"<>\" in the login password box, then press Enter",
            ),
            (
                "typed 'q7 T' as the passphrase.",
                "typed '<>' as the passphrase.",
            ),
            ("enter 4821 in the PIN box", "enter <> in the PIN box"),
            (
                "use q7Tm2xPw9 as the password to log in",
                "use <> as the password to log in",
            ),
            (
                "Set q7Tm2xPw9 as the password during setup",
                "Set <> as the password during setup",
            ),
            (
                "use q7Tm2xPw9 as the password across all hosts",
                "use <> as the password across all hosts",
            ),
            (
                "please type hunter99x as the password without quotes",
                "please type <> as the password without quotes",
            ),
        ]);
    }

    #[test]
    fn what_is_typed_elsewhere_stays() {
        misses(&[
            "type the word into the password field",
            "enter your name in the user field, not in the password field",
            "type q7Tm2xPw9 into the search field",
            "use OAuth2 as the authentication method for the password reset",
            "stores q7Tm2xPw9 in the token table",
            "use RS256v2key as the token signature algorithm",
            "use vault-prod2 as the secret store",
            "enter foo2bar as the password hint",
            "put config2prod into the secret manager",
            "send X-Req-77 as the token header",
            "paste cell_B12 into the password column",
            "enter 4821 in the search box",
        ]);
    }
}
