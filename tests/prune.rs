//! Expired segments go, and nothing else; what is held, unreviewed or of unknown outcome stays.
#![cfg(unix)]

mod prune_support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use prune_support::{
    BEGIN, Calendar, add, call, close, expired_store, open, options, records, segments,
    twelve_calls, verdict,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tool_audit::admin::{NewHold, Review, process_user, record_review, release_hold, set_hold};
use tool_audit::log::record::RecordHead;
use tool_audit::log::verify::FaultKind;
use tool_audit::log::{Access, FolderStorage, LogWriter, Retention, segment};
use tool_audit::query::{Filter, scan};
use tool_audit::report::{AccessRequest, access_report};
use tool_audit::retention::{Pin, PruneOptions, RetentionError, plan_prune, prune};
use tool_audit::{Policy, RetentionClass};

fn by(calendar: &Calendar) -> PruneOptions {
    PruneOptions::new("records manager").clock(Arc::new(calendar.clone()))
}

fn pins(store: &Path, calendar: &Calendar) -> Vec<(u64, Vec<Pin>)> {
    let report = plan_prune(store, &by(calendar)).unwrap();
    let kept = report.logs[0].kept.iter();
    kept.map(|segment| (segment.first_seq, segment.pins.clone()))
        .collect()
}

#[test]
fn expired_segments_go_and_the_log_says_so_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let before = records(store);
    let planned = plan_prune(store, &by(&calendar)).unwrap();
    assert_eq!(
        (planned.records(), &planned.logs[0].segments[..]),
        (16, &[0, 4, 8, 12][..])
    );
    assert_eq!(records(store), before, "a plan changes nothing");

    let gone = prune(store, &by(&calendar)).unwrap();
    assert_eq!((gone.records(), segments(store)[0]), (16, 16));
    assert!(verdict(&store.join("general")).intact);

    let pruned: Vec<Value> = records(store)
        .into_iter()
        .filter(|record| record["_kind"] == "segments_pruned")
        .collect();
    assert_eq!(pruned.len(), 1);
    let told = &pruned[0];
    for (member, expected) in [
        ("actor", json!("records manager")),
        ("count", json!(16)),
        ("first_seq", json!(0)),
        ("through_seq", json!(15)),
        ("through_hash", before[15]["_hash"].clone()),
        ("first_timestamp", before[0]["timestamp"].clone()),
        ("last_timestamp", before[15]["timestamp"].clone()),
        ("latest_retain_until", json!("2025-08-05")),
        ("policy_id", json!("unknown")),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    assert_eq!(told["frontier"], json!([root(&before[..16])]));
    assert_eq!(told.get("process_user"), None);
}

#[test]
fn a_claimed_name_stands_beside_the_operating_systems_user() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    prune(store, &by(&calendar).asserted()).unwrap();
    let told = records(store)
        .into_iter()
        .find(|record| record["_kind"] == "segments_pruned")
        .unwrap();
    assert_eq!(told["actor_asserted"], true);
    assert_eq!(told["process_user"], process_user());
}

/// RFC 6962's root of the records' hashes, which are a power of two.
fn root(records: &[Value]) -> String {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    };
    let mut level: Vec<Vec<u8>> = records
        .iter()
        .map(|record| {
            let leaf = bytes(record["_hash"].as_str().unwrap());
            Sha256::digest([&[0][..], &leaf].concat()).to_vec()
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| Sha256::digest([&[1][..], &pair[0], &pair[1]].concat()).to_vec())
            .collect();
    }
    level[0].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_second_prune_removes_nothing_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    prune(store, &by(&calendar)).unwrap();
    let after = records(store);
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    assert_eq!(records(store), after);
}

