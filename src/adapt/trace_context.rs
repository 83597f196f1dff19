//! What a W3C `traceparent` names.

#[cfg(any(feature = "axum", feature = "mcp-http", feature = "rmcp"))]
use crate::call::CallContext;
use crate::record::CallBuilder;

/// Of which span of which trace a request is a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TraceContext<'a> {
    pub(super) trace_id: &'a str,
    pub(super) span_id: &'a str,
    /// The caller may have recorded its span: the lowest of the flags (section 3.2.2.5.1).
    pub(super) is_sampled: bool,
}

impl TraceContext<'_> {
    /// Tells a call of it.
    pub(super) fn tell(self, call: &mut CallBuilder<'_>) {
        call.trace_id(self.trace_id)
            .span_id(self.span_id)
            .sampled(self.is_sampled);
    }

    /// The context of a call with it.
    #[cfg(any(feature = "axum", feature = "mcp-http", feature = "rmcp"))]
    pub(super) fn given_to(self, context: CallContext) -> CallContext {
        context
            .trace(self.trace_id, self.span_id)
            .sampled(self.is_sampled)
    }
}

/// What a W3C `traceparent` says, of version 00 or a later one.
pub(super) fn parse(text: &str) -> Option<TraceContext<'_>> {
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
    let flags = parts.next().filter(|part| is_hex(part, 2))?;
    // Only a later version may have more (section 3.2.2.3).
    if version == "00" && parts.next().is_some() {
        return None;
    }
    let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
    let flags = u8::from_str_radix(flags, 16).ok()?;
    (!is_none(trace_id) && !is_none(span_id)).then_some(TraceContext {
        trace_id,
        span_id,
        is_sampled: flags & 1 == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::{TraceContext, parse};

    #[test]
    fn a_trace_context_is_taken_only_where_it_is_one() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for (good, is_sampled) in [
            (format!("00-{trace}-{span}-01"), true),
            (format!("00-{trace}-{span}-00"), false),
            (format!("00-{trace}-{span}-02"), false),
            (format!("01-{trace}-{span}-ff-more"), true),
        ] {
            let expected = TraceContext {
                trace_id: trace,
                span_id: span,
                is_sampled,
            };
            assert_eq!(parse(&good), Some(expected));
        }
        for bad in [
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}0-{span}-01"),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{}-01", span.to_uppercase()),
            format!("00-{trace}-{span}0-01"),
            format!("00-{trace}-{span}-1"),
            format!("00-{trace}-{span}-001"),
            format!("0-{trace}-{span}-01"),
            format!("zz-{trace}-{span}-01"),
            String::new(),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
