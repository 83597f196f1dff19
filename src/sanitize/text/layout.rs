//! How lines of settings stand together: YAML's blocks, values on the line below, values of several words.

use std::ops::Range;

use crate::sanitize::bounded;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;

/// The most lines of a block that stands below its name.
const MAX_LINES: usize = 64;
/// The most blank lines between a name and its value.
const MAX_BLANK_LINES: usize = 2;
/// How far the ends of a line are looked for.
const MAX_LINE: usize = 512;
/// How far from its beginning a part of a resource's name may stand.
const MAX_RESOURCE_NAME: usize = 256;

/// What stands behind the anchor and the tag of a node of YAML: `&a >-`, `!!str |`.
fn behind_properties(mut node: &str) -> &str {
    while node.starts_with(['&', '!'])
        && let Some((_, behind)) = node.split_once([' ', '\t'])
    {
        node = behind.trim_start();
    }
    node
}

/// Where a literal begins behind an anchor or the tag of a type: `&a "x"`, `!!str 'x'`. Other tags refer to a value.
pub(super) fn literal_behind_properties(text: &str, after: usize) -> Option<usize> {
    let near = bounded::prefix(text.get(after..)?, MAX_LINE);
    let line = near.split(['\n', '\r']).next()?;
    let mut node = line.trim_start();
    let is_property = |node: &str| {
        let anchor = node.strip_prefix('&').or_else(|| node.strip_prefix("!!"));
        anchor.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphanumeric()))
    };
    if !is_property(node) {
        return None;
    }
    while is_property(node) {
        node = node.split_once([' ', '\t'])?.1.trim_start();
    }
    node.starts_with(['"', '\''])
        .then(|| after + line.len() - node.len())
}

