//! What the sanitizer takes from names: of members, of what stands beside them, of columns and of options.

use serde_json::{Map, Value, json};
use tool_audit::canonical;
use tool_audit::sanitize::{PseudonymKey, RuleCounts, Sanitized, Sanitizer};

fn keyed() -> Sanitizer {
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).expect("a whole key");
    let builder = Sanitizer::builder().pseudonym_key(key);
    builder.build().expect("default rules")
}

fn value_text(value: &Value) -> (String, Sanitized) {
    let mut out = Vec::new();
    let done = keyed().write_value(&mut out, value, 1024 * 1024);
    (String::from_utf8(out).expect("JSON is UTF-8"), done)
}

fn sanitized(value: &Value) -> Value {
    let (text, _) = value_text(value);
    let once: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        value_text(&once),
        (text, Sanitized::default()),
        "a second pass changes it again"
    );
    once
}

#[track_caller]
fn stays(value: &Value) {
    let (text, done) = value_text(value);
    let mut expected = Vec::new();
    canonical::write_value(&mut expected, value);
    assert_eq!(text.as_bytes(), expected);
    assert_eq!(done, Sanitized::default(), "{text}");
}

#[track_caller]
fn becomes(value: &Value, expected: &Value) {
    assert_eq!(sanitized(value), *expected);
}

/// The name with which a marker or pseudonym says which rule or class it is for.
fn kind_of(name: &str, value: Value) -> String {
    let members = Map::from_iter([(name.to_owned(), value)]);
    let sanitized = sanitized(&Value::Object(members));
    let written = sanitized[name].as_str().unwrap_or_default();
    let end = written.find([']', ':']).unwrap_or(0);
    match (written.strip_prefix('['), written.strip_prefix("pn:")) {
        (Some(_), _) => written[1..]
            .replace(']', ":")
            .split(':')
            .take(2)
            .collect::<Vec<_>>()
            .join(" "),
        (_, Some(rest)) => format!("pn {}", rest.split(':').next().unwrap_or_default()),
        _ => format!("stays {}", &written[end..]),
    }
}

#[test]
fn secrets_are_known_by_every_usual_name() {
    for (rule, names) in [
        (
            "password",
            "password passwd pwd pass passphrase passcode pw db_password dbPassword smtpPass old_passwd DB_PWD pwd2 userPw \
             PGPASSWORD MYSQL_PWD dbpassword userpass rootpassword password_confirmation newPasswordConfirm password_hash \
             passwordPlaintext keystorePass first_password test.password PassWord",
        ),
        (
            "token",
            "token access_token accesstoken accessToken refreshToken id_token bot_token x-auth-token authtoken csrfToken \
             sessionToken github.token API_TOKEN oauth2token token_value TOKEN1 personalAccessToken",
        ),
        (
            "secret",
            "secret client_secret appSecret webhook_signing_secret jwt_secret clientsecret secret_id SecretString secret-value",
        ),
        (
            "api_key",
            "api_key apiKey APIKey XApiKey X-API-KEY apikey openai_api_key apiKeys myapikey",
        ),
        (
            "access_key",
            "access_key aws_access_key_id AWSSecretAccessKey secretKey masterKey account_key shared-key authKey consumer_key",
        ),
        (
            "private_key",
            "private_key privateKey signing_key encryption_key hmacKey clientKeyData client-key-data ssh_private_key",
        ),
        (
            "credentials",
            "credentials creds credential gcp_credentials",
        ),
        (
            "authorization",
            "authorization Authorization Proxy-Authorization auth http.authorization",
        ),
        ("cookie", "cookie Cookie set-cookie session_cookie"),
        ("session", "sessionid SESSIONID PHPSESSID JSESSIONID"),
        (
            "one_time_code",
            "otp totp otpCode mfa_code verificationCode one-time code 2faCode",
        ),
        ("pin", "pin PIN pin_code newPin userpin"),
        ("recovery_code", "recovery_code backup_codes recoveryCodes"),
        ("csrf", "csrf xsrf"),
        ("jwt", "jwt user_jwt"),
        ("remember_me", "remember_me rememberMe"),
        ("personal_access_token", "pat github_pat"),
    ] {
        let names = names
            .split_whitespace()
            .filter(|name| !["code", "one-time"].contains(name));
        for name in names {
            for value in [json!("hunter2"), json!({"x": [1]}), json!(["a", 5])] {
                assert_eq!(kind_of(name, value), format!("REDACTED {rule}"), "{name}");
            }
        }
    }
    assert_eq!(
        kind_of("One-time code", json!(123456)),
        "REDACTED one_time_code"
    );
    assert_eq!(kind_of("pin", json!(8046)), "REDACTED pin");
    assert_eq!(kind_of("password", json!(1.5)), "REDACTED password");
}

