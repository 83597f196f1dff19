//! One look at a text by all detectors, and what they found put in order.

use super::{
    Detected, authorization, base64, connection_string, control, cookie, digits, email, iban, jwt,
    labelled_secret::unspaced, one_time_code, password_file, private_key, trigger, url,
    vendor_token,
};
use crate::sanitize::fold::{Folded, Invisible, fold, without_entities};
use crate::sanitize::marker;
use crate::sanitize::rule::{Rule, Treatment};
use crate::sanitize::rules::Rules;
use crate::sanitize::sweep::{self, sweep};
use crate::sanitize::text::{self, Span, whole_characters};

/// Finds what must be replaced in `text`, in order, without overlaps.
///
/// `depth` says how many encodings of the text were opened already: zero for a text as it came.
pub(in crate::sanitize) fn find<'r>(rules: &'r Rules, text: &str, depth: usize) -> Vec<Span<'r>> {
    find_swept(rules, text, depth, sweep(text.as_bytes()))
}

/// Finds what must be replaced in a text of which `seen` tells the kinds of byte.
pub(in crate::sanitize) fn find_swept<'r>(
    rules: &'r Rules,
    text: &str,
    depth: usize,
    seen: u8,
) -> Vec<Span<'r>> {
    if seen & sweep::ESCAPE != 0
        && let Some(plain) = control::without_controls(text)
    {
        let mut spans = find_swept(rules, &plain, depth, sweep(plain.as_bytes()));
        for Span { range, rule } in &mut spans {
            if matches!(rule.treatment, Treatment::Redact | Treatment::Drop) {
                range.end = control::end_of_part(text, range);
            }
        }
        // A pattern is meant for the text as it stands, too.
        rules.additions.patterns.find(text, &mut spans);
        part(text, &mut spans);
        return merge(spans);
    }
    let mut spans = find_as_it_stands(rules, text, depth, seen);
    // JSON and code within markup have entities for their marks.
    if seen & sweep::ASSIGNMENT != 0
        && memchr::memchr(b'&', text.as_bytes()).is_some()
        && let Some(plain) = without_entities(text)
    {
        spans.append(&mut find_folded(rules, text, &plain, depth));
        part(text, &mut spans);
        return merge(spans);
    }
    spans
}

fn find_as_it_stands<'r>(rules: &'r Rules, text: &str, depth: usize, seen: u8) -> Vec<Span<'r>> {
    if seen & sweep::NON_ASCII == 0 {
        return find_plain(rules, text, depth, seen);
    }
    let Some(folded) = fold(text, Invisible::Dropped) else {
        return find_plain(rules, text, depth, seen);
    };
    let mut spans = find_folded(rules, text, &folded, depth);
    // A pattern is meant for the text as it stands, too.
    rules.additions.patterns.find(text, &mut spans);
    if folded.joined {
        // What nobody sees may part what it stands between as well as hide it.
        match fold(text, Invisible::Kept) {
            Some(parted) => spans.append(&mut find_folded(rules, text, &parted, depth)),
            None => spans.append(&mut find_plain(rules, text, depth, seen)),
        }
    }
    part(text, &mut spans);
    merge(spans)
}

/// True for a text of ASCII in which nothing can be found, `seen` being the kinds of its bytes.
#[inline]
pub(in crate::sanitize) fn is_searched(text: &[u8], seen: u8) -> bool {
    seen & sweep::ASSIGNMENT != 0
        || seen & sweep::DASH != 0 && sweep::has_option_or_arrow(text)
        || trigger::triggers(text, seen) != 0
        || has_form(text, seen)
        || seen & sweep::ESCAPE != 0 && control::is_parted(text)
}

/// The fewest bytes of a text of such a form.
const SHORTEST_FORM: usize = 10;

/// True where forms begin whose signs are none of an assignment: tags of DICOM, segments of X12 about a person, and lines
/// of files of cookies.
#[inline]
fn has_form(text: &[u8], seen: u8) -> bool {
    seen & sweep::DIGIT != 0
        && text.len() >= SHORTEST_FORM
        && memchr::memchr3_iter(b'(', b'*', b'\t', text).any(|at| match text[at] {
            b'(' => text[at..].starts_with(b"(00"),
            b'\t' => cookie::is_flag(text, at),
            _ => text[..at].ends_with(b"NM1") || text[..at].ends_with(b"DMG"),
        })
}

fn find_folded<'r>(rules: &'r Rules, text: &str, folded: &Folded, depth: usize) -> Vec<Span<'r>> {
    let seen = sweep(folded.text().as_bytes());
    let mut spans = find_plain(rules, folded.text(), depth, seen);
    for span in &mut spans {
        span.range = folded.original(span.range.clone());
    }
    // What nobody sees may hide the beginning of what the sanitizer itself wrote.
    spans.retain(|span| !marker::holds(text.as_bytes(), &span.range));
    spans
}

