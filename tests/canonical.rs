//! Canonical JSON: RFC 8785's published vectors, the byte rule of FORMAT section 2, and the agreement of
//! writer, checker and canonicalizer.

// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tool_audit::canonical::{
    MAX_SAFE_INTEGER, canonicalize, check, check_members, compare_keys, write_es6_number,
    write_f64, write_string, write_value,
};
use tool_audit::log::record::MAX_DEPTH;

fn vectors() -> Option<PathBuf> {
    let found =
        std::env::var_os("TOOL_AUDIT_SHARED").map(|root| PathBuf::from(root).join("vectors/jcs"));
    if found.is_none() {
        eprintln!(
            "SKIPPED: set TOOL_AUDIT_SHARED to the folder that holds vectors/jcs to run RFC 8785's vectors"
        );
    }
    found
}

fn es6(value: f64) -> String {
    let mut out = Vec::new();
    write_es6_number(&mut out, value);
    String::from_utf8(out).unwrap()
}

fn written(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

#[test]
fn every_published_case_canonicalizes_to_its_published_bytes() {
    let Some(folder) = vectors() else { return };
    let mut cases = 0;
    for entry in fs::read_dir(folder.join("input")).unwrap() {
        let input = entry.unwrap().path();
        let name = input.file_stem().unwrap().to_str().unwrap();
        let text = fs::read(&input).unwrap();
        let expected = fs::read(folder.join("output").join(format!("{name}.json"))).unwrap();
        let hex = fs::read_to_string(folder.join("outhex").join(format!("{name}.txt"))).unwrap();
        let from_hex: Vec<u8> = hex
            .split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect();
        assert_eq!(canonicalize(&text).unwrap(), expected, "{name}");
        assert_eq!(expected, from_hex, "{name}");
        assert_eq!(canonicalize(&expected).unwrap(), expected, "{name}");
        cases += 1;
    }
    assert_eq!(cases, 6);
}

#[test]
fn the_published_cases_obey_the_byte_rule_but_for_numbers_too_large() {
    let Some(folder) = vectors() else { return };
    for entry in fs::read_dir(folder.join("output")).unwrap() {
        let path = entry.unwrap().path();
        let checked = check(&fs::read(&path).unwrap());
        if path.ends_with("values.json") {
            assert_eq!(
                checked.unwrap_err().reason(),
                "a number of magnitude 2^53 or more"
            );
        } else {
            assert_eq!(checked, Ok(()), "{}", path.display());
        }
    }
}

#[test]
fn ten_thousand_published_numbers_are_printed_and_checked_as_published() {
    let Some(folder) = vectors() else { return };
    let lines = fs::read_to_string(folder.join("es6-numbers-10000.txt")).unwrap();
    let mut count = 0;
    for line in lines.lines() {
        let (bits, expected) = line.split_once(',').unwrap();
        let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(es6(value), expected);
        assert_eq!(
            canonicalize(expected.as_bytes()).unwrap(),
            expected.as_bytes()
        );
        let mut recorded = Vec::new();
        write_f64(&mut recorded, value);
        if value.abs() <= MAX_SAFE_INTEGER as f64 {
            assert_eq!(recorded, expected.as_bytes());
            assert_eq!(check(expected.as_bytes()), Ok(()), "{expected}");
        } else {
            assert_eq!(recorded, format!("\"{expected}\"").as_bytes());
            assert!(check(expected.as_bytes()).is_err(), "{expected}");
        }
        assert_eq!(check(&recorded), Ok(()));
        count += 1;
    }
    assert_eq!(count, 10_000);
}

#[test]
fn a_hundred_thousand_numbers_print_to_the_published_checksums() {
    let Some(folder) = vectors() else { return };
    let lines = fs::read_to_string(folder.join("es6-numbers-10000.txt")).unwrap();
    let published: Value =
        serde_json::from_slice(&fs::read(folder.join("es6-numbers-checksums.json")).unwrap())
            .unwrap();
    // The listed values, then the doubles of a SHA-256 ratchet that begins with 32 zero bytes.
    let listed = lines
        .lines()
        .map(|line| u64::from_str_radix(line.split(',').next().unwrap(), 16).unwrap())
        .take_while(|bits| *bits != 0x77bd_62f8_ad7a_6866);
    let mut block = [0_u8; 32];
    let ratchet = std::iter::repeat_with(move || {
        block = Sha256::digest(block).into();
        block
    })
    .flat_map(|block| {
        let words: Vec<u64> = block
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
            .collect();
        words
    })
    .filter(|bits| f64::from_bits(*bits).is_finite() && f64::from_bits(*bits) != 0.0);
    let mut hasher = Sha256::new();
    for (at, bits) in listed.chain(ratchet).take(100_000).enumerate() {
        hasher.update(format!("{bits:x},{}\n", es6(f64::from_bits(bits))));
        if let Some(expected) = published["sha256_by_lines"][(at + 1).to_string()].as_str() {
            let digest = hasher.clone().finalize();
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "{} lines", at + 1);
        }
    }
}

