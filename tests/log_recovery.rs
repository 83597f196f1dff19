//! What a writer makes of what a crash, or somebody's hand, left of its log.

mod log_support;

use log_support::{append, check, intact, members, open, options};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tool_audit::log::record::MAX_RECORD;
use tool_audit::log::{Damage, LogWriter, MemoryStorage};

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A log of one segment that was never closed.
fn left_behind(records: usize) -> MemoryStorage {
    let storage = MemoryStorage::new();
    let mut log = open(&storage);
    for number in 0..records {
        append(&mut log, &format!("c-{number}"));
    }
    log.sync().unwrap();
    storage
}

fn bytes_of(storage: &MemoryStorage) -> Vec<u8> {
    storage.segment_bytes()[0].1.clone()
}

fn with(bytes: &[u8]) -> MemoryStorage {
    let storage = MemoryStorage::new();
    storage.set_segment(0, bytes.to_vec());
    storage
}

/// Where each line begins, and the end.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    std::iter::once(0)
        .chain(ends.map(|(at, _)| at + 1))
        .collect()
}

#[test]
fn a_log_cut_anywhere_goes_on_intact_and_keeps_what_was_torn() {
    let whole = bytes_of(&left_behind(6));
    let starts = line_starts(&whole);
    for cut in 0..=whole.len() {
        let storage = with(&whole[..cut]);
        let mut log = open(&storage);
        append(&mut log, "after");
        log.close().unwrap();
        assert!(!log.status().is_damaged());

        let good_end = starts
            .iter()
            .copied()
            .filter(|start| *start <= cut)
            .max()
            .unwrap();
        let torn = &whole[good_end..cut];
        let checked = log_support::whole(&storage);
        assert_eq!(checked.calls().last(), Some(&"after"), "cut at {cut}");
        // A log of which nothing is left begins anew; torn or not, it tells what it cut.
        if torn.is_empty() {
            assert_eq!(storage.torn(), []);
        } else {
            assert_eq!(
                storage.torn(),
                [(format!("{:020}-{good_end}", 0), torn.to_vec())]
            );
            let resumed = checked.of_kind("log_resumed")[0];
            assert_eq!(resumed["torn_bytes"], torn.len());
            assert_eq!(resumed["torn_sha256"], hex(&Sha256::digest(torn)));
            assert_eq!(resumed["clean"], false);
        }
        let kept = storage.segment_bytes()[0].1.clone();
        assert_eq!(&kept[..good_end], &whole[..good_end]);
    }
}

#[test]
fn a_log_cut_anywhere_in_its_second_segment_goes_on_intact() {
    let storage = MemoryStorage::new();
    let mut small = options();
    small.segment_records = 4;
    let mut log = LogWriter::open(storage.clone(), small.clone()).unwrap();
    log.append("tool_call_started", members("open").as_bytes())
        .unwrap();
    for number in 0..5 {
        append(&mut log, &format!("c-{number}"));
    }
    log.sync().unwrap();
    drop(log);
    let segments = storage.segment_bytes();
    assert_eq!(segments.len(), 2);
    let (name, second) = &segments[1];
    for cut in 0..=second.len() {
        let storage = with(&segments[0].1);
        storage.set_segment(*name, second[..cut].to_vec());
        let mut log = LogWriter::open(storage.clone(), small.clone()).unwrap();
        append(&mut log, "after");
        log.close().unwrap();
        let checked = intact(&storage);
        assert_eq!(checked.calls().last(), Some(&"after"));
        assert_eq!(
            checked.of_kind("outcome_unknown")[0]["started_seq"],
            1,
            "cut at {cut}"
        );
        assert_eq!(
            storage.torn().len(),
            usize::from(!line_starts(second).contains(&cut))
        );
    }
}

#[test]
fn a_changed_record_in_the_open_segment_is_damage_and_nothing_is_touched() {
    let storage = left_behind(10_000);
    let mut bytes = bytes_of(&storage);
    let fifth = line_starts(&bytes)[5];
    bytes[fifth + 250] ^= 1;
    let storage = with(&bytes);
    let mut log = open(&storage);
    append(&mut log, "after");
    log.close().unwrap();

    let status = log.status();
    assert_eq!(
        status.damage,
        [Damage::Segment {
            first_seq: 0,
            offset: fifth as u64
        }]
    );
    assert_eq!(storage.torn(), []);
    let segments = storage.segment_bytes();
    assert_eq!(segments[0].1, bytes);
    assert_eq!(segments[1].0, 10_001);
    let checked = check(&segments);
    assert!(
        checked
            .faults
            .iter()
            .all(|fault| fault.starts_with("segment 0 line"))
    );
    assert_eq!(checked.calls().last(), Some(&"after"));
}

