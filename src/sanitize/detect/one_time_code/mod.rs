//! One-time codes in messages: `Your code is 123456`, `G-123456 is your verification code`, `OTP: 123-456`.
//!
//! Most numbers behind the word "code" are none: error codes, postal codes, exit codes. So the word before it decides.

mod abroad;
mod explanation;
mod label;
mod pin;
mod words;

use std::ops::Range;

use self::explanation::is_explained;
use self::label::is_labelled;
use super::{Detected, Detector};
use crate::sanitize::places::{Places, mask};

/// How many bytes before and behind a number are looked at.
const MAX_REACH: usize = 72;

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
            && (is_bound_to_origin(bytes, code.start)
                || (is_labelled(bytes, code.start) || abroad::is_labelled(bytes, code.start))
                    && !is_measured(bytes, code.end)
                || is_explained(bytes, &code)
                || pin::is_told(bytes, &code)
                || abroad::is_explained(bytes, code.end))
        {
            found.push(Detected {
                range: code,
                detector: Detector::OneTimeCode,
            });
        }
    }
}

/// True where a word for "code" of another language may stand in a text without blanks, which no word triggers.
pub(in crate::sanitize) fn may_be_labelled(text: &str) -> bool {
    [&b"kod"[..], b"Kod"]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word).is_some())
}

/// The code that the digit at `at` belongs to, and where to look further.
fn code_at(bytes: &[u8], at: usize) -> (Option<Range<usize>>, usize) {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
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
    // `123-45-678`, with which a thing is let into a house.
    if first == 3
        && end == at + 3
        && bytes.get(end) == Some(&b'-')
        && digits(end + 1) == 2
        && bytes.get(end + 3) == Some(&b'-')
        && digits(end + 4) == 3
    {
        end += 7;
    }
    // `12 34 56`, `12 34 56 78`; five pairs are a telephone number.
    let is_pair = |at: usize| bytes.get(at) == Some(&b' ') && digits(at + 1) == 2;
    let pairs = (0..4).take_while(|pair| is_pair(end + 3 * pair)).count();
    if first == 2 && (2..=3).contains(&pairs) {
        end += 3 * pairs;
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
        // The next sentence begins right behind the code.
        Some(b'.') if begins_sentence(&bytes[end + 1..]) => false,
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

/// True for a capital and a small letter.
fn begins_sentence(bytes: &[u8]) -> bool {
    matches!(bytes, [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_lowercase())
}

/// True for the code in the last line of a message that names the site it is for: `@example.com #123456`.
fn is_bound_to_origin(bytes: &[u8], start: usize) -> bool {
    let near = &bytes[start.saturating_sub(MAX_REACH)..start];
    let Some(before) = near.strip_suffix(b" #") else {
        return false;
    };
    let begin = memchr::memrchr(b'@', before);
    let Some((line, site)) = begin.and_then(|at| before.split_at_checked(at)) else {
        return false;
    };
    let site = &site[1..];
    (line.is_empty() && near.len() == start || matches!(line.last(), Some(b'\n' | b'\r')))
        && site.contains(&b'.')
        && site
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
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
            (
                "Your code is 123456.Don't share it",
                "Your code is <>.Don't share it",
            ),
            ("Your code is 12 34 56", "Your code is <>"),
            ("Your code is 12 34 56 78.", "Your code is <>."),
            (
                "Your login.\n\n@example.com #123456",
                "Your login.\n\n@example.com #<>",
            ),
            ("@login.example.com #123456", "@login.example.com #<>"),
            ("otp=123456", "otp=<>"),
            ("Your code: 774123 - shop", "Your code: <> - shop"),
            ("door code 7741 for flat", "door code <> for flat"),
            ("alarm code: 7741", "alarm code: <>"),
            (
                "code 774123 expires in 10 minutes",
                "code <> expires in 10 minutes",
            ),
            ("Ihr Code lautet 7741.", "Ihr Code lautet <>."),
            ("Your OTP for login is 4821", "Your OTP for login is <>"),
            (
                "I typed my bank PIN, 4821, there",
                "I typed my bank PIN, <>, there",
            ),
            (
                "y el PIN de la alarma 4821. El",
                "y el PIN de la alarma <>. El",
            ),
            (
                "il PIN dell'allarme 4821, poi",
                "il PIN dell'allarme <>, poi",
            ),
            (
                "die PIN der Alarmanlage 4821.",
                "die PIN der Alarmanlage <>.",
            ),
            ("the PIN for the alarm 4821.", "the PIN for the alarm <>."),
            ("verification code 123456", "verification code <>"),
            ("setup code 318-42-706, then", "setup code <>, then"),
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
            ("one time code 482113", "one time code <>"),
            ("your sign in code is 482113", "your sign in code is <>"),
            ("the two factor code 482113", "the two factor code <>"),
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
            "Your code: 404 in 2024",
            "zu Ihrem Fehlercode 123456",
            "promo code 774123 expires in 10 days",
            "Error code: 10061",
            "zip code 12345",
            "ZIP code is 90210",
            "exit code 1234",
            "exited with code 137000",
            "order code 445566",
            "status code 404",
            "PIN de la 4821 placas",
            "a pin, 4821, of the board",
            "PIN for model 4821",
            "SPIN de la unidad 4821.",
            "part code 318-42-706",
            "the code of 318-42-706-1",
            "HTTP status code is 5000",
            "postal code: 12345",
            "area code 2125",
            "code 200000",
            "the code is 5000 lines",
            "code 12 34 56 of the list",
            "Your code is 12 34 56 78 90",
            "there is an error in code 4040 of the app",
            "the user id code 40001",
            "ask @ada #123456",
            "see a@example.com #123456",
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
