//! Pseudonyms: `pn:<class>:<key id>:<26 base32 characters>`.
//!
//! The characters are 128 bits of HMAC-SHA256 over a domain, the class, a zero byte and the value in a
//! canonical spelling, so the same person has the same pseudonym however the value was written.

use std::sync::LazyLock;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::marker::{HASH_LENGTH, MAX_CLASS};
use super::pseudonym_key::{EPHEMERAL, PseudonymKey};

const VALUE_DOMAIN: &[u8] = b"tool-audit pseudonym 1 ";
const NAME_DOMAIN: &[u8] = b"tool-audit member name 1 ";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What becomes of values of which there are few, such as birth dates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmallClasses {
    /// The same value has the same pseudonym.
    #[default]
    Linkable,
    /// The same value has the same pseudonym for one subject alone.
    PerSubject,
    /// Each has another.
    Unlinkable,
}

/// Makes pseudonyms; without a key it can make none, and says so.
#[derive(Clone)]
pub(super) struct Pseudonyms(Option<PseudonymKey>);

impl Pseudonyms {
    pub(super) fn new(key: Option<PseudonymKey>, old: Vec<PseudonymKey>, small: SmallClasses) -> Self {
        let _ = (old, small);
        key.map_or_else(Self::ephemeral, |key| Self(Some(key)))
    }

    /// With a key that this process made for itself and every such sanitizer in it shares.
    ///
    /// Where the operating system gives no random bytes there is no key: a guessable one would be worse.
    pub(super) fn ephemeral() -> Self {
        static KEY: LazyLock<Option<PseudonymKey>> = LazyLock::new(PseudonymKey::ephemeral);
        Self(KEY.clone())
    }

    pub(super) fn key_id(&self) -> &str {
        self.0.as_ref().map_or(EPHEMERAL, PseudonymKey::id)
    }

    /// The pseudonym of `value`; `None` without a key.
    pub(super) fn make(&self, class: &str, value: &str) -> Option<String> {
        let key = self.0.as_ref()?;
        let mut hash = key.hash();
        hash.update(VALUE_DOMAIN);
        hash.update(class.as_bytes());
        hash.update(&[0]);
        hash.update(canonical(class, value).as_bytes());
        let mut pseudonym = format!("pn:{class}:{}:", key.id());
        push_base32(&mut pseudonym, hash);
        Some(pseudonym)
    }

    /// A keyed name for a member whose own is too long; empty without a key.
    pub(super) fn of_member_name(&self, name: &str) -> String {
        let mut text = String::with_capacity(HASH_LENGTH);
        if let Some(key) = &self.0 {
            let mut hash = key.hash();
            hash.update(NAME_DOMAIN);
            hash.update(name.as_bytes());
            push_base32(&mut text, hash);
        }
        text
    }
}

/// One spelling for all that mean the same.
fn canonical(class: &str, value: &str) -> String {
    if matches!(class, "phone" | "ssn") {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            return digits;
        }
    }
    if class == "address" || class.ends_with("name") {
        let mut spaced = String::with_capacity(value.len());
        for word in value.split_whitespace() {
            if !spaced.is_empty() {
                spaced.push(' ');
            }
            spaced.push_str(&word.to_lowercase());
        }
        return spaced;
    }
    value.trim().to_owned()
}

/// The first 128 bits, five at a time (RFC 4648 section 6, lower-case, unpadded).
fn push_base32(text: &mut String, hash: Hmac<Sha256>) {
    let bytes = hash.finalize().into_bytes();
    let mut bits = bytes[..16]
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    for _ in 0..HASH_LENGTH {
        text.push(char::from(BASE32[(bits >> 123) as usize]));
        bits <<= 5;
    }
}

/// True where `class` may stand in a pseudonym.
pub(super) fn is_class(class: &str) -> bool {
    class.len() <= MAX_CLASS
        && class.starts_with(|first: char| first.is_ascii_lowercase())
        && class
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A class that may stand in a pseudonym, made from any text.
pub(super) fn to_class(text: &str) -> String {
    let folded = super::keys::snake_case(text);
    if is_class(&folded) {
        return folded;
    }
    let plain: String = folded
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .skip_while(|letter| !letter.is_ascii_lowercase())
        .take(MAX_CLASS)
        .collect();
    if plain.is_empty() {
        "value".to_owned()
    } else {
        plain
    }
}
