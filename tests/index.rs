//! An index beside logs that are damaged, changed, cut, replaced, pruned and written: answers are those of the logs, or the
//! index says why it was not used.

mod written_logs;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tool_audit::index::{Index, IndexError, IndexWarning, Lookup, check};
use tool_audit::query::{Filter, Record, scan, scan_reverse, timeline};
use tool_audit::{CallContext, HashChainSink, Recorder, ToolCall};

use written_logs::{WrittenLog, call};

/// Adds calls of a hundred conversations, some 1 KiB each, which take turns; every fiftieth fails.
fn add(log: &mut WrittenLog, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let outcome = if number % 50 == 0 {
            "denied"
        } else {
            "success"
        };
        let mut members = call(
            &format!("conv_{}", number % 100),
            "get_order",
            outcome,
            number,
        );
        members["user_id"] = format!("usr_{}", number / 250).into();
        members["subjects"] = json!([format!("P-{number}")]);
        members["session_metadata"] = json!({"note": "x".repeat(number as usize * 7 % 900)});
        log.add("tool_call", &members);
    }
}

/// A log of 1,000 calls in four segments.
fn log_in(store: &Path, class: &str, id: u8) -> WrittenLog {
    let mut log = WrittenLog::create(&store.join(class), id);
    for segment in 0..4 {
        add(&mut log, segment * 250..(segment + 1) * 250);
        if segment < 3 {
            log.rotate(0);
        }
    }
    log
}

fn caught_up(store: &Path) -> Index {
    let mut index = Index::open(store).unwrap();
    index.catch_up().unwrap();
    index
}

fn lines(
    records: impl Iterator<Item = Result<Record, tool_audit::query::QueryError>>,
) -> Vec<String> {
    records
        .map(|record| record.unwrap().line().to_owned())
        .collect()
}

/// Asks both ways, which have to answer alike, and gives what the index warned of when it was asked for a rare word.
fn same_answers(path: &Path) -> Vec<IndexWarning> {
    let mut warnings = Vec::new();
    for filter in [
        Filter::new().conversation("conv_7"),
        Filter::new().conversation("changed"),
        Filter::new().subject("P-734"),
        Filter::new().user("usr_1").failures(),
        Filter::new().kind("segment_opened"),
    ] {
        let lookup = Lookup::open(path, &filter).unwrap();
        let mut plain = scan(path, &filter).unwrap();
        let mut found = lookup.scan().unwrap();
        assert_eq!(lines(found.by_ref()), lines(plain.by_ref()));
        assert_eq!(found.passed_over(), plain.passed_over());
        let reversed = lines(lookup.scan_reverse().unwrap());
        assert_eq!(reversed, lines(scan_reverse(path, &filter).unwrap()));
        warnings.push(lookup.into_warnings());
    }
    warnings.swap_remove(0)
}

fn bytes_to_read(path: &Path, filter: &Filter) -> u64 {
    Lookup::open(path, filter).unwrap().bytes()
}

/// Writes a file, and makes sure that its time tells so.
fn change(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(2))
        .unwrap();
}

fn segment(log: &WrittenLog, number: usize) -> std::path::PathBuf {
    let segments = tool_audit::log::segment::list(&log.folder).unwrap();
    segments[number].1.clone()
}

#[test]
fn a_rare_word_is_found_in_a_small_part_of_the_log_and_a_common_one_by_reading_it_all() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    caught_up(store.path());
    let whole = bytes_to_read(store.path(), &Filter::new());
    let subject = Filter::new().subject("P-734");
    assert!(bytes_to_read(store.path(), &subject) <= whole / 20);
    // Also where it is asked for in one of the store's logs.
    assert!(bytes_to_read(&log.folder, &subject) <= whole / 20);
    let minute = Filter::new()
        .since("2025-07-06T00:10:00Z".parse().unwrap())
        .until("2025-07-06T00:11:00Z".parse().unwrap());
    assert!(bytes_to_read(store.path(), &minute) <= whole / 8);
    let none = Filter::new().user("nobody").tool("get_order");
    assert_eq!(bytes_to_read(store.path(), &none), 0);
    let common = Filter::new().tool("get_order");
    assert_eq!(bytes_to_read(store.path(), &common), whole);
    assert!(same_answers(store.path()).is_empty());
    assert!(same_answers(&log.folder).is_empty());
}

