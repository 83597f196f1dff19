//! What each rule of the alerts fires at, and how often.

mod common;

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::alert::{Alert, Detector, Grouping, Rule, Rules, Severity};
use tool_audit::{
    CallContext, Emergency, EntryBuilder, EntryKind, MemorySink, Outcome, Recorder, Sanitizer,
    ToolCall, canonical,
};

const HOUR: Duration = Duration::from_secs(3600);

/// 2025-07-07T09:00:00Z, a Monday.
fn monday() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_751_878_800)
}

fn detector(rule: Rule) -> Detector {
    Detector::new(&Rules::new([rule]).unwrap())
}

/// A call of `user` about `subjects`, so many seconds after [`monday`].
fn entry(seconds: u64, user: &str, tool: &str, subjects: &[&str]) -> EntryBuilder {
    let mut context = CallContext::new("conv", user);
    context.subjects = subjects.iter().map(|&one| one.to_owned()).collect();
    EntryBuilder::new(tool)
        .context(context)
        .started(monday() + Duration::from_secs(seconds))
}

fn observe(detector: &mut Detector, entry: EntryBuilder) -> Vec<Alert> {
    static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(Sanitizer::default);
    let entry = entry.build(&SANITIZER);
    let alerts = detector.observe(entry.as_json());
    for alert in &alerts {
        canonical::check(alert.to_json().as_bytes()).unwrap();
    }
    alerts
}

/// At which of the calls the rule fires.
fn fires_at(rule: Rule, calls: impl IntoIterator<Item = EntryBuilder>) -> Vec<usize> {
    let mut detector = detector(rule);
    let fired = calls
        .into_iter()
        .map(|call| observe(&mut detector, call).len());
    fired
        .enumerate()
        .flat_map(|(at, alerts)| std::iter::repeat_n(at + 1, alerts))
        .collect()
}

#[test]
fn ten_accesses_to_a_subject_in_an_hour_fire_at_the_tenth_and_once() {
    let rule = || Rule::same_subject("often", 10, HOUR);
    let within = (0..25).map(|at| entry(at * 60, &format!("usr_{at}"), "get", &["P-7"]));
    assert_eq!(fires_at(rule(), within), [10]);
    // Each seven minutes: ten are never within one hour.
    let slow = (0..30).map(|at| entry(at * 420, "usr_9", "get", &["P-7"]));
    assert_eq!(fires_at(rule(), slow), [0; 0]);
    // It fires again once its window is over, if it still is so.
    let on_and_on = (0..100).map(|at| entry(at * 60, "usr_9", "get", &["P-7"]));
    assert_eq!(fires_at(rule(), on_and_on), [10, 70]);
    let others = (0..90).map(|at| {
        entry(
            at,
            "usr_9",
            "get",
            &[["P-1", "P-2", "P-3"][at as usize % 3]],
        )
    });
    assert_eq!(fires_at(rule(), others), [28, 29, 30]);
}

#[test]
fn an_alert_names_rule_calls_and_what_was_found() {
    let mut detector = detector(Rule::same_subject("often", 3, HOUR).severity(Severity::Low));
    let calls: Vec<_> = (0..3)
        .map(|at| {
            let call = entry(at, "usr_9", "get", &["P-7"]).retention("healthcare", Some(2190));
            call.build(&Sanitizer::default())
        })
        .collect();
    let ids: Vec<String> = calls
        .iter()
        .map(|call| call.as_entry().head().call_id.to_owned())
        .collect();
    let mut alerts = Vec::new();
    for call in &calls {
        alerts.extend(detector.observe(call.as_json()));
    }
    let [alert] = &alerts[..] else {
        panic!("{alerts:?}")
    };
    assert_eq!(
        (alert.rule.as_str(), alert.severity),
        ("often", Severity::Low)
    );
    assert_eq!(alert.retention_class, "healthcare");
    assert_eq!(alert.call_ids, ids);
    assert_eq!(
        Value::Object(alert.detail.clone()),
        json!({"subject": "P-7", "accesses": 3, "window_seconds": 3600})
    );
    let line = alert.to_string();
    assert!(
        line.starts_with("2025-07-07T09:00:02Z low often: "),
        "{line}"
    );
}

