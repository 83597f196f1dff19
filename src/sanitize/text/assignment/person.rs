//! A patient's name behind the word and a colon: `Patient: Ada Lovelace, ward 7`.

use crate::sanitize::bounded;
use crate::sanitize::extent::Found;
use crate::sanitize::value_shape::PARTICLES;

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
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "Mr. ", "Mrs. ", "Ms. ", "Mr ", "Mrs ", "Ms ", "Dr. ", "Hr. ", "Fr. ", "Herr ", "Frau ",
    "Mme ", "M. ", "Sr. ", "Sra. ", "Sig. ", "Sig.ra ", "Prof. ", "Dr ", "Dra. ", "med. ", "Dipl.-Ing. ", "Ing. ",
    "Mag. ", "Dott. ", "Dott.ssa ", "Pr. ", "Miss ",
];
/// The most of them.
const MAX_TITLES: usize = 4;
/// Words before the one for a patient, behind which it is that of a type.
const OF_TYPES: &[&str] = &[
    "class", "entity", "fhir", "model", "resource", "schema", "table", "type",
];
/// Words with capitals behind the word that are no part of a name.
const OTHERS: &[&str] = &[
    "access",
    "alert",
    "allergies",
    "allergy",
    "appointment",
    "awake",
    "bed",
    "blood",
    "bundle",
    "care",
    "chart",
    "condition",
    "create",
    "data",
    "delete",
    "device",
    "diabetes",
    "diagnosis",
    "education",
    "encounter",
    "entry",
    "experience",
    "female",
    "health",
    "heart",
    "history",
    "id",
    "identifier",
    "info",
    "information",
    "infusion",
    "intake",
    "list",
    "male",
    "medical",
    "medication",
    "mellitus",
    "missing",
    "monitoring",
    "name",
    "new",
    "no",
    "none",
    "not",
    "null",
    "observation",
    "outcome",
    "patient",
    "portal",
    "pressure",
    "procedure",
    "pump",
    "rate",
    "record",
    "reference",
    "resource",
    "resting",
    "room",
    "safety",
    "search",
    "service",
    "services",
    "signs",
    "stable",
    "status",
    "summary",
    "take",
    "test",
    "the",
    "this",
    "type",
    "unknown",
    "update",
    "user",
    "vital",
    "ward",
];
/// Words with which it is said what becomes of a patient.
const SAID: &[&str] = &[
    "admitted",
    "after",
    "aged",
    "and",
    "arrived",
    "as",
    "at",
    "before",
    "born",
    "by",
    "called",
    "came",
    "can",
    "comes",
    "complains",
    "denies",
    "died",
    "discharged",
    "feels",
    "for",
    "from",
    "gets",
    "got",
    "had",
    "has",
    "in",
    "is",
    "lives",
    "must",
    "needs",
    "on",
    "presented",
    "presents",
    "received",
    "receives",
    "recovered",
    "refuses",
    "reports",
    "requests",
    "requires",
    "returned",
    "returns",
    "seen",
    "should",
    "since",
    "states",
    "takes",
    "to",
    "took",
    "transferred",
    "under",
    "until",
    "wants",
    "was",
    "went",
    "were",
    "who",
    "will",
    "with",
];

/// True where the last word of a name is that for a patient.
pub(super) fn is_patient(name: &[u8]) -> bool {
    let mut words = name.rsplit(|byte| *byte == b' ');
    let is_patient = words.next().is_some_and(|last| {
        last.len() <= 12
            && std::str::from_utf8(last).is_ok_and(|last| PATIENTS.contains(&&*last.to_lowercase()))
    });
    is_patient
        && !words.next().is_some_and(|before| {
            OF_TYPES
                .iter()
                .any(|word| before.eq_ignore_ascii_case(word.as_bytes()))
        })
}

/// The name at `start`: two words or more that begin with capitals, behind which no number stands but an age or a date.
pub(super) fn full_name(text: &str, start: usize) -> Option<Found> {
    let line = bounded::prefix(text.get(start..)?, MAX_NAME);
    let mut name = line;
    for _ in 0..MAX_TITLES {
        match TITLES.iter().find_map(|title| name.strip_prefix(title)) {
            Some(rest) => name = rest,
            None => break,
        }
    }
    let from = line.len() - name.len();
    let length = name.find(ends_name).unwrap_or(name.len());
    let (mut capitals, mut initials, mut end, mut at) = (0, 0, 0, 0);
    let mut words = name[..length].split(' ').take(MAX_WORDS);
    while let Some(word) = words.next() {
        let plain = word.strip_suffix('.').unwrap_or(word);
        if is_part(plain) {
            capitals += 1;
            end = at + plain.len();
            if plain.len() < word.len() {
                break;
            }
        } else if word.starts_with(|first: char| first.is_ascii_digit()) {
            if !is_age_or_date(word, words.next()) {
                return None;
            }
            break;
        } else if is_initial(plain) {
            initials += usize::from(plain.len() < word.len());
        } else if !PARTICLES.contains(&word) {
            if !SAID.contains(&word) && !matches!(word, "" | "-" | "–" | "—") {
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
    let is_named = capitals > 0 && capitals + initials + usize::from(from > 0) >= 2;
    is_named.then_some(Found::bare(start..start + from + end))
}

/// True for what stands behind a name, and in none.
fn ends_name(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\r' | '\t' | ',' | ';' | ':' | '(' | '[' | '{' | '|' | '/' | '!' | '"' | '<'
    )
}

/// `72 y`, `72yo`, `17.02.1961`, `1961-02-17`.
fn is_age_or_date(word: &str, next: Option<&str>) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let unit = match word.get(digits..).unwrap_or_default() {
        "" => next.unwrap_or_default(),
        unit => unit,
    };
    let unit = unit.trim_end_matches('.');
    let is_age = digits <= 3
        && matches!(
            unit,
            "y" | "yo" | "y/o" | "yrs" | "years" | "J" | "Jahre" | "ans" | "años" | "anni"
        );
    let is_date = ['.', '-']
        .into_iter()
        .any(|sign| word.trim_end_matches('.').matches(sign).count() == 2);
    is_age || is_date
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
            ("Patient:\tAda Roe", "Patient:\t<>"),
            ("Patient:Ada Roe", "Patient:<>"),
            ("Patient: Ada M. Lovelace", "Patient: <>"),
            ("Patient: A. Lovelace", "Patient: <>"),
            ("Patient: Dr. med. Ada Lovelace", "Patient: <>"),
            ("Patient: Prof. Ada Lovelace", "Patient: <>"),
            ("Patient: José García y Ruiz", "Patient: <>"),
            ("Patient: Jean du Pont", "Patient: <>"),
            ("Patient: Ada Lovelace. She", "Patient: <>. She"),
            ("Patient: Ada Lovelace/Ward", "Patient: <>/Ward"),
            ("Patient: Ada Lovelace: stable", "Patient: <>: stable"),
            ("Patient: Ada Lovelace [id 7]", "Patient: <> [id 7]"),
            ("Patient: Ada Lovelace!", "Patient: <>!"),
            ("Patient: Ada Lovelace 72 y", "Patient: <> 72 y"),
            ("Patient: Ada Lovelace comes back", "Patient: <> comes back"),
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
            "Resource Patient: Bundle Part is missing",
            "Patient: Diabetes Mellitus",
            "Patient: Penicillin Allergy",
            "Patient: Create Appointment",
            "Patient: Group A",
        ]);
    }
}
