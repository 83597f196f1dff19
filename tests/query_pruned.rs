//! Reading while retention takes segments away: what is left is read, and what is missing is counted.

mod written_logs;

use std::fs;
use std::path::Path;

use serde_json::json;
use tool_audit::query::{Filter, Follow, QueryError, Record, scan, scan_reverse, statistics};
use written_logs::{WrittenLog, call};

/// A log of so many segments, each with so many calls of some 1,000 bytes.
fn log(folder: &Path, segments: u32, calls: u32) -> WrittenLog {
    let mut log = WrittenLog::create(folder, 1);
    for segment in 0..segments {
        if segment > 0 {
            log.rotate(2);
        }
        for number in 0..calls {
            let mut members = call("conv_1", "get_order", "success", number);
            members["arguments"] = json!({"text": "x".repeat(500)});
            log.add("tool_call", &members);
        }
    }
    log
}

fn prune(folder: &Path, segments: usize) {
    for (_, path) in &tool_audit::log::segment::list(folder).unwrap()[..segments] {
        fs::remove_file(path).unwrap();
    }
}

fn calls() -> Filter {
    Filter::new().kind("tool_call")
}

#[test]
fn a_scan_goes_on_behind_segments_that_are_pruned_while_it_reads() {
    // The second is large enough to be read by threads.
    for calls_in_each in [20, 1500] {
        let folder = tempfile::tempdir().unwrap();
        log(folder.path(), 6, calls_in_each);
        let mut records = scan(folder.path(), &calls()).unwrap();
        assert!(records.next().unwrap().is_ok());
        prune(folder.path(), 3);
        let rest: Vec<Record> = records.by_ref().map(Result::unwrap).collect();
        assert!(rest.len() >= 3 * calls_in_each as usize);
        let pruned = records.passed_over().pruned_segments;
        assert!((1..=3).contains(&pruned), "{pruned}");
        assert_eq!(records.passed_over().bad_lines, 0);
    }
}

#[test]
fn a_scan_from_the_newest_ends_at_what_was_pruned() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), 6, 20);
    let mut records = scan_reverse(folder.path(), &calls()).unwrap();
    assert!(records.next().unwrap().is_ok());
    prune(folder.path(), 3);
    assert_eq!(records.by_ref().map(Result::unwrap).count(), 3 * 20 - 1 + 2);
    assert_eq!(records.passed_over().pruned_segments, 3);
}

#[test]
fn a_log_that_is_gone_does_not_end_the_reading_of_another() {
    let folder = tempfile::tempdir().unwrap();
    log(&folder.path().join("a"), 3, 5);
    let mut other = WrittenLog::create(&folder.path().join("b"), 2);
    other.add(
        "tool_call",
        &call("conv_1", "cancel_order", "success", 7000),
    );
    let mut records = scan(folder.path(), &Filter::new().tool("cancel_order")).unwrap();
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    assert_eq!(records.by_ref().map(Result::unwrap).count(), 1);
    assert_eq!(records.passed_over().pruned_segments, 3);
}

#[test]
fn a_segment_that_is_missing_between_others_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    log(folder.path(), 3, 5);
    let mut records = scan(folder.path(), &calls()).unwrap();
    let segments = tool_audit::log::segment::list(folder.path()).unwrap();
    fs::remove_file(&segments[1].1).unwrap();
    assert!(records.any(|record| matches!(record, Err(QueryError::Io { .. }))));
}

