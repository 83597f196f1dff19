//! Tokens of vendors and clouds, known by their prefix.
//!
//! A prefix is looked for only in runs of token bytes that are long enough to hold a token, and there where one
//! may begin. A token is as long as its run: what hangs on behind it goes with it.

mod unknown_vendor;

use std::ops::Range;

use super::key_pair;
use super::shape::{self, BASE64, Class, DOTTED, LETTERS, Made, NAME, Runs};
use super::vendor_prefixes::{Body, PREFIXES, Prefix};
use super::{Detected, Detector};

/// The fewest bytes of a prefix and what follows it.
const LEAST: usize = 14;
/// The fewest characters after `<digits>:AA` in a token of a Telegram bot.
const LEAST_TELEGRAM: usize = 24;

/// How many bytes behind a prefix decide whether it is a token's.
const MAX_JUDGED: usize = 128;

/// For each first byte where its prefixes begin in the table; they end where those of the next byte begin.
const FIRST: [u8; 257] = {
    assert!(PREFIXES.len() < 256);
    let mut table = [0; 257];
    let (mut byte, mut at) = (0, 0);
    while byte < 256 {
        while at < PREFIXES.len() && (PREFIXES[at].text[0] as usize) < byte {
            at += 1;
        }
        assert!(at == PREFIXES.len() || PREFIXES[at].text[0] as usize >= byte);
        table[byte] = at as u8;
        byte += 1;
    }
    table[256] = PREFIXES.len() as u8;
    table
};

/// For each first byte of ASCII, one bit for each second byte that a prefix has.
const PAIRS: [u128; 128] = pairs(false);
/// The same for the prefixes that are looked for within words too.
const PAIRS_ANYWHERE: [u128; 128] = pairs(true);

const fn pairs(anywhere_alone: bool) -> [u128; 128] {
    let mut table = [0; 128];
    let mut at = 0;
    while at < PREFIXES.len() {
        if !anywhere_alone || PREFIXES[at].anywhere() {
            let [first, second] = [PREFIXES[at].text[0], PREFIXES[at].text[1]];
            table[first as usize] |= 1 << second;
        }
        at += 1;
    }
    table
}

fn has_pair(table: &[u128; 128], rest: &[u8]) -> bool {
    let [first, second, ..] = *rest else {
        return false;
    };
    second.is_ascii()
        && table
            .get(usize::from(first))
            .is_some_and(|seconds| seconds & 1 << second != 0)
}

/// Finds tokens by their prefixes.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    for run in Runs::new(bytes, shape::TOKEN, LEAST) {
        let mut at = run.start;
        while at + LEAST <= run.end {
            let edge = shape::is_left_edge(bytes, at);
            let token = if bytes[at] == b'_'
                && let Some(range) = unknown_vendor::token_at(bytes, at, &run)
            {
                Some(range)
            } else if edge || has_pair(&PAIRS_ANYWHERE, &bytes[at..]) {
                token_at(bytes, at, edge, &run)
            } else {
                None
            };
            at = match token {
                Some(range) => {
                    let end = range.end;
                    let secret = key_pair::secret_behind(bytes, &range);
                    found.extend([Some(range), secret].into_iter().flatten().map(|range| {
                        Detected {
                            range,
                            detector: Detector::VendorToken,
                        }
                    }));
                    end
                }
                None => at + 1,
            };
        }
    }
}

fn token_at(bytes: &[u8], at: usize, edge: bool, run: &Range<usize>) -> Option<Range<usize>> {
    let rest = &bytes[at..run.end];
    let first = usize::from(rest[0]);
    let known = if has_pair(&PAIRS, rest) {
        &PREFIXES[usize::from(FIRST[first])..usize::from(FIRST[first + 1])]
    } else {
        &[]
    };
    let length = known.iter().find_map(|prefix| {
        let body = rest.strip_prefix(prefix.text)?;
        (edge || prefix.anywhere() && prefix.is_sure(body)).then_some(())?;
        Some(prefix.text.len() + body_length(prefix, body)?)
    });
    if let Some(length) = length {
        return Some(at..at + length + shape::run_length(&rest[length..], NAME));
    }
    if !edge {
        return None;
    }
    if rest.get(4..6) == Some(b"Q~") {
        return azure(at, rest);
    }
    match at.checked_sub(1).map(|before| bytes[before]) {
        Some(b'$') => return braintree(bytes, at, rest),
        Some(b'|') => return amazon(bytes, at, rest),
        _ => {}
    }
    match rest[0] {
        b'A' => telegram(bytes, at, rest),
        b'T' => mercado_pago(at, rest),
        b'a' => atlas(bytes, at, rest, run).or_else(|| plaid(at, rest)),
        b'c' => crates(at, rest),
        b'p' => airtable(at, rest),
        b'M' | b'N' | b'O' => discord(at, rest),
        _ => None,
    }
}