#[test]
fn what_may_not_be_kept_of_a_card_is_dropped() {
    for name in [
        "cvv",
        "CVV2",
        "cvc",
        "csc",
        "securityCode",
        "security code",
        "card_cvv",
        "track_data",
        "track1Data",
        "pin_block",
    ] {
        assert!(
            kind_of(name, json!("123")).starts_with("DROPPED "),
            "{name}"
        );
        assert!(kind_of(name, json!(123)).starts_with("DROPPED "), "{name}");
    }
}

#[test]
fn numbers_of_cards_and_accounts_keep_their_last_four_and_amounts_stay() {
    becomes(
        &json!({"card_number": "5500-0000-0000-0004", "iban": "GB00 TEST 1234 5678", "routingNumber": 123_456_789}),
        &json!({"card_number": "[MASKED:credit_card:0004]", "iban": "[MASKED:iban:5678]", "routingNumber": "[MASKED:routing_number:6789]"}),
    );
    becomes(
        &json!({"bank_account": {"balance": 1200.5, "currency": "SEK", "number": "000123456789", "sort_code": "12-34-56"}}),
        &json!({"bank_account": {"balance": 1200.5, "currency": "SEK", "number": "[MASKED:account_number:6789]", "sort_code": "[REDACTED:sort_code]"}}),
    );
    becomes(
        &json!({"card": {"brand": "demo", "number": "1234567890123456", "cvc": 123}, "pan": "1234567890123456"}),
        &json!({"card": {"brand": "demo", "number": "[MASKED:card:3456]", "cvc": "[DROPPED:card_security_code]"}, "pan": "[MASKED:card:3456]"}),
    );
    stays(
        &json!({"card": "ace of spades", "pan": 45, "tilt": 12, "balance": 4000, "amount": 12.5, "dashboard_card_id": "c-1"}),
    );
}

#[test]
fn card_numbers_are_found_as_integers_under_any_name() {
    // The example number of ISO/IEC 7812's check digit, padded to an issuer's range.
    let card = 4_111_111_111_111_111_u64;
    becomes(
        &json!({"n": [card, card as f64]}),
        &json!({"n": ["[MASKED:card:1111]", "[MASKED:card:1111]"]}),
    );
    stays(
        &json!({"n": [card + 1, 1_793_053_779_354_404_u64, 1_188_121_211_115_071_516_u64, -5, 1e300, 4.5]}),
    );
}

#[test]
fn personal_data_is_known_by_every_usual_name() {
    for (class, names) in [
        (
            "patient_name",
            "patient_name patientName Patient-Name ptName",
        ),
        (
            "full_name",
            "fullName customer_name CustomerName cardholder_name name_on_card nextOfKin emergency_contact spouseName memberName",
        ),
        (
            "first_name",
            "first_name firstName given_name GivenName name_first preferredName first_name_raw",
        ),
        (
            "last_name",
            "last_name lastName familyName surname mother_maiden_name nameLast",
        ),
        (
            "date_of_birth",
            "date_of_birth dateOfBirth dob DOB patient_dob birthDate birthday D.O.B. dobISO born_on date_of_birth_value",
        ),
        (
            "ssn",
            "ssn SSN customer_ssn social_security_number SocialSecurityNumber ssn_number ssnNo social_security_num ssn_value ssn1 \
             soc_sec_no",
        ),
        (
            "national_id",
            "national_id nationalId national_insurance_number niNumber national_id_no nationalInsuranceNo",
        ),
        ("tax_id", "tax_id taxId"),
        ("nhs_number", "nhs_number NHSNumber nhsNo"),
        ("medicare_id", "medicare_id mbi medicareNo mbiNumber"),
        ("passport", "passport passportNumber passport_num"),
        (
            "drivers_license",
            "drivers_license driver's-license driverLicenseNumber driverLicenseNo dl_number",
        ),
        ("email", "email e-mail userEmail email_address emailAddress"),
        (
            "phone",
            "phone phoneNumber telephone mobile mobileNumber home_phone phone_home phoneWork phone_primary telNo mobile_no cellNo \
             cellphone contactNo callback_number",
        ),
        ("fax", "fax fax_number"),
        (
            "address",
            "address home_address streetAddress billingAddress shipping-address address2 street home_addr address_home",
        ),
        (
            "mrn",
            "mrn patient_mrn medical_record_number mrnNumber mrn_no mrnId",
        ),
        ("health_plan_number", "health_plan_beneficiary_number"),
        ("insurance_id", "insurance_id"),
        ("member_id", "member_id memberId"),
        ("license_number", "license_number"),
        ("vehicle_id", "vin"),
        ("license_plate", "license_plate licensePlate"),
        ("device_serial", "device_serial"),
        ("biometric_id", "biometric_id"),
    ] {
        for name in names.split_whitespace() {
            assert_eq!(
                kind_of(name, json!("AB 12-345.67")),
                format!("pn {class}"),
                "{name}"
            );
        }
    }
}