#[test]
fn a_later_prune_goes_on_from_the_one_before_and_keeps_what_a_tree_needs() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let mut all = records(store);
    prune(store, &by(&calendar)).unwrap();
    calendar.advance(TimeDelta::days(31));
    let mut log = open(store, &calendar);
    for number in 0..13 {
        add(
            &mut log,
            "tool_call",
            &call(&format!("later-{number}"), &calendar, 30),
        );
    }
    close(log);
    let now = records(store);
    all.truncate(16);
    all.extend(now);
    let gone = prune(store, &by(&calendar)).unwrap();
    assert!(gone.records() > 0, "{gone:?}");
    let report = verdict(&store.join("general"));
    assert!(report.intact, "{report:?}");
    let pruned: Vec<Value> = records(store)
        .into_iter()
        .filter(|record| record["_kind"] == "segments_pruned")
        .collect();
    let told = pruned.last().unwrap();
    let through = told["through_seq"].as_u64().unwrap();
    assert_eq!(told["first_seq"], 16);
    // The roots of the complete subtrees, the largest first.
    let mut expected = Vec::new();
    let mut from = 0;
    let size = usize::try_from(through + 1).unwrap();
    for bit in (0..usize::BITS).rev() {
        let length = 1 << bit;
        if size & length != 0 {
            expected.push(json!(root(&all[from..from + length])));
            from += length;
        }
    }
    assert_eq!(told["frontier"], json!(expected));
}

#[test]
fn a_record_with_six_calendar_years_goes_no_sooner_than_the_day_after_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at("2025-07-06T14:23:00Z");
    let until = RetentionClass::healthcare()
        .period()
        .until(calendar.now_utc().date_naive());
    let days = until.unwrap() - calendar.now_utc().date_naive();
    let days = u64::try_from(days.num_days()).unwrap();
    let storage = FolderStorage::open(store.join("healthcare"), Access::owner()).unwrap();
    let mut log_options = options(&calendar);
    log_options.retention_class = "healthcare".to_owned();
    log_options.retention = Retention::Days(u32::try_from(days).unwrap());
    let mut log = LogWriter::open(storage, log_options).unwrap();
    for number in 0..4 {
        let members = call(&format!("c-{number}"), &calendar, days);
        assert_eq!(members["retain_until"], "2031-07-06");
        add(&mut log, "tool_call", &members);
    }
    calendar.set("2031-07-06T12:00:00Z");
    add(&mut log, "tool_call", &call("new", &calendar, days));
    close(log);
    calendar.set("2031-07-06T23:59:59.999999Z");
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    calendar.set("2031-07-07T00:00:00Z");
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 4);
    assert!(verdict(&store.join("healthcare")).intact);
}

#[test]
fn expiry_counts_from_the_greatest_timestamp_before_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    add(&mut log, "tool_call", &call("first", &calendar, 30));
    // The clock went back by twenty days: what it makes then expires no sooner for it.
    calendar.set("2025-06-16T14:23:00Z");
    for number in 0..4 {
        add(
            &mut log,
            "tool_call",
            &call(&format!("back-{number}"), &calendar, 30),
        );
    }
    calendar.set("2025-08-05T12:00:00Z");
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    calendar.set("2025-08-06T00:00:00Z");
    assert!(prune(store, &by(&calendar)).unwrap().records() > 0);
    assert!(verdict(&store.join("general")).faults.is_empty());
}

#[test]
fn a_longer_policy_applies_to_old_records_and_a_shorter_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let policy = |days| Policy::new().class(RetentionClass::new("general").days(days));
    let records_with = |days| {
        let options = by(&calendar).policy(policy(days));
        plan_prune(store, &options).unwrap().records()
    };
    assert_eq!((records_with(31), records_with(30)), (0, 16));
    let forever = by(&calendar).policy(Policy::new().class(RetentionClass::new("general")));
    assert_eq!(plan_prune(store, &forever).unwrap().records(), 0);
    // One day earlier nothing has expired, whatever a shorter policy says.
    calendar.advance(TimeDelta::days(-1));
    let shorter = by(&calendar).policy(policy(1)).clock_checked_by("operator");
    assert_eq!(plan_prune(store, &shorter).unwrap().records(), 0);
}

