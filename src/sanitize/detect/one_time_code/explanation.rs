//! What stands behind a number and says that it is a code.

use std::ops::Range;

use super::MAX_REACH;
use super::words::{OTHERS, is_label};

/// What may stand between a code and its explanation.
const EXPLAINED_BEHIND: [char; 6] = ['"', '\'', '*', '`', ')', ']'];

/// False for most numbers, by what stands behind them: an explanation begins with "is", "as" or "to".
fn may_be_explained(behind: &[u8]) -> bool {
    let marks = behind
        .iter()
        .take_while(|byte| EXPLAINED_BEHIND.contains(&char::from(**byte)));
    matches!(
        behind[marks.count()..],
        [b'<', ..]
            | [
                b' ',
                b'i' | b'I' | b'a' | b'A' | b't' | b'T' | b'e' | b'w',
                ..
            ]
    )
}

/// True where what stands behind the code says what it is: `123456 is your code`, `use 123456 to sign in`.
pub(super) fn is_explained(bytes: &[u8], code: &Range<usize>) -> bool {
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
    let expires = [
        " expires in",
        " expires at",
        " will expire",
        " is valid for",
    ]
    .iter()
    .any(|end| sentence.starts_with(end));
    if expires {
        let mut words = before.split_ascii_whitespace().rev();
        let is_code = words
            .next()
            .is_some_and(|word| word.trim_end_matches(':') == "code");
        return is_code && words.next().is_none_or(|word| !OTHERS.contains(&word));
    }
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
