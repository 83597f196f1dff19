//! A log in a folder: who may read it, and what happens to its files while it is open.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "a test that cannot run says so")]

mod log_support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use log_support::{Checked, append, check, options};
use tempfile::TempDir;
use tool_audit::log::segment::{self, LOCK};
use tool_audit::log::{Access, Damage, FolderStorage, LogError, LogOptions, LogWriter};

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit").join("general");
    (folder, log)
}

fn open_with(path: &Path, options: LogOptions) -> Result<LogWriter<FolderStorage>, LogError> {
    LogWriter::open(FolderStorage::open(path, Access::owner())?, options)
}

fn open(path: &Path) -> LogWriter<FolderStorage> {
    open_with(path, options()).unwrap()
}

fn read(path: &Path) -> Vec<(u64, Vec<u8>)> {
    let listed = segment::list(path).unwrap();
    listed
        .into_iter()
        .map(|(first_seq, path)| (first_seq, fs::read(path).unwrap()))
        .collect()
}

fn intact(path: &Path) -> Checked {
    let checked = check(&read(path));
    assert!(checked.faults.is_empty(), "{:?}", checked.faults);
    let report = tool_audit::log::verify::verify(path, &Default::default()).unwrap();
    assert!(report.is_intact(), "{report}");
    checked
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn segment_path(path: &Path, first_seq: u64) -> PathBuf {
    path.join(segment::name(first_seq))
}

#[test]
fn folders_and_files_are_the_owners_alone_and_finished_segments_are_read_only() {
    let (_scratch, path) = scratch();
    let mut small = options();
    small.segment_records = 5;
    let mut log = open_with(&path, small).unwrap();
    for number in 0..12 {
        append(&mut log, &format!("c-{number}"));
    }
    log.close().unwrap();
    intact(&path);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(LOCK)), 0o600);
    let segments = segment::list(&path).unwrap();
    let modes: Vec<u32> = segments.iter().map(|(_, path)| mode(path)).collect();
    assert_eq!(modes.len(), 3);
    assert_eq!(modes, [0o400, 0o400, 0o600]);
}

#[test]
fn a_reader_group_may_read_and_no_more() {
    let (_scratch, path) = scratch();
    let group = fs::metadata(std::env::temp_dir()).unwrap().gid();
    let mut access = Access::owner();
    access.reader_group = Some(group);
    let storage = FolderStorage::open(&path, access).unwrap();
    let mut small = options();
    small.segment_records = 2;
    let mut log = LogWriter::open(storage, small).unwrap();
    for number in 0..3 {
        append(&mut log, &format!("c-{number}"));
    }
    log.close().unwrap();
    assert_eq!(mode(&path), 0o750);
    assert_eq!(mode(&segment_path(&path, 0)), 0o440);
    assert_eq!(mode(&segment::list(&path).unwrap().pop().unwrap().1), 0o640);
    assert_eq!(fs::metadata(&path).unwrap().gid(), group);
}

#[test]
fn a_folder_that_others_can_enter_is_refused_unless_the_caller_allows_it() {
    let (_scratch, path) = scratch();
    fs::create_dir_all(&path).unwrap();
    for open_mode in [0o755, 0o750, 0o701] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open_mode)).unwrap();
        let error = FolderStorage::open(&path, Access::owner()).unwrap_err();
        assert!(matches!(error, LogError::OpenToOthers { .. }));
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }
    let mut access = Access::owner();
    access.allow_others = true;
    FolderStorage::open(&path, access).unwrap();
    assert_eq!(mode(&path), 0o701);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    FolderStorage::open(&path, Access::owner()).unwrap();
}

#[test]
fn a_second_writer_waits_and_is_told_and_gets_the_log_at_last() {
    let (_scratch, path) = scratch();
    let mut first = open(&path);
    append(&mut first, "c-1");
    first.sync().unwrap();
    let before = read(&path);
    let mut impatient = options();
    impatient.lock_wait = Duration::from_millis(50);
    let error = open_with(&path, impatient).unwrap_err();
    assert!(matches!(&error, LogError::Locked { path: lock } if *lock == path.join(LOCK)));
    assert_eq!(read(&path), before);
    drop(first);
    append(&mut open(&path), "c-2");
}

