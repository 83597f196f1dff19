//! Secrets that a sentence tells of beside another one: `the new token is x; the previous one, y, ends at noon`.

use memchr::memmem;

use super::Detector;
use crate::sanitize::extent::Found;
use crate::sanitize::places::caseless;
use crate::sanitize::text::Findings;
use crate::sanitize::value_shape::Shape;

/// How far before it the name stands of what it is.
const MAX_BEFORE: usize = 192;
/// The most bytes of the secret.
const MAX_LENGTH: usize = 256;

/// The words before "one".
const WHICH: &[&[u8]] = &[
    b"previous",
    b"old",
    b"former",
    b"earlier",
    b"current",
    b"new",
    b"other",
    b"last",
    b"second",
];
/// What stands between "one" and the secret.
const BETWEEN: &[&[u8]] = &[b", ", b": ", b" (", b" was ", b" is "];
/// What may be told of.
const NAMES: &[&[u8]] = &[b"token", b"secret", b"key", b"password", b"credential"];

/// Finds what looks made by chance behind such words.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for one in memmem::find_iter(bytes, b" one") {
        let before = &bytes[..one];
        let behind = &bytes[one + b" one".len()..];
        let Some(between) = BETWEEN.iter().find(|sign| behind.starts_with(sign)) else {
            continue;
        };
        let start = one + b" one".len() + between.len();
        let end = start + length(&bytes[start..]);
        let is_other = WHICH.iter().any(|word| before.ends_with(word));
        let near = &before[before.len().saturating_sub(MAX_BEFORE)..];
        if is_other
            && findings
                .text
                .get(start..end)
                .is_some_and(|word| Shape::RandomToken.fits(word))
            && NAMES
                .iter()
                .any(|name| caseless(near, name).next().is_some())
            && let Some(rule) = findings.rules.for_detector(Detector::LabelledSecret)
        {
            findings.take(rule, Found::bare(start..end));
        }
    }
}

/// How long the word is that stands there, without the sign behind it.
fn length(bytes: &[u8]) -> usize {
    let near = &bytes[..bytes.len().min(MAX_LENGTH)];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b')');
    let end = near.iter().position(ends);
    // Half of a longer one would stay.
    let word = match end {
        None if bytes.len() > MAX_LENGTH => return 0,
        end => &near[..end.unwrap_or(near.len())],
    };
    word.strip_suffix(b".").unwrap_or(word).len()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_secret_beside_another_one_goes() {
        hits(&[
            (
                "The deploy token was changed; the previous one, Kq7TmXw2Rz9Lb4Vn8Hs3Jd6F, ends at noon.",
                "The deploy token was changed; the previous one, <>, ends at noon.",
            ),
            (
                "I made a new API key. The old one was Kq7TmXw2Rz9Lb4Vn8Hs3Jd6F.",
                "I made a new API key. The old one was <>.",
            ),
        ]);
    }

    #[test]
    fn other_things_beside_each_other_stay() {
        misses(&[
            "The build was changed; the previous one, Kq7TmXw2Rz9Lb4Vn8Hs3Jd6F, is gone.",
            "a token of the old one, which ends at noon",
            "the key of the new one is order-2026-eu-west-customer",
        ]);
    }
}
