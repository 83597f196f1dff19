//! One-time codes in messages: `Your code is 123456`, `G-123456 is your verification code`, `OTP: 123-456`.
//!
//! Most numbers behind the word "code" are none: error codes, postal codes, exit codes. So the word before it decides.

use std::ops::Range;

use super::{Detected, Detector};
use crate::sanitize::places::{Places, mask};

/// How many bytes before and behind a number are looked at.
const MAX_REACH: usize = 72;
/// How many words back a label may stand.
const MAX_WORDS: usize = 7;

/// Words that are a label by themselves.
const LABELS: &[&str] = &[
    "otp", "otps", "totp", "passcode", "pin", "2fa", "mfa", "tan", "mtan",
];
/// What the code is for, before the word "code".
const PURPOSES: &[&str] = &[
    "verification",
    "verify",
    "security",
    "login",
    "log-in",
    "signin",
    "sign-in",
    "in",
    "access",
    "authentication",
    "auth",
    "authenticator",
    "authorization",
    "one-time",
    "onetime",
    "time",
    "otp",
    "totp",
    "2fa",
    "mfa",
    "two-factor",
    "factor",
    "confirmation",
    "sms",
    "temporary",
    "activation",
    "recovery",
    "backup",
    "pairing",
    "unlock",
    "registration",
    "validation",
    "step",
    "two-step",
    "google",
    "whatsapp",
    "telegram",
    "facebook",
    "apple",
    "microsoft",
    "paypal",
    "amazon",
    "uber",
    "reset",
    "password",
    "id",
    "account",
    "single-use",
    "use",
    "2-step",
    "email",
    "sign-up",
    "signup",
    "pin",
    "passcode",
];
/// Other kinds of code.
const OTHERS: &[&str] = &[
    "error",
    "zip",
    "postal",
    "post",
    "exit",
    "order",
    "status",
    "response",
    "area",
    "country",
    "promo",
    "promotion",
    "discount",
    "product",
    "item",
    "source",
    "return",
    "http",
    "reason",
    "currency",
    "tracking",
    "bar",
    "qr",
    "sort",
    "dial",
    "dialing",
    "dialling",
    "color",
    "colour",
    "booking",
    "reference",
    "coupon",
    "voucher",
    "tax",
    "diagnosis",
    "icd",
    "cpt",
    "billing",
    "key",
    "char",
    "character",
    "op",
    "machine",
    "byte",
    "event",
    "result",
    "signal",
    "bank",
    "branch",
    "airport",
    "department",
    "stock",
    "language",
    "course",
    "class",
    "project",
    "cost",
    "gl",
    "sic",
    "naics",
    "hs",
    "job",
    "model",
    "part",
    "serial",
    "flight",
    "train",
    "gift",
    "referral",
    "invite",
    "region",
    "state",
    "city",
    "store",
    "site",
    "unit",
    "vendor",
    "customer",
    "procedure",
    "dress",
    "building",
    "sku",
    "mcc",
    "merchant",
    "fault",
    "failure",
    "abort",
    "ascii",
    "unicode",
];

/// Finds one-time codes.
pub(in crate::sanitize) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for at in Places::new(bytes, |block, _| {
        mask(block, |byte| byte.wrapping_sub(b'0') < 10)
    }) {
        if at < done {
            continue;
        }
        let (code, next) = code_at(bytes, at);
        done = next;
        if let Some(code) = code
            && (is_labelled(bytes, code.start) && !is_measured(bytes, code.end)
                || is_explained(bytes, &code))
        {
            found.push(Detected {
                range: code,
                detector: Detector::OneTimeCode,
            });
        }
    }
}

/// The code that the digit at `at` belongs to, and where to look further.
fn code_at(bytes: &[u8], at: usize) -> (Option<Range<usize>>, usize) {
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let first = digits(at);
    let mut end = at + first;
    // `123-456`, `1234 5678`.
    if (3..=4).contains(&first)
        && matches!(bytes.get(end), Some(b'-' | b' '))
        && digits(end + 1) == first
    {
        end += 1 + first;
    }
    let mut start = at;
    // `G-123456`.
    if start >= 2 && bytes[start - 1] == b'-' && bytes[start - 2].is_ascii_uppercase() {
        start -= 2;
    }
    let is_part = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'$' | b'@' | b'+' | b'%')
    };
    let goes_on = match bytes.get(end) {
        Some(b'-' | b'.' | b',' | b':' | b'/') => {
            bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        }
        Some(byte) => is_part(*byte),
        None => false,
    };
    let begins_before = start.checked_sub(1).is_some_and(|before| {
        is_part(bytes[before])
            || matches!(bytes[before], b'.' | b'-' | b',')
                && before > 0
                && bytes[before - 1].is_ascii_alphanumeric()
    });
    let length = bytes[at..end]
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .count();
    let is_code = (4..=8).contains(&length) && !goes_on && !begins_before;
    (is_code.then_some(start..end), end)
}

