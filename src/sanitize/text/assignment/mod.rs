//! Assignments: a name that a rule names, an operator, a value.
//!
//! The name may be quoted, the operator is one of `=`, `:`, `:=`, `==`, `=>`, `->`, or the blanks after an option such as
//! `--password`. Names come in dotenv files, YAML, INI, TOML, code, `Debug` texts, queries, JSON that was cut or escaped.

mod bare;
mod key;
mod naming;
mod no_value;
mod option;
mod person;
mod remark;
mod several;
mod unnamed;

use self::bare::Assigned;
use self::naming::{extent_for, variable_end, without_type};
use self::no_value::closes;
use super::name::{is_quote, is_quote_or_escape, name_before};
use super::pair::Pairs;
use super::{Findings, MAX_PASSED_OVER};
use super::{dumped, layout};
use crate::sanitize::detect::account;
use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::marker;
use crate::sanitize::rule::{Extent, Group, Rule};

/// The most bytes of the secret of a user in a URL.
const MAX_SECRET_OF_USER: usize = 4096;

/// Finds the values that are assigned to names.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut scan = Scan {
        findings,
        pairs: Pairs::default(),
        floor: 0,
        program: None,
    };
    let mut at = 0;
    while let Some(offset) = memchr::memchr3(b'=', b':', b'-', &bytes[at..]) {
        let here = at + offset;
        at = match (bytes[here], bytes.get(here + 1)) {
            (b'-', Some(b'-')) => scan.option(here, here + 2),
            (b'-', Some(b'>')) => scan.assignment(here, here + 2),
            (b'-', Some(letter)) if letter.is_ascii_alphabetic() => scan.option(here, here + 1),
            (b'-', _) => here + 1,
            (b':', _) => scan.colon(here),
            _ => scan.assignment(here, here + 1),
        };
    }
}

struct Scan<'f, 'r, 't> {
    findings: &'f mut Findings<'r, 't>,
    pairs: Pairs<'r>,
    /// Names do not reach before this place: what stands there is a value.
    floor: usize,
    /// Whether the text is that of a program, once that was asked.
    program: Option<bool>,
}

impl<'r> Scan<'_, 'r, '_> {
    fn colon(&mut self, at: usize) -> usize {
        let bytes = self.findings.bytes();
        if let Some(start) = marker::start_of(bytes, at)
            && let Some(length) = marker::length_at(bytes, start)
        {
            self.floor = start + length;
            return self.floor;
        }
        let rest = &bytes[at + 1..];
        if rest.starts_with(b":") {
            return at + 2;
        }
        if rest.starts_with(b"//") {
            return at + 3;
        }
        self.assignment(at, at + 1)
    }

