use serde_json::Value;

use crate::strict_json;

/// How much memory a message may take while it is looked at.
const MOST_MEMORY: usize = 128 * 1024 * 1024;

/// One line: a message, or several in a list (protocol version 2025-03-26).
///
/// None where it cannot be read. A line of blanks alone is no message, and may stand anywhere.
pub(super) fn parse(line: &[u8]) -> Option<Vec<Value>> {
    if line.trim_ascii().is_empty() {
        return Some(Vec::new());
    }
    match strict_json::parse_within(line, MOST_MEMORY).ok()? {
        Value::Array(messages) => messages.iter().all(Value::is_object).then_some(messages),
        message @ Value::Object(_) => Some(vec![message]),
        _ => None,
    }
}

pub(super) fn method(message: &Value) -> Option<&str> {
    message.get("method").and_then(Value::as_str)
}

/// What a request or an answer is known by: a text or a number.
pub(super) fn id(message: &Value) -> Option<&Value> {
    message
        .get("id")
        .filter(|id| id.is_string() || id.is_number())
}

/// Whether both are one id to a reader that has one kind of number alone, as JavaScript has: 1 and 1.0 are.
pub(super) fn is_same_id(one: &Value, other: &Value) -> bool {
    one == other || (one.is_number() && one.as_f64() == other.as_f64())
}

pub(super) fn params(message: &Value) -> &Value {
    message.get("params").unwrap_or(&Value::Null)
}

/// The requests to run a tool, with their ids. Without one it is a notification, which a server may run all the same.
pub(super) fn tool_calls(messages: &[Value]) -> impl Iterator<Item = &Value> {
    messages
        .iter()
        .filter(|message| method(message) == Some("tools/call"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_same_id, parse};

    #[test]
    fn ids_are_one_where_a_server_may_write_them_alike() {
        assert!(is_same_id(&json!(1), &json!(1.0)));
        assert!(is_same_id(
            &json!(9_007_199_254_740_993_u64),
            &json!(9_007_199_254_740_992_u64)
        ));
        for (one, other) in [
            (json!(1), json!("1")),
            (json!(1), json!(2)),
            (json!("a"), json!("b")),
        ] {
            assert!(!is_same_id(&one, &other), "{one} {other}");
        }
    }

    #[test]
    fn what_two_readers_may_read_differently_is_not_read() {
        for line in [
            r#"{"method":"ping","method":"tools/call"}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            "[1]",
            "7",
            "{",
            "{} {}",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
        let swollen = format!("{{\"a\":[{}0]}}", "{\"b\":0},".repeat(400_000));
        assert_eq!(parse(swollen.as_bytes()), None);
        assert_eq!(parse(b"\xFF"), None);
        assert_eq!(parse(b" \r").map(|messages| messages.len()), Some(0));
        assert_eq!(parse(b"[{},{}]").map(|messages| messages.len()), Some(2));
    }
}
