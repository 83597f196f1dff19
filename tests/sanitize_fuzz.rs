//! Texts, values and policy files spliced of what tools really say: nothing panics, what comes out is JSON, and a
//! second pass changes nothing in it.
//!
//! A few thousand by default. `TOOL_AUDIT_FUZZ_SECONDS=600` goes on for ten minutes with each kind of input, and
//! `TOOL_AUDIT_SHARED` adds the recorded calls and the redaction corpus to what is spliced.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
#[cfg(feature = "policy")]
use tool_audit::sanitize::PolicyFile;
use tool_audit::sanitize::Sanitizer;

const CASES: u32 = 2_000;
const LIMIT: usize = 64 * 1024;

/// Texts of the kinds that detectors look for.
const TEXTS: &[&str] = &[
    "the password is hunter2-and-more, the order 4711 stays",
    "postgres://app:s3cr3t-word@db.internal:5432/orders?sslmode=require",
    "curl -u ada:lovelace1815 -H 'Authorization: Bearer abc.def-ghi' https://api.example.com/v1?token=q1w2e3r4",
    "Set-Cookie: session=0f1e2d3c4b5a; Path=/; HttpOnly",
    "card 4111 1111 1111 1111 exp 12/29 cvv 123, IBAN DE89 3704 0044 0532 0130 00",
    "SSN 219-09-9999, born 1984-02-29, call +1 (415) 555-0132 or ada@example.com",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "{\"user\": {\"api_key\": \"k-0123456789abcdef\", \"note\": \"{\\\"secret\\\": \\\"inner\\\"}\"}}",
    "Your one-time code is 482913. It expires in 10 minutes.",
    "Order #W2378156 shipped to 123 Main St; 3 items, 129.99 USD, 2024-05-15T10:22:31Z",
    "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY && ./deploy --password=x --verbose",
];

const GLUE: &[&str] = &[
    "=",
    ": ",
    "\": \"",
    "'",
    "\"",
    "\\",
    "\n",
    " ",
    "-",
    "--",
    "%",
    "%3D",
    "é",
    "\u{200b}",
    "<",
    ">",
    "&",
    "@",
    ":",
    "//",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    "password",
    "value: ",
    "name: ",
    "token",
    "Bearer ",
    "-----BEGIN",
    "0",
    "9",
    "4111",
    "+1",
    "==",
    ".",
    "\u{ff41}",
    "𝟘",
    "$",
    "`",
    ";",
    "|",
    "\t",
    "\r\n",
    "#",
    "\0",
    "\u{202e}",
    "\u{fffd}",
];

#[cfg(feature = "policy")]
const POLICY_GLUE: &[&str] = &[
    "\n",
    "\"",
    "'",
    "=",
    "[",
    "]",
    "[[pattern]]\n",
    "[[path]]\n",
    "[keys]\n",
    "[detectors]\n",
    "[tools.a.keys]\n",
    "action = \"redact\"\n",
    "regex = '(a+)+$'\n",
    "regex = '\\w{1000}{1000}'\n",
    "regex = '('\n",
    "path = \"a.**.[]\"\n",
    "name = \"\"\n",
    "preset = \"hipaa\"\n",
    "preset = 1\n",
    "redact = []\n",
    "{",
    "}",
    ",",
    "#",
    "\\u0000",
    "\u{0}",
    "é",
    "\"\"\"",
    "1979-05-27",
    "inf",
    "true",
    "*",
    "**",
    "[pseudonym_key]\nenvironment = \"NO_SUCH_VARIABLE\"\n",
];

struct Splicer {
    rng: TestRng,
}

impl Splicer {
    fn new() -> Self {
        let mut seed = [0; 32];
        if seconds().is_some() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            seed[..16].copy_from_slice(&now.unwrap_or_default().as_nanos().to_le_bytes());
            println!("seed {seed:?}");
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Self { rng }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.rng.next_u32() as usize) % bound.max(1)
    }

    fn one<'t>(&mut self, texts: &'t [impl AsRef<str>]) -> &'t str {
        let index = self.below(texts.len());
        texts[index].as_ref()
    }

    /// Up to `pieces` cuts of `texts`, of at most `longest` characters, with some of `glue` between them.
    fn splice(&mut self, texts: &[String], glue: &[&str], pieces: usize, longest: usize) -> String {
        let mut spliced = String::new();
        for _ in 0..=self.below(pieces) {
            let text = self.one(texts);
            let start = self.below(text.chars().count());
            let length = 1 + self.below(longest);
            spliced.extend(text.chars().skip(start).take(length));
            for _ in 0..self.below(4) {
                spliced.push_str(self.one(glue));
            }
        }
        spliced
    }
}