#[test]
fn a_record_that_says_no_date_stays_and_all_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    let mut forever = call("forever", &calendar, 30);
    forever.as_object_mut().unwrap().remove("retain_until");
    twelve_calls(&mut log, &calendar);
    add(&mut log, "tool_call", &forever);
    twelve_calls(&mut log, &calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    prune(store, &by(&calendar)).unwrap();
    assert_eq!(records(store)[0]["_seq"], 16);
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn a_hold_keeps_what_it_covers_and_all_behind_it_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    twelve_calls(&mut log, &calendar);
    let mut held = call("held", &calendar, 30);
    held["conversation_id"] = json!("conv_held");
    add(&mut log, "tool_call", &held);
    twelve_calls(&mut log, &calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);

    let hold = NewHold::new("legal", "claim 4711").conversation("conv_held");
    let hold_id = set_hold(store, &hold).unwrap();
    let found = pins(store, &calendar);
    assert_eq!(found[0].0, 16);
    assert!(
        matches!(&found[0].1[..], [Pin::Hold { hold_id: id, seq: 17 }] if *id == hold_id),
        "{found:?}"
    );
    assert!(
        found[1..]
            .iter()
            .all(|(_, pins)| pins[..] == [Pin::Behind { first_seq: 16 }]),
        "{found:?}"
    );
    prune(store, &by(&calendar)).unwrap();
    assert_eq!(segments(store)[0], 16);
    release_hold(store, &hold_id, "dpo", "settled").unwrap();
    prune(store, &by(&calendar)).unwrap();
    assert!(segments(store)[0] > 24, "{:?}", segments(store));
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn an_emergency_that_nobody_reviewed_keeps_its_segment() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    let mut emergency = call("glass", &calendar, 30);
    emergency["emergency"] = json!({"reason": "chest pain", "declared_by": "usr_9"});
    add(&mut log, "tool_call", &emergency);
    twelve_calls(&mut log, &calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    assert_eq!(
        pins(store, &calendar)[0].1,
        [Pin::UnreviewedEmergency {
            call_id: "glass".to_owned(),
            seq: 1
        }]
    );
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    record_review(store, &Review::new("dpo", "justified").call("glass")).unwrap();
    assert!(prune(store, &by(&calendar)).unwrap().records() > 0);
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn a_call_whose_end_nobody_knows_keeps_its_segment_until_it_is_reviewed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    add(&mut log, "tool_call_started", &call("ended", &calendar, 30));
    add(&mut log, "tool_call_started", &call("lost", &calendar, 30));
    twelve_calls(&mut log, &calendar);
    // The end of this one stands in a segment that does not go.
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("ended", &calendar, 30));
    log.flush().unwrap();
    drop(log);
    let lost = |seq| Pin::UnknownOutcome {
        call_id: "lost".to_owned(),
        seq,
    };
    assert_eq!(pins(store, &calendar)[0].1, [lost(2)], "it runs still");
    // A restart finds that its end is not known.
    drop(open(store, &calendar));
    assert_eq!(pins(store, &calendar)[0].1, [lost(2)]);
    record_review(store, &Review::new("dpo", "asked").call("lost")).unwrap();
    assert!(prune(store, &by(&calendar)).unwrap().records() > 0);
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn a_clock_that_is_far_from_the_newest_call_prunes_nothing_unless_somebody_checked_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let before = records(store);
    calendar.advance(TimeDelta::days(7 * 365));
    let refused = prune(store, &by(&calendar)).unwrap_err();
    assert!(matches!(refused, RetentionError::ClockAhead { .. }));
    assert!(
        refused.to_string().contains("--clock-checked-by"),
        "{refused}"
    );
    // A restart under that clock makes no difference.
    drop(open(store, &calendar));
    let refused = prune(store, &by(&calendar)).unwrap_err();
    assert!(matches!(refused, RetentionError::ClockAhead { .. }));
    calendar.set("2025-07-01T00:00:00Z");
    let refused = prune(store, &by(&calendar)).unwrap_err();
    assert!(matches!(refused, RetentionError::ClockBehind { .. }));
    assert_eq!(records(store)[..before.len()], before[..]);

    calendar.set("2032-08-06T00:00:00Z");
    let checked = by(&calendar).clock_checked_by("operator");
    assert!(prune(store, &checked).unwrap().records() > 0);
    let pruned = records(store);
    let told = pruned
        .iter()
        .find(|record| record["_kind"] == "segments_pruned");
    assert_eq!(told.unwrap()["clock_checked_by"], "operator");
}

#[test]
fn a_log_that_a_writer_holds_is_left_as_it_is_and_the_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let log = open(store, &calendar);
    let report = prune(store, &by(&calendar)).unwrap();
    let failed = report.failed().unwrap();
    assert_eq!(failed.records, 0);
    let error = failed.error.as_ref().unwrap().to_string();
    assert!(error.contains("a writer holds it"), "{error}");
    assert_eq!(segments(store)[0], 0);
    assert_eq!(plan_prune(store, &by(&calendar)).unwrap().records(), 16);
    drop(log);
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 16);
}