#[test]
fn names_of_other_languages_are_known() {
    for (kind, names) in [
        (
            "REDACTED password",
            "hasło lösenord salasana 비밀번호 parool şifre jelszó heslo clave_secreta adgangskode Пароль ПАРОЛЬ ログインパスワード",
        ),
        (
            "REDACTED one_time_code",
            "bestätigungscode código_de_verificación 验证码",
        ),
        ("REDACTED secret", "security_answer challengeAnswer"),
        ("pn first_name", "vorname prénom etunimi"),
        (
            "pn last_name",
            "nachname apellidos cognome sukunimi фамилия",
        ),
        ("pn full_name", "nombre_completo 氏名 фио"),
        (
            "pn date_of_birth",
            "geburtsdatum fecha_nacimiento date_de_naissance 生年月日 bday",
        ),
        ("pn address", "anschrift dirección indirizzo 住所"),
        ("pn phone", "Handynummer telefono celular 電話番号 landline"),
        (
            "pn national_id",
            "cpf dni pesel bsn steuer_id codice_fiscale henkilotunnus isikukood personnummer fødselsnummer rodne_cislo nric \
             personal_code citizenId government_id voter_id residence_permit_number",
        ),
        (
            "MASKED account_number",
            "clabe kontonummer cbu numero_de_cuenta",
        ),
    ] {
        for name in names.split_whitespace() {
            let found = kind_of(name, json!("4183 0851 7231"));
            assert!(found.starts_with(kind), "{name}: {found}");
        }
    }
    becomes(
        &json!({"name": "Roe", "vorname": "Ada"}),
        &json!({"name": keyed().pseudonym("last_name", "Roe"), "vorname": keyed().pseudonym("first_name", "Ada")}),
    );
}

#[test]
fn a_key_is_a_secret_where_it_looks_like_one_and_its_name_is_of_no_place_in_data() {
    let token = "yjlDyettKjIwyQM7aSTcWRbf9YEtLGrt";
    for name in [
        "stripe_key",
        "OPENAI_KEY",
        "sshKey",
        "pagerduty_integration_key",
        "frobnicator_key",
    ] {
        becomes(&json!({name: token}), &json!({name: "[REDACTED:api_key]"}));
        becomes(
            &json!({"env": format!("{name}={token}\nA=b")}),
            &json!({"env": format!("{name}=[REDACTED:api_key]\nA=b")}),
        );
        stays(&json!({name: "see-the-vault", "env": format!("{name}=eu-west-1")}));
    }
    for name in [
        "key",
        "sort_key",
        "cache_key",
        "idempotencyKey",
        "object_key",
        "public_key",
        "hotkey",
        "keys",
        "primary_keys",
    ] {
        stays(&json!({name: token}));
        stays(&json!({"env": format!("{name}={token}")}));
    }
    stays(&json!({
        "frobnicator_key": "9f86d081884c7d659a2feaa0c55ad015", "device_key": "6ddd2f54-6388-4117-ae39-07f134ab30c8",
        "storage_key": "uploads/user123456/avatar", "kms_key": "arn:aws:kms:eu-west-1:1:key/6ddd2f54",
        "deploy_key": {"title": "ci", "key": "ssh-ed25519 AAAA a@b"}, "url": "https://x.example/?foo_key=bar&sort_key=a",
    }));
}

#[test]
fn everyday_words_are_names_where_their_value_looks_like_it() {
    stays(&json!({
        "sin": 0.5, "tin": "foil", "rut": "deep", "nir": 780, "rib": "cage", "rfc": "RFC 7231", "nik": "nak", "aba": "ABA-17",
        "cpr": "done", "fin": "end", "avs": "Y", "run": 12_345_678, "fnr": 0.04172, "tfn": "18005551234", "acct": "acct_1Nv0FGQ9",
        "nom": "rapport final.pdf", "nombre": "Producto 7", "client_name": "web-frontend", "parent_name": "root", "patient": "p-17",
        "owner_name": "octocat", "legal_name": "Acme GmbH", "document_number": "5100000123", "id_number": 12, "mobile": "responsive",
        "from_number": 3, "caller_id": "svc-gateway", "routing": {"strategy": "hash"}, "policy_number": 7, "gate_code": "B12",
        "address": "amqp://broker:5672", "text": "sin 30 is 0.5, run 12345678 done, nom: rapport",
    }));
    for (name, value) in [
        ("sin", "046 454 286"),
        ("rut", "12.345.678-5"),
        ("nir", "185057800608491"),
        ("rfc", "GOMC8501015T3"),
        ("nif", "12345678Z"),
        ("nom", "Fauxbourg"),
        ("patient", "Ada Maria Roe"),
        ("client_name", "Ada Roe"),
        ("document_number", "P7712345"),
        ("caller_id", "+43 660 1234567"),
        ("from_number", "+43 660 1234567"),
    ] {
        let found = kind_of(name, json!(value));
        assert!(found.starts_with("pn "), "{name}: {found}");
    }
    for (name, value) in [
        ("rib", "30006000011234567890189"),
        ("acct", "7712345678"),
        ("aba", "021000021"),
    ] {
        let found = kind_of(name, json!(value));
        assert!(found.starts_with("MASKED "), "{name}: {found}");
    }
}