/// The block scalar that begins behind `after`: all lines indented further than the one that the name at `name` is in.
pub(super) fn block(text: &str, name: usize, after: usize) -> Option<Found> {
    let (sign_line, body) = rest_of_line(text, after)?;
    let sign = behind_properties(sign_line.trim());
    let sign = sign.split('#').next().unwrap_or_default().trim_end();
    let mut signs = sign.bytes();
    let is_sign = matches!(signs.next(), Some(b'|' | b'>'))
        && signs.all(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'));
    if !is_sign {
        return None;
    }
    let outer = indentation_at(text, name);
    let mut found: Option<Found> = None;
    let mut at = body;
    for line in text[body..].split_inclusive('\n') {
        let content = line.trim_end();
        let indentation = indentation(content);
        if !content.is_empty() {
            if indentation <= outer {
                break;
            }
            let end = at + content.len();
            match &mut found {
                Some(found) => found.end = end,
                None => {
                    found = Some(Found::quoted(at + indentation..end));
                }
            }
        }
        at += line.len();
    }
    found
}

/// The value that stands on the lines below a name with nothing behind its operator: one word, or a list of words.
pub(super) fn below(text: &str, name: &Range<usize>, after: usize) -> Option<Found> {
    let (rest, body) = rest_of_line(text, after)?;
    if !rest.trim().is_empty() {
        return None;
    }
    let outer = indentation_at(text, name.start);
    let bytes = text.as_bytes();
    let before = bytes[line_start(bytes, name.start)..name.start].trim_ascii_start();
    let is_word = !bytes[name.clone()].trim_ascii().contains(&b' ');
    let begins_line =
        is_word && (before.is_empty() || before == b"- " || before == b"\"" || before == b"'");
    let mut found: Option<Found> = None;
    let mut blank_lines = 0;
    let mut at = body;
    for line in text[body..].split_inclusive('\n').take(MAX_LINES) {
        let content = line.trim_end();
        if content.is_empty() && found.is_none() && blank_lines < MAX_BLANK_LINES {
            blank_lines += 1;
            at += line.len();
            continue;
        }
        let item = content.trim_start().strip_prefix("- ").map(str::trim_start);
        let word = item.unwrap_or(content.trim_start());
        let word = word.trim_matches(['"', '\'', '`', '*']);
        let indented = begins_line && (indentation(content) > outer || item.is_some());
        let is_value = if blank_lines > 0 {
            found.is_none() && word.len() >= 8 && reference::looks_secret(word)
        } else if indented && (item.is_some() || found.is_none()) {
            is_value_word(word)
        } else {
            found.is_none() && reference::looks_secret(word)
        };
        if !is_value {
            break;
        }
        let start = at + (word.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        let end = start + word.len();
        match &mut found {
            Some(found) => found.end = end,
            None => {
                found = Some(Found::quoted(start..end));
            }
        }
        if item.is_none() {
            break;
        }
        at += line.len();
    }
    found
}

/// Elements around a word of a line.
const INLINE: &[&str] = &[
    "b", "br", "code", "em", "i", "kbd", "mark", "samp", "span", "strong", "tt", "u",
];

/// True where an end of an element begins, or an element around a word.
pub(super) fn begins_tag(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'<')
        && (bytes.get(1) == Some(&b'/')
            || INLINE.iter().any(|name| {
                bytes[1..].starts_with(name.as_bytes())
                    && matches!(bytes.get(1 + name.len()), Some(b'>' | b' ' | b'/'))
            }))
}

/// What stands behind the tags around a label: `<b>Password:</b> x<br>`, `Password: <code>x</code>`. Where another element
/// begins, the value is that one's.
pub(super) fn behind_tags(text: &str, after: usize) -> Option<Found> {
    let near = bounded::prefix(text.get(after..)?, MAX_LINE);
    let mut rest = near.trim_start_matches([' ', '\t']);
    while begins_tag(rest.as_bytes()) {
        rest = &rest[rest.find('>')? + 1..];
        rest = rest.trim_start_matches([' ', '\t', ':']);
    }
    let start = after + (near.len() - rest.len());
    let end = rest
        .find(['<', '\n', '\r', '"', '\\'])
        .unwrap_or(rest.len());
    let value = rest[..end].trim_end();
    let word = value.split(' ').next().unwrap_or_default();
    let is_value = !value.is_empty()
        && !reference::is_grammar(word)
        && (reference::looks_secret(word) || !value.contains(' ') && end < rest.len());
    let length = if reference::looks_secret(word) {
        word.len()
    } else {
        value.len()
    };
    is_value.then_some(Found::quoted(start..start + length))
}

/// The values that stand in the lines below a name: those that look secret among the items of a list or the members
/// of a map.
pub(super) fn values_below(text: &str, name: &Range<usize>, after: usize) -> Vec<Found> {
    let mut values = Vec::new();
    let Some((rest, body)) = rest_of_line(text, after) else {
        return values;
    };
    if !rest.trim().is_empty() {
        return values;
    }
    let outer = indentation_at(text, name.start);
    let bytes = text.as_bytes();
    let line = &bytes[line_start(bytes, name.start)..name.end];
    let is_item = line.trim_ascii_start().starts_with(b"- ");
    let mut at = body;
    for line in text[body..].split_inclusive('\n').take(MAX_LINES) {
        let content = line.trim_end();
        let start = at;
        at += line.len();
        let inside = content.trim_start();
        let item = inside.strip_prefix("- ");
        if content.is_empty() {
            continue;
        }
        // Beside a name that is an item itself stand others.
        if indentation(content) < outer
            || (item.is_none() || is_item) && indentation(content) == outer
        {
            break;
        }
        let inside = item.unwrap_or(inside);
        let value = inside.split_once(": ").map_or(inside, |(_, value)| value);
        let value = value.trim().trim_matches(['"', '\'', '`']);
        if value.len() < 8 || value.contains(' ') || !reference::looks_secret(value) {
            continue;
        }
        let start = start + (value.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        values.push(Found::quoted(start..start + value.len()));
    }
    values
}

/// `<<EOT` and the lines up to `EOT`.
pub(super) fn here_document(text: &str, after: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let start = bytes[after..]
        .iter()
        .position(|byte| *byte != b' ')
        .map(|blanks| after + blanks)?;
    if !bytes[start..].starts_with(b"<<") {
        return None;
    }
    let (rest, body) = rest_of_line(text, start)?;
    let word = rest[2..].trim_start_matches(['<', '-', '~']).trim();
    let word = word.trim_matches(['"', '\'']);
    if word.is_empty()
        || !word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return None;
    }
    let mut end = body;
    for line in text[body..].split_inclusive('\n').take(MAX_LINES) {
        if line.trim() == word {
            break;
        }
        end += line.len();
    }
    let value = text[body..end].trim_end();
    (!value.is_empty()).then_some(Found::quoted(body..body + value.len()))
}

/// The values of the block of settings that stands below a name with nothing behind its operator.
pub(super) fn nested(text: &str, name: usize, after: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let Some((_, body)) = rest_of_line(text, after).filter(|(rest, _)| rest.trim().is_empty())
    else {
        return found;
    };
    let outer = indentation_at(text, name);
    let mut at = body;
    for line in text[body..].split_inclusive('\n').take(MAX_LINES) {
        let content = line.trim_end();
        if content.is_empty() || indentation(content) <= outer {
            break;
        }
        let item = content.trim_start().trim_start_matches("- ");
        let value = match item.split_once(": ") {
            Some((_, value)) => value,
            None if item.ends_with(':') => "",
            None => item,
        };
        let value = value.trim().trim_matches(['"', '\'']);
        if !value.is_empty() {
            let start = at + (value.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            found.push(Found::quoted(start..start + value.len()));
        }
        at += line.len();
    }
    found
}

/// A single word that is neither a name with a value nor a word of a sentence.
fn is_value_word(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(char::is_whitespace)
        && !word.ends_with([':', ')', ';', ','])
        && !word.starts_with(['{', '[', '<', '#', '('])
        && !word.contains("://")
        && !reference::is_grammar(word)
}

/// True where the name at `name` begins its line, and that line is one of a file of settings: then all of the line
/// is the value.
pub(super) fn is_line_of_settings(text: &str, name: usize, operator: usize, after: usize) -> bool {
    let bytes = text.as_bytes();
    let start = line_start(bytes, name);
    let before = bytes[start..name].trim_ascii_start();
    let operator_byte = bytes[operator];
    // `NAME=value command` is a line of a shell.
    let spaced = operator > 0 && bytes[operator - 1] == b' ' || operator_byte == b':';
    if !(before.is_empty() || before == b"- ")
        || !spaced
        || bytes.get(after) != Some(&b' ')
        || bytes[name..operator].trim_ascii().contains(&b' ')
    {
        return false;
    }
    let previous_end = start.saturating_sub(1);
    let previous = &bytes[line_start(bytes, previous_end)..previous_end];
    if is_setting(previous) {
        return true;
    }
    rest_of_line(text, after).is_some_and(|(_, next)| {
        let near = &bytes[next..bytes.len().min(next + MAX_LINE)];
        let end = memchr::memchr(b'\n', near).unwrap_or(near.len());
        is_setting(&near[..end])
    })
}

/// `name: value`, `name = value`, `[section]`, `name:`.
fn is_setting(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    if line.starts_with(b"[") && line.ends_with(b"]") && line.len() < 64 {
        return true;
    }
    let line = line.strip_prefix(b"- ").unwrap_or(line);
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let name = line
        .iter()
        .take(64)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'"' | b'\'')
        })
        .count();
    let rest = line[name..].trim_ascii_start();
    name > 0 && (rest.starts_with(b"=") || rest == b":" || rest.starts_with(b": "))
}

