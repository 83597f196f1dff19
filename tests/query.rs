//! What scans find, against a filter over parsed lines that knows no shortcut.

mod asked;
mod written_logs;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::query::{
    Cursor, Filter, QueryError, Record, scan, scan_memory, scan_memory_reverse, scan_reverse,
};
use tool_audit::{
    AuditEntry, AuditSink, CallContext, Emergency, EntryBuilder, EntryKind, HashChainSink,
    MemorySink, Outcome, Sanitizer,
};

use asked::{Expected, Wanted, act, at, instant, record, review, wanted};
use written_logs::{WrittenLog, call};

fn lines(path: &Path, filter: &Filter) -> Vec<String> {
    scan(path, filter)
        .unwrap()
        .map(|record| record.unwrap().line().to_owned())
        .collect()
}

fn lines_reversed(path: &Path, filter: &Filter) -> Vec<String> {
    let mut found: Vec<String> = scan_reverse(path, filter)
        .unwrap()
        .map(|record| record.unwrap().line().to_owned())
        .collect();
    found.reverse();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_finds_what_a_plain_filter_over_all_lines_finds(
        logs in prop::collection::vec(prop::collection::vec(act(), 0..30), 1..4),
        wanted in wanted(),
        page in 1..7_usize,
        reviewed in prop::collection::vec(0..600_u32, 0..400),
    ) {
        let folder = tempfile::tempdir().unwrap();
        // The reviews of the first store alone: `admin` is a log like others to a scan.
        let reviewed: Vec<String> = reviewed.iter().map(|number| format!("call-{number}")).collect();
        let reviewed: Vec<&str> = reviewed.iter().map(String::as_str).collect();
        let mut plain = Expected::default();
        for (number, acts) in logs.iter().enumerate() {
            let mut log = WrittenLog::create(&folder.path().join(format!("store-{number}/general")), number as u8);
            for act in acts {
                act.happen(&mut log);
            }
            plain.read(&log.folder);
        }
        let admin = folder.path().join("store-0/admin");
        review(&admin, &reviewed);
        plain.read(&admin);
        let expected = plain.answer(&wanted, &reviewed);
        let filter = wanted.filter();
        prop_assert_eq!(&lines(folder.path(), &filter), &expected);
        prop_assert_eq!(&lines_reversed(folder.path(), &filter), &expected);
        // A page begins in the middle of each log, and the calls of this store end in any order.
        prop_assert_eq!(by_log(&paged(folder.path(), &filter, page)), by_log(&expected));
        prop_assert_eq!(&paged_reversed(folder.path(), &filter, page), &expected);

        let mut all = scan(folder.path(), &Filter::new()).unwrap();
        prop_assert!(all.all(|record| record.is_ok()));
        prop_assert_eq!(all.passed_over().bad_lines, plain.bad);
        prop_assert_eq!(all.passed_over().superseded, plain.superseded);
    }

    #[test]
    fn an_entry_in_memory_is_wanted_where_its_record_is(
        records in prop::collection::vec(record(), 1..20),
        wanted in wanted(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut log = WrittenLog::create(folder.path(), 1);
        for (kind, members) in &records {
            log.add(kind, members);
        }
        // What was reviewed is told to the filter, not found.
        let wanted = Wanted { kind: wanted.kind.filter(|kind| *kind != "alert"), ..wanted };
        let filter = wanted.filter().reviewed(["call-7"]);
        let calls: Vec<Record> = scan(folder.path(), &Filter::new()).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .collect();
        let by_entry: Vec<&str> = calls.iter()
            .filter(|record| filter.matches(&record.entry().unwrap()))
            .map(Record::line)
            .collect();
        let by_scan: Vec<String> = scan(folder.path(), &filter).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .map(|record| record.line().to_owned())
            .collect();
        prop_assert_eq!(by_entry, by_scan);
    }

    #[test]
    fn entries_of_a_sink_in_memory_are_found_as_their_records_are(
        records in prop::collection::vec(record(), 1..20),
        wanted in wanted(),
        page in 1..7_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = HashChainSink::in_memory();
        let sink = MemorySink::new();
        for (kind, members) in &records {
            let entry = entry(kind, members).build(&Sanitizer::default());
            sink.record(&entry.as_entry());
            store.record(&entry.as_entry());
        }
        store.to_folder(folder.path().join("audit")).unwrap();
        let filter = wanted.filter();
        let of_memory: Vec<String> = scan_memory(&sink, &filter).map(|one| own_members(one.line())).collect();
        let of_store: Vec<String> = scan(&folder.path().join("audit"), &filter).unwrap()
            .map(|record| record.unwrap())
            .filter(Record::is_call)
            .map(|record| own_members(record.line()))
            .collect();
        prop_assert_eq!(&of_memory, &of_store);
        let plain: Vec<String> = sink.lines().iter()
            .filter(|line| wanted.takes(line, &[]))
            .map(|line| own_members(line))
            .collect();
        prop_assert_eq!(&of_memory, &plain);
        let newest_first: Vec<String> = scan_memory_reverse(&sink, &filter).map(|one| own_members(one.line())).collect();
        prop_assert!(newest_first.iter().rev().eq(of_memory.iter()));
        for newest_first in [false, true] {
            let scan = || if newest_first { scan_memory_reverse(&sink, &filter) } else { scan_memory(&sink, &filter) };
            let mut pages: Vec<Record> = Vec::new();
            let mut cursor: Option<Cursor> = None;
            loop {
                let mut rest = match &cursor {
                    Some(cursor) => scan().after(cursor),
                    None => scan(),
                };
                let found: Vec<Record> = rest.by_ref().take(page).collect();
                if found.is_empty() { break; }
                cursor = Some(rest.cursor());
                pages.extend(found);
            }
            prop_assert!(pages.iter().map(Record::line).eq(scan().map(|one| one.line().to_owned())));
        }
    }
}

/// A record without its place in a log.
fn own_members(line: &str) -> String {
    let mut record: Value = serde_json::from_str(line).unwrap();
    for name in ["_hash", "_log", "_previous_hash", "_seq"] {
        record.as_object_mut().unwrap().remove(name);
    }
    record.to_string()
}

/// An entry of a recorder, made of some of a record's members.
fn entry(kind: &str, members: &Value) -> EntryBuilder {
    let text = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
    let mut context = CallContext::new(text("conversation_id"), text("user_id"));
    for subject in members["subjects"].as_array().into_iter().flatten() {
        context = context.subject(subject.as_str().unwrap());
    }
    context = context.model(text("model"));
    if members["emergency"].is_object() {
        context.emergency = Some(Emergency::new("ORD", "usr_8"));
    }
    let outcome = Outcome::from_name(&text("outcome")).unwrap_or(Outcome::Success);
    let started = at(&text("timestamp"));
    let kind = match kind {
        "tool_call_started" => EntryKind::ToolCallStarted,
        _ => EntryKind::ToolCall,
    };
    EntryBuilder::new(text("tool_name"))
        .arguments(members["arguments"].clone())
        .context(context)
        .outcome(outcome)
        .kind(kind)
        .started(started.into())
}

/// All pages of so many records, one after another; cursors go through their text.
fn paged(path: &Path, filter: &Filter, page: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut rest = scan(path, filter).unwrap();
        if let Some(cursor) = &cursor {
            rest = rest.after(&cursor.parse().unwrap());
        }
        let before = found.len();
        found.extend(
            rest.by_ref()
                .take(page)
                .map(|one| one.unwrap().line().to_owned()),
        );
        if found.len() == before {
            return found;
        }
        cursor = Some(rest.cursor().to_string());
    }
}