fn class_of(body: Body) -> &'static Class {
    match body {
        Body::Letters | Body::Hex(_) | Body::Capitals => LETTERS,
        Body::Name | Body::Random | Body::Groups => NAME,
        Body::Dotted => DOTTED,
        Body::Base64 => BASE64,
    }
}

/// How much of what follows a prefix belongs to the token, where it is one.
fn body_length(prefix: &Prefix, rest: &[u8]) -> Option<usize> {
    // What makes a token must stand near its prefix: a text full of prefixes is looked through once.
    let near = &rest[..rest.len().min(MAX_JUDGED)];
    let of_class = shape::run_length(near, class_of(prefix.body));
    let body = &near[..of_class];
    let made = Made::of(&body[..body.len().min(64)]);
    let is_token = match prefix.body {
        Body::Hex(exactly) => {
            let digits = hex_length(body);
            match exactly {
                Some(length) => digits == length && of_class == length,
                None => digits >= prefix.least,
            }
        }
        Body::Capitals => {
            let capitals = body
                .iter()
                .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                .count();
            capitals >= 16 || capitals >= prefix.least && made.digits > 0
        }
        Body::Groups => {
            let groups = body.split(|byte| *byte == b'-');
            of_class >= prefix.least
                && groups.clone().next().is_some_and(|first| first.len() == 6)
                && made.small == 0
                && made.digits > 0
        }
        Body::Random => {
            of_class >= prefix.least && (shape::looks_random(body, 8) || shape::has_long_word(body))
        }
        Body::Letters | Body::Name | Body::Dotted | Body::Base64 => {
            of_class >= prefix.least && (made.is_mixed() || shape::has_long_word(body))
        }
    };
    if !is_token {
        return None;
    }
    let of_class = shape::run_length(rest, class_of(prefix.body));
    let body = &rest[..of_class];
    // A dot at the end is that of the sentence.
    let dots = body.iter().rev().take_while(|byte| **byte == b'.').count();
    // A token may have further parts after dots, as `SG.` and `hvs.` do.
    let mut length = of_class - dots;
    while rest.get(length) == Some(&b'.') {
        let part = shape::run_length(&rest[length + 1..], NAME);
        if part < 16 {
            break;
        }
        length += 1 + part;
    }
    Some(length)
}

fn hex_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|byte| !byte.is_ascii_hexdigit());
    end.unwrap_or(bytes.len())
}

/// `<digits>:AA…`, the token of a Telegram bot; `at` is after the colon.
fn telegram(bytes: &[u8], at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let before = bytes[..at].strip_suffix(b":")?;
    let digits = before
        .iter()
        .rev()
        .take(12)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let length = shape::run_length(rest, NAME);
    let is_token = rest.starts_with(b"AA") && length >= LEAST_TELEGRAM && digits >= 6;
    is_token.then(|| before.len() - digits..at + length)
}

/// `access_token$production$<16>$<32 hexadecimal digits>`, the token of Braintree; `at` is behind the second sign.
fn braintree(bytes: &[u8], at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let start = [&b"access_token$production$"[..], b"access_token$sandbox$"]
        .into_iter()
        .find_map(|before| Some(bytes[..at].strip_suffix(before)?.len()))?;
    let merchant = shape::run_length(rest, LETTERS);
    let key = bytes.get(at + merchant..)?.strip_prefix(b"$")?;
    let digits = hex_length(&key[..key.len().min(MAX_JUDGED)]);
    (merchant >= 10 && digits >= 32).then(|| start..at + merchant + 1 + digits)
}

/// `Atzr|…`, what Login with Amazon gives; `at` is behind the stroke.
fn amazon(bytes: &[u8], at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let before = [&b"Atzr|"[..], b"Atza|", b"Atc|"]
        .into_iter()
        .find_map(|before| Some(bytes[..at].strip_suffix(before)?.len()))?;
    let length = shape::run_length(rest, BASE64);
    (length >= 60).then(|| before..at + length)
}

