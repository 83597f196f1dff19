//! Secrets that follow their name in a sentence: `the password is hunter2`, `passphrase "two words"`, `use token ab12cd34 to`.
//!
//! Sentences speak of passwords far more often than they tell one. So what follows must be quoted, or look like nothing
//! that is written in a sentence, or be the last word of one.

mod abroad;
mod birth;
mod changed;
mod linked;
mod number;
mod sentence;
mod spoken;
mod street;
pub(super) mod unspaced;
mod user;

use std::ops::Range;

use self::sentence::Sentence;
pub(in crate::sanitize) use self::spoken::{is_key_of_network, rule_for_number};
use super::{Detector, account};
use crate::sanitize::marker;
use crate::sanitize::places::{is_word_byte, word_ends};
use crate::sanitize::rule::{Extent, Rule, Treatment};
use crate::sanitize::text::Findings;

/// How many bytes before a name may belong to it.
const MAX_NAME: usize = 64;
/// How far from a name the word may stand that links a value to it.
const MAX_REACH: usize = 72;
/// The most bytes of a value.
const MAX_VALUE: usize = 512;

/// Finds what follows a name without an operator.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut markers = Markers::new(bytes);
    for end in word_ends(findings.text) {
        if matches!(bytes.get(end..), Some([b' ' | b'.' | b':', next, ..]) if matches!(next, b' ' | b':') || next.is_ascii_digit())
            && let Some(found) = birth::date(findings, end)
            && let Some((rule, ..)) = findings.rules.for_name_at_end(b"date_of_birth")
        {
            findings.take(rule, found);
        }
        if account::may_introduce(&bytes[..end])
            && let Some(found) = account::introduced(findings.text, end)
            && let Some(rule) = findings.rules.for_detector(Detector::LabelledSecret)
        {
            findings.take(rule, found);
        }
        let is_numbered = matches!(bytes.get(end..), Some([b'#', ..] | [b' ', b'#', ..]));
        if !is_numbered
            && !may_be_own_name(&bytes[..end])
            && !abroad::may_end_in_name(&bytes[..end])
            && !spoken::may_name_number(bytes, end)
            && !findings
                .rules
                .may_name_at_end(&bytes[end.saturating_sub(MAX_NAME)..end])
        {
            continue;
        }
        let floor = markers.end_before(end);
        if floor >= end {
            continue;
        }
        let start = bytes[floor..end]
            .iter()
            .rposition(|byte| !is_word_byte(*byte))
            .map_or(floor, |at| floor + at + 1);
        if let Some(name) = name_at(findings, floor, start, end) {
            let sentence = Sentence { findings, name };
            let rule = sentence.name.rule;
            let (told, changed) = (sentence.value(), sentence.changed());
            let (old, new) = changed.unzip();
            for found in [told, old, new].into_iter().flatten() {
                findings.take(rule, found);
            }
        }
    }
}

/// What the sanitizer wrote before, up to a place that moves on: the rule of what was replaced names nothing else.
struct Markers<'t> {
    bytes: &'t [u8],
    /// What was looked at.
    at: usize,
    /// Where the last marker ends.
    end: usize,
}

impl<'t> Markers<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        let (at, end) = (0, 0);
        Self { bytes, at, end }
    }

    /// Where the last marker ends that begins before `place`.
    fn end_before(&mut self, place: usize) -> usize {
        while self.at < place {
            let Some(offset) = memchr::memchr2(b'[', b':', &self.bytes[self.at..place]) else {
                self.at = place;
                break;
            };
            let here = self.at + offset;
            self.at = here + 1;
            let start = match self.bytes[here] {
                b'[' => Some(here),
                _ => here.checked_sub(2),
            };
            if let Some(start) = start.filter(|start| *start >= self.end)
                && let Some(length) = marker::length_at(self.bytes, start)
            {
                self.end = start + length;
                self.at = self.end;
            }
        }
        self.end
    }
}

