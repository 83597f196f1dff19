//! The labels of lists of codes that recover an account, in many languages.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sanitize::detect::plain_letters::{plain, plain_words};

/// A label in a line.
pub(super) struct Label {
    /// Where in the line the list may begin.
    pub(super) behind: usize,
    /// Nothing is said but that codes follow.
    pub(super) is_clean: bool,
}

/// Words for several codes.
static CODES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_words(&[
        "codes",
        "códigos",
        "codici",
        "codis",
        "coduri",
        "codurile",
        "koder",
        "koderne",
        "kodene",
        "koderna",
        "kody",
        "kodów",
        "kódy",
        "kodi",
        "kodovi",
        "kodlar",
        "kodları",
        "kódok",
        "kodai",
        "koodit",
        "koodid",
        "коды",
        "кодов",
        "коди",
        "кодове",
        "кодови",
        "κωδικοί",
    ])
});

/// The same at the end of a compound.
const COMPOUNDS: &[&str] = &[
    "codes", "koder", "koderne", "kodene", "koderna", "koodit", "koodid",
];

/// What such compounds have before it, behind a dash or at their beginning, in plain letters.
#[rustfmt::skip]
const PURPOSES_OF_COMPOUNDS: &[&str] = &[
    // German and Dutch.
    "wiederherstellungs", "backup", "back-up", "ersatz", "notfall", "rettungs", "reserve", "sicherungs", "einmal",
    "2fa", "mfa", "otp", "recovery", "herstel", "nood", "eenmalige",
    // Nordic languages, Finnish and Estonian.
    "aterstallnings", "reserv", "gendannelses", "gjenopprettings", "engangs", "nod", "sikkerhetskopi",
    "sakerhetskopierings", "palautus", "vara", "kertakaytto", "taaste",
];

/// English words that stand right before "codes", and their like that other languages took over.
const BEFORE: &[&str] = &[
    "recovery",
    "backup",
    "back-up",
    "scratch",
    "rescue",
    "bypass",
    "2fa",
    "mfa",
    "tfa",
    "otp",
    "totp",
    "two-factor",
    "2-factor",
    "two-step",
    "2-step",
    "one-time",
    "single-use",
    "verification",
    "login",
    "sign-in",
    "signin",
    "unlock",
    "access",
    "activation",
    "door",
    "gate",
];

/// English words of two parts, of which the last one stands right before "codes".
const BEFORE_IN_TWO: &[(&str, &str)] = &[
    ("back", "up"),
    ("one", "time"),
    ("single", "use"),
    ("two", "factor"),
    ("two", "step"),
];

/// Beginnings of words of other languages that stand beside their word for codes, in plain letters.
#[rustfmt::skip]
static BESIDE: LazyLock<Vec<String>> = LazyLock::new(|| {
    [
        // Spanish, Portuguese, Catalan, French, Italian.
        "recuperac", "recuperaç", "recupera", "respaldo", "récupération", "secours", "sauvegarde", "recupero",
        "ripristino",
        // German and Dutch.
        "wiederherstellung", "herstel",
        // Slavic languages, Hungarian, Turkish, Greek.
        "odzysk", "zapasow", "awaryjn", "jednorazow", "záložn", "obnov", "rezervn", "tartalék", "helyreállít",
        "kurtarma", "yedek", "восстановлен", "резервн", "одноразов", "відновлен", "възстановяван", "ανάκτησης",
        "εφεδρικ",
    ]
    .iter()
    .map(|word| plain(word))
    .collect()
});

/// Whole words of the kind: longer ones speak of reservations.
const WHOLE_BESIDE: &[&str] = &["reserva", "riserva", "rezerva"];

/// Labels of languages that part no words.
const UNSPACED: &[&str] = &[
    "リカバリーコード",
    "リカバリコード",
    "バックアップコード",
    "回復コード",
    "復旧コード",
    "恢复代码",
    "恢复码",
    "备份代码",
    "备用代码",
    "备用验证码",
    "備用驗證碼",
    "備用碼",
    "복구 코드",
    "복구코드",
    "백업 코드",
    "백업코드",
];

/// What may stand between a label and its list without saying more: `are`, `lauten`.
static LINKS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_words(&[
        "are", "is", "list", "below", "sind", "lauten", "son", "sont", "sono", "são", "zijn", "er",
        "är", "to", "są", "jsou", "sú", "это",
    ])
});

/// The label in a line.
pub(super) fn label_in(line: &str) -> Option<Label> {
    let end = end_of_label(line)?;
    let rest = line.get(end..)?;
    if let Some(sign) = rest.find([':', '=', '：']) {
        let length = rest.get(sign..)?.chars().next().map_or(1, char::len_utf8);
        return Some(Label {
            behind: end + sign + length,
            is_clean: true,
        });
    }
    let told = rest.split_once('(').map_or(rest, |(told, _)| told);
    let mut behind = end;
    for (place, word) in words(told) {
        let word = plain(word);
        if !LINKS.contains(&word) && !is_beside(&word) {
            // Codes may begin here.
            return Some(Label {
                behind,
                is_clean: false,
            });
        }
        behind = end + place;
    }
    Some(Label {
        behind,
        is_clean: true,
    })
}

fn end_of_label(line: &str) -> Option<usize> {
    if let Some(end) = UNSPACED
        .iter()
        .filter(|_| !line.is_ascii())
        .find_map(|label| line.find(label).map(|at| at + label.len()))
    {
        return Some(end);
    }
    let mut before = [""; 2];
    let mut all = words(line);
    while let Some((end, word)) = all.next() {
        let plain_word = plain(word);
        if is_compound(&plain_word) {
            return Some(end);
        }
        if CODES.contains(&plain_word) {
            let [first, last] = before.map(plain);
            let is_of_two = BEFORE_IN_TWO
                .iter()
                .any(|(one, two)| *one == first && *two == last);
            if is_of_two || BEFORE.contains(&&*last) || is_beside(&last) {
                return Some(end);
            }
            // `códigos de recuperación`, `codes de secours`
            let behind = all.clone().take(3).map(|(end, word)| (end, plain(word)));
            let found = behind.into_iter().find(|(_, word)| {
                is_beside(word) || plain_word != "codes" && BEFORE.contains(&&**word)
            });
            if let Some((end, _)) = found {
                return Some(end);
            }
        }
        before = [before[1], word];
    }
    None
}

fn is_beside(word: &str) -> bool {
    WHOLE_BESIDE.contains(&word) || BESIDE.iter().any(|begin| word.starts_with(&**begin))
}

fn is_compound(word: &str) -> bool {
    COMPOUNDS.iter().any(|end| {
        word.strip_suffix(end).is_some_and(|purpose| {
            let purpose = purpose.trim_end_matches('-');
            PURPOSES_OF_COMPOUNDS.iter().any(|known| {
                purpose
                    .strip_suffix(known)
                    .is_some_and(|before| before.is_empty() || before.ends_with('-'))
            })
        })
    })
}

/// The words of a text and where they end.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    parts.filter(|word| !word.is_empty()).map(|word| {
        let start = (word.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        (start + word.len(), word.trim_matches('-'))
    })
}
