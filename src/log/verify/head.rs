use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::VerifyError;
use crate::log::{LogId, RecordHash};

/// The newest durable record of a log, as a head file keeps it elsewhere (FORMAT section 8).
///
/// ```
/// let head: tool_audit::log::verify::Head = r#"{"_hash":"64b9f62bbb3b07d2ab304ac8be00aff9e89f4d5945a7ce1f574bb1212cdf30ba","_log":"8f14e45fceea167a5a36dedd4bea2543","_seq":1}"#.parse()?;
/// assert_eq!(head.seq, 1);
/// # Ok::<(), tool_audit::log::verify::VerifyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The record's `_hash`.
    pub hash: RecordHash,
    /// The log that it belongs to.
    pub log: LogId,
    /// The record's `_seq`.
    pub seq: u64,
}

#[derive(Deserialize)]
struct HeadMembers {
    _hash: String,
    _log: String,
    _seq: u64,
}

impl Head {
    /// Reads a head file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no head.
    pub fn read(path: &Path) -> Result<Self, VerifyError> {
        // A head is some 150 bytes; what is longer, or has no end, is not read to it.
        const MOST: u64 = 4096;
        let readable = |source| VerifyError::UnreadableHead {
            path: path.to_owned(),
            source,
        };
        let bad = || VerifyError::BadHead {
            path: Some(path.to_owned()),
        };
        let mut text = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MOST + 1).read_to_end(&mut text))
            .map_err(readable)?;
        if text.len() as u64 > MOST {
            return Err(bad());
        }
        Self::parse(&text).ok_or_else(bad)
    }

    /// Reads the head file `path` and those beside it that a store's other logs keep: `audit.head.financial`
    /// beside `audit.head`.
    ///
    /// # Errors
    ///
    /// The folder or one of the files cannot be read, or one holds no head. Files that a writer is making, or set aside
    /// (`.new`, `.conflict`), are passed over.
    pub fn read_all(path: &Path) -> Result<Vec<Self>, VerifyError> {
        let mut heads = Vec::new();
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return Ok(vec![Self::read(path)?]);
        };
        let readable = |source| VerifyError::UnreadableHead {
            path: above.to_owned(),
            source,
        };
        let mut beside = Vec::new();
        for entry in fs::read_dir(above).map_err(readable)? {
            let found = entry.map_err(readable)?.file_name();
            let class = found
                .to_str()
                .and_then(|found| found.strip_prefix(name)?.strip_prefix('.'));
            let is_class = |class: &str| {
                class != "new" && !class.contains('.') && !class.starts_with("conflict")
            };
            if class.is_some_and(is_class) {
                beside.push(above.join(found));
            }
        }
        beside.sort();
        // A store without a record in `general` has no head of it, and one of a class all the same.
        if beside.is_empty() || path.exists() {
            heads.push(Self::read(path)?);
        }
        for path in beside {
            heads.push(Self::read(&path)?);
        }
        Ok(heads)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let members: HeadMembers = serde_json::from_slice(text).ok()?;
        Some(Self {
            hash: RecordHash::from_hex(members._hash.as_bytes())?,
            log: LogId::from_hex(members._log.as_bytes())?,
            seq: members._seq,
        })
    }
}

impl std::str::FromStr for Head {
    type Err = VerifyError;

    fn from_str(text: &str) -> Result<Self, VerifyError> {
        Self::parse(text.as_bytes()).ok_or(VerifyError::BadHead { path: None })
    }
}
