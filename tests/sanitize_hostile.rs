//! Texts made to be dear: a pass over one takes time that grows with its length, and no faster.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tool_audit::sanitize::Sanitizer;

const LENGTH: usize = 256 * 1024;
/// Many times what a pass takes in a debug build on a busy machine, and a small part of what it takes where each piece
/// is read to the text's end.
const MOST: Duration = Duration::from_secs(10);

fn assert_soon(what: &str, value: &Value) {
    let start = Instant::now();
    let done = Sanitizer::default().write_value(&mut Vec::new(), value, 2 * LENGTH);
    assert!(!done.failed, "{what:?}");
    assert!(start.elapsed() < MOST, "{what:?}: {:?}", start.elapsed());
}

#[test]
fn names_that_are_assigned_to_each_other_are_not_read_to_the_end_again_and_again() {
    for piece in [
        "token==token==",
        "token=string(",
        "token:https://",
        "token:vault:/",
        "secretid=arn:",
        "mrn=",
        "passwords:passwords:",
        "tokens:a,1",
        "address=tokens:tokens:tokens:",
        "'--token',&",
        "->name",
        "==value",
        "-token=;",
    ] {
        assert_soon(piece, &piece.repeat(LENGTH / piece.len()).into());
    }
}

#[test]
fn elements_in_sections_without_an_end_are_not_read_to_the_end_again_and_again() {
    for piece in ["<a><![CDATA[", "<password><![CDATA[", "<th><![CDATA[é"] {
        assert_soon(piece, &piece.repeat(LENGTH / piece.len()).into());
    }
}

#[test]
fn marks_in_statements_that_nothing_closes_are_not_looked_for_again_and_again() {
    for piece in ["\\'", "\\\"", "\\`", "'\\\"\\`", "/*", "insert into("] {
        let statement = format!("?:{}", piece.repeat(16 * 1024 / piece.len()));
        let call = json!({"sql": statement, "params": {"a": "b"}});
        let many = vec![call; LENGTH / (16 * 1024)];
        assert_soon(piece, &many.into());
    }
}

#[test]
fn long_names_in_a_line_with_a_control_character_are_not_read_to_its_end_again_and_again() {
    let piece = format!("{}_password=abc9def1 ", "x".repeat(96));
    let length = 1024 * 1024 / piece.len() - 1;
    assert_soon("names", &format!("\u{1}{}", piece.repeat(length)).into());
}

#[test]
fn names_in_urls_and_signatures_are_not_read_to_their_end_again_and_again() {
    for piece in [
        "https://a:b@hmac=",
        "http://a.example/?token=",
        "password=https://",
        "SharedAccessSignature=",
        "SharedAccessSignature:a&",
        "https://a.b/?to=a@b.co",
        "postgres://password:abc@db.example/x",
    ] {
        assert_soon(piece, &piece.repeat(LENGTH / piece.len()).into());
    }
}

#[test]
fn prefixes_of_tokens_are_not_read_to_their_end_again_and_again() {
    for piece in ["TEST-", "access-sandbox-"] {
        assert_soon(piece, &piece.repeat(4 * LENGTH / piece.len()).into());
    }
}

#[test]
fn a_list_of_programs_is_not_looked_through_for_each_of_them() {
    let mut arguments = vec!["docker"; LENGTH];
    arguments.push("-p");
    assert_soon("docker", &json!(arguments));
}
