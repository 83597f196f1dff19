//! The words that trigger a search, and how they are known by their first letters or the last ones.

use super::WORD;

/// Words that stand before a secret in prose, or before credentials; the beginnings of longer words count.
const PARTS: &[&str] = &[
    "passw",
    "passp",
    "passc",
    "secret",
    "token",
    "bearer",
    "cred",
    "identified",
    "aws4",
    "negotiate",
    "digest",
    "apikey",
    "accesskey",
    "authkey",
    "auth ",
    "authenticate plain",
    "passkey",
    "chpasswd",
    "phrase",
    "mnemonic",
    "sqlplus",
    "xfreerdp",
    "rabbitmqctl",
    "impdp",
    "expdp",
    "convertto",
    "requirepass",
    "masterauth",
    "snmp-",
    "assword",
    "login ",
    "acl setuser",
    "mc alias",
    "snyk",
    "ngrok",
    "cargo login",
    "log in with",
    "logon with",
    "sign in with",
    "logged in with",
    "signed in with",
    "bw unlock",
    "net us",
    "redis-cli",
    "schtasks",
    "rclone obscure",
    "echo ",
    "kinit",
    "rocommunity",
    "rwcommunity",
    "freerdp",
    "luksopen",
    "vault",
    "birth",
    "medical rec",
    "insert into",
    "select ",
    "update ",
    "delete ",
    "address is ",
    "address was ",
    "address chang",
    "kennwort",
    "wachtwoord",
    "contrasen",
    "parola",
    "parool",
    "senha",
    "sandi",
    "salasan",
    "losenord",
    "adgangskod",
    "kodeord",
    "jelsz",
    "lozink",
    "codig",
    "codic",
    "gebore",
    "losungs",
    "geheimz",
    "zugangsc",
    "toegangsc",
    "pinco",
    "kodor",
    "tunnuslu",
    "slaptaz",
    "hasl",
    "hesl",
    "gesl",
    "sifr",
    "fjaleka",
];
/// Words that count by themselves, the plural too.
const WHOLE: &[&str] = &[
    "key",
    "code",
    "otp",
    "totp",
    "pin",
    "pass",
    "pw",
    "basic",
    "pat",
    "mfa",
    "tan",
    "mtan",
    "cvv",
    "cvc",
    "csc",
    "mbi",
    "mrn",
    "dob",
    "ssn",
    "eq",
    "bindpw",
    "rootpw",
    "pwd",
    "born",
    "clave",
    "passe",
    "mdp",
    "passord",
    "passordet",
    "khau",
    "lautet",
    "ist",
    "luidt",
    "lyder",
    "brzmi",
];
/// Ends of longer words that count as [`PARTS`] do: `Einmalpasswort`, `loginpassword`, `verificatiecode`. For each what
/// stands before the letter that is looked for, and what from it on, up to the end of the word.
pub(super) const ENDS: &[(&str, &[&str])] = &[
    (
        "pass",
        &["word", "words", "wort", "worts", "wortes", "worter"],
    ),
    ("kenn", &["wort", "worts", "wortes"]),
    ("co", &["d", "de", "des", "dul", "di"]),
    (
        "ko",
        &[
            "d", "de", "den", "der", "dem", "di", "ds", "das", "du", "dun", "dunuz", "da", "dja",
            "dod", "dot", "dy", "dow", "dlar", "dlari", "dok",
        ],
    ),
    ("koo", &["d", "di", "disi", "din", "dinne"]),
];
/// The most letters from such a letter on.
const LONGEST_END: usize = 6;

/// Three letters of five bits each.
const GRAMS: usize = 1 << 15;

/// The first three letters of the words, one bit each; `pw` has two, and whatever follows.
pub(super) const FIRST_LETTERS: [u64; GRAMS / 64] = {
    let mut table = [0; GRAMS / 64];
    let lists = [PARTS, WHOLE];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            let word = lists[list][at].as_bytes();
            let two = (word[0] & 31) as usize | ((word[1] & 31) as usize) << 5;
            // Any byte may follow a word of two letters.
            let (mut third, end) = match word.len() {
                2 => (0, 32),
                _ => (word[2] & 31, (word[2] & 31) + 1),
            };
            while third < end {
                let gram = two | (third as usize) << 10;
                table[gram / 64] |= 1 << (gram % 64);
                third += 1;
            }
            at += 1;
        }
        list += 1;
    }
    table
};

/// The first four letters of [`PARTS`].
const FOUR_OF_PARTS: [u32; PARTS.len()] = {
    let mut table = [0; PARTS.len()];
    let mut at = 0;
    while at < PARTS.len() {
        table[at] = match PARTS[at].as_bytes() {
            [a, b, c, d, ..] => lower([*a, *b, *c, *d]),
            _ => panic!("a part of a word has four letters at least"),
        };
        at += 1;
    }
    table
};

