//! Names of members that the rules go by, where they are many: those of other languages, of numbers that countries
//! give their people, and of what keys are for.

mod identity;
mod keys;
mod people;
mod secrets;

pub(super) use self::identity::{
    DRIVING_LICENCES, HEALTH_RECORDS, IDENTITY_NUMBERS, IDENTITY_WORDS, NO_IDENTITY,
    NUMBERED_IDENTITY, PASSPORT_WORDS, PASSPORTS, TAX_NUMBERS,
};
pub(super) use self::keys::{KEYS_OF_NETWORKS, NO_SECRET_KEY, PURPOSES_OF_KEYS, VENDORS_OF_KEYS};
pub(super) use self::people::{
    ACCOUNT_NUMBERS, ADDRESSES, BIRTH_DATES, FIRST_NAMES, FULL_NAMES, LAST_NAMES,
    NAMES_OF_PERSONS_OR_THINGS, TELEPHONES,
};
pub(super) use self::secrets::{
    ACCESS_CODES, API_KEYS, CODES_OF_LOGINS, MIXED_IN, ONE_TIME_CODES, PASSWORDS, PRIVATE_KEYS,
    SECRET_ANSWERS,
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sanitize::Preset;
    use crate::sanitize::pseudonym::Pseudonyms;
    use crate::sanitize::rules::Rules;

    #[test]
    fn every_name_is_found_alone_and_behind_another_word() {
        let rules = Rules::new(Arc::clone(Preset::Default.names()), Pseudonyms::ephemeral());
        let lists = [
            ACCESS_CODES,
            ACCOUNT_NUMBERS,
            ADDRESSES,
            API_KEYS,
            BIRTH_DATES,
            FIRST_NAMES,
            FULL_NAMES,
            HEALTH_RECORDS,
            IDENTITY_NUMBERS,
            KEYS_OF_NETWORKS,
            LAST_NAMES,
            ONE_TIME_CODES,
            PASSPORT_WORDS,
            CODES_OF_LOGINS,
            PASSWORDS,
            PRIVATE_KEYS,
            SECRET_ANSWERS,
            TAX_NUMBERS,
            TELEPHONES,
        ];
        for name in lists.into_iter().flatten() {
            let (plain, is_alone) = match name.strip_prefix('=') {
                Some(plain) => (plain, true),
                None => (*name, false),
            };
            assert!(rules.for_member(plain).is_some(), "{name}");
            let behind = format!("my_{plain}");
            assert!(is_alone || rules.for_member(&behind).is_some(), "{behind}");
        }
    }
}
