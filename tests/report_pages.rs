//! Reports as pages: they say what the JSON says, run nothing, load nothing, and let no text out of its place.
#![cfg(unix)]

mod busy_store;
mod written_logs;

use std::fs;
use std::path::Path;

use busy_store::{busy_store, hostile, review};
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tool_audit::query::escape;
use tool_audit::report::{
    AccessRequest, Made, SummaryReport, SummaryRequest, access_report, summary_report,
};
use written_logs::{WrittenLog, call};

fn select<'a>(within: &ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    within.select(&Selector::parse(selector).unwrap()).collect()
}

fn page(html: &str) -> Html {
    let page = Html::parse_document(html);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    page
}

/// The values of a row: what a machine reads where there is that, and else the text.
fn cells(row: &ElementRef<'_>) -> Vec<String> {
    select(row, "th, td").iter().map(cell).collect()
}

fn cell(cell: &ElementRef<'_>) -> String {
    if let Some(value) = select(cell, "data").first() {
        return value.attr("value").unwrap().to_owned();
    }
    if let Some(time) = select(cell, "time").first() {
        return time.attr("datetime").unwrap().to_owned();
    }
    text(cell)
}

/// The text, a long one as it stands when it is opened, and nothing where it is said to be empty.
fn text(of: &ElementRef<'_>) -> String {
    if let Some(long) = select(of, "details.long > bdi").first() {
        return long.text().collect();
    }
    if !select(of, "em").is_empty() {
        return String::new();
    }
    of.text().collect::<String>().trim().to_owned()
}

fn rows(page: &Html, table: &str) -> Vec<Vec<String>> {
    let rows = select(&page.root_element(), &format!("{table} tbody tr"));
    rows.iter().map(cells).collect()
}

fn shown(text: &str) -> String {
    escape(text).trim().to_owned()
}

fn busy(folder: &Path) -> SummaryReport {
    busy_store(folder);
    review(folder);
    summary_report(folder, &SummaryRequest::new().shown(100)).unwrap()
}

fn number(value: &Value) -> String {
    value.to_string()
}

#[test]
fn the_rows_of_a_summary_are_those_of_its_json() {
    let folder = tempfile::tempdir().unwrap();
    let report = busy(folder.path());
    let page = page(&report.to_html(&Made::by("dpo")).unwrap());
    let json = serde_json::to_value(&report).unwrap();
    let of = |pointer: &str| json.pointer(pointer).unwrap().as_array().unwrap().clone();
    let word = |value: &Value| shown(value.as_str().unwrap());

    let steps: Vec<_> = of("/volumes/steps")
        .iter()
        .map(|step| {
            vec![
                word(&step["start"]),
                number(&step["calls"]),
                number(&step["failures"]),
            ]
        })
        .collect();
    assert_eq!(rows(&page, "#steps"), steps);
    let bands: Vec<String> = of("/durations/bands")
        .iter()
        .map(|band| number(&band["calls"]))
        .collect();
    let shown_bands: Vec<String> = rows(&page, "#bands")
        .into_iter()
        .map(|row| row[2].clone())
        .collect();
    assert_eq!(shown_bands, bands);
    for name in ["avg_ms", "p50", "p95", "p99", "max_ms"] {
        let tile = select(&page.root_element(), &format!("#{name}"));
        assert_eq!(
            cell(&tile[0]).parse::<f64>().unwrap(),
            json["durations"][name],
            "{name}"
        );
    }
    for (table, member) in [("#outcomes", "outcomes"), ("#triggers", "by_trigger")] {
        let mut found: Vec<(String, String)> =
            select(&page.root_element(), &format!("{table} tbody tr"))
                .iter()
                .map(|row| {
                    let name = select(row, "th")[0].attr("data-value").unwrap().to_owned();
                    (name, cells(row)[1].clone())
                })
                .collect();
        found.sort();
        let expected: Vec<(String, String)> = json[member]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, calls)| (name.clone(), number(calls)))
            .collect();
        assert_eq!(found, expected);
    }
    let tools: Vec<_> = of("/tools/shown")
        .iter()
        .map(|tool| {
            let mut row = vec![word(&tool["tool"]), number(&tool["total_calls"])];
            let members = [
                "success_rate",
                "p50",
                "p95",
                "p99",
                "max_duration_ms",
                "unique_users",
            ];
            row.extend(members.map(|member| number(&tool[member])));
            row
        })
        .collect();
    assert_eq!(rows(&page, "#tool-rows"), tools);
    let users: Vec<_> = of("/users/shown")
        .iter()
        .map(|user| {
            vec![
                word(&user["user"]),
                number(&user["total_calls"]),
                number(&user["failures"]),
            ]
        })
        .collect();
    assert_eq!(rows(&page, "#user-rows"), users);
    let alerts: Vec<_> = of("/alerts/by_rule")
        .iter()
        .map(|rule| {
            let mut row = vec![
                word(&rule["rule"]),
                word(&rule["severity"]),
                word(&rule["last"]),
            ];
            row.extend([number(&rule["alerts"]), number(&rule["unreviewed"])]);
            row
        })
        .collect();
    assert_eq!(rows(&page, "#alert-rows"), alerts);
    let emergencies = rows(&page, "#emergency-rows");
    assert_eq!(emergencies.len(), 2);
    assert_eq!(
        emergencies[0][1..],
        [
            "usr_9",
            "get_patient",
            "success",
            "defect: no reason",
            "dr_franklin",
            "unreviewed"
        ]
    );
    assert_eq!(
        emergencies[1][4..],
        ["cardiac arrest in ward 3", "dr_franklin", "reviewed"]
    );
    let logs: Vec<_> = of("/integrity/logs")
        .iter()
        .map(|log| {
            let name = log.as_str().unwrap();
            let of = |member: &str| number(&json["integrity"][member][name]);
            vec![
                name.to_owned(),
                of("from_seq"),
                of("through_seq"),
                "whole".to_owned(),
            ]
        })
        .collect();
    assert_eq!(rows(&page, "#logs"), logs);
}

