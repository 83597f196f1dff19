//! Numbers that countries give their people: how each is written, and its check digits.

use super::value_shape;

/// A kind of number, by what it looks like. Several countries may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// Switzerland's AHV number: 756 and ten more digits.
    Ahv,
    /// Six digits of a birth date and four or five more: Denmark, Norway, Sweden, Finland, Czechia, Latvia.
    BirthNumber,
    /// China's: six digits of a place, a birth date, three digits, and a digit or `X`.
    China,
    /// Italy's codice fiscale.
    CodiceFiscale,
    /// Brazil's CPF.
    Cpf,
    /// Mexico's CURP.
    Curp,
    /// Spain's DNI, NIE and NIF of a person: eight digits, or a letter and seven, and a letter.
    Dni,
    /// From so many digits to so many: nothing else is known of those of these countries.
    Digits(u8, u8),
    /// The permanent account number of India.
    IndiaPan,
    /// Germany's number for pensions: an area, a birth date, a letter and three more digits.
    GermanPension,
    /// The number on a card of Singapore, Hong Kong or Ireland: digits between letters.
    Lettered,
    /// France's NIR: 13 digits, or 15.
    Nir,
    /// Mexico's RFC of a person.
    Rfc,
    /// Chile's RUT and RUN, with their check digit.
    Rut,
    /// Canada's SIN, in three groups or with its check digit.
    Sin,
    /// Nine digits or more, but no number of an employer.
    Taxpayer,
}

/// The most characters of a number with its separators.
pub(super) const LONGEST: usize = 26;

/// A number, and its letters and digits.
pub(super) struct Compact<'t> {
    whole: &'t str,
    text: [u8; LONGEST],
    length: usize,
}

impl<'t> Compact<'t> {
    /// `None` where anything else stands among them than what parts groups.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let mut compact = Self {
            whole: text,
            text: [0; LONGEST],
            length: 0,
        };
        for byte in text.bytes() {
            if matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+') {
                continue;
            }
            if !byte.is_ascii_alphanumeric() {
                return None;
            }
            *compact.text.get_mut(compact.length)? = byte.to_ascii_uppercase();
            compact.length += 1;
        }
        Some(compact)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

impl Identity {
    /// True for a number that is written as those of this kind are.
    pub(super) fn fits(self, text: &str) -> bool {
        Compact::of(text).is_some_and(|number| self.fits_compact(&number))
    }

    /// The same for a number that was looked through.
    pub(super) fn fits_compact(self, compact: &Compact<'_>) -> bool {
        let (text, number) = (compact.whole, compact.as_bytes());
        let is_number = number.iter().all(u8::is_ascii_digit);
        match self {
            Self::Ahv => is_number && number.len() == 13 && number.starts_with(b"756"),
            Self::BirthNumber => is_birth_number(number),
            Self::China => {
                let [place @ .., last] = number else {
                    return false;
                };
                number.len() == 18
                    && place.iter().all(u8::is_ascii_digit)
                    && (last.is_ascii_digit() || *last == b'X')
                    && is_date(&number[6..14])
            }
            Self::CodiceFiscale => has_form(number, b"AAAAAANNANNANNNA"),
            Self::Curp => has_form(number, b"AAAANNNNNNAAAAAA") && number.len() == 18,
            Self::Rfc => has_form(number, b"AAAANNNNNN") && number.len() == 13,
            Self::GermanPension => has_form(number, b"NNNNNNNNANNN") && number.len() == 12,
            Self::IndiaPan => has_form(number, b"AAAAANNNNA") && number.len() == 10,
            Self::Cpf => is_number && number.len() == 11,
            Self::Dni => {
                let has_letters = has_form(number, b"NNNNNNNNA") || has_form(number, b"ANNNNNNNA");
                number.len() == 9 && has_letters
                    || text.contains('.') && is_number && matches!(number.len(), 7 | 8)
            }
            Self::Digits(least, most) => {
                is_number && (usize::from(least)..=usize::from(most)).contains(&number.len())
            }
            Self::Lettered => {
                let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
                let edges = number.first().zip(number.last());
                (7..=9).contains(&number.len())
                    && (6..=7).contains(&digits)
                    && edges.is_some_and(|(first, last)| {
                        first.is_ascii_alphabetic() || last.is_ascii_alphabetic()
                    })
            }
            Self::Nir => {
                let begins = matches!(number.first(), Some(b'1'..=b'4' | b'7' | b'8'));
                let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
                begins
                    && matches!(number.len(), 13 | 15)
                    && digits + 1 >= number.len()
                    && (digits == number.len() || matches!(number[6], b'A' | b'B'))
            }
            Self::Rut => {
                let is_long = (8..=9).contains(&number.len());
                // Days of the calendar are grouped too.
                let is_day = number.get(..8).is_some_and(is_date);
                let is_grouped = (text.contains('-') || text.contains('.')) && !is_day;
                let [rest @ .., last] = number else {
                    return false;
                };
                is_long
                    && rest.iter().all(u8::is_ascii_digit)
                    && (last.is_ascii_digit() || *last == b'K')
                    && (is_grouped || !value_shape::is_date(text) && self.is_checked(text))
            }
            Self::Sin => {
                let groups = text.split([' ', '-']).map(str::len);
                is_number && number.len() == 9 && (groups.eq([3, 3, 3]) || self.is_checked(text))
            }
            Self::Taxpayer => {
                let is_of_employer = text.len() == 10 && text.as_bytes().get(2) == Some(&b'-');
                is_number && (9..=13).contains(&number.len()) && !is_of_employer
            }
        }
    }