#[test]
fn what_is_in_objects_under_a_secrets_name_and_is_none_stays() {
    stays(&json!({
        "sheet": {"cells": {"A1": "Umsatz", "B1": 70133}}, "cell": "client = connect()", "tokens": {"input": 41_771, "output": 30_177},
        "usage": {"tokens": [15_496, 11, 995]}, "pin": {"lat": 48.2, "lon": 16.3, "color": "teal"}, "pins": [17, 27, 22],
        "markers": {"pins": [{"lat": 47.5, "title": "Hafen"}]}, "auth": {"type": "oauth2-pkce", "scopes": ["orders.read"]},
        "phone": {"model": "fairphone-6", "os": "android-17"}, "scopes": ["token:read", "secret:list"],
    }));
    becomes(
        &json!({"AccessKey": {"UserName": "bot", "SecretAccessKey": "x7Tq", "Status": "Active"}, "pin": {"old": 1234}}),
        &json!({"AccessKey": {"UserName": "bot", "SecretAccessKey": "[REDACTED:access_key]", "Status": "Active"}, "pin": "[REDACTED:pin]"}),
    );
}

#[test]
fn a_long_number_behind_a_name_is_a_value_and_no_part_of_the_name() {
    let of = |value| keyed().pseudonym("ssn", value);
    becomes(
        &json!({"ssn:123-45-6789": {"visits": 71234}}),
        &json!({format!("ssn:{}", of("123456789")): {"visits": 71234}}),
    );
}

#[test]
fn a_name_in_an_object_about_a_person_is_the_persons() {
    let of = |class: &str, value: &str| keyed().pseudonym(class, value);
    becomes(
        &json!({"patient": {"name": "Ada Roe", "ward": "w"}, "people": [{"name": "Ada Roe", "team": "t"}]}),
        &json!({"patient": {"name": of("patient_name", "Ada Roe"), "ward": "w"},
            "people": [{"name": of("full_name", "Ada Roe"), "team": "t"}]}),
    );
    becomes(
        &json!({"resourceType": "Patient", "name": [{"use": "usual", "family": "Roe", "given": ["Ada"]}], "gender": "x"}),
        &json!({"resourceType": "Patient", "name": [{"use": "usual", "family": of("last_name", "Roe"),
            "given": [of("first_name", "Ada")]}], "gender": "x"}),
    );
    for kind in [
        json!({"text": "Medical Record Number"}),
        json!({"coding": [{"system": "http://x.example/v2-0203", "code": "MR"}]}),
    ] {
        becomes(
            &json!({"type": kind, "value": "0062452"}),
            &json!({"type": kind, "value": of("mrn", "0062452")}),
        );
    }
    stays(&json!({
        "name": "n", "resourceType": "Group", "font": {"family": "Inter"}, "patient": "p-1", "patients": 3,
        "customer": {"id": "c-1", "display": {"name": "n"}}, "jobs": [{"name": "build"}],
    }));
}