#[test]
fn the_rows_of_an_access_report_are_those_of_its_json() {
    let folder = tempfile::tempdir().unwrap();
    busy_store(folder.path());
    for request in [
        AccessRequest::of_subject("P-7"),
        AccessRequest::of_user("usr_0"),
    ] {
        let report = access_report(folder.path(), &request).unwrap();
        let page = page(&report.to_html(&Made::by("dpo")).unwrap());
        let json = serde_json::to_value(&report).unwrap();
        for name in ["total_accesses", "unique_users", "not_attributable"] {
            let tile = select(&page.root_element(), &format!("#{name}"));
            assert_eq!(cell(&tile[0]), number(&json[name]), "{name}");
        }
        let texts = |value: &Value| {
            let texts: Vec<String> = value
                .as_array()
                .unwrap()
                .iter()
                .map(|text| shown(text.as_str().unwrap()))
                .collect();
            texts
        };
        let rows = select(&page.root_element(), "#access-rows tbody tr");
        let accesses = json["accesses"].as_array().unwrap();
        assert!(rows.len() > 20 && rows.len() == accesses.len());
        for (row, access) in rows.iter().zip(accesses) {
            let found = cells(row);
            let member = |name: &str| shown(access[name].as_str().unwrap());
            assert_eq!(
                found[..4],
                [
                    member("timestamp"),
                    member("accessed_by"),
                    member("role"),
                    member("tool")
                ]
            );
            let purpose = found[4].strip_suffix(" emergency");
            assert_eq!(purpose.is_some(), access["emergency"].as_bool().unwrap());
            assert_eq!(purpose.unwrap_or(&found[4]).trim(), member("purpose"));
            let outcome = if access["success"].as_bool().unwrap() {
                "success"
            } else {
                "failure"
            };
            assert_eq!(found[5], outcome);
            for (at, name) in [(6, "data_viewed"), (7, "subjects")] {
                if let Some(cell) = select(row, "th, td").get(at) {
                    let listed: Vec<String> = select(cell, "li").iter().map(text).collect();
                    assert_eq!(listed, texts(&access[name]));
                }
            }
        }
    }
}

