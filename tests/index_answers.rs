//! Answers through an index, against plain scans and against a filter that knows no shortcut.

mod asked;
mod written_logs;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use tool_audit::index::{Index, Lookup, check};
use tool_audit::query::{
    Cursor, Filter, PassedOver, Record, ReverseScan, Scan, scan, scan_reverse,
};

use asked::{Act, Expected, act, review, wanted};
use written_logs::WrittenLog;

fn lines(records: &[Record]) -> Vec<String> {
    let lines = records.iter().map(Record::line);
    lines.map(str::to_owned).collect()
}

/// Everything that can be asked of one filter.
#[derive(PartialEq)]
struct Answers {
    forwards: Vec<String>,
    passed: PassedOver,
    backwards: Vec<String>,
    passed_backwards: PassedOver,
    pages: Vec<String>,
    pages_backwards: Vec<String>,
}

impl Answers {
    fn of(page: usize, scan: impl Fn() -> Scan, reverse: impl Fn() -> ReverseScan) -> Self {
        let mut records = scan();
        let forwards: Vec<Record> = records.by_ref().map(Result::unwrap).collect();
        let mut reversed = reverse();
        let backwards: Vec<Record> = reversed.by_ref().map(Result::unwrap).collect();
        Self {
            forwards: lines(&forwards),
            passed: records.passed_over(),
            backwards: lines(&backwards),
            passed_backwards: reversed.passed_over(),
            pages: paged(|cursor| {
                let mut records = scan();
                if let Some(cursor) = cursor {
                    records = records.after(cursor);
                }
                let found = records.by_ref().take(page).map(Result::unwrap).collect();
                (found, records.cursor())
            }),
            pages_backwards: paged(|cursor| {
                let mut records = reverse();
                if let Some(cursor) = cursor {
                    records = records.after(cursor);
                }
                let found = records.by_ref().take(page).map(Result::unwrap).collect();
                (found, records.cursor())
            }),
        }
    }

    fn through_the_index(path: &Path, filter: &Filter, page: usize) -> Self {
        let lookup = Lookup::open(path, filter).unwrap();
        assert!(lookup.warnings().is_empty(), "{:?}", lookup.warnings());
        Self::of(
            page,
            || lookup.scan().unwrap(),
            || lookup.scan_reverse().unwrap(),
        )
    }

    fn of_plain_scans(path: &Path, filter: &Filter, page: usize) -> Self {
        Self::of(
            page,
            || scan(path, filter).unwrap(),
            || scan_reverse(path, filter).unwrap(),
        )
    }
}

/// All pages, each log's records by themselves: a page may merge the logs otherwise than the whole answer does.
fn paged(next: impl Fn(Option<&Cursor>) -> (Vec<Record>, Cursor)) -> Vec<String> {
    let mut found: Vec<Record> = Vec::new();
    let mut cursor = None;
    loop {
        let (page, behind) = next(cursor.as_ref());
        if page.is_empty() {
            let mut found = lines(&found);
            found.sort_by_cached_key(|line| {
                serde_json::from_str::<Value>(line).unwrap()["_log"].to_string()
            });
            return found;
        }
        found.extend(page);
        cursor = Some(behind);
    }
}

/// Records of very different lengths, so that some share a chunk and others go over several.
fn long_act() -> impl Strategy<Value = Act> {
    let lengths = prop::sample::select(vec![0_usize, 0, 900, 9_000, 33_000, 90_000]);
    (act(), lengths).prop_map(|(act, length)| match act {
        Act::Record(kind, mut members) => {
            members["session_metadata"] = serde_json::json!({"x": "-".repeat(length)});
            Act::Record(kind, members)
        }
        other => other,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn an_index_gives_what_a_plain_scan_and_a_naive_filter_give(
        logs in prop::collection::vec(prop::collection::vec(long_act(), 0..40), 1..4),
        wanted in prop::collection::vec(wanted(), 1..4),
        page in 1..20_usize,
        indexed_after in 0..40_usize,
        reviewed in prop::collection::vec(0..600_u32, 0..400),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let reviewed: Vec<String> = reviewed.iter().map(|number| format!("call-{number}")).collect();
        let reviewed: Vec<&str> = reviewed.iter().map(String::as_str).collect();
        // The first two logs share a store.
        let folders: Vec<PathBuf> = (0..logs.len())
            .map(|number| folder.path().join(format!("store-{}/class-{number}", number / 2)))
            .collect();
        let mut written: Vec<WrittenLog> = folders
            .iter()
            .enumerate()
            .map(|(number, folder)| WrittenLog::create(folder, number as u8))
            .collect();
        review(&folder.path().join("store-0/admin"), &reviewed);
        let stores: Vec<PathBuf> = (0..logs.len().div_ceil(2)).map(|number| folder.path().join(format!("store-{number}"))).collect();
        let mut indexes: Vec<Index> = stores.iter().map(|store| Index::open(store).unwrap()).collect();

        // Once when part of it is indexed, and once when all is.
        for round in 0..2 {
            for (log, acts) in written.iter_mut().zip(&logs) {
                let half = indexed_after.min(acts.len());
                let acts = if round == 0 { &acts[..half] } else { &acts[half..] };
                for act in acts {
                    act.happen(log);
                }
            }
            for caught_up in [false, true] {
                if caught_up {
                    for (index, store) in indexes.iter_mut().zip(&stores) {
                        prop_assert_eq!(index.catch_up().unwrap().forgotten, 0);
                        let check = check(store).unwrap().unwrap();
                        prop_assert!(check.is_sound() && check.surplus == 0 && check.changed.is_empty(), "{}", check);
                    }
                }
                let mut plain = Expected::default();
                for folder in &folders {
                    plain.read(folder);
                }
                plain.read(&folder.path().join("store-0/admin"));
                for wanted in &wanted {
                    let filter = wanted.filter();
                    let found = Answers::through_the_index(folder.path(), &filter, page);
                    // Without the records, which are long.
                    prop_assert!(found.forwards == plain.answer(wanted, &reviewed), "{:?}", wanted);
                    prop_assert!(found == Answers::of_plain_scans(folder.path(), &filter, page), "{:?}", wanted);
                }
            }
        }
    }
}
