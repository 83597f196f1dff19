//! Secrets in the shapes in which tools take and give them, each with harmless neighbours that stay.

use serde_json::{Value, json};
use tool_audit::sanitize::Sanitizer;

const PLENTY: usize = 1024 * 1024;
/// What takes the place of `SECRET` in the tests' values.
const SECRET: &str = "Qz7hT2kVb9Lx4w";

fn sanitized(value: &Value) -> String {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, PLENTY);
    String::from_utf8(out).expect("UTF-8")
}

/// The secret goes from each of the values, and `kept` stays.
#[track_caller]
fn goes(values: &[Value]) {
    let wrong: Vec<String> = values
        .iter()
        .map(|value| {
            let text = value.to_string().replace("SECRET", SECRET);
            sanitized(&serde_json::from_str(&text).expect("JSON"))
        })
        .filter(|shown| shown.contains(SECRET) || !shown.contains("kept"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[track_caller]
fn text_goes(texts: &[&str]) {
    let values: Vec<Value> = texts
        .iter()
        .map(|text| json!({ "text": text, "other": "kept" }))
        .collect();
    goes(&values);
}

#[track_caller]
fn stays(texts: &[&str]) {
    for text in texts {
        let value = json!({ "text": text });
        assert_eq!(sanitized(&value), value.to_string());
    }
}

#[test]
fn what_stands_in_the_brackets_of_an_unknown_rule_is_no_marker() {
    goes(&[json!({ "password": "[REDACTED:hunter2abc]", "other": "kept" })]);
    let shown = sanitized(&json!({ "password": "[REDACTED:hunter2abc]" }));
    assert_eq!(shown, r#"{"password":"[REDACTED:password]"}"#);
    let known = json!({ "password": "[REDACTED:token]", "text": "pw=[REDACTED:password]" });
    assert_eq!(sanitized(&known), known.to_string());
}

#[test]
fn tokens_of_small_letters_alone_go_and_words_behind_a_prefix_stay() {
    let letters = "qzxhtkvblwnrdmpjcgfsyaueioqzxhtkvblw";
    for prefix in [
        "ghp_",
        "gho_",
        "github_pat_",
        "glpat-",
        "hf_",
        "npm_",
        "sk-",
        "sk_live_",
        "hvs.",
    ] {
        let shown = sanitized(&json!({ "text": format!("use {prefix}{letters} for it") }));
        assert_eq!(
            shown, r#"{"text":"use [REDACTED:vendor_token] for it"}"#,
            "{prefix}"
        );
    }
    stays(&[
        "npm_config_registry and npm_lifecycle_event",
        "hf_hub_download_path and hf_transformers_cache",
        "sk-learn-contrib-tools, key-value-store-implementation",
        "r8_uniform_texture_format, re_exported_functions",
        "highp_float_vector_type, oy2_and_fw_are_short",
    ]);
}

#[test]
fn secrets_of_names_in_other_forms_go() {
    for name in [
        "passwort",
        "contraseña",
        "пароль",
        "mnemonic",
        "secret_key_base",
        "redis_auth",
        "aes_key",
        "unsealKeys",
        "passwordB64",
        "credentials_json",
        "snmp_community",
    ] {
        goes(&[json!({ name: "SECRET", "other": "kept" })]);
    }
}

#[test]
fn items_of_lists_name_the_ones_behind_them() {
    goes(&[
        json!(["region", "kept", "password", "SECRET"]),
        json!(["fill", "#password", "SECRET", "kept"]),
        json!({ "rows": [["x", "kept"], ["y", ["token", "SECRET"]]] }),
        json!(["db:", "  password: |", "    SECRET", "  host: kept"]),
        json!([
            "-----BEGIN RSA PRIVATE KEY-----",
            "SECRET",
            "SECRET",
            "-----END RSA PRIVATE KEY-----",
            "kept"
        ]),
        json!({ "columns": ["host", "token"], "rows": [{ "cells": ["kept", "SECRET"] }] }),
    ]);
    for list in [
        json!(["password", "token", "secret"]),
        json!(["token", "oauth2-pkce", "password", "required"]),
        json!(["password:", "required"]),
    ] {
        assert_eq!(sanitized(&list), list.to_string());
    }
}

#[test]
fn members_that_ask_or_point_name_the_value_beside_them() {
    goes(&[
        json!({ "prompt": "Password:", "response": "SECRET", "other": "kept" }),
        json!({ "op": "replace", "path": "/spec/db/password", "value": "SECRET", "other": "kept" }),
        json!({ "k": "password", "v": "SECRET", "other": "kept" }),
        json!({ "element": "Password textbox in login form", "text": "SECRET", "ref": "kept" }),
        json!({ "kty": "EC", "x": "kept", "d": "SECRET" }),
    ]);
    let file = json!({ "path": "/srv/docs/password", "content": "how to choose one" });
    assert_eq!(
        sanitized(&file),
        json!({ "content": "how to choose one", "path": "/srv/docs/password" }).to_string()
    );
}

#[test]
fn secrets_of_structured_texts_go() {
    text_goes(&[
        "s:8:\"password\";s:14:\"SECRET\";}",
        "SharedAccessSignature sr=hub&sig=SECRETabc%3d&se=1767225600",
        "passwords:\n  - SECRET\n  - SECRET\nhost: a",
        "tokens:\n  ci: SECRET\nhost: a",
        "kind: Secret\nmetadata:\n  name: a\nstringData:\n  conn: SECRET\n",
        "out: {\"kind\": \"Secret\", \"data\": {\"k\": \"SECRET\"}, \"x\": 1} (1 item)",
        "variable \"db_password\" {\n  type    = string\n  default = \"SECRET\"\n}",
        "password = <<EOT\nSECRET\nEOT\nregion = \"a\"",
        "  ~ password = \"old\" -> \"SECRET\"",
        "| Key | Value |\n|---|---|\n| API key | `SECRET` |\n",
        "- **Password**: `SECRET`\n- **Host**: a",
        "### Password\n\n```\nSECRET\n```\n",
        "Array\n(\n    [host] => a\n    [password] => SECRET\n)\n",
        "array(1) {\n  [\"password\"]=>\n  string(14) \"SECRET\"\n}",
        "user[name]=ada&user[password]=SECRET&city=oslo",
        "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nSECRET\r\n--b--",
        "await page.locator('input[name=\"password\"]').fill('SECRET');",
        "await page.fill('#password', 'SECRET');",
        "Key (token)=(SECRET) already exists.",
        "db.example:5432:orders:ada:SECRET\n",
        "<db><password>SECRET [cut here]",
    ]);
    stays(&[
        "class _KeyPrivateKey(X448PrivateKey):\n    pass",
        "self.styles[token] = (start, end)",
        "**Token**: A unit of text.",
        "kind: Deployment\ndata:\n  conn: value",
        "name=\"a\"; form-data is a type",
    ]);
}

#[test]
fn secrets_of_commands_go() {
    text_goes(&[
        "xfreerdp /v:w.example /u:bob /p:SECRET /size:1280x800",
        "curl -su ada:SECRET https://a.example/",
        "gh secret set K_NAME --body SECRET -R a/b",
        "aws ssm put-parameter --name /p --type SecureString --value SECRET",
        "ssh-keygen -t ed25519 -N SECRET -f id",
        "tool --token \\\n  SECRET \\\n  --region a",
        "Command '['mysql', '-pSECRET', '-h', 'a']' returned 1",
        "exec: [\"curl\" \"-u\" \"ada:SECRET\" \"https://a.example\"]: exit 7",
        "vault operator unseal SECRET",
    ]);
    goes(&[
        json!({ "command": "twine", "args": ["upload", "-p", "SECRET", "kept"] }),
        json!({ "command": "gh", "args": ["secret", "set", "kept", "--body", "SECRET"] }),
    ]);
}

#[test]
fn secrets_of_cut_texts_go() {
    text_goes(&[
        "postgres://ada:SECRET",
        "postgres://ada:SECRET...",
        "API_KEY=SECRET...[truncated]",
        "the password is SECRET...[truncated]",
        "{\"tokens\":[\"SECRET\",\"SECRET",
    ]);
}

#[test]
fn secrets_of_sentences_and_errors_go() {
    text_goes(&[
        "Use SECRET as the password.",
        "connect using SECRET as password please",
        "wrong password (SECRET), try again",
        "Invalid API key provided: SECRET. See the page.",
        "user ada, pass SECRET, then go",
        "the pin code 7263 is wrong, and password SECRET too",
    ]);
    stays(&[
        "learned to pass \"-v/-q\" options to the tests",
        "the token provided is invalid",
        "your password (required) must be long",
    ]);
}

#[test]
fn programs_take_secrets_from_lists_as_from_commands() {
    goes(&[
        json!({ "args": ["rar", "a", "-hpSECRET", "kept.rar"] }),
        json!({ "args": ["plink", "-pw", "SECRET", "kept"] }),
        json!({ "command": "snmpget", "args": ["-A", "SECRET", "kept"] }),
        json!({ "args": ["openssl", "rsa", "-passin", "pass:SECRET", "-out", "kept"] }),
        json!({ "args": ["docker", "-p", "SECRET", "login", "kept"] }),
        json!({ "args": ["gh", "secret", "set", "KEY", "--body=SECRET", "kept"] }),
    ]);
    let kept = [
        json!(["openssl", "rsa", "-passin", "env:NAME"]),
        json!(["docker", "run", "-p", "80:80"]),
        json!(["gh", "issue", "create", "--body", "text of it"]),
    ];
    for arguments in kept {
        assert_eq!(sanitized(&arguments), arguments.to_string());
    }
}

#[test]
fn what_is_mixed_into_hashes_goes_where_it_looks_made_by_chance() {
    let made = "4l7cKojGA3ZKrSu93yQ5PtX1lJnmMpN3";
    for name in [
        "APP_HMAC",
        "APP_SALT",
        "APP_PEPPER",
        "FERNET",
        "ENCRYPTION_SEED",
        "SESSION_SIGNER",
    ] {
        let value = json!({"text": format!("{name}={made}"), name: made});
        let written = sanitized(&value);
        assert!(!written.contains(made), "{written}");
    }
    for value in [
        json!({"text": "HMAC=SHA256"}),
        json!({"salt": "sea", "hmac": "9f86d081884c7d659a2feaa0c55ad015"}),
    ] {
        let plain = serde_json::from_str::<Value>(&sanitized(&value));
        assert_eq!(plain.ok(), Some(value));
    }
    let value = json!({"secret_once": "lWQWQrEvO3g", "auth_session": "lWQWQrEvO3gABCd8s9dfk3"});
    let written = sanitized(&value);
    assert!(!written.contains("lWQW"), "{written}");
}
