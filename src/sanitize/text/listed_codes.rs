//! Codes that recover an account, told below or behind their label: `Backup codes:`, and then one or several in a line.

mod label;
mod line;

use std::ops::Range;

use self::label::{Label, label_in};
use self::line::{Line, codes_of, line_break, line_start};
use super::Findings;
use crate::sanitize::detect::Detector;
use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;

/// The most bytes of a line in which its label stands.
const MAX_LABEL_LINE: usize = 160;
/// The most lines of a list.
const MAX_LINES: usize = 64;
/// The most lines without a code between a label and its list.
const MAX_LINES_BEFORE: usize = 3;
/// The fewest of one without a digit, and of one below a line that says more than that codes follow.
const LEAST_SURE: usize = 8;

/// What a word for codes has within: a look at what stands before it sorts out nearly all others.
const STEMS: [&[u8]; 2] = [b"od", b"OD"];
/// The same in other letters.
const STEMS_ABROAD: [&str; 9] = ["ód", "ÓD", "д", "Д", "δ", "コ", "码", "碼", "코드"];

/// What stands behind such a stem in words for several codes.
const ENDS: [&str; 20] = [
    "es", "igos", "ici", "is", "uri", "urile", "er", "erne", "ene", "erna", "y", "ow", "i", "ovi",
    "lar", "lari", "ok", "ai", "it", "id",
];

/// Finds the codes of such lists.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for stem in STEMS {
        search(findings, stem, is_of_several);
    }
    if !bytes.is_ascii() {
        for stem in STEMS_ABROAD {
            search(findings, stem.as_bytes(), |before, behind| {
                may_be_abroad(stem, before, behind)
            });
        }
    }
}

/// The same for the words of other letters, of which some look like Latin ones.
fn may_be_abroad(stem: &str, before: &[u8], behind: &[u8]) -> bool {
    let follows = |letters: &[&str]| {
        letters
            .iter()
            .any(|letter| before.ends_with(letter.as_bytes()))
    };
    match stem {
        "д" | "Д" => follows(&["о", "О", "o", "O"]),
        "δ" => follows(&["ω"]),
        "コ" => memchr::memmem::find(behind.get(..8).unwrap_or(behind), "ド".as_bytes()).is_some(),
        _ => true,
    }
}

/// True where a word for several codes may be parted between `before` and `behind`; not for "code" and "mode".
fn is_of_several(before: &[u8], behind: &[u8]) -> bool {
    if !matches!(
        before,
        [.., b'c' | b'C' | b'k' | b'K'] | [.., b'k' | b'K', b'o' | b'O']
    ) {
        return false;
    }
    let letters = behind
        .iter()
        .take(8)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let end = &behind[..letters];
    let goes_on = behind.get(letters).is_some_and(|next| *next >= 0x80);
    goes_on
        || ENDS
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known.as_bytes()))
}

fn search(findings: &mut Findings<'_, '_>, stem: &[u8], may_be_of: impl Fn(&[u8], &[u8]) -> bool) {
    let text = findings.text;
    let bytes = text.as_bytes();
    let mut done = 0;
    for at in memchr::memmem::find_iter(bytes, stem) {
        if at < done || !may_be_of(&bytes[..at], &bytes[at + stem.len()..]) {
            continue;
        }
        let least = at.saturating_sub(MAX_LABEL_LINE).max(done);
        let start = line_start(bytes, least, at);
        let most = bytes.len().min(at + MAX_LABEL_LINE);
        let end = line_break(&bytes[..most], at).start;
        let start = boundary(text, start);
        let end = boundary(text, end);
        let Some(line) = text.get(start..end) else {
            continue;
        };
        done = end;
        if let Some(label) = label_in(line) {
            done = take_below(findings, &label, start, end).max(end);
        }
    }
}

/// Where the first sentence ends; behind its number a code goes on.
fn sentence_end(line: &str) -> usize {
    memchr::memmem::find_iter(line.as_bytes(), b". ")
        .find(|end| {
            let word = line.as_bytes()[..*end].rsplit(|byte| !byte.is_ascii_alphanumeric());
            word.into_iter().next().is_some_and(|word| word.len() > 2)
        })
        .unwrap_or(line.len())
}

/// The first boundary of characters at or behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

