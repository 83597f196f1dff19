//! The encodings in which a secret is looked for, in their one spelling.

use std::ops::Range;

use super::{Echo, Form, Needle, Secret};

/// The fewest characters of an encoded value that are looked for.
const LEAST_ENCODED: usize = 8;

impl Echo {
    /// Base64 as it comes out wherever in three bytes the value begins, and hexadecimal digits.
    fn encode(&mut self, secret: &Secret, needles: &mut Vec<Needle>) {
        self.make_room(6 * (secret.value.len() + 4));
        let mut start = self.spelt.len();
        for shift in 0..4 {
            let value = secret.value.clone();
            let form = if shift < 3 {
                write_base64(&mut self.spelt, value, shift);
                Form::Base64
            } else {
                write_hexadecimal(&mut self.spelt, value);
                Form::Hexadecimal
            };
            let spelt = start..self.spelt.len();
            if spelt.len() < LEAST_ENCODED {
                self.spelt.truncate(start);
                continue;
            }
            start = spelt.end;
            needles.push(Needle {
                rarest: 0,
                spelt,
                replacement: secret.replacement.clone(),
                form,
            });
        }
    }

    /// Writes out all encodings, so that they can be replaced.
    pub(crate) fn complete(&mut self) {
        let mut needles = std::mem::take(&mut self.needles);
        for secret in std::mem::take(&mut self.secrets) {
            self.encode(&secret, &mut needles);
        }
        self.needles = needles;
    }
}

/// Appends the characters of base64 that hang on a value alone where `shift` bytes stand before it (RFC 4648
/// section 4). The value stands in `out` itself.
fn write_base64(out: &mut Vec<u8>, value: Range<usize>, shift: usize) {
    let letter = |six: u32| BASE64[(six & 63) as usize];
    let byte = |out: &Vec<u8>, at: usize| u32::from(out[at]);
    let mut at = value.start;
    // What stands in a character together with bytes before the value is left out.
    match (shift, value.len()) {
        (0, _) => {}
        (1, 2..) => {
            let bits = byte(out, at) << 8 | byte(out, at + 1);
            out.extend_from_slice(&[letter(bits >> 6), letter(bits)]);
            at += 2;
        }
        (2, 1..) => {
            out.push(letter(byte(out, at)));
            at += 1;
        }
        _ => return,
    }
    while at + 3 <= value.end {
        let bits = byte(out, at) << 16 | byte(out, at + 1) << 8 | byte(out, at + 2);
        out.extend_from_slice(&[18, 12, 6, 0].map(|place| letter(bits >> place)));
        at += 3;
    }
    match value.end - at {
        1 => out.push(letter(byte(out, at) >> 2)),
        2 => {
            let bits = byte(out, at) << 8 | byte(out, at + 1);
            out.extend_from_slice(&[letter(bits >> 10), letter(bits >> 4)]);
        }
        _ => {}
    }
}

/// Appends the value's hexadecimal digits. The value stands in `out` itself.
fn write_hexadecimal(out: &mut Vec<u8>, value: Range<usize>) {
    for at in value {
        let byte = out[at];
        out.extend_from_slice(
            &[byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]),
        );
    }
}

const BASE64: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789 /";

#[cfg(test)]
mod tests {
    use crate::sanitize::echo::testing::{echo, replaced};

    #[test]
    fn a_value_is_found_wherever_in_base64_it_begins() {
        let mut echo = echo(&["hunter2hunter2"]);
        // "a:", "ab:" and "abc:" before it.
        for text in [
            "YTpodW50ZXIyaHVudGVyMg==",
            "YWI6aHVudGVyMmh1bnRlcjI=",
            "YWJjOmh1bnRlcjJodW50ZXIy",
        ] {
            assert_eq!(replaced(&mut echo, text), "[REDACTED:password]");
        }
    }
}
