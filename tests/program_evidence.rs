//! What is handed over can be checked by whoever gets it.
#![cfg(unix)]

mod written_logs;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tool_audit::evidence::{EvidenceError, EvidenceRequest, pack_evidence};
use tool_audit::log::verify::{FaultKind, Head, Report, VerifyOptions, verify};
use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
use written_logs::{WrittenLog, call};

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A segment for each of six days in `general`, and one in `healthcare`.
fn store(folder: &Path) {
    let mut general = WrittenLog::create(&folder.join("general"), 1);
    for day in 1..=6 {
        if day > 1 {
            general.rotate(usize::from(day == 4));
        }
        for at in 0..3 {
            let mut members = call("conv_1", "get_order", "success", 0);
            members["timestamp"] = json!(format!("2025-08-{day:02}T{at:02}:00:00.000000Z"));
            members["call_id"] = json!(format!("call-{day}-{at}"));
            general.add("tool_call", &members);
        }
    }
    let mut health = WrittenLog::create(&folder.join("healthcare"), 2);
    health.add("tool_call", &call("conv_1", "get_patient", "success", 60));
    for (name, bytes) in [
        ("checkpoints/00000000000000000003.note", "note"),
        ("torn/00000000000000000000.jsonl-77", "{\"_ha"),
    ] {
        let path = folder.join("general").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The archive's files in their order.
fn unpack(archive: &[u8], into: &Path) -> Vec<String> {
    fs::create_dir(into).unwrap();
    let mut names = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().to_string_lossy().into_owned());
        assert!(entry.unpack_in(into).unwrap());
    }
    names
}

fn verify_unpacked(folder: &Path) -> Report {
    let heads = |name: &str| {
        let any = fs::read_dir(folder.join("heads")).unwrap();
        let any = any.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        if any.into_iter().any(|found| found.starts_with(name)) {
            Head::read_all(&folder.join("heads").join(name)).unwrap()
        } else {
            Vec::new()
        }
    };
    let options = VerifyOptions::new()
        .starts(heads("start"))
        .heads(heads("head"));
    verify(folder.join("store"), &options).unwrap()
}

fn check_sums(folder: &Path, names: &[String]) {
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let sums: BTreeMap<&str, &str> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, name)| (name, sum))
        .collect();
    assert_eq!(
        sums.len(),
        names.len() - 1,
        "every file but the sums themselves"
    );
    for (name, sum) in sums {
        let bytes = fs::read(folder.join(name)).unwrap();
        let digest = Sha256::digest(&bytes);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, sum, "{name}");
    }
}

