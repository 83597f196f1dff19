//! Sensitive values in plain text: error messages, logs, configuration, commands, JSON that was cut.
//!
//! What is looked for are names that a rule names, and what stands to them as a value: behind an operator, in a
//! column, in an element of XML, behind an option of a command, after "is" in a sentence. All places are found in the
//! original text before anything is replaced.

mod assignment;
mod dumped;
mod layout;
mod listed_codes;
mod name;
mod pair;
mod spaced_table;
mod table;
mod written_below;

use std::ops::Range;

pub(super) use self::name::{is_name_byte, is_quote, next_ruled_name};
pub(super) use self::written_below::below_heading;
use super::detect::{
    command_line, constraint, device_configuration, dicom, display_name, electronic_data,
    expect_script, form_data, labelled_secret, markup, other_one, passenger_list, payment_message,
    program_text, registry, rejected, segment, session, statement, track, travel_document, typed,
    vcard,
};
use super::extent::{Found, Reader};
use super::reference;
use super::replace::replacement;
use super::rule::Rule;
use super::rules::Rules;

/// The most bytes of a value that may be passed over. A longer one is neither a reference nor a word of a sentence, and
/// were it passed over, the names in it would be read with all that stands behind them again and again.
const MAX_PASSED_OVER: usize = 1024;

/// A value to be replaced.
#[derive(Clone)]
pub(super) struct Span<'r> {
    pub(super) range: Range<usize>,
    pub(super) rule: &'r Rule,
}

/// Finds what must be replaced in `text`, in order, without overlaps.
///
/// Sentences and commands are read where `is_told` says that there is a word that one begins with.
pub(super) fn find<'r>(rules: &'r Rules, text: &str, is_told: bool) -> Vec<Span<'r>> {
    let mut findings = Findings::new(rules, text);
    assignment::find(&mut findings);
    table::find(&mut findings);
    markup::find(&mut findings);
    written_below::secrets_of_clusters(&mut findings);
    command_line::find_listed(&mut findings);
    if memchr::memchr(b'=', text.as_bytes()).is_some() {
        constraint::keys(&mut findings);
        form_data::find(&mut findings);
    }
    if memchr::memchr(b'|', text.as_bytes()).is_some() {
        segment::find(&mut findings);
    }
    if memchr::memchr(b'*', text.as_bytes()).is_some() {
        electronic_data::find(&mut findings);
    }
    if memchr::memchr(b'<', text.as_bytes()).is_some() {
        travel_document::find(&mut findings);
        display_name::find(&mut findings);
    }
    if memchr::memchr(b'(', text.as_bytes()).is_some() {
        dicom::find(&mut findings);
        program_text::find(&mut findings);
    }
    if memchr::memchr(b':', text.as_bytes()).is_some() {
        vcard::find(&mut findings);
        payment_message::find(&mut findings);
        passenger_list::find(&mut findings);
    }
    device_configuration::find(&mut findings);
    track::find(&mut findings);
    if is_told {
        constraint::entries(&mut findings);
        command_line::find(&mut findings);
        session::find(&mut findings);
        expect_script::find(&mut findings);
        statement::find(&mut findings);
        typed::find(&mut findings);
        registry::find(&mut findings);
        labelled_secret::find(&mut findings);
        other_one::find(&mut findings);
        rejected::find(&mut findings);
        spaced_table::find(&mut findings);
        listed_codes::find(&mut findings);
    }
    ordered(findings.spans)
}

