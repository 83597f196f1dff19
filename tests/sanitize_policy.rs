//! Policies: presets, rules of one's own from code and from a file, and what is wrong with those that are refused.
#![cfg(feature = "policy")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tool_audit::sanitize::{
    Action, ClientIpPolicy, PolicyFile, Preset, PseudonymKey, Sanitizer, SanitizerBuilder,
    SanitizerError, UserIdPolicy,
};

use tool_audit::{CallContext, MemorySink, Policy, Recorder, Results, ToolCall};

const PLENTY: usize = 1024 * 1024;

fn key(id: &str, byte: u8) -> PseudonymKey {
    PseudonymKey::from_bytes(id, &[byte; 32]).expect("a whole key")
}

fn preset(preset: Preset) -> SanitizerBuilder {
    Sanitizer::builder().preset(preset)
}

fn built(builder: SanitizerBuilder) -> Sanitizer {
    builder.build().expect("rules that agree")
}

fn of_file(text: &str) -> Sanitizer {
    let policy = PolicyFile::parse(text, "policy.toml").expect("a policy");
    policy.sanitizer().expect("rules that agree")
}

fn at(sanitizer: &Sanitizer, path: &[&str], value: &Value) -> Value {
    let mut out = Vec::new();
    sanitizer.write_value_at(&mut out, path, value, PLENTY);
    let once: Value = serde_json::from_slice(&out).expect("JSON");
    let mut again = Vec::new();
    sanitizer.write_value_at(&mut again, path, &once, PLENTY);
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(&out),
        "a second pass changes it again"
    );
    once
}

fn sanitized(sanitizer: &Sanitizer, value: &Value) -> Value {
    at(sanitizer, &["arguments"], value)
}

/// The error in a file's text, and the line and column that it names.
fn refused(text: &str) -> (String, usize, usize) {
    let error = PolicyFile::parse(text, "dir/policy.toml").expect_err("it should be refused");
    let place = error.place().expect("a place").clone();
    assert_eq!(place.origin, Path::new("dir/policy.toml"));
    let shown = error.to_string();
    let prefix = format!(
        "dir/policy.toml, line {}, column {}: ",
        place.line, place.column
    );
    let problem = shown.strip_prefix(&prefix).expect("file, line and column");
    (problem.to_owned(), place.line, place.column)
}

// --- presets -------------------------------------------------------------------------------

fn person_and_secrets() -> Value {
    json!({
        "password": "correct horse",
        "patient_name": "Ada Example",
        "cvv": "123",
        "iban": "GB33BUKB20201555555555",
        "pin": "9876",
        "age": 93,
        "zip": "94107-1234",
        "admission_date": "2024-05-17",
        "city": "Springfield",
    })
}

fn is(value: &Value, name: &str, expected: &str) -> bool {
    value[name]
        .as_str()
        .is_some_and(|text| text.starts_with(expected))
}

#[test]
fn the_default_preset_redacts_masks_drops_and_makes_pseudonyms() {
    let done = sanitized(&built(preset(Preset::Default)), &person_and_secrets());
    assert!(is(&done, "password", "[REDACTED:"), "{done}");
    assert!(is(&done, "patient_name", "pn:"), "{done}");
    assert_eq!(done["age"], 93);
    assert_eq!(done["city"], "Springfield");
}

#[test]
fn secrets_only_leaves_persons_and_accounts_alone() {
    let done = sanitized(&built(preset(Preset::SecretsOnly)), &person_and_secrets());
    assert!(is(&done, "password", "[REDACTED:"), "{done}");
    for name in ["patient_name", "iban", "age", "zip", "city"] {
        assert_eq!(done[name], person_and_secrets()[name], "{done}");
    }
}

#[test]
fn hipaa_makes_dates_ages_and_places_coarser() {
    let sanitizer = built(preset(Preset::Hipaa));
    let done = sanitized(&sanitizer, &person_and_secrets());
    assert!(is(&done, "password", "[REDACTED:"), "{done}");
    assert!(is(&done, "patient_name", "pn:"), "{done}");
    assert_eq!(done["age"], "90+");
    assert_eq!(done["zip"], "941");
    assert_eq!(done["admission_date"], "2024");
    assert!(is(&done, "city", "[REDACTED:city]"), "{done}");
    assert_eq!(
        sanitized(&sanitizer, &json!({"age": 47, "zip": "03601"})),
        json!({"age": 47, "zip": "000"})
    );
    assert_eq!(
        sanitized(&sanitizer, &json!({"date_of_birth": "the third of May"})),
        json!({"date_of_birth": "[REDACTED:date_of_birth]"})
    );
}

