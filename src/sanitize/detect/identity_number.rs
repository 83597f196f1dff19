//! Numbers that countries give their people, by their check digits or by the word beside them.

use std::ops::Range;
use std::sync::LazyLock;

use super::plain_letters::plain;
use crate::sanitize::identity_number::Identity::{self, *};
use crate::sanitize::identity_number::{Compact, LONGEST};
use crate::sanitize::marker;

/// How far before a number its label may begin.
const NEAR: usize = 48;
/// The most letters before the first digit.
const MAX_LETTERS: usize = 6;
/// The most groups that a number is written in.
const MAX_GROUPS: usize = 8;
/// The fewest digits of any number.
const LEAST_DIGITS: usize = 6;
/// The most bytes between a label and its number where nothing but the label tells what that is.
const BESIDE: usize = 18;

/// Labels, and what is written behind them.
const LABELS: &[(&[&str], Identity)] = &[
    (&["cpf"], Cpf),
    (&["dni", "nie", "nif"], Dni),
    (
        &[
            "cuit",
            "cuil",
            "pesel",
            "isikukood",
            "личный код",
            "tckn",
            "tc kimlik no",
            "tc kimlik",
            "oib",
            "amka",
            "steuer-id",
            "steuer-idnr",
            "steueridentifikationsnummer",
            "steuerliche identifikationsnummer",
            "idnr",
            "снилс",
            "rijksregisternummer",
            "personas kods",
            "asmens kodas",
            "bvn",
            "nin",
        ],
        Digits(11, 11),
    ),
    (&["rut", "run"], Rut),
    (&["cédula", "cedula"], Digits(7, 11)),
    (&["bsn", "burgerservicenummer"], Digits(9, 9)),
    (&["sin", "social insurance number", "social insurance"], Sin),
    (&["tfn", "tax file number"], Digits(8, 9)),
    (&["tin"], Taxpayer),
    (&["ahv", "avs", "ahv-nr", "ahv-nummer", "n° avs"], Ahv),
    (
        &[
            "nir",
            "sécurité sociale",
            "securite sociale",
            "n° de sécu",
            "numéro de sécu",
        ],
        Nir,
    ),
    (
        &[
            "hetu",
            "henkilötunnus",
            "personnummer",
            "samordningsnummer",
            "fødselsnummer",
            "fodselsnummer",
            "cpr",
            "cpr-nr",
            "cpr-nummer",
            "kennitala",
            "rodné číslo",
            "rodne cislo",
            "egn",
            "егн",
            "svnr",
            "sv-nr",
            "sozialversicherungsnummer",
            "personnumret",
            "samordningsnumret",
            "fødselsnummeret",
        ],
        BirthNumber,
    ),
    (
        &[
            "sozialversicherungsnummer",
            "rentenversicherungsnummer",
            "versicherungsnummer",
            "svnr",
            "sv-nr",
            "sv-nummer",
            "rvnr",
        ],
        GermanPension,
    ),
    (
        &[
            "cnp",
            "jmbg",
            "emšo",
            "emso",
            "cnic",
            "주민등록번호",
            "주민번호",
            "thai id",
            "national id",
            "เลขประจำตัวประชาชน",
        ],
        Digits(13, 13),
    ),
    (&["nik", "ktp"], Digits(16, 16)),
    (&["emirates id", "emirates-id"], Digits(15, 15)),
    (
        &[
            "aadhaar",
            "aadhar",
            "マイナンバー",
            "個人番号",
            "my number",
            "инн",
            "иин",
            "cccd",
        ],
        Digits(12, 12),
    ),
    (
        &["身份证", "身份证号", "身份证号码", "居民身份证", "id card"],
        China,
    ),
    (&["nric", "hkid", "ppsn", "pps number"], Lettered),
    (&["curp"], Curp),
    (&["rfc"], Rfc),
    (&["codice fiscale", "cod. fisc", "c.f"], CodiceFiscale),
    (&["pan", "pan card"], IndiaPan),
];

