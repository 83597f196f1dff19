//! What a writer puts into a log.

mod log_support;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use log_support::{HandClock, append, check, intact, members, open, options};
use tool_audit::log::record::MAX_RECORD;
use tool_audit::log::{LogError, LogWriter, MemoryStorage, NewRecord, Retention, Source};

#[test]
fn a_new_log_begins_with_what_it_is() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.retention = Retention::Days(365);
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    assert!(storage.segment_bytes().is_empty());
    log.policy_in_force("a3c1", "k1").unwrap();
    append(&mut log, "c-1");
    log.close().unwrap();

    let lines = storage.lines();
    let first = String::from_utf8(lines[0].clone()).unwrap();
    let members = first.split_once(r#""_seq":0,"#).unwrap().1;
    let expected = concat!(
        r#""boot_id":"boot-1","format":1,"instance":"tools-0","policy_id":"a3c1","pseudonym_key_id":"k1","#,
        r#""retain_until":"2026-07-06","retention_class":"general","service":"orders","source":"live","#,
        r#""timestamp":"2025-07-06T14:23:00.000000Z","writer":"tool-audit/"#,
        env!("CARGO_PKG_VERSION"),
        r#""}"#
    );
    assert_eq!(members, expected);
    let checked = intact(&storage);
    assert_eq!(checked.kinds(), ["log_created", "tool_call", "log_closed"]);
    assert_eq!(checked.records[2]["retain_until"], "2026-07-06");
}

#[test]
fn nothing_is_written_before_the_first_record_and_nothing_by_closing_an_empty_log() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    log.flush().unwrap();
    log.sync().unwrap();
    log.look_after().unwrap();
    log.close().unwrap();
    assert!(storage.segment_bytes().is_empty());
    assert!(matches!(
        log.append("tool_call", b""),
        Err(LogError::Closed)
    ));
}

#[test]
fn a_clean_restart_goes_on_in_the_same_segment_and_says_so() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let mut log = open(&storage);
    append(&mut log, "c-2");
    log.close().unwrap();

    let checked = intact(&storage);
    assert_eq!(
        checked.kinds(),
        [
            "log_created",
            "tool_call",
            "log_closed",
            "log_resumed",
            "tool_call",
            "log_closed"
        ]
    );
    assert_eq!(checked.records[3]["clean"], true);
    assert_eq!(checked.records[3]["torn_bytes"], 0);
    assert_eq!(storage.segment_bytes().len(), 1);
}

#[test]
fn a_writer_that_is_dropped_leaves_an_unclean_end_and_gives_the_lock_back() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    append(&mut log, "c-1");
    log.flush().unwrap();
    append(&mut log, "c-2");
    drop(log);
    drop(open(&storage));
    let checked = intact(&storage);
    assert_eq!(checked.calls(), ["c-1"]);
    assert_eq!(checked.of_kind("log_resumed")[0]["clean"], false);
}

#[test]
fn a_second_writer_is_told_who_is_in_the_way() {
    let storage = MemoryStorage::new();
    let first = open(&storage);
    let mut impatient = options();
    impatient.lock_wait = Duration::from_millis(40);
    let error = LogWriter::open(storage.clone(), impatient).unwrap_err();
    assert!(matches!(error, LogError::Locked { .. }));
    assert!(
        error.to_string().contains("another writer holds the log"),
        "{error}"
    );
    drop(first);
    open(&storage);
}

#[test]
fn a_second_writer_gets_the_log_when_the_first_one_gives_it_back_in_time() {
    let storage = MemoryStorage::new();
    let first = open(&storage);
    let mut patient = options();
    patient.lock_wait = Duration::from_secs(60);
    let second = std::thread::spawn({
        let storage = storage.clone();
        move || LogWriter::open(storage, patient).map(|_| ())
    });
    drop(first);
    second.join().unwrap().unwrap();
}

#[test]
fn segments_are_closed_by_size_and_go_on_in_the_chain() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_bytes = 4096;
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    let names: Vec<String> = (0..200).map(|number| format!("c-{number}")).collect();
    for name in &names {
        append(&mut log, name);
    }
    log.close().unwrap();
    let checked = intact(&storage);
    assert_eq!(checked.calls(), names);
    let segments = storage.segment_bytes();
    assert!(segments.len() > 10);
    assert_eq!(log.status().segments, segments.len() as u64);
    assert_eq!(checked.of_kind("segment_opened").len(), segments.len() - 1);
    for (name, bytes) in &segments {
        assert!(bytes.len() < 4096 + 1024, "{name} has {}", bytes.len());
    }
}

#[test]
fn segments_are_closed_by_records() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_records = 10;
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    for number in 0..100 {
        append(&mut log, &format!("c-{number}"));
        log.flush().unwrap();
    }
    log.close().unwrap();
    intact(&storage);
    let names: Vec<u64> = storage
        .segment_bytes()
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        names,
        (0..=11).map(|number| number * 10).collect::<Vec<_>>()
    );
}

