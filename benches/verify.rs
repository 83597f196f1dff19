//! Verifying
fn main(){}