/// Words that name a secret in sentences alone.
const OWN_NAMES: [&[u8]; 3] = [b"pw", b"pass", b"passcode"];

/// True for the last two letters of one of them.
#[inline]
fn may_be_own_name(text: &[u8]) -> bool {
    matches!(
        text,
        [.., b's' | b'S', b's' | b'S']
            | [.., b'p' | b'P', b'w' | b'W']
            | [.., b'e' | b'E', b'y' | b'Y']
            | [.., b'd' | b'D', b'e' | b'E']
    )
}

struct Name<'r> {
    rule: &'r Rule,
    range: Range<usize>,
    kind: Kind,
    /// The word is one of another language than English.
    is_abroad: bool,
}

/// How sure the name alone makes that a value follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `password` and its like.
    Password,
    /// A passphrase: several words.
    Phrase,
    /// `token`, `secret`, `key`, of which much is said.
    Token,
    /// `pass`, a word of its own.
    Pass,
    /// A number of a person or an account.
    Number,
}

/// The name whose last word stands at `start..end`.
fn name_at<'r>(
    findings: &Findings<'r, '_>,
    floor: usize,
    start: usize,
    end: usize,
) -> Option<Name<'r>> {
    let bytes = findings.bytes();
    let last = &bytes[start..end];
    let least = floor.max(end.saturating_sub(MAX_NAME));
    let least = memchr::memrchr(b'\n', &bytes[least..end]).map_or(least, |at| least + at + 1);
    // A long word begins further back.
    let before_word = bytes.get(least..start).unwrap_or_default();
    let is_abroad = abroad::names_secret(before_word, last);
    // An operator makes an assignment of it.
    let number_follows = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    match bytes.get(end) {
        Some(b'-' | b'/')
            if number_follows && bytes[start..end].iter().any(u8::is_ascii_alphabetic) => {}
        // Rules name few words of other languages.
        Some(b':') if is_abroad && bytes.get(end + 1) == Some(&b' ') => {}
        Some(b'=' | b':' | b'_' | b'-' | b'/' | b'\\') => return None,
        _ => {}
    }
    let numbered = numbered_name(findings, least, end);
    let (rule, from) = match findings.rules.for_name_at_end(&bytes[least..end]) {
        // What people call their network is no token.
        Some((rule, ..)) if rule.judges_values() && is_key_of_network(before_word, last) => (
            findings.rules.for_detector(Detector::LabelledSecret)?,
            start,
        ),
        // Credentials are many even where there is one.
        Some((rule, true, _)) if !rule.name().starts_with("credential") => return None,
        Some((rule, _, from)) => (rule, least + from),
        None if numbered.is_some() => numbered?,
        None if is_abroad || OWN_NAMES.iter().any(|name| last.eq_ignore_ascii_case(name)) => (
            findings.rules.for_detector(Detector::LabelledSecret)?,
            start,
        ),
        None if is_key_of_network(before_word, last) => (
            findings.rules.for_detector(Detector::LabelledSecret)?,
            start,
        ),
        None => (spoken::number(findings, before_word, start, end)?, start),
    };
    let before = from.checked_sub(1).map(|at| bytes[at]);
    // A selector, or a setting that is named by a path, in quotes.
    let is_quoted = matches!(bytes.get(end), Some(b'"' | b'\'' | b']'));
    if !(is_quoted && matches!(before, Some(b'#' | b'.' | b'=')))
        && matches!(
            before,
            Some(b'/' | b'\\' | b'.' | b'$' | b'@' | b'#' | b'<' | b'{' | b'%' | b'&' | b'?')
        )
    {
        return None;
    }
    let kind = match rule.treatment {
        _ if last.eq_ignore_ascii_case(b"pass") => Kind::Pass,
        Treatment::Redact if is_abroad => Kind::Password,
        Treatment::Redact if rule.extent == Extent::Digits => Kind::Number,
        Treatment::Redact if ends_with(last, "phrase") || ends_with(last, "mnemonic") => {
            Kind::Phrase
        }
        Treatment::Redact
            if ["password", "passwd", "pwd", "pw", "pass", "passcode", "pin"]
                .iter()
                .any(|word| ends_with(last, word)) =>
        {
            Kind::Password
        }
        Treatment::Redact if rule.extent == Extent::Credentials => return None,
        Treatment::Redact => Kind::Token,
        _ => Kind::Number,
    };
    if kind != Kind::Number && matches!(bytes.get(end), Some(b'-' | b'/')) {
        return None;
    }
    Some(Name {
        rule,
        range: from..end,
        kind,
        is_abroad,
    })
}

