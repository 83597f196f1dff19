//! A few characters of a secret's encoding, which nearly no text holds.

use memchr::{memchr_iter, memchr2_iter};

use super::spelling::fold;

/// So many characters are looked for, and the next ones where those stand: eight of them stand by chance in no text.
const GROUP: usize = 4;

/// False where `secret` stands in `text` neither in base64, wherever in three bytes it begins, nor in hexadecimal digits.
///
/// Takes time in proportion to the length of the text. What is looked for is made anew for each search, and stands on the
/// stack alone.
pub(super) fn may_stand_in(secret: &[u8], text: &[u8]) -> bool {
    is_any(secret, |probe| probe.may_stand_in(text))
}

/// The same of a text in its one spelling, in which there are no capital letters.
pub(super) fn may_be_spelt_in(secret: &[u8], text: &[u8]) -> bool {
    is_any(secret, |probe| probe.may_be_spelt_in(text))
}

fn is_any(secret: &[u8], found: impl Fn(Probe<'_>) -> bool) -> bool {
    let is_found = |skipped: usize, encoding: Encoding| {
        let part = secret.get(skipped..).unwrap_or_default();
        Probe::new(part, encoding).is_some_and(&found)
    };
    [0, 2, 1]
        .into_iter()
        .any(|skipped| is_found(skipped, Encoding::Base64))
        || is_found(0, Encoding::Hexadecimal)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Tells small letters from capital ones.
    Base64,
    /// The digits are small here, and may be either.
    Hexadecimal,
}

impl Encoding {
    /// The characters of the first bytes of a value, and the rest of it; none of too few bytes.
    #[inline(always)]
    fn split(self, value: &[u8]) -> Option<([u8; GROUP], &[u8])> {
        match self {
            Self::Base64 => {
                // RFC 4648 section 4.
                let ([first, second, third], rest) = value.split_first_chunk()?;
                let bits = u32::from(*first) << 16 | u32::from(*second) << 8 | u32::from(*third);
                let letter = |shift: u32| BASE64[(bits >> shift & 63) as usize];
                Some(([letter(18), letter(12), letter(6), letter(0)], rest))
            }
            Self::Hexadecimal => {
                let ([first, second], rest) = value.split_first_chunk()?;
                let digit = |four: u8| b"0123456789abcdef"[usize::from(four & 15)];
                let group = [
                    digit(first >> 4),
                    digit(*first),
                    digit(second >> 4),
                    digit(*second),
                ];
                Some((group, rest))
            }
        }
    }

    /// The same character as it stands in a group.
    fn standard(self, character: u8) -> u8 {
        match (self, character) {
            // base64url has other characters for two (RFC 4648 section 5).
            (Self::Base64, b'-') => b'+',
            (Self::Base64, b'_') => b'/',
            (Self::Base64, _) => character,
            (Self::Hexadecimal, _) => character.to_ascii_lowercase(),
        }
    }
}

/// Characters that stand in the encoded secret, whatever stands around it.
struct Probe<'s> {
    group: [u8; GROUP],
    /// Where the character stands that the fewest texts hold.
    rarest: usize,
    /// What the characters behind them are made of.
    rest: &'s [u8],
    encoding: Encoding,
}

impl<'s> Probe<'s> {
    #[inline(always)]
    fn new(value: &'s [u8], encoding: Encoding) -> Option<Self> {
        let (group, rest) = encoding.split(value)?;
        let [first, second, third, fourth] =
            group.map(|character| COMMONNESS[usize::from(character)]);
        let least = first.min(second | 1).min(third | 2).min(fourth | 3);
        Some(Self {
            group,
            rarest: usize::from(least) % GROUP,
            rest,
            encoding,
        })
    }

    /// False where the encoded secret does not stand in `text`.
    #[inline(always)]
    fn may_stand_in(&self, text: &[u8]) -> bool {
        let stands_at =
            |at: usize| self.stands_at(text, at, |own, other| own == self.encoding.standard(other));
        match (self.encoding, self.group[self.rarest]) {
            (Encoding::Hexadecimal, rare @ b'a'..=b'f') => {
                memchr2_iter(rare, rare.to_ascii_uppercase(), text).any(stands_at)
            }
            (Encoding::Base64, b'+') => memchr2_iter(b'+', b'-', text).any(stands_at),
            (Encoding::Base64, b'/') => memchr2_iter(b'/', b'_', text).any(stands_at),
            (_, rare) => memchr_iter(rare, text).any(stands_at),
        }
    }