    /// True for a number whose check digits are right, where the kind has any.
    pub(super) fn is_checked(self, text: &str) -> bool {
        let Some(compact) = Compact::of(text) else {
            return false;
        };
        let number = compact.as_bytes();
        match self {
            Self::Ahv => number.len() == 13 && weighted(number, &[1, 3]).is_multiple_of(10),
            Self::BirthNumber => match number.len() {
                10 => is_luhn(number),
                12 => is_luhn(&number[2..]),
                11 => weighted(number, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11),
                _ => false,
            },
            Self::China => {
                let sum: u32 = (0..number.len().min(18))
                    .map(|at| {
                        let digit = match number[at] {
                            b'X' => 10,
                            digit => value_of(digit),
                        };
                        digit * (1 << (17 - at)) % 11
                    })
                    .sum();
                number.len() == 18 && sum % 11 == 1
            }
            Self::Cpf => {
                let check = |count: usize| {
                    let sum: u32 = (0..count)
                        .map(|at| value_of(number[at]) * (count + 1 - at) as u32)
                        .sum();
                    sum * 10 % 11 % 10 == value_of(number[count])
                };
                let is_alike = number.iter().all(|digit| *digit == number[0]);
                number.len() == 11 && !is_alike && check(9) && check(10)
            }
            Self::Dni => {
                let [digits @ .., letter] = number else {
                    return false;
                };
                let value = digits.iter().fold(0_u32, |sum, digit| {
                    let digit = match digit {
                        b'X'..=b'Z' => u32::from(digit - b'X'),
                        digit => value_of(*digit),
                    };
                    sum.wrapping_mul(10).wrapping_add(digit)
                });
                number.len() == 9 && b"TRWAGMYFPDXBNJZSQVHLCKE"[value as usize % 23] == *letter
            }
            Self::Nir => {
                let value = number.iter().take(13).fold(0_u64, |sum, digit| {
                    sum.wrapping_mul(10)
                        .wrapping_add(u64::from(value_of(*digit)))
                });
                let check = number
                    .get(13..15)
                    .map(|check| u64::from(value_of(check[0]) * 10 + value_of(check[1])));
                check == Some(97 - value % 97)
            }
            Self::Rut => {
                let [digits @ .., last] = number else {
                    return false;
                };
                let sum: u32 = digits
                    .iter()
                    .rev()
                    .zip((2..=7).cycle())
                    .map(|(digit, weight)| value_of(*digit) * weight)
                    .sum();
                let check = match 11 - sum % 11 {
                    10 => b'K',
                    11 => b'0',
                    digit => b'0' + digit as u8,
                };
                check == *last
            }
            Self::Sin => number.len() == 9 && is_luhn(number),
            Self::CodiceFiscale
            | Self::Curp
            | Self::Rfc
            | Self::GermanPension
            | Self::IndiaPan
            | Self::Lettered => self.fits(text),
            Self::Digits(..) | Self::Taxpayer => false,
        }
    }
}

fn value_of(digit: u8) -> u32 {
    if digit.is_ascii_digit() {
        u32::from(digit - b'0')
    } else {
        0
    }
}

/// The digits times these weights, again and again.
fn weighted(number: &[u8], weights: &[u32]) -> u32 {
    let weights = weights.iter().cycle();
    let products = number.iter().zip(weights);
    products
        .map(|(digit, weight)| value_of(*digit) * weight)
        .sum()
}

fn is_luhn(number: &[u8]) -> bool {
    let digits = number.iter().rev().enumerate().map(|(at, digit)| {
        let doubled = value_of(*digit) << (at & 1);
        doubled / 10 + doubled % 10
    });
    digits.sum::<u32>().is_multiple_of(10)
}

