//! What a W3C `traceparent` names.

/// Trace and span of a W3C `traceparent`, version 00 or a later one.
pub(super) fn parse(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let is_hex = |part: &&str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let version = parts
        .next()
        .filter(|version| is_hex(version, 2) && *version != "ff")?;
    let trace_id = parts.next().filter(|part| is_hex(part, 32))?;
    let span_id = parts.next().filter(|part| is_hex(part, 16))?;
    parts.next().filter(|part| is_hex(part, 2))?;
    // Only a later version may have more (section 3.2.2.3).
    if version == "00" && parts.next().is_some() {
        return None;
    }
    let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
    (!is_none(trace_id) && !is_none(span_id)).then_some((trace_id, span_id))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_trace_context_is_taken_only_where_it_is_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let good = format!("00-{trace}-{span}-01");
        let later = format!("01-{trace}-{span}-01-more");
        for good in [good, later] {
            assert_eq!(parse(&good), Some((trace, span)));
        }
        for bad in [
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            String::new(),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
