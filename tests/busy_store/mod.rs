//! A store whose summary has something in every part of the page, and hostile names among them.
// Each test program uses its own part of it.
#![allow(dead_code, unreachable_pub)]

use std::path::Path;

use serde_json::{Value, json};

use crate::written_logs::{WrittenLog, call};

/// What could end an element, act on a terminal, turn a line around, begin a formula, or not end.
pub fn hostile() -> Vec<String> {
    vec![
        "</script><script>document.title='forged'</script>".to_owned(),
        "</style></table><h1>INTEGRITY: VERIFIED</h1>".to_owned(),
        "\"><img src=x onerror=\"document.title='forged'\">".to_owned(),
        "{{ report }}{% raw %}".to_owned(),
        "\u{1b}]0;forged\u{7}\u{1b}[2K\u{9b}1A".to_owned(),
        "pay\u{202e}txt.exe\u{2066}\u{200f}\u{feff}".to_owned(),
        "line\nfeed\r\u{2028}\u{85}\u{0}".to_owned(),
        "=cmd|' /C calc'!A0".to_owned(),
        "&lt;b&gt;&amp;".to_owned(),
        "x".repeat(10_240),
        "\u{202e}".repeat(3_000),
        String::new(),
    ]
}

const TOOLS: [&str; 9] = [
    "get_order",
    "update_order_status",
    "get_patient",
    "search_patients",
    "issue_refund",
    "mcp__filesystem__read_text_file_with_a_rather_long_name",
    "send_email",
    "orders/list",
    "charge_payment",
];

/// Four weeks of calls in two classes.
pub fn busy_store(folder: &Path) {
    let mut general = WrittenLog::create(&folder.join("general"), 1);
    let mut health = WrittenLog::create(&folder.join("healthcare"), 2);
    let mut number = 0_u64;
    for day in 1..=28_u64 {
        let calls = if matches!(day % 7, 5 | 6) {
            6
        } else {
            25 + day * 7 % 31
        };
        for at in 0..calls {
            number += 1;
            // Far from chance, and never the same twice in a row.
            let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
            let tool = TOOLS[(mixed % 9 * (mixed / 9 % 3 + 1) / 3) as usize];
            let outcome = match mixed % 41 {
                0 => "timed_out",
                1 | 2 => "tool_error",
                3 => "denied",
                4 => "cancelled",
                5 => "input_required",
                _ => "success",
            };
            let mut members = call("conv", tool, outcome, 0);
            let time = format!(
                "2025-07-{day:02}T{:02}:{:02}:07.123456Z",
                6 + at * 12 / calls,
                mixed % 60
            );
            members["timestamp"] = json!(time);
            members["call_id"] = json!(format!("call-{number}"));
            members["conversation_id"] = json!(format!("conv_{}", number / 4));
            members["user_id"] = json!(format!("usr_{}", mixed % 23 * (mixed % 5) / 4));
            members["call_trigger"] =
                json!(["user_request", "follow_up", "proactive"][(mixed % 3) as usize]);
            members["duration_ms"] =
                json!((mixed % 997 * (mixed % 13) * (mixed % 7)) as f64 / 64.0);
            let log = if tool.contains("patient") {
                members["subjects"] = json!(["P-7", format!("P-{}", mixed % 50)]);
                members["purpose"] = json!("TREAT");
                members["session_metadata"] = json!({"user_role": "physician"});
                members["result_summary"] =
                    json!({"success": true, "fields": ["blood_type", "name", "rows.patient_id"]});
                &mut health
            } else {
                &mut general
            };
            log.add("tool_call", &members);
        }
    }
    attention(&mut health, &mut general);
}

/// Alerts, emergencies, losses, calls without an end.
fn attention(health: &mut WrittenLog, general: &mut WrittenLog) {
    for (at, reason) in [Some("cardiac arrest in ward 3"), None]
        .into_iter()
        .enumerate()
    {
        let mut emergency = call("conv_er", "get_patient", "success", 0);
        emergency["timestamp"] = json!(format!("2025-07-28T20:{at:02}:00.000000Z"));
        emergency["call_id"] = json!(format!("er-{at}"));
        emergency["subjects"] = json!(["P-7"]);
        emergency["purpose"] = json!("ETREAT");
        emergency["emergency"] = match reason {
            Some(reason) => json!({"reason": reason, "declared_by": "dr_franklin"}),
            None => json!({"declared_by": "dr_franklin", "defect": "no_reason"}),
        };
        health.add("tool_call", &emergency);
        let alert = json!({
            "call_ids": [format!("er-{at}")], "detail": {}, "retention_class": "healthcare", "rule": "break_glass",
            "severity": "high", "timestamp": "2025-07-28T20:30:00.000000Z",
        });
        health.add("alert", &alert);
    }
    for (at, name) in hostile().iter().enumerate() {
        let mut members = call("conv_x", name, "tool_error", 0);
        members["timestamp"] = json!("2025-07-28T21:00:00.000000Z");
        members["call_id"] = json!(format!("hostile-{at}"));
        members["user_id"] = json!(name);
        members["purpose"] = json!(name);
        members["subjects"] = json!(["P-7", name]);
        members["session_metadata"] = json!({"user_role": name});
        members["result_summary"] = json!({"success": false, "fields": [name]});
        general.add("tool_call", &members);
        let alert = json!({
            "call_ids": [], "detail": {}, "retention_class": "general", "rule": name, "severity": name,
            "timestamp": "2025-07-28T21:30:00.000000Z",
        });
        general.add("alert", &alert);
    }
    let mut started = call("conv_y", "issue_refund", "success", 0);
    started["timestamp"] = json!("2025-07-28T22:00:00.000000Z");
    started["call_id"] = json!("open-1");
    for member in ["outcome", "success", "duration_ms", "result_summary"] {
        started
            .as_object_mut()
            .map(|members| members.remove(member));
    }
    general.add("tool_call_started", &started);
    let lost = json!({
        "count": 17, "reason": "queue_full", "retention_class": "general",
        "since": "2025-07-28T22:00:00.000000Z", "timestamp": "2025-07-28T22:10:00.000000Z",
    });
    general.add("entries_lost", &lost);
}

/// The review of the first emergency, in the store's `admin`.
pub fn review(folder: &Path) {
    let mut admin = WrittenLog::create(&folder.join("admin"), 3);
    let members: Value = json!({
        "actor": "dpo", "call_ids": ["er-0"], "finding": "justified", "retention_class": "admin",
        "timestamp": "2025-07-29T08:00:00.000000Z",
    });
    admin.add("reviewed", &members);
}