#[test]
fn a_damaged_segment_stays_as_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let path = store.join("general").join(segment::name(4));
    let changed = fs::read_to_string(&path).unwrap().replace("usr_9", "usr_8");
    fs::remove_file(&path).unwrap();
    fs::write(&path, changed).unwrap();
    assert_eq!(
        pins(store, &calendar),
        [(4, vec![Pin::Damaged { line: 2 }])]
    );
    prune(store, &by(&calendar)).unwrap();
    let report = verdict(&store.join("general"));
    assert_eq!(report.first_seq, Some(4));
    assert!(
        report
            .faults
            .iter()
            .all(|fault| fault.kind == FaultKind::HashMismatch)
    );
}

#[test]
fn nothing_goes_where_the_record_of_holds_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    set_hold(store, &NewHold::new("legal", "claim 4711")).unwrap();
    let path = segment::list(&store.join("admin")).unwrap()[0].1.clone();
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replace("hold_set", "hold_sat");
    fs::write(&path, changed).unwrap();
    let refused = prune(store, &by(&calendar)).unwrap_err();
    assert!(matches!(refused, RetentionError::AdminDamaged { .. }));
    assert_eq!(segments(store)[0], 0);
}

#[test]
fn a_prune_that_came_too_early_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    prune(store, &by(&calendar)).unwrap();
    // Who forges the record so that everything fits but the date: the whole chain behind it is sealed anew.
    forge(&store.join("general"), |members| {
        if members.contains_key("through_seq") {
            members["latest_retain_until"] = json!("2033-01-01");
        }
    });
    let report = verdict(&store.join("general"));
    assert_eq!(
        report
            .faults
            .iter()
            .map(|fault| fault.kind)
            .collect::<Vec<_>>(),
        [FaultKind::EarlyPrune]
    );
}

/// Changes the members of records, and makes all hashes fit again.
fn forge(folder: &Path, mut change: impl FnMut(&mut serde_json::Map<String, Value>)) {
    use tool_audit::log::record::{Previous, seal};
    let mut previous = None;
    for (_, path) in segment::list(folder).unwrap() {
        let mut forged = Vec::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let head = RecordHead::parse(line.as_bytes()).unwrap();
            let own = format!("{{{}", &line[head.members_at..]);
            let mut members: Value = serde_json::from_str(&own).unwrap();
            change(members.as_object_mut().unwrap());
            let mut text = Vec::new();
            tool_audit::canonical::write_value(&mut text, &members);
            let hash = seal(
                &mut forged,
                head.kind,
                head.log,
                previous.unwrap_or(head.previous),
                head.seq,
                &text[1..text.len() - 1],
            );
            previous = Some(Previous::Hash(hash));
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, forged).unwrap();
    }
}

#[test]
fn a_log_whose_beginning_nobody_accounts_for_loses_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    fs::remove_file(store.join("general").join(segment::name(0))).unwrap();
    assert_eq!(
        pins(store, &calendar),
        [(4, vec![Pin::Damaged { line: 1 }])]
    );
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    assert_eq!(
        verdict(&store.join("general")).faults[0].kind,
        FaultKind::UnexplainedStart
    );
}

