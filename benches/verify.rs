//! Verifying
fn main() {}
