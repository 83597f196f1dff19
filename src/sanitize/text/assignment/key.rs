//! Keys under names that are everyday words, where what stands around them tells what they are.

use std::ops::Range;

use crate::sanitize::extent::Found;
use crate::sanitize::rule::Extent;
use crate::sanitize::text::Findings;
use crate::sanitize::value_shape::Shape;

/// How far before a name the line above it begins.
const MAX_LINE: usize = 64;
/// The most bytes from one key of a list to the next.
const MAX_BETWEEN: usize = 64;
/// How many hexadecimal digits a private key of a chain of blocks has.
const DIGITS: usize = 64;

/// The keys that are assigned to a name that no rule names: `key: x` below `encryption:`, and those of `accounts: ['0x…']`.
pub(super) fn keys_of(
    findings: &Findings<'_, '_>,
    name: &Range<usize>,
    after: usize,
) -> Vec<Found> {
    match findings.bytes().get(name.clone()).map(<[u8]>::trim_ascii) {
        Some(b"key") => of_encryption(findings, name.start, after)
            .into_iter()
            .collect(),
        Some(named) if named.ends_with(b"accounts") => of_accounts(findings.bytes(), after),
        _ => Vec::new(),
    }
}

fn of_encryption(findings: &Findings<'_, '_>, name: usize, after: usize) -> Option<Found> {
    let bytes = findings.bytes();
    let above = bytes[name.saturating_sub(MAX_LINE)..name].trim_ascii_end();
    above
        .ends_with(b"encryption:")
        .then(|| {
            let key = findings
                .reader
                .value(findings.rules, after, Extent::Word, None)?;
            let text = findings.text.get(key.start..key.end)?;
            (is_base64_of_32(text) || Shape::RandomToken.fits(text)).then_some(key)
        })
        .flatten()
}

/// True for as many bytes as most keys have, in base64.
fn is_base64_of_32(text: &str) -> bool {
    let is_of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len() == 44
        && text
            .strip_suffix('=')
            .is_some_and(|text| text.bytes().all(is_of_base64))
}

fn of_accounts(bytes: &[u8], after: usize) -> Vec<Found> {
    let mut keys = Vec::new();
    let mut at = after;
    let mut sign = b'[';
    while let Some(start) = digits_behind(bytes, at, sign) {
        at = start + DIGITS;
        sign = b',';
        keys.push(Found::quoted(start..at));
    }
    keys
}

/// Where the digits of a key begin that stands in quotes behind `sign`, with nothing but blanks between.
fn digits_behind(bytes: &[u8], at: usize, sign: u8) -> Option<usize> {
    let near = &bytes[at.min(bytes.len())..bytes.len().min(at + MAX_BETWEEN)];
    let is_between = |byte: &&u8| {
        byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`') || **byte == sign
    };
    let between = near.iter().take_while(is_between).count();
    let is_behind_sign = near[..between].contains(&sign);
    let key = at + between;
    let digits = bytes.get(key..)?.strip_prefix(b"0x")?;
    let length = digits
        .iter()
        .take(DIGITS + 1)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    (is_behind_sign && length == DIGITS).then_some(key + 2)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn keys_that_the_line_above_tells_of_go() {
        hits(&[(
            "api:\n  encryption:\n    key: \"9rXk2LmQ7vTz4bNs8wPd3hYc6jRf1gKe5uMa0iBo2E4=\"\nota:\n",
            "api:\n  encryption:\n    key: \"<>\"\nota:\n",
        )]);
        misses(&[
            "cache:\n  key: 9rXk2LmQ7vTz4bNs8wPd3hYc\n",
            "encryption:\n  key: enabled\n",
            "encryption:\n  key: alias/backup-2026-eu-west\n",
        ]);
    }

    #[test]
    fn private_keys_of_accounts_go() {
        let digits = "9c41e07b52fd38a6".repeat(4);
        hits(&[
            (
                &format!("accounts: ['0x{digits}'], gas: 7"),
                "accounts: ['0x<>'], gas: 7",
            ),
            (
                &format!("accounts: [\n  \"0x{digits}\",\n  \"0x{digits}\",\n]"),
                "accounts: [\n  \"0x<>\",\n  \"0x<>\",\n]",
            ),
        ]);
        misses(&[
            "accounts: ['0x9c41e07b52fd38a69c41e07b52fd38a69c41e07b']",
            "accounts: [process.env.KEYS]",
        ]);
    }
}
