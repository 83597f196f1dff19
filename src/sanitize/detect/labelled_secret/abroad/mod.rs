//! Sentences of other languages that tell a secret: `das Passwort lautet x`, `la contraseña es x`, `hasło to x`.
//!
//! Their small words mean other things in English, so they count behind their own words alone.

mod names;

use std::collections::HashSet;
use std::sync::LazyLock;

pub(super) use self::names::{may_end_in_name, names_secret};
use super::sentence::Sentence;
use crate::sanitize::bounded;
use crate::sanitize::detect::plain_letters::{plain, plain_words};
use crate::sanitize::extent::Found;
use crate::sanitize::fold::{Invisible, fold};
use crate::sanitize::reference::looks_secret;

/// How many words may stand between a name and what links its value to it.
const MAX_WORDS: usize = 8;

/// Words behind a name that make a key of a table, or a keyword, of it.
const OF_TABLES: &[&str] = &[
    "primaria",
    "foránea",
    "foranea",
    "ajena",
    "externa",
    "candidata",
    "compuesta",
    "natural",
    "subrogada",
    "pública",
    "publica",
    "única",
    "unica",
    "principal",
    "chiave",
];

/// What links a value to its name.
static LINKS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_words(&[
        "ist",
        "lautet",
        "lautete",
        "war",
        "wird",
        "sei",
        "est",
        "etait",
        "sera",
        "es",
        "era",
        "será",
        "è",
        "é",
        "foi",
        "on",
        "oli",
        "jest",
        "to",
        "brzmi",
        "är",
        "blir",
        "er",
        "bliver",
        "is",
        "luidt",
        "werd",
        "je",
        "bude",
        "zní",
        "este",
        "esta",
        "está",
        "yra",
        "ir",
        "это",
        "равен",
        "есть",
        "є",
        "це",
        "είναι",
        "olarak",
        "az",
        "la",
        "adalah",
        "ialah",
        "là",
        "هي",
        "هو",
        "היא",
        "הוא",
        "है",
        "а",
        "именно",
    ])
});

/// Those that mean nothing in English, as a text has them that was folded: without their marks some would.
static OWN_LINKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    [
        "ist", "lautet", "est", "es", "è", "é", "är", "jest", "brzmi", "este", "это",
    ]
    .iter()
    .map(|link| {
        let folded = fold(link, Invisible::Dropped);
        folded.map_or_else(|| (*link).to_owned(), |folded| folded.text().to_owned())
    })
    .collect()
});

fn is_own_link(word: &str) -> bool {
    OWN_LINKS.iter().any(|link| link == word)
}

/// Words between a link and its value.
static FILLERS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_words(&[
        "jetzt",
        "nun",
        "neu",
        "wie",
        "folgt",
        "folgendes",
        "ab",
        "sofort",
        "maintenant",
        "désormais",
        "ahora",
        "agora",
        "adesso",
        "ora",
        "nu",
        "nyt",
        "teraz",
        "now",
        "teď",
        "nyní",
        "теперь",
        "şimdi",
        "als",
        "volgt",
        "następujące",
    ])
});

