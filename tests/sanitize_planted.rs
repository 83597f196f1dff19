//! A secret of each kind, at any place, in any encoding, never survives.

mod common;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tool_audit::canonical;
use tool_audit::sanitize::{PseudonymKey, Sanitizer};
use tool_audit::{CallContext, MemorySink, Policy, Recorder, Results, ToolCall};

const PLENTY: usize = 16 * 1024 * 1024;

fn sanitizer() -> Sanitizer {
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).expect("a whole key");
    let builder = Sanitizer::builder().pseudonym_key(key);
    builder.build().expect("default rules")
}

/// A secret and the value that says it.
#[derive(Debug, Clone)]
struct Planted {
    /// What must not be left.
    secret: String,
    value: Value,
}

impl Planted {
    fn text(secret: &str, text: String) -> Self {
        Self {
            secret: secret.to_owned(),
            value: Value::String(text),
        }
    }
}

/// A key as a service makes it: letters of both cases and digits.
fn random_key() -> impl Strategy<Value = String> {
    "[A-Z][a-z][0-9][a-zA-Z0-9]{21}"
}

/// A password as a person makes it.
fn password() -> impl Strategy<Value = String> {
    "[A-Z][a-z]{4}[0-9]{3}[a-z]{4}"
}

const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "api_key",
    "apiKey",
    "API-KEY",
    "access_token",
    "client_secret",
    "authorization",
    "db.password",
    "Secret Key",
    "private_key",
    "ｐａｓｓｗｏｒｄ",
];
const PII_NAMES: &[&str] = &[
    "patient_name",
    "ssn",
    "date_of_birth",
    "lastName",
    "passport_number",
    "home_address",
];

fn by_name() -> impl Strategy<Value = Planted> {
    let names = prop::sample::select([SECRET_NAMES, PII_NAMES].concat());
    (names, password(), 0..4_u8).prop_map(|(name, secret, shape)| {
        let value = match shape {
            0 => json!({ name: secret }),
            1 => json!({ name: [secret, {"x": secret}] }),
            2 => json!({"name": name, "value": secret}),
            _ => json!({ name: {"inner": {"deeper": secret}} }),
        };
        Planted { secret, value }
    })
}

fn in_text() -> impl Strategy<Value = Planted> {
    let texts: &[fn(&str) -> String] = &[
        |secret| format!("DB_PASSWORD={secret}"),
        |secret| format!("env: API_KEY=\"{secret}\" and more"),
        |secret| format!("deploy --password {secret} --now"),
        |secret| format!("deploy --api-token={secret}"),
        |secret| format!("{{\"cut\": 1, \"password\": \"{secret}\", \"rest"),
        |secret| format!("curl -H 'Authorization: Bearer {secret}' https://db.example/"),
        |secret| format!("postgres://app:{secret}@db.example:5432/orders"),
        |secret| format!("https://api.example/v1/jobs?limit=5&api_key={secret}"),
        |secret| format!("Cookie: theme=dark; sessionid={secret}"),
        |secret| format!("the password is {secret} as ever"),
        |secret| format!("<password>{secret}</password>"),
        |secret| format!("ALTER USER app WITH PASSWORD '{secret}';"),
        |secret| format!("sshpass -p {secret} ssh app@db.example"),
    ];
    (prop::sample::select(texts), random_key())
        .prop_map(|(text, secret)| Planted::text(&secret, text(&secret)))
}

/// Values that are known by their looks; they are made at random, and stand in a sentence or alone.
fn by_looks() -> impl Strategy<Value = Planted> {
    let digits = prop::collection::vec(0..10_u8, 24);
    (0..10_u8, "[a-zA-Z0-9]{40}", digits, any::<bool>()).prop_map(
        |(kind, letters, digits, alone)| {
            let number = |range: std::ops::Range<usize>| -> String {
                digits[range]
                    .iter()
                    .map(|digit| char::from(b'0' + digit))
                    .collect()
            };
            let secret = match kind {
                0 => format!("gh{}_{}", "p", &letters[..36]),
                1 => format!("sk_{}_{}", "live", &letters[..24]),
                2 => format!("AK{}{}", "IA", &letters[..16].to_ascii_uppercase()),
                3 => format!(
                    "ey{}.ey{}.{}",
                    "JhbGciOiJIUzI1NiJ9",
                    &letters[..30],
                    &letters[10..]
                ),
                4 => card(&number(0..11)),
                5 => iban(&number(0..18)),
                6 => format!(
                    "{}-{}-{}",
                    ssn_area(&digits),
                    10 + digits[0],
                    1000 + u32::from(digits[1])
                ),
                7 => format!("{}@{}.example.com", &letters[..12].to_lowercase(), "mail"),
                8 => format!("(212) 555-01{}", number(0..2)),
                _ => {
                    let begin = format!("-----BEGIN RSA {} KEY-----", "PRIVATE");
                    let text = format!("{begin}\n{letters}\n{letters}\n");
                    return Planted::text(&letters, text);
                }
            };
            let text = if alone {
                secret.clone()
            } else {
                format!("see {secret} for this")
            };
            Planted::text(&secret, text)
        },
    )
}