#[test]
fn hipaa_finds_network_addresses_in_text_and_provider_numbers_by_name() {
    let sanitizer = built(preset(Preset::Hipaa).pseudonym_key(key("k1", 1)));
    let done = sanitized(
        &sanitizer,
        &json!({"note": "from 10.0.1.5 and 2001:db8::7 at 10:20:30", "npi": "1234567893"}),
    );
    let (four, six) = (
        sanitizer.pseudonym("ip", "10.0.1.5"),
        sanitizer.pseudonym("ip", "2001:db8::7"),
    );
    assert_eq!(done["note"], format!("from {four} and {six} at 10:20:30"));
    assert!(is(&done, "npi", "pn:npi:k1:"), "{done}");
    assert_eq!(
        sanitizer.record_rules().client_ip,
        ClientIpPolicy::Pseudonym
    );
    let kept = built(preset(Preset::Hipaa).client_ip(ClientIpPolicy::Keep));
    assert_eq!(kept.record_rules().client_ip, ClientIpPolicy::Keep);
}

#[test]
fn pci_drops_pins_and_tracks_and_never_masks_and_pseudonymizes_one_card_number() {
    let done = sanitized(
        &built(preset(Preset::Pci)),
        &json!({"pin": "9876", "track_data": "%B4111", "pan": "4111 1111 1111 1111"}),
    );
    assert!(is(&done, "pin", "[DROPPED:pin]"), "{done}");
    assert!(is(&done, "track_data", "[DROPPED:"), "{done}");
    let both = preset(Preset::Pci)
        .pseudonymize_key("card number", "card")
        .build();
    assert!(matches!(
        both,
        Err(SanitizerError::MaskedAndPseudonymized { .. })
    ));
    let for_a_tool = preset(Preset::Pci)
        .for_tool("pay", |rules| {
            rules.detector("card", Action::Pseudonymize("card".into()))
        })
        .mask_key("pan")
        .build();
    assert!(matches!(
        for_a_tool,
        Err(SanitizerError::MaskedAndPseudonymized { .. })
    ));
}

// --- rules from code -----------------------------------------------------------------------

#[test]
fn names_are_redacted_masked_dropped_made_pseudonyms_and_kept() {
    let sanitizer = built(
        Sanitizer::builder()
            .redact_key("badge")
            .mask_key("loyalty number")
            .drop_key("voicePrint")
            .pseudonymize_key("chart", "chart")
            .keep_key("public token")
            .pseudonym_key(key("k1", 1)),
    );
    let value = json!({
        "badge": 7, "loyaltyNumber": "9876543210", "voice_print": [1, 2], "chart": "C-7",
        "publicToken": "abc", "token": "abc",
    });
    assert_eq!(
        sanitized(&sanitizer, &value),
        json!({
            "badge": "[REDACTED:badge]", "loyaltyNumber": "[MASKED:loyalty_number:3210]",
            "voice_print": "[DROPPED:voice_print]", "chart": sanitizer.pseudonym("chart", "C-7"),
            "publicToken": "abc", "token": "[REDACTED:token]",
        })
    );
}

#[test]
fn patterns_are_found_in_texts_numbers_and_json_in_strings() {
    let sanitizer = built(
        Sanitizer::builder()
            .pattern("ticket", r"TKT-\d{6}", Action::Redact)
            .pattern(
                "room",
                r"(?i)room (?<value>\d{3})",
                Action::Pseudonymize("room".into()),
            )
            .pattern("staff", r"^77\d{6}$", Action::Drop)
            .pseudonym_key(key("k1", 1)),
    );
    let room = sanitizer.pseudonym("room", "204");
    assert_eq!(
        sanitized(
            &sanitizer,
            &json!({"a": "TKT-123456, Room 204", "b": 77_123_456, "c": 78, "d": "{\"e\":\"TKT-123456\"}"})
        ),
        json!({
            "a": format!("[REDACTED:ticket], Room {room}"), "b": "[DROPPED:staff]", "c": 78,
            "d": "{\"e\":\"[REDACTED:ticket]\"}",
        })
    );
    let mut out = Vec::new();
    sanitizer.write_text(&mut out, "TKT-123456", PLENTY);
    assert_eq!(out, b"\"[REDACTED:ticket]\"");
}

