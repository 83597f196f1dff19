//! E-mail addresses (RFC 5321, RFC 6531), also percent-encoded ones.

use std::ops::Range;

use super::{Detected, Detector};

/// RFC 5321 allows 64 bytes before the sign; some systems write more.
const MAX_LOCAL: usize = 128;
/// RFC 1035 section 2.3.4.
const MAX_DOMAIN: usize = 253;
/// How far before an address the beginning of a URL is looked for.
const MAX_AUTHORITY: usize = 512;

/// What ends the names of files and units, of which `name@2x.png` and `getty@tty1.service` are not addresses.
const NO_DOMAINS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "bmp", "avif", "css", "js", "mjs", "ts",
    "tsx", "jsx", "json", "html", "tgz", "gz", "service", "socket", "timer", "target", "slice",
    "scope", "mount",
];

/// Users that are programs: `git@host:path`.
const PROGRAMS: &[&[u8]] = &[b"git", b"hg", b"svn"];

/// Finds addresses.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut floor = 0;
    for at in memchr::memchr2_iter(b'@', b'%', bytes) {
        let Some(sign) = sign_at(bytes, at).filter(|_| at >= floor) else {
            continue;
        };
        let Some(mut end) = domain_end(text, sign.end) else {
            continue;
        };
        // One address behind the other without anything between them goes with it.
        while let Some(next) = sign_at(bytes, end)
            && let Some(next) = domain_end(text, next.end)
        {
            end = next;
        }
        let Some(start) = local_start(text, sign.start, floor) else {
            continue;
        };
        if in_authority(bytes, start)
            || connects(bytes, start, end)
            || PROGRAMS.contains(&&bytes[start..sign.start])
        {
            continue;
        }
        floor = end;
        found.push(Detected {
            range: start..end,
            detector: Detector::Email,
        });
    }
}

/// True for the password and the host of `scott/tiger@db.example:1521`.
fn connects(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_port = matches!(bytes.get(end..), Some([b':', digit, ..]) if digit.is_ascii_digit());
    is_port && bytes[..start].ends_with(b"/") && !bytes[..start].ends_with(b"//")
}

/// The sign in an address, also a percent-encoded one.
fn sign_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    match bytes.get(at..)? {
        [b'@', ..] => Some(at..at + 1),
        [b'%', b'4', b'0', ..] => Some(at..at + 3),
        _ => None,
    }
}

/// The letters that stand together in one address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Latin, Greek and Cyrillic, whose letters are folded into each other.
    Western,
    Any,
}

fn is_letter(character: char, script: Script) -> bool {
    match script {
        _ if character.is_ascii() => character.is_ascii_alphanumeric(),
        Script::Western => matches!(character, '\u{C0}'..='\u{52F}' if character.is_alphabetic()),
        Script::Any => character.is_alphanumeric(),
    }
}

/// Which letters may follow one that stands beside the sign: in a text of another script an address in ASCII
/// ends where that begins.
fn script_of(character: char) -> Script {
    if is_letter(character, Script::Western) || character.is_ascii() {
        Script::Western
    } else {
        Script::Any
    }
}

fn local_start(text: &str, sign: usize, floor: usize) -> Option<usize> {
    let before = text.get(floor..sign)?;
    if before.ends_with('"') {
        return quoted_start(before, floor);
    }
    let script = script_of(before.chars().next_back()?);
    let mut start = sign;
    for (at, character) in before.char_indices().rev() {
        let fits = is_letter(character, script)
            || matches!(character, '.' | '_' | '%' | '+' | '-' | '\'' | '~');
        if !fits || sign - (floor + at) > MAX_LOCAL {
            break;
        }
        start = floor + at;
    }
    let local = text.get(start..sign)?;
    let trimmed = local.trim_start_matches(['.', '\'', '%', '-', '~', '+']);
    // A percent sign and two digits before an address are an encoded character.
    let trimmed = match trimmed.as_bytes() {
        [b'2' | b'3', hex, rest @ ..]
            if hex.is_ascii_hexdigit() && !rest.is_empty() && local.len() > trimmed.len() =>
        {
            if local[..local.len() - trimmed.len()].ends_with('%') {
                trimmed.get(2..)?
            } else {
                trimmed
            }
        }
        _ => trimmed,
    };
    (!trimmed.is_empty() && !local.ends_with('.')).then_some(sign - trimmed.len())
}