#[test]
fn names_that_only_look_alike_stay() {
    stays(&json!({
        "token_count": 48211, "max_output_tokens": 16384, "completionTokens": 9, "cached_tokens": "12", "tokenizer": "bpe",
        "token_type": "bearer", "token_limit": 5, "nextPageToken": "CAUQ", "continuation_token": "x", "progressToken": "p-1",
        "deltaToken": "d", "eos_token": "</s>", "tokens": 12,
        "password_policy_id": "p", "password_length": 12, "password_changed_at": "x", "passwordless": "yes",
        "bypass": "never", "bypass_cache": "x", "compass": "north", "passenger": "7A", "pass_rate": 0.9, "boarding_pass": "B7",
        "passed": 40217, "trespass": "no", "firstPass": "a",
        "secretary": "d", "secret_name": "prod/pg", "secret_arn": "a", "secret_version": "v", "secrets_scanned": 3,
        "author": "docs", "authority": "https://idp.example", "authorized": "no", "auth_method": "pkce", "auth_type": "x",
        "is_authenticated": "partially", "author_id": "x", "basic_auth_realm": "r",
    }));
    stays(&json!({
        "key": "a/b.csv", "primary_key": "id", "foreign_key": "id", "sort_key": "a", "cache_key": "c", "public_key": "ssh-x",
        "keyboard": "q", "keyword": "k", "keyframes": "f", "signature": "fn a()", "session_id": "s-1", "sessionId": "s-2",
        "session_count": 3, "cookies_accepted": "all", "cookies": 4, "className": "btn", "adobe_product": "lr",
        "pinned": "row", "opinion": "good", "pin_count": 40881, "gpio_pin": 17, "spinner": "dots", "discard": "none",
        "cardinality": 5, "microphone": "usb", "headphones": "bt", "mobile": "ios", "patent": "x", "japan": "jp", "hispan": "x",
        "pattern": "p", "oauth": "v2", "oauth_callback_url": "https://x.example/a", "cvs": "x", "evince": "x",
    }));
    stays(&json!({
        "bind_address": "0.0.0.0:80", "memory_address": "0x7f", "contractAddress": "0xFa", "listen-address": "::", "macAddress": "a",
        "address_type": "home", "address": "10.1.2.3:8080", "email_count": 5, "email_template_id": "t", "phone_count": 2,
        "name": "n", "username": "ada", "file_name": "f", "user": "u", "id": 5, "url": "https://x.example", "host": "h",
        "path": "/a", "code": "E1", "ip": "10.0.0.1", "patient_id": "P-1", "birth_order": 2, "hostname": "db", "license": "MIT",
        "serial": "s", "member": "m", "insurance": "i", "table_full_name": "a.b", "description": "pass the salt",
    }));
}

#[test]
fn names_in_letters_that_only_look_like_latin_ones_are_the_same_names() {
    for name in [
        "\u{FF50}\u{FF41}\u{FF53}\u{FF53}\u{FF57}\u{FF4F}\u{FF52}\u{FF44}",
        "\u{FF21}\u{FF30}\u{FF29}\u{3000}\u{FF2B}\u{FF25}\u{FF39}",
        "pass\u{200B}word",
        "passwor\u{AD}d",
        "\u{FEFF}pass\u{2060}word\u{200D}",
        "p\u{430}ssw\u{43E}rd",
        "\u{440}\u{430}\u{455}\u{455}word",
        "passw\u{3BF}rd",
        "p\u{E1}ssw\u{F6}rd",
        "p\u{61}\u{301}ssword",
        "\u{1D429}\u{1D41A}\u{1D42C}\u{1D42C}\u{1D430}\u{1D428}\u{1D42B}\u{1D41D}",
        "to\u{212A}en",
        "\u{422}\u{41E}\u{41A}EN",
        "access\u{2010}token",
        "D\u{412} \u{420}ASSWORD",
        "db\u{A0}Password",
    ] {
        assert!(
            kind_of(name, json!("x")).starts_with("REDACTED "),
            "{name:?}"
        );
    }
    stays(
        &json!({"\u{43F}\u{430}\u{441}\u{43F}\u{43E}\u{440}": "x", "\u{5BC6}": "x", "gro\u{DF}e": "a", "K\u{151}szeg": "b"}),
    );
}

