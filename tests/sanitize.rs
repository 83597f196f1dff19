//! What the sanitizer replaces, what it leaves alone, and how it spells both.

use serde_json::{Map, Value, json};
use tool_audit::canonical;
use tool_audit::sanitize::{PseudonymKey, Sanitized, Sanitizer, SanitizerError};

const PLENTY: usize = 1024 * 1024;

fn keyed() -> Sanitizer {
    keyed_with(&[7; 32])
}

fn keyed_with(key: &[u8]) -> Sanitizer {
    let key = PseudonymKey::from_bytes("k1", key).expect("a whole key");
    Sanitizer::builder()
        .pseudonym_key(key)
        .build()
        .expect("default rules")
}

fn value_text(sanitizer: &Sanitizer, value: &Value) -> (String, Sanitized) {
    let mut out = Vec::new();
    let done = sanitizer.write_value(&mut out, value, PLENTY);
    (String::from_utf8(out).expect("JSON is UTF-8"), done)
}

fn sanitized(value: &Value) -> Value {
    let (text, _) = value_text(&keyed(), value);
    serde_json::from_str(&text).expect("JSON")
}

fn sanitized_text(text: &str) -> String {
    let mut out = Vec::new();
    keyed().write_text(&mut out, text, PLENTY);
    serde_json::from_slice(&out).expect("a JSON string")
}

#[track_caller]
fn stays(value: &Value) {
    let (text, done) = value_text(&keyed(), value);
    let mut expected = Vec::new();
    canonical::write_value(&mut expected, value);
    assert_eq!(text.as_bytes(), expected);
    assert_eq!(done, Sanitized::default(), "{text}");
}

#[track_caller]
fn text_stays(text: &str) {
    assert_eq!(sanitized_text(text), text);
    stays(&json!({ "text": text }));
}

#[track_caller]
fn text_becomes(text: &str, expected: &str) {
    let once = sanitized_text(text);
    assert_eq!(once, expected);
    assert_eq!(
        sanitized_text(&once),
        once,
        "a second pass changes it again"
    );
}

const SECRET_NAMES: &[&[&str]] = &[
    &["password"],
    &["token"],
    &["api", "key"],
    &["secret"],
    &["credit", "card"],
    &["authorization"],
];

const PERSONAL_NAMES: &[&[&str]] = &[
    &["ssn"],
    &["patient", "name"],
    &["date", "of", "birth"],
    &["address"],
    &["phone"],
];

