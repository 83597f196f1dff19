//! Logs that are large enough to be read by several threads: they find what a plain reader finds, in its
//! order, and say the same lines are bad.

mod written_logs;

use std::fs;
use std::path::Path;

use serde_json::json;
use tool_audit::query::{Filter, Record, scan, scan_reverse, statistics};
use written_logs::{WrittenLog, call};

const TOOLS: [&str; 3] = ["get_order", "cancel_order", "issue_refund"];

/// Two logs of some 4 MiB each, whose records take turns; in the first stand bad lines, one of them longer
/// than several chunks.
fn store(folder: &Path) -> Vec<String> {
    let mut logs = [1, 2].map(|id| WrittenLog::create(&folder.join(format!("class-{id}")), id));
    let mut lines = Vec::new();
    for number in 0..8000_u32 {
        let log = &mut logs[(number % 2) as usize];
        let tool = TOOLS[(number % 7 % 3) as usize];
        let mut members = call(&format!("conv_{}", number % 100), tool, "success", number);
        members["user_id"] = format!("usr_{}", number % 50).into();
        members["duration_ms"] = json!(f64::from(number % 5 * 700));
        members["arguments"] = json!({"text": "x".repeat((number as usize * 37) % 400)});
        lines.push(log.add("tool_call", &members));
        match number {
            1000 | 5001 => log.rotate(3),
            2000 => log.append(b"no record\n"),
            3000 => {
                log.append(&vec![b'y'; 1_700_000]);
                log.append(b"\n");
            }
            4000 => log.append(b"{\"_hash\":\"00\"}\n"),
            _ => {}
        }
    }
    lines
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn threads_find_every_record_once_and_in_order_and_name_the_bad_lines() {
    let folder = tempfile::tempdir().unwrap();
    let lines = store(folder.path());
    let filter = Filter::new().kind("tool_call");
    let mut records = scan(folder.path(), &filter).unwrap();
    let found: Vec<Record> = records.by_ref().map(Result::unwrap).collect();
    let texts = found.iter().map(|record| record.line().to_owned());
    assert_eq!(sorted(texts), sorted(lines.iter().cloned()));

    let passed = records.passed_over();
    assert_eq!((passed.bad_lines, passed.superseded), (3, 6));
    for bad in &passed.first {
        let bytes = fs::read(&bad.segment).unwrap();
        let line = bytes
            .split(|byte| *byte == b'\n')
            .nth(bad.line as usize - 1);
        let line = line.unwrap();
        assert!(
            line == b"no record" || line.starts_with(b"yyy") || line == b"{\"_hash\":\"00\"}",
            "line {} of {} is called bad",
            bad.line,
            bad.segment.display()
        );
    }

    let mut newest_first: Vec<String> = scan_reverse(folder.path(), &filter)
        .unwrap()
        .map(|record| record.unwrap().line().to_owned())
        .collect();
    newest_first.reverse();
    assert!(newest_first.iter().eq(found.iter().map(Record::line)));
}

#[test]
fn statistics_of_threads_add_up() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let statistics = statistics(folder.path(), &Filter::new()).unwrap();
    let total: u64 = statistics.tools().map(|tool| tool.total_calls).sum();
    assert_eq!(total, 8000);
    for (at, name) in TOOLS.iter().enumerate() {
        let of_tool = |number: &u32| (number % 7 % 3) as usize == at;
        let numbers: Vec<u32> = (0..8000).filter(of_tool).collect();
        let found = statistics.tool(name);
        assert_eq!(found.total_calls, numbers.len() as u64);
        assert_eq!(found.unique_users, Some(50));
        assert_eq!(
            (found.success_rate, found.max_duration_ms),
            (Some(1.0), Some(2800.0))
        );
        assert_eq!(found.outcomes["success"], numbers.len() as u64);
    }
    assert_eq!(statistics.passed_over().bad_lines, 3);
}