#[test]
fn a_name_beside_a_value_says_what_it_is() {
    for (object, value) in [
        (json!({"name": "password", "value": "hunter2"}), "value"),
        (json!({"value": "hunter2", "key": "X-Api-Key"}), "value"),
        (
            json!({"header": "Authorization", "content": ["Bearer x"]}),
            "content",
        ),
        (
            json!({"parameterKey": "MasterUserPassword", "parameterValue": "x"}),
            "parameterValue",
        ),
        (json!({"label": "One-time code", "val": 123_456}), "val"),
        (
            json!({"element": "Password field", "ref": "e1", "text": "x"}),
            "text",
        ),
        (
            json!({"selector": "input[name=\"password\"]", "value": "x"}),
            "value",
        ),
        (
            json!({"selector": "#login-form > input.user-password-input", "value": "x"}),
            "value",
        ),
        (
            json!({"locator": "getByLabel('Password')", "text": "x"}),
            "text",
        ),
        (
            json!({"placeholder": "Enter your PIN (4 digits)", "text": "0000"}),
            "text",
        ),
        (
            json!({"question": "Password for the archive?", "answer": "x"}),
            "answer",
        ),
        (json!({"id": "SMTP_PASSWORD", "data": "x"}), "data"),
        (
            json!({"variable": "DB_PASSWORD", "default": "x", "x": 1}),
            "default",
        ),
        (json!({"env": "API_TOKEN", "value": {"from": "x"}}), "value"),
        (
            json!({"field": {"name": "password"}, "value": "x"}),
            "value",
        ),
        (
            json!({"key": "auth.token", "value": {"stringValue": "x"}}),
            "value",
        ),
    ] {
        let sanitized = sanitized(&object);
        assert!(
            sanitized[value]
                .as_str()
                .is_some_and(|text| text.starts_with("[REDACTED:")),
            "{sanitized}"
        );
        let others = |object: &Value| {
            let mut members = object.as_object().cloned().unwrap_or_default();
            members.remove(value);
            members
        };
        assert_eq!(others(&sanitized), others(&object));
    }
    becomes(
        &json!([{"system": "http://example.org/mrn", "value": "MRN-1"}, {"label": "Date of birth", "value": "1815-12-10"}]),
        &json!([
            {"system": "http://example.org/mrn", "value": keyed().pseudonym("mrn", "MRN-1")},
            {"label": "Date of birth", "value": keyed().pseudonym("date_of_birth", "1815-12-10")},
        ]),
    );
    stays(&json!([
        {"name": "region", "value": "eu"}, {"key": "Accept-Language", "value": "fi"}, {"type": "text", "text": "hello"},
        {"title": "How to choose a password", "content": "Take a long one."}, {"name": "token_count", "value": 5},
        {"name": "reset password", "description": "x"}, {"title": "Reset your password", "text": "Click below."},
        {"name": "password", "required": true, "kind": "input"}, {"username": "token", "value": "x"},
        {"name": "password", "value": null}, {"name": "tokens", "value": 5},
    ]));
}

#[test]
fn rows_are_read_by_their_names_and_columns() {
    becomes(
        &json!({"headers": [["content-type", "text/css"], ["authorization", "Bearer x"]]}),
        &json!({"headers": [["content-type", "text/css"], ["authorization", "[REDACTED:authorization]"]]}),
    );
    becomes(
        &json!([["page", "40213"], ["access_token", "x"], ["limit", 5]]),
        &json!([
            ["page", "40213"],
            ["access_token", "[REDACTED:token]"],
            ["limit", 5]
        ]),
    );
    let ssn = keyed().pseudonym("ssn", "123456789");
    for (columns, rows) in [
        ("columns", "rows"),
        ("header", "data"),
        ("fields", "values"),
        ("column_names", "records"),
    ] {
        becomes(
            &json!({columns: ["town", "ssn", "password"], rows: [["Lund", "123-45-6789", "x"], ["Oslo", 123_456_789, null]], "n": 2}),
            &json!({columns: ["town", "ssn", "password"], rows: [["Lund", ssn, "[REDACTED:password]"], ["Oslo", ssn, null]], "n": 2}),
        );
    }
    becomes(
        &json!({"schema": {"fields": [{"name": "town", "type": "string"}, {"name": "pin", "type": "int"}]}, "rows": [["Lund", 5]]}),
        &json!({"schema": {"fields": [{"name": "town", "type": "string"}, {"name": "pin", "type": "int"}]}, "rows": [["Lund", "[REDACTED:pin]"]]}),
    );
    becomes(
        &json!({"table": [["town", "ssn", "password"], ["Lund", "123-45-6789", "x"]]}),
        &json!({"table": [["town", "ssn", "password"], ["Lund", ssn, "[REDACTED:password]"]]}),
    );
    becomes(
        &json!([["user", "password"], ["ada", "hunter2"], ["bob", "x"]]),
        &json!([
            ["user", "password"],
            ["ada", "[REDACTED:password]"],
            ["bob", "[REDACTED:password]"]
        ]),
    );
    for row in ["values", "cells"] {
        becomes(
            &json!({"columns": [{"name": "town"}, {"name": "pin"}], "rows": [{row: ["Lund", "4821"]}]}),
            &json!({"columns": [{"name": "town"}, {"name": "pin"}], "rows": [{row: ["Lund", "[REDACTED:pin]"]}]}),
        );
    }
    becomes(
        &json!([{"k": "town", "v": "Lund"}, {"k": "PIN", "v": "4821"}, {"op": "add", "path": "/a/pin", "value": "4821"}]),
        &json!([{"k": "town", "v": "Lund"}, {"k": "PIN", "v": "[REDACTED:pin]"},
            {"op": "add", "path": "/a/pin", "value": "[REDACTED:pin]"}]),
    );
    stays(&json!({"path": "docs/password.md", "content": "see page 9", "value": "x"}));
    becomes(
        &json!({"columns": ["town", "pin"], "values": ["Lund", 5]}),
        &json!({"columns": ["town", "pin"], "values": ["Lund", "[REDACTED:pin]"]}),
    );
    becomes(
        &json!({"name": "password", "values": ["a", "b"]}),
        &json!({"name": "password", "values": "[REDACTED:password]"}),
    );
    stays(
        &json!({"required": ["password", "email"], "matrix": [[1, 2], [3, 4]], "names": [["a", "b"], ["c", "d"]]}),
    );
    stays(
        &json!({"columns": ["town", "size"], "rows": [["Lund", "5"]], "data": [["x", {"y": []}], []]}),
    );
}