/// A card number of 16 digits that begins with 4 and whose last digit is right (ISO/IEC 7812-1 annex B).
fn card(eleven: &str) -> String {
    let body = format!("4000{eleven}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A German account number whose check digits are right (ISO 13616).
fn iban(eighteen: &str) -> String {
    // D is 13, E is 14.
    let remainder = format!("{eighteen}131400")
        .bytes()
        .fold(0_u32, |sum, digit| {
            (sum * 10 + u32::from(digit - b'0')) % 97
        });
    format!("DE{:02}{eighteen}", 98 - remainder)
}

fn ssn_area(digits: &[u8]) -> u32 {
    101 + u32::from(digits[2]) * 10
}

/// How a planted value is written.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Plain,
    /// JSON in a string, this many times.
    Nested(u8),
    Base64,
    FullWidth,
    ZeroWidth,
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        3 => Just(Encoding::Plain),
        2 => (1..4_u8).prop_map(Encoding::Nested),
        1 => Just(Encoding::Base64),
        1 => Just(Encoding::FullWidth),
        1 => Just(Encoding::ZeroWidth),
    ]
}

/// The fewest bytes that make a run of base64 that is opened.
const LEAST_ENCODED: usize = 18;

fn encode(value: Value, encoding: Encoding) -> Value {
    match (encoding, value) {
        (Encoding::Plain, value) => value,
        (Encoding::Nested(levels), value) => (0..levels)
            .fold(json!({ "payload": value }), |value, _| {
                Value::String(value.to_string())
            }),
        // Shorter runs stand for too much else: they are not opened.
        (Encoding::Base64, Value::String(text)) if text.len() < LEAST_ENCODED => {
            Value::String(text)
        }
        (Encoding::Base64, Value::String(text)) => Value::String(base64(text.as_bytes())),
        (Encoding::FullWidth, Value::String(text)) => Value::String(full_width(&text)),
        (Encoding::ZeroWidth, Value::String(text)) => {
            let mut hidden = String::new();
            for (at, character) in text.chars().enumerate() {
                hidden.push(character);
                if at % 7 == 3 {
                    hidden.push('\u{200B}');
                }
            }
            Value::String(hidden)
        }
        (Encoding::Base64, value) => Value::String(base64(value.to_string().as_bytes())),
        (_, value) => value,
    }
}

fn full_width(text: &str) -> String {
    let wide = |letter: char| char::from_u32(u32::from(letter) + 0xFEE0).unwrap_or(letter);
    text.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                wide(letter)
            } else {
                letter
            }
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let six = usize::try_from(bits >> (18 - 6 * at) & 63).expect("six bits");
            out.push(if at <= chunk.len() {
                char::from(alphabet[six])
            } else {
                '='
            });
        }
    }
    out
}

/// Harmless containers round a value.
fn wrapped(value: Value, path: &[u8]) -> Value {
    path.iter().fold(value, |inner, step| match step {
        0 => json!([inner]),
        1 => json!(["shipped", inner, 7]),
        2 => json!({"order": inner, "status": "shipped"}),
        3 => json!({"a": {"b": inner}, "note": "left at the door"}),
        _ => json!({"items": [{"sku": "A-100"}, inner]}),
    })
}

fn planted() -> impl Strategy<Value = Planted> {
    prop_oneof![by_name(), in_text(), by_looks()]
}

/// A planted value in an encoding at a place.
fn placed() -> impl Strategy<Value = (Planted, Value)> {
    let path = prop::collection::vec(0..5_u8, 0..6);
    (planted(), encoding(), path).prop_map(|(planted, encoding, path)| {
        let value = wrapped(encode(planted.value.clone(), encoding), &path);
        (planted, value)
    })
}

