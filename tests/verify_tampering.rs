//! Tampering with a small log: everything shows, by its name and on its line.

mod made_logs;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use made_logs::matrix::{Case, cases};
use made_logs::{LOG, MadeLog};
use proptest::prelude::*;
use tool_audit::log::segment;
use tool_audit::log::verify::{Report, VerifyOptions, verify};

type Found = BTreeSet<(u64, u64, String)>;

fn run(log: &MadeLog, options: &VerifyOptions) -> Report {
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    verify(folder.path(), options).unwrap()
}

fn found(report: &Report) -> Found {
    let in_logs = report.logs.iter().flat_map(|log| &log.faults);
    in_logs
        .chain(&report.faults)
        .map(|fault| {
            let name = fault.kind.to_string();
            match &fault.place {
                Some(place) => (
                    segment::first_seq(&place.segment).unwrap(),
                    place.line,
                    name,
                ),
                None => (0, 0, name),
            }
        })
        .collect()
}

fn expected(case: &Case) -> Found {
    case.faults
        .iter()
        .map(|(segment, line, name)| (*segment, *line, (*name).to_owned()))
        .collect()
}

fn judge(case: &Case, folder: &Path, threads: usize) -> Report {
    let mut options = VerifyOptions::new().threads(threads);
    if let Some(head) = &case.head {
        options = options.head(head.parse().unwrap());
    }
    case.log.write(folder);
    let lock = File::options()
        .write(true)
        .open(folder.join(segment::LOCK))
        .unwrap();
    if case.held {
        lock.lock().unwrap();
    }
    verify(folder, &options).unwrap()
}

#[test]
fn every_case_of_the_matrix_gets_its_verdict() {
    for case in cases() {
        for threads in [1, 3] {
            let folder = tempfile::tempdir().unwrap();
            let report = judge(&case, folder.path(), threads);
            assert_eq!(found(&report), expected(&case), "{}\n{report}", case.name);
            assert_eq!(report.is_intact(), case.faults.is_empty(), "{}", case.name);
            let warnings: Vec<_> = report
                .logs
                .iter()
                .flat_map(|log| &log.warnings)
                .map(|warning| warning.kind.as_str())
                .collect();
            assert_eq!(warnings, case.warnings, "{}", case.name);
        }
    }
}

#[test]
fn the_example_of_the_format_page_is_intact() {
    let case = cases()
        .into_iter()
        .find(|case| case.name == "the example of the format page")
        .unwrap();
    let report = run(&case.log, &VerifyOptions::new());
    let log = &report.logs[0];
    assert!(report.is_intact());
    assert_eq!(
        (log.records, log.first_seq, log.last_seq),
        (2, Some(0), Some(1))
    );
    assert_eq!(
        log.last_hash.unwrap().to_string(),
        "64b9f62bbb3b07d2ab304ac8be00aff9e89f4d5945a7ce1f574bb1212cdf30ba"
    );
}

/// Flips each bit of one segment; every flip must show on its line.
fn flip_all(log: &MadeLog, segment: &made_logs::Segment) {
    let folder = tempfile::tempdir().unwrap();
    log.write(folder.path());
    let options = VerifyOptions::new().threads(1);
    let path = folder.path().join(segment::name(segment.first_seq));
    let mut bytes = segment.bytes();
    let mut line = 1;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            let report = verify(folder.path(), &options).unwrap();
            let found = found(&report);
            assert!(
                found
                    .iter()
                    .any(|fault| fault.0 == segment.first_seq && fault.1 == line),
                "bit {bit} of byte {at} in segment {}: {report}",
                segment.first_seq
            );
            bytes[at] ^= 1 << bit;
        }
        line += u64::from(bytes[at] == b'\n');
    }
}

#[test]
fn every_single_flipped_bit_shows_on_its_line() {
    let log = MadeLog::small(LOG);
    assert!(run(&log, &VerifyOptions::new()).is_intact());
    std::thread::scope(|scope| {
        for segment in &log.segments {
            scope.spawn(|| flip_all(&log, segment));
        }
    });
}

#[test]
fn without_the_byte_rule_hashes_and_links_are_still_checked() {
    let options = VerifyOptions::new().byte_rule(false);
    for case in cases() {
        let report = run(&case.log, &options);
        let damaged = expected(&case)
            .iter()
            .any(|fault| fault.2 != "not_canonical" && fault.2 != "below_head" && fault.1 > 0);
        if damaged && !case.held {
            assert!(!report.is_intact(), "{}", case.name);
        }
        assert_eq!(report.logs[0].open_calls, None);
        assert!(
            report
                .not_covered
                .iter()
                .any(|line| line.contains("byte rule"))
        );
    }
}

