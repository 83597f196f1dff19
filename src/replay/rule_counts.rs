use super::{Answer, RecordedCall};
use crate::sanitize::{RuleCounts, Sanitizer};

/// Nothing is left out for its size: what is written is thrown away.
const LIMIT: usize = usize::MAX;

/// Adds what the rules for the call's tool replace in its arguments and its answer.
pub(super) fn add(sanitizer: &Sanitizer, recorded: &RecordedCall, counts: &mut RuleCounts) {
    let sanitizer = sanitizer.for_tool(&recorded.call.tool_name);
    let mut out = Vec::new();
    let arguments = &recorded.call.arguments;
    sanitizer.write_value_at_counting(&mut out, &["arguments"], arguments, LIMIT, counts);
    out.clear();
    match &recorded.answer {
        Answer::Nothing => {}
        Answer::Result(result) => {
            sanitizer.write_value_at_counting(&mut out, &["result"], result, LIMIT, counts);
        }
        Answer::Error(text) | Answer::Panic(text) => {
            let text = text.as_str().into();
            sanitizer.write_value_counting(&mut out, &text, LIMIT, counts);
        }
    }
}
