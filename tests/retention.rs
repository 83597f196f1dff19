//! How long records are kept: classes, patterns of tools, days and calendar years, calls about a subject.

mod common;

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::json;
use tool_audit::{
    AuditSink, CallContext, Durability, Emergency, MemorySink, Policy, Recorder, RetentionClass,
    SanitizedEntry, Ticket, ToolCall,
};

use common::{StandingClock, read};

/// 2025-07-06T14:23:01.456789Z.
const NOW: u64 = 1_751_811_781_456_789;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn shipped() -> Policy {
    Policy::new()
        .class(RetentionClass::financial())
        .class(RetentionClass::healthcare())
        .class(RetentionClass::government().tools(["file_*"]))
}

fn call(tool: &str) -> ToolCall {
    ToolCall::new(tool, json!({"amount": 1}))
}

fn about(subject: &str) -> CallContext {
    CallContext::new("conv_1", "usr_9").subject(subject)
}

/// Class and last day of the records that a call leaves, whose answer names `subjects`.
fn kept(policy: Policy, call: &ToolCall, subjects: &[&str]) -> Vec<(String, Option<String>)> {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .clock(StandingClock::at(NOW))
        .build();
    let recording = recorder.start_call(call);
    drop(recording.finish(|outcome| {
        outcome.result(&json!({"ok": true}));
        for subject in subjects {
            outcome.subject(subject);
        }
    }));
    let lines = sink.lines().into_iter();
    lines
        .map(|line| {
            let entry = read(&line);
            (entry.retention_class, entry.retain_until)
        })
        .collect()
}

fn one(class: &str, until: &str) -> Vec<(String, Option<String>)> {
    vec![(class.to_owned(), Some(until.to_owned()))]
}

#[test]
fn six_calendar_years_outlast_2190_days() {
    let records = kept(shipped(), &call("access_patient_record"), &[]);
    assert_eq!(records, one("healthcare", "2031-07-06"));
    let records = kept(shipped(), &call("issue_refund"), &[]);
    assert_eq!(records, one("financial", "2032-07-06"));
    let records = kept(shipped(), &call("get_order"), &[]);
    assert_eq!(records, one("general", "2026-07-06"));
}

#[test]
fn a_pattern_takes_the_tools_that_no_class_names() {
    let policy = shipped().class(RetentionClass::new("forms").days(10).tools(["file_form_*"]));
    for (tool, class) in [
        ("file_report", "government"),
        ("file_form_7", "forms"),
        ("profile", "general"),
        ("issue_refund", "financial"),
    ] {
        assert_eq!(policy.retention_class(tool).name(), class, "{tool}");
        assert_eq!(kept(policy.clone(), &call(tool), &[])[0].0, class, "{tool}");
    }
}

#[test]
fn a_call_about_a_subject_is_kept_no_shorter_than_the_subjects_class() {
    let policy = || shipped().subject_class("healthcare");
    let told = |context| call("get_order").context(context);
    for call in [
        told(about("pat_1")),
        told(CallContext::new("conv_1", "usr_9").purpose("treatment")),
        told(CallContext::new("conv_1", "usr_9").emergency(Emergency::new("chest pain", "usr_9"))),
    ] {
        for (class, until) in kept(policy(), &call, &[]) {
            assert_eq!(
                (class.as_str(), until.as_deref()),
                ("healthcare", Some("2031-07-06"))
            );
        }
    }
    // Subjects that the answer names come in time where no record of intent was written.
    assert_eq!(
        kept(policy(), &call("get_order"), &["pat_1"]),
        one("healthcare", "2031-07-06")
    );
    // A longer class stays.
    assert_eq!(
        kept(policy(), &call("issue_refund").context(about("pat_1")), &[]),
        one("financial", "2032-07-06")
    );
    assert_eq!(
        kept(policy(), &call("get_order"), &[]),
        one("general", "2026-07-06")
    );
    assert_eq!(
        kept(
            shipped().subject_class("none"),
            &call("get_order").context(about("pat_1")),
            &[]
        ),
        one("general", "2026-07-06")
    );
}

