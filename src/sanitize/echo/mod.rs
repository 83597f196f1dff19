//! Values that were replaced for their name, looked for wherever else they stand.
//!
//! `{"password": "…"}` says what the password is: in an error text, a result, or a member that came before it
//! the same value stands bare, and no rule names it there. An [`Echo`] keeps such values for as long as one
//! call is open, 32 of them with 8 KiB together, and wipes them after it.

mod encoding;
mod occurrence;
mod parts;
mod places;
mod probe;
mod remember;
mod replace;
mod ruled;
mod search;
mod spelling;
mod worth;

use std::ops::Range;

use zeroize::Zeroize;

use crate::fingerprint::Fingerprint;
use crate::tree::Tree;

/// The values of one call.
#[derive(Default)]
pub(crate) struct Echo {
    /// Every needle in its one spelling, and the secrets as they are.
    spelt: Vec<u8>,
    needles: Vec<Needle>,
    /// Secrets whose encodings are not among the needles yet.
    secrets: Vec<Secret>,
    replacements: String,
    values: usize,
    /// How many bytes the values have.
    bytes: usize,
    /// A text in its one spelling, for one search; wiped where one of the values stood in it.
    scratch: Vec<u8>,
    /// All that was replaced since somebody began to watch, be it looked for or not.
    told: Option<Fingerprint>,
}

/// What is looked for.
#[derive(Clone)]
struct Needle {
    spelt: Range<usize>,
    /// Where in it the byte stands that is looked for first.
    rarest: usize,
    replacement: Range<usize>,
    form: Form,
}

/// A value that is looked for in encodings too.
#[derive(Clone)]
struct Secret {
    /// Where the value stands among the spelt ones.
    value: Range<usize>,
    replacement: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The value itself.
    Plain,
    /// The value itself, where nothing hangs on it.
    Word,
    /// In base64: the whole run goes.
    Base64,
    Hexadecimal,
}

impl Echo {
    /// True where nothing is looked for.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Adds to `fingerprint` whatever is replaced from now on, for its name or for what it is.
    pub(crate) fn watch(&mut self, fingerprint: Fingerprint) {
        self.told = Some(fingerprint);
    }

    /// Ends the watch, and tells what came of it.
    pub(crate) fn watched(&mut self) -> Option<Fingerprint> {
        self.told.take()
    }

    pub(super) fn note_text(&mut self, replaced: &str) {
        if let Some(told) = &mut self.told {
            told.add_bytes(replaced.as_bytes());
        }
    }

    pub(super) fn note_value(&mut self, replaced: &Tree<'_>) {
        if let Some(told) = &mut self.told {
            told.add_value(replaced);
        }
    }

    /// How much memory it takes beside itself, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.spelt.capacity()
            + self.replacements.capacity()
            + self.scratch.capacity()
            + self.needles.capacity() * size_of::<Needle>()
            + self.secrets.capacity() * size_of::<Secret>()
    }

    /// Forgets and wipes all values. Their room stays.
    pub(crate) fn clear(&mut self) {
        if self.is_empty() {
            return;
        }
        self.spelt.as_mut_slice().zeroize();
        self.spelt.clear();
        self.needles.clear();
        self.secrets.clear();
        self.replacements.clear();
        self.values = 0;
        self.bytes = 0;
    }

    /// Makes room for `more` bytes. A vector that grows by itself leaves a copy behind that nobody wipes.
    fn make_room(&mut self, more: usize) {
        if self.spelt.capacity() - self.spelt.len() >= more {
            return;
        }
        let room = (self.spelt.len() + more).max(1024).next_power_of_two();
        let mut grown = Vec::with_capacity(room);
        grown.extend_from_slice(&self.spelt);
        self.spelt.as_mut_slice().zeroize();
        self.spelt = grown;
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The values are secret.
impl std::fmt::Debug for Echo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Echo")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

/// Values that are looked for in a text.
#[cfg(test)]
mod testing {
    use serde_json::json;

    use super::Echo;

    pub(super) fn echo(values: &[&str]) -> Echo {
        let mut echo = Echo::default();
        for value in values {
            echo.remember(value, "[REDACTED:password]", true);
        }
        echo
    }

    pub(super) fn replaced(echo: &mut Echo, text: &str) -> String {
        let mut tree = json!({ "text": text });
        let mut json = Vec::new();
        crate::canonical::write_value(&mut json, &tree);
        let found = echo.occurs_in(&json);
        let count = echo.replace_in(&mut tree, false);
        assert!(found || count == 0, "{text}");
        tree["text"].as_str().expect("a text").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{echo, replaced};

    #[test]
    fn a_value_is_found_in_every_spelling() {
        let mut echo = echo(&["S3cr et\"p&ss"]);
        for text in [
            "with S3cr et\"p&ss!",
            "with s3cr ET\"P&SS!",
            "with S3cr%20et%22p%26ss!",
            "with S3cr+et%22p%26ss!",
            "with S3cr et\\\"p&ss!",
            "with S3cr et\\\\\\\"p\\u0026ss!",
            "with UzNjciBldCJwJnNz!",
            "with 533363722065742270267373!",
            "with \u{FF33}3cr et\"p&s\u{200B}s!",
        ] {
            assert_eq!(
                replaced(&mut echo, text),
                "with [REDACTED:password]!",
                "{text}"
            );
        }
    }
}