#[derive(Debug, Clone)]
enum Tampering {
    Remove(prop::sample::Index),
    Duplicate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Overwrite(prop::sample::Index, prop::sample::Index, u8),
    Insert(prop::sample::Index, prop::sample::Index, u8),
    Delete(prop::sample::Index, prop::sample::Index),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Tampering::Remove),
        index().prop_map(Tampering::Duplicate),
        (index(), index()).prop_map(|(a, b)| Tampering::Swap(a, b)),
        (index(), index(), any::<u8>())
            .prop_map(|(line, at, byte)| Tampering::Overwrite(line, at, byte)),
        (index(), index(), any::<u8>())
            .prop_map(|(line, at, byte)| Tampering::Insert(line, at, byte)),
        (index(), index()).prop_map(|(line, at)| Tampering::Delete(line, at)),
    ]
}

/// Applies a change to the whole log's lines, and cuts them into the segments they were in.
fn tampered(changes: &[Tampering]) -> MadeLog {
    let mut log = MadeLog::good(LOG);
    for change in changes {
        let places: Vec<(usize, usize)> = log
            .segments
            .iter()
            .enumerate()
            .flat_map(|(segment, content)| {
                (0..content.lines.len()).map(move |line| (segment, line))
            })
            .collect();
        if places.is_empty() {
            break;
        }
        let place = |index: &prop::sample::Index| places[index.index(places.len())];
        match change {
            Tampering::Remove(index) => {
                let (segment, line) = place(index);
                log.segments[segment].lines.remove(line);
            }
            Tampering::Duplicate(index) => {
                let (segment, line) = place(index);
                let copy = log.line(segment, line).clone();
                log.segments[segment].lines.insert(line, copy);
            }
            Tampering::Swap(a, b) => {
                let (a, b) = (place(a), place(b));
                let first = log.line(a.0, a.1).clone();
                let second = std::mem::replace(log.line(b.0, b.1), first);
                *log.line(a.0, a.1) = second;
            }
            Tampering::Overwrite(index, at, byte) => {
                let (segment, line) = place(index);
                let bytes = log.line(segment, line);
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            Tampering::Insert(index, at, byte) => {
                let (segment, line) = place(index);
                let bytes = log.line(segment, line);
                bytes.insert(at.index(bytes.len() + 1), *byte);
            }
            Tampering::Delete(index, at) => {
                let (segment, line) = place(index);
                let bytes = log.line(segment, line);
                if !bytes.is_empty() {
                    bytes.remove(at.index(bytes.len()));
                }
            }
        }
    }
    log
}

/// The log's bytes, without records cut from its very end.
fn is_prefix_of_good(log: &MadeLog) -> bool {
    let bytes = |log: &MadeLog| -> Vec<(u64, Vec<u8>)> {
        log.segments
            .iter()
            .map(|segment| (segment.first_seq, segment.bytes()))
            .collect()
    };
    let good = MadeLog::good(LOG);
    let (ours, all) = (bytes(log), bytes(&good));
    let whole = ours.iter().zip(&all).take_while(|(a, b)| a == b).count();
    // All segments before the last are whole, and the last one ends early.
    whole == all.len() || (whole == all.len() - 1 && all[whole].1.starts_with(&ours[whole].1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tampering_shows_unless_it_is_a_cut_tail(changes in proptest::collection::vec(tampering(), 1..4)) {
        let log = tampered(&changes);
        let report = run(&log, &VerifyOptions::new().threads(1));
        prop_assert_eq!(report.is_intact(), is_prefix_of_good(&log), "{}", report);
    }

    #[test]
    fn a_head_kept_elsewhere_shows_any_tampering(changes in proptest::collection::vec(tampering(), 1..4)) {
        let good = MadeLog::good(LOG);
        let log = tampered(&changes);
        let same = log.segments.iter().zip(&good.segments).all(|(a, b)| a.bytes() == b.bytes());
        let head = good.head(2, 3, LOG).parse().unwrap();
        let report = run(&log, &VerifyOptions::new().threads(1).head(head));
        prop_assert_eq!(report.is_intact(), same, "{}", report);
    }
}