#[test]
fn calls_that_the_tool_never_saw_are_no_access() {
    let ends = [
        Outcome::Denied,
        Outcome::Rejected,
        Outcome::NeverPolled,
        Outcome::InputRequired,
        Outcome::ToolError,
        Outcome::Success,
    ];
    let calls = ends
        .iter()
        .enumerate()
        .map(|(at, end)| entry(at as u64, "usr_9", "get", &["P-7"]).outcome(*end));
    assert_eq!(fires_at(Rule::same_subject("often", 2, HOUR), calls), [6]);
}

#[test]
fn records_of_intent_count_as_no_call() {
    let calls = (0..5).map(|at| entry(at, "u", "get", &["P"]).kind(EntryKind::ToolCallStarted));
    assert_eq!(
        fires_at(Rule::same_subject("often", 2, HOUR), calls),
        [0; 0]
    );
}

#[test]
fn a_user_who_goes_through_many_subjects_fires_and_the_same_subject_counts_once() {
    let rule = || Rule::many_subjects("many", 5, HOUR);
    let same = (0..20).map(|at| entry(at, "usr_9", "get", &["P-1", "P-2"]));
    assert_eq!(fires_at(rule(), same), [0; 0]);
    let one_by_one = (0..9_usize).map(|at| {
        let subject = format!("P-{at}");
        entry(at as u64, "usr_9", "get", &[&subject])
    });
    assert_eq!(fires_at(rule(), one_by_one), [5]);
    let fifty: Vec<String> = (0..50).map(|at| format!("P-{at}")).collect();
    let fifty: Vec<&str> = fifty.iter().map(String::as_str).collect();
    let at_once = [
        entry(0, "usr_9", "search", &fifty),
        entry(9, "usr_8", "get", &["P"]),
    ];
    assert_eq!(fires_at(rule(), at_once), [1]);
    let by_turns = (0..8_usize).map(|at| {
        let (user, subject) = (format!("usr_{}", at % 2), format!("P-{at}"));
        entry(at as u64, &user, "get", &[&subject])
    });
    assert_eq!(fires_at(rule(), by_turns), [0; 0]);
}

#[test]
fn a_tool_of_which_half_the_calls_fail_fires_once_there_are_enough() {
    let rule = || Rule::failure_rate("fails", 0.5, 10, HOUR);
    let end = |failure: bool| {
        if failure {
            Outcome::TimedOut
        } else {
            Outcome::Success
        }
    };
    let all_fail = (0..12).map(|at| entry(at, "u", "get", &[]).outcome(end(true)));
    assert_eq!(fires_at(rule(), all_fail), [10]);
    let every_other = (0..12).map(|at| entry(at, "u", "get", &[]).outcome(end(at % 2 == 1)));
    assert_eq!(fires_at(rule(), every_other), [10]);
    let one_in_three = (0..60).map(|at| entry(at, "u", "get", &[]).outcome(end(at % 3 == 0)));
    assert_eq!(fires_at(rule(), one_in_three), [0; 0]);
    let interim = (0..60).map(|at| entry(at, "u", "get", &[]).outcome(Outcome::InputRequired));
    assert_eq!(fires_at(rule(), interim), [0; 0]);
    // Good calls of the past make up for nothing once they are older than the window.
    let after = (0..40).map(|at| {
        let seconds = if at < 20 { at } else { 7200 + at };
        entry(seconds, "u", "get", &[]).outcome(end(at >= 20))
    });
    assert_eq!(fires_at(rule(), after), [30]);
}

#[test]
fn the_first_use_of_a_tool_by_a_user_fires_and_a_time_to_learn_is_kept() {
    let day = Duration::from_secs(86_400);
    let call = |seconds: u64, user: &str, tool: &str| entry(seconds, user, tool, &[]);
    let calls = || {
        [
            call(0, "a", "get"),
            call(1, "a", "get"),
            call(2, "b", "get"),
            call(3, "a", "refund"),
            call(90_000, "b", "refund"),
            call(90_001, "a", "refund"),
            // It was last used more than two days before.
            call(300_000, "a", "get"),
        ]
    };
    let rule = || Rule::first_use("first", 2 * day);
    assert_eq!(fires_at(rule(), calls()), [1, 3, 4, 5, 7]);
    assert_eq!(fires_at(rule().learn_for(day), calls()), [5, 7]);
    assert_eq!(fires_at(rule().tools(["refund"]), calls()), [4, 5]);
}

