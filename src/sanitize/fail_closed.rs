//! Passes that let nothing through where they fail.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(test)]
use super::fault;
use super::{Sanitized, marker};
use crate::canonical;

/// Runs a pass; where it panics, a placeholder stands for all that it wrote.
pub(super) fn fail_closed(
    out: &mut Vec<u8>,
    pass: impl FnOnce(&mut Vec<u8>) -> Sanitized,
) -> Sanitized {
    let start = out.len();
    // What the pass may leave half done is `out` alone, and that is taken back.
    let passed = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        fault::strike();
        pass(out)
    }));
    passed.unwrap_or_else(|_| {
        out.truncate(start);
        canonical::write_string(out, marker::FAILED);
        Sanitized::FAILED
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_within_a_pass_leaves_a_placeholder_and_nothing_of_the_value() {
        let mut out = b"kept:".to_vec();
        let done = fail_closed(&mut out, |out| {
            out.extend_from_slice(b"\"hunter2");
            // A fault such as an index out of bounds would be.
            std::panic::resume_unwind(Box::new("hunter2"));
        });
        assert_eq!(out, b"kept:\"[REDACTION FAILED]\"");
        assert_eq!(done, Sanitized::FAILED);
    }
}
