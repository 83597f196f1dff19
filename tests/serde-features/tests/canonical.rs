//! The bytes of records, with serde_json's `preserve_order`, `arbitrary_precision` and `float_roundtrip` switched on.

use serde_json::Value;
use tool_audit::canonical::{canonicalize, check, check_members, write_number, write_value};

fn written(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap();
    let mut out = Vec::new();
    write_value(&mut out, &value);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_features_are_switched_on() {
    let value: Value =
        serde_json::from_str(r#"{"b":1.10,"a":100000000000000000000000000000}"#).unwrap();
    assert_eq!(
        value.to_string(),
        r#"{"b":1.10,"a":100000000000000000000000000000}"#
    );
}

#[test]
fn a_tree_is_written_in_the_same_bytes_as_without_them() {
    let cases = [
        (
            r#"{"b":1,"a":{"d":[{"z":0,"y":1}],"c":null}}"#,
            r#"{"a":{"c":null,"d":[{"y":1,"z":0}]},"b":1}"#,
        ),
        (
            "{\"\u{FB33}\":1,\"\u{1F600}\":2}",
            "{\"\u{1F600}\":2,\"\u{FB33}\":1}",
        ),
        ("[1.0,1e0,10e-1,-0,-0.0,0.10,1E2]", "[1,1,1,0,0,0.1,100]"),
        (
            "[1e-7,0.000001,5e-324,0.30000000000000004]",
            "[1e-7,0.000001,5e-324,0.30000000000000004]",
        ),
        (
            "[9007199254740991,-9007199254740991]",
            "[9007199254740991,-9007199254740991]",
        ),
        (
            "[9007199254740992,-9007199254740993,18446744073709551615]",
            r#"["9007199254740992","-9007199254740993","18446744073709551615"]"#,
        ),
        ("[51.24817837550540]", "[51.2481783755054]"),
        ("[145.23,333333333.33333329]", "[145.23,333333333.3333333]"),
        (r#""\u0041\/\u000b\ud83d\ude00""#, "\"A/\\u000b\u{1F600}\""),
    ];
    for (text, expected) in cases {
        assert_eq!(written(text), expected, "{text}");
        assert_eq!(check(expected.as_bytes()), Ok(()), "{expected}");
        assert_eq!(
            canonicalize(expected.as_bytes()).unwrap(),
            expected.as_bytes()
        );
    }
}

#[test]
fn numbers_made_by_programs_are_written_alike() {
    let cases: [(Value, &str); 6] = [
        (Value::from(1.0), "1"),
        (Value::from(-0.0), "0"),
        (Value::from(0.1 + 0.2), "0.30000000000000004"),
        (Value::from(1_u64 << 53), "\"9007199254740992\""),
        (Value::from(i64::MIN), "\"-9223372036854775808\""),
        (Value::from(7_i8), "7"),
    ];
    for (value, expected) in cases {
        let mut out = Vec::new();
        write_number(&mut out, value.as_number().unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn any_text_is_canonicalized_alike() {
    let text =
        br#" {"b":[1.0, 1E30, 4.50, 2e-3], "a":"\u20ac", "aa":100000000000000000000000000000} "#;
    let expected = r#"{"a":"€","aa":1e+29,"b":[1,1e+30,4.5,0.002]}"#;
    assert_eq!(canonicalize(text).unwrap(), expected.as_bytes());
    assert!(canonicalize(br#"{"a":1,"a":1}"#).is_err());
}

#[test]
fn lines_are_judged_alike() {
    for (text, json) in [
        (&b"{\"a\":1.0}"[..], true),
        (b"{\"b\":1,\"a\":1}", true),
        (b"{\"a\":1,\"a\":1}", true),
        (b"{\"a\":9007199254740993}", true),
        (b"{\"a\":1e400}", true),
        (b"{\"a\":\"\\ud800\"}", true),
        (b"{\"a\":01}", false),
        (b"{\"a\":nul}", false),
    ] {
        assert_eq!(
            check(text).unwrap_err().is_json(),
            json,
            "{}",
            String::from_utf8_lossy(text)
        );
    }
    let mut members = Vec::new();
    check_members(
        br#"{"$serde_json::private::Number":"1","a":145.23}"#,
        |name, value| {
            members.push((name.to_vec(), value.to_vec()));
        },
    )
    .unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[1].1, b"145.23");
}