#[test]
fn a_burst_is_counted_by_user_by_tool_or_over_all() {
    let ends = [Outcome::Denied, Outcome::Rejected, Outcome::Cancelled];
    let calls = || {
        (0..9).map(move |at: usize| {
            let (user, tool) = (["a", "b", "c"][at % 3], ["x", "y"][at % 2]);
            entry(at as u64, user, tool, &[]).outcome(ends[at % 3])
        })
    };
    let rule = |count| Rule::burst("burst", count, Duration::from_secs(60));
    assert_eq!(fires_at(rule(3), calls()), [7, 8, 9]);
    assert_eq!(fires_at(rule(4).by(Grouping::Tool), calls()), [7, 8]);
    assert_eq!(fires_at(rule(6).by(Grouping::Everybody), calls()), [6]);
    assert_eq!(fires_at(rule(3).outcomes([Outcome::Denied]), calls()), [7]);
    let fine = (0..9).map(|at| entry(at, "a", "x", &[]));
    assert_eq!(fires_at(rule(2), fine), [0; 0]);
}

#[test]
fn break_glass_fires_at_the_record_of_intent_and_once_for_each_call() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    for reason in ["cardiac arrest", ""] {
        let mut declared = Emergency::new(reason, "dr_9");
        declared.urgency = Some("immediate".to_owned());
        let context = CallContext::new("night_1", "dr_9").emergency(declared);
        drop(recorder.start_call(&ToolCall::new("get_patient", json!({})).context(context)));
    }
    drop(recorder.start_call(&ToolCall::new("get_patient", json!({}))));
    let mut detector = detector(Rule::break_glass("glass"));
    let alerts: Vec<Vec<Alert>> = sink
        .lines()
        .iter()
        .map(|line| detector.observe(line))
        .collect();
    let counts: Vec<usize> = alerts.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 0, 1, 0, 0]);
    let detail = &alerts[2][0].detail;
    assert_eq!(detail["defect"], "no reason was given");
    assert_eq!(detail["urgency"], "immediate");
    assert_eq!(alerts[0][0].severity, Severity::Critical);
    assert_eq!(alerts[0][0].call_ids, [sink.entries()[0].call_id.clone()]);
}

#[test]
fn losses_fire_once_in_the_window_for_each_log() {
    let lost = |log: &str, second: u32| {
        let log = log.repeat(32);
        let hash = "0".repeat(64);
        format!(
            r#"{{"_hash":"{hash}","_kind":"entries_lost","_log":"{log}","_previous_hash":"{hash}","_seq":7,"count":3,"reason":"queue full","retention_class":"general","since":"2025-07-07T09:00:00.000000Z","timestamp":"2025-07-07T09:00:{second:02}.000000Z"}}"#
        )
    };
    let mut detector = detector(Rule::entries_lost("lost"));
    let first = detector.observe(&lost("a", 1));
    assert_eq!(first[0].detail["count"], 3);
    assert_eq!(first[0].detail["reason"], "queue full");
    assert!(detector.observe(&lost("a", 2)).is_empty());
    assert_eq!(detector.observe(&lost("b", 3)).len(), 1);
}

#[test]
fn rules_watch_the_tools_that_they_name_alone() {
    let calls = (0..9).map(|at: usize| {
        let tool = ["get_patient", "get_order", "search_patients"][at % 3];
        entry(at as u64, "u", tool, &["P-7"])
    });
    let rule = Rule::same_subject("often", 4, HOUR).tools(["get_patient", "search_*"]);
    assert_eq!(fires_at(rule, calls), [6]);
}

#[test]
fn a_clock_that_was_set_back_does_not_blind_a_rule() {
    let year = 31_536_000;
    let mut calls = vec![entry(year, "u", "get", &["P-7"])];
    calls.extend((0..4).map(|at| entry(at, "u", "get", &["P-7"])));
    assert_eq!(fires_at(Rule::same_subject("often", 3, HOUR), calls), [4]);
}