/// The same in the letters in which a text is compared with them, and as compounds are written without dashes.
static PLAIN_LABELS: LazyLock<Vec<(Vec<String>, Identity)>> = LazyLock::new(|| {
    let plain_labels = |labels: &[&str]| {
        let labels = labels.iter().map(|label| plain(label));
        labels
            .flat_map(|label| {
                let joined = label.contains('-').then(|| label.replace('-', ""));
                [Some(label), joined]
            })
            .flatten()
            .collect()
    };
    let labels = LABELS.iter();
    labels
        .map(|(labels, identity)| (plain_labels(labels), *identity))
        .collect()
});

/// Kinds that are told by how they are written and by their check digits, with what stands between their groups.
const BY_THEMSELVES: &[(Identity, &[usize], u8)] = &[
    (Cpf, &[3, 3, 3, 2], b'.'),
    (Ahv, &[3, 4, 4, 2], b'.'),
    (China, &[18], 0),
];

/// The number that begins with the digits of `run` or with the letters before them.
pub(super) fn range_at(text: &str, run: &Range<usize>, floor: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !may_begin(bytes, run) {
        return None;
    }
    let start = start_of(bytes, run.start, floor)?;
    let mut ends = [0; MAX_GROUPS];
    let count = ends_of(bytes, start, run.start, &mut ends);
    let mut near = None;
    for end in ends[..count].iter().rev() {
        let number = text.get(start..*end)?;
        if number.bytes().filter(u8::is_ascii_digit).count() < LEAST_DIGITS {
            break;
        }
        let stands_alone = !bytes
            .get(*end)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !stands_alone || marker::holds(bytes, &(start..*end)) {
            continue;
        }
        if is_by_itself(number) {
            return Some(start..*end);
        }
        let Some(compact) = Compact::of(number) else {
            continue;
        };
        let mut fitting = PLAIN_LABELS
            .iter()
            .filter(|(_, identity)| identity.fits_compact(&compact))
            .peekable();
        if fitting.peek().is_none() {
            continue;
        }
        // A shorter number may still need no label.
        let Some((near, joined)) = near.get_or_insert_with(|| {
            let near = before(text, start)?;
            let joined = joined_compounds(&near);
            Some((near, joined))
        }) else {
            continue;
        };
        let is_labelled = fitting.any(|(labels, identity)| {
            labels.iter().any(|label| {
                [Some(near.as_str()), joined.as_deref()]
                    .into_iter()
                    .flatten()
                    .filter_map(|near| distance(near, label))
                    .any(|far| far <= BESIDE || identity.is_checked(number))
            })
        });
        if is_labelled {
            return Some(start..*end);
        }
    }
    None
}

/// False for digits that no number begins with: of one or two there are always two or three behind a sign, or six of a
/// birth date.
fn may_begin(bytes: &[u8], run: &Range<usize>) -> bool {
    let behind: &[usize] = match run.len() {
        1 => &[2],
        2 => &[3, 6],
        _ => return true,
    };
    let is_lettered = bytes[..run.start]
        .last()
        .is_some_and(u8::is_ascii_alphabetic);
    let next = bytes.get(run.end + 1..).unwrap_or_default();
    let digits = next.iter().take(7).take_while(|byte| byte.is_ascii_digit());
    is_lettered || behind.contains(&digits.count())
}

/// Where the word begins of which the digits at `digits` are the first.
fn start_of(bytes: &[u8], digits: usize, floor: usize) -> Option<usize> {
    let letters = bytes[floor..digits]
        .iter()
        .rev()
        .take(MAX_LETTERS + 1)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let start = digits - letters;
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let is_joined = match before {
        Some(b'-' | b'.' | b'/') => start
            .checked_sub(2)
            .is_some_and(|at| bytes[at].is_ascii_digit()),
        Some(byte) => byte.is_ascii_alphanumeric() || byte == b'_',
        None => false,
    };
    (letters <= MAX_LETTERS && !is_joined).then_some(start)
}