#[test]
fn canonical_lines_are_accepted() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        "-0.5",
        "1e-7",
        "0.000001",
        "145.23",
        "9007199254740991",
        "-9007199254740991",
        "5e-324",
        "1.7976931348623157e-300",
        "0.1",
        "0.30000000000000004",
        r#""""#,
        r#""é€😀""#,
        r#""\b\t\n\f\r\"\\\u0000\u001f\u000b""#,
        "\"\u{7f}\u{80}/\u{2028}\"",
        r#"{"":0,"A":1,"a":{"b":[1,[],{}]}}"#,
        "{\"\u{1F600}\":1,\"\u{FB33}\":2}",
    ] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        assert_eq!(canonicalize(text.as_bytes()).unwrap(), text.as_bytes());
    }
}

#[test]
fn json_in_another_form_is_refused_as_not_canonical() {
    for text in [
        "{ }",
        " {}",
        "{} ",
        "{}\r",
        "[1, 2]",
        r#"{"a" :1}"#,
        r#"{"a": 1}"#,
        "\t1",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        "{\"\u{FB33}\":1,\"\u{1F600}\":2}",
        r#"{"\"":1,"\n":0}"#,
        "1.0",
        "1e0",
        "1E5",
        "-0",
        "-0.0",
        "0.10",
        "100e-2",
        "1e21",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740993",
        "123456789012345678901234567890",
        "0.0000001",
        "1.0e-7",
        "1e-07",
        "0.30000000000000003",
        "1e400",
        "1e+2",
        "0.1e1",
        r#""\/""#,
        r#""\u0041""#,
        r#""\u000A""#,
        r#""\u000a""#,
        r#""\u0008""#,
        r#""\u001F""#,
        r#""\u007f""#,
        r#""\u00e9""#,
        r#""\ud83d\ude00""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\u000B""#,
    ] {
        let refused = check(text.as_bytes()).unwrap_err();
        assert!(refused.is_json(), "{text}: {refused}");
    }
}

