//! Text within text: base64, hexadecimal digits and percent-encoding are opened, and what is in them is searched.
//!
//! Of base64 and hexadecimal digits all goes where anything is found; of percent-encoded text only that place.

use std::ops::Range;

use super::encoded::{base64_text, hexadecimal_text, percent_decode};
use super::shape::{self, BASE64, Runs};
use super::{Detected, Detector, merge};
use crate::sanitize::rules::Rules;

/// The fewest characters of an encoding that is opened.
const LEAST: usize = 24;
/// How many encodings within each other are opened.
const MAX_DEPTH: usize = 2;
/// The fewest characters of a line behind which the encoding may go on in the next.
const LEAST_LINE: usize = 40;
/// How many beginnings behind separators are tried where a run of characters does not open as a whole.
const MAX_BEGINNINGS: usize = 3;

/// Finds encoded text in which anything is found; `depth` encodings were opened to come to `text`.
pub(super) fn find(rules: &Rules, text: &str, depth: usize, found: &mut Vec<Detected>) {
    if depth >= MAX_DEPTH {
        return;
    }
    let bytes = text.as_bytes();
    let mut done = 0;
    for run in Runs::new(bytes, BASE64, LEAST) {
        let mut at = run.start.max(done);
        while at < run.end {
            // Padding stands at an end: what is behind it is another piece, as in `name=value`.
            let piece = at..piece_end(bytes, at, run.end);
            at = piece.end;
            if piece.len() < LEAST {
                continue;
            }
            let opened = Blob::new(bytes, piece.clone(), run.end);
            done = opened.end;
            if let Some(start) = opened.secret_from(rules, depth) {
                push(found, start..opened.end);
                at = at.max(opened.end);
            }
        }
    }
    percent(rules, text, depth, found);
}

fn push(found: &mut Vec<Detected>, range: Range<usize>) {
    found.push(Detected {
        range,
        detector: Detector::Base64,
    });
}

/// After the padding, or the sign, behind the piece that begins at `at`.
fn piece_end(bytes: &[u8], at: usize, end: usize) -> usize {
    let Some(sign) = memchr::memchr(b'=', &bytes[at..end]) else {
        return end;
    };
    let sign = at + sign;
    let padding = bytes[sign..end].iter().take_while(|byte| **byte == b'=');
    sign + padding.count()
}

/// Characters that may be an encoding, on one line or several.
struct Blob<'t> {
    bytes: &'t [u8],
    lines: Vec<Range<usize>>,
    end: usize,
}

impl<'t> Blob<'t> {
    fn new(bytes: &'t [u8], piece: Range<usize>, run_end: usize) -> Self {
        let mut end = piece.end;
        let mut width = piece.len();
        let goes_on = end == run_end && width >= LEAST_LINE;
        let mut lines = vec![piece];
        while goes_on && bytes[end - 1] != b'=' {
            let next = line_break(&bytes[end..]);
            let start = end + next;
            let length = shape::run_length(&bytes[start..], BASE64);
            let is_alone = line_break(&bytes[start + length..]) > 0
                || !bytes
                    .get(start + length)
                    .is_some_and(|byte| *byte == b' ' || *byte == b'.');
            if next == 0 || length == 0 || length > width || !is_alone {
                break;
            }
            lines.push(start..start + length);
            end = start + length;
            if length < width {
                break;
            }
            width = length;
        }
        Self { bytes, lines, end }
    }

    /// Where the encoding begins in which something is found.
    fn secret_from(&self, rules: &Rules, depth: usize) -> Option<usize> {
        let joined: Vec<u8>;
        let first = self.lines[0].clone();
        let all = if self.lines.len() == 1 {
            &self.bytes[first.clone()]
        } else {
            let lines = self.lines.iter().flat_map(|line| &self.bytes[line.clone()]);
            joined = lines.copied().collect();
            &joined
        };
        let has_secret = |plain: &str| !merge::find(rules, plain, depth + 1).is_empty();
        let unmarked = all.strip_prefix(b"0x").unwrap_or(all);
        let digits = unmarked.iter().take_while(|byte| byte.is_ascii_hexdigit());
        if digits.count() == unmarked.len()
            && let Some(plain) = hexadecimal_text(unmarked)
        {
            return has_secret(&plain).then_some(first.start);
        }
        // The beginning may be cut off, or words may stand before it.
        let shifted = (0..4).map(|shift| (0, shift));
        let separated = all[..all.len().min(first.len())]
            .iter()
            .enumerate()
            .filter(|(_, byte)| !byte.is_ascii_alphanumeric())
            .map(|(at, _)| (at + 1, at + 1))
            .take(MAX_BEGINNINGS);
        for (start, from) in shifted.chain(separated) {
            if all.len() - from < LEAST.min(16) {
                break;
            }
            if let Some(plain) = base64_text(&all[from..]) {
                if has_secret(&plain) {
                    return Some(first.start + start);
                }
                if from == 0 {
                    return None;
                }
            }
        }
        None
    }
}