    /// Looks at the assignment whose operator begins at `operator`; gives where to look further.
    fn assignment(&mut self, operator: usize, mut after: usize) -> usize {
        let bytes = self.findings.bytes();
        // `API_KEY ?= x`, as Make has it.
        let named_to = operator - usize::from(bytes[..operator].ends_with(b" ?"));
        while matches!(bytes.get(after), Some(b'=' | b'>' | b'~')) {
            after += 1;
        }
        if bytes[after..].starts_with(b"** ") {
            // `**Password:** x`
            after += 2;
        }
        let Some(name) = (named_to >= self.floor)
            .then(|| name_before(bytes, self.floor, named_to))
            .flatten()
            .or_else(|| self.numbered_name(operator, after))
        else {
            return after;
        };
        // A quoted plural is a member of JSON; an unquoted one is a word of prose.
        let quoted = bytes
            .get(name.end)
            .is_some_and(|byte| is_quote_or_escape(*byte));
        let rules = self.findings.rules;
        let named = &bytes[name.clone()];
        // Behind that word in prose stands a name only where it looks like one.
        let is_patient = bytes[operator] == b':' && !quoted && person::is_patient(named);
        let known = (!is_patient).then(|| {
            rules
                .for_name_at_end(named)
                .or_else(|| rules.for_name_at_end(without_type(named)?))
                .or_else(|| rules.for_name_at_end(variable_end(named)?))
        });
        let known = known.flatten();
        let Some((rule, plural, _)) = known else {
            if bytes[operator] == b':'
                && !quoted
                && let Some(end) = self.told_of_person(named, operator, after)
            {
                return end;
            }
            if named.ends_with(b"key") || named.ends_with(b"accounts") {
                let keys = key::keys_of(self.findings, &name, after);
                if let Some((rule, ..)) = rules.for_name_at_end(b"private_key")
                    && !keys.is_empty()
                {
                    return keys
                        .into_iter()
                        .fold(after, |end, key| self.take(rule, key, end));
                }
            }
            return match self.pairs.meet(self.findings, name, after) {
                Some(end) => {
                    self.floor = end;
                    end
                }
                None => after,
            };
        };
        let is_personal = matches!(rule.group(), Some(Group::Personal | Group::Financial));
        if is_personal
            && bytes[operator] == b':'
            && let Some(end) = self.nested(rule, &name, after)
        {
            return end;
        }
        if !quoted
            && rule.name().starts_with("credential")
            && let Some(value) = account::secret_at(self.findings.text, after)
        {
            return self.take(rule, value, after);
        }
        if plural && !quoted {
            if let Some(end) = self.listed_below(rule, &name, after) {
                return end;
            }
            return self.words(rule, after);
        }
        if bytes[operator] == b':' && layout::is_in_resource_name(bytes, operator) {
            return after;
        }
        // `${NAME:?message}`: what stands behind `:-` is a value.
        if bytes[..name.start].ends_with(b"${") && matches!(bytes.get(after), Some(b'?' | b'+')) {
            return after;
        }
        let outer = name.start.checked_sub(1).map(|before| bytes[before]);
        let outer = outer.filter(|byte| is_quote(*byte) && !quoted);
        let reader = self.findings.reader;
        if outer.is_some() && closes(bytes, reader.skip_blanks(after), outer)
            || named.starts_with(b"param ")
        {
            return after;
        }
        let extent = extent_for(rule, named);
        if layout::begins_tag(&bytes[reader.skip_blanks(after)..]) {
            let Some(value) = layout::behind_tags(self.findings.text, after) else {
                return after;
            };
            return self.take(rule, value, after);
        }
        if let Some(value) = layout::here_document(self.findings.text, after)
            .or_else(|| dumped::find(self.findings.text, after))
        {
            return self.take(rule, value, after);
        }
        if bytes[operator] == b':'
            && may_begin_block(bytes, reader.skip_blanks(after))
            && let Some(value) = layout::block(self.findings.text, name.start, after)
        {
            return self.take(rule, value, after);
        }
        let literal = layout::literal_behind_properties(self.findings.text, after);
        let from = literal.filter(|_| bytes[operator] == b':').unwrap_or(after);
        // The name is that of a user, and behind the secret stands the host: further on the next URL may begin.
        // In `//password: "x@y"` a remark begins.
        let is_user = bytes[..name.start].ends_with(b"//")
            && bytes[operator] == b':'
            && !matches!(bytes.get(after), Some(b' ' | b'\t' | b'"' | b'\''));
        let host = is_user.then(|| {
            let near = &bytes[after..bytes.len().min(after + MAX_SECRET_OF_USER)];
            memchr::memchr(b'@', near)
        });
        let host = host.flatten();
        let near = host.map_or(reader, |host| Reader::new(&bytes[..=after + host]));
        let Some(mut value) = near.value(rules, from, extent, outer) else {
            // Nothing on this line: YAML goes on below, and so does what people write.
            let Some(value) = layout::below(self.findings.text, &name, after) else {
                return after;
            };
            return self.take(rule, value, after);
        };
        if is_user && let Some(host) = memchr::memchr(b'@', &bytes[value.start..value.end]) {
            value.end = value.start + host;
        }
        if plural && !value.quoted && self.is_number(&value) {
            return after;
        }
        let assigned = Assigned {
            rule,
            extent,
            name,
            operator,
            after,
            is_quoted: quoted,
        };
        if !value.quoted
            && !is_long(&value)
            && let Some(end) = self.passed_over(&assigned, &mut value)
        {
            return end;
        }
        self.take(rule, value, after)
    }

