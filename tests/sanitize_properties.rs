//! What holds for the sanitizer whatever it is given.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tool_audit::canonical;
use tool_audit::sanitize::{PseudonymKey, Sanitized, Sanitizer};

const PLENTY: usize = 16 * 1024 * 1024;

fn sanitizer() -> Sanitizer {
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).expect("a whole key");
    let builder = Sanitizer::builder().pseudonym_key(key);
    builder.build().expect("default rules")
}

fn pass(value: &Value, limit: usize) -> (String, Sanitized) {
    let mut out = Vec::new();
    let done = sanitizer().write_value(&mut out, value, limit);
    (String::from_utf8(out).expect("JSON is UTF-8"), done)
}

fn canonical_text(value: &Value) -> String {
    let mut out = Vec::new();
    canonical::write_value(&mut out, value);
    String::from_utf8(out).expect("JSON is UTF-8")
}

const RULES: &[&[&str]] = &[
    &["password"],
    &["token"],
    &["api", "key"],
    &["secret"],
    &["credit", "card"],
    &["authorization"],
    &["ssn"],
    &["patient", "name"],
    &["date", "of", "birth"],
    &["address"],
    &["phone"],
];

/// A rule's name in any spelling, with words before it and a number behind it.
fn ruled_name() -> impl Strategy<Value = String> {
    let cases = prop::collection::vec(0..3_u8, 4);
    (
        prop::sample::select(RULES),
        cases,
        prop::sample::select(&["", "_", "-", ".", " "][..]),
        prop::sample::select(&["", "x-", "user_", "My ", "v2.", "old--"][..]),
        prop::sample::select(&["", "", "2", "_1"][..]),
    )
        .prop_map(|(words, cases, separator, before, after)| {
            let words: Vec<String> = words
                .iter()
                .zip(cases)
                .map(|(word, case)| match case {
                    0 => (*word).to_owned(),
                    1 => word.to_uppercase(),
                    _ => word[..1].to_uppercase() + &word[1..],
                })
                .collect();
            format!("{before}{}{after}", words.join(separator))
        })
}

fn harmless_name() -> impl Strategy<Value = String> {
    prop::sample::select(
        &[
            "order_id",
            "status",
            "a",
            "Ünï",
            "token_count",
            "next_page_token",
            "line\n2",
            "\u{1F600}",
            "\u{FB33}",
            "10",
        ][..],
    )
    .prop_map(str::to_owned)
}

/// Something that no harmless value holds and no encoding changes.
fn secret() -> impl Strategy<Value = String> {
    "s[A-Za-z0-9!#$%*+@^~_-]{8,24}"
}

/// False for letters, digits and dashes under the name of a telephone, which may be words.
fn is_meant(name: &str, secret: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !name.to_lowercase().contains("phone") || !secret.bytes().all(is_of_word)
}

/// Text without a name that a rule names.
fn harmless_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé \u{1F600}\"\\\\\n./0-9-]{0,20}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]T1[0-9]:30:00Z",
        "https://[a-z]{2,8}\\.example:80/[a-z]{0,5}\\?q=[a-z]{0,5}&r=1",
        // No name of a secret is made of these letters, as `pw` is.
        "[{(\\[][a-g:=, ]{0,5}[})\\]]",
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-100..100_i64).prop_map(Value::from),
    ]
    .prop_filter(
        "a whole number of so many digits may be a card's or a person's",
        |number| {
            number
                .as_f64()
                .is_none_or(|number| number.fract() != 0.0 || !(1e12..1e19).contains(&number.abs()))
        },
    )
}

fn tree(
    text: impl Strategy<Value = String> + 'static,
    name: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text.prop_map(Value::from),
    ];
    let name = name.boxed();
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            members.prop_map(|members| Value::Object(Map::from_iter(members))),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

/// One of ten long numbers has the check digit of a card.
fn holds_a_card(text: &str) -> bool {
    let runs = text.split(|letter: char| !letter.is_ascii_digit());
    runs.filter(|run| (13..=19).contains(&run.len()))
        .any(|run| {
            let sum: u32 = run
                .bytes()
                .rev()
                .enumerate()
                .map(|(at, digit)| match (at % 2, u32::from(digit - b'0')) {
                    (0, digit) => digit,
                    (_, digit) => digit * 2 / 10 + digit * 2 % 10,
                })
                .sum();
            sum.is_multiple_of(10)
        })
}