/// True where a number begins with letters and digits in this order: `A` for a letter, `N` for a digit.
fn has_form(number: &[u8], form: &[u8]) -> bool {
    number.len() >= form.len()
        && number.iter().zip(form).all(|(byte, kind)| match kind {
            b'A' => byte.is_ascii_alphabetic(),
            _ => byte.is_ascii_digit(),
        })
}

/// True for eight digits of a year, a month and a day that people were born on.
fn is_date(date: &[u8]) -> bool {
    date.len() == 8 && matches!(&date[..2], b"19" | b"20") && is_day_of_month(&date[4..8])
}

/// True for a month and a day.
fn is_day_of_month(date: &[u8]) -> bool {
    let [month, day] =
        [&date[..2], &date[2..]].map(|part| value_of(part[0]) * 10 + value_of(part[1]));
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// A birth date of six or eight digits, from its day or its year on, and what tells people of that day apart.
fn is_birth_number(number: &[u8]) -> bool {
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    // Finland has a letter for the century between, and one more at the end.
    let has_letters = digits + 2 >= number.len()
        && number
            .get(..6)
            .is_some_and(|date| date.iter().all(u8::is_ascii_digit));
    if !(9..=12).contains(&number.len()) || !has_letters {
        return false;
    }
    if number.len() == 12 {
        return is_date(&number[..8]);
    }
    let date = &number[..6];
    let [first, middle, last] = [&date[..2], &date[2..4], &date[4..]]
        .map(|part| value_of(part[0]) * 10 + value_of(part[1]));
    // Of women in Czechia the month has 50 more; 20, 40 and 70 more tell of the century and of rare cases.
    let is_month = |month: u32| {
        [0, 20, 40, 50, 70]
            .into_iter()
            .any(|more| (1..=12).contains(&month.wrapping_sub(more)))
    };
    let is_day = |day: u32| {
        [0, 40, 60]
            .into_iter()
            .any(|more| (1..=31).contains(&day.wrapping_sub(more)))
    };
    is_month(middle) && (is_day(first) || is_day(last))
}

#[cfg(test)]
mod tests {
    use super::Identity::{
        Ahv, BirthNumber, China, CodiceFiscale, Cpf, Curp, Dni, GermanPension, IndiaPan, Lettered,
        Nir, Rfc, Rut, Sin, Taxpayer,
    };

    #[test]
    fn numbers_of_a_kind_are_told_from_others() {
        let table = [
            (Ahv, "756.9217.0769.85", "757.9217.0769.85"),
            (BirthNumber, "19981025-7080", "19981325-7080"),
            (BirthNumber, "131052-308T", "999152-3089"),
            (BirthNumber, "120861-1234", "order-17"),
            (China, "110105198709191561", "110105198713991561"),
            (China, "11010519491231002X", "110105194912310"),
            (CodiceFiscale, "RSSMRA85T10A562S", "RSSMRA85T10A56"),
            (Cpf, "251.560.251-70", "251.560.251"),
            (Curp, "GOMC850101HDFRRL09", "GOMC850101HDFRRL"),
            (Dni, "34180851E", "341808511"),
            (Dni, "X1234567L", "X123456L"),
            (GermanPension, "12 180539 W 003", "12 180539 003"),
            (IndiaPan, "ABCPK1234F", "4111111111111111"),
            (Lettered, "S1398901Z", "13989011"),
            (Nir, "2 52 11 17 341 645 65", "9 52 11 17 341 645 65"),
            (Rfc, "GOMC8501015T3", "RFC7231"),
            (Rut, "12.345.678-5", "12345678"),
            (Sin, "474 805 868", "474805867"),
            (Taxpayer, "959-77-4638", "12-3456789"),
        ];
        for (kind, fits, does_not) in table {
            assert!(kind.fits(fits), "{kind:?} {fits}");
            assert!(!kind.fits(does_not), "{kind:?} {does_not}");
        }
    }

    #[test]
    fn check_digits_tell_numbers_from_those_that_only_look_alike() {
        for (kind, right, wrong) in [
            (Ahv, "756.9217.0769.85", "756.9217.0769.84"),
            (BirthNumber, "811228-9874", "811228-9875"),
            (China, "11010519491231002X", "110105194912310021"),
            (Cpf, "529.982.247-25", "529.982.247-24"),
            (Dni, "12345678Z", "12345678A"),
            (Nir, "1 85 05 78 006 084 91", "1 85 05 78 006 084 92"),
            (Rut, "12.345.678-5", "12.345.678-4"),
            (Sin, "046 454 286", "046 454 287"),
        ] {
            assert!(kind.is_checked(right), "{kind:?} {right}");
            assert!(!kind.is_checked(wrong), "{kind:?} {wrong}");
        }
    }
}