#[test]
fn what_a_log_says_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let report = busy(folder.path());
    let of_subject = |subject: &str| {
        let report = access_report(folder.path(), &AccessRequest::of_subject(subject)).unwrap();
        report.to_html(&Made::by(subject)).unwrap()
    };
    let mut pages = vec![report.to_html(&Made::by("dpo")).unwrap(), of_subject("P-7")];
    let names = hostile();
    pages.extend(
        names
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| of_subject(name)),
    );
    for html in pages {
        let hidden = |one: char| one != '\n' && escape(&one.to_string()) != one.to_string();
        assert_eq!(html.find(hidden), None);
        let page = page(&html);
        let root = page.root_element();
        let count = |selector: &str| select(&root, selector).len();
        assert_eq!(
            (count("script"), count("img"), count("h1"), count("style")),
            (0, 0, 1, 1)
        );
        for element in select(&root, "*") {
            for (name, value) in element.value().attrs() {
                assert!(
                    !name.starts_with("on") && name != "style" && name != "src",
                    "{name}={value}"
                );
                let is_link = matches!(name, "href" | "action" | "xlink:href");
                assert!(!is_link || value.starts_with('#'), "{name}={value}");
            }
        }
        let title: String = select(&root, "title")[0].text().collect();
        assert!(["Audit log summary", "Access report"].contains(&title.as_str()));
    }
}

#[test]
fn the_policy_of_a_page_lets_its_own_style_in_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let html = busy(folder.path()).to_html(&Made::by("dpo")).unwrap();
    let page = page(&html);
    let root = page.root_element();
    let style: String = select(&root, "style")[0].text().collect();
    let digest = base64(&Sha256::digest(style.as_bytes()));
    let policy = select(&root, "meta[http-equiv=Content-Security-Policy]")[0].attr("content");
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    );
    assert_eq!(policy, Some(&*expected));
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing names another place"
    );
}

/// Standard base64, so that the page's own is not what it is compared with.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= three.len() {
                char::from(DIGITS[value as usize])
            } else {
                '='
            });
        }
    }
    text
}

#[test]
fn charts_have_a_name_a_description_and_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(&busy(folder.path()).to_html(&Made::by("dpo")).unwrap());
    let charts = select(&page.root_element(), "figure svg[role=img]");
    assert_eq!(charts.len(), 2);
    for chart in charts {
        let named = chart.attr("aria-labelledby").unwrap();
        for id in named.split(' ') {
            let named: String = select(&page.root_element(), &format!("#{id}"))[0]
                .text()
                .collect();
            assert!(!named.is_empty());
        }
        let beside = ElementRef::wrap(chart.parent().unwrap().parent().unwrap()).unwrap();
        assert_eq!(select(&beside, "table").len(), 1);
        assert!(select(&chart, "rect.well").len() > 3);
        for coloured in select(&chart, "[fill], [stroke]") {
            let colours = [coloured.attr("fill"), coloured.attr("stroke")];
            assert!(
                colours
                    .iter()
                    .all(|one| one.is_none_or(|one| one == "none")),
                "colours are the style's"
            );
        }
    }
}

#[test]
fn the_foot_names_maker_time_range_and_basis_and_a_replayed_log_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let opening = json!({"format": 1, "source": "replay"});
    let mut log = WrittenLog::create_as(&folder.path().join("general"), 1, &opening);
    log.add("tool_call", &call("conv_1", "get_order", "success", 60));
    let to = "2025-07-31T23:59:59.999999Z".parse().unwrap();
    let report = summary_report(folder.path(), &SummaryRequest::new().to(to)).unwrap();
    let made = Made::by("dr\u{202e}_9")
        .claimed()
        .at("2025-08-01T10:00:00Z".parse().unwrap());
    let whole = page(&report.to_html(&made).unwrap());
    let foot: String = select(&whole.root_element(), "footer")[0].text().collect();
    for words in [
        "dr\\u202e_9 (a claim)",
        concat!("tool-audit ", env!("CARGO_PKG_VERSION")),
        "2025-08-01 10:00:00 UTC",
        "From the beginning to 2025-07-31 23:59:59.999",
        "verified, basis: chain",
        "REPLAYED",
    ] {
        assert!(foot.contains(words), "{words} is not in {foot}");
    }
    let head: String = select(&whole.root_element(), "header")[0].text().collect();
    assert!(head.contains("REPLAYED") && head.contains("Verified"));

    let bytes = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), bytes.replacen("get_order", "set_order", 1)).unwrap();
    let report = summary_report(folder.path(), &SummaryRequest::new()).unwrap();
    let damaged = page(&report.to_html(&made).unwrap());
    let head: String = select(&damaged.root_element(), "header")[0]
        .text()
        .collect();
    assert!(head.contains("Not verified"), "{head}");
    let faults: String = select(&damaged.root_element(), ".faults li")[0]
        .text()
        .collect();
    assert!(faults.contains("hash_mismatch"), "{faults}");
}