impl Sentence<'_, '_, '_> {
    /// What is told behind a name of another language: linked to it, or right behind it.
    pub(super) fn told_abroad(&self) -> Option<Found> {
        self.told_behind(|_, plain| LINKS.contains(plain))
    }

    /// What is told behind "password" in a sentence of another language: `la password temporanea è x`.
    pub(super) fn told_of_loanword(&self) -> Option<Found> {
        let bytes = self.bytes();
        let end = self.name.range.end;
        let near = self.findings.text.get(end..)?;
        let near = bounded::prefix(near, super::MAX_REACH);
        let is_said = near.split(' ').any(is_own_link);
        if !is_said || bytes.get(end) != Some(&b' ') {
            return None;
        }
        self.told_behind(|word, _| is_own_link(word))
            .filter(|found| found.start - end > 1)
    }

    fn told_behind(&self, is_link: impl Fn(&str, &str) -> bool) -> Option<Found> {
        let mut at = self.after_name();
        let from = at;
        let mut is_linked = false;
        let mut is_filled = false;
        let mut is_article = false;
        for passed in 0..MAX_WORDS {
            let start = self.after_signs_of_speech(at);
            is_linked |= self.bytes()[at..start]
                .iter()
                .any(|byte| matches!(byte, b':' | b'=' | b'-' | b'>'));
            if start == at && at == from {
                return None;
            }
            if let Some(found) = self.quoted(start) {
                let text = self.text(&(found.start..found.end));
                let is_value =
                    looks_secret(text) || is_linked && !text.contains(' ') && text.len() >= 4;
                // `"%s"` is filled in later.
                return (is_value && !text.starts_with('%')).then_some(found);
            }
            let word = self.word(start);
            let text = self.text(&word);
            if text.is_empty() || passed == 0 && OF_TABLES.contains(&text) {
                return None;
            }
            let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let ends_clause = matches!(
                self.bytes().get(word.end),
                None | Some(b'.' | b',' | b';' | b'\n' | b')')
            );
            let is_told =
                (is_linked || passed == 0 || passed < 4 && ends_clause && is_random(text))
                    && !self.is_measured(word.end);
            let is_value = if is_number {
                is_linked && !is_filled && (4..=12).contains(&text.len())
            } else {
                looks_secret(text)
                    && (has_digit || is_linked)
                    && (is_linked || text.is_ascii() && !text.contains('%'))
                    && text.len() >= if is_linked { 4 } else { 6 }
            };
            if is_told && is_value {
                return Some(Found::bare(word.start..word.end));
            }
            let plain = plain(text);
            let is_link = is_link(text, &plain);
            let is_filler = FILLERS.contains(&plain);
            let is_word = text
                .chars()
                .all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '\''));
            // `de la base est x`: what links in one language is an article in another.
            let may_be_article = is_linked && is_article && is_word;
            if is_linked && !is_link && !is_filler && !may_be_article || !is_word && !is_link {
                return None;
            }
            is_article = is_link && plain == "la" && passed > 0;
            is_filled |= is_filler;
            is_linked = is_linked && !may_be_article || is_link;
            if matches!(
                self.bytes().get(word.end),
                Some(b'.' | b'!' | b'?' | b';' | b',' | b')' | b'\n')
            ) {
                return None;
            }
            at = word.end;
        }
        None
    }

    /// `x ist das Passwort`, `x est le mot de passe`.
    pub(super) fn told_before_abroad(&self) -> Option<Found> {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let least = start.saturating_sub(super::MAX_REACH);
        let least = memchr::memrchr(b'\n', &bytes[least..start]).map_or(least, |at| least + at + 1);
        let mut end = start;
        for passed in 0..5 {
            end = least + bytes[least..end].trim_ascii_end().len();
            let begin = bytes[least..end]
                .iter()
                .rposition(u8::is_ascii_whitespace)
                .map_or(least, |at| least + at + 1);
            let word = self.findings.text.get(begin..end)?;
            if passed > 0 && LINKS.contains(&plain(word)) {
                let end = least + bytes[least..begin].trim_ascii_end().len();
                let from = bytes[least..end]
                    .iter()
                    .rposition(u8::is_ascii_whitespace)
                    .map_or(least, |at| least + at + 1);
                // One that begins further back was cut.
                let is_whole = from > least || least == 0 || bytes[least - 1] == b'\n';
                let value = self.findings.text.get(from..end)?;
                let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
                let is_value = is_whole && has_digit && value.len() >= 6 && looks_secret(value);
                return is_value.then_some(Found::quoted(from..end));
            }
            if word.is_empty() || !word.chars().all(char::is_alphabetic) {
                return None;
            }
            end = begin;
        }
        None
    }

    fn after_signs_of_speech(&self, at: usize) -> usize {
        let signs = self.bytes()[at..]
            .iter()
            .take(8)
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b':' | b'=' | b'-' | b'>'))
            .count();
        at + signs
    }
}

