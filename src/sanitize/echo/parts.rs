//! Parts of a value that stand elsewhere without the rest of it: the values of cookies, the password in `Basic` credentials,
//! what base64 encodes, the number behind the letters of a record's.

use zeroize::Zeroizing;

use super::worth;
use crate::sanitize::detect::encoded;
use crate::sanitize::reference;

/// The fewest and the most characters of base64 that is opened.
const ENCODED: std::ops::RangeInclusive<usize> = 8..=4096;
/// The fewest digits that tell a record from others.
const LEAST_DIGITS: usize = 6;
/// The most letters before the digits of a record.
const MOST_LETTERS: usize = 8;

/// The values of `sid=x; lang=et` that look made by chance; none of what is no list of cookies.
pub(super) fn cookies(value: &str) -> impl Iterator<Item = &str> {
    let is_cookies = value
        .split(';')
        .next()
        .and_then(|first| first.split_once('='))
        .is_some_and(|(name, _)| {
            !name.is_empty() && !name.contains(|sign: char| sign.is_whitespace() || sign == '/')
        });
    value
        .split(';')
        .filter(move |_| is_cookies)
        .filter_map(|cookie| cookie.split_once('='))
        // `s%3A` before a session says that it is signed.
        .map(|(_, value)| value.trim().trim_matches('"').trim_start_matches("s%3A"))
        .filter(|value| worth::looks_random(value) && !is_time(value))
}

/// `2026-03-14T09:26:53Z`, which has digits and letters too.
fn is_time(value: &str) -> bool {
    let time = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z');
    value.bytes().all(time)
}

/// What base64 encodes where that is text: of a user and a password the password.
pub(super) fn decoded(value: &str) -> Option<Zeroizing<Vec<u8>>> {
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    if !ENCODED.contains(&value.len()) || !value.bytes().all(is_base64) {
        return None;
    }
    if !encoded::may_begin_text(value.as_bytes()) {
        return None;
    }
    let plain = Zeroizing::new(encoded::base64(value.bytes()));
    let is_text =
        |byte: &u8| *byte >= b' ' && *byte != 0x7F || matches!(byte, b'\n' | b'\r' | b'\t');
    if !plain.iter().all(is_text) || std::str::from_utf8(&plain).is_err() {
        return None;
    }
    if let Some(colon) = memchr::memchr(b':', &plain) {
        let behind = Zeroizing::new(plain[colon + 1..].to_vec());
        return Some(behind);
    }
    // A user or a host may stand in a secret of many parts.
    let is_secret = std::str::from_utf8(&plain).is_ok_and(reference::looks_secret);
    is_secret.then_some(plain)
}

/// The digits of `MRN-771245`, which stand alone as well.
pub(super) fn record_number(value: &str) -> Option<&str> {
    let letters = value.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = value.get(letters..)?;
    let digits = rest.strip_prefix([' ', '-', '_', '/', '#', ':', '.'])?;
    let is_number =
        digits.len() >= LEAST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    ((1..=MOST_LETTERS).contains(&letters) && is_number).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_cookies_those_are_looked_for_that_look_made_by_chance() {
        let of = |value| cookies(value).collect::<Vec<_>>();
        assert_eq!(
            of("sid=53QSLfA4S4Ce0vr3; lang=en-US; seen=2026-03-14T09:26:53Z; Path=/"),
            ["53QSLfA4S4Ce0vr3"]
        );
        assert_eq!(of("a=1; sid=s%3A53QSLfA4S4Ce0vr3"), ["53QSLfA4S4Ce0vr3"]);
        assert_eq!(of("correct horse battery=staple 99"), [""; 0]);
        assert_eq!(of("q7Tm2xPw9LrT4kB6=="), [""; 0]);
    }

    #[test]
    fn what_base64_encodes_is_opened() {
        let of = |value| decoded(value).map(|plain| String::from_utf8_lossy(&plain).into_owned());
        assert_eq!(of("YWRhOng3VHE5YlB6Mg=="), Some("x7Tq9bPz2".to_owned()));
        assert_eq!(of("eDdUcTliUHoy"), Some("x7Tq9bPz2".to_owned()));
        for value in [
            "hunter2hunter2",
            "53QSLfA4S4Ce0vr3",
            "a b",
            "YWI=",
            "cmVwb3J0aW5n",
        ] {
            assert_eq!(of(value), None, "{value}");
        }
    }

    #[test]
    fn the_digits_of_a_record_stand_behind_its_letters() {
        assert_eq!(record_number("MRN-771245"), Some("771245"));
        assert_eq!(record_number("MRN 771245"), Some("771245"));
        for value in [
            "771245",
            "MRN-7712",
            "MRN771245",
            "1961-021712",
            "A-77-1245",
        ] {
            assert_eq!(record_number(value), None, "{value}");
        }
    }
}