#[test]
fn an_excerpt_holds_what_the_range_touches_and_verifies_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (audit, archive) = (
        folder.path().join("audit"),
        folder.path().join("august.tar"),
    );
    store(&audit);
    let output = program(&[
        "evidence",
        audit.to_str().unwrap(),
        "--from",
        "2025-08-03",
        "--to",
        "2025-08-04",
        "--as",
        "dpo",
        "--output",
        archive.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).ends_with("the store is intact\n"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(
        fs::metadata(&archive).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let unpacked = folder.path().join("unpacked");
    let names = unpack(&fs::read(&archive).unwrap(), &unpacked);
    let log = |id: u8| format!("{id:02x}").repeat(16);
    let of_general: Vec<PathBuf> = {
        let mut segments: Vec<PathBuf> = fs::read_dir(audit.join("general"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
            .collect();
        segments.sort();
        segments[2..4].to_vec()
    };
    let name_of = |path: &PathBuf| {
        format!(
            "store/general/{}",
            path.file_name().unwrap().to_str().unwrap()
        )
    };
    let expected = [
        vec![
            "README.txt".to_owned(),
            "FORMAT.md".to_owned(),
            "store/admin/00000000000000000000.jsonl".to_owned(),
        ],
        of_general.iter().map(name_of).collect(),
        vec![
            "store/general/checkpoints/00000000000000000003.note".to_owned(),
            "store/general/torn/00000000000000000000.jsonl-77".to_owned(),
        ],
    ]
    .concat();
    assert_eq!(names[..expected.len()], expected);
    let heads: Vec<&String> = names
        .iter()
        .filter(|name| name.starts_with("heads/"))
        .collect();
    assert_eq!(heads.len(), 3, "{heads:?}");
    assert!(heads.contains(&&format!("heads/start.{}", log(1))));
    assert_eq!(
        names[names.len() - 3..],
        ["verdict.json", "verdict.txt", "SHA256SUMS"]
    );
    for path in &of_general {
        let copy = unpacked.join(name_of(path));
        assert_eq!(fs::read(copy).unwrap(), fs::read(path).unwrap());
    }
    check_sums(&unpacked, &names);
    let verdict: Value =
        serde_json::from_slice(&fs::read(unpacked.join("verdict.json")).unwrap()).unwrap();
    assert_eq!(
        (
            &verdict["intact"],
            verdict["logs"].as_array().unwrap().len()
        ),
        (&json!(true), 3)
    );
    assert!(
        fs::read_to_string(unpacked.join("verdict.txt"))
            .unwrap()
            .contains("INTACT")
    );
    let readme = fs::read_to_string(unpacked.join("README.txt")).unwrap();
    for words in [
        "by dpo (a claim)",
        "2025-08-04T23:59:59.999999Z",
        "store/healthcare",
        "sha256sum --check",
    ] {
        assert!(readme.contains(words), "{words} is not in {readme}");
    }
    assert_eq!(
        fs::read_to_string(unpacked.join("FORMAT.md")).unwrap(),
        include_str!("../src/docs/format.md")
    );
    let admin =
        fs::read_to_string(unpacked.join("store/admin/00000000000000000000.jsonl")).unwrap();
    assert!(admin.contains(r#""verb":"evidence""#), "{admin}");

    let report = verify_unpacked(&unpacked);
    assert!(report.intact, "{report}");
    assert!(
        report
            .not_covered
            .iter()
            .any(|words| words.contains("before an excerpt")),
        "{report}"
    );
    let verified = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args([
            "verify",
            "store",
            "--start",
            "heads/start",
            "--head",
            "heads/head",
        ])
        .current_dir(&unpacked)
        .output()
        .unwrap();
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        text(&verified.stdout)
    );

    // Without the record before it nobody can tell an excerpt from a log whose beginning was cut off.
    let blind = verify(unpacked.join("store"), &VerifyOptions::new()).unwrap();
    assert_eq!(blind.logs[1].faults[0].kind, FaultKind::UnexplainedStart);
    let wrong: Head = format!(
        r#"{{"_hash":"{}","_log":"{}","_seq":8}}"#,
        "0".repeat(64),
        log(1)
    )
    .parse()
    .unwrap();
    let wrong = verify(unpacked.join("store"), &VerifyOptions::new().start(wrong)).unwrap();
    assert!(!wrong.intact, "a start with another hash explains nothing");
    let copy = unpacked.join(name_of(&of_general[1]));
    let bytes = fs::read_to_string(&copy).unwrap();
    let (left, _) = bytes.trim_end().rsplit_once('\n').unwrap();
    fs::remove_file(&copy).unwrap();
    fs::write(&copy, format!("{left}\n")).unwrap();
    assert!(
        !verify_unpacked(&unpacked).intact,
        "a copy that was cut shows"
    );
}

#[test]
fn an_excerpt_of_any_day_verifies_also_one_that_begins_with_repeated_records() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    store(&audit);
    for day in 1..=6 {
        let at = |time: &str| format!("2025-08-{day:02}T{time}Z").parse().unwrap();
        let request = EvidenceRequest::by("dpo")
            .from(at("00:00:00"))
            .to(at("23:59:59"));
        let mut archive = Vec::new();
        pack_evidence(&audit, &request, &mut archive).unwrap();
        let unpacked = folder.path().join(format!("day-{day}"));
        let names = unpack(&archive, &unpacked);
        let segments = names
            .iter()
            .filter(|name| name.starts_with("store/general/0"));
        // The fourth day's segment begins with the last record of the third day's, which counts where it stands first.
        assert_eq!(segments.count(), 1, "{names:?}");
        let report = verify_unpacked(&unpacked);
        assert!(report.intact, "day {day}: {report}");
    }
}

#[test]
fn the_same_store_gives_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let request = EvidenceRequest::by("dpo").at("2025-09-01T00:00:00Z".parse().unwrap());
    let pack = || {
        let mut archive = Vec::new();
        let packed = pack_evidence(folder.path(), &request, &mut archive).unwrap();
        (packed, archive)
    };
    let (packed, archive) = pack();
    assert_eq!((packed.segments, packed.intact), (7, true));
    assert_eq!(pack().1, archive);
    let unpacked = folder.path().join("unpacked");
    let names = unpack(&archive, &unpacked);
    assert!(
        !names.iter().any(|name| name.contains("start.")),
        "the logs are whole"
    );
    assert!(verify_unpacked(&unpacked).intact);
}

#[test]
fn of_a_log_that_is_being_written_whole_records_are_packed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let sink = HashChainSink::open(&store).unwrap();
    let entry = EntryBuilder::new("get_order").build(&Sanitizer::default());
    drop(sink.record(&entry.as_entry()));
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..20_000 {
                drop(sink.record(&entry.as_entry()));
            }
        });
        let mut packed = 0;
        while packed < 3 || !writer.is_finished() {
            let mut archive = Vec::new();
            let request = EvidenceRequest::by("dpo");
            match pack_evidence(&store, &request, &mut archive) {
                Ok(found) => assert!(found.intact),
                // Before the first record there is nothing.
                Err(EvidenceError::Nothing) => continue,
                Err(error) => panic!("{error}"),
            }
            let unpacked = folder.path().join(format!("unpacked-{packed}"));
            unpack(&archive, &unpacked);
            let report = verify_unpacked(&unpacked);
            assert!(report.intact, "{report}");
            packed += 1;
        }
    });
    // Half a record at the end of a log that is held: it is being written, and stays behind.
    let segment = store.join("general/00000000000000000000.jsonl");
    let mut file = fs::File::options().append(true).open(&segment).unwrap();
    file.write_all(b"{\"_hash\":\"half").unwrap();
    let mut archive = Vec::new();
    pack_evidence(&store, &EvidenceRequest::by("dpo"), &mut archive).unwrap();
    let unpacked = folder.path().join("half");
    unpack(&archive, &unpacked);
    let copy =
        fs::read_to_string(unpacked.join("store/general/00000000000000000000.jsonl")).unwrap();
    assert!(copy.ends_with("}\n"));
}