/// What stands on the line behind `at`, and where the next line begins, if it does so near by.
fn rest_of_line(text: &str, at: usize) -> Option<(&str, usize)> {
    let near = &text.as_bytes()[at..text.len().min(at + MAX_LINE)];
    let end = at + memchr::memchr(b'\n', near)?;
    Some((text.get(at..end)?, end + 1))
}

/// Where the line begins that `at` is in; of a long line, some place in it.
fn line_start(bytes: &[u8], at: usize) -> usize {
    let least = at.saturating_sub(MAX_LINE);
    memchr::memrchr(b'\n', &bytes[least..at]).map_or(least, |newline| least + newline + 1)
}

fn indentation_at(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    bytes[line_start(bytes, at)..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

fn indentation(line: &str) -> usize {
    line.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// True for a place in the name of a resource, whose parts are no assignments: `arn:aws:secretsmanager:…:secret:name`,
/// `{{resolve:secretsmanager:id:SecretString:password}}`.
pub(super) fn is_in_resource_name(bytes: &[u8], at: usize) -> bool {
    const BEGINNINGS: &[&[u8]] = &[b"arn:", b"{{resolve:"];
    let least = at.saturating_sub(MAX_RESOURCE_NAME);
    let before = &bytes[least..at];
    let start = before
        .iter()
        .rposition(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'=' | b',' | b'(')
        })
        .map_or(0, |blank| blank + 1);
    BEGINNINGS
        .iter()
        .any(|beginning| before[start..].starts_with(beginning))
}
