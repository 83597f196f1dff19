//! Words of other languages than English that name a secret, and how most words are told from them.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sanitize::detect::plain_letters::{plain, plain_words};
use crate::sanitize::fold::{Invisible, fold};
use crate::sanitize::places::is_word_byte;

/// The most bytes of a word that names a secret.
const MAX_NAME: usize = 40;

/// Words for "password", "passcode" and "login data", as they stand in sentences.
const ALL_NAMES: &[&str] = &[
    // German, Dutch.
    "passwort",
    "passworts",
    "passwortes",
    "kennwort",
    "kennworts",
    "kennwortes",
    "losungswort",
    "zugangspasswort",
    "einmalpasswort",
    "wlan-passwort",
    "startpasswort",
    "initialpasswort",
    "masterpasswort",
    "wachtwoord",
    "wachtwoorden",
    "toegangscode",
    "pincode",
    "zugangscode",
    "geheimzahl",
    // French, Spanish, Portuguese, Italian, Catalan, Romanian.
    "passe",
    "mdp",
    "contraseña",
    "contrasenya",
    "clave",
    "palavra-passe",
    "senha",
    "parola",
    "parolă",
    // Nordic languages.
    "lösenord",
    "lösenordet",
    "passord",
    "passordet",
    "adgangskode",
    "adgangskoden",
    "kodeord",
    "kodeordet",
    "kodord",
    "lykilorð",
    "lykilorðið",
    "aðgangsorð",
    "salasana",
    "salasanasi",
    "salasanani",
    "salasanamme",
    "salasanan",
    "tunnusluku",
    "tunnuslukusi",
    // Baltic languages.
    "parool",
    "parooli",
    "slaptažodis",
    "slaptažodį",
    // Slavic languages.
    "hasło",
    "hasła",
    "hasłem",
    "heslo",
    "hesla",
    "heslem",
    "heslom",
    "lozinka",
    "lozinku",
    "lozinke",
    "šifra",
    "šifru",
    "geslo",
    "gesla",
    "пароль",
    "пароля",
    "паролем",
    "парола",
    "паролата",
    "лозинка",
    "лозинку",
    "лозинката",
    "шифра",
    // Hungarian, Turkish, Greek, Albanian.
    "jelszó",
    "jelszava",
    "jelszavad",
    "jelszavam",
    "jelszavát",
    "jelszót",
    "şifre",
    "şifreniz",
    "şifren",
    "şifresi",
    "şifrem",
    "parolanız",
    "parolan",
    "parolası",
    "fjalëkalimi",
    "fjalëkalim",
    "κωδικός",
    "κωδικο",
    "συνθηματικό",
    // Arabic, Hebrew, Persian, Hindi, Vietnamese, Indonesian, Swahili.
    "المرور",
    "السر",
    "סיסמה",
    "סיסמא",
    "הסיסמה",
    "पासवर्ड",
    "khẩu",
    "sandi",
];

/// The same in plain letters.
pub(super) static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| plain_words(ALL_NAMES));

/// Words that name a secret behind certain others alone.
const LAST_WORDS: &[(&str, &[&str])] = &[
    ("passe", &["de", "palavra"]),
    ("khau", &["mat"]),
    ("sandi", &["kata"]),
];
/// Words that make something else of the one behind them: `palabra clave`.
const OTHERS: &[&str] = &["palabra", "palabras", "punto", "en"];

/// True where `word` names a secret in another language than English; `before` is what stands before it.
pub(in crate::sanitize::detect::labelled_secret) fn names_secret(
    before: &[u8],
    word: &[u8],
) -> bool {
    if word.len() < 3 || word.len() > MAX_NAME || !may_be_name(word) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(word) else {
        return false;
    };
    let word = plain(text);
    if !NAMES.contains(&word) {
        return false;
    }
    let last = before
        .rsplit(|byte| !is_word_byte(*byte))
        .find(|last| !last.is_empty())
        .and_then(|last| std::str::from_utf8(last).ok())
        .map(plain)
        .unwrap_or_default();
    match LAST_WORDS.iter().find(|(known, _)| *known == word) {
        Some((_, lasts)) => lasts.contains(&&*last),
        None => !OTHERS.contains(&&*last) || word != "clave",
    }
}

/// False for most texts that end in no such word, by its two first and two last letters.
#[inline]
pub(in crate::sanitize::detect::labelled_secret) fn may_end_in_name(text: &[u8]) -> bool {
    has_known_end(text) && {
        let word = text.iter().rev().take(MAX_NAME);
        let length = word.take_while(|byte| is_word_byte(**byte)).count();
        may_be_name(&text[text.len() - length..])
    }
}

#[inline]
fn has_known_end(text: &[u8]) -> bool {
    let [.., before, last] = *text else {
        return false;
    };
    ENDS.has([last, before]) || is_of_marked_letter(before)
}

fn may_be_name(word: &[u8]) -> bool {
    let [first, second, ..] = *word else {
        return false;
    };
    has_known_end(word)
        && (BEGINNINGS.has([first, second])
            || is_of_marked_letter(first)
            || is_of_marked_letter(second))
}

/// True for the first byte of most Latin letters with marks, which may be any of several.
fn is_of_marked_letter(byte: u8) -> bool {
    matches!(byte, 0xC3..=0xC6)
}

/// Two bytes at one end of the names, in all forms that a text has them in: one bit for each byte that may stand beside
/// another one, by its lowest six bits.
struct Pairs([u64; 256]);

impl Pairs {
    fn of(pair: fn(&[u8]) -> Option<[u8; 2]>) -> Self {
        let mut pairs = [0; 256];
        for name in ALL_NAMES {
            for written in [(*name).to_owned(), name.to_uppercase(), plain(name)] {
                let folded = fold(&written, Invisible::Dropped);
                let folded = folded.map_or_else(String::new, |folded| folded.text().to_owned());
                for [one, other] in [&written, &folded]
                    .into_iter()
                    .filter_map(|form| pair(form.as_bytes()))
                {
                    // A capital may stand beside a small letter.
                    for one in [one.to_ascii_lowercase(), one.to_ascii_uppercase()] {
                        for other in [other.to_ascii_lowercase(), other.to_ascii_uppercase()] {
                            pairs[usize::from(one)] |= 1 << (other & 63);
                        }
                    }
                }
            }
        }
        Self(pairs)
    }

    #[inline]
    fn has(&self, [one, other]: [u8; 2]) -> bool {
        self.0[usize::from(one)] & (1 << (other & 63)) != 0
    }
}

/// The first byte and the one behind it.
static BEGINNINGS: LazyLock<Pairs> =
    LazyLock::new(|| Pairs::of(|name| name.first_chunk::<2>().copied()));

/// The last byte and the one before it.
static ENDS: LazyLock<Pairs> = LazyLock::new(|| {
    Pairs::of(|name| {
        name.last_chunk::<2>()
            .map(|[before, last]| [*last, *before])
    })
});
