//! Private keys as text: PEM and its kin (RFC 7468), PGP (RFC 9580), PuTTY, OpenSSH, and the shared ones of OpenVPN.
//!
//! A key is found by its first line, by its last one, or by both: one of them is often cut off. Public keys and
//! certificates stay. A key without any line around it is known by how its encoding begins.

use memchr::memmem;

use super::shape::{self, BASE64, LETTERS, Runs};
use super::{Detected, Detector};

/// How far before its words a line may begin.
const MAX_LABEL: usize = 64;
const DASHES: usize = 5;
/// As many characters in a row make a line a part of a key.
const LEAST_RUN: usize = 16;
/// The fewest characters of a key that has no line around it.
const LEAST_KEY: usize = 44;

/// A line that begins or ends a key.
struct Boundary {
    start: usize,
    /// After its dashes.
    end: usize,
    begins: bool,
}

/// What the lines around a key say of it.
struct Label {
    /// The word by which they are found.
    word: &'static [u8],
    /// What stands behind the word, its blanks left out.
    behind: &'static [&'static [u8]],
}

const PRIVATE_KEY: Label = Label {
    word: b"PRIVATE",
    behind: &[b"KEYBLOCK", b"KEY"],
};
const OPENVPN_KEY: Label = Label {
    word: b"OpenVPN",
    behind: &[
        b"StatickeyV1",
        b"tls-crypt-v2clientkey",
        b"tls-crypt-v2serverkey",
    ],
};

/// Finds private keys, whole, cut, or without the lines around them.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    armored(bytes, &PRIVATE_KEY, found);
    armored(bytes, &OPENVPN_KEY, found);
    putty(bytes, found);
    bare(bytes, found);
}

fn push(found: &mut Vec<Detected>, start: usize, end: usize) {
    if start < end {
        found.push(Detected {
            range: start..end,
            detector: Detector::PrivateKey,
        });
    }
}

fn armored(bytes: &[u8], label: &Label, found: &mut Vec<Detected>) {
    let mut floor = 0;
    let mut open: Option<Boundary> = None;
    for word in memmem::find_iter(bytes, label.word) {
        let Some(line) = boundary(bytes, label, word, floor) else {
            continue;
        };
        match (open.take(), line.begins) {
            (Some(begin), false) => push(found, begin.start, line.end),
            (Some(begin), true) => {
                push_unended(bytes, &begin, line.start, found);
                floor = line.end;
                open = Some(line);
                continue;
            }
            (None, false) => {
                let start = body_start(bytes, floor, line.start);
                push(found, start, line.end);
            }
            (None, true) => {
                floor = line.end;
                open = Some(line);
                continue;
            }
        }
        floor = line.end;
    }
    if let Some(begin) = open {
        push_unended(bytes, &begin, bytes.len(), found);
    }
}

/// The line that the label's word at `word` stands in, where it begins or ends a key.
fn boundary(bytes: &[u8], of: &Label, word: usize, floor: usize) -> Option<Boundary> {
    let least = floor.max(word.saturating_sub(MAX_LABEL));
    let label = &bytes[least..word];
    // Blanks may be encoded as they are in URLs and forms.
    let (at, begins) = match (memmem::rfind(label, b"BEGIN"), memmem::rfind(label, b"END")) {
        (Some(begin), end) if end.is_none_or(|end| end < begin) => (begin, true),
        (_, Some(end)) => (end, false),
        _ => return None,
    };
    let between = &label[at..];
    let is_label = between
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'%' | b'+' | b'_'));
    let mut start = least + at;
    start -= length_back(&bytes[least..start], b" %20+");
    let dashes = length_back(&bytes[least..start], b"-");
    let mut end = word + of.word.len();
    let behind = &bytes[end..];
    end += of
        .behind
        .iter()
        .find_map(|words| length_of_words(behind, words))?;
    if !is_label || dashes < 2 {
        return None;
    }
    let blanks = length(&bytes[end..], b" ");
    // The dashes of the next line may stand right behind its own.
    let closing = length(&bytes[end + blanks..], b"-").min(DASHES);
    if closing > 0 {
        end += blanks + closing;
    }
    Some(Boundary {
        start: start - dashes,
        end,
        begins,
    })
}

