//! Retention classes in a policy file.
#![cfg(feature = "policy")]

use tool_audit::sanitize::PolicyFile;
use tool_audit::{Policy, RetentionClass};

fn policy(text: &str) -> Policy {
    PolicyFile::parse(text, "policy.toml")
        .unwrap()
        .retention(Policy::new())
}

fn complaint(text: &str) -> String {
    PolicyFile::parse(text, "policy.toml")
        .unwrap_err()
        .to_string()
}

#[test]
fn the_shipped_file_says_what_the_shipped_classes_say() {
    let file = policy(include_str!("../examples/retention.toml"));
    let code = Policy::new()
        .class(RetentionClass::financial())
        .class(RetentionClass::healthcare())
        .class(RetentionClass::government().tools(["file_*"]))
        .subject_class("healthcare");
    for tool in [
        "charge_payment",
        "issue_refund",
        "apply_credit",
        "access_patient_record",
        "update_treatment",
        "file_report",
        "get_order",
    ] {
        assert_eq!(
            file.retention_class(tool).name(),
            code.retention_class(tool).name(),
            "{tool}"
        );
        assert_eq!(
            file.retention_class(tool).period(),
            code.retention_class(tool).period(),
            "{tool}"
        );
    }
    assert!(file.is_default_for("get_order") && !file.is_default_for("file_report"));
    assert_eq!(format!("{file:?}").matches("healthcare").count(), 2);
}

#[test]
fn a_default_class_takes_the_tools_that_no_class_names() {
    let policy = policy(
        "[retention]\ndefault = \"basic\"\n[retention.class.basic]\ndays = 0x1e\n[retention.class.archive]\nforever = true\ntools = [\"keep_*\"]\n",
    );
    assert_eq!(policy.retention_class("get_order").name(), "basic");
    assert_eq!(
        policy.retention_class("get_order").period().days(),
        Some(30)
    );
    assert!(policy.retention_class("keep_this").period().is_forever());
    assert!(policy.class_named("general").is_none());
}

#[test]
fn what_makes_no_sense_is_refused_with_its_line_and_what_to_do() {
    let class = |members: &str| format!("[retention.class.financial]\n{members}\n");
    for (text, place, remedy) in [
        (class("day = 3"), "line 2, column 1", "did you mean days?"),
        (class("tools = []"), "line 1", "forever = true"),
        (
            class("days = 3\nforever = true"),
            "line 1",
            "leave one of them out",
        ),
        (class("days = -1"), "line 2, column 8", "from 0 to 365250"),
        (class("years = \"7\""), "line 2, column 9", "from 0 to 1000"),
        (class("days = 3.5"), "line 2, column 8", "whole number"),
        (
            class("days = 3\ntools = \"refund\""),
            "line 3, column 9",
            "put it in brackets",
        ),
        (
            class("days = 3\ntools = [\"\"]"),
            "line 3, column 10",
            "name it",
        ),
        (
            class("days = 3\ntools = [\"a\"]\n[retention.class.other]\ndays = 3\ntools = [\"a\"]"),
            "line 6, column 10",
            "leave it to one of them",
        ),
        (
            class("days = 3\n[retention]\ndefault = \"finance\""),
            "line 4, column 11",
            "[retention.class.…]",
        ),
        (
            class("days = 3\n[retention]\nsubject_class = \"health\""),
            "line 4, column 17",
            "[retention.class.…]",
        ),
        (
            "[retention.class.Financial]\ndays = 3\n".to_owned(),
            "line 1, column 18",
            "lower-case",
        ),
        (
            "[retention.class.admin]\ndays = 3\n".to_owned(),
            "line 1, column 18",
            "not admin",
        ),
        ("retention = 3\n".to_owned(), "line 1", "[section]"),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.contains(place), "{text}\n{complaint}");
        assert!(complaint.contains(remedy), "{text}\n{complaint}");
    }
}
