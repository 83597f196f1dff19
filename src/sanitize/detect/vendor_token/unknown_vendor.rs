//! Tokens of vendors that nobody listed: `acme_live_…`, `acme_sk_…`.
//!
//! What many vendors write before a token is the same; that the rest looks made by chance makes sure of it.

use std::ops::Range;

use crate::sanitize::detect::shape::{self, LETTERS};
use crate::sanitize::value_shape::Shape;

/// What stands between the name of a vendor and what is made by chance.
const MARKS: [&[u8]; 4] = [b"_live_", b"_test_", b"_sk_", b"_pat_"];
/// The most bytes of the name before.
const MAX_NAME: usize = 32;
/// The fewest and the most bytes behind.
const BODY: std::ops::RangeInclusive<usize> = 20..=128;
/// Names that keys begin with which may be shown.
const SHOWN: [&[u8]; 4] = [b"pk", b"pub", b"public", b"publishable"];

/// The token whose mark begins at `at`, with the name before it.
pub(super) fn token_at(bytes: &[u8], at: usize, run: &Range<usize>) -> Option<Range<usize>> {
    let rest = bytes.get(at..run.end)?;
    let mark = MARKS.iter().find(|mark| rest.starts_with(mark))?;
    let near = &rest[mark.len()..rest.len().min(mark.len() + BODY.end() + 1)];
    let body = shape::run_length(near, LETTERS);
    if !BODY.contains(&body) {
        return None;
    }
    let body = std::str::from_utf8(near.get(..body)?).ok()?;
    // What a test or a build is called ends in the hash of a commit as well.
    let is_key = *mark != b"_test_" && matches!(body.len(), 32 | 64) && is_hexadecimal(body);
    // Names of tests end in numbers.
    let within = body.trim_end_matches(|last: char| last.is_ascii_digit());
    let has_digit = within.bytes().any(|byte| byte.is_ascii_digit());
    let is_by_chance = Shape::RandomToken.fits(body) && !shape::is_camel_case(body.as_bytes());
    if !(is_key || has_digit && is_by_chance) {
        return None;
    }
    let before = bytes.get(run.start.max(at.saturating_sub(MAX_NAME))..at)?;
    let name = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let name = &before[before.len() - name..];
    let last = name.rsplit(|byte| *byte == b'_').next()?;
    let is_named = name.iter().any(u8::is_ascii_alphabetic);
    let is_shown = SHOWN.iter().any(|shown| last.eq_ignore_ascii_case(shown));
    (is_named && !is_shown).then(|| at - name.len()..at + mark.len() + body.len())
}

/// True for hexadecimal digits, letters and digits both among them.
fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use crate::sanitize::detect::tests::found;

    #[test]
    fn tokens_of_vendors_that_nobody_listed_are_found() {
        for token in [
            "wk_live_7XoyxlfLeaCc9lBB29eLMVwUdDU5ka2H",
            "acme_sk_0mUHUi7gEzzsrmtW2vc8EBZ1",
            "key_live_h3v9k2mq7z4x8w1r5t6y",
            "acme_test_eHk2dq3uXa8pTz6wQ1vB",
            "acme_pat_9f86d081884c7d659a2feaa0c55ad015",
        ] {
            let text = format!("got {token}, then");
            assert_eq!(found(&text, find), [token], "{text}");
        }
    }

    #[test]
    fn names_of_tests_builds_and_keys_that_may_be_shown_stay() {
        for text in [
            "it_test_ShouldReturnTheValidResponse200",
            "integration_test_OAuth2LoginReturnsToken",
            "db_test_S3BucketUploadAndDownload",
            "app_live_Stream4KVideoPlayerView",
            "image_test_9f86d081884c7d659a2feaa0c55ad01512345678",
            "module_live_reloading_of_templates_enabled_2",
            "acme_pk_live_7XoyxlfLeaCc9lBB29eLMVwUdDU5ka2H",
            "labels_sk_translationsforslovakia2026",
        ] {
            assert!(
                found(text, find).is_empty(),
                "{text}: {:?}",
                found(text, find)
            );
        }
    }
}