#[test]
fn paths_say_where_and_stand_before_names() {
    let sanitizer = built(
        Sanitizer::builder()
            .path("arguments.user.*.note", Action::Redact)
            .path("arguments.**.flag", Action::Drop)
            .path("arguments.login.token", Action::Keep)
            .path("result.rows[].cell", Action::Redact)
            .path("session_metadata.desk", Action::Redact)
            .path("arguments.body.inner", Action::Redact),
    );
    assert_eq!(
        sanitized(
            &sanitizer,
            &json!({
                "user": {"a": {"note": "x", "other": "y"}, "note": "z"},
                "deep": [{"flag": true}],
                "login": {"token": "kept", "password": "gone"},
                "rows": [{"cell": 1}],
                "body": "{\"inner\":\"x\",\"outer\":\"y\"}",
            })
        ),
        json!({
            "user": {"a": {"note": "[REDACTED:note]", "other": "y"}, "note": "z"},
            "deep": [{"flag": "[DROPPED:flag]"}],
            "login": {"token": "kept", "password": "[REDACTED:password]"},
            "rows": [{"cell": 1}],
            "body": "{\"inner\":\"[REDACTED:inner]\",\"outer\":\"y\"}",
        })
    );
    assert_eq!(
        at(
            &sanitizer,
            &["result"],
            &json!({"rows": [{"cell": 1, "id": 2}], "user": {"a": {"note": "x"}}})
        ),
        json!({"rows": [{"cell": "[REDACTED:cell]", "id": 2}], "user": {"a": {"note": "x"}}})
    );
    assert_eq!(
        at(&sanitizer, &["session_metadata", "desk"], &json!("4")),
        json!("[REDACTED:desk]")
    );
}

#[test]
fn of_two_paths_to_one_place_the_last_holds() {
    let sanitizer = built(
        Sanitizer::builder()
            .path("arguments.**.note", Action::Redact)
            .path("arguments.a.note", Action::Drop),
    );
    assert_eq!(
        sanitized(&sanitizer, &json!({"a": {"note": "x"}, "b": {"note": "x"}})),
        json!({"a": {"note": "[DROPPED:note]"}, "b": {"note": "[REDACTED:note]"}})
    );
}

#[test]
fn the_rules_of_a_tool_are_those_of_its_name_then_of_the_longest_pattern() {
    let sanitizer = built(
        Sanitizer::builder()
            .redact_key("common")
            .for_tool("*", |rules| rules.redact_key("any"))
            .for_tool("refund_*", |rules| {
                rules.redact_key("pattern").keep_key("password")
            })
            .for_tool("refund_order", |rules| rules.redact_key("exact")),
    );
    let value = json!({"common": 1, "any": 1, "pattern": 1, "exact": 1, "password": "p"});
    let changed = |tool: &str| {
        let done = sanitized(sanitizer.for_tool(tool), &value);
        let members = done.as_object().expect("an object").iter();
        let changed = members.filter(|(_, value)| is_marker(value));
        changed
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(changed("refund_order"), "common exact password");
    assert_eq!(changed("refund_call"), "common pattern");
    assert_eq!(changed("other"), "any common password");
}

fn is_marker(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('['))
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let builder = Sanitizer::builder;
    let refused = |builder: SanitizerBuilder| builder.build().expect_err("refused").to_string();
    assert_eq!(
        refused(builder().detector("emial", Action::Keep)),
        "there is no detector \"emial\": the nearest is email"
    );
    assert!(
        refused(builder().pattern("own", "(", Action::Redact))
            .contains("the pattern own is no regular")
    );
    assert!(refused(builder().path("a..b", Action::Redact)).contains("has a step without a name"));
    assert!(
        refused(builder().redact_key("a").keep_key("A")).contains("two rules were added for a")
    );
    assert!(refused(builder().for_tool("", |rules| rules)).contains("has no name"));
    let twice = |rules: tool_audit::sanitize::ToolRules| rules.redact_key("x");
    assert!(
        refused(builder().for_tool("a*", twice).for_tool("a*", twice)).contains("named before")
    );
    assert!(
        refused(
            builder()
                .pseudonym_key(key("k1", 1))
                .old_pseudonym_key(key("k1", 2))
        )
        .contains("two pseudonym keys have the id k1")
    );
    let many = (0..65).fold(builder(), |builder, _| {
        builder.pattern("own", "x", Action::Redact)
    });
    assert!(refused(many).contains("more than 64 patterns"));
    let many = (0..65).fold(builder(), |builder, _| builder.path("x", Action::Redact));
    assert!(refused(many).contains("more than 64 paths"));
}