    fn char_end(&self, end: usize) -> usize {
        let text = self.findings.text;
        (end..text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(text.len())
    }

    /// `"old" -> "new"`: a plan tells what a value becomes.
    fn changed_to(&mut self, rule: &'r Rule, end: usize) -> Option<usize> {
        let bytes = self.findings.bytes();
        if !bytes[end..].starts_with(b"\" -> \"") {
            return None;
        }
        let value = self
            .findings
            .reader
            .value(self.findings.rules, end + 5, Extent::Word, None)?;
        self.findings.take(rule, value)
    }

    fn take(&mut self, rule: &'r Rule, value: Found, otherwise: usize) -> usize {
        match self.findings.take(rule, value) {
            Some(end) => {
                let end = self.changed_to(rule, end).unwrap_or(end);
                self.floor = end;
                end
            }
            None => otherwise,
        }
    }
}

/// True for a value that is taken whatever it is.
fn is_long(value: &Found) -> bool {
    value.end - value.start > MAX_PASSED_OVER
}

/// `|`, `>-`, `|2`, also behind an anchor or a tag: the value is the indented block below.
fn may_begin_block(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b'|' | b'>' | b'&' | b'!'))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::hits;

    #[test]
    fn what_is_assigned_in_any_notation_goes() {
        hits(&[
            (
                "APP_MODE=x\nAPI_TOKEN=abc\nSMTP_PASSWORD=\"a b\"\nTTL=9\n",
                "APP_MODE=x\nAPI_TOKEN=<>\nSMTP_PASSWORD=\"<>\"\nTTL=9\n",
            ),
            (
                "[mail]\nserver = a\nsecret = two words\n[ui]\n",
                "[mail]\nserver = a\nsecret = <>\n[ui]\n",
            ),
            (
                "db:\n  passphrase: blue otter ladder # old\n  name: x\n",
                "db:\n  passphrase: <>\n  name: x\n",
            ),
            (
                "let password: String = \"abc\".into();",
                "let password: String = \"<>\".into();",
            ),
            (
                "def f(user: str, token: str = 'abc'):",
                "def f(user: str, token: str = '<>'):",
            ),
            ("Password (again): abc", "Password (again): <>"),
            (
                "postgres://password:abc@db.example/x",
                "postgres://password:<>@db.example/x",
            ),
            (
                "{\\\"a\\\":{\\\"token\\\":\\\"x\\\\\\\"y\\\"}}",
                "{\\\"a\\\":{\\\"token\\\":\\\"<>\\\"}}",
            ),
            (
                "data: {\"token\":\"abc\",\"n\":1}\n\ndata: {\"token\":\"def\"}\n\n",
                "data: {\"token\":\"<>\",\"n\":1}\n\ndata: {\"token\":\"<>\"}\n\n",
            ),
            (
                "Server=a;User Id=b;Password=a=b;Port=1",
                "Server=a;User Id=b;Password=<>;Port=1",
            ),
            (
                "spring.datasource.password=abc\n",
                "spring.datasource.password=<>\n",
            ),
            (
                "password = \"\"\"two\nlines\"\"\"\n",
                "password = \"\"\"<>\"\"\"\n",
            ),
            ("if password == \"abc\" {", "if password == \"<>\" {"),
            (
                "--set auth.password=abc --flag",
                "--set auth.password=<> --flag",
            ),
            (
                "the token is:\nab12cd34ef\nthanks",
                "the token is:\nab12cd34ef\nthanks",
            ),
            (
                "Here is the password:\nab12cd34ef\nthanks",
                "Here is the password:\n<>\nthanks",
            ),
            ("token: abc", "token: <>"),
            ("credential: ada / abc, then", "credential: <>, then"),
            ("password=\"", "password=\""),
            ("token=abc", "token=<>"),
        ]);
    }

    #[test]
    fn a_secret_in_a_remark_has_no_host_behind_it() {
        hits(&[
            ("//password: P@ssw0rd123\nrun()", "//password: <>\nrun()"),
            ("//api_key=\"abc@def9\"\n", "//api_key=\"<>\"\n"),
            (
                "postgres://password:abc@db.example/x",
                "postgres://password:<>@db.example/x",
            ),
        ]);
    }

    #[test]
    fn blocks_of_yaml_go_whole() {
        hits(&[
            (
                "tls:\n  password: |\n    line one\n\n    line two\n  next: x\n",
                "tls:\n  password: |\n    <>\n  next: x\n",
            ),
            (
                "token: >-\n  abc\n  def\nuser: ada\n",
                "token: >-\n  <>\nuser: ada\n",
            ),
            (
                "vault_pass: &vp >-\n  abc def\nuser: ada\n",
                "vault_pass: &vp >-\n  <>\nuser: ada\n",
            ),
            (
                "- password: !!str |\n    abc\n",
                "- password: !!str |\n    <>\n",
            ),
            (
                "vault_pass: &vp \"blue otter ladder\"\nuser: ada\n",
                "vault_pass: &vp \"<>\"\nuser: ada\n",
            ),
            (
                "- password: &vp !!str 'blue otter'",
                "- password: &vp !!str '<>'",
            ),
            (
                "token: !vault &a |2- # old\r\n    abc\r\n",
                "token: !vault &a |2- # old\r\n    <>\r\n",
            ),
            (
                "secret:\n  - abc\n  - def\nuser: ada\n",
                "secret:\n  - <>\nuser: ada\n",
            ),
            ("password:\n  abc\nuser: ada", "password:\n  <>\nuser: ada"),
        ]);
    }
}
