use std::ops::Range;
use std::path::PathBuf;

use toml::de::DeTable;

use super::error::{Place, PolicyFileError};
use super::reader::{Document, Members};
use crate::sanitize::PseudonymKey;

/// Where a key for pseudonyms is to be found, and where the policy says so.
#[derive(Debug)]
pub(super) struct KeySource {
    found: Found,
    place: Place,
}

#[derive(Debug)]
enum Found {
    File(PathBuf),
    Variable(String),
}

/// What somebody may call a key that they put into the policy itself.
const MATERIAL: [&str; 7] = ["bytes", "hex", "key", "material", "secret", "text", "value"];
/// As many hexadecimal digits in a row are taken for a key.
const LIKE_A_KEY: usize = 32;

const NO_KEYS_HERE: &str = "a policy holds no key, for whoever reads it could undo every pseudonym: put the key into a file of mode 600 and write file = \"…\", or into the environment and write env = \"…\"";

impl KeySource {
    pub(super) fn read(self) -> Result<PseudonymKey, PolicyFileError> {
        let read = match self.found {
            Found::File(path) => PseudonymKey::from_file(path),
            Found::Variable(name) => PseudonymKey::from_env(&name),
        };
        read.map_err(|source| PolicyFileError::Rule {
            place: self.place,
            source,
        })
    }
}

/// Reads `[pseudonym_key]`: the key that makes pseudonyms, if there is one, and the old ones.
pub(super) fn read(
    document: &Document<'_>,
    table: DeTable<'_>,
    span: &Range<usize>,
) -> Result<(Option<KeySource>, Vec<KeySource>), PolicyFileError> {
    let mut members = members(document, table, &["env", "file", "old"])?;
    let mut old = Vec::new();
    if let Some(value) = members.take("old") {
        for item in document.list(value, "tables such as { file = \"…\" }")? {
            let span = item.span();
            let table = document.table(item)?;
            let mut members = self::members(document, table, &["env", "file"])?;
            old.push(source(document, &mut members)?.ok_or_else(|| {
                document.error(
                    &span,
                    "this names no key: write file = \"…\" or env = \"…\"",
                )
            })?);
        }
    }
    let current = source(document, &mut members)?;
    if current.is_none() && old.is_empty() {
        return Err(document.error(span, "this names no key: write file = \"…\" or env = \"…\""));
    }
    Ok((current, old))
}

fn members<'t>(
    document: &Document<'t>,
    table: DeTable<'t>,
    known: &[&'static str],
) -> Result<Members<'t>, PolicyFileError> {
    let material = table
        .keys()
        .find(|key| MATERIAL.contains(&key.get_ref().as_ref()) || looks_like_a_key(key.get_ref()));
    match material {
        Some(key) => Err(document.error(&key.span(), NO_KEYS_HERE)),
        None => document.members(table, known),
    }
}

fn source(
    document: &Document<'_>,
    members: &mut Members<'_>,
) -> Result<Option<KeySource>, PolicyFileError> {
    let (file, variable) = (members.take("file"), members.take("env"));
    let is_file = file.is_some();
    let value = match (file, variable) {
        (None, None) => return Ok(None),
        (Some(_), Some(variable)) => {
            let problem =
                "a key comes from a file or from the environment: keep one of file and env";
            return Err(document.error(&variable.span(), problem));
        }
        (Some(value), None) | (None, Some(value)) => value,
    };
    let span_of_value = value.span();
    let text = match value.into_inner() {
        toml::de::DeValue::String(text) => text.into_owned(),
        _ => return Err(document.error(&span_of_value, "this is no string: put it in quotes")),
    };
    if looks_like_a_key(&text) {
        return Err(document.error(&span_of_value, NO_KEYS_HERE));
    }
    if text.is_empty() || text.contains('\0') || (!is_file && text.contains('=')) {
        let problem = "this names no file and no variable: write its name";
        return Err(document.error(&span_of_value, problem));
    }
    let found = if is_file {
        let folder = document.origin().parent();
        Found::File(folder.map_or_else(|| PathBuf::from(&text), |folder| folder.join(&text)))
    } else {
        Found::Variable(text)
    };
    let place = document.place(&span_of_value);
    Ok(Some(KeySource { found, place }))
}

fn looks_like_a_key(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_hexdigit())
        .any(|run| run.len() >= LIKE_A_KEY)
}