fn paged_reversed(path: &Path, filter: &Filter, page: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut rest = scan_reverse(path, filter).unwrap();
        if let Some(cursor) = &cursor {
            rest = rest.after(&cursor.parse().unwrap());
        }
        let before = found.len();
        found.extend(
            rest.by_ref()
                .take(page)
                .map(|one| one.unwrap().line().to_owned()),
        );
        if found.len() == before {
            found.reverse();
            return found;
        }
        cursor = Some(rest.cursor().to_string());
    }
}

/// The lines log by log, each log's in its order.
fn by_log(lines: &[String]) -> Vec<String> {
    let log = |line: &String| serde_json::from_str::<Value>(line).unwrap()["_log"].to_string();
    let mut lines = lines.to_vec();
    lines.sort_by_cached_key(log);
    lines
}

#[test]
fn a_record_gives_its_line_its_head_and_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 7);
    let line = log.add("tool_call", &call("conv_1", "get_order", "timed_out", 61));
    let found: Vec<Record> = scan(folder.path(), &Filter::new().tool("get_order"))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), 1);
    let record = &found[0];
    assert_eq!(record.line(), line);
    assert_eq!((record.kind(), record.seq()), ("tool_call", 1));
    assert_eq!(record.head().unwrap().log, record.log());
    assert_eq!(record.timestamp(), at("2025-07-06T00:01:01Z"));
    assert_eq!(record.folder(), folder.path().canonicalize().unwrap());
    let entry: AuditEntry = record.entry().unwrap();
    assert_eq!(
        (entry.outcome, entry.turn_number),
        (Some(Outcome::TimedOut), 1)
    );
}