/// True where a text says the secret, in an encoding or not.
fn says(json: &str, secret: &str) -> bool {
    let narrow: String = json
        .chars()
        .filter(|letter| *letter != '\u{200B}')
        .map(|letter| match letter {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
            _ => letter,
        })
        .collect();
    let folded = narrow.to_lowercase();
    // Where three bytes of base64 begin in what the secret stood in is not known.
    let encoded = (0..3).any(|shift| {
        let whole = base64(&[&vec![b'x'; shift], secret.as_bytes()].concat());
        let inner = whole
            .get(if shift == 0 { 0 } else { 4 }..whole.len() - 4)
            .unwrap_or_default();
        inner.len() >= 12 && json.contains(inner)
    });
    folded.contains(&secret.to_lowercase()) || encoded
}

fn pass(value: &Value) -> String {
    let mut out = Vec::new();
    sanitizer().write_value(&mut out, value, PLENTY);
    String::from_utf8(out).expect("JSON is UTF-8")
}

/// Where in a call a text is put.
const MEMBERS: u8 = 12;

fn call(member: u8, value: &Value) -> ToolCall {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let context = CallContext::new("conv_1", "usr_9").turn(1);
    let context = match member {
        0 => return ToolCall::new("say", value.clone()).context(context),
        1 => return ToolCall::new(text, json!({})).context(context),
        2 => context.model(text),
        3 => context.purpose(text),
        4 => context.subject(text),
        5 => context.metadata("note", value.clone()),
        6 => context.metadata(text, 1),
        7 => context.via(text),
        8 => context.rule(text),
        9 => context.server(text),
        10 => context.role(text),
        _ => CallContext::new(text.clone(), text),
    };
    ToolCall::new("say", json!({})).context(context)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_planted_secret_never_survives((planted, value) in placed()) {
        let out = pass(&value);
        prop_assert!(!says(&out, &planted.secret), "{out}");
        let again: Value = serde_json::from_str(&out).expect("JSON");
        prop_assert_eq!(pass(&again), out);
    }

    #[test]
    fn a_secret_planted_in_a_member_of_a_record_never_survives(
        (planted, value) in placed(),
        member in 0..MEMBERS,
        ends in 0..4_u8,
    ) {
        let sink = MemorySink::new();
        let policy = Policy::new().results(Results::Preview);
        let recorder = Recorder::builder(sink.clone()).sanitizer(sanitizer()).policy(policy).build();
        let (call, answer) = if ends == 0 {
            (call(member, &value), json!("done"))
        } else {
            (ToolCall::new("say", json!({})), value)
        };
        let recording = recorder.start_call(&call);
        drop(match ends {
            1 => recording.finish(|outcome| {
                outcome.error_value(&answer);
            }),
            2 => recording.panicked(&answer.to_string()),
            _ => recording.success(&answer),
        });
        for line in sink.lines() {
            prop_assert!(!says(&line, &planted.secret), "{line}");
            common::read(&line);
        }
    }

    #[test]
    fn what_is_repeated_bare_never_survives(
        secret in password(),
        encoding in encoding(),
        path in prop::collection::vec(0..5_u8, 0..6),
        name in prop::sample::select(SECRET_NAMES),
        before in any::<bool>(),
        member in 0..MEMBERS,
    ) {
        let sink = MemorySink::new();
        let policy = Policy::new().results(Results::Preview);
        let recorder = Recorder::builder(sink.clone()).sanitizer(sanitizer()).policy(policy).build();
        let echo = wrapped(encode(json!(format!("got '{secret}' back")), encoding), &path);
        let mut call = call(member, &echo);
        let other = if before { "\u{1}first" } else { "\u{10FFFF}last" };
        call.arguments = json!({"m": {name: secret}, other: echo});
        drop(recorder.start_call(&call).success(&echo));
        for line in sink.lines() {
            prop_assert!(!says(&line, &secret), "{line}");
        }
    }

    #[test]
    fn a_clean_call_comes_out_byte_by_byte(path in prop::collection::vec(0..5_u8, 0..8), number in 0..1_000_000_u32) {
        let mut members = Map::new();
        members.insert("order_id".into(), json!(format!("ORD-{number}")));
        members.insert("note".into(), json!("Left with the neighbour, who signed for it."));
        let value = wrapped(Value::Object(members), &path);
        let mut expected = Vec::new();
        canonical::write_value(&mut expected, &value);
        prop_assert_eq!(pass(&value).into_bytes(), expected);
    }
}