/// Where groups end that belong to the number.
fn ends_of(bytes: &[u8], start: usize, digits: usize, ends: &mut [usize; MAX_GROUPS]) -> usize {
    let mut count = 0;
    let mut at = digits;
    while at - start < LONGEST {
        let group = bytes[at..]
            .iter()
            .take(LONGEST)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        if group == 0 {
            break;
        }
        at += group;
        let Some(end) = ends.get_mut(count) else {
            break;
        };
        *end = at;
        count += 1;
        let goes_on = match bytes.get(at..at + 2) {
            Some([b' ' | b'/', next]) => {
                next.is_ascii_digit() || is_lettered_group(bytes.get(at + 1..at + 4))
            }
            Some([b'-' | b'.', next]) => next.is_ascii_alphanumeric(),
            _ => false,
        };
        if !goes_on {
            break;
        }
        at += 1;
    }
    count
}

/// True for a letter that is a group of its own, or the first of one: `12 180539 W 003`.
fn is_lettered_group(group: Option<&[u8]>) -> bool {
    match group {
        Some([letter, b' ', next]) => letter.is_ascii_uppercase() && next.is_ascii_digit(),
        Some([letter, next, last]) => {
            letter.is_ascii_uppercase() && next.is_ascii_digit() && last.is_ascii_digit()
        }
        _ => false,
    }
}

fn is_by_itself(number: &str) -> bool {
    BY_THEMSELVES.iter().any(|(identity, groups, separator)| {
        let mut lengths = number.split(['.', '-', ' ', '/']).map(str::len);
        let is_written_so = groups.iter().all(|group| lengths.next() == Some(*group))
            && lengths.next().is_none()
            && (*separator == 0 || number.as_bytes().contains(separator));
        is_written_so && identity.fits(number) && identity.is_checked(number)
    })
}

/// What stands a little before a number on its line, in plain letters; `None` where no letter does.
pub(super) fn before(text: &str, start: usize) -> Option<String> {
    let mut from = start.saturating_sub(NEAR);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let near = text.get(from..start)?;
    let line = near.rsplit('\n').next()?;
    let has_letter = line
        .bytes()
        .any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    has_letter.then(|| plain(line))
}

/// `Steuer-Identifikations-Nummer`: the text with its compounds written together, where it has any with dashes.
fn joined_compounds(near: &str) -> Option<String> {
    let is_letter =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    let bytes = near.as_bytes();
    let is_joint =
        |at: usize| at > 0 && is_letter(bytes.get(at - 1)) && is_letter(bytes.get(at + 1));
    memchr::memchr_iter(b'-', bytes).any(is_joint).then(|| {
        near.char_indices()
            .filter(|(at, letter)| *letter != '-' || !is_joint(*at))
            .map(|(_, letter)| letter)
            .collect()
    })
}

/// How many bytes stand between a label and the end of a text; `None` where the label is no word of it.
pub(super) fn distance(near: &str, label: &str) -> Option<usize> {
    let at = last_of(near.as_bytes(), label.as_bytes())?;
    let end = at + label.len();
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    // What is written without blanks has no ends of words.
    let is_spaced =
        label.is_ascii() || label.chars().next().is_some_and(|first| first < '\u{0E00}');
    let is_word = !near[..at].ends_with(is_letter) && !near[end..].starts_with(is_letter);
    let behind = &near[end..];
    let has_other_number = behind.bytes().filter(u8::is_ascii_digit).count() > 2;
    ((!is_spaced || is_word) && !has_other_number && !marker::is_in(behind)).then_some(behind.len())
}

