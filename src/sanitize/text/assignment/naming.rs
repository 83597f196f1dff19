//! What the notation of a name says of it and of its value.

use crate::sanitize::reference;
use crate::sanitize::rule::{Extent, Rule};

/// How far the value of a name reaches in text; some secrets are made of words.
pub(super) fn extent_for(rule: &Rule, name: &[u8]) -> Extent {
    const OF_WORDS: &[&[u8]] = &[
        b"phrase",
        b"mnemonic",
        b"codes",
        b"words",
        b"answer",
        b"keys",
    ];
    let ends_with = |word: &&[u8]| {
        name.len() >= word.len() && name[name.len() - word.len()..].eq_ignore_ascii_case(word)
    };
    match rule.extent {
        Extent::Word if OF_WORDS.iter().any(ends_with) => Extent::Phrase,
        extent => extent,
    }
}

/// `password string` as Go declares it, `password[]` as C does.
pub(super) fn without_type(name: &[u8]) -> Option<&[u8]> {
    let space = name.iter().rposition(|byte| *byte == b' ')?;
    let kind = std::str::from_utf8(&name[space + 1..]).ok()?;
    reference::is_type(kind).then_some(&name[..space])
}

/// `PASSWORD` of `PGPASSWORD`: variables of an environment are written without a sign between their words.
pub(super) fn variable_end(name: &[u8]) -> Option<&[u8]> {
    let last = name.rsplit(|byte| !byte.is_ascii_uppercase()).next()?;
    [&b"PASSWORD"[..], b"PASSWD", b"PASSPHRASE", b"PASS"]
        .into_iter()
        .find(|word| last.ends_with(word) && last.len() <= word.len() + 8)
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::hits;

    #[test]
    fn a_name_is_known_beside_its_type_and_at_the_end_of_a_variable() {
        hits(&[
            ("password string = \"abc\"", "password string = \"<>\""),
            (
                "const char password[16] = \"abc\";",
                "const char password[16] = \"<>\";",
            ),
            ("PGPASSWORD=abc psql", "PGPASSWORD=<> psql"),
        ]);
    }
}
