//! Words of sentences, and words that nobody writes in one.

/// A word with which a sentence about a secret goes on, so that what follows is no secret.
pub(in crate::sanitize) fn is_grammar(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let mut lower = [0; 16];
    if word.ends_with("n't") {
        return true;
    }
    let Some(lower) = lower.get_mut(..word.len()) else {
        return false;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    GRAMMAR.binary_search(&&*lower).is_ok()
}

/// True for a text that no one writes for a word: letters with digits or signs among them, or capitals within.
pub(in crate::sanitize) fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    if word.len() < 4 || word.len() > 4096 || is_grammar(word) || is_technical(word) {
        return false;
    }
    let (mut letters, mut digits, mut signs, mut turns) = (0, 0, 0, 0);
    let mut before = b' ';
    for byte in word.bytes() {
        match byte {
            b'a'..=b'z' | 0x80.. => letters += 1,
            b'A'..=b'Z' => {
                letters += 1;
                turns += usize::from(before.is_ascii_lowercase());
            }
            b'0'..=b'9' => digits += 1,
            b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'+' | b'=' | b'~' | b'?' => {
                signs += 1;
            }
            b'-' | b'_' | b'.' | b'/' => {}
            _ => return false,
        }
        before = byte;
    }
    let is_file = word.contains('/')
        && !word.contains(['+', '='])
        && (word.starts_with(['/', '.', '~']) || digits == 0);
    let is_mail = word.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'-')
    });
    let is_assignment = word.trim_end_matches('=').contains('=');
    if is_file || is_mail || is_assignment {
        return false;
    }
    match (letters, digits, signs) {
        (0, _, _) => digits >= 6 && !word.contains(['/', '.']),
        (_, 0, 0) => turns >= 2 && word.len() >= 8,
        (_, _, 0) => digits > 0,
        _ => true,
    }
}

/// Names of formats, algorithms and measures, which mix letters and digits too.
fn is_technical(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "base64",
        "base32",
        "base58",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "sha-1",
        "sha-256",
        "sha-512",
        "hs256",
        "hs512",
        "rs256",
        "rs512",
        "es256",
        "ps256",
        "oauth2",
        "oauth2.0",
        "utf8",
        "utf-8",
        "argon2",
        "argon2id",
        "pbkdf2",
        "aes128",
        "aes256",
        "aes-256",
        "x509",
        "x.509",
        "ed25519",
        "http2",
        "rfc6749",
        "base64url",
        "pkcs8",
        "pkcs12",
        "uuid4",
        "uuidv4",
        "iso8601",
        "erc20",
        "erc-20",
        "erc721",
        "gpt-4",
        "fido2",
        "ldap3",
        "web3",
        "s3",
        "k8s",
        "oidc2",
        "ipv4",
        "ipv6",
        "ntlmv2",
    ];
    let is_name = NAMES.iter().any(|known| known.eq_ignore_ascii_case(word));
    // `32-byte`, `90days`, `v1.2.3`, `2026-01-02`, `12:30`, `3rd`.
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = word[digits..].trim_start_matches('-');
    let is_measure = digits > 0 && MEASURES.contains(&rest);
    let numbers = word.trim_start_matches(['v', 'V']);
    let is_version = numbers.contains(['.', '-', '/', ':'])
        && numbers
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/' | b':' | b'-'))
        && (numbers.contains(['.', '/', ':']) || numbers.len() == 10);
    is_name || is_measure || is_version || word.starts_with("http")
}

const MEASURES: &[&str] = &[
    "b",
    "bit",
    "bits",
    "byte",
    "bytes",
    "char",
    "chars",
    "character",
    "characters",
    "d",
    "day",
    "days",
    "digit",
    "digits",
    "factor",
    "fa",
    "gb",
    "h",
    "hour",
    "hours",
    "hr",
    "hrs",
    "k",
    "kb",
    "letter",
    "letters",
    "m",
    "mb",
    "min",
    "mins",
    "minute",
    "minutes",
    "month",
    "months",
    "ms",
    "nd",
    "rd",
    "s",
    "sec",
    "second",
    "seconds",
    "st",
    "th",
    "time",
    "times",
    "week",
    "weeks",
    "word",
    "words",
    "x",
    "year",
    "years",
];

