//! What a verdict says besides, and what cannot be verified at all.

mod made_logs;

use std::fs;
use std::path::Path;

use made_logs::matrix::cases;
use made_logs::{LOG, MadeLog, OTHER_LOG, Segment, Writer, replace};
use serde_json::{Value, json};
use tool_audit::log::read::{Line, LineReader, LogReader};
use tool_audit::log::record::MAX_RECORD;
use tool_audit::log::segment;
use tool_audit::log::store::find_logs;
use tool_audit::log::verify::{
    FaultKind, Head, LogReport, Report, VerifyError, VerifyOptions, WarningKind, verify,
};

fn verified(folder: &Path) -> Report {
    verify(folder, &VerifyOptions::new()).unwrap()
}

fn run(log: &MadeLog) -> Report {
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    verified(folder.path())
}

fn case(name: &str) -> LogReport {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    run(&case.log).logs.remove(0)
}

#[test]
fn losses_unknown_outcomes_and_open_calls_are_counted() {
    let log = case("calls without an end, losses and unknown outcomes");
    assert_eq!(
        (log.lost_entries, log.unknown_outcomes, log.open_calls),
        (7, 1, Some(1))
    );
    assert_eq!((log.damage_acknowledged, log.unknown_kinds), (1, 0));
    assert_eq!(case("a kind that nobody knows").unknown_kinds, 1);
    assert_eq!(case("three repeated records").superseded, 3);
}

#[test]
fn calls_started_and_ended_far_apart_are_not_open() {
    let mut writer = Writer::new(LOG);
    let mut lines = vec![writer.created()];
    for id in 0..3000 {
        lines.push(writer.record("tool_call_started", &json!({"call_id": format!("c{id}")})));
    }
    for id in 0..2999 {
        lines.push(writer.record(
            "tool_call",
            &json!({"call_id": format!("c{id}"), "filler": "x".repeat(300)}),
        ));
    }
    let report = run(&MadeLog {
        segments: vec![Segment::new(0, lines)],
    });
    assert_eq!(report.logs[0].open_calls, Some(1));
}

#[test]
fn a_clock_that_went_back_is_told_with_count_and_first_place() {
    let log = case("a clock that went back");
    assert!(log.intact);
    let warning = &log.warnings[0];
    assert_eq!(
        (warning.kind, warning.count),
        (WarningKind::TimeRegressed, 1)
    );
    assert_eq!(warning.place.as_ref().unwrap().line, 4);
}

#[test]
fn figures_of_a_damaged_record_are_not_believed() {
    let mut writer = Writer::new(LOG);
    let mut lines = vec![
        writer.created(),
        writer.record("entries_lost", &json!({"count": 7})),
    ];
    replace(&mut lines[1], "\"count\":7", "\"count\":9");
    let report = run(&MadeLog {
        segments: vec![Segment::new(0, lines)],
    });
    assert_eq!(report.logs[0].lost_entries, 0);
}

#[test]
fn a_head_says_how_much_of_the_tail_it_covers() {
    let log = MadeLog::good(LOG);
    let folder = tempfile::tempdir().unwrap();
    log.write(&folder.path().join("ours"));
    MadeLog::good(OTHER_LOG).write(&folder.path().join("other"));
    let path = folder.path().join("head.json");
    fs::write(&path, log.head(1, 2, LOG) + "\n").unwrap();
    let options = VerifyOptions::new().head(Head::read(&path).unwrap());
    let report = verify(folder.path(), &options).unwrap();
    assert!(report.is_intact());
    let uncovered: Vec<_> = report.logs.iter().map(|log| log.uncovered).collect();
    assert_eq!(uncovered, [12, 5]);
    assert!(report.not_covered[0].contains("last 17 records"));
    assert_eq!(verified(folder.path()).logs[1].uncovered, 12);
}

#[test]
fn a_head_of_no_log_in_the_store_is_a_fault_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    MadeLog::good(LOG).write(folder.path());
    let head: Head = MadeLog::good(OTHER_LOG)
        .head(0, 0, OTHER_LOG)
        .parse()
        .unwrap();
    let report = verify(folder.path(), &VerifyOptions::new().head(head)).unwrap();
    assert!(!report.is_intact() && report.logs[0].intact);
    assert_eq!(
        (report.faults[0].kind, report.fault_count()),
        (FaultKind::ForeignRecord, 1)
    );
    assert!(report.to_string().contains("FAULT foreign_record"));
}

