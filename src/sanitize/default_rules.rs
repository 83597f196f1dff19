//! The rules that stand without being asked for.
//!
//! Each names the members that it is for, as they are folded; any words may stand before them.

use super::harmless_words::{
    NO_CODE_OF_LOGIN, NO_CREDENTIALS, NO_PASSWORD, NO_PERSON, NO_PLACE_TO_LIVE, NO_SECRET,
    NO_SECRET_PIN, NO_SECRET_TOKEN,
};
use super::rule::{Extent, Group, Rule, Treatment};
use super::spared::Spared;
use super::value_shape::Shape;
use super::vocabulary;

/// The default rules.
pub(super) fn defaults() -> Vec<Rule> {
    let mut rules = secrets();
    rules.extend(card_data());
    rules.extend(financial());
    rules.extend(personal());
    rules.extend(identity_words());
    rules
}

/// Numbers that countries give their people, under names that are words of other meanings too.
fn identity_words() -> impl Iterator<Item = Rule> {
    vocabulary::IDENTITY_WORDS.iter().map(|(names, identity)| {
        let class = "national_id".into();
        let treatment = Treatment::Pseudonymize { class };
        Rule::new(
            "national_id",
            Some(Group::Personal),
            treatment,
            Extent::Identity,
        )
        .called(names)
        .sparing(Spared::Unlike(Shape::Identity(*identity)))
    })
}

