//! Types of columns and members, as databases and programs write them: `varchar(255)`.

use crate::tree::Tree;

/// The most bytes of a type.
const LONGEST: usize = 48;
/// The most digits of a length.
const MAX_DIGITS: usize = 4;
/// The names of types, by length: a value under a secret's name is compared with few of them.
#[rustfmt::skip]
fn types_of_length(length: usize) -> &'static [&'static str] {
    match length {
        3 => &["any", "int", "str"],
        4 => &["blob", "bool", "char", "clob", "date", "enum", "json", "list", "null", "real", "text", "time", "uuid"],
        5 => &["array", "bytea", "bytes", "float", "jsonb", "nchar"],
        6 => &["bigint", "binary", "citext", "double", "number", "object", "string"],
        7 => &["boolean", "decimal", "integer", "numeric", "tinyint", "varchar", "varying"],
        8 => &["datetime", "nvarchar", "smallint", "varchar2"],
        9 => &["character", "timestamp", "varbinary"],
        10 => &["mediumtext"],
        11 => &["timestamptz"],
        _ => &[],
    }
}

/// What may be said behind a type.
const ADDED: &[&str] = &[
    "key", "not", "nullable", "optional", "primary", "required", "unique",
];

/// True for the type of a member, or a list of those it may have.
pub(super) fn is_one(value: &Tree<'_>) -> bool {
    match *value {
        Tree::String(text) => is_type(text),
        Tree::Array(items) => {
            !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(is_type))
        }
        _ => false,
    }
}

fn is_type(text: &str) -> bool {
    let words = text.as_bytes().split(|byte| matches!(byte, b' ' | b'|'));
    let mut words = words.filter(|word| !word.is_empty()).map(without_signs);
    text.len() <= LONGEST
        && words.next().is_some_and(is_type_word)
        && words.all(|word| is_type_word(word) || is_listed(ADDED, word))
}

/// Without what says that there may be none, or several.
fn without_signs(mut word: &[u8]) -> &[u8] {
    while let [rest @ .., b'?' | b'[' | b']'] = word {
        word = rest;
    }
    word
}

fn is_type_word(word: &[u8]) -> bool {
    let [before @ .., b')'] = word else {
        return is_named(word);
    };
    let mut parts = before.splitn(2, |byte| *byte == b'(');
    let (Some(name), Some(lengths)) = (parts.next(), parts.next()) else {
        return is_named(word);
    };
    let is_length = |length: &[u8]| {
        (1..=MAX_DIGITS).contains(&length.len()) && length.iter().all(u8::is_ascii_digit)
    };
    is_named(name) && (lengths == b"max" || lengths.split(|byte| *byte == b',').all(is_length))
}

fn is_named(word: &[u8]) -> bool {
    is_listed(types_of_length(word.len()), word)
}

fn is_listed(words: &[&str], word: &[u8]) -> bool {
    let mut words = words.iter().map(|known| known.as_bytes());
    words.any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::is_type;

    #[test]
    fn types_are_told_from_values() {
        for text in [
            "string",
            "varchar(255)",
            "CHAR(11) NOT NULL",
            "character varying(64)",
            "decimal(10,2)",
            "string | null",
            "uuid?",
            "string[]",
        ] {
            assert!(is_type(text), "{text}");
        }
        for text in [
            "",
            "required",
            "string7",
            "char(hunter2)",
            "varchar(48214821)",
            "text me",
        ] {
            assert!(!is_type(text), "{text}");
        }
    }
}
