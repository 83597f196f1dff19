//! JSON Web Tokens, signed (RFC 7515) or encrypted (RFC 7516), whole or cut.
//!
//! A token whose signature is cut off or missing still has its payload, which is what tells of persons.

use super::shape::{self, NAME, Runs};
use super::{Detected, Detector};

/// The fewest characters of a header, and of what follows its dot.
const LEAST: usize = 10;

const RUN: &shape::Class = shape::DOTTED;

/// Finds `ey…` followed by further parts between dots.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    for run in Runs::new(bytes, RUN, 2 * LEAST + 1) {
        let mut at = run.start;
        while let Some(offset) = memchr::memchr(b'e', &bytes[at..run.end]) {
            let start = at + offset;
            at = start + 1;
            if !begins_object(&bytes[start..run.end]) {
                continue;
            }
            let header = shape::run_length(&bytes[start..run.end], NAME);
            // In the middle of a word the header must be followed by what is clearly a payload.
            let rest = &bytes[start + header..run.end];
            let is_token = header >= LEAST
                && rest.len() > LEAST
                && (shape::is_left_edge(bytes, start) || rest.starts_with(b".ey"));
            if is_token {
                // Dots at the end belong to an empty signature or to the sentence: none is secret.
                let dots = shape::run_length_back(&bytes[start..run.end], &DOTS);
                if run.end - dots - start > header + LEAST {
                    found.push(Detected {
                        range: start..run.end - dots,
                        detector: Detector::Jwt,
                    });
                }
                break;
            }
            at = start + header;
        }
    }
}

const DOTS: shape::Class = {
    let mut table = [false; 256];
    table[b'.' as usize] = true;
    table
};

/// True for base64url of `{` followed by a quotation mark, a blank or the end of a line.
fn begins_object(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [b'e', b'y', b'J' | b'A' | b'I', ..] | [b'e', b'w', b'o' | b'k' | b'0', ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::found;

    fn header() -> String {
        format!("ey{}", "JhbGciOiJIUzI1NiJ9")
    }

    const PAYLOAD: &str = "eyJzdWIiOiJhZGEifQ";

    #[test]
    fn tokens_are_found_whole_cut_and_encrypted() {
        let header = header();
        for (text, expected) in [
            (
                format!("see {header}.{PAYLOAD}.c2lnbmF0dXJl"),
                format!("{header}.{PAYLOAD}.c2lnbmF0dXJl"),
            ),
            (
                format!("{header}.{PAYLOAD}. was unsigned"),
                format!("{header}.{PAYLOAD}"),
            ),
            (format!("{header}.{PAYLOAD}"), format!("{header}.{PAYLOAD}")),
            (
                format!("{header}..aXYtaXYtaXY.Y2lwaGVy.dGFn."),
                format!("{header}..aXYtaXYtaXY.Y2lwaGVy.dGFn"),
            ),
            (
                format!("t_{header}.{PAYLOAD}.s"),
                format!("{header}.{PAYLOAD}.s"),
            ),
            (
                format!("cut\\n{header}.{PAYLOAD}…"),
                format!("{header}.{PAYLOAD}"),
            ),
            (
                format!("xx{header}.{PAYLOAD}.s"),
                format!("{header}.{PAYLOAD}.s"),
            ),
        ] {
            assert_eq!(found(&text, find), [expected], "{text}");
        }
    }

    #[test]
    fn words_and_headers_alone_stay() {
        for text in [
            "eyeglass_configuration.default_settings_table",
            "keyboard_shortcuts.toggle_something_else",
            &header(),
            &format!("{}. And so on.", header()),
            "[REDACTED:jwt]",
        ] {
            assert!(found(text, find).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in ["eyJ", "eyJ.", ".eyJaaaaaaaaaa", "eyJ-eyJ_"] {
            found(&piece.repeat((1 << 20) / piece.len()), find);
        }
    }
}
