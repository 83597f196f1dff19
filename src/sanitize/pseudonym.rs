//! Pseudonyms: `pn:<class>:<key id>:<26 base32 characters>`.
//!
//! The characters are 128 bits of HMAC-SHA256 over a domain, the class, a zero byte and the value in a
//! canonical spelling, so the same person has the same pseudonym however the value was written.

use std::sync::LazyLock;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::canonical_value::canonical;
use super::marker::{HASH_LENGTH, MAX_CLASS};
use super::pseudonym_key::{EPHEMERAL, PseudonymKey};

const VALUE_DOMAIN: &[u8] = b"tool-audit pseudonym 1 ";
const SUBJECT_DOMAIN: &[u8] = b"tool-audit pseudonym of a subject 1 ";
const NAME_DOMAIN: &[u8] = b"tool-audit member name 1 ";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How values of classes that have few different ones, birth dates and first names, become pseudonyms.
///
/// A year has 366 days: whoever sees many pseudonyms of birth dates can tell them apart by how often each comes, and
/// whoever learns one value knows it wherever its pseudonym stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmallClasses {
    /// As others: the same value has the same pseudonym everywhere.
    #[default]
    Linkable,
    /// The same value has the same pseudonym where the same identifiers (record numbers, e-mail addresses …) stand beside
    /// it in one object, and another one for another person. Where none stands beside it, it is unlinkable.
    PerSubject,
    /// Every occurrence has a random pseudonym of its own.
    Unlinkable,
}

/// Whom a value of a small class belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject([u8; 32]);

/// True for a class that has so few values that their pseudonyms can be told apart by how often they come.
pub(super) fn is_small(class: &str) -> bool {
    matches!(class, "date_of_birth" | "first_name")
}

/// True for a class whose values tell one person from all others.
pub(super) fn identifies(class: &str) -> bool {
    !is_small(class)
        && !class.ends_with("name")
        && !matches!(class, "address" | "license_plate" | "device_serial")
}

/// Makes pseudonyms; without a key it can make none, and says so.
#[derive(Clone)]
pub(super) struct Pseudonyms {
    /// The key that pseudonyms are made with.
    current: Option<PseudonymKey>,
    /// Keys that pseudonyms were made with before.
    retired: Vec<PseudonymKey>,
}

impl Pseudonyms {
    /// With a key to make pseudonyms with, and others to look for older ones.
    pub(super) fn with_keys(current: PseudonymKey, retired: Vec<PseudonymKey>) -> Self {
        Self {
            current: Some(current),
            retired,
        }
    }

    /// With a key that this process made for itself and every such sanitizer in it shares.
    ///
    /// Where the operating system gives no random bytes there is no key: a guessable one would be worse.
    pub(super) fn ephemeral() -> Self {
        static KEY: LazyLock<Option<PseudonymKey>> = LazyLock::new(PseudonymKey::ephemeral);
        Self {
            current: KEY.clone(),
            retired: Vec::new(),
        }
    }

    /// With other keys to look for older ones.
    pub(super) fn with_retired(mut self, retired: Vec<PseudonymKey>) -> Self {
        self.retired = retired;
        self
    }

    pub(super) fn key_id(&self) -> &str {
        self.current.as_ref().map_or(EPHEMERAL, PseudonymKey::id)
    }

    /// The pseudonym of `value`; `None` without a key.
    pub(super) fn make(&self, class: &str, value: &str) -> Option<String> {
        Some(make_with(self.current.as_ref()?, class, value, None))
    }

    /// The pseudonym of `value`, the way `small_classes` says where its class is one.
    pub(super) fn make_for(
        &self,
        class: &str,
        value: &str,
        small_classes: SmallClasses,
        subject: Option<&Subject>,
    ) -> Option<String> {
        let key = self.current.as_ref()?;
        match (small_classes, subject) {
            _ if !is_small(class) => Some(make_with(key, class, value, None)),
            (SmallClasses::Linkable, _) => Some(make_with(key, class, value, None)),
            (SmallClasses::PerSubject, Some(subject)) => {
                Some(make_with(key, class, value, Some(subject)))
            }
            (SmallClasses::PerSubject, None) | (SmallClasses::Unlinkable, _) => {
                let mut random = [0; 16];
                getrandom::fill(&mut random).ok()?;
                let mut pseudonym = format!("pn:{class}:{}:", key.id());
                push_base32(&mut pseudonym, &random);
                Some(pseudonym)
            }
        }
    }

