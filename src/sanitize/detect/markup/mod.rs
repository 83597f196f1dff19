//! XML and HTML in text: `<password>x</password>`, `<entry key="password">x</entry>`, `<key>Password</key><string>x</string>`.
//!
//! Attributes are assignments; what is looked for here is what stands between tags.

mod columns;
mod persons;

use std::ops::Range;

use self::columns::Columns;
use self::persons::{Around, numbered_in_system, part_of_name};
use crate::sanitize::bounded;
use crate::sanitize::extent::Found;
use crate::sanitize::reference::{self, is_grammar};
use crate::sanitize::rule::Rule;
use crate::sanitize::text::{Findings, is_name_byte};

/// The most bytes of a tag.
const MAX_TAG: usize = 1024;
/// The most bytes of a name in a tag or an attribute.
const MAX_NAME: usize = 96;
/// The most bytes that a label may have.
const MAX_LABEL: usize = 40;
/// The most bytes of what is left of a value.
const MAX_WORD: usize = 4096;
/// Elements that have no content.
const VOID: &[&str] = &["input", "meta", "param", "br"];
const CDATA: &[u8] = b"<![CDATA[";

/// Attributes that say what an element holds.
const NAMING: &[&str] = &["key", "name", "id", "field", "property", "type", "label"];
/// Elements in which a name stands, and others in which its value does.
const LABELS: &[&str] = &[
    "key",
    "name",
    "td",
    "th",
    "dt",
    "label",
    "param-name",
    "n",
    "strong",
    "b",
];
const VALUES: &[&str] = &[
    "string",
    "value",
    "val",
    "td",
    "dd",
    "data",
    "text",
    "param-value",
    "code",
    "v",
    "plain",
    "item",
    "input",
    "span",
];

/// Finds what stands in elements that a rule names.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    elements(findings, b"<", b">");
    if memchr::memmem::find(findings.bytes(), b"&lt;").is_some() {
        elements(findings, b"&lt;", b"&gt;");
    }
}

/// An opening tag.
struct Tag {
    name: Range<usize>,
    attributes: Range<usize>,
    /// Behind the closing bracket.
    end: usize,
}