#[test]
fn every_reader_ends_well_while_a_writer_rotates_repeats_and_prunes() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let mut writer = log(&store.join("general"), 3, 200);
    std::thread::scope(|scope| {
        let path = store.join("general");
        let writing = scope.spawn(move || {
            for number in 0..60 {
                for _ in 0..20 {
                    writer.add("tool_call", &call("conv_1", "get_order", "success", number));
                }
                writer.rotate((number % 4) as usize);
                prune(&path, 1);
            }
        });
        let (_, mut follow) = Follow::open(&store, &calls(), 1).unwrap();
        loop {
            let ended = writing.is_finished();
            let mut last = None;
            for record in scan(&store, &calls()).unwrap() {
                let seq = record.unwrap().seq();
                assert!(last < Some(seq), "{seq} comes behind {last:?}");
                last = Some(seq);
            }
            let mut next = None;
            for record in scan_reverse(&store, &calls()).unwrap() {
                let seq = record.unwrap().seq();
                assert!(
                    next.is_none_or(|next| seq < next),
                    "{seq} comes before {next:?}"
                );
                next = Some(seq);
            }
            let counted = statistics(&store, &calls()).unwrap();
            assert_eq!(counted.passed_over().bad_lines, 0);
            follow.poll().unwrap();
            if ended {
                break;
            }
        }
        writing.join().unwrap();
        assert_eq!(follow.passed_over().bad_lines, 0);
    });
}

#[test]
fn following_goes_on_when_a_log_goes_and_when_one_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("general");
    log(&path, 2, 3);
    let (_, mut follow) = Follow::open(folder.path(), &calls(), 1).unwrap();
    fs::remove_dir_all(&path).unwrap();
    assert!(follow.poll().unwrap().is_empty());
    let mut log = WrittenLog::create(&path, 2);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    assert_eq!(follow.poll().unwrap().len(), 1);
    fs::remove_dir_all(folder.path()).unwrap();
    assert!(follow.poll().unwrap().is_empty());
}

#[test]
fn following_gives_a_large_log_that_appears_in_several_turns() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("a"), 9);
    let (_, mut follow) = Follow::open(folder.path(), &calls(), 1).unwrap();
    log(&folder.path().join("b"), 3, 4000);
    let mut turns = Vec::new();
    loop {
        let added = follow.poll().unwrap();
        if added.is_empty() {
            break;
        }
        turns.push(added);
    }
    assert!(turns.len() > 1);
    let bytes = |turn: &Vec<Record>| turn.iter().map(|one| one.line().len()).sum::<usize>();
    assert!(turns.iter().all(|turn| bytes(turn) < 9 * 1024 * 1024));
    let seqs: Vec<u64> = turns.iter().flatten().map(Record::seq).collect();
    assert!(seqs.is_sorted());
    assert_eq!(seqs.len(), 3 * 4000);
    assert_eq!(follow.passed_over().superseded, 4);
}

#[test]
fn following_gives_what_stands_in_the_place_of_lines_that_recovery_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = log(folder.path(), 1, 3);
    let (_, mut follow) = Follow::open(folder.path(), &calls(), 1).unwrap();
    let kept = fs::read(log.segment()).unwrap();
    let mut lost = call("conv_1", "lost_tool", "success", 10);
    log.add("tool_call", &lost);
    lost["tool_name"] = "lost_too".into();
    log.add("tool_call", &lost);
    assert_eq!(follow.poll().unwrap().len(), 2);
    fs::write(log.segment(), kept).unwrap();
    // One that is longer than both.
    let mut members = call("conv_1", "kept_tool", "success", 11);
    members["arguments"] = json!({"text": "x".repeat(5000)});
    log.add("tool_call", &members);
    let added = follow.poll().unwrap();
    assert_eq!(added.len(), 1);
    assert!(added[0].line().contains("kept_tool"));
    assert_eq!(follow.passed_over().bad_lines, 0);
    assert!(follow.poll().unwrap().is_empty());
}

#[test]
fn following_leaves_out_records_that_were_repeated_when_the_last_segment_began() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = log(folder.path(), 1, 3);
    log.rotate(2);
    let repeated = fs::read_to_string(log.segment()).unwrap();
    // The writer has put one of the two there so far.
    let first = repeated.split_inclusive('\n').next().unwrap().len();
    let opened = fs::read(log.segment()).unwrap();
    fs::write(log.segment(), &opened[..first]).unwrap();
    let (_, mut follow) = Follow::open(folder.path(), &calls(), 9).unwrap();
    fs::write(log.segment(), &opened).unwrap();
    assert!(follow.poll().unwrap().is_empty());
    assert_eq!(follow.passed_over().superseded, 2);
}