    /// The subject to whom these values, each with its class, belong; `None` where there are none.
    pub(super) fn subject(&self, identifiers: &mut [(&str, String)]) -> Option<Subject> {
        if identifiers.is_empty() {
            return None;
        }
        for (class, value) in identifiers.iter_mut() {
            *value = canonical(class, value);
        }
        identifiers.sort();
        let mut hash = Sha256::new();
        for (class, value) in identifiers.iter() {
            for part in [class.as_bytes(), value.as_bytes()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        Some(Subject(hash.finalize().into()))
    }

    /// The pseudonyms of `value` under all keys, the current one first.
    pub(super) fn all(&self, class: &str, value: &str) -> Vec<String> {
        let keys = self.current.iter().chain(&self.retired);
        keys.map(|key| make_with(key, class, value, None)).collect()
    }

    /// A keyed name for a member whose own is too long; empty without a key.
    pub(super) fn of_member_name(&self, name: &str) -> String {
        let mut text = String::with_capacity(HASH_LENGTH);
        if let Some(key) = &self.current {
            let mut hash = key.hash();
            hash.update(NAME_DOMAIN);
            hash.update(name.as_bytes());
            push_hash(&mut text, hash);
        }
        text
    }
}

fn make_with(key: &PseudonymKey, class: &str, value: &str, subject: Option<&Subject>) -> String {
    let mut hash = key.hash();
    hash.update(if subject.is_some() {
        SUBJECT_DOMAIN
    } else {
        VALUE_DOMAIN
    });
    hash.update(class.as_bytes());
    hash.update(&[0]);
    if let Some(Subject(subject)) = subject {
        hash.update(subject);
    }
    hash.update(canonical(class, value).as_bytes());
    let mut pseudonym = format!("pn:{class}:{}:", key.id());
    push_hash(&mut pseudonym, hash);
    pseudonym
}

fn push_hash(text: &mut String, hash: Hmac<Sha256>) {
    if let Some(bits) = hash.finalize().into_bytes().first_chunk::<16>() {
        push_base32(text, bits);
    }
}

/// 128 bits, five at a time (RFC 4648 section 6, lower-case, unpadded).
fn push_base32(text: &mut String, bits: &[u8; 16]) {
    let mut bits = u128::from_be_bytes(*bits);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{PseudonymKey, Pseudonyms, SmallClasses};
    use crate::sanitize::Preset;
    use crate::sanitize::default_rules::defaults;
    use crate::sanitize::pass::Pass;
    use crate::sanitize::rules::Rules;
    use crate::tree::Tree;

    fn key(id: &str, byte: u8) -> PseudonymKey {
        PseudonymKey::from_bytes(id, &[byte; 32]).expect("a whole key")
    }

    fn rules(small_classes: SmallClasses) -> Rules {
        let pseudonyms = Pseudonyms::with_keys(key("k1", 7), Vec::new());
        Rules::new(Arc::clone(Preset::Default.names()), pseudonyms)
            .with_small_classes(small_classes)
    }

    fn birth_dates(rules: &Rules, value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        let pass = Pass::new(rules, &mut out, 4096);
        Tree::with(value, |tree| pass.whole_value(tree));
        let written: Vec<Value> = serde_json::from_slice(&out).expect("a list");
        let dates = written.iter().map(|member| member["dob"].to_string());
        dates.collect()
    }

    #[test]
    fn birth_dates_are_linkable_by_subject_or_not_at_all() {
        let value = json!([
            {"dob": "1815-12-10", "mrn": "1", "email": "a@b.example"},
            {"email": "A@B.example", "dob": "10 Dec 1815", "mrn": 1},
            {"dob": "1815-12-10", "mrn": "2"},
            {"dob": "1815-12-10", "town": "Lund"},
            {"dob": "1815-12-10", "town": "Lund"},
        ]);
        let dates = birth_dates(&rules(SmallClasses::Linkable), &value);
        assert!(dates.iter().all(|date| *date == dates[0]));
        let dates = birth_dates(&rules(SmallClasses::PerSubject), &value);
        assert_eq!(dates[0], dates[1]);
        let apart = |one: usize, other: usize| assert_ne!(dates[one], dates[other]);
        apart(0, 2);
        apart(0, 3);
        apart(2, 3);
        apart(3, 4);
        assert!(
            dates
                .iter()
                .all(|date| date.starts_with("\"pn:date_of_birth:k1:"))
        );
        let dates = birth_dates(&rules(SmallClasses::Unlinkable), &value);
        assert_ne!(dates[0], dates[1]);
        assert_ne!(dates[3], dates[4]);
    }

    #[test]
    fn the_rules_have_another_name_for_each_treatment_of_small_classes() {
        let id = |small_classes| rules(small_classes).id().to_owned();
        assert_ne!(id(SmallClasses::Linkable), id(SmallClasses::PerSubject));
        assert_ne!(id(SmallClasses::PerSubject), id(SmallClasses::Unlinkable));
        let plain = Rules::new(
            Arc::clone(Preset::Default.names()),
            Pseudonyms::with_keys(key("k2", 8), Vec::new()),
        );
        assert_eq!(id(SmallClasses::Linkable), plain.id());
    }

    #[test]
    fn a_value_is_looked_for_under_retired_keys_too() {
        let before = Pseudonyms::with_keys(key("k1", 7), Vec::new()).make("ssn", "123-45-6789");
        let now = Pseudonyms::with_keys(key("k2", 8), vec![key("k1", 7)]);
        let all = now.all("ssn", "123456789");
        assert_eq!(all.len(), 2);
        assert_eq!(all.first(), now.make("ssn", "123456789").as_ref());
        assert_eq!(all.last(), before.as_ref());
    }

    #[test]
    fn a_rule_that_keeps_exempts_a_longer_name_from_a_shorter_ones_rule() {
        use crate::sanitize::rule::{Rule, Treatment, with_added};
        use crate::sanitize::rules::Names;

        let kept = Rule::added("design_token", Treatment::Keep);
        let all = with_added(defaults(), vec![kept]);
        let names = Arc::new(Names::new(all));
        let rules = Rules::new(names, Pseudonyms::with_keys(key("k1", 7), Vec::new()));
        let mut out = Vec::new();
        let value =
            json!({"design_token": "blue", "token": "x", "note": "design_token=blue, token=x"});
        let pass = Pass::new(&rules, &mut out, 4096);
        Tree::with(&value, |tree| pass.whole_value(tree));
        let expected = r#"{"design_token":"blue","note":"design_token=blue, token=[REDACTED:token]","token":"[REDACTED:token]"}"#;
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert!(rules.for_member("design_token").is_none());
    }
}