#[test]
fn a_line_that_is_being_written_is_left_out_and_one_cut_off_before_the_last_segment_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    log.append(br#"{"_hash":"half a rec"#);
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 1);
    assert_eq!(records.passed_over().unfinished_bytes, 20);
    assert_eq!(records.passed_over().bad_lines, 0);

    log.rotate(0);
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 2);
    assert_eq!(records.passed_over().unfinished_bytes, 0);
    assert_eq!(records.passed_over().bad_lines, 1);
    let bad = records.passed_over().first[0].to_string();
    assert!(bad.contains("00000000000000000000.jsonl, line 2"), "{bad}");
}

#[test]
fn a_line_of_any_length_is_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let mut long = vec![b'x'; 3 * 1024 * 1024];
    long.push(b'\n');
    log.append(&long);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    let mut records = scan(folder.path(), &Filter::new()).unwrap();
    assert_eq!((&mut records).count(), 2);
    assert_eq!(records.passed_over().bad_lines, 1);
}

#[test]
fn a_record_that_repeats_a_number_with_other_content_is_not_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let line = log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(1);
    log.append(format!("{}\n", line.replace("get_order", "cancel_it")).as_bytes());
    log.append(format!("{line}\n").as_bytes());
    assert_eq!(
        lines(folder.path(), &Filter::new().tool("cancel_it")).len(),
        1
    );
    assert_eq!(
        lines(folder.path(), &Filter::new().tool("get_order")).len(),
        1
    );
}

#[test]
fn a_scan_reads_the_log_as_it_stood_when_it_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let records = scan(folder.path(), &Filter::new()).unwrap();
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(0);
    assert_eq!(records.count(), 1);
}

