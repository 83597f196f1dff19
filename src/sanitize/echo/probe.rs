//! A few characters of a secret's encoding, which nearly no text holds.

use memchr::{memchr_iter, memchr2_iter};
use zeroize::Zeroize;

use super::spelling::fold;

/// Eight characters stand by chance in no text.
const LONGEST: usize = 8;
/// The characters of three bytes in base64.
const SHORTEST: usize = 4;

/// Characters that stand in the encoded secret, whatever stands around it.
///
/// Base64 tells small letters from capital ones; hexadecimal digits are small here and may be either.
#[derive(Clone, Copy, Default)]
pub(super) struct Probe {
    characters: [u8; LONGEST],
    length: u8,
    /// Where the character stands that the fewest texts hold.
    rarest: u8,
    is_hexadecimal: bool,
}

impl Probe {
    /// What to look for in a text: base64, wherever in three bytes the value begins, and hexadecimal digits. Values of
    /// less than three bytes or so have none.
    pub(super) fn all(value: &[u8]) -> impl Iterator<Item = Self> {
        let base64 =
            [0, 2, 1].map(|skipped| Self::base64(value.get(skipped..).unwrap_or_default()));
        let all = base64.into_iter().chain([Self::hexadecimal(value)]);
        all.filter(|probe| usize::from(probe.length) >= SHORTEST)
    }

    /// The characters of whole groups of three bytes (RFC 4648 section 4).
    fn base64(value: &[u8]) -> Self {
        let (groups, _) = value.as_chunks::<3>();
        let mut probe = Self::default();
        let (places, _) = probe.characters.as_chunks_mut::<4>();
        for (place, [first, second, third]) in places.iter_mut().zip(groups) {
            let bits = u32::from(*first) << 16 | u32::from(*second) << 8 | u32::from(*third);
            *place = [18, 12, 6, 0].map(|shift| BASE64[(bits >> shift & 63) as usize]);
            probe.length += 4;
        }
        probe.with_rarest()
    }

    fn hexadecimal(value: &[u8]) -> Self {
        let mut probe = Self {
            is_hexadecimal: true,
            ..Self::default()
        };
        let (places, _) = probe.characters.as_chunks_mut::<2>();
        for (place, byte) in places.iter_mut().zip(value) {
            *place = [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
            probe.length += 2;
        }
        probe.with_rarest()
    }

    fn with_rarest(mut self) -> Self {
        // Commonness and place in one number, so that the least of them is found without branches.
        let ranks = self
            .characters
            .map(|character| COMMONNESS[usize::from(character)]);
        let least = (0_u16..)
            .zip(ranks)
            .map(|(place, rank)| u16::from(rank) << 3 | place)
            .min();
        self.rarest = least.map_or(0, |least| (least & 7) as u8);
        self
    }

    /// False where the encoded secret does not stand in `text`.
    ///
    /// Takes time in proportion to the length of the text.
    pub(super) fn may_stand_in(&self, text: &[u8]) -> bool {
        let Some((within, rare)) = self.places(text) else {
            return false;
        };
        if self.is_hexadecimal {
            let at = |at| self.stands_at(text, at, |one| one.to_ascii_lowercase());
            return memchr2_iter(rare, rare.to_ascii_uppercase(), within).any(at);
        }
        let at = |at| self.stands_at(text, at, standard);
        match rare {
            b'+' => memchr2_iter(b'+', b'-', within).any(at),
            b'/' => memchr2_iter(b'/', b'_', within).any(at),
            _ => memchr_iter(rare, within).any(at),
        }
    }

    /// The same of a text in its one spelling, in which there are no capital letters.
    pub(super) fn may_be_spelt_in(&self, text: &[u8]) -> bool {
        let spelt = Self {
            characters: self.characters.map(fold),
            ..*self
        };
        spelt.places(text).is_some_and(|(within, rare)| {
            memchr_iter(rare, within).any(|at| spelt.stands_at(text, at, |one| one))
        })
    }

    /// Where in a text the rarest character may stand, and which that is.
    fn places<'t>(&self, text: &'t [u8]) -> Option<(&'t [u8], u8)> {
        let rarest = usize::from(self.rarest);
        let last = text.len().checked_sub(usize::from(self.length))?;
        Some((
            text.get(rarest..=last + rarest)?,
            *self.characters.get(rarest)?,
        ))
    }

    #[inline(always)]
    fn stands_at(&self, text: &[u8], at: usize, form: impl Fn(u8) -> u8) -> bool {
        let here = text.get(at..).unwrap_or_default();
        let characters = self.characters.iter().take(usize::from(self.length));
        characters
            .zip(here)
            .all(|(character, one)| form(*one) == *character)
    }
}

/// It is a part of a secret.
impl Zeroize for Probe {
    fn zeroize(&mut self) {
        self.characters.zeroize();
        self.length = 0;
    }
}

/// base64url has other characters for two (RFC 4648 section 5).
fn standard(character: u8) -> u8 {
    match character {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The characters of base64, from those that English and JSON have least of.
const RARE: &[u8] = b"QZXJKqVWYzGHBFMLj+NPUxTRDSIOEAC98765437kvwybgfpmuhcldsnioat21re0/";

const COMMONNESS: [u8; 256] = {
    let mut table = [u8::MAX; 256];
    let mut at = 0;
    while at < RARE.len() {
        table[RARE[at] as usize] = at as u8;
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
        let may_stand = |probe: Probe| {
            let found = probe.may_stand_in(text.as_bytes());
            assert!(!found || probe.may_be_spelt_in(&spelt), "{text}");
            found
        };
        Probe::all(secret.as_bytes()).any(may_stand)
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

    fn base64(value: &[u8]) -> String {
        let (groups, _) = value.as_chunks::<3>();
        let groups = groups.iter().map(|group| Probe::base64(group).characters);
        groups
            .map(|four| String::from_utf8_lossy(&four[..4]).into_owned())
            .collect()
    }
}
