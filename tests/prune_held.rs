//! Holds that are set between a prune that was cut off and its finishing.
#![cfg(unix)]

mod prune_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use prune_support::{BEGIN, Calendar, add, call, close, open, segments, verdict};
use serde_json::json;
use tool_audit::HashChainSink;
use tool_audit::admin::{NewHold, release_hold, set_hold};
use tool_audit::log::verify::WarningKind;
use tool_audit::log::{Access, FolderStorage, Storage, segment};
use tool_audit::retention::{ExpiredSegment, Pin, PruneOptions, plan_prune, prune};

fn by(calendar: &Calendar) -> PruneOptions {
    PruneOptions::new("records manager").clock(Arc::new(calendar.clone()))
}

/// A log that tells of a prune of its segments 0, 4, 8 and 12, all of which still stand: three calls each, of the users
/// `usr_0` to `usr_11`.
fn cut_off(store: &Path) -> Calendar {
    let calendar = Calendar::at(BEGIN);
    let mut log = open(store, &calendar);
    for number in 0..12 {
        let mut members = call(&format!("old-{number}"), &calendar, 30);
        members["user_id"] = json!(format!("usr_{number}"));
        add(&mut log, "tool_call", &members);
    }
    log.flush().unwrap();
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
    let listed = segment::list(&store.join("general")).unwrap();
    let read = |path: PathBuf| (fs::read(&path).unwrap(), path);
    let there: Vec<_> = listed.into_iter().map(|(_, path)| read(path)).collect();
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 16);
    for (bytes, path) in there.into_iter().take(4) {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(segments(store), [0, 4, 8, 12, 16]);
    calendar
}

fn is_unfinished(store: &Path) -> bool {
    let report = verdict(&store.join("general"));
    assert!(report.intact, "{report:?}");
    let mut warnings = report.warnings.iter();
    warnings.any(|warning| warning.kind == WarningKind::PruneUnfinished)
}

fn kept(store: &Path, calendar: &Calendar) -> Vec<ExpiredSegment> {
    let mut planned = plan_prune(store, &by(calendar)).unwrap();
    assert!(planned.logs[0].unfinished);
    planned.logs.remove(0).kept
}

#[test]
fn the_opening_stops_before_what_is_held_since_and_the_next_prune_goes_on_once_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("audit");
    let calendar = cut_off(store);
    let hold = set_hold(store, &NewHold::new("legal", "claim").user("usr_4")).unwrap();
    close(open(store, &calendar));
    assert_eq!(segments(store)[..4], [4, 8, 12, 16]);
    assert!(is_unfinished(store));

    let held = Pin::Hold {
        hold_id: hold.clone(),
        seq: 6,
    };
    let pins: Vec<(u64, Vec<Pin>)> = kept(store, &calendar)
        .into_iter()
        .map(|segment| (segment.first_seq, segment.pins))
        .collect();
    let behind = || vec![Pin::Behind { first_seq: 4 }];
    assert_eq!(pins, [(4, vec![held]), (8, behind()), (12, behind())]);
    assert_eq!(prune(store, &by(&calendar)).unwrap().records(), 0);
    // Nor does a service that prunes by itself, whether at its opening or later.
    let sink = HashChainSink::builder(store)
        .clock(Arc::new(calendar.clone()))
        .prune(std::time::Duration::from_secs(1), by(&calendar))
        .build()
        .unwrap();
    drop(sink);
    assert_eq!(segments(store)[..4], [4, 8, 12, 16]);

    release_hold(store, &hold, "dpo", "settled").unwrap();
    let gone = prune(store, &by(&calendar)).unwrap();
    assert_eq!(gone.logs[0].segments[..3], [4, 8, 12]);
    assert_eq!((gone.records(), segments(store)[0]), (12, 16));
    assert!(!is_unfinished(store));
}

#[test]
fn a_prune_from_outside_finishes_up_to_what_is_held_since() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = cut_off(store);
    set_hold(store, &NewHold::new("legal", "claim").user("usr_6")).unwrap();
    let gone = prune(store, &by(&calendar)).unwrap();
    let log = &gone.logs[0];
    assert_eq!(
        (log.records, log.through_seq, &log.segments[..]),
        (8, Some(7), &[0, 4][..])
    );
    assert_eq!(log.kept[0].first_seq, 8);
    assert_eq!(segments(store)[..3], [8, 12, 16]);
    assert!(is_unfinished(store));
}

#[test]
fn while_anything_is_held_a_line_that_cannot_be_read_keeps_its_segment() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = cut_off(store);
    let path = store.join("general").join(segment::name(4));
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"timestamp\"", "\"timestamq\"", 1)).unwrap();
    set_hold(store, &NewHold::new("legal", "claim").user("somebody")).unwrap();
    let first = kept(store, &calendar).remove(0);
    assert_eq!(
        (first.first_seq, first.pins),
        (4, vec![Pin::Damaged { line: 1 }])
    );
    close(open(store, &calendar));
    assert_eq!(segments(store)[0], 4);
}

#[test]
fn while_somebody_acts_upon_the_store_nothing_goes_and_the_writer_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = cut_off(store);
    let mut acting = FolderStorage::open(store.join("admin"), Access::owner()).unwrap();
    assert!(acting.try_lock().unwrap());
    let mut log = open(store, &calendar);
    assert_eq!(segments(store)[0], 0);
    assert!(log.look_after().is_err());
    assert_eq!(segments(store)[0], 0);
    drop(acting);
    log.look_after().unwrap();
    assert_eq!(segments(store)[0], 16);
    close(log);
    assert!(!is_unfinished(store));
}

#[test]
fn a_log_that_does_not_fit_the_prune_that_it_tells_of_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let calendar = cut_off(store);
    let path = store.join("general").join(segment::name(16));
    let text = fs::read_to_string(&path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let previous = first.find("\"_previous_hash\":\"").unwrap() + 18;
    let digit = if &first[previous..=previous] == "0" {
        "1"
    } else {
        "0"
    };
    let first = format!("{}{digit}{}", &first[..previous], &first[previous + 1..]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, format!("{first}\n{rest}")).unwrap();
    close(open(store, &calendar));
    assert_eq!(segments(store)[..4], [0, 4, 8, 12]);
    let refused = prune(store, &by(&calendar)).unwrap();
    let log = &refused.logs[0];
    assert_eq!((log.records, log.segments.len()), (0, 0));
    let error = log.error.as_ref().unwrap().to_string();
    assert!(error.contains("does not fit the prune"), "{error}");
    assert_eq!(segments(store)[..4], [0, 4, 8, 12]);
}