#[test]
fn what_is_no_json_is_refused_as_such() {
    for text in [
        &b""[..],
        b" ",
        b"{",
        b"}",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{\"a\":1,}",
        b"[1,]",
        b"[,1]",
        b"{a:1}",
        b"'a'",
        b"nul",
        b"True",
        b"NaN",
        b"Infinity",
        b"-",
        b"+1",
        b".5",
        b"5.",
        b"01",
        b"-01",
        b"1e",
        b"1e+",
        b"0x1",
        b"1 2",
        b"{}{}",
        b"\"",
        b"\"\\x\"",
        b"\"\\u12g4\"",
        b"\"\\u\"",
        b"\"a\tb\"",
        b"\"\x00\"",
        b"\"\xff\"",
        b"\"\xc3\"",
        b"\"\xed\xa0\x80\"",
        b"\xef\xbb\xbf{}",
        b"{}\x00",
        b"\"\\\"",
        b"{\"\\",
        b"--1",
        b"1.2.3",
        b"1-2",
        b"{\"a\":1\"b\":2}",
        b"[1}",
        b"{]",
    ] {
        let refused = check(text).unwrap_err();
        assert!(
            !refused.is_json(),
            "{:?}: {refused}",
            String::from_utf8_lossy(text)
        );
        assert!(canonicalize(text).is_err());
    }
}

#[test]
fn nesting_is_accepted_to_the_bound_and_not_beyond() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}{}{}", open.repeat(depth), "1", close.repeat(depth));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        let refused = check(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert!(refused.is_json());
        assert_eq!(refused.reason(), "nesting deeper than 128");
        assert!(canonicalize(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(canonicalize(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        // Depth that would exhaust the stack if it were followed.
        assert!(check(nested(1_000_000).as_bytes()).unwrap_err().is_json());
        assert!(
            !check(open.repeat(1_000_000).as_bytes())
                .unwrap_err()
                .is_json()
        );
    }
}

#[test]
fn the_first_differing_byte_is_named() {
    assert_eq!(check(br#"{"a":1,"b":1.0}"#).unwrap_err().offset(), 11);
    assert_eq!(check(br#"{"a":1,"a":1}"#).unwrap_err().offset(), 7);
    assert_eq!(check(b"{\"a\":\"\\/\"}").unwrap_err().offset(), 6);
    assert_eq!(check(b"{\"a\":\"\xff\"}").unwrap_err().offset(), 6);
    assert_eq!(check(b"{}x").unwrap_err().offset(), 2);
}

#[test]
fn the_members_of_the_outermost_object_are_shown_and_no_others() {
    let mut seen = Vec::new();
    let text = r#"{"":[],"a":{"inner":1},"b":"x\n","é":1.5}"#;
    check_members(text.as_bytes(), |name, value| {
        seen.push((
            std::str::from_utf8(name).unwrap().to_owned(),
            std::str::from_utf8(value).unwrap().to_owned(),
        ));
    })
    .unwrap();
    let expected = [
        ("", "[]"),
        ("a", r#"{"inner":1}"#),
        ("b", r#""x\n""#),
        ("é", "1.5"),
    ];
    assert_eq!(
        seen,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn two_names_or_half_a_surrogate_pair_have_no_canonical_form() {
    for text in [
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"\u0061":3}"#,
        r#""\ud800""#,
        r#""\ud800\u0041""#,
        r#""\udc00\ud800""#,
        "1e400",
    ] {
        assert!(canonicalize(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(
        canonicalize(br#""\uD83D\uDE00\/""#).unwrap(),
        "\"😀/\"".as_bytes()
    );
}

#[test]
fn names_with_escapes_sort_by_the_characters_they_stand_for() {
    // U+000A sorts before the quote, and the quote before the backslash; their escapes would not.
    assert_eq!(check(br#"{"\n":0,"\"":1,"A":2,"\\":3}"#), Ok(()));
    assert!(check(br#"{"A":2,"\"":1}"#).unwrap_err().is_json());
    assert!(check(br#"{"\u000b":1,"\n":2}"#).unwrap_err().is_json());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,3}",
        "\\PC{0,12}",
        proptest::collection::vec(
            prop_oneof![
                Just('\u{0}'),
                Just('\n'),
                Just('\u{b}'),
                Just('"'),
                Just('\\'),
                Just('/'),
                Just('\u{7f}'),
                Just('é'),
                Just('\u{2028}'),
                Just('\u{E000}'),
                Just('\u{FB33}'),
                Just('\u{FFFF}'),
                Just('\u{10000}'),
                Just('😀'),
            ],
            0..20
        )
        .prop_map(|characters| characters.into_iter().collect()),
    ]
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000_i64..1000).prop_map(Value::from),
        any::<u64>().prop_map(|bits| {
            let value = f64::from_bits(bits);
            serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
        }),
        (0_u64..1_000_000_000).prop_map(|micros| Value::from(micros as f64 / 1000.0)),
        (1_u64..1 << 60, 0_i32..80)
            .prop_map(|(bits, power)| Value::from(bits as f64 / 2_f64.powi(power))),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_number(),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((any_text(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Texts of JSON's own pieces, most of them nearly right.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"\\n\"",
        "\"\\u0061\"",
        "\"\\u000b\"",
        "1",
        "0",
        "-",
        "1.0",
        "1.5",
        "e",
        "E5",
        "1e-7",
        ".",
        "true",
        "null",
        " ",
        "\"",
        "\\",
        "{}",
        "[]",
        "\"a\":1",
        "é",
        "9007199254740992",
        "12345678901234567",
        "0.1",
        "00",
    ]);
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Whether the two judges agree on a text; the rules that only a record has are left out.
fn judges_agree(text: &[u8]) -> Result<(), TestCaseError> {
    let canonical = canonicalize(text);
    match check(text) {
        Ok(()) => prop_assert_eq!(canonical.as_deref(), Ok(text)),
        Err(error) if error.reason() == "a number of magnitude 2^53 or more" => {}
        Err(error) => prop_assert_ne!(canonical.as_deref(), Ok(text), "{}", error),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_writer_writes_is_canonical(value in any_value()) {
        let line = written(&value);
        prop_assert_eq!(check(&line), Ok(()), "{}", String::from_utf8_lossy(&line));
        prop_assert_eq!(canonicalize(&line).unwrap(), line);
    }

    #[test]
    fn any_spelling_of_a_value_has_one_canonical_form(value in any_value()) {
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        let plain = serde_json::to_vec(&value).unwrap();
        prop_assert_eq!(canonicalize(&pretty).unwrap(), canonicalize(&plain).unwrap());
    }

    #[test]
    fn a_changed_byte_is_judged_alike_by_checker_and_canonicalizer(
        value in any_value(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut line = written(&value);
        let at = at.index(line.len());
        line[at] = byte;
        judges_agree(&line)?;
    }

    #[test]
    fn nearly_right_texts_are_judged_alike_by_checker_and_canonicalizer(text in nearly_json()) {
        judges_agree(text.as_bytes())?;
    }

    #[test]
    fn strings_are_judged_alike_by_checker_and_canonicalizer(text in "\"([a-f0-9u\\\\\"/]|\\\\u[0-9a-fA-F]{4}|\\\\u00[01][0-9a-f]){0,6}\"") {
        judges_agree(text.as_bytes())?;
    }

    #[test]
    fn numbers_are_judged_alike_by_checker_and_canonicalizer(
        text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?"
    ) {
        judges_agree(text.as_bytes())?;
    }

    #[test]
    fn short_decimals_are_judged_alike_by_checker_and_canonicalizer(text in "-?[0-9]{1,9}(\\.[0-9]{1,9})?") {
        judges_agree(text.as_bytes())?;
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        judges_agree(&bytes)?;
    }

    #[test]
    fn names_are_ordered_as_their_utf16_code_units(left in any_text(), right in any_text()) {
        let by_units = left.encode_utf16().cmp(right.encode_utf16());
        prop_assert_eq!(compare_keys(&left, &right), by_units);
        let mut line = vec![b'{'];
        write_string(&mut line, &left);
        line.extend_from_slice(b":0,");
        write_string(&mut line, &right);
        line.extend_from_slice(b":0}");
        prop_assert_eq!(check(&line).is_ok(), by_units.is_lt());
    }
}