#[test]
fn what_may_be_a_secret_is_not_told_in_an_error() {
    let looks_like_a_key = "a1b2".repeat(9);
    let error = Sanitizer::builder()
        .detector(looks_like_a_key.clone(), Action::Keep)
        .build()
        .expect_err("no detector");
    assert!(!error.to_string().contains(&looks_like_a_key));
    let (problem, ..) = refused(&format!("{looks_like_a_key} = 1\n"));
    assert!(!problem.contains(&looks_like_a_key), "{problem}");
    let (problem, ..) = refused(&format!("preset = \"{looks_like_a_key}\"\n"));
    assert!(!problem.contains(&looks_like_a_key), "{problem}");
}

#[test]
fn every_rule_changes_the_name_of_the_rules() {
    let builders = [
        Sanitizer::builder(),
        preset(Preset::Hipaa),
        preset(Preset::Pci),
        preset(Preset::SecretsOnly),
        Sanitizer::builder().keep_key("x"),
        Sanitizer::builder().mask_key("x"),
        Sanitizer::builder().path("x", Action::Redact),
        Sanitizer::builder().path("x", Action::Mask),
        Sanitizer::builder().pattern("x", "y", Action::Redact),
        Sanitizer::builder().pattern("x", "z", Action::Redact),
        Sanitizer::builder().detector("email", Action::Keep),
        Sanitizer::builder().user_id(UserIdPolicy::Pseudonym),
        Sanitizer::builder().client_ip(ClientIpPolicy::Drop),
        Sanitizer::builder().for_tool("x", |rules| rules.redact_key("y")),
        Sanitizer::builder().for_tool("x*", |rules| rules.redact_key("y")),
    ];
    let mut ids: Vec<String> = builders.map(|builder| built(builder).rules_id()).into();
    assert_eq!(ids[0], Sanitizer::default().rules_id());
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn records_are_written_by_the_rules_of_their_place_and_tool() {
    let sanitizer = built(
        Sanitizer::builder()
            .path("arguments.note", Action::Redact)
            .path("result.row.cell", Action::Redact)
            .path("session_metadata.desk", Action::Drop)
            .for_tool("refund_*", |rules| rules.redact_key("amount")),
    );
    let record = |tool: &str, result: &dyn Fn(&mut tool_audit::OutcomeBuilder<'_>)| {
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone())
            .sanitizer(sanitizer.clone())
            .policy(Policy::new().results(Results::Preview))
            .build();
        let mut context = CallContext::default();
        let desk = ("desk".to_owned(), "d-1".into());
        context.session_metadata.extend([desk]);
        let arguments = json!({"note": "n-1", "amount": 7});
        let call = ToolCall::new(tool, arguments).context(context);
        let mut recording = recorder.start_call(&call);
        recording.begin();
        drop(recording.finish(|outcome| {
            outcome.outcome(tool_audit::Outcome::Success);
            result(outcome);
        }));
        serde_json::to_value(&sink.entries()[0]).expect("JSON")
    };
    let value = json!({"TKT-123456": 1});
    let tickets = built(Sanitizer::builder().pattern("ticket", r"TKT-\d{6}", Action::Redact));
    assert_eq!(sanitized(&tickets, &value), json!({"[REDACTED:ticket]": 1}));
    let value = json!({"row": {"cell": "cell no. 1"}});
    let entry = record("refund_order", &|outcome| {
        outcome.result(&value);
    });
    assert_eq!(
        entry["arguments"],
        json!({"note": "[REDACTED:note]", "amount": "[REDACTED:amount]"})
    );
    assert_eq!(entry["result"], json!({"row": {"cell": "[REDACTED:cell]"}}));
    assert_eq!(entry["session_metadata"]["desk"], "[DROPPED:desk]");
    let entry = record("get_order", &|outcome| {
        outcome.result_text(&value.to_string());
    });
    assert_eq!(
        entry["arguments"],
        json!({"note": "[REDACTED:note]", "amount": 7})
    );
    assert!(!entry.to_string().contains("cell no. 1"), "{entry}");
}