/// Takes the codes behind the label in its line, and those in the lines below; gives where they end.
fn take_below(findings: &mut Findings<'_, '_>, label: &Label, start: usize, end: usize) -> usize {
    let text = findings.text;
    let rule = findings
        .rules
        .for_name_at_end(b"recovery_code")
        .map(|(rule, ..)| rule)
        .filter(|rule| !rule.judges_values())
        .or_else(|| findings.rules.for_detector(Detector::OneTimeCode));
    let Some(rule) = rule else {
        return end;
    };
    let mut lines: Vec<Vec<Range<usize>>> = Vec::new();
    let behind = start + label.behind;
    // The sentence ends where the next one begins.
    let told = text.get(behind..end).unwrap_or_default();
    let told = told.get(..sentence_end(told)).unwrap_or_default();
    let line = codes_of(told, behind);
    // What else is said there may be said of something else below.
    let is_clean = line
        .as_ref()
        .is_some_and(|line| label.is_clean || !line.codes.is_empty());
    lines.extend(
        line.map(|line| line.codes)
            .filter(|codes| !codes.is_empty()),
    );
    let mut is_parted = false;
    let mut empty = 0;
    let mut next = line_break(text.as_bytes(), end);
    for _ in 0..MAX_LINES {
        if next.is_empty() {
            break;
        }
        let begin = next.end;
        next = line_break(text.as_bytes(), begin);
        let Some(Line { codes, has_tag }) = text
            .get(begin..next.start)
            .and_then(|line| codes_of(line, begin))
        else {
            break;
        };
        if codes.is_empty() {
            if lines.is_empty() && empty == MAX_LINES_BEFORE || is_parted && !has_tag {
                break;
            }
            empty += usize::from(!has_tag);
            is_parted = !lines.is_empty() && !has_tag;
            continue;
        }
        // Behind an empty line only codes of the same form go on.
        if is_parted
            && let Some(first) = lines.first().and_then(|line| line.first())
            && !codes.iter().all(|code| has_form_of(text, code, first))
        {
            break;
        }
        is_parted = false;
        lines.push(codes);
    }
    take_sure(findings, rule, &lines, is_clean).unwrap_or(end)
}

/// Takes the codes of the lines up to the first one that may be one of words.
fn take_sure<'r>(
    findings: &mut Findings<'r, '_>,
    rule: &'r Rule,
    lines: &[Vec<Range<usize>>],
    is_clean: bool,
) -> Option<usize> {
    let text = findings.text;
    let read = |code: &Range<usize>| text.get(code.clone()).unwrap_or_default();
    let has_digit = |code: &Range<usize>| read(code).bytes().any(|byte| byte.is_ascii_digit());
    let with_digit = lines.iter().flatten().find(|code| has_digit(code))?.clone();
    let is_sure = |code: &Range<usize>| {
        let is_like = has_form_of(text, code, &with_digit);
        let is_long = code.len() >= LEAST_SURE;
        if has_digit(code) {
            is_clean || is_like && is_long && lines.len() > 1
        } else {
            is_like && (is_long || read(code).contains('-'))
        }
    };
    let mut end = None;
    for line in lines {
        if !line.iter().all(is_sure) {
            break;
        }
        for code in line {
            let found = Found::quoted(code.start..code.end);
            end = findings.take(rule, found).or(end);
        }
    }
    end
}

