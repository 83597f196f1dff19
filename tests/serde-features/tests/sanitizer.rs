//! The sanitizer, with serde_json's `preserve_order`, `arbitrary_precision` and `float_roundtrip` switched on.

use serde_json::Value;
use tool_audit::sanitize::Action;
use tool_audit::{MemorySink, Recorder, Sanitizer, ToolCall, ToolResult};

fn sanitized(sanitizer: &Sanitizer, text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap();
    let mut out = Vec::new();
    sanitizer.write_value(&mut out, &value, 64 * 1024);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_tree_is_written_in_the_same_bytes_as_without_them() {
    for (text, expected) in [
        (
            r#"{"b":1,"a":{"d":[{"z":0,"y":1}],"c":null}}"#,
            r#"{"a":{"c":null,"d":[{"y":1,"z":0}]},"b":1}"#,
        ),
        (
            "{\"\u{FB33}\":1,\"\u{1F600}\":2,\"a\":3}",
            "{\"a\":3,\"\u{1F600}\":2,\"\u{FB33}\":1}",
        ),
        (
            "[1.0,1e0,-0,-0.0,0.10,1E2,51.24817837550540,1e-7]",
            "[1,1,0,0,0.1,100,51.2481783755054,1e-7]",
        ),
        (
            "[9007199254740992,-9007199254740993,18446744073709551615]",
            r#"["9007199254740992","-9007199254740993","18446744073709551615"]"#,
        ),
    ] {
        assert_eq!(sanitized(&Sanitizer::default(), text), expected, "{text}");
    }
}

#[test]
fn all_digits_of_a_number_are_looked_at() {
    let sanitizer = Sanitizer::builder()
        .pattern("account", "98765[0-9]{18}", Action::Redact)
        .build()
        .unwrap();
    assert_eq!(
        sanitized(&sanitizer, r#"{"n":98765432109876543210987}"#),
        r#"{"n":"[REDACTED:account]"}"#
    );
}

#[test]
fn a_number_is_found_again_as_it_was_spelt() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let arguments: Value = serde_json::from_str(r#"{"password":8341257.50}"#).unwrap();
    let recording = recorder.start_call(&ToolCall::new("login", arguments));
    drop(recording.response(&ToolResult::Failure {
        error: "nobody has 8341257.50".to_owned(),
        error_type: None,
    }));
    let entry = &sink.entries()[0];
    let written = serde_json::to_string(entry).unwrap();
    assert!(!written.contains("8341257"), "{written}");
}