#[test]
fn a_calls_end_stands_in_the_class_of_its_beginning_and_is_kept_as_long_as_its_subject_asks() {
    let policy = shipped().subject_class("healthcare").intent(["get_order"]);
    let records = kept(policy, &call("get_order"), &["pat_1"]);
    let general = |until: &str| ("general".to_owned(), Some(until.to_owned()));
    assert_eq!(records, [general("2026-07-06"), general("2031-07-06")]);
}

#[test]
fn a_call_that_goes_to_the_subjects_class_is_as_safe_as_that_class_asks() {
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<(String, Durability)>>>);
    impl AuditSink for Heard {
        fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
            let head = entry.head();
            let heard = (head.retention_class.to_owned(), head.durability);
            self.0.lock().unwrap().push(heard);
            Ticket::DONE
        }
    }

    let heard = Heard::default();
    let policy = shipped()
        .subject_class("healthcare")
        .class_durability("healthcare", Durability::Synced);
    let recorder = Recorder::builder(heard.clone()).policy(policy).build();
    drop(recorder.start_call(&call("get_order").context(about("pat_1"))));
    drop(recorder.start_call(&call("get_order")));
    let heard = heard.0.lock().unwrap();
    assert_eq!(
        *heard,
        [
            ("healthcare".to_owned(), Durability::Synced),
            ("general".to_owned(), Durability::Buffered)
        ]
    );
}

#[test]
fn a_class_without_days_or_years_is_kept_for_ever_and_outlasts_all() {
    let policy = Policy::new()
        .class(RetentionClass::new("archive"))
        .subject_class("archive");
    let records = kept(policy, &call("get_order").context(about("pat_1")), &[]);
    assert_eq!(records, [("archive".to_owned(), None)]);
    assert!(RetentionClass::new("archive").period().is_forever());
}

#[test]
fn a_call_of_a_class_that_is_kept_for_ever_stays_there_whatever_its_subject() {
    let policy = shipped()
        .class(RetentionClass::new("archive").tools(["get_order"]))
        .subject_class("healthcare");
    let records = kept(policy, &call("get_order").context(about("pat_1")), &[]);
    assert_eq!(records, [("archive".to_owned(), None)]);
}

#[test]
fn years_from_a_leap_day_on_end_on_the_first_of_march_where_there_is_none() {
    let until = |years| {
        let class = RetentionClass::new("class").years(years);
        class.period().until(day("2024-02-29"))
    };
    assert_eq!(until(1), Some(day("2025-03-01")));
    assert_eq!(until(4), Some(day("2028-02-29")));
    assert_eq!(until(76), Some(day("2100-03-01")));
}

proptest! {
    /// Never a day too few: not before the same day of the year, and not before the days are over.
    #[test]
    fn the_later_of_days_and_calendar_years_holds(
        from in 0_i32..40_000,
        days in proptest::option::of(0_u32..20_000),
        years in proptest::option::of(0_u32..60),
    ) {
        let from = day("1970-01-01") + chrono::Days::new(u64::try_from(from).unwrap());
        let mut class = RetentionClass::new("class");
        class = days.map_or(class.clone(), |days| class.days(days));
        class = years.map_or(class.clone(), |years| class.years(years));
        let by_days = days.map(|days| from + chrono::Days::new(days.into()));
        let by_years = years.map(|years| {
            let months = chrono::Months::new(12 * years);
            let same_day = from + months;
            // From the 29th of February on chrono goes back to the 28th.
            let went_back = chrono::Datelike::day(&same_day) != chrono::Datelike::day(&from);
            if went_back { same_day + chrono::Days::new(1) } else { same_day }
        });
        prop_assert_eq!(class.period().until(from), by_days.max(by_years));
    }
}
