//! Types of columns and members, as databases and programs write them: `varchar(255)`.

use crate::tree::Tree;

/// The most bytes of a type.
const LONGEST: usize = 48;
/// The most digits of a length.
const MAX_DIGITS: usize = 4;
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "any", "array", "bigint", "binary", "blob", "bool", "boolean", "bytea", "bytes", "char", "character", "citext",
    "clob", "date", "datetime", "decimal", "double", "enum", "float", "int", "integer", "json", "jsonb", "list",
    "mediumtext", "nchar", "null", "number", "numeric", "nvarchar", "object", "real", "smallint", "str", "string",
    "text", "time", "timestamp", "timestamptz", "tinyint", "uuid", "varbinary", "varchar", "varchar2", "varying",
];
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
    let mut words = text
        .split([' ', '|'])
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches(['?', '[', ']']));
    text.len() <= LONGEST
        && words.next().is_some_and(is_type_word)
        && words.all(|word| is_type_word(word) || is_listed(ADDED, word))
}

fn is_type_word(word: &str) -> bool {
    match word.strip_suffix(')').and_then(|word| word.split_once('(')) {
        Some((name, lengths)) => {
            let is_length = |length: &str| {
                (1..=MAX_DIGITS).contains(&length.len())
                    && length.bytes().all(|byte| byte.is_ascii_digit())
            };
            is_listed(TYPES, name) && (lengths == "max" || lengths.split(',').all(is_length))
        }
        None => is_listed(TYPES, word),
    }
}

fn is_listed(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
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
