//! Completions for shells and pages of the manual, as a packager makes them.

use std::process::{Command, Output};

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = program(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that the program's own help names.
fn verbs() -> Vec<String> {
    let help = printed(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap();
    let lines = commands.split("Options:").next().unwrap().lines();
    // A verb stands two blanks from the left, and what goes on below a description further in.
    lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn completions_of_each_shell_name_all_verbs() {
    let verbs = verbs();
    assert!(verbs.len() >= 10, "{verbs:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for verb in &verbs {
            assert!(
                script.contains(verb.as_str()),
                "{shell} does not know {verb}"
            );
        }
    }
}

#[test]
fn each_verb_has_a_page_of_the_manual() {
    let whole = printed(&["man"]);
    assert!(whole.contains(".TH tool-audit 1"), "{whole}");
    for verb in verbs() {
        assert!(whole.contains(&verb), "the page does not name {verb}");
        let page = printed(&["man", &verb]);
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains(&verb),
            "{page}"
        );
    }
}

#[test]
fn an_unknown_verb_has_no_page() {
    let output = program(&["man", "verfiy"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("\"verfiy\"") && error.lines().count() == 1,
        "{error}"
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