#[test]
fn what_is_no_record_is_passed_over() {
    let mut detector = detector(Rule::same_subject("often", 1, HOUR));
    for line in [
        "",
        "{",
        "{}",
        r#"{"_kind":"tool_call"}"#,
        r#"{"_kind":"tool_call","subjects":["P-7"]}"#,
        r#"{"_kind":"tool_call","subjects":7,"timestamp":"2025-07-07T09:00:00.000000Z"}"#,
        r#"{"_kind":"later","subjects":["P-7"],"timestamp":"2025-07-07T09:00:00.000000Z"}"#,
        "é",
    ] {
        assert!(detector.observe(line).is_empty(), "{line}");
    }
}

#[test]
fn memory_is_bounded_whatever_comes_and_what_is_forgotten_is_counted() {
    let rules = [
        Rule::same_subject("a", 1000, HOUR).most_keys(100),
        Rule::many_subjects("b", 1000, HOUR).most_keys(100),
        Rule::failure_rate("c", 0.5, 10, HOUR).most_keys(100),
        Rule::first_use("d", HOUR).most_keys(100),
        Rule::burst("e", 1000, HOUR).most_keys(100),
    ];
    let mut detector = Detector::new(&Rules::new(rules).unwrap());
    for at in 0..2000 {
        detector.observe(&line(
            at,
            &format!("u{at}"),
            &format!("t{at}"),
            &format!("P-{at}"),
        ));
        assert!(detector.stats().keys <= 500);
    }
    assert!(detector.stats().forgotten > 5 * 1700);
    // Who was seen a moment ago is remembered.
    let fired = detector.observe(&line(2000, "u1999", "t1999", "P-1999"));
    assert_eq!(fired.len(), 0);
}

#[test]
fn a_rule_that_cannot_hold_is_refused_with_what_to_do() {
    let told = |rule: Rule| Rules::new([rule]).unwrap_err().to_string();
    for (rule, expected) in [
        (Rule::same_subject("", 10, HOUR), "an id is 1 to 64"),
        (Rule::same_subject("a b", 10, HOUR), "an id is 1 to 64"),
        (Rule::same_subject("a", 0, HOUR), "from 1 to 1000"),
        (Rule::many_subjects("a", 1001, HOUR), "from 1 to 1000"),
        (Rule::burst("a", 3, Duration::ZERO), "shorter than a second"),
        (Rule::burst("a", 3, HOUR).outcomes([]), "name one at least"),
        (Rule::failure_rate("a", 0.0, 3, HOUR), "0.5 is a half"),
        (Rule::failure_rate("a", f64::NAN, 3, HOUR), "0.5 is a half"),
        (Rule::first_use("a", HOUR).learn_for(2 * HOUR), "shorten it"),
        (Rule::break_glass("a").most_keys(0), "keys"),
    ] {
        let error = told(rule);
        assert!(error.contains(expected), "{error}");
    }
    let twice = Rules::new([Rule::break_glass("a"), Rule::entries_lost("a")]).unwrap_err();
    assert_eq!(
        (twice.id(), twice.problem()),
        ("a", "another rule has this id: choose another")
    );
    let many = (0..201).map(|number| Rule::break_glass(format!("r{number}")));
    assert!(
        Rules::new(many)
            .unwrap_err()
            .problem()
            .contains("more than 200")
    );
}

/// A cancelled call as it stands in an entry, made quickly.
fn line(seconds: u64, user: &str, tool: &str, subject: &str) -> String {
    let at = chrono::DateTime::<chrono::Utc>::from(monday() + Duration::from_secs(seconds));
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    format!(
        r#"{{"_kind":"tool_call","call_id":"c-{seconds}","duration_ms":0,"outcome":"cancelled","retention_class":"general","subjects":["{subject}"],"timestamp":"{at}","tool_name":"{tool}","user_id":"{user}"}}"#
    )
}

/// Where the rule about one subject fires, counted naively.
fn naive(times: &[u64], count: usize, window: u64) -> Vec<usize> {
    let mut fired = Vec::new();
    let mut quiet_until = None;
    for (at, time) in times.iter().enumerate() {
        let in_window = times[..=at]
            .iter()
            .filter(|other| **other + window > *time)
            .count();
        if in_window >= count && quiet_until.is_none_or(|until| *time >= until) {
            fired.push(at + 1);
            quiet_until = Some(time + window);
        }
    }
    fired
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_rule_fires_where_a_naive_count_says(
        steps in prop::collection::vec(0_u64..90, 1..60),
        count in 1_u32..8,
        window in 1_u64..300,
    ) {
        let mut times = Vec::new();
        for step in steps {
            times.push(times.last().copied().unwrap_or(0) + step);
        }
        let rule = Rule::same_subject("often", count, Duration::from_secs(window));
        let mut detector = detector(rule);
        let fired = times.iter().map(|at| detector.observe(&line(*at, "u", "get", "P-7")).len());
        let fired: Vec<usize> = fired
            .enumerate()
            .filter_map(|(at, alerts)| (alerts > 0).then_some(at + 1))
            .collect();
        prop_assert_eq!(fired, naive(&times, count as usize, window));
    }
}