/// True where two codes are as long, and have their dashes and blanks in the same places.
fn has_form_of(text: &str, one: &Range<usize>, other: &Range<usize>) -> bool {
    let form = |code: &Range<usize>| {
        let code = text.get(code.clone()).unwrap_or_default();
        code.bytes().map(|byte| byte.is_ascii_alphanumeric())
    };
    form(one).eq(form(other))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn codes_below_their_label_go_line_by_line() {
        hits(&[
            (
                "2FA recovery codes:\n37aux-9mtzm\nbgi9d-7fm32\n\nOffice plants: two",
                "2FA recovery codes:\n<>\n<>\n\nOffice plants: two",
            ),
            (
                "Your recovery codes are:\n  1. 37aux-9mtzm\n  2. bgidd-xfmtz\n",
                "Your recovery codes are:\n  1. <>\n  2. <>\n",
            ),
            (
                "# Recovery codes\n\n37aux9mtzm\nbgi9d7fm32\nThank you",
                "# Recovery codes\n\n<>\n<>\nThank you",
            ),
            (
                "backup codes:\n1234 5678\n8765 4321\n",
                "backup codes:\n<>\n<>\n",
            ),
            (
                "Backup codes (each works once):\n```\n- [ ] 37aux-9mtzm\n- [x] bgi9d-7fm32\n```\nKeep order 4711-22.",
                "Backup codes (each works once):\n```\n- [ ] <>\n- [x] <>\n```\nKeep order 4711-22.",
            ),
            (
                "Back-up codes\r\n37aux-9mtzm   bgi9d-7fm32\r\n1. k2m4n-8fh3s   2. 7dj2k-9s8d2\r\n",
                "Back-up codes\r\n<>   <>\r\n1. <>   2. <>\r\n",
            ),
            (
                "backup codes: 1234 5678, 8765 4321,\n  1122 3344",
                "backup codes: <>, <>,\n  <>",
            ),
            (
                "{\"recovery_codes\": [\n  \"37aux-9mtzm\",\n  \"bgi9d-7fm32\"\n], \"x\": 1",
                "{\"recovery_codes\": <>, \"x\": 1",
            ),
            (
                "Here are your backup codes. Keep them.\n37aux-9mtzm\nbgi9d-7fm32",
                "Here are your backup codes. Keep them.\n<>\n<>",
            ),
            (
                "<h3>Recovery codes</h3>\n<ul>\n<li>37aux-9mtzm</li>\n<li>bgi9d-7fm32</li>\n</ul>",
                "<h3>Recovery codes</h3>\n<ul>\n<li><></li>\n<li><></li>\n</ul>",
            ),
            (
                "**Backup codes:**\n1234 5678\n\nok",
                "**Backup codes:**\n<>\n\nok",
            ),
            (
                "RECOVERY CODES\n==============\n37AUX-9MTZM\nBGI9D-7FM32",
                "RECOVERY CODES\n==============\n<>\n<>",
            ),
            (
                "{\"body\":\"Your recovery codes:\\n37aux-9mtzm\\nbgi9d-7fm32\\n\\nOrder 4711-22",
                "{\"body\":\"Your recovery codes:\\n<>\\n<>\\n\\nOrder 4711-22",
            ),
            (
                "Your backup codes are 12345678, 87654321 and 11223344. Order 47112233.",
                "Your backup codes are <>, <> and <>. Order 47112233.",
            ),
            (
                "Recovery codes: 1. 37aux-9mtzm 2. bgi9d-7fm32. Order 47112233.",
                "Recovery codes: 1. <> 2. <>. Order 47112233.",
            ),
            (
                "recovery codes:\n\n1. 37aux-9mtzm\n\n2. bgi9d-7fm32\n\nrooms 12",
                "recovery codes:\n\n1. <>\n\n2. <>\n\nrooms 12",
            ),
        ]);
    }

    #[test]
    fn codes_below_labels_of_other_languages_go() {
        for label in [
            "Wiederherstellungscodes:",
            "Ihre Backup-Codes lauten:",
            "Códigos de recuperación",
            "Códigos de backup:",
            "Codes de secours :",
            "Codes de récupération:",
            "Codici di recupero:",
            "Herstelcodes:",
            "Reservkoder:",
            "Gjenopprettingskoder:",
            "Palautuskoodit:",
            "Kody zapasowe:",
            "Záložní kódy:",
            "Kurtarma kodları:",
            "Коды восстановления:",
            "Резервные коды:",
            "リカバリーコード:",
            "恢复代码：",
            "복구 코드:",
        ] {
            let text = format!("{label}\n37aux-9mtzm\nbgi9d-7fm32\n\nok");
            let folded =
                crate::sanitize::fold::fold(&text, crate::sanitize::fold::Invisible::Dropped);
            let text = folded.as_ref().map_or(&*text, |folded| folded.text());
            let line = text.lines().next().unwrap_or_default();
            hits(&[(text, &format!("{line}\n<>\n<>\n\nok"))]);
        }
    }

    #[test]
    fn other_codes_and_what_is_said_of_codes_stay() {
        misses(&[
            "Error codes:\nE1001\nE1002\n",
            "Error codes for backup jobs:\nE1001\nE1002\n",
            "Postal codes:\n10115\n80331\n",
            "Postleitzahlen und Ländercodes:\nDE10115\n",
            "Product codes:\nAB12-3456\nAB12-3457\n",
            "Exit codes of the recovery tool\n1001\n1002\n",
            "backup codes:\nsee the vault page\n4711-22",
            "Lost my backup codes.\nOrder 4711-22 is late",
            "backup codes left: 8\n2026-01-02\n",
            "recovery codes page\nabc1234 fix the login\ndef5678 fix the logout\n",
            "Orders:\n37aux-9mtzm\nbgi9d-7fm32",
            "the mode of recovery\n37aux-9mtzm\n",
            "Reserve codes for order:\nRC-2026-01\n",
            "Reservation codes:\nAB12CD\nEF34GH\n",
            "Codes du restaurant\nAB12CD34\n",
            "Reservdelskoder:\nAB12CD34\n",
            "Login codes: none\nVPN2 gateway-01\n",
            "Verification codes\n\nhttp-challenge-1\ndns-challenge-2\n",
            "recovery codes are listed on page 3\n1001\n1002",
            "backup codes\nOffice plants\nmeetings 2026",
        ]);
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in [
            "recovery codes ",
            "recovery codes:\n",
            "codes",
            "recovery codes\n\n37aux-9mtzm\n",
            "コ",
        ] {
            let text = piece.repeat((1 << 20) / piece.len());
            let rules = crate::sanitize::text::testing::rules();
            let mut findings = super::Findings::new(&rules, &text);
            super::find(&mut findings);
        }
    }
}