fn elements(findings: &mut Findings<'_, '_>, open: &[u8], close: &[u8]) {
    let bytes = findings.bytes();
    let mut labelled: Option<&Rule> = None;
    let mut columns = Columns::default();
    let mut around = Around::default();
    let mut section_end = 0;
    let mut at = 0;
    while let Some(offset) = memchr::memmem::find(&bytes[at..], open) {
        let start = at + offset;
        at = start + open.len();
        let Some(tag) = opening_tag(bytes, at, close) else {
            continue;
        };
        let name = &bytes[tag.name.clone()];
        if name.eq_ignore_ascii_case(b"tr") {
            labelled = None;
            columns.begin_row(findings.rules.for_name_of_person_or_company());
        }
        if name.eq_ignore_ascii_case(b"table") {
            columns = Columns::default();
        }
        let is_one_of = |names: &[&str]| {
            names
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        };
        let above = labelled.take_if(|_| is_one_of(VALUES));
        let from = tag.end;
        at = from;
        let (content, behind) = content(bytes, from, open, &mut section_end);
        let value = trimmed(bytes, content.clone());
        let mut headed = None;
        if name.eq_ignore_ascii_case(b"th") {
            let head = &bytes[value.clone()];
            let is_name = head.eq_ignore_ascii_case(b"name");
            columns.head(rule_for(findings, head), is_name);
        } else if name.eq_ignore_ascii_case(b"td") {
            headed = columns.cell();
        }
        numbered_in_system(findings, name, &tag.attributes);
        let within = around.rule_for(findings, name, start);
        around.open(name, &tag);
        let rule = rule_for(findings, name)
            .or(within)
            .or_else(|| part_of_name(findings, name, &tag.attributes))
            .or_else(|| naming_attribute(findings, &tag.attributes))
            .or(headed)
            .or(above);
        if let Some(rule) = rule {
            let mut has_value = false;
            if let Some(value) = value_attribute(bytes, &tag.attributes) {
                has_value = true;
                findings.take(rule, value);
            }
            let is_closed =
                bytes[behind..].starts_with(open) && bytes[behind + open.len()..].starts_with(b"/");
            let is_cut =
                behind >= bytes.len() && !bytes[value.clone()].iter().any(u8::is_ascii_whitespace);
            let text = findings.text.get(value.clone()).unwrap_or_default();
            let is_closed_itself = is_closed
                && bytes[behind + open.len() + 1..]
                    .get(..name.len())
                    .is_some_and(|closing| closing.eq_ignore_ascii_case(name));
            if VOID
                .iter()
                .any(|void| name.eq_ignore_ascii_case(void.as_bytes()))
                && !is_closed_itself
            {
                // Nothing stands in it: what comes next is a text of its own.
            } else if value.is_empty() {
                labelled = (!has_value).then_some(rule);
            } else if (is_closed || is_cut) && (above.is_none() || !is_grammar(text)) {
                let found = Found::quoted(value.start..value.end);
                if findings.take(rule, found).is_some() {
                    at = content.end;
                }
            } else if above.is_none() && !has_value {
                // The end was cut: of what is left, the first word.
                let text = bounded::prefix(text, MAX_WORD);
                let length = text
                    .find(|letter: char| letter.is_whitespace() || letter == '[')
                    .unwrap_or(text.len());
                if text.starts_with(char::is_alphanumeric)
                    && reference::looks_secret(&text[..length])
                {
                    findings.take(rule, Found::quoted(value.start..value.start + length));
                }
            }
        } else if is_one_of(LABELS) && value.len() <= MAX_LABEL {
            labelled = rule_for(findings, bytes[value].trim_ascii_end());
        }
    }
}

/// A name without the namespace before it.
fn local(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name).map_or(name, |at| &name[at + 1..])
}

fn rule_for<'r>(findings: &Findings<'r, '_>, name: &[u8]) -> Option<&'r Rule> {
    let name = name.strip_suffix(b":").unwrap_or(name);
    let is_name = name.len() <= MAX_NAME
        && name
            .iter()
            .all(|byte| is_name_byte(*byte) || matches!(byte, b' ' | b':'));
    if !is_name {
        return None;
    }
    let (rule, plural, _) = findings.rules.for_name_at_end(name)?;
    (!plural).then_some(rule)
}

fn opening_tag(bytes: &[u8], at: usize, close: &[u8]) -> Option<Tag> {
    let length = bytes[at..]
        .iter()
        .take(MAX_NAME)
        .take_while(|byte| is_name_byte(**byte) || **byte == b':')
        .count();
    if length == 0 || !bytes[at].is_ascii_alphabetic() {
        return None;
    }
    let name_end = at + length;
    let near = &bytes[name_end..bytes.len().min(name_end + MAX_TAG)];
    let end = name_end + memchr::memmem::find(near, close)?;
    Some(Tag {
        name: at..name_end,
        attributes: name_end..end,
        end: end + close.len(),
    })
}

/// The text up to the next tag, or that of a CDATA section; and where it ends. Sections are looked through for tags as
/// well, so `section_end` keeps where the last one ends.
fn content(
    bytes: &[u8],
    from: usize,
    open: &[u8],
    section_end: &mut usize,
) -> (Range<usize>, usize) {
    let blanks = bytes[from..]
        .iter()
        .take(MAX_NAME)
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    if bytes[from + blanks..].starts_with(CDATA) {
        let start = from + blanks + CDATA.len();
        if *section_end < start {
            *section_end =
                memchr::memmem::find(&bytes[start..], b"]]>").map_or(bytes.len(), |at| start + at);
        }
        return (start..*section_end, bytes.len().min(*section_end + 3));
    }
    let end = memchr::memmem::find(&bytes[from..], open).map_or(bytes.len(), |at| from + at);
    (from..end, end)
}

fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let content = &bytes[range.clone()];
    let start = range.start + (content.len() - content.trim_ascii_start().len());
    start..start + content.trim_ascii().len()
}

/// The rule for what a `key="…"` or the like says.
fn naming_attribute<'r>(
    findings: &Findings<'r, '_>,
    attributes: &Range<usize>,
) -> Option<&'r Rule> {
    let bytes = findings.bytes();
    NAMING.iter().find_map(|name| {
        let value = attribute(bytes, attributes, name)?;
        rule_for(findings, &bytes[value])
    })
}

fn value_attribute(bytes: &[u8], attributes: &Range<usize>) -> Option<Found> {
    let value = attribute(bytes, attributes, "value")
        .or_else(|| attribute(bytes, attributes, "content"))?;
    Some(Found::quoted(value.start..value.end))
}

/// The value of an attribute, in quotes or escaped quotes.
fn attribute(bytes: &[u8], attributes: &Range<usize>, name: &str) -> Option<Range<usize>> {
    let text = &bytes[attributes.clone()];
    let at = memchr::memmem::find_iter(text, name.as_bytes()).find(|at| {
        at.checked_sub(1)
            .is_some_and(|before| text[before].is_ascii_whitespace())
            && text.get(at + name.len()) == Some(&b'=')
    })?;
    let from = at + name.len() + 1;
    let escapes = text[from..]
        .iter()
        .take(8)
        .take_while(|byte| **byte == b'\\')
        .count();
    let mark = *text
        .get(from + escapes)
        .filter(|byte| matches!(byte, b'"' | b'\''))?;
    let start = from + escapes + 1;
    let end = start + memchr::memchr(mark, &text[start..])?;
    let end = end
        - text[start..end]
            .iter()
            .rev()
            .take(escapes)
            .take_while(|byte| **byte == b'\\')
            .count();
    Some(attributes.start + start..attributes.start + end)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_stands_in_an_element_of_a_ruled_name_goes() {
        hits(&[
            (
                "<tr><th>Town</th><th>SSN</th></tr><tr><td>Lund</td><td>123456789</td></tr>",
                "<tr><th>Town</th><th>SSN</th></tr><tr><td>Lund</td><td><></td></tr>",
            ),
            (
                "<tr><th>SSN</th><td>123456789</td></tr><tr><th>Town</th><td>Lund</td></tr>",
                "<tr><th>SSN</th><td><></td></tr><tr><th>Town</th><td>Lund</td></tr>",
            ),
            (
                "<name><family value=\"Roe\"/><given value=\"Ada\"/></name>",
                "<name><family value=\"<>\"/><given value=\"<>\"/></name>",
            ),
            (
                "<x:name use=\"L\"><given>Ada</given>\n<family>Roe</family></x:name><birthTime value=\"19610217\"/>",
                "<x:name use=\"L\"><given><></given>\n<family><></family></x:name><birthTime value=\"<>\"/>",
            ),
            (
                "<id root=\"2.16.840.1.113883.4.1\" extension=\"212557741\"/><id root=\"1.2.3\" extension=\"77\"/>",
                "<id root=\"2.16.840.1.113883.4.1\" extension=\"<>\"/><id root=\"1.2.3\" extension=\"77\"/>",
            ),
            (
                "<Dbtr>\n <Nm>Ottoline Varga</Nm></Dbtr><Cdtr><Nm>Varga Trading</Nm></Cdtr>",
                "<Dbtr>\n <Nm><></Nm></Dbtr><Cdtr><Nm>Varga Trading</Nm></Cdtr>",
            ),
            (
                "<tr><th>Name</th><th>SSN</th></tr><tr><td>Ottoline Varga</td><td>123456789</td></tr>",
                "<tr><th>Name</th><th>SSN</th></tr><tr><td><></td><td><></td></tr>",
            ),
            (
                "<label>First name</label><span>Ada</span><p>Lund</p>",
                "<label>First name</label><span><></span><p>Lund</p>",
            ),
            (
                "<input name=\"ssn\" value=\"123456789\"> in Lund",
                "<input name=\"ssn\" value=\"<>\"> in Lund",
            ),
            (
                "<login><user>ada</user><password>Xk4</password><site>d-44</site></login>",
                "<login><user>ada</user><password><></password><site>d-44</site></login>",
            ),
            (
                "<wsse:Password Type=\"#Text\">a b</wsse:Password>",
                "<wsse:Password Type=\"#Text\"><></wsse:Password>",
            ),
            (
                "<entry key=\"password\">abc</entry>",
                "<entry key=\"password\"><></entry>",
            ),
            (
                "<property><name>db.password</name>\n <value>abc</value></property>",
                "<property><name>db.password</name>\n <value><></value></property>",
            ),
            (
                "<key>ApiKey</key>\n\t<string>abc</string>",
                "<key>ApiKey</key>\n\t<string><></string>",
            ),
            (
                "<password><![CDATA[a<b]]></password>",
                "<password><![CDATA[<>]]></password>",
            ),
            (
                "<add key=\"Password\" value=\"abc\" /><add key=\"x\" value=\"y\"/>",
                "<add key=\"Password\" value=\"<>\" /><add key=\"x\" value=\"y\"/>",
            ),
            (
                "<add value=\"abc\" key=\"Password\"/>",
                "<add value=\"<>\" key=\"Password\"/>",
            ),
            (
                "<input type=\"password\" name=\"p\" value=\"abc\">",
                "<input type=\"password\" name=\"p\" value=\"<>\">",
            ),
            (
                "<param name=\"password\">abc</param><b>x</b>",
                "<param name=\"password\"><></param><b>x</b>",
            ),
            (
                "<b>Password:</b> Xk4Ergjv<br>j-8",
                "<b>Password:</b> <><br>j-8",
            ),
            (
                "<p>Password: <code>Xk4Ergjv</code></p>",
                "<p>Password: <code><></code></p>",
            ),
            (
                "<p><strong>API key:</strong> Xk4Ergjv</p>",
                "<p><strong>API key:</strong> <></p>",
            ),
            (
                "<db user=\"ada\" password=\"abc\"/>",
                "<db user=\"ada\" password=\"<>\"/>",
            ),
            (
                "<tr><td>Password</td><td>abc</td></tr>",
                "<tr><td>Password</td><td><></td></tr>",
            ),
            (
                "&lt;password&gt;abc&lt;/password&gt;",
                "&lt;password&gt;<>&lt;/password&gt;",
            ),
            ("<ssn>123456789</ssn>", "<ssn><></ssn>"),
            ("<a><token>cut", "<a><token><>"),
        ]);
    }

    #[test]
    fn other_elements_stay() {
        misses(&[
            "<p>Reset your <a href=\"/r\">password</a> <b>now</b></p>",
            "mysql -u root -p<password> -h <host>",
            "Vec<Token> and Option<Secret> to <T>",
            "if a < token && b > c { <x>1</x> }",
            "<label>Password</label><input type=\"password\">",
            "<Agt><Nm>Ottoline Varga</Nm></Agt><given>names</given><family>serif</family>",
            "<os><name>Windows XP</name><family>Windows</family><arch>x86</arch></os>",
            "<tr><th>Name</th><th>Town</th></tr><tr><td>Ottoline Varga</td><td>Lund</td></tr>",
            "<tokens>12</tokens><password-policy>strong</password-policy>",
            "<password></password><user>ada</user>",
            "<password/><user>ada</user>",
            "<tr><td>Password</td><td>required</td></tr>",
            "<h1>Password</h1><p>Choose one.</p>",
            "<b>Password:</b> must be long<br>",
            "<b>Password:</b> <a href=\"/r\">reset</a>",
            "<td><b>Password:</b></td><td>required</td>",
        ]);
    }
}
