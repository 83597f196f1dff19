//! Text in which secrets are told, and text in which nothing is.

use proptest::prelude::*;
use tool_audit::sanitize::{Sanitized, Sanitizer};

const PLENTY: usize = 16 * 1024 * 1024;

fn sanitized(text: &str) -> (String, Sanitized) {
    let mut out = Vec::new();
    let done = Sanitizer::default().write_text(&mut out, text, PLENTY);
    let text = serde_json::from_slice(&out).expect("a JSON string");
    (text, done)
}

/// Words that no rule names and that no rule's name ends in.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[bdfghjlmnqruvxz][aeiou][bdfghjlmnrv]{1,2}[aeiou]?",
        prop::sample::select(
            &[
                "the", "a", "is", "was", "for", "to", "with", "use", "set", "Berlin", "it's",
                "\"so\"", "(why)", "12", "no", "7th", "2026"
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// A secret that no sentence has for a word.
fn secret() -> impl Strategy<Value = String> {
    "[A-Z][a-z]{2}[0-9][A-Za-z0-9]{6,12}[0-9]"
}

fn telling() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "the password is %",
            "my api key is %, thanks",
            "use token % to call it",
            "password: %",
            "the token: % (old)",
            "secret -> %",
            "log in with password %.",
            "the password for the new box is %",
            "password was changed to %",
            "run --api-key % --quiet",
            "curl -u ada:% https://a.example",
            "mysql -p% db",
            "<a><password>%</password></a>",
            "CREATE USER a WITH PASSWORD '%'",
            "INSERT INTO t (a, token) VALUES (1, '%')",
            "echo % | docker login --password-stdin",
            "user,password\nada,%\n",
            "token: |\n  %\n",
            "- name: API_TOKEN\n  value: %\n",
        ][..],
    )
}

proptest! {
    #[test]
    fn clean_prose_comes_out_as_it_went_in(words in prop::collection::vec(word(), 0..40), ends in prop::collection::vec(prop::sample::select(&[" ", " ", " ", ", ", ". ", "\n"][..]), 40)) {
        let text: String = words.iter().zip(ends).flat_map(|(word, end)| [word.as_str(), end]).collect();
        prop_assert_eq!(sanitized(&text), (text, Sanitized::default()));
    }

    #[test]
    fn a_secret_told_among_other_words_never_survives(
        before in prop::collection::vec(word(), 0..8), after in prop::collection::vec(word(), 0..8), form in telling(), secret in secret()
    ) {
        let text = format!("{}\n{}\n{}", before.join(" "), form.replace('%', &secret), after.join(" "));
        let (once, done) = sanitized(&text);
        prop_assert!(!once.contains(&secret), "{}", once);
        prop_assert!(done.redactions > 0);
        prop_assert_eq!(sanitized(&once), (once, Sanitized::default()));
    }
}

#[test]
fn a_mebibyte_made_to_slow_the_search_down_is_searched_all_the_same() {
    for unit in [
        "password=",
        "\"",
        "<",
        "-- ",
        " -p",
        "'",
        "<password",
        "<password>",
        "password ",
        "password is ",
        "password for ",
        "identified by ",
        "password('",
        "insert into t (password) values (",
        "a,password\n",
        "|",
        "echo x | passwd ",
        "mysql -p",
        "token: |\n",
        "option key a\n",
        "password:\n",
        " 123-456",
        "code 1234 ",
        "name=password ",
        "value=x ",
        "&lt;",
        "password \"",
        "password (",
        "<a key=\"",
        "- ",
        " is the password",
        "(((",
        "name: token value: ",
        "\\\"",
        "password: a\n",
    ] {
        let text = unit.repeat(1024 * 1024 / unit.len());
        let mut out = Vec::new();
        Sanitizer::default().write_text(&mut out, &text, 1024);
        assert!(out.len() <= 1024);
    }
}