#[test]
fn a_report_reads_as_one_json_value() {
    let mut log = MadeLog::good(LOG);
    replace(log.line(1, 2), "145.23", "145.24");
    let value = serde_json::to_value(run(&log)).unwrap();
    assert_eq!(value["intact"], json!(false));
    let first = &value["logs"][0];
    assert_eq!(first["log"], json!(LOG.to_string()));
    assert_eq!(first["fault_counts"], json!({"hash_mismatch": 1}));
    let fault = &first["faults"][0];
    assert_eq!(
        (
            &fault["kind"],
            &fault["segment"],
            &fault["line"],
            &fault["seq"]
        ),
        (
            &json!("hash_mismatch"),
            &json!("00000000000000000004.jsonl"),
            &json!(3),
            &json!(6)
        )
    );
    assert!(
        first["last_hash"]
            .as_str()
            .is_some_and(|hash| hash.len() == 64)
    );
    assert!(
        value["not_covered"]
            .as_array()
            .is_some_and(|lines| lines.len() > 2)
    );
}

#[test]
fn a_report_tells_people_the_verdict_and_what_it_does_not_cover() {
    let intact = run(&MadeLog::good(LOG)).to_string();
    assert!(
        intact.contains("INTACT") && intact.contains("12 records in 3 segments, _seq 0 to 11"),
        "{intact}"
    );
    assert!(
        intact.contains("calls that went round the audit layer"),
        "{intact}"
    );
    let mut log = MadeLog::good(LOG);
    log.segments.remove(1);
    let damaged = run(&log).to_string();
    assert!(damaged.contains("DAMAGED: 1 fault."), "{damaged}");
    assert!(
        damaged.contains(
            "FAULT missing_segment: 00000000000000000008.jsonl line 1: _seq 4 to 7 are missing"
        ),
        "{damaged}"
    );
}

#[test]
fn faults_have_the_names_of_the_format_page() {
    let page = include_str!("../src/docs/format.md");
    for kind in FaultKind::ALL {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
        assert_eq!(
            serde_json::to_value(kind).unwrap(),
            Value::from(kind.as_str())
        );
    }
}