/// How many bytes `words` and the blanks before and within them take at the beginning of a text.
fn length_of_words(bytes: &[u8], words: &[u8]) -> Option<usize> {
    let mut at = 0;
    for letter in words {
        if bytes.get(at) != Some(letter) {
            at += length(&bytes[at..], b" %20+_");
        }
        (bytes.get(at)? == letter).then_some(())?;
        at += 1;
    }
    Some(at)
}

/// A key whose last line is missing: as far as lines look like parts of one, at most to `limit`.
fn push_unended(bytes: &[u8], begin: &Boundary, limit: usize, found: &mut Vec<Detected>) {
    let body = &bytes[begin.end..limit];
    let mut end = None;
    let mut lines = Lines { bytes: body, at: 0 };
    while let Some((start, stop)) = lines.next_line() {
        let line = &body[start..stop];
        if longest_run(line) >= LEAST_RUN {
            end = Some(stop);
        } else if end.is_some() {
            // The last line of a key is short, and what cut it off may hang on it.
            let run = shape::run_length(line.trim_ascii_start(), BASE64);
            let blanks = line.len() - line.trim_ascii_start().len();
            let run = &line[blanks..blanks + run];
            let is_part = shape::Made::of(run).is_mixed() || run.ends_with(b"=");
            if run.len() >= 2 && is_part && end.is_some_and(|end| lines.follows(end, start)) {
                end = Some(if run.len() + blanks == line.len() {
                    stop
                } else {
                    start + blanks + run.len()
                });
            }
        }
    }
    // Without any such line these are the words alone, as documentation has them.
    if let Some(end) = end {
        push(found, begin.start, begin.end + end);
    }
}

/// Where the lines of a key begin whose first line is missing.
fn body_start(bytes: &[u8], floor: usize, end: usize) -> usize {
    let before = &bytes[floor..end];
    let mut start = before.len();
    let mut stop = before.len();
    loop {
        let (line_start, line_stop) = line_before(before, stop);
        let line = &before[line_start..line_stop];
        let run = longest_run(line);
        let alone = line.trim_ascii();
        let is_part = run >= LEAST_RUN
            || !alone.is_empty()
                && shape::run_length(alone, BASE64) == alone.len()
                && shape::Made::of(alone).is_mixed();
        if is_part {
            // Words before a key on one line are not part of it.
            start = line_start + first_run(line).unwrap_or(0);
        } else if !alone.is_empty() && alone != b"\\" {
            break;
        }
        if line_start == 0 {
            break;
        }
        stop = line_start;
    }
    if start == before.len() {
        end
    } else {
        floor + start
    }
}

/// The line that ends before `stop`, its end, real or spelled `\n`, left out.
fn line_before(bytes: &[u8], stop: usize) -> (usize, usize) {
    let mut end = stop;
    loop {
        match &bytes[..end] {
            [.., b'\n' | b'\r'] => end -= 1,
            [.., b'\\', b'n' | b'r'] => end -= 2,
            _ => break,
        }
    }
    let mut start = end;
    while start > 0 {
        match &bytes[..start] {
            [.., b'\n' | b'\r'] | [.., b'\\', b'n' | b'r'] => break,
            _ => start -= 1,
        }
    }
    (start, end)
}

/// Lines, whose ends are real or spelled `\n`.
struct Lines<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Lines<'_> {
    fn next_line(&mut self) -> Option<(usize, usize)> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.bytes[start..];
        let mut from = 0;
        while let Some(offset) = memchr::memchr3(b'\n', b'\r', b'\\', &rest[from..]) {
            let end = from + offset;
            if rest[end] != b'\\' {
                self.at = start + end + 1;
                return Some((start, start + end));
            }
            if matches!(rest.get(end + 1), Some(b'n' | b'r')) {
                self.at = start + end + 2;
                return Some((start, start + end));
            }
            from = end + 1;
        }
        self.at = self.bytes.len();
        Some((start, self.bytes.len()))
    }

    /// True where nothing but the ends of lines stands between two places.
    fn follows(&self, end: usize, start: usize) -> bool {
        end <= start
            && start - end <= 16
            && self.bytes[end..start]
                .iter()
                .all(|byte| matches!(byte, b'\n' | b'\r' | b'\\' | b'n' | b'r' | b' ' | b'\t'))
    }
}