fn find_plain<'r>(rules: &'r Rules, text: &str, depth: usize, seen: u8) -> Vec<Span<'r>> {
    let triggers = trigger::triggers(text.as_bytes(), seen);
    let mut spans = Vec::new();
    let is_told = triggers & (trigger::WORD | trigger::OPTION | trigger::NUMBER) != 0;
    // What was serialized without blanks has words between its quotes.
    let is_serialized =
        seen & sweep::SPACE == 0 && seen & sweep::ESCAPE != 0 && seen & sweep::ASSIGNMENT != 0;
    // The words of other languages are no triggers but for some in ASCII.
    let is_told = is_told || is_serialized || seen & sweep::NON_ASCII != 0;
    if is_told
        || seen & (sweep::ASSIGNMENT | sweep::DASH | sweep::ESCAPE) != 0
        || has_form(text.as_bytes(), seen)
    {
        spans = text::find(rules, text, is_told);
    }
    let mut found = Vec::new();
    detect(rules, text, depth, seen, triggers, &mut found);
    for Detected { range, detector } in found {
        if let Some(rule) = rules.for_detector(detector)
            && !marker::holds(text.as_bytes(), &range)
        {
            spans.push(Span { range, rule });
        }
    }
    rules.additions.patterns.find(text, &mut spans);
    for span in &mut spans {
        span.range = whole_characters(text, &span.range);
    }
    part(text, &mut spans);
    merge(spans)
}

/// Runs every detector that the kinds of byte in a text and its triggers are worth.
fn detect(
    rules: &Rules,
    text: &str,
    depth: usize,
    seen: u8,
    triggers: u8,
    found: &mut Vec<Detected>,
) {
    if seen & sweep::ASSIGNMENT != 0 {
        email::find(text, found);
        url::find(rules, text, found);
        cookie::find(text, found);
        connection_string::find(rules, text, found);
        password_file::find_lines(text, found);
        password_file::find_users(text, found);
    }
    if triggers & (trigger::TOKEN | trigger::ENCODED) != 0 {
        vendor_token::find(text, found);
        password_file::find_hashes(text, found);
        jwt::find(text, found);
    }
    if triggers & trigger::ENCODED != 0
        || seen & sweep::DASH != 0 && sweep::has_option_or_arrow(text.as_bytes())
    {
        private_key::find(text, found);
    }
    if triggers & trigger::WORD != 0 || seen & sweep::ASSIGNMENT != 0 {
        authorization::find(text, found);
    }
    if triggers & trigger::ENCODED != 0 || seen & sweep::ASSIGNMENT != 0 {
        base64::find(rules, text, depth, found);
    }
    // Some numbers of people begin with letters.
    let may_be_number = triggers & (trigger::NUMBER | trigger::WORD | trigger::TOKEN) != 0;
    if may_be_number && seen & sweep::DIGIT != 0 {
        digits::find(text, found);
    }
    if triggers & trigger::ACCOUNT != 0 {
        iban::find(text, found);
    }
    let is_abroad = seen & sweep::NON_ASCII != 0;
    let has_digit = seen & sweep::DIGIT != 0;
    if has_digit && seen & sweep::SPACE != 0 {
        cookie::find_in_file(text, found);
    }
    if has_digit
        && (triggers & trigger::WORD != 0
            || is_abroad
            || seen & sweep::SPACE == 0
                && seen & sweep::ASSIGNMENT != 0
                && one_time_code::may_be_labelled(text))
    {
        one_time_code::find(text, found);
    }
    if is_abroad {
        unspaced::find(text, found);
    }
}