#[test]
fn what_is_no_log_is_an_error_that_names_the_path_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let options = VerifyOptions::new();
    let error = verify(folder.path(), &options).unwrap_err();
    assert!(matches!(error, VerifyError::NoLog { .. }));
    assert!(error.to_string().contains(folder.path().to_str().unwrap()));
    let missing = folder.path().join("missing");
    let error = verify(&missing, &options).unwrap_err();
    assert!(matches!(error, VerifyError::Unreadable { .. }));
    assert!(error.to_string().contains("missing"), "{error}");
    let file = folder.path().join("file");
    fs::write(&file, b"{}").unwrap();
    assert!(verify(&file, &options).is_err());
    // A segment that cannot be read as a file.
    fs::create_dir(folder.path().join(segment::name(0))).unwrap();
    let error = verify(folder.path(), &options).unwrap_err();
    assert!(matches!(error, VerifyError::Unreadable { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_segment_that_is_no_plain_file_is_an_error_and_nothing_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let segment = folder.path().join(segment::name(0));
    std::os::unix::fs::symlink("/dev/null", &segment).unwrap();
    let error = verify(folder.path(), &VerifyOptions::new()).unwrap_err();
    assert!(matches!(error, VerifyError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("is none"), "{error}");
}

#[test]
fn a_newer_format_is_an_error_and_a_damaged_number_is_damage() {
    let mut writer = Writer::new(LOG);
    let line = writer.record("log_created", &json!({"format": 2}));
    let mut log = MadeLog {
        segments: vec![Segment::new(0, vec![line])],
    };
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    let error = verify(folder.path(), &VerifyOptions::new()).unwrap_err();
    assert!(matches!(error, VerifyError::NewerFormat { format: 2, .. }));
    assert!(error.to_string().contains("newer version"), "{error}");
    replace(log.line(0, 0), "\"format\":2", "\"format\":3");
    assert_eq!(run(&log).logs[0].faults[0].kind, FaultKind::HashMismatch);
}

#[test]
fn what_is_no_head_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head");
    let long = format!("{{\"_hash\":\"{}\"}}", "0".repeat(5000));
    for text in ["", "{}", r#"{"_hash":"00","_log":"00","_seq":1}"#, &long] {
        fs::write(&path, text).unwrap();
        assert!(
            matches!(Head::read(&path), Err(VerifyError::BadHead { .. })),
            "{text}"
        );
    }
    assert!(matches!(
        Head::read(&folder.path().join("missing")),
        Err(VerifyError::UnreadableHead { .. })
    ));
    #[cfg(unix)]
    assert!(matches!(
        Head::read("/dev/zero".as_ref()),
        Err(VerifyError::BadHead { .. })
    ));
    let error = "nothing".parse::<Head>().unwrap_err();
    assert!(error.to_string().contains("_seq"));
}

#[test]
fn logs_are_found_three_levels_down_in_the_order_of_their_paths() {
    let root = tempfile::tempdir().unwrap();
    let log = MadeLog::good(LOG);
    for place in ["b/general", "a", "c/d/e", "c/d/f/too_deep", "b/admin"] {
        log.write(&root.path().join(place));
    }
    // A log's own folders are not looked into.
    log.write(&root.path().join("a/torn"));
    fs::create_dir(root.path().join("empty")).unwrap();
    let found: Vec<_> = find_logs(root.path()).unwrap();
    let expected = ["a", "b/admin", "b/general", "c/d/e"].map(|place| root.path().join(place));
    assert_eq!(found, expected);
    assert_eq!(find_logs(&expected[0]).unwrap(), [expected[0].clone()]);
}

#[test]
fn a_reader_gives_each_record_once_and_passes_over_what_is_none() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "three repeated records")
        .unwrap();
    let mut log = case.log;
    *log.line(0, 2) = b"gone".to_vec();
    log.segments[2].tail = b"{\"_h".to_vec();
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    let mut reader = LogReader::open(folder.path()).unwrap();
    let mut seqs = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let name = record.segment.file_name().unwrap().to_str().unwrap();
        let index = log
            .segments
            .iter()
            .position(|segment| segment::name(segment.first_seq) == name)
            .unwrap();
        assert_eq!(
            record.bytes,
            log.segments[index].lines[record.line as usize - 1]
        );
        seqs.push(record.head.seq);
    }
    assert_eq!(seqs, [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(reader.passed_over(), 1);
}

#[test]
fn a_forged_number_does_not_hide_the_records_behind_it() {
    let mut log = MadeLog::good(LOG);
    replace(log.line(1, 3), "\"_seq\":7", "\"_seq\":7000000");
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    let mut reader = LogReader::open(folder.path()).unwrap();
    let mut count = 0;
    while reader.next_record().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn a_line_reader_holds_no_line_that_is_too_long() {
    let mut text = vec![b'a'; MAX_RECORD];
    text.push(b'\n');
    text.extend(vec![b'b'; MAX_RECORD + 1]);
    text.push(b'\n');
    text.extend(vec![b'c'; 5 * MAX_RECORD]);
    text.extend(b"\n\nend");
    let mut lines = LineReader::new(text.as_slice());
    assert_eq!(
        lines.next_line().unwrap(),
        Some(Line::Whole(&text[..MAX_RECORD]))
    );
    assert_eq!(lines.next_line().unwrap(), Some(Line::TooLong));
    assert_eq!(lines.next_line().unwrap(), Some(Line::TooLong));
    assert_eq!(lines.next_line().unwrap(), Some(Line::Whole(b"")));
    assert_eq!(lines.number(), 4);
    assert_eq!(lines.next_line().unwrap(), Some(Line::Unfinished(b"end")));
    assert_eq!(lines.offset(), text.len() as u64);
    assert_eq!(lines.next_line().unwrap(), None);
    let long = vec![b'd'; 3 * MAX_RECORD];
    let mut lines = LineReader::new(long.as_slice());
    assert_eq!(
        lines.next_line().unwrap(),
        Some(Line::Unfinished(&long[..MAX_RECORD]))
    );
    assert_eq!(lines.offset(), long.len() as u64);
    assert_eq!(lines.next_line().unwrap(), None);
}

#[test]
fn an_empty_log_is_told_from_one_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let log = MadeLog::small(LOG);
    log.write(folder.path());
    let told = |report: &Report| {
        let mut lines = report.not_covered.iter();
        lines.any(|line| line.starts_with("the removal of all records"))
    };
    let whole = verified(folder.path());
    assert!(whole.is_intact() && !told(&whole));
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            fs::remove_file(path).unwrap();
        }
    }
    fs::write(folder.path().join("LOCK"), "").unwrap();
    let emptied = verified(folder.path());
    assert_eq!(emptied.logs[0].records, 0);
    assert!(told(&emptied), "{emptied}");
}