#[test]
fn a_new_segment_names_the_calls_that_are_open() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_records = 4;
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    for name in ["c-1", "c-2"] {
        log.append("tool_call_started", members(name).as_bytes())
            .unwrap();
    }
    append(&mut log, "c-1");
    log.flush().unwrap();
    let started = members("c-3");
    let started = NewRecord::new("tool_call_started", started.as_bytes()).of_call("c-3");
    log.append_record(&started).unwrap();
    log.flush().unwrap();
    drop(log);

    let checked = intact(&storage);
    let opened = checked.of_kind("segment_opened");
    assert_eq!(opened[0]["open_calls"], serde_json::json!(["c-2"]));

    // The restart ends what nobody ended, and finds where it began, also in an earlier segment.
    drop(open(&storage));
    let checked = intact(&storage);
    let unknown = checked.of_kind("outcome_unknown");
    assert_eq!(unknown.len(), 2);
    assert_eq!(
        (&unknown[0]["call_id"], &unknown[0]["started_seq"]),
        (&"c-2".into(), &2.into())
    );
    assert_eq!(
        (&unknown[1]["call_id"], &unknown[1]["started_seq"]),
        (&"c-3".into(), &5.into())
    );
    let before = checked.records.len();
    drop(open(&storage));
    assert_eq!(intact(&storage).of_kind("outcome_unknown").len(), 2);
    assert_eq!(intact(&storage).records.len(), before + 1);
}

#[test]
fn calls_that_a_segment_has_no_room_to_name_are_ended_by_the_restart_all_the_same() {
    const CALLS: usize = 12_000;
    let name = |number: usize| format!("{:064}-{number:06}", 0);
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_records = CALLS as u64;
    let mut log = LogWriter::open(storage.clone(), options.clone()).unwrap();
    for number in 0..CALLS {
        log.append("tool_call_started", members(&name(number)).as_bytes())
            .unwrap();
    }
    for _ in 0..2 * CALLS {
        append(&mut log, "other");
    }
    // One that is named, and one that no later segment has room for.
    append(&mut log, &name(1));
    append(&mut log, &name(CALLS - 1));
    log.sync().unwrap();
    drop(log);
    let checked = intact(&storage);
    let opened = checked.of_kind("segment_opened");
    assert!(opened.len() > 1);
    for segment in opened {
        assert_eq!(segment["shortened"], serde_json::json!(["open_calls"]));
    }

    drop(LogWriter::open(storage.clone(), options).unwrap());
    let checked = intact(&storage);
    let unknown = checked.of_kind("outcome_unknown");
    assert_eq!(unknown.len(), CALLS - 2);
    for record in unknown {
        let started = record["started_seq"].as_u64().unwrap() as usize;
        assert_eq!(checked.records[started]["call_id"], record["call_id"]);
    }
}

#[test]
fn a_segment_begun_while_a_restart_ends_calls_names_those_that_are_left() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_records = 4;
    let mut log = LogWriter::open(storage.clone(), options.clone()).unwrap();
    for name in ["c-1", "c-2", "c-3", "c-4", "c-5", "c-6"] {
        log.append("tool_call_started", members(name).as_bytes())
            .unwrap();
    }
    log.sync().unwrap();
    drop(log);
    drop(LogWriter::open(storage.clone(), options).unwrap());

    let checked = intact(&storage);
    let mut ended = Vec::new();
    let mut named_while_ending = 0;
    for record in &checked.records {
        match record["_kind"].as_str() {
            Some("outcome_unknown") => ended.push(&record["call_id"]),
            Some("segment_opened") if !ended.is_empty() => {
                let open = record["open_calls"].as_array().unwrap();
                assert_eq!(open.len() + ended.len(), 6);
                named_while_ending += open.len();
            }
            _ => {}
        }
    }
    assert_eq!(ended.len(), 6);
    assert!(named_while_ending > 0);
}

#[test]
fn a_change_of_policy_is_recorded_and_the_same_policy_is_not() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    log.policy_in_force("p-1", "k-1").unwrap();
    append(&mut log, "c-1");
    log.policy_in_force("p-1", "k-1").unwrap();
    log.policy_in_force("p-2", "k-1").unwrap();
    log.close().unwrap();
    drop(log);
    let mut log = open(&storage);
    log.policy_in_force("p-2", "k-1").unwrap();
    log.policy_in_force("p-2", "k-2").unwrap();
    log.close().unwrap();
    let checked = intact(&storage);
    let changed: Vec<_> = checked
        .of_kind("policy_changed")
        .iter()
        .map(|record| format!("{} {}", record["policy_id"], record["pseudonym_key_id"]))
        .collect();
    assert_eq!(changed, [r#""p-2" "k-1""#, r#""p-2" "k-2""#]);
}

#[test]
fn lost_entries_are_recorded_with_their_number() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    let since = SystemTime::UNIX_EPOCH + Duration::from_micros(log_support::START);
    log.entries_lost(7, "queue_full", since).unwrap();
    log.close().unwrap();
    let checked = intact(&storage);
    let lost = checked.of_kind("entries_lost")[0];
    assert_eq!(lost["count"], 7);
    assert_eq!(lost["reason"], "queue_full");
    assert_eq!(lost["since"], "2025-07-06T14:23:00.000000Z");
}