// --- rotation ------------------------------------------------------------------------------

#[test]
fn values_are_found_under_old_keys_too() {
    let old = built(Sanitizer::builder().pseudonym_key(key("k2025", 1)));
    let new = built(
        Sanitizer::builder()
            .pseudonym_key(key("k2026", 2))
            .old_pseudonym_key(key("k2025", 1)),
    );
    let phone = "+1 555 010-7788";
    assert_eq!(new.pseudonym_key_id(), "k2026");
    assert!(new.pseudonym("phone", phone).starts_with("pn:phone:k2026:"));
    assert_eq!(
        new.pseudonyms_of("phone", phone),
        [new.pseudonym("phone", phone), old.pseudonym("phone", phone)]
    );
}

#[test]
fn a_file_names_keys_beside_it_and_in_it_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    PseudonymKey::create_file(folder.path().join("new.key"), "k2026").expect("a key");
    PseudonymKey::create_file(folder.path().join("old.key"), "k2025").expect("a key");
    let policy = folder.path().join("policy.toml");
    fs::write(
        &policy,
        "[pseudonym_key]\nfile = \"new.key\"\nold = [{ file = \"old.key\" }]\n",
    )
    .expect("written");
    let sanitizer = Sanitizer::from_policy_file(&policy).expect("a policy");
    assert_eq!(sanitizer.pseudonym_key_id(), "k2026");
    assert!(
        sanitizer
            .pseudonyms_of("phone", "1")
            .iter()
            .any(|name| name.starts_with("pn:phone:k2025:"))
    );

    fs::write(&policy, "\n[pseudonym_key]\n  file = \"none.key\"\n").expect("written");
    let error = Sanitizer::from_policy_file(&policy)
        .expect_err("no key")
        .to_string();
    assert!(
        error.contains("policy.toml, line 3, column 10: reading the pseudonym key"),
        "{error}"
    );

    fs::write(
        &policy,
        "[pseudonym_key]\nenv = \"TOOL_AUDIT_NO_SUCH_KEY\"\n",
    )
    .expect("written");
    let error = Sanitizer::from_policy_file(&policy)
        .expect_err("no key")
        .to_string();
    assert!(
        error.contains("line 2, column 7: the environment variable TOOL_AUDIT_NO_SUCH_KEY"),
        "{error}"
    );

    let digits = "0f".repeat(32);
    for text in [
        format!("[pseudonym_key]\nkey = \"k1:{digits}\"\n"),
        format!("[pseudonym_key]\nfile = \"k1:{digits}\"\n"),
        format!("[pseudonym_key]\n{digits} = 1\n"),
        format!("[pseudonym_key]\nold = [\n{{ secret = \"{digits}\" }}]\n"),
    ] {
        let (problem, line, _) = refused(&text);
        assert!(problem.starts_with("a policy holds no key"), "{problem}");
        assert!(!problem.contains(&digits));
        assert_eq!(line, if text.contains("old") { 3 } else { 2 });
    }
}

#[cfg(unix)]
#[test]
fn a_made_key_is_its_owners_alone_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.key");
    PseudonymKey::create_file(&path, "k1").expect("a key");
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&path).expect("a file");
    let error = PseudonymKey::create_file(&path, "k2").expect_err("it is there");
    assert!(matches!(error, SanitizerError::KeyFileNotMade { .. }));
    assert_eq!(fs::read(&path).expect("a file"), before);
    assert!(PseudonymKey::create_file(folder.path().join("b.key"), "Not one").is_err());
    assert!(!folder.path().join("b.key").exists());
}

