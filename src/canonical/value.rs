use serde_json::{Map, Value};

use super::{compare_keys, write_number, write_string};

/// Appends a tree in its canonical form, as it stands: nothing is redacted and nothing shortened.
///
/// It recurses once for each level, so the caller bounds the depth; what serde_json has parsed is at
/// most 128 deep.
///
/// ```
/// let mut out = Vec::new();
/// tool_audit::canonical::write_value(&mut out, &serde_json::json!({"b": 1.0, "a": [true, null]}));
/// assert_eq!(out, br#"{"a":[true,null],"b":1}"#);
/// ```
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(out, members),
    }
}

fn write_object(out: &mut Vec<u8>, members: &Map<String, Value>) {
    out.push(b'{');
    if members
        .keys()
        .is_sorted_by(|a, b| compare_keys(a, b).is_lt())
    {
        write_members(out, members.iter());
    } else {
        let mut sorted: Vec<_> = members.iter().collect();
        sorted.sort_unstable_by(|a, b| compare_keys(a.0, b.0));
        write_members(out, sorted.into_iter());
    }
    out.push(b'}');
}

fn write_members<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'a String, &'a Value)>) {
    for (at, (name, value)) in members.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_value(out, value);
    }
}
