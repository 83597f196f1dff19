//! Pages of long answers: each record once, whatever happens to the logs between two pages.

mod written_logs;

use std::fs;
use std::path::Path;

use serde_json::json;
use tool_audit::query::{Cursor, CursorError, Filter, Record, scan, scan_reverse};
use written_logs::{WrittenLog, call};

fn add(log: &mut WrittenLog, seconds: u32) {
    log.add(
        "tool_call",
        &call("conv_1", "get_order", "success", seconds),
    );
}

fn calls() -> Filter {
    Filter::new().kind("tool_call")
}

/// A record as its log's first byte and its number.
fn name(record: &Record) -> (u8, u64) {
    (record.log().0[0], record.seq())
}

fn page(path: &Path, after: Option<&Cursor>, records: usize) -> (Vec<(u8, u64)>, Cursor) {
    let mut rest = scan(path, &calls()).unwrap();
    if let Some(cursor) = after {
        rest = rest.after(cursor);
    }
    let found = rest.by_ref().take(records).map(|one| name(&one.unwrap()));
    let found = found.collect();
    // What is printed is what is read back.
    (found, rest.cursor().to_string().parse().unwrap())
}

fn page_reversed(path: &Path, after: Option<&Cursor>, records: usize) -> (Vec<(u8, u64)>, Cursor) {
    let mut rest = scan_reverse(path, &calls()).unwrap();
    if let Some(cursor) = after {
        rest = rest.after(cursor);
    }
    let found = rest.by_ref().take(records).map(|one| name(&one.unwrap()));
    let found = found.collect();
    (found, rest.cursor().to_string().parse().unwrap())
}

#[test]
fn a_page_from_the_middle_is_the_rest_of_the_whole_answer_in_either_direction() {
    let folder = tempfile::tempdir().unwrap();
    let mut logs =
        [1, 2].map(|id| WrittenLog::create(&folder.path().join(format!("log-{id}")), id));
    for seconds in 0..60 {
        add(&mut logs[(seconds % 2) as usize], seconds);
        if seconds % 13 == 12 {
            logs[(seconds % 2) as usize].rotate(2);
        }
    }
    let (all, _) = page(folder.path(), None, 60);
    assert_eq!(all.len(), 60);
    for at in [0, 1, 29, 59, 60] {
        let (first, cursor) = page(folder.path(), None, at);
        assert_eq!(first, all[..at]);
        assert_eq!(page(folder.path(), Some(&cursor), 60).0, all[at..]);
        // From the same place the other way lies what came before.
        let mut before = page_reversed(folder.path(), Some(&cursor), 60).0;
        before.reverse();
        assert_eq!(before, all[..at]);

        let (last, cursor) = page_reversed(folder.path(), None, at);
        assert!(last.iter().rev().eq(&all[60 - at..]));
        let mut rest = page_reversed(folder.path(), Some(&cursor), 60).0;
        rest.reverse();
        assert_eq!(rest, all[..60 - at]);
        assert_eq!(page(folder.path(), Some(&cursor), 60).0, all[60 - at..]);
    }
}

#[test]
fn what_arrives_late_in_another_log_is_on_the_next_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = WrittenLog::create(&folder.path().join("a"), 1);
    let mut b = WrittenLog::create(&folder.path().join("b"), 2);
    add(&mut a, 10);
    add(&mut b, 12);
    add(&mut a, 20);
    let (first, cursor) = page(folder.path(), None, 9);
    assert_eq!(first, [(1, 1), (2, 1), (1, 2)]);
    assert!(page(folder.path(), Some(&cursor), 9).0.is_empty());
    // Another process wrote it a moment later than its time says.
    add(&mut b, 15);
    let mut c = WrittenLog::create(&folder.path().join("c"), 3);
    add(&mut c, 1);
    let (second, cursor) = page(folder.path(), Some(&cursor), 9);
    assert_eq!(second, [(3, 1), (2, 2)]);
    assert!(page(folder.path(), Some(&cursor), 9).0.is_empty());
}

#[test]
fn pages_lose_nothing_when_the_beginning_of_a_log_is_pruned_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = WrittenLog::create(&folder.path().join("a"), 1);
    let mut b = WrittenLog::create(&folder.path().join("b"), 2);
    let mut long = call("conv_1", "get_order", "success", 1);
    long["duration_ms"] = json!(60_000);
    b.add("tool_call", &long);
    let oldest = b.segment().to_owned();
    b.rotate(0);
    add(&mut b, 10);
    add(&mut a, 30);
    add(&mut a, 90);
    let (first, cursor) = page(folder.path(), None, 1);
    assert_eq!(first, [(1, 1)]);
    fs::remove_file(oldest).unwrap();
    let (mut second, _) = page(folder.path(), Some(&cursor), 9);
    second.sort_unstable();
    assert_eq!(second, [(1, 2), (2, 3)]);
}

