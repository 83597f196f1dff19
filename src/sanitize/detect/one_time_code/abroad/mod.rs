//! One-time codes in messages of other languages: `Ihr Bestätigungscode lautet 123456`, `su código de verificación es 123456`.
//!
//! As in English, the word for "code" alone says nothing: what it is for must be said, or whose it is.

mod words;

use std::collections::HashSet;

use self::words::{
    ARTICLES, CODES, COMPOUNDS, DEFINITE, LINKS, OWNERS, PURPOSES, PURPOSES_OF_COMPOUNDS, VERBS,
};
use super::MAX_REACH;
use super::words::LABELS;
use crate::sanitize::detect::plain_letters::plain;

/// How many words between a label and its number are passed over.
const MAX_LINKS: usize = 3;

/// True where a label of another language than English stands before the code.
pub(super) fn is_labelled(bytes: &[u8], start: usize) -> bool {
    let least = start.saturating_sub(MAX_REACH);
    let before = bytes[least..start].trim_ascii_end();
    // No letter stands there, so no label does.
    let Some(last) = before.iter().rev().take(4).find(|byte| {
        !matches!(
            byte,
            b':' | b'=' | b'-' | b'"' | b'\'' | b'*' | b' ' | b'>' | b'[' | b'('
        )
    }) else {
        return false;
    };
    if !last.is_ascii_alphabetic() && *last < 0x80 {
        return false;
    }
    let text = String::from_utf8_lossy(before);
    let mut has_sign = text.ends_with([':', '=', '-', '>', '*', '[', '"', '(']);
    let mut words = text
        .rsplit(|letter: char| {
            letter.is_whitespace() || matches!(letter, '"' | '(' | '*' | '[' | ':' | '=' | '>')
        })
        .filter(|word| !word.is_empty() && *word != "-")
        .take(MAX_LINKS + 5);
    let mut linked = false;
    let mut word = String::new();
    for _ in 0..=MAX_LINKS {
        let Some(next) = words.next() else {
            return false;
        };
        if next.ends_with(['.', '!', '?', ';', ',']) {
            return false;
        }
        word = plain(next);
        if !LINKS.contains(&word) {
            break;
        }
        linked = true;
    }
    if is_compound(&word) || linked && LABELS.contains(&&*word) {
        return true;
    }
    let mut rest = words
        .take_while(|next| !next.ends_with(['.', '!', '?', ';', ',']))
        .map(plain);
    if CODES.contains(&word) {
        let first = rest.next().unwrap_or_default();
        let is_article = ARTICLES.contains(&&*first);
        has_sign |= linked;
        if rest.next().is_some_and(|word| VERBS.contains(&word)) {
            return true;
        }
        return PURPOSES.contains(&first)
            || VERBS.contains(&first)
            || OWNERS.contains(&first) && (linked || !is_article)
            || has_sign && DEFINITE.contains(&word)
            || linked && first.is_empty() && word != "code";
    }
    // `código de verificación`, `kod do logowania`
    PURPOSES.contains(&word) && rest.take(3).any(|word| CODES.contains(&word))
}

/// True where what stands behind a number says that it is a code: `123456 ist Ihr Bestätigungscode`.
pub(super) fn is_explained(bytes: &[u8], end: usize) -> bool {
    let behind = &bytes[end..bytes.len().min(end + MAX_REACH)];
    if !matches!(behind, [b' ', letter, ..] if letter.is_ascii_lowercase() || *letter >= 0x80 || *letter == b'-')
    {
        return false;
    }
    let text = String::from_utf8_lossy(behind);
    let sentence = text
        .split(['.', '!', '?', '\n', ',', ';'])
        .next()
        .unwrap_or_default();
    let mut words = sentence
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(plain);
    let is_linked = words
        .next()
        .is_some_and(|word| word == "-" || LINKS.contains(&word));
    if !is_linked {
        return false;
    }
    let words: Vec<String> = words.take(6).collect();
    let has = |known: &HashSet<String>| words.iter().any(|word| known.contains(word));
    words.iter().any(|word| is_compound(word)) || has(&CODES) && (has(&OWNERS) || has(&PURPOSES))
}

