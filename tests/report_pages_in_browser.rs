//! A browser shows the pages, runs nothing of them, and an accessibility checker finds nothing wrong.
#![cfg(unix)]
// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

mod busy_store;
mod written_logs;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use busy_store::{busy_store, hostile, review};

/// The browser, and the folder of the packages that drive it.
fn browser() -> Option<(PathBuf, PathBuf)> {
    let named = env::var_os("TOOL_AUDIT_CHROMIUM").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|program| program.is_file());
    let Some(chromium) = named.or(on_path) else {
        eprintln!(
            "SKIPPED: no Chromium is here (TOOL_AUDIT_CHROMIUM names one), so no page was looked at"
        );
        return None;
    };
    let modules = env::var_os("TOOL_AUDIT_NODE_MODULES").map(PathBuf::from);
    let Some(modules) = modules.filter(|modules| modules.join("axe-core").is_dir()) else {
        eprintln!(
            "SKIPPED: TOOL_AUDIT_NODE_MODULES names no folder with axe-core and puppeteer-core, so no page was looked at"
        );
        return None;
    };
    Some((chromium, modules))
}

fn make(log: &Path, arguments: &[&str], page: &Path) -> PathBuf {
    let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("report")
        .arg(arguments[0])
        .arg(log)
        .args(&arguments[1..])
        .args(["--format", "html", "--output"])
        .arg(page)
        .output()
        .unwrap();
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    page.to_owned()
}

#[test]
fn nothing_runs_nothing_is_loaded_nothing_overflows_and_axe_finds_no_violation() {
    let Some((chromium, modules)) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    busy_store(&store);
    review(&store);
    let page = |name: &str| folder.path().join(format!("{name}.html"));
    let mut pages = vec![
        make(&store, &["summary"], &page("summary")),
        make(&store, &["access", "--subject", "P-7"], &page("subject")),
        make(&store, &["access", "--user", "usr_0"], &page("user")),
        make(
            &store,
            &["access", "--user", &hostile()[0]],
            &page("hostile"),
        ),
        make(&store, &["summary", "--to", "2000-01-01"], &page("nothing")),
    ];
    let segment = store.join("general/00000000000000000000.jsonl");
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replacen("get_order", "set_order", 1)).unwrap();
    pages.push(make(&store, &["summary"], &page("damaged")));
    let output = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report_pages_in_browser.mjs"))
        .arg(chromium)
        .arg(modules)
        .args(&pages)
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: node is missing, so no page was looked at");
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let found = String::from_utf8_lossy(&output.stdout);
    assert_eq!(found, "", "{errors}");
}
