//! A patient's name behind the word and a colon: `Patient: Ada Lovelace, ward 7`.

use crate::sanitize::bounded;
use crate::sanitize::extent::Found;

/// The most words of a name.
const MAX_WORDS: usize = 5;
/// The most bytes of a name.
const MAX_NAME: usize = 64;

/// The word in several languages.
const PATIENTS: &[&str] = &[
    "patient",
    "patientin",
    "patiente",
    "paciente",
    "paziente",
    "pacjent",
    "pacjentka",
    "pasient",
    "patienten",
    "potilas",
    "pacient",
    "pacientka",
    "patiënt",
];
/// What stands before a name.
const TITLES: &[&str] = &[
    "Mr. ", "Mrs. ", "Ms. ", "Mr ", "Mrs ", "Ms ", "Dr. ", "Hr. ", "Fr. ", "Herr ", "Frau ",
    "Mme ", "M. ", "Sr. ", "Sra. ", "Sig. ", "Sig.ra ",
];
/// Small words within names.
const PARTICLES: &[&str] = &[
    "von", "van", "der", "den", "de", "da", "do", "dos", "del", "di", "la", "le", "al", "bin",
    "ter", "zu",
];
/// Words with capitals behind the word that are no part of a name.
const OTHERS: &[&str] = &[
    "access",
    "alert",
    "awake",
    "stable",
    "resting",
    "male",
    "female",
    "room",
    "ward",
    "bed",
    "blood",
    "care",
    "chart",
    "data",
    "education",
    "experience",
    "health",
    "heart",
    "history",
    "id",
    "identifier",
    "info",
    "information",
    "intake",
    "medical",
    "monitoring",
    "name",
    "new",
    "no",
    "none",
    "not",
    "null",
    "outcome",
    "patient",
    "portal",
    "pressure",
    "rate",
    "record",
    "reference",
    "resource",
    "safety",
    "service",
    "services",
    "signs",
    "status",
    "summary",
    "take",
    "test",
    "the",
    "this",
    "unknown",
    "update",
    "user",
    "vital",
];
/// Words with which it is said what becomes of a patient.
const SAID: &[&str] = &[
    "admitted",
    "aged",
    "and",
    "arrived",
    "at",
    "born",
    "called",
    "complains",
    "discharged",
    "from",
    "has",
    "in",
    "is",
    "needs",
    "on",
    "presented",
    "presents",
    "reports",
    "seen",
    "was",
    "with",
];

/// True where the last word of a name is that for a patient.
pub(super) fn is_patient(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(last)
        .is_ok_and(|last| last.len() <= 12 && PATIENTS.contains(&&*last.to_lowercase()))
}

/// The name at `start`: two words or more that begin with capitals, behind which no number stands.
pub(super) fn full_name(text: &str, start: usize) -> Option<Found> {
    let line = bounded::prefix(text.get(start..)?, MAX_NAME);
    let title = TITLES.iter().find(|title| line.starts_with(**title));
    let from = title.map_or(0, |title| title.len());
    let name = &line[from..];
    let length = name
        .find(['\n', '\r', ',', ';', '(', '|', '.', '"', '<'])
        .unwrap_or(name.len());
    let (mut capitals, mut end, mut at) = (0, 0, 0);
    for word in name[..length].split(' ').take(MAX_WORDS) {
        if is_part(word) {
            capitals += 1;
            end = at + word.len();
        } else if word.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        } else if !PARTICLES.contains(&word) && !is_initial(word) {
            if !SAID.contains(&word) && !word.is_empty() && word != "-" {
                return None;
            }
            break;
        }
        at += word.len() + 1;
    }
    // `Lovelace, Ada`
    if capitals == 1
        && end == length
        && let Some(given) = name[length..].strip_prefix(", ")
    {
        let given_length = given
            .find(|letter: char| !letter.is_alphabetic() && letter != '-')
            .unwrap_or(given.len());
        let ends = matches!(
            given.as_bytes().get(given_length),
            None | Some(b',' | b';' | b'.' | b'(' | b'\n')
        );
        if is_part(&given[..given_length]) && ends {
            capitals = 2;
            end = length + 2 + given_length;
        }
    }
    (capitals + usize::from(title.is_some()) >= 2).then_some(Found {
        start,
        end: start + from + end,
        quoted: false,
    })
}

fn is_initial(word: &str) -> bool {
    matches!(word.as_bytes(), [b'A'..=b'Z'])
}

fn is_part(word: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’');
    word.chars().count() > 1
        && word.starts_with(char::is_uppercase)
        && word.chars().all(is_letter)
        && !OTHERS.contains(&&*word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_patients_name_goes() {
        hits(&[
            ("Patient: Wolfhart Trugbild, ward 7", "Patient: <>, ward 7"),
            ("Patient: Ada van der Berg admitted", "Patient: <> admitted"),
            (
                "Paciente: José Falsedo Ruiz; sala 8",
                "Paciente: <>; sala 8",
            ),
            ("Patient: Trugbild, Wolfhart", "Patient: <>"),
            (
                "Patient: Hr. Wolfhart Trugbild, Zimmer 3",
                "Patient: <>, Zimmer 3",
            ),
            ("Patient:\tAda Roe", "Patient:\tAda Roe"),
        ]);
    }

    #[test]
    fn what_else_stands_behind_the_word_stays() {
        misses(&[
            "Patient: Heart Rate 72",
            "Patient: admitted on Monday",
            "Patient: Stable, Resting",
            "The patient: Dr. Smith said",
            "Patient: Blood Pressure stable",
            "Patient: Infusion Pump connected",
            "patient: Observation",
            "Note for patient: Take two pills",
            "type Patient: Not Found",
        ]);
    }
}
