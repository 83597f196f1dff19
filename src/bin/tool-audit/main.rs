//! The program `tool-audit`.
fn main() {}