#[test]
fn a_torn_tail_and_other_damage_are_handed_over_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let mut log = WrittenLog::create(&folder.path().join("zz"), 9);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
    log.append(b"{\"_hash\":\"torn");
    let output_file = folder.path().join("out.tar");
    let output = program(&[
        "evidence",
        folder.path().to_str().unwrap(),
        "--output",
        output_file.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("DAMAGED"));
    let unpacked = folder.path().join("unpacked");
    unpack(&fs::read(&output_file).unwrap(), &unpacked);
    let name = "zz/00000000000000000000.jsonl";
    let copy = fs::read(unpacked.join("store").join(name)).unwrap();
    assert_eq!(copy, fs::read(folder.path().join(name)).unwrap());
    assert!(
        fs::read_to_string(unpacked.join("verdict.txt"))
            .unwrap()
            .contains("torn_tail")
    );
}

#[test]
fn nothing_is_overwritten_and_no_half_archive_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    store(&audit);
    let file = folder.path().join("kept.tar");
    fs::write(&file, b"kept").unwrap();
    let pack = |arguments: &[&str], file: &Path| {
        let all = [
            &[
                "evidence",
                audit.to_str().unwrap(),
                "--output",
                file.to_str().unwrap(),
            ],
            arguments,
        ]
        .concat();
        program(&all)
    };
    let refused = pack(&[], &file);
    assert_eq!(
        (refused.status.code(), fs::read(&file).unwrap()),
        (Some(2), b"kept".to_vec())
    );
    assert!(
        !audit.join("admin").exists(),
        "what is not read leaves no record"
    );
    let nothing = folder.path().join("nothing.tar");
    let refused = pack(&["--from", "2030-01-01"], &nothing);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("no record is in this range"),
        "{}",
        text(&refused.stderr)
    );
    assert!(!nothing.exists());
}

#[test]
fn an_archive_whose_making_cannot_be_recorded_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store_folder = folder.path().join("audit");
    store(&store_folder);
    fs::write(store_folder.join("admin"), b"in the way").unwrap();
    let archive = folder.path().join("all.tar");
    let output = program(&[
        "evidence",
        store_folder.to_str().unwrap(),
        "--output",
        archive.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("NOT RECORDED"));
    assert!(text(&output.stdout).starts_with("NOT RECORDED"));
    let unpacked = folder.path().join("unpacked");
    unpack(&fs::read(&archive).unwrap(), &unpacked);
    let readme = fs::read_to_string(unpacked.join("README.txt")).unwrap();
    assert!(readme.contains("NOT RECORDED"), "{readme}");
}

#[test]
fn logs_of_one_name_stand_apart_whichever_way_the_path_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let stores = folder.path().join("stores");
    for (name, id) in [("a", 1), ("b", 2)] {
        let mut log = WrittenLog::create(&stores.join(name).join("general"), id);
        log.add("tool_call", &call("conv_1", "get_order", "success", 60));
    }
    std::os::unix::fs::symlink(&stores, folder.path().join("link")).unwrap();
    for (number, path) in ["stores", "./stores", "link"].iter().enumerate() {
        let archive = format!("{number}.tar");
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .current_dir(folder.path())
            .args(["evidence", path, "--output", &archive])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let unpacked = folder.path().join(format!("unpacked-{number}"));
        let names = unpack(&fs::read(folder.path().join(archive)).unwrap(), &unpacked);
        for name in ["a", "b"] {
            let segment = format!("store/{name}/general/00000000000000000000.jsonl");
            assert!(names.contains(&segment), "{path}: {names:?}");
        }
        assert!(verify_unpacked(&unpacked).is_intact());
    }
}

#[test]
fn more_segments_than_a_process_may_have_files_open_are_packed() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("audit/general"), 1);
    for number in 0..200 {
        log.rotate(0);
        log.add("tool_call", &call("conv_1", "get_order", "success", number));
    }
    let command = "ulimit -n 64; exec \"$0\" evidence audit --output all.tar";
    let output = Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", command, env!("CARGO_BIN_EXE_tool-audit")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let unpacked = folder.path().join("unpacked");
    unpack(&fs::read(folder.path().join("all.tar")).unwrap(), &unpacked);
    assert!(verify_unpacked(&unpacked).is_intact());
}
