//! Values that go through the sanitizer, and what is to go from them or to stay.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use serde_json::Value;
use tool_audit::{Sanitizer, canonical};

/// What the sanitizer makes of a value, as it would stand in a record.
pub fn written(value: &Value) -> String {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, 256 * 1024);
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// None of the secrets is left of the value, and the rest is.
#[track_caller]
pub fn goes(value: &Value, secrets: &[&str], kept: &[&str]) {
    let written = written(value);
    for secret in secrets {
        assert!(!written.contains(secret), "{secret} stands in {written}");
    }
    for kept in kept {
        assert!(written.contains(kept), "{kept} is gone from {written}");
    }
}

/// The value stays as it is.
#[track_caller]
pub fn stays(value: &Value) {
    let mut sorted = Vec::new();
    canonical::write_value(&mut sorted, value);
    assert_eq!(written(value), String::from_utf8_lossy(&sorted));
}
