//! Reads a sanitizer's rules and retention classes from a TOML file.

mod error;
mod key_source;
pub(crate) mod reader;
mod retention;
mod rules;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use self::key_source::KeySource;
use self::reader::Document;
use self::retention::Retention;
use super::preset::Preset;
use super::rule_set::ToolRules;
use super::{ClientIpPolicy, Sanitizer, SanitizerBuilder, SmallClasses, UserIdPolicy};
use crate::record::Policy;

pub use self::error::{Place, PolicyFileError};

/// The largest file.
const MAX_BYTES: usize = 256 * 1024;

const TOO_LARGE: &str = "the file is larger than 256 KiB: leave rules out";

const MEMBERS: [&str; 11] = [
    "client_ip",
    "detectors",
    "keys",
    "path",
    "pattern",
    "preset",
    "pseudonym_key",
    "retention",
    "small_classes",
    "tools",
    "user_id",
];

/// A policy as a TOML file has it: a sanitizer's rules, where the key for pseudonyms is to be found, and how long records
/// are kept.
///
#[doc = include_str!("../../docs/policy.md")]
/// ```toml
#[doc = include_str!("../../../examples/policy.toml")]
/// ```
///
/// # From code
/// ```
/// use tool_audit::sanitize::PolicyFile;
///
/// let policy = PolicyFile::parse("[keys]\nredact = [\"badge\"]\n", "policy.toml")?;
/// let sanitizer = policy.sanitizer()?;
/// let mut out = Vec::new();
/// sanitizer.write_value(&mut out, &serde_json::json!({"badge": 7}), 1024);
/// assert_eq!(out, br#"{"badge":"[REDACTED:badge]"}"#);
///
/// let error = PolicyFile::parse("[keys]\nredakt = [\"badge\"]\n", "policy.toml").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "policy.toml, line 2, column 1: there is no member \"redakt\" here: did you mean redact?",
/// );
/// # Ok::<(), tool_audit::sanitize::PolicyFileError>(())
/// ```
#[derive(Debug)]
pub struct PolicyFile {
    origin: PathBuf,
    builder: SanitizerBuilder,
    retention: Retention,
    key: Option<KeySource>,
    old_keys: Vec<KeySource>,
}

impl PolicyFile {
    /// Reads the rules in `text`; `origin` is its file's path, from which the paths of key files start, and which errors name.
    ///
    /// Keys are not read yet.
    ///
    /// # Errors
    /// Where the text is no TOML, has members that are not known, or rules that are none, with line and column.
    pub fn parse(text: &str, origin: impl AsRef<Path>) -> Result<Self, PolicyFileError> {
        let document = Document::new(text, origin.as_ref());
        if text.len() > MAX_BYTES {
            return Err(document.error(&(0..0), TOO_LARGE));
        }
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let problem = format!("this is not TOML: {}: correct it", error.message());
            document.error(&span, problem)
        })?;
        read(&document, table.into_inner())
    }

    /// Reads the rules in a file.
    ///
    /// # Errors
    /// Where it cannot be read, or as [`parse`](Self::parse) says.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, PolicyFileError> {
        let path = path.as_ref();
        let failed = |source| PolicyFileError::Read {
            path: path.to_owned(),
            source,
        };
        let mut text = Vec::new();
        let most = MAX_BYTES as u64 + 1;
        File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut text))
            .map_err(failed)?;
        let text = match std::str::from_utf8(&text) {
            Ok(text) => text,
            // Cut within a character, a file is too large all the same.
            Err(error) if text.len() <= MAX_BYTES => {
                let valid = text.get(..error.valid_up_to()).unwrap_or_default();
                let valid = std::str::from_utf8(valid).unwrap_or_default();
                let document = Document::new(valid, path);
                return Err(document.error(
                    &(valid.len()..valid.len()),
                    "this is not UTF-8: save the file as UTF-8",
                ));
            }
            Err(_) => {
                let document = Document::new("", path);
                return Err(document.error(&(0..0), TOO_LARGE));
            }
        };
        Self::parse(text, path)
    }

    /// Adds the classes of the section `[retention]` to a policy, which stays as it is where the file has none.
    ///
    /// ```
    /// use tool_audit::Policy;
    /// use tool_audit::sanitize::PolicyFile;
    ///
    /// let text = "[retention.class.financial]\ndays = 2555\nyears = 7\ntools = [\"charge_*\"]\n";
    /// let policy = PolicyFile::parse(text, "policy.toml")?.retention(Policy::new());
    /// assert_eq!(policy.retention_class("charge_payment").period().years(), Some(7));
    ///
    /// let error = PolicyFile::parse(&text.replace("years", "year"), "policy.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("policy.toml, line 3, column 1: "));
    /// # Ok::<(), tool_audit::sanitize::PolicyFileError>(())
    /// ```
    #[must_use]
    pub fn retention(&self, policy: Policy) -> Policy {
        self.retention.add_to(policy)
    }

    /// Reads the keys that the file names, and gives a builder to which more can be added.
    ///
    /// # Errors
    /// Where a key cannot be read, with the line that names it.
    pub fn builder(self) -> Result<SanitizerBuilder, PolicyFileError> {
        let mut builder = self.builder;
        if let Some(source) = self.key {
            builder = builder.pseudonym_key(source.read()?);
        }
        for source in self.old_keys {
            builder = builder.old_pseudonym_key(source.read()?);
        }
        Ok(builder)
    }

    /// Reads the keys and compiles the rules.
    ///
    /// # Errors
    /// As [`builder`](Self::builder) says, and where rules or keys contradict each other.
    pub fn sanitizer(self) -> Result<Sanitizer, PolicyFileError> {
        let origin = self.origin.clone();
        let builder = self.builder()?;
        builder
            .build()
            .map_err(|source| PolicyFileError::Rules { origin, source })
    }
}

