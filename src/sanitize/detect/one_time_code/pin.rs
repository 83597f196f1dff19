//! PINs between whose name and number other words or a comma stand: `my bank PIN, 4821, is`, `el PIN de la alarma 4821`.

use std::ops::Range;

/// How far before a number its name begins.
const MAX_REACH: usize = 48;
/// The most words between the two.
const MAX_WORDS: usize = 3;
/// What stands behind the name and before what the PIN is for; what ends in a mark is joined to that.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "de", "del", "della", "dello", "dell", "d", "der", "des", "du", "do", "da", "dos", "van", "von", "vom", "für",
    "pour", "para", "per", "voor", "til", "för", "av", "af", "od", "dla", "для", "от", "від",
];

/// True where the number is told so.
pub(super) fn is_told(bytes: &[u8], code: &Range<usize>) -> bool {
    let least = code.start.saturating_sub(MAX_REACH);
    let near = &bytes[least..code.start];
    let ends_clause = matches!(
        bytes.get(code.end),
        None | Some(b'.' | b',' | b';' | b'!' | b'?' | b')' | b'\n')
    );
    if !ends_clause || !near.ends_with(b" ") {
        return false;
    }
    let Some(name) = memchr::memmem::rfind(near, b"PIN") else {
        return false;
    };
    let is_within = name > 0 && near[name - 1].is_ascii_alphanumeric();
    let between = &near[name + b"PIN".len()..];
    if is_within {
        return false;
    }
    if between == b", " {
        return bytes.get(code.end) == Some(&b',');
    }
    std::str::from_utf8(between).is_ok_and(is_of_thing)
}

/// True for `de la alarma`, `dell'allarme`, `for the alarm`.
fn is_of_thing(between: &str) -> bool {
    let Some(between) = between.strip_prefix(' ') else {
        return false;
    };
    let mut words = between.split_whitespace();
    let first = words.next().unwrap_or_default();
    let link = first.split(['\'', '’']).next().unwrap_or_default();
    let is_linked = match link {
        "of" | "for" => between[link.len()..].starts_with(" the "),
        _ => LINKS.contains(&link),
    };
    let is_word = |word: &str| {
        word.chars()
            .all(|letter| letter.is_alphabetic() || matches!(letter, '\'' | '’' | '-'))
    };
    let is_joined = link.len() < first.len();
    let count = 1 + words.clone().count();
    is_linked
        && (is_joined || count > 1)
        && count <= MAX_WORDS
        && is_word(first)
        && words.all(is_word)
}
