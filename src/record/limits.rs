//! How many bytes of a record each of its parts may take, so that the whole stays within
//! [`MAX_RECORD`](crate::log::record::MAX_RECORD).

/// Arguments.
pub(super) const ARGUMENTS: usize = 128 * 1024;
/// A name or an id: tool, user, model and the like. Some stand twice.
pub(super) const NAME: usize = 1024;
/// Agents between, and names of verified members, each.
pub(super) const SHORT_NAME: usize = 512;
/// How many names of verified members.
pub(super) const VERIFIED: usize = 16;
/// All of the session's metadata.
pub(super) const METADATA: usize = 16 * 1024;
/// A subject, all subjects, and their number (FORMAT section 5).
pub(super) const SUBJECT: usize = 512;
pub(super) const SUBJECTS_BYTES: usize = 56 * 1024;
pub(super) const SUBJECTS: usize = 1000;
/// What is left for subjects where the record is too long otherwise.
pub(super) const FEW_SUBJECTS_BYTES: usize = 24 * 1024;
/// The longest text, or sanitized tree, that is searched for subjects.
pub(super) const SUBJECT_TREE: usize = 1024 * 1024;
/// A member of a break-glass declaration.
pub(super) const EMERGENCY: usize = 1024;
/// What went wrong.
pub(super) const ERROR: usize = 8 * 1024;
/// An identifier's name and its value, and the number of identifiers.
pub(super) const IDENTIFIER: usize = 256;
pub(super) const IDENTIFIERS: usize = 32;
/// A field's name, all of them, and their number (FORMAT section 5).
pub(super) const FIELD: usize = 256;
pub(super) const FIELDS_BYTES: usize = 8 * 1024;
pub(super) const FIELDS: usize = 64;
/// The preview of a result (FORMAT section 5).
pub(super) const RESULT: usize = 1024;
/// From which size of a result's JSON on the summary says it (FORMAT section 5).
pub(super) const RESULT_SIZE: u64 = 1000;
/// The longest text in a result that is opened as JSON.
pub(super) const JSON_TEXT: usize = 64 * 1024;
