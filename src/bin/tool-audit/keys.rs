use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tool_audit::sanitize::{PseudonymKey, Sanitizer, SanitizerBuilder};

use crate::verdict::Failure;

/// The rules and keys with which a log was written, as far as they were named.
pub(crate) fn sanitizer(
    policy: Option<&Path>,
    pseudonym_keys: &[PathBuf],
) -> Result<Option<Sanitizer>, Failure> {
    if let Some(path) = policy {
        let sanitizer = Sanitizer::from_policy_file(path).map_err(Failure::unable)?;
        return Ok(Some(sanitizer));
    }
    let mut builder: Option<SanitizerBuilder> = None;
    for path in pseudonym_keys {
        let key = PseudonymKey::from_file(path).map_err(Failure::unable)?;
        builder = Some(match builder {
            None => Sanitizer::builder().pseudonym_key(key),
            Some(builder) => builder.old_pseudonym_key(key),
        });
    }
    let built = builder.map(|builder| builder.build().map_err(Failure::unable));
    built.transpose()
}

/// The identifiers that were given, with those of standard input in place of `-`.
pub(crate) fn identifiers(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for identifier in given {
        if identifier != "-" {
            all.push(identifier.clone());
            continue;
        }
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(|error| {
            Failure::Unable(format!(
                "reading the identifier from standard input: {error}"
            ))
        })?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        all.extend(lines.map(str::to_owned));
    }
    if all.is_empty() {
        return Err(Failure::Unable(
            "no identifier came from standard input: give one a line".to_owned(),
        ));
    }
    Ok(all)
}
