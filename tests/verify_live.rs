//! Logs that are written, rotated and pruned while they are verified: never a false fault.

mod made_logs;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use made_logs::{LOG, MadeLog, Segment, Writer, stated_hash};
use tool_audit::log::segment;
use tool_audit::log::verify::{FaultKind, VerifyOptions, verify};

fn lock(folder: &Path) -> File {
    fs::create_dir_all(folder).unwrap();
    let lock = File::create(folder.join(segment::LOCK)).unwrap();
    lock.lock().unwrap();
    lock
}

/// Runs `write` on a thread of its own and verifies the log over and over until it is done, and once more.
fn verify_meanwhile(folder: &Path, write: impl FnOnce() + Send) -> u64 {
    let done = AtomicBool::new(false);
    let mut records = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            write();
            done.store(true, Ordering::Release);
        });
        loop {
            let last = done.load(Ordering::Acquire);
            let report = verify(folder, &VerifyOptions::new().threads(2)).unwrap();
            assert!(report.is_intact(), "{report}");
            records = report.logs[0].records;
            if last {
                break;
            }
        }
    });
    records
}

#[test]
fn a_log_that_is_written_and_rotated_meanwhile_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let held = lock(folder.path());
    let mut writer = Writer::new(LOG);
    let records = verify_meanwhile(folder.path(), || {
        for _ in 0..60 {
            let path = folder.path().join(segment::name(writer.next));
            let mut file = File::create(path).unwrap();
            let opening = if writer.next == 0 {
                writer.created()
            } else {
                writer.opened()
            };
            let mut lines = vec![opening];
            lines.extend((0..20).map(|_| writer.call()));
            for mut line in lines {
                line.push(b'\n');
                // Half a record stands in the file between the two writes.
                let (first, second) = line.split_at(line.len() / 2);
                file.write_all(first).unwrap();
                file.write_all(second).unwrap();
            }
        }
    });
    assert_eq!(records, 60 * 21);
    drop(held);
}

#[test]
fn a_log_of_which_segments_are_made_while_its_folder_is_read_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let held = lock(folder.path());
    let mut writer = Writer::new(LOG);
    let records = verify_meanwhile(folder.path(), || {
        for _ in 0..3000 {
            let path = folder.path().join(segment::name(writer.next));
            let mut line = if writer.next == 0 {
                writer.created()
            } else {
                writer.opened()
            };
            line.push(b'\n');
            fs::write(path, line).unwrap();
        }
    });
    assert_eq!(records, 3000);
    drop(held);
}

#[test]
fn a_log_whose_writer_comes_and_goes_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(LOG);
    let path = folder.path().join(segment::name(0));
    drop(lock(folder.path()));
    fs::write(&path, b"").unwrap();
    let records = verify_meanwhile(folder.path(), || {
        for round in 0..200 {
            let held = lock(folder.path());
            let mut file = File::options().append(true).open(&path).unwrap();
            let mut line = if round == 0 {
                writer.created()
            } else {
                writer.call()
            };
            line.push(b'\n');
            let (first, second) = line.split_at(100);
            file.write_all(first).unwrap();
            file.write_all(second).unwrap();
            drop(held);
        }
    });
    assert_eq!(records, 200);
}

#[test]
fn a_log_that_is_pruned_meanwhile_is_intact() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(LOG);
    let mut segments = Vec::new();
    for _ in 0..40 {
        let first_seq = writer.next;
        let mut lines = vec![if first_seq == 0 {
            writer.created()
        } else {
            writer.opened()
        }];
        lines.extend((0..5).map(|_| writer.call()));
        segments.push(Segment::new(first_seq, lines));
    }
    let log = MadeLog { segments };
    log.write(folder.path());
    let held = lock(folder.path());
    let open = folder
        .path()
        .join(segment::name(log.segments[39].first_seq));
    let records = verify_meanwhile(folder.path(), || {
        for pruned in 0..30 {
            let segment = &log.segments[pruned];
            let last = segment.lines.len() - 1;
            let through = segment.first_seq + last as u64;
            let mut line = writer.prune(through, &stated_hash(&segment.lines[last]), "2025-07-05");
            line.push(b'\n');
            let mut file = File::options().append(true).open(&open).unwrap();
            file.write_all(&line).unwrap();
            fs::remove_file(folder.path().join(segment::name(segment.first_seq))).unwrap();
        }
    });
    assert_eq!(records, 10 * 6 + 30);
    drop(held);
}

#[test]
fn a_tail_is_being_written_while_the_lock_is_held_and_torn_when_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = MadeLog::good(LOG);
    log.segments[2].tail = b"{\"_hash\":\"".to_vec();
    log.write(folder.path());
    let held = lock(folder.path());
    let report = verify(folder.path(), &VerifyOptions::new()).unwrap();
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.logs[0].unfinished_bytes, 10);
    drop(held);
    let report = verify(folder.path(), &VerifyOptions::new()).unwrap();
    assert_eq!(report.logs[0].faults[0].kind, FaultKind::TornTail);
    assert_eq!(report.logs[0].unfinished_bytes, 0);
    fs::remove_file(folder.path().join(segment::LOCK)).unwrap();
    assert!(
        !verify(folder.path(), &VerifyOptions::new())
            .unwrap()
            .is_intact()
    );
}