fn harmless_tree() -> impl Strategy<Value = Value> {
    tree(harmless_text(), harmless_name())
}

/// Text that is made of what the sanitizer looks at.
fn hostile_text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => ruled_name(),
        6 => prop::sample::select(&[
            "=", ":", ": ", " = ", "=>", "->", ":=", " ", " ", ",", ", ", ";", "&", "|", "\n", "\t", "\\n", "\"", "'", "`",
            "\\\"", "\\\\\"", "\"\"\"", "\\", "(", ")", "[", "]", "{", "}", ">", ".", "--", "-", "$", "${", "}}", "/", "//", "b\"",
        ][..]).prop_map(str::to_owned),
        3 => prop::sample::select(&[
            "abc", "12", "555-0100", "Bearer", "Digest", "null", "page", "next", "é", "\u{1F600}", "NAME", "x", "Some(",
            "[REDACTED:password]", "[REDACTED:", "pn:address:k1:", "pn:ssn:k1:abcdefghijklmnopqrstuvwxyz", "[SHORTENED: depth]",
            "[REDACTION FAILED]", "{\"password\":1}", "{\"a\":\"phone: 12\"}",
        ][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(fragment, 0..14).prop_map(|fragments| fragments.concat())
}

fn hostile_tree() -> impl Strategy<Value = Value> {
    let name = prop_oneof![ruled_name(), harmless_name(), hostile_text()];
    tree(prop_oneof![hostile_text(), harmless_text()], name)
}

#[derive(Debug, Clone)]
enum Wrap {
    List(Vec<Value>),
    Member(String, Value),
    Text,
}

fn wraps() -> impl Strategy<Value = Vec<Wrap>> {
    let wrap = prop_oneof![
        prop::collection::vec(harmless_tree(), 0..3).prop_map(Wrap::List),
        (harmless_name(), harmless_tree()).prop_map(|(name, other)| Wrap::Member(name, other)),
        Just(Wrap::Text),
    ];
    prop::collection::vec(wrap, 0..6)
}

fn wrapped(mut value: Value, wraps: Vec<Wrap>) -> Value {
    for wrap in wraps {
        value = match wrap {
            Wrap::List(mut others) => {
                others.push(value);
                Value::Array(others)
            }
            Wrap::Member(name, other) => json!({ "other": other, name: value }),
            Wrap::Text => Value::String(value.to_string()),
        };
    }
    value
}

/// The secret as what stands under a rule's name: alone, or deep in a list or an object.
fn planted(secret: &str, shape: u8) -> Value {
    match shape {
        0 => json!(secret),
        1 => json!([1, secret]),
        2 => json!({"of": {"kind": [secret]}}),
        _ => json!([[{"a": secret, "b": null}], secret]),
    }
}

/// The secret in an assignment.
fn assigned(name: &str, secret: &str, shape: u8) -> String {
    match shape {
        0 => format!("{name}={secret}"),
        1 => format!("login failed: {name}: {secret} (code=5)"),
        2 => format!("{{'n': 1, '{name}': '{secret}', 'm': 2}}"),
        3 => format!("{{\"n\": 1, \"{name}\": \"{secret}\", \"cut"),
        4 => format!("{{\\\"{name}\\\":\\\"{secret}\\\"}}"),
        5 => format!("n=1&{name}={secret}&m=2"),
        6 => format!("Config {{ n: 1, {name}: Some(\"{secret}\"), m: 2 }}"),
        7 => format!("a\n{name} = \"{secret} and more\" # comment"),
        8 => format!("run --{} {secret} --quiet", name.replace(' ', "-")),
        9 => format!("run --{}='{secret}'", name.replace(' ', "-")),
        10 => format!("\"{name}\" => {secret}; \"n\" => 2"),
        _ => format!("settings['{name}'] := {secret}, and on"),
    }
}

proptest! {
    #[test]
    fn a_secret_under_a_rules_name_never_survives(
        name in ruled_name(), secret in secret(), shape in 0..4_u8, wraps in wraps()
    ) {
        prop_assume!(is_meant(&name, &secret));
        let value = json!({ "before": 1, name: planted(&secret, shape) });
        let (text, done) = pass(&wrapped(value, wraps), PLENTY);
        prop_assert!(!text.contains(&secret), "{}", text);
        prop_assert!(done.redactions > 0);
    }

    #[test]
    fn a_secret_assigned_in_text_never_survives(
        name in ruled_name(), secret in secret(), shape in 0..12_u8, wraps in wraps()
    ) {
        prop_assume!(is_meant(&name, &secret));
        let value = json!(assigned(&name, &secret, shape));
        let (text, done) = pass(&wrapped(value, wraps), PLENTY);
        prop_assert!(!text.contains(&secret), "{}", text);
        prop_assert!(done.redactions > 0);
    }

    #[test]
    fn a_secret_never_survives_within_any_limit(
        name in ruled_name(), secret in secret(), shape in 0..12_u8, limit in 0..300_usize, before in harmless_text()
    ) {
        prop_assume!(is_meant(&name, &secret));
        let value = json!([before, assigned(&name, &secret, shape), { name: secret.clone() }]);
        let (text, _) = pass(&value, limit);
        // A part of it that is worth having.
        prop_assert!(!text.contains(&secret[..6]), "{}", text);
    }

    #[test]
    fn clean_values_come_out_byte_for_byte(value in harmless_tree()) {
        prop_assume!(!holds_a_card(&canonical_text(&value)));
        let (text, done) = pass(&value, PLENTY);
        prop_assert_eq!(text, canonical_text(&value));
        prop_assert_eq!(done, Sanitized::default());
    }

    #[test]
    fn a_second_pass_changes_nothing(value in hostile_tree()) {
        let (once, _) = pass(&value, PLENTY);
        let read: Value = serde_json::from_str(&once).expect("JSON");
        let (twice, done) = pass(&read, PLENTY);
        prop_assert_eq!(twice, once);
        prop_assert_eq!(done, Sanitized::default());
    }

    #[test]
    fn a_second_pass_over_text_changes_nothing(text in hostile_text()) {
        let (once, _) = pass(&json!(text), PLENTY);
        let read: Value = serde_json::from_str(&once).expect("JSON");
        prop_assert_eq!(pass(&read, PLENTY), (once, Sanitized::default()));
    }

    #[test]
    fn what_is_written_is_canonical_and_within_the_limit(value in hostile_tree(), limit in 0..500_usize) {
        let (text, done) = pass(&value, limit);
        prop_assert!(text.len() <= limit.max(64), "{}", text);
        let read: Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(&canonical_text(&read), &text);
        let (whole, _) = pass(&value, PLENTY);
        prop_assert_eq!(done.shortened, whole != text);
    }

    #[test]
    fn texts_are_written_within_the_limit(text in hostile_text(), limit in 0..100_usize) {
        let mut out = Vec::new();
        sanitizer().write_text(&mut out, &text, limit);
        prop_assert!(out.len() <= limit.max(64));
        prop_assert!(serde_json::from_slice::<String>(&out).is_ok());
    }
}

#[test]
fn texts_that_were_once_a_fault_are_none() {
    let sanitizer = Sanitizer::default();
    for text in [
        "the password FakeEAergjV\\-1\u{200b}\u{1d7d8}_base is x",
        "log in, the password is FakeEAergjV\\-1\u{200b}\u{1d7d8}\0_base_{[",
        "\"token)mT2S\u{200b}&.34111\u{200b}com\n  - kate.sean@bilgen-corp.com\n  - b\0",
        "content: \"the name: x\"",
        "text: 'a name: b', name: c",
        "data: {name: x}, name: y, value: z",
        "value: [name: password, x], name: token",
        "text='name=x'",
    ] {
        let mut out = Vec::new();
        assert!(!sanitizer.write_text(&mut out, text, 1024).failed, "{text}");
    }
}
