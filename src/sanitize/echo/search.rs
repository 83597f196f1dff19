//! Looking for a value in a text where it most likely does not stand.
//!
//! A search that prepares itself for the value costs more than such a short text does.

use memchr::{memchr_iter, memmem};

/// Letters and digits, from those that English and JSON have least of.
const RARE: &[u8] = b"zqjxkvwybgfpmuhcld9876543rsnioat2e10";

/// Among so many bytes one is rare enough.
const CHOICE: usize = 10;

/// How common a byte is; what is no letter or digit stands between the members of every object.
const COMMONNESS: [u8; 256] = {
    let mut table = [u8::MAX; 256];
    let mut at = 0;
    while at < RARE.len() {
        table[RARE[at] as usize] = at as u8;
        at += 1;
    }
    table
};

/// Where the byte of `value` stands that is the rarest in texts, among its first ones.
pub(super) fn rarest(value: &[u8]) -> usize {
    let places = value.iter().enumerate().take(CHOICE);
    let rarest = places.min_by_key(|(_, byte)| COMMONNESS[usize::from(**byte)]);
    rarest.map_or(0, |(place, _)| place)
}

/// Where `value` first stands in `text`; `rarest` is the place of its rarest byte.
///
/// Takes time in proportion to the length of the text, whatever stands in it.
pub(super) fn find(text: &[u8], value: &[u8], rarest: usize) -> Option<usize> {
    let last = text.len().checked_sub(value.len())?;
    let rare = *value.get(rarest)?;
    let mut worth_comparing = 1024 + 4 * text.len();
    for at in memchr_iter(rare, text.get(rarest..=last + rarest)?) {
        if text[at..].starts_with(value) {
            return Some(at);
        }
        match worth_comparing.checked_sub(value.len()) {
            Some(left) => worth_comparing = left,
            // The text was made to look like the value over and over.
            None => return memmem::find(&text[at..], value).map(|behind| at + behind),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, value: &str) -> Option<usize> {
        find(text.as_bytes(), value.as_bytes(), rarest(value.as_bytes()))
    }

    #[test]
    fn a_value_is_found_where_it_stands_first() {
        for value in ["abcz", "z", "zabc", "    ", "\u{e9}t\u{e9}", "aaaa"] {
            for before in ["", "a", "zz", "abc", "z a z"] {
                for behind in ["", "z", "abc"] {
                    let text = format!("{before}{value}{behind}{value}");
                    assert_eq!(found(&text, value), text.find(value), "{text} {value}");
                }
            }
        }
        assert_eq!(found("", "abc"), None);
        assert_eq!(found("abcabd", "abz"), None);
    }

    #[test]
    fn a_text_that_is_nearly_the_value_over_and_over_is_searched_to_its_end() {
        let value = format!("{}b", "z".repeat(500));
        let text = format!("{}{value}", "z".repeat(20_000));
        assert_eq!(found(&text, &value), text.find(&value));
        assert_eq!(found(&"z".repeat(20_000), &value), None);
    }
}
