//! What looks like a secret and is none stays as it is; what differs from it in the one thing that matters goes.

use serde_json::{Value, json};
use tool_audit::sanitize::Sanitizer;

const PLENTY: usize = 64 * 1024;

fn sanitized(value: &Value) -> Value {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, PLENTY);
    serde_json::from_slice(&out).expect("JSON")
}

#[track_caller]
fn assert_stay(values: &[Value]) {
    for value in values {
        assert_eq!(sanitized(value), *value);
    }
}

#[track_caller]
fn assert_texts_stay(texts: &[&str]) {
    for text in texts {
        assert_eq!(sanitized(&json!(text)), json!(text));
    }
}

#[track_caller]
fn assert_go(secret: &str, values: &[Value]) {
    for value in values {
        let out = sanitized(value).to_string();
        assert!(value.to_string().contains(secret), "{value}");
        assert!(!out.contains(secret), "{value} became {out}");
    }
}

#[test]
fn counts_cursors_and_marks_of_a_language_model_are_no_tokens() {
    assert_stay(&[
        json!({"usage": {"input_tokens": 2095, "cache_read_input_tokens": 188, "total_tokens": 3000}}),
        json!({"cost_per_token": 0.00025, "time_to_first_token": 0.345, "image_token": "<image>"}),
        json!({"nextPageToken": "CAUQAA-7", "resume_token": "8264BEB9F3", "scroll_token": "s-77"}),
        json!({"publicKeyToken": "b77a5c561934e089"}),
    ]);
    assert_texts_stay(&[
        "Could not load 'Lib, Version=13.0.0.0, Culture=neutral, PublicKeyToken=30ad4fe6b2a6aeed'",
    ]);
    assert_go(
        "q9W2e7R4",
        &[
            json!({"api_key_token": "q9W2e7R4"}),
            json!({"resume": "x", "token": "q9W2e7R4"}),
        ],
    );
}

#[test]
fn a_schema_of_a_secret_holds_none() {
    assert_stay(&[
        json!({"properties": {"password": {"type": "string", "description": "What to log in with", "minLength": 12}}}),
        json!({"patient_name": {"type": "str", "description": "Who is treated"}}),
        json!({"token": {"type": ["string", "null"], "nullable": true}}),
    ]);
    assert_go(
        "q9W2e7R4",
        &[
            json!({"password": {"type": "string", "default": "q9W2e7R4"}}),
            json!({"token": {"type": "bearer", "value": "q9W2e7R4"}}),
            json!({"token": {"type": "string", "enum": ["q9W2e7R4"]}}),
            json!({"password": {"type": "string", "description": "it is password: q9W2e7R4"}}),
        ],
    );
}

#[test]
fn names_under_which_a_secret_is_kept_stay() {
    assert_stay(&[
        json!({"imagePullSecrets": [{"name": "registry-main"}]}),
        json!({"volumes": [{"name": "keys", "secret": {"secretName": "gcp-main"}}]}),
        json!({"SecretId": "prod/db/main"}),
        json!({"existingSecret": "db-main"}),
    ]);
    assert_go(
        "q9W2e7R4",
        &[
            json!({"secrets": [{"name": "main", "value": "q9W2e7R4"}]}),
            json!({"secret": {"name": "main", "data": "q9W2e7R4"}}),
            json!({"secret_id": "q9W2e7R4"}),
            json!({"secret_id": "main/q9W2e7R4"}),
        ],
    );
}

#[test]
fn how_to_authenticate_stays_and_with_what_goes() {
    assert_stay(&[
        json!({"auth": "oauth2"}),
        json!({"auth": {"type": "oauth2", "flow": "pkce", "enabled": true}}),
    ]);
    assert_texts_stay(&[
        "auth: oauth2\ntoken_url: https://idp.example/token",
        "curl -H \"Authorization: Bearer $TOKEN\" https://api.example/v1",
        "Authorization: Bearer ${{ secrets.DEPLOY_TOKEN }}",
        "headers = {\"Authorization\": f\"Bearer {token}\"}",
    ]);
    assert_go(
        "q9W2e7R4",
        &[
            json!({"auth": "q9W2e7R4"}),
            json!({"auth": {"type": "basic", "value": "q9W2e7R4"}}),
            json!("Authorization: Bearer q9W2e7R4$TOKEN"),
            json!("Authorization: Bearer $q9W2e7R4"),
            json!("headers = {\"Authorization\": f\"Bearer q9W2e7R4\"}"),
        ],
    );
}

