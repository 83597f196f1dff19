//! Detectors: values that are sensitive by what they look like, wherever they stand.
//!
//! Each kind of detector is a file or a folder of its own. Some look through a text and add what they find; some are
//! asked about a place in it, as those of numbers are by `digits`. None of them changes the text: all look at the same
//! one, and what they found is merged afterwards.

pub(super) mod account;
mod authorization;
mod bank_number;
mod base64;
mod card;
mod columns;
pub(super) mod command_line;
mod compared;
mod connection_string;
pub(super) mod constraint;
mod control;
mod cookie;
pub(super) mod device_configuration;
pub(super) mod dicom;
mod digits;
pub(super) mod display_name;
pub(super) mod electronic_data;
mod email;
pub(super) mod encoded;
pub(super) mod expect_script;
pub(super) mod form_data;
mod iban;
mod identity_number;
mod inserted;
mod jwt;
mod key_pair;
pub(super) mod labelled_secret;
pub(super) mod markup;
mod merge;
mod nhs_number;
mod noun;
pub(super) mod one_time_code;
pub(super) mod other_one;
pub(super) mod parameter;
pub(super) mod passenger_list;
mod password_file;
pub(super) mod payment_message;
mod phone;
pub(super) mod plain_letters;
mod private_key;
pub(super) mod program;
pub(super) mod program_text;
pub(super) mod registry;
pub(super) mod rejected;
pub(super) mod segment;
pub(super) mod session;
mod shape;
mod ssn;
pub(super) mod statement;
pub(super) mod track;
pub(super) mod travel_document;
pub(super) mod trigger;
pub(super) mod typed;
mod url;
pub(super) mod vcard;
mod vendor_prefixes;
mod vendor_token;

use std::ops::Range;

pub(super) use self::card::is_card;
pub(super) use self::merge::{find, find_swept, is_searched};
use super::rule::Treatment;

/// A kind of value that is known by its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Detector {
    /// A token of a vendor's or a cloud's, known by its prefix.
    VendorToken,
    /// JSON Web Tokens, signed, encrypted or cut (RFC 7515, RFC 7516).
    Jwt,
    /// PEM and PGP private keys, also without their end or beginning (RFC 7468).
    PrivateKey,
    /// Credentials in the authority of a URL (RFC 3986 section 3.2.1).
    UrlCredentials,
    /// Query parameters and paths that grant access by themselves.
    UrlSecret,
    /// `Bearer`, `Basic` and other credentials of HTTP (RFC 9110 section 11).
    Authorization,
    /// `Cookie` and `Set-Cookie` lines (RFC 6265).
    Cookie,
    /// A secret that follows its name in prose, in an option or in a statement.
    LabelledSecret,
    /// One-time codes in messages.
    OneTimeCode,
    /// Base64, hexadecimal digits or percent-encoding whose plain text holds what another detector or rule finds.
    Base64,
    /// Payment card numbers (ISO/IEC 7812).
    Card,
    /// International bank account numbers (ISO 13616).
    Iban,
    /// Numbers of accounts and of banks in prose.
    BankNumber,
    /// Social security numbers of the United States.
    Ssn,
    /// NHS numbers of the United Kingdom.
    NhsNumber,
    /// Numbers that other countries give their people.
    IdentityNumber,
    /// E-mail addresses (RFC 5321).
    Email,
    /// Telephone numbers (E.164 and as North America writes them).
    Phone,
    /// A value that was redacted for its name elsewhere in the same call.
    Echo,
}

/// A place that a detector found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) range: Range<usize>,
    pub(super) detector: Detector,
}

impl Detector {
    pub(super) const ALL: [Self; 19] = [
        Self::VendorToken,
        Self::Jwt,
        Self::PrivateKey,
        Self::UrlCredentials,
        Self::UrlSecret,
        Self::Authorization,
        Self::Cookie,
        Self::LabelledSecret,
        Self::OneTimeCode,
        Self::Base64,
        Self::Card,
        Self::Iban,
        Self::BankNumber,
        Self::Ssn,
        Self::NhsNumber,
        Self::IdentityNumber,
        Self::Email,
        Self::Phone,
        Self::Echo,
    ];

    /// The name of the rule, as it stands in markers and policies.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::VendorToken => "vendor_token",
            Self::Jwt => "jwt",
            Self::PrivateKey => "private_key",
            Self::UrlCredentials => "url_credentials",
            Self::UrlSecret => "url_secret",
            Self::Authorization => "authorization",
            Self::Cookie => "cookie",
            Self::LabelledSecret => "secret",
            Self::OneTimeCode => "one_time_code",
            Self::Base64 => "base64",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::BankNumber => "account_number",
            Self::Ssn => "ssn",
            Self::NhsNumber => "nhs_number",
            Self::IdentityNumber => "national_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Echo => "echo",
        }
    }

    /// What becomes of such a value where no policy says otherwise.
    pub(super) fn treatment(self) -> Treatment {
        match self {
            Self::Card | Self::Iban | Self::BankNumber => Treatment::Mask,
            Self::Ssn | Self::NhsNumber | Self::IdentityNumber | Self::Email | Self::Phone => {
                Treatment::Pseudonymize {
                    class: self.name().into(),
                }
            }
            _ => Treatment::Redact,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Detected;
    use crate::sanitize::Preset;
    use crate::sanitize::pseudonym::Pseudonyms;
    use crate::sanitize::rules::Rules;

    /// The rules that stand without being asked for.
    pub(super) fn rules() -> Rules {
        Rules::new(Arc::clone(Preset::Default.names()), Pseudonyms::ephemeral())
    }

    /// The texts that a detector finds, in order.
    pub(super) fn found(text: &str, find: impl Fn(&str, &mut Vec<Detected>)) -> Vec<&str> {
        let mut all = Vec::new();
        find(text, &mut all);
        all.sort_by_key(|found| found.range.start);
        all.into_iter().map(|found| &text[found.range]).collect()
    }
}