/// Sorted.
#[rustfmt::skip]
const GRAMMAR: &[&[u8]] = &[
    b"a", b"about", b"above", b"absent", b"accepted", b"active", b"added", b"after", b"again", b"all", b"allowed",
    b"already", b"also", b"always", b"am", b"an", b"and", b"any", b"are", b"as", b"at", b"authorized", b"available",
    b"away", b"bad", b"based", b"be", b"been", b"before", b"being", b"below", b"best", b"blank", b"both", b"broken",
    b"but", b"by", b"cached", b"can", b"cannot", b"case", b"changed", b"changing", b"checked", b"chosen", b"clear",
    b"cleared", b"common", b"compromised", b"confidential", b"configured", b"correct", b"corrupt", b"corrupted",
    b"could", b"created", b"currently", b"deleted", b"denied", b"deprecated", b"different", b"disabled", b"do",
    b"does", b"done", b"due", b"duplicate", b"each", b"easy", b"either", b"email", b"emailed", b"empty", b"enabled",
    b"encoded", b"encrypted", b"enough", b"enter", b"entered", b"exactly", b"exceeded", b"exists", b"expected",
    b"expire", b"expired", b"expires", b"expiring", b"exposed", b"failed", b"field", b"first", b"for", b"forbidden",
    b"forgot", b"forgotten", b"found", b"from", b"future", b"generated", b"given", b"going", b"gone", b"good",
    b"granted", b"had", b"hard", b"has", b"hashed", b"have", b"he", b"her", b"here", b"hidden", b"his", b"how", b"i",
    b"if", b"ignored", b"in", b"inactive", b"incorrect", b"insecure", b"inside", b"instead", b"insufficient",
    b"invalid", b"invalidated", b"is", b"it", b"its", b"just", b"kept", b"known", b"last", b"later", b"leaked",
    b"less", b"like", b"limited", b"lost", b"made", b"malformed", b"mandatory", b"masked", b"match", b"matches",
    b"me", b"might", b"mine", b"mismatch", b"missing", b"more", b"must", b"my", b"near", b"needed", b"neither",
    b"never", b"new", b"next", b"no", b"none", b"nor", b"not", b"now", b"obsolete", b"of", b"off", b"ok", b"okay",
    b"old", b"omitted", b"on", b"once", b"one", b"only", b"open", b"optional", b"or", b"other", b"our", b"out",
    b"over", b"passed", b"pending", b"per", b"permission", b"please", b"populated", b"possible", b"present",
    b"private", b"probably", b"protected", b"provided", b"public", b"random", b"read", b"ready", b"received",
    b"recommended", b"redacted", b"refreshed", b"refused", b"regenerated", b"registered", b"rejected", b"removed",
    b"renewed", b"required", b"reset", b"restricted", b"returned", b"reused", b"revoked", b"right", b"rotated",
    b"rotating", b"safe", b"same", b"saved", b"secure", b"see", b"seen", b"sensitive", b"sent", b"set", b"shall",
    b"shared", b"she", b"short", b"should", b"shown", b"simple", b"since", b"so", b"some", b"soon", b"special",
    b"specified", b"stale", b"still", b"stolen", b"stored", b"strong", b"such", b"sure", b"tbd", b"than", b"that",
    b"the", b"their", b"them", b"then", b"there", b"these", b"they", b"this", b"those", b"through", b"timeout", b"to",
    b"today", b"too", b"transmitted", b"two", b"unauthorized", b"unavailable", b"unchanged", b"undefined", b"under",
    b"unexpected", b"unique", b"unknown", b"unless", b"unset", b"unsupported", b"until", b"up", b"updated", b"upon",
    b"us", b"use", b"used", b"useful", b"using", b"usually", b"valid", b"validated", b"verified", b"very", b"via",
    b"visible", b"was", b"we", b"weak", b"well", b"were", b"what", b"when", b"where", b"whether", b"which", b"while",
    b"who", b"whose", b"why", b"will", b"with", b"without", b"won", b"worth", b"would", b"wrong", b"yes", b"yet",
    b"you", b"your",
];