#[test]
fn a_timeline_through_the_index_is_the_plain_one() {
    let store = tempfile::tempdir().unwrap();
    let mut log = log_in(store.path(), "general", 1);
    let mut started = call("conv_7", "cancel_order", "success", 9000);
    for name in ["outcome", "success", "duration_ms", "result_summary"] {
        started.as_object_mut().unwrap().remove(name);
    }
    log.add("tool_call_started", &started);
    caught_up(store.path());
    let lookup = Lookup::open(store.path(), &Filter::new().conversation("conv_7")).unwrap();
    let calls = |timeline: tool_audit::query::Timeline| -> Vec<String> {
        timeline.map(|call| call.unwrap().to_string()).collect()
    };
    let found = calls(lookup.timeline().unwrap());
    assert_eq!(found, calls(timeline(store.path(), "conv_7").unwrap()));
    assert_eq!(found.len(), 11);
}

#[test]
fn a_file_that_is_no_index_or_damaged_is_said_to_be_and_not_used() {
    let store = tempfile::tempdir().unwrap();
    log_in(store.path(), "general", 1);
    let path = caught_up(store.path()).path().to_owned();
    let whole = fs::read(&path).unwrap();
    let foreign = tempfile::tempdir().unwrap();
    let foreign = foreign.path().join("other.sqlite");
    rusqlite::Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE word (word)")
        .unwrap();
    for bytes in [
        b"no database at all, but long enough to look like the head of one: ".repeat(40),
        whole[..whole.len() / 2].to_vec(),
        vec![0; whole.len()],
        fs::read(&foreign).unwrap(),
    ] {
        fs::write(&path, bytes).unwrap();
        let warnings = same_answers(store.path());
        assert!(
            matches!(
                warnings[..],
                [IndexWarning::Unusable(IndexError::Damaged { .. })]
            ),
            "{warnings:?}"
        );
        assert!(warnings[0].to_string().contains("--rebuild"));
        let mut index = Index::rebuild(store.path()).unwrap();
        index.catch_up().unwrap();
        assert!(same_answers(store.path()).is_empty());
        assert!(check(store.path()).unwrap().unwrap().is_sound());
    }
    // An empty file is an index that knows nothing yet.
    fs::write(&path, b"").unwrap();
    caught_up(store.path());
    assert!(same_answers(store.path()).is_empty());
}

#[test]
fn whatever_bytes_of_an_index_are_damaged_it_gives_nothing_that_the_logs_do_not_hold() {
    let store = tempfile::tempdir().unwrap();
    log_in(store.path(), "general", 1);
    let path = caught_up(store.path()).path().to_owned();
    let whole = fs::read(&path).unwrap();
    let filter = Filter::new().conversation("conv_7");
    let wanted = lines(scan(store.path(), &filter).unwrap());
    for at in (0..whole.len()).step_by(whole.len() / 80) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xA5;
        fs::write(&path, &bytes).unwrap();
        let lookup = Lookup::open(store.path(), &filter).unwrap();
        for line in lines(lookup.scan().unwrap()) {
            assert!(wanted.contains(&line), "byte {at}");
        }
        lines(lookup.scan_reverse().unwrap());
    }
}

#[test]
fn a_row_that_was_taken_away_shows_in_a_check() {
    let store = tempfile::tempdir().unwrap();
    log_in(store.path(), "general", 1);
    let index = caught_up(store.path());
    assert!(check(store.path()).unwrap().unwrap().is_sound());
    let connection = rusqlite::Connection::open(index.path()).unwrap();
    let changed = connection
        .execute("DELETE FROM word WHERE chunk = 1 AND segment = 2", [])
        .unwrap();
    connection
        .execute(
            "UPDATE chunk SET end_before = 0 WHERE chunk = 2 AND segment = 1",
            [],
        )
        .unwrap();
    connection
        .execute("INSERT INTO word VALUES (5, 1, 1), (6, 1, 1)", [])
        .unwrap();
    let found = check(store.path()).unwrap().unwrap();
    assert!(!found.is_sound());
    assert_eq!((found.missing, found.surplus), (changed as u64 + 1, 2));
    assert!(found.to_string().contains("--rebuild"), "{found}");
    Index::rebuild(store.path()).unwrap().catch_up().unwrap();
    assert!(check(store.path()).unwrap().unwrap().is_sound());
}

