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
            is_named(name) && (lengths == "max" || lengths.split(',').all(is_length))
        }
        None => is_named(word),
    }
}

fn is_named(word: &str) -> bool {
    is_listed(types_of_length(word.len()), word)
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
