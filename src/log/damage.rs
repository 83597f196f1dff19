use std::fmt;
use std::path::PathBuf;

/// What a writer found wrong with its log, and did not touch.
///
/// Records go on in a new segment. What was damaged stays as it is, and `verify` tells of it for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The last segment holds bytes that are no torn tail: they were changed after they were written.
    Segment {
        /// The `_seq` that names the segment.
        first_seq: u64,
        /// Where the first bad line begins.
        offset: u64,
    },
    /// The log ends before the record that its head file names: records were cut off its end.
    BelowHead {
        /// The record that the head file names.
        head_seq: u64,
        /// The log's last record, where it has one.
        last_seq: Option<u64>,
        /// Where the head file was kept.
        kept: PathBuf,
    },
    /// The head file names a record that the log has not, or another log, or cannot be read as a head.
    HeadDiffers {
        /// Where the head file was kept.
        kept: PathBuf,
    },
    /// The open segment was removed, renamed or replaced under the writer.
    SegmentDisplaced {
        /// The `_seq` that names the segment.
        first_seq: u64,
    },
    /// Somebody else wrote to the open segment or cut it.
    SegmentChanged {
        /// The `_seq` that names the segment.
        first_seq: u64,
        /// How long it should be.
        expected: u64,
        /// How long it is.
        found: u64,
    },
}

impl Damage {
    /// The damage in a word, without a number or a path.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Segment { .. } => "segment",
            Self::BelowHead { .. } => "below_head",
            Self::HeadDiffers { .. } => "head_differs",
            Self::SegmentDisplaced { .. } => "segment_displaced",
            Self::SegmentChanged { .. } => "segment_changed",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { first_seq, offset } => write!(
                formatter,
                "segment {first_seq:020} is damaged from byte {offset} on"
            ),
            Self::BelowHead {
                head_seq,
                last_seq,
                kept,
            } => {
                write!(formatter, "the head file names record {head_seq}, ")?;
                match last_seq {
                    Some(last) => write!(formatter, "and the log ends with {last}")?,
                    None => formatter.write_str("and the log is empty")?,
                }
                write!(formatter, " (head kept as {})", kept.display())
            }
            Self::HeadDiffers { kept } => write!(
                formatter,
                "the head file does not fit the log (kept as {})",
                kept.display()
            ),
            Self::SegmentDisplaced { first_seq } => write!(
                formatter,
                "segment {first_seq:020} was removed, renamed or replaced while it was written"
            ),
            Self::SegmentChanged {
                first_seq,
                expected,
                found,
            } => write!(
                formatter,
                "segment {first_seq:020} has {found} bytes where {expected} were written: somebody else changed it"
            ),
        }
    }
}