#[test]
fn an_index_of_another_store_is_not_used_and_becomes_this_stores() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    log_in(one.path(), "general", 1);
    log_in(other.path(), "general", 2);
    let index = caught_up(one.path());
    let name = index.path().file_name().unwrap().to_owned();
    let path = index.path().to_owned();
    drop(index);
    fs::copy(path, other.path().join(name)).unwrap();
    let warnings = same_answers(other.path());
    assert!(
        matches!(warnings[..], [IndexWarning::Changed { .. }]),
        "{warnings:?}"
    );
    let mut index = Index::open(other.path()).unwrap();
    assert_eq!(index.catch_up().unwrap().forgotten, 4);
    assert!(same_answers(other.path()).is_empty());
    assert!(check(other.path()).unwrap().unwrap().is_sound());
}

#[test]
fn a_segment_that_was_changed_is_read_whole_until_it_is_indexed_anew() {
    for number in 0..4 {
        let store = tempfile::tempdir().unwrap();
        let log = log_in(store.path(), "general", 1);
        let mut index = caught_up(store.path());
        let path = segment(&log, number);
        let text = fs::read_to_string(&path).unwrap();
        // The same length, so that nothing but the content tells.
        let changed = text.replacen(
            r#""conversation_id":"conv_13""#,
            r#""conversation_id":"changed""#,
            1,
        );
        assert_eq!(changed.len(), text.len());
        change(&path, changed.as_bytes());
        let warnings = same_answers(store.path());
        // The last segment may be on the point of growing.
        assert_eq!(warnings.len(), usize::from(number < 3), "{warnings:?}");
        let found = check(store.path()).unwrap().unwrap();
        assert_eq!(found.changed, std::slice::from_ref(&path));
        assert!(index.catch_up().unwrap().forgotten > 0);
        assert!(same_answers(store.path()).is_empty());
        assert!(check(store.path()).unwrap().unwrap().is_sound());
    }
}

#[test]
fn a_log_that_was_cut_is_read_as_it_is() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    let mut index = caught_up(store.path());
    let last = segment(&log, 3);
    let bytes = fs::read(&last).unwrap();
    change(&last, &bytes[..bytes.len() / 2]);
    assert_eq!(same_answers(store.path()).len(), 1);
    // Grown again beyond where it was, with other records.
    let mut other = bytes[..bytes.len() / 2].to_vec();
    other.extend_from_slice(b"\n");
    other.extend_from_slice(&bytes[bytes.len() / 3..]);
    change(&last, &other);
    assert_eq!(same_answers(store.path()).len(), 1);
    assert_eq!(index.catch_up().unwrap().forgotten, 1);
    assert!(same_answers(store.path()).is_empty());
}

#[test]
fn a_log_that_was_replaced_by_another_is_not_taken_for_it() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    let mut index = caught_up(store.path());
    let times: Vec<SystemTime> = (0..4)
        .map(|number| {
            fs::metadata(segment(&log, number))
                .unwrap()
                .modified()
                .unwrap()
        })
        .collect();
    fs::remove_dir_all(&log.folder).unwrap();
    // The same name, lengths and times, and the same random name too: a copy of which one record differs.
    let mut copy = WrittenLog::create(&store.path().join("general"), 1);
    let mut odd = call("changed", "get_order", "denied", 0);
    odd["user_id"] = "usr_0".into();
    odd["subjects"] = json!(["P-0"]);
    odd["session_metadata"] = json!({"note": ""});
    for segment in 0..4 {
        let from = segment * 250;
        if segment == 0 {
            odd["call_id"] = "ca-0".into();
            copy.add("tool_call", &odd);
        }
        add(&mut copy, from + u32::from(segment == 0)..from + 250);
        if segment < 3 {
            copy.rotate(0);
        }
    }
    for (number, time) in times.into_iter().enumerate() {
        let file = File::options()
            .write(true)
            .open(segment(&copy, number))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    assert_eq!(same_answers(store.path()).len(), 4);
    assert_eq!(index.catch_up().unwrap().forgotten, 4);
    assert!(same_answers(store.path()).is_empty());
}

