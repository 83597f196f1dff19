//! What is said of fields under their names.

mod sanitize_support;

use serde_json::json;

use sanitize_support::{stays, written};

#[test]
fn what_validators_say_of_a_field_stays() {
    stays(&json!({"errors": {
        "password": "is too short (minimum is 12 characters)",
        "email": "has already been taken",
        "ssn": "can't be blank",
        "date_of_birth": "must be in the past",
        "iban": "checksum is wrong",
        "address": "muss ausgefüllt werden",
    }}));
    stays(&json!({
        "password": ["This password is too common.", "This password is entirely numeric."],
        "email": ["Enter a valid email address."],
    }));
}

#[test]
fn a_recovery_phrase_of_such_words_goes() {
    let phrase = "must first other word number letter like future list year second already";
    let written = written(&json!({"errors": {"seed_phrase": phrase, "mnemonic": [phrase]}}));
    assert!(!written.contains("must"), "{written}");
}

#[test]
fn the_rules_that_validators_go_by_stay() {
    stays(&json!({"password": "required|string|min:8|confirmed", "email": "required,email"}));
}

#[test]
fn objects_that_hold_nothing_but_a_complaint_stay() {
    stays(&json!({
        "password": [{"message": "This field is required.", "code": "required"}],
        "email": [{"error": "too_short", "count": 8}],
        "ssn": {"valid": false, "errors": ["is the wrong length (should be 9 characters)"]},
        "token": {"message": "Path `token` is required.", "kind": "required", "path": "token"},
    }));
}

#[test]
fn a_complaint_with_the_value_beside_it_goes() {
    for told in [
        json!(["is too short", "Xk4Ergjv"]),
        json!({"message": "is too short", "value": "Xk4Ergjv"}),
        json!({"message": "is too short", "code": "Xk4Ergjv"}),
        json!({"message": "is too short", "Xk4Ergjv": true}),
        json!({"message": "is too short", "count": 48214821}),
        json!({"code": "required", "count": 482}),
    ] {
        let written = written(&json!({"errors": {"password": told}}));
        assert_eq!(written, r#"{"errors":{"password":"[REDACTED:password]"}}"#);
    }
}

#[test]
fn a_sentence_with_another_word_goes() {
    for told in [
        "must not be Xk4Ergjv",
        "sommer is too short",
        "blue otter ladder",
        "code is 482",
    ] {
        let written = written(
            &json!({"errors": {"password": told, "pin": [told, "is invalid"], "ssn": told}}),
        );
        assert!(!written.contains(told), "{written}");
    }
}

#[test]
fn what_is_shown_with_a_field_stays() {
    stays(&json!({"i18n": {
        "password_label": "Password",
        "passwordHelpText": "At least eight characters",
        "pin_hint_text": "Four digits",
        "pin-screen-reader-text": "Code à quatre chiffres",
        "token_hint": "From the mail",
    }}));
    stays(&json!({"name": "password", "help_text": "At least eight characters"}));
    for token in [
        "sommerwind",
        "eyJhbGciOiJIUzI1NiJ9.e30.dozjgNryP4J3jVmN",
        "it is kD83jf02Xq",
    ] {
        let written = written(&json!({"id_token_hint": token}));
        assert_eq!(written, r#"{"id_token_hint":"[REDACTED:token]"}"#);
    }
    let written = written(&json!({"name": "password", "text": "sommerwind"}));
    assert!(!written.contains("sommerwind"), "{written}");
}

#[test]
fn a_message_under_the_name_of_an_address_is_looked_through() {
    let message = "Hallo Team,\n\ndas neue Passwort lautet KCoN!1we!SAv\n\nBitte den Toner prüfen.";
    for value in [json!({"email": message}), json!({"email": [message]})] {
        let written = written(&value);
        assert!(written.contains("Bitte den Toner prüfen."), "{written}");
        assert!(written.contains("[REDACTED:password]"), "{written}");
    }
    for address in [
        "ada.roe",
        "Ada Roe <ada@mail.example>",
        "ada dot roe at mail dot example please",
        "Ada Roe <ada@mail.example>\nBob Poe <bob@mail.example>",
    ] {
        let written = written(&json!({"email": address}));
        assert!(written.starts_with(r#"{"email":"pn:email:"#), "{written}");
    }
}

#[test]
fn one_word_stays_where_complaints_stand_beside_or_around_it() {
    stays(
        &json!({"errors": {"otp": "invalid", "token": ["expired"], "ssn": {"_errors": ["Required"]}}}),
    );
    stays(&json!({"fieldErrors": [{"password": "required"}]}));
    stays(&json!({"password": "required", "ssn": "must not be blank", "username": "too_short"}));
    for value in [
        json!({"password": "invalid"}),
        json!({"password": "invalid", "username": "ada"}),
        json!({"errors": {"password": "sommerwind"}}),
        json!({"errors": {"password": "482159"}}),
    ] {
        assert!(written(&value).contains("[REDACTED:password]"), "{value}");
    }
}

#[test]
fn types_stay_where_types_stand_beside_or_around_them() {
    stays(
        &json!({"password": "string", "ssn": "char(11)", "email": "varchar(255)", "token": "uuid"}),
    );
    stays(&json!({"columns": {"password": "text NOT NULL"}}));
    for value in [
        json!({"password": "string"}),
        json!({"password": "string", "username": "ada"}),
        json!({"columns": {"password": "sommerwind"}}),
    ] {
        assert!(written(&value).contains("[REDACTED:password]"), "{value}");
    }
}

#[test]
fn what_a_complaint_is_about_goes_beside_it() {
    for (field, place, sent) in [
        ("loc", json!(["body", "password"]), "input"),
        ("loc", json!(["body", "users", "password", 0]), "input"),
        ("path", json!("password"), "value"),
        ("instancePath", json!("/user/password"), "data"),
    ] {
        let told = json!({field: place, "msg": "Invalid value", sent: "Sommer-77x"});
        let written = written(&json!({ "errors": [told] }));
        assert!(!written.contains("Sommer"), "{written}");
        assert!(written.contains("Invalid value"), "{written}");
    }
    stays(
        &json!({"loc": ["body", "password"], "msg": "Field required", "input": {"username": "ada"}}),
    );
    stays(&json!({"path": "docs/password", "message": "Tell how", "content": "Choose a long one"}));
}