/// `TEST-<16 digits>-<6 digits>-<32 hexadecimal digits>-<digits>`, of Mercado Pago.
fn mercado_pago(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let body = rest.strip_prefix(b"TEST-")?;
    let near = &body[..body.len().min(MAX_JUDGED)];
    let near = &near[..shape::run_length(near, NAME)];
    let mut parts = near.split(|byte| *byte == b'-');
    let [client, date, key] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let is_token = client.len() >= 12
        && is_number(client)
        && date.len() == 6
        && is_number(date)
        && key.len() == 32
        && hex_length(key) == 32;
    is_token.then(|| at..at + 5 + shape::run_length(body, NAME))
}

/// `access-production-<UUID>`, of Plaid.
fn plaid(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let body = [
        &b"access-production-"[..],
        b"access-development-",
        b"access-sandbox-",
    ]
    .into_iter()
    .find_map(|prefix| rest.strip_prefix(prefix))?;
    let length = shape::run_length(&body[..body.len().min(MAX_JUDGED)], NAME);
    let groups = body[..length].split(|byte| *byte == b'-');
    let is_uuid = groups.clone().map(<[u8]>::len).eq([8, 4, 4, 4, 12])
        && groups
            .into_iter()
            .all(|group| hex_length(group) == group.len());
    is_uuid.then(|| at..at + rest.len() - body.len() + length)
}

/// `cio` and 32 letters and digits, of crates.io.
fn crates(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let length = shape::run_length(rest, LETTERS);
    let is_token = rest.starts_with(b"cio")
        && length == 35
        && shape::looks_random(&rest[3..length], 32)
        && Made::of(&rest[3..length]).capitals > 0;
    is_token.then(|| at..at + length)
}

/// `pat`, 14 letters and digits, a dot, and 64 hexadecimal digits, of Airtable.
fn airtable(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let id = shape::run_length(rest.strip_prefix(b"pat")?, LETTERS);
    let key = rest[3 + id..].strip_prefix(b".")?;
    let digits = hex_length(&key[..key.len().min(MAX_JUDGED)]);
    (id == 14 && digits == 64).then(|| at..at + 3 + id + 1 + digits)
}

/// `<14 letters>.atlasv1.…`, the token of HashiCorp's cloud; `at` is at `atlasv1`.
fn atlas(bytes: &[u8], at: usize, rest: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let body = rest.strip_prefix(b"atlasv1.")?;
    let length = shape::run_length(body, NAME);
    let before = bytes[run.start..at].strip_suffix(b".")?;
    let letters = shape::run_length_back(before, LETTERS);
    (length >= 16).then(|| run.start + before.len() - letters..at + 8 + length)
}

/// `<id in base64>.<time>.<code>`, the token of a Discord bot.
fn discord(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    let rest = &rest[..rest.len().min(MAX_JUDGED)];
    let id = shape::run_length(rest, NAME);
    let time = rest
        .get(id + 1..)
        .map(|rest| shape::run_length(rest, NAME))?;
    let code = rest
        .get(id + 1 + time + 1..)
        .map(|rest| shape::run_length(rest, NAME))?;
    let dots = rest[id] == b'.' && rest[id + 1 + time] == b'.';
    let is_token = dots && (22..=30).contains(&id) && time == 6 && code >= 16;
    is_token.then(|| at..at + id + time + code + 2)
}

/// The secret of an application at Azure: three characters, a digit, `Q~`, and 31 or more.
fn azure(at: usize, rest: &[u8]) -> Option<Range<usize>> {
    if !rest[3].is_ascii_digit() {
        return None;
    }
    let length = shape::run_length(rest, AZURE);
    (length >= 34).then(|| at..at + length)
}

