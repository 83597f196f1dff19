//! Packs what of the logs is handed over: one archive that can be checked without this crate's author, and without the
//! store that it came from.
//!
//! The archive holds the segments that a range of time touches, byte for byte, with what belongs to their logs, the store's
//! `admin`, the verifier's verdict, the format's page, and SHA-256 sums of everything.

mod archive;
mod error;
mod excerpt;
mod readme;

use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::archive::Archive;
use self::excerpt::Excerpt;
use crate::log::verify::{Head, VerifyOptions, verify};
use crate::query::instant;

pub use self::error::EvidenceError;

/// What is handed over.
///
/// ```
/// use tool_audit::evidence::EvidenceRequest;
///
/// let july = EvidenceRequest::by("dpo")
///     .from("2025-07-01T00:00:00Z".parse()?)
///     .to("2025-07-31T23:59:59.999999Z".parse()?);
/// # let _ = july;
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct EvidenceRequest {
    by: String,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    at: Option<DateTime<Utc>>,
    heads: Vec<Head>,
    not_recorded: bool,
}

impl EvidenceRequest {
    /// Everything, packed by this person.
    pub fn by(name: impl Into<String>) -> Self {
        Self {
            by: name.into(),
            from: None,
            to: None,
            at: None,
            heads: Vec::new(),
            not_recorded: false,
        }
    }

    /// Records whose `timestamp` is this instant or later.
    pub fn from(mut self, instant: DateTime<Utc>) -> Self {
        self.from = Some(instant);
        self
    }

    /// Records whose `timestamp` is this instant or before.
    pub fn to(mut self, instant: DateTime<Utc>) -> Self {
        self.to = Some(instant);
        self
    }

    /// When it is packed; now, where this is not said.
    pub fn at(mut self, instant: DateTime<Utc>) -> Self {
        self.at = Some(instant);
        self
    }

    /// Heads that were kept elsewhere, one of each log, for the verdict.
    pub fn heads(mut self, heads: impl IntoIterator<Item = Head>) -> Self {
        self.heads.extend(heads);
        self
    }

    /// It stands nowhere in the store that this was packed: the archive's README says so.
    pub fn reading_not_recorded(mut self) -> Self {
        self.not_recorded = true;
        self
    }

    /// The request as JSON, for the record of the reading.
    #[must_use]
    pub fn describe(&self) -> Value {
        Value::Object(instant::ends(self.from, self.to))
    }

    fn covers(&self, at: i64) -> bool {
        instant::is_within(at, self.from, self.to)
    }
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// How many files the archive holds.
    pub files: u64,
    /// How many of them are segments.
    pub segments: u64,
    /// The length of all files together.
    pub bytes: u64,
    /// The verifier's verdict over all records of every log at the path.
    pub intact: bool,
    /// True where one of the logs was made by replaying recorded calls.
    pub replayed: bool,
}

/// Packs the segments at `path` that the request's range touches, as a tar archive into `out`.
///
/// `path` is a log, a store, or a folder of stores, and may be written meanwhile: of a segment that a writer is writing,
/// whole records alone are packed. The order of the archive is fixed, and files that are not segments come from the logs of
/// which there are some. Memory does not depend on the size of the logs.
///
/// ```
/// use serde_json::json;
/// use tool_audit::evidence::{EvidenceRequest, pack_evidence};
/// use tool_audit::{HashChainSink, Recorder, ToolCall};
///
/// let folder = tempfile::tempdir()?;
/// let store = folder.path().join("audit");
/// let sink = HashChainSink::in_memory();
/// let recorder = Recorder::new(sink.clone());
/// drop(recorder.start_call(&ToolCall::new("get_order", json!({}))).success(&json!({})));
/// sink.to_folder(&store)?;
///
/// let mut archive = Vec::new();
/// let packed = pack_evidence(&store, &EvidenceRequest::by("dpo"), &mut archive)?;
/// assert!(packed.intact && packed.segments == 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The range touches no record, the logs cannot be read or verified, a segment was pruned meanwhile, and what `out` gives. What
/// was written to `out` until then is no whole archive.
pub fn pack_evidence(
    path: &Path,
    request: &EvidenceRequest,
    out: impl Write,
) -> Result<Evidence, EvidenceError> {
    let at = request.at.unwrap_or_else(Utc::now);
    let excerpt = Excerpt::of(path, request)?;
    let mut archive = Archive::new(out, at);
    archive.add("README.txt", &readme::write(request, at, &excerpt))?;
    archive.add("FORMAT.md", include_bytes!("../docs/format.md"))?;
    let mut heads = Vec::new();
    for log in &excerpt.logs {
        heads.extend(log.pack(&mut archive)?);
    }
    for (name, head) in &heads {
        archive.add(name, head.as_bytes())?;
    }
    // Verified after it was packed, so that nothing is in the archive that was not verified.
    let options = VerifyOptions::new().heads(request.heads.iter().copied());
    let verdict = verify(path, &options).map_err(EvidenceError::Verify)?;
    let mut json = serde_json::to_vec(&verdict).unwrap_or_default();
    json.push(b'\n');
    archive.add("verdict.json", &json)?;
    archive.add("verdict.txt", format!("{verdict}\n").as_bytes())?;
    let (files, bytes) = archive.finish()?;
    Ok(Evidence {
        files,
        segments: excerpt.segments(),
        bytes,
        intact: verdict.is_intact(),
        replayed: excerpt.replayed,
    })
}
