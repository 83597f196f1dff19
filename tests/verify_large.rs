//! Logs larger than what is verified at once: chunks meet at line ends, results are the same with any number of threads.

mod made_logs;

use std::fs::{self, File};
use std::sync::Mutex;

use made_logs::{LOG, MadeLog, Segment, Writer, replace};
use tool_audit::log::record::MAX_RECORD;
use tool_audit::log::segment;
use tool_audit::log::verify::{FaultKind, Report, VerifyOptions, verify, verify_with_progress};

/// What a thread takes at once.
const CHUNK: usize = 1 << 20;

fn run(log: &MadeLog, options: &VerifyOptions) -> Report {
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    verify(folder.path(), options).unwrap()
}

fn lines(count: usize) -> MadeLog {
    let mut writer = Writer::new(LOG);
    let mut lines = vec![writer.created()];
    lines.extend((1..count).map(|_| writer.call()));
    MadeLog {
        segments: vec![Segment::new(0, lines)],
    }
}

/// Places of the faults, by line.
fn places(report: &Report) -> Vec<(u64, FaultKind)> {
    let faults = report.logs[0].faults.iter();
    faults
        .map(|fault| (fault.place.as_ref().unwrap().line, fault.kind))
        .collect()
}

#[test]
fn faults_of_a_large_segment_are_found_on_their_lines_with_any_number_of_threads() {
    let mut log = lines(9000);
    assert!(log.segments[0].bytes().len() > 4 * CHUNK);
    let changed = [1, 1999, 2000, 4500, 8998];
    for line in changed {
        replace(log.line(0, line), "145.23", "145.24");
    }
    log.segments[0].lines.remove(6000);
    let mut expected: Vec<_> = changed
        .iter()
        .map(|line| {
            (
                *line as u64 + 1 - u64::from(*line > 6000),
                FaultKind::HashMismatch,
            )
        })
        .collect();
    expected.insert(4, (6001, FaultKind::SequenceGap));
    let mut reports = Vec::new();
    for threads in [1, 2, 5, 64] {
        let report = run(&log, &VerifyOptions::new().threads(threads));
        assert_eq!(places(&report), expected, "{threads} threads");
        assert_eq!(report.logs[0].records, 8999);
        let mut value = serde_json::to_value(&report).unwrap();
        value["logs"][0]["folder"] = serde_json::Value::Null;
        reports.push(value);
    }
    reports.dedup();
    assert_eq!(reports.len(), 1);
}

#[test]
fn a_line_that_ends_just_at_or_around_a_chunks_end_is_verified_once() {
    for beyond in [-2_i64, -1, 0, 1, 2, 300] {
        let mut writer = Writer::new(LOG);
        let mut lines = vec![writer.created()];
        let mut size = lines[0].len() + 1;
        let end = (CHUNK as i64 + beyond) as usize;
        while size < end {
            let bare = writer.clone().raw("tool_call", b"\"v\":\"\"").len() + 1;
            let left = end - size;
            // No last piece may be too small for a record.
            let most = if left > MAX_RECORD + 1 {
                MAX_RECORD / 2
            } else {
                left - bare
            };
            let text = "x".repeat(most.min(MAX_RECORD - bare));
            lines.push(writer.raw("tool_call", format!("\"v\":\"{text}\"").as_bytes()));
            size += lines.last().unwrap().len() + 1;
        }
        assert_eq!(size, end);
        lines.extend((0..10).map(|_| writer.call()));
        let count = lines.len() as u64;
        let log = MadeLog {
            segments: vec![Segment::new(0, lines)],
        };
        for threads in [1, 2] {
            let report = run(&log, &VerifyOptions::new().threads(threads));
            assert!(report.is_intact(), "{beyond}: {report}");
            assert_eq!(report.logs[0].records, count, "{beyond}");
        }
    }
}

#[test]
fn a_line_of_many_chunks_is_one_fault_and_the_lines_around_it_are_verified() {
    let mut log = lines(20);
    *log.line(0, 9) = vec![b'x'; 5 * CHUNK + 17];
    replace(log.line(0, 12), "145.23", "145.24");
    let report = run(&log, &VerifyOptions::new().threads(3));
    assert_eq!(
        places(&report),
        [(10, FaultKind::NotCanonical), (13, FaultKind::HashMismatch)]
    );
    assert_eq!(report.logs[0].records, 20);
}

#[test]
fn a_torn_tail_of_many_chunks_is_one_fault() {
    let mut log = lines(5);
    log.segments[0].tail = vec![0; 3 * CHUNK];
    let report = run(&log, &VerifyOptions::new());
    assert_eq!(places(&report), [(6, FaultKind::TornTail)]);
}

#[test]
fn all_faults_are_counted_and_as_many_kept_as_were_asked_for() {
    let mut log = lines(5000);
    for line in 0..5000 {
        *log.line(0, line) = b"no json".to_vec();
    }
    for threads in [1, 2] {
        let report = run(&log, &VerifyOptions::new().threads(threads).most_faults(7));
        let log = &report.logs[0];
        assert_eq!(log.faults.len(), 7);
        assert_eq!(log.fault_counts[&FaultKind::NotJson], 5000);
        assert_eq!(report.fault_count(), 5000);
        assert_eq!(
            (log.first_seq, log.last_seq, log.last_hash),
            (None, None, None)
        );
        assert!(
            report
                .to_string()
                .contains("4993 faults not shown; in all: 5000 not_json")
        );
    }
}

#[test]
fn progress_reaches_the_whole_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = lines(4000);
    log.write(folder.path());
    let seen = Mutex::new(Vec::new());
    let report = verify_with_progress(
        folder.path(),
        &VerifyOptions::new().threads(2),
        &|progress| {
            assert!(progress.done <= progress.total);
            seen.lock().unwrap().push(progress.done);
        },
    )
    .unwrap();
    let size = fs::metadata(folder.path().join(segment::name(0)))
        .unwrap()
        .len();
    assert_eq!(seen.into_inner().unwrap().into_iter().max(), Some(size));
    assert_eq!(report.logs[0].bytes, size);
}

#[test]
fn a_file_that_was_lengthened_with_zeros_has_a_torn_tail() {
    let folder = tempfile::tempdir().unwrap();
    let log = lines(3);
    log.write(folder.path());
    let file = File::options()
        .write(true)
        .open(folder.path().join(segment::name(0)))
        .unwrap();
    file.set_len(1 << 28).unwrap();
    let report = verify(folder.path(), &VerifyOptions::new()).unwrap();
    assert_eq!(places(&report), [(4, FaultKind::TornTail)]);
}