#[test]
fn a_changed_record_near_the_end_is_damage_while_the_machine_runs_on() {
    let mut bytes = bytes_of(&left_behind(10));
    let at = line_starts(&bytes)[8];
    bytes[at + 200] ^= 1;
    let storage = with(&bytes);
    assert!(open(&storage).status().is_damaged());
    assert_eq!(storage.segment_bytes()[0].1, bytes);

    // After a power loss the same bytes are a hole that blocks written out of order leave.
    let storage = with(&bytes);
    let mut rebooted = options();
    rebooted.boot_id = Some("boot-2".to_owned());
    let mut log = LogWriter::open(storage.clone(), rebooted).unwrap();
    assert!(!log.status().is_damaged());
    assert_eq!(
        storage.torn(),
        [(format!("{:020}-{at}", 0), bytes[at..].to_vec())]
    );
    log.close().unwrap();
    assert_eq!(
        intact(&storage).of_kind("log_resumed")[0]["boot_id"],
        "boot-2"
    );
}

#[test]
fn a_boot_without_a_name_counts_as_the_same() {
    let mut bytes = bytes_of(&left_behind(10));
    let at = line_starts(&bytes)[8];
    bytes[at + 200] ^= 1;
    let storage = with(&bytes);
    let mut nameless = options();
    nameless.boot_id = Some("unknown".to_owned());
    let log = LogWriter::open(storage, nameless).unwrap();
    assert!(log.status().is_damaged());
}

#[test]
fn a_tail_of_zeros_is_torn_up_to_a_mebibyte() {
    let whole = bytes_of(&left_behind(3));
    for (zeros, is_torn) in [(1, true), (1 << 20, true), ((1 << 20) + 1, false)] {
        let mut bytes = whole.clone();
        bytes.resize(whole.len() + zeros, 0);
        let storage = with(&bytes);
        let mut log = open(&storage);
        assert_eq!(log.status().is_damaged(), !is_torn, "{zeros} zeros");
        assert_eq!(
            log.status().torn_bytes,
            if is_torn { zeros as u64 } else { 0 }
        );
        log.close().unwrap();
        if is_torn {
            intact(&storage);
        } else {
            assert_eq!(storage.segment_bytes()[0].1, bytes);
        }
    }
}

#[test]
fn a_line_longer_than_a_record_is_a_bad_line() {
    let mut bytes = bytes_of(&left_behind(3));
    let good = bytes.len() as u64;
    bytes.extend(std::iter::repeat_n(b'x', MAX_RECORD + 1));
    bytes.push(b'\n');
    let storage = with(&bytes);
    let log = open(&storage);
    assert_eq!(log.status().torn_bytes, bytes.len() as u64 - good);
}

#[test]
fn a_removed_record_is_damage_and_the_chain_goes_on_behind_the_last_one() {
    let bytes = bytes_of(&left_behind(10));
    let starts = line_starts(&bytes);
    let mut without = bytes[..starts[5]].to_vec();
    without.extend_from_slice(&bytes[starts[6]..]);
    let storage = with(&without);
    let mut log = open(&storage);
    append(&mut log, "after");
    log.close().unwrap();
    assert_eq!(
        log.status().damage,
        [Damage::Segment {
            first_seq: 0,
            offset: starts[5] as u64
        }]
    );
    let segments = storage.segment_bytes();
    assert_eq!((&segments[0].1, segments[1].0), (&without, 11));
}

#[test]
fn old_records_put_behind_the_last_one_do_not_lead_the_chain_back() {
    let bytes = bytes_of(&left_behind(10));
    let starts = line_starts(&bytes);
    let mut again = bytes.clone();
    again.extend_from_slice(&bytes[starts[2]..starts[4]]);
    let storage = with(&again);
    let log = open(&storage);
    assert!(log.status().is_damaged());
    assert_eq!(storage.segment_bytes()[1].0, 11);
}

#[test]
fn a_record_of_another_log_is_damage() {
    let mut bytes = bytes_of(&left_behind(3));
    let other = bytes_of(&left_behind(3));
    bytes.extend_from_slice(&other[line_starts(&other)[2]..]);
    let storage = with(&bytes);
    let log = open(&storage);
    assert!(log.status().is_damaged());
    assert_eq!(storage.segment_bytes()[0].1, bytes);
    assert_eq!(storage.segment_bytes()[1].0, 4);
}

