//! Room for a call that is told the same things again and again: what stands no more is let go.

use zeroize::Zeroize;

use super::open::Open;
use super::span::{COLON, Span};

/// So many bytes may hold nothing that stands.
const SPARE: usize = 64 * 1024;

impl Open {
    /// Lets go of pieces in whose place others stand, where they take more room than what stands.
    ///
    /// Nobody may hold a piece that is not in its place yet.
    pub(super) fn compact(&mut self) {
        if self.bytes.len() <= SPARE {
            return;
        }
        let mut standing = 0;
        self.each_span(|span| standing += (span.end - span.start) as usize);
        if self.bytes.len() - SPARE <= standing.saturating_mul(2) {
            return;
        }
        let mut told = std::mem::take(&mut self.bytes);
        let mut kept = Vec::with_capacity(standing + self.metadata.len() + self.identifiers.len());
        for (name, value) in self.metadata.iter_mut().chain(&mut self.identifiers) {
            let is_member = name.with_value(*value, &told).is_some();
            moved(name, &told, &mut kept);
            if is_member {
                kept.push(COLON);
            }
            moved(value, &told, &mut kept);
        }
        self.each_piece(|piece| moved(piece, &told, &mut kept));
        told.zeroize();
        self.bytes = kept;
    }

    fn each_span(&mut self, mut act: impl FnMut(&mut Span)) {
        for (name, value) in self.metadata.iter_mut().chain(&mut self.identifiers) {
            act(name);
            act(value);
        }
        self.each_piece(act);
    }

    /// All but names of members with their values.
    fn each_piece(&mut self, mut act: impl FnMut(&mut Span)) {
        for (_, piece) in self.pieces.each() {
            act(piece);
        }
        for piece in self.verified.iter_mut().chain(&mut self.subjects) {
            act(piece);
        }
        #[cfg(feature = "opentelemetry")]
        act(&mut self.session);
    }
}

fn moved(piece: &mut Span, told: &[u8], kept: &mut Vec<u8>) {
    let start = kept.len();
    kept.extend_from_slice(piece.of(told));
    *piece = Span {
        start: start as u32,
        end: kept.len() as u32,
    };
}
