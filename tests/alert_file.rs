//! Rules of alerts from a TOML file: what is read, and what its errors say.

use std::time::Duration;

use tool_audit::Outcome;
use tool_audit::alert::{Grouping, Rule, Rules, Severity, WorkingHours};

fn error(text: &str) -> String {
    Rules::from_toml(text, "alerts.toml")
        .unwrap_err()
        .to_string()
}

#[test]
fn the_example_holds_a_rule_of_each_kind() {
    let rules = Rules::from_file("examples/alerts.toml").unwrap();
    let hour = Duration::from_secs(3600);
    let expected = Rules::new([
        Rule::same_subject("record-opened-often", 10, hour).tools(["get_patient", "search_*"]),
        Rule::many_subjects("many-people-by-one-user", 100, 8 * hour),
        Rule::failure_rate("tool-fails", 0.5, 20, hour / 4),
        Rule::first_use("new-tool-for-user", 720 * hour)
            .learn_for(168 * hour)
            .tools(["issue_refund", "update_treatment"]),
        Rule::outside_hours(
            "outside-working-hours",
            WorkingHours::new("Europe/Berlin")
                .unwrap()
                .hours("07:00", "19:00")
                .unwrap(),
        )
        .window(4 * hour),
        Rule::burst("refused-again-and-again", 20, hour / 12),
        Rule::break_glass("break-glass"),
        Rule::entries_lost("entries-lost"),
        Rule::chain_damaged("log-damaged"),
    ]);
    assert_eq!(rules, expected.unwrap());
}

#[test]
fn members_of_each_rule_are_read() {
    let text = r#"
        [[rule]]
        id = "burst"
        when = "burst"
        severity = "low"
        count = 3
        window = "90s"
        outcomes = ["timed_out"]
        by = "everybody"
        most_keys = 7

        [[rule]]
        id = "fails"
        when = "failure_rate"
        rate = 1
        window = "2d"
    "#;
    let rules = Rules::from_toml(text, "alerts.toml").unwrap();
    let expected = Rules::new([
        Rule::burst("burst", 3, Duration::from_secs(90))
            .outcomes([Outcome::TimedOut])
            .by(Grouping::Everybody)
            .most_keys(7)
            .severity(Severity::Low),
        Rule::failure_rate("fails", 1.0, 20, Duration::from_secs(172_800)),
    ]);
    assert_eq!(rules, expected.unwrap());
}

#[test]
fn an_error_names_file_line_column_and_what_to_do() {
    let rule = |members: &str| format!("\n[[rule]]\nid = \"a\"\n{members}\n");
    for (text, expected) in [
        (
            "",
            "line 1, column 1: there is no rule here: write one as [[rule]]",
        ),
        ("rule = 7", "line 1, column 8: this is no list of rules"),
        ("rule = [7]", "this is no table"),
        ("[[rule]", "line 1, column "),
        (
            "[[rules]]\nid = 1",
            "line 1, column 3: there is no member \"rules\" here: did you mean rule?",
        ),
        (
            "[[rule]]\nwhen = \"burst\"\ncount = 1\nwindow = \"1h\"",
            "line 1, column 1: this rule has no `id`",
        ),
        (
            &rule(""),
            "line 2, column 1: this rule has no `when`: write one of same_subject, ",
        ),
        (
            &rule("when = \"same_subjekt\""),
            "line 4, column 8: \"same_subjekt\" is not known here: write one of ",
        ),
        (
            &rule("when = 7"),
            "line 4, column 8: this is no string: put it in quotes",
        ),
        (
            &rule("when = \"same_subject\"\nwindow = \"1h\""),
            "this rule has no `count`: give it a number",
        ),
        (
            &rule("when = \"same_subject\"\ncount = 3"),
            "this rule has no `window`: give it a length of time",
        ),
        (
            &rule("when = \"same_subject\"\ncount = 3\nwindow = \"an hour\""),
            "line 6, column 10: this is no length of time: write a whole number and s, m, h or d",
        ),
        (
            &rule("when = \"same_subject\"\ncount = 3\nwindow = 60"),
            "line 6, column 10: this is no string",
        ),
        (
            &rule("when = \"same_subject\"\ncount = -3\nwindow = \"1h\""),
            "line 5, column 9: this is no whole number",
        ),
        (
            &rule("when = \"same_subject\"\ncount = 0\nwindow = \"1h\""),
            "line 2, column 1: its count is not from 1 to 1000: choose another",
        ),
        (
            &rule("when = \"same_subject\"\ncount = 3\nwindow = \"1h\"\nrate = 0.5"),
            "line 7, column 1: there is no member \"rate\" here",
        ),
        (
            &rule("when = \"failure_rate\"\nrate = \"half\"\nwindow = \"1h\""),
            "line 5, column 8: this is no number",
        ),
        (
            &rule("when = \"failure_rate\"\nrate = 1.5\nwindow = \"1h\""),
            "0.5 is a half",
        ),
        (
            &rule("when = \"break_glass\"\nseverity = \"worst\""),
            "line 5, column 12: \"worst\" is not known here: write one of low, medium, high, critical",
        ),
        (
            &rule("when = \"entries_lost\"\ntools = [\"x\"]"),
            "line 5, column 1: there is no member \"tools\" here",
        ),
        (
            &rule(
                "when = \"burst\"\ncount = 3\nwindow = \"1h\"\noutcomes = [\"denied\", \"refused\"]",
            ),
            "line 7, column 23: \"refused\" is not known here",
        ),
        (
            &rule("when = \"outside_hours\""),
            "this rule has no `time_zone`: give it an IANA name",
        ),
        (
            &rule("when = \"outside_hours\"\ntime_zone = \"Mars/Base\""),
            "line 5, column 13: there is no time zone \"Mars/Base\": give an IANA name",
        ),
        (
            &rule("when = \"outside_hours\"\ntime_zone = \"UTC\"\nfrom = \"8\""),
            "line 6, column 8: this is no time of day",
        ),
        (
            &rule("when = \"outside_hours\"\ntime_zone = \"UTC\"\ndays = [\"monday\"]"),
            "line 6, column 9: \"monday\" is not known here: write one of mon, tue",
        ),
        (
            &(rule("when = \"break_glass\"") + &rule("when = \"entries_lost\"")),
            "line 6, column 1: another rule has this id: choose another",
        ),
    ] {
        let told = error(text);
        assert!(
            told.starts_with("alerts.toml, ") && told.contains(expected),
            "{text}\n{told}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Rules::from_file("no/such/alerts.toml")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no/such/alerts.toml") && error.contains("check the path"),
        "{error}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.toml");
    std::fs::write(&path, "#".repeat(300 * 1024)).unwrap();
    let error = Rules::from_file(&path).unwrap_err().to_string();
    assert!(error.contains("256 KiB"), "{error}");
}
