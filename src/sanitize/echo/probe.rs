//! A few characters of a secret's encoding, which nearly no text holds.

use memchr::{memchr_iter, memchr2_iter, memchr3_iter};

use super::spelling::fold;

/// So many characters are looked for, and the next ones where those stand: eight of them stand by chance in no text.
const GROUP: usize = 4;

/// False where `secret` stands in `text` neither in base64, wherever in three bytes it begins, nor in hexadecimal digits.
///
/// Takes time in proportion to the length of the text. What is looked for is made anew for each search, and stands on the
/// stack alone.
pub(super) fn may_stand_in(secret: &[u8], text: &[u8]) -> bool {
    let in_base64 = Probe::in_base64(secret);
    let is_there = match &in_base64 {
        // One walk for all three.
        [Some(one), Some(two), Some(three)]
            if ![one, two, three].iter().any(|probe| probe.has_forms()) =>
        {
            memchr3_iter(one.rare(), two.rare(), three.rare(), text).any(|at| {
                let found = text.get(at).copied();
                let probes = [one, two, three].into_iter();
                let mut may_stand = probes.filter(|probe| Some(probe.rare()) == found);
                may_stand.any(|probe| probe.stands_at(text, at))
            })
        }
        probes => probes
            .iter()
            .flatten()
            .any(|probe| probe.may_stand_in(text)),
    };
    is_there || Probe::in_hexadecimal(secret).is_some_and(|probe| probe.may_stand_in(text))
}

/// The same of a text in its one spelling, in which there are no capital letters.
pub(super) fn may_be_spelt_in(secret: &[u8], text: &[u8]) -> bool {
    let probes = Probe::in_base64(secret);
    let mut probes = probes.into_iter().chain([Probe::in_hexadecimal(secret)]);
    probes.any(|probe| probe.is_some_and(|probe| probe.may_be_spelt_in(text)))
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

    /// Wherever in three bytes the secret begins.
    #[inline(always)]
    fn in_base64(secret: &'s [u8]) -> [Option<Self>; 3] {
        let behind = |skipped: usize| Self::new(secret.get(skipped..)?, Encoding::Base64);
        [behind(0), behind(2), behind(1)]
    }

    #[inline(always)]
    fn in_hexadecimal(secret: &'s [u8]) -> Option<Self> {
        Self::new(secret, Encoding::Hexadecimal)
    }

    fn rare(&self) -> u8 {
        self.group[self.rarest]
    }

    /// True where another character may stand for the rarest one.
    fn has_forms(&self) -> bool {
        match self.encoding {
            Encoding::Base64 => matches!(self.rare(), b'+' | b'/'),
            Encoding::Hexadecimal => self.rare().is_ascii_alphabetic(),
        }
    }

    /// False where the encoded secret does not stand in `text`.
    fn may_stand_in(&self, text: &[u8]) -> bool {
        let stands_at = |at: usize| self.stands_at(text, at);
        match self.rare() {
            rare if !self.has_forms() => memchr_iter(rare, text).any(stands_at),
            b'+' => memchr2_iter(b'+', b'-', text).any(stands_at),
            b'/' => memchr2_iter(b'/', b'_', text).any(stands_at),
            letter => memchr2_iter(letter, letter.to_ascii_uppercase(), text).any(stands_at),
        }
    }

    /// The same of a text in its one spelling.
    fn may_be_spelt_in(&self, text: &[u8]) -> bool {
        memchr_iter(fold(self.rare()), text)
            .any(|at| self.stands_as(text, at, |own, other| fold(own) == other))
    }

    /// True where the characters stand in a text, the rarest of them at `at`.
    #[inline(never)]
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        self.stands_as(text, at, |own, other| own == self.encoding.standard(other))
    }

    fn stands_as(&self, text: &[u8], at: usize, is_same: impl Fn(u8, u8) -> bool) -> bool {
        let are_same = |own: &[u8; GROUP], others: &[u8; GROUP]| {
            let mut pairs = own.iter().zip(others);
            pairs.all(|(own, other)| is_same(*own, *other))
        };
        let start = at.checked_sub(self.rarest);
        let here = start.and_then(|start| text.get(start..));
        let Some((here, behind)) = here.and_then(<[u8]>::split_first_chunk) else {
            return false;
        };
        let next_is_same = |next: [u8; GROUP]| {
            let behind = behind.first_chunk();
            behind.is_some_and(|behind| are_same(&next, behind))
        };
        let next = self.encoding.split(self.rest);
        are_same(&self.group, here) && next.is_none_or(|(next, _)| next_is_same(next))
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The characters of base64, from those that English and JSON have least of. The last one is a group's rarest only where the
/// group is all of it.
const RARE: &[u8; 64] = b"QZXJKqVWYzGHBFMLj+NPUxTRDSIOEAC9876543kvwybgfpmuhcldsnioat21re0/";

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
        // Of which a group has `+` as its rarest, for which base64url has another character.
        for (secret, text) in [
            ("!!>!!>!!>", "ISE+ISE+ISE+"),
            ("!!>!!>!!>", "x:ISE-ISE-ISE-"),
            ("!!!>!!>!!>", "ISEhPiEhPiEhPg=="),
        ] {
            assert!(found(secret, text), "{text}");
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
