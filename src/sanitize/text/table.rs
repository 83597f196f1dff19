//! Tables in text: CSV with a row of names, tables of Markdown and of database clients.

use std::ops::Range;

use super::Findings;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::rule::Rule;

/// The most columns of a table.
const MAX_COLUMNS: usize = 64;
/// The most bytes of the line with the names.
const MAX_HEADER: usize = 2048;
/// The most bytes of one name.
const MAX_NAME: usize = 40;

/// What stands above values, beside what stands above their names.
const VALUES: &[&str] = &[
    "value", "values", "val", "data", "answer", "content", "details",
];

/// A table whose names were read.
struct Table<'r> {
    separator: u8,
    columns: usize,
    ruled: Vec<(usize, &'r Rule)>,
    /// Whether its names may be a row of another table, which has as many columns.
    is_doubtful: bool,
}

/// Finds the cells that stand below a name.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut table: Option<Table<'_>> = None;
    let mut line_start = 0;
    let mut may_begin = true;
    // Whether the lines are rows of a name and a value each.
    let mut pairs = false;
    // Whether the line before stands in a frame: then this one is not the first of a table.
    let mut was_framed = false;
    // The form of the lines before, where the first of them is a row of names.
    let mut named: Option<Form> = None;
    while let Some(length) = memchr::memchr(b'\n', &bytes[line_start..]).or_else(|| {
        // The last line: a table's, or nothing that anything stands below.
        ((table.is_some() || pairs) && line_start < bytes.len()).then_some(bytes.len() - line_start)
    }) {
        let line_end = line_start + length;
        let line = line_start..line_end - usize::from(bytes[line_start..line_end].ends_with(b"\r"));
        if let Some(known) = &table
            && !read_row(findings, known, line.clone())
        {
            table = None;
        }
        let content = bytes[line.clone()].trim_ascii();
        let has_frame = bytes.get(line.start) == Some(&b'|');
        pairs = table.is_none() && has_frame && field(findings, line.clone(), pairs);
        let is_tight = !has_frame
            && memchr::memchr_iter(b',', content)
                .all(|comma| content.get(comma + 1) != Some(&b' '));
        let mut is_row = false;
        let may_begin_here = if has_frame {
            !was_framed
        } else {
            let may_be_names = is_tight && length <= MAX_HEADER;
            let form = (may_be_names || named.is_some()).then(|| form(bytes, &line));
            let form = form.flatten();
            is_row = form.is_some() && form == named;
            if !is_row && !is_ruler(content) {
                named = form
                    .filter(|form| may_be_names && has_names(bytes, line.clone(), form.separator));
            }
            may_begin || bytes.get(line.start) == Some(&b' ') || is_tight
        };
        was_framed = has_frame;
        let is_pair = table.is_none() && !pairs && pair(findings, line.clone());
        if table.is_none() && !pairs && !is_pair && length <= MAX_HEADER && may_begin_here {
            table = header(findings, line).map(|table| Table {
                is_doubtful: is_row,
                ..table
            });
        }
        // A row of names without a frame is the first line of its paragraph.
        may_begin = content.is_empty() || content.ends_with(b":") || content.starts_with(b"```");
        line_start = line_end + 1;
        if line_start > bytes.len() {
            break;
        }
    }
}