#[test]
fn what_a_scan_passes_over_is_counted_with_its_lines_wherever_it_stands() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    let long = [vec![b'y'; 400_000], b"\n".to_vec()].concat();
    let begins_like_one = |line: &str| format!("{}not JSON\n", &line[..line.len() - 90]);
    for round in 0..4 {
        add(&mut log, round * 250..round * 250 + 120);
        log.append(&long);
        add(&mut log, round * 250 + 120..round * 250 + 240);
        log.append(b"\n");
        let line = log.add("tool_call", &call("conv_7", "get_order", "success", round));
        log.append(begins_like_one(&line).as_bytes());
        add(&mut log, round * 250 + 240..round * 250 + 250);
        // Cut off, and no line of the next segment.
        log.append(b"half a record");
        log.rotate(round as usize);
    }
    caught_up(store.path());
    assert!(same_answers(store.path()).is_empty());
    let conversation = Filter::new().conversation("conv_7");
    let lookup = Lookup::open(store.path(), &conversation).unwrap();
    let mut records = lookup.scan().unwrap();
    assert_eq!(lines(records.by_ref()).len(), 14);
    // Too long, empty, no JSON and asked for, cut off; and what the segments repeat.
    let passed = records.passed_over();
    assert_eq!((passed.bad_lines, passed.superseded), (16, 6));
    assert!(lookup.bytes() < bytes_to_read(store.path(), &Filter::new()) * 3 / 4);
    assert!(check(store.path()).unwrap().unwrap().is_sound());
}

#[test]
fn segments_that_are_gone_are_forgotten_and_the_file_shrinks() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    log_in(store.path(), "financial", 2);
    log_in(store.path(), "healthcare", 3);
    let mut index = caught_up(store.path());
    let size = |index: &Index| fs::metadata(index.path()).unwrap().len();
    index.catch_up().unwrap();
    for number in 0..3 {
        fs::remove_file(segment(&log, 0)).unwrap();
        assert!(same_answers(store.path()).is_empty());
        assert_eq!(index.catch_up().unwrap().forgotten, 1, "segment {number}");
    }
    for class in ["financial", "healthcare"] {
        fs::remove_dir_all(store.path().join(class)).unwrap();
    }
    let before = size(&index);
    assert_eq!(index.catch_up().unwrap().forgotten, 8);
    // Eight segments of nine go; a page of each table stays, whatever it holds.
    assert!(size(&index) < before / 2, "{before} {}", size(&index));
    assert!(same_answers(store.path()).is_empty());
    let found = check(store.path()).unwrap().unwrap();
    assert!(
        found.is_sound() && found.segments == 1 && found.surplus == 0,
        "{found}"
    );
}

#[test]
fn records_that_stand_again_in_a_segment_are_found_once_also_when_the_segment_before_is_pruned() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    add(&mut log, 0..100);
    log.rotate(30);
    add(&mut log, 100..200);
    let mut index = caught_up(store.path());
    assert!(same_answers(store.path()).is_empty());
    fs::remove_file(segment(&log, 0)).unwrap();
    assert!(same_answers(store.path()).is_empty());
    index.catch_up().unwrap();
    assert!(same_answers(store.path()).is_empty());
    assert!(check(store.path()).unwrap().unwrap().is_sound());
}

#[test]
fn a_record_that_is_being_written_is_indexed_once_it_is_whole() {
    let store = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&store.path().join("general"), 1);
    add(&mut log, 0..10);
    let path = log.segment().to_owned();
    let before = fs::read(&path).unwrap().len();
    add(&mut log, 734..735);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..before + 200]).unwrap();
    let mut index = caught_up(store.path());
    assert!(same_answers(store.path()).is_empty());
    fs::write(&path, &bytes).unwrap();
    assert!(same_answers(store.path()).is_empty());
    assert!(index.catch_up().unwrap().bytes > 0);
    let subject = Filter::new().subject("P-734");
    let lookup = Lookup::open(store.path(), &subject).unwrap();
    assert_eq!(lookup.scan().unwrap().count(), 1);
    assert_eq!(check(store.path()).unwrap().unwrap().unindexed_bytes, 0);
}