/// `"john doe"@example.com`
fn quoted_start(before: &str, floor: usize) -> Option<usize> {
    let inside = before.strip_suffix('"')?;
    let open = inside.rfind(['"', '\n'])?;
    let fits = inside.as_bytes()[open] == b'"'
        && (1..=MAX_LOCAL).contains(&(inside.len() - open - 1))
        && !inside[open + 1..].contains([':', ',', '{', '[']);
    fits.then_some(floor + open)
}

/// Where the domain that begins at `start` ends.
fn domain_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let script = script_of(rest.chars().next()?);
    let mut end = 0;
    for (at, character) in rest.char_indices() {
        let fits = is_letter(character, script) || matches!(character, '.' | '-');
        if !fits || at > MAX_DOMAIN {
            break;
        }
        end = at + character.len_utf8();
    }
    let domain = rest.get(..end)?.trim_end_matches(['.', '-']);
    let domain = domain.split("..").next()?;
    let (name, top) = domain.rsplit_once('.')?;
    let is_top = top.chars().all(char::is_alphabetic) && top.chars().count() >= 2
        || top.len() > 4
            && top
                .get(..4)
                .is_some_and(|begin| begin.eq_ignore_ascii_case("xn--"));
    let fits = is_top
        && !name.is_empty()
        && !name.starts_with(['.', '-'])
        && !is_version(name)
        && !NO_DOMAINS
            .iter()
            .any(|ending| top.eq_ignore_ascii_case(ending));
    fits.then_some(start + domain.len())
}

/// `1.2.3-beta`, `v4.1`: a package's version.
fn is_version(name: &str) -> bool {
    let mut labels = name.trim_start_matches('v').split('.');
    let is_number = |label: Option<&str>| {
        label.is_some_and(|label| label.as_bytes().first().is_some_and(u8::is_ascii_digit))
    };
    is_number(labels.next()) && is_number(labels.next())
}

/// True where what begins at `start` is a password or user in a URL's authority, which are no address.
fn in_authority(bytes: &[u8], start: usize) -> bool {
    let from = start.saturating_sub(MAX_AUTHORITY);
    let token = bytes[from..start]
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'?' | b'#'));
    let begin = token.map_or(from, |at| from + at + 1);
    bytes[..begin].ends_with(b"://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<&str> {
        let mut found = Vec::new();
        find(text, &mut found);
        let found = found.into_iter().next()?;
        text.get(found.range)
    }

    #[test]
    fn addresses_are_found_whole() {
        for (text, address) in [
            ("ann.lee+tag@example.com", "ann.lee+tag@example.com"),
            ("to ann@mail.example.net by 17:00", "ann@mail.example.net"),
            ("mailto:ann@example.org\nX", "ann@example.org"),
            ("from:ann@example.com has:x", "ann@example.com"),
            ("<ann@example.com>,", "ann@example.com"),
            ("Ann at ann@example.com.", "ann@example.com"),
            ("ann@example.com: hello", "ann@example.com"),
            ("ann@example.com:hunter2", "ann@example.com"),
            ("x=ann%40example.com&y", "ann%40example.com"),
            ("x=%22ann@example.com", "ann@example.com"),
            ("https://a.example/?to=ann@example.com", "ann@example.com"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("'ann@example.com'", "ann@example.com"),
            ("jürgen@bücher.example", "jürgen@bücher.example"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("メールはann@example.comです", "ann@example.com"),
            ("ann@xn--bcher-kva.xn--p1ai", "ann@xn--bcher-kva.xn--p1ai"),
            ("user@163.com", "user@163.com"),
            ("\"ann lee\"@example.com", "\"ann lee\"@example.com"),
            ("ann@example.com...", "ann@example.com"),
        ] {
            assert_eq!(first(text), Some(address), "{text}");
        }
    }

    #[test]
    fn signs_in_other_things_are_no_addresses() {
        for text in [
            "git@github.com:owner/name.git",
            "ssh://git@github.com/owner",
            "icon@2x.png",
            "@scope/pkg@1.2.3",
            "react@18.2.0",
            "pkg@1.2.3-beta.rc",
            "actions/checkout@v4",
            "tool@v1.2.3-rc.one",
            "postgres://app:pw@db.example.com/x",
            "https://token@host.example.com",
            "@app.route",
            "user@localhost",
            "a @ b.com",
            "getty@tty1.service",
            "50%40",
            "x@.com",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