fn is_compound(word: &str) -> bool {
    let ends = COMPOUNDS.iter().filter(|end| word.ends_with(&***end));
    ends.into_iter().any(|end| {
        let purpose = &word[..word.len() - end.len()];
        PURPOSES_OF_COMPOUNDS
            .iter()
            .any(|known| purpose.starts_with(known))
    })
}

#[cfg(test)]
mod tests {
    use super::{CODES, COMPOUNDS, is_explained, is_labelled};
    use crate::sanitize::detect;
    use crate::sanitize::sweep::sweep;

    #[test]
    fn every_text_is_searched_that_has_one_of_the_words_for_a_code() {
        for code in CODES
            .iter()
            .filter(|code| code.is_ascii() && code.len() > 2)
        {
            for text in [format!("din {code}: 4821"), format!("din {code} is 4821")] {
                let seen = sweep(text.as_bytes());
                assert!(detect::is_searched(text.as_bytes(), seen), "{text}");
            }
        }
        for compound in COMPOUNDS.iter().filter(|compound| compound.is_ascii()) {
            let text = format!("Sicherheits{compound} ist 4821");
            let seen = sweep(text.as_bytes());
            assert!(detect::is_searched(text.as_bytes(), seen), "{text}");
        }
    }

    fn is_code(text: &str) -> bool {
        let start = text.find(|letter: char| letter.is_ascii_digit());
        is_labelled(text.as_bytes(), start.unwrap_or_default())
    }

    #[test]
    fn codes_of_other_languages_are_known() {
        for text in [
            "Ihr Bestätigungscode lautet 724149.",
            "Su código de verificación es 424560.",
            "Votre code de vérification est 308033.",
            "Votre code est 308033.",
            "Votre code est le 308033",
            "Ваш код 827899",
            "Kod do logowania: 827899",
            "Onay kodu: 827899",
            "Koden er 827899, bruk den",
            "Din kod är 827899",
            "Engangskode: 827899",
            "Il tuo codice di verifica è 424560",
            "Seu código de segurança é 424560",
            "Je verificatiecode is 424560",
            "Twój kod weryfikacyjny to 424560",
            "Kod SMS: 424560",
            "Doğrulama kodunuz: 424560",
            "Váš ověřovací kód je 424560",
            "Az ellenőrző kód: 424560",
            "Vahvistuskoodisi on 424560",
            "Ваш код: 424560",
            "Код подтверждения: 424560",
            "Проверочный код 424560",
            "Codul de verificare este 424560",
            "Sicherheitscode 4245",
            "κωδικός επαλήθευσης: 424560",
            "Ihre TAN lautet 724149",
            "Usa el código 724149 para",
            "Utilisez le code 724149 pour",
            "Geben Sie den Code 724149 ein",
            "введите код 724149",
            "PIN-код 7241",
        ] {
            assert!(is_code(text), "{text}");
        }
    }

    #[test]
    fn codes_are_explained_behind_them() {
        for text in [
            "724149 ist Ihr Bestätigungscode",
            "724149 est votre code de vérification",
            "724149 es tu código de verificación",
            "724149 - ваш код",
        ] {
            assert!(is_explained(text.as_bytes(), 6), "{text}");
        }
        for text in [
            "724149 ist eine Zahl",
            "724149 es el código postal",
            "724149 is the number",
        ] {
            assert!(!is_explained(text.as_bytes(), 6), "{text}");
        }
    }

    #[test]
    fn other_codes_of_other_languages_are_known_too() {
        for text in [
            "Fehlercode 500123",
            "código postal 28013",
            "code postal 75011",
            "kod pocztowy 00123",
            "kod błędu 50012",
            "postkode 0158",
            "Produktcode 424560",
            "Il codice: 5000 righe",
            "le code source 1234",
            "codice fiscale 12345",
            "код ошибки 50012",
            "hata kodu: 50012",
            "on 2026-01-02",
            "port 8080",
        ] {
            assert!(!is_code(text), "{text}");
        }
    }
}