fn seconds() -> Option<u64> {
    let seconds = std::env::var("TOOL_AUDIT_FUZZ_SECONDS").ok()?;
    Some(
        seconds
            .parse()
            .expect("TOOL_AUDIT_FUZZ_SECONDS is a number"),
    )
}

/// Calls `one` a few thousand times, or as long as was asked for.
fn repeat(mut one: impl FnMut()) {
    let Some(seconds) = seconds() else {
        return (0..CASES).for_each(|_| one());
    };
    let (start, mut rounds) = (Instant::now(), 0_u64);
    while start.elapsed() < Duration::from_secs(seconds) {
        one();
        rounds += 1;
    }
    println!("{rounds} rounds in {seconds} s");
}

fn strings_of(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings_of(item, texts)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            texts.push(name.clone());
            strings_of(value, texts);
        }),
        _ => {}
    }
}

/// The texts above, and those of others where the environment names a folder of them.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    let Some(shared) = std::env::var_os("TOOL_AUDIT_SHARED").map(PathBuf::from) else {
        eprintln!(
            "SKIPPED: TOOL_AUDIT_SHARED names no folder of recorded calls; only a few texts are spliced"
        );
        return texts;
    };
    for folder in ["data", "redaction"] {
        for entry in std::fs::read_dir(shared.join(folder)).expect("a folder of calls") {
            let path = entry.expect("an entry").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                for line in lines(&path) {
                    if let Ok(value) = serde_json::from_str(&line) {
                        strings_of(&value, &mut texts);
                    }
                }
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a file of calls");
    text.lines().map(str::to_owned).collect()
}

/// What a value becomes.
fn sanitized(sanitizer: &Sanitizer, value: &Value) -> Value {
    let mut out = Vec::new();
    let done = sanitizer.write_value(&mut out, value, LIMIT);
    assert!(!done.failed, "a fault inside: {value}");
    assert!(out.len() <= LIMIT, "{} bytes of {value}", out.len());
    serde_json::from_slice(&out).unwrap_or_else(|error| {
        panic!("{error}: {value} became {}", String::from_utf8_lossy(&out));
    })
}

#[test]
fn spliced_texts_and_values_come_out_as_json_that_a_second_pass_leaves_alone() {
    let (texts, sanitizer) = (texts(), Sanitizer::default());
    let mut splicer = Splicer::new();
    repeat(|| {
        let text = splicer.splice(&texts, GLUE, 6, 200);
        let name = splicer.splice(&texts, GLUE, 2, 24);
        let other = splicer.splice(&texts, GLUE, 2, 60);
        let value = match splicer.below(6) {
            0 => json!({ name: text }),
            1 => json!({"name": name, "value": text, other: [1, null, text]}),
            2 => json!([text, {name: {other: text}}]),
            3 => json!({"arguments": json!({ name: text }).to_string(), "command": other}),
            _ => Value::String(text),
        };
        let once = sanitized(&sanitizer, &value);
        assert_eq!(sanitized(&sanitizer, &once), once, "of {value}");
    });
}

#[cfg(feature = "policy")]
#[test]
fn a_spliced_policy_file_is_a_sanitizer_or_an_error_of_one_line_with_its_place() {
    let texts = texts();
    let example = include_str!("../examples/policy.toml");
    let parts: Vec<String> = example
        .lines()
        .map(|line| format!("{line}\n"))
        .chain(example.split("\n\n").map(|part| format!("{part}\n\n")))
        .chain([example.to_owned()])
        .collect();
    let sample = json!({"badge code": "b-17", "note": "TKT-123456 in room 101, ada@example.com"});
    let mut splicer = Splicer::new();
    let (mut read, mut refused) = (0, 0);
    repeat(|| {
        let mut policy = String::new();
        for _ in 0..=splicer.below(4) {
            match splicer.below(8) {
                0 => policy.push_str(&splicer.splice(&parts, POLICY_GLUE, 3, 60)),
                1 => policy.push_str(&splicer.splice(&texts, POLICY_GLUE, 1, 40)),
                2 => policy.push_str(splicer.one(POLICY_GLUE)),
                _ => policy.push_str(splicer.one(&parts)),
            }
        }
        match PolicyFile::parse(&policy, "policy.toml").and_then(PolicyFile::sanitizer) {
            Ok(sanitizer) => {
                read += 1;
                sanitized(&sanitizer, &sample);
            }
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                assert!(error.starts_with("policy.toml"), "{error}");
                assert!(!error.contains('\n'), "{error}");
            }
        }
    });
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