fn secrets() -> Vec<Rule> {
    let secret = |name, extent| Rule::new(name, Some(Group::Secret), Treatment::Redact, extent);
    let word = |name| secret(name, Extent::Word);
    vec![
        word("password").called(&[
            "password",
            "passwd",
            "passwrd",
            "pword",
            "pwd",
            "pw",
            "passphrase",
            "passcode",
            "password_hash",
            "passwd_hash",
            "masterauth",
            "psw",
            "pswd",
        ]),
        word("password").called(vocabulary::PASSWORDS),
        word("password")
            .called(&["pass"])
            .harmless_after(NO_PASSWORD),
        word("token")
            .called(&["token"])
            .harmless_after(NO_SECRET_TOKEN)
            .sparing(Spared::Counts)
            .opened(),
        word("token").called(&["csrfmiddlewaretoken"]),
        // The token itself (OpenID Connect), or where to find it.
        word("token")
            .called(&["token_hint"])
            .sparing(Spared::Sentences),
        // What .NET calls a part of an assembly's name.
        Rule::new(
            "public_key_token",
            Some(Group::Secret),
            Treatment::Keep,
            Extent::Word,
        )
        .called(&["public_key_token"]),
        word("personal_access_token").called(&["pat"]),
        word("jwt").called(&["jwt"]),
        word("csrf").called(&["csrf", "xsrf"]),
        word("secret").called(&["secret"]).harmless_after(NO_SECRET),
        word("secret").called(&[
            "secret_string",
            "secret_binary",
            "secret_key_base",
            "totp_seed",
            "otp_seed",
            "nkey_seed",
            "snmp_community",
            "community_string",
            "macaroon",
            "secret_once",
        ]),
        word("secret")
            .called(vocabulary::MIXED_IN)
            .sparing(Spared::Unlike(Shape::RandomToken)),
        // Of times it counts the nanoseconds.
        word("secret")
            .called(&["nsec"])
            .sparing(Spared::Unlike(Shape::Token)),
        secret("secret", Extent::Phrase).called(vocabulary::SECRET_ANSWERS),
        word("access_code")
            .called(vocabulary::ACCESS_CODES)
            .sparing(Spared::Errors(4)),
        word("secret").called(&["secret_id"]).sparing(Spared::Paths),
        word("api_key")
            .called(&[
                "api_key",
                "app_key",
                "application_key",
                "subscription_key",
                "server_key",
                "xapikey",
                "api_user_key",
                "functions_key",
                "fastly_key",
                "jfrog_art_api",
                "instrumentation_key",
                "license_key",
                "licence_key",
                "activation_key",
            ])
            .opened(),
        word("api_key").called(vocabulary::API_KEYS),
        word("api_key").called(vocabulary::KEYS_OF_NETWORKS),
        word("api_key")
            .keys_for(vocabulary::VENDORS_OF_KEYS)
            .sparing(Spared::Unlike(Shape::TokenOrUuid)),
        word("api_key")
            .keys_for(vocabulary::PURPOSES_OF_KEYS)
            .sparing(Spared::Unlike(Shape::Token)),
        word("api_key")
            .called(&["key"])
            .harmless_after(vocabulary::NO_SECRET_KEY)
            .sparing(Spared::Unlike(Shape::RandomToken)),
        word("access_key")
            .called(&[
                "access_key",
                "access_key_id",
                "secret_access_key",
                "secret_key",
                "shared_access_key",
                "shared_access_signature",
                "account_key",
                "auth_key",
                "consumer_key",
                "master_key",
                "service_key",
                "service_role_key",
                "session_key",
                "shared_key",
                "preshared_key",
                "pre_shared_key",
                "azure_storage_key",
                "admin_key",
                "unseal_key",
                "psk",
            ])
            .opened(),
        word("private_key").called(&[
            "private_key",
            "private_key_pem",
            "private_key_data",
            "client_key",
            "client_key_data",
            "decryption_key",
            "encryption_key",
            "aes_key",
            "fernet_key",
            "key_material",
            "hmac_key",
            "signing_key",
        ]),
        word("private_key").called(vocabulary::PRIVATE_KEYS),
        word("credentials")
            .called(&["credential", "creds", "cred"])
            .opened(),
        secret("authorization", Extent::Credentials)
            .called(&[
                "authorization",
                "authorization_header",
                "auth_header",
                "=auth",
                "=bearer",
            ])
            .harmless_after(NO_CREDENTIALS)
            .sparing(Spared::Schemes)
            .opened(),
        secret("authorization", Extent::Credentials)
            .called(&[
                "basic_auth",
                "http_auth",
                "redis_auth",
                "rediscli_auth",
                "sentry_auth",
            ])
            .sparing(Spared::Containers),
        word("cookie").called(&["cookie", "set_cookie", "connect_sid"]),
        word("session").called(&["~sessionid", "phpsessid", "jsessionid"]),
        word("session")
            .called(&["auth_session"])
            .sparing(Spared::Unlike(Shape::TokenOrUuid)),
        word("one_time_code").called(&[
            "otp",
            "totp",
            "otp_code",
            "totp_code",
            "mfa_code",
            "2fa_code",
            "two_factor_code",
            "verification_code",
            "one_time_code",
            "login_code",
            "sms_code",
            "auth_code",
            "authorization_code",
            "code_verifier",
            "oauth_verifier",
            "access_code",
            "activation_code",
            "pairing_code",
            "unlock_code",
        ]),
        word("one_time_code").called(vocabulary::ONE_TIME_CODES),
        // Fewer digits are the code of what went wrong.
        word("one_time_code")
            .called(vocabulary::CODES_OF_LOGINS)
            .harmless_after(NO_CODE_OF_LOGIN)
            .sparing(Spared::FewerDigits(5)),
        word("one_time_code")
            .called(&["device_code"])
            .sparing(Spared::Unlike(Shape::Token)),
        word("one_time_code")
            .called(&["user_code"])
            .sparing(Spared::Unlike(Shape::UserCode)),
        word("pin")
            .called(&["pin", "pin_code"])
            .numbered(&["pin"])
            .harmless_after(NO_SECRET_PIN)
            .sparing(Spared::Contacts),
        secret("recovery_code", Extent::Phrase).called(&[
            "recovery_code",
            "backup_code",
            "recovery_key",
            "recovery_phrase",
            "seed_phrase",
            "seed_words",
            "mnemonic",
            "mnemonic_phrase",
        ]),
        word("remember_me").called(&["remember_me"]),
    ]
}

