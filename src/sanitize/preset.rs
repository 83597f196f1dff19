use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use super::SanitizerError;
use super::additions::Additions;
use super::default_rules;
use super::detect::Detector;
use super::generalize::Generalization;
use super::record_rules::ClientIpPolicy;
use super::rule::{self, Group, Rule, Treatment};
use super::rule_set::Detectors;
use super::rules::Names;

/// Which rules a sanitizer begins with.
///
/// | | secrets | card and bank account numbers | CVV, track data, PIN block | personal data |
/// |---|---|---|---|---|
/// | `Default` | redacted | masked to the last four | dropped | pseudonyms |
/// | `SecretsOnly` | redacted | left alone | dropped | left alone |
/// | `Hipaa` | redacted | redacted | dropped | pseudonyms, made coarser, or redacted |
/// | `Pci` | redacted | masked to the last four | dropped, PINs too | pseudonyms |
///
/// ```
/// use serde_json::json;
/// use tool_audit::sanitize::{Preset, Sanitizer};
///
/// let sanitizer = Sanitizer::builder().preset(Preset::Hipaa).build()?;
/// let mut out = Vec::new();
/// sanitizer.write_value(&mut out, &json!({"zip": "94107", "admission_date": "2024-05-17", "age": 93}), 1024);
/// assert_eq!(out, br#"{"admission_date":"2024","age":"90+","zip":"941"}"#);
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// The rules of the [module](super).
    #[default]
    Default,
    /// Passwords, tokens, keys and what PCI DSS forbids to keep. Names, addresses, card and account numbers stand
    /// in the log in clear: for tools that never see a person's data.
    SecretsOnly,
    /// The default, and more of the 18 kinds of identifiers of 45 CFR 164.514(b)(2).
    ///
    /// Card and account numbers are redacted whole. Network addresses become pseudonyms under their names, in texts
    /// and as the client's. Of dates of birth, death, admission, discharge and service the year stays, where it
    /// tells of no age over 89; ages over 89 become `90+`; of ZIP codes three digits stay, or `000`. Provider numbers (NPI)
    /// become pseudonyms; pages, profiles and photos of persons, cities, counties and encounter numbers are redacted.
    ///
    /// This is no de-identification, and does not make one. A pseudonym that is derived from an identifier is itself one
    /// (164.514(c) allows no code derived from information about the person); names and places in prose are
    /// found only where something says that they are; dates in prose stay; and the remaining record of who did what when
    /// may identify a person. `user_id` names the employee, and stays.
    Hipaa,
    /// The default, and PINs, track data and the magnetic stripe are dropped whatever stands before them, since PCI
    /// DSS 3.3.1 forbids keeping them after authorization.
    ///
    /// A card number (PAN) is shown by its last four digits and never by a pseudonym too, because both together can
    /// be joined to the whole number (PCI DSS 3.5.1.1): a rule for card numbers that asks for a pseudonym is
    /// refused, unless every one does.
    Pci,
}

impl Preset {
    /// All of them, as policies write them.
    pub(super) const NAMED: [(&'static str, Self); 4] = [
        ("default", Self::Default),
        ("secrets-only", Self::SecretsOnly),
        ("hipaa", Self::Hipaa),
        ("pci", Self::Pci),
    ];

    /// The preset of this name, as policies write it: `default`, `secrets-only`, `hipaa` or `pci`.
    ///
    /// ```
    /// use tool_audit::sanitize::Preset;
    ///
    /// assert_eq!(Preset::from_name("secrets-only"), Some(Preset::SecretsOnly));
    /// assert_eq!(Preset::from_name("none"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut named = Self::NAMED.into_iter();
        named
            .find(|(known, _)| *known == name)
            .map(|(_, preset)| preset)
    }