fn capitalized(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// The name made of `words` in every spelling that means the same.
fn spellings(words: &[&str]) -> Vec<String> {
    let pascal: String = words.iter().map(|word| capitalized(word)).collect();
    let camel = words[0].to_owned() + &pascal[words[0].len()..];
    let titled: Vec<_> = words.iter().map(|word| capitalized(word)).collect();
    let mut all = vec![
        words.concat(),
        words.concat().to_uppercase(),
        camel.clone(),
        pascal.clone(),
        titled.join(" "),
        titled.join("-"),
    ];
    for separator in ["_", "-", ".", " ", ":", "/", "__"] {
        all.push(words.join(separator));
        all.push(words.join(separator).to_uppercase());
    }
    let snake = words.join("_");
    all.extend([
        format!("x-{snake}"),
        format!("my_old_{snake}"),
        format!("X{pascal}"),
        format!("db{pascal}"),
        format!("DB{pascal}"),
        format!("oauth2{pascal}"),
        format!("oauth2{}", words.concat()),
        format!("user.{snake}"),
        format!("_{snake}_"),
        format!("{snake}2"),
        format!("{snake}_1"),
        format!("--{snake}"),
        if snake.ends_with('s') {
            format!("{snake}es")
        } else {
            format!("{snake}s")
        },
    ]);
    all
}

#[test]
fn a_secret_is_redacted_under_every_spelling_of_its_name() {
    for words in SECRET_NAMES {
        let marker = format!("[REDACTED:{}]", words.join("_"));
        for name in spellings(words) {
            let value = json!({ name.clone(): "hunter2" });
            let expected = json!({ name.clone(): marker.clone() });
            assert_eq!(sanitized(&value), expected, "{name}");
        }
    }
}

#[test]
fn personal_data_becomes_a_pseudonym_under_every_spelling_of_its_name() {
    for words in PERSONAL_NAMES {
        let pseudonym = keyed().pseudonym(&words.join("_"), "AB 12-34");
        for name in spellings(words) {
            let value = json!({ name.clone(): "AB 12-34" });
            let expected = json!({ name.clone(): pseudonym.clone() });
            assert_eq!(sanitized(&value), expected, "{name}");
        }
    }
}

#[test]
fn a_secret_goes_with_everything_in_it_but_null_and_booleans_stay() {
    for value in [
        json!("x"),
        json!(""),
        json!(1234),
        json!(-1.5),
        json!(["a", "b"]),
        json!([]),
        json!({"old": "a", "new": {"b": [1, 2]}}),
    ] {
        assert_eq!(
            sanitized(&json!({ "password": value })),
            json!({"password": "[REDACTED:password]"})
        );
    }
    stays(&json!({"password": null, "token": true, "secret": false}));
}

#[test]
fn personal_data_is_replaced_leaf_by_leaf() {
    let pseudonym = |value: &str| keyed().pseudonym("phone", value);
    assert_eq!(
        sanitized(&json!({"phone": ["555-0100", 5_550_100, 5_550_100.0, null, true, "", "  "]})),
        json!({"phone": [pseudonym("5550100"), pseudonym("5550100"), pseudonym("5550100"), null, true, "", "  "]})
    );
    let address = |value: &str| keyed().pseudonym("address", value);
    assert_eq!(
        sanitized(&json!({"address": {
            "street": "12 Main St",
            "lines": ["a", {"zip": 12345}],
            "door_secret": "0000",
            "phone": "555-0100",
        }})),
        json!({"address": {
            "street": address("12 Main St"),
            "lines": [address("a"), {"zip": address("12345")}],
            "door_secret": "[REDACTED:secret]",
            "phone": pseudonym("555-0100"),
        }})
    );
}

#[test]
fn secrets_are_found_at_any_depth_and_in_lists() {
    let mut value = json!({"secret": "deep hunter2"});
    for level in 0..60 {
        value = if level % 2 == 0 {
            json!([level, value, {"token": "hunter2"}])
        } else {
            json!({ "in": value })
        };
    }
    let (text, done) = value_text(&keyed(), &value);
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(done.redactions, 31);
    assert!(!done.shortened);
}

#[test]
fn names_that_only_look_alike_stay() {
    stays(&json!({
        "token_count": 48211, "max_tokens": 16384, "maxTokens": "16384", "prompt_tokens": 90233, "tokens": 12,
        "tokenizer": "bpe-large-v3", "token_type": "bearer", "tokenLimit": 5, "total_tokens": 3,
        "next_page_token": "CAUQAA", "nextPageToken": "CAUQAA", "page-token": "CAUQAA", "NEXT_TOKEN": "x",
        "continuationToken": "x", "sync_token": "x", "unexpected token": "<",
    }));
    stays(&json!({
        "password_policy_id": "pol-77123", "password_length": 24019, "requires_password": true,
        "passwordless": "webauthn-only", "password_changed_at": "2026-01-01", "passwordStrength": "weak",
        "secretary": "desk-4-north", "secret_name": "prod/pg/main", "secret_arn": "arn", "secretVersion": "7",
        "secrets_scanned": 31991,
    }));
    stays(&json!({
        "address_type": "home", "email_address_id": "e-1", "bind_address": "0.0.0.0:8099", "ipAddress": "10.0.0.1",
        "memory_address": "0x7ffd9c21", "contract_address": "0xFa4e", "listen address": "::1", "addressee": "you",
        "microphone": "usb-array-2", "phone_count": 2, "phonetic": "ada", "className": "btn", "classnames": "a b",
        "lessn": "x", "process_names": "init", "name": "acme", "patient_id": "P-1", "impatient": "yes",
        "date": "2026-01-01", "birth_order": 2, "credit": 5, "card": "ace", "credit_card_count": 2,
        "api": "v2", "key": "orders/report.csv", "sort_key": "created", "apis": ["x"], "api_key_id": "id-1",
        "authorized": "no", "author": "ada", "authorization_id": "a-1", "prior_authorization": "PA-1",
    }));
}

#[test]
fn clean_values_come_out_as_they_would_without_the_sanitizer() {
    stays(&json!(null));
    stays(&json!("plain"));
    stays(&json!(18_446_744_073_709_551_615_u64));
    stays(
        &json!({"z": [1.5, -3, 1e300, {}], "a\n\"": {"é\u{1F600}": "tab\there \\ \u{1}", "\u{FB33}": []}}),
    );
    stays(
        &json!({"\u{1F600}": 1, "\u{FB33}": 2, "time": "12:30:05", "when": "2026-01-01T00:00:00Z"}),
    );
    stays(
        &json!({"url": "https://example.org:8080/a?b=c&d=e#f", "sql": "SELECT a FROM b WHERE c = 'd'"}),
    );
    stays(&json!({"list": "[1, 2", "object": "{ \"a\" : [ 1.0 , 2 ] }", "words": "[see below]"}));
}

#[test]
fn values_given_with_their_member_name_are_judged_by_it() {
    let of = |name: &str, value: Value| {
        let mut out = Vec::new();
        let done = keyed().write_member_value(&mut out, name, &value, PLENTY);
        (String::from_utf8(out).expect("UTF-8"), done.redactions)
    };
    assert_eq!(
        of("apiKey", json!("x")),
        ("\"[REDACTED:api_key]\"".into(), 1)
    );
    assert_eq!(
        of("order_id", json!("ORD-54321")),
        ("\"ORD-54321\"".into(), 0)
    );
    assert_eq!(of("count", json!(3)), ("3".into(), 0));
    assert_eq!(
        of("note", json!("token=abc")),
        ("\"token=[REDACTED:token]\"".into(), 1)
    );
    assert_eq!(
        of("login", json!({"secret": "x"})),
        ("{\"secret\":\"[REDACTED:secret]\"}".into(), 1)
    );
}

#[test]
fn json_in_strings_is_opened_and_written_anew_only_where_it_holds_something() {
    assert_eq!(
        sanitized(
            &json!({"body": "{\"plan\": \"pro\", \"p\\u0061ssword\": \"x\", \"ssn\": 123456789}"})
        ),
        json!({"body": format!(
            "{{\"password\":\"[REDACTED:password]\",\"plan\":\"pro\",\"ssn\":\"{}\"}}",
            keyed().pseudonym("ssn", "123-45-6789")
        )})
    );
    text_becomes(
        " [1, {\"token\": 5}] ",
        "[1,{\"token\":\"[REDACTED:token]\"}]",
    );
    text_becomes(
        "\"{\\\"token\\\": 5}\"",
        "\"{\\\"token\\\":\\\"[REDACTED:token]\\\"}\"",
    );
    text_stays("{ \"plan\" : \"pro\", \"n\": 1.0 }\n");
}

#[test]
fn a_member_that_json_in_a_string_has_twice_hides_nothing() {
    text_becomes(
        "{\"note\":\"password=one\",\"note\":\"harmless\",\"a\":\": \\\" :\"}",
        "{\"a\":\": \\\" :\",\"note\":\"harmless\"}",
    );
    let once = sanitized_text("{\"password\":\"one\",\"password\":\"two\"}");
    assert_eq!(once, "{\"password\":\"[REDACTED:password]\"}");
}

#[test]
fn json_in_json_in_strings_is_opened_four_levels_deep() {
    let mut value = json!({"password": "hunter2"});
    for _ in 0..4 {
        value = json!({ "in": value.to_string() });
    }
    let (text, done) = value_text(&keyed(), &value);
    assert!(
        text.contains("REDACTED:password") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(done.redactions, 1);
    // Deeper than that it is text, in which escaped names and values are still found.
    for _ in 0..3 {
        value = json!({ "in": value.to_string() });
    }
    let (text, _) = value_text(&keyed(), &value);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn assignments_in_text_are_found_in_every_usual_notation() {
    for (text, expected) in [
        ("password=hunter2", "password=[REDACTED:password]"),
        (
            "invalid api_key=N7eBAQ, retry",
            "invalid api_key=[REDACTED:api_key], retry",
        ),
        (
            "DB_PASSWORD=\"a b\"\nX=1",
            "DB_PASSWORD=\"[REDACTED:password]\"\nX=1",
        ),
        (
            "api key : 'it''s' done",
            "api key : '[REDACTED:api_key]' done",
        ),
        (
            "db:\n  password: x y\n  name: main",
            "db:\n  password: [REDACTED:password]\n  name: main",
        ),
        (
            "the API Key: abc.def/ghi==",
            "the API Key: [REDACTED:api_key]",
        ),
        (
            "{\"dn\":\"cn=svc\",\"password\":\"a\\\"b\",\"msg\":\"52e\"",
            "{\"dn\":\"cn=svc\",\"password\":\"[REDACTED:password]\",\"msg\":\"52e\"",
        ),
        (
            "got \"{\\\"apiKey\\\": \\\"Jnl\\\", \\\"zone\\\": \\\"h\\\"}\"",
            "got \"{\\\"apiKey\\\": \\\"[REDACTED:api_key]\\\", \\\"zone\\\": \\\"h\\\"}\"",
        ),
        (
            "{'retries': 4, 'password': 'Fake', 'mode': 'b'}",
            "{'retries': 4, 'password': '[REDACTED:password]', 'mode': 'b'}",
        ),
        ("{\"token\":\"cut of", "{\"token\":\"[REDACTED:token]"),
        (
            "Config { user: \"ada\", token: Some(\"x y\"), n: 1 }",
            "Config { user: \"ada\", token: [REDACTED:token], n: 1 }",
        ),
        (
            "Object {\"secret\": String(\"x\"), \"n\": Number(1)}",
            "Object {\"secret\": [REDACTED:secret], \"n\": Number(1)}",
        ),
        (
            "{'token': b'x y', 'n': 1}",
            "{'token': [REDACTED:token], 'n': 1}",
        ),
        (
            "https://a.example/b?token=abc&user=ada",
            "https://a.example/b?token=[REDACTED:token]&user=ada",
        ),
        (
            "secret := abc; n := 1",
            "secret := [REDACTED:secret]; n := 1",
        ),
        ("'secret' => 'abc'", "'secret' => '[REDACTED:secret]'"),
        ("secret -> abc", "secret -> [REDACTED:secret]"),
        (
            "config[\"api_key\"] = \"abc\"",
            "config[\"api_key\"] = \"[REDACTED:api_key]\"",
        ),
        (
            "mysql --password hunter2 --host db",
            "mysql --password [REDACTED:password] --host db",
        ),
        (
            "login --api-key='a b' -v",
            "login --api-key='[REDACTED:api_key]' -v",
        ),
        (
            "['push', '--api-token', 'i2L7', '--env', 'qa']",
            "['push', '--api-token', '[REDACTED:token]', '--env', 'qa']",
        ),
        (
            "(password=abc) failed (token: x).",
            "(password=[REDACTED:password]) failed (token: [REDACTED:token]).",
        ),
        (
            "credit card: 4111 1111 1111 1111 was declined",
            "credit card: [MASKED:credit_card:1111] was declined",
        ),
        (
            "password=a,b)c;d&e\"f next",
            "password=[REDACTED:password] next",
        ),
        (
            "{\"api_keys\": [\"a\", \"b\"], \"cut",
            "{\"api_keys\": [REDACTED:api_key], \"cut",
        ),
        (
            "password=a token=b,secret=c",
            "password=[REDACTED:password] token=[REDACTED:token],secret=[REDACTED:secret]",
        ),
    ] {
        text_becomes(text, expected);
    }
}

#[test]
fn credentials_of_http_headers_go_whole() {
    for (text, expected) in [
        (
            "GET / HTTP/1.1\r\nAuthorization: Bearer abc.def\r\nHost: x",
            "GET / HTTP/1.1\r\nAuthorization: [REDACTED:authorization]\r\nHost: x",
        ),
        (
            "request with Authorization: Bearer SiDN rejected",
            "request with Authorization: [REDACTED:authorization] rejected",
        ),
        (
            "header \"authorization: token Y91W\" on shard 7",
            "header \"authorization: [REDACTED:authorization]\" on shard 7",
        ),
        (
            "curl -H 'Authorization: Digest username=\"ada\", response=\"6629\"' https://x",
            "curl -H 'Authorization: [REDACTED:authorization]' https://x",
        ),
        (
            "Proxy-Authorization: AWS4-HMAC-SHA256 Credential=AK/2026, Signature=ca89\nx",
            "Proxy-Authorization: [REDACTED:authorization]\nx",
        ),
        (
            "{\"Authorization\": \"Basic YWRh\", \"n\": ",
            "{\"Authorization\": \"[REDACTED:authorization]\", \"n\": ",
        ),
    ] {
        text_becomes(text, expected);
    }
    assert_eq!(
        sanitized(&json!({"headers": {"Authorization": ["Bearer x"], "Accept": "*/*"}})),
        json!({"headers": {"Authorization": "[REDACTED:authorization]", "Accept": "*/*"}})
    );
}

#[test]
fn personal_data_in_text_becomes_the_pseudonym_that_it_has_elsewhere() {
    let of = |class: &str, value: &str| keyed().pseudonym(class, value);
    for (text, expected) in [
        (
            "SSN: 123-45-6789 not found",
            format!("SSN: {} not found", of("ssn", "123456789")),
        ),
        (
            "phone=+1 (555) 010-7788, retry",
            format!("phone={}, retry", of("phone", "15550107788")),
        ),
        (
            "phone: 555-0100, 555-0199, 2 of them; ssn: 123-45-678X.",
            format!(
                "phone: {}, 2 of them; ssn: {}",
                of("phone", "55501005550199"),
                of("ssn", "12345678")
            ),
        ),
        (
            "ssn=123456789,w-9",
            format!("ssn={},w-9", of("ssn", "123456789")),
        ),
        (
            "patient_name: Ada  LOVELACE\nnext",
            format!("patient_name: {}\nnext", of("patient_name", "ada lovelace")),
        ),
        (
            "DOB: 03/09/1978, ward 7; dob=1961-02-17T00:00:00Z rest",
            format!(
                "DOB: {}, ward 7; dob={} rest",
                of("date_of_birth", "03/09/1978"),
                of("date_of_birth", "1961-02-17T00:00:00Z")
            ),
        ),
        (
            "patient_name=Ada Roe not found in ward 7; Full name: Ada Roe, room 9",
            format!(
                "patient_name={} not found in ward 7; Full name: {}, room 9",
                of("patient_name", "ada roe"),
                of("full_name", "ada roe")
            ),
        ),
        (
            "**Phone**: 2025550123, driver's license #: D1234567 / x",
            format!(
                "**Phone**: {}, driver's license #: {} / x",
                of("phone", "2025550123"),
                of("drivers_license", "D1234567")
            ),
        ),
        (
            "phones:\n  - 2025550123\n  - 2025550124\naddress:\n  line1: 9 Main\nward: 7",
            format!(
                "phones:\n  - {}\n  - {}\naddress:\n  line1: {}\nward: 7",
                of("phone", "2025550123"),
                of("phone", "2025550124"),
                of("address", "9 Main")
            ),
        ),
        (
            "Patient Name: Ada Lovelace, date of birth: 10 December 1815; x",
            format!(
                "Patient Name: {}, date of birth: {}; x",
                of("patient_name", "ada lovelace"),
                of("date_of_birth", "10 December 1815")
            ),
        ),
        (
            "{\"address\": \"12 Main St, Springfield\", \"id\": ",
            format!(
                "{{\"address\": \"{}\", \"id\": ",
                of("address", "12 main st, springfield")
            ),
        ),
        (
            "Patient { address: Address { street: \"12 Main\" }, id: 4 }",
            format!(
                "Patient {{ address: {}, id: 4 }}",
                of("address", "Address { street: \"12 Main\" }")
            ),
        ),
        (
            "?address=12+Main&phone=5550100&id=4",
            format!(
                "?address={}&phone={}&id=4",
                of("address", "12+main"),
                of("phone", "5550100")
            ),
        ),
    ] {
        text_becomes(text, &expected);
    }
}

#[test]
fn text_that_speaks_of_secrets_without_telling_one_stays() {
    for text in [
        "To reset your password, open Settings and choose Security.",
        "password = os.environ[\"DB_PASSWORD\"]\nconnect(password)",
        "env:\n  TOKEN: ${{ secrets.DEPLOY_TOKEN }}\n  REGION: eu-7",
        "token = load_token(path)",
        "PASSWORD=$DB_PASSWORD ./run && API_KEY=${API_KEY} ./run",
        "password: \"{{ vault.db_password }}\"",
        "token: process.env.API_TOKEN",
        "token: null, secret: None, password=false, password=",
        "SELECT token_id, password_changed_at FROM users WHERE id = 40213",
        "Bearer of bad news: a token gesture",
        "https://docs.example/auth/tokens?lang=en#bearer-tokens",
        "/home/app/src/tokens/secret_store/password_field.rs",
        "(?i)api[_-]?key\\s*[:=]",
        "max_tokens=100 next_page_token=abc token_count: 5 tokens: 12",
        "SyntaxError: Unexpected token: }",
        "bind address: 0.0.0.0:80, error: Address already in use",
        "secret::Manager::new at secret://store",
        "call phone 12:30 or --token --verbose",
        "--max-tokens 100 --secretary ada -- password",
    ] {
        text_stays(text);
    }
}

#[test]
fn markers_and_pseudonyms_are_left_alone() {
    let pseudonym = keyed().pseudonym("address", "12 Main St");
    let other = keyed_with(&[8; 32]).pseudonym("ssn", "123456789");
    stays(&json!({
        "password": "[REDACTED:password]", "token": "[REDACTED:api_key]", "secret": "[REDACTION FAILED]",
        "address": [pseudonym.clone(), {"x": "[SHORTENED: depth]"}], "ssn": other,
        "note": format!("lives at {pseudonym} with token=[REDACTED:token], it says."),
        "log": format!("ssn: {other}, address: {pseudonym}"),
        "quoted": format!("{{\"password\": \"[REDACTED:password]\", \"ssn\": \"{other}\""),
    }));
    text_becomes(
        "password=[REDACTED:password]hunter2",
        "password=[REDACTED:password]",
    );
    // What only ends like a pseudonym is none.
    let no_pseudonym = "xpn:phone:k1:abcdefghijklmnopqrstuvwxyz";
    assert_ne!(sanitized_text(no_pseudonym), no_pseudonym);
}

#[test]
fn values_nested_too_deeply_become_a_placeholder() {
    let mut value = json!({"token": "x", "leaf": 1});
    for _ in 0..63 {
        value = json!([value]);
    }
    stays(&json!([[]]));
    let (text, done) = value_text(&keyed(), &value);
    assert!(!done.shortened && text.contains("leaf"), "{text}");
    let (text, done) = value_text(&keyed(), &json!([value]));
    assert_eq!(
        text,
        "[".repeat(64) + "\"[SHORTENED: depth]\"" + &"]".repeat(64)
    );
    assert!(done.shortened);
}

#[test]
fn values_deeper_than_any_parser_makes_them_are_safe() {
    let mut value = json!("bottom");
    let mut personal = json!("bottom");
    for _ in 0..1_000 {
        value = Value::Array(vec![value]);
        personal = Value::Object(Map::from_iter([("in".to_owned(), personal)]));
    }
    let both = [("deep", value), ("address", personal)];
    let both = both.map(|(name, value)| (name.to_owned(), value));
    let (text, done) = value_text(&keyed(), &Value::Object(Map::from_iter(both)));
    assert!(done.shortened && !text.contains("bottom"));
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[test]
fn members_whose_order_is_not_that_of_their_bytes_cost_no_more_for_being_nested() {
    let mut value = json!(1);
    for _ in 0..60 {
        value = json!({"a": 1, "\u{1F600}": true, "\u{FB33}": value});
    }
    stays(&value);
    assert!(
        value_text(&keyed(), &value)
            .0
            .starts_with("{\"a\":1,\"\u{1F600}\":true,\"\u{FB33}\":{")
    );
}

#[test]
fn what_passes_the_limit_is_left_out_member_by_member() {
    let value = json!({"a": 1, "b": "x".repeat(100), "c": {"d": [1, 2, 3]}, "e": true});
    let mut out = b"before".to_vec();
    let done = keyed().write_value(&mut out, &value, 80);
    let text = std::str::from_utf8(&out[6..]).expect("UTF-8");
    assert_eq!(
        text,
        format!("{{\"a\":1,\"b\":\"{}\"}}", "x".repeat(80 - 14))
    );
    assert!(done.shortened);
    let numbers: Vec<u32> = (0..100).collect();
    let mut out = Vec::new();
    keyed().write_value(&mut out, &json!({ "n": numbers }), 64);
    assert!(
        out.len() <= 64 && out.starts_with(b"{\"n\":[0,1,2,") && out.ends_with(b"]}"),
        "{}",
        String::from_utf8_lossy(&out)
    );
}

#[test]
fn a_string_is_cut_after_it_was_searched_and_never_within_a_marker_or_a_character() {
    let cut = |text: &str, limit: usize| {
        let mut out = Vec::new();
        let done = keyed().write_text(&mut out, text, limit);
        assert!(out.len() <= limit && done.shortened, "{out:?}");
        serde_json::from_slice::<String>(&out).expect("a JSON string")
    };
    assert_eq!(cut(&"é".repeat(80), 65), "é".repeat(31));
    assert_eq!(cut(&"\n".repeat(80), 64), "\n".repeat(31));
    let text = format!("{} token=hunter2 and more", "x".repeat(45));
    assert_eq!(cut(&text, 64), format!("{} token=", "x".repeat(45)));
    // The assignment begins before the cut, its value behind it.
    let text = format!("{} password=\"hunter2\"", "y".repeat(49));
    assert_eq!(cut(&text, 64), format!("{} password=\"", "y".repeat(49)));
}

#[test]
fn one_string_is_written_with_at_most_64_kib() {
    let mut out = Vec::new();
    let long = "z".repeat(100_000);
    let done = keyed().write_value(&mut out, &json!({"a": long, "b": "token=x"}), PLENTY);
    assert!(done.shortened);
    let read: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(read["a"].as_str().map(str::len), Some(64 * 1024 - 2));
    assert_eq!(read["b"], "token=[REDACTED:token]");
}

#[test]
fn a_pass_looks_at_ten_thousand_values() {
    let numbers: Vec<u32> = vec![1; 20_000];
    let mut out = Vec::new();
    let done = keyed().write_value(&mut out, &json!([numbers, {"token": "x"}]), PLENTY);
    let read: Value = serde_json::from_slice(&out).expect("JSON");
    assert!(done.shortened);
    assert_eq!(read[0].as_array().map(Vec::len), Some(10_000 - 2));
    assert_eq!(read[1], Value::Null);
}

#[test]
fn long_texts_made_to_slow_the_search_down_are_searched_all_the_same() {
    for unit in [
        "password=",
        "phone: ",
        "token=(\"",
        "address: {",
        "token=\\\"",
        "--token ",
        "authorization: x",
        ")",
        "\\",
        ":",
        "patient name: a;",
        "'secret' => ",
        "secret=\"\\",
    ] {
        for prefix in ["", "password=", "address: "] {
            let text = prefix.to_owned() + &unit.repeat(100_000 / unit.len());
            let mut out = Vec::new();
            keyed().write_text(&mut out, &text, 1024);
            assert!(out.len() <= 1024);
        }
    }
}

#[test]
fn names_are_written_as_they_are_and_very_long_ones_keep_apart() {
    let mut out = Vec::new();
    assert_eq!(keyed().write_key(&mut out, "na\"me"), Sanitized::default());
    assert_eq!(out, br#""na\"me""#);
    let long = |last: &str| "n".repeat(2_000) + last;
    let middle = "n".repeat(970) + "_";
    let value =
        json!({ long("b"): 1, long("a"): 2, long("_token"): "hunter2", middle: 4, "a": 0, "z": 3 });
    let (text, done) = value_text(&keyed(), &value);
    let read: Map<String, Value> = serde_json::from_str(&text).expect("an object");
    assert_eq!(read.len(), 6);
    assert!(read.keys().all(|name| name.len() <= 1024) && done.shortened);
    assert!(read.values().any(|value| value == "[REDACTED:token]"));
    let mut again = Vec::new();
    canonical::write_value(&mut again, &Value::Object(read));
    assert_eq!(text.as_bytes(), again, "not in canonical order");
    let mut out = Vec::new();
    assert!(keyed().write_key(&mut out, &long("b")).shortened);
    assert!(text.contains(std::str::from_utf8(&out).expect("UTF-8")));
}

#[test]
fn rules_can_be_added() {
    let sanitizer = Sanitizer::builder()
        .redact_key("sessionId")
        .redact_key("pw")
        .redact_key("ssn")
        .redact_key("Contraseña")
        .pseudonymize_key("customer number", "customer")
        .build()
        .expect("rules");
    let (text, done) = value_text(
        &sanitizer,
        &json!({"SESSION-ID": "s", "user_pw": "p", "ssn": 1, "password": "x", "contraseña": "y", "sessions": 4}),
    );
    assert_eq!(
        text,
        "{\"SESSION-ID\":\"[REDACTED:session_id]\",\"contraseña\":\"[REDACTED:contraseña]\",\
         \"password\":\"[REDACTED:password]\",\"sessions\":4,\"ssn\":\"[REDACTED:ssn]\",\"user_pw\":\"[REDACTED:pw]\"}"
    );
    assert_eq!(done.redactions, 5);
    let (again, _) = value_text(&sanitizer, &serde_json::from_str(&text).expect("JSON"));
    assert_eq!(again, text);
    let (text, _) = value_text(&sanitizer, &json!({"customerNumber": "C-1"}));
    assert!(
        text.starts_with("{\"customerNumber\":\"pn:customer:eph:"),
        "{text}"
    );
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let name = Sanitizer::builder().redact_key("_-").build();
    assert!(matches!(name, Err(SanitizerError::InvalidRuleName { .. })));
    let name = Sanitizer::builder().redact_key("x".repeat(49)).build();
    assert!(matches!(name, Err(SanitizerError::InvalidRuleName { .. })));
    for class in ["", "Name", "1st", "a:b", &"c".repeat(33)] {
        let built = Sanitizer::builder().pseudonymize_key("x", class).build();
        assert!(
            matches!(built, Err(SanitizerError::InvalidClass { .. })),
            "{class}"
        );
    }
    let both = Sanitizer::builder()
        .redact_key("visit_id")
        .pseudonymize_key("visitId", "visit")
        .build();
    assert!(matches!(both, Err(SanitizerError::ConflictingRules { .. })));
}

#[test]
fn rules_are_named_alike_exactly_where_they_are_alike() {
    let of = |names: &[&str]| {
        let builder = names.iter().fold(Sanitizer::builder(), |builder, name| {
            builder.redact_key(*name)
        });
        builder.build().expect("rules").rules_id()
    };
    assert_eq!(of(&["pin", "otp"]), of(&["OTP", "Pin"]));
    assert_ne!(of(&["pin"]), of(&[]));
    assert_ne!(of(&["ssn"]), of(&[]));
    assert_eq!(of(&[]), Sanitizer::default().rules_id());
    assert_eq!(keyed().rules_id(), Sanitizer::default().rules_id());
    assert_eq!(of(&[]).len(), 32);
}

#[test]
fn a_pseudonym_is_the_same_however_the_value_was_written() {
    let sanitizer = keyed();
    let of = |class: &str, value: &str| sanitizer.pseudonym(class, value);
    assert_eq!(of("ssn", "123-45-6789"), of("ssn", "123 45 6789"));
    assert_eq!(of("phone", "+1 (555) 010.7788"), of("phone", "15550107788"));
    assert_eq!(
        of("patient_name", " Ada\tLOVELACE "),
        of("patient_name", "ada lovelace")
    );
    assert_eq!(of("address", "12  Main St"), of("address", "12 MAIN st"));
    assert_eq!(
        of("date_of_birth", " 1815-12-10"),
        of("date_of_birth", "1815-12-10")
    );
    assert_ne!(of("phone", "123456789"), of("ssn", "123456789"));
    assert_ne!(of("phone", "unknown"), of("phone", "none"));
    assert_eq!(
        sanitized(&json!([{"ssn": 123_456_789}, {"SSN": "123-45-6789"}])),
        json!([{"ssn": of("ssn", "123456789")}, {"SSN": of("ssn", "123456789")}])
    );
}

#[test]
fn a_pseudonym_has_its_form_and_its_known_value() {
    let pseudonym = keyed().pseudonym("ssn", "123-45-6789");
    assert_eq!(pseudonym, "pn:ssn:k1:2bbjmu7ictm3whyc5d3lpjzowm");
    let odd = keyed().pseudonym("1 Odd: Class!", "x");
    assert!(odd.starts_with("pn:odd_class:k1:"), "{odd}");
    assert!(keyed().pseudonym("::", "x").starts_with("pn:value:k1:"));
}

#[test]
fn pseudonyms_differ_under_two_keys_and_a_process_without_a_key_has_one_of_its_own() {
    let of = |sanitizer: &Sanitizer| sanitizer.pseudonym("ssn", "123-45-6789");
    assert_eq!(of(&keyed()), of(&keyed().clone()));
    assert_ne!(of(&keyed()), of(&keyed_with(&[8; 32])));
    let (first, second) = (Sanitizer::default(), Sanitizer::builder());
    let second = second.build().expect("default rules");
    assert_eq!(of(&first), of(&second));
    assert_eq!(first.pseudonym_key_id(), "eph");
    assert_eq!(keyed().pseudonym_key_id(), "k1");
    assert!(of(&first).starts_with("pn:ssn:eph:"));
}

#[test]
fn keys_that_are_too_short_or_badly_named_are_refused() {
    let made = PseudonymKey::from_bytes("k1", &[7; 31]);
    assert!(matches!(made, Err(SanitizerError::KeyTooShort)));
    for id in ["", "K1", "k-1", "eph", "k1234567890123456"] {
        let made = PseudonymKey::from_bytes(id, &[7; 32]);
        assert!(matches!(made, Err(SanitizerError::InvalidKeyId)), "{id}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_is_read_only_where_no_one_else_can_read_it() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    write(&path, format!("k1:{}\n", "07".repeat(32))).expect("written");
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602] {
        set_permissions(&path, Permissions::from_mode(mode)).expect("mode");
        let made = PseudonymKey::from_file(&path);
        assert!(
            matches!(made, Err(SanitizerError::KeyFileExposed { mode: seen, .. }) if seen == mode),
            "{mode:o}"
        );
    }
    set_permissions(&path, Permissions::from_mode(0o600)).expect("mode");
    let key = PseudonymKey::from_file(&path).expect("a key");
    let read = Sanitizer::builder().pseudonym_key(key).build();
    assert_eq!(
        read.expect("rules").pseudonym("ssn", "1"),
        keyed().pseudonym("ssn", "1")
    );
    let missing = PseudonymKey::from_file(folder.path().join("none"));
    assert!(matches!(missing, Err(SanitizerError::KeyFile { .. })));
}

#[cfg(unix)]
#[test]
fn neither_errors_nor_debug_texts_hold_key_material() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    for content in ["5ec5ec", "k1:5ec5ec", "5ec5ec:k1", "k1:5ec5ecX"] {
        write(&path, content).expect("written");
        set_permissions(&path, Permissions::from_mode(0o600)).expect("mode");
        let error = PseudonymKey::from_file(&path).expect_err("no key");
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains("5ec"), "{texts}");
    }
    let unset = PseudonymKey::from_env("TOOL_AUDIT_TEST_NO_SUCH_KEY").expect_err("not set");
    assert!(unset.to_string().contains("TOOL_AUDIT_TEST_NO_SUCH_KEY"));
    let key = PseudonymKey::from_bytes("k1", &[0x5E; 32]).expect("a key");
    let builder = Sanitizer::builder().pseudonym_key(key.clone());
    let texts = format!("{key:?} {builder:?}") + &format!("{:?}", builder.build());
    assert!(
        !texts.contains("94, 94") && !texts.to_lowercase().contains("5e5e"),
        "{texts}"
    );
}

#[test]
fn a_sanitizer_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&keyed());
}