/// Takes the second of two cells, where a rule names the first one and the second looks like no name.
fn pair(findings: &mut Findings<'_, '_>, line: Range<usize>) -> bool {
    let bytes = findings.bytes();
    if line.len() > MAX_HEADER || memchr::memchr(b'|', &bytes[line.clone()]).is_none() {
        return false;
    }
    let mut found = cells(bytes, line, b'|')
        .map(|cell| trimmed(bytes, cell))
        .filter(|cell| !cell.is_empty());
    let (Some(name), Some(value), None) = (found.next(), found.next(), found.next()) else {
        return false;
    };
    let is_mark = |byte: &u8| matches!(byte, b'`' | b'*');
    let marks = bytes[name.clone()]
        .iter()
        .take_while(|byte| is_mark(byte))
        .count();
    let name = &bytes[name.start + marks..name.end];
    let name = &name[..name.len() - name.iter().rev().take_while(|byte| is_mark(byte)).count()];
    let Some((rule, false, _)) = findings.rules.for_name_at_end(name) else {
        return false;
    };
    let Some(text) = findings.text.get(value.clone()) else {
        return false;
    };
    let told = text.trim_matches(['`', '*']);
    if name.len() > MAX_NAME || told.contains(' ') || !reference::looks_secret(told) {
        return false;
    }
    let start = value.start + (text.len() - text.trim_start_matches(['`', '*']).len());
    findings.take(rule, Found::quoted(start..start + told.len()));
    true
}

/// Looks at a line of a framed table: `| Field | Value |` is the first of rows in which a name and its value stand, and
/// where such rows are expected, their values are taken. Gives whether more of them may follow.
fn field(findings: &mut Findings<'_, '_>, line: Range<usize>, expected: bool) -> bool {
    let bytes = findings.bytes();
    let mut cells = cells(bytes, line, b'|').skip(1);
    let (Some(name), Some(value), Some(last), None) =
        (cells.next(), cells.next(), cells.next(), cells.next())
    else {
        return false;
    };
    if !bytes[last].trim_ascii().is_empty() {
        return false;
    }
    let (name, value) = (trimmed(bytes, name), trimmed(bytes, value));
    let name = bytes[name].trim_ascii();
    let name = name.strip_suffix(b"**").unwrap_or(name);
    let rule = findings.rules.for_name_at_end(name);
    if !expected {
        let is_value = |word: &&str| bytes[value.clone()].eq_ignore_ascii_case(word.as_bytes());
        return rule.is_none() && VALUES.iter().any(is_value);
    }
    if let Some((rule, false, _)) = rule {
        let found = Found::quoted(value.start..value.end);
        findings.take(rule, found);
    }
    true
}

/// What parts the cells of a line, and how many there are.
#[derive(PartialEq)]
struct Form {
    separator: u8,
    columns: usize,
}

/// The form of a line that has more than one cell.
fn form(bytes: &[u8], line: &Range<usize>) -> Option<Form> {
    let separator = separator(&bytes[line.clone()])?;
    let columns = cells(bytes, line.clone(), separator).count();
    (columns > 1).then_some(Form { separator, columns })
}

fn separator(line: &[u8]) -> Option<u8> {
    memchr::memchr3(b',', b'|', b'\t', line)
        .or_else(|| memchr::memchr(b';', line))
        .map(|at| line[at])
}

/// True where every cell of a line without a frame is a name, and no number or day.
fn has_names(bytes: &[u8], line: Range<usize>, separator: u8) -> bool {
    cells(bytes, line, separator).all(|cell| {
        let text = &bytes[trimmed(bytes, cell)];
        let is_of_word = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
        is_name(text, false) && text.iter().any(is_of_word)
    })
}

fn is_name(text: &[u8], is_framed: bool) -> bool {
    let words = text.split(|byte| *byte == b' ').count();
    text.len() <= MAX_NAME
        && (is_framed || !text.is_empty() && words <= 3)
        && text.iter().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b' ' | b'.' | b'(' | b')' | b'#')
                || *byte >= 0x80
        })
}

/// `----+----` below the names of a database client's table.
fn is_ruler(line: &[u8]) -> bool {
    !line.is_empty()
        && line
            .iter()
            .all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b'=' | b' '))
}