fn card_data() -> Vec<Rule> {
    let dropped = |name| Rule::new(name, Some(Group::Card), Treatment::Drop, Extent::Digits);
    vec![
        dropped("card_security_code")
            .called(&[
                "cvv",
                "icvv",
                "cvc",
                "csc",
                "cvn",
                "cvv_code",
                "cvc_code",
                "cvv2_code",
                "cvc2_code",
                "security_code",
                "card_code",
                "card_verification",
                "card_verification_value",
                "card_verification_code",
            ])
            .numbered(&["cvv", "cvc", "card_verification"]),
        dropped("track_data").called(&[
            "track_data",
            "=track1",
            "=track2",
            "track1_data",
            "track2_data",
            "magstripe",
            "magstripe_data",
            "magnetic_stripe",
            "magnetic_stripe_data",
        ]),
        dropped("pin_block").called(&["pin_block"]),
    ]
}

fn financial() -> Vec<Rule> {
    let masked = |name| {
        Rule::new(
            name,
            Some(Group::Financial),
            Treatment::Mask,
            Extent::Digits,
        )
    };
    vec![
        masked("credit_card")
            .called(&["credit_card", "debit_card", "payment_card"])
            .numbered(&[
                "card",
                "credit_card",
                "debit_card",
                "payment_card",
                "cc",
                "primary_account",
            ]),
        masked("card")
            .called(&["card", "pan"])
            .sparing(Spared::FewerDigits(8)),
        masked("iban").called(&["iban"]).numbered(&["iban"]),
        masked("account_number")
            .called(&["bank_account", "bank_acct"])
            .numbered(&["account", "acct", "bank_account", "bank_acct"]),
        masked("account_number").called(vocabulary::ACCOUNT_NUMBERS),
        masked("account_number")
            .called(&["acct"])
            .sparing(Spared::Unlike(Shape::AccountNumber)),
        masked("account_number")
            .called(&["rib"])
            .sparing(Spared::Unlike(Shape::BankIdentity)),
        masked("routing_number").numbered(&["routing", "aba", "routing_transit"]),
        masked("routing_number")
            .numbered(&["transit"])
            .sparing(Spared::FewerDigits(5)),
        masked("routing_number")
            .called(&["aba", "=routing"])
            .sparing(Spared::Unlike(Shape::RoutingNumber)),
        masked("sort_code")
            .called(&["bsb", "bsb_number", "bsb_code"])
            .sparing(Spared::FewerDigits(6)),
        masked("sort_code").called(&["sort_code"]),
    ]
}

