//! Canonical bytes must not depend on serde_json's features; the tests are all there is.