/// The table that a line begins, where each of its cells is a name and a rule names one of them.
fn header<'r>(findings: &Findings<'r, '_>, line: Range<usize>) -> Option<Table<'r>> {
    let bytes = findings.bytes();
    let separator = separator(&bytes[line.clone()])?;
    let mut ruled: Vec<(usize, &Rule)> = Vec::new();
    let mut named = None;
    let mut columns = 0;
    let is_framed = separator == b'|';
    if !is_framed && bytes[line.start] == b' ' {
        return None;
    }
    for cell in cells(bytes, line, separator) {
        let name = trimmed(bytes, cell);
        let text = &bytes[name.clone()];
        if !is_name(text, is_framed) || columns >= MAX_COLUMNS {
            return None;
        }
        if let Some((rule, false, _)) = findings.rules.for_name_at_end(text) {
            ruled.push((columns, rule));
        } else if text.eq_ignore_ascii_case(b"name") {
            named = Some(columns);
        }
        columns += 1;
    }
    if let Some(column) = named
        && ruled.iter().any(|(_, rule)| rule.is_of_persons_alone())
        && let Some(rule) = findings.rules.for_name_of_person_or_company()
    {
        ruled.push((column, rule));
    }
    (columns > 1 && !ruled.is_empty()).then_some(Table {
        separator,
        columns,
        ruled,
        is_doubtful: false,
    })
}

/// Takes the cells of a row; false where the line is none.
fn read_row<'r>(findings: &mut Findings<'r, '_>, table: &Table<'r>, line: Range<usize>) -> bool {
    let bytes = findings.bytes();
    let found: Vec<Range<usize>> = cells(bytes, line.clone(), table.separator)
        .take(MAX_COLUMNS + 1)
        .collect();
    if is_ruler(&bytes[line]) {
        return true;
    }
    if found.len() != table.columns {
        return false;
    }
    for (column, rule) in &table.ruled {
        let cell = found[*column].clone();
        let quoted = matches!(bytes.get(cell.start), Some(b'"' | b'\''));
        let value = trimmed(bytes, cell);
        if table.is_doubtful && !(*column > 0 && is_by_chance(findings.text, &value)) {
            continue;
        }
        findings.take(
            rule,
            Found {
                start: value.start,
                end: value.end,
                quoted,
            },
        );
    }
    true
}

/// True for a cell that no table of words has: digits among letters, or many of them, without a blank.
fn is_by_chance(text: &str, cell: &Range<usize>) -> bool {
    text.get(cell.clone()).is_some_and(|text| {
        text.bytes().any(|byte| byte.is_ascii_digit()) && reference::looks_secret(text)
    })
}

/// The cells of a line; a separator within quotes parts none.
fn cells(bytes: &[u8], line: Range<usize>, separator: u8) -> impl Iterator<Item = Range<usize>> {
    let mut at = line.start;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let start = at;
        let mut quoted = false;
        while at < line.end && (quoted || bytes[at] != separator) {
            quoted ^= bytes[at] == b'"';
            at += 1;
        }
        let cell = start..at;
        done = at >= line.end;
        at += 1;
        Some(cell)
    })
}

