//! A record's own members, found in its bytes without a tree.

use super::instant;

/// The raw JSON of the record's own member of this name, searched from byte `from` on.
///
/// Members stand in the order of their names (FORMAT section 2), so the search ends where the name would
/// have stood.
pub(crate) fn find<'a>(line: &'a [u8], from: usize, name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    each(line, from, |key, value| {
        if key == name.as_bytes() {
            found = Some(value);
        }
        key < name.as_bytes()
    });
    found
}

/// Shows the record's own members from byte `from` on, names without their quotes and values as they stand,
/// for as long as `wanted` says so.
pub(crate) fn each<'a>(
    line: &'a [u8],
    from: usize,
    mut wanted: impl FnMut(&'a [u8], &'a [u8]) -> bool,
) -> Option<()> {
    let mut at = from;
    loop {
        if line.get(at)? != &b'"' {
            return None;
        }
        let key_end = skip_string(line, at)?;
        let key = &line[at + 1..key_end - 1];
        if line.get(key_end)? != &b':' {
            return None;
        }
        let value_end = skip_value(line, key_end + 1)?;
        if !wanted(key, line.get(key_end + 1..value_end)?) || line.get(value_end)? != &b',' {
            return None;
        }
        at = value_end + 1;
    }
}

/// The items of a list, as they stand.
pub(crate) fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        let begin = at;
        let end = skip_value(list, begin).filter(|end| *end > begin && *end < list.len())?;
        at = end + 1;
        list.get(begin..end)
    })
}

/// When the record's call began.
///
/// `timestamp` is nearly a record's last member, so it is looked for from the end: the last member of that
/// name is the record's own unless a brace follows it other than the last one.
pub(crate) fn timestamp(line: &[u8], from: usize) -> Option<i64> {
    const NAME: &[u8] = br#""timestamp":""#;
    let found = memchr::memmem::rfind(line, NAME)?;
    let behind = line.get(found + NAME.len()..line.len().checked_sub(1)?)?;
    let own = !behind
        .iter()
        .any(|byte| matches!(byte, b'{' | b'}' | b'[' | b']'));
    let text = if own {
        &behind[..memchr::memchr(b'"', behind)?]
    } else {
        let text = find(line, from, "timestamp")?;
        text.strip_prefix(b"\"")?.strip_suffix(b"\"")?
    };
    instant::parse(std::str::from_utf8(text).ok()?)
}

/// How long the record's call took, in whole microseconds; 0 where it has no duration.
///
/// The end of a call has one of its own, so where the name stands once it is that one, and the members
/// before it need not be walked.
pub(crate) fn duration(kind: &[u8], line: &[u8], from: usize) -> i64 {
    const NAME: &[u8] = br#""duration_ms":"#;
    if kind == b"tool_call_started" {
        return 0;
    }
    let mut found = memchr::memmem::find_iter(line, NAME);
    let value = match (found.next(), found.next()) {
        (Some(at), None) if kind == b"tool_call" => {
            skip_value(line, at + NAME.len()).and_then(|end| line.get(at + NAME.len()..end))
        }
        (None, _) => None,
        _ => find(line, from, "duration_ms"),
    };
    value
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.parse().ok())
        .map_or(0, micros)
}

/// Milliseconds as whole microseconds; what is no duration is none.
pub(crate) fn micros(milliseconds: f64) -> i64 {
    if milliseconds.is_finite() && milliseconds > 0.0 {
        // Saturates; a duration of that size orders last and nothing more.
        (milliseconds * 1000.0).round() as i64
    } else {
        0
    }
}

/// Where the string that begins at `at` ends, its quotes included.
pub(crate) fn skip_string(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where the value that begins at `at` ends.
pub(crate) fn skip_value(line: &[u8], at: usize) -> Option<usize> {
    match line.get(at)? {
        b'"' => skip_string(line, at),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = at;
            loop {
                match line.get(at)? {
                    b'"' => {
                        at = skip_string(line, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => line[at..]
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']'))
            .map(|length| at + length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_records_own_members_are_found() {
        let line = br#"{"a":{"duration_ms":7,"x":["}",{"timestamp":"no"}]},"b":"\"duration_ms\":8","duration_ms":1.5,"timestamp":"2025-07-06T14:23:01.456789Z","tool_name":"{x}"}"#;
        assert_eq!(duration(b"tool_call", line, 1), 1500);
        assert_eq!(duration(b"tool_call_started", line, 1), 0);
        assert_eq!(
            timestamp(line, 1),
            instant::parse("2025-07-06T14:23:01.456789Z")
        );
        assert_eq!(find(line, 1, "x"), None);
        assert_eq!(find(line, 1, "tool_name"), Some(&br#""{x}""#[..]));
    }

    #[test]
    fn the_items_of_a_list_are_found() {
        let found = |list: &'static [u8]| items(list).collect::<Vec<_>>();
        assert_eq!(found(b"[]"), [b""; 0]);
        assert_eq!(
            found(br#"["a","b,]\"c",{"d":[1]},2]"#),
            [&br#""a""#[..], br#""b,]\"c""#, br#"{"d":[1]}"#, b"2"]
        );
        assert_eq!(found(br#"["a""#), [b""; 0]);
    }

    #[test]
    fn a_timestamp_inside_another_member_is_not_the_records_own() {
        let line = br#"{"a":{"timestamp":"2025-07-06T14:23:01.456789Z"}}"#;
        assert_eq!(timestamp(line, 1), None);
        assert_eq!(duration(b"later", br#"{"a":{"duration_ms":7}}"#, 1), 0);
        let one = br#"{"a":"\"duration_ms\":7","duration_ms":2}"#;
        assert_eq!(duration(b"tool_call", one, 1), 2000);
    }

    #[test]
    fn bytes_that_are_no_record_are_walked_without_a_panic() {
        let line = br#"{"a":{"b":"\"c"},"d":[1,2,{}],"timestamp":"x"}"#;
        for end in 0..line.len() {
            for from in 0..=end {
                let _ = find(&line[..end], from, "zz");
                let _ = timestamp(&line[..end], from);
            }
        }
    }
}