/// True where a label stands before the code.
fn is_labelled(bytes: &[u8], start: usize) -> bool {
    let least = start.saturating_sub(MAX_REACH);
    let before = without_tag(bytes[least..start].trim_ascii_end());
    let bracketed = before.ends_with(b"(");
    let before = trim_end(before, b"\"'`*(_ ");
    let unsigned = trim_end(before, b":=-#> ");
    let has_sign = bracketed || unsigned.len() < before.len();
    let mut words = unsigned
        .rsplit(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'(' | b'*' | b'`')
        })
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase());
    let Some(mut word) = words.next() else {
        return false;
    };
    if matches!(word.as_str(), "from" | "to") {
        // "change the PIN from 1234 to 5678"
        let mut between = words
            .skip_while(|word| word == "from" || word.bytes().all(|byte| byte.is_ascii_digit()));
        return between
            .next()
            .is_some_and(|word| LABELS.contains(&word.as_str()));
    }
    let linked = matches!(word.as_str(), "is" | "was" | "are");
    if linked {
        let Some(next) = words.next() else {
            return false;
        };
        word = next;
        // "the verification code for your account is"
        let mut skipped = 0;
        while !is_label(&word) && skipped < 4 {
            if word.ends_with(['.', ',', '!', '?', ';', ':']) {
                return false;
            }
            let Some(next) = words.next() else {
                return false;
            };
            word = next;
            skipped += 1;
        }
    }
    if word.ends_with(['.', ',', '!', '?', ';']) || !is_label(&word) {
        return false;
    }
    let purpose = words.next().unwrap_or_default();
    if word == "token" {
        return LABELS.contains(&purpose.as_str());
    }
    if word != "code" && word != "codes" {
        // "pin 1234" on a board is one, too.
        return linked || has_sign || word != "pin" || purpose == "your" || purpose == "my";
    }
    let is_of = |kinds: &[&str]| kinds.contains(&purpose.as_str());
    if is_of(OTHERS) {
        return false;
    }
    is_of(PURPOSES)
        || linked
            && matches!(
                purpose.as_str(),
                "" | "the" | "your" | "my" | "a" | "this" | "that" | "new"
            )
}

fn is_label(word: &str) -> bool {
    matches!(word, "code" | "codes" | "token") || LABELS.contains(&word)
}

/// False for most numbers, by what stands behind them: an explanation begins with "is", "as" or "to".
fn may_be_explained(behind: &[u8]) -> bool {
    let marks = behind
        .iter()
        .take_while(|byte| EXPLAINED_BEHIND.contains(&char::from(**byte)));
    matches!(
        behind[marks.count()..],
        [b'<', ..] | [b' ', b'i' | b'I' | b'a' | b'A' | b't' | b'T', ..]
    )
}

/// What may stand between a code and its explanation.
const EXPLAINED_BEHIND: [char; 6] = ['"', '\'', '*', '`', ')', ']'];

/// True where what stands behind the code says what it is: `123456 is your code`, `use 123456 to sign in`.
fn is_explained(bytes: &[u8], code: &Range<usize>) -> bool {
    let behind = &bytes[code.end..bytes.len().min(code.end + MAX_REACH)];
    if !may_be_explained(behind) {
        return false;
    }
    let behind = String::from_utf8_lossy(behind).to_ascii_lowercase();
    let sentence = behind
        .split(['.', '!', '?', '\n'])
        .next()
        .unwrap_or_default();
    let sentence = sentence.strip_prefix("</").map_or(sentence, |tag| {
        tag.split_once('>').map_or(tag, |(_, behind)| behind)
    });
    let sentence = sentence.trim_start_matches(EXPLAINED_BEHIND);
    if [" is your ", " is the ", " as your ", " is my ", " as the "]
        .iter()
        .any(|link| sentence.starts_with(link))
    {
        let words: Vec<&str> = sentence
            .split_ascii_whitespace()
            .map(|word| word.trim_end_matches([',', ')', ':', '"']))
            .collect();
        let label = words.iter().position(|word| is_label(word));
        return label.is_some_and(|at| at > 0 && !OTHERS.contains(&words[at - 1]));
    }
    let before = &bytes[code.start.saturating_sub(MAX_REACH)..code.start];
    let before = String::from_utf8_lossy(before).to_ascii_lowercase();
    let mut words = before.split_ascii_whitespace().rev();
    let last = words
        .next()
        .filter(|word| !is_label(word))
        .or_else(|| words.next())
        .unwrap_or_default();
    matches!(last, "use" | "enter" | "type")
        && [
            " to verify",
            " to log in",
            " to login",
            " to sign in",
            " to confirm your",
            " to authenticate",
            " to complete your",
            " to reset",
            " to access",
        ]
        .iter()
        .any(|purpose| sentence.starts_with(purpose))
}