#[test]
fn arguments_are_read_by_the_options_before_them() {
    let password = "[REDACTED:password]";
    for (arguments, expected) in [
        (
            json!(["--host", "db", "--password", "x", "--quick"]),
            json!(["--host", "db", "--password", password, "--quick"]),
        ),
        (
            json!(["run", "-token", "x", "-v"]),
            json!(["run", "-token", "[REDACTED:token]", "-v"]),
        ),
        (
            json!(["--pin", 1234, "--retries", 5]),
            json!(["--pin", "[REDACTED:pin]", "--retries", 5]),
        ),
        (
            json!(["mysql", "-u", "root", "-psecret1", "db"]),
            json!(["mysql", "-u", "root", "-p[REDACTED:password]", "db"]),
        ),
        (
            json!(["/usr/bin/curl", "-s", "-u", "ada:x", "h"]),
            json!(["/usr/bin/curl", "-s", "-u", "ada:[REDACTED:password]", "h"]),
        ),
        (
            json!(["curl", "--user=ada:x"]),
            json!(["curl", "--user=ada:[REDACTED:password]"]),
        ),
        (
            json!(["curl", "-uada:x"]),
            json!(["curl", "-uada:[REDACTED:password]"]),
        ),
        (
            json!(["docker", "login", "-u", "ada", "-p", "x"]),
            json!(["docker", "login", "-u", "ada", "-p", password]),
        ),
        (
            json!(["sudo", "sshpass", "-p", "x", "ssh", "-p", "22"]),
            json!(["sudo", "sshpass", "-p", password, "ssh", "-p", password]),
        ),
        (
            json!(["redis-cli", "-h", "db", "-a", "x", "ping"]),
            json!(["redis-cli", "-h", "db", "-a", password, "ping"]),
        ),
        (
            json!(["Authorization: Bearer x", "-v"]),
            json!(["Authorization: [REDACTED:authorization]", "-v"]),
        ),
    ] {
        becomes(&json!({ "args": arguments }), &json!({ "args": expected }));
    }
    becomes(
        &json!({"command": "mysqldump", "args": ["-psecret1", "--quick"]}),
        &json!({"command": "mysqldump", "args": ["-p[REDACTED:password]", "--quick"]}),
    );
    stays(
        &json!({"args": ["docker", "run", "-p", "80:80", "-u", "root:root"], "argv": ["mysql", "-P", "3306", "-p"]}),
    );
    stays(&json!([
        ["--password-stdin", "-v"],
        ["--token", "--yes"],
        ["-p", "x"],
        ["--max-tokens", "100"],
        ["cp", "-a", "b"]
    ]));
}

#[test]
fn every_value_of_a_kubernetes_secret_goes() {
    becomes(
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"user": "YWRh", "url": "eA=="}, "stringData": {"a": "b"}}),
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
            "data": {"user": "[REDACTED:secret]", "url": "[REDACTED:secret]"}, "stringData": {"a": "[REDACTED:secret]"}}),
    );
    stays(&json!({"kind": "ConfigMap", "data": {"user": "YWRh"}}));
}

#[test]
fn a_name_that_was_replaced_names_nothing() {
    let pseudonym = keyed().pseudonym("ssn", "1");
    stays(&json!({
        "[REDACTED:token]": 1, "[REDACTED:password]#2": 2, "[MASKED:card:1234]": "x", "user [REDACTED:secret]": "y",
        pseudonym.clone(): 3, format!("{pseudonym}#12"): 4,
    }));
    becomes(
        &json!({"form[password]": "x"}),
        &json!({"form[password]": "[REDACTED:password]"}),
    );
}

#[test]
fn what_stands_behind_a_marker_does_not_make_a_name_of_it() {
    for name in [
        "a [REDACTED:token]\", \"",
        "a [REDACTED:token]\", \"s",
        "a [REDACTED:password]\t9:",
        "a [MASKED:card:3812]\", \"37",
    ] {
        stays(&json!({ name: "what stands beside it" }));
    }
}