impl Sanitizer {
    /// A sanitizer with the rules and the key that a policy file names: see [`PolicyFile`].
    ///
    /// # Errors
    /// Where the file or the key cannot be read, or the rules are none; with file, line and remedy.
    pub fn from_policy_file(path: impl AsRef<Path>) -> Result<Self, PolicyFileError> {
        PolicyFile::read(path)?.sanitizer()
    }
}

fn read<'t>(document: &Document<'t>, table: DeTable<'t>) -> Result<PolicyFile, PolicyFileError> {
    let mut members = document.members(table, &MEMBERS)?;
    let mut builder = Sanitizer::builder();
    if let Some(preset) = members.take("preset") {
        builder = builder.preset(document.choice(preset, &Preset::NAMED)?);
    }
    if let Some(policy) = members.take("user_id") {
        let choices = [
            ("clear", UserIdPolicy::Clear),
            ("pseudonym", UserIdPolicy::Pseudonym),
        ];
        builder = builder.user_id(document.choice(policy, &choices)?);
    }
    if let Some(policy) = members.take("client_ip") {
        let choices = [
            ("keep", ClientIpPolicy::Keep),
            ("truncate", ClientIpPolicy::Truncate),
            ("pseudonym", ClientIpPolicy::Pseudonym),
            ("drop", ClientIpPolicy::Drop),
        ];
        builder = builder.client_ip(document.choice(policy, &choices)?);
    }
    if let Some(small) = members.take("small_classes") {
        let choices = [
            ("linkable", SmallClasses::Linkable),
            ("per_subject", SmallClasses::PerSubject),
            ("unlinkable", SmallClasses::Unlinkable),
        ];
        builder = builder.small_classes(document.choice(small, &choices)?);
    }
    builder.rules = rules::read(document, &mut members)?;
    if let Some(tools) = members.take("tools") {
        for (name, table) in document.table(tools)? {
            if name.get_ref().is_empty() {
                return Err(document.error(&name.span(), "this tool has no name: name it"));
            }
            let table = document.table(table)?;
            let mut members = document.members(table, &rules::SECTIONS)?;
            let rules = rules::read(document, &mut members)?;
            builder = builder.for_tool(name.get_ref().as_ref(), |_| ToolRules { rules });
        }
    }
    let retention = match members.take("retention") {
        Some(section) => retention::read(document, section)?,
        None => Retention::default(),
    };
    let (key, old_keys) = match members.take("pseudonym_key") {
        None => (None, Vec::new()),
        Some(keys) => {
            let span = keys.span();
            key_source::read(document, document.table(keys)?, &span)?
        }
    };
    Ok(PolicyFile {
        origin: document.origin().to_owned(),
        builder,
        retention,
        key,
        old_keys,
    })
}