#[test]
fn the_log_goes_on_after_a_torn_end_and_the_torn_bytes_are_kept() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let good = fs::metadata(segment_path(&path, 0)).unwrap().len();
    for _ in 0..2 {
        let before = fs::metadata(segment_path(&path, 0)).unwrap().len();
        let mut file = OpenOptions::new()
            .append(true)
            .open(segment_path(&path, 0))
            .unwrap();
        file.write_all(b"{\"_hash\":\"torn").unwrap();
        let mut log = open(&path);
        append(&mut log, "after");
        log.close().unwrap();
        let kept = path.join("torn").join(format!("{:020}-{before}", 0));
        assert_eq!(fs::read(&kept).unwrap(), b"{\"_hash\":\"torn");
        assert_eq!(mode(&kept), 0o600);
        assert_eq!(mode(&path.join("torn")), 0o700);
    }
    assert!(good > 0);
    assert_eq!(intact(&path).calls(), ["c-1", "after", "after"]);
}

#[test]
fn a_changed_end_of_a_finished_segment_is_damage_and_the_log_goes_on_behind_it() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.close().unwrap();
    drop(log);
    let sealed = segment_path(&path, 0);
    let mut bytes = fs::read(&sealed).unwrap();
    let at = bytes.len() - 30;
    bytes[at] ^= 1;
    fs::write(&sealed, &bytes).unwrap();
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o400)).unwrap();

    let mut log = open(&path);
    assert!(matches!(
        log.status().damage[..],
        [Damage::Segment { first_seq: 0, .. }]
    ));
    append(&mut log, "c-2");
    log.close().unwrap();
    assert_eq!(fs::read(&sealed).unwrap(), bytes);
    assert!(!path.join("torn").exists());
    assert_eq!(read(&path).len(), 2);
}

#[test]
fn a_segment_removed_under_the_writer_is_noticed_and_the_chain_goes_on() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.sync().unwrap();
    fs::remove_file(segment_path(&path, 0)).unwrap();
    append(&mut log, "c-2");
    log.sync().unwrap();
    assert_eq!(
        log.status().damage,
        [Damage::SegmentDisplaced { first_seq: 0 }]
    );
    append(&mut log, "c-3");
    log.close().unwrap();
    let segments = read(&path);
    assert_eq!(segments[0].0, 2);
    // What was not yet synced is in the new segment; what went with the old one is missed by its number.
    let text = String::from_utf8(segments[0].1.clone()).unwrap();
    let holds = |call: &str| text.contains(&format!("\"{call}\""));
    assert!(holds("c-2") && holds("c-3") && !holds("c-1"));
    let report = tool_audit::log::verify::verify(&path, &Default::default()).unwrap();
    assert!(!report.is_intact());
}

#[test]
fn a_segment_renamed_under_the_writer_is_noticed_by_looking_after() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.sync().unwrap();
    fs::rename(segment_path(&path, 0), path.join("moved")).unwrap();
    log.look_after().unwrap();
    assert!(log.status().is_damaged());
    append(&mut log, "c-2");
    log.close().unwrap();
    // Put back, the log is whole.
    fs::rename(path.join("moved"), segment_path(&path, 0)).unwrap();
    assert_eq!(intact(&path).calls(), ["c-1", "c-2"]);
}

#[test]
fn a_segment_replaced_under_the_writer_is_noticed() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.sync().unwrap();
    let copy = fs::read(segment_path(&path, 0)).unwrap();
    fs::remove_file(segment_path(&path, 0)).unwrap();
    fs::write(segment_path(&path, 0), &copy).unwrap();
    append(&mut log, "c-2");
    log.close().unwrap();
    assert!(log.status().is_damaged());
    assert_eq!(intact(&path).calls(), ["c-1", "c-2"]);
}

#[test]
fn a_segment_that_somebody_else_writes_to_or_cuts_is_left() {
    for cuts in [true, false] {
        let (_scratch, path) = scratch();
        let mut log = open(&path);
        append(&mut log, "c-1");
        log.sync().unwrap();
        let mut file = OpenOptions::new()
            .append(true)
            .open(segment_path(&path, 0))
            .unwrap();
        if cuts {
            file.set_len(10).unwrap();
        } else {
            file.write_all(b"mine\n").unwrap();
        }
        let changed = fs::read(segment_path(&path, 0)).unwrap();
        append(&mut log, "c-2");
        log.look_after().unwrap();
        log.close().unwrap();
        assert!(matches!(
            log.status().damage[..],
            [Damage::SegmentChanged { first_seq: 0, .. }]
        ));
        assert_eq!(fs::read(segment_path(&path, 0)).unwrap(), changed);
    }
}

