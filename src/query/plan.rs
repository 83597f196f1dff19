//! Which parts of a log a scan reads: all of it, or what an index chose of it.

use std::sync::Arc;

use super::LogSnapshot;

/// Lines of a segment that follow one another: those that begin from `start` on and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u64,
    /// [`u64::MAX`] where it goes to the segment's end.
    pub(crate) end: u64,
    /// How many lines of the segment stand before.
    pub(crate) lines_before: u64,
    /// The greatest end of a record that stands before in the segment.
    pub(crate) end_before: i64,
}

/// Which parts of a segment are read.
#[derive(Debug, Clone)]
pub(crate) struct SegmentPlan {
    /// What was chosen of the part that is known, in its order.
    chosen: Vec<Piece>,
    /// What nobody knows, and is read in any case.
    unknown: Option<Piece>,
    /// The greatest end of a record of the part that is known.
    pub(crate) greatest_end: i64,
    /// Whether the segment may begin with records of the one before.
    pub(crate) may_repeat: bool,
}

impl SegmentPlan {
    /// All of a segment of which nothing is known.
    pub(crate) fn whole() -> Self {
        Self {
            chosen: Vec::new(),
            unknown: Some(Piece {
                start: 0,
                end: u64::MAX,
                lines_before: 0,
                end_before: i64::MIN,
            }),
            greatest_end: i64::MIN,
            may_repeat: true,
        }
    }

    #[cfg(feature = "index")]
    pub(crate) fn of_known(
        chosen: Vec<Piece>,
        unknown: Option<Piece>,
        greatest_end: i64,
        may_repeat: bool,
    ) -> Self {
        Self {
            chosen,
            unknown,
            greatest_end,
            may_repeat,
        }
    }

    pub(crate) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.chosen.iter().chain(&self.unknown)
    }

    /// The same segment, without what was chosen of its known part.
    fn of_unknown(&self) -> Self {
        Self {
            chosen: Vec::new(),
            ..self.clone()
        }
    }
}

/// A log, and which parts of its segments are read.
#[derive(Debug, Clone)]
pub(crate) struct PlannedLog {
    pub(crate) snapshot: Arc<LogSnapshot>,
    /// One for each segment.
    pub(crate) segments: Arc<[SegmentPlan]>,
}

impl PlannedLog {
    pub(crate) fn whole(snapshot: Arc<LogSnapshot>) -> Self {
        let whole = snapshot.segments.iter().map(|_| SegmentPlan::whole());
        Self {
            segments: whole.collect(),
            snapshot,
        }
    }

    pub(crate) fn all_whole(snapshots: Vec<Arc<LogSnapshot>>) -> Vec<Self> {
        snapshots.into_iter().map(Self::whole).collect()
    }

    /// What has to be read to know the greatest ends of records.
    pub(crate) fn of_unknown(&self) -> Self {
        Self {
            snapshot: Arc::clone(&self.snapshot),
            segments: self.segments.iter().map(SegmentPlan::of_unknown).collect(),
        }
    }

    /// How many bytes are read.
    pub(crate) fn bytes(&self) -> u64 {
        let segments = self.segments.iter().zip(&self.snapshot.segments);
        segments
            .flat_map(|(plan, segment)| {
                let length = segment.length;
                plan.pieces()
                    .map(move |piece| piece.end.min(length).saturating_sub(piece.start))
            })
            .sum()
    }
}

/// The snapshots of logs that are read.
pub(crate) fn snapshots(logs: &[PlannedLog]) -> Vec<Arc<LogSnapshot>> {
    logs.iter().map(|log| Arc::clone(&log.snapshot)).collect()
}