    /// The preset's rules for names, compiled once in a process.
    pub(super) fn names(self) -> &'static Arc<Names> {
        static NAMES: [OnceLock<Arc<Names>>; Preset::NAMED.len()] =
            [const { OnceLock::new() }; Preset::NAMED.len()];
        NAMES[self as usize].get_or_init(|| {
            let mut rules = default_rules::defaults();
            self.change_rules(&mut rules);
            Arc::new(Names::new(rules))
        })
    }

    /// Makes the preset's rules of the default ones.
    fn change_rules(self, rules: &mut Vec<Rule>) {
        match self {
            Self::Default => {}
            Self::SecretsOnly => {
                rules.retain(|rule| matches!(rule.group(), Some(Group::Secret | Group::Card)));
            }
            Self::Hipaa => {
                for rule in rules.iter_mut() {
                    match &rule.treatment {
                        Treatment::Mask => rule.treatment = Treatment::Redact,
                        Treatment::Pseudonymize { class } if **class == *"date_of_birth" => {
                            rule.treatment = Treatment::Generalize(Generalization::Year);
                        }
                        _ => {}
                    }
                }
                for (names, treatment) in hipaa_keys() {
                    add(rules, names, &treatment);
                }
            }
            Self::Pci => add(rules, PCI_DROPPED, &Treatment::Drop),
        }
    }

    pub(super) fn change_detectors(self, detectors: &mut Detectors) {
        for (detector, treatment) in Detector::ALL.into_iter().zip(detectors) {
            match self {
                Self::SecretsOnly if !is_secret(&detector.treatment()) => {
                    *treatment = Treatment::Keep;
                }
                Self::Hipaa if *treatment == Treatment::Mask => *treatment = Treatment::Redact,
                _ => {}
            }
        }
    }

    pub(super) fn client_ip(self) -> ClientIpPolicy {
        match self {
            Self::Hipaa => ClientIpPolicy::Pseudonym,
            Self::Default | Self::SecretsOnly | Self::Pci => ClientIpPolicy::Keep,
        }
    }

    /// Adds the preset's own patterns.
    pub(super) fn add_to(self, additions: &mut Additions) -> Result<(), SanitizerError> {
        if self != Self::Hipaa {
            return Ok(());
        }
        for regex in [ADDRESS_4, ADDRESS_6] {
            let patterns = &mut additions.patterns;
            patterns.add_accepted("ip", regex, pseudonymize("ip"), accepted_address)?;
        }
        Ok(())
    }
}

/// A rule of this kind spares no part of a value and gives no pseudonym.
fn is_secret(treatment: &Treatment) -> bool {
    matches!(treatment, Treatment::Redact | Treatment::Drop)
}

fn pseudonymize(class: &str) -> Treatment {
    Treatment::Pseudonymize {
        class: class.into(),
    }
}

/// Adds rules, in place of others of the same names.
fn add(rules: &mut Vec<Rule>, names: &[&str], treatment: &Treatment) {
    let added = names
        .iter()
        .map(|name| Rule::added(name, treatment.clone()));
    *rules = rule::with_added(std::mem::take(rules), added.collect());
}

const PCI_DROPPED: &[&str] = &[
    "pin",
    "pin_code",
    "pin_block",
    "card_pin",
    "track",
    "track_data",
    "magnetic_stripe",
    "magstripe",
];

/// Names of the 18 kinds that the default rules do not have or treat more gently.
fn hipaa_keys() -> [(&'static [&'static str], Treatment); 6] {
    [
        (
            &[
                "birth_date",
                "birthday",
                "date_of_birth",
                "dob",
                "birthdate",
                "admission_date",
                "date_of_admission",
                "admitted_at",
                "discharge_date",
                "date_of_discharge",
                "discharged_at",
                "death_date",
                "date_of_death",
                "deceased_date",
                "dod",
                "service_date",
                "date_of_service",
                "visit_date",
                "encounter_date",
                "procedure_date",
                "surgery_date",
                "appointment_date",
                "specimen_date",
            ],
            Treatment::Generalize(Generalization::Year),
        ),
        (
            &["age", "patient_age", "age_years", "age_in_years"],
            Treatment::Generalize(Generalization::Age),
        ),
        (
            &[
                "zip",
                "zip_code",
                "postal_code",
                "postcode",
                "zip_plus_four",
            ],
            Treatment::Generalize(Generalization::Zip),
        ),
        (
            &["npi", "national_provider_identifier"],
            pseudonymize("npi"),
        ),
        (
            &[
                "ip",
                "ip_address",
                "ipv4",
                "ipv6",
                "client_ip",
                "remote_ip",
                "source_ip",
            ],
            pseudonymize("ip"),
        ),
        (
            &[
                "encounter_number",
                "encounter_id",
                "visit_number",
                "city",
                "county",
                "precinct",
                "website",
                "web_page",
                "homepage",
                "home_page",
                "personal_url",
                "profile_url",
                "patient_url",
                "linkedin",
                "facebook",
                "photo",
                "photograph",
                "photo_url",
                "face_image",
                "avatar",
                "avatar_url",
                "voice_print",
                "retina_scan",
            ],
            Treatment::Redact,
        ),
    ]
}

const ADDRESS_4: &str = r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b";
/// Whatever has at least two colons and might be an address: whether it is one is looked at.
const ADDRESS_6: &str =
    r"(?i)(?:\b[0-9a-f]{1,4}:|::)(?:[0-9a-f]{0,4}:){1,7}[0-9a-f]{0,4}\b|::[0-9a-f]{1,4}\b";

fn accepted_address(found: &str) -> Option<usize> {
    let trimmed = found.trim_end_matches(':');
    [found, trimmed]
        .into_iter()
        .find(|text| text.parse::<IpAddr>().is_ok())
        .map(str::len)
}