fn personal() -> Vec<Rule> {
    let person = |name: &str, extent| {
        let class = name.into();
        Rule::new(
            name,
            Some(Group::Personal),
            Treatment::Pseudonymize { class },
            extent,
        )
    };
    let phrase = |name| person(name, Extent::Phrase);
    let called = |name| person(name, Extent::Name);
    let word = |name| person(name, Extent::Word);
    let digits = |name| person(name, Extent::Digits);
    let identity = |name| person(name, Extent::Identity);
    vec![
        called("patient_name").called(&["patient_name", "patient_full_name", "pt_name"]),
        called("patient_name")
            .called(&["=patient"])
            .sparing(Spared::Unlike(Shape::PersonName)),
        called("full_name").called(vocabulary::FULL_NAMES),
        called("full_name")
            .called(vocabulary::NAMES_OF_PERSONS_OR_THINGS)
            .sparing(Spared::Unlike(Shape::PersonName)),
        called("full_name")
            .called(&[
                "full_name",
                "account_holder",
                "account_holder_name",
                "applicant_name",
                "beneficiary_name",
                "card_holder",
                "card_holder_name",
                "caregiver_name",
                "contact_name",
                "customer_name",
                "emergency_contact",
                "employee_name",
                "father_name",
                "full_legal_name",
                "guardian_name",
                "guest_name",
                "insured_name",
                "legal_full_name",
                "member_name",
                "mother_name",
                "name_full",
                "name_on_card",
                "next_of_kin",
                "next_of_kin_name",
                "passenger_name",
                "person_name",
                "policy_holder_name",
                "recipient_name",
                "resident_name",
                "spouse_name",
                "student_name",
                "subscriber_name",
            ])
            .harmless_after(NO_PERSON),
        called("first_name")
            .called(&[
                "first_name",
                "given_name",
                "middle_name",
                "name_first",
                "preferred_name",
                "forename",
                "fname",
            ])
            .harmless_after(NO_PERSON),
        called("first_name").called(vocabulary::FIRST_NAMES),
        called("last_name").called(vocabulary::LAST_NAMES),
        called("last_name")
            .called(&["=nom"])
            .sparing(Spared::Unlike(Shape::Surname)),
        called("last_name")
            .called(&[
                "last_name",
                "family_name",
                "maiden_name",
                "name_last",
                "surname",
                "lname",
            ])
            .harmless_after(NO_PERSON),
        person("date_of_birth", Extent::Date).called(&[
            "date_of_birth",
            "dates_of_birth",
            "birth_date",
            "birthday",
            "born_on",
            "dob",
            "=born",
        ]),
        person("date_of_birth", Extent::Date).called(vocabulary::BIRTH_DATES),
        person("date_of_death", Extent::Date).called(&[
            "date_of_death",
            "death_date",
            "deceased_date",
        ]),
        digits("ssn")
            .called(&["ssn", "social_security"])
            .numbered(&["ssn", "social_security", "soc_sec", "=ss"]),
        digits("ssn")
            .called(&["=ss"])
            .sparing(Spared::FewerDigits(9)),
        // What is paid to it is called so, too.
        word("national_id")
            .called(&["national_insurance"])
            .sparing(Spared::Unlike(Shape::PaperNumber)),
        word("national_id")
            .called(&["national_id", "nino"])
            .numbered(&[
                "national_id",
                "national_identity",
                "national_identification",
                "national_insurance",
                "ni",
                "nino",
                "identity_card",
                "aadhaar",
            ]),
        identity("national_id")
            .called(vocabulary::IDENTITY_NUMBERS)
            .numbered(vocabulary::NUMBERED_IDENTITY)
            .sparing(Spared::FewerDigits(5)),
        identity("national_id")
            .called(&["identification_number", "id_number", "id_no", "id_num"])
            .harmless_after(vocabulary::NO_IDENTITY)
            .sparing(Spared::FewerDigits(6)),
        identity("national_id")
            .called(&["document_number", "document_no"])
            .sparing(Spared::Unlike(Shape::PaperNumber)),
        word("tax_id")
            .called(&["tax_id", "taxpayer_id", "itin"])
            .numbered(&[
                "tax_id",
                "tax_identification",
                "tax",
                "taxpayer_id",
                "taxpayer_identification",
            ]),
        word("tax_id").called(vocabulary::TAX_NUMBERS),
        digits("nhs_number").numbered(&["nhs"]),
        digits("nhs_number")
            .called(&["=nhs"])
            .sparing(Spared::FewerDigits(10)),
        word("medicare_id")
            .called(&[
                "medicare_id",
                "medicare_beneficiary_id",
                "medicare_beneficiary_identifier",
                "medicaid_id",
                "mbi",
            ])
            .numbered(&["medicare", "medicare_beneficiary", "medicaid", "mbi"]),
        word("passport")
            .called(&["passport", "passport_id"])
            .numbered(&["passport"]),
        // Words of other languages behind them are no values.
        word("passport")
            .called(vocabulary::PASSPORTS)
            .sparing(Spared::FewerDigits(4)),
        identity("passport")
            .called(vocabulary::PASSPORT_WORDS)
            .sparing(Spared::FewerDigits(6)),
        word("drivers_license")
            .called(vocabulary::DRIVING_LICENCES)
            .sparing(Spared::FewerDigits(4)),
        word("drivers_license")
            .called(DRIVERS_LICENSES)
            .numbered(DRIVERS_LICENSES)
            .numbered(&["dl"]),
        word("email")
            .called(&["email", "email_address", "mail_address"])
            .sparing(Spared::Messages),
        digits("phone")
            .called(&["phone", "telephone", "msisdn"])
            .numbered(&[
                "phone",
                "telephone",
                "tel",
                "mobile",
                "cell",
                "contact",
                "callback",
                "sms",
                "whatsapp",
            ])
            .sparing(Spared::Words),
        digits("phone")
            .called(&["mobile", "tel"])
            .sparing(Spared::FewerDigits(5)),
        // Messages are called so, too.
        digits("phone")
            .called(&["=whatsapp"])
            .sparing(Spared::Texts),
        digits("phone").called(&["=cell"]).sparing(Spared::Cells),
        digits("phone")
            .called(vocabulary::TELEPHONES)
            .sparing(Spared::Words),
        digits("phone")
            .called(&[
                "=handy",
                "movil",
                "móvil",
                "=portable",
                "mobiel",
                "mobil",
                "caller_id",
            ])
            .called(&["from_number", "to_number", "sms_to", "sms_from", "call_to"])
            .sparing(Spared::Unlike(Shape::Dialled)),
        digits("fax").called(&["fax"]).numbered(&["fax"]),
        phrase("address")
            .called(&[
                "address",
                "address_line",
                "street_line",
                "home_addr",
                "street_addr",
                "mailing_addr",
                "billing_addr",
                "shipping_addr",
                "=street",
            ])
            .harmless_after(NO_PLACE_TO_LIVE)
            .sparing(Spared::NetworkAddresses),
        phrase("address")
            .called(vocabulary::ADDRESSES)
            .harmless_after(NO_PLACE_TO_LIVE)
            .sparing(Spared::NetworkAddresses),
        word("mrn")
            .called(vocabulary::HEALTH_RECORDS)
            .sparing(Spared::FewerDigits(4)),
        word("mrn")
            .called(&["mrn", "mrn_id", "medical_record", "medical_record_id"])
            .numbered(&["mrn", "medical_record"]),
        word("health_plan_number")
            .called(&["health_plan_id", "beneficiary_id"])
            .numbered(&["health_plan_beneficiary", "health_plan", "beneficiary"]),
        word("insurance_id")
            .called(&["insurance_id", "subscriber_id"])
            .numbered(&["insurance", "insurance_policy", "insurance_card"]),
        word("insurance_id")
            .numbered(&["policy"])
            .sparing(Spared::FewerDigits(5)),
        word("member_id")
            .called(&["member_id"])
            .numbered(&["member"]),
        word("license_number").numbered(&["license", "licence"]),
        word("vehicle_id")
            .called(&["vin"])
            .numbered(&["vin", "vehicle_identification"]),
        phrase("license_plate").called(&[
            "license_plate",
            "licence_plate",
            "license_plate_number",
            "number_plate",
        ]),
        word("device_serial").called(&["device_serial", "device_serial_number"]),
        word("biometric_id").called(&["biometric_id", "biometric_identifier"]),
    ]
}

/// A driver's license in its spellings.
const DRIVERS_LICENSES: &[&str] = &[
    "drivers_license",
    "drivers_licence",
    "driver_license",
    "driver_licence",
    "driving_license",
    "driving_licence",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::defaults;

    #[test]
    fn no_name_is_that_of_two_rules() {
        let rules = defaults();
        let mut known = BTreeMap::new();
        let mut twice = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            for key in rule.keys() {
                if known
                    .insert(&key.letters, place)
                    .is_some_and(|other| other != place)
                {
                    twice.push(String::from_utf8_lossy(&key.letters).into_owned());
                }
            }
        }
        assert!(twice.is_empty(), "{twice:?}");
    }
}