#[test]
fn names_of_members_are_searched_and_stay_unique_and_in_order() {
    let value = json!({"z": 1, "password=one": 2, "password=two": 3, "a": {"token: x": 4}});
    becomes(
        &value,
        &json!({"z": 1, "password=[REDACTED:password]": 2, "password=[REDACTED:password]#2": 3, "a": {"token: [REDACTED:token]": 4}}),
    );
    let (text, done) = value_text(&value);
    let read: Value = serde_json::from_str(&text).expect("JSON");
    let mut again = Vec::new();
    canonical::write_value(&mut again, &read);
    assert_eq!(text.as_bytes(), again, "not in canonical order");
    assert_eq!(done.redactions, 3);
    let mrn = keyed().pseudonym("mrn", "57875448");
    becomes(
        &json!({"by_mrn": {"MRN 12345": "", "mrn-12345": ""}}),
        &json!({"by_mrn": {keyed().pseudonym("mrn", "mrn12345"): "", keyed().pseudonym("mrn", "mrn12345") + "#2": ""}}),
    );
    becomes(
        &json!({"by_mrn": {"57875448": {"x": true}}}),
        &json!({"by_mrn": {mrn: {"x": true}}}),
    );
    let mut out = Vec::new();
    assert_eq!(keyed().write_key(&mut out, "password=one").redactions, 1);
    assert_eq!(out, br#""password=[REDACTED:password]""#);
}

#[test]
fn a_pseudonym_is_the_same_however_its_value_is_spelled() {
    for (class, one, other) in [
        ("email", "Ada@Example.COM", "ada@example.com "),
        ("email", "\u{FF41}da@example.com", "ada@example.com"),
        ("phone", "+46 (0)70-123", "46070123"),
        ("mrn", "MRN-12 34", "mrn1234"),
        ("full_name", "  Ada   LOVELACE", "ada lovelace"),
        ("last_name", "Gro\u{DF}", "GROSS"),
        ("date_of_birth", "10 December 1815", "1815-12-10"),
        ("date_of_birth", "Dec. 10th, 1815", "1815/12/10"),
        ("date_of_birth", "10.12.1815", "18151210"),
        ("date_of_birth", "12/31/1815", "31/12/1815"),
        ("date_of_birth", "1815-12-10T00:00:00Z", "1815-12-10"),
    ] {
        assert_eq!(
            keyed().pseudonym(class, one),
            keyed().pseudonym(class, other),
            "{one}"
        );
    }
    for (class, one, other) in [
        ("date_of_birth", "03/09/1978", "1978-03-09"),
        ("date_of_birth", "03/09/1978", "1978-09-03"),
        ("email", "a@b.example", "ab@.example"),
    ] {
        assert_ne!(
            keyed().pseudonym(class, one),
            keyed().pseudonym(class, other),
            "{one}"
        );
    }
    assert_eq!(
        keyed().pseudonyms_of("mrn", "1234"),
        [keyed().pseudonym("mrn", "12-34")]
    );
}

#[test]
fn replacements_are_counted_by_rule_and_only_where_they_were_written() {
    let value = json!({
        "a": {"password": "x", "note": "token=y, password=z"}, "body": "{\"phone\": \"555-0100\", \"pin\": 5}",
        "password=q": 1, "z": ["--token", "t"],
    });
    let (mut out, mut counts) = (Vec::new(), RuleCounts::default());
    let done = keyed().write_value_counting(&mut out, &value, 4096, &mut counts);
    let seen: Vec<_> = counts.iter().collect();
    assert_eq!(
        seen,
        [("password", 3), ("phone", 1), ("pin", 1), ("token", 2)]
    );
    assert_eq!(done.redactions, 7);
    let mut cut = RuleCounts::default();
    let done = keyed().write_value_counting(&mut Vec::new(), &value, 90, &mut cut);
    assert_eq!(
        u64::from(done.redactions),
        cut.iter().map(|(_, count)| count).sum::<u64>()
    );
    assert!(done.shortened && done.redactions < 7);
    cut.add(&counts);
    assert!(cut.get("token") >= 2 && cut.get("none") == 0 && !cut.is_empty());
}

#[test]
fn a_rule_that_is_added_takes_its_name_alone() {
    let sanitizer = Sanitizer::builder()
        .redact_key("password")
        .redact_key("passwd")
        .build()
        .expect("rules");
    let mut out = Vec::new();
    let value = json!({"passwd": "a", "password": "b", "pwd": "c", "user_password": "d"});
    assert_eq!(sanitizer.write_value(&mut out, &value, 1024).redactions, 4);
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(
        text.starts_with("{\"passwd\":\"[REDACTED:passwd]\"")
            && text.contains("\"pwd\":\"[REDACTED:password]\""),
        "{text}"
    );
}