/// A bit for each of them, by which most words are told from them at once.
const FIRST_FOUR: [u64; FOURS / 64] = {
    let mut table = [0; FOURS / 64];
    let mut at = 0;
    while at < PARTS.len() {
        let place = place_of_four(FOUR_OF_PARTS[at]);
        table[place / 64] |= 1 << (place % 64);
        at += 1;
    }
    table
};

/// So many places there are for four letters, some of which share one.
const FOURS: usize = 1 << 12;

const fn place_of_four(letters: u32) -> usize {
    const ODD: u32 = 0x9E37_79B9;
    (letters.wrapping_mul(ODD) >> 20) as usize
}

/// The same for two letters of five bits each, and [`WHOLE`].
const FIRST_TWO: [u64; TWOS / 64] = {
    let mut table = [0; TWOS / 64];
    let mut at = 0;
    while at < WHOLE.len() {
        let place = place_of_two(WHOLE[at].as_bytes());
        table[place / 64] |= 1 << (place % 64);
        at += 1;
    }
    table
};

const TWOS: usize = 1 << 10;

const fn place_of_two(word: &[u8]) -> usize {
    match word {
        [first, second, ..] => (*first & 31) as usize | ((*second & 31) as usize) << 5,
        _ => 0,
    }
}

const fn lower(four: [u8; 4]) -> u32 {
    u32::from_le_bytes(four) | 0x2020_2020
}

/// [`WORD`] where one of the words begins at `start`.
#[inline]
pub(super) fn word_at(text: &[u8], start: usize) -> u8 {
    let rest = text.get(start..).unwrap_or_default();
    let four = rest.first_chunk::<4>().map(|four| lower(*four));
    let four = four.filter(|four| {
        let place = place_of_four(*four);
        FIRST_FOUR[place / 64] & (1 << (place % 64)) != 0
    });
    let place = place_of_two(rest);
    let may_be_whole = FIRST_TWO[place / 64] & (1 << (place % 64)) != 0;
    let found = four.is_some_and(|four| begins_with_part(rest, four))
        || may_be_whole && begins_with_whole(text, start);
    if found { WORD } else { 0 }
}

fn begins_with(text: &[u8], word: &str) -> bool {
    let begin = text.get(..word.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
}

#[cold]
#[inline(never)]
fn begins_with_part(rest: &[u8], four: u32) -> bool {
    let mut parts = FOUR_OF_PARTS.iter().zip(PARTS);
    parts.any(|(part, word)| *part == four && begins_with(rest, word))
}

#[cold]
#[inline(never)]
fn begins_with_whole(text: &[u8], start: usize) -> bool {
    let (before, rest) = text.split_at(start);
    let is_inside = match (before.last(), rest.first()) {
        (Some(before), Some(first)) if before.is_ascii_uppercase() => first.is_ascii_alphabetic(),
        (Some(before), Some(first)) => before.is_ascii_lowercase() && !first.is_ascii_uppercase(),
        _ => false,
    };
    let ends = |word: &str| {
        let behind = match rest.get(word.len()..) {
            Some([b's' | b'S', behind @ ..]) => behind,
            behind => behind.unwrap_or_default(),
        };
        !behind.first().is_some_and(u8::is_ascii_alphabetic)
    };
    !is_inside
        && WHOLE
            .iter()
            .any(|word| begins_with(rest, word) && ends(word))
}

/// [`WORD`] where the letter at `place` stands in one of [`ENDS`].
#[cold]
#[inline(never)]
pub(super) fn end_at(text: &[u8], place: usize) -> u8 {
    let (before, rest) = text.split_at(place);
    let length = rest
        .iter()
        .take(LONGEST_END + 1)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let rest = &rest[..length];
    let found = ENDS.iter().any(|(begin, ends)| {
        let from = before.len().checked_sub(begin.len());
        from.is_some_and(|from| before[from..].eq_ignore_ascii_case(begin.as_bytes()))
            && ends
                .iter()
                .any(|end| rest.eq_ignore_ascii_case(end.as_bytes()))
    });
    if found { WORD } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::triggers;
    use super::*;
    use crate::sanitize::sweep::sweep;

    #[test]
    fn every_word_triggers_a_search_in_any_case() {
        let ends = ENDS.iter().flat_map(|(begin, ends)| {
            let words = ends.iter().map(|end| format!("one{begin}{end}"));
            words.collect::<Vec<_>>()
        });
        let words = PARTS.iter().chain(WHOLE).map(|word| (*word).to_owned());
        for word in words.chain(ends) {
            for word in [word.to_ascii_uppercase(), word] {
                // Some words are looked for only where there is a digit.
                let text = format!("the {word} x7");
                let found = triggers(text.as_bytes(), sweep(text.as_bytes()));
                assert!(found & WORD != 0, "{word}");
            }
        }
    }
}
