//! A value without quotes: often it only refers to one, or is a type, a remark or a part of one.

use std::ops::Range;

use super::Scan;
use super::no_value::{is_called_with_names, is_permission, is_shown_label};
use super::remark::is_remark;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::rule::{Extent, Rule};
use crate::sanitize::text::layout;

/// An assignment up to its value.
pub(super) struct Assigned<'r> {
    pub(super) rule: &'r Rule,
    pub(super) extent: Extent,
    pub(super) name: Range<usize>,
    /// Where the operator begins.
    pub(super) operator: usize,
    /// Where what stands behind it begins.
    pub(super) after: usize,
    /// The name stands between quotes.
    pub(super) is_quoted: bool,
}

impl<'r> Scan<'_, 'r, '_> {
    /// Where to look further, if the value is none or was taken for another; else it reaches as far as it should.
    pub(super) fn passed_over(
        &mut self,
        assigned: &Assigned<'r>,
        value: &mut Found,
    ) -> Option<usize> {
        let Assigned {
            rule,
            extent,
            ref name,
            operator,
            after,
            is_quoted,
        } = *assigned;
        let bytes = self.findings.bytes();
        let rules = self.findings.rules;
        let reader = self.findings.reader;
        let word = &self.findings.text[value.start..self.char_end(value.end)];
        if self.is_none(assigned, value, word) {
            return Some(after);
        }
        let is_spaced = bytes[..operator].ends_with(b" ") && bytes.get(after) == Some(&b' ');
        if is_spaced && reference::is_expression(word) && self.is_program() {
            return Some(after);
        }
        if reference::is_type(word) {
            return Some(self.after_type(rule, value.end, extent, after));
        }
        if rule.name().starts_with("credential") && bytes[value.end..].starts_with(b" / ") {
            // A user's name stands before the secret.
            value.end = reader.word_end(value.end + 3);
        }
        if is_quoted || extent != Extent::Word {
            return None;
        }
        if bytes[operator] == b'='
            && bytes[name.clone()].contains(&b'.')
            && let line = reader.line_of_words(rules, value.start, value.end)
            && let Some(words) = self.findings.text.get(value.start..line)
            && is_shown_label(rules, rule, words)
        {
            return Some(line);
        }
        if layout::is_line_of_settings(self.findings.text, name.start, operator, after) {
            value.end = reader.line_of_words(rules, value.start, value.end);
        }
        None
    }

    /// True where the word is a remark, a reference or anything else that is no value of the name.
    fn is_none(&self, assigned: &Assigned<'r>, value: &Found, word: &str) -> bool {
        let Assigned {
            rule,
            extent,
            ref name,
            operator,
            after,
            is_quoted,
        } = *assigned;
        let bytes = self.findings.bytes();
        let rules = self.findings.rules;
        let named = &bytes[name.clone()];
        let is_bold = bytes[..after].ends_with(b"**") || bytes[..operator].ends_with(b"**");
        if is_bold && !reference::looks_secret(word) {
            return true;
        }
        let behind = self.findings.text.get(value.start..).unwrap_or_default();
        let between = &bytes[operator..value.start];
        if between == b": " && is_remark(rules, rule, extent, named, word, behind)
            || is_called_with_names(word, extent)
        {
            return true;
        }
        // Documentation has names of code between backticks, errors between single marks.
        let is_spoken = !is_quoted || matches!(bytes[name.end], b'`' | b'\'');
        let is_comparison = bytes[operator..after].starts_with(b"==");
        let is_call = matches!(bytes.get(value.end), Some(b')' | b',' | b'}'));
        is_comparison && !reference::looks_secret(word)
            || is_call && reference::is_own_name(rules, word)
            || is_spoken && between == b": " && reference::is_grammar(word)
            || reference::is_folder(named, word)
            || self.is_field_number(named, value)
            || named.contains(&b'.') && reference::is_name_again(named, word)
            || is_permission(named, between, word)
            || bytes[operator..after].starts_with(b"=>")
                && matches!(word.as_bytes(), [b'{' | b'(', ..])
    }

    /// Looked up once, and only where something hangs on it.
    fn is_program(&mut self) -> bool {
        let text = self.findings.text;
        *self
            .program
            .get_or_insert_with(|| reference::is_program(text))
    }

    /// `password: str = "x"`: behind the type stands the value.
    fn after_type(
        &mut self,
        rule: &'r Rule,
        type_end: usize,
        extent: Extent,
        otherwise: usize,
    ) -> usize {
        let bytes = self.findings.bytes();
        let reader = self.findings.reader;
        let equals = reader.skip_blanks(type_end);
        if bytes.get(equals) != Some(&b'=') || matches!(bytes.get(equals + 1), Some(b'=' | b'>')) {
            return otherwise;
        }
        match reader.value(self.findings.rules, equals + 1, extent, None) {
            Some(value) => self.take(rule, value, otherwise),
            None => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::misses;

    #[test]
    fn what_only_refers_to_a_secret_stays() {
        misses(&[
            "password = os.environ[\"DB_PASSWORD\"]\nconnect(password)",
            "token = load_token(path)",
            "token: ${{ secrets.DEPLOY_TOKEN }}",
            "password: \"{{ vault.db_password }}\"",
            "PASSWORD=$DB_PASSWORD run",
            "PASSWORD=\"$DB_PASSWORD\" run",
            "password: str",
            "token: String,",
            "api_key?: string",
            "password: Optional[str] = None",
            "secret: Vec<u8>",
            "token == other",
            "token = self.token",
            "password = args.password",
            "token = await getToken()",
            "password = getpass.getpass(\"Password: \")",
            "Client(api_key=api_key)",
            "self.password = password\ndef f(): pass",
            "f\"token={token}\"",
            "password=%s",
            "password=<password>",
            "token: <your-token>",
            "password=****",
            "password: required",
            "Password: must have 12 characters",
            "Lost token: a story",
            "PWD=/home/ada\nOLDPWD=/root",
            "token: https://a.example/x",
            "12:30:05 token refreshed",
            "(?i)api[_-]?key\\s*[:=]",
            "fn token() -> String",
            ":param password: what to send",
            "password=$(cat /run/x)",
            "token = config.get(section, 'token')",
            "const token = process.env.API_TOKEN;",
            "secret: op://vault/item/field",
            "PASSWORD=%DB_PASSWORD%",
            "$env:API_KEY = $env:OTHER_KEY",
            "user.password != other.password",
        ]);
    }
}