#[test]
fn a_segment_under_a_wrong_name_is_damage_after_a_reboot_too() {
    let bytes = bytes_of(&left_behind(3));
    let storage = MemoryStorage::new();
    storage.set_segment(5, bytes.clone());
    let mut rebooted = options();
    rebooted.boot_id = Some("boot-2".to_owned());
    let log = LogWriter::open(storage.clone(), rebooted).unwrap();
    assert!(log.status().is_damaged());
    let segments = storage.segment_bytes();
    assert_eq!((&segments[0].1, segments[1].0), (&bytes, 6));
}

#[test]
fn a_whole_segment_that_does_not_follow_is_never_taken_for_torn() {
    let storage = MemoryStorage::new();
    let mut small = options();
    small.segment_records = 4;
    let mut log = LogWriter::open(storage.clone(), small.clone()).unwrap();
    for number in 0..5 {
        append(&mut log, &format!("c-{number}"));
    }
    log.sync().unwrap();
    drop(log);
    let segments = storage.segment_bytes();
    let moved = with(&segments[0].1);
    moved.set_segment(9, segments[1].1.clone());
    small.boot_id = Some("boot-2".to_owned());
    let log = LogWriter::open(moved.clone(), small).unwrap();
    assert!(log.status().is_damaged());
    assert_eq!(moved.torn(), []);
    assert_eq!(moved.segment_bytes()[1], (9, segments[1].1.clone()));
}

#[test]
fn a_log_that_is_all_garbage_is_kept_and_another_one_begun() {
    let garbage = b"not a log\n".repeat(200_000);
    let storage = with(&garbage);
    let mut log = open(&storage);
    append(&mut log, "after");
    log.close().unwrap();
    assert!(log.status().is_damaged());
    let segments = storage.segment_bytes();
    assert_eq!(segments[0].1, garbage);
    assert_eq!(segments[1].0, 1);
}

#[test]
fn an_empty_last_segment_is_used() {
    let storage = left_behind(3);
    storage.set_segment(4, Vec::new());
    let mut log = open(&storage);
    append(&mut log, "after");
    log.close().unwrap();
    let checked = intact(&storage);
    assert_eq!(checked.calls().last(), Some(&"after"));
    // A name that does not fit is of no use.
    let storage = left_behind(3);
    storage.set_segment(3, Vec::new());
    append(&mut open(&storage), "after");
    intact(&storage);
}

#[test]
fn a_torn_restart_is_recovered_again() {
    let whole = bytes_of(&left_behind(3));
    let mut bytes = whole.clone();
    bytes.extend_from_slice(b"torn");
    let storage = with(&bytes);
    drop(open(&storage));
    let resumed = bytes_of(&storage);
    for cut in whole.len()..resumed.len() {
        let storage = with(&resumed[..cut]);
        append(&mut open(&storage), "after");
        log_support::whole(&storage);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is done to the last segment: opening succeeds, bytes before the fault stay, and a log
    /// that is not whole says so.
    #[test]
    fn nothing_done_to_a_log_goes_unsaid(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        reboot in any::<bool>(),
    ) {
        let whole = bytes_of(&left_behind(20));
        let mut bytes = whole.clone();
        for (index, value) in &edits {
            let at = index.index(bytes.len());
            bytes[at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let first_difference = whole
            .iter()
            .zip(&bytes)
            .position(|(was, is)| was != is)
            .unwrap_or(bytes.len());
        let good_end = *line_starts(&whole).iter().rfind(|start| **start <= first_difference).unwrap();
        let storage = with(&bytes);
        let mut options = options();
        if reboot {
            options.boot_id = Some("boot-2".to_owned());
        }
        let mut log = LogWriter::open(storage.clone(), options).unwrap();
        append(&mut log, "after");
        log.close().unwrap();
        let segments = storage.segment_bytes();
        if log.status().is_damaged() {
            prop_assert_eq!(&segments[0].1, &bytes);
            prop_assert_eq!(storage.torn(), []);
            prop_assert!(!check(&segments).faults.is_empty());
        } else {
            intact(&storage);
            prop_assert_eq!(&segments[0].1[..good_end], &whole[..good_end]);
            let torn: Vec<u8> = storage.torn().into_iter().flat_map(|torn| torn.1).collect();
            prop_assert_eq!(&torn[..], &bytes[good_end..]);
        }
    }
}
