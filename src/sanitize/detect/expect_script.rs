//! Passwords that a script sends where it is asked for one: `expect "*assword:*"` and, below it, `send "x\r"`.

use memchr::memmem;

use super::statement::{password_rule, quoted};
use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// How far before the question the word stands that waits for it.
const MAX_BEFORE: usize = 64;
/// How far behind the question the answer begins.
const MAX_BEHIND: usize = 96;

/// Finds what is sent behind such a question.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut done = 0;
    for question in memmem::find_iter(bytes, b"assword") {
        let before = &bytes[question.saturating_sub(MAX_BEFORE)..question];
        let line = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
        if question < done || memmem::find(line, b"expect").is_none() {
            continue;
        }
        if let Some(answer) = answer_behind(bytes, question)
            && let Some(rule) = password_rule(findings)
        {
            done = answer.end;
            findings.take(rule, answer);
        }
    }
}

/// The literal that is sent behind a question, without the end of its line.
fn answer_behind(bytes: &[u8], question: usize) -> Option<Found> {
    let near = &bytes[question..bytes.len().min(question + MAX_BEHIND)];
    let send = memmem::find(near, b"send")?;
    // What waits for something else asks another question.
    if memmem::find(&near[..send], b"expect").is_some() {
        return None;
    }
    let behind = &near[send..];
    let is_between = |byte: &&u8| byte.is_ascii_lowercase() || matches!(byte, b' ' | b'-' | b'(');
    let between = behind.iter().take_while(is_between).count();
    let mut answer = quoted(bytes, question + send + between)?;
    let text = &bytes[answer.start..answer.end];
    let text = [&b"\\r\\n"[..], b"\\r", b"\\n"]
        .into_iter()
        .find_map(|end| text.strip_suffix(end))
        .unwrap_or(text);
    answer.end = answer.start + text.len();
    let is_variable = matches!(text, [b'$' | b'[', ..] | [b'\\', b'$', ..]);
    (!is_variable && answer.end < bytes.len()).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::sanitize::text::Findings;
    use crate::sanitize::text::testing::{hits, misses, rules};

    #[test]
    fn what_a_script_answers_a_question_for_a_password_with_goes() {
        hits(&[
            (
                "spawn ssh h\nexpect \"*assword:*\"\nsend \"otter k4\\r\"\ninteract",
                "spawn ssh h\nexpect \"*assword:*\"\nsend \"<>\\r\"\ninteract",
            ),
            (
                "expect -re {[Pp]assword: } { send -- \"otterk4\\n\" }",
                "expect -re {[Pp]assword: } { send -- \"<>\\n\" }",
            ),
            (
                "child.expect('assword:')\nchild.sendline('otterk4')",
                "child.expect('assword:')\nchild.sendline('<>')",
            ),
        ]);
    }

    #[test]
    fn other_answers_and_variables_stay() {
        misses(&[
            "expect \"*assword:*\"\nsend \"$argv\\r\"\ninteract",
            "expect \"*assword:*\"\nexpect \"$ \"\nsend \"uptime\\r\"",
            "expect \"login:\"\nsend \"ada\\r\"",
            "the *assword prompt\nsend \"ada\\r\"",
        ]);
    }

    #[test]
    fn a_long_hostile_text_ends() {
        let rules = rules();
        for piece in ["expect assword", "assword", "expect assword send\""] {
            let text = piece.repeat((1 << 18) / piece.len());
            find(&mut Findings::new(&rules, &text));
        }
    }
}
