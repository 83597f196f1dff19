//! What the file sink promises of its file.
#![cfg(unix)]

mod sinks_support;

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sinks_support::{close, committed, entry, flush, number_of, record};
use tool_audit::Durability::{Buffered, Flushed, Synced};
use tool_audit::{AuditEntry, AuditSink, FileSink, Loss};

fn numbers(path: &Path) -> Vec<usize> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(number_of).collect()
}

/// Waits for the writer's thread to notice something by itself.
fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn entries_stand_in_the_file_line_by_line_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let sink = FileSink::open(&path).unwrap();
    for number in 0..500 {
        record(&sink, number, Buffered);
    }
    let ticket = record(&sink, 500, Synced);
    committed(&sink, &ticket).await.unwrap();
    assert_eq!(numbers(&path), (0..=500).collect::<Vec<_>>());
    let text = fs::read_to_string(&path).unwrap();
    for line in text.lines() {
        let read: AuditEntry = serde_json::from_str(line).unwrap();
        assert_eq!(read.tool_name, "get_order");
    }
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    close(&sink).await.unwrap();
}

#[tokio::test]
async fn an_existing_file_is_appended_to_and_a_torn_line_stays_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    fs::write(
        &path,
        "{\"_kind\":\"tool_call\",\"turn_number\":7}\n{\"_kind\":\"tool_ca",
    )
    .unwrap();
    for number in 0..2 {
        let sink = FileSink::open(&path).unwrap();
        record(&sink, number, Buffered);
        close(&sink).await.unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1], "{\"_kind\":\"tool_ca");
    assert_eq!([0, 2, 3].map(|line| number_of(lines[line])), [7, 0, 1]);
}

#[test]
fn a_file_is_moved_aside_before_it_grows_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let line = entry(10, Buffered).as_json().len() as u64 + 1;
    // Neither is one of ours.
    fs::write(folder.path().join("calls.jsonl.02"), "x").unwrap();
    fs::write(folder.path().join("calls.jsonl.old"), "x").unwrap();
    let sink = FileSink::builder(&path)
        .max_bytes(line * 10)
        .open()
        .unwrap();
    for number in 100..195 {
        record(&sink, number, Buffered);
    }
    drop(sink);
    let mut all = Vec::new();
    for number in 1..=10 {
        let path = folder.path().join(format!("calls.jsonl.{number}"));
        if path.exists() {
            let metadata = fs::metadata(&path).unwrap();
            assert!(metadata.len() <= line * 10);
            assert_eq!(metadata.mode() & 0o777, 0o600);
            all.extend(numbers(&path));
        }
    }
    all.extend(numbers(&path));
    assert_eq!(all, (100..195).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 10 + 1 + 2);
}

#[test]
fn only_as_many_moved_files_are_kept_as_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let open = || {
        let builder = FileSink::builder(&path).max_bytes(1).keep(2);
        builder.open().unwrap()
    };
    for first in [0, 5] {
        let sink = open();
        for number in first..first + 5 {
            record(&sink, number, Buffered);
        }
        drop(sink);
    }
    // One entry a file: the numbers go on where the first sink stopped.
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["calls.jsonl", "calls.jsonl.8", "calls.jsonl.9"]);
    assert_eq!(numbers(&path), [9]);
    assert_eq!(numbers(&folder.path().join("calls.jsonl.8")), [7]);
}

#[tokio::test]
async fn a_file_that_was_moved_or_removed_is_noticed_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let moved = folder.path().join("elsewhere.jsonl");
    let sink = FileSink::open(&path).unwrap();
    record(&sink, 1, Buffered);
    flush(&sink).await.unwrap();
    fs::rename(&path, &moved).unwrap();
    until(|| path.exists());
    record(&sink, 2, Buffered);
    flush(&sink).await.unwrap();
    assert_eq!((numbers(&moved), numbers(&path)), (vec![1], vec![2]));

    fs::remove_file(&path).unwrap();
    until(|| path.exists());
    record(&sink, 3, Buffered);
    close(&sink).await.unwrap();
    assert_eq!(numbers(&path), [3]);
}

#[tokio::test]
async fn a_folder_that_is_gone_shows_in_the_status_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("audit");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("calls.jsonl");
    let sink = FileSink::open(&path).unwrap();
    record(&sink, 1, Buffered);
    flush(&sink).await.unwrap();
    fs::remove_dir_all(&inner).unwrap();
    until(|| sink.status().failing);
    let error = sink.status().last_error.unwrap().to_string();
    assert!(error.contains("audit/calls.jsonl") && error.contains("create the file's folder"));
    fs::create_dir(&inner).unwrap();
    until(|| path.exists());
    record(&sink, 2, Buffered);
    close(&sink).await.unwrap();
    assert_eq!(numbers(&path), [2]);
}

