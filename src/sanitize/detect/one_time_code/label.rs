//! What stands before a number and says that it is a code.

use super::MAX_REACH;
use super::words::{LABELS, LAST_OF_PURPOSES, OTHERS, PURPOSES, is_label};

/// How many words back a label may stand.
const MAX_WORDS: usize = 7;

/// True where a label stands before the code.
pub(super) fn is_labelled(bytes: &[u8], start: usize) -> bool {
    let least = start.saturating_sub(MAX_REACH);
    let before = without_tag(bytes[least..start].trim_ascii_end());
    let bracketed = before.ends_with(b"(");
    let before = trim_end(before, b"\"'`*(_ ");
    let unsigned = trim_end(before, b":=-#> ");
    let has_sign = bracketed || unsigned.len() < before.len();
    let mut words = unsigned
        .rsplit(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'(' | b'*' | b'`')
        })
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase());
    let Some(mut word) = words.next() else {
        return false;
    };
    if matches!(word.as_str(), "from" | "to") {
        // "change the PIN from 1234 to 5678"
        let mut between = words
            .skip_while(|word| word == "from" || word.bytes().all(|byte| byte.is_ascii_digit()));
        return between
            .next()
            .is_some_and(|word| LABELS.contains(&word.as_str()));
    }
    let linked = matches!(word.as_str(), "is" | "was" | "are");
    if linked {
        let Some(next) = words.next() else {
            return false;
        };
        word = next;
        // "the verification code for your account is"
        let mut skipped = 0;
        while !is_label(&word) && skipped < 4 {
            if word.ends_with(['.', ',', '!', '?', ';', ':']) {
                return false;
            }
            let Some(next) = words.next() else {
                return false;
            };
            word = next;
            skipped += 1;
        }
    }
    if word.ends_with(['.', ',', '!', '?', ';']) || !is_label(&word) {
        return false;
    }
    let purpose = words.next().unwrap_or_default();
    if word == "token" {
        return LABELS.contains(&purpose.as_str());
    }
    if word != "code" && word != "codes" {
        // "pin 1234" on a board is one, too.
        return linked || has_sign || word != "pin" || purpose == "your" || purpose == "my";
    }
    let is_of = |kinds: &[&str]| kinds.contains(&purpose.as_str());
    if is_of(OTHERS) {
        return false;
    }
    let last_of_purpose = LAST_OF_PURPOSES
        .iter()
        .find(|(last, _)| *last == purpose)
        .is_some_and(|(_, before)| words.next().is_some_and(|word| before.contains(&&*word)));
    last_of_purpose
        || is_of(PURPOSES)
        || has_sign && is_of(&["your", "my"])
        || linked
            && matches!(
                purpose.as_str(),
                "" | "the" | "your" | "my" | "a" | "this" | "that" | "new"
            )
}

/// What stands before a tag of HTML at the end: `code is <b>`.
fn without_tag(before: &[u8]) -> &[u8] {
    match memchr::memrchr(b'<', before) {
        Some(at) if before.ends_with(b">") => before[..at].trim_ascii_end(),
        _ => before,
    }
}

fn trim_end<'t>(mut bytes: &'t [u8], signs: &[u8]) -> &'t [u8] {
    while let [rest @ .., last] = bytes
        && signs.contains(last)
    {
        bytes = rest;
    }
    bytes
}