#[test]
fn going_back_gives_nothing_that_came_after_the_first_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = WrittenLog::create(&folder.path().join("a"), 1);
    let mut b = WrittenLog::create(&folder.path().join("b"), 2);
    add(&mut a, 1);
    for seconds in 2..6 {
        add(&mut b, seconds);
    }
    let (first, cursor) = page_reversed(folder.path(), None, 2);
    assert_eq!(first, [(2, 4), (2, 3)]);
    add(&mut a, 7);
    a.rotate(0);
    add(&mut a, 8);
    add(&mut b, 9);
    let mut c = WrittenLog::create(&folder.path().join("c"), 3);
    add(&mut c, 1);
    let (second, cursor) = page_reversed(folder.path(), Some(&cursor), 9);
    assert_eq!(second, [(2, 2), (2, 1), (1, 1)]);
    assert!(page_reversed(folder.path(), Some(&cursor), 9).0.is_empty());
}

#[test]
fn each_log_is_read_from_its_own_place_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = WrittenLog::create(&folder.path().join("a"), 1);
    let mut b = WrittenLog::create(&folder.path().join("b"), 2);
    for seconds in 0..20 {
        add(&mut a, seconds);
        add(&mut b, seconds);
        if seconds == 9 {
            a.append(b"no record\n");
            b.append(b"no record\n");
            a.rotate(0);
            b.rotate(0);
        }
    }
    let filter = Filter::new().conversation("conv_1");
    let mut first = scan(folder.path(), &filter).unwrap();
    assert_eq!(first.by_ref().take(30).count(), 30);
    assert_eq!(first.passed_over().bad_lines, 2);
    // The damage lies in segments that no log needs any more.
    let mut second = scan(folder.path(), &filter).unwrap().after(&first.cursor());
    assert_eq!(
        (second.by_ref().count(), second.passed_over().bad_lines),
        (10, 0)
    );
}

#[test]
fn a_duration_of_centuries_leaves_pages_and_order_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = WrittenLog::create(&folder.path().join("a"), 1);
    let mut b = WrittenLog::create(&folder.path().join("b"), 2);
    for (seconds, duration) in [(1, 3.0), (2, 9e15), (3, 1e15)] {
        let mut members = call("conv_1", "get_order", "success", seconds);
        members["duration_ms"] = json!(duration);
        a.add("tool_call", &members);
        add(&mut b, seconds);
    }
    let (all, _) = page(folder.path(), None, 9);
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let (found, next) = page(folder.path(), cursor.as_ref(), 1);
        if found.is_empty() {
            break;
        }
        pages.extend(found);
        cursor = Some(next);
    }
    assert_eq!(pages, all);
    assert_eq!(all, [(1, 1), (2, 1), (2, 2), (2, 3), (1, 2), (1, 3)]);
}

#[test]
fn a_cursor_is_one_word_and_says_what_is_wrong_with_another() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("a"), 1);
    WrittenLog::create(&folder.path().join("b"), 2);
    let text = page(folder.path(), None, 9).1.to_string();
    assert_eq!(text, format!("{}:1,{}:1", "01".repeat(16), "02".repeat(16)));
    let none = scan(folder.path(), &calls()).unwrap().cursor();
    assert_eq!(page(folder.path(), Some(&none), 9).1.to_string(), text);
    let parse = |text: &str| text.parse::<Cursor>();
    assert_eq!(
        parse("2025-07-06T14:23:01.456789Z/8f14e45fceea167a5a36dedd4bea2543/17"),
        Err(CursorError::Outdated)
    );
    let id = "01".repeat(16);
    for wrong in [
        String::new(),
        "page 2".to_owned(),
        id.clone(),
        format!("{id}:"),
        format!("{id}:+1"),
        format!("{id}:1,"),
        format!("{id}:1,{id}:2"),
        format!("{id}:99999999999999999999"),
    ] {
        assert_eq!(parse(&wrong), Err(CursorError::Malformed), "{wrong}");
    }
    let many: Vec<String> = (0..=Cursor::MOST_LOGS)
        .map(|log| format!("{log:032x}:1"))
        .collect();
    assert!(parse(&many[1..].join(",")).is_ok());
    assert_eq!(parse(&many.join(",")), Err(CursorError::TooManyLogs));
}