/// `PuTTY-User-Key-File`: the lines after `Private-Lines`, and the code that guards them.
fn putty(bytes: &[u8], found: &mut Vec<Detected>) {
    for place in memmem::find_iter(bytes, b"Private-Lines:") {
        let after = place + b"Private-Lines:".len();
        let mut lines = Lines {
            bytes: &bytes[after..],
            at: 0,
        };
        lines.next_line();
        let start = after + lines.at;
        let mut end = start;
        while let Some((from, to)) = lines.next_line() {
            let line = lines.bytes[from..to].trim_ascii();
            let line = line.strip_prefix(b"Private-MAC:").unwrap_or(line);
            let line = line.trim_ascii();
            if shape::run_length(line, BASE64) == 0 && !line.is_empty() {
                break;
            }
            if !line.is_empty() {
                end = after + from + lines.bytes[from..to].trim_ascii_end().len();
            }
            if lines.bytes[from..to].contains(&b':') {
                break;
            }
        }
        push(found, start, end);
    }
}

/// Keys without lines around them, by what their encoding begins with.
fn bare(bytes: &[u8], found: &mut Vec<Detected>) {
    let mut done = 0;
    for mut run in Runs::new(bytes, BASE64, LEAST_KEY) {
        // `key=MII…`: padding stands at an end only.
        let name = memchr::memchr(b'=', &bytes[run.clone()]);
        if let Some(name) = name.filter(|at| at + LEAST_KEY < run.len()) {
            run.start += name + 1;
        }
        if run.start < done || !is_encoded_key(&bytes[run.clone()]) {
            continue;
        }
        let mut end = run.end;
        let mut lines = Lines {
            bytes: &bytes[end..],
            at: 0,
        };
        lines.next_line();
        while let Some((start, stop)) = lines.next_line() {
            let line = lines.bytes[start..stop].trim_ascii();
            let run = shape::run_length(line, BASE64);
            if run != line.len() || !line.is_empty() && run < LEAST_RUN && !line.ends_with(b"=") {
                break;
            }
            if run > 0 {
                end = bytes.len() - lines.bytes.len() + stop;
            }
        }
        done = end;
        push(found, run.start, end);
    }
}

/// True for the beginning of a private key in base64: of PKCS #1, PKCS #8, SEC 1 or OpenSSH.
fn is_encoded_key(run: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] = &[
        b"b3BlbnNzaC1rZXktdjE",
        b"MIGHAgEAMBMG",
        b"MIG2AgEAMBAG",
        b"MC4CAQAwBQYDK2V",
        b"MHcCAQEE",
        b"MIGkAgEBBD",
        b"MIHcAgEBBE",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| run.starts_with(beginning))
        || run.starts_with(b"MII")
            && run
                .get(5..)
                .is_some_and(|rest| rest[..8].windows(6).any(|six| six == b"IBAAKC"))
        || run.starts_with(b"MII")
            && memmem::find(&run[..LEAST_KEY], b"ADANBgkqhkiG9w0BAQEFAASC").is_some()
}

fn longest_run(line: &[u8]) -> usize {
    let runs = line.split(|byte| !in_key(*byte));
    runs.map(<[u8]>::len).max().unwrap_or(0)
}

/// Where in a line the first run begins that is as long as those of a key.
fn first_run(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    for run in line.split(|byte| !in_key(*byte)) {
        if run.len() >= LEAST_RUN {
            return Some(at);
        }
        at += run.len() + 1;
    }
    None
}

fn in_key(byte: u8) -> bool {
    LETTERS[usize::from(byte)] || matches!(byte, b'+' | b'/' | b'=')
}

fn length(bytes: &[u8], of: &[u8]) -> usize {
    bytes.iter().take_while(|byte| of.contains(byte)).count()
}