/// Where a label stands for the last time in a text so short that to look for its first byte is quickest.
fn last_of(near: &[u8], label: &[u8]) -> Option<usize> {
    let first = *label.first()?;
    let mut end = near.len().checked_sub(label.len())? + 1;
    loop {
        end = memchr::memrchr(first, near.get(..end)?)?;
        if near.get(end..)?.starts_with(label) {
            return Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::{self, Detector, digits};
    use crate::sanitize::text::testing;

    fn find(text: &str) -> Vec<&str> {
        digits::testing::found_by(Detector::IdentityNumber, text)
    }

    #[test]
    fn numbers_beside_their_label_are_found_whole() {
        for (text, number) in [
            ("CPF 251.560.251-70 aprovado na loja 12", "251.560.251-70"),
            ("cpf do cliente: 25156025170", "25156025170"),
            ("personnummer 19981025-7080 folkbokförd", "19981025-7080"),
            (
                "N° de sécurité sociale 2 52 11 17 341 645 65 - clos",
                "2 52 11 17 341 645 65",
            ),
            ("身份证 110105198709191561 已核验", "110105198709191561"),
            ("SIN 474 805 868 verified for T4 slip", "474 805 868"),
            ("AHV-Nr. 756.7811.5709.60, Kanton Uri", "756.7811.5709.60"),
            ("TIN 959-77-4638 on form", "959-77-4638"),
            ("el DNI 34180851E consta", "34180851E"),
            ("NRIC S1398901Z checked", "S1398901Z"),
            ("HKID A123456(3) seen", "A123456"),
            ("CURP GOMC850101HDFRRL09 ok", "GOMC850101HDFRRL09"),
            ("codice fiscale RSSMRA85T10A562S, Bari", "RSSMRA85T10A562S"),
            ("PESEL 54012109619 7 razy", "54012109619"),
            ("hetu 131052-308T.", "131052-308T"),
            ("(BSN: 466575166)", "466575166"),
            ("RUT 12.345.678-5 vigente", "12.345.678-5"),
            ("emirates id 784-1984-1234567-3 ok", "784-1984-1234567-3"),
            (
                "Ihre Steuer-Identifikationsnummer lautet 29 412 683 706.",
                "29 412 683 706",
            ),
            ("Steuer-Identifikations-Nummer: 29412683706", "29412683706"),
            (
                "Die Sozialversicherungs-Nummer lautet 12 180539 W 003, Köln",
                "12 180539 W 003",
            ),
            ("Rentenversicherungsnummer ist 12180539W003", "12180539W003"),
            ("Uw burger-service-nummer luidt 111222333", "111222333"),
            ("personnumret är 811228-9874", "811228-9874"),
        ] {
            assert_eq!(find(text), [number], "{text}");
        }
    }

    #[test]
    fn labels_in_other_letters_and_in_capitals_are_known() {
        for (text, shown) in [
            ("ИИН 850101300123 ok", "ИИН <> ok"),
            ("иин: 850101300123", "иин: <>"),
            ("личный код 38001085718 ok", "личный код <> ok"),
            ("ЛИЧНЫЙ КОД 38001085718 ok", "ЛИЧНЫЙ КОД <> ok"),
            ("Мой СНИЛС 112-233-445 95.", "Мой СНИЛС <>."),
            ("снилс 112-233-445 95.", "снилс <>."),
            ("CÉDULA 1712345678 vigente", "CÉDULA <> vigente"),
            ("TÉLÉPHONE 06 12 34 56 78", "TÉLÉPHONE <>"),
            ("MÓVIL 612 345 678", "MÓVIL <>"),
            ("ТЕЛЕФОН 8 495 123-45-67", "ТЕЛЕФОН <>"),
        ] {
            let rules = testing::rules();
            let mut left = text.to_owned();
            for span in detect::find(&rules, text, 0).iter().rev() {
                left.replace_range(span.range.clone(), "<>");
            }
            assert_eq!(left, shown);
        }
    }

    #[test]
    fn numbers_of_a_rare_form_with_right_check_digits_need_no_label() {
        for text in [
            "aprovado 529.982.247-25 hoje",
            "neu 756.9217.0769.85 gemeldet",
            "用户 11010519491231002X 通过",
            "529.982.247-25 34",
            "756.9217.0769.85 34",
            "529.982.247-25 2 of 3",
        ] {
            assert_eq!(find(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "sin 12345678 of the angle",
            "the tin 12345678 box",
            "tin 12-3456789 of the employer",
            "sin(474805867)",
            "CNPJ 12.345.678/0001-95",
            "order 25156025170 of CPF holders is far away from here, and so on",
            "rfc 7231 and rfc 2616",
            "pan 12345678 degrees",
            "529.982.247-24",
            "756.9217.0769.84",
            "run 20260314101500",
            "run 12345678901 finished",
            "id 1767225600000",
            "nik 12345678",
            "nir 700 800 900 nm",
            "build cpf_25156025170",
        ] {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }
}
