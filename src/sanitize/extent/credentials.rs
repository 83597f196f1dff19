//! Where credentials of HTTP end: a scheme and a token, a scheme and parameters, or one word.
//!
//! Only in a line of a header may they be anything, so that only there they reach to the line's end.

use super::Reader;
use crate::sanitize::reference::looks_secret;

/// The most bytes of credentials with parameters.
const MAX_CREDENTIALS: usize = 4096;
/// The most bytes of a header's name.
const MAX_NAME: usize = 64;
/// Schemes with one token behind them.
const OF_ONE_TOKEN: &[&str] = &[
    "bearer",
    "basic",
    "token",
    "negotiate",
    "ntlm",
    "apikey",
    "bot",
    "splunk",
    "ssws",
    "geniekey",
];
/// Schemes with parameters behind them.
const OF_PARAMETERS: &[&str] = &[
    "digest",
    "hawk",
    "oauth",
    "mac",
    "signature",
    "aws4-hmac-sha256",
    "sharedaccesssignature",
    "googlelogin",
];

impl Reader<'_> {
    /// `outer` is the quotation mark before the name.
    pub(in crate::sanitize) fn credentials_end(self, start: usize, outer: Option<u8>) -> usize {
        let first_end = self.word_end(start);
        let first = &self.bytes[start..first_end];
        let is_one_of = |schemes: &[&str]| {
            schemes
                .iter()
                .any(|known| first.eq_ignore_ascii_case(known.as_bytes()))
        };
        let next = self.skip_blanks(first_end);
        let goes_on = next > first_end && !self.is_end_or_space(next);
        if is_one_of(OF_ONE_TOKEN) {
            return if goes_on {
                self.command_end(next)
                    .unwrap_or_else(|| self.word_end(next))
            } else {
                first_end
            };
        }
        let sign = self.bytes[..start]
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t'));
        let sign = sign.filter(|at| self.bytes[*at] == b':');
        // A call or a literal of a program ends where its brackets and marks do.
        let is_code = first
            .iter()
            .any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'"' | b'\'' | b'`'));
        if is_code || sign.is_none() && !is_one_of(OF_PARAMETERS) {
            return first_end;
        }
        if let Some(mark) = outer {
            let line = self.line_end(start, MAX_CREDENTIALS);
            let end = (start..line).find(|at| self.bytes[*at] == mark && self.ends_word(*at));
            return self.without_blanks_after(start, end.unwrap_or(line));
        }
        let is_scheme = first
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !goes_on || !is_scheme {
            return first_end;
        }
        if let Some(end) = self.parameters_end(next) {
            return end;
        }
        let is_word = std::str::from_utf8(first).is_ok_and(|word| !looks_secret(word));
        if is_word && sign.is_some_and(|sign| self.is_line_of_header(sign)) {
            let line = self.line_end(start, MAX_CREDENTIALS);
            return self.without_blanks_after(start, line);
        }
        let second = self.word_end(next);
        let token = std::str::from_utf8(&self.bytes[next..second]);
        if is_word && token.is_ok_and(looks_secret) {
            second
        } else {
            first_end
        }
    }

    /// Where a command between backticks ends that begins at `start`: `` `gh auth token` ``.
    fn command_end(self, start: usize) -> Option<usize> {
        if self.at(start) != Some(b'`') {
            return None;
        }
        let line = self.line_end(start, MAX_CREDENTIALS);
        let close = memchr::memchr(b'`', self.bytes.get(start + 1..line)?)?;
        Some(start + close + 2)
    }

    /// Where `name=value, name="value"` ends; none where nothing of that form begins.
    fn parameters_end(self, start: usize) -> Option<usize> {
        let limit = self.bytes.len().min(start + MAX_CREDENTIALS);
        let (mut at, mut end) = (start, None);
        loop {
            let near = &self.bytes[at..limit];
            let name = near
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                .count();
            if name == 0 || near.get(name) != Some(&b'=') {
                return end;
            }
            let value = at + name + 1;
            at = match self.opening_quote(value) {
                Some(quote) => {
                    let inside = value + quote.length();
                    (self.closing_quote(inside, quote) + quote.length()).min(self.bytes.len())
                }
                None => self.bytes[value..limit]
                    .iter()
                    .position(|byte| {
                        byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\'' | b'`')
                    })
                    .map_or(limit, |length| value + length),
            };
            end = Some(at);
            let signs = self.bytes[at..]
                .iter()
                .take(8)
                .take_while(|byte| matches!(byte, b',' | b' ' | b'\t'))
                .count();
            if at >= limit || signs == 0 {
                return end;
            }
            at += signs;
        }
    }

    /// True where nothing but a name stands before the colon at `sign` in its line, be it in what a client prints:
    /// `> Authorization: …`.
    fn is_line_of_header(self, sign: usize) -> bool {
        let least = sign.saturating_sub(MAX_NAME);
        let before = &self.bytes[least..sign];
        let name = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-')
            .count();
        let before = &before[..before.len() - name];
        let before = before
            .strip_suffix(b"> ")
            .or_else(|| before.strip_suffix(b"< "))
            .unwrap_or(before);
        match before.last() {
            None => least == 0,
            Some(last) => matches!(last, b'\n' | b'\r') || before.ends_with(b"\\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_line_of_a_header_goes_whole_and_elsewhere_one_word_does() {
        hits(&[
            (
                "Authorization: Own a b c\r\nHost: h",
                "Authorization: <>\r\nHost: h",
            ),
            (
                "> Authorization: Own a b c\n> Host: h",
                "> Authorization: <>\n> Host: h",
            ),
            ("auth=Xk4Ergjv, region=eu", "auth=<>, region=eu"),
            ("auth=Xk4Ergjv region=eu", "auth=<> region=eu"),
            (
                "authorization: Xk4Ergjv, region: eu",
                "authorization: <>, region: eu",
            ),
            ("AUTH=Xk4Ergjv && ./run", "AUTH=<> && ./run"),
            ("auth=Xk4Ergjv rejected by h", "auth=<> rejected by h"),
            ("?auth=Xk4Ergjv and then more", "?auth=<> and then more"),
            (
                "sent authorization: Own Xk4Ergjv to h",
                "sent authorization: <> to h",
            ),
            (
                "Authorization: Digest username=\"a\", response=\"b\" to h",
                "Authorization: <> to h",
            ),
            (
                "{'Authorization': f'Bearer Xk4Ergjv', 'X-Lane': 'b'}",
                "{'Authorization': <>, 'X-Lane': 'b'}",
            ),
            (
                "get(u, auth=('kim', 'Xk4Ergjv'), timeout=3)",
                "get(u, auth=<>, timeout=3)",
            ),
            (
                "get(u, auth=HTTPBasicAuth('kim', 'Xk4Ergjv'), timeout=3)",
                "get(u, auth=<>, timeout=3)",
            ),
            (
                "curl -H 'Authorization: Own a b' h",
                "curl -H 'Authorization: <>' h",
            ),
            (
                "curl -H \"Authorization: Own a\" h",
                "curl -H \"Authorization: <>\" h",
            ),
        ]);
    }

    #[test]
    fn what_programs_hold_in_variables_stays() {
        misses(&[
            "get(u, auth=(user, password), timeout=3)",
            "get(u, auth=HTTPBasicAuth(user, password), timeout=3)",
            "{'Authorization': f'Bearer {token}', 'X-Lane': 'b'}",
            "curl -H \"Authorization: Bearer $(gcloud auth print-access-token)\" h",
            "Authorization: Bearer $(cat /run/token)",
            "Authorization: token `gh auth token`",
            "Authorization: Basic $(echo -n \"$USER:$PASS\" | base64)",
        ]);
        hits(&[
            (
                "Authorization: Basic $(echo -n ada:hunter2sommer | base64)",
                "Authorization: <>",
            ),
            ("Authorization: token `Xk4Ergjv`", "Authorization: <>"),
        ]);
    }
}
