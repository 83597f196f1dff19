//! What is said of fields under their names, and what only has a name like theirs.

use serde_json::{Value, json};
use tool_audit::Sanitizer;

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, 256 * 1024);
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[track_caller]
fn stays(value: &Value) {
    let mut sorted = Vec::new();
    tool_audit::canonical::write_value(&mut sorted, value);
    assert_eq!(written(value), String::from_utf8_lossy(&sorted));
}

#[test]
fn what_validators_say_of_a_field_stays() {
    stays(&json!({"errors": {
        "password": "is too short (minimum is 12 characters)",
        "email": "has already been taken",
        "ssn": "can't be blank",
    }}));
    stays(&json!({"errors": {
        "password": ["is too short", "can't be blank"],
        "email": ["is invalid"],
    }}));
}

#[test]
fn a_sentence_with_another_word_goes() {
    for told in [
        "must not be Xk4Ergjv",
        "sommer is too short",
        "blue otter ladder",
    ] {
        let written = written(&json!({"errors": {"password": told, "pin": [told, "is invalid"]}}));
        assert!(!written.contains(told), "{written}");
    }
}

#[test]
fn types_and_labels_of_fields_stay() {
    stays(&json!({"columns": {"email": "text", "ssn": "char(11)"}}));
    stays(&json!({"labels": {"email": "Email", "ssn": "Social security number"}}));
    for mail in [
        "ada.roe",
        "ada(at)mail.example",
        "ada%40mail.example",
        "ada7",
    ] {
        let written = written(&json!({"email": mail}));
        assert!(!written.contains(mail), "{written}");
    }
}

#[test]
fn cells_are_no_addresses_and_ordinal_numbers_no_passwords() {
    stays(&json!({"cell": "B17", "address": "C4:F19"}));
    stays(&json!([{"pass": "second"}, {"pass": 2}, {"pass": "3rd"}]));
    let written = written(&json!({"pass": "secondary", "PASS": "22"}));
    assert!(
        !written.contains("22") && !written.contains("secondary"),
        "{written}"
    );
}

#[test]
fn what_is_mixed_into_hashes_goes_where_it_looks_made_by_chance() {
    const MADE: &str = "4l7cKojGA3ZKrSu93yQ5PtX1lJnmMpN3";
    for name in [
        "APP_HMAC",
        "APP_SALT",
        "APP_PEPPER",
        "FERNET",
        "ENCRYPTION_SEED",
        "SESSION_SIGNER",
    ] {
        let written = written(&json!({"text": format!("{name}={MADE}"), name: MADE}));
        assert!(!written.contains(MADE), "{written}");
    }
    stays(
        &json!({"text": "HMAC=SHA256", "salt": "sea", "hmac": "9f86d081884c7d659a2feaa0c55ad015"}),
    );
    let written =
        written(&json!({"secret_once": "lWQWQrEvO3g", "auth_session": "lWQWQrEvO3gABCd8s9dfk3"}));
    assert!(!written.contains("lWQW"), "{written}");
}
