//! Whether one of the values stands in an entry: mostly none does, and that is soon seen.

use zeroize::Zeroize;

use super::places::places;
use super::{Echo, Needle, Secret, probe, search, spelling};

impl Echo {
    /// True where one of the values stands somewhere in these pieces of JSON.
    pub(crate) fn occurs_in(&mut self, json: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        // Most values stand nowhere else, in no spelling, and that is soon seen.
        let is_plain = spelling::is_plain(json);
        if is_plain && !self.may_stand_in(json, probe::may_stand_in) {
            return false;
        }
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        spelling::write(&mut text, json);
        let found =
            (is_plain || self.may_stand_in(&text, probe::may_be_spelt_in)) && self.stands_in(&text);
        if found {
            text.as_mut_slice().zeroize();
        }
        self.scratch = text;
        found
    }

    /// False where none of the values stands in a text, of which only the characters have to be folded.
    fn may_stand_in(&self, text: &[u8], encoded_in: fn(&[u8], &[u8]) -> bool) -> bool {
        let may_hold = |needle: &Needle| {
            let spelt = &self.spelt[needle.spelt.clone()];
            search::may_hold(text, spelt, needle.rarest)
        };
        let may_be_encoded = |secret: &Secret| encoded_in(&self.spelt[secret.value.clone()], text);
        self.needles.iter().any(may_hold) || self.secrets.iter().any(may_be_encoded)
    }

    /// True where one of the values stands in a text of their spelling.
    fn stands_in(&mut self, text: &[u8]) -> bool {
        self.complete();
        self.needles.iter().any(|needle| {
            let spelt = &self.spelt[needle.spelt.clone()];
            places(text, needle, spelt).next().is_some()
        })
    }
}
