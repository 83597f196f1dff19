//! What the sanitizer itself writes in place of a value, and how it is known again.

use std::borrow::Cow;
use std::ops::Range;

/// Stands for a container that is nested too deeply.
pub(super) const TOO_DEEP: &str = "[SHORTENED: depth]";
/// Stands for a value of which nothing fits within the bound.
pub(super) const TOO_LARGE: &str = "[SHORTENED: size]";
/// Stands for a value whose sanitizing failed.
pub(super) const FAILED: &str = "[REDACTION FAILED]";

const REDACTED: &[u8] = b"[REDACTED:";
const DROPPED: &[u8] = b"[DROPPED:";
const MASKED: &[u8] = b"[MASKED:";
const SHORTENED_NAME: &[u8] = b"[SHORTENED:";
const PSEUDONYM: &[u8] = b"pn:";

/// The length of a pseudonym's keyed hash in base32 characters.
pub(super) const HASH_LENGTH: usize = 26;
/// The greatest length of a rule's folded name.
pub(super) const MAX_RULE_NAME: usize = 64;
/// The greatest length of a pseudonym class.
pub(super) const MAX_CLASS: usize = 32;
/// The greatest length of a key id.
pub(super) const MAX_KEY_ID: usize = 16;
/// The greatest length of anything that [`length_at`] recognises.
pub(super) const MAX_LENGTH: usize = PSEUDONYM.len() + MAX_CLASS + 1 + MAX_KEY_ID + 1 + HASH_LENGTH;

/// The length of the marker, placeholder or pseudonym that stands at `at`, where one does.
pub(super) fn length_at(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    match rest.first()? {
        b'[' => bracketed(rest),
        b'p' if at == 0 || !text[at - 1].is_ascii_alphanumeric() => pseudonym(rest),
        _ => None,
    }
}

/// True where all of `text` is a marker, a placeholder or a pseudonym.
pub(crate) fn is_whole(text: &str) -> bool {
    length_at(text.as_bytes(), 0) == Some(text.len())
}

/// A text without what the sanitizer itself wrote into it: what is left came from elsewhere.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    let (mut left, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(offset) = memchr::memchr2(b'[', b'p', &text.as_bytes()[at..]) {
        at += offset;
        match length_at(text.as_bytes(), at) {
            Some(length) => {
                left.push_str(text.get(kept..at).unwrap_or_default());
                at += length;
                kept = at;
            }
            None => at += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    left.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(left)
}

/// True where a marker, a placeholder or a pseudonym stands anywhere in `text`.
pub(super) fn is_in(text: &str) -> bool {
    without(text).len() < text.len()
}

/// The name of the rule that a marker tells; `None` for a placeholder or a pseudonym.
pub(super) fn rule_name(marker: &str) -> Option<&str> {
    [REDACTED, DROPPED, MASKED].iter().find_map(|prefix| {
        let rest = marker.get(prefix.len()..)?;
        let is_prefixed = marker.as_bytes().starts_with(prefix);
        is_prefixed.then(|| rest.split([':', ']']).next())?
    })
}

/// True where `name` ends in a marker or a pseudonym, and perhaps a number that keeps it apart from others.
pub(super) fn is_at_end(name: &[u8]) -> bool {
    let digits = name
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let end = match name[..name.len() - digits].strip_suffix(b"#") {
        Some(before) if digits > 0 => before.len(),
        _ => name.len(),
    };
    let name = &name[..end];
    let start = if name.ends_with(b"]") {
        name.iter().rposition(|byte| *byte == b'[')
    } else {
        let start = || {
            name.windows(PSEUDONYM.len())
                .rposition(|part| part == PSEUDONYM)
        };
        (name.len() > HASH_LENGTH).then(start).flatten()
    };
    start.is_some_and(|start| length_at(name, start) == Some(end - start))
}

/// True where a range lies within what the sanitizer itself wrote.
pub(super) fn holds(text: &[u8], range: &Range<usize>) -> bool {
    (range.start.saturating_sub(MAX_LENGTH)..=range.start).any(|at| {
        matches!(text.get(at), Some(b'[' | b'p'))
            && length_at(text, at).is_some_and(|length| range.end <= at + length)
    })
}

/// Where the marker or pseudonym begins whose first colon is at `colon`.
pub(super) fn start_of(text: &[u8], colon: usize) -> Option<usize> {
    let before = &text[..=colon];
    [PSEUDONYM, REDACTED, DROPPED, MASKED, SHORTENED_NAME]
        .into_iter()
        .find(|prefix| before.ends_with(prefix))
        .map(|prefix| before.len() - prefix.len())
        .filter(|start| length_at(text, *start).is_some())
}

fn bracketed(rest: &[u8]) -> Option<usize> {
    for whole in [TOO_DEEP, TOO_LARGE, FAILED] {
        if rest.starts_with(whole.as_bytes()) {
            return Some(whole.len());
        }
    }
    for prefix in [REDACTED, DROPPED, MASKED] {
        let Some(name) = rest.strip_prefix(prefix) else {
            continue;
        };
        // A rule may be named in another script.
        let mut length = run(name, MAX_RULE_NAME, |byte| is_name(byte) || byte >= 0x80)?;
        if prefix == MASKED {
            let last = name.get(length..)?.strip_prefix(b":")?;
            length += 1 + run(last, 4, |byte| byte.is_ascii_alphanumeric())?;
        }
        return (name.get(length) == Some(&b']')).then_some(prefix.len() + length + 1);
    }
    let hash = rest.strip_prefix(SHORTENED_NAME)?;
    let whole =
        run(hash, HASH_LENGTH, is_base32)? == HASH_LENGTH && hash.get(HASH_LENGTH) == Some(&b']');
    whole.then_some(SHORTENED_NAME.len() + HASH_LENGTH + 1)
}

fn pseudonym(rest: &[u8]) -> Option<usize> {
    let mut at = PSEUDONYM.len();
    let class = rest.strip_prefix(PSEUDONYM)?;
    at += run(class, MAX_CLASS, is_name)?;
    let key_id = rest[at..].strip_prefix(b":")?;
    at += 1 + run(key_id, MAX_KEY_ID, |byte| is_name(byte) && byte != b'_')?;
    let hash = rest[at..].strip_prefix(b":")?;
    let whole = run(hash, HASH_LENGTH, is_base32)? == HASH_LENGTH
        && !hash.get(HASH_LENGTH).is_some_and(u8::is_ascii_alphanumeric);
    whole.then_some(at + 1 + HASH_LENGTH)
}

/// How many of the first bytes, at least one and at most `most`, are of a kind.
fn run(bytes: &[u8], most: usize, of_kind: impl Fn(u8) -> bool) -> Option<usize> {
    let length = bytes
        .iter()
        .take(most)
        .take_while(|byte| of_kind(**byte))
        .count();
    (length > 0).then_some(length)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

fn is_base32(byte: u8) -> bool {
    byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte)
}
