//! Where somebody lives, told in a sentence: `her new address is 7 Birch Lane, Apt 4, Lund VT 05401`.

use super::sentence::Sentence;
use crate::sanitize::bounded;
use crate::sanitize::extent::Found;

/// What stands between the word and an address.
const LINKS: &[&str] = &[" is now ", " is ", " was ", " changed to "];
/// The last words of names of streets.
#[rustfmt::skip]
const STREETS: &[&str] = &[
    "Alley", "Avenue", "Boulevard", "Circle", "Close", "Court", "Crescent", "Drive", "Gardens", "Highway", "Lane",
    "Loop", "Mews", "Parkway", "Place", "Road", "Row", "Square", "Street", "Terrace", "Trail", "Way", "Walk",
];
/// The same in short, behind which a full stop ends no sentence.
const IN_SHORT: &[&str] = &[
    "Ave", "Blvd", "Cir", "Ct", "Dr", "Hwy", "Ln", "Pkwy", "Pl", "Rd", "Sq", "St", "Ter",
];
/// With what the parts of a house begin.
const PARTS: &[&str] = &["Apt", "Flat", "Floor", "Ste", "Suite", "Unit", "#"];
/// The most words of the name of a street.
const MAX_WORDS: usize = 5;
/// The most digits of a number of a house.
const MAX_DIGITS: usize = 5;
/// The most bytes of an address.
const MAX_ADDRESS: usize = 160;

impl Sentence<'_, '_, '_> {
    /// A house in a street and what follows it, as far as words begin with capitals or digits.
    pub(super) fn street(&self) -> Option<Found> {
        let rest = self.findings.text.get(self.name.range.end..)?;
        let link = LINKS.iter().find(|link| rest.starts_with(**link))?;
        let start = self.name.range.end + link.len();
        let text = bounded::prefix(self.findings.text.get(start..)?, MAX_ADDRESS);
        let text = text.split(['\n', '\r']).next()?;
        let mut words = text.split(' ').peekable();
        let house = words.next()?;
        let digits = house.bytes().take_while(u8::is_ascii_digit).count();
        let is_house = (1..=MAX_DIGITS).contains(&digits)
            && house.len() <= digits + 1
            && house.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut end = house.len();
        let mut is_street = false;
        let mut place = 0;
        while let Some(word) = words.next() {
            let plain = word.trim_end_matches([',', '.', ';', ')', '!', '?']);
            let begins = plain.starts_with(|first: char| {
                first.is_uppercase() || first.is_ascii_digit() || first == '#'
            });
            if !begins || !is_street && place >= MAX_WORDS {
                break;
            }
            let is_short = IN_SHORT.contains(&plain);
            is_street |= is_short || STREETS.contains(&plain);
            end += 1 + plain.len();
            let goes_on = match &word[plain.len()..] {
                "" | "," => true,
                // `7 Birch St. Apt 4`
                "." if is_short => words
                    .peek()
                    .is_some_and(|next| PARTS.iter().any(|part| next.starts_with(part))),
                "." => plain.len() == 1,
                _ => false,
            };
            if !goes_on {
                break;
            }
            end += word.len() - plain.len();
            place += 1;
        }
        let found = text.get(..end)?;
        let end = start + found.trim_end_matches([',', '.']).len();
        (is_house && is_street).then_some(Found {
            start,
            end,
            quoted: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_street_with_a_number_goes_with_what_follows_it() {
        hits(&[
            (
                "She moved, her new address is 7 Birch Lane, Apt 4, Lund VT 05401. Call her.",
                "She moved, her new address is <>. Call her.",
            ),
            (
                "the home address was 221B Elm St. and is no more",
                "the home address was <>. and is no more",
            ),
            (
                "address is 7 N. Birch St. Apt 4, Lund. She left",
                "address is <>. She left",
            ),
            (
                "address is 1 Endless Loop. The gate is open",
                "address is <>. The gate is open",
            ),
            (
                "address changed to 1200 N Elm Ave, please update",
                "address changed to <>, please update",
            ),
        ]);
    }

    #[test]
    fn other_addresses_stay() {
        misses(&[
            "the address is 10.0.0.17 and the port 8080",
            "the address is 12 Bytes long",
            "the address is wrong",
            "the address is 5 in Lane A",
        ]);
    }
}