#[test]
fn references_of_tools_and_templates_stay() {
    assert_texts_stay(&[
        "password: {{ lookup('env', 'ADMIN_PASSWORD') }}",
        "password: <%= ENV['DB_PASSWORD'] %>",
        "password: ${DB_PASSWORD:?not set}",
        "password: $__file{/run/secrets/grafana}",
        "password: !secret wifi_password",
        "token: ((deploy-token))",
        "secret: vault:kv/data/app#db_pass",
        "password: env:DB_PASSWORD",
        "--from-file=pw=./pw.txt",
        "db_password = random_password.db.result",
        "var password = Environment.GetEnvironmentVariable(\"DB_PASSWORD\");",
        "let token = headers.get(\"authorization\")?.split(\" \")[1];",
        "DATABASE_URL=postgres://${DB_USER}:${DB_PASSWORD}@db:5432/app",
        "arn:aws:secretsmanager:eu-west-1:210987654321:secret:prod/db-a1B2c3",
        "MasterUserPassword: !Sub '{{resolve:secretsmanager:Main:SecretString:password}}'",
    ]);
    assert_go(
        "q9W2e7R4",
        &[
            json!("password: {{ 'q9W2e7R4' }}"),
            json!("password: {{ stored | default('q9W2e7R4') }}"),
            json!("password: <%= 'q9W2e7R4' %>"),
            json!("password: ${DB_PASSWORD:-q9W2e7R4}"),
            json!("password: !secret q9W2e7R4"),
            json!("token: ((q9W2e7R4))"),
            json!("secret: vault:q9W2e7R4"),
            json!("password: env:q9W2e7R4"),
            json!("password: ./q9W2e7R4"),
            json!("db_password = random_password.db.q9W2e7R4"),
            json!("password = Load(\"q9W2e7R4\")"),
            json!("password = Option('q9W2e7R4')"),
            json!("let token = headers.get(\"x\")?.or(\"q9W2e7R4\");"),
            json!("postgres://${DB_USER}:q9W2e7R4@db:5432/app"),
            json!("arn:aws:iam::210987654321:role/x password: q9W2e7R4"),
        ],
    );
}

#[test]
fn declarations_and_usage_texts_name_secrets_without_telling_one() {
    assert_texts_stay(&[
        "message Login { string username = 1; string password = 2; string token = 3; }",
        "public void setPassword(String password) { this.password = password; }",
        "usage: app [--token TOKEN] [--password-file FILE]",
        "password = serializers.CharField(write_only=True)",
    ]);
    assert_go(
        "739104",
        &[
            json!("int pin = 739104;"),
            json!("this.password = 739104;"),
            json!("app --token 739104"),
            json!("password = \"739104\""),
        ],
    );
}

#[test]
fn the_id_of_a_record_of_a_card_stays_and_its_number_does_not() {
    assert_stay(&[
        json!({"payment_methods": {"credit_card_1245537": {"id": "credit_card_1245537", "brand": "visa", "last_four": "4213"}}}),
    ]);
    assert_go(
        "4321-8765",
        &[
            json!({"credit_card": {"id": "1234-4321-8765-0000"}}),
            json!({"credit_card": {"id": "card_1", "number": "1234-4321-8765-0000"}}),
        ],
    );
}

#[test]
fn what_was_written_names_nothing_and_counts_for_nothing_in_a_second_pass() {
    for value in [
        json!({"name": "the token: q9W2e7R4", "value": "abc"}),
        json!({"name": "Bearer q9W2e7R4xYz] ", "value": "abc"}),
        json!({"card_4111": {"note": "write to ada@example.com"}}),
        json!({"first_name": {"card_9659780": "12"}}),
        json!({"x;AccountKey=F\t // ": 1}),
        json!(";AccountKey=F\t\\ < "),
        json!(";AccountKey=f c\\ 7<|"),
    ] {
        let once = sanitized(&value);
        assert_eq!(sanitized(&once), once, "{value}");
    }
}