fn length_back(bytes: &[u8], of: &[u8]) -> usize {
    let last = bytes.iter().rev();
    last.take_while(|byte| of.contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::found;

    const FIRST: &str = "MIIFq7Xz2Kf9Wb4Vn1Hs8Ld3Rt6Yp5Jc0Mg";
    const SECOND: &str = "Zk8/Td4+Ns1Bv6Qw9Xr2Cf7Hm3Lp5Jg0Ky";
    const LAST: &str = "aB3=";

    fn line(word: &str, label: &str) -> String {
        format!("-----{word} {label}PRIVATE KEY-----")
    }

    fn key(label: &str, end: &str) -> String {
        let (begin, last) = (line("BEGIN", label), line("END", label));
        format!("{begin}{end}{FIRST}{end}{SECOND}{end}{LAST}{end}{last}")
    }

    #[test]
    fn keys_are_found_whole_however_their_lines_end() {
        for label in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "PGP "] {
            for end in ["\n", "\r\n", "\\n", "\\r\\n", "\n    ", " "] {
                let key = key(label, end);
                let text = format!("before: {key}\nafter");
                assert_eq!(found(&text, find), [key.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn several_keys_are_found_one_by_one() {
        let (one, other) = (key("RSA ", "\n"), key("EC ", "\n"));
        let text = format!("{one}\nand\n{other}\n");
        assert_eq!(found(&text, find), [one.as_str(), other.as_str()]);
    }

    #[test]
    fn keys_without_their_last_line_are_found_as_far_as_they_go() {
        let begin = line("BEGIN", "RSA ");
        for (cut, rest) in [
            ("", ""),
            ("\naB3d", "...[truncated]"),
            ("\naB3d", ""),
            ("", "\nthen restart sshd"),
        ] {
            let key = format!("{begin}\n{FIRST}\n{SECOND}{cut}");
            let text = format!("{key}{rest}");
            assert_eq!(found(&text, find), [key.as_str()], "{text}");
        }
    }

    #[test]
    fn keys_without_their_first_line_are_found_as_far_as_they_go() {
        let end = line("END", "RSA ");
        for mark in ["\n", "\\n", "\r\n", "\n  "] {
            let key = format!("{FIRST}{mark}{SECOND}{mark}{LAST}{mark}{end}");
            let text = format!("the rest of it:\n{key}\nthen more");
            assert_eq!(found(&text, find), [key.as_str()], "{text}");
        }
    }

    #[test]
    fn keys_of_putty_and_bare_ones_are_found() {
        let putty = format!(
            "PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\nAAAAB3\nPrivate-Lines: 1\n{FIRST}\nPrivate-MAC: 0a1b2c\n"
        );
        assert_eq!(
            found(&putty, find),
            [format!("{FIRST}\nPrivate-MAC: 0a1b2c")]
        );
        let bare = format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{SECOND}\n{SECOND}{FIRST}\n{LAST}");
        for before in ["key=", "key: ", "\""] {
            let text = format!("{before}{bare}\nthe end");
            assert_eq!(found(&text, find), [bare.as_str()]);
        }
    }

    #[test]
    fn shared_keys_of_openvpn_are_found() {
        let digits = "9c41e07b52fd38a6".repeat(2);
        for label in ["OpenVPN Static key V1", "OpenVPN tls-crypt-v2 client key"] {
            for end in ["\n", "\\n", "\r\n"] {
                let (begin, last) = (
                    format!("-----BEGIN {label}-----"),
                    format!("-----END {label}-----"),
                );
                let key = format!("{begin}{end}{digits}{end}{digits}{end}{last}");
                let text = format!("<tls-auth>{end}{key}{end}</tls-auth>");
                assert_eq!(found(&text, find), [key.as_str()], "{text}");
                let cut = format!("{begin}{end}{digits}{end}{digits}");
                let text = format!("{cut}\n</tls-auth>");
                assert_eq!(found(&text, find), [cut.as_str()], "{text}");
            }
        }
    }

    #[test]
    fn public_keys_certificates_and_words_stay() {
        for text in [
            format!("-----BEGIN PUBLIC KEY-----\n{FIRST}\n-----END PUBLIC KEY-----"),
            format!("-----BEGIN CERTIFICATE-----\n{FIRST}\n-----END CERTIFICATE-----"),
            format!("files that hold {} are refused", line("BEGIN", "RSA ")),
            "a PRIVATE KEY is no PUBLIC KEY".to_owned(),
            "-----BEGIN OpenVPN Static key V1----- begins a key".to_owned(),
            format!("OpenVPN Static key V1 {FIRST}"),
            "[REDACTED:private_key]".to_owned(),
        ] {
            assert!(found(&text, find).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        let (begin, end) = (line("BEGIN", ""), line("END", ""));
        for piece in [
            &begin,
            &end,
            FIRST,
            "\\",
            "Private-Lines:",
            "PRIVATE",
            &format!("a\n{end}"),
            "MHcCAQEE\n",
            "\n",
        ] {
            found(&piece.repeat((1 << 20) / piece.len()), find);
        }
    }
}
