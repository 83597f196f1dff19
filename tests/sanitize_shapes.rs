//! Values that other members of their object, or the items beside them, tell of.

mod sanitize_support;

use serde_json::json;

use sanitize_support::{goes, stays, written};

#[test]
fn whom_a_reference_of_fhir_is_to_goes() {
    for reference in [
        json!({"reference": "Patient/771", "display": "Ada Lovel"}),
        json!({"reference": "https://f.example/fhir/Patient/7", "display": "Ada Lovel"}),
        json!({"type": "Patient", "identifier": {"value": "x"}, "display": "Ada Lovel"}),
    ] {
        let encounter =
            json!({"resourceType": "Encounter", "subject": reference, "status": "planned"});
        goes(&encounter, &["Lovel"], &["planned"]);
    }
    goes(
        &json!({"resourceType": "Patient", "contact": [{"name": {"family": "Lovel"}}]}),
        &["Lovel"],
        &[],
    );
    stays(&json!({"reference": "Location/7", "display": "Ward 7"}));
    stays(
        &json!({"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]}),
    );
    stays(&json!({"contact": {"name": "Support desk"}, "display": "grid"}));
}

#[test]
fn numbers_of_a_system_are_known_by_its_object_identifier() {
    goes(
        &json!({"identifier": [
            {"system": "urn:oid:2.16.840.1.113883.4.1", "value": "212557741"},
            {"system": "urn:oid:2.16.840.1.113883.4.3.36", "value": "D1234599"},
            {"system": "urn:oid:1.2.3.4", "value": "ward-7"},
        ]}),
        &["212557741", "D1234599"],
        &["ward-7"],
    );
}

#[test]
fn attributes_of_dicom_about_a_person_go() {
    goes(
        &json!({
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Lovel^Ada"}]},
            "00100030": {"vr": "DA", "Value": ["19610217"]},
            "00080060": {"vr": "CS", "Value": ["CT"]},
        }),
        &["Lovel", "19610217"],
        &["\"CT\"", "\"PN\""],
    );
    stays(&json!({"00100010": "a number of parts"}));
}

#[test]
fn both_sides_of_a_change_go_by_what_was_changed() {
    for (old, new) in [
        ("from", "to"),
        ("before", "after"),
        ("old", "new"),
        ("previous", "current"),
    ] {
        for label in ["password", "user.password", "/users/0/password"] {
            goes(
                &json!({"path": label, old: "q7Tm2xPw9", new: "x4Lr8vBn3", "by": "ada-7"}),
                &["q7Tm2xPw9", "x4Lr8vBn3"],
                &["ada-7"],
            );
        }
        stays(&json!({"field": "status", old: "open", new: "closed"}));
    }
    stays(&json!({"from": "Oslo", "to": "Bergen", "name": "R7", "text": "the password"}));
    stays(&json!({"before": "cursor-7", "name": "password"}));
}

#[test]
fn the_last_of_a_name_a_comparison_and_a_value_goes() {
    goes(
        &json!({"where": [["password", "=", "q7Tm2xPw9"], ["lane", "=", "a-7"]]}),
        &["q7Tm2xPw9"],
        &["a-7"],
    );
    goes(
        &json!({"domain": ["&", ["user.last_name", "ilike", "Lovel"], ["lane", "in", ["a-7"]]]}),
        &["Lovel"],
        &["a-7"],
    );
    stays(&json!([
        ["token_count", "=", "5"],
        ["password", "is", "required"]
    ]));
}

#[test]
fn what_the_placeholders_of_a_statement_stand_for_goes() {
    let insert = "INSERT INTO u (lane, password) VALUES (?, ?)";
    for name in ["params", "parameters", "values", "args", "bindings"] {
        goes(
            &json!({"sql": insert, name: ["a-7", "q7Tm2xPw9"]}),
            &["q7Tm2xPw9"],
            &["a-7"],
        );
        goes(
            &json!({"sql": insert, name: [["a-7", "q7Tm2xPw9"], ["b-8", "x4Lr8vBn3"]]}),
            &["q7Tm2xPw9", "x4Lr8vBn3"],
            &["a-7", "b-8"],
        );
    }
    goes(
        &json!({"sql": "UPDATE u SET password = $1 WHERE lane = 'a-7'", "values": ["q7Tm2xPw9"]}),
        &["q7Tm2xPw9"],
        &["password = $1", "a-7"],
    );
    stays(&json!({"query": "what is my password?", "args": ["a-7"]}));
    stays(&json!({"sql": "select * from tokens where id = ?", "params": [7001]}));
    // The arguments of a program are those still.
    goes(
        &json!({"command": "mysql", "args": ["-pq7Tm2xPw9", "db-7"]}),
        &["q7Tm2xPw9"],
        &["db-7"],
    );
}

#[test]
fn the_number_of_a_paper_goes_by_its_kind() {
    goes(
        &json!({"documents": [{"documentType": "PASSPORT", "number": "P7712345"}]}),
        &["P7712345"],
        &["PASSPORT"],
    );
    stays(&json!({"type": "issue", "number": 4177, "title": "The token of the service"}));
    stays(&json!({"kind": "token", "number": 7}));
}

#[test]
fn what_opens_a_network_or_a_door_goes() {
    goes(
        &json!({"wifi": {"ssid": "hall-7", "key": "q7Tm2xPw9"}}),
        &["q7Tm2xPw9"],
        &["hall-7"],
    );
    goes(
        &json!({"entity_id": "lock.front", "code": "7741"}),
        &["7741"],
        &["lock.front"],
    );
    stays(&json!({"entity_id": "light.front", "code": "7741", "key": "sort-7"}));
}

#[test]
fn what_is_typed_into_a_field_that_is_located_goes() {
    for locator in ["locator", "element", "target", "css", "selector", "into"] {
        for typed in [
            "fill",
            "keys",
            "send_keys",
            "input",
            "text",
            "value",
            "paste",
            "enter",
            "press_sequentially",
        ] {
            goes(
                &json!({locator: "#login-form input[type=password]", typed: "q7Tm!xPw9", "timeout": 31013}),
                &["q7Tm!xPw9"],
                &["#login-form input[type=password]", "31013"],
            );
        }
    }
    for step in [
        json!({"xpath": "//input[@id='password']", "fill": "correct horse"}),
        json!({"locator": {"css": "#password"}, "fill": "correct horse"}),
        json!({"locator": "page.getByLabel('Password')", "fill": "correct horse"}),
        json!({"by": "css selector", "value": "input[name='password']", "send_keys": "correct horse"}),
        json!({"role": "textbox", "name": "Password", "fill": "correct-h0rse"}),
        json!({"element": "Password field", "type": "correct-h0rse"}),
    ] {
        let secrets = ["correct horse", "correct-h0rse"];
        goes(&step, &secrets, &["assword"]);
    }
    goes(
        &json!({"selector": "input[autocomplete=one-time-code]", "fill": 608_361}),
        &["608361"],
        &["one-time-code"],
    );
}

#[test]
fn what_drawings_are_filled_with_and_what_other_fields_get_stays() {
    for value in [
        json!({"dataKey": "token", "fill": "#8884d8", "stroke": "none"}),
        json!({"selector": ".token", "fill": "rgb(1, 2, 3)"}),
        json!({"element": "password", "fill": "none", "write": false}),
        json!({"target": "token", "fill": true, "opacity": 0.5}),
        json!({"name": "password", "fill": "both", "enter": "click"}),
        json!({"selector": "#search", "fill": "q7Tm2xPw9"}),
        json!({"css": ".password { color: red }", "content": "q7Tm2xPw9"}),
        json!({"element": "Password field", "ref": "e17", "type": "textbox"}),
        json!({"by": "id", "value": "password"}),
        json!({"name": "password", "type": "character32"}),
        json!({"element": "password", "type": "uint64"}),
        json!({"into": "tokens", "value": "lane-7"}),
    ] {
        stays(&value);
    }
}

#[test]
fn codes_of_authenticators_go_and_codes_of_errors_stay() {
    for label in [
        "Authenticator code",
        "Authenticator app code:",
        "Authentication code",
        "Verification code",
        "Security code",
        "2FA code",
        "One-time passcode",
        "Two-step code",
        "Enter the 6-digit code",
    ] {
        goes(
            &json!({"name": label, "type": "textbox", "value": "608361"}),
            &["608361"],
            &[label],
        );
    }
    for name in [
        "authenticator_code",
        "authenticatorCode",
        "authCode",
        "two_factor_authentication_code",
        "tfaCode",
        "oneTimePasscode",
        "verify_code",
    ] {
        goes(&json!({name: "608361"}), &["608361"], &[name]);
        goes(&json!({name: 608_361}), &["608361"], &[name]);
    }
    stays(&json!({"authentication_code": 401, "verify_code": "OK", "authenticator": "608361"}));
    stays(&json!({"authentication_code": "AUTH_4012"}));
    stays(&json!({"name": "Country code", "value": "608361"}));
    stays(&json!({"hs_6_digit_code": "847130"}));
}

#[test]
fn columns_tell_of_rows_in_the_forms_that_databases_give_them() {
    let secrets = ["Xk4Ergjv9Q", "Zk5Frgjv8W"];
    for table in [
        json!({
            "meta": [{"name": "user", "type": "String"}, {"name": "api_key", "type": "String"}],
            "data": [["ada", "Xk4Ergjv9QZk5Frgjv8W"]],
        }),
        json!({
            "columns": [["user", "text"], ["password", "text"]],
            "rows": [["ada", "Xk4Ergjv9Q"]],
        }),
        json!({"rows": [["user", "password", "age"], ["ada", "Xk4Ergjv9Q", 3], ["bob", "Zk5Frgjv8W"]]}),
        json!({
            "columns": ["user", "password"],
            "rows": [{"cells": ["ada", "Xk4Ergjv9Q"], "id": 1}],
        }),
        json!({"fields": ["user", "api_key"], "record": ["ada", "Xk4Ergjv9QZk5Frgjv8W"]}),
        json!({"columns": ["user", "password"], "first_row": ["ada", "Xk4Ergjv9Q"]}),
    ] {
        goes(&table, &secrets, &["ada"]);
    }
    stays(&json!({"columns": [["user", "text"], ["password", "text"]], "rows": []}));
}

#[test]
fn words_and_their_translations_are_no_names_and_values() {
    stays(&json!({"rows": [["Passwort", "Password"], ["Benutzer", "User"]]}));
    goes(
        &json!({"rows": [["password", "new_password"], ["Xk4Ergjv9Q", "Zk5Frgjv8W"]]}),
        &["Xk4Ergjv9Q", "Zk5Frgjv8W"],
        &[],
    );
}

#[test]
fn the_endings_of_names_of_values_are_all_known() {
    goes(
        &json!({"config_k": "password", "config_v": "hunter2x"}),
        &["hunter2x"],
        &[],
    );
}

#[test]
fn one_side_of_a_change_goes_where_it_looks_like_a_secret() {
    for change in [
        json!({"field": "password", "to": "Xk4Ergjv9Q"}),
        json!({"op": "set", "field": "api_key", "new": "Xk4Ergjv9QZk5Frgjv8W"}),
        json!({"field": "password", "previous": "Xk4Ergjv9Q", "old": "a", "new": "b"}),
        json!({"key": "password", "payload": "Xk4Ergjv9Q"}),
        json!({"changes": [["password", "Xk4Ergjv9Q", "Zk5Frgjv8W"]]}),
    ] {
        goes(&change, &["Xk4Ergjv9Q", "Zk5Frgjv8W"], &[]);
    }
    stays(&json!({"changes": [["password", "field", "form"]]}));
    stays(&json!({"field": "password", "to": "required"}));
}

#[test]
fn sides_of_changes_of_other_things_stay() {
    for change in [
        json!({"key": "password", "from": "en", "to": "de"}),
        json!({"op": "rename", "name": "token", "from": "a.txt", "to": "b.txt"}),
        json!({"path": "src/auth/token", "old": "let a = 1;", "new": "let a = 2;"}),
        json!({"key": "email", "from": "2026-01-01", "to": "2026-02-01"}),
        json!({"table": "users", "column": "email", "old": "text", "new": "citext"}),
        json!({"column": "phone", "from": "varchar(10)", "to": "varchar(20)"}),
    ] {
        stays(&change);
    }
    goes(
        &json!({"path": "/users/0/password", "old": "hunter", "new": "winter"}),
        &["hunter", "winter"],
        &[],
    );
    goes(
        &json!({"key": "email", "from": "ada@b.example", "to": "bob@b.example"}),
        &["ada@", "bob@"],
        &[],
    );
}

#[test]
fn what_is_written_below_a_title_stays() {
    for text in [
        json!({"title": "User authentication and API keys", "text": "See the docs"}),
        json!({"title": "Access token", "content": "An access token is a string that a server gives."}),
        json!({"question": "What is a JWT?", "answer": "A signed JSON object."}),
        json!({"type": "email", "content": "Hello, the build is green."}),
        json!({"type": "sms", "target": "phone", "text": "Build is green"}),
        json!({"id": "password", "text": "Forgot password?"}),
        json!({"label": "Email", "text": "Work"}),
        json!({"name": "address", "value": 4096, "type": "int"}),
    ] {
        stays(&text);
    }
    for (label, text) in [
        ("password", "Xk4Ergjv9Q it is."),
        ("password", "correct horse battery staple"),
        ("password", "hunter"),
        ("phone", "Call the 0660 1234567"),
    ] {
        goes(&json!({"label": label, "text": text}), &[text], &[]);
    }
}

#[test]
fn what_only_seems_to_describe_a_credential_goes() {
    for value in [
        json!({"token": {"name": "Xk4Ergjv9QZk5Frgjv8W"}}),
        json!({"passwords": [{"name": "Xk4Ergjv9QZk5Frgjv8W"}]}),
        json!({"auth": {"type": "Xk4Ergjv9QZk5Frgjv8W"}}),
    ] {
        goes(&value, &["Xk4Ergjv9Q"], &[]);
    }
}

#[test]
fn names_of_persons_go_where_members_are_called_so() {
    for name in [
        "patient_names",
        "full_name",
        "next_of_kin",
        "emergency_contact",
    ] {
        goes(&json!({name: {"Ada Lovelace": 3}}), &["Lovelace"], &[name]);
    }
    goes(
        &json!({"full_name": {"First Name": "Ada"}}),
        &[],
        &["First Name"],
    );
}

#[test]
fn what_opens_networks_and_doors_goes() {
    goes(&json!({"SSID": "x", "Key": "hunter2"}), &["hunter2"], &[]);
    goes(
        &json!({"data": {"entity_id": ["lock.front"], "code": "1234"}}),
        &["1234"],
        &["lock.front"],
    );
}

#[test]
fn times_days_and_codes_of_errors_stay() {
    stays(&json!({"sec": 1, "nsec": 987_654_321, "tv_nsec": 987_654_321}));
    stays(&json!({"run": "2026-11-29"}));
    stays(&json!({"run": "20261129-1"}));
    stays(&json!({"lock_code": "ERR_LOCK_1205"}));
    stays(&json!({"alarm_code": "0x80040154"}));
    stays(&json!({"reset_code": "ECONNRESET-1001"}));
    goes(
        &json!({"alarm_code": "4711", "gate_code": "E4711", "door_code": "ENTRANCE-0815"}),
        &["4711", "0815"],
        &[],
    );
}

#[test]
fn words_in_place_of_numbers_and_names_of_machines_stay() {
    for value in [
        json!({"phone": "None"}),
        json!({"phone": "N/A"}),
        json!({"telefono": "No disponible"}),
        json!({"celular": "Samsung Galaxy A54"}),
        json!({"guests": [{"name": "vm-101", "cpu": 2}]}),
        json!({"dirección": "asc", "direccion": "Norte"}),
    ] {
        stays(&value);
    }
    goes(&json!({"phone": "Ext 4521"}), &["4521"], &[]);
    goes(&json!({"guests": [{"name": "Ada"}]}), &["Ada"], &[]);
    for name in ["j.smith-1984", "Mary-Ann2", "j_lovelace1"] {
        goes(&json!({"guests": [{"name": name}]}), &[name], &[]);
    }
}

#[test]
fn who_asks_for_something_or_is_to_get_it_is_known_by_a_persons_name() {
    for value in [
        json!({"requester": {"name": "Ottoline Varga-Roe", "id": 7}}),
        json!({"assignees": [{"display_name": "Ottoline Varga-Roe"}]}),
        json!({"caller_id": {"display_value": "Ottoline Varga-Roe"}}),
        json!({"reporter": {"displayName": "Ottoline Varga-Roe"}}),
        json!({"recipient": "Ottoline Varga-Roe"}),
        json!({"Worker_Name": "Ottoline Varga-Roe"}),
        json!({"receiver_name": "Ottoline Varga-Roe"}),
        json!({"empfänger": "Ottoline Varga-Roe"}),
    ] {
        goes(&value, &["Ottoline", "Varga"], &[]);
    }
    for value in [
        json!({"requester": {"name": "Tideline Logistics"}, "assignee": "Platform Team"}),
        json!({"receiver_name": "TIDELINE SUPPLIES INC", "empfänger": "Stadtwerke Lunden"}),
        json!({"caller": {"name": "main.run"}, "reporter": "junit", "recipient": "ops@"}),
        json!({"assignee": "ovarga", "worker": "celery-2", "worker_name": "mailer"}),
    ] {
        stays(&value);
    }
}

#[test]
fn names_of_persons_in_other_languages_go_where_something_tells_of_a_person() {
    for (value, secrets) in [
        (
            json!({"adı": "Sevgi", "soyadı": "Güneşoğlu"}),
            ["Sevgi", "Güneşoğlu"],
        ),
        (
            json!({"Имя": "Злата", "Фамилия": "Ветрова"}),
            ["Злата", "Ветрова"],
        ),
        (json!({"الاسم الكامل": "نجلاء الفارسي"}), ["نجلاء", "الفارسي"]),
        (json!({"고객": {"이름": "선우바람"}}), ["선우바람", "바람"]),
        (
            json!({"이름": "선우바람", "생년월일": "1990-02-03"}),
            ["선우바람", "1990-02-03"],
        ),
        (
            json!({"name": "Ottoline Varga", "ssn": "212-55-7741"}),
            ["Ottoline", "212-55"],
        ),
        (
            json!({"паспорт": "46 07 112233", "имя": "Злата Ветрова"}),
            ["112233", "Злата"],
        ),
        (
            json!({"text": "паспорт: 46 07 112233, выдан"}),
            ["46 07", "112233"],
        ),
    ] {
        goes(&value, &secrets, &[]);
    }
    for value in [
        json!({"adı": "fatura.pdf", "boyut": 12}),
        json!({"이름": "요금제", "지점": "서면"}),
        json!({"الاسم": "فرع"}),
        json!({"name": "people", "ssn": null}),
        json!({"name": "Tideline Logistics", "town": "Lunden"}),
        json!({"reisepass": "erforderlich"}),
    ] {
        stays(&value);
    }
}

#[test]
fn a_number_in_short_parts_beside_its_label_goes_and_a_named_parameter_stays() {
    goes(
        &json!({"label": "PIN", "text": "it is 48 21."}),
        &["48 21"],
        &[],
    );
    goes(
        &json!({"run": "PGPASSWORD=:swordfish psql"}),
        &["swordfish"],
        &[],
    );
    stays(&json!({"sql": "select 1 from u where password = :new_password or password = :p"}));
}

#[test]
fn values_of_placeholders_go_by_their_names_and_numbers() {
    goes(
        &json!({
            "sql": "insert into u(name,password) values ($1,$2)",
            "parameters": {"1": "ada", "2": "Xk4Ergjv9QZk5Frgjv8W"},
        }),
        &["Xk4Ergjv9Q"],
        &["ada"],
    );
    goes(
        &json!({
            "sql": "select * from u where login = :l and password = :p",
            "params": {"l": "ada", "p": "hunter"},
        }),
        &["hunter"],
        &["ada", "password = :p"],
    );
    stays(&json!({"sql": "select a::text from u where kind = :p", "params": {"p": "hunter"}}));
    let insert = "insert into u(login,password) values (:l,:p)";
    let rows = json!([{"l": "ada", "p": "hunter"}, {"l": "bob", "p": "winter"}]);
    goes(
        &json!({"sql": insert, "params": rows}),
        &["hunter", "winter"],
        &["ada", "bob"],
    );
    goes(
        &json!({
            "sql": "update u set lane = %(lane)s, password = %(p)s where n like 'a%'",
            "params": {"lane": "a-7", "p": "hunter"},
        }),
        &["hunter"],
        &["a-7", "%(p)s"],
    );
    goes(
        &json!({"sql": "update u set password = @p1", "params": [{"p1": "hunter"}]}),
        &["hunter"],
        &[],
    );
    stays(&json!({"sql": "update u set lane = %(p)s", "params": [{"p": "hunter"}]}));
    let rows = json!([null, {"l": "ada"}, {"l": "bob", "p": "winter"}]);
    goes(
        &json!({"sql": insert, "params": rows}),
        &["winter"],
        &["ada", "bob"],
    );
}

#[test]
fn addresses_of_what_is_deployed_are_nobodys() {
    for address in [
        "aws_db_instance.orders",
        "module.net[\"eu\"].aws_subnet.private[0]",
        "data.aws_iam_policy.admin",
        "module.net",
        "module.net.module.inner[\"a-1\"].data.google_project.main",
    ] {
        let value = json!({"resources": [{"address": address, "type": "managed"}]});
        let text = written(&value);
        assert!(text.contains(&json!(address).to_string()), "{text}");
    }
    for address in [
        "main_street.5",
        "Rosenweg 5",
        "rosenweg.wien",
        "module 7",
        "rose_lane.vienna",
        "ada_roe.eth",
        "data.roe",
        "module.net.ada_roe.home",
        "aws_instance.ada.roe",
    ] {
        let text = written(&json!({"address": address}));
        assert!(!text.contains(address), "{text}");
    }
}

#[test]
fn an_account_beside_its_bank_is_a_number() {
    for bank in ["routing", "sort_code"] {
        let value = json!({"account": "1122334455", bank: "000000", "net": 81.5});
        goes(&value, &["1122334455"], &["4455", "81.5"]);
    }
    for value in [
        json!({"account": "1122334455", "name": "Acme"}),
        json!({"account": "main", "bank": "Example"}),
        json!({"account": "123456789012", "routing": "weighted"}),
        json!({"account": 12, "bank": "Example"}),
    ] {
        stays(&value);
    }
}

#[test]
fn errors_made_of_sentences_and_messages_of_a_phone_stay() {
    stays(&json!({
        "code": "var ErrPassword = errors.New(\"auth: invalid password or token\")",
        "whatsapp": "I come at 7, see order 5521 and room 12 first",
    }));
    goes(
        &json!({
            "code": "var DbPassword = errors.New(\"hunter2sommer\")",
            "whatsapp": "+49 151 5550123",
            "of": [{"whatsapp": "https://wa.me/12025550134"}, {"whatsapp": "0171 2345678 (privat)"}],
        }),
        &["hunter2sommer", "5550123", "2025550134", "2345678"],
        &[],
    );
}

#[test]
fn who_holds_an_account_is_a_person_where_it_is_called_as_one() {
    for name in ["holder", "payee", "intestatario", "titular", "Kontoinhaber"] {
        goes(
            &json!({"to": {name: "Ada Lovel", "bank": "Example Bank"}}),
            &["Lovel"],
            &["Example Bank"],
        );
        stays(&json!({"to": {name: "Acme Robotics GmbH", "bank": "Example Bank"}}));
    }
    stays(&json!({"holder": "tool-7", "payee": "utilities"}));
}