#[test]
fn what_cannot_be_opened_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/calls.jsonl");
    let error = FileSink::open(&missing).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("missing/calls.jsonl") && text.contains("create the file's folder"));
    assert_eq!(error.io_error().unwrap().kind(), ErrorKind::NotFound);

    let path = folder.path().join("calls.jsonl");
    let first = FileSink::open(&path).unwrap();
    let error = FileSink::open(&path).unwrap_err().to_string();
    assert!(error.contains("another sink"), "{error}");
    drop(first);
    let error = FileSink::builder(&path).must_be_new().open().unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), ErrorKind::AlreadyExists);
    drop(FileSink::open(&path).unwrap());
}

#[tokio::test]
async fn losses_are_told_in_a_line_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let sink = FileSink::open(&path).unwrap();
    let since = UNIX_EPOCH + Duration::from_micros(1_751_811_781_456_789);
    sink.entries_lost(&Loss::new(3, "queue full", since));
    sink.entries_lost(&Loss::new(4, "queue full", SystemTime::now()));
    close(&sink).await.unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"_kind\":\"entries_lost\",\"count\":7,\"reason\":\"queue full\",\
         \"since\":\"2025-07-06T14:23:01.456789Z\"}\n"
    );
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_device_without_room_takes_nothing_and_every_entry_is_accounted_for() {
    let builder = FileSink::builder("/dev/full").close_timeout(Duration::from_millis(100));
    let sink = builder.open().unwrap();
    let ticket = record(&sink, 1, Flushed);
    record(&sink, 2, Buffered);
    until(|| sink.status().failing);
    let error = sink.status().last_error.unwrap().to_string();
    assert!(
        error.contains("/dev/full") && error.contains("free some space"),
        "{error}"
    );
    let error = close(&sink).await.unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), ErrorKind::StorageFull);
    assert!(committed(&sink, &ticket).await.is_err());
    let status = sink.status();
    assert_eq!(
        (status.written, status.lost, status.queued_entries),
        (0, 2, 0)
    );
}

const SMALL_DISK: &str = "TOOL_AUDIT_SMALL_DISK";

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(why: &dyn std::fmt::Debug) {
    eprintln!("SKIPPED: no small disk can be mounted here: {why:?}");
}

/// Runs itself again in a mount namespace of its own, with a disk of 128 KiB.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_full_disk_loses_nothing_once_there_is_room_again() {
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        return fill_and_free(Path::new(&disk)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=128k none "$0" || exit 77; exec "$@""#;
    let run = Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_full_disk_loses_nothing_once_there_is_room_again",
        ])
        .env(SMALL_DISK, folder.path())
        .output();
    match run {
        Ok(output) if output.status.success() => {}
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {
            panic!("{}", String::from_utf8_lossy(&output.stdout));
        }
        other => skipped(&other),
    }
}

async fn fill_and_free(disk: &Path) {
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![b'x'; 64 * 1024]).unwrap();
    let path = disk.join("calls.jsonl");
    let sink = FileSink::open(&path).unwrap();
    for number in 0..200 {
        record(&sink, number, Buffered);
    }
    let ticket = record(&sink, 200, Synced);
    until(|| sink.status().failing);
    // The disk took a part of the batch: a line is torn until there is room.
    let partial = fs::read(&path).unwrap();
    assert!(partial.len() > 4096 && partial.last() != Some(&b'\n'));
    let error = sink.status().last_error.unwrap().to_string();
    assert!(error.contains("free some space"), "{error}");

    fs::remove_file(&ballast).unwrap();
    committed(&sink, &ticket).await.unwrap();
    close(&sink).await.unwrap();
    assert_eq!(numbers(&path), (0..=200).collect::<Vec<_>>());
    let status = sink.status();
    assert_eq!((status.written, status.lost), (201, 0));
}

#[test]
fn a_file_that_others_shorten_goes_on_with_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"{\"_kind\":\"tool_call\",\"turn_number\":1}\n")
        .unwrap();
    let sink = FileSink::open(&path).unwrap();
    file.set_len(0).unwrap();
    record(&sink, 2, Buffered);
    drop(sink);
    assert_eq!(numbers(&path), [2]);
}