#[test]
fn answers_are_whole_while_a_log_is_written_and_two_indexers_fill_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let mut log = WrittenLog::create(&store.join("general"), 1);
    let done = AtomicBool::new(false);
    let filter = Filter::new().conversation("conv_7");
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..40 {
                add(&mut log, round * 25..(round + 1) * 25);
                if round % 7 == 6 {
                    log.rotate(round as usize % 3);
                }
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut index = Index::open(store).unwrap();
                loop {
                    let last = done.load(Ordering::Acquire);
                    assert_eq!(index.catch_up().unwrap().forgotten, 0);
                    if last {
                        break;
                    }
                }
            });
        }
        let mut before: Vec<String> = Vec::new();
        loop {
            let last = done.load(Ordering::Acquire);
            let lookup = Lookup::open(store, &filter).unwrap();
            assert!(lookup.warnings().is_empty(), "{:?}", lookup.warnings());
            let mut records = lookup.scan().unwrap();
            let found = lines(records.by_ref());
            assert_eq!(records.passed_over().bad_lines, 0);
            assert!(found.starts_with(&before));
            before = found;
            if last {
                break;
            }
        }
        assert_eq!(before.len(), 10);
    });
    caught_up(store);
    assert!(same_answers(store).is_empty());
    let found = check(store).unwrap().unwrap();
    assert!(
        found.is_sound() && found.surplus == 0 && found.unindexed_bytes == 0,
        "{found}"
    );
}

#[test]
fn a_follower_keeps_the_index_behind_a_service_and_catches_up_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let sink = HashChainSink::open(&store).unwrap();
    let recorder = Recorder::new(sink.clone());
    let follower = Index::open(&store)
        .unwrap()
        .follow(Duration::from_millis(1))
        .unwrap();
    for number in 0..200 {
        let context = CallContext::new(format!("conv_{}", number % 9), "usr_9");
        let call = ToolCall::new("get_order", json!({"order_id": number})).context(context);
        drop(
            recorder
                .start_call(&call)
                .success(&json!({"status": "shipped"})),
        );
    }
    drop(recorder);
    drop(sink);
    assert!(follower.last_error().is_none());
    follower.stop().unwrap();
    let found = check(&store).unwrap().unwrap();
    assert!(found.is_sound() && found.unindexed_bytes == 0, "{found}");
    let lookup = Lookup::open(&store, &Filter::new().conversation("conv_3")).unwrap();
    assert_eq!(lookup.scan().unwrap().count(), 22);

    // One that cannot go on says why.
    let follower = Index::open(&store)
        .unwrap()
        .follow(Duration::from_secs(3600))
        .unwrap();
    drop(follower);
    let index = Index::open(&store).unwrap();
    fs::remove_dir_all(&store).unwrap();
    assert!(
        index
            .follow(Duration::from_secs(3600))
            .unwrap()
            .stop()
            .is_err()
    );
}

#[test]
fn the_index_is_its_owners_alone_and_holds_no_value_of_a_record() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    let mut index = Index::open(store.path()).unwrap();
    index.catch_up().unwrap();
    let mut files = 0;
    for entry in fs::read_dir(store.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry
            .file_name()
            .to_str()
            .unwrap()
            .starts_with("index.sqlite")
        {
            continue;
        }
        files += 1;
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        let bytes = fs::read(entry.path()).unwrap();
        for word in [
            "conv_",
            "usr_",
            "P-1",
            "get_order",
            "success",
            "denied",
            "gpt-4.1",
        ] {
            let found = bytes
                .windows(word.len())
                .any(|found| found == word.as_bytes());
            assert!(!found, "{word} stands in {:?}", entry.file_name());
        }
    }
    // The file and SQLite's own two beside it.
    assert_eq!(files, 3);

    let path = index.path().to_owned();
    drop(index);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    drop(Index::open(store.path()).unwrap());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // Nothing is written where a link leads.
    let elsewhere = store.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(
        Index::open(store.path()),
        Err(IndexError::Io { .. })
    ));
    assert_eq!(same_answers(store.path()).len(), 1);

    let error = Index::open(&log.folder).unwrap_err();
    assert!(matches!(error, IndexError::NoStore { .. }), "{error}");
    assert!(error.to_string().contains("the folder above"), "{error}");
}