/// What stands before a tag of HTML at the end: `code is <b>`.
fn without_tag(before: &[u8]) -> &[u8] {
    match memchr::memrchr(b'<', before) {
        Some(at) if before.ends_with(b">") => before[..at].trim_ascii_end(),
        _ => before,
    }
}

/// `5000 lines`: a count.
fn is_measured(bytes: &[u8], end: usize) -> bool {
    let rest = &bytes[end..];
    [
        &b" lines"[..],
        b" bytes",
        b" chars",
        b" characters",
        b" words",
        b" files",
        b" times",
    ]
    .iter()
    .any(|unit| rest.starts_with(unit))
}

fn trim_end<'t>(mut bytes: &'t [u8], signs: &[u8]) -> &'t [u8] {
    while let [rest @ .., last] = bytes
        && signs.contains(last)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::find;

    fn shown(text: &str) -> String {
        let mut found = Vec::new();
        find(text, &mut found);
        let mut shown = text.to_owned();
        for detected in found.iter().rev() {
            shown.replace_range(detected.range.clone(), "<>");
        }
        shown
    }

    #[test]
    fn one_time_codes_go() {
        for (text, expected) in [
            (
                "Your verification code is 324081. It expires.",
                "Your verification code is <>. It expires.",
            ),
            ("code is 123456", "code is <>"),
            ("Your code is: 1234", "Your code is: <>"),
            (
                "123456 is your Example verification code",
                "<> is your Example verification code",
            ),
            (
                "G-123456 is your Google verification code.",
                "<> is your Google verification code.",
            ),
            ("OTP: 123-456", "OTP: <>"),
            ("otp=123456", "otp=<>"),
            ("Your OTP for login is 4821", "Your OTP for login is <>"),
            ("verification code 123456", "verification code <>"),
            ("Security code: \"123 456\"", "Security code: \"<>\""),
            (
                "Use 123456 to verify your account",
                "Use <> to verify your account",
            ),
            ("one-time code **123456**", "one-time code **<>**"),
            ("use 492817 as your login code", "use <> as your login code"),
            ("the 2FA code is 99120034", "the 2FA code is <>"),
            ("Your PIN is 4821", "Your PIN is <>"),
            ("wrong PIN (4821) for", "wrong PIN (<>) for"),
            ("my pin code is 4821 and", "my pin code is <> and"),
            (
                "change pin from 4821 to 4822 now",
                "change pin from <> to <> now",
            ),
            (
                "Enter code 482113 to verify your login",
                "Enter code <> to verify your login",
            ),
            ("(482113) is your login code", "(<>) is your login code"),
            ("the MFA token 482113", "the MFA token <>"),
            ("your code is <b>482113</b>.", "your code is <b><></b>."),
            ("passcode 482113", "passcode <>"),
            (
                "The verification code for your account is 482113",
                "The verification code for your account is <>",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn other_codes_stay() {
        for text in [
            "error code 123456",
            "Error code: 10061",
            "zip code 12345",
            "ZIP code is 90210",
            "exit code 1234",
            "exited with code 137000",
            "order code 445566",
            "status code 404",
            "HTTP status code is 5000",
            "postal code: 12345",
            "area code 2125",
            "code 200000",
            "the code is 5000 lines",
            "promo code 123456",
            "country code 0049",
            "code: 404000",
            "in 2024 the code was rewritten",
            "1234567890 is your verification code for",
            "id 123456 is your order",
            "room 1234",
            "version 1.2.3456",
            "pin 1234 of the board",
            "token 1234 of 5678",
            "from 1234 to 5678 the pin was bent",
            "call 555-0100",
            "the code was 3.1415",
            "booking reference 123456",
            "2026-01-02 12:00:00 code review",
            "code is poetry since 1999",
            "Enter 123456 rows to fill",
        ] {
            assert_eq!(shown(text), text);
        }
    }
}