const AZURE: &Class = &shape::class(b"_~.-");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sanitize::detect::tests::found;

    /// A token of `length` characters, in which digits and letters of both cases stand.
    fn body(length: usize) -> String {
        "q7Xz2Kf9Wb4Vn1Hs8Ld3Rt6"
            .chars()
            .cycle()
            .take(length)
            .collect()
    }

    fn token(prefix: &Prefix) -> String {
        let start = String::from_utf8_lossy(prefix.text);
        let body = match prefix.body {
            Body::Hex(exactly) => "3fa91c7e".repeat(8)[..exactly.unwrap_or(40)].to_owned(),
            Body::Capitals => body(20).to_ascii_uppercase(),
            Body::Groups => "Q7XZ2K-F9WB4V-N1HS8-LD3RT-6Q7XZ".to_owned(),
            _ => body(prefix.least.max(40)),
        };
        format!("{start}{body}")
    }

    #[test]
    fn the_prefixes_are_in_order() {
        assert!(PREFIXES.is_sorted_by_key(|prefix| prefix.text[0]));
    }

    #[test]
    fn a_token_of_every_prefix_is_found_whole() {
        for prefix in PREFIXES {
            let token = token(prefix);
            for (before, after) in [
                ("", ""),
                ("use ", " for it"),
                ("a_", "."),
                ("x=", "\n"),
                ("\\n", "…"),
            ] {
                let text = format!("{before}{token}{after}");
                assert_eq!(found(&text, find), [token.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn tokens_without_a_plain_prefix_are_found() {
        let bot = format!("123456789:AA{}", body(33));
        let atlas = format!("{}.atlasv1.{}", body(14), body(60));
        let discord = format!("M{}.{}.{}", body(23), body(6), body(27));
        let azure = format!("abC8Q{}{}", '~', body(34));
        let hex = "3fa91c7e".repeat(8);
        let braintree = format!(
            "access_token$production${}${}",
            "q7xz2kf9wb4vn1hs",
            &hex[..32]
        );
        let amazon = format!("Atzr|{}", body(80));
        let mercado_pago = format!("TEST-1234567890123456-010203-{}-123456", &hex[..32]);
        let plaid = "access-production-6ddd2f54-6388-4117-ae39-07f134ab30c8".to_owned();
        let crates = format!("cio{}", body(32));
        let airtable = format!("pat{}.{hex}", body(14));
        for token in [
            bot,
            atlas,
            discord,
            azure,
            braintree,
            amazon,
            mercado_pago,
            plaid,
            crates,
            airtable,
        ] {
            let text = format!("got {token}, then");
            assert_eq!(found(&text, find), [token.as_str()], "{text}");
        }
    }

    #[test]
    fn tokens_of_service_accounts_and_of_persons_are_found_whole() {
        for start in ["ya29.c.", "ya29.c.c0", "ya29.d.", "ya29.a0", "ya29."] {
            let token = format!("{start}{}", body(90));
            let text = format!("with {token}. Then more");
            assert_eq!(found(&text, find), [token.as_str()], "{text}");
        }
    }

    #[test]
    fn what_only_begins_like_a_token_stays() {
        for text in [
            "npm_config_registry=https://registry.example/",
            "hf_hub_download_path and hf_transformers_cache",
            "the task-runner-configuration-2 and sk-learn-contrib-tools",
            "risk-assessment-of-2026-quarter-3",
            "highp_float_vector_type",
            "ASIA PACIFIC ASIAPACIFICREGION",
            "skills_live_in_the_repository",
            "img/icon@2x.png @scope/widget@4.17.21",
            "3c39fb97b13c1426208a8abed0e0defeb5f87ed5",
            "sha512-3c39fb97b13c1426208a8abed0e0defeb5f87ed53c39fb97b13c1426208a8abed",
            "e7c1a5b0-9f0a-4f3c-8d2b-1a2b3c4d5e6f",
            "pypi-package-index-mirror-service",
            "key-value-store-implementation-3",
            "src/tokens/secret_store/password_field.rs",
            "pk_live_is_a_publishable_prefix",
            "[REDACTED:vendor_token] and [REDACTED:github_personal_token]",
            "pn:email:eph:abcdefghijklmnopqrstuvwxyz",
            "12:34:56 AAAAAA",
            "TEST-1234 and TEST-2026-03-14-regression-suite",
            "access-production-cluster-and-others-in-europe",
            "patience.3fa91c7e and patterns.of.use",
            "squ_are_root v2.local.host",
            "a|b$c and cost$production$x",
        ] {
            assert!(
                found(text, find).is_empty(),
                "{text}: {:?}",
                found(text, find)
            );
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in [
            "ghp_",
            "sk-",
            "SG.",
            "M.",
            "1:AA",
            "a.atlasv1.",
            "A3-",
            "/",
            "xoxb-1.",
            "EAA",
        ] {
            found(&piece.repeat((1 << 20) / piece.len()), find);
        }
    }

    proptest! {
        #[test]
        fn a_token_at_any_edge_is_covered(
            at in 0..PREFIXES.len(),
            before in "([ -~]{0,40}[ \"'(=:,/_.-])?",
            after in "([ \"'),;\n][ -~]{0,40})?",
        ) {
            let token = token(&PREFIXES[at]);
            let text = format!("{before}{token}{after}");
            let mut all = Vec::new();
            find(&text, &mut all);
            let place = before.len()..before.len() + token.len();
            let covered = all.iter().any(|found| {
                found.range.start <= place.start && found.range.end >= place.end
            });
            prop_assert!(covered, "{}", text);
        }
    }
}