/// The length of the end of a line, real or spelled, and of the blanks that indent the next.
fn line_break(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += match &bytes[at..] {
            [b'\n' | b'\r', ..] => 1,
            [b'\\', b'n' | b'r', ..] => 2,
            _ => break,
        };
        if at > 4 {
            return 0;
        }
    }
    if at == 0 {
        return 0;
    }
    let blanks = bytes[at..].iter().take(16);
    at + blanks
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// What may stand in percent-encoded text.
const PERCENT: &shape::Class = &shape::class(b"%_-.~+!*()");

fn percent(rules: &Rules, text: &str, depth: usize, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'%', &bytes[at..]) {
        let sign = at + offset;
        let start = sign - shape::run_length_back(&bytes[at..sign], PERCENT);
        let end = sign + shape::run_length(&bytes[sign..], PERCENT);
        at = end.max(sign + 1);
        let (decoded, places) = percent_decode(&bytes[start..end]);
        let escapes = (end - start - decoded.len()) / 2;
        if escapes == 0 || decoded.len() < 6 {
            continue;
        }
        let Ok(plain) = String::from_utf8(decoded) else {
            continue;
        };
        for span in merge::find(rules, &plain, depth + 1) {
            if let (Some(from), Some(to)) =
                (places.get(span.range.start), places.get(span.range.end))
            {
                push(found, start + from..start + to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::sanitize::detect::tests::{found, rules};

    fn found_in(text: &str) -> Vec<&str> {
        let rules = rules();
        found(text, |text, all| find(&rules, text, 0, all))
    }

    fn encode(text: &str) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut encoded = String::new();
        for three in text.as_bytes().chunks(3) {
            let bits = (0..3).fold(0, |bits, at| {
                bits << 8 | u32::from(*three.get(at).unwrap_or(&0))
            });
            for at in 0..4 {
                encoded.push(if at <= three.len() {
                    char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63])
                } else {
                    '='
                });
            }
        }
        encoded
    }

    fn hexadecimal(text: &str) -> String {
        text.bytes().fold(String::new(), |mut all, byte| {
            let _ = write!(all, "{byte:02x}");
            all
        })
    }

    const SECRET: &str = "the file says password: hunter2hunter2 and no more";

    #[test]
    fn encodings_of_secrets_go_as_a_whole() {
        let one = encode(SECRET);
        let url = one.replace('+', "-").replace('/', "_").replace('=', "");
        for encoded in [
            one.clone(),
            url,
            encode(&one),
            hexadecimal(SECRET),
            encode(&hexadecimal(SECRET)),
        ] {
            for (before, after) in [
                ("", ""),
                ("file=", "&x"),
                ("\"", "\""),
                ("data:text/plain;base64,", " x"),
            ] {
                let text = format!("{before}{encoded}{after}");
                assert_eq!(found_in(&text), [encoded.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn encodings_on_several_lines_are_one() {
        let encoded = encode(&SECRET.repeat(4));
        for end in ["\n", "\r\n", "\\n", "\n  "] {
            let lines: Vec<_> = encoded
                .as_bytes()
                .chunks(60)
                .map(String::from_utf8_lossy)
                .collect();
            let text = format!("x: {}", lines.join(end));
            assert_eq!(found_in(&text), [&text[3..]], "{text}");
        }
    }

    #[test]
    fn encodings_that_are_cut_or_have_words_before_them_are_opened() {
        let encoded = encode(SECRET);
        for cut in [&encoded[..60], &encoded[5..], &format!("v1/{encoded}")] {
            assert_eq!(found_in(cut).len(), 1, "{cut}");
        }
    }

    #[test]
    fn percent_encoded_secrets_go_alone() {
        assert_eq!(
            found_in("next=https%3A%2F%2Fa%3Apw12pw%40h.example%2F&x=1"),
            ["pw12pw"]
        );
        assert_eq!(
            found_in("q=%7B%22password%22%3A%22hunter2%22%7D"),
            ["hunter2"]
        );
    }

    #[test]
    fn other_bytes_and_harmless_text_stay() {
        for text in [
            "iVBORw0KGgonus4euYswQ68qw42ByQsI0AWjXiV8M7n2Kly0rtA8vC2ia9sx7FrbXAkPv",
            "3c39fb97b13c1426208a8abed0e0defeb5f87ed53c39fb97b13c1426208a8abed0e0defe",
            "sha512-3c39fb97b13c1426208a8abed0e0defeb5f87ed53c39fb97b13c1426208a8abe==",
            "/home/app/src/tokens/secret_store/password_field_of_the_form",
            &encode("a harmless text without any of the things that are looked for"),
            "a%20harmless%20text%2C%20100%25%20so",
            "[REDACTED:base64]",
        ] {
            assert_eq!(found_in(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        let line = encode(&"a: b=".repeat(12));
        for piece in [
            "YWJj",
            "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
            "%41",
            "%",
            "2525",
            "/",
            &format!("{line}\n"),
        ] {
            found_in(&piece.repeat((1 << 20) / piece.len()));
        }
    }
}