#[test]
fn an_index_of_another_version_is_not_used() {
    let store = tempfile::tempdir().unwrap();
    log_in(store.path(), "general", 1);
    let index = caught_up(store.path());
    let connection = rusqlite::Connection::open(index.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let warnings = same_answers(store.path());
    assert!(
        matches!(
            warnings[..],
            [IndexWarning::Unusable(IndexError::OtherVersion {
                version: 99,
                ..
            })]
        ),
        "{warnings:?}"
    );
    assert!(Index::open(store.path()).is_err());
    Index::rebuild(store.path()).unwrap().catch_up().unwrap();
    assert!(same_answers(store.path()).is_empty());
}

#[test]
fn a_store_is_the_same_whichever_way_its_path_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let log = log_in(&store, "general", 1);
    let link = folder.path().join("link");
    symlink(&store, &link).unwrap();
    let done = Index::open(&link).unwrap().catch_up().unwrap();
    assert!(done.bytes > 0, "{done:?}");
    let filter = Filter::new().subject("P-734");
    let (direct, linked) = [&store, &link]
        .map(|path| Lookup::open(path, &filter).unwrap().bytes())
        .into();
    assert_eq!(direct, linked);
    assert!(
        direct
            < scan(&store, &filter)
                .unwrap()
                .logs()
                .map(|log| log.bytes())
                .sum()
    );
    assert_eq!(
        tool_audit::index::stores(&link).unwrap(),
        [fs::canonicalize(&store).unwrap()]
    );
    let checked = check(&link).unwrap().unwrap();
    assert!(checked.is_sound() && checked.segments == 4, "{checked}");
    // What it knows stays known.
    assert_eq!(caught_up(&link).catch_up().unwrap().forgotten, 0);

    let log_link = folder.path().join("log");
    symlink(&log.folder, &log_link).unwrap();
    assert!(matches!(
        Index::open(&log_link),
        Err(IndexError::NoStore { .. })
    ));
    let stores = tool_audit::index::stores(&log_link);
    assert!(
        matches!(stores, Err(IndexError::NoStore { .. })),
        "{stores:?}"
    );
}

#[test]
fn what_a_segment_repeats_is_looked_up_anew_where_the_one_before_has_grown() {
    let store = tempfile::tempdir().unwrap();
    let log = log_in(store.path(), "general", 1);
    caught_up(store.path());
    // The first record of the second segment stands behind the first one now, so that it counts there.
    let next = fs::read_to_string(segment(&log, 1)).unwrap();
    let first = segment(&log, 0);
    let mut bytes = fs::read(&first).unwrap();
    bytes.extend_from_slice(next.split_inclusive('\n').next().unwrap().as_bytes());
    change(&first, &bytes);
    same_answers(store.path());
}

#[test]
fn what_a_segment_repeats_is_indexed_anew_where_the_one_before_is_not_what_it_was() {
    for keeps_its_last_record in [false, true] {
        let store = tempfile::tempdir().unwrap();
        let log = log_in(store.path(), "general", 1);
        let mut index = caught_up(store.path());
        // The first record of the second segment comes to stand in the first one too, so that it counts there.
        let next = fs::read_to_string(segment(&log, 1)).unwrap();
        let first = segment(&log, 0);
        let text = fs::read_to_string(&first).unwrap();
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        if !keeps_its_last_record {
            lines.pop();
        }
        lines.push(next.split_inclusive('\n').next().unwrap());
        change(&first, lines.concat().as_bytes());
        index.catch_up().unwrap();
        assert!(same_answers(store.path()).is_empty());
        let opened = Lookup::open(store.path(), &Filter::new().kind("segment_opened")).unwrap();
        assert_eq!(opened.scan().unwrap().count(), 3);
    }
}
