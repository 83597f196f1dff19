use std::cmp::Ordering;

/// Orders two member names as RFC 8785 section 3.2.3 does: by UTF-16 code units.
///
/// That is the order of the bytes, but where one name has a character beyond the basic plane and
/// the other one from U+E000 to U+FFFF in the same place.
///
/// ```
/// use std::cmp::Ordering;
/// use tool_audit::canonical::compare_keys;
///
/// assert_eq!(compare_keys("\u{1F600}", "\u{FB33}"), Ordering::Less);
/// assert_eq!("\u{1F600}".cmp("\u{FB33}"), Ordering::Greater);
/// ```
#[must_use]
pub fn compare_keys(left: &str, right: &str) -> Ordering {
    compare_key_bytes(left.as_bytes(), right.as_bytes())
}

/// [`compare_keys`] of names that are known to be UTF-8.
pub(crate) fn compare_key_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let same = 8 * words.take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match a.iter().zip(b).find(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) => {
            // A lead byte of 0xF0 or more begins a surrogate pair, which sorts before 0xEE and 0xEF.
            let (x_pair, y_pair) = (*x >= 0xF0, *y >= 0xF0);
            if x_pair != y_pair && *x.min(y) >= 0xEE {
                y_pair.cmp(&x_pair)
            } else {
                x.cmp(y)
            }
        }
    }
}

/// Of the name of `length` bytes with which `text` begins the first eight as a number: where those of two names differ, the
/// smaller one's name comes first in [`compare_keys`].
#[inline]
pub(crate) fn first_word(text: &[u8], length: usize) -> u64 {
    let word = match text.first_chunk::<8>() {
        // What stands behind a short name is taken away.
        Some(word) if length < 8 => u64::from_be_bytes(*word) & !(u64::MAX >> (8 * length)),
        Some(word) => u64::from_be_bytes(*word),
        None => short_word(&text[..length]),
    };
    if word & NOT_ASCII == 0 {
        word
    } else {
        pairs_first(word)
    }
}

/// The highest bit of each byte.
const NOT_ASCII: u64 = (u64::MAX / 0xFF) << 7;

fn short_word(name: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        // What is in both halves comes to the same place.
        let [first, last] = [first, last].map(|half| u64::from(u32::from_be_bytes(*half)));
        return first << 32 | last << (64 - 8 * name.len());
    }
    let places = (0..64).step_by(8).rev();
    let bytes = name.iter().zip(places);
    bytes.fold(0, |word, (byte, place)| word | u64::from(*byte) << place)
}

/// Puts the lead bytes 0xEE and 0xEF behind those of surrogate pairs. UTF-8 has no byte above 0xF4.
#[cold]
fn pairs_first(word: u64) -> u64 {
    u64::from_be_bytes(word.to_be_bytes().map(|byte| match byte {
        0xEE | 0xEF => byte + 0x10,
        _ => byte,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names that begin alike, are short, or differ where UTF-16 has another order than UTF-8.
    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "(customer)?[a-b\u{0}\u{D7FF}\u{E000}\u{FB33}\u{FFFF}\u{10000}\u{1F600}]{0,4}",
        ]
    }

    proptest! {
        #[test]
        fn names_are_ordered_by_their_first_words_and_then_by_themselves(
            one in any_name(),
            other in any_name(),
            behind in any::<String>(),
        ) {
            let expected = one.encode_utf16().cmp(other.encode_utf16());
            prop_assert_eq!(compare_keys(&one, &other), expected);
            let word = |name: &str| first_word(name.as_bytes(), name.len());
            let ordered = word(&one).cmp(&word(&other));
            prop_assert_eq!(ordered.then_with(|| compare_keys(&one, &other)), expected);
            let text = format!("{one}{behind}");
            prop_assert_eq!(first_word(text.as_bytes(), one.len()), word(&one));
        }
    }
}
