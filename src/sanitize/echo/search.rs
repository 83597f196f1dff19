//! Looking for a value in a text where it most likely does not stand.
//!
//! A search that prepares itself for the value costs more than such a short text does.

use memchr::{memchr_iter, memchr2_iter};

use super::spelling::fold;

/// Letters and digits, from those that English and JSON have least of.
const RARE: &[u8] = b"zqjxkvwybgfpmuhcld9876543rsnioat2e10";

/// Among so many bytes one is rare enough.
const CHOICE: usize = 16;

/// How common a byte is, above the bits for its place; what is no letter or digit stands between the members of every
/// object.
const COMMONNESS: [u16; 256] = {
    let mut table = [(RARE.len() * CHOICE) as u16; 256];
    let mut at = 0;
    while at < RARE.len() {
        table[RARE[at] as usize] = (at * CHOICE) as u16;
        at += 1;
    }
    table
};

/// Where the byte of `value` stands that is the rarest in texts, among its first ones.
pub(super) fn rarest(value: &[u8]) -> usize {
    let places = (0..).zip(value.iter().take(CHOICE));
    let ranked = places.map(|(place, byte)| COMMONNESS[usize::from(*byte)] | place);
    ranked
        .min()
        .map_or(0, |least| usize::from(least % CHOICE as u16))
}

/// False where `value`, in its one spelling, does not stand in `text`, of which only the characters have to be folded;
/// `rarest` is the place of its rarest byte.
///
/// Takes time in proportion to the length of the text, whatever stands in it.
pub(super) fn may_hold(text: &[u8], value: &[u8], rarest: usize) -> bool {
    let (Some(last), Some(rare)) = (text.len().checked_sub(value.len()), value.get(rarest)) else {
        return false;
    };
    let within = &text[rarest..=last + rarest];
    let mut worth_comparing = 1024 + 4 * text.len();
    let mut stands_at = |at: usize| {
        let same = |(one, other): (&u8, &u8)| fold(*one) == *other;
        match worth_comparing.checked_sub(value.len()) {
            Some(left) => worth_comparing = left,
            // The text was made to look like the value over and over.
            None => return true,
        }
        text[at..].iter().zip(value).all(same)
    };
    match rare {
        b'a'..=b'z' => memchr2_iter(*rare, rare.to_ascii_uppercase(), within).any(&mut stands_at),
        // Several characters fold to these.
        b' ' | b'/' => true,
        _ => memchr_iter(*rare, within).any(stands_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_hold(text: &str, value: &str) -> bool {
        super::may_hold(text.as_bytes(), value.as_bytes(), rarest(value.as_bytes()))
    }

    #[test]
    fn the_rarest_byte_is_the_first_of_the_rarest_kind() {
        for (value, place) in [
            ("correct horse battery", 14),
            ("  --", 0),
            ("", 0),
            ("aaza zz", 2),
            ("aaaaaaaaaaaaaaaaz", 0),
            ("aaaaaaaaaaaaaaaz", 15),
        ] {
            assert_eq!(rarest(value.as_bytes()), place, "{value}");
        }
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        for value in [
            "abcz", "z", "zabc", "    ", "5\u{e9}t", "aaaa", "a b/c", "!?",
        ] {
            for before in ["", "a", "zz", "abc", "z a z"] {
                for behind in ["", "z", "abc"] {
                    let text = format!("{before}{value}{behind}{value}");
                    assert!(may_hold(&text, value), "{text} {value}");
                    let text = text
                        .to_ascii_uppercase()
                        .replace(' ', "-")
                        .replace('/', "_");
                    assert!(may_hold(&text, value), "{text} {value}");
                }
            }
        }
        assert!(!may_hold("", "abc"));
        assert!(!may_hold("abcabd", "abz"));
        assert!(!may_hold("abcabz", "abzz"));
    }

    #[test]
    fn a_text_that_is_nearly_the_value_over_and_over_is_not_compared_over_and_over() {
        let value = format!("{}b", "z".repeat(500));
        assert!(may_hold(&format!("{}{value}", "z".repeat(20_000)), &value));
        // It may not hold it, but who can say.
        assert!(may_hold(&"z".repeat(20_000), &value));
    }
}