    /// The same of a text in its one spelling.
    fn may_be_spelt_in(&self, text: &[u8]) -> bool {
        memchr_iter(fold(self.group[self.rarest]), text)
            .any(|at| self.stands_at(text, at, |own, other| fold(own) == other))
    }

    /// True where the characters stand in a text, the rarest of them at `at`.
    #[inline(never)]
    fn stands_at(&self, text: &[u8], at: usize, is_same: impl Fn(u8, u8) -> bool) -> bool {
        let are_same = |own: &[u8; GROUP], others: &[u8; GROUP]| {
            own.iter()
                .zip(others)
                .all(|(own, other)| is_same(*own, *other))
        };
        let start = at.checked_sub(self.rarest);
        let Some((here, behind)) = start
            .and_then(|start| text.get(start..))
            .and_then(<[u8]>::split_first_chunk)
        else {
            return false;
        };
        are_same(&self.group, here)
            && self.encoding.split(self.rest).is_none_or(|(next, _)| {
                behind
                    .first_chunk()
                    .is_some_and(|behind| are_same(&next, behind))
            })
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The characters of base64, from those that English and JSON have least of.
const RARE: &[u8] = b"QZXJKqVWYzGHBFMLj+NPUxTRDSIOEAC98765437kvwybgfpmuhcldsnioat21re0/";

/// How common a character is, above two bits for its place.
const COMMONNESS: [u16; 256] = {
    let mut table = [(RARE.len() * GROUP) as u16; 256];
    let mut at = 0;
    while at < RARE.len() {
        table[RARE[at] as usize] = (at * GROUP) as u16;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secret: &str, text: &str) -> bool {
        let mut spelt = Vec::new();
        crate::sanitize::echo::spelling::write(&mut spelt, text.as_bytes());
        let found = may_stand_in(secret.as_bytes(), text.as_bytes());
        assert!(
            !found || may_be_spelt_in(secret.as_bytes(), &spelt),
            "{text}"
        );
        found
    }

    #[test]
    fn encoded_secrets_are_found_wherever_they_begin() {
        // "a:", "ab:" and "abc:" before it.
        for text in [
            "x YTpodW50ZXIyaHVudGVyMg==",
            "YWI6aHVudGVyMmh1bnRlcjI=",
            "YWJjOmh1bnRlcjJodW50ZXIy",
            "68756e7465723268756e74657232",
            "68756E7465723268756E74657232",
        ] {
            assert!(found("hunter2hunter2", text), "{text}");
        }
        for secret in ["\u{3e}\u{3f}\u{ff}\u{ff}>>>???", "???>>>???>>>"] {
            assert!(found(secret, &base64(secret.as_bytes())));
            let url_safe = base64(secret.as_bytes())
                .replace('+', "-")
                .replace('/', "_");
            assert!(found(secret, &url_safe));
        }
        assert!(!found("hunter2hunter2", "hunter2hunter2"));
        assert!(!found("hunter2hunter2", ""));
        assert!(!found("", "YWI6"));
    }

    #[test]
    fn characters_that_only_begin_as_the_secret_are_none_of_it() {
        // "hunter2h" and other eight bytes that begin as it does.
        assert!(found("hunter2h", "aHVudGVyMmg="));
        assert!(!found("hunter2h", "aHVuZGVyMmg="));
        assert!(!found("hunter2h", "aHVu"));
        assert!(!found("hunter2h", "6875"));
        assert!(!found("hunter2h", "68756f"));
    }

    fn base64(value: &[u8]) -> String {
        let groups = value
            .chunks_exact(3)
            .filter_map(|three| Encoding::Base64.split(three));
        groups
            .map(|(four, _)| String::from_utf8_lossy(&four).into_owned())
            .collect()
    }
}
