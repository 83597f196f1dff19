//! Values that are made coarser: dates to the year, ages over 89 to one group, ZIP codes to three digits
//! (45 CFR 164.514(b)(2)(i)).

use std::borrow::Cow;

use chrono::{Datelike, Utc};

/// How a value is made coarser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generalization {
    /// The year of a date; none where it tells of an age over 89.
    Year,
    /// An age; `90+` for all over 89.
    Age,
    /// The first three digits of a ZIP code; `000` where fewer than 20,001 people live there.
    Zip,
}

/// Ages from here on are one group.
const GROUPED_FROM: u32 = 90;

/// The most bytes behind an age: "years old".
const LONGEST_UNIT: usize = 12;

/// The areas of 20,000 people or fewer, by the census of 2000, as the guidance of the Department of Health and
/// Human Services lists them.
const SMALL_AREAS: [&str; 17] = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878",
    "879", "884", "890", "893",
];

impl Generalization {
    /// The coarser value; `None` where it is not known how.
    pub(super) fn apply(self, value: &str) -> Option<Cow<'_, str>> {
        let value = value.trim();
        match self {
            Self::Year => {
                let year = year(value)?;
                let number: i32 = year.parse().ok()?;
                let youngest = Utc::now().year() - GROUPED_FROM as i32;
                (number > youngest).then_some(Cow::Borrowed(year))
            }
            Self::Age if value == "90+" => Some(Cow::Borrowed(value)),
            Self::Age => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                let (age, unit) = value.split_at_checked(digits)?;
                let age: u32 = age.parse().ok()?;
                if unit.len() > LONGEST_UNIT || unit.bytes().any(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                Some(if age >= GROUPED_FROM {
                    Cow::Borrowed("90+")
                } else {
                    Cow::Borrowed(value)
                })
            }
            Self::Zip => {
                let digits = value.bytes().take_while(u8::is_ascii_digit).count();
                let plain = matches!(value.len(), 3 | 5) && digits == value.len();
                let extended = value.len() == 10 && value.as_bytes()[5] == b'-' && digits == 5;
                if !plain && !extended {
                    return None;
                }
                let area = value.get(..3)?;
                Some(Cow::Borrowed(if SMALL_AREAS.contains(&area) {
                    "000"
                } else {
                    area
                }))
            }
        }
    }
}

/// The only run of exactly four digits in a date that may be a year, or the beginning of eight digits.
fn year(date: &str) -> Option<&str> {
    let is_year = |digits: &&str| {
        matches!(
            digits.as_bytes(),
            [b'1', b'8' | b'9', ..] | [b'2', b'0', ..]
        )
    };
    let mut runs = date
        .split(|character: char| !character.is_ascii_digit())
        .filter(|digits| !digits.is_empty());
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        return date.get(..4).filter(is_year);
    }
    let year = runs
        .clone()
        .find(|digits| digits.len() == 4)
        .filter(is_year)?;
    // A second one is no part of a date that is understood here.
    let others = runs.all(|digits| digits == year || digits.len() != 4);
    others.then_some(year)
}

#[cfg(test)]
mod tests {
    use super::Generalization::{Age, Year, Zip};

    #[test]
    fn only_the_coarser_value_stays_and_stays_the_second_time() {
        let table = [
            (Year, "1987-03-12", "1987"),
            (Year, "12/03/1987", "1987"),
            (Year, "March 12, 1987", "1987"),
            (Year, "19870312", "1987"),
            (Year, "2024-05-01T10:20:30Z", "2024"),
            (Age, "89", "89"),
            (Age, "90", "90+"),
            (Age, "104 years", "90+"),
            (Zip, "94107", "941"),
            (Zip, "94107-1234", "941"),
            (Zip, "03601", "000"),
        ];
        for (kind, value, expected) in table {
            let once = kind.apply(value).expect(value);
            assert_eq!(once, expected, "{value}");
            assert_eq!(kind.apply(&once).expect(value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_not_understood_gives_nothing() {
        for (kind, value) in [
            (Year, "the third of May"),
            (Year, "12.03.87"),
            (Year, "1901-05-03"),
            (Year, "541912345"),
            (Age, "ninety-five"),
            (Zip, "SW1A 1AA"),
            (Zip, "9410"),
        ] {
            assert_eq!(kind.apply(value), None, "{value}");
        }
    }
}
