use crate::tree::{Number, Seen, Tree};

use crate::canonical;

/// How many bytes a tree's canonical JSON has, without writing it.
///
/// What lies deeper than the sanitizer goes is not counted: the answer came from outside, and may be of
/// any depth.
pub(super) fn of_value(value: &Tree<'_>) -> u64 {
    at_depth(value, 0)
}

/// Whether the canonical JSON of a value, which was read from so many bytes of JSON, has at most `most` bytes: false
/// where only [`of_value`] would tell.
///
/// Neither blanks nor escapes get more, nor do two members that are joined; only numbers may.
pub(super) fn is_within(seen: &Seen, read: usize, most: u64) -> bool {
    let most_growth = most.checked_sub(read as u64);
    most_growth.is_some_and(|most| seen.growth <= most)
}

const MAX_DEPTH: usize = 128;

fn at_depth(value: &Tree<'_>, depth: usize) -> u64 {
    if depth > MAX_DEPTH {
        return 0;
    }
    match *value {
        Tree::Null | Tree::Bool(true) => 4,
        Tree::Bool(false) => 5,
        Tree::Number(number) => of_number(number),
        Tree::String(text) => of_text(text),
        Tree::Array(items) => {
            let commas = items.len().saturating_sub(1) as u64;
            items
                .iter()
                .fold(2 + commas, |sum, item| sum + at_depth(item, depth + 1))
        }
        Tree::Object(members) => {
            let commas = members.len().saturating_sub(1) as u64;
            members.iter().fold(2 + commas, |sum, (name, value)| {
                sum + of_text(name) + 1 + at_depth(value, depth + 1)
            })
        }
    }
}

fn of_number(number: Number<'_>) -> u64 {
    match number {
        Number::Unsigned(value) => {
            u64::from(value.checked_ilog10().unwrap_or(0)) + 1 + of_quotes(value)
        }
        Number::Negative(value) => {
            let magnitude = value.unsigned_abs();
            u64::from(magnitude.checked_ilog10().unwrap_or(0)) + 2 + of_quotes(magnitude)
        }
        Number::Double(_) | Number::Text(_) => match number.as_exact_double() {
            Some(value) => canonical::length_of_f64(value) as u64,
            None => number.to_text().len() as u64 + 2,
        },
    }
}

/// From 2^53 on a number stands as a string.
fn of_quotes(magnitude: u64) -> u64 {
    if magnitude > canonical::MAX_SAFE_INTEGER {
        2
    } else {
        0
    }
}

pub(super) fn of_text(text: &str) -> u64 {
    let plain = text.len() as u64 + 2;
    if canonical::has_escapes(text.as_bytes()) {
        plain + of_escapes(text)
    } else {
        plain
    }
}

fn of_escapes(text: &str) -> u64 {
    text.bytes().fold(0, |sum, byte| {
        sum + match byte {
            b'"' | b'\\' | 0x08 | 0x09 | 0x0A | 0x0C | 0x0D => 1,
            0..0x20 => 5,
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{parse, with_arena};
    use serde_json::json;

    #[test]
    fn what_is_within_a_bound_by_its_bytes_is_no_longer_as_canonical_text() {
        for text in [
            r#"{"a":"\u0061\u00e9\u0000\/","b":[1e5,1E15,9e15,-1e20,1e-6,1e300,0.0000001,-0]}"#,
            r#"{"":1,"":2,"":[3],"":{"c":4},"c":{"a":1},"c":{"b":2}}"#,
            "[9007199254740993,-9007199254740993,18446744073709551616,1.2345678901234567e-6]",
            "[ 1e15 ]",
            "2e15",
            r#""\ud83d\ude00""#,
            "[]",
        ] {
            with_arena(|arena| {
                let parsed = parse(text.as_bytes(), false, arena);
                assert!(parsed.is_whole, "{text}");
                let size = of_value(&parsed.tree);
                let least = (0..).find(|most| is_within(&parsed.seen, text.len(), *most));
                assert!(least.is_some_and(|least| size <= least), "{text}");
            });
        }
    }

    #[test]
    fn numbers_that_are_written_longer_than_they_were_read_are_not_within_the_bytes_read() {
        for text in [
            "[9007199254740993]",
            "[-9007199254740993]",
            "[18446744073709551616]",
            "[-1e20]",
            "[1e15]",
        ] {
            with_arena(|arena| {
                let parsed = parse(text.as_bytes(), false, arena);
                let size = of_value(&parsed.tree);
                assert!(size > text.len() as u64, "{text}");
                assert!(!is_within(&parsed.seen, text.len(), size - 1), "{text}");
            });
        }
    }

    #[test]
    fn the_size_is_that_of_the_canonical_text() {
        for value in [
            json!({"a\"\n\u{1}": [1, -20, 0, 1.5, 1e-9, true, false, null, "é"], "b": {}, "c": []}),
            json!([
                9,
                10,
                99,
                100,
                4_294_967_296_u64,
                u64::MAX,
                i64::MIN,
                1e300,
                -1e300,
                0.25
            ]),
            json!([9_007_199_254_740_991_u64, 9_007_199_254_740_992_u64]),
            json!(""),
        ] {
            let mut out = Vec::new();
            crate::canonical::write_value(&mut out, &value);
            assert_eq!(Tree::with(&value, of_value), out.len() as u64, "{value}");
        }
    }
}