#[cfg(feature = "time-zones")]
mod hours {
    use chrono::{DateTime, Weekday};
    use tool_audit::alert::WorkingHours;

    use super::*;

    fn is_outside(hours: &WorkingHours, instant: &str) -> bool {
        let at = DateTime::parse_from_rfc3339(instant).unwrap();
        let call = entry(0, "u", "get", &[]).started(at.into());
        let mut detector = detector(Rule::outside_hours("hours", hours.clone()));
        !observe(&mut detector, call).is_empty()
    }

    #[test]
    fn working_hours_are_those_of_the_time_zone_in_summer_and_in_winter() {
        let berlin = WorkingHours::new("Europe/Berlin").unwrap();
        for (instant, outside) in [
            // Summer: two hours before UTC.
            ("2025-07-07T05:59:59Z", true),
            ("2025-07-07T06:00:00Z", false),
            ("2025-07-07T15:59:59Z", false),
            ("2025-07-07T16:00:00Z", true),
            // Winter: one.
            ("2025-01-06T06:59:59Z", true),
            ("2025-01-06T07:00:00Z", false),
            ("2025-01-06T16:59:59Z", false),
            ("2025-01-06T17:00:00Z", true),
            // The Fridays before, and the Mondays behind, the change of the clocks.
            ("2025-03-28T07:00:00Z", false),
            ("2025-03-31T06:00:00Z", false),
            ("2025-10-24T06:00:00Z", false),
            ("2025-10-27T06:00:00Z", true),
            // Saturday and Sunday, as they are there.
            ("2025-07-05T10:00:00Z", true),
            ("2025-07-06T10:00:00Z", true),
        ] {
            assert_eq!(is_outside(&berlin, instant), outside, "{instant}");
        }
        let auckland = WorkingHours::new("Pacific/Auckland").unwrap();
        // Sunday evening in UTC is Monday morning there.
        assert!(!is_outside(&auckland, "2025-07-06T21:00:00Z"));
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
        let night = WorkingHours::new("UTC")
            .unwrap()
            .days([Weekday::Mon])
            .hours("22:00", "06:00")
            .unwrap();
        for (instant, outside) in [
            ("2025-07-07T21:59:59Z", true),
            ("2025-07-07T22:00:00Z", false),
            ("2025-07-08T05:59:59Z", false),
            ("2025-07-08T06:00:00Z", true),
            ("2025-07-07T05:00:00Z", true),
            ("2025-07-08T23:00:00Z", true),
        ] {
            assert_eq!(is_outside(&night, instant), outside, "{instant}");
        }
        let whole = night.hours("00:00", "00:00").unwrap();
        assert!(!is_outside(&whole, "2025-07-07T05:00:00Z"));
        assert!(is_outside(&whole, "2025-07-08T05:00:00Z"));
    }

    #[test]
    fn an_alert_says_the_local_time() {
        let hours = WorkingHours::new("America/New_York").unwrap();
        let mut detector = detector(Rule::outside_hours("hours", hours));
        let alerts = observe(&mut detector, entry(0, "usr_9", "get", &[]));
        assert_eq!(alerts[0].detail["local_time"], "2025-07-07T05:00:00-04:00");
        assert_eq!(alerts[0].detail["time_zone"], "America/New_York");
    }

    #[test]
    fn what_is_no_time_zone_and_no_time_is_refused() {
        for name in ["", "Europe/Atlantis", "../../etc/passwd", "Berlin"] {
            assert!(WorkingHours::new(name).is_err(), "{name}");
        }
        for time in ["", "8:00", "24:00", "08:60", "08.00", "+8:00", "08:00:00"] {
            let hours = WorkingHours::new("UTC").unwrap();
            assert!(hours.hours(time, "18:00").is_err(), "{time}");
        }
    }
}