// --- the file ------------------------------------------------------------------------------

#[test]
fn the_example_is_a_policy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policy.toml");
    let sanitizer = Sanitizer::from_policy_file(path).expect("a policy");
    assert_eq!(sanitizer.record_rules().client_ip, ClientIpPolicy::Truncate);
    assert_eq!(
        sanitized(
            &sanitizer,
            &json!({"badge_code": 7, "loyalty_number": "9876543210", "voice_print": "x", "public_token": "x",
                    "t": "TKT-123456", "user": {"a": {"note": "x"}}, "reference": "9876543210"})
        ),
        json!({"badge_code": "[REDACTED:badge_code]", "loyalty_number": "[MASKED:loyalty_number:3210]",
               "voice_print": "[DROPPED:voice_print]", "public_token": "x", "t": "[REDACTED:ticket]",
               "user": {"a": {"note": "[REDACTED:note]"}}, "reference": "9876543210"})
    );
    assert_eq!(
        sanitized(
            sanitizer.for_tool("refund_order"),
            &json!({"reference": "9876543210"})
        ),
        json!({"reference": "[MASKED:reference:3210]"})
    );
}

#[test]
fn a_file_says_what_code_says() {
    let text = r#"
preset = "pci"
user_id = "pseudonym"
client_ip = "drop"

[keys]
redact = ["a"]
mask = ["b"]
drop = ["c"]
keep = ["d"]
pseudonymize = { e = "e1" }

[detectors]
email = "keep"
phone = "pseudonymize"
iban = "drop"

[[pattern]]
name = "f"
regex = "g+"
action = "mask"

[[path]]
path = "arguments.h[]"
action = "pseudonymize"
class = "h1"

[tools."i*"]
keys.redact = ["j"]
path = [{ path = "result.k", action = "drop" }]
"#;
    let code = preset(Preset::Pci)
        .user_id(UserIdPolicy::Pseudonym)
        .client_ip(ClientIpPolicy::Drop)
        .redact_key("a")
        .mask_key("b")
        .drop_key("c")
        .keep_key("d")
        .pseudonymize_key("e", "e1")
        .detector("email", Action::Keep)
        .detector("phone", Action::Pseudonymize("phone".into()))
        .detector("iban", Action::Drop)
        .pattern("f", "g+", Action::Mask)
        .path("arguments.h[]", Action::Pseudonymize("h1".into()))
        .for_tool("i*", |rules| {
            rules.redact_key("j").path("result.k", Action::Drop)
        });
    assert_eq!(of_file(text).rules_id(), built(code).rules_id());
    assert_eq!(of_file("").rules_id(), Sanitizer::default().rules_id());
}