#[test]
fn a_folder_that_is_gone_is_a_clear_error_and_nothing_is_acknowledged() {
    let (scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.sync().unwrap();
    let durable = log.status().durable;
    let elsewhere = scratch.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    append(&mut log, "c-2");
    let error = log.sync().unwrap_err();
    assert!(matches!(&error, LogError::Displaced { path: gone } if *gone == path));
    assert!(log.look_after().is_err());

    // Another folder under the old name is not the log, and nobody holds its lock.
    fs::create_dir(&path).unwrap();
    assert!(log.sync().is_err());
    assert!(read(&path).is_empty());
    assert_eq!(log.status().durable, durable);

    fs::remove_dir(&path).unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    log.close().unwrap();
    assert_eq!(intact(&path).calls(), ["c-1", "c-2"]);
}

#[test]
fn a_folder_that_is_gone_takes_no_more_records_once_somebody_looked() {
    for removed in [true, false] {
        let (scratch, path) = scratch();
        let mut log = open(&path);
        append(&mut log, "c-1");
        log.sync().unwrap();
        if removed {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::rename(&path, scratch.path().join("elsewhere")).unwrap();
        }
        let error = log.look_after().unwrap_err();
        assert!(matches!(error, LogError::Displaced { .. }), "{error}");
        append(&mut log, "c-2");
        assert!(log.flush().is_err(), "a record went where nobody finds it");
    }
}

#[test]
fn a_segment_that_another_writer_has_taken_over_is_left() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.flush().unwrap();
    fs::remove_file(path.join(LOCK)).unwrap();
    let mut second = open(&path);
    assert!(log.look_after().is_err());
    append(&mut log, "c-2");
    assert!(log.flush().is_err());
    append(&mut second, "c-3");
    second.close().unwrap();
    assert_eq!(intact(&path).calls(), ["c-1", "c-3"]);
}

#[test]
fn a_file_where_the_folder_should_be_is_named_as_what_it_is() {
    let (_scratch, path) = scratch();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"notes").unwrap();
    let error = FolderStorage::open(&path, Access::owner()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("not a directory") && !text.contains("chmod"),
        "{text}"
    );
}

#[test]
fn a_lock_that_was_removed_is_taken_anew_unless_another_writer_has_it() {
    let (_scratch, path) = scratch();
    let mut log = open(&path);
    append(&mut log, "c-1");
    log.sync().unwrap();
    fs::remove_file(path.join(LOCK)).unwrap();
    log.look_after().unwrap();
    assert!(open_with(&path, options()).is_err());

    fs::remove_file(path.join(LOCK)).unwrap();
    let mut second = open(&path);
    let error = log.look_after().unwrap_err();
    assert!(matches!(error, LogError::Displaced { .. }));
    append(&mut second, "c-2");
    second.close().unwrap();
}

#[test]
fn a_segment_that_is_no_plain_file_is_refused() {
    let (scratch, path) = scratch();
    fs::create_dir_all(&path).unwrap();
    for folder in [path.parent().unwrap(), &path] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let outside = scratch.path().join("outside");
    fs::write(&outside, b"").unwrap();
    std::os::unix::fs::symlink(&outside, segment_path(&path, 0)).unwrap();
    assert!(open_with(&path, options()).is_err());
    assert_eq!(fs::read(&outside).unwrap(), b"");
}

struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        succeeds("umount", &[], &self.0);
    }
}

fn succeeds(program: &str, arguments: &[&str], path: &Path) -> bool {
    std::process::Command::new(program)
        .args(arguments)
        .arg(path)
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_full_file_system_keeps_what_waits_and_goes_on_when_there_is_room() {
    // A file system of 64 KiB needs the right to mount; the same with a storage that fails is tested elsewhere.
    let (scratch, _) = scratch();
    let mount = scratch.path().join("small");
    fs::create_dir(&mount).unwrap();
    let options_of_mount = ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"];
    if !succeeds("mount", &options_of_mount, &mount) {
        eprintln!("SKIPPED: no right to mount a small file system");
        return;
    }
    let _mounted = Mounted(mount.clone());
    let path = mount.join("general");
    let mut log = open(&path);
    append(&mut log, "c-0");
    log.sync().unwrap();
    let ballast = mount.join("ballast");
    fs::write(&ballast, vec![0; 30_000]).unwrap();
    let mut taken = 1;
    let filler = format!(r#""call_id":"x","filler":"{}""#, "y".repeat(1_000));
    while log.append("tool_call", filler.as_bytes()).is_ok() {
        taken += 1;
        if log.flush().is_err() {
            break;
        }
    }
    let error = log.flush().unwrap_err().to_string();
    fs::remove_file(&ballast).unwrap();
    log.close().unwrap();
    let checked = intact(&path);
    assert!(
        error.contains("writing") && error.contains("space"),
        "{error}"
    );
    assert_eq!(checked.calls().len(), taken);
}