#[test]
fn what_is_asked_of_a_pruned_log_comes_from_what_is_left_and_says_where_that_begins() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    prune(store, &by(&calendar)).unwrap();
    let calls: Vec<String> = scan(store, &Filter::new().kind("tool_call"))
        .unwrap()
        .map(|record| record.unwrap().entry().unwrap().call_id)
        .collect();
    assert_eq!(calls, ["new"]);
    let report = access_report(store, &AccessRequest::of_user("usr_9")).unwrap();
    assert!(report.integrity_verified);
    assert_eq!(report.total_accesses, 1);
    assert_eq!(report.integrity.pruned_before["general"], "_seq 16");
    // The log goes on.
    let mut log = open(store, &calendar);
    assert!(!log.status().is_damaged());
    add(&mut log, "tool_call", &call("after", &calendar, 30));
    close(log);
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn a_segment_gets_no_older_than_it_may_so_that_a_slow_log_loses_what_has_expired() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let open_aged = || {
        let storage = FolderStorage::open(store.join("general"), Access::owner()).unwrap();
        let mut options = options(&calendar);
        options.segment_records = u64::MAX;
        options.segment_age = Some(std::time::Duration::from_secs(31 * 86_400));
        LogWriter::open(storage, options).unwrap()
    };
    let mut log = open_aged();
    for week in 0..10 {
        add(
            &mut log,
            "tool_call",
            &call(&format!("week-{week}"), &calendar, 30),
        );
        log.flush().unwrap();
        calendar.advance(TimeDelta::days(7));
    }
    close(log);
    // The last segment is 28 days old.
    assert_eq!(segments(store).len(), 2);
    calendar.advance(TimeDelta::days(7));
    let mut log = open_aged();
    assert_eq!(segments(store).len(), 3, "a restart begins a new one too");
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    prune(store, &by(&calendar)).unwrap();
    let left: Vec<Value> = records(store)
        .into_iter()
        .filter(|record| record["_kind"] == "tool_call")
        .map(|record| record["call_id"].clone())
        .collect();
    assert_eq!(
        left,
        ["week-5", "week-6", "week-7", "week-8", "week-9", "new"]
    );
    assert!(verdict(&store.join("general")).intact);
}

#[test]
fn bytes_that_were_cut_off_a_segment_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    add(&mut log, "tool_call", &call("first", &calendar, 30));
    log.flush().unwrap();
    drop(log);
    let path = store.join("general").join(segment::name(0));
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"_hash\":\"77");
    fs::write(&path, bytes).unwrap();
    let mut log = open(store, &calendar);
    twelve_calls(&mut log, &calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    let torn = || {
        let torn = fs::read_dir(store.join("general").join("torn")).unwrap();
        torn.count()
    };
    assert_eq!(torn(), 1);
    assert!(prune(store, &by(&calendar)).unwrap().records() > 0);
    assert_eq!(torn(), 0);
}

#[test]
fn a_prune_that_stopped_long_ago_is_finished_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = expired_store(store);
    let general = store.join("general");
    let kept: Vec<(std::path::PathBuf, Vec<u8>)> = segment::list(&general)
        .unwrap()
        .into_iter()
        .filter(|(first_seq, _)| (8..16).contains(first_seq))
        .map(|(_, path)| (path.clone(), fs::read(path).unwrap()))
        .collect();
    prune(store, &by(&calendar)).unwrap();
    // Segments that should have gone still stand, and the record that says so is in none of the last segments.
    let mut log = open(store, &calendar);
    twelve_calls(&mut log, &calendar);
    close(log);
    for (path, bytes) in kept {
        fs::write(path, bytes).unwrap();
    }
    let report = verdict(&general);
    assert!(report.intact, "{report:?}");
    assert_eq!((report.first_seq, report.warnings.len()), (Some(8), 1));
    drop(open(store, &calendar));
    assert_eq!(
        segments(store)[0],
        8,
        "the opening reads the last segment alone"
    );
    let planned = plan_prune(store, &by(&calendar)).unwrap();
    assert!(planned.logs[0].unfinished);
    let gone = prune(store, &by(&calendar)).unwrap();
    assert_eq!((gone.records(), segments(store)[0]), (8, 16));
    let report = verdict(&general);
    assert!(report.intact && report.warnings.is_empty(), "{report:?}");
}

#[test]
fn a_call_of_a_clock_that_was_ahead_moves_the_expiry_of_all_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    add(&mut log, "tool_call", &call("first", &calendar, 30));
    // A clock that was forty days ahead for one call, which is kept for a day.
    calendar.advance(TimeDelta::days(40));
    add(&mut log, "tool_call", &call("ahead", &calendar, 1));
    calendar.set(BEGIN);
    twelve_calls(&mut log, &calendar);
    let on = |day: i64| {
        calendar.set(BEGIN);
        calendar.advance(TimeDelta::days(day));
    };
    on(45);
    add(&mut log, "tool_call", &call("new", &calendar, 90));
    close(log);
    // The others were kept for thirty days, and are now kept until the seventieth.
    assert_eq!(plan_prune(store, &by(&calendar)).unwrap().records(), 0);
    on(70);
    let checked = by(&calendar).clock_checked_by("operator");
    assert_eq!(plan_prune(store, &checked).unwrap().records(), 0);
    on(71);
    assert!(plan_prune(store, &checked).unwrap().records() > 12);
}
