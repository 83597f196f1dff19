//! Words right before a number that say that it is a telephone's, in whatever way it is written.

use std::sync::LazyLock;

use crate::sanitize::detect::plain_letters::plain;
use crate::sanitize::fold::{Invisible, fold};

/// How far before a number its label may begin.
const NEAR: usize = 40;

/// What telephones are called.
const PHONES: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "sms",
    "whatsapp",
    "hotline",
    "landline",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "mobil",
    "mobilnummer",
    "mobiltelefon",
    "rufnummer",
    "festnetz",
    "téléphone",
    "telephone",
    "portable",
    "gsm",
    "téléfono",
    "teléfono",
    "telefono",
    "móvil",
    "movil",
    "celular",
    "telefone",
    "telemóvel",
    "telemovel",
    "cellulare",
    "telefoon",
    "telefoonnummer",
    "puhelin",
    "puhelinnumero",
    "puh",
    "matkapuhelin",
    "telefonas",
    "telefón",
    "tlf",
    "téléphonique",
    "tél",
    "komórka",
    "телефон",
    "тел",
    "мобильный",
    "電話",
    "電話番号",
    "电话",
    "手机",
    "手机号",
    "手机号码",
    "携帯",
    "携帯電話",
    "電話號碼",
    "전화",
    "전화번호",
    "휴대폰",
    "연락처",
    "連絡先",
    "联系方式",
];
/// What is done with a telephone, where it is no noun.
const VERBS: &[&str] = &[
    "call", "dial", "ring", "text", "phone", "ruf", "rufe", "anrufen", "appelez", "appeler",
    "llame", "llamar", "ligue", "ligar", "chiama", "chiamare", "bel", "soita",
];
/// What may stand before a verb.
const BEFORE_VERBS: &[&str] = &[
    "please", "pls", "to", "can", "could", "will", "should", "must", "and", "or", "just", "then",
    "kindly", "you", "i", "we", "or", "bitte", "svp", "por", "favor", "prego", "may", "let", "me",
    "him", "her", "they",
];
/// What may stand between a label and its number.
const BETWEEN: &[&str] = &[
    "number",
    "no",
    "nr",
    "num",
    "is",
    "at",
    "on",
    "me",
    "us",
    "him",
    "her",
    "them",
    "back",
    "to",
    "the",
    "under",
    "ist",
    "unter",
    "lautet",
    "au",
    "le",
    "est",
    "es",
    "al",
    "el",
    "número",
    "numero",
    "numéro",
    "nummer",
    "номер",
    "é",
    "per",
    "op",
    "an",
    "for",
    "via",
    "now",
    "and",
    "or",
    "home",
    "work",
    "office",
    "mobile",
    "direct",
    "new",
];

/// The words as a text has them that was folded.
struct Words {
    phones: Vec<Known>,
    verbs: Vec<Known>,
    before_verbs: Vec<Known>,
    between: Vec<Known>,
}

struct Known {
    folded: String,
    /// In the letters in which capitals and small ones of other scripts than Latin are the same.
    plain: String,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let folded = |words: &[&str]| {
        let fold = |word: &&str| {
            let folded = fold(word, Invisible::Dropped);
            Known {
                folded: folded
                    .map_or_else(|| (*word).to_owned(), |folded| folded.text().to_owned()),
                plain: plain(word),
            }
        };
        words.iter().map(fold).collect()
    };
    Words {
        phones: folded(PHONES),
        verbs: folded(VERBS),
        before_verbs: folded(BEFORE_VERBS),
        between: folded(BETWEEN),
    }
});

/// True where the number at `start` stands right behind a label: `Tel.: `, `please call me on `, `電話 `.
///
/// One so short that it may be that of a call stands behind a noun.
pub(super) fn is_told(bytes: &[u8], start: usize, is_short: bool) -> bool {
    let near = &bytes[start.saturating_sub(NEAR)..start];
    let is_sign = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphabetic();
    // Of signs a few may stand between: a digit is another number's.
    let stays = |byte: &u8| {
        matches!(
            byte,
            b' ' | b':' | b'.' | b'#' | b'(' | b'"' | b'\'' | b',' | b'-' | b'/'
        )
    };
    let mut end = near.len();
    let words = &*WORDS;
    for _ in 0..5 {
        let gap = near[..end].iter().rev().take_while(|byte| is_sign(byte));
        let gap = gap.count();
        if !near[end - gap..end].iter().all(stays) {
            return false;
        }
        end -= gap;
        let length = near[..end].iter().rev().take_while(|byte| !is_sign(byte));
        let from = end - length.count();
        let word = &near[from..end];
        if word.is_empty() || from == 0 && near.len() == NEAR {
            return false;
        }
        // Tables have cells: `cell 12345678 in sheet 2`.
        if is_short
            && end + gap == near.len()
            && word.eq_ignore_ascii_case(b"cell")
            && near[end..].iter().all(|byte| *byte == b' ')
            && !is_owned(&near[..from])
        {
            return false;
        }
        if has(&words.phones, word) || ends_in_a_label(word) {
            return true;
        }
        if has(&words.verbs, word) {
            return !is_short && is_verb(near, from);
        }
        if !has(&words.between, word) {
            return false;
        }
        end = from;
    }
    false
}

/// True where a verb begins a sentence, or stands behind what may stand before one: not for `the API call 415…`.
fn is_verb(near: &[u8], start: usize) -> bool {
    // `USE_RING`
    if matches!(near[..start].last(), Some(b'_' | b'-' | b'.' | b'/')) {
        return false;
    }
    let before = near[..start].trim_ascii_end();
    let Some(last) = before.last() else {
        return true;
    };
    if last.is_ascii_punctuation() {
        return true;
    }
    let word = before.rsplit(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic());
    word.take(1).any(|word| has(&WORDS.before_verbs, word))
}

/// True behind a word that says whose something is.
pub(in crate::sanitize::detect) fn is_owned(before: &[u8]) -> bool {
    const OWNERS: &[&[u8]] = &[b"my", b"his", b"her", b"your", b"their", b"our"];
    let last = before
        .trim_ascii_end()
        .rsplit(|byte| !byte.is_ascii_alphabetic())
        .next();
    last.is_some_and(|last| OWNERS.iter().any(|owner| last.eq_ignore_ascii_case(owner)))
}

fn has(words: &[Known], word: &[u8]) -> bool {
    let is_known = words
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.folded.as_bytes()));
    is_known
        || !word.is_ascii()
            && str::from_utf8(word).is_ok_and(|word| {
                let word = plain(word);
                !word.is_empty() && words.iter().any(|known| known.plain == word)
            })
}

/// True for a label of a script that is written without blanks, with a particle behind it or not.
fn ends_in_a_label(word: &[u8]) -> bool {
    !word[0].is_ascii()
        && ["電話", "电话", "手机", "携帯", "전화", "휴대폰"]
            .into_iter()
            .any(|label| {
                word.windows(label.len())
                    .any(|window| window == label.as_bytes())
            })
}
