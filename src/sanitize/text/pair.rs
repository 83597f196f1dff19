//! Names and values that stand in two assignments: `name=password value=x`, `- name: DB_PASSWORD` above `value: x`.

use std::ops::Range;

use super::Findings;
use super::name::is_name_byte;
use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::rule::{Extent, Rule};

/// How far apart the two may stand.
const MAX_DISTANCE: usize = 256;
/// The most bytes of a text that may be a name.
const MAX_NAME: usize = 128;

/// The last halves of pairs that were met.
#[derive(Default)]
pub(super) struct Pairs<'r> {
    /// A name, with the rule that names it, and where it ends.
    name: Option<(Option<&'r Rule>, usize)>,
    /// Where a value begins that stands before its name.
    value: Option<usize>,
}

enum Half {
    Name,
    Value,
}

impl<'r> Pairs<'r> {
    /// Looks at an assignment to a name that no rule names; gives where a value ends that was found.
    pub(super) fn meet(
        &mut self,
        findings: &mut Findings<'r, '_>,
        name: Range<usize>,
        after: usize,
    ) -> Option<usize> {
        let bytes = findings.bytes();
        let name_start = name.start;
        match half(&bytes[name])? {
            Half::Name => {
                // A text that goes on for longer is none, so no more of it is read.
                let near = bytes.len().min(after + MAX_DISTANCE);
                let assigned =
                    Reader::new(&bytes[..near]).value(findings.rules, after, Extent::Word, None)?;
                let word = &bytes[assigned.start..assigned.end];
                let rule = whole_name(findings, word).filter(|_| word.len() <= MAX_NAME);
                match self.value_before(findings, assigned.start) {
                    // A value may as well be a text that speaks of a name.
                    Some(value) => {
                        if let Some(rule) = rule {
                            findings.take(rule, value);
                        }
                    }
                    None => self.name = Some((rule, assigned.end)),
                }
                None
            }
            Half::Value => {
                let start = findings.reader.skip_blanks(after);
                let near = self
                    .name
                    .filter(|(_, end)| start.saturating_sub(*end) <= MAX_DISTANCE);
                let rule = match near {
                    Some((rule, _)) => rule,
                    None => block_name(findings, name_start),
                };
                let Some(rule) = rule else {
                    if self.name.take_if(|_| near.is_some()).is_none() {
                        self.value = Some(start);
                    }
                    return None;
                };
                let value = findings
                    .reader
                    .value(findings.rules, after, Extent::Word, None)?;
                self.name = None;
                findings.take(rule, value)
            }
        }
    }

    /// The value that was met last, where it stands near the name at `name`.
    fn value_before(&mut self, findings: &Findings<'_, '_>, name: usize) -> Option<Found> {
        let start = self.value.take()?;
        let value = Reader::new(&findings.bytes()[..name]).value(
            findings.rules,
            start,
            Extent::Word,
            None,
        )?;
        // One in quotes that are not closed speaks of the name.
        (value.end < name && name - value.end <= MAX_DISTANCE).then_some(value)
    }
}

/// The rule for the name before the block that the place is in: `variable "db_password" { … default = …`.
fn block_name<'r>(findings: &Findings<'r, '_>, at: usize) -> Option<&'r Rule> {
    let bytes = findings.bytes();
    let least = at.saturating_sub(MAX_DISTANCE);
    let open = memchr::memrchr(b'{', &bytes[least..at])? + least;
    let label = bytes[least..open].trim_ascii_end().strip_suffix(b"\"")?;
    let start = memchr::memrchr(b'"', label)?;
    whole_name(findings, &label[start + 1..])
}

/// The rule for a text that is one name and nothing else.
fn whole_name<'r>(findings: &Findings<'r, '_>, word: &[u8]) -> Option<&'r Rule> {
    let is_name = word
        .iter()
        .all(|byte| is_name_byte(*byte) || matches!(byte, b' ' | b':'));
    let (rule, plural, _) = findings.rules.for_name_at_end(word).filter(|_| is_name)?;
    (!plural).then_some(rule)
}

/// Whether a name is that of a pair's name or value, judged by its last word.
fn half(name: &[u8]) -> Option<Half> {
    const NAMES: &[&str] = &[
        "name",
        "key",
        "id",
        "field",
        "header",
        "param",
        "parameter",
        "label",
        "variable",
        "env",
        "attribute",
        "property",
        "title",
        "k",
    ];
    const VALUES: &[&str] = &["value", "val", "content", "data", "default", "text", "v"];
    let name = std::str::from_utf8(&name[name.len().saturating_sub(24)..]).ok()?;
    let mut start = name.len();
    let bytes = name.as_bytes();
    while start > 0 && bytes[start - 1].is_ascii_alphabetic() {
        start -= 1;
        if bytes[start].is_ascii_uppercase()
            && start + 1 < name.len()
            && bytes[start + 1].is_ascii_lowercase()
        {
            break;
        }
    }
    let word = &name[start..];
    let is_one_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_one_of(NAMES) {
        Some(Half::Name)
    } else if is_one_of(VALUES) {
        Some(Half::Value)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn halves_of_a_pair_belong_together() {
        hits(&[
            (
                "env:\n- name: DB_PASSWORD\n  value: abc\n- name: MODE\n  value: x\n",
                "env:\n- name: DB_PASSWORD\n  value: <>\n- name: MODE\n  value: x\n",
            ),
            (
                "Header { name: \"x-api-key\", value: \"abc\" }",
                "Header { name: \"x-api-key\", value: \"<>\" }",
            ),
            (
                "[{\"value\":\"abc\",\"name\":\"password\"},{\"value\":\"x\",\"name\":\"user\"},",
                "[{\"value\":\"<>\",\"name\":\"password\"},{\"value\":\"x\",\"name\":\"user\"},",
            ),
            (
                "name=user value=ada name=token value=abc",
                "name=user value=ada name=token value=<>",
            ),
            (
                "ParameterKey=DbPassword,ParameterValue=abc",
                "ParameterKey=DbPassword,ParameterValue=<>",
            ),
        ]);
        misses(&[
            "name: password\ntype: text",
            "key: a, value: b",
            "value: x\nname: user",
        ]);
    }
}
