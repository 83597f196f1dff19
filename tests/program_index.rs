//! The verb `index`, and the verbs that use what it builds, as a shell calls them.

mod written_logs;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use written_logs::{WrittenLog, call};

fn program(arguments: &[&str], log: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg(arguments[0])
        .arg(log)
        .args(&arguments[1..])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn store(folder: &Path) -> WrittenLog {
    let mut log = WrittenLog::create(&folder.join("general"), 1);
    for number in 0..600_u32 {
        let mut members = call(
            &format!("conv_{}", number % 60),
            "get_order",
            "success",
            number,
        );
        members["arguments"] = json!({"text": "x".repeat(600)});
        log.add("tool_call", &members);
        if number == 300 {
            log.rotate(0);
        }
    }
    // Every verb that reads the log says that a line is no record.
    log.append(b"no record\n");
    log.add("tool_call", &call("conv_7", "cancel_order", "denied", 700));
    log
}

fn index(folder: &Path, arguments: &[&str]) -> Output {
    let mut all = vec!["index"];
    all.extend(arguments);
    program(&all, folder)
}

#[test]
fn query_and_timeline_say_the_same_with_an_index_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let log = store(folder.path());
    let built = index(folder.path(), &[]);
    assert_eq!(status(&built), 0, "{}", text(&built.stderr));
    assert!(
        text(&built.stdout).contains("index.sqlite: "),
        "{}",
        text(&built.stdout)
    );
    for question in [
        &["query", "--conversation", "conv_7"][..],
        &[
            "query",
            "--conversation",
            "conv_7",
            "--json",
            "--reverse",
            "--limit",
            "4",
        ],
        &["query", "--failures"],
        &["query", "--conversation", "nobody"],
        &["query", "--tool", "get_order", "--limit", "20", "--json"],
        &["timeline", "--conversation", "conv_7"],
        &["timeline", "--conversation", "conv_7", "--json"],
        &["timeline", "--conversation", "nobody"],
    ] {
        for path in [folder.path(), &log.folder] {
            let with = program(question, path);
            let without = program(&[question, &["--no-index"]].concat(), path);
            // Where an answer is cut off, how much of the log was read is not the question.
            let is_cut = question.contains(&"--limit");
            assert_eq!(text(&with.stdout), text(&without.stdout), "{question:?}");
            if !is_cut {
                assert_eq!(text(&with.stderr), text(&without.stderr), "{question:?}");
                assert_eq!(status(&with), status(&without), "{question:?}");
                assert_eq!(status(&with), 1, "the bad line shows");
            }
        }
    }
}

#[test]
fn an_index_is_checked_and_built_anew_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let none = index(folder.path(), &["--check"]);
    assert_eq!(status(&none), 2);
    assert!(
        text(&none.stderr).contains("has no index"),
        "{}",
        text(&none.stderr)
    );
    index(folder.path(), &[]);
    let sound = index(folder.path(), &["--check"]);
    assert_eq!(status(&sound), 0);
    assert!(text(&sound.stdout).starts_with("the index is sound; 2 segments known"));

    let path = folder.path().join("index.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute("DELETE FROM word WHERE segment = 1", [])
        .unwrap();
    drop(connection);
    let short = index(folder.path(), &["--check"]);
    assert_eq!(status(&short), 1);
    assert!(text(&short.stdout).contains("wrong answers"));
    assert_eq!(status(&index(folder.path(), &["--rebuild"])), 0);
    assert_eq!(status(&index(folder.path(), &["--check"])), 0);

    fs::write(&path, "no database, whatever it is called").unwrap();
    let answer = program(
        &["query", "--conversation", "conv_7", "--json"],
        folder.path(),
    );
    assert_eq!(text(&answer.stdout).lines().count(), 11);
    let said = text(&answer.stderr);
    assert!(
        said.contains("without their index") && said.contains("--rebuild"),
        "{said}"
    );
    let damaged = index(folder.path(), &[]);
    assert_eq!(status(&damaged), 2);
    assert!(text(&damaged.stderr).contains("--rebuild"));
    assert_eq!(status(&index(folder.path(), &["--rebuild"])), 0);
    assert_eq!(status(&index(folder.path(), &["--check"])), 0);
}

#[test]
fn each_store_below_a_folder_has_an_index_of_its_own_and_a_log_by_itself_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let log = store(&folder.path().join("one"));
    store(&folder.path().join("other"));
    let built = index(folder.path(), &[]);
    assert_eq!(text(&built.stdout).lines().count(), 2);
    for name in ["one", "other"] {
        assert!(folder.path().join(name).join("index.sqlite").exists());
    }
    let refused = index(&log.folder, &[]);
    assert_eq!(status(&refused), 2);
    assert!(text(&refused.stderr).contains("the folder above"));
}