/// Takes letters and digits that are joined to what becomes a pseudonym with it, so that it is known again.
fn part(text: &str, spans: &mut [Span<'_>]) {
    for Span { range, rule } in spans {
        if matches!(rule.treatment, Treatment::Pseudonymize { .. }) {
            let before = text.get(..range.start).unwrap_or_default();
            let behind = text.get(range.end..).unwrap_or_default();
            range.start = before.trim_end_matches(is_joint).len();
            range.end = text.len() - behind.trim_start_matches(is_joint).len();
        }
    }
}

/// True for a letter or digit of ASCII, for what is folded into one, and for what nobody sees.
fn is_joint(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    fold(character.encode_utf8(&mut [0; 4]), Invisible::Dropped).is_some_and(|folded| {
        let plain = folded.text();
        plain.is_empty() || plain.contains(|plain: char| plain.is_ascii_alphanumeric())
    })
}

/// Puts spans in order and makes one of those that overlap.
///
/// What one of them covers is replaced in any case. The rule is that of the weightiest: a secret before a
/// number of which a part stays before a person's data, then the longest.
fn merge(mut spans: Vec<Span<'_>>) -> Vec<Span<'_>> {
    spans.retain(|span| !span.range.is_empty());
    if spans.is_sorted_by(|one, next| one.range.end <= next.range.start) {
        return spans;
    }
    spans.sort_by_key(|span| (span.range.start, span.range.end));
    let mut merged: Vec<Span<'_>> = Vec::with_capacity(spans.len());
    // Of the last one in `merged`: how long the span was whose rule it bears.
    let mut ruling = 0;
    for span in spans {
        let length = span.range.len();
        match merged.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                let whole = last.range.start..span.range.end.max(last.range.end);
                if weight(span.rule, length, whole.len()) > weight(last.rule, ruling, whole.len()) {
                    ruling = length;
                    last.rule = span.rule;
                }
                last.range = whole;
            }
            _ => {
                ruling = length;
                merged.push(span);
            }
        }
    }
    merged
}

/// Of two rules for overlapping ranges, the one with the greater weight holds for both.
///
/// The last four characters of a number may stay, but not those of a longer text that the number is in.
fn weight(rule: &Rule, length: usize, whole: usize) -> (u8, usize) {
    let class = match rule.treatment {
        Treatment::Drop => 4,
        Treatment::Redact => 3,
        Treatment::Mask if length == whole => 2,
        Treatment::Pseudonymize { .. } | Treatment::Generalize(_) => 1,
        Treatment::Mask | Treatment::Keep => 0,
    };
    (class, length)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::sanitize::rule::Extent;

    fn rule(treatment: Treatment) -> Rule {
        let mut rule = Rule::added("rule", treatment);
        rule.extent = Extent::Word;
        rule
    }

    fn merged(spans: &[(Range<usize>, &Rule)]) -> Vec<(Range<usize>, Treatment)> {
        let spans = spans.iter().map(|(range, rule)| Span {
            range: range.clone(),
            rule,
        });
        let merged = merge(spans.collect()).into_iter();
        merged
            .map(|span| (span.range, span.rule.treatment.clone()))
            .collect()
    }

    #[test]
    fn forms_without_another_sign_are_searched() {
        let rules = crate::sanitize::text::testing::rules();
        for text in [
            "(0010,0010) PN [Lovel^Ada]",
            "(0010,0010) [Lovel]",
            "NM1*IL*1*DOE",
            "NM1*IL*1*DOE*JOHN****MI*W1234~",
            "DMG*D8*1961~",
            ".a.example\tTRUE\t/\tTRUE\t0\tSID\tHdXL",
        ] {
            assert!(
                is_searched(text.as_bytes(), sweep(text.as_bytes())),
                "{text}"
            );
            assert!(!find(&rules, text, 0).is_empty(), "{text}");
        }
    }

    #[test]
    fn signs_without_a_form_are_not_searched() {
        for text in ["f(1, 20) * 3", "total (17)", "2 * 3 * 4 units"] {
            assert!(
                !is_searched(text.as_bytes(), sweep(text.as_bytes())),
                "{text}"
            );
        }
    }

    #[test]
    fn spans_come_in_order_and_do_not_overlap() {
        let redact = rule(Treatment::Redact);
        let spans = [
            (8..12, &redact),
            (0..4, &redact),
            (3..6, &redact),
            (6..7, &redact),
        ];
        let expected: Vec<_> = [0..6, 6..7, 8..12]
            .map(|range| (range, Treatment::Redact))
            .into();
        assert_eq!(merged(&spans), expected);
    }

    #[test]
    fn a_secret_outweighs_a_number_and_a_number_a_person() {
        let (redact, mask) = (rule(Treatment::Redact), rule(Treatment::Mask));
        let pseudonymize = rule(Treatment::Pseudonymize { class: "x".into() });
        assert_eq!(
            merged(&[(0..20, &pseudonymize), (4..9, &redact)]),
            [(0..20, Treatment::Redact)]
        );
        assert_eq!(
            merged(&[(0..20, &pseudonymize), (0..20, &mask)]),
            [(0..20, Treatment::Mask)]
        );
    }

    #[test]
    fn no_part_of_a_longer_text_stays_because_a_number_is_in_it() {
        let mask = rule(Treatment::Mask);
        let pseudonymize = rule(Treatment::Pseudonymize { class: "x".into() });
        let [(range, treatment)] = &merged(&[(0..20, &pseudonymize), (2..9, &mask)])[..] else {
            panic!("they overlap");
        };
        assert_eq!(*range, 0..20);
        assert_eq!(*treatment, pseudonymize.treatment);
    }
}