#[test]
fn a_deep_record_is_searched_to_its_bottom() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    // Format 1 has no limit of depth below 128; a reader that makes trees stops there.
    let deep = format!(
        "{{\"n\":{}\"nee\\ndle\"{}}}",
        "[".repeat(125),
        "]".repeat(125)
    );
    let line = log.add("tool_call", &members);
    let plain = json!({"order_id": "ORD-1"}).to_string();
    let tampered = line.replace(&plain, &deep);
    assert_ne!(tampered, line);
    log.append(format!("{tampered}\n").as_bytes());
    members["arguments"] = json!({"n": -1.5, "nothing": null});
    log.add("tool_call", &members);
    let found = |text: &str| lines(folder.path(), &Filter::new().contains(text)).len();
    assert_eq!(found("nee\ndle"), 1);
    assert_eq!((found("-1.5"), found("null"), found("nothing")), (1, 1, 1));
    assert_eq!(found("no such text"), 0);
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(folder.path(), 1);
    let filter = Filter::new().since(instant(2)).until(instant(1));
    let refused = [
        scan(folder.path(), &filter).err(),
        scan_reverse(folder.path(), &filter).err(),
        tool_audit::query::statistics(folder.path(), &filter).err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert!(matches!(error, QueryError::Period), "{error}");
        assert!(error.to_string().contains("exchange"), "{error}");
    }
    let instant_alone = Filter::new().since(instant(0)).until(instant(0));
    assert_eq!(lines(folder.path(), &instant_alone).len(), 1);
}

#[test]
fn reviews_of_a_store_are_found_however_its_log_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let mut log = WrittenLog::create(&store.join("general"), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    members["emergency"] = json!({"reason": "cardiac arrest", "declared_by": "usr_9"});
    log.add("tool_call", &members);
    let mut admin = WrittenLog::create(&store.join("admin"), 2);
    admin.add(
        "reviewed",
        &json!({"actor": "dpo", "call_ids": ["call-1"], "retention_class": "admin",
            "timestamp": "2025-07-06T00:05:00.000000Z"}),
    );
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(store.join("general"), &link).unwrap();
    let dotted = store.join("general/../general/.");
    for path in [&store.join("general"), &link, &dotted] {
        let found = lines(path, &Filter::new().unreviewed());
        assert!(found.is_empty(), "{}", path.display());
    }
}

#[test]
fn logs_are_found_three_levels_below_and_no_deeper() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("site/tools-0/general"), 1);
    WrittenLog::create(&folder.path().join("site/tools-1/financial"), 2);
    WrittenLog::create(&folder.path().join("a/b/c/too-deep"), 3);
    // A link to a folder above must not give every log twice.
    std::os::unix::fs::symlink(folder.path(), folder.path().join("site/loop")).unwrap();
    assert_eq!(lines(folder.path(), &Filter::new()).len(), 2);
}

#[test]
fn what_is_no_log_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = scan(folder.path(), &Filter::new()).unwrap_err();
    assert!(matches!(empty, QueryError::NoLog { .. }), "{empty}");
    assert!(empty.to_string().contains("give the folder"), "{empty}");
    let missing = scan(&folder.path().join("none"), &Filter::new()).unwrap_err();
    assert!(missing.to_string().contains("check the path"), "{missing}");
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(
        scan(&file, &Filter::new()),
        Err(QueryError::NoLog { .. })
    ));
    let not_a_file = folder.path().join("log");
    fs::create_dir_all(not_a_file.join("00000000000000000000.jsonl")).unwrap();
    assert!(matches!(
        scan(&not_a_file, &Filter::new()),
        Err(QueryError::Io { .. })
    ));
}

#[test]
fn a_log_of_a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create_as(folder.path(), 1, &json!({"format": 2}));
    let error = scan(folder.path(), &Filter::new()).unwrap_err();
    assert!(
        matches!(error, QueryError::NewerFormat { format: 2, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("install a newer"), "{error}");
}

#[test]
fn a_log_made_by_replay_says_so_also_when_its_first_segment_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut log =
        WrittenLog::create_as(folder.path(), 1, &json!({"format": 1, "source": "replay"}));
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.rotate(1);
    for _ in 0..2 {
        let records = scan(folder.path(), &Filter::new()).unwrap();
        assert!(records.logs().all(|log| log.is_replayed()));
        let _ = fs::remove_file(folder.path().join("00000000000000000000.jsonl"));
    }

    let live = tempfile::tempdir().unwrap();
    WrittenLog::create(live.path(), 1);
    let records = scan(live.path(), &Filter::new()).unwrap();
    assert!(!records.logs().any(|log| log.is_replayed()));
}
