//! An option of a command, and the word behind it that is its value.

use super::{Scan, is_long};
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::rule::Extent;
use crate::sanitize::text::name::is_name_byte;

/// The fewest letters of an option that begins with a single dash.
const LEAST_OPTION: usize = 3;

impl Scan<'_, '_, '_> {
    /// Looks at the option whose dashes stand at `at` and whose name begins at `name_start`; gives where to look further.
    pub(super) fn option(&mut self, at: usize, name_start: usize) -> usize {
        let bytes = self.findings.bytes();
        if at > 0 && is_name_byte(bytes[at - 1]) {
            return name_start;
        }
        let length = bytes[name_start..]
            .iter()
            .take_while(|byte| is_name_byte(**byte))
            .count();
        let name_end = name_start + length;
        if name_start - at == 1 && length < LEAST_OPTION {
            return name_end.max(name_start);
        }
        // A list of arguments as a program prints it: `'--password', 'x'`.
        let mut after = name_end;
        while matches!(bytes.get(after), Some(b'"' | b'\'' | b',' | b'\\')) && after < name_end + 8
        {
            after += 1;
        }
        let reader = self.findings.reader;
        let mut value_start = reader.skip_blanks(after);
        // A command that goes on in the next line.
        if value_start > after && bytes[value_start..].starts_with(b"\\\n") {
            value_start = reader.skip_blanks(value_start + 2);
        }
        let separated = after - name_end >= 2 || value_start > after;
        // Another part of the command.
        let goes_on = bytes[value_start..].starts_with(b"--")
            || matches!(
                bytes.get(value_start),
                Some(b'-' | b'|' | b'>' | b'<' | b'&')
            );
        if !separated || goes_on {
            return name_end;
        }
        match self
            .findings
            .rules
            .for_name_at_end(&bytes[name_start..name_end])
        {
            Some((rule, false, _)) => {
                let extent = match rule.extent {
                    Extent::Credentials => Extent::Credentials,
                    _ => Extent::Word,
                };
                let value = reader.value(self.findings.rules, value_start, extent, None);
                match value {
                    Some(value)
                        if value.quoted
                            || is_long(&value)
                            || !self.goes_on(&value)
                                && !self.is_placeholder(&bytes[name_start..name_end], &value) =>
                    {
                        self.take(rule, value, name_end)
                    }
                    _ => name_end,
                }
            }
            _ => name_end,
        }
    }

    /// True where what stands behind an option is another part of a sentence about it.
    fn goes_on(&self, value: &Found) -> bool {
        const WORDS: &[&str] = &[
            "option",
            "options",
            "flag",
            "flags",
            "argument",
            "arguments",
            "parameter",
            "parameters",
            "switch",
        ];
        let word = &self.findings.text[value.start..self.char_end(value.end)];
        WORDS.contains(&word) || reference::is_grammar(word)
    }

    /// `--token TOKEN`, `--api-key string`: as a program tells of its options.
    fn is_placeholder(&self, name: &[u8], value: &Found) -> bool {
        let word = &self.findings.text[value.start..self.char_end(value.end)];
        if reference::is_type(word) {
            return true;
        }
        let word = word.trim_end_matches([']', '}', ')', ',', '|']);
        word.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && reference::is_name_again(name, word)
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::misses;

    #[test]
    fn a_sentence_about_an_option_stays() {
        misses(&["the --password option"]);
    }
}