#[test]
fn every_error_names_its_line_and_a_remedy() {
    let table: &[(&str, usize, usize, &str)] = &[
        (
            "preset = \"hippa\"",
            1,
            10,
            "write one of default, secrets-only, hipaa, pci",
        ),
        (
            "\n\nuser_id = 3",
            3,
            11,
            "this is no string: put it in quotes",
        ),
        (
            "client_ip = \"hide\"",
            1,
            13,
            "write one of keep, truncate, pseudonym, drop",
        ),
        (
            "small_classes = \"x\"",
            1,
            17,
            "write one of linkable, per_subject, unlinkable",
        ),
        (
            "redakt = 1",
            1,
            1,
            "there is no member \"redakt\" here: did you mean",
        ),
        ("[keys]\nredakt = []", 2, 1, "did you mean redact?"),
        (
            "[keys]\nredact = []\nclient_ip = \"keep\"",
            3,
            1,
            "write it before the first [section]",
        ),
        (
            "[keys]\nredact = \"x\"",
            2,
            10,
            "this is no list of member names: put it in brackets",
        ),
        (
            "[keys]\nredact = [\n  \"a\",\n  7]",
            4,
            3,
            "this is no string",
        ),
        ("[keys]\nmask = [\"--\"]", 2, 9, "cannot name a rule"),
        (
            "[keys]\nmask = [\"a\"]\nredact = [\"b\", \"A\"]",
            2,
            9,
            "two rules were added for a",
        ),
        (
            "[keys.pseudonymize]\na = \"Not One\"",
            2,
            1,
            "cannot be a pseudonym class",
        ),
        ("keys = 3", 1, 8, "this is no table"),
        (
            "[detectors]\nemial = \"keep\"",
            2,
            1,
            "the nearest is email",
        ),
        (
            "[detectors]\nemail = \"kept\"",
            2,
            9,
            "write one of redact, mask, drop, keep, pseudonymize",
        ),
        (
            "[[pattern]]\nregex = \"x\"\naction = \"redact\"",
            1,
            1,
            "name is missing here",
        ),
        (
            "[[pattern]]\nname = \"x\"\nregex = \"(\"\naction = \"redact\"",
            3,
            9,
            "is no regular expression",
        ),
        (
            "[[pattern]]\nname = \"x\"\nregex = \"x\"\naction = \"keep\"",
            3,
            9,
            "cannot keep",
        ),
        (
            "[[pattern]]\nname = \"--\"\nregex = \"x\"\naction = \"mask\"",
            2,
            8,
            "cannot name a rule",
        ),
        (
            "[[pattern]]\nname = \"x\"\nregex = \"x\"\naction = \"pseudonymize\"",
            4,
            10,
            "pseudonyms need a class",
        ),
        (
            "[[pattern]]\nname = \"x\"\nregex = \"x\"\naction = \"mask\"\nclass = \"c\"",
            5,
            9,
            "only pseudonyms have a class",
        ),
        ("[pattern]\nname = \"x\"", 1, 1, "write [[pattern]]"),
        (
            "[[path]]\npath = \"a..b\"\naction = \"mask\"",
            2,
            8,
            "has a step without a name",
        ),
        ("[[path]]\npath = \"a\"", 1, 1, "action is missing here"),
        (
            "[[path]]\npath = \"a\"\naction = \"mask\"\nregex = \"x\"",
            4,
            1,
            "there is no member \"regex\" here",
        ),
        (
            "[tools.x]\npreset = \"pci\"",
            2,
            1,
            "write it before the first [section]",
        ),
        ("[tools.x.keys]\nredakt = []", 2, 1, "did you mean redact?"),
        ("[tools.\"\"]\nkeys = {}", 1, 8, "this tool has no name"),
        ("[pseudonym_key]", 1, 1, "this names no key"),
        (
            "[pseudonym_key]\nfile = \"a\"\nenv = \"b\"",
            3,
            7,
            "keep one of file and env",
        ),
        ("[pseudonym_key]\nfile = 7", 2, 8, "this is no string"),
        (
            "[pseudonym_key]\nfile = \"a\"\nold = [{}]",
            3,
            8,
            "this names no key",
        ),
        (
            "[pseudonym_key]\nenv = \"\"",
            2,
            7,
            "names no file and no variable",
        ),
        (
            "preset = \"pci\"\npreset = \"pci\"",
            2,
            1,
            "this is not TOML",
        ),
        ("preset = ", 1, 10, "this is not TOML"),
        ("x = \"ü", 1, 7, "this is not TOML"),
    ];
    for (text, line, column, expected) in table {
        let (problem, found_line, found_column) = refused(text);
        assert!(problem.contains(expected), "{text}\n{problem}");
        assert_eq!(
            (found_line, found_column),
            (*line, *column),
            "{text}\n{problem}"
        );
    }
}

#[test]
fn a_file_that_is_missing_too_large_or_no_text_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    let error = PolicyFile::read(&path).expect_err("no file").to_string();
    assert!(error.contains("reading the policy"), "{error}");
    fs::write(&path, b"# one\n# \xff\n").expect("written");
    let error = PolicyFile::read(&path).expect_err("no text").to_string();
    assert!(
        error.contains("line 2, column 3: this is not UTF-8"),
        "{error}"
    );
    fs::write(&path, "#".repeat(256 * 1024 + 1)).expect("written");
    let error = PolicyFile::read(&path).expect_err("too large").to_string();
    assert!(error.contains("larger than 256 KiB"), "{error}");
    let nested = format!("x = {}", "[".repeat(100_000));
    assert!(PolicyFile::parse(&nested, "policy.toml").is_err());
}
