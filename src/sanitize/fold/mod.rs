//! Text as a reader sees it: look-alike letters, full-width digits and invisible characters made plain.
//!
//! Detectors and names are ASCII; a text that is not is folded first. What is found in the folded text is
//! replaced in the original one, in whole characters: the folded text itself is never written.

mod character;

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use self::character::{Fold, fold_of};

/// What becomes of characters that nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invisible {
    /// They join what they stand between.
    Dropped,
    /// They stay, and part what they stand between.
    Kept,
}

/// A folded text that knows where it came from.
#[derive(Debug)]
pub(super) struct Folded {
    text: String,
    pieces: Vec<Piece>,
    original_length: usize,
    /// An invisible character stands between letters or digits: without it they might be found, or with it.
    pub(super) joined: bool,
}

/// A part of the folded text, up to where the next begins.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where it begins in the folded text.
    folded: usize,
    /// Where it begins in the original.
    original: usize,
    /// Byte for byte as the original; else it stands as a whole for its part of the original.
    same: bool,
}

/// Folds a text; `None` where it comes out as it is.
pub(super) fn fold(text: &str, invisible: Invisible) -> Option<Folded> {
    let mut folded: Option<Folded> = None;
    let mut rest = text;
    loop {
        let ascii = rest.bytes().take_while(u8::is_ascii).count();
        let (same, others) = rest.split_at_checked(ascii)?;
        if let Some(folded) = &mut folded {
            folded.push_same(same, text.len() - rest.len());
        }
        let Some(character) = others.chars().next() else {
            return folded;
        };
        let at = text.len() - others.len();
        rest = others.get(character.len_utf8()..).unwrap_or_default();
        let fold = match fold_of(character) {
            Fold::Nothing if invisible == Invisible::Kept => Fold::Same,
            fold => fold,
        };
        if matches!(fold, Fold::Same) && folded.is_none() {
            continue;
        }
        let folded = folded.get_or_insert_with(|| Folded::begun(text, at));
        match fold {
            Fold::Same => folded.push_same(others.get(..character.len_utf8())?, at),
            Fold::Nothing => {
                folded.push_piece(at, false);
                let alphanumeric =
                    |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
                folded.joined |= alphanumeric(folded.text.bytes().next_back())
                    && rest
                        .bytes()
                        .next()
                        .is_some_and(|b| b.is_ascii_alphanumeric() || b >= 0x80);
            }
            Fold::One(plain) => {
                folded.push_piece(at, false);
                folded.text.push(plain);
            }
            Fold::Normal => {
                folded.push_piece(at, false);
                push_normal(&mut folded.text, character);
            }
        }
    }
}

/// The text with the characters that entities of markup stand for; `None` where none stands for a quotation mark.
pub(super) fn without_entities(text: &str) -> Option<Folded> {
    const ENTITIES: &[(&str, char)] = &[
        ("&quot;", '"'),
        ("&#34;", '"'),
        ("&#x22;", '"'),
        ("&apos;", '\''),
        ("&#39;", '\''),
        ("&#039;", '\''),
        ("&#x27;", '\''),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
    ];
    let mut folded: Option<Folded> = None;
    let mut has_quote = false;
    let mut at = 0;
    for start in memchr::memchr_iter(b'&', text.as_bytes()) {
        let known = ENTITIES.iter().find(|(entity, _)| {
            text.get(start..)
                .is_some_and(|rest| rest.starts_with(entity))
        });
        let Some((entity, plain)) = known else {
            continue;
        };
        has_quote |= matches!(plain, '"' | '\'');
        match &mut folded {
            Some(folded) => folded.push_same(text.get(at..start)?, at),
            None => folded = Some(Folded::begun(text, start)),
        }
        if let Some(folded) = &mut folded {
            folded.push_piece(start, false);
            folded.text.push(*plain);
        }
        at = start + entity.len();
    }
    let mut folded = folded.filter(|_| has_quote)?;
    folded.push_same(text.get(at..)?, at);
    Some(folded)
}

fn push_normal(folded: &mut String, character: char) {
    for normal in std::iter::once(character).nfkc() {
        match fold_of(normal) {
            _ if normal.is_ascii() => folded.push(normal),
            Fold::One(plain) => folded.push(plain),
            Fold::Nothing => {}
            Fold::Same | Fold::Normal => folded.push(normal),
        }
    }
}

