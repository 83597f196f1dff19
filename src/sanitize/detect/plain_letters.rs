//! Words of other languages, in the letters by which they are compared: small ones without marks.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::sanitize::fold::{Invisible, fold};

/// The most bytes of a word that is compared.
const MAX_WORD: usize = 64;

/// The word in small letters without marks; nothing for a long one.
///
/// Texts were folded before, in which letters became Latin ones that look alike, so they do here.
pub(in crate::sanitize) fn plain(word: &str) -> String {
    if word.len() > MAX_WORD {
        return String::new();
    }
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let lower: String = word.chars().flat_map(char::to_lowercase).collect();
    let folded = fold(&lower, Invisible::Dropped);
    let folded = folded.as_ref().map_or(&*lower, |folded| folded.text());
    let mut plain = String::with_capacity(word.len());
    for letter in folded.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            // As capitals they look like Latin ones.
            'в' => plain.push('b'),
            'н' => plain.push('h'),
            'т' => plain.push('t'),
            'м' => plain.push('m'),
            'к' => plain.push('k'),
            'ł' => plain.push('l'),
            'ø' => plain.push('o'),
            'đ' => plain.push('d'),
            'ı' => plain.push('i'),
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            other => plain.extend(other.to_lowercase()),
        }
    }
    plain
}

/// Words to look others up in.
pub(in crate::sanitize) fn plain_words(words: &[&str]) -> HashSet<String> {
    words.iter().map(|word| plain(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Invisible, fold, plain};

    #[test]
    fn marks_and_case_are_dropped() {
        assert_eq!(plain("Şİfre"), "sifre");
        assert_eq!(plain("hasło"), "haslo");
        assert_eq!(plain("Bestätigung"), "bestatigung");
        assert_eq!(plain("Пароль"), plain("пароль"));
        for (capital, small) in [("Ваш", "ваш"), ("Новый", "новый"), ("Твой", "твой")]
        {
            let folded = fold(capital, Invisible::Dropped).expect("it looks like Latin letters");
            assert_eq!(plain(folded.text()), plain(small));
        }
    }
}