/// The text with all spans replaced.
pub(super) fn replace(rules: &Rules, text: &str, spans: &[Span<'_>]) -> String {
    let mut replaced = String::with_capacity(text.len() + 64 * spans.len());
    let mut written = 0;
    for span in spans {
        // Whatever a finder gives, no text is lost: a span begins no earlier than the one before it ends.
        let Range { start, end } = whole_characters(text, &span.range);
        let start = start.max(written);
        let end = end.max(start);
        replaced.push_str(text.get(written..start).unwrap_or_default());
        let value = text.get(start..end).unwrap_or_default();
        replaced.push_str(&replacement(rules, span.rule, value));
        written = end;
    }
    replaced.push_str(text.get(written..).unwrap_or_default());
    replaced
}

/// `range` with the whole of the characters that it begins and ends in: limits on lengths count bytes.
pub(super) fn whole_characters(text: &str, range: &Range<usize>) -> Range<usize> {
    let mut end = range.end.min(text.len());
    let mut start = range.start.min(end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Puts spans in order and makes one of those that overlap, under the rule of the first.
fn ordered(mut spans: Vec<Span<'_>>) -> Vec<Span<'_>> {
    if spans.is_sorted_by(|one, next| one.range.end <= next.range.start) {
        return spans;
    }
    spans.sort_by_key(|span| (span.range.start, usize::MAX - span.range.end));
    let mut kept: Vec<Span<'_>> = Vec::with_capacity(spans.len());
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => kept.push(span),
        }
    }
    kept
}

/// What was found in a text so far.
pub(super) struct Findings<'r, 't> {
    pub(super) rules: &'r Rules,
    pub(super) text: &'t str,
    pub(super) reader: Reader<'t>,
    spans: Vec<Span<'r>>,
}

impl<'r, 't> Findings<'r, 't> {
    pub(super) fn new(rules: &'r Rules, text: &'t str) -> Self {
        Self {
            rules,
            text,
            reader: Reader::new(text.as_bytes()),
            spans: Vec::new(),
        }
    }

    pub(super) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Adds a value, where it is neither blank nor a reference; gives where it ends.
    ///
    /// A marker is passed over without being added.
    pub(super) fn take(&mut self, rule: &'r Rule, found: Found) -> Option<usize> {
        // Limits on lengths count bytes: a character that one cuts belongs to the value.
        let end = (found.end..self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len());
        let value = self.text.get(found.start..end)?;
        let may_be_passed_over = value.len() <= MAX_PASSED_OVER;
        if value.trim().is_empty()
            || may_be_passed_over
                && (rule.spares(value) || reference::is_exempt(self.rules, value, found.quoted))
        {
            return None;
        }
        if !self.rules.may_have_written(value) {
            self.spans.push(Span {
                range: found.start..end,
                rule,
            });
        }
        Some(end)
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! What the tests of all finders share.

    use std::sync::{Arc, LazyLock};

    use super::{find, replace};
    use crate::sanitize::default_rules;
    use crate::sanitize::detect;
    use crate::sanitize::pseudonym::Pseudonyms;
    use crate::sanitize::rule::{Rule, Treatment};
    use crate::sanitize::rules::{Names, Rules};
    use crate::sanitize::sweep::{self, sweep};

    /// The default rules and those of a few more names.
    pub(in crate::sanitize) fn rules() -> Rules {
        static NAMES: LazyLock<Arc<Names>> = LazyLock::new(|| Arc::new(Names::new(names())));
        Rules::new(Arc::clone(&NAMES), Pseudonyms::ephemeral())
    }

    fn names() -> Vec<Rule> {
        let mut all = default_rules::defaults();
        for name in [
            "passwd",
            "passphrase",
            "pwd",
            "pin",
            "otp",
            "access_key",
            "secret_key",
            "credential",
            "cvv",
            "dob",
            "mrn",
        ] {
            let treatment = match name {
                "cvv" => Treatment::Drop,
                "dob" | "mrn" => Treatment::Pseudonymize { class: name.into() },
                _ => Treatment::Redact,
            };
            if !all.iter().any(|rule| rule.is_called(name)) {
                all.push(Rule::added(name, treatment));
            }
        }
        all
    }

    /// The text with `<>` in place of all that is found in it.
    pub(in crate::sanitize) fn shown(rules: &Rules, text: &str) -> String {
        let mut shown = String::new();
        let mut written = 0;
        for span in find(rules, text, true) {
            shown.push_str(&text[written..span.range.start]);
            shown.push_str("<>");
            written = span.range.end;
        }
        shown + &text[written..]
    }

    /// Each text becomes what stands beside it, and a second pass finds nothing more.
    #[track_caller]
    pub(in crate::sanitize) fn hits(table: &[(&str, &str)]) {
        let rules = rules();
        let mut wrong = Vec::new();
        for (text, expected) in table {
            let shown = shown(&rules, text);
            if shown != *expected {
                wrong.push(format!("{text:?}\n  gives {shown:?}\n  not   {expected:?}"));
            }
            let seen = sweep(text.as_bytes());
            let is_searched = seen & (sweep::ESCAPE | sweep::NON_ASCII) != 0
                || detect::is_searched(text.as_bytes(), seen);
            if shown != *text && (!is_searched || detect::find(&rules, text, 0).is_empty()) {
                wrong.push(format!("{text:?}\n  is not searched at all"));
            }
            let once = replace(&rules, text, &find(&rules, text, true));
            let twice = replace(&rules, &once, &find(&rules, &once, true));
            if once != twice {
                wrong.push(format!("{once:?}\n  becomes {twice:?} in a second pass"));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// Nothing is found in any of the texts.
    #[track_caller]
    pub(in crate::sanitize) fn misses(table: &[&str]) {
        let rules = rules();
        let shown = table.iter().map(|text| (text, shown(&rules, text)));
        let wrong: Vec<_> = shown.filter(|(text, shown)| *text != shown).collect();
        assert!(wrong.is_empty(), "\n{wrong:#?}");
    }
}