/// True for a word with letters of both cases and digits, of which one stands within.
fn is_random(word: &str) -> bool {
    let has = |of: fn(&u8) -> bool| word.bytes().any(|byte| of(&byte));
    let within = word.trim_end_matches(|last: char| last.is_ascii_digit());
    has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && within.bytes().any(|byte| byte.is_ascii_digit())
        && word.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::names::NAMES;
    use crate::sanitize::detect;
    use crate::sanitize::sweep::sweep;
    use crate::sanitize::text::testing::{hits, misses, rules};

    #[test]
    fn every_text_is_searched_that_has_one_of_the_names() {
        for name in NAMES.iter().filter(|name| name.is_ascii()) {
            let text = format!("das {name} ist Xkaergjv");
            let seen = sweep(text.as_bytes());
            assert!(detect::is_searched(text.as_bytes(), seen), "{text}");
        }
    }

    #[test]
    fn a_link_in_other_letters_is_known_behind_a_loanword() {
        let text = "password это Xk4Ergjv99";
        let rules = rules();
        let found = detect::find(&rules, text, 0);
        let ranges: Vec<_> = found.into_iter().map(|span| &text[span.range]).collect();
        assert_eq!(ranges, ["Xk4Ergjv99"]);
    }

    #[test]
    fn secrets_told_behind_compounds_go() {
        hits(&[
            (
                "Hallo, Ihr Startpasswort ist Xk4Ergjv",
                "Hallo, Ihr Startpasswort ist <>",
            ),
            ("Einmalpasswort: Xk4Ergjv", "Einmalpasswort: <>"),
            (
                "le mot de passe de la base est Xk4Ergjv",
                "le mot de passe de la base est <>",
            ),
            (
                "le mot de passe du wifi invité est « Xk4Ergjv », valable",
                "le mot de passe du wifi invité est « <> », valable",
            ),
            (
                "le mot de passe est «\u{a0}Xk4Ergjv\u{a0}», valable",
                "le mot de passe est «\u{a0}<>\u{a0}», valable",
            ),
            ("Masterpasswort lautet Xk4Ergjv", "Masterpasswort lautet <>"),
            ("Die Geheimzahl ist 4821.", "Die Geheimzahl ist <>."),
            ("Uw toegangscode is 4821ab7c", "Uw toegangscode is <>"),
            ("tunnusluku on 4821", "tunnusluku on <>"),
            ("geslo je Xk4Ergjv", "geslo je <>"),
            (
                "The new loginpassword is Xk4Ergjv9, keep it",
                "The new loginpassword is <>, keep it",
            ),
            ("userpassword Xk4Ergjv9", "userpassword <>"),
        ]);
    }

    #[test]
    fn secrets_told_in_other_languages_go() {
        hits(&[
            (
                "dein neues Passwort lautet Xk4Ergjv. Bitte",
                "dein neues Passwort lautet <>. Bitte",
            ),
            (
                "Das Kennwort ist Xk4Ergjv, Raum 7",
                "Das Kennwort ist <>, Raum 7",
            ),
            (
                "das Passwort für den Server ist Xk4Ergjv",
                "das Passwort für den Server ist <>",
            ),
            (
                "le mot de passe est Xk4Ergjv, merci",
                "le mot de passe est <>, merci",
            ),
            (
                "le mot de passe du wifi est Xk4Ergjv",
                "le mot de passe du wifi est <>",
            ),
            (
                "la contraseña es Xk4Ergjv y el piso",
                "la contraseña es <> y el piso",
            ),
            ("a senha é Xk4Ergjv agora", "a senha é <> agora"),
            ("la password è Xk4Ergjv", "la password è <>"),
            (
                "la password temporanea è Xk4Ergjv. Ufficio",
                "la password temporanea è <>. Ufficio",
            ),
            (
                "a palavra-passe é Xk4Ergjv para",
                "a palavra-passe é <> para",
            ),
            ("Пароль для входа Kx93mmQpL2", "Пароль для входа <>"),
            ("het wachtwoord is Xk4Ergjv", "het wachtwoord is <>"),
            ("salasana on Xk4Ergjv, huone 5", "salasana on <>, huone 5"),
            ("salasana on 4821", "salasana on <>"),
            ("hasło to Xk4Ergjv", "hasło to <>"),
            ("lösenordet är Xk4Ergjv", "lösenordet är <>"),
            ("passordet er Xk4Ergjv", "passordet er <>"),
            ("adgangskoden er Xk4Ergjv", "adgangskoden er <>"),
            ("heslo je Xk4Ergjv", "heslo je <>"),
            ("a jelszó Xk4Ergjv", "a jelszó <>"),
            ("şifreniz Xk4Ergjv olarak", "şifreniz <> olarak"),
            ("пароль это Xk4Ergjv", "пароль это <>"),
            ("Пароль - Xk4Ergjv", "Пароль - <>"),
            ("parola este Xk4Ergjv, ține", "parola este <>, ține"),
            ("κωδικός είναι Xk4Ergjv", "κωδικός είναι <>"),
            ("Xk4Ergjv ist das Passwort", "<> ist das Passwort"),
            ("Xk4Ergjv es la contraseña", "<> es la contraseña"),
            (
                "das Passwort lautet \"Sommerregen\"",
                "das Passwort lautet \"<>\"",
            ),
        ]);
    }

    #[test]
    fn sentences_about_secrets_in_other_languages_stay() {
        misses(&[
            "Das Passwort ist erforderlich",
            "Das Passwort ist in Vault7 gespeichert",
            "Passwort muss mindestens 8 Zeichen haben",
            "Passwort für Windows11 ändern",
            "le mot de passe est obligatoire",
            "la contraseña debe tener 8 caracteres",
            "la palabra clave es web2print",
            "la clave primaria es user_id2",
            "Senha para \"%s%s@%s\": ",
            "la parola chiave \"x7y8z9\"",
            "salasana SOCKSv5-yhteyskäytäntöön",
            "the password on host7.prod is stale",
            "hasło jest wymagane",
            "salasana on vaihdettu",
            "пароль должен содержать 8 символов",
            "Das Kennwort ist bis 31.12.2026 gültig",
            "mot de passe oublié ?",
            "the key to room2b is a parole hearing",
        ]);
    }
}
