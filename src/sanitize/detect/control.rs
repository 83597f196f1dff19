//! Control characters between texts: those of an environment and of a command line, as Linux tells them, end with one.
//!
//! No finder knows them, so each is read as the end of a line, or as a blank between the arguments of a command.

use std::ops::Range;

/// The most bytes of a variable's name.
const MAX_NAME: usize = 96;

/// True for a control character that parts texts: neither one of a line's nor one that a terminal is told with.
fn parts(byte: u8) -> bool {
    (byte < b' ') & !matches!(byte, b'\t' | b'\n' | b'\r' | 0x08 | 0x1b)
}

/// True where such a character is in `text`.
pub(super) fn is_parted(text: &[u8]) -> bool {
    text.iter().fold(false, |any, byte| any | parts(*byte))
}

/// The text, of the same length, with what is read in place of its control characters; none where it has none.
pub(super) fn without_controls(text: &str) -> Option<String> {
    if !is_parted(text.as_bytes()) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let is_control = |letter: char| u8::try_from(letter).is_ok_and(parts);
    for line in text.split_inclusive('\n') {
        let mut pieces = line.split(is_control);
        let is_command = pieces.next().is_some_and(|first| !first.contains('='))
            && pieces.any(|piece| piece.starts_with('-'));
        let end = if is_command { ' ' } else { '\n' };
        plain.extend(line.chars().map(|letter| match is_control(letter) {
            true => end,
            false => letter,
        }));
    }
    Some(plain)
}

/// Where the secret at `secret` ends: of a variable or an argument that ends with a control character, all that stands
/// before that one.
pub(super) fn end_of_part(text: &str, secret: &Range<usize>) -> usize {
    let bytes = text.as_bytes();
    let Some(start) = start_of_part(&bytes[..secret.start]) else {
        return secret.end;
    };
    let mut behind = bytes[secret.end..].iter();
    let length = behind
        .position(|byte| ends_part(*byte))
        .unwrap_or(bytes.len() - secret.end);
    let end = secret.end + length;
    let is_parted_before = start.checked_sub(1).is_some_and(|at| parts(bytes[at]));
    let is_parted = is_parted_before || bytes.get(end).is_some_and(|byte| parts(*byte));
    if is_parted { end } else { secret.end }
}

fn ends_part(byte: u8) -> bool {
    parts(byte) || byte == b'\n'
}

/// Where the variable begins whose value follows, or the argument behind an option that does: `NAME=x`, `--name`, `x`.
fn start_of_part(before: &[u8]) -> Option<usize> {
    match before.split_last()? {
        (b'=', name) => {
            let is_of_name =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            let near = name.iter().rev().take(MAX_NAME + 1);
            let length = near.take_while(|byte| is_of_name(byte)).count();
            let start = name.len() - length;
            // A longer name may stand anywhere in a line, which would be read to its end for each of them.
            let is_first = start.checked_sub(1).is_none_or(|at| ends_part(name[at]));
            (is_first && length <= MAX_NAME).then_some(start)
        }
        (last, option) if parts(*last) => {
            let near = option.iter().rev().take(MAX_NAME);
            let length = near.take_while(|byte| !ends_part(**byte)).count();
            let is_option = option[option.len() - length..].starts_with(b"-");
            is_option.then_some(before.len())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::{find, is_searched, tests::rules};
    use crate::sanitize::sweep::sweep;

    #[track_caller]
    fn shown(text: &str) -> String {
        let rules = rules();
        let mut shown = text.to_owned();
        for span in find(&rules, text, 0).iter().rev() {
            shown.replace_range(span.range.clone(), "<>");
        }
        assert!(shown == text || is_searched(text.as_bytes(), sweep(text.as_bytes())));
        shown
    }

    #[test]
    fn values_of_an_environment_end_at_control_characters() {
        for mark in ['\0', '\u{1f}', '\u{1}'] {
            let written = |text: &str| text.replace('|', &mark.to_string());
            assert_eq!(
                shown(&written(
                    "PWD=/opt/worker|QUEUE_NAME=invoices|QUEUE_PASSWORD=dT3qpOXjHuKxOt8P|HONEYCOMB_API_KEY=GWBr|TZ=UTC"
                )),
                written(
                    "PWD=/opt/worker|QUEUE_NAME=invoices|QUEUE_PASSWORD=<>|HONEYCOMB_API_KEY=<>|TZ=UTC"
                )
            );
        }
    }

    #[test]
    fn a_secret_of_several_words_ends_with_its_variable() {
        assert_eq!(
            shown("PATH=/bin\0DB_PASSWORD=blue otter ladder\0TZ=UTC here\0"),
            "PATH=/bin\0DB_PASSWORD=<>\0TZ=UTC here\0"
        );
        assert_eq!(
            shown("NOTE=the DB_PASSWORD=kT9vQ2mZx7Lp4 is old\0TZ=UTC"),
            "NOTE=the DB_PASSWORD=<> is old\0TZ=UTC"
        );
        assert_eq!(
            shown("DB_PASSWORD=kT9vQ2mZx7Lp4 make run\nread\0"),
            "DB_PASSWORD=<> make run\nread\0"
        );
    }

    #[test]
    fn arguments_between_control_characters_are_those_of_a_command() {
        assert_eq!(
            shown("cmd\0--password\0kT9vQ2mZx7Lp4\0--host\0db1"),
            "cmd\0--password\0<>\0--host\0db1"
        );
        assert_eq!(
            shown("cmd\0--password\0blue otter ladder\0--host\0db1"),
            "cmd\0--password\0<>\0--host\0db1"
        );
        assert_eq!(
            shown("cmd\0--password=blue otter\0x"),
            "cmd\0--password=<>\0x"
        );
        assert_eq!(shown("mysql\0-pkT9vQ2mZx7Lp4\0db1"), "mysql\0-p<>\0db1");
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["", "a\tb\r\nc", "\u{1b}[1mtoken\u{1b}[0m", "\u{e9}\u{80}"] {
            assert_eq!(without_controls(text), None, "{text:?}");
        }
        let plain = without_controls("\u{e9}\0b\nx\0-y");
        assert_eq!(plain.as_deref(), Some("\u{e9}\nb\nx -y"));
    }
}