/// A cell without blanks and quotes around it.
fn trimmed(bytes: &[u8], cell: Range<usize>) -> Range<usize> {
    let is_edge = |byte: u8| byte == b' ' || byte == b'\t' || byte == b'"' || byte == b'\'';
    let mut cell = cell;
    while cell.start < cell.end && is_edge(bytes[cell.start]) {
        cell.start += 1;
    }
    while cell.start < cell.end && is_edge(bytes[cell.end - 1]) {
        cell.end -= 1;
    }
    cell
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn cells_below_a_name_go() {
        hits(&[
            (
                "user,password,role\nada,hunter2,admin\nbob,\"a,b\",dev\n",
                "user,password,role\nada,<>,admin\nbob,\"<>\",dev\n",
            ),
            (
                "| Field | Value |\n|---|---|\n| SSN | 123456789 |\n| Town | Lund |\n| **Patient Name** | Ada Roe |\n",
                "| Field | Value |\n|---|---|\n| SSN | <> |\n| Town | Lund |\n| **Patient Name** | <> |\n",
            ),
            ("id\tapi_key\n1\tabc\n2\tdef", "id\tapi_key\n1\t<>\n2\t<>"),
            (
                "| user | password |\n|------|:--------:|\n| ada | hunter2 |\n\ntext",
                "| user | password |\n|------|:--------:|\n| ada | <> |\n\ntext",
            ),
            (
                " id | secret \n----+--------\n  1 | abc\n(1 row)\n",
                " id | secret \n----+--------\n  1 | <>\n(1 row)\n",
            ),
            (
                "name;pin;city\r\nada;1234;Lund\r\n",
                "name;pin;city\r\nada;<>;Lund\r\n",
            ),
        ]);
    }

    #[test]
    fn a_name_beside_what_persons_alone_have_is_a_persons() {
        hits(&[
            (
                " id | name | ssn | team\n----+----+----+----\n 1 | Ottoline Varga | 123456789 | t-1\n",
                " id | name | ssn | team\n----+----+----+----\n 1 | <> | <> | t-1\n",
            ),
            (
                "Name,Town,Passport\nOttoline Varga,Lund,P7712345\n",
                "Name,Town,Passport\n<>,Lund,<>\n",
            ),
            (
                "name,password\nOttoline Varga,hunter2x\n",
                "name,password\nOttoline Varga,<>\n",
            ),
        ]);
    }

    #[test]
    fn a_row_of_names_is_the_first_of_its_table() {
        misses(&[
            "key,en,pl\npassword,Password,Has\u{142}o\nsecret,Secret,Sekret\ncard_number,Card number,Numer karty\n",
            "key,en,pl\npassword,Password,Has\u{142}o\ncancel,Cancel,Anuluj\n",
            "key,en\nhello,\"Hello, friend\"\npassword,Password\ncancel,Cancel\n",
            "key,en,pl\nhello,,\npassword,Password,\ncancel,Cancel,Anuluj\n",
            "key\ten\npassword\tPassword\ncancel\tCancel\n",
            "key;en\r\n\"bye\";\"Good; bye\"\r\npassword;Password\r\ncancel;Cancel\r\n",
            " key | en\n-----+-----\n password | Password\n cancel | Cancel\n",
        ]);
        hits(&[
            (
                "Users of the site\nuser,password\nada,hunter2x\n",
                "Users of the site\nuser,password\nada,<>\n",
            ),
            (
                "Here they are, as told\nuser,password\nada,hunter2x\n",
                "Here they are, as told\nuser,password\nada,<>\n",
            ),
            (
                "Users,,\nid,user,password\n1,ada,hunter2x\n",
                "Users,,\nid,user,password\n1,ada,<>\n",
            ),
            (
                "id,town\n1,Lund\n\nuser,password\nada,hunter2x\n",
                "id,town\n1,Lund\n\nuser,password\nada,<>\n",
            ),
            (
                "id,town\n1,Lund\nid,user,password\n1,ada,hunter2x\n",
                "id,town\n1,Lund\nid,user,password\n1,ada,<>\n",
            ),
            (
                "Export,2026-01-02\nuser,password\nada,winter\n",
                "Export,2026-01-02\nuser,password\nada,<>\n",
            ),
            (
                "Users,all\nuser,password\nada,hunter2x\nbob,none\n",
                "Users,all\nuser,password\nada,<>\nbob,none\n",
            ),
            (
                "id,town\n1,Lund\nuser,ssn\nada,123-45-6789\n",
                "id,town\n1,Lund\nuser,ssn\nada,<>\n",
            ),
        ]);
    }

    #[test]
    fn lines_that_are_no_table_stay() {
        misses(&[
            "We lost a key, a token, a phone, and hope.\nNothing, however, was stolen.",
            "user,tokens\nada,12\n",
            "Login, then reset the password\nand, well, sign in.\n",
            "a,b\nc,d\n",
            "| Parameter | Type | Description |\n|---|---|---|\n| api_key | string | Your key |\n| page | int | Which |",
            "| Parameter | Type |\n|---|---|\n| password | string |\n| pin | text |\n",
        ]);
    }
}