#[test]
fn numbers_that_are_estimates_are_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let mut members = call("conv_1", "get_order", "success", 1);
    for number in 0..66_000 {
        members["user_id"] = json!(format!("usr_{number}"));
        log.add("tool_call", &members);
    }
    let report = summary_report(folder.path(), &SummaryRequest::new()).unwrap();
    let users = report.users.shown.len() as u64 + report.users.others;
    assert!(report.users.others_estimated && !report.tools.others_estimated);
    assert!(users.abs_diff(66_000) < 2000, "{users}");
    let page = page(&report.to_html(&Made::by("dpo")).unwrap());
    let tiles = select(&page.root_element(), ".tiles dd");
    let words: String = tiles[3].text().collect();
    assert!(words.trim().starts_with("about 6"), "{words}");
    assert!(!tiles[2].text().collect::<String>().contains("about"));
    assert!(report.to_string().contains("about "), "{report}");
}

#[test]
fn an_empty_store_has_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    WrittenLog::create(&folder.path().join("general"), 1);
    let summary = summary_report(folder.path(), &SummaryRequest::new()).unwrap();
    page(&summary.to_html(&Made::by("dpo")).unwrap());
    let access = access_report(folder.path(), &AccessRequest::of_user("usr_9")).unwrap();
    page(&access.to_html(&Made::by("dpo")).unwrap());
}

#[test]
fn a_page_says_what_is_left_out_and_not_recorded_as_the_json_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    let mut later = call("conv_1", "get_order", "paused_for_approval", 60);
    later["subjects"] = json!(["P-7"]);
    log.add("tool_call", &later);
    log.append(b"no record\n");
    let mut access = access_report(folder.path(), &AccessRequest::of_subject("P-7")).unwrap();
    let mut summary = summary_report(folder.path(), &SummaryRequest::new()).unwrap();
    let mut pages = Vec::new();
    for recorded in [true, false] {
        if !recorded {
            access.set_reading_not_recorded();
            summary.set_reading_not_recorded();
        }
        for (html, json) in [
            (
                access.to_html(&Made::by("dpo")),
                serde_json::to_value(&access),
            ),
            (
                summary.to_html(&Made::by("dpo")),
                serde_json::to_value(&summary),
            ),
        ] {
            pages.push((page(&html.unwrap()), json.unwrap(), recorded));
        }
    }
    for (page, json, recorded) in pages {
        let root = page.root_element();
        let passed = &json["passed_over"];
        let numbers = select(&root, "#passed-over data");
        let numbers: Vec<&str> = numbers
            .iter()
            .filter_map(|data| data.attr("value"))
            .collect();
        let names = ["bad_lines", "not_understood", "pruned_segments"];
        let expected = names.map(|name| number(&passed[name]));
        assert_eq!(numbers, expected);
        assert_eq!(passed["bad_lines"], 1);
        assert_eq!(select(&root, "#not-recorded").is_empty(), recorded);
        assert_eq!(json["reading_recorded"] == false, !recorded);
    }
    let whole = tempfile::tempdir().unwrap();
    WrittenLog::create(&whole.path().join("general"), 1);
    let summary = summary_report(whole.path(), &SummaryRequest::new()).unwrap();
    let page = page(&summary.to_html(&Made::by("dpo")).unwrap());
    assert!(select(&page.root_element(), "#passed-over").is_empty());
}
