//! One spelling for all values of a class that mean the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// How values of a class are compared.
enum Form {
    /// By their digits: telephone numbers.
    Digits,
    /// By their letters and digits, without regard to case: numbers of records and of papers.
    Letters,
    /// By their words, without regard to case: names and places.
    Words,
    /// Without regard to case: e-mail addresses.
    Lower,
    /// As the day that they name, where they name but one.
    Day,
    AsIs,
}

fn form(class: &str) -> Form {
    match class {
        "phone" | "fax" | "ssn" | "nhs_number" => Form::Digits,
        "email" => Form::Lower,
        "date_of_birth" => Form::Day,
        "address" | "license_plate" => Form::Words,
        "mrn" | "iban" | "card" | "passport" | "drivers_license" | "device_serial" => Form::Letters,
        _ if class.ends_with("name") => Form::Words,
        _ if class.ends_with("_id") || class.ends_with("_number") => Form::Letters,
        _ => Form::AsIs,
    }
}

/// The canonical spelling: what one person has has one, however it was written.
pub(super) fn canonical(class: &str, value: &str) -> String {
    let normal: Cow<'_, str> = if value.is_ascii() {
        value.into()
    } else {
        value.nfkc().collect::<String>().into()
    };
    let value = normal.trim();
    let made = match form(class) {
        Form::Digits => value.chars().filter(char::is_ascii_digit).collect(),
        Form::Letters => {
            let letters = value.chars().filter(|letter| letter.is_alphanumeric());
            case_folded(letters)
        }
        Form::Words => {
            let words: Vec<String> = value
                .split_whitespace()
                .map(|word| case_folded(word.chars()))
                .collect();
            words.join(" ")
        }
        Form::Lower => value.to_lowercase(),
        Form::Day => day(value).unwrap_or_default(),
        Form::AsIs => String::new(),
    };
    // A telephone number without a digit is some text of its own.
    if made.is_empty() {
        value.to_owned()
    } else {
        made
    }
}

fn case_folded(letters: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    for letter in letters {
        match letter {
            '\u{DF}' | '\u{1E9E}' => folded.push_str("ss"),
            '\u{3C2}' => folded.push('\u{3C3}'),
            _ => folded.extend(letter.to_lowercase()),
        }
    }
    folded
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The day in the form of ISO 8601, where the text can mean no other: of `03/09/1978` nobody knows.
fn day(text: &str) -> Option<String> {
    let mut numbers = Vec::new();
    let mut month = None;
    let date = match text.split_once('T') {
        Some((date, time)) if date.len() == 10 && time.contains(':') => date,
        _ => text,
    };
    let separator =
        |letter: char| letter.is_whitespace() || matches!(letter, '-' | '/' | '.' | ',');
    for part in date.split(separator).filter(|part| !part.is_empty()) {
        let number = part.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        if number.is_empty() {
            let name = part.to_ascii_lowercase();
            let known = MONTHS
                .iter()
                .position(|known| name.len() >= 3 && known.starts_with(&*name))?;
            if month.replace(known as u32 + 1).is_some() {
                return None;
            }
        } else {
            let ending = &part[number.len()..];
            if !matches!(ending, "" | "st" | "nd" | "rd" | "th") {
                return None;
            }
            numbers.push((number.parse::<u32>().ok()?, number.len()));
        }
    }
    let (year, month, day) = match (numbers.as_slice(), month) {
        (&[(year, 4), (month, ..=2), (day, ..=2)], None) => (year, month, day),
        (&[(first, ..=2), (second, ..=2), (year, 4)], None) => {
            if date.contains('.') || first > 12 || first == second {
                (year, second, first)
            } else if second > 12 {
                (year, first, second)
            } else {
                return None;
            }
        }
        (&[(day, ..=2), (year, 4)], Some(month)) => (year, month, day),
        (&[(year, 4), (day, ..=2)], Some(month)) => (year, month, day),
        (&[(whole, 8)], None) => (whole / 10_000, whole / 100 % 100, whole % 100),
        _ => return None,
    };
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}
