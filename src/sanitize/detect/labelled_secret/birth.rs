//! Dates of birth in sentences of several languages: `née le 12.04.1951`, `geboren am 12. April 1951`.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sanitize::detect::plain_letters::{plain, plain_words};
use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// How many bytes before a date are looked at.
const MAX_REACH: usize = 40;

/// How many words before a date are looked at.
const MAX_WORDS: usize = 5;

/// Words for "born" and "birth".
static BORN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_words(&[
        "born",
        "geboren",
        "geb",
        "né",
        "née",
        "nacido",
        "nacida",
        "nascido",
        "nascida",
        "nato",
        "nata",
        "född",
        "født",
        "syntynyt",
        "urodzony",
        "urodzona",
        "ur",
        "narozen",
        "narozena",
        "narozený",
        "született",
        "doğumlu",
        "doğum",
        "născut",
        "născută",
        "родился",
        "родилась",
        "рождения",
        "народився",
        "народилася",
        "rođen",
        "rođena",
        "sündinud",
        "gimęs",
        "γεννήθηκε",
        "geburtsdatum",
        "geburtstag",
        "geboortedatum",
        "naissance",
        "nacimiento",
        "nascimento",
        "nascita",
        "naixement",
        "nașterii",
        "fødselsdato",
        "födelsedatum",
        "syntymäaika",
        "urodzenia",
        "narození",
        "narodenia",
        "rođenja",
        "születési",
    ])
});

/// Words between it and the date.
const LINKS: &[&str] = &[
    "on", "am", "le", "el", "il", "em", "op", "den", "dne", "dia", "dnia", "la", "tarihi", "на",
    "the", "a", "in", "l",
];

/// The date behind a blank, where the word that ends at `end` says that somebody was born on it.
pub(super) fn date(findings: &Findings<'_, '_>, end: usize) -> Option<Found> {
    let bytes = findings.bytes();
    let start = end
        + bytes[end..]
            .iter()
            .take(3)
            .take_while(|byte| matches!(byte, b' ' | b'.' | b':'))
            .count();
    if !bytes.get(start).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let date = findings.reader.date_end(start)?;
    let digits = bytes[start..date]
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .count();
    // A day and a year.
    if digits < 5 {
        return None;
    }
    let least = end.saturating_sub(MAX_REACH);
    let before = String::from_utf8_lossy(&bytes[least..end]);
    let words = before.rsplit(' ').filter(|word| !word.is_empty());
    for (passed, word) in words.take(MAX_WORDS).enumerate() {
        let ends_clause = word.ends_with([',', '.', ';', '!', ':']);
        let word = plain(word.trim_end_matches([':', '.', '(']));
        if BORN.contains(&word) {
            return Some(Found::bare(start..date));
        }
        // An abbreviation ends no clause.
        if passed > 0 && ends_clause {
            return None;
        }
        // Behind the first word a place may stand: `nato a Roma il 12/04/1951`.
        if passed == 0 && !LINKS.contains(&&*word) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn dates_of_birth_go() {
        hits(&[
            ("née le 12.04.1951, salle 8", "née le <>, salle 8"),
            ("geboren am 12.04.1951 in Graz", "geboren am <> in Graz"),
            ("geb. am 12.04.1951, Zimmer", "geb. am <>, Zimmer"),
            ("geb. 12.04.1951, Zimmer", "geb. <>, Zimmer"),
            ("nacida el 12/04/1951 en Lugo", "nacida el <> en Lugo"),
            ("né le 12 avril 1951 à Lyon", "né le <> à Lyon"),
            ("nato a Roma il 12/04/1951", "nato a Roma il <>"),
            (
                "fecha de nacimiento: 12/04/1951,",
                "fecha de nacimiento: <>,",
            ),
            ("date de naissance : 12/04/1951", "date de naissance : <>"),
            ("född 1951-04-12 i Lund", "född <> i Lund"),
        ]);
    }

    #[test]
    fn other_dates_stay() {
        misses(&[
            "am 12.04.2026 um 9",
            "né en 1951",
            "erstellt am 12.04.2026",
            "le 12.04.2026, salle 8",
        ]);
    }
}
