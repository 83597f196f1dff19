//! What is read from a card's magnetic stripe (ISO/IEC 7813): `%B4…^NAME^2912…?`, `;4…=2912…?`.

use super::card;
use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a track.
const MAX_TRACK: usize = 128;
/// Date and service code, the fewest digits behind a card's number.
const LEAST_DISCRETIONARY: usize = 7;

/// Finds tracks, which go whole.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for separator in memchr::memchr2_iter(b'=', b'^', bytes) {
        let number = digits(bytes[..separator].iter().rev());
        let start = separator - number;
        if !findings
            .text
            .get(start..separator)
            .is_some_and(card::is_card)
        {
            continue;
        }
        let near = &bytes[separator + 1..bytes.len().min(separator + MAX_TRACK)];
        let length = if bytes[separator] == b'=' {
            digits(near.iter())
        } else {
            let Some(name) = memchr::memchr(b'^', near) else {
                continue;
            };
            let rest = digits(near[name + 1..].iter());
            if rest < LEAST_DISCRETIONARY {
                continue;
            }
            name + 1 + rest
        };
        if length < LEAST_DISCRETIONARY {
            continue;
        }
        let Some((rule, ..)) = findings.rules.for_name_at_end(b"track_data") else {
            return;
        };
        let start = match &bytes[..start] {
            [.., b'%', b'A'..=b'Z' | b'a'..=b'z'] => start - 2,
            [.., b';'] => start - 1,
            _ => start,
        };
        let end = separator + 1 + length;
        let end = end + usize::from(bytes.get(end) == Some(&b'?'));
        findings.take(rule, Found::quoted(start..end));
    }
}

fn digits<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes
        .take(MAX_TRACK)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::card::tests::checked;
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn tracks_go_whole() {
        let card = checked("400000123456789");
        let text = format!("read %B{card}^DOE/JO^29121010000000000?;{card}=29121010000000000? ok");
        hits(&[(&text, "read <><> ok")]);
    }

    #[test]
    fn other_numbers_stay() {
        misses(&["1234567890123456=29121010000", "a^b^12345678", "x=12345678"]);
    }
}