#[test]
fn live_and_replayed_calls_are_never_mixed() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let before = storage.segment_bytes();
    let mut replay = options();
    replay.source = Source::Replay;
    let error = LogWriter::open(storage.clone(), replay.clone()).unwrap_err();
    assert!(
        matches!(
            error,
            LogError::OtherSource {
                holds: Source::Live,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(storage.segment_bytes(), before);

    let storage = MemoryStorage::new();
    let mut log = LogWriter::open(storage.clone(), replay).unwrap();
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    assert!(LogWriter::open(storage, options()).is_err());
}

#[test]
fn a_log_of_a_later_format_is_left_alone() {
    let storage = MemoryStorage::new();
    let mut line = Vec::new();
    tool_audit::log::record::seal(
        &mut line,
        "log_created",
        tool_audit::log::LogId([7; 16]),
        tool_audit::log::record::Previous::Genesis,
        0,
        br#""format":2,"source":"live""#,
    );
    storage.set_segment(0, line.clone());
    let error = LogWriter::open(storage.clone(), options()).unwrap_err();
    assert!(
        matches!(error, LogError::OtherFormat { format: 2, .. }),
        "{error}"
    );
    assert_eq!(storage.segment_bytes(), [(0, line)]);
}

#[test]
fn a_record_that_is_too_long_is_refused_and_the_next_one_goes_on() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    append(&mut log, "c-1");
    let long = format!(r#""call_id":"{}""#, "x".repeat(MAX_RECORD));
    let error = log.append("tool_call", long.as_bytes()).unwrap_err();
    assert!(matches!(error, LogError::RecordTooLong { .. }));
    let just = format!(r#""call_id":"{}""#, "x".repeat(MAX_RECORD - 400));
    log.append("tool_call", just.as_bytes()).unwrap();
    append(&mut log, "c-2");
    log.close().unwrap();
    assert_eq!(intact(&storage).calls().len(), 3);
}

#[test]
fn another_service_or_instance_opens_a_segment_that_says_so() {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let mut moved = options();
    moved.instance = "tools-1".to_owned();
    let mut log = LogWriter::open(storage.clone(), moved).unwrap();
    append(&mut log, "c-2");
    log.close().unwrap();
    let checked = intact(&storage);
    assert_eq!(checked.of_kind("segment_opened")[0]["instance"], "tools-1");
    assert_eq!(checked.kinds()[3..5], ["segment_opened", "log_resumed"]);
}

#[test]
fn the_period_of_retention_is_taken_over_from_the_log() {
    let storage = MemoryStorage::new();
    let mut first = options();
    first.retention = Retention::Days(10);
    let mut log = LogWriter::open(storage.clone(), first).unwrap();
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let clock = HandClock::new();
    clock.advance(Duration::from_secs(86_400));
    let mut second = options();
    second.clock = Arc::new(clock);
    let mut log = LogWriter::open(storage.clone(), second).unwrap();
    log.close().unwrap();
    let checked = intact(&storage);
    assert_eq!(
        checked.of_kind("log_resumed")[0]["retain_until"],
        "2025-07-17"
    );
}

#[test]
fn a_log_stays_intact_however_large_its_batches_are() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_bytes = 300_000;
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    let filler = "x".repeat(9_000);
    for number in 0..300 {
        let text = format!(r#""call_id":"c-{number}","filler":"{filler}""#);
        let record = NewRecord::new("tool_call", text.as_bytes());
        let record = if number % 7 == 0 {
            record
        } else {
            record.unawaited()
        };
        log.append_record(&record).unwrap();
        if number % 50 == 0 {
            log.sync().unwrap();
        }
    }
    log.close().unwrap();
    assert_eq!(intact(&storage).calls().len(), 300);
}

#[test]
fn a_log_that_is_being_written_can_be_checked_at_any_time() {
    let storage = MemoryStorage::new();
    let mut options = options();
    options.segment_records = 50;
    let mut log = LogWriter::open(storage.clone(), options).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..2_000 {
                append(&mut log, &format!("c-{number}"));
                log.flush().unwrap();
            }
            log.close().unwrap();
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        let mut seen = 0;
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            let checked = check(&storage.segment_bytes());
            assert!(checked.faults.is_empty(), "{:?}", checked.faults);
            assert!(checked.records.len() >= seen);
            seen = checked.records.len();
        }
    });
    assert_eq!(intact(&storage).calls().len(), 2_000);
}
