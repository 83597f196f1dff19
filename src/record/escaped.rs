//! Texts that stand as JSON in a record, read and compared as what they stand for: as a rule without undoing an escape.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::canonical;

#[inline]
pub(super) fn within_quotes(json: &[u8]) -> &[u8] {
    json.get(1..json.len().saturating_sub(1))
        .unwrap_or_default()
}

/// Whether a byte of a JSON string stands for itself alone.
#[inline]
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii() && byte != b'\\'
}

/// Compares what two JSON strings without their quotes stand for, as the order of members asks.
#[inline]
pub(super) fn compare_escaped(one: &[u8], other: &[u8]) -> Ordering {
    let mut pairs = one.iter().zip(other);
    match pairs.find(|(one, other)| one != other || **one == b'\\') {
        None => one.len().cmp(&other.len()),
        // The greater part of all names: two letters of ASCII differ before any escape.
        Some((one, other)) if is_plain(*one) && is_plain(*other) => one.cmp(other),
        Some(_) => compare_unescaped(one, other),
    }
}

#[cold]
fn compare_unescaped(one: &[u8], other: &[u8]) -> Ordering {
    canonical::compare_key_bytes(&unescaped(one), &unescaped(other))
}

/// The text that a JSON string stands for.
pub(super) fn text_of(json: &[u8]) -> Cow<'_, str> {
    match unescaped(within_quotes(json)) {
        Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).unwrap_or_default()),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_default()),
    }
}

/// The UTF-8 that a JSON string without its quotes stands for; as a rule the same bytes.
fn unescaped(inner: &[u8]) -> Cow<'_, [u8]> {
    // Names are short: a look at every byte is quicker than a search that ends at the first.
    let has_escapes = inner
        .iter()
        .fold(false, |found, byte| found | (*byte == b'\\'));
    if !has_escapes {
        return Cow::Borrowed(inner);
    }
    let json = [b"\"", inner, b"\""].concat();
    serde_json::from_slice::<String>(&json)
        .map_or(Cow::Borrowed(b""), |text| Cow::Owned(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Vec<u8> {
        let mut json = Vec::new();
        canonical::write_string(&mut json, text);
        json
    }

    proptest! {
        #[test]
        fn names_are_compared_as_what_they_stand_for(
            front in "[a_\"\\\\\n\u{1}é]{0,3}",
            one in "[ab_ \"\\\\/\n\t\u{1}é\u{FB33}\u{1F600}]{0,4}",
            other in "[ab_ \"\\\\/\n\t\u{1}é\u{FB33}\u{1F600}]{0,4}",
        ) {
            let (one, other) = (front.clone() + &one, front + &other);
            prop_assert_eq!(
                compare_escaped(within_quotes(&json(&one)), within_quotes(&json(&other))),
                canonical::compare_keys(&one, &other)
            );
        }
    }
}