/// `Acct # 12345`: the sign stands for "number", and the rule is that of the name with this word. Gives where it begins, too.
fn numbered_name<'r>(
    findings: &Findings<'r, '_>,
    least: usize,
    end: usize,
) -> Option<(&'r Rule, usize)> {
    const NUMBER: &[u8] = b"_number";
    let bytes = findings.bytes();
    if !matches!(bytes.get(end..), Some([b'#', ..] | [b' ', b'#', ..])) {
        return None;
    }
    let mut name = [0; MAX_NAME + NUMBER.len()];
    let length = end - least;
    name.get_mut(..length)?
        .copy_from_slice(bytes.get(least..end)?);
    name.get_mut(length..length + NUMBER.len())?
        .copy_from_slice(NUMBER);
    let (rule, plural, from) = findings
        .rules
        .for_name_at_end(&name[..length + NUMBER.len()])?;
    (!plural && from < length).then_some((rule, least + from))
}

fn ends_with(word: &[u8], end: &str) -> bool {
    word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_secret_told_in_a_sentence_goes() {
        hits(&[
            (
                "Log in as ada, the password is Xk4Ergjv, then export.",
                "Log in as ada, the password is <>, then export.",
            ),
            ("the password is hunter2", "the password is <>"),
            ("The password is swordfish.", "The password is <>."),
            ("my pw is abc123!", "my pw is <>!"),
            ("password: 'two words here'", "password: '<>'"),
            (
                "the api key is q7RtY2pLm8 for now",
                "the api key is <> for now",
            ),
            (
                "Unlock it with passphrase \"blue otter ladder\" and go",
                "Unlock it with passphrase \"<>\" and go",
            ),
            ("passphrase -> otter", "passphrase -> <>"),
            (
                "the passphrase is blue otter ladder x5, thanks",
                "the passphrase is <>, thanks",
            ),
            ("use token ab12cd34ef to call it", "use token <> to call it"),
            (
                "sign in with password hunter22 please",
                "sign in with password <> please",
            ),
            (
                "the password for the staging box is Tr0ub4dor.",
                "the password for the staging box is <>.",
            ),
            (
                "password was changed to Tr0ub4dor yesterday",
                "password was changed to <> yesterday",
            ),
            ("the password is now Tr0ub4dor", "the password is now <>"),
            ("the password is: correcthorse", "the password is: <>"),
            (
                "His password (staging) is Tr0ub4dor",
                "His password (staging) is <>",
            ),
            (
                "my password is “blue otter”, keep it",
                "my password is “<>”, keep it",
            ),
            ("password `abc def`", "password `<>`"),
            ("Tr0ub4dor is my password", "<> is my password"),
            (
                "machine a.example login ada password abc",
                "machine a.example login ada password <>",
            ),
            ("setx API_TOKEN abcdef", "setx API_TOKEN <>"),
            ("the PIN is 4821.", "the PIN is <>."),
            ("pin 4821", "pin <>"),
            ("Wi-Fi password - Xk4Ergjv", "Wi-Fi password - <>"),
            ("the credential is ada:Xk4Ergjv", "the credential is <>"),
            ("[('password', 'Tr0ub4dor')]", "[('password', '<>')]"),
            (
                "my access token: LH9x9AEBwXx - why 401?",
                "my access token: <> - why 401?",
            ),
            (
                "temp pwd = Xk4Ergjv (must change)",
                "temp pwd = <> (must change)",
            ),
        ]);
    }

    #[test]
    fn numbers_behind_their_name_go() {
        hits(&[
            ("DOB 1980-01-02 noted", "DOB <> noted"),
            ("SSN 123456789", "SSN <>"),
            ("MRN 0012345", "MRN <>"),
            ("CVV 123, exp 12/30", "CVV <>, exp 12/30"),
            ("the cvc code 123 is", "the cvc code <> is"),
            ("MRN #1234567 seen", "MRN #<> seen"),
            ("MRN# 1234567 seen", "MRN# <> seen"),
            ("MRN #: 1234567 seen", "MRN #: <> seen"),
            ("MRN (1234567) seen", "MRN (<>) seen"),
            ("MRN-1234567 seen", "MRN-<> seen"),
            ("MRN no. 1234567 seen", "MRN no. <> seen"),
            ("see\tMRN\t1234567", "see\tMRN\t<>"),
            ("ssn#123456789 seen", "ssn#<> seen"),
            ("Acct # 9918273645, x", "Acct # <>, x"),
            ("Account No. 9918273645, x", "Account No. <>, x"),
            ("SSN ...... 123456789", "SSN ...... <>"),
            ("* Phone - 2025550123", "* Phone - <>"),
            ("MBI 1EG4TE5MK73 seen", "MBI <> seen"),
            ("passport no K12345678 seen", "passport no <> seen"),
            (
                "national insurance no AB123456C",
                "national insurance no <>",
            ),
            ("a DOB (03/09/1978), ward 7", "a DOB (<>), ward 7"),
            ("dob '02/17/1961' is wrong", "dob '<>' is wrong"),
            (
                "date of birth is 17 Feb 1961, seen",
                "date of birth is <>, seen",
            ),
            ("D.O.B. March 9, 1978, MRN 1234567", "D.O.B. <>, MRN <>"),
            (
                "[('ssn', '123456789'), ('town', 'x')]",
                "[('ssn', '<>'), ('town', 'x')]",
            ),
            ("DOB - 09.03.1978, seen", "DOB - <>, seen"),
        ]);
    }

    #[test]
    fn sentences_about_secrets_stay() {
        misses(&[
            "To reset your password, open Settings and choose Security.",
            "the password is required",
            "The password is wrong.",
            "password was reset",
            "the token is expired",
            "Your password is expiring in 5 days",
            "the password is case-sensitive",
            "the password is 8 characters long",
            "Password must be at least 12 characters",
            "the password is hashed with argon2id",
            "the token is base64 encoded",
            "the API key is invalid or missing",
            "invalid token",
            "the secret is out",
            "the secret is patience",
            "forgot your password? click here to reset it",
            "reset password to continue",
            "use the token to log in",
            "secret \"my-secret\" not found in namespace",
            "password VARCHAR(255) NOT NULL",
            "token CHAR(64)",
            "api_key TEXT",
            "the token is sent to ada@example.org",
            "token 5 of 9",
            "a token gesture",
            "the password for the box is unknown",
            "see password-policy and token-2 in src/tokens/secret_store.rs",
            "call phone 12:30",
            "address 12 Main",
            "the password is $DB_PASSWORD",
            "the token is {{ vault.token }}",
            "password is stored in the vault",
            "the password is the same as yours",
            "Enter password",
            "Password and token are needed",
            "pass 2 of 3",
            "pin the version to 1234",
            "the key is under the mat",
            "secret santa 2024",
            "the token was revoked at 12:30:05",
            "[\"password\", \"email\", \"token\"]",
            "password strength 100",
            "the tokens are 12345 in all",
            "mobile 4.15.6.20200101 build",
            "cell 12345678 in sheet 2",
        ]);
    }
}
