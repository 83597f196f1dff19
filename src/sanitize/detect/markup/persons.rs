//! Elements that are about a person because of those around them (ISO 20022, HL7 version 3, FHIR).

use std::ops::Range;

use super::{Tag, attribute, local, value_attribute};
use crate::sanitize::extent::Found;
use crate::sanitize::pass::name_of_system;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// The element that was opened last, for those that mean something in it alone.
#[derive(Default)]
pub(super) struct Around {
    /// One for a party to a payment (ISO 20022), whose name is a person's or a company's.
    is_party: bool,
    /// One for a name, or one of its parts (HL7 version 3).
    is_name: bool,
    end: usize,
}

impl Around {
    /// The rule for the element `name` that begins at `start`.
    pub(super) fn rule_for<'r>(
        &self,
        findings: &Findings<'r, '_>,
        name: &[u8],
        start: usize,
    ) -> Option<&'r Rule> {
        // Products and fonts have a family behind their name.
        let is_inside = || {
            let between = &findings.bytes()[self.end..start];
            [&b"/name"[..], b":name"]
                .iter()
                .all(|close| memchr::memmem::find(between, close).is_none())
        };
        let whole: &[u8] = match local(name) {
            b"Nm" if self.is_party => {
                let is_first = findings.bytes()[self.end..start]
                    .iter()
                    .all(u8::is_ascii_whitespace);
                return is_first
                    .then(|| findings.rules.for_name_of_person_or_company())
                    .flatten();
            }
            b"family" if self.is_name && is_inside() => b"family_name",
            b"given" if self.is_name && is_inside() => b"given_name",
            _ => return None,
        };
        Some(findings.rules.for_name_at_end(whole)?.0)
    }

    pub(super) fn open(&mut self, name: &[u8], tag: &Tag) {
        let name = local(name);
        self.end = tag.end;
        self.is_party = matches!(
            name,
            b"Cdtr" | b"Dbtr" | b"UltmtCdtr" | b"UltmtDbtr" | b"InitgPty"
        );
        self.is_name = name == b"name"
            || self.is_name
                && matches!(
                    name,
                    b"delimiter" | b"family" | b"given" | b"prefix" | b"suffix"
                );
    }
}

/// Takes the number of `<id root="…" extension="…"/>` whose root is a system in which persons have theirs.
pub(super) fn numbered_in_system(
    findings: &mut Findings<'_, '_>,
    name: &[u8],
    attributes: &Range<usize>,
) {
    let bytes = findings.bytes();
    if local(name) != b"id" {
        return;
    }
    let rule = attribute(bytes, attributes, "root")
        .and_then(|root| findings.text.get(root))
        .and_then(name_of_system)
        .and_then(|named| findings.rules.for_name_at_end(named.as_bytes()));
    if let Some((rule, ..)) = rule
        && let Some(number) = attribute(bytes, attributes, "extension")
    {
        findings.take(rule, Found::quoted(number));
    }
}

/// The parts of a person's name as FHIR has them, and a birth as HL7 has it: `<family value="…"/>`.
pub(super) fn part_of_name<'r>(
    findings: &Findings<'r, '_>,
    name: &[u8],
    attributes: &Range<usize>,
) -> Option<&'r Rule> {
    let whole: &[u8] = match local(name) {
        b"birthTime" => b"date_of_birth",
        b"family" => b"family_name",
        b"given" => b"given_name",
        _ => return None,
    };
    value_attribute(findings.bytes(), attributes)?;
    Some(findings.rules.for_name_at_end(whole)?.0)
}