impl Folded {
    fn begun(text: &str, unchanged: usize) -> Self {
        let mut begun = Self {
            text: String::with_capacity(text.len()),
            pieces: Vec::new(),
            original_length: text.len(),
            joined: false,
        };
        begun.push_same(text.get(..unchanged).unwrap_or_default(), 0);
        begun
    }

    fn push_same(&mut self, text: &str, original: usize) {
        if text.is_empty() {
            return;
        }
        if !self.pieces.last().is_some_and(|piece| piece.same) {
            self.push_piece(original, true);
        }
        self.text.push_str(text);
    }

    fn push_piece(&mut self, original: usize, same: bool) {
        self.pieces.push(Piece {
            folded: self.text.len(),
            original,
            same,
        });
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The whole characters of the original that a range of the folded text stands for.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            let at = self.start(range.start);
            return at..at;
        };
        let start = self.start(range.start);
        let at = self.piece_at(last);
        let end = match self.pieces.get(at) {
            Some(piece) if piece.same => piece.original + (range.end - piece.folded),
            _ => self
                .pieces
                .get(at + 1)
                .map_or(self.original_length, |next| next.original),
        };
        start..end
    }

    fn start(&self, folded: usize) -> usize {
        match self.pieces.get(self.piece_at(folded)) {
            Some(piece) if piece.same => piece.original + (folded - piece.folded),
            Some(piece) => piece.original,
            None => folded,
        }
    }

    /// Which piece the byte at `folded` is in.
    fn piece_at(&self, folded: usize) -> usize {
        self.pieces
            .partition_point(|piece| piece.folded <= folded)
            .saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        fold(text, Invisible::Dropped).map_or_else(|| text.to_owned(), |folded| folded.text)
    }

    #[test]
    fn a_text_reads_as_it_looks() {
        for (text, plain) in [
            ("ｐａｓｓｗｏｒｄ：ｘ", "password:x"),
            ("pass\u{200B}word", "password"),
            ("p\u{430}ssword", "password"),
            ("４０００ ０００１", "4000 0001"),
            ("\u{664}\u{662}", "42"),
            ("733\u{2011}85\u{2011}7603", "733-85-7603"),
            ("a\u{A0}b\u{3000}c", "a b c"),
            ("\u{1D429}\u{1D41A}ss", "pass"),
            ("\u{202E}abc\u{202C}", "abc"),
            ("e\u{301}", "e"),
            ("key \u{201C}a\u{201D}", "key \"a\""),
            ("ſecret", "secret"),
        ] {
            assert_eq!(folded(text), plain, "{text}");
        }
    }

    #[test]
    fn what_looks_like_nothing_else_stays() {
        for text in ["Kőszeg-Łódź", "日本語です", "Ünïcode ☂", "…"] {
            assert!(fold(text, Invisible::Dropped).is_none(), "{text}");
        }
    }

    #[test]
    fn a_range_goes_back_to_whole_characters() {
        let text = "x ｔ\u{200B}ｏ y ½";
        let folded = fold(text, Invisible::Dropped).expect("it changes");
        assert_eq!(folded.text(), "x to y 1/2");
        let original = |range| text.get(folded.original(range));
        assert_eq!(original(2..4), Some("ｔ\u{200B}ｏ"));
        assert_eq!(original(3..4), Some("ｏ"));
        assert_eq!(original(0..1), Some("x"));
        assert_eq!(original(4..6), Some(" y"));
        assert_eq!(original(8..9), Some("½"));
    }

    proptest! {
        #[test]
        fn every_range_goes_back_to_character_boundaries(
            text in "[a-z0-9 ｔ４½\u{200B}\u{301}é日а…ﬁ]{0,24}",
            places in any::<[prop::sample::Index; 2]>(),
        ) {
            for invisible in [Invisible::Dropped, Invisible::Kept] {
                let Some(folded) = fold(&text, invisible) else { continue };
                let boundaries: Vec<usize> = (0..=folded.text().len())
                    .filter(|at| folded.text().is_char_boundary(*at))
                    .collect();
                let mut ends = places.map(|place| boundaries[place.index(boundaries.len())]);
                ends.sort_unstable();
                let range = folded.original(ends[0]..ends[1]);
                prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
                let all = folded.original(0..folded.text().len());
                prop_assert!(range.is_empty() || all.start <= range.start && range.end <= all.end);
            }
        }

        #[test]
        fn folding_is_done_once(text in "\\PC{0,24}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once.clone());
        }
    }
}
